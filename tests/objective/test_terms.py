"""Losses that are more than one function: named terms, parameters of their own, outputs and networks as losses."""

import copy
import pickle

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Loss, Network, Regressor, SpecError, SymlossWarning, UnknownNameError

QUIET = dict(algo="sgd", learning_rate=0.1, batch_size=8, epochs=1, verbose=0)
STILL = QUIET | {"learning_rate": 0.0, "batch_size": 24}


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(24, 4)), rng.normal(size=(24, 2))]


class TwoTerms(Loss):
    """A fit, and a penalty of the outputs."""

    def terms(self, outputs):
        p = outputs[self.output_name]
        return {"fit": pt.sqr(p - self._target).mean(axis=-1), "size": 0.5 * abs(p).mean()}


class Centers(Loss):
    """The squared distance of each prediction to a point that is learned."""

    def __init__(self, start=0.5, **options):
        super().__init__(**options)
        self.start = start
        self.parameters = {"point": pytensor.shared(np.full(2, start), shape=(2,))}

    def __call__(self, outputs):
        return pt.sqr(outputs[self.output_name] - self.parameters["point"]).sum(axis=-1).mean()


# ------------------------------------------------------------------------------------------------------- named terms


def test_terms_are_shown_by_name_and_add_up(data):
    net = Regressor([4, 2], loss={"form": "TwoTerms", "weight": 3.0}, mode="PYTHON")
    net.train(data, **STILL)
    p, record = net.predict(data[0]), net.history[-1]
    fit, size = ((p - data[1]) ** 2).mean(), 0.5 * abs(p).mean()
    assert np.isclose(record["TwoTerms.fit"], fit) and np.isclose(record["TwoTerms.size"], size)
    assert np.isclose(record["loss"], 3 * (fit + size))
    assert np.isclose(record["weighted"]["TwoTerms.fit"], 3 * fit)


def test_terms_of_items_take_weights(data):
    net = Regressor([4, 2], loss="TwoTerms", weighted=True, mode="PYTHON")
    w = np.ones((24, 2))
    w[12:] = 0
    net.train([*data, w], **STILL)
    p = net.predict(data[0])
    assert np.isclose(net.history[-1]["TwoTerms.fit"], ((p - data[1]) ** 2)[:12].mean())


def test_epochs_of_unequal_batches_are_exact(data):
    net = Regressor([4, 2], loss="TwoTerms", mode="PYTHON")
    net.train(data, **STILL | {"batch_size": 7})
    assert np.isclose(net.history[-1]["TwoTerms.fit"], ((net.predict(data[0]) - data[1]) ** 2).mean(), rtol=1e-12)


def test_gradients_of_named_terms(data):
    assert symloss.check(Regressor([4, 2], loss="TwoTerms", mode="PYTHON"), data)


@pytest.mark.parametrize("weight", ["uncertainty", "gradnorm"])
def test_the_terms_of_a_loss_have_one_learned_weight(weight, data):
    net = Regressor([4, 3, 2], loss=[{"form": "TwoTerms", "weight": weight}, {"form": "mae", "weight": weight}],
                    mode="PYTHON")
    net.train(data, **QUIET | {"epochs": 3})
    record = net.history[-1]
    weights = {name: value for name, value in record["weights"].items() if name.startswith("TwoTerms")}
    assert len(weights) == 2 and len(set(weights.values())) == 1
    assert np.isclose(record["loss"], sum(record["weighted"].values()))


@pytest.mark.parametrize(("returned", "words"), [(3, "dict"), ({}, "dict"), ({"a": "x"}, "'x'")])
def test_terms_of_another_kind_are_refused(returned, words):
    class Odd(Loss):
        def terms(self, outputs):
            return returned

    with pytest.raises(SpecError, match=words):
        Regressor([4, 2], loss="Odd")


# ---------------------------------------------------------------------------------------------------- own parameters


def test_parameters_of_a_loss_are_trained_counted_and_shown(data):
    net = Regressor([4, 2], loss="centers", mode="PYTHON")
    assert list(net.parameters_by_name) == ["out.w", "out.b", "Centers.point"]
    assert net.num_params == 12
    before = net.losses[0].parameters["point"].get_value()
    net.train(data, **QUIET)
    assert not np.allclose(net.losses[0].parameters["point"].get_value(), before)
    assert "Centers (loss)" in str(net.summary())


def test_parameters_of_a_loss_are_frozen_and_penalized_by_pattern(data):
    net = Regressor([4, 2], loss="centers", mode="PYTHON")
    net.train(data, freeze="Centers.*", **QUIET)
    assert np.array_equal(net.losses[0].parameters["point"].get_value(), [0.5, 0.5])
    net.train(data, learning_rate={"Centers.*": 0.5, "*": 0.0}, **{k: v for k, v in QUIET.items()
                                                                   if k != "learning_rate"})
    assert not np.allclose(net.losses[0].parameters["point"].get_value(), 0.5)
    with pytest.raises(UnknownNameError, match="Centers.point"):
        net.train(data, freeze="centres.*", **QUIET)
    net.train(data, weight_l2={"Centers.*": 2.0}, **STILL)
    point = net.losses[0].parameters["point"].get_value()
    assert np.isclose(net.history[-1]["weight_l2(Centers.*)"], (point**2).sum())
    net.train(data, weight_l2=2.0, **STILL)  # of weights of layers alone
    assert np.isclose(net.history[-1]["weight_l2"], (net.find("out", "w").get_value() ** 2).sum())


def test_parameters_of_a_loss_are_in_files_pickles_and_copies(data, tmp_path):
    net = Regressor([4, 2], loss={"form": "centers", "start": 0.25}, mode="PYTHON")
    net.train(data, **QUIET)
    net.save(tmp_path / "net", training=True)
    point = net.losses[0].parameters["point"].get_value()
    for twin in (symloss.load(tmp_path / "net"), pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        assert np.array_equal(twin.losses[0].parameters["point"].get_value(), point)
        assert twin.losses[0].parameters["point"] is not net.losses[0].parameters["point"]
    again = symloss.load(tmp_path / "net")
    again.mode = "PYTHON"
    for model in (net, again):
        model.train(data, resume=True, **QUIET | {"epochs": 3})
    assert np.array_equal(again.losses[0].parameters["point"].get_value(),
                          net.losses[0].parameters["point"].get_value())


def test_learned_weights_are_parameters_like_others(data):
    net = Regressor([4, 2], loss=["mae", {"form": "mse", "weight": "uncertainty"}], mode="PYTHON")
    assert "log variance of mse" in net.parameters_by_name and net.num_params == 11
    net.train(data, freeze="log variance*", **QUIET)
    assert net.losses[1].weight == 0.5


def test_a_trainable_variable_that_nobody_owns_is_named(data):
    w = pytensor.shared(np.ones(2), name="mine")
    with pytest.raises(SpecError, match="mine.*parameters"):
        Regressor([4, 2], loss=lambda p, t: (p * w - t) ** 2)
    knob = pytensor.shared(np.asarray(2.0), name="knob")
    with pytest.warns(SymlossWarning, match="knob"):
        Regressor([4, 2], loss=lambda p, t: knob * (p - t) ** 2)


def test_a_function_brings_its_parameters(data):
    w = pytensor.shared(np.ones(2), name="mine", shape=(2,))
    net = Regressor([4, 2], loss=Loss(lambda p, t: (p * w - t) ** 2, parameters={"scale": w}), mode="PYTHON")
    assert any(name.endswith(".scale") for name in net.parameters_by_name)
    net.train(data, **QUIET)
    assert not np.allclose(w.get_value(), 1)


# ------------------------------------------------------------------------------------------------- outputs as losses


def training_net(loss="total", **options):
    """A network that computes its output and two losses of it."""
    layers = {"in": 4, "wanted": {"form": "input", "size": 2}, "hid": (5, "tanh"), "prediction": 2,
              "squares": {"form": "loss", "loss": "mse"},
              "total": {"form": "elementwise", "function": "absolute difference"}}
    edges = ["in -> hid -> prediction", (["prediction"], "squares"), ("wanted", "squares"),
             (["prediction", "wanted"], "total")]
    return Network(layers, edges=edges, loss=loss, mode="PYTHON", **options)


def test_a_port_is_a_loss_and_an_array_is_summed_up(data):
    net = training_net("total")
    assert "summed up for each item" in str(net.explain()) and "has no loss for squares" in str(net.explain())
    net.train({"in": data[0], "wanted": data[1]}, **STILL)
    p = net.part("in", "prediction").predict(data[0])
    assert np.isclose(net.history[-1]["total"], abs(p - data[1]).sum(axis=1).mean())
    assert "squares" not in net.history[-1]


def test_an_output_without_a_loss_is_told(data, capsys):
    net = training_net("total")
    net.train({"in": data[0], "wanted": data[1]}, **QUIET | {"verbose": 1})
    assert "no loss depends on squares, so layers" in " ".join(capsys.readouterr().err.split())
    assert "has no loss" not in str(training_net("total", outputs=["prediction"]).explain()), "it learns by 'total'"


def test_some_or_all_ports_are_trained(data):
    named = {"in": data[0], "wanted": data[1]}
    net = training_net(["total", "squares"])
    net.train(named, **STILL)
    record = net.history[-1]
    assert np.isclose(record["loss"], record["total"] + record["squares"])
    net.set_loss({"total": None, "squares": {"form": "output", "weight": 0.5}})
    net.train(named, **STILL)
    p = net.part("in", "prediction").predict(data[0])
    assert np.isclose(net.history[-1]["loss"], 0.5 * ((p - data[1]) ** 2).mean())
    automatic = training_net("auto")
    assert [type(x).__name__ for x in automatic.losses] == ["OutputLoss", "Loss"]


def test_prediction_wants_what_its_outputs_need(data):
    net = training_net(outputs=["prediction"])
    assert net.predict({"in": data[0]}).shape == (24, 2)
    assert np.array_equal(net.predict(data[0]), net.predict({"in": data[0]}))
    assert np.array_equal(net.predict(data[0]), net.predict({"in": data[0], "wanted": data[1]}))
    assert np.array_equal(net.predict(data[0]), net.predict(data))
    with pytest.raises(UnknownNameError, match="wantde"):
        net.predict({"in": data[0], "wantde": data[1]})
    found = net.feed_forward({"in": data[0]})
    assert "hid:out" in found and "total:out" not in found
    with pytest.raises(symloss.DataError, match="no output"):
        net.feed_forward({"other": data[0]})


def test_port_losses_are_saved(data, tmp_path):
    net = Network({"in": 4, "wanted": {"form": "input", "size": 2}, "p": 2, "d": {"form": "loss", "loss": "huber",
                   "options": {"delta": 0.5}}}, edges=["in -> p -> d", "wanted -> d"], loss="d", mode="PYTHON")
    net.train({"in": data[0], "wanted": data[1]}, **QUIET)
    net.save(tmp_path / "net")
    twin = symloss.load(tmp_path / "net")
    twin.mode = "PYTHON"
    for model in (net, twin):
        model.train({"in": data[0], "wanted": data[1]}, **QUIET)
    assert twin.history[-1]["loss"] == net.history[-1]["loss"]


def test_hyperparameters_of_a_loss_layer_stand_beside_its_options_or_among_them(data):
    found = []
    for options in ({"delta": 0.25}, {"options": {"delta": 0.25}}):
        net = Network({"in": 4, "wanted": {"form": "input", "size": 2}, "p": 2, "d": {"form": "loss", "loss": "huber"}
                       | options}, edges=["in -> p -> d", "wanted -> d"], loss="d", mode="PYTHON")
        net.train({"in": data[0], "wanted": data[1]}, **STILL)
        found.append(net.history[-1]["loss"])
    e = abs(net.part("in", "p").predict(data[0]) - data[1])
    assert found[0] == found[1]
    assert np.isclose(found[0], np.where(e < 0.25, e**2 / 2, 0.25 * (e - 0.125)).mean())
    with pytest.raises(UnknownNameError, match="'dleta'"):
        Network({"in": 4, "d": {"form": "loss", "loss": "huber", "dleta": 1}}, loss=None)


def test_losses_by_port(data):
    net = Network({"in": 4, "hid": 5, "mean": 2, "other": 2}, edges=["in -> hid -> mean", "hid -> other"],
                  mode="PYTHON", loss=None)
    factor = pytensor.shared(np.asarray(2.0))
    net.set_loss({"mean": ["mse", {"form": "mae", "weight": 0.5}], "other": 0.3 * symloss.losses.get("mae")})
    assert [(x.label, x.weight, x.output_name) for x in net.losses] == [
        ("mse", 1, "mean:out"), ("mae", 0.5, "mean:out"), ("absolute_error", 0.3, "other:out")]
    net.set_loss({"mean": Loss("mse") * factor, "other": None})
    net.train({"in": data[0], "mean": data[1]}, **STILL)
    once = net.history[-1]["loss"]
    factor.set_value(4.0)
    net.train({"in": data[0], "mean": data[1]}, **STILL)
    assert np.isclose(net.history[-1]["loss"], 2 * once)
    net.set_loss({"mean": Loss("mse") * symloss.schedules.linear(0, 1, 10)})
    assert net.losses[0].weighing.moving is not None
    with pytest.raises(UnknownNameError, match="did you mean 'mean'"):
        net.set_loss({"maen": "mse"})
    with pytest.raises(SpecError, match="mean, other"):
        net.set_loss("mse")


# ------------------------------------------------------------------------------------------------ networks as losses


def loss_network(**layers):
    return Network({"input": 2, "target": {"form": "input", "size": 2}, "apart": {"form": "elementwise",
                    "function": "subtract"}, "bent": (3, "tanh"), "loss": {"form": "elementwise",
                    "function": lambda z: (z**2).sum(axis=-1)}} | layers,
                   edges=[(["input", "target"], "apart"), "apart -> bent -> loss", *(("apart", n) for n in layers)],
                   loss=None, mode="PYTHON", seed=5)


def test_a_network_as_a_loss_and_its_parameters_move_together(data):
    inner = loss_network()
    net = Regressor([4, 2], loss=inner, mode="PYTHON")
    assert list(net.parameters_by_name)[2:] == ["loss.bent.w", "loss.bent.b"]
    before = inner.params[0].get_value()
    right = inner.predict({"input": net.predict(data[0]), "target": data[1]}).mean()
    net.train(data, **STILL)
    assert np.isclose(net.history[-1]["loss"], right, rtol=1e-12)
    net.train(data, **QUIET)
    assert not np.array_equal(inner.params[0].get_value(), before)
    assert symloss.check(net, data)


def test_each_output_of_a_loss_network_is_a_term(data):
    inner = loss_network(size={"form": "elementwise", "function": "absolute difference"} and {
        "form": "elementwise", "function": lambda z: abs(z)})
    net = Regressor([4, 2], loss=inner, mode="PYTHON")
    net.train(data, **STILL)
    record, p = net.history[-1], net.predict(data[0])
    assert np.isclose(record["network.size"], abs(p - data[1]).sum(axis=1).mean())
    assert np.isclose(record["loss"], record["network.size"] + record["network.loss"])


def test_with_one_input_it_needs_no_target(data):
    inner = Network({"x": 2, "size": {"form": "elementwise", "function": lambda x: (x**2).sum(axis=-1)}}, loss=None)
    net = Network([4, 2], loss=inner, mode="PYTHON")
    net.train(data[0], **STILL)
    assert np.isclose(net.history[-1]["loss"], (net.predict(data[0]) ** 2).sum(axis=1).mean())


def test_inputs_of_other_names_are_mapped(data):
    inner = Network({"x": 2, "y": {"form": "input", "size": 2}, "d": {"form": "distance"}}, edges=[(["x", "y"], "d")],
                    loss=None)
    with pytest.raises(SpecError, match="ports="):
        Regressor([4, 2], loss=inner)
    net = Regressor([4, 2], loss={"form": inner, "ports": {"x": "out", "y": "target"}}, mode="PYTHON")
    net.train(data, **STILL)
    right = np.sqrt(((net.predict(data[0]) - data[1]) ** 2).sum(axis=1)).mean()
    assert np.isclose(net.history[-1]["loss"], right)


def test_several_of_them_have_a_target_each(data):
    net = Network({"in": 4, "a": 2, "b": 2}, edges=["in -> a", "in -> b"], mode="PYTHON", loss=None)
    net.set_loss({"a": loss_network(), "b": loss_network()})
    net.train({"in": data[0], "a": data[1], "b": data[1] + 1}, **QUIET)
    assert len(net.parameters_by_name) == 8
    assert np.isfinite(net.history[-1]["loss"])


def test_a_loss_network_is_saved_with_what_it_learned(data, tmp_path):
    inner = Network({"input": 2, "target": {"form": "input", "size": 2}, "apart": {"form": "elementwise",
                     "function": "subtract"}, "bent": (3, "tanh"), "loss": {"form": "elementwise", "function": "mean"}},
                    edges=[(["input", "target"], "apart"), "apart -> bent -> loss"], loss=None)
    net = Regressor([4, 2], loss={"form": inner, "weight": 2.0}, mode="PYTHON")
    net.train(data, **QUIET)
    net.save(tmp_path / "net")
    twin = symloss.load(tmp_path / "net")
    twin.mode = "PYTHON"
    assert np.array_equal(twin.params[-1].get_value(), net.params[-1].get_value())
    for model in (net, twin):
        model.train(data, **QUIET)
    assert twin.history[-1]["loss"] == net.history[-1]["loss"]


def test_weight_penalties_mean_the_weights_of_a_loss_network_too(data):
    inner = loss_network()
    net = Regressor([4, 2], loss=inner, mode="PYTHON")
    net.train(data, weight_l2=1.0, **STILL)
    both = sum((w.get_value() ** 2).sum() for w in (net.find("out", "w"), inner.find("bent", "w")))
    assert np.isclose(net.history[-1]["weight_l2"], both)
    net.train(data, weight_l2={"loss.*": 1.0}, **STILL)
    assert np.isclose(net.history[-1]["weight_l2(loss.*)"], (inner.find("bent", "w").get_value() ** 2).sum())


def test_a_loss_network_of_another_shape_is_refused():
    with pytest.raises(SpecError, match="shape"):
        Regressor([4, 3], loss=loss_network())


def test_chance_in_a_loss_network_is_there_in_training_alone(data):
    inner = Network({"input": 2, "target": {"form": "input", "size": 2}, "n": {"form": "noise", "deviation": 1.0},
                     "d": {"form": "elementwise", "function": "squared difference"}},
                    edges=["input -> n", (["n", "target"], "d")], loss=None)
    nets = [Regressor([4, 2], loss=inner, mode="PYTHON", seed=3) for _ in range(2)]
    for net in nets:
        net.train(data, data, **STILL | {"epochs": 3})
    history = nets[0].history
    assert len({r["loss"] for r in history}) == 3 and len({r["valid_loss"] for r in history}) == 1
    assert [r["loss"] for r in nets[1].history] == [r["loss"] for r in history]


@pytest.mark.parametrize("shared", ["between losses", "with the model"])
def test_what_a_loss_network_shares_is_shared_again_after_loading(shared, data, tmp_path):
    def distance(*extra):
        return Network({"input": 2, "target": {"form": "input", "size": 2}, "bent": (3, "prelu"),
                        "d": {"form": "elementwise", "function": "mean"}},
                       edges=["input -> bent -> d", "target -> bent"],
                       loss=None)

    if shared == "between losses":
        inner = distance()
        net = Network({"in": 4, "a": 2, "b": 2}, edges=["in -> a", "in -> b"], loss={"a": inner, "b": inner},
                      mode="PYTHON")
        named = {"in": data[0], "a": data[1], "b": data[1]}
    else:
        body = Network([4, 3], loss=None)
        inner = Network({"input": 2, "where": {"form": "input", "size": 4}, "b": body, "d": 1},
                        edges=["where -> b", (["input", "b"], "d")], loss=None)
        net = Network([4, body, 2], loss={"form": inner, "ports": {"where": "in"}}, mode="PYTHON")
        named = {"in": data[0]}
    net.train(named, **QUIET)
    net.save(tmp_path / "net", training=True)
    twin = symloss.load(tmp_path / "net")
    twin.mode = "PYTHON"
    assert list(twin.parameters_by_name) == list(net.parameters_by_name)
    for model in (net, twin):
        model.train(named, resume=True, **QUIET | {"epochs": 3})
    assert twin.history[-1]["loss"] == net.history[-1]["loss"]


def test_labels_reach_a_loss_network_as_they_are(data):
    labels = np.arange(24) % 2
    inner = Network({"input": 2, "target": {"form": "input", "size": 1, "dtype": "int32"},
                     "d": {"form": "loss", "loss": "xe"}}, edges=[(["input", "target"], "d")], loss=None)
    net = Network([4, (2, "softmax")], loss=inner, mode="PYTHON")
    net.train([data[0], labels], **STILL)
    right = -np.log(net.predict(data[0])[range(24), labels]).mean()
    assert np.isclose(net.history[-1]["loss"], right)


def test_terms_of_several_outputs_all_say_what_they_are_of(data):
    net = Network({"in": 4, "a": 2, "b": 2}, edges=["in -> a", "in -> b"], mode="PYTHON")
    net.train({"in": data[0], "a": data[1], "b": data[1]}, **STILL)
    assert {"mse(a)", "mse(b)"} <= set(net.history[-1])


def test_a_classifier_is_made_of_edges(data):
    net = symloss.Classifier({"in": 4, "l": 3, "r": 3, "out": 2}, edges=["in -> l -> out", "in -> r -> out"],
                             mode="PYTHON")
    net.train([data[0], np.arange(24) % 2], **QUIET)
    assert net.predict(data[0]).shape == (24,)
