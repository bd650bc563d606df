"""Parts of a network share its parameters; the graph chooses losses; prediction wants what it needs."""

import numpy as np
import pytest

import symloss
from symloss import Autoencoder, Classifier, Network, Regressor, SpecError, UnknownNameError

QUIET = dict(algo="sgd", learning_rate=0.1, batch_size=8, epochs=1, verbose=0)


@pytest.fixture
def x(rng):
    return rng.normal(size=(24, 4))


def chain():
    return Regressor([4, {"name": "a", "size": 5, "activation": "tanh"}, {"name": "b", "size": 3}, 2], mode="PYTHON",
                     seed=1)


# -------------------------------------------------------------------------------------------------------------- parts


def test_one_layer_is_a_network(x):
    net = chain()
    layer = net["b"]
    assert isinstance(layer, Network) and layer.params == [net.find("b", "w"), net.find("b", "b")]
    inner = net.feed_forward(x)
    assert np.array_equal(layer.predict(inner["a:out"]), inner["b:out"])


def test_layers_from_one_to_another(x):
    net = chain()
    inner = net.feed_forward(x)
    assert np.array_equal(net.take("in", "b").predict(x), inner["b:out"])
    assert np.array_equal(net.take("b", "out").predict(inner["a:out"]), net.predict(x))
    assert np.array_equal(net.part("a", "out").predict(inner["a:out"]), net.predict(x))
    assert list(net.part("a", ["b", "out"]).predict(inner["a:out"])) == ["b", "out"]


def test_a_part_trains_what_it_shares(x, rng):
    net = chain()
    part, before = net.take("in", "b"), net.predict(x)
    assert part.losses == []
    part.set_loss("mse")
    part.train([x, rng.normal(size=(24, 3))], **QUIET)
    assert not np.array_equal(net.predict(x), before)
    assert np.array_equal(part.predict(x), net.feed_forward(x)["b:out"])


def test_a_part_of_several_inputs_and_outputs(x, rng):
    net = Network({"l": 4, "r": {"form": "input", "size": 4}, "h": 3, "k": 3, "s": {"form": "elementwise",
                   "function": "add"}, "o": 2}, edges=["l -> h -> s", "r -> k -> s", "s -> o"], mode="PYTHON")
    other = rng.normal(size=(24, 4))
    part = net.part(["l", "r"], ["s"])
    assert np.array_equal(part.predict([x, other]), net.feed_forward([x, other])["s:out"])
    with pytest.raises(SpecError, match="needs r"):
        net.part("l", "s")
    assert [layer.name for layer in net.take("h", "s").graph.inputs] == ["l", "r"]


def test_layers_within_others_are_inputs_and_outputs_of_parts(x, tmp_path):
    inner = Network([4, 5, 2], loss=None, seed=3)
    net = Network({"in": 4, "enc": inner, "a": 1, "b": 1}, edges=["in -> enc -> a", "enc.hid1 -> b"], loss=None,
                  mode="PYTHON")
    found = net.feed_forward(x)
    hidden = found["enc.hid1:out"]
    for part, given, name in [(net["b"], hidden, "b"), (net.part("enc.hid1", "b"), hidden, "b"),
                              (net.part("in", "b"), x, "b"), (net.part("in", "enc.hid1"), x, "enc.hid1"),
                              (net.take("in", "enc.hid1"), x, "enc.hid1"), (net.take("enc", "a"), x, "a")]:
        assert np.array_equal(part.predict(given), found[f"{name}:out"])
        part.save(tmp_path / "part")
        assert np.array_equal(symloss.load(tmp_path / "part").predict(given), found[f"{name}:out"])
    outer = Network([4, net.part("in", "enc.hid1"), 1], loss=None, mode="PYTHON")
    assert np.array_equal(outer.feed_forward(x)["hid1:out"], hidden)
    with pytest.raises(SpecError, match=r"net\['enc'\]"):
        net.take("enc.hid1", "b")


def test_another_activation_within_a_network_within_counts(x):
    inner = Network([4, 5, 2], loss=None, seed=3)
    net = Network([4, inner, 1], loss=None, mode="PYTHON")
    before = net.predict(x)
    inner.graph["hid1"].activate = symloss.activations.Activation("tanh", 5, np.random.default_rng(0))
    assert not np.array_equal(net.predict(x), before)


def test_a_part_is_saved_and_copied(x, tmp_path):
    net = chain()
    part = net.take("b", "out")
    part.save(tmp_path / "part")
    hidden = net.feed_forward(x)["a:out"]
    assert np.array_equal(symloss.load(tmp_path / "part").predict(hidden), net.predict(x))


def test_a_network_is_made_of_a_graph_and_shares_it(x):
    net = chain()
    for twin in (Network(graph=net.graph, loss=None), Network(net, loss=None), Regressor(net.graph)):
        assert twin.params == net.params and np.array_equal(twin.predict(x), net.predict(x))
    with pytest.raises(SpecError, match="one of them"):
        Network([4, 2], graph=net.graph)
    with pytest.raises(SpecError, match="Graph or a Network"):
        Network(graph=[4, 2])


def test_the_encoder_of_a_tied_autoencoder_is_a_part(x):
    net = Autoencoder([4, (3, "tanh"), "tied"], mode="PYTHON")
    assert np.array_equal(net.take("in", "hid1").predict(x), net.encode(x))
    assert np.array_equal(net.part("hid1", "out").predict(net.encode(x)), net.predict(x))


@pytest.mark.parametrize(("ask", "error", "words"), [
    (lambda net: net["hid"], UnknownNameError, "hid"),
    (lambda net: net["in"], SpecError, "input"),
    (lambda net: net.take("b", "a"), SpecError, "earlier layer first"),
    (lambda net: net.take("in", "c"), UnknownNameError, "'c'"),
    (lambda net: net.part("a", "zzz"), UnknownNameError, "zzz"),
])
def test_parts_that_there_are_not(ask, error, words):
    with pytest.raises(error, match=words):
        ask(chain())


# --------------------------------------------------------------------------------------------------- automatic losses


@pytest.mark.parametrize(("last", "label", "why"), [
    ((3, "softmax"), "xe", "a softmax"), ((1, "sigmoid"), "bce", "a sigmoid"), (2, "mse", "not a softmax"),
    ((3, "relu"), "mse", "not a softmax"),
])
def test_the_output_chooses_the_loss(last, label, why):
    net = Network([4, 5, last], mode="PYTHON")
    assert [loss.label for loss in net.losses] == [label]
    assert f"chosen because the output is {why}" in str(net.explain())


def test_a_distance_is_given_a_contrastive_loss_and_a_loss_stays_itself():
    pair = Network({"x": 2, "y": {"form": "input", "size": 2}, "d": {"form": "distance"}}, edges=[(["x", "y"], "d")])
    assert pair.losses[0].label == "contrastive"
    own = Network({"x": 2, "y": {"form": "input", "size": 2}, "l": {"form": "loss"}}, edges=[(["x", "y"], "l")])
    assert type(own.losses[0]).__name__ == "OutputLoss" and "it is a loss itself" in str(own.explain())


def test_the_data_decide_between_labels_and_probabilities(x, rng):
    labels = rng.integers(0, 3, size=24)
    one_hot = np.eye(3)[labels]
    found = []
    for target in (labels, one_hot, one_hot * 0.9 + 0.1 / 3):
        net = Network([4, (3, "softmax")], mode="PYTHON", seed=2)
        net.train([x, target], **QUIET | {"learning_rate": 0.0, "batch_size": 24})
        found.append(net.history[-1]["loss"])
    p = net.predict(x)
    assert np.isclose(found[0], -np.log(p[range(24), labels]).mean()) and np.isclose(found[0], found[1])
    assert np.isclose(found[2], -(target * np.log(p)).sum(axis=1).mean())


def test_the_same_network_takes_labels_after_probabilities(x, rng):
    labels = rng.integers(0, 3, size=24)
    net = Network([4, (3, "softmax")], mode="PYTHON", seed=2)
    still = QUIET | {"learning_rate": 0.0, "batch_size": 24}
    net.train([x, np.eye(3)[labels]], **still)
    net.train([x, labels], **still)
    assert np.isclose(net.history[-1]["loss"], net.history[0]["loss"])


def test_every_output_that_is_not_named_gets_its_loss():
    net = Network({"in": 4, "hid": 5, "number": 2, "kind": (3, "softmax"), "yes": (1, "sigmoid")},
                  edges=["in -> hid -> number", "hid -> kind", "hid -> yes"])
    assert [(x.label, x.output_name) for x in net.losses] == [
        ("mse", "number:out"), ("xe", "kind:out"), ("bce", "yes:out")]
    net.set_loss({"number": "mae"})
    net.add_loss("auto")
    assert [(x.label, x.output_name) for x in net.losses] == [
        ("mae", "number:out"), ("xe", "kind:out"), ("bce", "yes:out")]
    net.set_loss({"number": "mae", "kind": "auto"})
    assert "has no loss for yes" in str(net.explain())


def test_other_models_keep_their_defaults():
    assert [m.losses[0].label for m in (Regressor([2, 2]), Classifier([2, 2]), Autoencoder([2, 1, 2]))] == [
        "mse", "xe", "mse"]


def test_a_network_of_automatic_losses_is_shown_and_saved_as_such(tmp_path, x, rng):
    net = Network({"in": 4, "a": 2, "b": (3, "softmax")}, edges=["in -> a", "in -> b"], mode="PYTHON")
    data = {"in": x, "a": rng.normal(size=(24, 2)), "b": rng.integers(0, 3, size=24)}
    assert "loss=" not in repr(net)
    net.train(data, **QUIET)
    net.save(tmp_path / "net")
    twin = symloss.load(tmp_path / "net")
    twin.mode = "PYTHON"
    assert twin.outputs == net.outputs and repr(twin) == repr(net)
    assert "chosen because" in twin.explain()
    for model in (net, twin):
        model.train(data, **QUIET)
    assert twin.history[-1]["loss"] == net.history[-1]["loss"]


def test_targets_go_by_the_names_of_their_outputs(x, rng):
    net, y = Network([4, 2], mode="PYTHON"), rng.normal(size=(24, 2))
    losses = set()
    for names in (("in", "target"), ("Input", "Output"), ("in", "out"), ("in", "out:target")):
        net.train(dict(zip(names, (x, y), strict=True)), **QUIET | {"learning_rate": 0.0})
        losses.add(net.history[-1]["loss"])
    assert len(losses) == 1
    with pytest.raises(symloss.DataError, match="Pass only one of them"):
        net.train({"in": x, "out": y, "target": y}, **QUIET)
