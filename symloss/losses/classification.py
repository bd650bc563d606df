"""Losses of class probabilities, per item or per element, computed from logits wherever the graph shows them."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import align, floating, same_rank_below, shape_text, tensor, undo
from ..errors import ShapeError
from .core import loss

FEW_CLASSES = 64  # up to here comparing labels with every class costs less than indexing, in value and gradient


def floor(p):
    """Return `p`, at least the smallest number that can be divided by; the gradient does not die below it."""
    least = np.asarray(4 * np.finfo(p.dtype).tiny, dtype=p.dtype)
    return p + disconnected_grad(pt.maximum(p, least) - p)


def shifted(logits):
    """Return logits with their greatest brought to 0, so that exp cannot overflow.

    The shift cancels in every loss made of it, so no gradient needs to pass through it.
    """
    return logits - disconnected_grad(logits.max(axis=-1, keepdims=True))


def log_probabilities(prediction):
    """Return log-probabilities over the last axis: from the logits of a softmax, else from probabilities."""
    logits = undo(prediction, "softmax")
    if logits is None:
        return pt.log(floor(prediction))
    z = shifted(logits)
    return z - pt.log(pt.exp(z).sum(axis=-1, keepdims=True))


def of_label(scores, labels):
    """Return for each item the entry of `scores` (n, k) at its label; 0 and no gradient for a label out of range."""
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
    """Return `values`, with NaN where a label is below 0 or not below `classes`: a wrong label is never a number."""
    inside = pt.ge(labels, 0) & pt.lt(labels, classes)
    return pt.switch(inside, values, np.asarray(np.nan, values.dtype))


def is_distribution(prediction, target) -> bool:
    """Return whether `target` holds probabilities of the classes (True) or integer labels (False)."""
    return target.ndim == prediction.ndim and target.dtype.startswith("float")


@loss("xe", "ce", "crossentropy", "CrossEntropyLossLayer", target="label or distribution", activation="softmax",
      per="item", unit="nats")
def cross_entropy(prediction, target):
    r"""Cross-entropy, per item: of labels, one-hot or soft targets, or (after a sigmoid) of each element alone.

    .. math:: \ell = -\log p_t \quad\text{or}\quad \ell = -\sum_c t_c \log p_c

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes. If the graph shows that they come out of a softmax, the loss is computed from
        its logits, exactly and for logits of any size; out of a sigmoid, it is `binary_cross_entropy`.
    target : integer tensor (n,), or float tensor (n, k)
        Labels from 0 to k - 1, or a probability for every class.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats; NaN for a label out of range. After a sigmoid (n, k), an element each.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or labels of rank (n,) are not integers.

    Notes
    -----
    For classifiers whose probabilities should be true ones.

    References
    ----------
    Good (1952), "Rational Decisions", Journal of the Royal Statistical Society B 14(1).

    >>> round(float(symloss.evaluate.value("xe", [[0.15, 0.75, 0.1]], [1])[0]), 7)
    0.2876821
    """
    prediction = floating(prediction, "cross_entropy", "prediction")
    target = tensor(target, "cross_entropy", "target")
    if undo(prediction, "sigmoid") is not None:
        return binary_cross_entropy(prediction, target)
    if target.ndim == prediction.ndim and prediction.type.shape[-1] != 1 and target.type.shape[-1] != 1:
        return categorical_cross_entropy(prediction, target)
    return label_cross_entropy(prediction, target)


@loss("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", target="label", activation="softmax",
      per="item", unit="nats")
def label_cross_entropy(prediction, target):
    r"""Cross-entropy of class labels, per item.

    .. math:: \ell = -\log p_t

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes; the logits are used if the graph shows a softmax.
    target : integer tensor (n,)
        Labels from 0 to k - 1.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats; NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

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
        values = -pt.log(floor(of_label(prediction, labels)))
    else:
        z = shifted(logits)
        values = pt.log(pt.exp(z).sum(axis=-1)) - of_label(z, labels)
    return nan_outside(values, labels, prediction.shape[-1])


def integers(prediction, target, who):
    """Return `target` as labels for `prediction`, or raise ShapeError if they are not integers."""
    labels = tensor(target, who, "target")
    if labels.dtype.startswith("float"):
        raise ShapeError(
            f"{who}: target {shape_text(labels)} is {labels.dtype}, prediction {shape_text(prediction)}; pass integer "
            f"labels with one axis less, or probabilities in the prediction's shape"
        )
    labels = labels.astype("int32") if labels.dtype in ("bool", "uint8", "uint16", "int8") else labels
    labels = labels.astype("int64") if labels.dtype.startswith("uint") else labels
    return same_rank_below(prediction, labels, who)


@loss("categorical_crossentropy", target="same", activation="softmax", per="item", unit="nats")
def categorical_cross_entropy(prediction, target):
    r"""Cross-entropy of soft or one-hot targets, per item.

    .. math:: \ell = -\sum_c t_c \log p_c

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes; the logits are used if the graph shows a softmax.
    target : float tensor (n, k)
        At least 0; each row sums to 1.

    Returns
    -------
    float tensor (n,)
        At least the entropy of `target`, in nats. A class with t = 0 adds 0, whatever p is.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    References
    ----------
    Good (1952), "Rational Decisions", Journal of the Royal Statistical Society B 14(1).

    >>> p, t = [[0.15, 0.75, 0.1]], [[0.0, 1.0, 0.0]]
    >>> round(float(symloss.evaluate.value("categorical_crossentropy", p, t)[0]), 7)
    0.2876821
    """
    prediction, target = align(prediction, target, "categorical_cross_entropy")
    return -pt.switch(pt.eq(target, 0), 0, target * log_probabilities(prediction)).sum(axis=-1)


@loss("bce", "binary_crossentropy", "log_loss", target="same", activation="sigmoid", unit="nats")
def binary_cross_entropy(prediction, target):
    r"""Cross-entropy of yes and no, per element.

    .. math:: \ell = -t \log p - (1 - t) \log(1 - p) = \log(1 + e^z) - t z

    Parameters
    ----------
    prediction : float tensor (n, d)
        Probabilities in [0, 1]. If the graph shows that they come out of a sigmoid, its logits z are used.
    target : tensor (n, d)
        In [0, 1]. A target (n,) is read as (n, 1).

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
    For one question, or for several that do not exclude each other.

    References
    ----------
    Cox (1958), "The Regression Analysis of Binary Sequences", Journal of the Royal Statistical Society B 20(2).

    >>> round(float(symloss.evaluate.value("bce", [[0.25]], [[1.0]])[0, 0]), 6)
    1.386294
    """
    prediction, target = align(prediction, target, "binary_cross_entropy")
    logits = undo(prediction, "sigmoid")
    if logits is not None:
        return pt.softplus(logits) - target * logits
    return -target * pt.log(floor(prediction)) - (1 - target) * pt.log(floor(1 - prediction))
