"""Classification losses that are robust to wrong labels, and sparse ones."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import align, floating, number
from .classification import integers, nan_outside, of_label
from .margin import scores
from .probabilities import log_probabilities
from .registration import loss


@loss("gce", "generalised_cross_entropy", "GeneralizedCrossEntropyLoss", "CategoricalGeneralizedCrossEntropy",
      target="label", activation="softmax", per="item", unit="none", ranges={"q": "(0, 1]"})
def generalized_cross_entropy(prediction, target, *, q=0.5):
    r"""Generalised cross-entropy of class labels, per item: between cross-entropy and absolute error.

    .. math:: \ell = \frac{1 - p_t^q}{q}

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes. The logits are used if the graph shows a softmax.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    q : float from 0 (excluded) to 1
        Near 0 it is the cross-entropy. 1 is half the absolute error over all classes.

    Returns
    -------
    float tensor (n,)
        From 0 to 1 / q, dimensionless, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it if many labels are wrong: items that are far off have little influence. The authors use q = 0.7, Keras 0.5.
    Keras cannot find this loss by name.

    References
    ----------
    Zhang & Sabuncu (2018), "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels",
    NeurIPS.

    >>> symloss.evaluate.value("gce", [[0.25, 0.75]], [0]).round(6).tolist()
    [1.0]
    """
    prediction = floating(prediction, "generalized_cross_entropy", "prediction")
    labels = integers(prediction, target, "generalized_cross_entropy")
    q = number(q, prediction)
    values = -pt.expm1(q * of_label(log_probabilities(prediction), labels)) / q
    return nan_outside(values, labels, prediction.shape[-1])


@loss("sce", "SymmetricCrossEntropyLoss", target="label", activation="softmax", per="item", unit="nats",
      ranges={"alpha": "[0, inf)", "beta": "[0, inf)", "log_zero": "(-inf, 0)"})
def symmetric_cross_entropy(prediction, target, *, alpha=0.1, beta=1.0, log_zero=-4.0):
    r"""Symmetric cross-entropy of class labels, per item: cross-entropy plus reverse cross-entropy.

    .. math:: \ell = -\alpha \log p_t - \beta A (1 - p_t), \quad A \text{ in place of } \log 0

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities of the classes. The logits are used if the graph shows a softmax.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    alpha, beta : float, at least 0
        Weights of the cross-entropy and of the reverse cross-entropy.
    log_zero : float, below 0
        A, the value that replaces the logarithm of 0 in the reverse cross-entropy.

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
    Use it if many labels are wrong: the second part is bounded. The defaults are those of the authors for CIFAR-10. For
    100 classes they use alpha=6, beta=0.1.

    References
    ----------
    Wang et al. (2019), "Symmetric Cross Entropy for Robust Learning with Noisy Labels", ICCV.

    >>> round(float(symloss.evaluate.value("symmetric_cross_entropy", [[0.5, 0.5]], [0])[0]), 6)
    2.069315
    """
    prediction = floating(prediction, "symmetric_cross_entropy", "prediction")
    labels = integers(prediction, target, "symmetric_cross_entropy")
    log_p = of_label(log_probabilities(prediction), labels)
    alpha, beta = number(alpha, log_p), number(-beta * log_zero, log_p)
    return nan_outside(-alpha * log_p - beta * pt.expm1(log_p), labels, prediction.shape[-1])


@loss("multiclass_sparsemax_loss", target="label", per="item", unit="none")
def sparsemax(prediction, target):
    r"""Sparsemax loss of class labels, per item.

    .. math:: \ell = \tfrac12 \sum_{j \in S} (z_j^2 - \tau^2) - z_t + \tfrac12, \quad S = \{j : z_j > \tau\}, \quad
              \sum_{j \in S} (z_j - \tau) = 1

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the classes, of any size. If the graph shows a softmax, its logits are used.
    target : integer tensor (n,)
        Labels from 0 to k - 1.

    Returns
    -------
    float tensor (n,)
        At least 0 (to rounding), dimensionless. It is 0 once the right score leads by 1, and NaN for a label out of
        range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for probabilities that may be exactly 0. The positive parts of z - tau are the sparsemax of the scores. As
    with a hinge loss, the loss is 0 for scores that lead by at least 1.

    References
    ----------
    Martins & Astudillo (2016), "From Softmax to Sparsemax: A Sparse Model of Attention and Multi-Label Classification",
    ICML.

    >>> symloss.evaluate.value("sparsemax", [[2.0, 0.0], [0.0, 0.0]], [0, 1]).tolist()
    [0.0, 0.25]
    """
    prediction = floating(prediction, "sparsemax", "prediction")
    labels = integers(prediction, target, "sparsemax")
    z = scores(prediction)
    z = z - disconnected_grad(z.max(axis=-1, keepdims=True))  # cancels in the loss, and keeps digits
    inside, size = _support(disconnected_grad(z))
    kept = pt.switch(inside, z, 0)  # a masked score is -inf, and outside
    p = pt.switch(inside, kept - (kept.sum(axis=-1, keepdims=True) - 1) / size, 0)
    values = (p * (kept - 0.5 * p)).sum(axis=-1) - of_label(z, labels) + 0.5
    return nan_outside(values, labels, prediction.shape[-1])


def _support(z):
    """Return which of the scores `z` have a sparsemax above 0, and how many they are."""
    falling = -pt.sort(-z, axis=-1)
    over = pt.cumsum(falling, axis=-1) - 1  # what the first j scores exceed 1 by: tau is over / j at the last j inside
    rank = pt.arange(1, z.shape[-1] + 1, dtype=z.dtype)
    first = pt.gt(rank * falling, over)
    tau = (pt.switch(first, falling, 0).sum(axis=-1, keepdims=True) - 1) / _count(first, z)
    inside = pt.gt(z, tau)
    return inside, _count(inside, z)


def _count(inside, like):
    return inside.astype(like.dtype).sum(axis=-1, keepdims=True)


@loss("sparsemax_loss", "binary_sparsemax_loss", activation="sigmoid", unit="none")
def binary_sparsemax(prediction, target):
    r"""Sparsemax loss of yes and no, per element: a parabola between two lines.

    .. math:: \ell = \tfrac14 (1 + a)^2 + \max(0, m - 1), \quad m = (1 - 2t) z, \quad a = \min(1, \max(-1, m))

    Parameters
    ----------
    prediction : float tensor (n, d)
        Scores of any size. If the graph shows a sigmoid, its logits are used.
    target : tensor (n, d)
        0 or 1. A target (n,) is read as (n, 1).

    Returns
    -------
    float tensor (n, d)
        At least 0, dimensionless. It is 0 once the score is on the right side by 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for binary targets if probabilities may be exactly 0 and 1. It is optax' sparsemax_loss. Beyond 1 on the
    wrong side it is a line, like the logistic loss.

    References
    ----------
    Martins & Astudillo (2016), "From Softmax to Sparsemax: A Sparse Model of Attention and Multi-Label Classification",
    ICML.

    >>> symloss.evaluate.value("binary_sparsemax", [[0.0, -3.0, 2.0]], [[1.0, 1.0, 1.0]]).tolist()
    [[0.25, 3.0, 0.0]]
    """
    prediction, target = align(prediction, target, "binary_sparsemax")
    wrong = (1 - 2 * target) * scores(prediction)
    inner = pt.minimum(1, pt.maximum(-1, wrong))
    return 0.25 * pt.sqr(1 + inner) + pt.maximum(0, wrong - 1)
