"""Losses and metrics of Keras in the training of a model: the numbers that they make of arrays, names and refusals."""

import numpy as np
import pytest

import symloss
import symloss.compat.keras as keras
from symloss.compat.keras import losses, metrics, ops
from symloss.compat.keras.losses.binding import by_shapes, core_loss
from symloss.compat.keras.metrics.binding import core_metrics
from symloss.errors import SpecError, SymlossError, UnknownNameError

rng = np.random.default_rng(0)
X, LABELS, W = rng.normal(size=(40, 4)), rng.integers(3, size=40), rng.uniform(0.2, 2, size=40)
ONE_HOT = np.eye(3)[LABELS]


class Cubic(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


def over(y_true, y_pred):
    return ops.mean(ops.relu(y_true - y_pred), axis=-1)


def network(activation, asked, weighted=False):
    net = symloss.Network([4, {"size": 3, "activation": activation, "name": "out"}], seed=1, mode="PYTHON")
    net.set_loss([core_loss(one, "out", weighted=weighted, name=f"loss {i}") for i, one in enumerate(asked)])
    return net


LINEAR = ["mse", "mae", losses.Huber(0.3, reduction="sum"), "hinge", "categorical_hinge", "cosine_similarity", Cubic(),
          over, losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
          losses.BinaryCrossentropy(from_logits=True), losses.MeanSquaredError(reduction="mean_with_sample_weight")]
SOFTMAX = ["sparse_categorical_crossentropy", losses.SparseCategoricalCrossentropy(ignore_class=1),
           losses.CategoricalGeneralizedCrossEntropy(q=0.7)]


@pytest.mark.parametrize("weighted", [False, True])
def test_a_model_has_the_loss_that_arrays_have(weighted):
    for activation, asked, target in (("linear", LINEAR, ONE_HOT), ("softmax", SOFTMAX, LABELS)):
        net = network(activation, asked, weighted)
        weights = [W if target.ndim == 1 else np.repeat(W[:, None], 3, 1)] if weighted else []
        found, predicted = net.measure([X, target, *weights]), net.predict(X)
        for i, one in enumerate(asked):
            loss = losses.get(one)
            if not isinstance(loss, losses.Loss):
                loss = losses.LossFunctionWrapper(loss)
            wanted = float(loss(target, predicted, sample_weight=W if weighted else None))
            assert found[f"loss {i}"] == pytest.approx(wanted, rel=1e-5), one


def test_metrics_of_a_model_are_those_of_arrays():
    keras.backend.clear_session()  # names begin without a number

    class Worst(metrics.Metric):
        def __init__(self):
            super().__init__(name="worst")
            self.worst = self.add_weight(name="worst")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.worst.assign(np.maximum(self.worst, np.max(np.abs(np.asarray(y_true) - np.asarray(y_pred)))))

        def result(self):
            return self.worst

    asked = ["acc", "mae", "AUC", metrics.F1Score(average="macro"), metrics.Precision(class_id=1), "R2Score", over,
             Worst(), metrics.Recall(thresholds=[0.2, 0.4]), "categorical_crossentropy",
             metrics.TopKCategoricalAccuracy(2)]
    net = network("softmax", ["categorical_crossentropy"], weighted=True)
    for weighted in (False, True):
        bound = core_metrics(asked, net.losses[0], weighted=weighted)
        names = [one["name"] for one in bound]
        assert names == ["acc", "mae", "AUC", "f1_score", "precision", "R2Score", "over", "worst", "recall",
                         "categorical_crossentropy", "top_k_categorical_accuracy"]
        found = net.measure([X, ONE_HOT, np.repeat(W[:, None], 3, 1)], metrics=bound)
        for one, name in zip(asked, names, strict=True):
            metric = metrics.CategoricalAccuracy() if one == "acc" else metrics.get(one)
            metric = metric if isinstance(metric, metrics.Metric) else metrics.MeanMetricWrapper(metric)
            metric.reset_state()
            wanted = metric(ONE_HOT, net.predict(X), sample_weight=W if weighted else None)
            np.testing.assert_allclose(found[name], wanted, rtol=1e-5, err_msg=name)


def test_accuracy_goes_by_the_shapes():
    (sparse,) = core_metrics("accuracy", network("softmax", ["sparse_categorical_crossentropy"]).losses[0])
    net = network("softmax", ["sparse_categorical_crossentropy"])
    assert net.measure([X, LABELS], metrics=[sparse])["accuracy"] == np.mean(net.predict(X).argmax(1) == LABELS)
    assert by_shapes("ce", (None,), (None, 3)) is losses.sparse_categorical_crossentropy
    assert by_shapes("crossentropy", (None, 1), (None, 1)) is losses.binary_crossentropy
    assert by_shapes("mse", (None, 1), (None, 1)) == "mse"


def test_cross_entropies_are_made_of_logits():
    """Probabilities of 0 and 1 in float64 have a loss of 1e3 and not of Keras' clip, which has no gradient."""
    net = network("softmax", ["categorical_crossentropy"])
    net.find("out", "w").set_value(np.zeros((4, 3)))
    net.find("out", "b").set_value(np.array([1000.0, 0.0, 0.0]))
    assert net.measure([X[:1], [[0.0, 1.0, 0.0]]])["loss"] == pytest.approx(1000)


@pytest.mark.c
def test_it_trains():
    net = symloss.Network([4, (8, "tanh"), {"size": 3, "activation": "softmax", "name": "out"}], seed=1)
    net.set_loss(core_loss(keras.losses.SparseCategoricalCrossentropy(), "out"))
    records = list(net.itertrain([X, LABELS], algo="adam", learning_rate=0.05, epochs=30, batch_size=10,
                                 metrics=core_metrics(["acc", "SparseTopKCategoricalAccuracy"], net.losses[0])))
    assert records[-1]["loss"] < 0.5 * records[0]["loss"] and records[-1]["acc"] > 0.8


@pytest.mark.parametrize("wrong, error, words", [
    (lambda: core_loss("mean_sqared_error", "out"), UnknownNameError, "mean_squared_error"),
    (lambda: core_loss(losses.MeanSquaredError(reduction=None), "out"), SpecError, "reduction=None"),
    (lambda: core_loss(losses.MeanSquaredError(dtype="float16"), "out"), SpecError, "set_floatx"),
    (lambda: network("softmax", [losses.CategoricalCrossentropy(from_logits=True)]), SpecError, "ends in softmax"),
    (lambda: network("softmax", [losses.CategoricalCrossentropy(axis=0)]), SpecError, "Permute"),
    (lambda: symloss.Network([4, (1, "sigmoid")]).set_loss(core_loss("ce", "out")), SpecError, "binary_crossentropy"),
    (lambda: core_metrics("acuracy"), UnknownNameError, "accuracy"),
    (lambda: core_metrics(None), SpecError, "None"),
], ids=["name", "reduction", "dtype", "logits", "axis", "ce", "metric", "none"])
def test_what_training_does_not_take_is_told(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()


def test_a_users_function_of_labels():
    def heavy(y_true, y_pred):
        return 2 * losses.sparse_categorical_crossentropy(y_true, y_pred)

    def own(y_true, y_pred):
        return -ops.sum(ops.one_hot(y_true, 3) * ops.log(y_pred), axis=-1)

    def masked(y_true, y_pred):
        return losses.sparse_categorical_crossentropy(y_true, y_pred, ignore_class=1)

    ignoring = losses.SparseCategoricalCrossentropy(ignore_class=1)
    net = network("softmax", [heavy, own, "sparse_categorical_crossentropy", "ce", masked, ignoring])
    found = net.measure([X, LABELS])
    assert found["loss 4"] == pytest.approx(found["loss 5"])
    assert found["loss 3"] == pytest.approx(found["loss 2"])
    assert found["loss 0"] == pytest.approx(2 * found["loss 2"])
    assert found["loss 1"] == pytest.approx(found["loss 2"])


def test_comparisons_that_would_be_false_in_silence_are_refused():
    def masked(y_true, y_pred):
        there = y_true - 1
        if len(y_true.shape) == 2:
            there = there == 0
        return ops.mean(ops.where(there, y_pred, 0.0), axis=-1)

    with pytest.raises(SpecError, match=r"keras.ops.equal\(there, 0\)"):
        core_loss(masked, "out")
    with pytest.raises(SpecError, match="equal"):
        core_metrics(masked)
    core_metrics(losses.sparse_categorical_crossentropy)


def test_a_loss_that_repeats_its_target_is_refused():
    def table(y_true, y_pred):
        return ops.mean(ops.expand_dims(y_true, 1) - ops.expand_dims(y_pred, 0), axis=-1)

    with pytest.raises(SymlossError):
        network("linear", [table])
