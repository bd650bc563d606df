"""Activations, initializers, regularizers, operations and utilities of Keras: its numbers."""

import json

import numpy as np
import pytensor.tensor as pt
import pytest

from symloss.compat import keras
from symloss.compat.keras import activations, initializers, ops, regularizers, utils
from symloss.compiling import function, resolve
from symloss.errors import DataError, SpecError, UnknownNameError


def test_activations_of_arrays_and_of_expressions(golden):
    x, variable = np.array(golden["x"]), pt.matrix(dtype="float64", shape=(2, 6))
    names = sorted(golden["activations"])
    found = function([variable], [activations.get(name)(variable) for name in names], resolve("PYTHON"))(x)
    for name, value in zip(names, found, strict=True):
        if name == "sparsemax":  # Keras' rows do not sum to 1: it adds up sums of sums
            np.testing.assert_allclose(value, activations.sparsemax(x), rtol=1e-9)
            np.testing.assert_allclose(value.sum(axis=1), 1, rtol=1e-9)
            np.testing.assert_allclose(value[0, 4:] - x[0, 4:], [value[0, 4] - x[0, 4]] * 2)  # at one distance
            continue
        for made in (value, activations.get(name)(x)):
            np.testing.assert_allclose(made, golden["activations"][name], rtol=1e-6, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(activations.relu(x, negative_slope=0.1, max_value=1.5, threshold=0.5), golden["relu"])


def test_regularizers(golden):
    matrix = np.array(golden["matrix"])
    for text, wanted in golden["regularizers"].items():
        regularizer = eval(text, {"r": regularizers})
        np.testing.assert_allclose(regularizer(matrix), wanted, rtol=1e-9, err_msg=text)
        again = regularizers.deserialize(regularizers.serialize(regularizer))
        assert float(again(matrix)) == float(regularizer(matrix))
    assert regularizers.get("l2").l2 == 0.01 and regularizers.get(None) is None


def test_initializers(golden):
    for text, wanted in golden["initializers"].items():
        np.testing.assert_allclose(eval(text, {"i": initializers}), wanted, atol=1e-7, err_msg=text)
    for name, wanted in golden["deviations"].items():
        drawn = getattr(initializers, name)(seed=3)((200, 300))
        assert float(np.std(drawn)) == pytest.approx(wanted, rel=0.02), name
        assert drawn.dtype == "float32"
    assert np.abs(initializers.TruncatedNormal(stddev=1.0, seed=0)((1000,))).max() <= 2


def test_seeds_repeat():
    keras.utils.set_random_seed(3)
    first = initializers.get("he_normal")((2, 2))
    assert not np.array_equal(initializers.get("he_normal")((2, 2)), first)
    keras.utils.set_random_seed(3)
    own = initializers.get("he_normal")
    np.testing.assert_array_equal(own((2, 2)), first)
    np.testing.assert_array_equal(own((2, 2)), first)  # one object makes the same numbers again, as in Keras
    again = initializers.deserialize(json.loads(json.dumps(initializers.serialize(own))))
    assert again.get_config() == own.get_config()


CASES = {
    "where": lambda x: ops.where(ops.greater(x, 0), x, -2.0 * x),
    "norm": lambda x: ops.norm(x, axis=-1), "norm 1": lambda x: ops.norm(x, ord=1, axis=0),
    "normalize": lambda x: ops.normalize(x, axis=0), "logsumexp": lambda x: ops.logsumexp(x, axis=1),
    "one_hot": lambda x: ops.one_hot(ops.cast(ops.abs(x), "int32"), 4), "take": lambda x: ops.take(x, [2, 0], axis=1),
    "top_k": lambda x: ops.top_k(x, 2)[0], "argmax": lambda x: ops.argmax(x, axis=-1),
    "clip": lambda x: ops.clip(x, -1, 1),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x)), "einsum": lambda x: ops.einsum("ij,kj->ik", x, x),
    "squeeze": lambda x: ops.squeeze(ops.expand_dims(x, 1), 1),
    "concatenate": lambda x: ops.concatenate([x, x], axis=1),
    "split": lambda x: ops.split(x, 3, axis=1)[1], "pad": lambda x: ops.pad(x, ((1, 0), (0, 2))),
    "cumsum": lambda x: ops.cumsum(x, axis=1), "var": lambda x: ops.var(x, axis=0), "flip": lambda x: ops.flip(x, 1),
    "divide_no_nan": lambda x: ops.divide_no_nan(x, ops.maximum(x, 0)), "sparsemax": lambda x: ops.sparsemax(x),
    "bce": lambda x: ops.binary_crossentropy(ops.cast(x > 0, "float64"), x, from_logits=True),
    "logdet": lambda x: ops.logdet(ops.matmul(x, ops.transpose(x)) + ops.eye(2, dtype="float64")),
    "tril": lambda x: ops.tril(x), "cond": lambda x: ops.cond(ops.sum(x) > 0, lambda: x, lambda: -x),
    "median": lambda x: ops.median(x, axis=1), "roll": lambda x: ops.roll(x, 2, axis=1),
}


def test_operations_on_arrays_are_those_on_expressions():
    x, variable = np.random.default_rng(0).normal(size=(2, 6)), pt.matrix(dtype="float64", shape=(2, 6))
    found = function([variable], [make(variable) for make in CASES.values()], resolve("PYTHON"))(x)
    for (name, make), value in zip(CASES.items(), found, strict=True):
        np.testing.assert_allclose(np.asarray(make(x)), value, rtol=1e-9, atol=1e-12, err_msg=name)


def test_operations_are_those_of_numpy():
    x = np.random.default_rng(0).normal(size=(2, 6))
    np.testing.assert_allclose(ops.norm(x, axis=-1), np.linalg.norm(x, axis=-1))
    np.testing.assert_allclose(ops.norm(x, ord=1), np.linalg.norm(x, 1))
    np.testing.assert_allclose(ops.median(x, axis=1), np.median(x, axis=1))
    np.testing.assert_allclose(ops.percentile(x, 30), np.percentile(x, 30))
    np.testing.assert_allclose(ops.tensordot(x, x, [[1], [1]]), x @ x.T)
    assert ops.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1).tolist() == [True, False]


def test_floats_win_over_integers():
    assert ops.add(np.ones(2, "float32"), np.ones(2, "int64")).dtype == "float32"
    assert ops.mean([1, 2]).dtype == "float32"
    assert ops.exp([0, 1]).dtype == "float32"
    assert ops.sum([True, True]).dtype == "int32"
    assert (ops.convert_to_tensor([1, 2]) * 2).dtype == "int32"
    assert ops.convert_to_tensor([1.5]).dtype == "float32"


def test_utilities():
    np.testing.assert_array_equal(utils.to_categorical([0, 2]), [[1, 0, 0], [0, 0, 1]])
    assert utils.to_categorical([[1], [0]], 3).shape == (2, 3)
    np.testing.assert_allclose(utils.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])
    padded = utils.pad_sequences([[1, 2, 3], [4]], maxlen=2, padding="post", value=9)
    np.testing.assert_array_equal(padded, [[2, 3], [4, 9]])
    with pytest.raises(DataError, match="label 5"):
        utils.to_categorical([0, 5], num_classes=3)


def test_registered_objects_are_found():
    @keras.utils.register_keras_serializable(package="Mine")
    class Half(keras.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_true - y_pred), axis=-1) / 2

    assert isinstance(keras.losses.deserialize(keras.losses.serialize(Half(name="h"))), Half)
    keras.utils.get_custom_objects().pop("Mine>Half")
    with keras.utils.custom_object_scope({"tenth": lambda x: ops.multiply(x, 0.1)}):
        assert float(activations.get("tenth")(2.0)) == pytest.approx(0.2)
    with pytest.raises(UnknownNameError):
        activations.get("tenth")


@pytest.mark.parametrize("wrong, error, words", [
    (lambda: ops.reduce_mean, AttributeError, "mean"), (lambda: ops.conv, AttributeError, "keras.layers"),
    (lambda: activations.get("rellu"), UnknownNameError, "relu"),
    (lambda: initializers.get("glorot_unifrm"), UnknownNameError, "glorot_uniform"),
    (lambda: initializers.HeNormal(sed=1), UnknownNameError, "seed"),
    (lambda: regularizers.L2(-1.0), SpecError, "non-negative"),
    (lambda: keras.backend.set_epsilon(1e-3), SpecError, "from_logits"),
    (lambda: keras.backend.set_floatx("flot32"), UnknownNameError, "float32"),
    (lambda: utils.pad_sequences([[1]], padding="pst"), UnknownNameError, "post"),
], ids=["operation", "layer", "activation", "initializer", "argument", "strength", "epsilon", "floatx", "padding"])
def test_mistakes_are_told(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()
