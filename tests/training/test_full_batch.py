"""Full-batch methods of scipy with exact second derivatives."""

import numpy as np
import pytest

import symloss
from symloss.compiling import FullBatch, resolve
from symloss.objective import Objective


def data():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 4))
    return x, x @ rng.normal(size=(4, 2)) + 0.3


@pytest.mark.parametrize("algo", ["lbfgs", "cg", "trust-ncg"])
def test_least_squares_end_at_the_exact_solution(algo):
    x, y = data()
    net = symloss.Regressor([4, 2])
    net.train([x, y], algo=algo, epochs=200, patience=None, verbose=0, tolerance=1e-9)
    exact = np.linalg.lstsq(np.c_[x, np.ones(50)], y, rcond=None)[0]
    np.testing.assert_allclose(net.find("out", "w").get_value(), exact[:4], atol=1e-5)
    np.testing.assert_allclose(net.find("out", "b").get_value(), exact[4], atol=1e-5)
    assert net.history[-1]["stopped"]


def test_the_product_with_the_hessian_is_that_of_finite_differences():
    x, y = data()
    net = symloss.Regressor([4, (3, "tanh"), 2])
    step = FullBatch(Objective(net.graph, net.losses), resolve("PYTHON"))
    step.load([x, y])
    at, rng = step.get(), np.random.default_rng(2)
    direction = rng.normal(size=at.size)
    exact = step.product(at, direction)
    slopes = [step.value_and_gradient(at + sign * 1e-5 * direction)[1] for sign in (1, -1)]
    np.testing.assert_allclose(exact, (slopes[0] - slopes[1]) / 2e-5, rtol=1e-6, atol=1e-8)


def test_the_best_validated_iteration_stays():
    x, y = data()
    net = symloss.Regressor([4, (20, "tanh"), 2])
    net.train([x[:10], y[:10]], [x[10:], y[10:]], algo="lbfgs", epochs=100, patience=3, verbose=0)
    best = min(net.history.column("valid_loss"))
    np.testing.assert_allclose(((net.predict(x[10:]) - y[10:]) ** 2).mean(), best, rtol=1e-6)


def test_frozen_parameters_stay():
    x, y = data()
    net = symloss.Regressor([4, (3, "tanh"), 2])
    before = net.find("hid1", "w").get_value()
    net.train([x, y], algo="lbfgs", epochs=3, freeze="hid1", verbose=0)
    assert np.array_equal(net.find("hid1", "w").get_value(), before)


@pytest.mark.parametrize("options, words", [({"batch_size": 8}, "batch_size"), ({"resume": True}, "resume"),
                                            ({"max_gradient_norm": 1.0}, "max_gradient_norm"),
                                            ({"learning_rate": 0.1}, "learning_rate")])
def test_what_makes_no_sense_on_the_full_batch_is_refused(options, words):
    with pytest.raises(symloss.SymlossError, match=words):
        symloss.Regressor([4, 2]).train(data(), algo="lbfgs", verbose=0, **options)


def test_a_stream_is_refused():
    with pytest.raises(symloss.SpecError, match="in memory"):
        symloss.Regressor([4, 2]).train(lambda: data(), algo="lbfgs", verbose=0)


def test_second_derivatives_that_are_not_finite_are_told():
    x, _ = data()

    def steep(p, t):
        return abs(p - t) ** 1.5

    net = symloss.Regressor([x.shape[1], 1], loss=steep, mode="PYTHON")
    with pytest.raises(symloss.TrainingError, match="second derivatives are not finite. Use algo='lbfgs'"):
        y = np.where(np.arange(len(x))[:, None] % 2, net.predict(x), 1.0)
        net.train([x, y], algo="trust-ncg", epochs=3, verbose=0)
