"""Networks as layers of networks, layers that are used again, and layers mapped over an axis: one set of parameters."""

import copy
import pickle

import numpy as np
import pytensor
import pytest

import symloss
from symloss import Network, SpecError, UnknownNameError
from symloss.layers.graph import Graph

QUIET = dict(algo="sgd", learning_rate=0.1, epochs=2, batch_size=8, verbose=0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def siamese(seed=0, **options):
    """Two inputs through one encoder, and the distance of what comes out."""
    encoder = Network([4, 5, 3], loss=None, seed=3)
    layers = {"left": 4, "right": {"form": "input", "size": 4}, "encoder": encoder,
              "second": {"form": "shared", "of": "encoder"}, "distance": {"form": "distance"}}
    edges = ["left -> encoder -> distance", "right -> second -> distance"]
    return encoder, Network(layers, edges=edges, loss=None, seed=seed, mode="PYTHON", **options)


def flat(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


def test_a_network_as_a_layer_shares_its_parameters_and_has_its_names_before_theirs():
    encoder, net = siamese()
    assert list(net.graph.parameters) == ["encoder.hid1.w", "encoder.hid1.b", "encoder.out.w", "encoder.out.b"]
    assert net.params == encoder.params
    assert {"encoder.hid1:out", "encoder:out", "encoder:pre", "second.hid1:out"} <= set(net.graph.outputs()[0])
    assert net.graph.hidden_names() == ["encoder.hid1:out", "encoder:out", "second.hid1:out", "second:out"]
    assert net.graph["encoder.hid1"] is encoder.graph["hid1"]
    assert net.find("encoder.hid1", "w") is encoder.find("hid1", "w")


def test_the_numbers_are_those_of_the_encoder_used_twice(rng):
    encoder, net = siamese()
    left, right = rng.normal(size=(2, 6, 4))
    apart = encoder.predict(left) - encoder.predict(right)
    assert np.allclose(net.predict([left, right])[:, 0], np.sqrt((apart**2).sum(axis=1)), rtol=1e-12)
    found = net.feed_forward([left, right])
    assert np.allclose(found["second.hid1:out"], encoder.feed_forward(right)["hid1:out"], rtol=1e-12)


def test_shared_parameters_are_counted_and_penalized_once(rng):
    encoder, net = siamese()
    assert net.num_params == encoder.num_params == 4 * 5 + 5 + 5 * 3 + 3
    net.set_loss("distance")
    net.train(dict(zip(("left", "right"), rng.normal(size=(2, 8, 4)), strict=True)), weight_l2=0.5,
              **QUIET | {"learning_rate": 0.0, "epochs": 1})
    squares = sum((net.graph.parameters[n].get_value() ** 2).sum() for n in ("encoder.hid1.w", "encoder.out.w"))
    assert np.isclose(net.history[-1]["weight_l2"], squares, rtol=1e-10)
    text = str(net.summary())
    assert "shared with encoder" in text and f"{encoder.num_params}" in text


def test_the_gradient_is_that_of_both_uses(rng):
    _, net = siamese()
    net.set_loss("distance")
    assert symloss.check(net, dict(zip(("left", "right"), rng.normal(size=(2, 8, 4)), strict=True)))


def test_files_pickles_and_copies_share_again(tmp_path, rng):
    encoder, net = siamese()
    net.set_loss("distance")
    data = dict(zip(("left", "right"), rng.normal(size=(2, 8, 4)), strict=True))
    net.train(data, **QUIET)
    net.save(tmp_path / "net")
    for twin in (symloss.load(tmp_path / "net"), pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        twin.mode = "PYTHON"
        assert list(twin.graph.parameters) == list(net.graph.parameters)
        assert np.array_equal(twin.predict(data), net.predict(data))
        before = encoder.params[0].get_value()
        twin.train(data, **QUIET)
        assert np.array_equal(encoder.params[0].get_value(), before), "a copy moves the original"
        assert not np.array_equal(twin.params[0].get_value(), before)


def test_one_network_twice_in_a_list_is_one_set_of_parameters(rng):
    inner = Network([3, 3], loss=None, seed=2)
    net = Network([3, {"name": "a", "form": "network", "network": inner}, {"name": "b", "form": "network",
                   "network": inner}], mode="PYTHON", loss=None)
    assert list(net.graph.parameters) == ["a.out.w", "a.out.b"]
    x = rng.normal(size=(5, 3))
    assert np.allclose(net.predict(x), inner.predict(inner.predict(x)), rtol=1e-12)
    assert Graph(net.graph.to_spec()).parameters.keys() == net.graph.parameters.keys()


def test_a_network_in_a_list_is_a_layer(rng):
    inner = Network([4, 5, 3], loss=None, seed=1)
    net = Network([4, inner, 2], mode="PYTHON", loss=None)
    assert net.graph.names() == ["in", "hid1", "out"]
    assert list(net.graph.parameters)[:2] == ["hid1.hid1.w", "hid1.hid1.b"]
    described = Network([4, {"form": "network", "network": [4, (5, "tanh"), 3]}, 2], mode="PYTHON", loss=None)
    assert described.num_params == net.num_params


def test_noise_finds_layers_within_by_their_full_names(rng):
    inner = Network([4, 5, 3], loss=None, seed=1)
    net = symloss.Regressor([4, {"form": "network", "name": "encoder", "network": inner}, 2], mode="PYTHON")
    x, y = rng.normal(size=(400, 4)), rng.normal(size=(400, 2))
    zero = QUIET | {"learning_rate": 0.0, "epochs": 1, "batch_size": 400}
    losses = {}
    for pattern in ("encoder.hid1", "encoder", "nothing"):
        if pattern == "nothing":
            net.train([x, y], **zero)
        else:
            net.train([x, y], noise={pattern: 5.0}, **zero)
        losses[pattern] = net.history[-1]["mse"]
    assert losses["encoder.hid1"] > losses["nothing"] * 2 and losses["encoder"] > losses["nothing"] * 2
    net.train([x, y], freeze="encoder.hid1.w", **QUIET)
    with pytest.raises(UnknownNameError, match="encoder.hid9"):
        net.train([x, y], noise={"encoder.hid9": 5.0}, **zero)


def test_a_frozen_encoder_stays_and_learning_rates_find_it(rng):
    encoder, _ = siamese()
    net = symloss.Regressor([4, {"form": "network", "name": "encoder", "network": encoder}, 2], mode="PYTHON")
    x, y = rng.normal(size=(16, 4)), rng.normal(size=(16, 2))
    before = flat(encoder)
    net.train([x, y], freeze="encoder.*", **QUIET)
    assert np.array_equal(flat(encoder), before)
    net.train([x, y], learning_rate={"encoder.hid1.*": 0.1, "*": 0.0}, **{k: v for k, v in QUIET.items()
                                                                          if k != "learning_rate"})
    assert not np.array_equal(encoder.params[0].get_value().ravel(), before[:20])
    assert np.array_equal(encoder.params[2].get_value(), flat(encoder)[25:40].reshape(5, 3))
    assert np.array_equal(flat(encoder)[25:], before[25:])


def test_states_of_parameters_with_one_inner_name_are_kept_apart(tmp_path, rng):
    inner = Network([3, 4, 3], loss=None, seed=2)  # its hid1.w beside that of the outer network
    net = symloss.Regressor([3, 4, {"name": "bottom", "size": 3}, {"form": "network", "network": inner}, 2],
                            mode="PYTHON")
    x, y = rng.normal(size=(16, 3)), rng.normal(size=(16, 2))
    net.train([x, y], **QUIET | {"algo": "adam", "learning_rate": 0.01})
    net.save(tmp_path / "half", training=True)
    twin = symloss.load(tmp_path / "half")
    twin.mode = "PYTHON"
    for model in (net, twin):
        model.train([x, y], resume=True, **QUIET | {"algo": "adam", "learning_rate": 0.01, "epochs": 4})
    assert np.array_equal(flat(twin), flat(net))


def test_a_layer_of_ones_own_that_takes_another_ones_parameters_is_one_entry(tmp_path, rng):
    class Twin(symloss.Layer):
        def setup(self, sources):
            self.shape, self._source = sources[0].shape, sources[0]
            self.params["w"] = sources[0].params["w"]
            self.weight_names.add("w")

        def connect(self, values):
            return {"out": values[0] @ self.params["w"]}

    net = symloss.Regressor([3, {"size": 3, "activation": "linear"}, {"form": "Twin"}, 2], mode="PYTHON")
    assert list(net.graph.parameters) == ["hid1.w", "hid1.b", "out.w", "out.b"]
    net.train([rng.normal(size=(8, 3)), rng.normal(size=(8, 2))], weight_l2=1.0,
              **QUIET | {"learning_rate": 0.0, "epochs": 1})
    weights = [net.find(name, "w").get_value() for name in ("hid1", "out")]
    assert np.isclose(net.history[-1]["weight_l2"], sum((w**2).sum() for w in weights), rtol=1e-10)
    net.save(tmp_path / "net")
    assert np.array_equal(flat(symloss.load(tmp_path / "net")), flat(net))


def test_a_shared_recurrent_encoder_knows_where_each_sequence_ends(rng):
    inner = symloss.recurrent.Regressor([2, (3, "rnn"), {"form": "last"}, 2], loss=None, seed=4)
    net = symloss.recurrent.Regressor([2, {"form": "network", "name": "encoder", "network": inner}, 1], mode="PYTHON")
    sequences = [rng.normal(size=(n, 2)) for n in (2, 5, 3)]
    alone = [net.predict(one[None])[0] for one in sequences]
    assert np.allclose(net.predict(sequences), alone, rtol=1e-10)


@pytest.mark.parametrize(("layers", "error", "words"), [
    ([4, {"form": "shared", "of": "hid9"}, 2], UnknownNameError, "hid9"),
    ([4, {"form": "shared"}, 2], SpecError, "of=None"),
    ([4, {"name": "a", "size": 5}, {"form": "shared", "of": "a"}, 2], SpecError, r"\(5,\).*\(4,\)"),
    ([4, {"form": "network"}, 2], SpecError, "no network"),
    ([4, {"form": "network", "network": [3, 2]}, 2], SpecError, r"\(4,\).*\(3,\)"),
    ([4, {"form": "network", "network": [4, {"form": "nonsense"}, 2]}, 2], UnknownNameError, "nonsense"),
    ([4, {"form": "map", "network": [3, 2]}, 2], SpecError, r"\(4,\)"),
])
def test_what_cannot_be_shared_says_why(layers, error, words):
    with pytest.raises(error, match=words):
        Network(layers, loss=None)


# ------------------------------------------------------------------------------------------------------ mapped layers


def test_a_network_is_mapped_over_the_elements_of_a_set(rng):
    inner = Network([3, (5, "tanh"), 2], loss=None, seed=1, mode="PYTHON")
    net = Network([{"form": "input", "shape": (4, 3)}, {"form": "map", "network": inner, "name": "each"},
                   {"form": "flatten"}, 2], loss=None, mode="PYTHON")
    assert net.graph["each"].shape == (4, 2)
    x = rng.normal(size=(5, 4, 3))
    found = net.feed_forward(x)["each:out"]
    assert found.shape == (5, 4, 2)
    assert np.allclose(found[:, 2], inner.predict(x[:, 2]), rtol=1e-12)
    assert net.feed_forward(x)["each.hid1:out"].shape == (5, 4, 5)


def test_a_network_is_mapped_over_the_steps_of_a_sequence(rng):
    inner = Network([3, (5, "tanh"), 2], loss=None, seed=1, mode="PYTHON")
    net = symloss.recurrent.Regressor([3, {"form": "map", "network": inner}, (4, "rnn"), 1], mode="PYTHON")
    x = rng.normal(size=(2, 6, 3))
    assert np.allclose(net.feed_forward(x)["hid1:out"][:, 3], inner.predict(x[:, 3]), rtol=1e-12)
    net.train([x, rng.normal(size=(2, 6, 1))], **QUIET)
    assert net.history[-1]["loss"] > 0


def test_images_of_a_set_go_through_one_convolution(rng):
    inner = symloss.convolution.Regressor([(6, 6, 1), {"form": "conv2", "size": 2, "filter_size": 3}, "flatten", 3],
                                          loss=None, mode="PYTHON")
    net = Network([{"form": "input", "shape": (2, 6, 6, 1)}, {"form": "map", "network": inner, "name": "each"},
                   "flatten", 2], loss=None, mode="PYTHON")
    x = rng.normal(size=(3, 2, 6, 6, 1)).astype(pytensor.config.floatX)
    assert np.allclose(net.feed_forward(x)["each:out"][:, 1], inner.predict(x[:, 1]), rtol=1e-6)
