"""Rewrites for C: the same numbers, at a price that goes with the depth of a graph."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.graph.features import History

import symloss
from symloss.compiling import function, resolve


def reverts(monkeypatch, depth):
    """How often a rewrite of a training step with so many layers is taken back, which costs a pass over the graph."""
    count, revert = [], History.revert
    monkeypatch.setattr(History, "revert", lambda *a, **k: (count.append(1), revert(*a, **k))[1])
    net = symloss.Regressor([4, *[4] * depth, 2], mode="PYTHON")
    slopes = pytensor.grad(net.losses[0](net.graph.outputs()[0]), net.params)
    changes = {p: p - 0.1 * g for p, g in zip(net.params, slopes, strict=True)}
    pytensor.function(net.variables, [], updates=changes, mode=Mode("py", resolve("CVM").mode.optimizer))
    monkeypatch.undo()
    return len(count)


@pytest.mark.cvm
def test_rewrites_that_fail_do_not_grow_faster_than_depth(monkeypatch):
    assert reverts(monkeypatch, 16) <= 2.5 * reverts(monkeypatch, 8) + 20


@pytest.mark.cvm
@pytest.mark.parametrize("shape", [(None, None), (None, 3), (5, None), (5, 3)], ids=str)
def test_column_sums_are_right_whatever_is_known_of_the_shape(shape):
    x, values = pt.tensor("x", shape=shape), np.random.default_rng(0).normal(size=(5, 3))
    found = function([x], [(x * 2).sum(axis=0), x.T.sum(axis=0)], resolve("CVM"))(values.astype(x.dtype))
    np.testing.assert_allclose(found[0], 2 * values.sum(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found[1], values.sum(axis=1), rtol=1e-6)
