"""Wolfram's page on LossFunction, sentence by sentence: each detail and each example of it runs here.

The sentences are those of https://reference.wolfram.com/language/ref/LossFunction.html (2022). What Wolfram computes is
taken from its documented formulas.
"""

import numpy as np
import pytensor
import pytest

import symloss
from symloss import Loss, Network, PairEmbedding

C = "C" if symloss.compiling.resolve(None).name == "C" else "PYTHON"
EXACT = {"algo": "lbfgs", "verbose": 0, "patience": None}


@pytest.fixture(autouse=True)
def double():
    with pytensor.config.change_flags(floatX="float64"):
        yield


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(40, 2))


def net(layers, **options):
    return Network(layers, mode=C, **options)


def two_outputs(loss="auto", other=1):
    return net({"in": 2, "mean": 1, "other": other}, edges=["in -> mean", "in -> other"], loss=loss)


def training_net(loss="auto"):
    """An output and two explicit losses of it, which take an input and a target."""
    return net({"in": 2, "target": 1, "out": 1,
                "L1": {"form": "loss", "loss": "mae"}, "L2": {"form": "loss", "loss": "mse"}},
               edges=["in -> out", (["out", "target"], "L1"), (["out", "target"], "L2")],
               outputs=["out", "L1", "L2"], loss=loss)


def still(network, data):
    """Return the record of an epoch in which nothing moves."""
    return network.train(data, algo="sgd", learning_rate=0.0, epochs=1, verbose=0)[-1]


# ------------------------------------------------------------------------------------------------------------ details


@pytest.mark.parametrize(("loss", "expected"), [("mse", np.mean), ("mae", np.median)])
def test_the_loss_is_what_is_minimized(loss, expected):
    """LossFunction specifies the quantity that is minimized during a training."""
    y = np.array([1.0, 2.0, 3.0, 4.0, 30.0])
    constant = net([1, 1], loss=loss)
    constant.train([np.zeros((5, 1)), y], algo="adam", epochs=600, verbose=0, patience=None,
                   learning_rate=symloss.schedules.linear(0.5, 0.0, steps=600))
    assert constant.predict([[0.0]]).item() == pytest.approx(expected(y), abs=0.05)


def test_automatic_attaches_losses_to_all_outputs_or_uses_loss_outputs():
    """Automatic: automatically attach loss layers to all outputs, or use existing loss outputs (default)"""
    assert [(one.label, one.output_name) for one in two_outputs().losses] == [("mse", "mean:out"), ("mse", "other:out")]
    inside = net({"in": 2, "target": 1, "out": 1, "L1": {"form": "loss", "loss": "mae"}},
                 edges=["in -> out", (["out", "target"], "L1")])
    assert [one.label for one in inside.losses] == ["L1"]


def test_a_port_is_a_loss(x):
    """ "port": interpret the given port as a loss"""
    network = net({"in": 2, "Loss": {"form": "feedforward", "size": 1, "activation": "softplus"}}, edges=["in -> Loss"],
                  loss="Loss")
    before = network.predict(x).mean()
    assert still(network, x)["loss"] == pytest.approx(before)
    network.train(x, algo="adam", learning_rate=0.05, epochs=20, verbose=0)
    assert network.predict(x).mean() < before


def test_a_loss_of_the_users_is_attached_to_the_output(x):
    """losslayer: attach a user defined loss layer to the net's output"""
    cubic = net([2, 1], loss=lambda prediction, target: abs(prediction - target) ** 3)
    y = x[:, :1]
    assert still(cubic, [x, y])["loss"] == pytest.approx((np.abs(cubic.predict(x) - y) ** 3).mean())


def test_a_loss_of_one_output_of_several(x):
    """ "port" -> losslayer: compute loss from one output of a multi-output net"""
    network = two_outputs({"other": "mae"})
    other = network.graph["other"].params["w"].get_value()
    mean = network.graph["mean"].params["w"].get_value()
    record = still(network, {"in": x, "other": x[:, 0]})
    assert record["loss"] == pytest.approx(np.abs(network.predict(x)["other"][:, 0] - x[:, 0]).mean())
    network.train({"in": x, "other": x[:, 0]}, epochs=2, verbose=0)
    assert not np.array_equal(network.graph["other"].params["w"].get_value(), other)
    assert np.array_equal(network.graph["mean"].params["w"].get_value(), mean)


def test_several_losses_are_minimized_simultaneously(x):
    """{lspec1, lspec2, ...}: minimize several losses simultaneously"""
    record = still(net([2, 1], loss=["mae", "mse"]), [x, x[:, 0]])
    assert record["loss"] == pytest.approx(record["mae"] + record["mse"])
    assert record["mae"] != pytest.approx(record["mse"])


@pytest.mark.parametrize("scaled", [
    lambda r: 0.25 * Loss("mae"), lambda r: 0.25 * symloss.losses.get("mae"), lambda r: {"form": "mae", "weight": 0.25},
    lambda r: r * Loss("mae"), lambda r: Loss("mae") * symloss.schedules.linear(0.25, 0.25, steps=5)],
    ids=["Loss", "get", "dict", "shared", "schedule"])
def test_losses_are_scaled_by_a_factor(x, scaled):
    """{..., lspec_i -> Scaled[r], ...}: scale individual losses by a factor r"""
    factor = pytensor.shared(np.asarray(0.25), name="r")
    record = still(net([2, 1], loss=["mse", scaled(factor)]), [x, x[:, 0]])
    value = record["mae"] if "mae" in record else record["absolute_error"]
    assert record["loss"] == pytest.approx(record["mse"] + 0.25 * value)


def test_ports_are_scaled_by_a_factor(x):
    """{..., "port" -> Scaled[r], ...}"""
    network = training_net({"L1": 0.5, "L2": 2})
    record = still(network, {"in": x, "target": x[:, :1]})
    assert record["loss"] == pytest.approx(0.5 * record["L1"] + 2 * record["L2"])


def test_a_single_loss_wants_exactly_one_output():
    """When specifying a single loss layer with LossFunction -> losslayer, the net being trained must have exactly one
    output port."""
    with pytest.raises(symloss.SpecError, match=r"2 outputs, mean, other.*set_loss\(\{'mean': 'mae', 'other': 'mae'\}"):
        two_outputs("mae")


P, T = np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([[0.0, 1.0], [0.5, 0.5]])


@pytest.mark.parametrize(("form", "target", "expected"), [
    ("mae", T, np.abs(P - T).mean()),
    ("mse", T, np.square(P - T).mean()),
    ("xe", np.array([2, 1]) - 1, -np.log([0.8, 0.6]).mean()),  # Wolfram counts classes from 1
    ("xe", T, -(T * np.log(P)).sum(axis=1).mean()),
    ("bce", T, -(T * np.log(P) + (1 - T) * np.log(1 - P)).mean()),
    ("contrastive", np.array([[True, True], [False, False]]), np.mean([0.5 - 0.2, 0, 0.6, 0.4])),
], ids=["absolute", "squared", "index", "probabilities", "binary", "contrastive"])
def test_loss_layers_have_wolframs_numbers(form, target, expected):
    """Layers that can be used as losslayer include: MeanAbsoluteLossLayer[], MeanSquaredLossLayer[],
    CrossEntropyLossLayer[form], ContrastiveLossLayer[]"""
    assert symloss.evaluate.value(form, P, target, how="mean") == pytest.approx(expected)


def squares(prediction="input"):
    return Network({prediction: 1, "target": 1, "square": {"form": "elementwise", "function": "squared difference"}},
                   edges=[([prediction, "target"], "square")], loss=None)


@pytest.mark.parametrize("loss", [
    squares(), {"form": "network", "network": squares("p"), "ports": {"p": "out"}}, lambda p, t: (p - t) ** 2],
    ids=["NetGraph", "other names", "ThreadingLayer"])
def test_any_network_with_an_input_and_a_target_is_a_loss(x, loss):
    """NetGraph[...], NetChain[...], ThreadingLayer[...], etc.: any network with an "Input" and optional "Target"
    port"""
    network = net([2, 1], loss=loss)
    y = x[:, :1]
    assert still(network, [x, y])["loss"] == pytest.approx(np.square(network.predict(x) - y).mean())


@pytest.mark.parametrize(("network", "label", "reason"), [
    (lambda: net([2, (3, "softmax")]), "xe", "softmax"),
    (lambda: net([2, (1, "sigmoid")]), "bce", "sigmoid"),
    (lambda: PairEmbedding([2, 3]), "contrastive", "distance"),
    (lambda: net([2, (1, "tanh")]), "mse", "is not a softmax"),
    (lambda: training_net(), "L1", "a loss itself"),
], ids=["SoftmaxLayer", "LogisticSigmoid", "NetPairEmbeddingOperator", "other", "loss layer"])
def test_the_automatic_loss_follows_the_layer_that_makes_the_output(network, label, reason):
    """When a loss layer is chosen automatically for a port, the loss layer to use is based on the layer within the net
    whose output is connected to the port: SoftmaxLayer[], ElementwiseLayer[LogisticSigmoid],
    NetPairEmbeddingOperator[...], other non-loss layers, loss layers"""
    chosen = next(one for one in network().losses if one.label == label)
    assert reason in chosen.reason
    assert f"chosen because {chosen.reason}" in network().explain()


def test_a_loss_that_is_an_array_is_summed(x):
    """In general, the output of a loss port is a scalar value. When it is an array, the loss value is computed as the
    sum of elements."""
    network = net({"in": 2, "target": 2, "out": 2, "Loss": {"form": "elementwise", "function": "squared difference"}},
                  edges=["in -> out", (["out", "target"], "Loss")], outputs=["out", "Loss"], loss="Loss")
    errors = network.part("in", "out").predict(x) - x
    assert still(network, {"in": x, "target": x})["loss"] == pytest.approx(np.square(errors).sum(axis=1).mean())
    assert "summed up" in network.explain()


def test_each_output_of_a_loss_network_is_a_sub_loss(x):
    """A user-defined loss layer can be a network with several output ports. Then the sum of all the output port values
    will be used as the loss to minimize, and each port will be reported as a separate sub-loss."""
    both = Network({"input": 1, "target": 1, "far": {"form": "elementwise", "function": "squared difference"},
                    "off": {"form": "elementwise", "function": "absolute difference"}},
                   edges=[(["input", "target"], "far"), (["input", "target"], "off")], loss=None)
    network = net([2, 1], loss=both)
    record = still(network, [x, x[:, :1]])
    errors = network.predict(x) - x[:, :1]
    assert record["network.far"] == pytest.approx(np.square(errors).mean())
    assert record["network.off"] == pytest.approx(np.abs(errors).mean())
    assert record["loss"] == pytest.approx(record["network.far"] + record["network.off"])


def test_a_loss_with_one_input_needs_no_target(x):
    """If the attached loss layer has one input port ("Input"), it will be attached to the output of the net, and the
    keys of the training data should supply ports to feed the input of the net only"""
    size = Network({"input": 1, "size": {"form": "elementwise", "function": "softplus"}}, edges=["input -> size"],
                   loss=None)
    network = net([2, 1], loss=size)
    assert still(network, {"in": x})["loss"] == pytest.approx(np.log1p(np.exp(network.predict(x))).mean())
    assert "data, in order: in\n" in network.explain()


Y = [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize("data", [
    {"Input": [[1.0, 0], [0, 1], [1, 1]], "Output": Y},
    {"in": [[1.0, 0], [0, 1], [1, 1]], "out": Y},
    ([[1.0, 0], [0, 1], [1, 1]], Y),
    [([1.0, 0], [1.0]), ([0, 1], [2.0]), ([1, 1], [3.0])],
], ids=["association", "by name", "lists", "pairs"])
@pytest.mark.parametrize("loss", ["mse", squares()], ids=["loss", "network"])
def test_the_target_of_a_loss_with_two_inputs_goes_by_the_name_of_the_output(data, loss):
    """If the attached loss layer has two input ports ("Input" and "Target"), the input will be attached to the output
    of the net and the target will be fed from the training data, using the name of the output port of the net.
    Typically, this name is "Output", and so the usual case is training data of the form
    <|"Input" -> {in1, in2, ...}, "Output" -> {out1, out2, ...}|>, which is often written as
    {in1, in2, ...} -> {out1, out2, ...} or {in1 -> out1, in2 -> out2, ...}."""
    network = net([2, 1], loss=loss)
    network.train(data, epochs=30, **EXACT)
    assert np.allclose(network.predict([[1.0, 1.0]]), 3, atol=1e-3)


def test_each_of_several_losses_has_a_target_in_the_data(x):
    """If multiple such layers are connected, there should be one port in the training data to feed the target of each
    layer"""
    network = two_outputs({"mean": squares(), "other": squares()})
    network.train({"in": x, "mean": x[:, :1], "other": -x[:, 1:]}, epochs=60, **EXACT)
    found = network.predict([[1.0, 2.0]])
    assert np.allclose([found["mean"].item(), found["other"].item()], [1, -2], atol=1e-3)
    with pytest.raises(symloss.DataError, match="missing"):
        network.train({"in": x, "mean": x[:, :1]}, epochs=1, verbose=0)


# ----------------------------------------------------------------------------------------------------- basic examples

LINE = [(1, 1.9), (2, 4.1), (3, 6.0), (4, 8.1)]


def test_a_simple_net_with_the_default_loss():
    """Train a simple net using MeanSquaredLossLayer, the default loss applied to an output when it is not produced by a
    SoftmaxLayer: ... Evaluate the trained net on a set of inputs:"""
    network = net([1, 1])
    network.train(LINE, epochs=50, **EXACT)
    slope, start = np.polyfit([1, 2, 3, 4], [1.9, 4.1, 6.0, 8.1], 1)
    assert [one.name for one in network.losses] == ["squared_error"]
    assert np.allclose(network.predict([0, 1, 2, 3, 4]).ravel(), start + slope * np.arange(5), atol=1e-4)


def test_a_different_loss_is_made_used_alone_and_used_in_training():
    """Specify a different loss layer to attach to the output of the network. First create a loss layer: ... The loss
    layer takes an input and a target and produces a loss: ... Use this loss layer during training: ... Evaluate the
    trained net on a set of inputs:"""
    assert symloss.evaluate.value("mae", [1.5], [3.0], how="mean") == 1.5
    network = net([1, 1], loss=Loss("mae"))
    network.train([*LINE, (5, 100.0)], algo="adam", epochs=2000, verbose=0, patience=None,
                  learning_rate=symloss.schedules.linear(0.05, 0.0, steps=2000))
    assert np.allclose(network.predict([1, 2, 3, 4]).ravel(), [1.9, 4.1, 6.0, 8.1], atol=0.3)  # whatever the fifth says


LESS = [([1.0, 2], "Less"), ([2, 1], "Greater"), ([0, 3], "Less"), ([3, 0], "Greater"), ([-1, 1], "Less"),
        ([1, -1], "Greater")]


def test_class_labels_and_the_class_encoder():
    """Create a net that takes a vector of length 2 and produces one of the class labels Less or Greater: ... NetTrain
    will automatically use a CrossEntropyLossLayer object with the correct class encoder: ... Evaluate the trained net
    on a set of inputs:"""
    network = net([2, (2, "softmax")])
    network.train(LESS, epochs=30, **EXACT)
    assert [one.label for one in network.losses] == ["xe"]
    assert list(network.predict([[0.0, 5.0], [5.0, 0.0]])) == ["Less", "Greater"]


@pytest.mark.parametrize("loss", ["auto", "xe"])
def test_targets_that_are_probabilities(loss):
    """Create an explicit loss layer that expects the targets to be in the form of probabilities for each class: ... The
    training data should now consist of vectors of probabilities instead of symbolic classes: ... Evaluate the trained
    net on a set of inputs:"""
    network = net([2, (2, "softmax")], loss=loss)
    x, y = np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([[0.3, 0.7], [0.9, 0.1]])
    network.train([x, y], epochs=50, **EXACT)
    assert np.allclose(network.predict(x), y, atol=1e-3)


# ------------------------------------------------------------------------------------------------------------- scope


@pytest.fixture(scope="module")
def explicit():
    """A net whose loss is written out, trained; with the net within it."""
    with pytensor.config.change_flags(floatX="float64"):
        inner = Network([2, (8, "tanh"), 1], loss=None, seed=1)
        network = net({"in": 2, "target": 1, "evaluation": inner,
                       "difference": {"form": "elementwise", "function": "squared difference"},
                       "Loss": {"form": "elementwise", "function": "mean"}},
                      edges=["in -> evaluation", (["evaluation", "target"], "difference"), "difference -> Loss"],
                      loss="Loss")
        x = np.random.default_rng(1).uniform(-1, 1, (80, 2))
        data = {"in": x, "target": x[:, :1] * x[:, 1:]}
        record = network.train(data, epochs=300, **EXACT)[-1]
    return network, inner, data, record


def test_a_loss_net_that_computes_the_loss_of_an_evaluation_net(explicit):
    """Start with an "evaluation net" to be trained: ... Create a "loss net" that explicitly computes the loss of the
    evaluation net (here, the custom loss is equivalent to MeanSquaredLossLayer): ... Train this net on some synthetic
    data, specifying that the output port named "Loss" should be interpreted as a loss:"""
    network, inner, data, record = explicit
    assert record["loss"] < 1e-3
    same = net(inner, loss="mse")
    assert still(same, [data["in"], data["target"]])["loss"] == pytest.approx(still(network, data)["loss"])


def test_the_evaluation_net_comes_back_out(explicit):
    """Obtain the trained "evaluation" network using NetExtract: ... Part syntax can also be used:"""
    network, inner, data, _ = explicit
    extracted = network["evaluation"]
    assert np.array_equal(extracted.predict(data["in"]), inner.predict(data["in"]))
    assert np.allclose(network.take("in", "evaluation").predict(data["in"]), extracted.predict(data["in"]))
    assert np.abs(extracted.predict(data["in"]) - data["target"]).max() < 0.2
    assert [p.name for p in network["evaluation"]["hid1"].params] == [p.name for p in inner["hid1"].params]


def test_the_output_is_evaluated_on_the_plane(explicit):
    """Plot the net's output on the plane:"""
    side = np.linspace(-0.9, 0.9, 7)
    plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    found = explicit[0]["evaluation"].predict(plane).reshape(7, 7)
    assert np.abs(found - np.outer(side, side)).max() < 0.15


def test_a_training_net_requires_an_input_and_a_target(x):
    """Create a training net that computes both an output and multiple explicit losses: ... This network requires an
    input and a target in order to produce the output and losses:"""
    network = training_net()
    found = network.feed_forward({"in": [[1.0, 2.0]], "target": [[3.0]]})
    error = found["out:out"] - 3
    assert np.allclose(found["L1:out"], np.abs(error)) and np.allclose(found["L2:out"], np.square(error))
    assert "L1:out" not in network.feed_forward({"in": [[1.0, 2.0]]})
    with pytest.raises(symloss.DataError, match="target"):
        network.train({"in": x}, epochs=1, verbose=0)


@pytest.mark.parametrize(("port", "other"), [("L1", "L2"), ("L2", "L1")])
def test_one_output_is_the_loss_and_all_others_are_ignored(x, port, other):
    """Train using a specific output as loss, ignoring all other outputs:"""
    record = still(training_net(port), {"in": x, "target": x[:, :1]})
    assert record["loss"] == record[port]
    assert other not in record


def test_the_loss_of_a_single_pair_after_training(x):
    """Measure the loss on a single pair after training:"""
    network = training_net("L2")
    network.train({"in": x, "target": x[:, :1] + x[:, 1:]}, epochs=60, **EXACT)
    pair = {"in": [1.0, 2.0], "target": [3.5]}
    assert network.measure(pair) == {"loss": pytest.approx(0.25, abs=1e-3), "L2": pytest.approx(0.25, abs=1e-3)}
    network.set_loss(["L1", "L2"])
    assert network.measure(pair)["L1"] == pytest.approx(0.5, abs=1e-3)


def test_several_ports_are_trained_jointly(x):
    """Specify multiple losses to be trained jointly:"""
    network = training_net(["L1", "L2"])
    record = still(network, {"in": x, "target": x[:, :1]})
    assert record["loss"] == pytest.approx(record["L1"] + record["L2"])


def test_all_but_the_desired_input_and_output_are_removed(x):
    """Use NetTake to remove all but the desired output and input: ... Evaluate this network on a set of inputs:"""
    network = training_net("L2")
    network.train({"in": x, "target": x[:, :1] + x[:, 1:]}, epochs=60, **EXACT)
    taken = network.part("in", "out")
    assert taken.graph.names() == ["in", "out"]
    assert np.allclose(taken.predict([[1.0, 2.0], [3.0, 4.0]]), [[3], [7]], atol=1e-3)


# ------------------------------------------------------------------------------------- the other rows of the page

ROWS = [([1.0, 2], [3.0]), ([2, 2], [4.0]), ([0, 1], [1.0]), ([1, 1], [2.0])]
INS, OUTS = (np.array(column, "float64") for column in zip(*ROWS, strict=True))


@pytest.mark.parametrize("data", [
    (INS, OUTS), [INS, OUTS], ROWS, {"Input": INS, "Output": OUTS}, {"in": INS, "target": OUTS},
    [{"Input": item, "Output": wanted} for item, wanted in ROWS], lambda: (INS, OUTS)],
    ids=["tuple", "list", "rules", "association", "names", "associations", "function"])
def test_data_come_in_every_form(data):
    network = net([2, 1], seed=3)
    network.train(data, algo="sgd", learning_rate=0.1, epochs=1, batch_size=4, train_batches=1, verbose=0)
    same = net([2, 1], seed=3)
    same.train([INS, OUTS], algo="sgd", learning_rate=0.1, epochs=1, batch_size=4, verbose=0)
    assert np.allclose(network.find("out", "w").get_value(), same.find("out", "w").get_value())


def test_classes_count_from_zero_and_those_that_begin_with_one_are_refused(x):
    with pytest.raises(symloss.DataError, match="begin with 1"):
        net([2, (2, "softmax")]).train([x, 1 + (x[:, 0] > 0)], epochs=1, verbose=0)


def test_the_blank_of_wolframs_ctc_is_the_last_class():
    p = np.array([[[0.5, 0.2, 0.3]]])
    assert symloss.evaluate.value("ctc", p, [[0]], like="wolfram").item() == pytest.approx(-np.log(0.5))


def test_what_networks_are_asked_for(x):
    network = net({"in": 2, "a": (3, "tanh"), "b": 1}, edges=["in -> a -> b"], seed=1)
    hidden = network.feed_forward(x)["a:out"]
    assert np.allclose(network["a"].predict(x), hidden)
    assert np.allclose(network.take("in", "a").predict(x), hidden)
    assert np.allclose(network.take("a", "b").predict(x), network.predict(x))
    assert np.allclose(np.tanh(x @ network.find("a", "w").get_value() + network.find("a", "b").get_value()), hidden)
    again = net({"in": 2, "a": (3, "tanh"), "b": 1}, edges=["in -> a -> b"], seed=1)
    assert np.array_equal(again.predict(x), network.predict(x))
    before = network.find("a", "w").get_value()
    network.train([x, x[:, :1]], epochs=1, freeze="a.*", verbose=0)
    assert np.array_equal(network.find("a", "w").get_value(), before)
    assert not np.array_equal(again.predict(x), network.predict(x))


def test_an_operator_is_mapped_and_a_pair_is_embedded(x):
    inner = net([2, 3], loss=None)
    mapped = net([(4, 2), {"form": "map", "network": inner}], loss=None)
    assert np.allclose(mapped.predict(x.reshape(10, 4, 2)), inner.predict(x).reshape(10, 4, 3))
    pair = PairEmbedding([2, 3], mode=C)
    codes = pair["embedding"].predict(x), pair["embedding"].predict(x[::-1])
    distances = np.linalg.norm(codes[0] - codes[1], axis=1)
    assert np.allclose(np.ravel(pair.predict([x, x[::-1]])), distances)


def test_a_training_returns_results_and_stops_by_a_measurement(x):
    y = (x[:, 0] > 0).astype(int)
    network = net([2, (2, "softmax")])
    results = network.train([x, y], [x, y], algo="adam", weight_l2=0.001, batch_size=8, epochs=200, learning_rate=0.1,
                            metrics=["acc"], stop={"metric": "acc", "patience": 2}, results=True, verbose=0)
    assert results.net is network and len(results) < 200
    assert results.validation_measurements["acc"][-1] > 0.8
