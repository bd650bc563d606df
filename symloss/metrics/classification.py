"""Metrics of class decisions."""

import numpy as np
import pytensor.tensor as pt

from .._checks import undo
from ..errors import SpecError
from .registration import Figure, metric
from .targets import (
    averaging,
    best,
    decided,
    known,
    paired,
    tally,
)


@metric("acc")
def accuracy(prediction, target, *, threshold=0.5, multilabel=None):
    """Accuracy: the share of right decisions. The decision is the most probable class, or yes or no for each element.

    Parameters
    ----------
    prediction : float tensor (n, k) or (n, 1)
    target : integer tensor (n,), or float tensor of prediction's shape
        Labels, probabilities (the label is the most probable class), or 0 and 1.
    threshold : float
        In a single column, values above this mean yes.
    multilabel : bool or None
        Whether several columns are binary decisions, one for each column. None means: if the prediction comes from a
        sigmoid.

    Returns
    -------
    tensor (n,), or of prediction's shape, and of its dtype
        0 or 1, and NaN for a label that is not a class. If probabilities are equal, the first class counts.
    """
    form, prediction, target = paired(prediction, target, "accuracy", multilabel)
    if form in ("binary", "multilabel"):
        right = pt.eq(pt.gt(prediction, threshold), pt.gt(target, 0.5))
    else:
        right = pt.eq(best(prediction), target if form == "labels" else pt.argmax(target, axis=-1))
    return _hits(right, form, prediction, target)


def _hits(right, form, prediction, target):
    """Return 1 where `right`, else 0, in the prediction's dtype; NaN where an item has no class."""
    nan = np.asarray(np.nan, prediction.dtype)
    return pt.switch(known(form, prediction, target), right.astype(prediction.dtype), nan)


@metric(target="columns")
def binary_accuracy(prediction, target, *, threshold=0.5):
    """Share of right decisions between yes and no, over all elements. See `accuracy`.

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        Probabilities, or 0 and 1.
    threshold : float
        Predictions above this mean yes.
    """
    return accuracy(prediction, target, threshold=threshold, multilabel=True)


@metric("sparse_categorical_accuracy")
def categorical_accuracy(prediction, target):
    """Share of items whose most probable class is the label. See `accuracy`.

    Parameters
    ----------
    prediction : float tensor (n, k)
    target : integer tensor (n,), or float tensor (n, k) of probabilities
    """
    return accuracy(prediction, target, multilabel=False)


@metric("top_k", "top_k_categorical_accuracy", "top_k_accuracy_score")
def top_k_accuracy(prediction, target, *, k=5):
    """Share of items whose label is among the k most probable classes.

    Parameters
    ----------
    prediction : float tensor (n, c)
    target : integer tensor (n,), or float tensor (n, c) of probabilities, of which the greatest is the label
    k : int

    Returns
    -------
    tensor (n,) of prediction's dtype
        0 or 1, and NaN for a label that is not a class. If probabilities are equal, the first classes come first, so
        k=1 is `accuracy`.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise SpecError(f"top_k_accuracy: k={k!r} is not valid; it must be an integer of at least 1")
    form, prediction, target = paired(prediction, target, "top_k_accuracy", multilabel=False)
    if form == "binary":
        raise SpecError("top_k_accuracy: the prediction has only one column. Pass a score for each class")
    label = (target if form == "labels" else pt.argmax(target, axis=-1))[..., None]
    logits = undo(prediction, "softmax")
    scores = prediction if logits is None else logits
    place = pt.arange(scores.shape[-1])
    own = pt.switch(pt.eq(place, label), scores, 0).sum(axis=-1, keepdims=True)
    before = pt.gt(scores, own) | (pt.eq(scores, own) & pt.lt(place, label))
    right = pt.lt(before.sum(axis=-1), k) & ~pt.isnan(own[..., 0])
    return _hits(right, form, prediction, target)


def _counts(prediction, target, weights, threshold, multilabel, who):
    """Return (k, 3), for each class the weight of hits, of predictions and of items; and what was decided."""
    found = decided(prediction, target, weights, who, threshold, multilabel)
    predicted, actual, w, k = found.predicted, found.actual, found.weights, found.count
    if found.multilabel:
        parts = [(w * v).sum(axis=0) for v in (predicted * actual, predicted, actual)]
    else:
        k = prediction.shape[-1] if k is None else k
        hits = tally(actual, w * pt.eq(predicted, actual), k)
        parts = [hits, tally(predicted, pt.switch(pt.neq(w, 0), w, 0), k), tally(actual, w, k)]
    return found.sums(pt.stack(parts, axis=1)), found


def _divide(numerator, denominator):
    """Return the quotient, and 0 of a number and nothing."""
    nothing = (denominator == 0) & ~np.isnan(numerator)
    return np.where(nothing, 0.0, numerator / np.where(denominator == 0, 1, denominator))


def _shared(prediction, target, weights, average, threshold, multilabel, who, score):
    """Return the parts of a score that consists of hits, predictions and items, averaged over classes."""
    table, found = _counts(prediction, target, weights, threshold, multilabel, who)
    average = averaging(average, found.count, found.multilabel, who)

    def finish(counts):
        hits, predicted, actual = counts.T
        if average == "micro":
            return score(hits.sum(), predicted.sum(), actual.sum())
        values = score(hits, predicted, actual)
        if average is None:
            return values
        if average == "binary":
            return values[1]
        if average == "weighted":
            return _divide((values * actual).sum(), actual.sum())
        there = np.ones_like(values) if found.multilabel else (predicted + actual > 0).astype(float)
        return _divide((values * there).sum(), there.sum())

    return Figure((table,), finish)


@metric("precision_score", "positive_predictive_value", kind="sums")
def precision(prediction, target, weights=None, *, average="auto", threshold=0.5, multilabel=None):
    """Precision: the share of the items predicted to be of a class that really are.

    Parameters
    ----------
    prediction, target : as in `accuracy`
    average : str or None
        'binary': precision of class 1 of two. 'macro': the mean over classes that occur in the predictions or in the
        targets (over all columns of binary targets). 'micro': all classes counted together. 'weighted': the mean
        weighted by the number of items of each class. None: one value for each class. 'auto': 'binary' for two classes
        or one column, otherwise 'macro'.
    threshold, multilabel : as in `accuracy`

    Notes
    -----
    For a class that is never predicted it is 0, as in scikit-learn with zero_division=0.
    """
    return _shared(prediction, target, weights, average, threshold, multilabel, "precision",
                   lambda hits, predicted, actual: _divide(hits, predicted))


@metric("recall_score", "sensitivity", "true_positive_rate", kind="sums")
def recall(prediction, target, weights=None, *, average="auto", threshold=0.5, multilabel=None):
    """Recall: the share of the items of a class that are predicted to be of it.

    The parameters are those of `precision`. For a class without items it is 0.
    """
    return _shared(prediction, target, weights, average, threshold, multilabel, "recall",
                   lambda hits, predicted, actual: _divide(hits, actual))


@metric("f1", "f1_score", "fbeta_score", "f_score", kind="sums")
def f_beta(prediction, target, weights=None, *, beta=1.0, average="auto", threshold=0.5, multilabel=None):
    r"""F score: the weighted harmonic mean of precision and recall.

    .. math:: F_\beta = \frac{(1 + \beta^2)\, P R}{\beta^2 P + R}

    Parameters
    ----------
    beta : float of at least 0
        How many times as much recall counts as precision.

    The other parameters are those of `precision`. For a class that is neither predicted nor present it is 0.
    """
    if isinstance(beta, bool) or not isinstance(beta, int | float | np.number) or not 0 <= beta < np.inf:
        raise SpecError(f"f_beta: beta={beta!r} is not valid; it must be a number of at least 0")
    return _shared(prediction, target, weights, average, threshold, multilabel, "f_beta",
                   lambda hits, predicted, actual: _divide((1 + beta**2) * hits, predicted + beta**2 * actual))


@metric(kind="sums", best=None)
def per_class_accuracy(prediction, target, weights=None, *, threshold=0.5, multilabel=None):
    """Accuracy among the items of each class, as a list. For several binary columns, accuracy in each column.

    The parameters are those of `accuracy`. For a class without items it is 0.
    """
    table, found = _counts(prediction, target, weights, threshold, multilabel, "per_class_accuracy")
    if not found.multilabel:
        return Figure((table,), lambda counts: _divide(counts[:, 0], counts[:, 2]))
    right = found.weights * pt.eq(found.predicted, found.actual)
    sums = found.sums(pt.stack([right.sum(axis=0), found.weights.sum(axis=0)]))
    return Figure((sums,), lambda sums: _divide(*sums))


@metric("balanced_accuracy_score", kind="sums")
def balanced_accuracy(prediction, target, weights=None, *, threshold=0.5):
    """Balanced accuracy: the mean of the accuracies among the items of each class that is present.

    The parameters are those of `accuracy`.
    """
    table, found = _counts(prediction, target, weights, threshold, False, "balanced_accuracy")

    def finish(counts):
        there = counts[:, 2] > 0
        return _divide(_divide(counts[:, 0], counts[:, 2]).sum(), there.sum())

    return Figure((table,), finish)


NORMALIZE = (None, "true", "pred", "all")


@metric("confusion", kind="sums", best=None)
def confusion_matrix(prediction, target, weights=None, *, normalize=None, threshold=0.5, multilabel=None):
    """Confusion matrix: total weight by true class (rows) and predicted class (columns).

    Parameters
    ----------
    prediction, target, threshold, multilabel : as in `accuracy`
    normalize : None, 'true', 'pred' or 'all'
        What sums to 1: nothing, each row, each column, or the whole matrix.

    Returns
    -------
    nested lists (k, k)
        For several binary columns there is one table for each: rows for no and yes, columns for predicted no and yes.
    """
    if normalize not in NORMALIZE:
        wanted = ", ".join(map(repr, NORMALIZE))
        raise SpecError(f"confusion_matrix: normalize={normalize!r} is not valid; it must be one of {wanted}")
    found = decided(prediction, target, weights, "confusion_matrix", threshold, multilabel)
    if found.multilabel:
        truth = found.actual, 1 - found.actual
        guess = found.predicted, 1 - found.predicted
        cells = [[(found.weights * t * g).sum(axis=0) for g in guess[::-1]] for t in truth[::-1]]
        table = pt.stack([pt.stack(row, axis=1) for row in cells], axis=1)
    else:
        k = prediction.shape[-1] if found.count is None else found.count
        table = tally(found.actual * k + found.predicted, found.weights, k * k).reshape((k, k))

    def finish(counts):
        axes = {None: None, "true": (-1,), "pred": (-2,), "all": (-2, -1)}[normalize]
        return counts if axes is None else _divide(counts, counts.sum(axis=axes, keepdims=True))

    return Figure((found.sums(table),), finish)
