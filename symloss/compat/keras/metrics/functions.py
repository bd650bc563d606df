"""keras.metrics: functions of (y_true, y_pred), arrays or expressions, that return a value per item."""

import pytensor.tensor as pt

from ....errors import ShapeError
from .. import ops
from ..backend import EPSILON, floatx
from ..losses import functions as losses
from ..losses.shapes import lengths, require_one_shape, same_rank
from ..tensors import is_expression


def _hits(right):
    return ops.cast(right, floatx())


def _pair(y_true, y_pred, who: str, one_shape=True) -> tuple:
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, ops.dtype(y_pred))
    if is_expression(y_true) or is_expression(y_pred):
        y_true, y_pred = pt.as_tensor_variable(y_true), pt.as_tensor_variable(y_pred)
    y_true, y_pred = same_rank(y_true, y_pred)
    if one_shape:
        require_one_shape(who, y_true, y_pred)
    return y_true, y_pred


def accuracy(y_true, y_pred):
    """Return 1 where y_true is y_pred, else 0."""
    return _hits(ops.equal(*_pair(y_true, y_pred, "accuracy")))


def binary_accuracy(y_true, y_pred, threshold=0.5):
    """Return 1 where y_true is 1 and y_pred is above the threshold, or neither holds, else 0."""
    y_true, y_pred = _pair(y_true, y_pred, "binary_accuracy")
    return _hits(ops.equal(y_true, ops.cast(ops.greater(y_pred, threshold), ops.dtype(y_true))))


def categorical_accuracy(y_true, y_pred):
    """Return 1 where the largest entries of one-hot y_true and of y_pred are at the same place, else 0."""
    y_true, y_pred = _pair(y_true, y_pred, "categorical_accuracy")
    return _hits(ops.equal(ops.argmax(y_true, -1), ops.argmax(y_pred, -1)))


def _labels(y_true, y_pred, who: str, ids=False):
    """Return labels as int32, without an axis of length 1 where y_pred has the classes (or `ids` of these)."""
    y_true, y_pred = ops.cast(y_true, "int32"), ops.convert_to_tensor(y_pred)
    last = lengths(y_true)[-1] if y_true.ndim else None
    if y_true.ndim == y_pred.ndim and last == 1:
        y_true = ops.squeeze(y_true, -1)
    if y_true.ndim == y_pred.ndim > 1 and last is not None:
        other = "" if ids else f", or use {who.removeprefix('sparse_')}"
        raise ShapeError(f"{who}: y_true has {y_true.ndim} axes like y_pred, and {last} columns, but integer labels "
                         f"have one axis fewer. For one-hot vectors, pass y_true.argmax(axis=-1){other}")
    return y_true, y_pred


def sparse_categorical_accuracy(y_true, y_pred):
    """Return 1 where the largest entry of y_pred is at the place of the label, else 0."""
    y_true, y_pred = _labels(y_true, y_pred, "sparse_categorical_accuracy")
    return _hits(ops.equal(y_true, ops.argmax(y_pred, -1)))


def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """Return 1 where the class of one-hot y_true is among the k greatest of y_pred, else 0."""
    y_true, y_pred = _pair(y_true, y_pred, "top_k_categorical_accuracy")
    return _hits(ops.in_top_k(ops.argmax(y_true, -1), y_pred, k))


def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False):
    """Return 1 where the label is among the k greatest of y_pred, else 0.

    With `from_sorted_ids` y_pred are labels, the best first.
    """
    y_true, y_pred = _labels(y_true, y_pred, "sparse_top_k_categorical_accuracy", ids=from_sorted_ids)
    if from_sorted_ids:
        return _hits(ops.any(ops.equal(ops.expand_dims(y_true, -1), ops.cast(y_pred[..., :k], "int32")), axis=-1))
    return _hits(ops.in_top_k(y_true, y_pred, k))


def cosine_similarity(y_true, y_pred, axis=-1):
    """Return the cosine of vectors along `axis`. As a metric, 1 means the same direction."""
    return -losses.cosine_similarity(y_true, y_pred, axis)


def pearson_correlation(y_true, y_pred, axis=-1):
    """Return the correlation of y_true and y_pred along `axis`, from -1 to 1."""
    y_true, y_pred = _pair(y_true, y_pred, "pearson_correlation")
    parts = []
    for x in (y_true, y_pred):
        centred = x - ops.mean(x, axis, keepdims=True)
        parts.append(centred / ops.std(centred, axis, keepdims=True))
    return ops.mean(parts[0] * parts[1], axis)


def concordance_correlation(y_true, y_pred, axis=-1):
    """Return 2 cov / (var + var + (difference of means)^2) along `axis`, from -1 to 1."""
    y_true, y_pred = _pair(y_true, y_pred, "concordance_correlation")
    means = [ops.mean(x, axis, keepdims=True) for x in (y_true, y_pred)]
    spread = ops.var(y_true, axis, keepdims=True) + ops.var(y_pred, axis, keepdims=True)
    spread = spread + ops.square(means[0] - means[1])
    together = (y_true - means[1]) * (y_pred - means[1])  # the mean is that of (y_true - its mean) times the same
    return ops.mean(2 * together / (spread + EPSILON), axis)
