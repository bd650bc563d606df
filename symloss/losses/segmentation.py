"""Losses of the overlap of two regions, relative to their size."""

import numpy as np
import pytensor.tensor as pt

from .._checks import align, number, shape_text
from ..errors import ShapeError
from .reduction import divide
from .registration import loss

EMPTY = {"prediction": 0, "target": 0}  # a pixel that belongs to neither region is in none of the sums


def regions(prediction, target, who: str):
    """Return prediction and target as floats of one shape, and the axes of one item, which are all but the first."""
    prediction, target = align(prediction, target, who)
    if prediction.ndim < 2:
        raise ShapeError(f"{who}: the prediction has shape {shape_text(prediction)}, but it must have at least 2 "
                         "axes, with one row per item")
    return prediction, target, tuple(range(1, prediction.ndim))


@loss("DiceLoss", "soft_dice", "sorensen_dice", "binary_dice_loss", target="same", activation="sigmoid", per="item",
      unit="none", absent=EMPTY, ranges={"smooth": "[0, inf)"})
def dice(prediction, target, *, smooth=1.0):
    r"""Dice loss, per item: 1 minus twice the overlap, relative to the sum of the sizes of both regions.

    .. math:: \ell = 1 - \frac{2 \sum p t + \epsilon}{\sum p + \sum t + \epsilon}

    Parameters
    ----------
    prediction : float tensor (n, ...)
        Probabilities in [0, 1]. The sums run over all axes except the first: pixels, and classes if there are any.
    target : tensor (n, ...)
        In [0, 1], in the shape of the prediction.
    smooth : float, at least 0
        Epsilon, in pixels. With 0, an item whose target is empty has no gradient, and the loss is 0 if both regions are
        empty.

    Returns
    -------
    float tensor (n,)
        From 0 to 1, dimensionless. It is 0 for equal regions of 0 and 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or there is only one axis.

    Notes
    -----
    Use it for regions that are small compared with the background. By default, Keras sums over the whole batch, and
    optax over each item and class. MONAI can use squared sums in the denominator.

    References
    ----------
    Milletari, Navab & Ahmadi (2016), "V-Net", 3DV; Dice (1945), "Measures of the Amount of Ecologic Association".

    >>> symloss.evaluate.value("dice", [[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], smooth=0.0).round(6).tolist()
    [0.333333]
    """
    p, t, axes = regions(prediction, target, "dice")
    apart = (p * (1 - t) + (1 - p) * t).sum(axis=axes)
    return divide(apart, (p + t).sum(axis=axes) + number(smooth, p))


@loss("GeneralizedDiceLoss", "generalized_dice", "multiclass_generalized_dice_loss", target="same",
      activation="softmax", per="item", unit="none", absent=EMPTY)
def generalised_dice(prediction, target):
    r"""Generalised Dice loss, per item: overlaps of all classes, each weighted by the inverse square of its size.

    .. math:: \ell = 1 - 2 \frac{\sum_c w_c \sum p_c t_c}{\sum_c w_c \sum (p_c + t_c)}, \quad
              w_c = \Big(\sum t_c\Big)^{-2}

    Parameters
    ----------
    prediction : float tensor (n, ..., k)
        Probabilities of the classes over the last axis. The inner sums run over the axes between the first and the
        last. (n, k) is one place.
    target : tensor (n, ..., k)
        In [0, 1], in the shape of the prediction.

    Returns
    -------
    float tensor (n,)
        From 0 to 1, dimensionless. It is 0 for equal regions of 0 and 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or there is only one axis.

    Notes
    -----
    Use it for several classes of very different sizes. A class that an item lacks gets the largest weight among the
    classes that the item has, as in MONAI.

    References
    ----------
    Sudre et al. (2017), "Generalised Dice overlap as a deep learning loss function for highly unbalanced
    segmentations", DLMIA.

    >>> p, t = [[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]], [[[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]]
    >>> symloss.evaluate.value("generalised_dice", p, t).round(6).tolist()
    [0.333333]
    """
    p, t, axes = regions(prediction, target, "generalised_dice")
    if p.ndim == 2:  # one place, as a step of a sequence is
        p, t, axes = p[:, None], t[:, None], (1, 2)
    inside = axes[:-1]
    size = t.sum(axis=inside)
    weight = pt.sqr(divide(pt.ones_like(size), size))
    most = weight.max(axis=-1, keepdims=True)
    weight = pt.switch(pt.gt(size, 0), weight, pt.switch(pt.gt(most, 0), most, 1))
    apart = (p * (1 - t) + (1 - p) * t).sum(axis=inside)
    return divide((weight * apart).sum(axis=-1), (weight * (p + t).sum(axis=inside)).sum(axis=-1))


@loss("TverskyLoss", target="same", activation="sigmoid", per="item", unit="none", absent=EMPTY,
      ranges={"alpha": "[0, inf)", "beta": "[0, inf)", "smooth": "[0, inf)"})
def tversky(prediction, target, *, alpha=0.5, beta=0.5, smooth=1.0):
    r"""Tversky loss, per item: a Dice loss with different weights for false positives and false negatives.

    .. math:: \ell = 1 - \frac{\mathrm{TP} + \epsilon}
              {\mathrm{TP} + \alpha\,\mathrm{FP} + \beta\,\mathrm{FN} + \epsilon}, \quad
              \mathrm{TP} = \sum p t, \ \mathrm{FP} = \sum p (1 - t), \ \mathrm{FN} = \sum (1 - p) t

    Parameters
    ----------
    prediction : float tensor (n, ...)
        Probabilities in [0, 1]. The sums run over all axes except the first.
    target : tensor (n, ...)
        In [0, 1], in the shape of the prediction.
    alpha, beta : float, at least 0
        Weights of false positives (FP) and of false negatives (FN). If both are 0.5 it is the Dice loss, if both are 1
        the Jaccard loss.
    smooth : float, at least 0
        Epsilon, in pixels. With 0, an item whose target is empty has no gradient.

    Returns
    -------
    float tensor (n,)
        From 0 to 1, dimensionless. It is 0 for equal regions of 0 and 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or there is only one axis.

    Notes
    -----
    Use it for lesions and defects, where a false negative is worse than a false positive: choose beta above alpha.

    References
    ----------
    Salehi, Erdogmus & Gholipour (2017), "Tversky loss function for image segmentation", MLMI.

    >>> p, t = [[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]
    >>> symloss.evaluate.value("tversky", p, t, alpha=1.0, beta=1.0, smooth=0.0).tolist()
    [0.5]
    """
    p, t, axes = regions(prediction, target, "tversky")
    wrong = number(alpha, p) * (p * (1 - t)).sum(axis=axes) + number(beta, p) * ((1 - p) * t).sum(axis=axes)
    return divide(wrong, (p * t).sum(axis=axes) + wrong + number(smooth, p))


@loss("FocalTverskyLoss", target="same", activation="sigmoid", per="item", unit="none", absent=EMPTY,
      ranges={"alpha": "[0, inf)", "beta": "[0, inf)", "gamma": "(0, inf)", "smooth": "[0, inf)"})
def focal_tversky(prediction, target, *, alpha=0.3, beta=0.7, gamma=0.75, smooth=1.0):
    r"""Focal Tversky loss, per item: a power of the Tversky loss.

    .. math:: \ell = \Big(1 - \frac{\mathrm{TP} + \epsilon}
              {\mathrm{TP} + \alpha\,\mathrm{FP} + \beta\,\mathrm{FN} + \epsilon}\Big)^{\gamma}

    Parameters
    ----------
    prediction : float tensor (n, ...)
        Probabilities in [0, 1]. The sums run over all axes except the first.
    target : tensor (n, ...)
        In [0, 1], in the shape of the prediction.
    alpha, beta : float, at least 0
        Weights of false positives (FP) and of false negatives (FN).
    gamma : float > 0
        The power. Below 1, small errors keep their gradient. Above 1, large errors get a larger one.
    smooth : float, at least 0
        Epsilon, in pixels. With 0, an item whose target is empty has no gradient.

    Returns
    -------
    float tensor (n,)
        From 0 to 1, dimensionless. It is 0, with a gradient of 0, for equal regions of 0 and 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or there is only one axis.

    Notes
    -----
    Use it for small regions. The paper writes the power as 1 / gamma with gamma = 4/3, and weights false negatives with
    alpha.

    References
    ----------
    Abraham & Khan (2019), "A Novel Focal Tversky Loss Function with Improved Attention U-Net for Lesion
    Segmentation", ISBI.

    >>> p, t = [[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]
    >>> symloss.evaluate.value("focal_tversky", p, t, alpha=1.0, beta=1.0, gamma=2.0, smooth=0.0).tolist()
    [0.25]
    """
    share = tversky(prediction, target, alpha=alpha, beta=beta, smooth=smooth)
    least = np.asarray(np.finfo(share.dtype).tiny ** 0.6, share.dtype)  # so that 0 ** (gamma - 1) is not met
    return pt.maximum(share, least) ** number(gamma, share)


@loss("JaccardLoss", "soft_jaccard", "IoULoss", "iou", target="same", activation="sigmoid", per="item", unit="none",
      absent=EMPTY, ranges={"smooth": "[0, inf)"})
def jaccard(prediction, target, *, smooth=1.0):
    r"""Jaccard loss, per item: 1 minus the intersection over union.

    .. math:: \ell = 1 - \frac{\sum p t + \epsilon}{\sum p + \sum t - \sum p t + \epsilon}

    Parameters
    ----------
    prediction : float tensor (n, ...)
        Probabilities in [0, 1]. The sums run over all axes except the first.
    target : tensor (n, ...)
        In [0, 1], in the shape of the prediction.
    smooth : float, at least 0
        Epsilon, in pixels. With 0, an item whose target is empty has no gradient, and the loss is 0 if both regions are
        empty.

    Returns
    -------
    float tensor (n,)
        From 0 to 1, dimensionless. It is 0 for equal regions of 0 and 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or there is only one axis.

    Notes
    -----
    Use it if you report the intersection over union. It orders items as `dice` does, and gives small overlaps a larger
    loss.

    References
    ----------
    Rahman & Wang (2016), "Optimizing Intersection-Over-Union in Deep Neural Networks for Image Segmentation", ISVC.

    >>> symloss.evaluate.value("jaccard", [[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], smooth=0.0).tolist()
    [0.5]
    """
    p, t, axes = regions(prediction, target, "jaccard")
    apart = (p * (1 - t) + (1 - p) * t).sum(axis=axes)
    return divide(apart, (p + t - p * t).sum(axis=axes) + number(smooth, p))
