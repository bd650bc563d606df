"""Graphs of layers: what depth costs, and for how long their expressions hold."""

import copy
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.tensor.rewriting.shape import ShapeFeature

import symloss
from symloss.layers import Layer
from symloss.layers.graph import Graph
from symloss.regularizers import BernoulliDropout

LOOPS = ["lstm", "gru", "scrn", {"form": "bidirectional", "worker": "rnn"}, {"form": "clockwork", "periods": [1, 2]}]


@pytest.fixture
def shallow():
    """Give Python the room that it has by default, and what it had before back afterwards."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("form", LOOPS, ids=str)
def test_loops_do_not_look_for_shapes_through_all_loops_below(monkeypatch, form):
    looked_at, seen = [], ShapeFeature.on_import
    monkeypatch.setattr(ShapeFeature, "on_import", lambda *a, **k: (looked_at.append(1), seen(*a, **k))[1])
    spec = {"form": form, "size": 4} if isinstance(form, str) else form | {"size": 4}
    costs = []
    for depth in (2, 3, 6):
        looked_at.clear()
        symloss.recurrent.Regressor([2, *[spec] * depth, 1], mode="PYTHON")
        costs.append(len(looked_at))
    assert costs[2] - costs[1] == pytest.approx(3 * (costs[1] - costs[0]), rel=0.05)


def test_expressions_are_made_once_while_nothing_changes():
    graph = Graph([3, 4, 2])
    first = graph.outputs()[0]
    assert graph.outputs()[0]["out:out"] is first["out:out"]
    first.clear()  # it is the caller's own dict
    assert graph.outputs()[0]


@pytest.mark.parametrize("change", [
    lambda la: setattr(la, "activate", pt.tanh),
    lambda la: setattr(la, "bptt_limit", 2),
    lambda la: la.params.update(hh=pytensor.shared(np.zeros((4, 4)))),
])
def test_a_layer_that_changes_makes_new_expressions(change):
    graph = Graph([3, (4, "rnn"), 2], input_ndim=3)
    before = graph.outputs()[0]["out:out"]
    change(graph[1])
    assert graph.outputs()[0]["out:out"] is not before


def test_each_training_has_generators_of_its_own():
    graph, noise = Graph([3, 4, 2]), BernoulliDropout("hid1", 0.5)
    (first,), (second,) = (graph.outputs([noise])[1] for _ in range(2))
    assert first is not second


class Shaking(Layer):
    """A user's layer that draws by a generator of its own."""

    forms = ("shaking",)

    def setup(self, sources):
        self.shape = sources[0].shape

    def connect(self, values):
        rng = pytensor.shared(np.random.default_rng(0))
        rng.default_update, draw = pt.random.normal(size=values[0].shape, rng=rng, return_next_rng=True)
        return {"out": values[0] + draw}


def test_layer_that_draws_by_itself_works_and_is_not_remembered():
    net = symloss.Regressor([3, {"form": "shaking"}, 2], mode="PYTHON")
    x = np.zeros((5, 3))
    drawn = [net.feed_forward(x)["hid1:out"] for _ in range(2)]
    assert (drawn[0] != drawn[1]).any()  # its generator moves on
    assert net.graph.outputs()[0]["out:out"] is not net.graph.outputs()[0]["out:out"]


def test_deep_models_have_gradients_and_copies(shallow):
    net = symloss.Regressor([2, *[3] * 150, 1], mode="PYTHON")
    slopes = pytensor.grad(net.losses[0](net.graph.outputs()[0]), net.params)
    assert len(slopes) == len(net.params)
    sys.setrecursionlimit(1000)
    assert copy.deepcopy(net).num_params == net.num_params


def test_start_values_are_not_read_again_for_expressions():
    """A matrix of word vectors, say, which would be hashed at every look at the outputs."""
    graph = Graph([3, {"size": 4, "init": np.ones((3, 4))}, 2])
    before = graph.outputs()[0]["out:out"]
    graph[1].draws["init"][:] = 2
    assert graph.outputs()[0]["out:out"] is before
