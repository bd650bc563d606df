"""Formulas: what is printed is evaluated, and has the numbers of the compiled loss and of its gradient."""

import functools

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Loss, Regressor, evaluate, losses
from symloss.losses.formula import port_variables

sympy = pytest.importorskip("sympy")
N, K, STEPS, LENGTH = 3, 3, 4, 2
SLOPES = {"gradient_penalty", "r1"}  # of a model, which has to be there


def arrays_of(spec, formula, seed=0):
    """Return arrays for the ports of a loss that are good data, by port."""
    rng, found = np.random.default_rng(seed), {}
    for port, variable in port_variables(spec, dict(spec.options)).items():
        shape = tuple(n if n is not None else (N, K)[axis] for axis, n in enumerate(variable.type.shape[:2]))
        if spec.padding is not None:
            found[port] = rng.integers(1, K, (N, LENGTH)) if port == "target" else rng.dirichlet(
                np.ones(K), (N, STEPS))
        elif spec.classes is None and port == "target":
            found[port] = np.array([1, 0, 0])  # the second item has one of its class, and one of another
        elif variable.dtype == "int64":
            found[port] = rng.integers(0, K, shape)
        elif spec.activation == "softmax":
            found[port] = rng.dirichlet(np.ones(shape[-1]), shape[:-1])
        elif spec.name == "cox":
            times = np.array([[3.0, 1], [1, 1], [2, 0]])
            found[port] = rng.uniform(0.1, 0.9, (N, 1)) if port == "prediction" else times
        elif port == "target" and spec.target.startswith("sign"):
            found[port] = rng.choice([-1.0, 1.0], shape)
        else:
            found[port] = rng.uniform(0.1, 0.9, shape)
    return found


def number_of(formula, arrays, symbols, more=()):
    """Return the number that a formula has for the item 1, column 1, of arrays."""
    names = {symbols[port]: array for port, array in arrays.items()}
    sizes = {s: {"n": N, "K": K, "T": STEPS, "L": LENGTH}.get(str(s), 1) for s in formula.sizes if str(s) not in names}
    sizes |= {s: int(names[str(s)][1]) for s in formula.sizes if str(s) in names} | dict(more)

    def given(name, indices, symbol):
        array = names[name]
        missing = array.ndim - len(indices)
        last = (min(1, array.shape[-1] - 1),) if missing == 2 or not indices and array.ndim == 2 else ()
        return array[(1, *indices, *last) if missing else indices].item()

    return formula.number(given, sizes)


def symbols_of(spec):
    from symloss.losses.formula import NAMES

    return {port: NAMES.get(port, port) for port in spec.ports}


@functools.cache
def formula_of(name):
    return losses.get(name).formula()


def checked(name, **options):
    spec = losses.get(name)
    formula = spec.formula(**options) if options else formula_of(name)
    arrays = arrays_of(spec, formula)
    if options.get("blank") == -1:
        arrays["target"] -= 1
    value = np.asarray(evaluate.value(name, *arrays.values(), mode="PYTHON", **options))
    at = (1, min(1, value.shape[1] - 1)) if value.ndim == 2 else (1,) if value.ndim else ()
    found = number_of(formula, arrays, symbols_of(spec))
    assert found == pytest.approx(value[at], rel=1e-4, abs=1e-5)
    return spec, formula, arrays


@pytest.mark.parametrize("name", [n for n in losses.names() if n not in SLOPES])
def test_what_is_printed_has_the_numbers_of_the_compiled_loss(name):
    spec, formula, _ = checked(name)
    assert formula.latex().startswith(r"\ell = ")
    assert formula.latex().count("{") == formula.latex().count("}")


@pytest.mark.parametrize(("name", "options"), [
    ("sinkhorn", {"debiased": True, "iterations": 4, "power": 1.0, "norm": 1.0}), ("ctc", {"blank": -1}),
    ("cox", {"ties": "efron"}), ("wasserstein_1d", {"power": 2.0}), ("lambdarank", {"sigma": 2.0}),
    ("triplet", {"distance": "cosine", "swap": True}), ("multi_quantile", {"q": [0.1, 0.5, 0.9]}),
    ("arcface", {"scale": 2.0, "margin": 0.1}),
])
def test_formulas_with_options_have_the_numbers_of_the_compiled_loss(name, options):
    checked(name, **options)


@pytest.mark.parametrize("name", ["huber", "quantile", "log_cosh", "beta_nll", "hinge", "brier", "cross_entropy",
                                  "dice", "binary_cross_entropy", "poisson_nll", "tweedie"])
def test_derivatives_have_the_numbers_of_the_compiled_ones(name):
    spec, formula = losses.get(name), formula_of(name)
    arrays = arrays_of(spec, formula)
    for order, made in ((1, evaluate.grad), (2, evaluate.hessian_diagonal)):
        slopes = np.asarray(made(name, *arrays.values(), mode="PYTHON"))
        found = number_of(formula.differentiated(None, order), arrays, symbols_of(spec))
        assert found == pytest.approx(slopes[1, 1], rel=1e-4, abs=1e-6), order


@pytest.mark.parametrize("name", ["pairwise_logistic", "listnet", "listmle", "lambdarank", "wasserstein_1d",
                                  "sparsemax", "info_nce", "nt_xent", "supervised_contrastive", "circle", "arcface",
                                  "cosface", "cox", "sinkhorn"])
def test_derivatives_of_what_compares_items_are_those_of_one_value(name):
    """The formula is that of one value by one entry, while `evaluate.grad` adds up those of all items."""
    spec = losses.get(name)
    formula, first, ports = formula_of(name), spec.predictions[0], port_variables(spec, spec.options)
    arrays = arrays_of(spec, formula)
    slope = pytensor.grad(spec.function(*ports.values(), **spec.options)[1], ports[first])
    mode = symloss.compiling.resolve("PYTHON")
    (slopes,) = symloss.compiling.function(list(ports.values()), [slope], mode)(*arrays.values())
    column = min(1, slopes.shape[1] - 1)
    last = formula.entries[first].indices[-1]
    found = number_of(formula.differentiated(first), arrays, symbols_of(spec), {last: column})
    assert found == pytest.approx(slopes[1, column], rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("name", "words"), [
    ("ctc", "the derivative of a recursion"), ("r1", "the gradient of a model that is not known"),
    ("multiclass_hinge", "the derivative of a maximum"),
])
def test_what_has_no_derivative_is_said(name, words):
    with pytest.raises(symloss.SpecError, match=words):
        losses.get(name).latex(1)


def test_a_second_derivative_that_fills_pages_is_not_written():
    with pytest.raises(symloss.SpecError, match="too long to be read"):
        losses.get("arcface").latex(2)


@pytest.mark.parametrize(("name", "norm"), [("r1", 0.0), ("gradient_penalty", 1.0)])
def test_penalties_of_a_models_own_gradient(name, norm):
    formula = losses.get(name).formula()
    assert r"\nabla{D}_{" in formula.latex()
    slope = np.array([0.5, -2.0, 1.5])  # that of x @ slope
    found = formula.number(lambda of, indices, symbol: slope[indices[-1]])
    x = pt.dmatrix()
    value = losses.get(name).function(x @ slope, x).eval({x: np.ones((1, 3))})
    assert found == pytest.approx(float(value[0]))


def test_derivatives_by_other_ports():
    spec = losses.get("gaussian_nll")
    arrays = arrays_of(spec, None)
    slopes = evaluate.grad("gaussian_nll", *arrays.values(), wrt=1, mode="PYTHON")
    formula = spec.formula()
    found = number_of(formula.differentiated("variance"), arrays, symbols_of(spec))
    assert found == pytest.approx(slopes[1, 1], rel=1e-4)
    slopes = evaluate.grad("gaussian_nll", *arrays.values(), wrt=2, mode="PYTHON")
    found = number_of(formula.differentiated("target"), arrays, symbols_of(spec))
    assert found == pytest.approx(slopes[1, 1], rel=1e-4)
    with pytest.raises(symloss.SpecError, match="one of mean, variance, target"):
        spec.latex(1, wrt="varianze")


@pytest.mark.parametrize(("name", "order", "text"), [
    ("mae", 0, r"\ell = \left|e\right|, \quad e = p - t"),
    ("mae", 1, r"\frac{\partial \ell}{\partial p} = \operatorname{sign}\left(e\right), \quad e = p - t"),
    ("mse", 2, r"\frac{\partial^{2} \ell}{\partial p^{2}} = 2"),
    ("xe", 0, r"\ell = - \log{\left(p_{t} \right)}"),
    ("hinge", 0, r"\ell = \max\left(0, \mathrm{margin} - p t\right)"),
    ("categorical_focal", 0, r"\ell = - \alpha \left(1 - p_{t}\right)^{\gamma} \log{\left(p_{t} \right)}"),
])
def test_as_a_person_writes_it(name, order, text):
    assert losses.get(name).latex(order) == text


def test_options_are_numbers_where_they_are_given_and_a_bound_loss_has_its_own():
    assert losses.get("huber").latex(delta=2).count("2") > losses.get("huber").latex().count("2")
    text = Loss("huber", delta=2.0, output_name="price").latex()
    assert r"\delta" not in text and text.endswith(r"e = \mathrm{price} - t")
    assert Loss("mae")._repr_latex_() == rf"$\displaystyle {losses.get('mae').latex()}$"
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'delta'"):
        losses.get("huber").latex(dleta=2)
    with pytest.raises(symloss.SpecError, match="loss.delta = "):
        Loss("huber").latex(delta=2)


def test_classes_of_the_users_own():
    class Own(Loss, registered=False):
        def __call__(self, outputs):
            return abs(outputs[self.output_name] - self._target).mean()

    assert Own().latex() == r"\ell = \frac{\sum_{k} \sum_{j} \left|\mathrm{out}_{j, k} - t_{j, k}\right|}{K n}"


def test_expressions():
    x, w = pt.vector("x"), pt.matrix("w")
    assert symloss.latex(pt.special.softmax(x)) == r"y = \frac{e^{x_{i}}}{\sum_{j} e^{x_{j}}}"
    assert symloss.latex(pt.logsumexp(x), name="z") == r"z = \log{\left(\sum_{j} e^{x_{j}} \right)}"
    assert symloss.latex(pt.sqr(x).mean(), 1) == r"\frac{\partial y}{\partial x_{i}} = \frac{2 x_{i}}{n}"
    assert symloss.latex(x @ w, names={w: "W"}) == r"y_{i} = \sum_{j} W_{j, i} x_{j}".replace("y_{i}", "y")
    assert symloss.latex(lambda p, t: (p - t) ** 4) == r"\ell = e^{4}, \quad e = p - t"
    assert symloss.latex(pt.sort(x)) == r"y = x_{\left(i\right)}"
    assert symloss.latex(pt.cumprod(x)) == r"y = \prod_{j=0}^{i} x_{j}"
    assert symloss.latex(pt.diag(w)) == "y = w_{i, i}"
    assert symloss.latex(pt.max(x), 1).endswith(r"= \left[\max_{j'} x_{j'} = x_{i}\right]")
    assert symloss.latex(pt.set_subtensor(x[::2], 0.0)) == (
        r"y = \begin{cases} 0 & \text{if } i \bmod 2 = 0 \\ x_{i} & \text{otherwise} \end{cases}")
    loop = pytensor.scan(lambda a, s: a * s + 1, sequences=[x], outputs_info=[pt.zeros((), x.dtype)],
                         return_updates=False)
    assert symloss.latex(loop[-1]) == (
        r"y = \alpha_{n}, \quad \alpha_{\tau} = \begin{cases} 0 & \text{if } \tau = 0 \\ "
        r"\alpha_{\tau - 1} x_{\tau - 1} + 1 & \text{otherwise} \end{cases}")
    with pytest.raises(symloss.SpecError, match="all and any"):
        symloss.latex(pt.switch(pt.any(pt.gt(x, 0)), 1.0, 0.0))
    with pytest.raises(symloss.SpecError, match="cases within a sum"):
        symloss.latex(pt.maximum(0, pt.switch(pt.gt(x, 1), x, 0).sum()), 1)
    with pytest.raises(symloss.SpecError, match="MatrixInverse"):
        symloss.latex(pt.linalg.inv(w))
    with pytest.raises(symloss.SpecError, match="two variables are named 'x'"):
        symloss.latex(x + pt.vector("x"))
    with pytest.raises(symloss.SpecError, match="0, 1 or 2"):
        symloss.latex("mae", derivative=3)
    with pytest.raises(symloss.SpecError, match="3 has no formula"):
        symloss.latex(3)


def test_where_sympy_fails_a_formula_stays_as_it_is(monkeypatch):
    from symloss.formulas import tidying

    def broken(*arguments):
        raise RecursionError

    monkeypatch.setattr(tidying, "shortest", broken)
    assert losses.get("mae").latex() == r"\ell = \left|p - t\right|"


def test_the_objective_of_a_model():
    layers = [4, (6, "relu"), {"size": 2, "name": "price"}]
    net = Regressor(layers, loss="mae", weighted=True, mode="PYTHON")
    net.add_loss("huber", weight=0.5, delta=2.0)
    total, mae, huber, decay = net.latex(weight_l2=1e-4).splitlines()[1:-1]
    assert total == (r"\mathcal{L} &= \frac{\sum w \, \ell_{\text{mae}}}{\sum w} + 0.5 \, \frac{\sum w \, "
                     r"\ell_{\text{huber}}}{\sum w} + 0.0001 \, \Omega_{\text{weight\_l2}} \\")
    assert mae == r"\ell_{\text{mae}} &= \left|e\right|, \quad e = \mathrm{price} - t \\"
    assert r"\leq 2" in huber
    assert decay.startswith(r"\Omega_{\text{weight\_l2}} &= \sum_{k} \sum_{j} \mathrm{hid1.w}_{j, k}^{2} + ")
    assert symloss.latex(net) == net.latex()
    assert net._repr_latex_().startswith("$$\n\\begin{aligned}")
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'weight_l2'"):
        net.latex(weight_l22=1)
    with pytest.raises(symloss.SpecError, match="of its losses"):
        symloss.latex(net, 1)


def test_ports_noise_and_learned_weights_of_a_model():
    net = symloss.TripletEmbedding([4, 5, 2], mode="PYTHON")
    assert r"\mathrm{embedding}_{j} - \mathrm{positive\ embedding}_{j}" in net.latex()
    net = Regressor([4, 3], loss=[{"form": "mse", "weight": "uncertainty"}], mode="PYTHON")
    text = net.latex(input_noise=0.1)
    assert r"\tfrac{1}{2} e^{-s_{\text{mse}}} \, \frac{\sum" in text and r"+ \tfrac{1}{2} s_{\text{mse}}" in text
    assert "in training: " in text


def test_the_library_does_not_import_sympy_or_matplotlib_by_itself():
    import subprocess
    import sys

    script = "import symloss, sys; assert not {'sympy', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
