"""Fully connected, tied and input layers: several inputs, several outputs, the values against numpy."""

import numpy as np
import pytest

import symloss


def get(net, layer, param):
    return net.find(layer, param).get_value()


def test_a_layer_is_activation_of_x_w_plus_b(rng):
    net = symloss.Regressor([4, (5, "tanh"), 3])
    net.find("hid1", "b").set_value(rng.normal(size=5))
    x = rng.normal(size=(7, 4))
    got = net.feed_forward(x)
    pre = x @ get(net, "hid1", "w") + get(net, "hid1", "b")
    np.testing.assert_allclose(got["hid1:pre"], pre)
    np.testing.assert_allclose(got["hid1:out"], np.tanh(pre))
    np.testing.assert_allclose(got["out:out"], np.tanh(pre) @ get(net, "out", "w"))
    assert np.array_equal(got["in:out"], x)


def test_a_layer_with_several_inputs_adds_them(rng):
    layers = [4, {"size": 5, "name": "a"}, {"size": 6, "name": "b"}, {"size": 3, "inputs": ["a", "in:out"]}]
    net = symloss.Regressor(layers)
    x = rng.normal(size=(7, 4))
    got = net.feed_forward(x)
    wanted = got["a:out"] @ get(net, "out", "w_a") + x @ get(net, "out", "w_in")
    np.testing.assert_allclose(got["out:out"], wanted)


def test_several_inputs_train_and_predict(rng):
    layers = [3, {"form": "input", "size": 2, "name": "side"}, {"size": 1, "inputs": ("in", "side")}]
    net = symloss.Regressor(layers)
    a, b = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
    y = a @ rng.normal(size=(3, 1)) + b @ rng.normal(size=(2, 1))
    assert [v.name for v in net.variables] == ["in", "side", "target"]
    net.train([a, b, y], epochs=60, learning_rate=0.05, patience=None, verbose=0)
    assert net.score([a, b], y) > 0.99
    named = {"side": b, "in": a}
    assert np.array_equal(net.predict(named), net.predict([a, b]))
    assert set(net.feed_forward([a, b])) == {"in:out", "side:out", "out:pre", "out:out"}


def test_several_outputs_train_each_to_its_own_target(rng):
    layers = [3, (8, "tanh"), {"size": 2, "name": "side", "activation": "linear"}, {"size": 1, "inputs": "hid1"}]
    net = symloss.Regressor(layers)
    net.add_loss("mae", output_name="side")
    assert [v.name for v in net.variables] == ["in", "target", "side:target"]
    x = rng.normal(size=(60, 3))
    y, side = np.tanh(x[:, :1]), np.tanh(x[:, 1:])
    history = net.train([x, y, side], epochs=120, learning_rate=0.01, patience=None, verbose=0)
    assert history[-1]["mse"] < 0.3 * history[0]["mse"]
    assert history[-1]["mae(side)"] < 0.4 * history[0]["mae(side)"]


def test_several_weighted_outputs_have_weights_each(rng):
    layers = [3, 4, {"size": 2, "name": "side", "activation": "linear"}, {"size": 1, "inputs": "hid1"}]
    net = symloss.Regressor(layers, weighted=True)
    net.add_loss("mae", output_name="side")
    assert [v.name for v in net.variables] == ["in", "target", "weights", "side:target", "side:weights"]
    x, y, side = rng.normal(size=(6, 3)), rng.normal(size=(6, 1)), rng.normal(size=(6, 2))
    got = net.feed_forward(x)
    w, v = rng.uniform(size=6), rng.uniform(size=(6, 2))
    record = net.train([x, y, w, side, v], algo="sgd", learning_rate=0.0, epochs=1, verbose=0)[0]
    np.testing.assert_allclose(record["mse"], np.average((got["out:out"] - y)[:, 0] ** 2, weights=w))
    np.testing.assert_allclose(record["mae(side)"], np.average(np.abs(got["side:out"] - side), weights=v))


def test_an_input_layer_takes_no_inputs():
    with pytest.raises(symloss.SpecError, match="cannot have inputs"):
        symloss.Regressor([3, {"form": "input", "size": 2, "name": "side", "inputs": "in"}, 1])


# ----------------------------------------------------------------------------------------------------------- tied


def test_a_tied_layer_is_its_partner_turned_round(rng):
    net = symloss.Autoencoder([5, (3, "tanh"), "tied"])
    net.find("out", "b").set_value(rng.normal(size=5))
    x = rng.normal(size=(4, 5))
    got = net.feed_forward(x)
    np.testing.assert_allclose(got["out:out"], got["hid1:out"] @ get(net, "hid1", "w").T + get(net, "out", "b"))
    assert [p.name for p in net.params] == ["hid1.w", "hid1.b", "out.b"]


def test_a_deep_autoencoder_ties_in_reverse_order():
    net = symloss.Autoencoder([784, 256, 64, "tied", "tied"])
    assert [la.shape for la in net.layers] == [(784,), (256,), (64,), (256,), (784,)]
    assert [la.partner for la in net.layers[3:]] == ["hid2", "hid1"]
    assert net.num_params == 784 * 256 + 256 + 256 * 64 + 64 + 256 + 784
    x = np.random.default_rng(0).uniform(size=(10, 784))
    history = net.train([x], algo="adam", epochs=3, verbose=0)
    assert history[-1]["loss"] < history[0]["loss"]
    assert net.encode(x).shape == (10, 64)
    assert np.array_equal(net.decode(net.encode(x)), net.predict(x))


def test_a_tied_layer_learns_through_both_uses_of_the_weights(rng):
    """The gradient of the shared weight is that of its use in the encoder plus that of its use in the decoder."""
    net = symloss.Autoencoder([3, (2, "linear"), "tied"])
    x, w = rng.normal(size=(5, 3)), get(net, "hid1", "w")
    residual = 2 * (x @ w @ w.T - x) / x.size
    slope = x.T @ residual @ w + residual.T @ x @ w
    net.train([x], algo="sgd", learning_rate=0.5, batch_size=0, epochs=1, verbose=0)
    np.testing.assert_allclose(get(net, "hid1", "w"), w - 0.5 * slope)


def test_a_tied_layer_with_activation_and_named_partner(rng):
    net = symloss.Autoencoder([4, {"size": 3, "name": "a"}, {"form": "tied", "partner": "a", "activation": "tanh"}])
    x = rng.normal(size=(4, 4))
    got = net.feed_forward(x)
    np.testing.assert_allclose(got["out:out"], np.tanh(got["a:out"] @ get(net, "a", "w").T))


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([4, "tied"], "tied"),
        ([4, 3, "tied", "tied"], "2 tied layers"),
        ([4, 3, (99, "tied")], "99.*4 inputs"),
        ([4, 3, {"form": "tied", "partner": "hid9"}], "hid9.*hid1"),
        ([4, 3, 2, {"form": "tied", "partner": "hid1"}], "hid2.*2 units.*3"),
    ],
)
def test_a_tied_layer_that_cannot_be_says_why(layers, words):
    with pytest.raises(symloss.SpecError, match=words):
        symloss.Autoencoder(layers)


def test_an_autoencoder_must_end_as_wide_as_it_starts():
    with pytest.raises(symloss.SpecError, match=r"\(3,\).*\(5,\)"):
        symloss.Autoencoder([5, 2, 3])
