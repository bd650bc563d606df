"""What follows from edges: which layers are inputs, which are linear, which are predictions."""

import numpy as np
import pytest

import symloss
from symloss.layers import Input
from symloss.layers.graph import Graph


def test_a_layer_that_no_edge_leads_to_is_an_input():
    net = symloss.Network({"in": 2, "target": 1, "out": 1}, edges=["in -> out"], loss=None)
    assert [layer.name for layer in net.layers if isinstance(layer, Input)] == ["in", "target"]
    assert list(net.parameters_by_name) == ["out.w", "out.b"]


@pytest.mark.parametrize("forgotten", [
    {"form": "elementwise", "function": "mean"}, {"form": "feedforward", "size": 3}, (1, "relu"), "tied",
    symloss.Network([2, 3], loss=None)])
def test_a_layer_that_is_no_input_wants_an_edge(forgotten):
    with pytest.raises(symloss.SpecError, match="'forgotten': no edge leads to it"):
        symloss.Network({"in": 2, "forgotten": forgotten, "out": 1}, edges=["in -> out"], loss=None)


@pytest.mark.parametrize("ending", ["linear", "softmax"])
def test_what_is_compared_or_sampled_is_linear_by_default_and_hidden_layers_are_relu(ending):
    graph = Graph({"in": 2, "hid": 4, "mean": 3, "spread": (3, "tanh"), "z": {"form": "sample"}, "out": 2}, ending,
                  edges=["in -> hid", ("hid", ["mean", "spread"]), (["mean", "spread"], "z"), "z -> out"])
    found = {layer.name: layer.activate.name for layer in graph.layers}
    assert (found["hid"], found["mean"], found["spread"], found["z"]) == ("relu", "linear", "tanh", "linear")
    assert found["out"] == ending


def test_what_feeds_losses_alone_is_the_prediction_and_needs_no_target():
    net = symloss.Network({"in": 2, "target": 1, "net": 1, "loss": {"form": "loss"}},
                          edges=["in -> net", (["net", "target"], "loss")], loss=None, mode="PYTHON")
    assert net.graph["net"].activate.name == "linear"
    assert net.outputs == ["net"]
    assert net.predict([[1.0, 2.0]]).shape == (1, 1)


def test_a_number_is_the_weight_of_the_loss_that_goes_with_a_port():
    net = symloss.Network({"in": 2, "target": 1, "net": 1, "loss": {"form": "loss"}},
                          edges=["in -> net", (["net", "target"], "loss")], loss={"loss": 0.25})
    assert [(loss.label, loss.weight) for loss in net.losses] == [("loss", 0.25)]
    net = symloss.Network({"in": 2, "a": (1, "sigmoid"), "b": 1}, edges=["in -> a", "in -> b"], loss={"a": 0.5, "b": 2})
    assert [(loss.label, loss.weight) for loss in net.losses] == [("bce", 0.5), ("mse", 2)]
    net.set_loss({"a": {"form": "auto", "weight": "uncertainty"}, "b": None})
    assert [(loss.label, loss.weighing.moving.name) for loss in net.losses] == [("bce", "uncertainty")]


def test_an_output_without_a_loss_is_no_mistake_of_which_a_training_warns(recwarn):
    net = symloss.Network({"in": 2, "a": 1, "b": 1}, edges=["in -> a", "in -> b"], loss={"a": "mse", "b": None},
                          mode="PYTHON")
    net.train({"in": [[1.0, 2.0]], "a": [[1.0]]}, epochs=1, verbose=0)
    assert not [w for w in recwarn if issubclass(w.category, symloss.SymlossWarning)]
    assert "has no loss for b" in net.explain()


def test_no_output_is_hidden_so_that_dropout_spares_all_of_them():
    net = symloss.Network({"in": 2, "hid": 4, "a": (3, "softmax"), "b": 1}, edges=["in -> hid -> a", "hid -> b"])
    assert net.graph.place("hidden") == ["hid:out"]
    assert sorted(net.graph.place("output")) == ["a:out", "b:out"]
    one = symloss.Regressor([2, 4, {"name": "also", "size": 3}, {"name": "out", "size": 1, "inputs": "hid1"}])
    assert one.graph.place("hidden") == ["hid1:out", "also:out"]  # whose main output is the one output


@pytest.mark.parametrize("order", [["p", "variance", "target"], ["p", "target", "variance"],
                                   ["target", "p", "variance"]])
def test_inputs_of_a_loss_layer_that_are_called_as_its_ports_are_go_there(order):
    net = symloss.Network({"p": 1, "target": 1, "variance": 1, "nll": {"form": "loss", "loss": "gaussian_nll"}},
                          edges=[(order, "nll")], loss="nll", mode="PYTHON")
    p, target, variance = [[1.0]], [[3.0]], [[2.0]]
    found = net.predict({"p": p, "target": target, "variance": variance})
    assert found.item() == pytest.approx(0.5 * (np.log(2) + 4 / 2) + 0.5 * np.log(2 * np.pi))


def test_what_losses_compare_is_a_prediction_and_not_hidden():
    net = symloss.Network({"in": 2, "hid": 4, "target": 1, "out": 1, "loss": {"form": "loss"}},
                          edges=["in -> hid -> out", (["out", "target"], "loss")])
    assert net.graph.place("hidden") == ["hid:out"]
    assert net.graph.place("output") == ["out:out"]


@pytest.mark.parametrize("name", ["a.b", "a:out", "a -> b"])
def test_names_have_no_signs_that_mean_something_else(name):
    with pytest.raises(symloss.SpecError, match="Give the layer another name"):
        symloss.Network({"in": 2, name: 1}, edges=[("in", name)])


def test_an_unknown_input_in_a_description_is_named():
    with pytest.raises(symloss.UnknownNameError, match="'hidd'"):
        symloss.Network({"in": 2, "hid": 3, "out": {"size": 1, "inputs": "hidd"}})
