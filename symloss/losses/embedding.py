"""Losses of embeddings: distances and similarities between two or three items that may or may not belong together."""

import numpy as np
import pytensor.tensor as pt

from .._checks import (
    align,
    floating,
    number,
    require_same_shape,
    same_rank_below,
)
from .option_ranges import Choice
from .registration import by_item, loss


def root(squares):
    """Return the square root of numbers that are at least 0. Its gradient at 0 is 0 instead of infinity."""
    return pt.sqrt(pt.maximum(squares, np.asarray(np.finfo(squares.dtype).tiny ** 0.6, squares.dtype)))


def squares_by_product(x, y):
    """Return the squared distances between the rows of `x` and `y` by one product. Rounding may make them negative."""
    return pt.sqr(x).sum(axis=-1)[:, None] + pt.sqr(y).sum(axis=-1) - 2 * pt.dot(x, y.T)


def unit_length(vectors):
    """Return vectors (over the last axis) scaled to length 1. A zero vector stays 0, with a gradient of 0."""
    return vectors * _inverse_length(vectors)[..., None]


def _inverse_length(vectors):
    squares = pt.sqr(vectors).sum(axis=-1)
    return pt.switch(pt.gt(squares, np.finfo(squares.dtype).tiny ** 0.6), 1 / root(squares), 0)


def cosine_of(x, y):
    """Return the cosine of vectors (over the last axis). For a zero vector it is 0, without gradient."""
    return (x * y).sum(axis=-1) * (_inverse_length(x) * _inverse_length(y))


def vectors(first, second, who: str, port: str):
    """Return two tensors of embeddings as floats of the first one's dtype, or raise ShapeError."""
    first, second = floating(first, who, "prediction"), floating(second, who, port)
    require_same_shape(first, second, who, port)
    return first, second.astype(first.dtype)


def one_each(embedding, target, who: str):
    """Return the target of each item, with the axes of the embedding except the last, as a float of its dtype."""
    return same_rank_below(embedding, floating(target, who, "target").astype(embedding.dtype), who)


@loss("ContrastiveLossLayer", "contrastive_wolfram", "wolfram_contrastive", target="same",
      ranges={"margin": "(0, inf)"})
def contrastive(prediction, target, *, margin=0.5):
    r"""Contrastive loss of a distance, per element, as in Wolfram: a target of 1 means *far*.

    .. math:: \ell = (1 - t)\, d + t \max(0, m - d)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Distances, at least 0.
    target : tensor (n, d)
        1 (True) where the distance should be large, 0 where it should be small. A target (n,) is read as (n, 1).
    margin : float > 0
        Distance from which a pair is far enough, in the unit of the distances.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of the distances.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for twin networks whose last layer is a distance. Most other libraries use 1 for *near*, as
    `squared_contrastive` does. If a network learns the opposite of what it should, it got the targets of the other
    convention. A `PairEmbedding` takes the target by the name 'far', and refuses one that is called 'same'.

    References
    ----------
    Wolfram Language, ContrastiveLossLayer (2020), https://reference.wolfram.com/language/ref/ContrastiveLossLayer.html

    >>> symloss.evaluate.value("contrastive", [[0.25], [0.125]], [[0.0], [1.0]]).tolist()
    [[0.25], [0.375]]
    """
    d, t = align(prediction, target, "contrastive")
    return (1 - t) * d + t * pt.maximum(0, number(margin, d) - d)


@loss("hadsell", "contrastive_hadsell", "hadsell_contrastive", target="same",
      unit="the squared unit of the distances", ranges={"margin": "(0, inf)"})
def squared_contrastive(prediction, target, *, margin=1.0):
    r"""Contrastive loss of a distance, per element, as in Hadsell: squared, and a target of 1 means *near*.

    .. math:: \ell = \tfrac12 t\, d^2 + \tfrac12 (1 - t) \max(0, m - d)^2

    Parameters
    ----------
    prediction : float tensor (n, d)
        Distances, at least 0.
    target : tensor (n, d)
        1 where the distance should be small, 0 where it should be large. A target (n,) is read as (n, 1).
    margin : float > 0
        Distance from which a pair is far enough, in the unit of the distances.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the squared unit of the distances.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for twin networks. As in other libraries, 1 means that a pair belongs together. The paper itself writes Y = 1
    for a *dissimilar* pair, as `contrastive` does: if you have the paper's Y, pass 1 - Y. A `PairEmbedding` takes the
    target by the name 'same', and refuses one that is called 'far'.

    References
    ----------
    Hadsell, Chopra & LeCun (2006), "Dimensionality Reduction by Learning an Invariant Mapping", CVPR.

    >>> symloss.evaluate.value("hadsell", [[0.5], [0.5]], [[1.0], [0.0]], margin=2.0).tolist()
    [[0.125], [1.125]]
    """
    d, t = align(prediction, target, "squared_contrastive")
    return 0.5 * (t * pt.sqr(d) + (1 - t) * pt.sqr(pt.maximum(0, number(margin, d) - d)))


@loss("CosineEmbeddingLoss", target="sign", per="item", unit="none", shape=by_item, ranges={"margin": "[-1, 1)"})
def cosine_embedding(first, second, target, *, margin=0.0):
    r"""Loss of the cosine between two embeddings, per item: near 1 for similar pairs, below `margin` for the others.

    .. math:: \ell = \tfrac{1 + t}{2} (1 - c) + \tfrac{1 - t}{2} \max(0, c - m),
              \quad c = \frac{x \cdot y}{\|x\| \|y\|}

    Parameters
    ----------
    first, second : float tensor (n, d)
        The two embeddings of each pair, of any length.
    target : tensor (n,)
        1 for a pair that belongs together, -1 for one that does not.
    margin : float in [-1, 1)
        Largest cosine of a dissimilar pair that costs nothing.

    Returns
    -------
    float tensor (n,)
        From 0 to 2 (to rounding), dimensionless. A zero vector has the cosine 0 with all others, and no gradient.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for pairs of vectors whose lengths have no meaning, such as bags of words. A target of 0 instead of -1 gives
    half of each part.

    References
    ----------
    PyTorch, CosineEmbeddingLoss (2017), https://pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html

    >>> x, y = [[1.0, 0.0], [1.0, 0.0]], [[0.0, 2.0], [3.0, 0.0]]
    >>> symloss.evaluate.value("cosine_embedding", x, y, [1.0, -1.0]).tolist()
    [1.0, 1.0]
    """
    first, second = vectors(first, second, "cosine_embedding", "second")
    t = one_each(first, target, "cosine_embedding")
    cosine = cosine_of(first, second)
    return 0.5 * ((1 + t) * (1 - cosine) + (1 - t) * pt.maximum(0, cosine - number(margin, cosine)))


@loss("TripletMarginLoss", "triplet_margin", "triplet_loss", "TripletMarginWithDistanceLoss", target="none", per="item",
      unit="the unit of the embeddings",
      ranges={"margin": "(-inf, inf)", "distance": Choice(("euclidean", "manhattan", "cosine"))})
def triplet(anchor, positive, negative, *, margin=1.0, distance="euclidean", squared=False, swap=False):
    r"""Triplet loss, per item: the positive should be nearer to the anchor than the negative, by a margin.

    .. math:: \ell = \max(0, d(a, p) - d(a, n) + m)

    Parameters
    ----------
    anchor, positive, negative : float tensor (n, d)
        Embeddings of an item, of a similar item and of a dissimilar one, in the same unit.
    margin : float
        How much further away the negative should be, in the unit of the distances.
    distance : 'euclidean', 'manhattan' or 'cosine'
        What d is: the length of the difference, the sum of its absolute values, or 1 minus the cosine of the angle.
    squared : bool
        Whether d is squared. FaceNet uses the squared Euclidean distance.
    swap : bool
        Whether to use the distance between negative and positive where it is smaller than that between negative and
        anchor.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of the distances. The gradient of a distance between equal vectors is 0, as is that of
        the cosine with a zero vector.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for embeddings of many classes with few items each. Embeddings of length 1 keep the model from lowering the
    loss by scale alone. torch adds 1e-6 to each difference before the norm, and symloss does not.

    References
    ----------
    Schroff, Kalenichenko & Philbin (2015), "FaceNet", CVPR; Balntas et al. (2016), "Learning local feature
    descriptors with triplets and shallow convolutional neural networks", BMVC (swap).

    >>> a, p, n = [[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.5]]
    >>> symloss.evaluate.value("triplet", a, p, n).tolist()
    [0.5]
    """
    anchor, positive = vectors(anchor, positive, "triplet", "positive")
    anchor, negative = vectors(anchor, negative, "triplet", "negative")

    def between(x, y):
        if distance == "euclidean":
            squares = pt.sqr(x - y).sum(axis=-1)
            return squares if squared else root(squares)
        apart = pt.abs(x - y).sum(axis=-1) if distance == "manhattan" else 1 - cosine_of(x, y)
        return pt.sqr(apart) if squared else apart

    away = between(anchor, negative)
    if swap:
        away = pt.minimum(away, between(positive, negative))
    return pt.maximum(0, between(anchor, positive) - away + number(margin, away))


@loss("MarginRankingLoss", target="sign", unit="the unit of the scores", ranges={"margin": "(-inf, inf)"})
def margin_ranking(first, second, target, *, margin=0.0):
    r"""Margin ranking loss, per element: which of two scores should be the higher one.

    .. math:: \ell = \max(0, m - t (x - y))

    Parameters
    ----------
    first, second : float tensor (n, d)
        Scores, in the same unit, of any sign.
    target : tensor (n, d)
        1 where the first should be higher, -1 where the second should. A target (n,) is read as (n, 1).
    margin : float
        How much higher it should be, in the unit of the scores.

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
    Use it for judgements that compare two things. With margin 0 equal scores cost nothing, so choose a margin above 0.

    References
    ----------
    Herbrich, Graepel & Obermayer (2000), "Large Margin Rank Boundaries for Ordinal Regression".

    >>> symloss.evaluate.value("margin_ranking", [[1.0]], [[1.5]], [[1.0]], margin=0.25).tolist()
    [[0.75]]
    """
    scores, target = align(first, target, "margin_ranking")
    _, second = align(first, second, "margin_ranking", port="second")
    return pt.maximum(0, number(margin, scores) + target * (second - scores))


@loss("HingeEmbeddingLoss", target="sign", ranges={"margin": "(0, inf)"})
def hinge_embedding(prediction, target, *, margin=1.0):
    r"""Hinge loss of a distance, per element: the distance of similar pairs, and what others lack to reach `margin`.

    .. math:: \ell = \tfrac{1 + t}{2}\, d + \tfrac{1 - t}{2} \max(0, m - d)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Distances, at least 0.
    target : tensor (n, d)
        1 for a pair that belongs together, -1 for one that does not. A target (n,) is read as (n, 1).
    margin : float > 0
        Distance from which a pair is far enough, in the unit of the distances.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of the distances.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for distances of pairs, like `contrastive`, with signs as targets: 1 is near, -1 is far. torch silently
    repeats (n, 1) against (n,). Here each item is one pair.

    References
    ----------
    PyTorch, HingeEmbeddingLoss (2016), https://pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html

    >>> symloss.evaluate.value("hinge_embedding", [[0.25], [0.25]], [[1.0], [-1.0]]).tolist()
    [[0.25], [0.75]]
    """
    d, t = align(prediction, target, "hinge_embedding")
    return 0.5 * ((1 + t) * d + (1 - t) * pt.maximum(0, number(margin, d) - d))
