"""Hyperparameters: what each may be stands in its docstring, and is refused by name where it is something else."""

import inspect
import math
import re

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss.losses.conventions.registration import systems
from symloss.losses.option_ranges import Choice, Lengths, Range

OPTIONS = [(name, option) for name in symloss.losses.names() for option in symloss.losses.get(name).options]
every_option = pytest.mark.parametrize("name, option", OPTIONS, ids=[f"{n}-{o}" for n, o in OPTIONS])

# how docstrings say it -> the interval
WORDS = {"float": "(-inf, inf)", "float > 0": "(0, inf)", "float, at least 0": "[0, inf)",
         "float from 0 to 1": "[0, 1]",
         "float, at least 1": "[1, inf)", "float, at least -1": "[-1, inf)", "float, below 0": "(-inf, 0)",
         "float from 0 (excluded) to 1": "(0, 1]", "float in (0, 1)": "(0, 1)", "float in [-1, 1)": "[-1, 1)",
         "float in [0, pi)": f"[0, {math.pi})", "int": "(-inf, inf)", "int, at least 1": "[1, inf)",
         "tuple of k floats in (0, 1)": "(0, 1)", "k - 1 increasing floats": "(-inf, inf)"}


def documented(name, option):
    """Return what the docstring says that an option may be."""
    text = inspect.getdoc(symloss.losses.get(name).function)
    return next(what for names, what in re.findall(r"^(\w[\w, ]*) : (.*)$", text, re.M) if option in names.split(", "))


@every_option
def test_what_an_option_may_be_is_what_its_docstring_says(name, option):
    found, said = symloss.losses.get(name).ranges[option], documented(name, option)
    choices = {"bool": (False, True), "1 or 2": (1, 2), "'breslow' or 'efron'": ("breslow", "efron"),
               "'euclidean', 'manhattan' or 'cosine'": ("euclidean", "manhattan", "cosine")}
    if said in choices:
        assert found == Choice(choices[said])
        return
    if said == "integer tensor (n,), or None":
        assert found == Lengths()
        return
    assert found.none == ("None" in said)
    assert found.whole == said.startswith("int")
    assert found.several == bool(re.search(r"\bof them\b|floats|vector", said))
    said = re.sub(r",? or (None|scalar tensor|[a-z] of them)|, vector of them", "", said).rstrip(",")
    if (name, option) == ("general_robust", "alpha"):  # Welsch's loss at -inf
        assert said == "float" and found.interval == "[-inf, inf)"
    elif (name, option) == ("categorical_focal", "alpha"):  # a weight of classes
        assert said == "float" and found.interval == "[0, inf)"
    else:
        assert found.interval == WORDS[said]


@every_option
@pytest.mark.parametrize("value", ["a", math.nan, None, {}, [], [[1.0], [2.0, 3.0]], 1j, np.array(["b"]), 10**400,
                                   object])
def test_nonsense_is_refused_by_name(name, option, value):
    wanted = symloss.losses.get(name).ranges[option]
    if value is None and (isinstance(wanted, Lengths) or isinstance(wanted, Range) and wanted.none):
        symloss.losses.get(name).check_options({option: value})
        return
    with pytest.raises(symloss.SpecError, match=f"{name}: {option}=.* must be"):
        symloss.losses.get(name).check_options({option: value})


@pytest.mark.parametrize("name, option, value", [
    ("huber", "delta", -1), ("huber", "delta", 0), ("huber", "delta", math.inf), ("quantile", "q", 2),
    ("quantile", "q", 1), ("cross_entropy", "smoothing", 2), ("cross_entropy", "ignore_index", 0.5),
    ("poly1", "epsilon", -2), ("arcface", "margin", math.pi), ("weston_watkins", "power", 3),
    ("weston_watkins", "power", True),
    ("poisson_nll", "full", 1), ("general_robust", "alpha", math.inf), ("multi_quantile", "q", (0.1, 1.5)),
    ("cumulative_logit", "thresholds", [2.0, 1.0]), ("binary_cross_entropy", "pos_weight", [1.0, 0.0]),
    ("sinkhorn", "iterations", 1.5), ("symmetric_cross_entropy", "log_zero", 0), ("huber", "delta", True),
])
def test_every_door_refuses_what_is_out_of_range(name, option, value):
    words = f"{name}: {option}=.* must be"
    with pytest.raises(symloss.SpecError, match=words):
        symloss.Loss(name, **{option: value})
    ports = symloss.losses.get(name).ports
    with pytest.raises(symloss.SpecError, match=words):
        symloss.evaluate.value(name, *[np.zeros((2, 2))] * len(ports), **{option: value})
    if ports == ("prediction", "target"):
        with pytest.raises(symloss.SpecError, match=words):
            symloss.Regressor([3, 2], loss={"form": name, option: value})


@pytest.mark.parametrize("name, option, value", [
    ("huber", "delta", np.float32(0.5)), ("huber", "delta", 2), ("huber", "delta", np.array(2)),
    ("huber", "delta", 10**9), ("general_robust", "alpha", -math.inf), ("multi_quantile", "q", [0.1, 0.9]),
    ("poly1", "epsilon", -1), ("multi_quantile", "q", np.array([0.1, 0.9])),
    ("cumulative_logit", "thresholds", np.array([1.0, 2.0])),
    ("cross_entropy", "smoothing", 1), ("cross_entropy", "ignore_index", np.int8(-1)), ("triplet", "swap", np.True_),
])
def test_what_is_in_range_passes(name, option, value):
    symloss.losses.get(name).check_options({option: value})


def test_a_symbolic_hyperparameter_passes_whatever_its_value():
    delta = pytensor.shared(2.0)
    symloss.Loss("huber", delta=delta)
    assert symloss.evaluate.value("huber", [[3.0]], [[0.0]], delta=delta).tolist() == [[4.0]]


def test_a_symbol_without_a_value_is_refused_on_plain_arrays():
    with pytest.raises(symloss.SpecError, match="huber.*delta.*no value"):
        symloss.evaluate.value("huber", [[3.0]], [[0.0]], delta=pt.scalar("delta"))


def test_conventions_check_their_own_options():
    with pytest.raises(symloss.SpecError, match="delta='a'"):
        symloss.Loss("multiclass_hinge", like="lasagne", delta="a")
    with pytest.raises(symloss.SpecError, match="delta=-1"):
        symloss.Loss("huber", like="sklearn", delta=-1)
    symloss.Loss("smooth_l1", like="torch", beta=0)  # where torch's docs say that 0 is the absolute error
    with pytest.raises(symloss.SpecError, match="beta=0"):
        symloss.Loss("smooth_l1", beta=0)


@pytest.mark.parametrize("system", systems)
def test_numbers_of_every_convention_are_checked(system):
    for name in systems.get(system):
        spec = systems.get(system).get(name).spec
        for option, default in spec.options.items():
            if isinstance(default, bool | int | float):
                with pytest.raises(symloss.SpecError, match=f"{option}="):
                    spec.check_options({option: math.nan})


def test_ranges_of_an_own_loss(registered):
    @symloss.loss(ranges={"share": "[0, 1)"})
    def lopsided(prediction, target, *, share=0.5, root=2, mode="slow", part=None):
        return share * (target - prediction) ** root

    spec = symloss.losses.get("lopsided")
    spec.check_options({"share": 0, "root": [1, 2], "mode": 3, "part": "half"})
    for option, value in (("share", 1), ("share", [0.5]), ("root", None)):
        with pytest.raises(symloss.SpecError, match=f"lopsided: {option}="):
            spec.check_options({option: value})
    with pytest.raises(symloss.SpecError, match="'chare'.*share"):
        symloss.loss(ranges={"chare": "[0, 1)"})(spec.function)
    with pytest.raises(symloss.SpecError, match=r"share=0.5 .* a number in \(0.6, 1\)"):
        symloss.loss(ranges={"share": "(0.6, 1)"})(spec.function)


@pytest.mark.parametrize("wanted, words", [
    (Range(), "a finite number"), (Range("(0, inf)"), "a number greater than 0"), (Range("[1, inf)", whole=True),
    "an integer of at least 1"), (Range("(-inf, 0)"), "a number less than 0"), (Range(whole=True, none=True),
    "an integer, or None"), (Range("[0, 1]"), "a number in [0, 1]"), (Range("(-inf, 2]"), "a number of at most 2"),
    (Range(several=True, increasing=True), "a finite number, or a list of such that increase"),
    (Range("[-inf, inf)"), "a number of at least -inf"), (Choice((1, 2)), "1 or 2"),
])
def test_words_of_a_range(wanted, words):
    assert str(wanted) == words
