"""What theanets and downhill got wrong, by symptom: the core does it right. See docs/coming-from/theanets.md."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import activations, evaluate, regularizers, updates


@pytest.fixture
def sequences(rng):
    return rng.normal(size=(12, 6, 3))


def fit(net, data, **options):
    return net.train(data, verbose=0, **({"epochs": 2} | options))


# ------------------------------------------------------------------------------------------------------------ losses


def test_two_losses_need_no_second_target(points):
    net = symloss.Regressor([5, 4, 3], loss="mae")
    net.add_loss("mse")
    assert set(fit(net, points)[-1]["weighted"]) == {"mae", "mse"}


def test_an_added_loss_of_an_autoencoder_has_the_input_as_target(points):
    net = symloss.Autoencoder([5, 4, 5])
    net.add_loss("mae")
    fit(net, [points[0]])


@pytest.mark.parametrize("layers, axes", [([5, 4, 5], 2), ([5, (4, "rnn"), 5], 3)], ids=["items", "sequences"])
def test_a_weighted_autoencoder_takes_triples_and_pairs(layers, axes, rng):
    model = symloss.recurrent.Autoencoder if axes == 3 else symloss.Autoencoder
    x, w = rng.normal(size=(12, 3, 5)[3 - axes:]), rng.random(size=(12, 3, 5)[3 - axes:])
    found = []
    for data, target in (([x, w], x), ([x, x, w], x), ([x, x + 1, w], x + 1)):
        net = model(layers, weighted=True, mode="PYTHON")
        exact = np.average((net.predict(x) - target) ** 2, weights=w)
        record = fit(net, data, epochs=1, algo="sgd", learning_rate=0.0, batch_size=0)[-1]
        assert record["loss"] == pytest.approx(exact)
        found.append(record["loss"])
    assert found[0] == found[1] != found[2]


def test_set_loss_of_a_classifier_makes_no_matrix_of_labels(labelled):
    x, y = labelled
    net = symloss.Classifier([4, 5, 3], weighted=True)
    net.set_loss("hinge")
    assert [(v.name, v.ndim) for v in net.variables] == [("in", 2), ("target", 1), ("weights", 1)]
    fit(net, [x, y, np.ones(60)])


def test_a_loss_that_does_not_use_its_target_can_be_trained(points, registered):
    class Size(symloss.Loss):
        def __call__(self, outputs):
            size = outputs[self.output_name] ** 2
            if self._weights:
                return (self._weights * size).sum() / self._weights.sum()
            return size.mean()

    fit(symloss.Regressor([5, 4, 3], loss="size"), points)
    fit(symloss.Regressor([5, 4, 3], loss="size", weighted=True), [*points, np.ones((40, 3))])


@pytest.mark.parametrize("loss", ["gll", "mmd"])
def test_weights_are_not_ignored(loss, points, rng):
    x, y = points
    layers = [5, {"name": "mean", "size": 3, "activation": "linear"},
              {"name": "variance", "size": 3, "activation": "softplus", "inputs": "in"}]
    net = symloss.Regressor(layers if loss == "gll" else [5, 3], loss=None, weighted=True)
    net.add_loss(loss)
    x0 = [net.find(la.name, "w").get_value() for la in net.layers[1:]]
    found = []
    for w in (np.ones(40), np.arange(40) % 2):
        for la, value in zip(net.layers[1:], x0, strict=True):
            net.find(la.name, "w").set_value(value)
        found.append(fit(net, [x, y, w], algo="sgd", epochs=1, batch_size=0, learning_rate=0.0)[-1]["loss"])
    assert found[0] != pytest.approx(found[1])


def test_negative_weights_are_refused_with_their_row_and_value(points):
    weights = np.ones((40, 3))
    weights[7, 1] = -0.5
    with pytest.raises(symloss.DataError, match="weights, row 7, column 1: -0.5 is negative"):
        fit(symloss.Regressor([5, 3], loss="mae", weighted=True), [*points, weights])


@pytest.mark.parametrize("loss", [lambda: symloss.Loss("mae"), lambda: {"form": "mae", "weight": 2.0}],
                         ids=["instance", "dict"])
def test_an_autoencoder_takes_a_loss_of_any_form(loss, points):
    net = symloss.Autoencoder([5, 4, 5], loss=loss())
    record = fit(net, [points[0]], epochs=1, algo="sgd", learning_rate=0.0)[-1]
    assert record["mae"] == pytest.approx(abs(net.predict(points[0]) - points[0]).mean())


def test_a_batch_without_weight_is_no_nan(points):
    net = symloss.Regressor([5, 4, 3], weighted=True)
    weights = np.ones((40, 3))
    weights[:20] = 0
    assert np.isfinite([r["loss"] for r in fit(net, [*points, weights], batch_size=1)]).all()


def test_a_classifier_with_a_loss_without_accuracy_can_be_trained(labelled):
    fit(symloss.Classifier([4, 5, 3], loss="mse"), labelled)


def test_double_precision_and_long_labels_are_taken(labelled):
    with pytensor.config.change_flags(floatX="float32"):
        net = symloss.Classifier([4, 5, 3])
        fit(net, (labelled[0].astype("float64"), labelled[1].astype("int64")))
        assert net.predict(labelled[0].astype("float64")).shape == (60,)


def test_the_gaussian_loss_is_a_likelihood():
    mean, variance, y = np.array([[1.0, 2.0]]), np.array([[0.5, 2.0]]), np.array([[0.0, 1.0]])
    exact = 0.5 * (np.log(2 * np.pi * variance) + (y - mean) ** 2 / variance)
    assert float(evaluate.value("gll", mean, variance, y, how="sum")) == pytest.approx(exact.sum())


def test_the_divergence_of_equal_distributions_has_no_kink():
    p = np.array([[0.2, 0.3, 0.5]])
    x = pt.dmatrix()
    loss = symloss.Loss("kl", target=pt.constant(p))
    slope = pytensor.grad(loss({"out:out": pt.special.softmax(x, axis=-1)}), x)
    np.testing.assert_allclose(pytensor.function([x], slope)(np.log(p)), 0, atol=1e-12)


def test_the_worst_mistake_has_a_gradient():
    x = pt.dmatrix()
    loss = symloss.Loss("xe", target=pt.constant(np.array([0], "int32")))
    slope = pytensor.function([x], pytensor.grad(loss({"out:out": pt.special.softmax(x, axis=-1)}), x))
    np.testing.assert_allclose(slope([[0.0, 40.0, 0.0]]), [[-1, 1, 0]], atol=1e-6)


def test_a_label_of_minus_one_is_not_the_last_class(labelled):
    x, y = labelled
    with pytest.raises(symloss.DataError, match="-1"):
        fit(symloss.Classifier([4, 5, 3]), [x, np.where(np.arange(60) == 7, -1, y)])


def test_a_constant_score_has_a_hinge_loss():
    np.testing.assert_allclose(evaluate.value("multiclass_hinge", np.zeros((4, 3)), np.array([0, 1, 2, 0])), 1)


# ------------------------------------------------------------------------------------------------------------ penalties


def test_the_norm_of_a_growing_state_is_no_reward(sequences):
    h = pt.dtensor3()
    value = pytensor.function([h], regularizers.recurrent_norm([h]))
    growing = np.cumsum(abs(sequences), axis=1)
    norms = np.linalg.norm(growing, axis=-1)
    assert value(growing) == pytest.approx((np.diff(norms, axis=1) ** 2).mean())
    slope = pytensor.function([h], pytensor.grad(regularizers.recurrent_norm([h]), h))
    assert np.isfinite(slope(np.zeros((2, 3, 2)))).all()


def test_changes_of_state(sequences):
    h = pt.dtensor3()
    value = pytensor.function([h], regularizers.recurrent_state([h]))(sequences)
    assert value == pytest.approx((np.diff(sequences, axis=1) ** 2).sum(axis=-1).mean())


def test_recurrent_penalties_of_a_model(sequences, points):
    net = symloss.recurrent.Regressor([3, (4, "rnn", "tanh"), 2])
    record = fit(net, [sequences, sequences[..., :2]], epochs=1, recurrent_norm=0.1, recurrent_state=0.1)[-1]
    assert record["weighted"]["recurrent_norm"] > 0 < record["weighted"]["recurrent_state"]
    with pytest.raises(symloss.UnknownNameError, match="no output with a time"):
        fit(symloss.Regressor([5, 4, 3]), points, recurrent_norm=0.1)


def test_contractive_needs_no_pattern(points):
    fit(symloss.Regressor([5, (4, "tanh"), 3]), points, contractive=0.01)


def test_a_penalty_leaves_the_lines_of_maxout_alone(points):
    net = symloss.Regressor([5, (4, "maxout:2"), 3])
    exact = sum((net.graph.parameters[name].get_value() ** 2).sum() for name in ("hid1.w", "out.w"))
    record = fit(net, points, epochs=1, algo="sgd", learning_rate=0.0, weight_l2=1.0)[-1]
    assert record["weight_l2"] == pytest.approx(exact)


def test_validation_knows_no_dropout(points):
    net = symloss.Regressor([5, 4, 3])
    record = net.train(points, points, epochs=1, algo="sgd", learning_rate=0.0, verbose=0, hidden_dropout=0.5)[-1]
    assert record["valid_loss"] == pytest.approx(((net.predict(points[0]) - points[1]) ** 2).mean())


def test_dropout_may_be_one_number(points):
    fit(symloss.Regressor([5, 4, 3]), points, dropout=0.5)


def test_a_generator_as_seed_says_what_is_wanted(points):
    """It broke dropout and noise."""
    state = np.random.RandomState(0)
    with pytest.raises(symloss.SpecError, match="seed=RandomState.*an integer of at least 0"):
        symloss.Regressor([5, 3], seed=state)
    with pytest.raises(symloss.SpecError, match="seed=RandomState.*an integer of at least 0"):
        fit(symloss.Regressor([5, 4, 3]), points, hidden_dropout=0.5, seed=state)
    found = [fit(symloss.Regressor([5, 4, 3]), points, hidden_dropout=0.5, seed=seed)[-1]["loss"] for seed in (3, 3, 4)]
    assert found[0] == found[1] != found[2]


# ------------------------------------------------------------------------------------------------------------ models


def test_elu_of_a_large_number_is_no_nan():
    x = pt.fvector()
    elu = activations.Activation("elu", 1, np.random.default_rng(0))
    slope = pytensor.grad(elu(x).sum(), x)
    for value in pytensor.function([x], [elu(x), slope])(np.array([100.0], "f")):
        assert np.isfinite(value).all()


def test_a_rectifier_does_not_amplify_what_is_below_zero():
    x = pt.dvector()
    prelu = activations.Activation("prelu", 1, np.random.default_rng(0))
    assert abs(pytensor.function([x], prelu(x))([-1.0])[0]) < 1


def test_layers_of_one_shape_do_not_begin_equal():
    net = symloss.Regressor([4, 4, 4, 4])
    assert not np.array_equal(net.find(1, "w").get_value(), net.find(2, "w").get_value())
    both = symloss.recurrent.Regressor([4, ("bidirectional", 6), 2])
    assert not np.array_equal(both.find(1, "fw_xh").get_value(), both.find(1, "bw_xh").get_value())
    assert not net.find(1, "b").get_value().any()


def test_backward_outputs_belong_to_their_steps(rng):
    backward = {"form": "rnn", "size": 1, "direction": "backward", "activation": "linear"}
    net = symloss.recurrent.Regressor([1, backward, 1])
    for name, value in (("xh", 1.0), ("hh", 0.0), ("b", 0.0)):
        net.find(1, name).set_value(np.full_like(net.find(1, name).get_value(), value))
    x = np.arange(5.0).reshape(1, 5, 1)
    np.testing.assert_allclose(net.feed_forward(x)["hid1:out"], x)


def test_several_inputs_can_be_predicted_from(points):
    x, y = points
    net = symloss.Regressor([{"name": "a", "size": 2}, {"name": "b", "size": 3, "form": "input"},
                             {"size": 3, "inputs": ["a", "b"], "name": "out"}])
    fit(net, [x[:, :2], x[:, 2:], y])
    assert net.predict([x[:, :2], x[:, 2:]]).shape == y.shape
    assert net.score([x[:, :2], x[:, 2:]], y) < 1


def test_a_loaded_model_can_be_trained(points, tmp_path):
    symloss.Regressor([5, 4, 3]).save(tmp_path / "net")
    fit(symloss.load(tmp_path / "net"), points)


def test_a_prediction_after_an_activation_was_changed_is_not_stale(points):
    net = symloss.Regressor([5, (4, "tanh"), 3])
    before = net.predict(points[0])
    net.layers[1].activate = activations.Activation("relu", 4, np.random.default_rng(0))
    hidden = np.maximum(points[0] @ net.find(1, "w").get_value() + net.find(1, "b").get_value(), 0)
    wanted = hidden @ net.find(2, "w").get_value() + net.find(2, "b").get_value()
    np.testing.assert_allclose(net.predict(points[0]), wanted)
    np.testing.assert_allclose(net.feed_forward(points[0])["hid1:out"], hidden, atol=1e-12)
    assert not np.allclose(before, wanted)


def test_a_rate_of_none_says_which_rates_there_are():
    with pytest.raises(symloss.SpecError, match="rate=None .* matrix, vector, uniform, log, or a list of numbers"):
        symloss.recurrent.Regressor([3, {"form": "rrnn", "size": 4, "rate": None}, 2])


def test_a_tied_layer_does_not_take_another_size():
    with pytest.raises(symloss.SpecError, match="99"):
        symloss.Autoencoder([5, 4, (99, "tied")])


def test_the_radius_is_spectral():
    net = symloss.recurrent.Regressor([3, {"form": "rnn", "size": 6, "radius": 0.5}, 2])
    assert abs(np.linalg.eigvals(net.find(1, "hh").get_value())).max() == pytest.approx(0.5)


def test_parameters_of_activations_are_found():
    assert symloss.Regressor([5, (4, "prelu"), 3]).find("hid1", "leak").name == "hid1.leak"


def test_a_score_does_not_gain_by_columns_far_apart(points):
    net = symloss.Regressor([5, 3])
    for p in net.params:
        p.set_value(np.zeros_like(p.get_value()))
    net.find("out", "b").set_value(np.array([0.0, 100.0, -100.0]))
    y = np.array([0.0, 100.0, -100.0]) + points[1] - points[1].mean(axis=0)
    assert net.score(points[0], y) == pytest.approx(0, abs=1e-9)  # each column by its mean: nothing is explained


def test_a_subclass_does_not_take_over_its_parents_names(registered):
    class Mean(symloss.Loss):
        aliases = ("my_mean",)

        def __call__(self, outputs):
            return outputs[self.output_name].mean()

    class Tweaked(Mean):
        pass

    assert symloss.losses.registry.get("my_mean") is Mean


def test_a_drawn_sequence_depends_on_what_it_begins_with(rng):
    net = symloss.recurrent.Classifier([4, (6, "rnn", "tanh"), 4])
    net.find("out", "w").set_value(20 * rng.normal(size=(6, 4)))
    first = {start: tuple(net.predict_sequence([start], 4, rng=1)) for start in range(4)}
    assert len(set(first.values())) > 1


# ------------------------------------------------------------------------------------------------------------ training


def test_a_fixed_number_of_epochs_changes_the_parameters(points):
    net = symloss.Regressor([5, 4, 3])
    before = net.find(1, "w").get_value()
    net.train(points, points, epochs=5, verbose=0)
    assert not np.array_equal(before, net.find(1, "w").get_value())


def test_a_worse_negative_loss_is_no_improvement():
    from symloss.training.comparison import better

    assert not better(-9.5, -10.0, 0.1)
    assert better(-11.5, -10.0, 0.1)


def test_nesterov_remembers_the_velocity_and_not_the_look_ahead():
    p = pytensor.shared(np.array(0.0), name="p")
    step = pytensor.function([], [], updates=updates.nag({p: pt.constant(1.0)}, learning_rate=1.0, momentum=0.9))
    places = [0.0]
    for _ in range(3):
        step()
        places.append(float(p.get_value()))
    np.testing.assert_allclose(np.diff(places), [-1.9, -2.71, -3.439])  # -1 - mu (1 + mu + ...), Sutskever (2013)


def test_unknown_keywords_are_not_swallowed(points):
    with pytest.raises(symloss.UnknownNameError, match="min_improvement"):
        symloss.Regressor([5, 3]).train(points, min_improvment=0.1)
    with pytest.raises(symloss.UnknownNameError, match="hidden_dropout"):
        symloss.Regressor([5, 3]).train(points, hiden_dropout=0.5)


def test_the_members_of_batches_change(points, orders):
    fit(symloss.Regressor([5, 3]), points, batch_size=8)
    assert {frozenset(o.tolist()) for o in orders[:5]} != {frozenset(o.tolist()) for o in orders[5:10]}


def test_steps_do_not_grow_while_the_gradient_is_constant():
    p = pytensor.shared(np.array(0.0), name="p")
    step = pytensor.function([], [], updates=updates.rmsprop({p: pt.constant(1.0)}, learning_rate=1e-3))
    places = [0.0]
    for _ in range(150):
        step()
        places.append(float(p.get_value()))
    assert abs(np.diff(places)[-1]) < abs(np.diff(places)[0])


def test_progress_is_saved_without_saying_how_often(points, tmp_path):
    fit(symloss.Regressor([5, 3]), points, save_progress=tmp_path / "net")
    assert symloss.load(tmp_path / "net").history[-1]["epoch"] == 2


def test_figures_of_an_epoch_do_not_depend_on_how_data_are_cut(points):
    options = dict(epochs=1, algo="sgd", learning_rate=0.0)
    first, second = (fit(symloss.Regressor([5, 3]), points, batch_size=size, **options)[-1] for size in (7, 40))
    assert first["loss"] == pytest.approx(second["loss"])


@pytest.mark.parametrize("loss, error", [("mse", np.square), ("mae", abs)])
def test_the_figure_of_an_epoch_is_the_weighted_mean_of_the_data_set(loss, error, points, rng):
    """Batches were averaged, of whatever size and weight they were; the last one here has 4 items of 40."""
    weights = rng.uniform(size=(40, 3)) * (np.arange(40)[:, None] < 37)
    net = symloss.Regressor([5, 3], loss=loss, weighted=True)
    record = net.train([*points, weights], [*points, weights], epochs=1, algo="sgd", learning_rate=0.0, batch_size=12,
                       verbose=0)[-1]
    wanted = np.average(error(net.predict(points[0]) - points[1]), weights=weights)
    assert record["loss"] == pytest.approx(wanted, rel=1e-10)
    assert record["valid_loss"] == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("width", [1, 2])
def test_a_target_variable_without_lengths_wants_those_of_the_output(width):
    net = symloss.Regressor([4, 3], loss=symloss.Loss("mse", target=pt.matrix("t")))
    x = np.ones((6, 4))
    with pytest.raises(symloss.ShapeError, match=rf"\(6, {width}\), but the model needs \(n, 3\)"):
        net.train([x, np.ones((6, width))], epochs=1, verbose=0)
    assert net.train([x, np.ones((6, 3))], epochs=1, verbose=0)
    sliced = symloss.Regressor([4, 3], loss=symloss.Loss(lambda p, t: pt.sqr(p - t[:, :3]), target=pt.matrix("t")))
    assert sliced.train([x, np.ones((6, 5))], epochs=1, verbose=0)


def test_a_plain_model_of_sequences_wants_as_many_steps_of_the_target():
    x = np.ones((6, 9, 4))
    net = symloss.Regressor([{"size": 4, "ndim": 3}, 2])
    with pytest.raises(symloss.DataError, match="target has 7 steps, but in has 9"):
        net.train([x, np.ones((6, 7, 2))], epochs=1, verbose=0)
    assert net.train([x, np.ones((6, 9, 2))], epochs=1, verbose=0)


def test_a_weight_that_no_file_holds_is_told_when_a_model_is_saved(tmp_path):
    net = symloss.Regressor([4, 1], loss={"form": "mse", "weight": lambda step: 0.1 * step})
    with pytest.raises(symloss.SpecError, match="weight of loss 'squared_error' is a function.*schedules.linear"):
        net.save(tmp_path / "net")
    net.losses[0].weight = symloss.schedules.linear(0, 1, 10)
    net.save(tmp_path / "net")


def test_probabilities_that_sum_to_something_else_are_told_what_takes_several_yes_and_no():
    with pytest.raises(symloss.DataError, match="row 0: 0.4 is not 1.*multilabel=True"):
        evaluate.metric("perplexity", np.full((2, 2), 0.5), np.array([[0.2, 0.2], [0.0, 1.0]]))
