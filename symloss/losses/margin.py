"""Losses for which the right score must lead by a margin."""

import pytensor.tensor as pt

from .._checks import (
    align,
    floating,
    number,
    tensor,
    undo,
)
from ..errors import SpecError
from .classification import integers, is_label, nan_outside, of_label
from .option_ranges import Choice
from .registration import loss


def scores(prediction):
    """Return raw scores: the logits if the graph shows a softmax or a sigmoid, otherwise the prediction itself."""
    for activation in ("softmax", "sigmoid"):
        logits = undo(prediction, activation)
        if logits is not None:
            return logits
    return prediction


@loss("HingeLoss", target="sign or label", per="item", unit="the unit of the scores", ranges={"margin": "(-inf, inf)"})
def hinge(prediction, target, *, margin=1.0):
    r"""Hinge loss: `multiclass_hinge` per item for labels with one axis less, else `binary_hinge` per element.

    .. math:: \ell = \max(0, m - t z) \quad\text{or}\quad \ell = \max(0, m + \max_{c \ne t} z_c - z_t)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of any size. If the graph shows a softmax or a sigmoid, its logits are used.
    target : integer tensor (n,), or tensor (n, k) of -1 and 1
    margin : float
        How far the right score should lead.

    Returns
    -------
    float tensor (n,) or (n, k)
        At least 0, in the unit of the scores.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for classifiers if you need only the decision, and no probabilities.

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


@loss("binary:hinge", "binary_hinge_loss", target="sign", unit="the unit of the scores",
      ranges={"margin": "(-inf, inf)"})
def binary_hinge(prediction, target, *, margin=1.0):
    r"""Hinge loss of yes and no, per element.

    .. math:: \ell = \max(0, m - t z)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Scores of any sign. If the graph shows a sigmoid, its logits are used.
    target : tensor (n, d)
        -1 or 1. A target (n,) is read as (n, 1).
    margin : float
        How far the score should be on the right side of 0.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of the scores.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for binary targets if only the side matters. As in a support vector machine, scores beyond the margin have no
    gradient. `squared_hinge` has no kink. If you need a score that is a log-odds, use `soft_margin`.

    References
    ----------
    Cortes & Vapnik (1995), "Support-Vector Networks", Machine Learning 20.

    >>> symloss.evaluate.value("binary_hinge", [[0.25, -3.0]], [[1.0, -1.0]]).tolist()
    [[0.75, 0.0]]
    """
    prediction, target = align(prediction, target, "binary_hinge")
    return pt.maximum(0, number(margin, prediction) - target * scores(prediction))


@loss("crammer_singer", "multiclass_hinge_loss", target="label", per="item", unit="the unit of the scores",
      ranges={"margin": "(-inf, inf)"})
def multiclass_hinge(prediction, target, *, margin=1.0):
    r"""Hinge loss of class labels after Crammer and Singer, per item.

    .. math:: \ell = \max(0, m + \max_{c \ne t} z_c - z_t)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the classes, with k at least 2. If the graph shows a softmax, its logits are used.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    margin : float
        How far the score of the right class should lead.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of the scores; NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it to choose one class out of many if only the decision matters. The gradient reaches only the strongest wrong
    class. With `weston_watkins` it reaches all of them.

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


@loss("MulticlassPerceptronLoss", target="label", per="item", unit="the unit of the scores")
def multiclass_perceptron(prediction, target):
    r"""Perceptron loss of class labels, per item: a multiclass hinge loss without a margin.

    .. math:: \ell = \max_c z_c - z_t

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the classes. If the graph shows a softmax, its logits are used.
    target : integer tensor (n,)
        Labels from 0 to k - 1.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of the scores; NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for online learning and structured prediction. It is optax' multiclass_perceptron_loss and theanets' 'hinge'.
    Equal scores cost nothing, so start away from 0.

    References
    ----------
    Collins (2002), "Discriminative Training Methods for Hidden Markov Models", EMNLP.

    >>> symloss.evaluate.value("multiclass_perceptron", [[2.0, 1.5, 0.0]], [1]).tolist()
    [0.5]
    """
    prediction = floating(prediction, "multiclass_perceptron", "prediction")
    labels = integers(prediction, target, "multiclass_perceptron")
    z = scores(prediction)
    return nan_outside(z.max(axis=-1) - of_label(z, labels), labels, z.shape[-1])


@loss("MultiMarginLoss", "multi_margin", target="label", per="item", unit="the unit of the scores",
      ranges={"margin": "(-inf, inf)", "power": Choice((1, 2))})
def weston_watkins(prediction, target, *, margin=1.0, power=1):
    r"""Hinge loss of class labels after Weston and Watkins, per item: the mean over the wrong classes.

    .. math:: \ell = \frac1k \sum_{c \ne t} \max(0, m + z_c - z_t)^\rho

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the classes. If the graph shows a softmax, its logits are used.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    margin : float
        How far the score of the right class should lead.
    power : 1 or 2
        rho. With 2 the loss is in the squared unit of the scores.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of the scores; NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.
    SpecError
        If `power` is neither 1 nor 2.

    Notes
    -----
    Use it like `multiclass_hinge`, if all wrong classes should count and not only the strongest one. Like torch, it
    divides by k and not by k - 1.

    References
    ----------
    Weston & Watkins (1999), "Support Vector Machines for Multi-Class Pattern Recognition", ESANN.

    >>> symloss.evaluate.value("weston_watkins", [[2.0, 1.5, 1.0, 0.5]], [1]).tolist()
    [0.5]
    """
    if power not in (1, 2):
        raise SpecError(f"weston_watkins: power={power!r} is not valid; it must be 1 or 2")
    prediction = floating(prediction, "weston_watkins", "prediction")
    labels = integers(prediction, target, "weston_watkins")
    z = scores(prediction)
    short = pt.maximum(0, number(margin, z) + z - of_label(z, labels)[..., None])
    short = short * (1 - is_label(z, labels).astype(z.dtype))  # the right class is not compared with itself
    values = (pt.sqr(short) if power == 2 else short).mean(axis=-1)
    return nan_outside(values, labels, z.shape[-1])


@loss("categorical_hinge_loss", target="same", per="item", unit="the unit of the scores")
def categorical_hinge(prediction, target):
    r"""Hinge loss of one-hot targets as in Keras, per item.

    .. math:: \ell = \max\left(0, 1 + \max_c (1 - t_c) z_c - \sum_c t_c z_c\right)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the classes. If the graph shows a softmax, its logits are used.
    target : tensor (n, k)
        1 for the right class, 0 for the others.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of the scores.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for models that come from Keras. The right class takes part in the maximum with a score of 0, so the scores
    cannot all be negative without a cost. The hinge loss of the textbooks is `multiclass_hinge`.

    References
    ----------
    Keras (2017), https://keras.io/api/losses/hinge_losses/#categoricalhinge-class

    >>> symloss.evaluate.value("categorical_hinge", [[2.0, 1.5, 0.0]], [[1.0, 0.0, 0.0]]).tolist()
    [0.5]
    """
    prediction, target = align(prediction, target, "categorical_hinge")
    z = scores(prediction)
    return pt.maximum(0, 1 + ((1 - target) * z).max(axis=-1) - (target * z).sum(axis=-1))
