"""Product and concatenate: values, shapes, gradients; layers of the user's own; descriptions that rebuild any layer."""

import json

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss.compiling import function, resolve
from symloss.layers import registry


@pytest.fixture
def own_layers():
    """Forms that a test registers are taken back after it."""
    before = dict(registry._entries), dict(registry._names)
    yield
    registry._entries, registry._names = before


def merged(form, *sizes, **options):
    """Return a model that merges layers 'a', 'b', ... of these sizes."""
    names = "abc"[: len(sizes)]
    branches = [{"size": n, "name": name, "inputs": "in", "activation": "tanh"}
                for name, n in zip(names, sizes, strict=True)]
    return symloss.Regressor([4, *branches, {"form": form, "inputs": list(names), "name": "it", **options}, 2])


@pytest.mark.parametrize("form", ["product", "prod"])
def test_product_multiplies_element_by_element(form, rng):
    net = merged(form, 3, 3, 3)
    got = net.feed_forward(rng.normal(size=(5, 4)))
    np.testing.assert_allclose(got["it:out"], got["a:out"] * got["b:out"] * got["c:out"])
    assert net.graph["it"].shape == (3,)


@pytest.mark.parametrize("form", ["concatenate", "concat"])
def test_concatenate_joins_the_last_axis(form, rng):
    net = merged(form, 3, 1, 2, activation="relu")
    got = net.feed_forward(rng.normal(size=(5, 4)))
    wanted = np.maximum(np.concatenate([got["a:out"], got["b:out"], got["c:out"]], axis=1), 0)
    np.testing.assert_allclose(got["it:out"], wanted)
    assert net.graph["it"].shape == (6,)


def test_images_are_joined_by_channels(rng):
    conv = {"form": "conv2", "filter_size": 3, "border_mode": "same", "inputs": "in"}
    layers = [(4, 5, 2), conv | {"size": 3, "name": "a"}, conv | {"size": 2, "name": "b"},
              {"form": "concat", "inputs": ["a", "b", "in"], "name": "it"}, "flatten", 1]
    net = symloss.convolution.Regressor(layers)
    got = net.feed_forward(rng.normal(size=(3, 4, 5, 2)))
    assert net.graph["it"].shape == (4, 5, 7)
    assert np.array_equal(got["it:out"], np.concatenate([got["a:out"], got["b:out"], got["in:out"]], axis=3))


@pytest.mark.parametrize("form", ["product", "concatenate"])
def test_gradients_are_finite_differences(form, rng):
    net = merged(form, 3, 3)
    total = (net.graph.outputs()[0]["out:out"] ** 2).sum()
    run = function(net.inputs, [total, *pytensor.grad(total, net.params)], resolve("PYTHON"))
    x, step = rng.normal(size=(5, 4)), 1e-6
    for param, slope in zip(net.params, run(x)[1:], strict=True):
        start, direction = param.get_value(), rng.normal(size=slope.shape)
        ends = []
        for sign in (1, -1):
            param.set_value(start + sign * step * direction)
            ends.append(run(x)[0])
        param.set_value(start)
        np.testing.assert_allclose((slope * direction).sum(), (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("layers", "words"), [
    ([4, 3, {"form": "product", "inputs": "hid1"}, 1], "at least two"),
    ([4, 3, {"form": "product", "inputs": ["in", "hid1"]}, 1], r"in \(4,\), hid1 \(3,\). .* equal shapes"),
    ([(2, 4), {"form": "flatten"}, {"form": "concat", "inputs": ["in", "hid1"]}, 1], "only in the last axis"),
    ([4, 3, {"form": "concat", "inputs": ["in", "hid1"], "size": 9}, 1], "give 7"),
    ([{"size": 4, "ndim": 3}, {"form": "input", "size": 4, "name": "b"}, {"form": "prod", "inputs": ["in", "b"]}, 1],
     "the same number of axes"),
])
def test_inputs_that_do_not_go_together_are_refused(layers, words):
    with pytest.raises(symloss.SpecError, match=words):
        symloss.Regressor(layers)


# -------------------------------------------------------------------------------------------------- descriptions

IMAGE, ROW = (8, 9, 2), (6,)
EVERY_LAYER = [
    ([ROW, {"form": "feedforward", "size": 3, "std_w": 0.1, "activation": "tanh+norm:z"}], 2),
    ([ROW, {"form": "classifier", "size": 3}], 2),
    ([ROW, {"form": "ff", "size": 3, "activation": "prelu"}, "tied"], 6),
    ([{"size": 6, "sparse": "csr"}, {"size": 3, "activation": "maxout:2"}], 2),
    ([ROW, {"form": "reshape", "shape": (2, 3)}, "flatten"], 2),
    ([ROW, {"size": 6, "activation": "sigmoid"}, {"form": "product", "inputs": ["in", "hid1"]}], 2),
    ([ROW, 3, {"form": "concatenate", "inputs": ["in", "hid1"], "activation": "elu"}], 2),
    ([IMAGE, {"form": "conv2", "size": 3, "filter_size": (3, 2), "stride": (1, 2), "border_mode": (1, 0),
              "flip_filters": False, "activation": "lgrelu"}, "flatten"], 2),
    ([IMAGE, {"form": "conv2", "size": 3, "filter_size": 2, "border_mode": "same", "init": "orthogonal"}, "flat"], 2),
    ([IMAGE, {"form": "pool2", "pool_size": 3, "stride": 2, "pooling": "mean", "ignore_border": False}, "flat"], 2),
    ([(9, 2), {"form": "conv1", "size": 3, "filter_size": 4, "stride": 2, "border_mode": "full"}, "flat"], 2),
    ([(9, 2), {"form": "pool1", "pool_size": 3, "stride": 2}, "flat"], 2),
]


@pytest.mark.parametrize(("layers", "size"), EVERY_LAYER, ids=lambda v: str(v[1]) if isinstance(v, list) else "")
def test_a_description_rebuilds_its_layer(layers, size, rng):
    """Through JSON, as a file does it; with the same parameters the copy computes the same."""
    net = symloss.Network([*layers, size])
    again = symloss.Network(json.loads(json.dumps(net.graph.to_spec())), seed=9)
    assert again.graph.to_spec() == net.graph.to_spec()
    assert [la.shape for la in again.layers] == [la.shape for la in net.layers]
    for one, other in zip(again.params, net.params, strict=True):
        assert one.name == other.name
        one.set_value(other.get_value() + 0.1)
        other.set_value(one.get_value())
    x = rng.normal(size=(4, *net.layers[0].shape))
    assert np.array_equal(again.predict(x), net.predict(x))


@pytest.mark.parametrize(("layers", "size"), EVERY_LAYER, ids=lambda v: str(v[1]) if isinstance(v, list) else "")
def test_every_layer_trains_and_is_saved(layers, size, rng, tmp_path):
    net = symloss.Regressor([*layers, size], seed=2)
    x = rng.normal(size=(12, *net.layers[0].shape))
    y = rng.normal(size=net.predict(x).shape)
    history = net.train([x, y], algo="adam", learning_rate=0.01, epochs=6, patience=None, verbose=0)
    assert history[-1]["loss"] < history[0]["loss"]
    net.save(tmp_path / "net")
    assert np.array_equal(symloss.load(tmp_path / "net").predict(x), net.predict(x))


# -------------------------------------------------------------------------------------------------- of one's own


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ({}, "layer 'it': Wrong has no method connect"),
        ({"connect": lambda self, values: None}, "layer 'it': connect of Wrong returned None, .* a dict of tensors"),
        ({"connect": lambda self, values: values[0]}, "layer 'it': connect of Wrong returned in, .* a dict of tensors"),
        ({"connect": lambda self, values: {"pre": values[0]}}, "a dict of tensors, {'out': ...}"),
        ({"connect": lambda self, values: {"out": None}}, "connect of Wrong returned None as 'out', .* a tensor"),
        ({"connect": lambda self, values: {"out": np.ones(3)}}, r"returned array.* as 'out', .* a tensor"),
    ],
)
def test_a_layer_of_ones_own_that_makes_no_tensor_is_named(methods, words, own_layers):
    type("Wrong", (symloss.Layer,), methods)
    with pytest.raises(symloss.SpecError, match=words):
        symloss.Regressor([3, {"form": "wrong", "size": 3, "name": "it"}, 1])


def test_a_layer_of_ones_own_is_found_by_its_name(own_layers, rng, tmp_path):
    class Scale(symloss.Layer):
        """x times a learnt factor for each variable, and a fixed one."""

        forms = ("scale",)

        def __init__(self, *, factor=1.0, **options):
            super().__init__(**options)
            self.factor = factor

        def setup(self, sources):
            self.shape = self.one_source(sources).shape
            self.add_bias("gain", self.shape, fill=1.0)

        def connect(self, values):
            return {"out": self.activate(self.factor * values[0] * self.params["gain"])}

        def to_spec(self):
            return super().to_spec() | {"factor": self.factor}

    net = symloss.Regressor([3, {"form": "scale", "factor": 2.0, "activation": "linear", "name": "it"}, 1])
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 1))
    assert np.array_equal(net.feed_forward(x)["it:out"], 2 * x)
    net.train([x, y], epochs=2, verbose=0)
    assert not np.array_equal(net.find("it", "gain").get_value(), np.ones(3))
    net.save(tmp_path / "net")
    assert np.array_equal(symloss.load(tmp_path / "net").predict(x), net.predict(x))
    assert symloss.Regressor([3, "Scale", 1]).graph[1].factor == 1.0
    with pytest.raises(symloss.UnknownNameError, match="factor"):
        symloss.Regressor([3, {"form": "scale", "facto": 2.0}, 1])


def test_a_subclass_does_not_take_its_bases_names(own_layers):
    class Tweaked(registry.get("conv2")):
        """A layer of another name."""

    assert registry.get("conv2") is not Tweaked
    assert registry.get("Tweaked") is Tweaked


def test_activation_regularizer_and_loss_of_ones_own_train_together(registered, rng):
    @symloss.activations.activation("square_of_mine")
    def squared_relu_of_mine(x, gain=1.0):
        """A ramp that gets steeper, with a learnt gain."""
        return gain * pt.maximum(x, 0) ** 2

    class Cubic(symloss.Regularizer):
        """The mean third power of weights' sizes."""

        title = "cubic_of_mine"

        def loss(self, graph, outputs):
            return sum((abs(w) ** 3).mean() for w in graph.weights().values())

    class Fourth(symloss.Loss):
        """The mean fourth power of errors."""

        def __call__(self, outputs):
            return ((outputs[self.output_name] - self._target) ** 4).mean()

    net = symloss.Regressor([3, (5, "square_of_mine"), 1], loss="Fourth")
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 1))
    record = net.train([x, y], algo="adam", epochs=8, cubic_of_mine=0.01, patience=None, verbose=0)
    assert record[-1]["loss"] < record[0]["loss"]
    assert "hid1.gain" in net.graph.parameters
