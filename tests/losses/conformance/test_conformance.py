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

Every option of every loss has a figure with another value than its default, or a reason in "options without figures":
{"loss": {"option": "reason"}}.
"""

import json
import pathlib

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
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


# functions of other libraries that are an option here, or one of the like
NO_NAMES = {"smooth_labels": "smoothing=", "kl_divergence_with_log_targets": "kl_from_logs, with log_target=True"}


@pytest.mark.parametrize("system", systems)
def test_every_loss_of_a_system_is_found_by_its_own_name(system):
    for name in set(FILES[system]["public"]) - set(FILES[system]["absent"]) - set(NO_NAMES):
        assert losses.get(name).name in {losses.get(case["loss"]).name for case in FILES[system]["cases"]}, name


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


@pytest.mark.parametrize("system", systems)
def test_every_option_of_a_system_has_a_figure_with_another_value(system):
    file, varied = FILES[system], set()
    for case in [*file["cases"], *file.get("graphs", ())]:
        name = losses.get(case["loss"]).name
        defaults = systems.get(system).get(name).spec.options
        varied |= {(name, option) for option, value in case["options"].items() if value != defaults[option]}
    explained = {(name, option) for name, why in file.get("options without figures", {}).items() for option in why}
    there = {(name, option) for name in systems.get(system) for option in systems.get(system).get(name).spec.options}
    assert there - varied == explained


@pytest.mark.parametrize("figures", FILES["numpy_ml"]["graphs"], ids=lambda figures: str(figures["options"]))
def test_penalty_of_numpy_ml_and_its_gradient_are_of_the_critics_slopes(figures):
    x, slopes = pt.matrix("x", dtype="float64"), pt.matrix("slopes", dtype="float64")
    spec = systems.get("numpy_ml").get(figures["loss"]).spec
    made = spec.function((x * slopes).sum(axis=1), x, **figures["options"]).mean()
    found = pytensor.function([x, slopes], [made, pytensor.grad(made, slopes)], mode="FAST_COMPILE")
    at = np.asarray(figures["slopes"])
    value, slope = found(np.zeros_like(at), at)
    np.testing.assert_allclose(value, figures["value"], rtol=1e-10)
    np.testing.assert_allclose(slope, figures["gradient"], rtol=1e-7, atol=1e-9)


# -------------------------------------------------------------------------------------- what a system does not have


@pytest.mark.parametrize("system, name, option", [
    ("wolfram", "xe", "smoothing"), ("wolfram", "bce", "pos_weight"), ("lasagne", "xe", "ignore_index"),
    ("optax", "bce", "smoothing"), ("optax", "label_cross_entropy", "ignore_index"), ("sklearn", "poisson", "eps"),
    ("sklearn", "multiclass_hinge", "margin"), ("keras", "mape", "eps"),
])
def test_options_that_a_system_does_not_have_are_refused(system, name, option):
    with pytest.raises(symloss.UnknownNameError, match=f"unknown option of loss .* '{option}'"):
        symloss.Loss(name, like=system, **{option: 1})
    with pytest.raises(symloss.UnknownNameError, match=f"unknown option of loss .* '{option}'"):
        evaluate.value(name, [[0.5, 0.5]], [1], like=system, **{option: 1})


def test_an_option_that_a_system_has_under_our_name_keeps_its_range_and_its_near_names():
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'delta'"):
        symloss.Loss("huber", like="lasagne", detla=2.0)
    with pytest.raises(symloss.SpecError, match="delta"):
        symloss.Loss("huber", like="lasagne", delta=-1.0)


def test_a_system_cannot_keep_an_option_that_the_loss_does_not_have():
    with pytest.raises(symloss.UnknownNameError, match="delta"):
        systems.get("lasagne").same("squared_error", "squared_error", options=("delta",))


def test_margins_of_sklearn_are_for_yes_and_no():
    with pytest.raises(symloss.SpecError, match="margin of 1"):
        evaluate.value("hinge", [[0.5, 0.1, 0.2]], np.array([1]), like="sklearn", margin=0.5)


def test_labels_after_a_sigmoid_are_not_smoothed_by_optax():
    with pytest.raises(symloss.SpecError, match="after a sigmoid"):
        evaluate.value("xe", [[0.5, 0.1]], [[0.0, 1.0]], like="optax", smoothing=0.1, activation="sigmoid")


@pytest.mark.parametrize("name", ["mse", "mape", "huber", "bce", "binary_hinge", "poisson"])
@pytest.mark.parametrize("how", [None, "mean", "sum", "none"])
def test_weights_of_what_is_one_item_in_keras_are_refused_with_the_way_out(name, how):
    p, t, w = np.array([0.2, 0.7]), np.array([0.0, 1.0]), np.array([2.0, 0.0])
    with pytest.raises(symloss.SpecError, match=r"Pass prediction and target as \(n, 1\)"):
        evaluate.value(name, p, t, weights=w, like="keras", how=how)
    assert np.isfinite(evaluate.value(name, p[:, None], t[:, None], weights=w, like="keras", how=how)).all()


def test_a_value_of_the_whole_batch_trains_with_weights_as_keras_does():
    p, t, w = (pt.tensor(name, shape=(None, 2), dtype="float64") for name in "ptw")
    loss = symloss.Loss("dice", like="keras", how="sum").bind(t, w)
    made = pytensor.function([p, t, w], [loss({"out:out": p}), *loss.parts({"out:out": p})], mode="FAST_COMPILE")
    rng = np.random.default_rng(3)
    shown, truth, weights = rng.uniform(size=(4, 2)), np.eye(2)[[0, 1, 1, 0]], rng.uniform(size=(4, 2))
    whole, numerator, denominator = made(shown, truth, weights)
    expected = weights.sum() * evaluate.value("dice", shown, truth, like="keras")
    np.testing.assert_allclose([whole, numerator / denominator], expected, rtol=1e-6)


@pytest.mark.parametrize("system", systems)
def test_a_divisor_of_its_own_says_what_it_counts(system):
    for name in systems.get(system):
        averaged = systems.get(system).get(name).spec.averaged
        assert averaged is None or averaged.says
