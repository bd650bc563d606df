"""Losses of several labels for each item, per item."""

import pytensor.tensor as pt

from .._checks import align
from .classification import binary_cross_entropy
from .margin import scores
from .masking import counted, mean_of_counted
from .registration import loss


@loss("MultiLabelMarginLoss", per="item", unit="the unit of the scores", absent={"prediction": 0, "target": 0})
def multilabel_margin(prediction, target, *, weights=None):
    r"""Hinge loss of several labels, per item: every label that holds should lead every label that does not.

    .. math:: \ell = \frac1k \sum_{i, j} t_i (1 - t_j) \max(0, 1 + z_j - z_i)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the labels. If the graph shows a sigmoid, its logits are used.
    target : tensor (n, k)
        1 where a label holds, 0 where it does not.
    weights : float tensor or None
        Labels with weight 0 are ignored, as if there were fewer labels.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of the scores; 0 where no label holds, or all do.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for tags that should be ranked. torch's loss takes a list of labels that ends with -1, instead of zeros and
    ones. It makes k^2 comparisons for each item. For thousands of labels use `multilabel_soft_margin`.

    References
    ----------
    Crammer & Singer (2003), "A Family of Additive Online Algorithms for Category Ranking", JMLR 3.

    >>> symloss.evaluate.value("multilabel_margin", [[0.5, 1.0, 0.0, 0.25]], [[1.0, 0.0, 0.0, 1.0]]).tolist()
    [1.125]
    """
    prediction, target = align(prediction, target, "multilabel_margin")
    z = scores(prediction)
    short = pt.maximum(0, 1 + z[..., None, :] - z[..., :, None])
    pairs = target[..., :, None] * (1 - target)[..., None, :]
    if weights is not None:
        here = counted(weights, prediction)
        pairs = pt.switch(here[..., :, None] & here[..., None, :], pairs, 0)
    return mean_of_counted((pairs * short).sum(axis=-1), weights)


@loss("MultiLabelSoftMarginLoss", activation="sigmoid", per="item", unit="nats", absent={"prediction": 0, "target": 0})
def multilabel_soft_margin(prediction, target, *, weights=None):
    r"""Cross-entropy of several labels, per item: the mean over the labels.

    .. math:: \ell = -\frac1k \sum_c t_c \log p_c + (1 - t_c) \log(1 - p_c)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities in [0, 1]. The logits are used if the graph shows a sigmoid.
    target : tensor (n, k)
        In [0, 1]: whether each label holds.
    weights : float tensor or None
        Labels with weight 0 are ignored, as if there were fewer labels.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for tags that do not exclude each other, with one weight for each item. `binary_cross_entropy` has one weight
    for each tag. torch's loss takes logits, which symloss finds in the graph.

    References
    ----------
    Cox (1958), "The Regression Analysis of Binary Sequences", Journal of the Royal Statistical Society B 20(2).

    >>> symloss.evaluate.value("multilabel_soft_margin", [[0.5, 0.5]], [[1.0, 0.0]]).round(6).tolist()
    [0.693147]
    """
    prediction, target = align(prediction, target, "multilabel_soft_margin")
    return mean_of_counted(binary_cross_entropy(prediction, target), weights)
