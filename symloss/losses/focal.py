"""Cross-entropies that put less weight on easy examples."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import (
    align,
    floating,
    number,
    tensor,
    undo,
)
from .classification import has_labels, integers, nan_outside, of_label
from .option_ranges import Range
from .probabilities import binary_surprise, floor, log_probabilities, log_where, still, times
from .registration import loss


def base(q):
    """Return `q`, at least 1e-12, so that any power of it has two finite derivatives. The gradient goes on below it."""
    return q + disconnected_grad(pt.maximum(q, number(1e-12, q)) - q)


@loss("focal", "FocalLoss", "BinaryFocalCrossentropy", "sigmoid_focal_loss", activation="sigmoid", unit="nats",
      ranges={"gamma": "[0, inf)", "alpha": Range("(0, 1)", none=True)})
def binary_focal(prediction, target, *, gamma=2.0, alpha=None):
    r"""Focal loss of yes and no, per element: cross-entropy that fades where the prediction is right.

    .. math:: \ell = -\alpha_t (1 - p_t)^\gamma \log p_t, \quad p_t = p \text{ where } t = 1, \text{ else } 1 - p

    Parameters
    ----------
    prediction : float tensor (n, d)
        Probabilities in [0, 1]. The logits are used if the graph shows a sigmoid.
    target : tensor (n, d)
        0 or 1. A target (n,) is read as (n, 1).
    gamma : float, at least 0
        How fast the loss fades for predictions that are right. 0 is `binary_cross_entropy`.
    alpha : float in (0, 1), or None
        Weight of yes (1). The weight of no (0) is 1 - alpha. With None both weights are 1.

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
    Use it for detectors, where the background outnumbers everything else. torchvision uses alpha=0.25, Keras does so
    only with apply_class_balancing, and optax uses None. It is exact at any logit, while Keras' gradient is 0 where a
    sigmoid saturates at the wrong end.

    References
    ----------
    Lin et al. (2017), "Focal Loss for Dense Object Detection", ICCV.

    >>> round(float(symloss.evaluate.value("binary_focal", [[0.5]], [[1.0]])[0, 0]), 6)
    0.173287
    """
    prediction, target = align(prediction, target, "binary_focal")
    gamma, logits = number(gamma, prediction), undo(prediction, "sigmoid")
    wrong = target + (1 - 2 * target) * prediction  # 1 - p_t
    surprise = -pt.log(floor(1 - wrong)) if logits is None else binary_surprise(logits, target)
    values = base(still(wrong, surprise)) ** gamma * surprise
    if alpha is None:
        return values
    alpha = number(alpha, prediction)
    return (1 - alpha + (2 * alpha - 1) * target) * values


@loss("softmax_focal", "CategoricalFocalCrossentropy", "sparse_categorical_focal", target="label or distribution",
      activation="softmax", per="item", unit="nats",
      ranges={"gamma": "[0, inf)", "alpha": Range("[0, inf)", several=True)})
def categorical_focal(prediction, target, *, gamma=2.0, alpha=1.0):
    r"""Focal loss of classes, per item: cross-entropy that fades where the prediction is right.

    .. math:: \ell = -\alpha \sum_c t_c (1 - p_c)^\gamma \log p_c

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes. The logits are used if the graph shows a softmax.
    target : integer tensor (n,), or float tensor (n, k)
        Labels from 0 to k - 1, or a probability for every class.
    gamma : float, at least 0
        How fast the loss fades for predictions that are right. 0 is `cross_entropy`.
    alpha : float, or k of them
        One weight for all classes, or one for each class.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or labels of rank (n,) are not integers.

    Notes
    -----
    Use it for many classes of which few are frequent. Keras' default is alpha=0.25. It is not a proper score: with soft
    targets the best prediction is not the target.

    References
    ----------
    Lin et al. (2017), "Focal Loss for Dense Object Detection", ICCV.

    >>> round(float(symloss.evaluate.value("categorical_focal", [[0.5, 0.25, 0.25]], [0])[0]), 6)
    0.173287
    """
    prediction = floating(prediction, "categorical_focal", "prediction")
    target = tensor(target, "categorical_focal", "target")
    gamma, alpha = number(gamma, prediction), number(alpha, prediction)
    if not has_labels(prediction, target):
        prediction, target = align(prediction, target, "categorical_focal")
        return (alpha * target * _faded(log_probabilities(prediction, target), gamma)).sum(axis=-1)
    labels = integers(prediction, target, "categorical_focal")
    values = _faded(of_label(log_probabilities(prediction), labels), gamma)
    if alpha.ndim:
        values = values * of_label(pt.zeros_like(prediction) + alpha, labels)
    else:
        values = alpha * values
    return nan_outside(values, labels, prediction.shape[-1])


def _faded(log_p, gamma):
    """Return -(1 - p)^gamma log p, with 1 - p to its last digit."""
    return -(base(still(-pt.expm1(log_p), log_p)) ** gamma) * log_p


@loss("asl", "AsymmetricLoss", "asymmetric_loss_multilabel", activation="sigmoid", unit="nats",
      ranges={"gamma_positive": "[0, inf)", "gamma_negative": "[0, inf)", "shift": "[0, 1]"})
def asymmetric(prediction, target, *, gamma_positive=1.0, gamma_negative=4.0, shift=0.05):
    r"""Asymmetric loss of yes and no, per element: a focal loss that ignores an easy no.

    .. math:: \ell = -t (1 - p)^{\gamma_+} \log p - (1 - t)\, q^{\gamma_-} \log(1 - q), \quad q = \max(0, p - m)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Probabilities in [0, 1]. The logits are used if the graph shows a sigmoid.
    target : tensor (n, d)
        In [0, 1]. A target (n,) is read as (n, 1).
    gamma_positive, gamma_negative : float, at least 0
        How fast the loss fades for yes and for no.
    shift : float from 0 to 1
        m: a no (0) that is predicted with a probability below m costs nothing.

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
    Use it for multi-label data in which few of the labels hold. With shift 0 and equal gammas it is `binary_focal`. The
    authors sum over elements.

    References
    ----------
    Ridnik et al. (2021), "Asymmetric Loss For Multi-Label Classification", ICCV.

    >>> symloss.evaluate.value("asymmetric", [[0.5, 0.04]], [[1.0, 0.0]]).round(6).tolist()
    [[0.346574, 0.0]]
    """
    prediction, target = align(prediction, target, "asymmetric")
    up, down = number(gamma_positive, prediction), number(gamma_negative, prediction)
    logits = undo(prediction, "sigmoid")
    if logits is None:
        yes, no = 0 - log_where(target, prediction), 0 - log_where(1 - target, 1 - prediction)  # 0, and not -0
    else:
        yes, no = pt.softplus(-logits), pt.softplus(logits)
        prediction = still(prediction, logits)
    low = prediction
    if shift:
        low = pt.maximum(0, prediction - number(shift, prediction))
        no = -pt.log(pt.minimum(1, number(1 + shift, prediction) - prediction))  # of 1 - low, which is at least shift
    return times(target * base(1 - prediction) ** up, yes) + times((1 - target) * base(low) ** down, no)


@loss("poly_1", "poly_loss", "PolyLoss", "poly_loss_cross_entropy", target="label or distribution",
      activation="softmax", per="item", unit="nats", ranges={"epsilon": "[-1, inf)"})
def poly1(prediction, target, *, epsilon=2.0):
    r"""Poly-1 loss of classes, per item: cross-entropy with a different weight for the first term of its series.

    .. math:: \ell = -\sum_c t_c \log p_c + \epsilon \left(1 - \sum_c t_c p_c\right)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes. The logits are used if the graph shows a softmax.
    target : integer tensor (n,), or float tensor (n, k)
        Labels from 0 to k - 1, or a probability for every class.
    epsilon : float, at least -1
        Weight of the linear term. 0 is `cross_entropy`.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or labels of rank (n,) are not integers.

    Notes
    -----
    Use it for classifiers that you want to tune by one number. Above 0, predictions that are already confident keep
    learning. optax has the same default.

    References
    ----------
    Leng et al. (2022), "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions", ICLR.

    >>> round(float(symloss.evaluate.value("poly1", [[0.5, 0.5]], [0])[0]), 6)
    1.693147
    """
    prediction, target = floating(prediction, "poly1", "prediction"), tensor(target, "poly1", "target")
    epsilon = number(epsilon, prediction)
    if not has_labels(prediction, target):
        prediction, target = align(prediction, target, "poly1")
        log_p = log_probabilities(prediction, target)
        return epsilon - (target * (log_p + epsilon * pt.exp(log_p))).sum(axis=-1)
    labels = integers(prediction, target, "poly1")
    log_p = of_label(log_probabilities(prediction), labels)
    return nan_outside(-log_p - epsilon * pt.expm1(log_p), labels, prediction.shape[-1])
