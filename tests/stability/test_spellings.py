"""Stable forms beyond softmax and sigmoid, as users write them: exact values and gradients, by mpmath's figures."""

import dataclasses
import pathlib
import re
from collections.abc import Callable

import mpmath
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.tensor.special import xlogy

from symloss.compiling import function, resolve
from symloss.losses.user_functions import real
from symloss.stability.rewriting import names, stabilise

ANY = [-800, -30, -1.25, -1e-3, 0, 1e-3, 0.75, 30, 800]
ABOVE = [1e-6, 1e-3, 0.5, 1, 3, 40, 800]


@dataclasses.dataclass(frozen=True)
class Spelling:
    """An expression of one to three vectors, the same by mpmath, and where to try both.

    Parameters
    ----------
    name : str
    rewrite : str
        One that it needs.
    written, exact : callable
    at : list of numbers, or of tuples of them
    """

    name: str
    rewrite: str
    written: Callable
    exact: Callable
    at: list


def sigmoid(z):
    return 1 / (1 + mpmath.exp(-z))


def cross_entropy(z, t):
    return mpmath.log(1 + mpmath.exp(z)) - t * z


def corner(name, written):
    return Spelling(name, "softplus_in_halves", written, cross_entropy, [(z, t) for z in ANY for t in (0, 1, 0.25)])


def rows(z):
    """Return a matrix of three columns made of one vector."""
    return pt.stack([z, 0 * z, -z], axis=1)


def probabilities(z):
    found = [mpmath.exp(a) for a in (z, 0, -z)]
    return [a / sum(found) for a in found]


def first(z):
    return pt.special.softmax(rows(z), axis=1)[:, 0]


PAIRS = [(2, -1), (800, 799), (-40, -40.5), (31, 30), (800, -800), (0.001, -0.001)]
COUNTS = [(y, z) for y in (0, 3) for z in ANY]
RATES = [(0, 2.0, 0.5), (1.5, -1, 30), (-2, 1, -30), (0.5, 0.25, 700), (1, 1, 5), (3, 1, 800)]
CALM = [(t, m, v) for t, m, v in RATES if abs(v) < 80]

TABLE = [
    corner("maximum", lambda z, t: pt.maximum(z, 0) - z * t + pt.log1p(pt.exp(-pt.abs(z)))),
    corner("maximum last", lambda z, t: pt.log1p(pt.exp(-abs(z))) + pt.maximum(0, z) - t * z),
    corner("switch", lambda z, t: pt.switch(z > 0, z, 0) - z * t + pt.log(1 + pt.exp(-abs(z)))),
    corner("softplus", lambda z, t: pt.softplus(-abs(z)) + z * ((z > 0) - t)),
    corner("sigmoid", lambda z, t: -pt.log(pt.sigmoid(abs(z))) + z * (pt.ge(z, 0) - t)),
    corner("the other side", lambda z, t: (1 - t) * z + pt.log1p(pt.exp(-abs(z))) + pt.maximum(-z, 0)),
    corner("minimum", lambda z, t: -(t * z + pt.minimum(-z, 0) - pt.log1p(pt.exp(-abs(z))))),
    corner("size", lambda z, t: (z + abs(z)) / 2 - z * t + pt.log1p(pt.exp(-abs(z)))),
    corner("clip", lambda z, t: pt.clip(z, 0, np.inf) - z * t + pt.log1p(pt.exp(-abs(z)))),
    Spelling("noisy-or", "log_one_minus", lambda z: -pt.log(1 - (1 - pt.sigmoid(rows(z))).prod(axis=1)),
             lambda z: -mpmath.log(1 - sigmoid(-z) * sigmoid(z) / 2), ANY),
    Spelling("noisy-or of small probabilities", "log_one_minus",
             lambda z: -pt.log1p(-(1 - pt.sigmoid(z)) * (1 - pt.sigmoid(z - 1))),
             lambda z: -mpmath.log(1 - sigmoid(-z) * sigmoid(1 - z)), ANY),
    Spelling("noisy-or of next to nothing", "log_one_minus",
             lambda z: -pt.log(1 - (1 - pt.sigmoid(rows(z) - 900)).prod(axis=1)),
             lambda z: -mpmath.log(1 - sigmoid(900 - z) * sigmoid(900) * sigmoid(900 + z)), [-30, 0, 1, 800]),
    Spelling("noisy-or by a sum of logarithms", "log_one_minus",
             lambda z: -pt.log(1 - pt.exp(pt.log(1 - pt.sigmoid(rows(z) - 20)).sum(axis=1))),
             lambda z: -mpmath.log(1 - sigmoid(20 - z) * sigmoid(20) * sigmoid(20 + z)), ANY),
    Spelling("value of a noisy-or", "one_minus_power", lambda z: 1 - (1 - pt.sigmoid(rows(z) - 20)).prod(axis=1),
             lambda z: 1 - sigmoid(20 - z) * sigmoid(20) * sigmoid(20 + z), ANY),
    Spelling("difference of sigmoids", "log_difference", lambda a, b: -pt.log(pt.sigmoid(a) - pt.sigmoid(b)),
             lambda a, b: -mpmath.log(sigmoid(a) - sigmoid(b)), PAIRS),
    Spelling("difference of columns", "log_difference",
             lambda a, b: (lambda s: -pt.log(s[:, 1] - s[:, 0] + 1e-9))(pt.sigmoid(pt.stack([b, a], axis=1))),
             lambda a, b: -mpmath.log(sigmoid(a) - sigmoid(b)), PAIRS),
    Spelling("log(1 - exp(-x))", "log_one_minus", lambda x: pt.log(1 - pt.exp(-x)),
             lambda x: mpmath.log(1 - mpmath.exp(-x)), ABOVE),
    Spelling("log1p(-exp(-x))", "log_one_minus", lambda x: pt.log1p(-pt.exp(-x)),
             lambda x: mpmath.log(1 - mpmath.exp(-x)), ABOVE),
    Spelling("log(-expm1(-x))", "log_negative", lambda x: pt.log(-pt.expm1(-x)),
             lambda x: mpmath.log(1 - mpmath.exp(-x)), ABOVE),
    Spelling("log(exp(x) - 1)", "log_difference", lambda x: pt.log(pt.exp(x) - 1),
             lambda x: mpmath.log(mpmath.exp(x) - 1), ABOVE),
    Spelling("log(expm1(x))", "log_expm1", lambda x: pt.log(pt.expm1(x)),
             lambda x: mpmath.log(mpmath.exp(x) - 1), ABOVE),
    Spelling("log(exp(a) - exp(b))", "log_difference", lambda a, b: pt.log(pt.exp(a) - pt.exp(b)),
             lambda a, b: mpmath.log(mpmath.exp(a) - mpmath.exp(b)), PAIRS),
    Spelling("log of the odds", "log_difference", lambda z: pt.log(1 / pt.sigmoid(z) - 1), lambda z: -z,
             [-800, -30, -1.25, 0.75]),
    Spelling("log(1 + tanh(x))", "log_one_plus_tanh", lambda z: pt.log(1 + pt.tanh(z)),
             lambda z: mpmath.log(1 + mpmath.tanh(z)), ANY),
    Spelling("log1p(-tanh(x))", "log_one_minus", lambda z: pt.log1p(-pt.tanh(z)),
             lambda z: mpmath.log(1 - mpmath.tanh(z)), ANY),
    Spelling("log(1 - tanh(x) ** 2)", "log_one_minus", lambda z: pt.log(1 - pt.tanh(z) ** 2),
             lambda z: -2 * mpmath.log(mpmath.cosh(z)), ANY),
    Spelling("log(1 - a * a + eps)", "log_one_minus", lambda z: pt.log(1 - pt.tanh(z) * pt.tanh(z) + 1e-6),
             lambda z: -2 * mpmath.log(mpmath.cosh(z)), ANY),
    Spelling("log(cosh(x))", "log_hyperbolic", lambda z: pt.log(pt.cosh(z)),
             lambda z: mpmath.log(mpmath.cosh(z)), ANY),
    Spelling("log(sinh(x))", "log_hyperbolic", lambda z: pt.log(pt.sinh(z)),
             lambda z: mpmath.log(mpmath.sinh(z)), ABOVE),
    Spelling("generalised cross-entropy", "one_minus_power", lambda z: (1 - first(z) ** 0.7) / 0.7,
             lambda z: (1 - probabilities(z)[0] ** mpmath.mpf(0.7)) / mpmath.mpf(0.7), ANY),
    Spelling("powers, then an index", "power", lambda z: (pt.special.softmax(rows(z), axis=1) ** 0.5)[:, 2],
             lambda z: mpmath.sqrt(probabilities(z)[2]), ANY),
    Spelling("focal", "power", lambda z: -((1 - first(z)) ** 1.5) * pt.log(first(z)),
             lambda z: -((1 - probabilities(z)[0]) ** mpmath.mpf(1.5)) * mpmath.log(probabilities(z)[0]), ANY),
    Spelling("focal of yes", "power", lambda z: -((1 - pt.sigmoid(z)) ** 0.5) * pt.log(pt.sigmoid(z)),
             lambda z: -mpmath.sqrt(sigmoid(-z)) * mpmath.log(sigmoid(z)), ANY),
    Spelling("focal with a square", "power", lambda z: -pt.sqr(1 - pt.sigmoid(z)) * pt.log(pt.sigmoid(z)),
             lambda z: -(sigmoid(-z) ** 2) * mpmath.log(sigmoid(z)), ANY),
    Spelling("a power that is learnt", "power", lambda z, a: pt.sigmoid(z) ** a, lambda z, a: sigmoid(z) ** a,
             [(z, a) for z in ANY for a in (0.5, 1, 2)]),
    Spelling("bits", "exact_number", lambda z: -pt.log(pt.sigmoid(z)) / pt.log(2.0),
             lambda z: -mpmath.log(sigmoid(z)) / mpmath.log(2), ANY),
    Spelling("bits of classes", "exact_number", lambda z: (-pt.log(pt.special.softmax(rows(z), axis=1))
                                                           / pt.log(2.0))[:, 1],
             lambda z: -mpmath.log(probabilities(z)[1]) / mpmath.log(2), ANY),
    Spelling("times 1 / log", "exact_number", lambda z: pt.log(pt.sigmoid(z)) * (1 / pt.log(10.0)),
             lambda z: mpmath.log(sigmoid(z)) / mpmath.log(10), ANY),
    Spelling("Gaussian", "over_exp", lambda t, m, v: 0.5 * (v + (t - m) ** 2 / pt.exp(v)),
             lambda t, m, v: (v + (t - m) ** 2 * mpmath.exp(-v)) / 2, RATES),
    Spelling("Gaussian, doubled", "over_exp", lambda t, m, v: v / 2 + (t - m) ** 2 / (2 * pt.exp(v)),
             lambda t, m, v: (v + (t - m) ** 2 * mpmath.exp(-v)) / 2, RATES),
    Spelling("Gaussian by its deviation", "over_exp", lambda t, m, v: v + 0.5 * ((t - m) / pt.exp(v)) ** 2,
             lambda t, m, v: v + ((t - m) * mpmath.exp(-v)) ** 2 / 2, CALM),
    Spelling("Gaussian by its squared deviation", "over_exp", lambda t, m, v: v + (t - m) ** 2 / pt.exp(v) ** 2,
             lambda t, m, v: v + (t - m) ** 2 * mpmath.exp(-2 * v), CALM),
    Spelling("Laplace", "over_exp", lambda t, m, v: v + pt.abs(t - m) / pt.exp(v),
             lambda t, m, v: v + abs(t - m) * mpmath.exp(-v), RATES),
    Spelling("quotient of exponentials", "over_exp", lambda a, b: pt.exp(a) / pt.exp(b),
             lambda a, b: mpmath.exp(a - b), PAIRS[1:4]),
    Spelling("softmin", "softmax_written_out",
             lambda z: -pt.log(pt.exp(-rows(z)) / pt.exp(-rows(z)).sum(axis=1, keepdims=True))[:, 0],
             lambda z: -mpmath.log(probabilities(z)[2]), ANY),
    Spelling("softmin less its least", "softmax_written_out",
             lambda z: (lambda e: -pt.log(e / e.sum(axis=1, keepdims=True))[:, 0])(
                 pt.exp(-(rows(z) - rows(z).min(axis=1, keepdims=True)))),
             lambda z: -mpmath.log(probabilities(z)[2]), ANY),
    Spelling("softmin of inverses", "softmax_written_out",
             lambda z: (lambda e: -pt.log(e / e.sum(axis=1, keepdims=True))[:, 0])(1 / pt.exp(rows(z))),
             lambda z: -mpmath.log(probabilities(z)[2]), ANY),
    Spelling("soft minimum", "log_sum", lambda z: -pt.log(pt.exp(-rows(z)).sum(axis=1)),
             lambda z: -mpmath.log(sum(mpmath.exp(a) for a in (z, 0, -z))), ANY),
    Spelling("negative binomial", "log_quotient",
             lambda y, z: -5.0 * pt.log(5.0 / (5.0 + pt.exp(z))) - y * pt.log(pt.exp(z) / (5.0 + pt.exp(z))),
             lambda y, z: 5 * mpmath.log(1 + mpmath.exp(z) / 5) + y * mpmath.log(1 + 5 * mpmath.exp(-z)), COUNTS),
    Spelling("negative binomial, rate learnt", "log_quotient",
             lambda z, r: -r * pt.log(r / (r + pt.exp(z))), lambda z, r: r * mpmath.log(1 + mpmath.exp(z) / r),
             [(z, r) for z in ANY for r in (0.01, 1, 40)]),
    Spelling("negative binomial, exponentials", "log_quotient",
             lambda z, r: -pt.log(pt.exp(r) / (pt.exp(z) + pt.exp(r))),
             lambda z, r: mpmath.log(1 + mpmath.exp(z - r)), [(z, r) for z in ANY for r in (-3, 2)]),
    Spelling("failures of a negative binomial", "log_one_minus", lambda z: -pt.log(1 - 5.0 / (5.0 + pt.exp(z))),
             lambda z: mpmath.log(1 + 5 * mpmath.exp(-z)), ANY),
    Spelling("log(r + exp(x))", "log_add", lambda z, r: pt.log(r + pt.exp(z)),
             lambda z, r: mpmath.log(r + mpmath.exp(z)), [(z, r) for z in ANY for r in (0.5, 40)]),
    Spelling("log1p(exp(x) / r)", "log_one_plus_exp", lambda z, r: pt.log1p(pt.exp(z) / r),
             lambda z, r: mpmath.log(1 + mpmath.exp(z) / r), [(z, r) for z in ANY for r in (0.5, 40)]),
]


def arrays(row, dtype):
    return [np.array(column, dtype) for column in zip(*(a if isinstance(a, tuple) else (a,) for a in row.at),
                                                      strict=True)]


def exactly(row, given):
    """Return values and the gradient by each argument, at 50 digits and more where the terms are alike."""
    with mpmath.workdps(1000):
        at = [tuple(map(mpmath.mpf, map(float, numbers))) for numbers in zip(*given, strict=True)]
        values = [row.exact(*numbers) for numbers in at]
        step = mpmath.mpf(10) ** -60
        slopes = [[(row.exact(*(a + step * (i == k) for i, a in enumerate(numbers)))
                    - row.exact(*(a - step * (i == k) for i, a in enumerate(numbers)))) / (2 * step)
                   for numbers in at] for k in range(len(given))]
        return [np.array([float(v) for v in row_of]) for row_of in (values, *slopes)]


def made(row, dtype, switched_off=()):
    variables = [pt.vector(dtype=dtype) for _ in arrays(row, dtype)]
    with pytensor.config.change_flags(floatX=dtype):
        (value,), applied = stabilise([row.written(*variables)], switched_off)
    assert value.dtype == dtype
    return function(variables, [value, *pytensor.grad(value.sum(), variables)], resolve("PYTHON")), applied


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_spelling_and_gradient_are_exact(row, dtype):
    given = arrays(row, dtype)
    f, applied = made(row, dtype)
    assert row.rewrite in {one.name for one in applied} or (dtype == "float32" and row.rewrite == "exact_number")
    eps = np.finfo(dtype).eps
    value, *slopes = f(*given)
    wanted, *exact = exactly(row, given)
    np.testing.assert_allclose(value, wanted, rtol=64 * eps, atol=4 * np.finfo(dtype).tiny)
    for found, slope in zip(slopes, exact, strict=True):
        np.testing.assert_allclose(found, slope, rtol=512 * eps, atol=8 * eps)


def test_switched_off_by_name_the_slopes_at_0_are_not_right():
    """Each rewrite has one name; without it PyTensor's own slopes show."""
    (row,) = [row for row in TABLE if row.name == "maximum"]
    f, applied = made(row, "float64", ["softplus_in_halves"])
    assert "softplus_in_halves" not in {one.name for one in applied}
    zero, _ = np.zeros(2), np.array([0.0, 1])
    assert f(zero, np.array([0.0, 1]))[1].tolist() == [1, 0]


def test_what_could_have_another_sign_keeps_its_value(rng):
    """Rates, weights and shares need not be above 0 for a quotient or a difference to have a logarithm."""
    z, r = pt.vectors("z", "r")
    given = rng.normal(size=8), rng.choice([-9.0, -7, -0.01, 30], 8)
    raw = [pt.log(r / (r + pt.exp(z))), pt.log(1 - r * pt.exp(z)), pt.log(1 + r * pt.exp(z) / 4),
           pt.log(r + pt.exp(z) * 2), pt.log(1 - (r * pt.sigmoid(z)) ** 3)]
    found, _ = stabilise(raw)
    outputs = [v for value in (*found, *raw) for v in (value, *pytensor.grad(value.sum(), [z, r]))]
    with np.errstate(invalid="ignore"):
        values = function([z, r], outputs, resolve("PYTHON"))(*given)
    half = len(values) // 2
    for one, other in zip(values[:half], values[half:], strict=True):
        there = np.isfinite(other)
        np.testing.assert_allclose(one[there], other[there], rtol=1e-9, atol=1e-12)


def test_what_only_looks_like_a_spelling_is_left_alone():
    x, y = pt.vectors("x", "y")
    p = pt.sigmoid(x)
    left = [pt.maximum(x, 0) + pt.log1p(pt.exp(-abs(y))), pt.maximum(x, 0) + 2 * pt.log1p(pt.exp(-abs(x))),
            pt.maximum(x, 1) + pt.log1p(pt.exp(-abs(x))), (p + 1e-3) ** 0.5, p**2, x**0.5, 1 - x**0.5, y / (1 + p),
            y * p]
    found, applied = stabilise(left)
    assert {one.name for one in applied} <= {"log_one_plus_exp"}
    assert all(a is b for a, b in zip(found[3:], left[3:], strict=True))
    assert not any(one.name == "softplus_in_halves" for one in applied)


def test_the_guide_names_rewrites_that_exist():
    guide = (pathlib.Path(__file__).parents[2] / "docs/guide/numerics.md").read_text(encoding="utf-8")
    named = {name for line in guide.splitlines() if line.startswith("| `") for name in
             re.findall(r"`(\w+)`", line.split("|")[-2])}
    assert named and named <= set(names())
    assert {row.rewrite for row in TABLE} <= named | {"log_prod", "log_add"}


def test_xlogy_of_a_masked_class_is_0():
    """A logit of -inf is a probability of 0, whose logarithm is infinite once it comes from the logits."""
    z, t = pt.matrices("z", "t")
    (value,), _ = stabilise([-xlogy(t, pt.special.softmax(z, axis=1)).sum(axis=1)])
    slope = pytensor.grad(value.sum(), z)
    curvature = pytensor.grad((slope * np.array([[0, 1, 0]])).sum(), z)
    f = function([z, t], [value, slope, curvature], resolve("PYTHON"))
    found = f([[-np.inf, 0, 0]], [[0, 0.25, 0.75]])
    np.testing.assert_allclose(found[0], np.log(2))
    np.testing.assert_allclose(found[1], [[0, 0.25, -0.25]])
    np.testing.assert_allclose(found[2], [[0, 0.25, -0.25]])


LENGTHS = {
    "norm": lambda e: pt.linalg.norm(e, axis=-1),
    "norm of order 3": lambda e: pt.linalg.norm(e, axis=-1, ord=3),
    "norm with its axis": lambda e: pt.linalg.norm(e, axis=-1, keepdims=True),
    "norm of everything": pt.linalg.norm,
    "root of a sum of squares": lambda e: pt.sqrt(pt.sqr(e).sum(axis=-1)),
    "power of a sum of products": lambda e: (e * e).sum(axis=-1) ** 0.5,
    "root of a mean": lambda e: pt.sqrt((e**2).mean(axis=-1)),
    "root of a weighted mean": lambda e: pt.sqrt((pt.constant([1.0, 3.0]) * e**2).sum(axis=-1) / 4.0),
    "two columns": lambda e: pt.sqrt(e[:, 0] ** 2 + e[:, 1] ** 2),
    "absolute value": lambda e: pt.sqrt(pt.sqr(e)),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_a_length_has_a_slope_of_0_where_prediction_and_target_agree(name):
    p = pt.matrix("p")
    (made,), _ = stabilise([real(LENGTHS[name](p - 1.0))])
    value, slope = function([p], [made, pytensor.grad(made.sum(), p)], resolve("PYTHON"))([[1.0, 1.0]])
    assert np.all(value == 0) and np.all(slope == 0)
    plain = LENGTHS[name](p - 1.0)
    at = np.array([[1.5, 3.0], [0.5, -2.0]])
    slopes = [pytensor.grad(made.sum(), p), pytensor.grad(real(plain).sum(), p)]
    one, other, *slopes = function([p], [made, plain, *slopes], resolve("PYTHON"))(at)
    np.testing.assert_allclose(one, other, rtol=1e-14)
    np.testing.assert_allclose(*slopes, rtol=1e-14)


@pytest.mark.parametrize("written", [
    lambda e: pt.sqrt(abs(e)), lambda e: (e**2).sum() ** 0.25, lambda e: pt.sqrt(e.sum()),
    lambda e: pt.sqrt(1e-9 + pt.sqr(e).sum()), lambda e: (e**3).sum() ** (1 / 3)])
def test_what_is_steep_at_0_or_no_length_is_left_alone(written):
    expression = written(pt.matrix("p"))
    assert stabilise([expression])[0][0] is expression
