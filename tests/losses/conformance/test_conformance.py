"""`like=` gives the numbers of other systems: figures made by these systems themselves.

``<system>.json`` is written by ``make_<system>.py``, which runs that system::

    {"made by": "make_torch.py", "versions": {"torch": "2.13.0"},
     "public": ["L1Loss", ...],           every loss that the system has, read off its namespace
     "absent": {"CTCLoss": "reason"},     those without a counterpart here
     "cases": [{"loss": "huber", "own": "HuberLoss", "options": {"delta": 0.5}, "activation": null,
                "ports": [[[0.1, ...]], ...], "dtypes": ["float64", "int64"], "weights": null, "how": null,
                "wrt": 0, "value": 0.25, "gradient": [[...]]}]}

`activation` is what the first port goes through before the loss ('softmax': the figures are made from its logits), and
the gradient is that of the sum of the value by port number `wrt` (null: the system has none, or it is checked
elsewhere).
"""

import json
import pathlib

import numpy as np
import pytest

from symloss import evaluate, losses
from symloss.losses.conventions import systems

FOLDER = pathlib.Path(__file__).parent
FILES = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in systems
         if (FOLDER / f"{name}.json").is_file()}
CASES = [pytest.param(system, case, id=f"{system}-{case['own']}-{case['loss']}-{number}")
         for system, file in FILES.items() for number, case in enumerate(file["cases"])]


@pytest.mark.parametrize("system, figures", CASES)
def test_like_gives_the_systems_value_and_gradient(system, figures, as_written):
    ports = [np.asarray(a, dtype) for a, dtype in zip(figures["ports"], figures["dtypes"], strict=True)]
    weights = None if figures["weights"] is None else np.asarray(figures["weights"], "float64")
    options = dict(figures["options"], weights=weights, activation=figures["activation"], mode=as_written)
    options |= {"how": figures["how"]} if figures["how"] else {}
    if figures["gradient"] is None:
        found = [evaluate.value(figures["loss"], *ports, like=system, **options)]
    else:
        found = evaluate.value_and_grad(figures["loss"], *ports, like=system, wrt=figures["wrt"], **options)
    for what, array in zip(("value", "gradient"), found, strict=False):
        expected = np.asarray(figures[what])
        assert array.shape == expected.shape, what
        np.testing.assert_allclose(array, expected, rtol=1e-6, atol=1e-12, err_msg=what)


def test_every_system_has_its_figures():
    assert set(FILES) == set(systems)


@pytest.mark.parametrize("system", systems)
def test_every_loss_of_a_system_is_checked_or_its_absence_explained(system):
    file = FILES[system]
    checked = {case["own"] for case in file["cases"]}
    assert set(file["public"]) <= checked | set(file["absent"])
    assert not checked & set(file["absent"])


@pytest.mark.parametrize("system", systems)
def test_every_convention_has_figures_weighted_and_not(system):
    weighted, plain = set(), set()
    for case in FILES[system]["cases"]:
        (plain if case["weights"] is None else weighted).add(losses.get(case["loss"]).name)
    plain |= set(FILES[system].get("by graph", ()))  # those that no arrays can feed: tests/losses/test_conventions.py
    assert set(systems.get(system)) == plain
    unweighted = FILES[system].get("no weights", ())  # losses that the system cannot weight, or "all"
    assert unweighted == "all" or set(systems.get(system)) - set(unweighted) <= weighted


@pytest.mark.parametrize("system", systems)
def test_figures_tell_who_made_them(system):
    file = FILES[system]
    assert file["versions"] and (FOLDER / file["made by"]).is_file()
