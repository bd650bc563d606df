"""Losses from formulas: what the grammar reads, means and refuses, and that such a loss is like any other."""

import math

import numpy as np
import pytensor.tensor as pt
import pytest
import scipy.special

import symloss
from symloss import Classifier, Regressor, ShapeError, SpecError, UnknownNameError, loss_from
from symloss.losses.formulas.from_sympy import text_of
from symloss.losses.formulas.functions import FUNCTIONS
from symloss.losses.formulas.grammar import parse
from symloss.losses.formulas.tokens import tokens

X = np.random.default_rng(0).normal(size=(30, 3))
P, T = np.array([[0.7, -1.2], [2.5, 0.1]]), np.array([[0.2, 0.4], [-1.5, 3.0]])


def value(formula, p=P, t=T, **options):
    spec = loss_from(formula, **options)
    arrays = [p, t][: len(spec.ports)]
    return symloss.evaluate.value(spec, *arrays, mode="PYTHON")


p, t, e = P, T, P - T
MEANINGS = {
    "e": e,
    "p - t*2 + 1": p - t * 2 + 1,
    "-p**2": -(p**2),
    "2**-1*p": p / 2,
    "2^3^2*p": 512 * p,
    "p - t - 1": p - t - 1,
    "p / 2 / 4": p / 8,
    "- -p + +t": p + t,
    "1.5e-1*p + .5 + 2.": 0.15 * p + 2.5,
    "prediction * target": p * t,
    "exp(1)*pi*p": math.e * math.pi * p,
    "where(p > t, p, 2*t)": np.where(p > t, p, 2 * t),
    "where(0 < p <= 1 and not t < 0, 1, 0)*p": np.where((p > 0) & (p <= 1) & (t >= 0), p, 0),
    "where(p < 0 or t == 0.2, 1, 0) + e": ((p < 0) | (t == 0.2)) + e,
    "(p > 0)*e": (p > 0) * e,
    "max(p, t, 0) - min(p, t)": np.maximum(np.maximum(p, t), 0) - np.minimum(p, t),
    "clip(p, -1, 1)": np.clip(p, -1, 1),
    "softplus(-t*p)": np.log1p(np.exp(-t * p)),
    "lgamma(abs(p)) + digamma(abs(p))": scipy.special.gammaln(abs(p)) + scipy.special.digamma(abs(p)),
    "erf(p) + erfc(t)*e": scipy.special.erf(p) + scipy.special.erfc(t) * e,
    "sum(e**2)": (e**2).sum(axis=1),
    "mean(abs(e)) + max(p)": abs(e).mean(axis=1) + p.max(axis=1),
    "p - logsumexp(p) + 0*t": p - scipy.special.logsumexp(p, axis=1, keepdims=True),
    "-sum(t*log(softmax(p)))": -(t * np.log(scipy.special.softmax(p, axis=1))).sum(axis=1),
}


@pytest.mark.parametrize("formula", MEANINGS)
def test_a_formula_means_what_it_says(formula):
    assert np.allclose(value(formula), MEANINGS[formula], rtol=1e-12)


SAME = {"abs": np.abs, "sign": np.sign, "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
        "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt, "square": np.square, "sin": np.sin, "cos": np.cos,
        "tan": np.tan, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
        "sigmoid": scipy.special.expit, "softplus": lambda x: np.logaddexp(0, x), "relu": lambda x: np.maximum(x, 0),
        "erf": scipy.special.erf, "erfc": scipy.special.erfc, "lgamma": scipy.special.gammaln,
        "digamma": scipy.special.digamma}


def test_every_function_of_one_argument_has_the_numbers_of_numpy_and_scipy():
    assert {n for n, f in FUNCTIONS.items() if f.least == f.most == 1 and not f.along} == set(SAME)
    x = np.array([[0.3, 1.7]])
    all_of_them = " + ".join(f"{10.0**-i} * {name}(p)" for i, name in enumerate(SAME))
    assert np.allclose(value(all_of_them, x), sum(10.0**-i * f(x) for i, f in enumerate(SAME.values())), rtol=1e-13)


@pytest.mark.parametrize(("formula", "under", "words", "kind"), [
    ("sofplus(-t*p)", "sofplus", "softplus", UnknownNameError),
    ("e**2 + delt*p", "delt", "loss_from(..., delt=1.0)", UnknownNameError),
    ("ln(p)", "ln", "write log", UnknownNameError),
    ("2p", "2p", "2 * p", SpecError),
    ("p(t)", "p", "not a function", SpecError),
    ("p @ t", "@", "no meaning", SpecError),
    ("p × t", "×", "write *", SpecError),
    ("(p + 1", "(", "never closed", SpecError),
    ("abs(p", "(", "never closed", SpecError),
    ("p)", ")", "is not allowed here", SpecError),
    ("p * / t", "/", "is not allowed here", SpecError),
    ("where(p == 1, p = 2, 3)", "=", "write ==", SpecError),
    ("where(p, 1, 2)", "p", "comparison", SpecError),
    ("p and t", "p", "with comparisons", SpecError),
    ("abs(p, t)", "abs(p, t)", "1 argument", SpecError),
    ("where(p > 0, 1)", "where(p > 0, 1)", "3 arguments", SpecError),
    ("1e999*p", "1e999", "too large", SpecError),
    ("p < 1", "p < 1", "no gradient", SpecError),
    ("t + 1", "t + 1", "prediction does not occur", SpecError),
    ("my loss(p) = p", "my", "must begin with a name", SpecError),
    ("f(p, p) = p", "p", "twice", SpecError),
    ("f(d=1, p) = p*d", "p", "ports must come before", SpecError),
    ("f(d=x) = p*d", "x", "must be a number", SpecError),
    ("f(e=1) = p*e", "e", "already has a meaning", SpecError),
    ("f(d=1) = p", "d", "does not occur", SpecError),
    ("f(p, q) = p", "q", "does not occur", SpecError),
], ids=str)
def test_an_error_points_at_the_place_and_says_the_way_out(formula, under, words, kind):
    with pytest.raises(kind) as error:
        loss_from(formula)
    message, shown, carets = str(error.value).split("\n")
    assert words in message
    start = len(carets) - len(carets.lstrip())
    assert shown[start : start + carets.count("^")] == under


@pytest.mark.parametrize("formula", ["", "p +", "p **", "(" * 60 + "p" + ")" * 60, "+".join(["p"] * 400), "p*" * 4000,
                                     "-" * 100 + "p", "p.real", "__import__('os')", "p[0]", "lambda: p", "p; t"])
def test_what_is_no_formula_is_refused_in_words(formula):
    with pytest.raises(SpecError, match="formula: "):
        loss_from(formula)


@pytest.mark.parametrize(("arguments", "words"), [
    ({"q": "1"}, "must be a number"), ({"q": True}, "must be a number"), ({"q": 1.0, "r": 2.0}, "does not occur"),
    ({"q": 1.0, "name": "a b"}, "letters"), ({"q": float("nan")}, "must be a number"),
], ids=str)
def test_wrong_arguments_are_refused(arguments, words):
    with pytest.raises(SpecError, match=words):
        loss_from("abs(e)**q", **arguments)
    with pytest.raises(SpecError, match="text of a formula"):
        loss_from(3)


def test_shapes_never_broadcast_and_sums_need_an_axis_of_their_own():
    column = loss_from("abs(e)")(pt.dmatrix(), pt.dvector())
    assert column.ndim == 2
    with pytest.raises(ShapeError):
        loss_from("e**2")(pt.tensor(shape=(None, 3)), pt.tensor(shape=(None, 2)))
    with pytest.raises(ShapeError, match="one row per item"):
        loss_from("sum(e**2)")(pt.dvector(), pt.dvector())


def test_an_option_is_a_shared_scalar_and_nothing_is_compiled_again(compilations):
    bend = loss_from("where(abs(e) < d, e**2 / 2, d * (abs(e) - d / 2))", d=1, name="bend")
    net = Regressor([3, 3], loss=bend, mode="PYTHON")
    net.train([X, X], epochs=1, verbose=0)
    before = len(compilations)
    net.losses[0].d = 0.25
    found = net.train([X, X], epochs=1, algo="rmsprop", verbose=0)[-1]
    assert len(compilations) == before
    assert "bend" in found
    assert np.isclose(net.measure([X, X])["bend"],
                      symloss.evaluate.value("huber", net.predict(X), X, delta=0.25, how="mean", mode="PYTHON"))
    with pytest.raises(UnknownNameError, match="known: d"):
        net.add_loss(bend, delta=2.0)


def test_files_hold_its_text_and_what_comes_back_is_the_same(tmp_path):
    net = Regressor([3, 3], loss={"form": "power(q=1.5) = abs(e)**q", "q": 1.25, "weight": 0.5}, mode="PYTHON")
    net.add_loss(loss_from("0.1 * sum(p**2)", name="size"))
    net.save(tmp_path / "model")
    again = symloss.load(tmp_path / "model")
    assert [loss.label for loss in again.losses] == ["power", "size"]
    assert again.losses[0].q == 1.25
    assert again.losses[0].weight == 0.5
    assert "abs(e)**q" in repr(again.losses[0])
    assert again.measure([X, X]) == net.measure([X, X])
    shown = "<LossSpec formula(prediction, target, *, q=1.0): abs(e)**q, per element.>"
    assert repr(loss_from("abs(e)**q", q=1)) == shown


def test_a_formula_stands_wherever_a_loss_has_a_name():
    assert np.allclose(symloss.evaluate.value("e**2", P, T, mode="PYTHON"), e**2)
    assert "e**2" in Regressor([3, 3], loss="e**2", mode="PYTHON").explain()
    x = X[:, 0] > 0
    net = Classifier([3, 2], loss="-sum(t * log(p))", mode="PYTHON")  # labels become rows with a 1
    found = net.train([X, x.astype(int)], epochs=1, algo="sgd", learning_rate=1e-9, verbose=0)[-1]
    assert np.isclose(found["formula"], symloss.evaluate.value("xe", net.predict_proba(X), x.astype(int), how="mean",
                                                               mode="PYTHON"))
    assert "log_softmax" in net.explain()  # the stable form is found
    net = Regressor([3, 3], mode="PYTHON")
    cube = loss_from("abs(e)**3", name="cube")
    found = net.train([X, X], epochs=1, algo="sgd", learning_rate=1e-9, verbose=0, metrics=["size() = e**2", cube])[-1]
    assert np.isclose(found["size"], found["mse"])
    assert np.isclose(found["cube"], (abs(net.predict(X) - X) ** 3).mean())
    inner = symloss.Network({"in": 3, "target": 3, "out": 3, "L": {"form": "loss", "loss": "e**2"}}, mode="PYTHON",
                            edges=["in -> out", (["out", "target"], "L")])
    assert np.isclose(inner.measure({"in": X, "target": X})["L"], ((inner.predict(X) - X) ** 2).mean())
    assert "mae(out)" not in symloss.losses.registry
    with pytest.raises(SpecError, match="not with your own"):
        Regressor([3, 3], loss={"form": "e**2", "like": "keras"})


def test_ports_may_have_other_names():
    spec = loss_from("nll(mean, variance, t) = 0.5 * (log(variance) + (t - mean)**2 / variance)")
    assert spec.ports == ("mean", "variance", "target")
    found = symloss.evaluate.value(spec, P, np.exp(T), T, mode="PYTHON")
    assert np.allclose(found, 0.5 * (T + (T - P) ** 2 / np.exp(T)))


@pytest.mark.c
def test_it_trains_in_c_with_the_numbers_of_the_same_loss_by_name():
    records = [Regressor([3, 8, 3], loss=loss, seed=1).train([X, X], epochs=3, algo="sgd", verbose=0)[-1]["loss"]
               for loss in ("huber", "where(abs(e) < 1, e**2 / 2, abs(e) - 0.5)")]
    assert np.isclose(*records, rtol=1e-6)


def test_tokens_and_trees_are_what_they_seem():
    found = [(token.kind, token.text) for token in tokens("a1<=.5")]
    assert found == [("name", "a1"), ("sign", "<="), ("number", ".5"), ("end", "")]
    assert parse("p")[0] is None
    assert parse("f(q=-2) = q*p")[0].options["q"][0] == -2


def test_the_decorator_without_parentheses_registers_nothing(tmp_path):
    @symloss.loss
    def lopsided(prediction, target, *, push=2.0):
        """Error that costs more above, per element."""
        return pt.switch(prediction > target, push, 1.0) * abs(prediction - target)

    assert "lopsided" not in symloss.losses.registry
    assert np.allclose(symloss.evaluate.value(lopsided, P, T, push=3.0, mode="PYTHON"), np.where(e > 0, 3, 1) * abs(e))
    net = Regressor([3, 3], loss=0.5 * lopsided, mode="PYTHON")
    net.losses[0].push = 1.0
    assert np.isclose(net.measure([X, X])["loss"], 0.5 * abs(net.predict(X) - X).mean())
    with pytest.raises(SpecError, match="Register it"):
        net.save(tmp_path / "model")


# ---------------------------------------------------------------------------------------------------------- sympy


def test_expressions_of_sympy_are_losses():
    sympy = pytest.importorskip("sympy")
    p, t, d = sympy.symbols("p t d")
    size = sympy.Abs(p - t)
    bend = sympy.Piecewise(((p - t) ** 2 / 2, size < d), (d * (size - d / 2), True))
    spec = loss_from(bend, d=0.5, name="bend")
    assert spec.definition == "bend(d=0.5) = where(d > abs(p - t), (p - t)**2/2, d*(-d/2 + abs(p - t)))"
    assert np.allclose(symloss.evaluate.value(spec, P, T, mode="PYTHON"),
                       symloss.evaluate.value("huber", P, T, delta=0.5, mode="PYTHON"))
    with pytest.raises(SpecError, match="gamma"):
        loss_from(sympy.gamma(p))
    with pytest.raises(SpecError, match="as its last piece"):
        loss_from(sympy.Piecewise((p, p > 0)))


def test_what_is_written_of_an_expression_of_sympy_has_its_value():
    sympy = pytest.importorskip("sympy")
    p, t = sympy.symbols("p t", real=True)
    half = sympy.Rational(1, 2)
    for expression in [-(p - t), half * p**-2 - t, p / t / 3, sympy.Rational(-3, 4) * (p - t) ** 2, p**t, -p * t / 5,
                       sympy.sqrt(p) * sympy.pi, sympy.exp(-p) / (1 + sympy.exp(-p)), (p - t) ** sympy.Rational(-3, 2),
                       sympy.Max(0, 1 - t * p), sympy.Float(-0.25) * p, 1 / (p * (t + 2)), p ** (-t), sympy.log(p, 2),
                       sympy.Heaviside(p - t) * p, -sympy.Min(p, -t) + half, sympy.sign(-p) * sympy.cosh(t)]:
        found = value(text_of(expression), np.array([[1.7]]), np.array([[0.6]]))
        assert np.isclose(found.item(), float(expression.subs({p: 1.7, t: 0.6})), rtol=1e-12), text_of(expression)
