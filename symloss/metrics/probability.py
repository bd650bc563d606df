"""Metrics of probabilities: how probable the truth was, and whether predicted probabilities match frequencies."""

import numpy as np
import pytensor.tensor as pt

from .._checks import undo
from ..errors import SpecError
from .registration import Figure, metric
from .targets import (
    clean,
    known,
    paired,
    spread,
    tally,
)


def _surprise(prediction, target, weights, who):
    """Return the cross-entropy per item in nats, and the items' weights, both float64."""
    form, prediction, target = paired(prediction, target, who, multilabel=None)
    sigmoid, softmax = undo(prediction, "sigmoid"), undo(prediction, "softmax")
    if form in ("binary", "multilabel"):
        weights = spread(weights, target, who)
        target = clean(target.astype("float64"), weights)
        if sigmoid is not None:
            z = sigmoid.astype("float64")
            return target * pt.softplus(-z) + (1 - target) * pt.softplus(z), weights
        p = prediction.astype("float64")
        return -_times_log(target, pt.log(p)) - _times_log(1 - target, pt.log1p(-p)), weights
    if softmax is not None:
        log_p = pt.special.log_softmax(softmax.astype("float64"), axis=-1)
    else:
        log_p = pt.log(prediction.astype("float64"))
    if form == "labels":
        weights = spread(weights, target, who)
        places = pt.eq(pt.arange(log_p.shape[-1]), clean(target, weights)[..., None])
        found = pt.switch(places, -log_p, 0.0).sum(axis=-1)
        return pt.switch(places.any(axis=-1), found, np.nan), weights  # a label out of range has no probability
    weights = spread(weights, target[..., 0], who)
    return -_times_log(clean(target.astype("float64"), weights[..., None]), log_p).sum(axis=-1), weights


def _times_log(value, log):
    return pt.switch(pt.eq(value, 0), 0.0, value * log)


@metric(kind="sums", best="min")
def perplexity(prediction, target, weights=None):
    r"""Perplexity: e to the mean cross-entropy, the number of classes that would be as hard to choose from.

    .. math:: \exp\left(-\frac{\sum w \log p_t}{\sum w}\right)

    Parameters
    ----------
    prediction : float tensor (n, k) or (n, 1)
        Probabilities. If the graph shows a softmax or a sigmoid, the logits before it are used.
    target : integer tensor (n,), or float tensor of prediction's shape
        Labels, probabilities, or 0 and 1 (for each column separately, if the prediction comes from a sigmoid).

    Notes
    -----
    At least 1, and k if all classes are equally probable. It is 0 if there are no items.
    """
    values, weights = _surprise(prediction, target, weights, "perplexity")
    total = pt.switch(pt.neq(weights, 0), weights * values, 0.0).sum()
    return Figure((pt.stack([total, weights.sum()]),), lambda sums: np.exp(sums[0] / sums[1]) if sums[1] else 0.0)


@metric("ece", "expected_calibration_error", kind="sums", best="min")
def calibration_error(prediction, target, weights=None, *, bins=15, norm="mean"):
    r"""Calibration error: how far the confidence is from the share of hits, in bins of equal width.

    .. math:: \sum_b \frac{W_b}{W} \left|\, \text{hits}_b - \text{confidence}_b \right|

    Parameters
    ----------
    prediction : float tensor (n, k) or (n, 1)
        For several classes, the confidence is the largest probability, and a hit is a right decision. For one column
        (or several from a sigmoid), the confidence is the probability, and a hit is a 1.
    target : integer tensor (n,), or float tensor of prediction's shape
    bins : int
        Number of bins between 0 and 1. An edge belongs to the bin below it.
    norm : 'mean' or 'max'
        How to combine the bins: their weighted mean, or their maximum.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger (2017), "On Calibration of Modern Neural Networks", ICML.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise SpecError(f"calibration_error: bins={bins!r} is not valid; it must be an integer of at least 1")
    if norm not in ("mean", "max"):
        raise SpecError(f"calibration_error: norm={norm!r} is not valid; it must be 'mean' or 'max'")
    form, prediction, target = paired(prediction, target, "calibration_error")
    if form in ("binary", "multilabel"):
        confidence, hit = prediction, target
    else:
        actual = target if form == "labels" else pt.argmax(target, axis=-1)
        confidence, hit = prediction.max(axis=-1), pt.eq(pt.argmax(prediction, axis=-1), actual)
        hit = pt.switch(known(form, prediction, target), hit, np.nan)
    w = spread(weights, hit, "calibration_error")
    hit, confidence = (clean(v.astype("float64"), w).ravel() for v in (hit, confidence))
    w = w.ravel()
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    index = pt.gt(confidence[:, None], edges).sum(axis=1)
    table = pt.stack([tally(index, v, bins) for v in (w, w * confidence, w * hit)])

    def finish(sums):
        total, confidence, hits = sums
        there = total > 0
        gaps = abs(hits[there] - confidence[there]) / total[there]
        if not there.any():
            return 0.0
        return gaps.max() if norm == "max" else (gaps * total[there]).sum() / total.sum()

    return Figure((table,), finish)
