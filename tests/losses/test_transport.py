"""Entropic optimal transport against linear programming, and the gradient that holds the plan still."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.optimize
from scipy.spatial.distance import cdist

import symloss
from symloss.losses import reduce, sinkhorn

from .case import compiled


def program(costs, a, b):
    """Return the least cost of moving the weights `a` of the rows to the weights `b` of the columns."""
    n, m = costs.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    found = scipy.optimize.linprog(costs.ravel(), A_eq=np.vstack([rows, columns])[:-1], b_eq=np.append(a, b)[:-1])
    return found.fun


def transport(prediction, target, weights=None, mode="FAST_COMPILE", dtype="float64", **options):
    """Return the weighted mean of the loss, and its gradient by the prediction."""
    p, t, w = (pt.tensor(name=name, dtype=dtype, shape=(None,) * n) for name, n in (("p", 2), ("t", 2), ("w", 1)))
    total = reduce(sinkhorn(p, t, weights=w, **options), weights=w)
    function = compiled([p, t, w], [total, pytensor.grad(total, p)], mode)
    weights = np.ones(len(prediction)) if weights is None else weights
    return function(*(np.asarray(a, dtype) for a in (prediction, target, weights)))


@pytest.fixture
def samples(rng):
    return rng.normal(size=(6, 2)), rng.normal(size=(6, 2)) + [1.5, 0]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("metric, options", [
    ("sqeuclidean", {}), ("euclidean", {"power": 1.0}), ("cityblock", {"norm": 1.0, "power": 1.0})])
def test_near_epsilon_0_the_cost_is_that_of_the_linear_program(samples, rng, metric, options, weighted):
    w = rng.uniform(0.5, 2, 6) if weighted else np.ones(6)
    a = w / w.sum()
    exact = program(cdist(*samples, metric), a, a)
    found, _ = transport(*samples, w, epsilon=1e-3, iterations=400, **options)
    # the entropic plan costs at least as much, and at most by epsilon times the entropy of the plan
    assert exact - 1e-6 <= found <= exact + 1e-3 * 2 * np.log(6)
    assert transport(*samples, w, epsilon=1.0, **options)[0] > found + 1e-3


@pytest.mark.parametrize("options", [{}, {"debiased": True}, {"debiased": True, "power": 1.0}])
def test_gradient_is_that_of_the_least_cost_once_it_has_converged(samples, rng, options):
    p, t = samples
    w, options = rng.uniform(0.5, 2, 6), options | {"epsilon": 0.7, "iterations": 100}
    _, slope = transport(p, t, w, **options)
    inputs = [pt.dmatrix(), pt.dmatrix(), pt.dvector()]
    value = compiled(inputs, [reduce(sinkhorn(*inputs[:2], weights=inputs[2], **options), weights=inputs[2])])
    for along in rng.normal(size=(4, *p.shape)):
        expected = (value(p + 1e-4 * along, t, w)[0] - value(p - 1e-4 * along, t, w)[0]) / 2e-4
        np.testing.assert_allclose((slope * along).sum(), expected, rtol=1e-6, atol=1e-8)


def test_debiased_is_0_for_equal_samples_and_more_for_all_others(samples, rng):
    p, t = samples
    options = {"debiased": True, "epsilon": 0.5, "iterations": 300}
    value, slope = transport(t[::-1], t, **options)
    assert abs(value) < 1e-10 and np.abs(slope).max() < 1e-8
    assert transport(t, t, epsilon=0.5)[0] > 0.1
    for size in (1e-3, 1e-2, 0.1, 1.0):
        assert transport(t + size * rng.normal(size=t.shape), t, **options)[0] > 0
    assert transport(p, t, **options)[0] > 0


def test_large_epsilon_is_half_the_energy_distance(samples):
    p, t = samples
    energy = symloss.evaluate.value("energy_distance", p, t).mean()
    found, _ = transport(p, t, power=1.0, epsilon=1e5, debiased=True)
    np.testing.assert_allclose(found, energy / 2, rtol=1e-3)


@pytest.mark.parametrize("wrong", [0, -3, 2.5])
def test_iterations_that_are_no_count_are_refused(wrong):
    with pytest.raises(symloss.SpecError, match=r"iterations=.*integer of at least 1"):
        sinkhorn(pt.matrix(), pt.matrix(), iterations=wrong)


def test_single_precision_gives_the_same(samples):
    """JAX, which compiles it, has it in tests/losses/test_modes.py with all other losses."""
    expected = transport(*samples)
    found = transport(*samples, dtype="float32")
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_rounding_between_a_row_and_itself_has_no_slope(rng):
    """In single precision it had one, which was as large as the gradient itself."""
    points, others = rng.normal(size=(60, 8)).astype("float32"), rng.normal(size=(60, 8)).astype("float32")
    slopes = {}
    for dtype in ("float32", "float64"):
        p, t = pt.matrix(dtype=dtype), pt.matrix(dtype=dtype)
        values = symloss.losses.get("energy_distance").function(p, t)
        slopes[dtype] = pytensor.function([p, t], pytensor.grad(values.mean(), p), mode="FAST_COMPILE")(
            points.astype(dtype), others.astype(dtype))
    np.testing.assert_allclose(slopes["float32"], slopes["float64"], atol=1e-6 * np.abs(slopes["float64"]).max())
