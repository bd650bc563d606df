"""What is known of gradients before anything is compiled."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import disconnected_grad

from symloss.compiling import function, gradients, resolve

W = pytensor.shared(np.ones(3), name="w")
X = pt.vector()

FLAT = {
    "comparison": lambda w: (w > 0).mean(),
    "comparison as float": lambda w: pt.gt(w, 0).astype("float64").sum(),
    "round": lambda w: pt.round(w).sum(),
    "floor": lambda w: pt.floor(w * 2).sum(),
    "ceil": lambda w: pt.ceil(w).sum(),
    "sign": lambda w: pt.sign(w).sum(),
    "argmax": lambda w: pt.argmax(w).astype("float64"),
    "integer": lambda w: w.astype("int64").sum().astype("float64"),
    "constant": lambda w: disconnected_grad(w).sum(),
    "condition": lambda w: pt.switch(w > 0, 1.0, 2.0).sum(),
    "shape": lambda w: w.shape[0].astype("float64"),
    "elsewhere": lambda w: X.sum(),
}

STEEP = {
    "square": lambda w: pt.sqr(w).sum(),
    "one of two branches": lambda w: pt.switch(w > 0, w, 2.0).sum(),
    "through a comparison and beside it": lambda w: ((w > 0) * w).sum(),
    "indexed": lambda w: w[X.argmax()],
    "scaled by a count": lambda w: w.sum() / w.shape[0],
    "max": lambda w: w.max(),
}


@pytest.mark.parametrize("name", FLAT)
def test_what_no_gradient_reaches(name):
    assert W not in gradients.reachable(pt.as_tensor(FLAT[name](W)))


@pytest.mark.parametrize("name", STEEP)
def test_what_a_gradient_reaches(name):
    assert W in gradients.reachable(STEEP[name](W))


@pytest.mark.parametrize(("limit", "factor"), [(1.0, 0.1), (10.0, 1.0), (100.0, 1.0)])
def test_the_norm_is_that_of_all_gradients_together(limit, factor):
    slopes = {"a": pt.as_tensor([6.0, 0.0]), "b": pt.as_tensor([[8.0]])}
    clipped = gradients.max_gradient_norm(slopes, limit)
    a, b = function([], list(clipped.values()), resolve("PYTHON"))()
    np.testing.assert_allclose([*a, *b.ravel()], np.array([6, 0, 8]) * factor)


def test_gradients_of_zero_stay_zero_under_a_norm():
    clipped = gradients.max_gradient_norm({"a": pt.zeros(3)}, 1.0)
    assert function([], [clipped["a"]], resolve("PYTHON"))()[0].tolist() == [0, 0, 0]


def test_products_with_the_hessian_are_true_ones():
    """For a quadratic form, H v can be told from v."""
    h = np.array([[2.0, 1.0], [1.0, 3.0]])
    w = pytensor.shared(np.ones(2), name="w")
    slopes = {w: pytensor.grad(0.5 * pt.dot(w, pt.dot(h, w)), w)}
    products, changes = gradients.hessian_vector(slopes, [w], seed=0)
    run = function([], [products[w]], resolve("PYTHON"), updates=changes)
    rng = np.random.default_rng([0, 7, 0])
    for _ in range(3):
        np.testing.assert_allclose(run()[0], h @ rng.normal(size=2))
