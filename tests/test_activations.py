"""Activations against numpy, alone, composed and with their parameters."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.special

import symloss
from symloss.activations import Activation, registry
from symloss.compiling import function, resolve


def run(name, x, **set_to):
    """Value of an activation, and the gradient of its sum, for the rows of x."""
    x = np.asarray(x)
    bound = Activation(name, x.shape[-1], np.random.default_rng(0), prefix="hid1.")
    for key, value in set_to.items():
        bound.params[key].set_value(np.asarray(value, bound.params[key].dtype))
    variable = pt.tensor(dtype=x.dtype, shape=x.shape)
    y = bound(variable)
    return function([variable], [y, pytensor.grad(y.sum(), variable)], resolve("PYTHON"))(x)


X = np.array([[-2.5, -0.5, 0.25, 1.5], [3.0, -1.0, 0.75, -0.125]])
MEAN, STD = X.mean(-1, keepdims=True), X.std(-1, keepdims=True)

VALUES = {
    "linear": X,
    "tanh": np.tanh(X),
    "logistic": scipy.special.expit(X),
    "sigmoid": scipy.special.expit(X),
    "softmax": scipy.special.softmax(X, axis=-1),
    "log_softmax": scipy.special.log_softmax(X, axis=-1),
    "softplus": np.log1p(np.exp(X)),
    "relu": np.maximum(X, 0),
    "rect:max": np.maximum(X, 0),
    "rect:min": np.minimum(X, 1),
    "rect:minmax": np.clip(X, 0, 1),
    "norm:mean": X - MEAN,
    "norm:max": X / np.abs(X).max(-1, keepdims=True),
    "norm:std": X / STD,
    "norm:z": (X - MEAN) / STD,
    "exp": np.exp(X),
    "silu": X * scipy.special.expit(X),
    "gelu": X * scipy.special.ndtr(X),
    "softsign": X / (1 + np.abs(X)),
    "selu": 1.0507009873554805 * np.where(X > 0, X, 1.6732632423543772 * np.expm1(X)),
    "relu+norm:z": None,
}
_R = np.maximum(X, 0)
VALUES["relu+norm:z"] = (_R - _R.mean(-1, keepdims=True)) / _R.std(-1, keepdims=True)
VALUES["norm:z+relu"] = np.maximum(VALUES["norm:z"], 0)
VALUES["tanh + relu"] = np.maximum(np.tanh(X), 0)


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    np.testing.assert_allclose(run(name, X)[0], VALUES[name], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["leaky-relu", "leaky-gain-relu", "rectify", "swish"])
def test_other_names(name):
    assert name in registry


def test_parametric_ones_have_one_parameter_a_unit():
    leak = np.array([0.5, 0.25, 2.0, 0.0])
    np.testing.assert_allclose(run("prelu", X, leak=leak)[0], np.where(X > 0, X, leak * X))
    found = run("maxout:2", X, slope=[[1, -1]] * 4, intercept=[[0, 0]] * 4)[0]
    np.testing.assert_allclose(found, np.abs(X))
    found = run("maxout:1", X, slope=[[2]] * 4, intercept=[[1], [2], [3], [4]])[0]
    np.testing.assert_allclose(found, 2 * X + [1, 2, 3, 4])


def test_a_leak_starts_below_one():
    found = run("prelu", X)[0]
    assert (np.abs(found[X < 0]) < np.abs(X[X < 0])).all()
    np.testing.assert_allclose(found[X > 0], X[X > 0])


def test_lgrelu_and_elu_are_continuous_and_rise():
    line = np.linspace(-4, 4, 801)[:, None]
    for name in ("lgrelu", "elu", "prelu"):
        steps = np.diff(run(name, line)[0].ravel())
        assert (steps > 0).all() and steps.max() < 0.05


@pytest.mark.parametrize("name", sorted(set(registry) - {"maxout", "exp"}) + ["maxout:3"])
@pytest.mark.parametrize("size", [1e4, -1e4, 0.0])
def test_large_inputs_give_finite_values_and_gradients_in_float32(name, size):
    with pytensor.config.change_flags(floatX="float32"):
        value, gradient = run(name, np.full((2, 3), size, "float32"))
    assert value.dtype == "float32"
    assert np.isfinite(value).all() and np.isfinite(gradient).all()


def test_find_sees_the_parameters_of_an_activation():
    net = symloss.Regressor([3, (4, "prelu"), (5, "maxout:3"), (2, "elu+prelu")])
    assert net.find("hid1", "leak").get_value().shape == (4,)
    assert net.find("hid2", "slope").get_value().shape == (5, 3)
    assert net.find(2, "intercept") in net.params
    assert sum("leak" in p.name for p in net.params) == 2
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'leak'"):
        net.find("hid1", "leek")


def test_two_of_a_kind_in_one_composition_keep_their_own_parameters():
    net = symloss.Regressor([3, (4, "prelu+prelu"), 2])
    names = [p.name for p in net.params if p.name.startswith("hid1.leak")]
    assert len(set(names)) == 2


def test_parameters_of_activations_are_trained():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 3))
    net = symloss.Regressor([3, (4, "prelu"), (4, "maxout:2"), 1])
    before = {p.name: p.get_value() for p in net.params}
    net.train([x, np.abs(x[:, :1])], algo="sgd", epochs=2, verbose=0)
    for p in net.params:
        assert not np.array_equal(before[p.name], p.get_value()), p.name


def test_a_function_is_an_activation():
    net = symloss.Regressor([3, (4, lambda x: 2 * x), 1])
    got = net.feed_forward(np.ones((2, 3)))
    np.testing.assert_allclose(got["hid1:out"], 2 * got["hid1:pre"])


def test_an_own_activation_by_name(registered):
    @symloss.activations.activation("cubed")
    def cube(x):
        return x**3

    got = symloss.Regressor([3, (4, "cubed"), 1]).feed_forward(np.ones((2, 3)))
    np.testing.assert_allclose(got["hid1:out"], got["hid1:pre"] ** 3)


def test_an_own_activation_by_subclassing_is_found_by_its_name_trained_and_saved(registered, tmp_path):
    class Bent(symloss.Activation):
        """x above 0, leak * x below."""

        aliases = ("bow",)

        def __call__(self, x, leak=0.5):
            return pt.switch(x > 0, x, leak * x)

    x = np.random.default_rng(0).normal(size=(30, 3))
    net = symloss.Regressor([3, (4, "bent"), (4, "tanh+bow"), 1])
    before = net.feed_forward(x)
    np.testing.assert_allclose(before["hid1:out"], np.where(before["hid1:pre"] > 0, 1, 0.5) * before["hid1:pre"])
    net.train([x, np.abs(x[:, :1])], algo="sgd", learning_rate=0.1, epochs=3, verbose=0)
    assert (net.find("hid1", "leak").get_value() != 0.5).any()
    net.save(tmp_path / "bent.safetensors")
    again = symloss.load(tmp_path / "bent.safetensors")
    np.testing.assert_array_equal(again.predict(x), net.predict(x))
    assert again.layers[1].activate.name == "bent" and again.find("hid2", "leak").get_value().shape == (4,)


def test_a_subclass_of_an_activation_makes_parameters_of_any_shape_and_start(registered):
    class Lines(symloss.Activation):
        def setup(self):
            self.slope = self.add("slope", self.rng.normal(size=(self.size, 2)))
            self.shift = self.add("shift", 1.0)

        def __call__(self, x):
            return (x[..., None] * self.slope).max(axis=-1) + self.shift

    net = symloss.Regressor([3, (4, Lines), (5, "lines+lines"), 1])
    assert [p.name for p in net.params if p.name.startswith("hid2.s")] == [
        "hid2.slope", "hid2.shift", "hid2.slope2", "hid2.shift3"]
    slope = net.find("hid1", "slope").get_value()
    assert slope.shape == (4, 2) and net.find("hid1", "shift").get_value().tolist() == [1.0] * 4
    got = net.feed_forward(np.ones((2, 3)))
    np.testing.assert_allclose(got["hid1:out"], (got["hid1:pre"][..., None] * slope).max(-1) + 1)
    net.train([np.ones((4, 3)), np.zeros((4, 1))], epochs=1, verbose=0)


def test_an_activation_class_defined_again_takes_its_own_place_alone(registered):
    for factor in (2, 3):
        class Times(symloss.Activation):
            aliases = ("multiplied",)
            by = factor

            def __call__(self, x):
                return self.by * x

    class More(Times):
        by = 5

    for name, by in (("times", 3), ("multiplied", 3), ("more", 5)):
        got = symloss.Regressor([3, (4, name), 1]).feed_forward(np.ones((2, 3)))
        np.testing.assert_allclose(got["hid1:out"], by * got["hid1:pre"])
    with pytest.raises(symloss.SpecError, match="'ReLU': the name 'ReLU' is taken by 'relu'"):
        class ReLU(symloss.Activation):
            pass


def test_an_activation_that_computes_nothing_says_what_is_wanted(registered):
    class Idle(symloss.Activation):
        pass

    class Silent(symloss.Activation):
        def __call__(self, x):
            x + 1

    @symloss.activations.activation()
    def startless(x, slope, bend=None):
        return slope * x

    for activation, message in {
        "idle": r"Idle: the class computes nothing. Override __call__",
        "silent": r"Silent: the function returned None, but it must return an expression of x",
        "startless": r"startless: the default of slope is not a number.*slope=0.25",
        lambda x: 3.0: r"<lambda>: the function returned 3.0, but it must return an expression",
        lambda x: x.mean(): r"<lambda>: the function returned 0 axes, but x has 2. Keep the shape of x",
    }.items():
        with pytest.raises(symloss.SymlossError, match=message):
            symloss.Regressor([3, (4, activation), 1])


def test_names_of_functions_are_left_alone():
    """Two names for one function show as the user wrote them."""
    net = symloss.Regressor([3, (4, "rect:max"), (4, "relu"), 1])
    assert [la.activate.name for la in net.layers[1:3]] == ["rect:max", "relu"]


@pytest.mark.parametrize("name", ["+".join(["relu"] * 20_000), "maxout:" + "9" * 20_000], ids=["chain", "maxout"])
def test_names_without_end_do_not_hold_a_model_up(name):
    with pytest.raises(symloss.SpecError, match="at most") as caught:
        symloss.Regressor([2, {"size": 3, "activation": name}, 1])
    assert len(str(caught.value)) < 200
