"""Losses of ordered classes, per item."""

import numpy as np
import pytensor.tensor as pt

from .._checks import (
    floating,
    number,
    shape_text,
    tensor,
    undo,
)
from ..errors import ShapeError
from .classification import binary_cross_entropy, integers, nan_outside, of_label
from .option_ranges import Range
from .registration import loss


def grades(shapes, options):
    """Return the number of ordered classes: one more than the number of thresholds."""
    thresholds = options.get("thresholds")
    if thresholds is None:
        return shapes["prediction"][-1] + 1
    return thresholds.type.shape[0] + 1 if hasattr(thresholds, "type") else len(thresholds) + 1


@loss("ordinal_logit", "proportional_odds", target="label", per="item", unit="nats", classes=grades,
      ranges={"thresholds": Range(none=True, several=True, increasing=True)})
def cumulative_logit(prediction, target, *, thresholds=None):
    r"""Negative log-likelihood of an ordered label, per item, in the cumulative logit model.

    .. math:: \ell = -\log\left(\sigma(b_t) - \sigma(b_{t - 1})\right), \quad b_j = \theta_j - z,
              \quad b_{-1} = -\infty, \quad b_{k - 1} = \infty

    Parameters
    ----------
    prediction : float tensor (n, k - 1), or (n, 1) with `thresholds`
        theta - z: logits of "the label is at most j", increasing along the last axis. If the graph shows a sigmoid, its
        logits are used. With `thresholds`, the score z, which is greater for higher labels.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    thresholds : k - 1 increasing floats, vector of them, or None
        theta, in the unit of the score. A tensor can be learned. With None the prediction is already theta - z.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for grades and ratings, whose classes have an order but no distances. The probability that the label is above
    j is 1/2 where the prediction j is 0, so the number of negative predictions is the median label. Where the
    thresholds are not increasing, the value is about 16 (36 in float64) plus the distance by which they cross, and the
    gradient pushes them apart. To keep them increasing, learn the first one and the logarithms of the steps.

    References
    ----------
    McCullagh (1980), "Regression Models for Ordinal Data", Journal of the Royal Statistical Society B 42(2).

    >>> round(float(symloss.evaluate.value("cumulative_logit", [[0.0]], [1], thresholds=(-1.0, 1.0))[0]), 6)
    0.771937
    """
    prediction = floating(prediction, "cumulative_logit", "prediction")
    logits = undo(prediction, "sigmoid")
    logits = prediction if logits is None else logits
    if thresholds is not None:
        if prediction.type.shape[-1] not in (1, None):
            raise ShapeError(f"cumulative_logit: the prediction has shape {shape_text(prediction)}, but with "
                             "thresholds it must have one score per item, (n, 1)")
        logits = number(thresholds, prediction) - pt.specify_shape(logits, (None,) * (logits.ndim - 1) + (1,))
    labels = _grades(prediction, target, "cumulative_logit")
    return _between(logits, labels)


def _grades(prediction, target, who):
    """Return `target` as labels; a column of them is a vector, also against the single column of two classes."""
    labels = tensor(target, who, "target")
    column = labels.ndim == prediction.ndim and labels.type.shape[-1] == 1
    return integers(prediction, labels[..., 0] if column else labels, who)


def _between(b, labels):
    """Return -log of the probability between the thresholds `b` (n, k - 1) on both sides of each label."""
    k = b.shape[-1] + 1
    upper, lower = of_label(b, labels), of_label(b, labels - 1)
    first, last = pt.eq(labels, 0), pt.eq(labels, k - 1)
    # s(b) - s(a) = s(b) s(-a) (1 - exp(a - b)), for sigmoids s and a < b
    shut = pt.isinf(upper) & pt.eq(upper, lower)  # no room between, and no difference of infinities
    gaps = pt.switch(shut, 0, pt.switch(first | last, 1, upper - lower))
    least = np.asarray(np.finfo(gaps.dtype).eps, gaps.dtype)
    crossed = pt.maximum(least - gaps, 0)  # with a slope of 1: that of the logarithm, 1 / least, would end any training
    between = pt.switch(first | last, 0, crossed - pt.log(-pt.expm1(-pt.maximum(gaps, least))))
    values = pt.switch(last, 0, pt.softplus(-upper)) + pt.switch(first, 0, pt.softplus(lower)) + between
    return nan_outside(values, labels, k)


@loss("CoralLoss", "consistent_rank_logits", target="label", activation="sigmoid", per="item", unit="nats",
      classes=grades)
def coral(prediction, target):
    r"""Cross-entropy of the steps of an ordered label, per item: is it above 0, above 1, ...

    .. math:: \ell = -\sum_{j = 0}^{k - 2} [t > j] \log p_j + [t \le j] \log(1 - p_j)

    Parameters
    ----------
    prediction : float tensor (n, k - 1)
        Probabilities of "the label is above j". The logits are used if the graph shows a sigmoid.
    target : integer tensor (n,)
        Labels from 0 to k - 1.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for grades and ratings in a network with biases of its own: pass one score plus k - 1 biases (or a layer of k
    - 1 units) through a sigmoid. With one score the p_j decrease, as they should. The label is the number of p_j above
    1/2. This is not Deep CORAL, which is a distance between covariances.

    References
    ----------
    Cao, Mirjalili & Raschka (2020), "Rank Consistent Ordinal Regression for Neural Networks with Application to Age
    Estimation", Pattern Recognition Letters 140.

    >>> round(float(symloss.evaluate.value("coral", [[0.5, 0.25]], [1])[0]), 6)
    0.980829
    """
    prediction = floating(prediction, "coral", "prediction")
    labels = _grades(prediction, target, "coral")
    steps = pt.gt(labels[..., None], pt.arange(prediction.shape[-1], dtype=labels.dtype)).astype(prediction.dtype)
    return nan_outside(binary_cross_entropy(prediction, steps).sum(axis=-1), labels, prediction.shape[-1] + 1)
