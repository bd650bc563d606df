"""The same source gives the same bits with gcc and with clang, in every dtype and layout."""

import shutil

import numpy as np
import pytest

import symloss
from symloss.compiling.ccode import compilers, lowering, vector
from symloss.compiling.ccode.running import Runnable
from symloss.compiling.ccode.text import Writer

from .random_programs import Maker

pytestmark = pytest.mark.c
RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.normal(size=(70, 6)), RNG.normal(size=(70, 3)), RNG.integers(0, 4, 70)
MODELS = {
    "small": (lambda: symloss.Regressor([6, (5, "softplus"), 3], loss="huber", mode="C"), [X, Y], {"hidden_l1": 0.1}),
    "large": (lambda: symloss.Classifier([6, (80, "tanh"), (70, "relu"), 4], mode="C"), [X, LABELS],
              {"metrics": ["accuracy"], "weight_l2": 0.01}),
    "noise": (lambda: symloss.Classifier([6, (80, "relu"), 4], mode="C"), [X, LABELS],
              {"input_noise": 0.1, "hidden_dropout": 0.5}),
}


@pytest.fixture(params=["float64", "float32"])
def dtype(request):
    import pytensor

    with pytensor.config.change_flags(floatX=request.param):
        yield request.param


def with_each_compiler(monkeypatch, run):
    """Return what a function gives with gcc and with clang in use."""
    found = []
    for name in ("gcc", "clang"):
        if shutil.which(name) is None:
            pytest.skip(f"no {name}")
        monkeypatch.setenv("CC", name)
        if compilers.find().kind != name:
            pytest.skip(f"{name} is another compiler here")
        found.append(run())
    return found


@pytest.mark.parametrize("name", MODELS)
def test_a_training_ends_in_the_same_bits(name, dtype, monkeypatch):
    make, data, options = MODELS[name]

    def run():
        net = make()
        net.train(data, algo="adam", epochs=3, batch_size=16, verbose=0, **options)
        return [p.get_value() for p in net.params] + [np.array([r["loss"] for r in net.history])]

    one, other = with_each_compiler(monkeypatch, run)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_random_programs_give_the_same_bits(monkeypatch):
    def run():
        found = []
        for seed in range(12):
            maker = Maker(np.random.default_rng(seed), 9, "float32" if seed % 2 else "float64")
            outputs = lowering.lowered(maker.graph, maker.grow(10))
            source = Writer(maker.graph, maker.arguments, outputs, {}, vector, "a random program").source()
            shapes = [[n.at(9) if hasattr(n, "at") else n for n in v.shape] for v in outputs]
            results = [np.empty(shape, v.dtype) for shape, v in zip(shapes, outputs, strict=True)]
            Runnable(source, maker.graph.arrays)(9, maker.arrays, list(zip(source.results, results, strict=True)))
            found += results
        return found

    one, other = with_each_compiler(monkeypatch, run)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
