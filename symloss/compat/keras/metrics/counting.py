"""How many items are hits, misses and false alarms, at one or many thresholds."""

import numpy as np
import pytensor.tensor as pt

from ....errors import ShapeError, SpecError
from .. import ops
from ..losses.shapes import lengths, require_one_shape, same_rank
from ..tensors import is_expression

NOTHING = -1e10  # the score of what is not among the k best
KINDS = ("tp", "fp", "tn", "fn")


def checked_thresholds(who: str, thresholds, default: float = 0.5) -> list:
    """Return thresholds as a list of numbers from 0 to 1; None is the default."""
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, list | tuple | np.ndarray) else [thresholds]
    wrong = [t for t in found if t is None or not 0 <= t <= 1]
    if wrong or not found:
        raise SpecError(f"{who}: Threshold values must be in [0, 1]. Received: {wrong}")
    return found


def even_thresholds(count: int) -> list:
    """Return so many numbers from 0 to 1, at equal distances; a single one is 0.5."""
    return [0.5] if count == 1 else [i / (count - 1) for i in range(count)]


def counts(who: str, y_true, y_pred, thresholds, sample_weight=None, *, top_k=None, class_id=None, multi_label=False,
           label_weights=None, dtype="float32") -> dict:
    """Return the weight of hits 'tp', false alarms 'fp', correct rejections 'tn' and misses 'fn', by threshold.

    Parameters
    ----------
    who : str
        Name of the caller, for errors.
    y_true : 0 and 1, tensor (n, ...)
    y_pred : tensor of its shape
        Predictions above a threshold count as 1.
    thresholds : list of numbers
    sample_weight : tensor or None
        One weight per item, or weights in the shape of y_pred.
    top_k : int or None
        Number of largest predictions of a row to consider.
    class_id : int or None
        Index of the column to count. None means all.
    multi_label : bool
        Whether to count columns separately, (thresholds, columns).
    label_weights : list of numbers or None
        Weights of the columns.

    Returns
    -------
    dict of tensor (thresholds,)
    """
    y_true, y_pred = ops.cast(y_true, dtype), ops.cast(y_pred, dtype)
    y_pred, y_true = same_rank(y_pred, y_true)
    require_one_shape(who, y_true, y_pred)
    if top_k is not None:
        _, best = ops.top_k(y_pred, top_k)
        among = ops.sum(ops.one_hot(best, lengths(y_pred)[-1], dtype=dtype), axis=-2)
        y_pred = ops.where(ops.greater(among, 0), y_pred, NOTHING)
    weights = _weights(sample_weight, label_weights if not multi_label else None, y_pred, dtype)
    if class_id is not None:
        if y_pred.ndim < 2 or not 0 <= class_id < (lengths(y_pred)[-1] or class_id + 1):
            raise ShapeError(f"{who}: class_id={class_id}. When class_id is provided, y_pred must be a 2D array with "
                             f"shape (num_samples, num_classes), found shape: {lengths(y_pred)}")
        y_true, y_pred, weights = (x[..., class_id] for x in (y_true, y_pred, weights))
    if not multi_label:
        y_true, y_pred, weights = (ops.reshape(x, (-1, 1)) for x in (y_true, y_pred, weights))
    positive = weights * ops.cast(ops.not_equal(y_true, 0), dtype)
    negative = weights - positive
    above = _symbolic if is_expression(y_pred) or is_expression(positive) else _of_arrays
    tp, fp = above(positive, y_pred, thresholds), above(negative, y_pred, thresholds)
    found = {"tp": tp, "fp": fp, "tn": ops.sum(negative, 0) - fp, "fn": ops.sum(positive, 0) - tp}
    return found if multi_label else {kind: value[:, 0] for kind, value in found.items()}


def _weights(sample_weight, label_weights, y_pred, dtype):
    weights = ops.ones_like(y_pred)
    if sample_weight is not None:
        given = ops.cast(sample_weight, dtype)
        if given.ndim == y_pred.ndim + 1:
            given = ops.squeeze(given, -1)
        weights = weights * given[(..., *(None,) * (y_pred.ndim - given.ndim))]
    return weights if label_weights is None else weights * ops.cast(label_weights, dtype)


def _symbolic(weights, y_pred, thresholds):
    """Return the weight of what is above each threshold, an expression (thresholds, columns)."""
    limits = ops.reshape(ops.cast(thresholds, str(y_pred.dtype)), (-1, 1, 1))
    return pt.switch(pt.gt(y_pred[None], limits), weights[None], 0).sum(axis=1)


def _of_arrays(weights, y_pred, thresholds):
    """Return what `_symbolic` does of arrays, each score being compared with all thresholds at once."""
    limits = np.asarray(thresholds, y_pred.dtype)
    order = np.argsort(limits, kind="stable")
    scores = np.where(np.isnan(y_pred), -np.inf, y_pred)
    found = np.empty((len(limits), scores.shape[1]))
    for column in range(scores.shape[1]):
        passed = np.searchsorted(limits[order], scores[:, column], side="left")
        sums = np.bincount(passed, np.asarray(weights[:, column], "float64"), minlength=len(limits) + 1)
        found[order, column] = sums[::-1].cumsum()[::-1][1:]
    return ops.convert_to_tensor(found, str(y_pred.dtype))
