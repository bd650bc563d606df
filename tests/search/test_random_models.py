"""Random models, losses, data, options and callbacks: they train, or are refused with an error of the library's own.

More of them: ``python tests/search/run.py --draws 3000``.
"""

import warnings

import pytest

from . import faults, losses, options
from .chance import Chance
from .drawing import WRONG, Draw, draw
from .judging import judge

WITHOUT_FAULT = 121  # as many draws as there are losses to choose
FARTHER = (124, 126, 130, 136, 139, 142, 144, 145, 156, 157, 160, 168, 178, 184, 195, 196, 198, 199, 205, 217, 219, 234,
           235, 237, 244)  # later ones that ran lines of the library that no draw before them ran
DRAWS = [seed for seed in range(300) if seed < WITHOUT_FAULT or seed % WRONG == WRONG - 1 or seed in FARTHER]
GOOD = """
import numpy as np
import symloss

def model():
    return symloss.Regressor([2, 1], mode="PYTHON")

def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 2)), rng.normal(size=(5, 1))

def inputs():
    return data()[0]

def train(net, epochs, **more):
    return net.train(list(data()), epochs=epochs, algo="sgd", verbose=0, **more)
"""


@pytest.mark.parametrize("seed", DRAWS)
def test_a_random_program_trains_or_is_refused_in_the_words_of_the_library(seed):
    drawn = draw(seed)
    outcome = judge(drawn)
    assert not outcome.failed, f"{outcome.kind}: {outcome.text}\n\n{drawn.program}\n{outcome.where}"


@pytest.mark.parametrize("seed", [0, 7, 299])
def test_a_draw_depends_on_its_number_alone(seed):
    assert draw(seed) == draw(seed)
    assert draw(seed).program != draw(seed + 1).program


@pytest.mark.parametrize("name, choices, every", [("loss", losses.EVERY, 1), ("algorithm", options.ALGORITHMS, 1),
                                                  ("fault", faults.EVERY, 3)])
def test_everything_there_is_to_choose_is_chosen_equally_often(name, choices, every):
    found = [Chance(seed).even(name, choices, every) for seed in range(0, len(choices) * every, every)]
    assert sorted(found) == sorted(choices)


@pytest.mark.parametrize("change, refused, kind", [
    (("", ""), False, "finite"),
    (('"sgd"', '"sgdd"'), False, "ours"),
    (("return net.train", "return {}[net].train"), False, "foreign"),
    (("", ""), True, "swallowed"),
    (("default_rng(0)", "default_rng()"), False, "other bits"),
    (("return data()[0]", "return data()[0][:, :1]"), False, "refused late"),
    (("return net.train(", "import warnings; warnings.warn('!'); return net.train("), False, "foreign warning"),
    (("verbose=0,", "verbose=0, callbacks=lambda record: record.update(loss=7.0),"), False, "sums"),
    (("def train", "import time\ntime.sleep(3)\n\ndef train"), False, "hangs"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_each_outcome_is_recognised(change, refused, kind):
    program = Draw(0, GOOD.replace(*change) if change[0] else GOOD, None, refused)
    assert judge(program, checks=["twice"], seconds=1 if kind == "hangs" else 0).kind == kind


def test_a_loaded_model_that_differs_is_recognised(monkeypatch):
    from symloss.losses.moving_weights import LossWeight

    monkeypatch.setattr(LossWeight, "put", lambda self, number: self.set(number + 1))
    assert judge(Draw(0, GOOD, None, False), checks=["loaded"]).kind == "loaded"


def test_names_that_a_draw_registers_are_taken_back():
    import symloss

    before = sorted(symloss.losses.registry)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge(Draw(0, "import symloss\nclass Mine(symloss.Loss):\n    pass\n", None, False))
    assert sorted(symloss.losses.registry) == before
