"""Losses that want the right score to lead by a margin."""

import pytensor.tensor as pt

from .._checks import align, floating, number, tensor, undo
from .classification import integers, is_label, nan_outside, of_label
from .core import loss


def scores(prediction):
    """Return raw scores: the logits, if the graph shows a softmax or a sigmoid, else the prediction itself."""
    for activation in ("softmax", "sigmoid"):
        logits = undo(prediction, activation)
        if logits is not None:
            return logits
    return prediction


@loss(target="sign or label", per="item", unit="the unit of the scores")
def hinge(prediction, target, *, margin=1.0):
    r"""Hinge loss: `multiclass_hinge` per item for integer labels with an axis less, else `binary_hinge` per element.

    .. math:: \ell = \max(0, m - t z) \quad\text{or}\quad \ell = \max(0, m + \max_{c \ne t} z_c - z_t)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of any size. If the graph shows a softmax or a sigmoid, the logits before it are taken.
    target : integer tensor (n,), or tensor (n, k) of -1 and 1
    margin : float
        By how much the right score should lead.

    Returns
    -------
    float tensor (n,) or (n, k)
        At least 0, in the unit of the scores.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    References
    ----------
    Cortes & Vapnik (1995), "Support-Vector Networks", Machine Learning 20;
    Crammer & Singer (2001), "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", JMLR 2.

    >>> symloss.evaluate.value("hinge", [[2.0, 1.5, 0.0]], [0]).tolist()
    [0.5]
    """
    prediction, target = floating(prediction, "hinge", "prediction"), tensor(target, "hinge", "target")
    lengths = prediction.type.shape[-1], target.type.shape[-1:]
    fewer_axes = target.ndim == prediction.ndim - 1 and lengths[0] != 1
    column = target.ndim == prediction.ndim and lengths[1] == (1,) and lengths[0] not in (1, None)
    if (fewer_axes or column) and not target.dtype.startswith("float"):
        return multiclass_hinge(prediction, target, margin=margin)
    return binary_hinge(prediction, target, margin=margin)


@loss(target="sign", unit="the unit of the scores")
def binary_hinge(prediction, target, *, margin=1.0):
    r"""Hinge loss of yes and no, per element.

    .. math:: \ell = \max(0, m - t z)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Scores of any sign; the logits, if the graph shows a sigmoid.
    target : tensor (n, d)
        -1 or 1. A target (n,) is read as (n, 1).
    margin : float
        By how much the score should be on the right side.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of the scores.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    References
    ----------
    Cortes & Vapnik (1995), "Support-Vector Networks", Machine Learning 20.

    >>> symloss.evaluate.value("binary_hinge", [[0.25, -3.0]], [[1.0, -1.0]]).tolist()
    [[0.75, 0.0]]
    """
    prediction, target = align(prediction, target, "binary_hinge")
    return pt.maximum(0, number(margin, prediction) - target * scores(prediction))


@loss("crammer_singer", target="label", per="item", unit="the unit of the scores")
def multiclass_hinge(prediction, target, *, margin=1.0):
    r"""Hinge loss of class labels after Crammer and Singer, per item.

    .. math:: \ell = \max(0, m + \max_{c \ne t} z_c - z_t)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the classes, k at least 2; the logits, if the graph shows a softmax.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    margin : float
        By how much the right class's score should lead.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of the scores; NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    References
    ----------
    Crammer & Singer (2001), "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", JMLR 2.

    >>> symloss.evaluate.value("multiclass_hinge", [[2.0, 1.5, 0.0]], [1]).tolist()
    [1.5]
    """
    prediction = floating(prediction, "multiclass_hinge", "prediction")
    labels = integers(prediction, target, "multiclass_hinge")
    z = scores(prediction)
    right = of_label(z, labels)
    wrong = pt.switch(is_label(z, labels), -float("inf"), z).max(axis=-1)
    return nan_outside(pt.maximum(0, number(margin, z) + wrong - right), labels, z.shape[-1])
