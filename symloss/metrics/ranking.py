"""Metrics of the order of all items. They need every score at once, and are computed with NumPy."""

import numpy as np
import pytensor.tensor as pt

from ..errors import SpecError
from .registration import Figure, metric
from .targets import (
    clean,
    known,
    paired,
    rows,
    spread,
)

AVERAGES = ("macro", "weighted", "micro", None)


def area_under_curve(scores: np.ndarray, actual: np.ndarray, weights: np.ndarray) -> float:
    """Return the area under the receiver operating characteristic, or NaN if only one class is present.

    Parameters
    ----------
    scores, actual, weights : arrays (n,)
        `actual` is 0 or 1. Equal scores count as half in each order.

    >>> float(area_under_curve(np.array([0.1, 0.4, 0.4, 0.8]), np.array([0, 0, 1, 1]), np.ones(4)))
    0.875
    """
    hits, misses = _curve(scores, actual, weights)
    if not hits[-1] or not misses[-1]:
        return np.nan
    sides = (hits[1:] + hits[:-1]) / 2
    return (np.diff(misses) * sides).sum() / (hits[-1] * misses[-1])


def precision_over_recall(scores: np.ndarray, actual: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean precision at each step of recall, or 0 if no item is positive.

    >>> float(precision_over_recall(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]), np.ones(4)))
    0.8333333333333333
    """
    hits, misses = _curve(scores, actual, weights)
    if not hits[-1]:
        return 0.0
    found = hits[1:] + misses[1:]
    return (np.diff(hits) * hits[1:] / np.where(found == 0, 1, found)).sum() / hits[-1]


def _curve(scores, actual, weights):
    """Return the weight of hits and misses above each distinct score, from the greatest score down, from 0 on."""
    kept = weights != 0
    scores, actual, weights = scores[kept], actual[kept], weights[kept].astype("float64")
    order = np.argsort(-scores, kind="stable")
    scores, actual, weights = scores[order], actual[order], weights[order]
    last = np.append(np.flatnonzero(scores[1:] != scores[:-1]), len(scores) - 1) if len(scores) else []
    steps = np.array(last, dtype=int)
    sums = [np.cumsum(weights * (actual == side)) for side in (1, 0)]
    return [np.concatenate([[0.0], s[steps]]) for s in sums]


def _over_classes(scores, actual, weights, average, one):
    """Return a score of two classes, or of each class against the rest, averaged over the classes that are there."""
    if np.isnan(scores[(weights if weights.ndim == 2 else weights[:, None] * np.ones_like(scores)) != 0]).any():
        return np.full(scores.shape[1], np.nan) if average is None and scores.shape[1] > 2 else np.nan
    if actual.ndim == 1:
        count = scores.shape[1]
        if count <= 2:
            return one(scores[:, -1], actual, weights)
        actual = (actual[:, None] == np.arange(count)).astype(int)
        weights = np.repeat(weights[:, None], count, axis=1)
    if average == "micro":
        return one(scores.ravel(), actual.ravel(), weights.ravel())
    values = np.array([one(*column) for column in zip(scores.T, actual.T, weights.T, strict=True)])
    if average is None:
        return values
    support = (weights * actual).sum(axis=0)
    there = (support > 0) & ~np.isnan(values)
    if not there.any():
        return one(scores[:0, 0], actual[:0, 0], weights[:0, 0])  # what it is of nothing
    return np.average(values[there], weights=support[there] if average == "weighted" else None)


def _collected(prediction, target, weights, average, multilabel, who, one):
    if average not in AVERAGES:
        raise SpecError(f"{who}: average={average!r} is not valid; it must be one of {', '.join(map(repr, AVERAGES))}")
    form, prediction, target = paired(prediction, target, who, multilabel)
    count = 1 if form == "binary" else prediction.type.shape[-1]
    there = known(form, prediction, target)
    weights = spread(weights, there, who)
    if form in ("binary", "multilabel"):
        actual = pt.gt(clean(target, weights), 0.5)
    else:
        actual = clean(target if form == "labels" else pt.argmax(target, axis=-1), weights)
    several = form == "multilabel"
    actual, weights = (rows(v, count) if several else v.ravel() for v in (actual.astype("int64"), weights))
    there = there if form in ("binary", "multilabel") else there[..., None]
    scores = pt.switch(there, prediction, np.asarray(np.nan, prediction.dtype))  # of no class, so there is no order
    scores = scores.reshape((-1, 1)) if count == 1 else rows(scores, count)
    return Figure((scores, actual, weights), lambda *arrays: _over_classes(*arrays, average, one), None)


@metric("auc", "roc_auc_score", kind="whole")
def roc_auc(prediction, target, weights=None, *, average="macro", multilabel=None):
    """ROC AUC, the area under the receiver operating characteristic: how often positives score above negatives.

    Parameters
    ----------
    prediction, target, multilabel : as in `accuracy`
        Any scores. For two classes it is the area of class 1. For more, each class is compared with the rest.
    average : 'macro', 'weighted', 'micro' or None
        How to combine classes (or columns): 'macro' is the mean, 'weighted' the mean weighted by the number of items of
        each class, 'micro' counts all pairs of item and class together, and None gives one value for each.

    Notes
    -----
    Equal scores count as half. ROC AUC is NaN if only one class is present. With more than two classes, those with
    nothing to compare are left out of the mean.

    References
    ----------
    Hanley & McNeil (1982), "The meaning and use of the area under a ROC curve", Radiology 143(1).
    """
    return _collected(prediction, target, weights, average, multilabel, "roc_auc", area_under_curve)


@metric("ap", "average_precision_score", "pr_auc", kind="whole")
def average_precision(prediction, target, weights=None, *, average="macro", multilabel=None):
    r"""Average precision: the mean precision at each step of recall, without interpolation.

    .. math:: \sum_i (R_i - R_{i-1})\, P_i

    The parameters are those of `roc_auc`. Equal scores form one step. Without a positive item it is 0. With more than
    two classes, those without items are left out of the mean.
    """
    return _collected(prediction, target, weights, average, multilabel, "average_precision", precision_over_recall)
