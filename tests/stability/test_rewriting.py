"""Losses of probabilities as users write them: exact values and gradients, by mpmath's figures."""

import dataclasses
from collections.abc import Callable

import mpmath
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import equal_computations
from pytensor.graph.traversal import ancestors
from pytensor.tensor.special import xlogy

import symloss
from symloss import (
    Classifier,
    Network,
    Regressor,
    activations,
    losses,
)
from symloss.compiling import function, resolve
from symloss.errors import SpecError, UnknownNameError
from symloss.stability.refusals import refuse_double_softmax, refuse_no_distribution
from symloss.stability.rewriting import database, describe, names, stabilise

LOGITS = [(30, 0, -10), (1e4, 0, -1e4), (0, 0, 0), (-1.25, 2.5, 0.75)]
CASES = [(z, label) for z in LOGITS for label in range(3)]
SOFT = [(0.25, 0.625, 0.125), (0.5, 0.5, 0.0), (0.0, 0.0, 1.0)]
EPS = 1e-7


@dataclasses.dataclass(frozen=True)
class Target:
    """What a loss has beside the probabilities: symbols, or the numbers of one row for mpmath."""

    rows: object
    label: object
    hot: object
    soft: object


@dataclasses.dataclass(frozen=True)
class Row:
    """A loss per item, written by a user, and the same by mpmath from log(p) and log(1 - p) of one row.

    Parameters
    ----------
    """

    name: str
    loss: Callable
    exact: Callable


def label_of(lp, lq, t):
    return -lp[t.label]


def rest_of(lp, lq, t):
    return -lq[t.label]


def soft_of(lp, lq, t):
    return -sum(s * a for s, a in zip(t.soft, lp, strict=True))


def binary_of(t, lp, lq):
    return -sum(s * a + (1 - s) * b for s, a, b in zip(t, lp, lq, strict=True))


def normalised_of(lp, lq, t):
    return -lp[t.label] + mpmath.log(sum(mpmath.exp(a) for a in lp))


def one_hot_by_index(p, t):
    return pt.set_subtensor(pt.zeros_like(p)[t.rows, t.label], 1)


TABLE = [
    Row("log then index", lambda p, t: -pt.log(p)[t.rows, t.label], label_of),
    Row("index then log", lambda p, t: -pt.log(p[t.rows, t.label]), label_of),
    Row("log of flattened", lambda p, t: -pt.log(p.flatten())[3 * t.rows + t.label], label_of),
    Row("log of an index of flattened", lambda p, t: -pt.log(p.flatten()[3 * t.rows + t.label]), label_of),
    Row("log of transposed", lambda p, t: -pt.log(p.T)[t.label, t.rows], label_of),
    Row("log of an index of transposed", lambda p, t: -pt.log(p.T[t.label, t.rows]), label_of),
    Row("log of reshaped", lambda p, t: -pt.log(p.reshape((-1, 1, 3)))[t.rows, 0, t.label], label_of),
    Row("one-hot times p", lambda p, t: -pt.log((t.hot * p).sum(axis=1)), label_of),
    Row("p times one-hot, axis kept", lambda p, t: -pt.log((p * t.hot).sum(axis=-1, keepdims=True))[:, 0], label_of),
    Row("one-hot of comparisons", lambda p, t: -pt.log((pt.eq(t.label[:, None], pt.arange(3)) * p).sum(axis=1)),
        label_of),
    Row("one-hot of eye", lambda p, t: -pt.log((pt.eye(3, dtype=p.dtype)[t.label] * p).sum(axis=1)), label_of),
    Row("one-hot by set_subtensor", lambda p, t: -pt.log((one_hot_by_index(p, t) * p).sum(axis=1)), label_of),
    Row("switch in a sum", lambda p, t: -pt.log(pt.switch(pt.neq(t.hot, 0), p, 0).sum(axis=1)), label_of),
    Row("soft targets", lambda p, t: -(t.soft * pt.log(p)).sum(axis=1), soft_of),
    Row("xlogy", lambda p, t: -xlogy(t.soft, p).sum(axis=1), soft_of),
    Row("clip then log", lambda p, t: -pt.log(pt.clip(p, EPS, 1 - EPS))[t.rows, t.label], label_of),
    Row("index, clip, log", lambda p, t: -pt.log(pt.clip(p[t.rows, t.label], EPS, 1 - EPS)), label_of),
    Row("maximum", lambda p, t: -pt.log(pt.maximum(p, 1e-12))[t.rows, t.label], label_of),
    Row("plus eps", lambda p, t: -pt.log(p + 1e-8)[t.rows, t.label], label_of),
    Row("eps plus index", lambda p, t: -pt.log(EPS + p[t.rows, t.label]), label_of),
    Row("over its sum", lambda p, t: -pt.log(p / p.sum(axis=1, keepdims=True))[t.rows, t.label], normalised_of),
    Row("over its sum, clipped",
        lambda p, t: -(t.soft * pt.log(pt.clip(p / p.sum(axis=-1, keepdims=True), EPS, 1 - EPS))).sum(axis=1),
        lambda lp, lq, t: soft_of([-normalised_of(lp, lq, dataclasses.replace(t, label=i)) for i in range(3)], lq, t),
        ),
    Row("binary", lambda p, t: -(t.soft * pt.log(p) + (1 - t.soft) * pt.log(1 - p)).sum(axis=1),
        lambda lp, lq, t: binary_of(t.soft, lp, lq)),
    Row("binary, hard", lambda p, t: -(t.hot * pt.log(p) + (1 - t.hot) * pt.log(1 - p)).sum(axis=1),
        lambda lp, lq, t: binary_of(t.hot, lp, lq)),
    Row("binary, clipped", lambda p, t: (lambda q: -(t.soft * pt.log(q) + (1 - t.soft) * pt.log(1 - q)).sum(axis=1))(
        pt.clip(p, EPS, 1 - EPS)), lambda lp, lq, t: binary_of(t.soft, lp, lq)),
    Row("binary, plus eps",
        lambda p, t: -(t.soft * pt.log(p + EPS) + (1 - t.soft) * pt.log(1 - p + EPS)).sum(axis=1),
        lambda lp, lq, t: binary_of(t.soft, lp, lq)),
    Row("binary by switch", lambda p, t: -pt.log(pt.switch(pt.eq(t.hot, 1), p, 1 - p)).sum(axis=1),
        lambda lp, lq, t: binary_of(t.hot, lp, lq)),
    Row("binary by products", lambda p, t: -pt.log(t.hot * p + (1 - t.hot) * (1 - p)).sum(axis=1),
        lambda lp, lq, t: binary_of(t.hot, lp, lq)),
    Row("two columns", lambda p, t: -pt.log(pt.stack([1 - p, p], axis=-1))[t.rows, t.label, 1], label_of),
    Row("one less p", lambda p, t: -pt.log(1 - p)[t.rows, t.label], rest_of),
    Row("one less p, index first", lambda p, t: -pt.log(1 - p[t.rows, t.label]), rest_of),
    Row("log1p of -p", lambda p, t: -pt.log1p(-p)[t.rows, t.label], rest_of),
    Row("one less p, clipped", lambda p, t: -pt.log(1 - pt.clip(p, EPS, 1 - EPS))[t.rows, t.label], rest_of),
    Row("p (1 - p)", lambda p, t: (p * (1 - p))[t.rows, t.label],
        lambda lp, lq, t: mpmath.exp(lp[t.label] + lq[t.label])),
    Row("weight p (1 - p)", lambda p, t: (t.hot * p * (1 - p)).sum(axis=1),
        lambda lp, lq, t: mpmath.exp(lp[t.label] + lq[t.label])),
    Row("product", lambda p, t: -pt.log(p[t.rows, t.label] * p[:, 0]), lambda lp, lq, t: -lp[t.label] - lp[0]),
    Row("product along an axis", lambda p, t: -pt.log((p**t.hot).prod(axis=1)), label_of),
    Row("product with 1 - p", lambda p, t: -pt.log(p * (1 - p))[t.rows, t.label],
        lambda lp, lq, t: -lp[t.label] - lq[t.label]),
    Row("square", lambda p, t: -pt.log(p**2)[t.rows, t.label], lambda lp, lq, t: -2 * lp[t.label]),
    Row("root", lambda p, t: -pt.log(pt.sqrt(p[t.rows, t.label])), lambda lp, lq, t: -lp[t.label] / 2),
    Row("power", lambda p, t: -pt.log(p**t.soft).sum(axis=1), soft_of),
    Row("inverse", lambda p, t: pt.log(1 / p)[t.rows, t.label], label_of),
    Row("log2", lambda p, t: -pt.log2(p)[t.rows, t.label], lambda lp, lq, t: -lp[t.label] / mpmath.log(2)),
    Row("take_along_axis", lambda p, t: -pt.log(pt.take_along_axis(p, t.label[:, None], axis=1))[:, 0], label_of),
    Row("log, take_along_axis", lambda p, t: -pt.take_along_axis(pt.log(p), t.label[:, None], axis=1)[:, 0], label_of),
    Row("masked before the log", lambda p, t: -pt.log(pt.switch(pt.neq(t.hot, 0), p, 1)).sum(axis=1), label_of),
    Row("masked after the log", lambda p, t: -pt.switch(pt.neq(t.hot, 0), pt.log(p), 0).sum(axis=1), label_of),
    Row("greatest of one-hot times p", lambda p, t: -pt.log((t.hot * p).max(axis=1)), label_of),
    Row("one less one-hot times p, summed", lambda p, t: -pt.log(1 - (t.hot * p).sum(axis=1)), rest_of),
    Row("one less one-hot times p", lambda p, t: -pt.log(1 - t.hot * p).sum(axis=1), rest_of),
    Row("one less a switch, summed", lambda p, t: -pt.log1p(-pt.switch(pt.neq(t.hot, 0), p, 0).sum(axis=1)), rest_of),
    Row("masked in the argument", lambda p, t: -pt.log(p * t.hot + (1 - t.hot)).sum(axis=1), label_of),
    Row("size", lambda p, t: -pt.log(abs(p))[t.rows, t.label], label_of),
    Row("clip by switch", lambda p, t: -pt.log(pt.switch(p < EPS, EPS, p))[t.rows, t.label], label_of),
    Row("clip by switch, the other way round", lambda p, t: -pt.log(pt.switch(p >= EPS, p, EPS))[t.rows, t.label],
        label_of),
    Row("clip by switch, one less", lambda p, t: -pt.log(1 - pt.switch(p > 1 - EPS, 1 - EPS, p))[t.rows, t.label],
        rest_of),
    Row("root of p (1 - p)", lambda p, t: pt.sqrt(p * (1 - p))[t.rows, t.label],
        lambda lp, lq, t: mpmath.exp((lp[t.label] + lq[t.label]) / 2)),
    Row("root of p", lambda p, t: pt.sqrt(p[t.rows, t.label]), lambda lp, lq, t: mpmath.exp(lp[t.label] / 2)),
    Row("p less its square", lambda p, t: (p - p**2)[t.rows, t.label],
        lambda lp, lq, t: mpmath.exp(lp[t.label] + lq[t.label])),
    Row("log less the log of the sum", lambda p, t: pt.log(p.sum(axis=1)) - pt.log(p)[t.rows, t.label], normalised_of),
    Row("index over the sum", lambda p, t: -pt.log(p[t.rows, t.label] / p.sum(axis=1)), normalised_of),
    Row("over its sum, reshaped", lambda p, t: -pt.log(p / p.sum(axis=1).reshape((-1, 1)))[t.rows, t.label],
        normalised_of),
    Row("log_softmax of the log", lambda p, t: -pt.special.log_softmax(pt.log(p), axis=1)[t.rows, t.label],
        normalised_of),
    Row("cast to float64", lambda p, t: -pt.log(p.astype("float64"))[t.rows, t.label], label_of),
    Row("cast there and back", lambda p, t: -pt.log(p.astype("float64").astype(p.dtype)[t.rows, t.label]), label_of),
]

SOFTMAX = {
    "PyTensor's": lambda x: pt.special.softmax(x, axis=1),
    "by hand": lambda x: pt.exp(x) / pt.exp(x).sum(axis=1, keepdims=True),
    "by hand, shifted": lambda x: pt.exp(x - x.max(axis=1, keepdims=True))
    / pt.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True),
}
SIGMOID = {
    "PyTensor's": pt.expit,
    "by hand": lambda x: 1 / (1 + pt.exp(-x)),
    "by hand, exp(x)": lambda x: pt.exp(x) / (1 + pt.exp(x)),
    "by hand, power": lambda x: (1 + pt.exp(-x)) ** -1,
}
SPELLINGS = {  # these are tried with some rows only
    "reciprocal": lambda x: pt.exp(x) * pt.reciprocal(pt.exp(x).sum(axis=1, keepdims=True)),
    "times 1 / sum": lambda x: (1 / pt.exp(x).sum(axis=1, keepdims=True)) * pt.exp(x),
    "sum reshaped": lambda x: pt.exp(x) / pt.exp(x).sum(axis=1).reshape((-1, 1)),
    "e ** x": lambda x: np.e**x / (np.e**x).sum(axis=1, keepdims=True),
    "product with a column of ones": lambda x: pt.exp(x) / pt.dot(pt.exp(x), pt.ones((3, 1), dtype=x.dtype)),
    "product with ones": lambda x: pt.exp(x) / pt.dot(pt.exp(x), pt.ones((x.shape[1],), dtype=x.dtype))[:, None],
    "@ ones": lambda x: pt.exp(x) / (pt.exp(x) @ np.ones((3, 1), dtype=x.dtype)),
    "less logsumexp": lambda x: pt.exp(x - pt.logsumexp(x, axis=1, keepdims=True)),
    "less log(sum(exp))": lambda x: pt.exp(x - pt.log(pt.exp(x).sum(axis=1))[:, None]),
    "exp(log_softmax)": lambda x: pt.exp(pt.special.log_softmax(x, axis=1)),
    "tanh, 0.5 outside": lambda x: 0.5 * pt.tanh(x / 2) + 0.5,
    "tanh, halves": lambda x: 0.5 + pt.tanh(x * 0.5) / 2,
    "1 / exp(x)": lambda x: 1 / (1 + 1 / pt.exp(x)),
    "sigmoid by e ** -x": lambda x: 1 / (1 + np.e**-x),
}
UNUSUAL = {  # these lead to other graphs than the activations of ours
    "transposed": lambda x: (pt.exp(x).T / pt.exp(x).sum(axis=1)).T,
    "tanh": lambda x: 0.5 * (1 + pt.tanh(0.5 * x)),
    "tanh over 2": lambda x: (pt.tanh(x / 2) + 1) / 2,
}


def logs_of_softmax(z):
    """Return log(p) and log(1 - p) of one row, from sums of exponentials of differences."""
    everything = [mpmath.log(sum(mpmath.exp(b - a) for b in z)) for a in z]
    others = [mpmath.log(sum(mpmath.exp(b - a) for j, b in enumerate(z) if j != i)) for i, a in enumerate(z)]
    return [-a for a in everything], [b - a for a, b in zip(everything, others, strict=True)]


def logs_of_sigmoid(z):
    """Return log(p) and log(1 - p) of one row."""
    return [-mpmath.log(1 + mpmath.exp(-a)) for a in z], [-mpmath.log(1 + mpmath.exp(a)) for a in z]


def exactly(row, logs):
    """Return values (items) and gradients (items, 3) of a row of the table by mpmath, at 50 digits."""
    values, gradients = [], []
    with mpmath.workdps(50):
        for i, (z, label) in enumerate(CASES):
            hot = [int(j == label) for j in range(3)]
            t = Target(None, label, hot, [mpmath.mpf(s) for s in SOFT[i % len(SOFT)]])
            z = [mpmath.mpf(a) for a in z]

            def loss(*x, t=t):
                return row.exact(*logs(list(x)), t)

            values.append(float(loss(*z)))
            gradients.append([float(mpmath.diff(loss, tuple(z), tuple(int(j == k) for k in range(3))))
                              for j in range(3)])
    return np.array(values), np.array(gradients)


ACTIVATIONS = {"softmax": (activations.softmax, SOFTMAX, logs_of_softmax),
               "sigmoid": (activations.sigmoid, SIGMOID, logs_of_sigmoid)}


@pytest.fixture(autouse=True)
def errors_of_rewrites_are_raised(monkeypatch):
    """PyTensor warns of errors in rewrites and goes on."""
    original = database.query

    def query(*arguments):
        rewriter = original(*arguments)

        class Strict:
            def rewrite(self, fgraph):
                with pytensor.config.change_flags(on_opt_error="raise"):
                    return rewriter.rewrite(fgraph)

        return Strict()

    monkeypatch.setattr(database, "query", query)


def symbols(dtype="float64"):
    """Return logits and targets of a dtype, and the arrays for them."""
    x, hot, soft = (pt.matrix(name, dtype=dtype) for name in ("x", "hot", "soft"))
    label = pt.ivector("label")
    arrays = [np.array([z for z, _ in CASES], dtype), np.array([y for _, y in CASES], "int32"),
              np.eye(3, dtype=dtype)[[y for _, y in CASES]], np.array([SOFT[i % 3] for i in range(len(CASES))], dtype)]
    return x, Target(pt.arange(x.shape[0]), label, hot, soft), arrays


def made(row, build, dtype="float64"):
    """Return the stable loss of a row of the table, its gradient, and [inputs, arrays]."""
    x, t, arrays = symbols(dtype)
    (value,), _ = stabilise([row.loss(build(x), t)])
    return value, pytensor.grad(value.sum(), x), [[x, t.label, t.hot, t.soft], arrays]


def assert_exact(found, wanted, dtype):
    """Compare to 64 units in the last place, however small the figure; 0 is right below the smallest number alone."""
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    np.testing.assert_allclose(np.asarray(found, "float64"), wanted, rtol=64 * eps, atol=4 * tiny)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_loss_and_gradient_are_exact(row, activation):
    build, _, logs = ACTIVATIONS[activation]
    wanted = exactly(row, logs)
    inputs, outputs, arrays = [], [], []
    for dtype in ("float64", "float32"):
        value, slope, (variables, given) = made(row, build, dtype)
        inputs, outputs, arrays = inputs + variables, [*outputs, value, slope], arrays + given
    found = function(inputs, outputs, resolve("PYTHON"))(*arrays)
    for i, dtype in enumerate(("float64", "float32")):
        assert_exact(found[2 * i], wanted[0], dtype)
        assert_exact(found[2 * i + 1], wanted[1], dtype)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_however_it_was_written_the_graph_is_the_same(row, activation):
    ours, ways, _ = ACTIVATIONS[activation]
    x, t, _ = symbols("float32")
    wanted, _ = stabilise([row.loss(ours(x), t)])
    for build in ways.values():
        found, applied = stabilise([row.loss(build(x), t)])
        assert applied
        assert equal_computations(found, wanted)


@pytest.mark.parametrize("way", UNUSUAL)
def test_unusual_spellings(way):
    logs = logs_of_sigmoid if "tanh" in way else logs_of_softmax
    for row in TABLE[0], TABLE[8]:
        value, slope, (inputs, arrays) = made(row, UNUSUAL[way])
        value, slope = function(inputs, [value, slope], resolve("PYTHON"))(*arrays)
        wanted = exactly(row, logs)
        np.testing.assert_allclose(value, wanted[0], rtol=1e-14, atol=1e-300)
        np.testing.assert_allclose(slope, wanted[1], rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("way", SPELLINGS)
def test_other_spellings_of_softmax_and_sigmoid_are_exact(way):
    logs = logs_of_sigmoid if "tanh" in way or way in ("1 / exp(x)", "sigmoid by e ** -x") else logs_of_softmax
    for row in (row for row in TABLE if row.name in ("log then index", "one less p", "p (1 - p)")):
        value, slope, (inputs, arrays) = made(row, SPELLINGS[way], "float32")
        value, slope = function(inputs, [value, slope], resolve("PYTHON"))(*arrays)
        wanted = exactly(row, logs)
        assert_exact(value, wanted[0], "float32")
        assert_exact(slope, wanted[1], "float32")


def test_focal():
    """Its factor (1 - p)^2 comes from log(1 - p), so that no digit is lost near p = 1."""
    row = Row("focal", lambda p, t: -((1 - p) ** 2 * pt.log(p))[t.rows, t.label],
              lambda lp, lq, t: -mpmath.exp(2 * lq[t.label]) * lp[t.label])
    for build, _, logs in ACTIVATIONS.values():
        value, slope, (inputs, arrays) = made(row, build)
        value, slope = function(inputs, [value, slope], resolve("PYTHON"))(*arrays)
        wanted = exactly(row, logs)
        np.testing.assert_allclose(value, wanted[0], rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(slope, wanted[1], rtol=1e-14, atol=1e-15)


SOME = ("index, clip, log", "over its sum, clipped", "binary", "p (1 - p)", "one-hot times p")


@pytest.mark.parametrize("mode", ["C", "NUMBA", "JAX"])
def test_compiled(mode):
    # NUMBA compiles for 10 s each; the rewrites are the same in all modes, and tests/losses/test_modes.py has an index
    some, by = (SOME[2:3], ["softmax"]) if mode == "NUMBA" else (SOME, list(ACTIVATIONS))
    rows = [row for row in TABLE if row.name in some]
    wanted, outputs, (x, t, arrays) = [], [], symbols("float32")
    assert len(rows) == len(some)
    for build, _, logs in (ACTIVATIONS[name] for name in by):
        (*values,), _ = stabilise([row.loss(build(x), t) for row in rows])
        outputs += [pt.stack(values), pytensor.grad(pt.stack(values).sum(), x)]
        exact = [exactly(row, logs) for row in rows]
        wanted += [np.array([value for value, _ in exact]), sum(slope for _, slope in exact)]
    found = function([x, t.label, t.hot, t.soft], outputs, resolve(mode))(*arrays)
    for one, exact in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, exact, rtol=1e-5, atol=1e-5)


# ------------------------------------------------------------------------------------------ what is left alone


def test_pytensor_alone_gives_no_gradient():
    """What all this is for; where PyTensor learns it, these rewrites can go."""
    x, t, arrays = symbols()
    slope = pytensor.grad(TABLE[0].loss(activations.softmax(x), t).sum(), x)
    with np.errstate(all="ignore"):
        (found,) = function([x, t.label], [slope], resolve("PYTHON"))(*arrays[:2])
    assert np.isnan(found).any()


ENTROPIES = [spec.name for spec in map(losses.get, losses.names()) if spec.activation in ACTIVATIONS
             and spec.unit == "nats" and len(spec.predictions) == 1
             and spec.name not in ("jensen_shannon", "ctc")]  # of a mixture, of a sequence


@pytest.mark.parametrize("name", ENTROPIES)
def test_built_in_losses_find_their_logits_themselves(name):
    spec = losses.get(name)
    net = Network([5, (3, spec.activation)], loss=None)
    parts = list(net.add_loss(name).parts(net.graph.outputs()[0]))
    found, applied = stabilise(parts)
    assert not applied
    assert all(a is b for a, b in zip(found, parts, strict=True))


def test_untouched_parts_are_the_same_variables():
    x, w = pt.matrix("x"), pytensor.shared(np.eye(3), "w")
    hidden = pt.tanh(x @ w)
    generator = pytensor.shared(np.random.default_rng(0))
    _, drop = pt.random.bernoulli(0.5, size=hidden.shape, rng=generator, return_next_rng=True)
    marked = disconnected_grad(hidden * drop)
    loss = -pt.log(pt.special.softmax(marked + hidden, axis=-1)[:, 0])
    others = [pt.sqr(hidden).sum(), pt.log(pt.sqr(hidden) + 1)]
    before = describe(loss, 20)
    (stable, *rest), applied = stabilise([loss, *others])
    assert {one.name for one in applied} == {"log_softmax", "log_view"}
    assert [one.outputs for one in applied] == [(0,)] * len(applied)
    assert all(a is b for a, b in zip(rest, others, strict=True))
    assert {hidden, drop, marked, w} <= set(ancestors([stable]))
    assert describe(loss, 20) == before
    np.testing.assert_allclose(*(function([x], [value], resolve("PYTHON"))(np.eye(3))[0] for value in (stable, loss)))


def test_logarithms_of_other_things_are_left_alone():
    x = pt.matrix("x")
    p = pt.special.softmax(x, axis=-1)
    left = [pt.log(x), pt.log1p(x), pt.log(0.9 * p + 0.1 / 1000), pt.log(pt.clip(p, 0.1, 0.9)), pt.log(1 + p),
            pt.log(p - 0.5), pt.log(pt.exp(x - x.max()).sum()), pt.log(p + 0.5), x * (1 - x), pt.log(pt.maximum(p, x)),
            pt.log(p + x), pt.log(p * x + 1), pt.sqrt(p + 1e-6), pt.sqrt(x), x - x**2, p - x**2, pt.log(abs(x))]
    found, applied = stabilise(left)
    assert not applied
    assert all(a is b for a, b in zip(found, left, strict=True))


@pytest.mark.parametrize("axis", [0, 1, 2, (0, 2), None])
def test_any_axes_of_a_softmax(axis, rng):
    x, z = pt.tensor3("x"), 3 * rng.normal(size=(2, 3, 4))
    p = pt.special.softmax(x, axis=axis)
    raw = [pt.log(p), pt.log(1 - p)]
    found, applied = stabilise(raw)
    assert applied
    for a, b in zip(function([x], [*found, *(pytensor.grad((v * x).sum(), x) for v in found)], resolve("PYTHON"))(z),
                    function([x], [*raw, *(pytensor.grad((v * x).sum(), x) for v in raw)], resolve("PYTHON"))(z),
                    strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_gradients_of_weights_that_are_zero(rng):
    """A gate times a probability: what the gate's gradient is must not depend on the gate's value."""
    x, gate = pt.matrix("x"), pt.matrix("gate")
    raw = pt.log((gate * pt.special.softmax(x, axis=-1)).sum(axis=-1)).sum()
    (found,), _ = stabilise([raw])
    given = rng.normal(size=(2, 3)), np.array([[0, 1.0, 2], [0.5, 0, 0]])
    a, b = (function([x, gate], pytensor.grad(v, [x, gate]), resolve("PYTHON"))(*given) for v in (found, raw))
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_switch_that_is_no_floor_is_kept(rng):
    """switch(p < 1e-7, p, 1e-7) caps p; only what keeps a probability from 0 and 1 is left out."""
    x = pt.matrix("x")
    p, q = pt.sigmoid(x), pt.sigmoid(3 * x)
    for value in (pt.switch(p < 1e-7, p, 1e-7), pt.switch(p > 0.5, 0.5, p), pt.switch(p < 1e-7, 1e-6, p),
                  pt.switch(q < 1e-7, 1e-7, p), pt.switch(p > 1e-7, 1e-7, p)):
        (found,), _ = stabilise([pt.log(value)])
        a, b = function([x], [found, pt.log(value)], resolve("PYTHON"))(20 * rng.normal(size=(4, 3)))
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)  # b is rounded to the size of 1


@pytest.mark.parametrize("function_of", [
    lambda w, p: pt.log(1 - (w * p).sum(axis=-1)), lambda w, p: pt.log(1 - w * p), lambda w, p: pt.log(1 - p * p),
    lambda w, p: pt.log(1 - (w * p * p).sum(axis=-1)), lambda w, p: pt.log((w * p).max(axis=-1)),
    lambda w, p: pt.log(w * p + (1 - w)), lambda w, p: pt.log(1 - 0.9 * p), lambda w, p: pt.log(pt.abs((w - 1) * p)),
    lambda w, p: pt.log(1 - (w * p).sum()), lambda w, p: pt.sqrt(w * p + 0 * w)],
    ids=["sum", "product", "square", "three factors", "greatest", "mask", "number", "size", "all axes", "root"])
def test_weights_need_not_be_0_or_1(function_of, rng):
    x, w = pt.matrix("x"), pt.matrix("w")
    raw = function_of(w, pt.special.softmax(x, axis=-1))
    (found,), _ = stabilise([raw])
    given = rng.normal(size=(4, 3)), rng.uniform(0.05, 0.25, (4, 3))
    outputs = [f for v in (found, raw) for f in (v, *pytensor.grad(v.sum(), [x, w], disconnected_inputs="ignore"))]
    a = function([x, w], outputs, resolve("PYTHON"))(*given)
    for one, other in zip(a[:3], a[3:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_second_derivatives(rng):
    x, v, z = pt.vector("x"), pt.vector("v"), np.array([0.0, 0.0, 1.5])
    p = pt.special.softmax(x)
    raw = -pt.log(p[0]) - pt.log(1 - p)[2] + (p * (1 - p)).sum()
    (found,), _ = stabilise([raw])
    products = [pytensor.grad((pytensor.grad(f, x) * v).sum(), x) for f in (found, raw)]
    a, b = function([x, v], products, resolve("PYTHON"))(z, rng.normal(size=3))
    np.testing.assert_allclose(a, b, rtol=1e-12)


# ------------------------------------------------------------------------------------------ names and switches


def test_rewrites_are_reported_with_their_places():
    x = pt.matrix("logits")
    _, applied = stabilise([pt.log(pt.clip(pt.sigmoid(x), 1e-7, 1)[0])])
    assert [str(one) for one in applied] == ["log_view: clip(sigmoid(logits), 1e-07, 1)[...]",
                                             "log_clip: clip(sigmoid(logits), 1e-07, 1)",
                                             "log_sigmoid: sigmoid(logits)"]
    assert {one.name for one in applied} <= set(names())


@pytest.mark.parametrize("name", ["log_clip", "log_epsilon"])
def test_a_guard_is_kept_where_its_rewrite_is_switched_off(name):
    x = pt.matrix("x")
    p = pt.sigmoid(x)
    q = pt.clip(p, 1e-7, 1 - 1e-7) if name == "log_clip" else p + 1e-7
    for loss in pt.log(q), pt.log(1 - q):
        assert name in {one.name for one in stabilise([loss])[1]}
        (found,), applied = stabilise([loss], switched_off=[name])
        assert found is loss
        assert not applied


def test_an_unknown_rewrite_raises():
    with pytest.raises(UnknownNameError, match="log_clip"):
        stabilise([pt.log(pt.sigmoid(pt.vector()))], switched_off=["log_clop"])


def clipped(prediction, target):
    return -pt.log(pt.clip(prediction, 1e-7, 1 - 1e-7))[pt.arange(target.shape[0]), target]


def test_a_model_trains_from_logits_that_are_far_apart(labelled):
    x, y = labelled
    net, twin = Classifier([4, 3], loss=clipped, mode="PYTHON"), Classifier([4, 3], mode="PYTHON")
    options = dict(algo="sgd", learning_rate=0.01, epochs=2, verbose=0, patience=None)
    for model in net, twin:
        model.train((1000 * x, y), (1000 * x, y), **options)
    for a, b in zip(net.params, twin.params, strict=True):
        np.testing.assert_allclose(a.get_value(), b.get_value(), rtol=1e-9)
    np.testing.assert_allclose(net.history[-1]["loss"], twin.history[-1]["loss"], rtol=1e-9)
    np.testing.assert_allclose(net.history[-1]["valid_loss"], twin.history[-1]["valid_loss"], rtol=1e-9)


def test_a_model_says_what_was_rewritten_and_can_be_told_not_to(labelled, tmp_path):
    net = Classifier([4, 3], loss=clipped, mode="PYTHON")
    assert "log_clip: clip(softmax(" in net.explain()
    assert "(in clipped)" in net.explain()
    first = net.train(labelled, algo="sgd", learning_rate=0.0, epochs=1, verbose=0)[-1]["loss"]
    net.find("out", "w").set_value(1e4 * np.ones((4, 3)) * [1, 0, -1])
    exact = net.train(labelled, algo="sgd", learning_rate=0.0, epochs=2, verbose=0)[-1]["loss"]
    net.stable = "log_clip"
    assert "log_clip: " not in net.explain()
    assert "switched off: log_clip" in net.explain()
    kept = net.train(labelled, algo="sgd", learning_rate=0.0, epochs=3, verbose=0)[-1]["loss"]
    assert first < kept < -np.log(1e-7) < exact
    net.stable = False
    assert "all rewrites" in net.explain()
    net.stable = 3
    with pytest.raises(SpecError, match="stable=3"):
        net.explain()


def test_the_switch_is_saved(tmp_path):
    net = Classifier([4, 3])
    net.stable = ["log_epsilon", "log_clip"]
    net.save(tmp_path / "net")
    assert symloss.load(tmp_path / "net").stable == ["log_clip", "log_epsilon"]


# ------------------------------------------------------------------------------------------ no distribution


def again(prediction, target):
    return -(target * pt.log(pt.special.softmax(prediction, axis=-1))).sum(axis=-1)


def again_by_hand(prediction, target):
    p = pt.exp(prediction[:, :2]) / pt.exp(prediction[:, :2]).sum(axis=-1, keepdims=True)
    return pt.sqr(p - target[:, :2]).sum(axis=-1)


def again_in_logs(prediction, target):
    return -(target * pt.special.log_softmax(prediction, axis=-1)).sum(axis=-1)


@pytest.mark.parametrize("loss", [again, again_by_hand, again_in_logs])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_a_double_softmax_raises(loss, activation):
    with pytest.raises(SpecError, match=f"a {activation}.*linear"):
        Regressor([5, (3, activation)], loss=loss)
    Regressor([5, 3], loss=loss)


def softmax_of(make):
    return lambda p: pt.special.softmax(make(p), axis=-1)


TWICE = {
    "over a temperature": softmax_of(lambda p: p / 0.5),
    "over a variable": softmax_of(lambda p: p / pt.scalar("T")),
    "over a temperature by row": softmax_of(lambda p: p / pt.matrix("T", shape=(None, 1))),
    "times 3": softmax_of(lambda p: 3 * p),
    "clipped": softmax_of(lambda p: pt.clip(p, 1e-7, 1 - 1e-7)),
    "plus eps": softmax_of(lambda p: p + 1e-7),
    "less its greatest": softmax_of(lambda p: p - p.max(axis=-1, keepdims=True)),
    "masked": softmax_of(lambda p: pt.switch(pt.ones_like(p) > 0, p, -1e9)),
    "less its greatest, by hand": lambda p: pt.exp(p - p.max(axis=-1, keepdims=True))
    / pt.exp(p - p.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True),
    "log_softmax": lambda p: pt.special.log_softmax(2 * p, axis=-1),
    "logsumexp": lambda p: pt.logsumexp(p, axis=-1) - p[:, 0],
    "logsumexp by hand": lambda p: pt.log(pt.exp(p).sum(axis=-1)) - p[pt.arange(p.shape[0]), 0],
    "logsumexp, shifted": lambda p: pt.log(pt.exp(p - p.max(axis=-1, keepdims=True)).sum(axis=-1))
    + p.max(axis=-1) - (p * pt.eye(3)[0]).sum(axis=-1),
    "logsumexp, the other way round": lambda p: -(p - pt.logsumexp(p, axis=-1, keepdims=True))[:, 0],
}


@pytest.mark.parametrize("way", TWICE)
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_a_softmax_of_a_scaled_or_moved_softmax_raises(way, activation):
    x = pt.matrix("x")
    p = pt.special.softmax(x, axis=-1) if activation == "softmax" else pt.sigmoid(x)
    with pytest.raises(SpecError, match=f"a {activation}.*linear"):
        refuse_double_softmax([TWICE[way](p)])
    refuse_double_softmax([TWICE[way](x)])
    refuse_double_softmax([TWICE[way](pt.log(p))])


def test_a_softmax_of_something_made_of_a_softmax_passes():
    x = pt.matrix()
    p = pt.special.softmax(x, axis=-1)
    refuse_double_softmax([pt.special.softmax(p @ x, axis=-1), pt.special.softmax(pt.log(p) / 2, axis=-1),
                           pt.special.softmax(p[:, :1] * x, axis=-1), pt.special.softmax(p * x, axis=-1),
                           pt.logsumexp(4 * p, axis=-1) / 4, pt.logsumexp(x, axis=-1) - p[:, 0]])


NONE = ["linear", "relu", "tanh", "elu", "selu", "prelu", "lgrelu", "gelu", "silu", "softsign", "softplus", "exp",
        "norm:mean", "norm:max", "norm:std", "norm:z", "rect:min", "maxout:2"]


@pytest.mark.parametrize("activation", NONE)
@pytest.mark.parametrize("loss", ["xe", "bce"])
def test_a_cross_entropy_of_an_activation_that_makes_no_distribution_raises(loss, activation):
    wanted, article = losses.get(loss).activation, "an" if activation[0] in "e" else "a"
    with pytest.raises(SpecError, match=f"got {article} {activation} output. Give the layer the activation '{wanted}'"):
        Regressor([5, (3, activation)], loss=loss)


@pytest.mark.parametrize("activation", ["linear", "tanh", "elu"])
@pytest.mark.parametrize("loss", ["poisson_nll", "gamma_nll", "tweedie", "inverse_gaussian", "generalised_kl"])
def test_a_mean_that_can_be_negative_is_refused_by_losses_of_positive_ones(loss, activation):
    with pytest.raises(SpecError, match=rf"loss {loss}: the prediction must be positive.* {activation} .*'softplus'"):
        Regressor([5, (3, activation)], loss=loss)
    assert Regressor([5, (3, "softplus")], loss=loss).losses and Regressor([5, (3, "exp")], loss=loss).losses


def test_a_variance_that_can_be_negative_is_refused_and_named():
    layers = [5, {"name": "mean", "size": 1, "inputs": "in", "activation": "linear"}]
    last = {"name": "variance", "size": 1, "inputs": "in", "activation": "linear"}
    with pytest.raises(SpecError, match="the variance must be positive, but it is 'variance:out', a linear output"):
        symloss.Network([*layers, last], loss=symloss.Loss("gaussian_nll"))
    assert symloss.Network([*layers, last | {"activation": "softplus"}], loss=symloss.Loss("gaussian_nll")).losses


def over_the_batch(x):
    return pt.special.softmax(x, axis=0)


@pytest.mark.parametrize("activation", ["sigmoid", "rect:minmax", pytest.param(over_the_batch, id="over_the_batch")])
@pytest.mark.parametrize("loss", ["label_cross_entropy", "kl", "categorical_cross_entropy", "softmax_focal"])
def test_rows_that_do_not_sum_to_1_are_no_distribution(loss, activation):
    with pytest.raises(SpecError, match="needs probabilities that sum to 1, but got an? .*'softmax'.*the loss 'bce'"):
        Regressor([5, {"size": 3, "activation": activation}], loss=loss)


def by_hand_with_a_guard(x):
    return pt.exp(x) / (pt.exp(x).sum(axis=-1, keepdims=True) + 1e-8)


def test_what_is_a_distribution_passes():
    for loss in ("xe", "bce", "focal"):  # of each element alone
        assert Regressor([5, (3, "sigmoid")], loss=loss).losses
    assert Regressor([5, (3, "rect:minmax")], loss="bce").losses
    for loss in ("xe", "kl", "label_cross_entropy"):
        assert Regressor([5, {"size": 3, "activation": by_hand_with_a_guard}], loss=loss).losses
    assert Regressor([5, (3, "softplus")], loss={"form": "categorical_cross_entropy", "like": "keras"}).losses


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
@pytest.mark.parametrize("loss", ["xe", "bce", "kl", "focal", "label_cross_entropy"])
def test_a_cross_entropy_of_no_distribution_raises(loss, activation):
    wanted = losses.get(loss).activation
    with pytest.raises(SpecError, match=f"got a {activation} output. Give the layer the activation '{wanted}'"):
        Regressor([5, (3, activation)], loss=loss)
    assert Regressor([5, (3, wanted)], loss=loss).losses


@pytest.mark.parametrize("loss", ["mse", "hinge", "brier", "multiclass_hinge"])
def test_other_losses_take_a_linear_output(loss):
    assert Regressor([5, 3], loss=loss).losses


def test_what_could_be_a_distribution_passes():
    x = pt.matrix()
    for p in (x, pt.exp(x) / pt.exp(x).sum(), pt.clip(x, 0, 1), x * x, pt.erf(x)):
        refuse_no_distribution(losses.get("xe"), p)
