"""What scripts of theanets touch. Scores are those that its own test suite expects, with floatX=float32."""

import concurrent.futures
import copy
import io
import pickle
import sys
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.signal
import scipy.sparse
from pytensor.graph.traversal import apply_ancestors

import symloss
from symloss.compat import theanets

NI, NH, H2, NO, NC, N, TIME = 7, 8, 12, 5, 6, 64, 31


def _data():
    draw = np.random.RandomState(13)
    made = {name: draw.randn(N, size).astype("f") for name, size in (("x", NI), ("xw", NI), ("y", NO), ("yw", NO))}
    made["labels"], made["cw"] = draw.randint(NC, size=N).astype("i"), abs(draw.rand(N)).astype("f")
    sizes = (("rx", NI), ("rxw", NI), ("ry", NO), ("ryw", NO))
    made |= {name: draw.randn(N, TIME, size).astype("f") for name, size in sizes}
    made["rlabels"], made["rcw"] = draw.randn(N, TIME).astype("i"), abs(draw.rand(N, TIME)).astype("f")
    made["images"] = draw.randn(N, 13, 15, NI).astype("f")
    return {name: abs(a) if name.endswith("w") else a for name, a in made.items()}


D = _data()
HIDDEN = [NI, NH, H2]
LOOPS = [NI, (NH, "rnn"), (H2, "rnn")]
FILTERS = [NI, dict(size=NH, form="conv2", filter_size=(4, 3)), dict(size=H2, form="conv2", filter_size=(4, 3)),
           ("flat", H2 * 7 * 11)]


@pytest.fixture(autouse=True)
def quick():
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        yield


def progress(model, data, algo="sgd", **options):
    """The first pass makes the loss lower than it was; the second one validates nothing anew."""
    options = dict(momentum=0.5, batch_size=3, max_gradient_norm=1) | options
    records = model.itertrain(data, algo=algo, **options)
    (_, valid), (train, again) = next(records), next(records)
    assert train["loss"] < valid["loss"]
    assert again["loss"] == valid["loss"]
    return train


# ------------------------------------------------------------------------------------------------------------ layers


@pytest.mark.parametrize("form, name, params, count, outputs", [
    ("feedforward", "feedforward", "w b", 1 + NI, "out pre"),
    ("ff", "feedforward", "w b", 1 + NI, "out pre"),
    ("classifier", "classifier", "w b", 1 + NI, "out pre"),
    ("flatten", "flatten", "", 0, "out"),
    ("flat", "flatten", "", 0, "out"),
    ("concat", "concatenate", "", 0, "out"),
    ("prod", "product", "", 0, "out"),
])
def test_a_layer_of_items(form, name, params, count, outputs):
    layer = theanets.Layer.build(form, size=NH, name="l", inputs="in")
    layer.bind(theanets.Network([NI]))
    assert type(layer).__name__.lower() == name
    assert sorted(p.name for p in layer.params) == sorted(f"l.{p}" for p in params.split())
    assert layer.num_params == count * NH
    out, updates = layer.connect({"in:out": pt.matrix("x")})
    assert sorted(out) == sorted(f"l:{o}" for o in outputs.split())
    assert updates == []
    activation = layer.kwargs.get("activation", "relu")
    assert layer.to_spec() == dict(form=name, name="l", size=NH, inputs="in", activation=activation)


@pytest.mark.parametrize("form, keywords, count, params, outputs", [
    ("rnn", {}, (1 + NI + NH) * NH, "xh hh b", "out pre"),
    ("clockwork", {"periods": (1, 2, 4, 8)}, (1 + NI + NH) * NH, "xh hh b", "out pre"),
    ("bcrnn", {"num_modules": 2}, (1 + NI + NH) * NH, "xh hh b", "out pre"),
    ("rrnn", {"rate": "uniform"}, (1 + NI + NH) * NH, "xh hh b", "out pre rate hid"),
    ("rrnn", {"rate": "log"}, (1 + NI + NH) * NH, "xh hh b", "out pre rate hid"),
    ("rrnn", {"rate": "vector"}, (2 + NI + NH) * NH, "xh hh b r", "out pre rate hid"),
    ("rrnn", {}, (2 + NH + 2 * NI) * NH, "xh hh b r xr", "out pre rate hid"),
    ("gru", {}, 3 * (1 + NI + NH) * NH, "b w hh hr hz", "hid out pre rate"),
    ("mut1", {}, (3 + 3 * NI + 2 * NH) * NH, "bh br bz hh hr xh xr xz", "hid out pre rate"),
    ("lstm", {}, (7 + 4 * NH + 4 * NI) * NH, "xh hh b cf ci co", "out cell"),
    ("mrnn", {"factors": 3}, (7 + NI) * NH + 3 * NI, "xh xf hf fh b", "out pre factors"),
    ("scrn", {"context_size": 3}, 2 * (1 + NI + 2 * NH) * NH, "w ho so hh sh b r", "out pre hid rate state"),
    ("conv1", {"filter_size": 13}, (1 + 13 * NI) * NH, "w b", "pre out"),
])
def test_a_layer_of_sequences(form, keywords, count, params, outputs):
    layer = theanets.Layer.build(form, size=NH, name="l", inputs="in", **keywords)
    layer.bind(theanets.Network([dict(size=NI, ndim=3)]))
    assert sorted(p.name for p in layer.params) == sorted(f"l.{p}" for p in params.split())
    assert layer.num_params == count
    x = pt.tensor3("x")
    out, updates = layer.connect({"in:out": x})
    assert sorted(out) == sorted(f"l:{o}" for o in outputs.split())
    assert updates == []
    value = pytensor.function([x], out["l:out"])(D["rx"][:3])
    assert value.shape == (3, TIME - 12 * (form == "conv1"), NH)
    assert np.isfinite(value).all()


def test_both_directions():
    layer = theanets.Layer.build("bidirectional", size=NH, name="l", inputs="in")
    layer.bind(theanets.Network([dict(size=NI, ndim=3)]))
    assert sorted(p.name for p in layer.params) == ["l_bw.b", "l_bw.hh", "l_bw.xh", "l_fw.b", "l_fw.hh", "l_fw.xh"]
    out, _ = layer.connect({"in:out": pt.tensor3("x")})
    assert sorted(out) == ["l:bw_out", "l:bw_pre", "l:fw_out", "l:fw_pre", "l:out", "l:pre"]
    assert layer.to_spec()["worker"] == "rnn"


def test_several_inputs_have_weights_each():
    layer = theanets.layers.Feedforward(inputs=("in", "hid1"), size=NH, name="l")
    layer.bind(theanets.Network([NH, NH, NH]))
    assert sorted(p.name for p in layer.params) == ["l.b", "l.w_hid1:out", "l.w_in:out"]
    with pytest.raises(theanets.util.ConfigurationError, match="hid7"):
        theanets.layers.Feedforward(inputs="hid7", size=NH).bind(theanets.Network([NH, NH]))


def test_reshape():
    layer = theanets.layers.Reshape(inputs="in", shape=(3, 2), name="l")
    layer.bind(theanets.Network([6]))
    assert layer.output_shape == (3, 2)
    assert layer.output_size == 2


@pytest.mark.parametrize("layer", [
    NH, dict(form="ff", inputs=("hid1", "hid2"), size=NH), dict(form="tied", partner="hid1"),
    dict(form="prod", inputs=("hid1", "hid2"), size=NH), dict(form="concat", inputs=("hid1", "hid2"), size=2 * NH),
    ("flat", NH),
])
def test_a_network_with_any_layer_predicts(layer):
    net = theanets.Autoencoder([NI, NH, NH, layer, NI])
    assert net.predict(D["x"]).shape == (N, NI)


def test_activations_have_names_and_parameters():
    layer = theanets.layers.Feedforward(inputs="in", size=3, activation="relu+norm:z", name="l")
    layer.bind(theanets.Network([2]))
    assert layer.activate.name == "norm:z(relu)"
    assert (layer.activate.f.name, layer.activate.g.name, layer.activate.params) == ("relu", "norm:z", [])
    layer = theanets.layers.Feedforward(inputs="in", size=3, activation="maxout:4", name="l")
    layer.bind(theanets.Network([2]))
    assert sorted(p.name for p in layer.params) == ["l.b", "l.intercept", "l.slope", "l.w"]


@pytest.mark.parametrize("name", [*theanets.activations.COMMON, "relu+tanh", "prelu+norm:z"])
def test_activations_can_be_pickled(name):
    layer = theanets.layers.Feedforward(inputs="in", size=3, name="l")
    layer.bind(theanets.Network([2]))
    made, x = theanets.activations.build(name, layer), pt.constant(np.array([[-2.0, 0.5, 3.0]]))
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(made(x).eval(), again(x).eval())


@pytest.mark.parametrize("form, options", [
    ("rnn", {"activation": "tanh"}), ("rrnn", {"rate": "vector", "activation": "tanh"}),
    ("rrnn", {"activation": "tanh"}),
    ("mrnn", {"factors": 3, "activation": "tanh"}), ("lstm", {}), ("gru", {"activation": "tanh"}),
    ("scrn", {"activation": "sigmoid"}), ("clockwork", {"periods": [1, 2, 4], "activation": "tanh"}),
    ("bcrnn", {"num_modules": 3, "activation": "tanh"}),
], ids=str)
def test_a_recurrent_layer_computes_what_the_cores_does(form, options):
    old = theanets.recurrent.Regressor([NI, dict(form=form, size=6, **options), 2])
    context = {"context_size": 6} if form == "scrn" else {}  # of any size here, of the layer's own there
    new = symloss.recurrent.Regressor([NI, dict(form=form, size=6, **options, **context), 2])
    for name, p in new.graph.parameters.items():
        p.set_value(old.find(*name.split(".")).get_value())
    x = D["rx"][:4, :9].astype(float)
    np.testing.assert_allclose(old.feed_forward(x)["hid1:out"], new.feed_forward(x)["hid1:out"], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("border", ["valid", "full"])
def test_filters_run_backwards_over_images(stride, border):
    net = theanets.convolution.Regressor([
        1, dict(form="conv2", size=2, filter_size=(3, 4), stride=stride, border_mode=border, activation="linear"),
        dict(form="flat", size=9), 1,
    ])
    image = D["images"][0, :, :, 0].astype(float)
    x, out = pt.dtensor4(), net.layers[1]
    made = pytensor.function([x], out.connect({"in:out": x})[0]["hid1:out"])(image[None, :, :, None])
    for index in range(2):
        exact = scipy.signal.convolve2d(image, out.find("w").get_value()[index, 0], mode=border)
        exact = exact[:: stride[0], :: stride[1]] + out.find("b").get_value()[index]
        np.testing.assert_allclose(made[0, :, :, index], exact, rtol=1e-6)


def test_a_large_filter_is_no_large_graph():
    x, w = pt.tensor4(), pt.tensor4()
    made = theanets.layers.convolution.convolve(x, w, (1, 1), "valid", (14, 14))
    nodes = list(apply_ancestors([made], [x, w]))
    assert len(nodes) < 400  # slices of 14 rows and 14 columns; 196 cells with a product each were 5303


def test_shapes_of_loops_are_not_looked_for_again_by_every_start(monkeypatch):
    calls, real = [], pytensor.tensor.basic.infer_static_shape
    monkeypatch.setattr(pytensor.tensor.basic, "infer_static_shape", lambda shape: calls.append(1) or real(shape))
    theanets.recurrent.Regressor([NI, (NH, "lstm"), (NH, "rnn"), NO]).build_graph()
    assert len(calls) <= 3  # one for the memory of each state, none for its start


@pytest.mark.parametrize("form", ["rnn", "lstm"])
def test_what_is_not_finite_stays_in_its_sequence(form):
    net, x = theanets.recurrent.Regressor([NI, (NH, form), NO]), D["rx"][:2, :3].copy()
    exact = net.predict(x)[1]
    x[0] = np.nan
    np.testing.assert_array_equal(net.predict(x)[1], exact)


# ------------------------------------------------------------------------------------------------------------ network


def test_the_layer_language():
    net = theanets.Regressor((1, (2, "relu"), dict(size=4, form="rnn"), 3))
    assert [layer.name for layer in net.layers] == ["in", "hid1", "hid2", "out"]
    assert net.layers[1].kwargs["activation"] == "relu"
    assert isinstance(net.layers[2], theanets.layers.recurrent.RNN)
    assert not theanets.Regressor((15, 13)).updates()
    for wrong in ((1, 2, dict(size=3, inputs="hid2")), (1, "linnear", 1), (1, (2, 3, "relu"), 1),
                  (1, (2, "tied"), (2, "tied"), (1, "tied"))):
        with pytest.raises(theanets.util.ConfigurationError):
            theanets.Regressor(wrong)


@pytest.mark.parametrize("layer", [
    None, "ff", "tied", "rnn", "lstm", "mrnn", "scrn", "bidirectional", "softmax", ("relu",), 0, 2.5, (6, "tied", 7),
    {}, dict(form="ff"), dict(form="tied"), dict(form="tied", partner="hello"), dict(form="conv1", filter_size=3),
    dict(form="ff", inputs=("a", "b")), dict(form="ff", inputs=("a", "b"), size=6),
    dict(form="concat", inputs=("a", "b")),
], ids=str)
def test_a_layer_that_cannot_be_says_so_before_anything_is_drawn(layer):
    a, b = (dict(form="input", name=name, shape=shape) for name, shape in (("a", (3, 5)), ("b", (4, 3))))
    with pytest.raises(theanets.util.ConfigurationError):
        theanets.Network([a, b, layer, 4])


def test_the_context_of_a_scrn_has_as_many_units_as_the_layer():
    net = theanets.recurrent.Regressor([3, dict(form="scrn", size=4, context_size=2), 2])
    shapes = {p.name.split(".")[1]: p.get_value().shape for p in net.layers[1].params}
    assert shapes == {"w": (3, 8), "sh": (4, 4), "hh": (4, 4), "ho": (4, 4), "so": (4, 4), "b": (4,), "r": (4,)}
    assert net.layers[1].to_spec()["context_size"] == 2


def test_slow_modules_move_by_a_millionth_in_single_precision():
    with pytensor.config.change_flags(floatX="float32"):
        net = theanets.recurrent.Regressor([NI, dict(form="bcrnn", num_modules=2, size=4, activation="linear"), 1])
        pre = net.feed_forward(D["rx"][:, :1])["hid1:pre"][:, 0].astype(float)
    moved = D["rx"][:, 0].astype(float) @ net.find(1, "xh").get_value() + net.find(1, "b").get_value()
    np.testing.assert_allclose(pre, moved * np.repeat(np.logspace(-1e-4, -6, 2), 2), rtol=1e-4)


@pytest.mark.parametrize("name", ["recurrent_norm", "recurrent_state"])
@pytest.mark.parametrize("pattern", ["*", "hid1:out", "*:pre", "hid1:*", "nothing"])
def test_what_changes_over_time_is_found_by_any_pattern(name, pattern):
    net = theanets.recurrent.Regressor([NI, dict(form="rrnn", rate="vector", size=4), NO])  # its rates have no time
    [made] = theanets.regularizers.from_kwargs(net, **{name: dict(pattern=pattern, weight=0.1)})
    outputs, _ = net.build_graph()
    term = made.loss(net.layers, outputs)
    assert (pattern == "nothing") == isinstance(term, float)
    assert pattern == "nothing" or np.isfinite(term.eval({net.inputs[0]: D["rx"][:2, :4].astype(float)}))
    with pytest.raises(theanets.util.ConfigurationError, match="'in' has shape .*, but it must have 3 axes"):
        net.train([D["x"], D["y"]], max_updates=1, **{name: 0.1})


def test_tied_layers_find_their_partner():
    net = theanets.Regressor((1, 2, dict(form="tied", partner="hid1", name="foo")))
    assert net.layers[2].partner is net.layers[1]
    assert net.losses[0].output_name == "foo:out"
    assert theanets.Autoencoder((4, 3, 2, "tied", "tied")).layers[4].partner.name == "hid1"


def test_parameters_are_found_by_name_and_number():
    net = theanets.Regressor((1, 2, 1))
    assert (net.find(1, 0).name, net.find("out", "w").name) == ("hid1.w", "out.w")
    for which in (("hid4", "w"), (0, 0), (1, 3)):
        with pytest.raises(KeyError):
            net.find(*which)
    assert theanets.Regressor((1, (2, "prelu"), 1)).find("hid1", "leak").name == "hid1.leak"


@pytest.mark.parametrize("asked, expected", [
    ({"hid1:out": 1}, ["hid1:out<1"]),
    ([("hid1:out", 1)], ["hid1:out<1"]),
    ({"hid1:out": [2, 1]}, ["hid1:out<2", "hid1:out<1"]),
    ({"hid1:out": dict(a=lambda e: e + 1, b=lambda e: e + 2)}, ["hid1:out:a", "hid1:out:b"]),
    ({"hid10:out": 1}, []),
    ({"hid1.w": 1}, ["hid1.w<1"]),
    ({"*.w": 1}, ["hid1.w<1", "hid2.w<1", "out.w<1"]),
])
def test_monitors(asked, expected):
    net = theanets.Regressor((10, 15, 14, 13))
    assert [name for name, _ in net.monitors(monitors=asked)] == ["err", *expected]


def test_names_by_pattern():
    net = theanets.Autoencoder([10, 20, 30, 10])
    assert sorted(n for n, _ in theanets.util.params_matching(net.layers, "o*.?")) == ["out.b", "out.w"]
    outputs, _ = net.build_graph()
    assert sorted(n for n, _ in theanets.util.outputs_matching(outputs, "*:pre")) == ["hid1:pre", "hid2:pre", "out:pre"]


def test_random_numbers():
    x = theanets.util.random_matrix(1000, 200, sparsity=0.1, rng=5)
    assert abs((x == 0).mean() - 0.1) < 0.01
    assert np.allclose(np.diag(theanets.util.random_matrix(100, 20, diagonal=0.9, rng=4)), 0.9)
    assert np.isclose(np.linalg.norm(theanets.util.random_matrix(100, 20, radius=2, rng=4), 2), 2)
    assert abs(theanets.util.random_vector(10000, rng=4).std() - 1) < 0.01


def test_registered_by_being_defined():
    class Nearly(theanets.losses.MeanSquaredError):
        pass

    assert theanets.Loss.get_class("NEARLY") is Nearly
    assert theanets.Loss.get_class("mse") is theanets.losses.MeanSquaredError  # aliases stay the parent's
    with pytest.raises(KeyError, match="did you mean 'mse'"):
        theanets.Loss.build("mses", target=2)
    assert len(theanets.Loss.build("mse", target=2, weighted=True).variables) == 2


def test_regularizers_from_keywords():
    net = theanets.Regressor((10, 15, 13))
    one = theanets.Regularizer.build("weight_l2", 0.01)
    assert theanets.regularizers.from_kwargs(net, regularizers=[one])[0].weight == 0.01
    assert theanets.Regularizer.build("noise", 0.01).pattern == "*:out"  # not what goes into activations
    assert theanets.Regularizer.build("hidden_l1", "hid*:out").pattern == "hid*:out"
    assert len(theanets.regularizers.from_kwargs(net, regularizers=dict(input_noise=0.01))) == 1
    assert theanets.regularizers.from_kwargs(net, learning_rate=0.1, batch_size=3) == []
    with pytest.raises(theanets.util.ConfigurationError, match="hidden_dropout"):
        theanets.regularizers.from_kwargs(net, dropout=0.5)


# ------------------------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize("model, layers, x, y, score", [
    (theanets.Regressor, [*HIDDEN, NO], "x", "y", -1.0473043918609619),
    (theanets.Classifier, [*HIDDEN, NC], "x", "labels", 0.171875),
    (theanets.Autoencoder, [*HIDDEN, NI], "x", "x", 15.108331680297852),
    (theanets.recurrent.Regressor, [*LOOPS, NO], "rx", "ry", -0.73883247375488281),
    (theanets.recurrent.Classifier, [*LOOPS, NC], "rx", "rlabels", 0.0020161290322580645),
    (theanets.recurrent.Autoencoder, [*LOOPS, NI], "rx", "rx", 81.411415100097656),
    (theanets.convolution.Regressor, [*FILTERS, NO], "images", "y", -16.850263595581055),
    (theanets.convolution.Classifier, [*FILTERS, NC], "images", "labels", 0.171875),
])
def test_a_fresh_network_has_its_old_score(model, layers, x, y, score):
    with pytensor.config.change_flags(floatX="float32"):
        assert model(layers).score(D[x], D[y]) == pytest.approx(score, rel=1e-6)


def test_a_sequence_is_drawn_as_it_was():
    with pytensor.config.change_flags(floatX="float32"):
        net = theanets.recurrent.Classifier([*LOOPS, NC])
        assert list(net.predict_sequence([0, 1, 2], 5, rng=13)) == [4, 5, 1, 3, 1]


def test_negative_labels_count_from_the_last_class():
    net = theanets.Classifier([NI, NC])
    value = pytensor.function(net.variables, net.loss())
    x = D["x"].astype(float)
    np.testing.assert_allclose(value(x, np.full(N, -1, "i")), value(x, np.full(N, NC - 1, "i")))


# ------------------------------------------------------------------------------------------------------------ training


@pytest.mark.parametrize("model, layers, names", [
    (theanets.Regressor, [*HIDDEN, NO], ("x", "y", "yw")),
    (theanets.Classifier, [*HIDDEN, NC], ("x", "labels", "cw")),
    (theanets.Autoencoder, [*HIDDEN, NI], ("x", "xw")),
])
@pytest.mark.parametrize("weighted", [False, True])
def test_training_makes_progress(model, layers, names, weighted):
    net = model(layers, weighted=weighted)
    progress(net, [D[name] for name in (names if weighted else names[:-1])])


@pytest.mark.parametrize("model, layers, names", [
    (theanets.recurrent.Classifier, [NI, (NH, "rnn"), NC], ("rx", "rlabels", "rcw")),
    (theanets.recurrent.Autoencoder, [NI, (NH, "lstm"), NI], ("rx", "rxw")),
    (theanets.convolution.Regressor, [*FILTERS[:2], ("flat", NH * 10 * 13), NO], ("images", "y", "yw")),
])
def test_training_of_sequences_and_images_makes_progress(model, layers, names):
    progress(model(layers, weighted=True), [D[name] for name in names], batch_size=16)


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_sparse_inputs(form):
    net = theanets.Classifier([dict(form="input", size=NI, sparse=form, name="in"), NH, NC])
    data = scipy.sparse.csr_array(D["x"]).asformat(form) if form == "csr" else scipy.sparse.csc_matrix(D["x"])
    progress(net, [data, D["labels"]])
    assert net.feed_forward(data)["out:out"].shape == (N, NC)


@pytest.mark.parametrize("algo", ["nag", "rprop", "rmsprop", "adagrad", "adadelta", "esgd", "adam"])
def test_every_algorithm_makes_progress(algo):
    progress(theanets.Regressor([NI, NO]), [D["x"], D["y"]], algo, learning_rate=0.001)


@pytest.mark.parametrize("loss", ["mae", "mmd"])
def test_every_loss_makes_progress(loss):
    progress(theanets.Regressor([NI, NH, NO], loss=loss), [D["x"], D["y"]])


def test_a_gaussian_loss_of_two_layers():
    net = theanets.Regressor([
        NI, dict(name="hid", size=NH), dict(name="covar", activation="relu", inputs="hid", size=NO),
        dict(name="mean", activation="linear", inputs="hid", size=NO),
    ])
    net.set_loss("gll", target=2, mean_name="mean", covar_name="covar")
    progress(net, [D["x"], D["y"]])


@pytest.mark.parametrize("options", [
    {"input_noise": 0.1}, {"hidden_dropout": 0.2, "weight_l2": 0.01}, {"noise": {"*:out": 0.1}}, {"contractive": 0.01},
], ids=str)
def test_training_with_regularizers(options):
    progress(theanets.Regressor([NI, 20, NO], rng=115), [D["x"], D["y"]], **options)


@pytest.mark.parametrize("layers", [[NI, NH, H2, NI], [NI, NH, H2, (NH, "tied"), (NI, "tied")]], ids=str)
def test_layerwise(layers):
    net = theanets.Autoencoder(layers)
    records = net.itertrain([D["x"]], algo="layerwise", subalgo="sgd", max_updates=3, validate_every=1, batch_size=64)
    before = [p.get_value() for p in net.params]
    losses = [train["loss"] for train, _ in records]
    assert len(losses) >= 2
    assert [la.name for la in net.layers] == [la.name for la in theanets.Autoencoder(layers).layers]
    assert not all(np.array_equal(a, p.get_value()) for a, p in zip(before, net.params, strict=True))


def test_samples_as_weights():
    net = theanets.Autoencoder(HIDDEN + [NI])
    (train, valid), = net.itertrain([D["x"]], algo="sample")
    assert train["loss"] == 0 == valid["loss"]
    np.testing.assert_allclose(np.linalg.norm(net.find("hid1", "w").get_value(), axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(net.find("out", "w").get_value(), axis=1), 1, rtol=1e-5)


def test_pretraining_leaves_its_weights():
    exp = theanets.Experiment(theanets.Classifier, [*HIDDEN, NC])
    before = exp.network.find("hid1", "w").get_value()
    train = progress(exp, [D["x"]], "pretrain")
    assert set(train) == {"loss", "err"}
    list(exp.itertrain([D["x"]], algo="pretrain", max_updates=3, validate_every=1, batch_size=64))
    assert not np.array_equal(before, exp.network.find("hid1", "w").get_value())


def test_algorithm_is_the_old_spelling(recwarn):
    net = theanets.Regressor([NI, NO])
    next(net.itertrain([D["x"], D["y"]], algorithm=["sgd"], batch_size=64))
    assert any(w.category is DeprecationWarning and "algo" in str(w.message) for w in recwarn)


def test_monitors_come_in_their_order():
    net = theanets.Classifier([NI, NH, NC])
    records = net.itertrain([D["x"], D["labels"]], algo="sgd", monitors={"hid1:out": (0.1, 0.9)},
                            monitor_gradients=True)
    train, _ = next(records)
    assert list(train) == ["loss", "err", "hid1:out<0.1", "hid1:out<0.9", "acc", "grad(hid1.w)", "grad(hid1.b)",
                           "grad(out.w)", "grad(out.b)"]
    assert 0 < train["hid1:out<0.1"] < train["hid1:out<0.9"] < 1


def test_two_losses_share_their_target():
    net = theanets.Regressor([NI, NH, NO], loss="mae")
    net.add_loss("mse")
    net.losses[1].weight = 2
    assert [v.name for v in net.variables] == ["in", "target"]
    progress(net, [D["x"], D["y"]])
    net.set_loss("mse", weight=1)
    assert len(net.losses) == 1


def test_another_loss_of_a_classifier_takes_labels():
    net = theanets.Classifier([NI, NC], weighted=True)
    net.set_loss("hinge")
    assert [(v.name, v.ndim) for v in net.variables] == [("in", 2), ("target", 1), ("weights", 1)]


def test_a_loss_of_the_users_own():
    class Step(theanets.Loss):
        def __call__(self, outputs):
            step = outputs[self.output_name] > 0
            if self._weights:
                return (self._weights * step).sum() / self._weights.sum()
            return step.mean()

    for weighted, names in ((False, ("x", "y")), (True, ("x", "y", "yw"))):
        net = theanets.Regressor([NI, NO], loss="step", weighted=weighted)
        train, _ = next(net.itertrain([D[name] for name in names], algo="sgd"))
        assert 0 < train["loss"] < 1


@pytest.mark.parametrize("returned, message", [(None, "returned None without weights.*return a scalar"),
                                               (pt.vector(), "1 axes, but it must return a scalar")])
def test_a_loss_that_returns_no_scalar_says_what_to_return(returned, message):
    class Lost(theanets.Loss):
        def __call__(self, outputs):
            return returned

    with pytest.raises(theanets.util.ConfigurationError, match=f"loss Lost: .*{message}"):
        theanets.Regressor([NI, NO], loss="lost").train([D["x"], D["y"]])


AUTOENCODERS = [(theanets.Autoencoder, [NI, 4, NI], ("x", "xw")),
                (theanets.recurrent.Autoencoder, [NI, (4, "rnn"), NI], ("rx", "rxw"))]


@pytest.mark.parametrize("model, layers, names", AUTOENCODERS)
def test_a_weighted_autoencoder_takes_triples(model, layers, names):
    def first(*data):
        net = model(layers, weighted=True)
        found = next(net.itertrain(list(data), algo="sgd", batch_size=N))
        assert [v.name for v in net.variables] == ["in", "weights"]  # nothing of the data is left in the model
        return [*(m["loss"] for m in found), *(p.get_value() for p in net.params)]

    x, w = (D[name].astype(float) for name in names)
    for one, other in zip(first(x, w), first(x, x, w), strict=True):
        np.testing.assert_array_equal(one, other)
    exact = np.average((model(layers).predict(x) - x - 1) ** 2, weights=w)
    assert first(x, x + 1, w)[:2] == pytest.approx([exact, exact], rel=1e-6)


def test_triples_of_a_function_are_drawn_once_each_in_their_old_order():
    drawn = []

    def batch():
        drawn.append(len(drawn))
        return D["x"][:8], D["y"][:8, :1] + np.zeros(NI), np.full((8, NI), 1 + drawn[-1])

    net = theanets.Autoencoder([NI, 4, NI], weighted=True)
    found = next(net.itertrain(batch, algo="sgd", learning_rate=0, train_batches=3, valid_batches=2))
    assert drawn == [0, 1, 2, 3, 4]
    assert found[0]["loss"] == pytest.approx(found[1]["loss"])


@pytest.mark.parametrize("model, arrays, message", [
    (theanets.Autoencoder([NI, 4, NI]), ("x", "xw"), r"train: got a batch of 2 arrays; pass 1, .*\[in\]"),
    (theanets.Autoencoder([NI, 4, NI], weighted=True), ("x",), r"1 array; pass 2, .*\[in, weights\]"),
    (theanets.Autoencoder([NI, 4, NI], weighted=True), 4 * ("x",), r"4 arrays; pass 2, .*\[in, weights\]"),
    (theanets.Regressor([NI, NO]), ("x", "y", "yw"), r"3 arrays; pass 2, .*\[in, target\]"),
    (theanets.Classifier([NI, NC], weighted=True), ("x", "labels"), r"2 arrays; pass 3, .*\[in, target, weights\]"),
])
@pytest.mark.parametrize("drawn", [False, True])
def test_an_array_too_many_or_too_few_is_not_dropped_in_silence(model, arrays, message, drawn):
    data = [D[name] for name in arrays]
    with pytest.raises(theanets.util.ConfigurationError, match=message.replace("train", "valid") if drawn else message):
        model.train((lambda: data) if drawn else data)


def test_a_layer_an_activation_and_a_regularizer_of_the_users_own():
    class Scaled(theanets.Layer):
        def setup(self):
            self.add_weights("w", self.input_size, self.output_size)
            self.add_bias("scale", self.output_size, mean=1, std=0)

        def transform(self, inputs):
            pre = pt.dot(inputs[self.input_name], self.find("w")) * self.find("scale")
            return dict(pre=pre, out=self.activate(pre)), []

    class Bent(theanets.Activation):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            size = self.layer.output_size
            self.params.append(pytensor.shared(np.ones(size), name=self.layer._fmt("bend")))

        def __call__(self, x):
            return pt.arctan(self.params[0] * x)

    class WeightInverse(theanets.Regularizer):
        def loss(self, layers, outputs):
            return sum((1 / (p * p).sum(axis=0)).sum() for layer in layers for p in layer.params if p.ndim == 2)

    net = theanets.Autoencoder([NI, (4, "scaled", "bent"), NI])
    assert [p.name for p in net.layers[1].params] == ["hid1.w", "hid1.scale", "hid1.bend"]
    plain, more = net.loss(), net.loss(weightinverse=0.01)
    x = D["x"].astype(float)
    values = pytensor.function(net.variables, [plain, more])(x)
    inverse = sum((1 / (net.find(i, 0).get_value() ** 2).sum(axis=0)).sum() for i in (1, 2))
    assert values[1] - values[0] == pytest.approx(0.01 * inverse)
    progress(net, [x], weightinverse=0.01)


def test_a_trainer_of_the_users_own():
    class Once:
        def itertrain(self, train, valid, **options):
            yield {"loss": len(list(train))}, {"loss": 0}

    net = theanets.Regressor([NI, NO])
    assert net.train([D["x"], D["y"]], algo=Once(), batch_size=32) == ({"loss": 2}, {"loss": 0})


def test_data_may_come_from_a_function_and_along_another_axis():
    net = theanets.Regressor([NI, NO])
    calls = []

    def batch():
        calls.append(1)
        return D["x"][:8], D["y"][:8]

    next(net.itertrain(batch, algo="sgd", train_batches=3, valid_batches=2))
    assert len(calls) == 5
    data = theanets.downhill.Dataset([D["x"].T, D["y"].T], batch_size=10, axis=1, rng=1)
    assert sorted(b[0].shape for b in data) == [(NI, 4)] + 6 * [(NI, 10)]
    assert len(list(theanets.downhill.Dataset(D["x"], batch_size=0))) == 1
    with pytest.raises(ValueError, match="list is not supported"):
        theanets.downhill.Dataset([[1, 2], [3, 4]])


def test_a_training_that_is_over_leaves_the_best_validated():
    net = theanets.Regressor([NI, NO])
    start = [p.get_value() for p in net.params]
    net.train([D["x"], D["y"]], algo="sgd", max_updates=5)  # validated once, before the first
    for before, p in zip(start, net.params, strict=True):
        np.testing.assert_array_equal(before, p.get_value())


def test_minimize():
    x = pytensor.shared(np.array([3.0, -2.0]), name="x")
    _, valid = theanets.downhill.minimize(pt.sqr(x).sum(), lambda: [], inputs=[], algo="sgd", learning_rate=0.1,
                                          train_batches=5, max_updates=11, validate_every=1)
    assert valid["loss"] < 0.01


# ------------------------------------------------------------------------------------------------------------ saving


def same(a, b):
    assert type(a) is type(b)
    for one, other in zip(a.layers, b.layers, strict=True):
        assert (one.name, one.inputs, one.output_shape) == (other.name, other.inputs, other.output_shape)
    for p, q in zip(a.params, b.params, strict=True):
        assert p.name == q.name
        np.testing.assert_array_equal(p.get_value(), q.get_value())


@pytest.mark.parametrize("name", ["net", "net.gz"])
def test_a_saved_network_can_be_trained(tmp_path, name):
    net = theanets.Regressor([NI, (NH, "prelu+tanh"), NO], loss="mae", weighted=True)
    net.find(1, "w").set_value(net.find(1, "w").get_value() + 1)
    net.save(str(tmp_path / name))
    again = theanets.Regressor.load(str(tmp_path / name))
    same(net, again)
    progress(again, [D["x"], D["y"], D["yw"]])


def test_networks_of_every_kind_are_saved():
    for net in (theanets.Autoencoder([NI, 4, "tied"]), theanets.convolution.Classifier([*FILTERS, NC]),
                theanets.recurrent.Regressor([NI, dict(form="rrnn", size=4, rate="vector"), ("bidirectional", 6), NO])):
        handle = io.BytesIO()
        net.save(handle)
        handle.seek(0)
        same(net, theanets.Network.load(handle))
        same(net, copy.deepcopy(net))
    with pytest.raises(symloss.DataError, match="pickle"):
        theanets.Network.load(io.BytesIO(b"\x80\x02nothing"))


def test_an_experiment_is_saved_and_loaded(tmp_path):
    exp = theanets.Experiment(theanets.Autoencoder, layers=(10, 3, 4, 10))
    net = exp.network
    exp.save(str(tmp_path / "exp"))
    exp.load(str(tmp_path / "exp"))
    assert exp.network is not net
    same(net, exp.network)
    same(net, theanets.Experiment(str(tmp_path / "exp")).network)


def test_progress_is_saved_every_so_many_passes(tmp_path):
    net, path = theanets.Autoencoder((NI, (3, "prelu"), NI)), tmp_path / "model"
    written = []
    for _ in zip(range(6), net.itertrain([D["x"]], save_every=2, save_progress=str(path)), strict=False):
        written.append(path.exists())
        path.unlink(missing_ok=True)
    assert written == [False, False, False, True, False, True]


# ------------------------------------------------------------------------------------------------------------ the rest


def test_encode_and_decode():
    net = theanets.Autoencoder([*HIDDEN, NI])
    assert net.encode(D["x"], "hid1").shape == (N, NH)
    code = net.encode(D["x"], "hid2")
    np.testing.assert_allclose(net.decode(code, "hid2"), net.predict(D["x"]), rtol=1e-5)
    assert set(np.unique(theanets.Autoencoder([NI, (3, "sigmoid"), NI]).encode(D["x"], sample=True))) <= {0, 1}


def test_what_a_classifier_predicts():
    net = theanets.Classifier([*HIDDEN, NC])
    assert net.predict_proba(D["x"]).shape == net.predict_logit(D["x"]).shape == (N, NC)
    assert 0 <= net.score(D["x"], D["labels"], 0.5 * np.ones(N)) <= 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(net.classify(D["x"]), net.predict(D["x"]))


def test_several_inputs_can_be_predicted_from():
    net = theanets.Regressor([dict(form="input", name="a", size=2), dict(form="input", name="b", size=3),
                              dict(size=NO, inputs=("a", "b"), name="out")])
    assert net.predict([D["x"][:, :2], D["x"][:, 2:5]]).shape == (N, NO)


def test_text():
    said = "hello world, how are you!"
    assert theanets.recurrent.Text(said, min_count=2, unknown="_").text == "hello worl__ how _re _o__"
    text = theanets.recurrent.Text(said, alpha="helo wrd,!", unknown="_")
    assert (text.text, text.encode("you!")) == ("hello world, how _re _o_!", [0, 4, 0, 10])
    assert text.decode([1, 2, 3, 3, 4, 10]) == "hello!"
    inputs, labels = text.classifier_batches(steps=8, batch_size=5)()
    assert (inputs.shape, labels.shape) == ((5, 8, 11), (5, 8))
    np.testing.assert_array_equal(inputs[:, 1:].argmax(axis=-1), labels[:, :-1])


def test_windows():
    draw = theanets.recurrent.batches([D["rx"][0], D["ry"][0]], steps=10, batch_size=4, rng=1)
    assert [a.shape for a in draw()] == [(4, 10, NI), (4, 10, NO)]


def test_log_writes_a_line(capsys):
    theanets.log("{} of {n}", 1, n=2)
    theanets.Loss.build("gll", target=2).log()
    theanets.regularizers.BernoulliDropout("hid1:out", 0.5).log()
    assert capsys.readouterr().out.splitlines() == [
        "1 of 2", "using loss: 1.0 * GaussianLogLikelihood (mean mean:out, covar covar:out)",
        "regularizer: BernoulliDropout(hid1:out) ~ B(0.5)",
    ]


@pytest.mark.parametrize("library", [theanets, symloss], ids=["compat", "core"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_page_about_losses_runs(library, weighted, registered):
    """The code of theanets' own page, line by line, with either import."""
    x, y = D["x"], D["y"]
    net = library.Regressor([NI, 20, NO], loss="mae")
    net = library.Regressor([NI, 20, NO])
    net.add_loss("mae")
    net.losses[1].weight = 2
    next(iter(net.itertrain([x, y])))
    net.set_loss("mse", weight=1)
    assert [loss.weight for loss in net.losses] == [1]
    net = library.recurrent.Autoencoder([3, (10, "rnn"), 3], weighted=True)
    next(iter(net.itertrain([D["rx"][:8, :5, :3], abs(D["rxw"][:8, :5, :3])])))

    class Step(library.Loss):
        def __call__(self, outputs):
            step = outputs[self.output_name] > 0
            if self._weights:
                return (self._weights * step).sum() / self._weights.sum()
            return step.mean()

    net = library.Regressor([NI, 6, NO], loss="step", weighted=weighted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", symloss.SymlossWarning)  # no gradient reaches a parameter
        next(iter(net.itertrain([x, y, D["yw"]] if weighted else [x, y])))


@pytest.mark.c
def test_training_in_c_gives_the_same_numbers():
    found = []
    for mode in ("FAST_COMPILE", "FAST_RUN"):
        with pytensor.config.change_flags(mode=mode):
            net = theanets.Regressor([NI, NO])
            train, _ = net.train([D["x"], D["y"]], algo="rmsprop", momentum=0.9, max_updates=3)
            found.append([train["loss"], *(p.get_value() for p in net.params)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", pytest.param("FAST_RUN", marks=pytest.mark.c)])
def test_every_thread_gets_its_own_predictions(mode):
    with pytensor.config.change_flags(mode=mode):
        net = theanets.Classifier([NI, 20, NC])
        rows = [D["x"][i : i + 8].astype(float) for i in range(8)]
        exact = [net.predict_proba(x) for x in rows]
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                found = list(pool.map(net.predict_proba, rows * 25))
        finally:
            sys.setswitchinterval(before)
    for one, right in zip(found, exact * 25, strict=True):
        np.testing.assert_array_equal(one, right)


@pytest.mark.parametrize("make, shape, wanted", [
    (lambda: theanets.Regressor([3, 4, 2]), (5, 7), r"\(n, 3\)"),
    (lambda: theanets.recurrent.Regressor([3, 4, 2]), (5, 6, 7), r"\(n, \?, 3\)"),
])
def test_an_input_of_another_width_is_told(make, shape, wanted):
    net = make()
    target = np.zeros((*shape[:-1], 2))
    for call in (lambda: net.predict(np.zeros(shape)), lambda: net.train([np.zeros(shape), target])):
        with pytest.raises(theanets.util.ConfigurationError, match=f"'in' has shape .*, but .* shape {wanted}"):
            call()


def test_an_input_that_is_a_state_alone_may_have_the_width_of_the_state():
    net = theanets.recurrent.Regressor([
        {"size": 3, "form": "input", "name": "h0", "ndim": 2}, {"size": 3, "form": "input", "name": "in"},
        {"size": 4, "form": "rnn", "name": "rnn", "h_0": "h0"}, {"size": 2, "form": "ff", "name": "out"}])
    assert net.predict([np.zeros((5, 4)), np.zeros((5, 6, 3))]).shape == (5, 6, 2)
