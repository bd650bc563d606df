"""A softmax of one column, whose every rewriting once left the old logarithm in the graph, to be found again."""

import numpy as np
import pytensor.tensor as pt
import pytest

from symloss.metrics import perplexity
from symloss.stability.rewriting import stabilise


@pytest.mark.parametrize("axis, shape", [(-1, (None, 1)), (0, (1, None)), (-1, (None, None, 1))])
@pytest.mark.parametrize("function", [pt.log, lambda p: pt.log1p(-p), lambda p: pt.log(1 - p)])
def test_logarithm_of_one_softmax_column_ends(function, axis, shape):
    x = pt.tensor("x", dtype="float64", shape=shape)
    (found,), applied = stabilise([function(pt.special.softmax(x, axis=axis))])
    assert len(applied) == 1 and found.type.broadcastable == x.type.broadcastable
    value = found.eval({x: np.full([2 if n is None else n for n in shape], 3.0)}, mode="FAST_COMPILE")
    assert np.all(value == (0 if function is pt.log else -np.inf))


def test_perplexity_of_one_softmax_column_ends():
    x, t = pt.tensor("x", dtype="float64", shape=(None, 1)), pt.tensor("t", dtype="float64", shape=(None, 1))
    figure = perplexity(pt.special.softmax(x, axis=-1), t)
    parts, _ = stabilise(list(figure.parts))
    sums = parts[0].eval({x: np.ones((3, 1)), t: np.ones((3, 1))}, mode="FAST_COMPILE")
    assert figure.finish(sums) == 1
