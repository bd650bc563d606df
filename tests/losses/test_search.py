"""A search for shapes, weights and extreme numbers at which a loss is NaN, too small, or hears what has no weight."""

import inspect
import re

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import pytensor
import pytest
from hypothesis import strategies as st

from .case import CASES, REWRITTEN, compiled, gradient
from .test_battery import bound, outputs_of

UNIQUE = list({case.id: case for case in CASES}.values())
FIXED = {"multi_quantile": (-1,), "ctc": (1, 2), "cox": (-1,)}  # axes whose lengths a hyperparameter or the labels want
TINY = 1e-12  # of what is positive
LARGE = 1e6  # of what is real: its square is finite in float32

search = hypothesis.settings(max_examples=15, deadline=None, derandomize=True, database=None,
                             suppress_health_check=list(hypothesis.HealthCheck))
unique = pytest.mark.parametrize("case", UNIQUE, ids=lambda case: case.id)
FIRST = {case.row.name: case for case in reversed(UNIQUE) if case.separate or case.spec.pairs}.values()
removable = pytest.mark.parametrize("case", FIRST, ids=lambda case: case.id)


# ------------------------------------------------------------------------------------------------------------- drawing


@st.composite
def fed(draw, case):
    """Draw arrays for all ports of a case, in one shape."""
    first = case.row.shapes[0]
    fixed = {axis % len(first) for axis in FIXED.get(case.row.name, ())}
    shape = tuple(n if axis in fixed else draw(st.integers(1, 4)) for axis, n in enumerate(first))
    return {port: draw(array(kind, kind.shaped(shape))) for port, kind in case.kinds.items()}


def array(kind, shape):
    """Return a strategy for what a port of this kind is fed."""
    drawn = st.integers(0, 2**16).map(lambda seed: kind.draw(np.random.default_rng(seed), shape))
    edges = [np.asarray(edge, float) for edge in kind.edges(shape)]
    whole = kind.name in ("sign", "binary", "count", "grades", "label", "samples")
    if kind.name in ("simplex", "shares"):
        found = real_numbers(shape, -100.0, 100.0).map(lambda z: np.exp(z - z.max(-1, keepdims=True))).map(
            lambda p: p / p.sum(-1, keepdims=True)) | drawn
    elif not edges or kind.name in ("labels", "hot", "one_hot", "log_noise"):
        found = drawn
    else:
        low, high = min(edge.min() for edge in edges), max(edge.max() for edge in edges)
        if whole:
            steps = st.sampled_from([-1, 1]) if kind.name == "sign" else st.integers(int(low), int(high))
            found = hnp.arrays("int32" if kind.label else "float64", kind.draw(np.random.default_rng(0), shape).shape,
                               elements=steps)
        else:
            widened = {"real": (-LARGE, LARGE), "deep real": (-LARGE, LARGE), "positive": (TINY, LARGE),
                       "deep positive": (TINY, LARGE)}
            found = real_numbers(shape, *widened[kind.name] if kind.name in widened and high == 1e4 else (low, high))
    return found.map(lambda a: np.asarray(a, "int32" if kind.label else "float64"))


def real_numbers(shape, low, high):
    """Return a strategy for arrays of float32 numbers from `low` to `high`, many of them special."""
    special = [x for x in (low, high, 0.0, 1.0, -1.0, 0.5, 1e-4, -1e-4, 1e-30) if low <= x <= high]
    low, high = (float(np.float32(x)) for x in (low, high))
    elements = st.sampled_from(special) | st.floats(low, high, width=32) | st.floats(max(low, -4.0), min(high, 4.0))
    return hnp.arrays("float64", shape, elements=elements)


# ------------------------------------------------------------------------------------------------------------ compiled


def plain(case, dtype):
    """Return f(fed) -> (values, *gradients), with the default hyperparameters."""
    variables = case.variables(case.sample(), dtype)
    with pytensor.config.change_flags(floatX=dtype):
        values = case.graph(variables)
        slopes = gradient(values.sum(), [variables[port] for port in case.by])
        function = compiled(list(variables.values()), [values, *slopes], REWRITTEN)
    return lambda arrays: function(*(a.astype(variables[p].dtype) for p, a in arrays.items()))


def weighted(case):
    """Return f(fed, weight of each item) -> (mean, *gradients) of a bound loss."""
    loss, variables = bound(case, case.sample(), True)
    by = [variables[port] for port in case.by if port != "target"]
    total = loss(outputs_of(case, variables))
    function = compiled([*variables.values(), loss._weights], [total, *gradient(total, by)])

    def call(arrays, weights):
        shape = arrays["target"].shape if "target" in arrays else weights.shape
        spread = np.broadcast_to(weights.reshape((-1,) + (1,) * (len(shape) - 1)), shape).astype(float)
        return function(*arrays.values(), spread)

    return call


def stated(case):
    """Return (least, largest, rounding, whether of each value) as the docstring's section Returns says, or None."""
    text = re.split(r"\nReturns\n-+\n.*\n", inspect.getdoc(case.spec.function))[1].split("\n\n")[0]
    text = " ".join(text.split())
    rounding = 1e-6 if "(to rounding)" in text or "if both sum to 1" in text else 0.0
    bounds = re.match(r"From 0 to ([\w/^ ]+?)( \(to rounding\))?[,;.]", text)
    if bounds:
        return 0.0, LIMITS[bounds[1]], rounding, True
    if re.match(r"The mean over items .*at least 0", text):
        return 0.0, np.inf, 1e-6, False
    if re.match(r"At least 0|Positive|In nats; 0 for equal distributions, and at least 0 if both sum to 1", text):
        return 0.0, np.inf, rounding, True
    return None


LIMITS = {"1": 1.0, "2": 2.0, "log 2": np.log(2), "1 / q": 2.0, "200": 200.0, "c^2 / 6": 4.685**2 / 6}


# ------------------------------------------------------------------------------------------------------------ searches


@unique
def test_value_and_gradient_are_finite_and_within_what_the_docstring_says(case):
    function, promised = plain(case, "float32"), stated(case)

    @search
    @hypothesis.given(fed(case))
    def look(arrays):
        values, *slopes = function(arrays)
        assert np.isfinite(values).all(), f"value {values}"
        for port, slope in zip(case.by, slopes, strict=True):
            assert np.isfinite(slope).all(), f"gradient by {port} {slope}"
        if promised:
            least, largest, rounding, each = promised
            found = values if each else values.mean(dtype=float)
            slack = rounding * (1 + np.abs(values).max())
            assert np.all(found >= least - slack), f"{found} is below {least}"
            assert np.all(found <= largest * (1 + 1e-6)), f"{found} is above {largest}"

    look()


@removable
def test_weight_of_zero_removes_the_item_whatever_stands_there(case):
    call = weighted(case)

    @search
    @hypothesis.given(fed(case), st.data())
    def look(arrays, data):
        n = len(arrays[case.first])
        weights = np.array(data.draw(st.lists(st.sampled_from([0.0, 1.0, 0.25, 1000.0]), min_size=n, max_size=n)))
        keep = weights > 0
        total, *slopes = call(spoilt(case, arrays, ~keep), weights)
        if not keep.any():
            assert total == 0 and all(np.all(slope == 0) for slope in slopes)
            return
        expected, *fewer = call(case.items(arrays, keep), weights[keep])
        near(total, expected)
        by = [port for port in case.by if port != "target"]
        for port, slope, other in zip(by, slopes, fewer, strict=True):
            if case.kinds[port].items:
                assert np.all(slope[~keep] == 0), f"the gradient by {port} at a weight of 0 is {slope[~keep]}"
                near(slope[keep], other)
            else:
                near(slope, other)

    look()


def spoilt(case, arrays, where):
    """Return the arrays with labels out of range and NaN at some items (not before a softmax of the graph's own)."""
    found = {port: array.copy() for port, array in arrays.items()}
    for port, kind in case.kinds.items():
        if port == "target" or (kind.items and kind.apply is None and not kind.label):
            found[port][where] = 9999 if kind.label else np.nan
    return found


def near(found, expected):
    assert np.isfinite(expected).all()
    scale = np.abs(expected).max(initial=0)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * (scale + 1))
