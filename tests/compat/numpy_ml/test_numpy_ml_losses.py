"""Losses of numpy_ml: its numbers, independent formulas, finite differences; and where its numbers are wrong."""

import numpy as np
import pytensor
import pytest

from symloss.compat import numpy_ml
from symloss.compat.numpy_ml import compiled
from symloss.compat.numpy_ml.neural_nets.activations import ActivationBase, Sigmoid, Tanh
from symloss.compat.numpy_ml.neural_nets.initializers import ActivationInitializer
from symloss.compat.numpy_ml.neural_nets.layers import Softmax
from symloss.compat.numpy_ml.neural_nets.losses import CrossEntropy, ObjectiveBase, SquaredError, VAELoss, WGAN_GPLoss

TIGHT = {"rtol": 1e-10, "atol": 1e-10}
rng = np.random.default_rng(1)


def softmax(z):
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def bernoulli(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


# ------------------------------------------------------------------------------------------ squared error


def test_squared_error_is_that_of_numpy_ml_and_of_sklearn(golden):
    case = golden["losses"]["SquaredError"]
    y, z, p = (np.array(case[name]) for name in ("y", "z", "y_pred"))
    np.testing.assert_allclose(SquaredError()(y, p), case["loss"], **TIGHT)
    np.testing.assert_allclose(SquaredError.loss(y, p), case["sklearn"], **TIGHT)
    np.testing.assert_allclose(SquaredError.grad(y, p, z, Tanh()), case["grad"], **TIGHT)


@pytest.mark.parametrize("shape", [(1, 2), (40, 3), (7, 30), (2, 3, 4, 5), (6,)])
def test_squared_error_of_random_arrays(shape):
    y, p = rng.normal(size=shape) * 300, rng.normal(size=shape) * 300
    found = SquaredError()(y, p)
    assert isinstance(found, float)
    np.testing.assert_allclose(found, 0.5 * ((p - y) ** 2).sum(), **TIGHT)
    assert SquaredError()(y, y) == 0


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "exponential", "identity", "selu", "hard sigmoid",
                                  "relu", "affine(slope=2, intercept=1)", "leaky relu(alpha=0.2)", "elu(alpha=0.5)",
                                  "gelu(approximate=True)", "gelu(approximate=False)"])
def test_gradient_of_squared_error_is_by_the_input_of_the_activation(name, slope):
    act = ActivationInitializer(name)()
    y, z = np.random.default_rng(2).normal(size=(2, 3, 4))  # the same in any order of tests: some have kinks
    found = SquaredError.grad(y, act.fn(z), z, act)
    np.testing.assert_allclose(found, slope(lambda z: SquaredError.loss(y, act.fn(z)), z, 1e-4), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found, (act.fn(z) - y) * act.grad(z), **TIGHT)


def test_an_activation_of_the_users_own_is_taken_with_its_own_derivative(slope):
    class Cube(ActivationBase):
        def fn(self, z):
            return z**3

        def grad(self, x):
            return 3 * x**2

    y, z = rng.normal(size=(2, 3, 4))
    found = SquaredError.grad(y, z**3, z, Cube())
    np.testing.assert_allclose(found, slope(lambda z: 0.5 * ((z**3 - y) ** 2).sum(), z), rtol=1e-8, atol=1e-8)


# ------------------------------------------------------------------------------------------ cross-entropy


def test_cross_entropy_is_that_of_numpy_ml_and_of_sklearn(golden):
    case = golden["losses"]["CrossEntropy"]
    y, p = np.array(case["y"]), np.array(case["y_pred"])
    np.testing.assert_allclose(CrossEntropy()(y, p), case["loss"], **TIGHT)
    np.testing.assert_allclose(CrossEntropy.loss(y, p), case["sklearn"], **TIGHT)
    np.testing.assert_allclose(CrossEntropy.grad(y, p), case["grad"], **TIGHT)


@pytest.mark.parametrize(("n", "m"), [(1, 2), (300, 5), (4, 90)])
def test_cross_entropy_of_random_arrays(n, m):
    y, p = np.eye(m)[rng.integers(0, m, n)], softmax(rng.normal(size=(n, m)) * 3)
    np.testing.assert_allclose(CrossEntropy()(y, p), -np.log(p[y == 1]).sum(), **TIGHT)
    np.testing.assert_allclose(CrossEntropy.grad(y, p), p - y, **TIGHT)


def test_gradient_of_cross_entropy_goes_through_the_softmax(slope):
    y, z = np.eye(4)[[0, 3, 3]], rng.normal(size=(3, 4))
    found = CrossEntropy.grad(y, Softmax().forward(z))
    np.testing.assert_allclose(found, slope(lambda z: CrossEntropy.loss(y, softmax(z)), z), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(found, softmax(z) - y, **TIGHT)


def test_cross_entropy_of_a_sure_prediction_is_0_and_not_below():
    y = np.eye(3)[[0, 2]]
    value = CrossEntropy()(y, y)
    assert value == 0 and not np.signbit(value)  # numpy_ml: -4.4e-16
    np.testing.assert_allclose(CrossEntropy.grad(y, y), np.zeros((2, 3)), atol=1e-300)


def test_cross_entropy_has_no_floor_at_machine_precision():
    """numpy_ml adds 2.2e-16 within the logarithm: 36.04 for all smaller probabilities."""
    for p in (1e-20, 1e-300):
        np.testing.assert_allclose(CrossEntropy()([[1.0, 0.0]], [[p, 1.0]]), -np.log(p), **TIGHT)
    assert 700 < CrossEntropy()([[1.0, 0.0]], [[0.0, 1.0]]) < 710
    np.testing.assert_allclose(CrossEntropy.grad([[1.0, 0.0]], [[0.0, 1.0]]), [[-1, 1]], **TIGHT)


# ------------------------------------------------------------------------------------------ variational bound


def test_vae_loss_is_that_of_numpy_ml(golden):
    case = golden["losses"]["VAELoss"]
    ports = [np.array(port) for port in case["ports"]]
    np.testing.assert_allclose(VAELoss()(*ports), case["loss"], **TIGHT)
    for found, wanted in zip(VAELoss.grad(*ports), case["grad"], strict=True):
        np.testing.assert_allclose(found, wanted, **TIGHT)


def images(n, pixels, codes):
    return rng.uniform(size=(n, pixels)), rng.uniform(0.05, 0.95, size=(n, pixels)), *rng.normal(size=(2, n, codes))


@pytest.mark.parametrize(("n", "pixels", "codes"), [(1, 4, 2), (9, 100, 8)])
def test_vae_loss_of_random_arrays(n, pixels, codes):
    y, p, mean, log_var = images(n, pixels, codes)
    divergence = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    wanted = (bernoulli(y, p).sum(axis=1) + divergence).mean()
    np.testing.assert_allclose(VAELoss()(y, p, mean, log_var), wanted, **TIGHT)


def test_gradients_of_the_bound_by_finite_differences(slope):
    y, p, mean, log_var = images(3, 5, 2)
    by_p, by_log_var, by_mean = VAELoss.grad(y, p, mean, log_var)
    np.testing.assert_allclose(by_p, slope(lambda x: VAELoss.loss(y, x, mean, log_var), p, 1e-4), rtol=1e-7)
    np.testing.assert_allclose(by_log_var, slope(lambda x: VAELoss.loss(y, p, mean, x), log_var), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(by_mean, slope(lambda x: VAELoss.loss(y, p, x, log_var), mean), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("p", [1e-17, 1e-30, 1e-200])
def test_gradient_of_a_small_probability_is_that_of_the_value(p, slope):
    """numpy_ml clips at 2.2e-16: its value does not move there, and its gradient is -4.5e15 all the same."""
    code = np.zeros((1, 1))
    found = VAELoss.grad([[1.0]], [[p]], code, code)[0]
    np.testing.assert_allclose(found, slope(lambda x: VAELoss.loss([[1.0]], x, code, code), [[p]], p / 50), rtol=1e-6)
    np.testing.assert_allclose(VAELoss.loss([[1.0]], [[p]], code, code), -np.log(p), **TIGHT)


def test_certain_pixels_that_are_right_cost_nothing_and_keep_their_slope():
    code = np.zeros((1, 1))
    y = np.array([[0.0, 1.0]])
    assert VAELoss.loss(y, y, code, code) == 0
    np.testing.assert_array_equal(VAELoss.grad(y, y, code, code)[0], [[1, -1]])
    step = 1e-6  # from 0 upwards, from 1 downwards
    for place, sign in ((0, 1), (1, -1)):
        moved = y.copy()
        moved[0, place] += sign * step
        np.testing.assert_allclose(VAELoss.loss(y, moved, code, code) / (sign * step), sign, rtol=1e-5)


def test_certain_pixels_that_are_wrong_have_a_finite_loss_and_slope():
    code = np.zeros((1, 1))
    y, p = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    by_p = VAELoss.grad(y, p, code, code)[0]
    assert 1400 < VAELoss.loss(y, p, code, code) < 1420
    assert np.isfinite(by_p).all() and by_p[0, 0] < 0 < by_p[0, 1]
    assert (by_p * p * (1 - p) == 0).all()  # through the sigmoid


# ------------------------------------------------------------------------------------------ Wasserstein


def test_wgan_loss_is_that_of_numpy_ml_and_the_signs_of_its_gradients_are_not(golden):
    case = golden["losses"]["WGAN_GPLoss"]
    fake, real, slopes = (np.array(port) for port in case["ports"])
    loss = WGAN_GPLoss(lambda_=4)
    np.testing.assert_allclose(loss(fake, "C", real, slopes), case["critic"], **TIGHT)
    np.testing.assert_allclose(loss(fake, "G"), case["generator"], **TIGHT)
    np.testing.assert_allclose(loss.grad(fake, "G"), case["generator grad"], **TIGHT)
    by_fake, by_real, by_slopes = loss.grad(fake, "C", real, slopes)
    theirs = [np.array(one) for one in case["critic grad"]]
    np.testing.assert_allclose(by_fake, -theirs[0], **TIGHT)
    np.testing.assert_allclose(by_real, -theirs[1], **TIGHT)
    np.testing.assert_allclose(by_slopes, theirs[2], **TIGHT)
    assert str(loss) == case["str"]


@pytest.mark.parametrize("shapes", [((5,), (5,), (5, 3)), ((3,), (6,), (4, 2)), ((3, 1), (2, 1), (7, 1))])
@pytest.mark.parametrize("lambda_", [0, 10, 2.5])
def test_gradients_of_the_critic_by_finite_differences(shapes, lambda_, slope):
    """Also where generated, real and interpolated examples differ in number: each mean has its own divisor."""
    fake, real, slopes = (rng.normal(size=shape) for shape in shapes)
    loss = WGAN_GPLoss(lambda_)
    wanted = fake.mean() - real.mean() + lambda_ * ((np.linalg.norm(slopes, axis=1) - 1) ** 2).mean()
    np.testing.assert_allclose(loss(fake, "C", real, slopes), wanted, **TIGHT)
    by_fake, by_real, by_slopes = loss.grad(fake, "C", Y_real=real, gradInterp=slopes)
    assert (by_fake.shape, by_real.shape, by_slopes.shape) == shapes
    np.testing.assert_allclose(by_fake, slope(lambda x: loss(x, "C", real, slopes), fake), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(by_real, slope(lambda x: loss(fake, "C", x, slopes), real), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(by_slopes, slope(lambda x: loss(fake, "C", real, x), slopes), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(loss.grad(fake, "G"), slope(lambda x: loss(x, "G"), fake), rtol=1e-8, atol=1e-9)


def test_a_step_down_the_critics_gradient_lowers_its_loss():
    fake, real, slopes = rng.normal(size=4), rng.normal(size=4), rng.normal(size=(4, 3))
    loss = WGAN_GPLoss()
    by_fake, by_real, by_slopes = loss.grad(fake, "C", real, slopes)
    moved = loss(fake - 0.01 * by_fake, "C", real - 0.01 * by_real, slopes - 0.01 * by_slopes)
    assert moved < loss(fake, "C", real, slopes)
    assert (by_fake > 0).all() and (by_real < 0).all()


def test_penalty_of_a_gradient_of_0_has_no_slope():
    loss = WGAN_GPLoss(3)
    assert loss([0.0], "C", [0.0], [[0.0, 0.0]]) == 3
    np.testing.assert_array_equal(loss.grad([0.0], "C", [0.0], [[0.0, 0.0]])[2], [[0, 0]])


def test_lambda_may_be_changed():
    loss = WGAN_GPLoss()
    assert loss([0.0], "C", [0.0], [[3.0]]) == 40
    loss.lambda_ = 1
    assert loss([0.0], "C", [0.0], [[3.0]]) == 4


# ------------------------------------------------------------------------------------------ all of them


def calls(n, m):
    """Return calls of everything, on arrays of n rows."""
    y, z = rng.normal(size=(2, n, m))
    hot, p = np.eye(m)[rng.integers(0, m, n)], softmax(rng.normal(size=(n, m)))
    ports = images(n, m, 2)
    return [(SquaredError().loss, (y, np.tanh(z))), (SquaredError.grad, (y, np.tanh(z), z, Tanh())),
            (CrossEntropy.loss, (hot, p)), (CrossEntropy.grad, (hot, p)), (VAELoss.loss, ports), (VAELoss.grad, ports),
            (WGAN_GPLoss().loss, (y[:, 0], "C", y[:, 1], z)), (WGAN_GPLoss().grad, (y[:, 0], "C", y[:, 1], z)),
            (WGAN_GPLoss(5).loss, (y[:, 0], "G")), (WGAN_GPLoss(2).grad, (y[:, 0], "G"))]


def test_each_function_is_compiled_once_for_all_sizes_and_objects():
    for function, arguments in calls(4, 3):
        function(*arguments)
    kept = set(compiled._compiled.cache)
    for function, arguments in calls(9, 6):
        function(*arguments)
    assert set(compiled._compiled.cache) == kept


@pytest.mark.parametrize("mode", ["C"])
def test_compiled_to_c_they_are_the_same(mode):
    cases = calls(5, 4)
    plain = [function(*arguments) for function, arguments in cases]
    with pytensor.config.change_flags(mode="FAST_RUN"):  # which is C
        fast = [function(*arguments) for function, arguments in cases]
    for one, other in zip(plain, fast, strict=True):
        for a, b in zip(one if isinstance(one, tuple) else [one], other if isinstance(other, tuple) else [other],
                        strict=True):
            np.testing.assert_allclose(a, b, **TIGHT)


def test_float32_stays_float32_and_lists_and_integers_are_float64():
    y, p = np.eye(3)[[0, 1]], softmax(rng.normal(size=(2, 3)))
    assert CrossEntropy.grad(y.astype("float32"), p.astype("float32")).dtype == "float32"
    assert CrossEntropy.loss(y.astype("float32"), p.astype("float32")).dtype == "float32"
    assert CrossEntropy.grad(y.astype(int), p.astype("float32")).dtype == "float32"
    assert CrossEntropy.grad(y.astype(int), p.tolist()).dtype == "float64"
    assert SquaredError()([[1, 2]], [[0, 0]]) == 2.5
    np.testing.assert_allclose(CrossEntropy.loss(y.astype(bool), p), CrossEntropy.loss(y, p), **TIGHT)


def test_arguments_are_left_alone():
    y, p, mean, log_var = images(3, 4, 2)
    p[0, 0] = 0
    before = [array.copy() for array in (y, p, mean, log_var)]
    VAELoss.grad(y, p, mean, log_var)
    for array, old in zip((y, p, mean, log_var), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_names_are_where_numpy_ml_has_them():
    assert numpy_ml.neural_nets.losses.CrossEntropy is CrossEntropy
    from symloss.compat.numpy_ml.neural_nets.losses.losses import NCELoss
    assert numpy_ml.neural_nets.losses.NCELoss is NCELoss
    plain = (SquaredError, CrossEntropy, VAELoss)
    assert [str(loss()) for loss in plain] == ["SquaredError", "CrossEntropy", "VAELoss"]
    assert all(issubclass(loss, ObjectiveBase) for loss in (SquaredError, CrossEntropy, VAELoss, WGAN_GPLoss, NCELoss))


def test_a_loss_of_the_users_own_is_abstract_until_it_has_both_methods():
    class Absolute(ObjectiveBase):
        def loss(self, y_true, y_pred):
            return np.abs(y_true - y_pred).sum()

    with pytest.raises(TypeError, match="grad"):
        Absolute()


def test_softmax_turns_gradients_by_probabilities_into_gradients_by_logits(slope):
    z, weights = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    layer = Softmax()
    np.testing.assert_allclose(layer.forward(z), softmax(z), **TIGHT)
    np.testing.assert_allclose(layer.backward(weights), slope(lambda z: (softmax(z) * weights).sum(), z), atol=1e-9)
    layer.forward(z * 2)
    first, second = layer.backward([weights, weights])
    assert not np.allclose(first, second)
    layer.flush_gradients()
    np.testing.assert_allclose(Softmax(dim=0).forward(z), softmax(z.T).T, **TIGHT)
    np.testing.assert_allclose(layer.forward(np.array([[1000.0, 0.0]])), [[1, 0]], **TIGHT)
    assert layer.hyperparameters["layer"] == "SoftmaxLayer" and layer.hyperparameters["n_out"] == 2
    assert Sigmoid().fn(np.array([0.0])) == 0.5
