"""What weights count for, whatever their shape, size and sign."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import metrics
from symloss.losses import fraction, reduce

VALUES = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def tensor(name, *shape, dtype="float64"):
    return pt.tensor(name=name, dtype=dtype, shape=shape)


@pytest.mark.parametrize("shape", [(None, None), (None, 3), (2, 3)])
@pytest.mark.parametrize("weights, expected", [
    ([[1.0], [1.0]], 3.5), ([[1.0], [3.0]], 17 / 4), ([[1.0, 0.0, 1.0]], 3.5), ([[2.0]], 3.5), ([1.0, 3.0], 17 / 4),
])
@pytest.mark.parametrize("through", ["weights", "mask"])
def test_column_of_weights_counts_once_for_each_value_of_its_row(shape, weights, expected, through):
    v = tensor("v", *shape)
    if through == "mask":
        weights, expected = (np.asarray(weights) > 1.5) * 1.0, {3.5: 3.5, 17 / 4: 5.0}[expected]
        expected = expected if weights.any() else 0.0
    found = reduce(v, **{through: np.asarray(weights)}).eval({v: VALUES})
    np.testing.assert_allclose(found, expected)


def test_column_of_weights_counts_once_for_each_value_of_its_row_in_metrics():
    p, t, w = tensor("p", None, None), tensor("t", None, None), tensor("w", None, 1)
    found = metrics.root_squared_error(p, t, w)
    sums = found.parts[0].eval({p: VALUES, t: np.zeros((2, 3)), w: [[1.0], [0.0]]})
    np.testing.assert_allclose(found.finish(sums), np.sqrt(14 / 3))


@pytest.mark.parametrize("dtype, huge", [("float64", 1e308), ("float32", 2e38)])
@pytest.mark.parametrize("items", [1, 200])
@pytest.mark.filterwarnings("ignore:overflow")  # of PyTensor, which sums constants to know them again
def test_weights_whose_sum_overflows_are_weights_all_the_same(dtype, huge, items):
    v = tensor("v", None, dtype=dtype)
    values = np.full(items, 3.0, dtype)
    found = reduce(v, np.full(items, huge, dtype)).eval({v: values})
    assert found.dtype == dtype
    np.testing.assert_allclose(found, 3, rtol=2 * np.finfo(dtype).eps)
    assert reduce(v, np.full(items, np.nan)).eval({v: values}) != 3


@pytest.mark.parametrize("weights, expected", [([1.0, 3.0], 3.25), ([1.0, -3.0], (1 - 12) / 4), ([2.0, -2.0], -1.5)])
def test_negative_weights_are_divided_by_the_sum_of_their_sizes(weights, expected):
    v = tensor("v", None)
    found = reduce(v, np.array(weights), negative=True).eval({v: [1.0, 4.0]})
    assert found == expected
    numerator, denominator = fraction(v, np.array(weights), negative=True)
    assert numerator.eval({v: [1.0, 4.0]}) / denominator.eval() == expected
    counts = np.array([2.0, 1.0])
    _, denominator = fraction(v, np.array(weights), counts=counts, negative=True)
    assert denominator.eval() == np.abs(weights) @ counts


def test_weights_of_another_length_are_still_refused():
    with pytest.raises(symloss.ShapeError, match=r"\(2, 2\).*\(2, 3\)"):
        reduce(tensor("v", 2, 3), np.ones((2, 2)))
