"""Reshape and flatten: the order of values, lengths that follow from others, sequences, and mistakes."""

import numpy as np
import pytest

import symloss


def out(net, x):
    return net.feed_forward(x)["it:out"]


def test_values_keep_the_order_of_rows(rng):
    net = symloss.Regressor([12, {"form": "reshape", "shape": (2, 3, 2), "name": "it"}, "flatten", 1])
    x = rng.normal(size=(5, 12))
    assert np.array_equal(out(net, x), x.reshape(5, 2, 3, 2))
    assert np.array_equal(net.feed_forward(x)["hid2:out"], x)
    assert [la.shape for la in net.layers] == [(12,), (2, 3, 2), (12,), (1,)]


@pytest.mark.parametrize(("shape", "found"), [((-1,), (24,)), ((4, -1), (4, 6)), ((2, -1, 3), (2, 4, 3))])
def test_one_length_may_be_left_open(shape, found, rng):
    net = symloss.Regressor([(2, 3, 4), {"form": "reshape", "shape": shape, "name": "it"}, "flat", 1])
    assert net.graph["it"].shape == found
    x = rng.normal(size=(5, 2, 3, 4))
    assert np.array_equal(out(net, x), x.reshape(5, *found))
    assert net.graph.to_spec()[1]["shape" if len(found) > 1 else "size"] == (list(found) if len(found) > 1 else 24)


def test_steps_of_a_sequence_are_reshaped_one_by_one(rng):
    """The axis of time has no known length, and stays."""
    net = symloss.Network([{"size": 6, "ndim": 3}, {"form": "reshape", "shape": (2, 3), "name": "it"}, "flatten", 2])
    x = rng.normal(size=(4, 7, 6))
    assert np.array_equal(out(net, x), x.reshape(4, 7, 2, 3))
    assert np.array_equal(net.feed_forward(x)["hid2:out"], x)


def test_an_activation_is_applied(rng):
    net = symloss.Regressor([4, {"form": "reshape", "shape": (2, 2), "activation": "tanh", "name": "it"}, "flat", 1])
    x = rng.normal(size=(3, 4))
    assert np.array_equal(out(net, x), np.tanh(x).reshape(3, 2, 2))


def test_gradients_pass(rng):
    """A model with a detour through another shape trains as one without."""
    plain = symloss.Regressor([6, (4, "tanh"), 2], seed=1)
    layers = [6, (4, "tanh"), {"form": "reshape", "shape": (2, 2)}, "flatten", {"size": 2, "name": "out"}]
    bent = symloss.Regressor(layers, seed=1)
    bent.find("out", "w").set_value(plain.find("out", "w").get_value())
    x, y = rng.normal(size=(20, 6)), rng.normal(size=(20, 2))
    for net in (plain, bent):
        net.train([x, y], algo="sgd", learning_rate=0.1, epochs=3, verbose=0)
    for one, other in zip(plain.params, bent.params, strict=True):
        np.testing.assert_allclose(one.get_value(), other.get_value(), rtol=1e-12)


def test_a_fully_connected_layer_keeps_rows_and_columns(rng):
    net = symloss.Regressor([(2, 3, 4), {"size": 5, "name": "it", "activation": "linear"}, "flat", 1])
    assert net.graph["it"].shape == (2, 3, 5)
    x = rng.normal(size=(6, 2, 3, 4))
    np.testing.assert_allclose(out(net, x), x @ net.find("it", "w").get_value())


@pytest.mark.parametrize(("made", "words"), [
    ({"form": "reshape", "shape": (5, 2)}, r"12 values in the shape \(12,\).*\(5, 2\)"),
    ({"form": "reshape", "shape": (5, -1)}, "do not fit"),
    ({"form": "reshape", "shape": (-1, -1)}, "at most one"),
    ({"form": "reshape", "shape": (0, 12)}, "at least 1"),
    ("reshape", "no shape"),
    ({"form": "flatten", "size": 3}, "Leave size out"),
    ({"form": "flatten", "inputs": ["in", "in"]}, "one input"),
])
def test_a_shape_that_cannot_be_says_why(made, words):
    with pytest.raises(symloss.SpecError, match=words):
        symloss.Regressor([12, made, 1])
