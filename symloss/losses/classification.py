"""Losses of class probabilities, per item or per element, computed from logits wherever the graph shows them."""

import numpy as np
import pytensor.tensor as pt

from .._checks import (
    align,
    floating,
    number,
    same_rank_below,
    shape_text,
    signed,
    tensor,
    undo,
)
from ..errors import ShapeError, SpecError
from .option_ranges import Range
from .probabilities import binary_surprise, floor, log_of_sum, log_probabilities, log_where, shifted
from .registration import loss

FEW_CLASSES = 8  # up to here comparing labels with every class costs less than indexing, in batches of a hundred


def of_label(scores, labels):
    """Return the entry of `scores` (n, k) at the label of each item, or 0 without a gradient if it is out of range."""
    k = scores.type.shape[-1]
    if k is not None and k <= FEW_CLASSES:
        return pt.switch(is_label(scores, labels), scores, 0).sum(axis=-1)
    flat = scores.reshape((-1, scores.shape[-1]))
    rows = labels.reshape((-1,))
    inside = pt.ge(rows, 0) & pt.lt(rows, flat.shape[-1])
    picked = flat[pt.arange(flat.shape[0]), pt.switch(inside, rows, 0)]
    return pt.switch(inside, picked, 0).reshape(labels.shape, ndim=labels.ndim)


def is_label(scores, labels):
    """Return a boolean tensor of the shape of `scores` that is true at each item's label."""
    return pt.eq(labels[..., None], pt.arange(scores.shape[-1], dtype=labels.dtype))


def nan_outside(values, labels, classes):
    """Return `values`, with NaN where a label is below 0 or not below `classes`, so that wrong labels are noticed."""
    inside = pt.ge(labels, 0) & pt.lt(labels, classes)
    return pt.switch(inside, values, np.asarray(np.nan, values.dtype))


def has_labels(prediction, target) -> bool:
    """Return whether `target` holds one label for each item (True) or one number for each class (False)."""
    one_each = target.ndim == prediction.ndim and 1 not in (prediction.type.shape[-1], target.type.shape[-1])
    return not one_each


def without(values, labels, ignore_index):
    """Return `values`, with 0 where the label is `ignore_index` (None: nowhere)."""
    return values if ignore_index is None else pt.switch(pt.eq(labels, ignore_index), 0, values)


@loss("xe", "ce", "crossentropy", "CrossEntropyLoss", "CrossEntropyLossLayer", target="label or distribution",
      activation="softmax", per="item", unit="nats",
      ranges={"smoothing": "[0, 1]", "ignore_index": Range(whole=True, none=True)})
def cross_entropy(prediction, target, *, smoothing=0.0, ignore_index=None):
    r"""Cross-entropy, per item: of labels, one-hot or soft targets, or (after a sigmoid) of each element.

    .. math:: \ell = -\log p_t \quad\text{or}\quad \ell = -\sum_c t_c \log p_c

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes. If the graph shows a softmax, the loss is computed from its logits, exactly and
        for logits of any size. If it shows a sigmoid, the loss is `binary_cross_entropy`.
    target : integer tensor (n,), or float tensor (n, k)
        Labels from 0 to k - 1, or a probability for every class.
    smoothing : float from 0 to 1
        Share of each target that is spread evenly over all classes.
    ignore_index : int or None
        Label of items to ignore: their value and their gradient are 0.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range. After a sigmoid the shape is (n, k), with one value for
        each element.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or labels of rank (n,) are not integers.
    SpecError
        If you pass `ignore_index`, but the targets are not labels.

    Notes
    -----
    Use it for classifiers if you want calibrated probabilities.

    References
    ----------
    Good (1952), "Rational Decisions", Journal of the Royal Statistical Society B 14(1).

    >>> round(float(symloss.evaluate.value("xe", [[0.15, 0.75, 0.1]], [1])[0]), 7)
    0.2876821
    """
    prediction = floating(prediction, "cross_entropy", "prediction")
    target = tensor(target, "cross_entropy", "target")
    of_elements = undo(prediction, "sigmoid") is not None
    if not of_elements and has_labels(prediction, target):
        return label_cross_entropy(prediction, target, smoothing=smoothing, ignore_index=ignore_index)
    if ignore_index is not None:
        raise SpecError(f"cross_entropy: ignore_index={ignore_index} needs labels, but the target has shape "
                        f"{shape_text(target)} and the prediction {shape_text(prediction)}. Pass labels, or give the "
                        "items to leave out a weight of 0")
    return (binary_cross_entropy if of_elements else categorical_cross_entropy)(prediction, target, smoothing=smoothing)


@loss("sparse_categorical_crossentropy", "softmax_cross_entropy_with_integer_labels", "HalfMultinomialLoss",
      "multi:softprob", "multi:softmax", "LinearCrossEntropyLoss", 'CrossEntropyLossLayer["Index"]', target="label",
      activation="softmax", per="item", unit="nats",
      ranges={"smoothing": "[0, 1]", "ignore_index": Range(whole=True, none=True)})
def label_cross_entropy(prediction, target, *, smoothing=0.0, ignore_index=None):
    r"""Cross-entropy of class labels, per item.

    .. math:: \ell = -\log p_t

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes. The logits are used if the graph shows a softmax.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    smoothing : float from 0 to 1
        Share of each target that is spread evenly over all classes.
    ignore_index : int or None
        Label of items to ignore: their value and their gradient are 0.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label that is out of range and not `ignore_index`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it to predict one class out of many if the labels are integers. `smoothing` keeps the log-probabilities from
    growing without bound, but makes the model underconfident.

    References
    ----------
    Good (1952), "Rational Decisions", Journal of the Royal Statistical Society B 14(1).

    >>> round(float(symloss.evaluate.value("label_cross_entropy", [[0.25, 0.75]], [0])[0]), 6)
    1.386294
    """
    prediction = floating(prediction, "label_cross_entropy", "prediction")
    labels = integers(prediction, target, "label_cross_entropy")
    logits = undo(prediction, "softmax")
    if logits is None:
        values, base, scores = -pt.log(floor(of_label(prediction, labels))), 0, prediction
    else:
        scores = shifted(logits)
        base = log_of_sum(pt.exp(scores))
        values = base - of_label(scores, labels)
    if smoothing:
        mean = (pt.log(floor(scores)) if logits is None else scores).mean(axis=-1)
        s = number(smoothing, mean)
        values = (1 - s) * values + s * (base - mean)
    return without(nan_outside(values, labels, prediction.shape[-1]), labels, ignore_index)


def integers(prediction, target, who):
    """Return `target` as labels for `prediction`, or raise ShapeError if they are not integers."""
    labels = tensor(target, who, "target")
    if labels.dtype.startswith("float"):
        raise ShapeError(
            f"{who}: the target has shape {shape_text(labels)} and dtype {labels.dtype}, but the prediction has shape "
            f"{shape_text(prediction)}. Pass integer labels with one axis less, or probabilities in the shape of the "
            "prediction"
        )
    labels = signed(labels.astype("int32") if labels.dtype == "int8" else labels)
    return same_rank_below(prediction, labels, who)


@loss("softmax_cross_entropy", "safe_softmax_cross_entropy", 'CrossEntropyLossLayer["Probabilities"]', target="same",
      activation="softmax", per="item", unit="nats", ranges={"smoothing": "[0, 1]"})
def categorical_cross_entropy(prediction, target, *, smoothing=0.0):
    r"""Cross-entropy of soft or one-hot targets, per item.

    .. math:: \ell = -\sum_c t_c \log p_c

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes. The logits are used if the graph shows a softmax.
    target : float tensor (n, k)
        At least 0, and each row sums to 1.
    smoothing : float from 0 to 1
        Share of each target that is spread evenly over all classes.

    Returns
    -------
    float tensor (n,)
        At least the entropy of `target`, in nats. A class with t = 0 adds 0 for any p.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for soft targets, such as shares of votes, the probabilities of a teacher model or mixed items.
    `kl_divergence` is the same minus the entropy of the target. For integer labels use `label_cross_entropy`.

    References
    ----------
    Good (1952), "Rational Decisions", Journal of the Royal Statistical Society B 14(1).

    >>> p, t = [[0.15, 0.75, 0.1]], [[0.0, 1.0, 0.0]]
    >>> round(float(symloss.evaluate.value("categorical_crossentropy", p, t)[0]), 7)
    0.2876821
    """
    prediction, target = align(prediction, target, "categorical_cross_entropy")
    if smoothing:
        s = number(smoothing, target)
        target = (1 - s) * target + s / target.shape[-1].astype(target.dtype)
    return -(target * log_probabilities(prediction, target)).sum(axis=-1)


@loss("bce", "BCELoss", "BCEWithLogitsLoss", "log_loss", "sigmoid_binary_cross_entropy", "binary:logistic",
      "HalfBinomialLoss", 'CrossEntropyLossLayer["Binary"]', target="same", activation="sigmoid", unit="nats",
      ranges={"smoothing": "[0, 1]", "pos_weight": Range("(0, inf)", several=True)})
def binary_cross_entropy(prediction, target, *, smoothing=0.0, pos_weight=1.0):
    r"""Binary cross-entropy (yes or no), per element.

    .. math:: \ell = -w t \log p - (1 - t) \log(1 - p) = w t \log(1 + e^{-z}) + (1 - t) \log(1 + e^z)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Probabilities in [0, 1]. If the graph shows a sigmoid, its logits z are used.
    target : tensor (n, d)
        In [0, 1]. A target (n,) is read as (n, 1).
    smoothing : float from 0 to 1
        Share of each target that is replaced by 1/2.
    pos_weight : float > 0, or d of them
        w, the weight of yes (1) relative to no (0). Pass d numbers for one weight for each column.

    Returns
    -------
    float tensor (n, d)
        At least 0, in nats.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for one question with two answers, or for several questions that do not exclude each other.

    References
    ----------
    Cox (1958), "The Regression Analysis of Binary Sequences", Journal of the Royal Statistical Society B 20(2).

    >>> round(float(symloss.evaluate.value("bce", [[0.25]], [[1.0]])[0, 0]), 6)
    1.386294
    """
    prediction, target = align(prediction, target, "binary_cross_entropy")
    if smoothing:
        s = number(smoothing, target)
        target = (1 - s) * target + 0.5 * s
    plain = isinstance(pos_weight, int | float) and pos_weight == 1
    w = number(pos_weight, prediction)
    logits = undo(prediction, "sigmoid")
    if logits is None:
        yes = target if plain else w * target
        no = 1 - target
        return -yes * log_where(yes, prediction) - no * log_where(no, 1 - prediction)
    return binary_surprise(logits, target) if plain else binary_surprise(logits, w * target, 1 - target)


@loss("nll", "NLLLoss", target="label", activation="log_softmax", per="item", unit="nats",
      ranges={"ignore_index": Range(whole=True, none=True)})
def negative_log_likelihood(prediction, target, *, ignore_index=None):
    r"""Negative log-likelihood of class labels, per item, from log-probabilities.

    .. math:: \ell = -x_t, \quad x = \log p

    Parameters
    ----------
    prediction : float tensor (n, k)
        Log-probabilities of the classes.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    ignore_index : int or None
        Label of items to ignore: their value and their gradient are 0.

    Returns
    -------
    float tensor (n,)
        At least 0 for log-probabilities, in nats, and NaN for a label that is out of range and not `ignore_index`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for a model that ends in log-probabilities. After a softmax use `label_cross_entropy`, which finds the
    logits.

    References
    ----------
    Good (1952), "Rational Decisions", Journal of the Royal Statistical Society B 14(1).

    >>> symloss.evaluate.value("nll", [[-0.5, -1.0]], [1]).tolist()
    [1.0]
    """
    prediction = floating(prediction, "negative_log_likelihood", "prediction")
    labels = integers(prediction, target, "negative_log_likelihood")
    values = nan_outside(-of_label(prediction, labels), labels, prediction.shape[-1])
    return without(values, labels, ignore_index)


@loss("brier_score", "BrierScoreLoss", target="label or distribution", activation="softmax", per="item", unit="none")
def brier(prediction, target):
    r"""Brier score, per item: squared distance of the probabilities from the truth.

    .. math:: \ell = \sum_c (p_c - t_c)^2

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes.
    target : integer tensor (n,), or float tensor (n, k)
        Labels from 0 to k - 1, or a probability for every class.

    Returns
    -------
    float tensor (n,)
        From 0 to 2, dimensionless, for probabilities, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or labels of rank (n,) are not integers.

    Notes
    -----
    Use it if you want calibrated probabilities and a single confident mistake must not dominate: it is a proper score,
    and bounded. For one binary target it is twice scikit-learn's brier_score_loss, which is `squared_error` of one
    column.

    References
    ----------
    Brier (1950), "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78(1).

    >>> symloss.evaluate.value("brier", [[0.25, 0.75]], [0]).tolist()
    [1.125]
    """
    prediction, target = floating(prediction, "brier", "prediction"), tensor(target, "brier", "target")
    if not has_labels(prediction, target):
        prediction, target = align(prediction, target, "brier")
        return pt.sqr(prediction - target).sum(axis=-1)
    labels = integers(prediction, target, "brier")
    hot = is_label(prediction, labels).astype(prediction.dtype)
    return nan_outside(pt.sqr(prediction - hot).sum(axis=-1), labels, prediction.shape[-1])
