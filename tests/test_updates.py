"""Update rules against the textbook in numpy, on mean((A w - b)^2)."""

import json
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Regressor, updates
from symloss.compiling import function, resolve

STEPS = 10
_rng = np.random.default_rng(1)
A, B, W0 = _rng.normal(size=(12, 4)), _rng.normal(size=12), _rng.normal(size=4)


def slope(w, a=A, b=B):
    return 2 * a.T @ (a @ w - b) / len(b)


def path(rule, a=A, b=B, start=W0, **options):
    """The parameters after each step of a rule of ours."""
    w = pytensor.shared(start.copy(), name="w", shape=start.shape)
    gradients = {w: pytensor.grad(pt.sqr(pt.dot(a, w) - b).mean(), w)}
    if rule == "esgd":
        options["hessian_vector"] = lambda ps: ({w: pt.as_tensor(2 * a.T @ a @ np.ones(4) / len(b))}, {})
    step = function([], [], resolve("PYTHON"), updates=updates.registry.get(rule)(gradients, **options))
    found = []
    for _ in range(STEPS):
        step()
        found.append(w.get_value())
    return np.array(found)


def textbook(rule, a=A, b=B, start=W0, **o):
    """The same by numpy: each rule as its paper has it."""
    w, s, found = start.copy(), {}, []
    for t in range(1, STEPS + 1):
        w = w + RULES[rule](w, slope(w, a, b), s, t, o)
        found.append(w.copy())
    return np.array(found)


def momentum(w, g, s, t, o):
    s["v"] = o.get("momentum", 0.9) * s.get("v", 0) - o["learning_rate"] * g
    return s["v"]


def nag(w, g, s, t, o):
    mu = o.get("momentum", 0.9)
    before = s.get("v", 0 * g)
    s["v"] = mu * before - o["learning_rate"] * g
    return s["v"] + mu * (s["v"] - before)


def rprop(w, g, s, t, o):
    size, before = s.get("size", np.full_like(g, o["learning_rate"])), s.get("g", 0 * g)
    g = g.copy()
    for i in range(len(g)):
        if g[i] * before[i] > 0:
            size[i] = min(size[i] * o.get("increase", 1.2), o.get("max_step", 50))
        elif g[i] * before[i] < 0:
            size[i] = max(size[i] * o.get("decrease", 0.5), o.get("min_step", 1e-6))
            g[i] = 0
    s["size"], s["g"] = size, g
    return -np.sign(g) * size


def rmsprop(w, g, s, t, o):
    rho = o.get("rho", 0.9)
    s["r"] = rho * s.get("r", 0) + (1 - rho) * g**2
    return -o["learning_rate"] * g / (np.sqrt(s["r"]) + o.get("epsilon", 1e-7))


def adagrad(w, g, s, t, o):
    s["r"] = s.get("r", 0) + g**2
    return -o["learning_rate"] * g / (np.sqrt(s["r"]) + o.get("epsilon", 1e-7))


def adadelta(w, g, s, t, o):
    rho, eps = o.get("rho", 0.95), o.get("epsilon", 1e-6)
    s["g"] = rho * s.get("g", 0) + (1 - rho) * g**2
    step = np.sqrt(s.get("d", 0 * g) + eps) / np.sqrt(s["g"] + eps) * g
    s["d"] = rho * s.get("d", 0) + (1 - rho) * step**2
    return -o["learning_rate"] * step


def esgd(w, g, s, t, o):
    rho = o.get("rho", 0.95)
    curvature = 2 * A.T @ A @ np.ones(4) / len(B)
    s["d"] = rho * s.get("d", 0) + (1 - rho) * curvature**2
    return -o["learning_rate"] * g / (np.sqrt(s["d"] / (1 - rho**t)) + o.get("epsilon", 1e-4))


def adam(w, g, s, t, o, greatest=False, decay=0.0):
    b1, b2 = o.get("beta1", 0.9), o.get("beta2", 0.999)
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    s["max"] = np.maximum(s.get("max", 0), s["v"])
    m, v = s["m"] / (1 - b1**t), (s["max"] if greatest else s["v"]) / (1 - b2**t)
    return -o["learning_rate"] * (m / (np.sqrt(v) + o.get("epsilon", 1e-8)) + decay * w)


def adamax(w, g, s, t, o):
    b1, b2 = o.get("beta1", 0.9), o.get("beta2", 0.999)
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["u"] = np.maximum(b2 * s.get("u", 0), np.abs(g))
    return -o["learning_rate"] / (1 - b1**t) * s["m"] / (s["u"] + o.get("epsilon", 1e-8))


RULES = {
    "sgd": lambda w, g, s, t, o: -o["learning_rate"] * g,
    "momentum": momentum, "nag": nag, "rprop": rprop, "rmsprop": rmsprop, "adagrad": adagrad, "adadelta": adadelta,
    "esgd": esgd, "adam": adam, "adamax": adamax,
    "amsgrad": lambda *a: adam(*a, greatest=True),
    "adamw": lambda *a: adam(*a, decay=a[-1].get("decay", 0.01)),
}

CASES = [(name, {"learning_rate": 0.05}) for name in RULES] + [
    ("momentum", {"learning_rate": 0.05, "momentum": 0.5}),
    ("nag", {"learning_rate": 0.05, "momentum": 0.5}),
    ("rprop", {"learning_rate": 0.3, "increase": 2.0, "decrease": 0.3, "max_step": 0.5, "min_step": 0.1}),
    ("rmsprop", {"learning_rate": 0.05, "rho": 0.6, "epsilon": 1e-2}),
    ("adagrad", {"learning_rate": 0.05, "epsilon": 0.1}),
    ("adadelta", {"learning_rate": 2.0, "rho": 0.7, "epsilon": 1e-3}),
    ("esgd", {"learning_rate": 0.05, "rho": 0.5, "epsilon": 0.1}),
    ("adam", {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.7, "epsilon": 0.1}),
    ("amsgrad", {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.3}),
    ("adamax", {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.7}),
    ("adamw", {"learning_rate": 0.1, "decay": 0.5}),
]


def test_every_rule_has_a_textbook():
    assert set(updates.registry) == set(RULES)


@pytest.mark.parametrize(("rule", "options"), CASES, ids=str)
def test_ten_steps_are_those_of_the_textbook(rule, options):
    np.testing.assert_allclose(path(rule, **options), textbook(rule, **options), rtol=1e-9, atol=1e-12)


def test_amsgrad_differs_from_adam_once_gradients_shrink():
    options = {"learning_rate": 0.5, "beta2": 0.3}
    assert not np.allclose(path("adam", **options), path("amsgrad", **options))


def test_ten_steps_are_those_of_an_older_program(shared):
    """Of the rules that are the same in both programs."""
    cases = json.loads((shared / "golden" / "theanets" / "optimizers.float64.json").read_text())["cases"]
    compared = 0
    for case in cases:
        options, rule = case["kwargs"], case["algo"]
        plain = {"learning_rate"} | ({"momentum"} if rule == "sgd" else set())
        if rule == "sgd" and set(options) <= plain:
            rule = "momentum" if "momentum" in options else rule
        elif rule == "rprop" and "rprop_increase" in options:
            options = {"increase": 1.2, "decrease": 0.5, "max_step": 0.2, "min_step": 0.0, "learning_rate": 0.05}
        else:
            continue
        a, b, w0 = (np.array(case[k]) for k in ("A", "b", "w0"))
        np.testing.assert_allclose(path(rule, a, b, w0, **options), case["w"], rtol=1e-9)
        compared += 1
    assert compared == 3


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_trains_a_model_in_both_ways_alike(rule, points, many_steps):
    found = []
    for mode in ("PYTHON", many_steps):
        net = Regressor([5, (4, "tanh"), 3], mode=mode)
        history = net.train(points, algo=rule, epochs=4, batch_size=16, verbose=0)
        found.append(np.concatenate([p.get_value().ravel() for p in net.params]))
        assert history[-1]["loss"] < history[0]["loss"]
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_float32_stays_float32(rule, points):
    with pytensor.config.change_flags(floatX="float32"):
        net = Regressor([5, (4, "prelu"), 3])
        net.train(points, algo=rule, epochs=2, verbose=0, max_gradient_norm=1.0)
        assert {p.get_value().dtype for p in net.params} == {np.dtype("float32")}
        assert net.predict(points[0]).dtype == "float32"


def flat(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


def test_sgd_with_momentum_is_momentum(points):
    nets = [Regressor([5, 3]) for _ in range(3)]
    options = {"learning_rate": 0.01, "epochs": 3, "verbose": 0}
    nets[0].train(points, algo="sgd", momentum=0.8, **options)
    nets[1].train(points, algo="momentum", momentum=0.8, **options)
    nets[2].train(points, algo="sgd", momentum=0.0, **options)
    assert np.array_equal(flat(nets[0]), flat(nets[1]))
    plain = Regressor([5, 3])
    plain.train(points, algo="sgd", **options)
    assert np.array_equal(flat(nets[2]), flat(plain))


@pytest.mark.parametrize("rule", ["momentum", "adam", "rprop", "esgd"])
def test_the_state_of_a_rule_is_reset_between_trainings(rule, points, backend):
    """The second call of train does what it would do on a new model with these parameters."""
    net, other = Regressor([5, 3], mode=backend), Regressor([5, 3], mode=backend)
    options = {"algo": rule, "learning_rate": 0.05, "epochs": 2, "verbose": 0}
    net.train(points, **options)
    for p, q in zip(net.params, other.params, strict=True):
        q.set_value(p.get_value())
    net.train(points, **options)
    other.train(points, **options)
    assert np.array_equal(flat(net), flat(other))


def test_hyperparameters_of_an_earlier_training_are_forgotten(points):
    net, other = Regressor([5, 3]), Regressor([5, 3])
    net.train(points, algo="sgd", learning_rate=0.0, epochs=1, verbose=0)
    net.train(points, algo="sgd", epochs=1, verbose=0)
    other.train(points, algo="sgd", epochs=1, verbose=0)
    assert np.array_equal(flat(net), flat(other))


def test_an_own_rule_is_a_function(points):
    def signs(gradients, *, learning_rate=0.1):
        return {p: p - learning_rate * pt.sign(g) for p, g in gradients.items()}

    net = Regressor([5, 3])
    before = flat(net)
    net.train(points, algo=signs, epochs=1, batch_size=0, verbose=0)
    np.testing.assert_allclose(np.abs(flat(net) - before), 0.1)


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"algo": "adm"}, "adam"),
        ({"algo": "rmspro"}, "rmsprop"),
        ({"algo": "sgd", "lerning_rate": 0.1}, "learning_rate"),
        ({"algo": "adam", "beta_1": 0.1}, "beta1"),
        ({"epoch": 3}, "epochs"),
        ({"batchsize": 3}, "batch_size"),
        ({"min_improvment": 3}, "min_improvement"),
        ({"max_gradient_nrom": 3}, "max_gradient_norm"),
        ({"callback": print}, "callbacks"),
    ],
    ids=str,
)
def test_an_unknown_algorithm_or_option_names_the_nearest(options, near, points, compilations):
    with pytest.raises(symloss.UnknownNameError, match=f"did you mean .*'{near}'"):
        Regressor([5, 3]).train(points, **options)
    assert not compilations


@pytest.mark.parametrize(
    "options",
    [{"learning_rate": "fast"}, {"learning_rate": float("nan")}, {"learning_rate": None},
     {"algo": "adam", "beta1": True},
     {"epochs": 0}, {"epochs": 2.5}, {"epochs": "3"}, {"batch_size": -1}, {"batch_size": 1.5}, {"validate_every": 0},
     {"patience": "long"}, {"min_improvement": "some"}, {"max_gradient_norm": "big"}, {"max_gradient_norm": -1}],
    ids=str,
)
def test_an_option_that_is_no_such_number_is_refused(options, points, compilations):
    with pytest.raises(symloss.SpecError, match=next(k for k in options if k != "algo")):
        Regressor([5, 3]).train(points, **options)
    assert not compilations



@pytest.mark.parametrize("callbacks", [5, "print", [print, None]], ids=str)
def test_a_callback_that_is_none_is_refused(callbacks, points):
    with pytest.raises(symloss.SpecError, match="callback"):
        Regressor([5, 3]).train(points, epochs=2, verbose=0, callbacks=callbacks)


def test_rprop_warns_of_nothing(points):
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        Regressor([5, 3]).train(points, algo="rprop", epochs=1, verbose=0)
