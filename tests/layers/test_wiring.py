"""Layers by name, and edges between them."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Network, SpecError, UnknownNameError


def test_edges_say_which_layer_feeds_which():
    net = Network({"out": 2, "in": 3, "a": (4, "tanh"), "b": 5}, edges=["in -> a -> out", ("in", "b", "out")],
                  loss=None)
    assert net.graph.names()[0] == "in" and net.graph.names()[-1] == "out"
    assert net.graph["out"].inputs == ("a", "b")
    assert [net.graph[n].activation for n in ("a", "b", "out")] == ["tanh", "relu", "linear"]


def test_several_sinks_are_outputs_without_an_activation_unless_one_is_named():
    net = Network({"in": 3, "hid": 4, "one": 2, "two": (2, "sigmoid")}, edges=["in -> hid -> one", "hid -> two"],
                  loss=None, mode="PYTHON")
    assert net.outputs == ["one", "two"] and net.graph["one"].activation == "linear"
    found = net.predict(np.ones((5, 3)))
    assert list(found) == ["one", "two"] and found["one"].shape == (5, 2)
    only = Network({"in": 3, "hid": 4, "one": 2, "two": 2}, edges=["in -> hid -> one", "hid -> two"], outputs="one",
                   mode="PYTHON")
    assert only.predict(np.ones((5, 3))).shape == (5, 2) and [x.output_name for x in only.losses] == ["one:out"]


def test_a_dict_without_edges_is_a_chain():
    net = Network({"x": 3, "mid": 4, "y": 2}, loss=None)
    assert net.graph["y"].inputs == ("mid",) and net.graph["mid"].inputs == ("x",)


def test_several_sources_at_once():
    net = Network({"l": 3, "r": 3, "d": {"form": "distance"}}, edges=[(["l", "r"], "d")], loss=None, mode="PYTHON")
    assert [layer.name for layer in net.graph.inputs] == ["l", "r"]
    assert np.allclose(net.predict([np.ones((2, 3)), np.zeros((2, 3))]), np.sqrt(3))


def test_a_shared_layer_comes_after_the_one_that_it_shares():
    net = Network({"l": 3, "r": {"form": "input", "size": 3}, "twin": {"form": "shared", "of": "one"}, "one": 2},
                  edges=["l -> twin", "r -> one"], loss=None)
    assert net.graph.names().index("one") < net.graph.names().index("twin")
    with pytest.raises(UnknownNameError, match="'onne'"):
        Network({"l": 3, "twin": {"form": "shared", "of": "onne"}, "one": 3}, edges=["l -> twin", "l -> one"])


def test_a_layer_within_a_network_feeds_another_one():
    inner = Network([3, 4, 2], loss=None)
    net = Network({"in": 3, "enc": inner, "a": 1, "b": 1}, edges=["in -> enc -> a", "enc.hid1 -> b"], loss=None,
                  mode="PYTHON")
    x = np.ones((2, 3))
    hidden = inner.feed_forward(x)["hid1:out"]
    w, b = (net.find("b", n).get_value() for n in "wb")
    assert np.allclose(net.predict(x)["b"], hidden @ w + b)


@pytest.mark.parametrize(("specs", "edges", "error", "words"), [
    ({"a": 2, "b": 3}, ["a -> c"], UnknownNameError, "'c'"),
    ({"a": 2, "b": 3, "c": 3}, ["a -> b -> c -> b"], SpecError, "cycle"),
    ({"a": 2, "b": 3}, "a -> b", SpecError, "list"),
    ({"a": 2, "b": 3}, ["a"], SpecError, "two names"),
    ([2, 3], ["in -> out"], SpecError, "dict"),
    ({"a": 2, "b": {"size": 3, "inputs": "a"}}, ["a -> b"], SpecError, "either inputs or edges"),
    ({1: 2, "b": 3}, None, SpecError, "names"),
])
def test_wrong_edges_say_why(specs, edges, error, words):
    with pytest.raises(error, match=words):
        Network(specs, edges=edges, loss=None)


# ---------------------------------------------------------------------------------------------------------- functions


@pytest.mark.parametrize(("function", "right"), [
    ("add", lambda x, y: x + y), ("subtract", lambda x, y: x - y), ("multiply", lambda x, y: x * y),
    ("divide", lambda x, y: x / y), ("maximum", np.maximum), ("minimum", np.minimum),
    ("squared difference", lambda x, y: (x - y) ** 2), ("absolute difference", lambda x, y: abs(x - y)),
    (lambda x, y: pt.exp(x - y), lambda x, y: np.exp(x - y)),
    (lambda x, y: (x * y).sum(axis=-1), lambda x, y: (x * y).sum(axis=-1, keepdims=True)),
])
def test_elementwise_layers(function, right, rng):
    net = Network({"x": 3, "y": 3, "f": {"form": "elementwise", "function": function}}, edges=[(["x", "y"], "f")],
                  loss=None, mode="PYTHON")
    x, y = rng.uniform(0.5, 2, size=(2, 5, 3))
    assert np.allclose(net.predict([x, y]), right(x, y), rtol=1e-12)


@pytest.mark.parametrize(("function", "right"), [
    ("tanh", np.tanh), ("sum", lambda x: x.sum(axis=-1, keepdims=True)),
    ("mean", lambda x: x.mean(axis=-1, keepdims=True)),
])
def test_elementwise_layers_of_one_input(function, right, rng):
    net = Network([3, {"form": "elementwise", "function": function}], loss=None, mode="PYTHON")
    x = rng.normal(size=(5, 3))
    assert np.allclose(net.predict(x), right(x), rtol=1e-12)


@pytest.mark.parametrize(("metric", "right"), [
    ("euclidean", lambda d, x, y: np.sqrt((d**2).sum(1))), ("squared euclidean", lambda d, x, y: (d**2).sum(1)),
    ("manhattan", lambda d, x, y: abs(d).sum(1)),
    ("cosine", lambda d, x, y: 1 - (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)),
])
def test_distances(metric, right, rng):
    net = Network({"x": 3, "y": 3, "d": {"form": "distance", "metric": metric}}, edges=[(["x", "y"], "d")], loss="d",
                  mode="PYTHON")
    x, y = rng.normal(size=(2, 5, 3))
    assert np.allclose(net.predict([x, y])[:, 0], right(x - y, x, y), rtol=1e-10)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_equal_and_zero_vectors_have_a_finite_gradient(metric):
    net = Network({"x": 2, "y": {"form": "input", "size": 2}, "h": 2, "d": {"form": "distance", "metric": metric}},
                  edges=["x -> h -> d", "y -> d"], loss="d", mode="PYTHON")
    for p in net.params:
        p.set_value(np.zeros_like(p.get_value()))
    net.train({"x": np.ones((4, 2)), "y": np.zeros((4, 2))}, algo="sgd", epochs=1, verbose=0)
    assert all(np.isfinite(p.get_value()).all() for p in net.params)


@pytest.mark.parametrize(("layer", "error", "words"), [
    ({"form": "elementwise"}, SpecError, "function=None"),
    ({"form": "elementwise", "function": "tahn"}, UnknownNameError, "tanh"),
    ({"form": "elementwise", "function": lambda x: x.mean()}, SpecError, "whole batch"),
    ({"form": "elementwise", "function": lambda x: 3}, SpecError, "returned 3"),
    ({"form": "elementwise", "function": lambda x, y: x}, SpecError, "1 tensor"),
    ({"form": "elementwise", "function": "tanh", "size": 9}, SpecError, "Leave shape out"),
    ({"form": "distance"}, SpecError, "two inputs"),
    ({"form": "distance", "metric": "euclid"}, UnknownNameError, "euclidean"),
])
def test_wrong_functions_say_why(layer, error, words):
    with pytest.raises(error, match=words):
        Network([3, layer], loss=None)


def test_a_function_without_a_name_cannot_be_saved_and_says_so(tmp_path):
    net = symloss.Regressor([3, {"form": "elementwise", "function": lambda x: x}, 2])
    with pytest.raises(SpecError, match="no name that a file could store"):
        net.save(tmp_path / "net")
