"""Losses of Keras on arrays and tensors: its numbers, its gradients, its errors in our words."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss.compat.keras as keras
from symloss.compat.keras import losses, ops
from symloss.compiling import function, resolve
from symloss.errors import DataError, ShapeError, UnknownNameError


def test_the_tutorials_numbers():
    mae = losses.MeanAbsoluteError()
    assert mae([1.0, 0.0], [2.0, 3.0]).numpy() == 2.0
    assert losses.MeanSquaredError()([1.0, 0.0], [2.0, 3.0]).numpy() == 5.0
    one_hot = keras.losses.CategoricalCrossentropy()([[0, 1, 0], [1, 0, 0]], [[0.15, 0.75, 0.1], [0.75, 0.15, 0.1]])
    assert str(one_hot.numpy()) == "0.2876821"
    labels = keras.losses.SparseCategoricalCrossentropy()([1, 0], [[0.15, 0.75, 0.1], [0.75, 0.15, 0.1]])
    assert str(labels.numpy()) == "0.2876821"


def made(case, reduction="sum_over_batch_size"):
    return getattr(losses, case["name"])(**case["options"], reduction=reduction, dtype="float64")


def test_values_are_those_of_keras(golden):
    weights = np.array(golden["weights"])
    for case in golden["losses"]:
        y_true, y_pred = np.array(case["y_true"]), np.array(case["y_pred"])
        for key, wanted in case["values"].items():
            reduction = key.split(",")[0]
            loss = made(case, None if reduction == "None" else reduction)
            given = weights[: len(y_true)] if "weighted" in key else None
            np.testing.assert_allclose(loss(y_true, y_pred, sample_weight=given), wanted, rtol=1e-6, atol=1e-9,
                                       err_msg=f"{case['name']} {case['options']} {key}")


def test_gradients_are_those_of_jax(golden):
    """One function of all losses, which is built of expressions."""
    weights, inputs, arrays, slopes, wanted = np.array(golden["weights"]), [], [], [], []
    for case in golden["losses"]:
        y_true, y_pred = np.array(case["y_true"]), np.array(case["y_pred"])
        for key, slope in case["slopes"].items():
            p = pt.tensor(dtype="float64", shape=y_pred.shape)
            given = weights[: len(y_true)] if "weighted" in key else None
            value = made(case)(pt.constant(y_true), p, sample_weight=given)
            inputs.append(p), arrays.append(y_pred), slopes.append(pt.grad(value, p)), wanted.append((case, slope))
    found = function(inputs, slopes, resolve("PYTHON"))(*arrays)
    for slope, (case, expected) in zip(found, wanted, strict=True):
        np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-6, err_msg=f"{case['name']} {case['options']}")
    assert len(wanted) > 50


def test_configurations_make_equal_losses(golden):
    for case in golden["losses"]:
        loss = made(case)
        config = losses.serialize(loss)
        again = losses.deserialize(config)
        assert type(again) is type(loss)
        assert again.get_config() == loss.get_config()
        assert case["config"].items() <= getattr(losses, case["name"])(**case["options"]).get_config().items()


def test_losses_are_found_by_name():
    assert losses.get("mse") is losses.mean_squared_error
    assert isinstance(losses.get("Huber"), losses.Huber)
    assert losses.get({"class_name": "Huber", "config": {"delta": 2.0}}).delta == 2.0
    assert losses.get(None) is None
    assert losses.get("categorical_generalized_cross_entropy") is losses.categorical_generalized_cross_entropy


def test_other_embeddings_of_the_circle_loss(golden):
    case = next(c for c in golden["losses"] if c["name"] == "Circle")
    labels, rows = np.array(case["y_true"]), np.array(case["y_pred"])
    found = losses.circle(labels[:2], rows[:2], labels, rows, remove_diagonal=False, gamma=5)
    np.testing.assert_allclose(found, golden["circle of others"], rtol=1e-7)


@pytest.mark.parametrize("wrong, words", [
    (lambda: losses.get("mean_squard_error"), "mean_squared_error"),
    (lambda: losses.MeanSquardError, "MeanSquaredError"),
    (lambda: losses.MeanSquaredError(reductoin="sum"), "reduction"),
    (lambda: losses.MeanSquaredError(reduction="sums"), "sum"),
    (lambda: losses.Huber(dtype="flaot32"), "float32"),
    (lambda: losses.get({"class_name": "Hubber", "config": {}}), "huber"),
], ids=["name", "attribute", "argument", "reduction", "dtype", "class"])
def test_misspelt_names_tell_the_nearest(wrong, words):
    with pytest.raises(UnknownNameError, match=words):
        wrong()


def test_unknown_names_are_value_errors_as_in_keras():
    with pytest.raises(ValueError):
        losses.get("no_loss")
    with pytest.raises(TypeError):
        losses.MeanSquaredError(nothing=1)
    assert not hasattr(losses, "nothing")


def test_nothing_is_repeated_in_silence():
    with pytest.raises(ShapeError, match="same shape"):
        losses.mean_squared_error([[1.0], [2.0]], [[1.0, 2.0], [3.0, 4.0]])
    column = losses.hinge([1.0, -1.0], [[0.5], [0.5]])  # Keras makes a table of these
    np.testing.assert_allclose(column, [0.5, 1.5])
    np.testing.assert_allclose(losses.mean_squared_error([1.0, 2.0], [[0.0], [0.0]]), [1.0, 4.0])


def test_weights_belong_to_items():
    values = np.arange(6.0).reshape(2, 3, 1)
    loss = losses.MeanSquaredError()
    assert float(loss(values, 0 * values, sample_weight=[1.0, 0.0])) == pytest.approx(5 / 6)
    assert float(loss(values, 0 * values, sample_weight=2.0)) == pytest.approx(2 * 55 / 6)
    with pytest.raises(ShapeError, match="sample_weight has shape .3,"):
        loss([[1.0, 2.0]], [[0.0, 0.0]], sample_weight=[1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="sample_weight"):
        keras.metrics.MeanSquaredError()([[1.0, 2.0]], [[0.0, 0.0]], sample_weight=[1.0, 2.0, 3.0])


def test_options_out_of_range_are_told():
    for wrong in (losses.Huber(delta=-1.0), losses.BinaryCrossentropy(label_smoothing=2.0)):
        with pytest.raises(ValueError, match="is not valid; it must be a number"):
            wrong([[0.5]], [[0.5]])


def test_labels_that_are_no_classes_are_named():
    with pytest.raises(DataError, match="label 3 at .1,"):
        losses.sparse_categorical_crossentropy([0, 3], [[0.5, 0.25, 0.25], [0.2, 0.3, 0.5]])
    with pytest.raises(DataError, match=r"0\.5"):
        losses.sparse_categorical_crossentropy([0.5], [[0.5, 0.5]])
    kept = losses.SparseCategoricalCrossentropy(ignore_class=-1)([0, -1], [[0.5, 0.5], [0.1, 0.9]])
    np.testing.assert_allclose(kept, np.log(2), rtol=1e-6)
    with pytest.raises(DataError, match="0 before other labels"):
        losses.ctc([[1, 0, 2]], np.zeros((1, 5, 3)))


def test_a_subclass_in_keras_ops_works_on_arrays_and_expressions():
    class Fourth(keras.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.power(y_true - y_pred, 4), axis=-1)

    loss = Fourth(reduction="sum")
    assert loss.name == "fourth"
    assert float(loss([[1.0, 0.0]], [[3.0, 0.0]], sample_weight=[2.0])) == 16.0
    p = pt.matrix("p", dtype="float64")
    assert loss(pt.matrix("t", dtype="float64"), p).ndim == 0


def test_results_are_arrays_with_numpy():
    values = losses.mean_absolute_error([[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]])
    assert values.shape == (2,) and values.dtype == "float32"
    assert isinstance(values.numpy(), np.ndarray) and not hasattr(values.numpy(), "numpy")
    assert float(values[0]) == 1.5 and values[1].numpy() == 4.0
    assert float((2 * values).sum()) == 11.0
    assert f"{values.mean():.2f}" == "2.75"


def test_half_precision():
    for dtype in ("float16", "bfloat16"):
        pytest.importorskip("ml_dtypes")
        value = losses.MeanSquaredError(dtype=dtype)([[1.0, 3.0]], [[2.0, 1.0]])
        assert value.dtype.name == dtype and float(value) == 2.5
