"""Losses of embeddings: similarities of every item with all others of the batch, or with the centers of classes."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import floating, number, same_rank_below, shape_text
from ..errors import ShapeError
from .classification import (
    floor,
    integers,
    is_label,
    log_of_sum,
    nan_outside,
    of_label,
    shifted,
)
from .embedding import root, unit_length, vectors
from .reduction import divide, of_items
from .registration import loss

ABSENT = -1e30  # the logarithm of nothing, as a number: its exp is 0, and sums and gradients of it stay finite


def as_matrix(embedding, who: str, port: str = "prediction"):
    """Return embeddings as a float matrix (n, d), or raise ShapeError."""
    embedding = floating(embedding, who, port)
    if embedding.ndim != 2:
        raise ShapeError(f"{who}: {port} has shape {shape_text(embedding)}, but it must have 2 axes, (n, d)")
    return embedding


def item_weights(weights, like, who: str):
    """Return one weight for each item (n,) in the dtype of `like`, with 1 for all if there are no weights."""
    if weights is None:
        return pt.ones((like.shape[0],), dtype=like.dtype)
    weights = floating(weights, who, "weights")
    return of_items(weights).astype(like.dtype)


def log_sum(scores, shares=None):
    """Return log(sum(shares * exp(scores))) over the last axis, `ABSENT` if all shares are 0. None means all 1."""
    if shares is None:
        top = disconnected_grad(scores.max(axis=-1, keepdims=True))
        return top[..., 0] + log_of_sum(pt.exp(scores - top))
    kept = pt.switch(pt.gt(shares, 0), scores, np.asarray(ABSENT, scores.dtype))
    top = disconnected_grad(kept.max(axis=-1, keepdims=True))
    return top[..., 0] + pt.log(floor((shares * pt.exp(kept - top)).sum(axis=-1)))


def others(weights):
    """Return the matrix of how often item j appears beside item i: its weight, minus 1 for the item itself."""
    return pt.maximum(weights[None, :] - pt.eye(weights.shape[0], dtype=weights.dtype), 0)


def partners(weights):
    """Return the matrix of how often item i meets the partner of item j: the weight, and at least 1 for its own."""
    eye = pt.eye(weights.shape[0], dtype=weights.dtype)
    return weights[None, :] + eye * pt.maximum(1 - weights, 0)


def same_label(embedding, target, who: str):
    """Return the matrix that is 1 where two items have the same label, and 0 elsewhere."""
    labels = integers(embedding, target, who)
    return pt.eq(labels[:, None], labels[None, :]).astype(embedding.dtype)


@loss("InfoNCE_loss", "contrastive_predictive_coding", target="none", per="item", unit="nats",
      ranges={"temperature": "(0, inf)"})
def info_nce(query, key, *, temperature=0.07, weights=None):
    r"""InfoNCE, per item: which of all keys in the batch belongs to this query.

    .. math:: \ell_i = -\log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}},
              \quad s_{ij} = \frac{q_i \cdot k_j}{\tau \|q_i\| \|k_j\|}

    Parameters
    ----------
    query, key : float tensor (n, d)
        Two embeddings of each item, of any length. Row i of one belongs to row i of the other.
    temperature : float > 0
        Divisor of the cosines, dimensionless.
    weights : float tensor (n,) or None
        How often each item counts, as a query and as a key.

    Returns
    -------
    float tensor (n,)
        At least 0 (to rounding), in nats. It is log n for embeddings that carry no information.

    Raises
    ------
    ShapeError
        If the ranks are not 2, or the static shapes can never agree.

    Notes
    -----
    Use it for two views or two modalities. It compares in one direction. The mean of this loss and of the reverse one
    (key, query) is CLIP's loss.

    References
    ----------
    van den Oord, Li & Vinyals (2018), "Representation Learning with Contrastive Predictive Coding", arXiv:1807.03748.

    >>> x = [[1.0, 0.0], [0.0, 1.0]]
    >>> symloss.evaluate.value("info_nce", x, x, temperature=1.0).round(6).tolist()
    [0.313262, 0.313262]
    """
    query, key = vectors(as_matrix(query, "info_nce", "query"), key, "info_nce", "key")
    query, key = unit_length(query) / number(temperature, query), unit_length(key)
    scores = pt.dot(query, key.T)
    shares = None if weights is None else partners(item_weights(weights, query, "info_nce"))
    return log_sum(scores, shares) - (query * key).sum(axis=-1)


@loss("NTXentLoss", "simclr", "normalized_temperature_cross_entropy", target="none", per="item", unit="nats",
      ranges={"temperature": "(0, inf)"})
def nt_xent(first, second, *, temperature=0.5, weights=None):
    r"""NT-Xent of SimCLR, per item: each view of an item should find the other one among all views of the batch.

    .. math:: \ell_i = \tfrac12 \Big(\log\!\!\sum_{v \ne a_i} e^{s(a_i, v)} + \log\!\!\sum_{v \ne b_i} e^{s(b_i, v)}
              \Big) - s(a_i, b_i), \quad s(x, y) = \frac{x \cdot y}{\tau \|x\| \|y\|}

    Parameters
    ----------
    first, second : float tensor (n, d)
        Embeddings a and b of two views of each item, of any length.
    temperature : float > 0
        Divisor of the cosines, dimensionless.
    weights : float tensor (n,) or None
        How often each item counts, as an anchor and as a candidate.

    Returns
    -------
    float tensor (n,)
        At least 0 (to rounding), in nats: the mean of the losses of the two views of the item.

    Raises
    ------
    ShapeError
        If the ranks are not 2, or the static shapes can never agree.

    Notes
    -----
    Use it to learn without labels from two augmentations of each item. optax's `ntxent` takes labels instead of two
    views. If you have labels, use `supervised_contrastive`.

    References
    ----------
    Chen et al. (2020), "A Simple Framework for Contrastive Learning of Visual Representations", ICML.

    >>> x = [[1.0, 0.0], [0.0, 1.0]]
    >>> symloss.evaluate.value("nt_xent", x, x, temperature=1.0).round(6).tolist()
    [0.551445, 0.551445]
    """
    first, second = vectors(as_matrix(first, "nt_xent", "first"), second, "nt_xent", "second")
    if weights is None:  # nobody is its own negative
        shares, gone = None, number(ABSENT, first) * pt.eye(first.shape[0], dtype=first.dtype)
    else:
        weights, gone = item_weights(weights, first, "nt_xent"), 0
        shares = pt.concatenate([partners(weights), others(weights)], axis=1)
    first, second = unit_length(first), unit_length(second)
    tau = number(temperature, first)
    across = pt.dot(first, second.T) / tau
    among = [pt.dot(x, x.T) / tau + gone for x in (first, second)]
    of_first = log_sum(pt.concatenate([across, among[0]], axis=1), shares)
    of_second = log_sum(pt.concatenate([across.T, among[1]], axis=1), shares)
    return 0.5 * (of_first + of_second) - (first * second).sum(axis=-1) / tau


@loss("supcon", "SupConLoss", target="label", per="item", unit="nats", classes=None, ranges={"temperature": "(0, inf)"})
def supervised_contrastive(prediction, target, *, temperature=0.1, weights=None):
    r"""Supervised contrastive loss, per item: items of its class should be nearer than the others of the batch.

    .. math:: \ell_i = -\frac{1}{|P_i|} \sum_{p \in P_i} \log \frac{e^{s_{ip}}}{\sum_{j \ne i} e^{s_{ij}}},
              \quad P_i = \{p \ne i : t_p = t_i\}

    Parameters
    ----------
    prediction : float tensor (n, d)
        Embeddings of any length. s is their cosine divided by the temperature.
    target : integer tensor (n,)
        Any integers. Equal integers mean the same class.
    temperature : float > 0
        Divisor of the cosines, dimensionless.
    weights : float tensor (n,) or None
        How often each item counts, as an anchor and as a candidate.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats. It is 0 for an item without others of its class.

    Raises
    ------
    ShapeError
        If the ranks are not 2 and 1, the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for embeddings learned from labels. A batch needs several items of each class. It is the L_out of the paper,
    with the mean outside the logarithm.

    References
    ----------
    Khosla et al. (2020), "Supervised Contrastive Learning", NeurIPS.

    >>> x, t = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], [0, 0, 1]
    >>> symloss.evaluate.value("supcon", x, t, temperature=1.0).round(6).tolist()
    [0.313262, 0.313262, 0.0]
    """
    x = as_matrix(prediction, "supervised_contrastive")
    same = same_label(x, target, "supervised_contrastive")
    x = unit_length(x)
    scores = pt.dot(x, x.T) / number(temperature, x)
    shares = others(item_weights(weights, x, "supervised_contrastive"))
    positive = same * shares
    found = positive.sum(axis=1)
    alone = pt.eq(found, 0)
    return pt.switch(alone, 0, log_sum(scores, shares)) - divide((positive * scores).sum(axis=1), found)


@loss("CircleLoss", target="label", per="item", unit="none", classes=None,
      ranges={"scale": "(0, inf)", "margin": "(0, 1)"})
def circle(prediction, target, *, scale=80.0, margin=0.4, weights=None):
    r"""Circle loss, per item: similar items should have larger cosines than others, and bad pairs weigh more.

    .. math:: \ell_i = \log\Big(1 + \sum_{p} e^{-\gamma \alpha_p (s_p - 1 + m)}
              \sum_{n} e^{\gamma \alpha_n (s_n - m)}\Big),
              \quad \alpha_p = \max(0, 1 + m - s_p), \ \alpha_n = \max(0, s_n + m)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Embeddings of any length. s are the cosines of item i with the others of its class (p) and with those of other
        classes (n).
    target : integer tensor (n,)
        Any integers. Equal integers mean the same class.
    scale : float > 0
        The factor gamma, dimensionless.
    margin : float in (0, 1)
        How far from the optimum (1 and 0) cosines are good enough.
    weights : float tensor (n,) or None
        How often each item counts, as an anchor and as a candidate.

    Returns
    -------
    float tensor (n,)
        At least 0, dimensionless. It is 0 for an item if the batch has no other item of its class, or none of another
        class.

    Raises
    ------
    ShapeError
        If the ranks are not 2 and 1, the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for retrieval and verification. As in the code of the authors, alpha is a constant for the gradient.

    References
    ----------
    Sun et al. (2020), "Circle Loss: A Unified Perspective of Pair Similarity Optimization", CVPR.

    >>> x, t = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [0, 0, 1]
    >>> symloss.evaluate.value("circle", x, t, scale=1.0).round(4).tolist()
    [1.8509, 1.0899, 0.0]
    """
    x = as_matrix(prediction, "circle")
    same = same_label(x, target, "circle")
    x = unit_length(x)
    cosine = pt.dot(x, x.T)
    shares = others(item_weights(weights, x, "circle"))
    gamma, m = number(scale, x), number(margin, x)
    pull = gamma * disconnected_grad(pt.maximum(1 + m - cosine, 0))
    push = gamma * disconnected_grad(pt.maximum(cosine + m, 0))
    of_like = log_sum(pull * (1 - m - cosine), shares * same)
    return pt.softplus(of_like + log_sum(push * (cosine - m), shares * (1 - same)))


def cosines_to_centers(prediction, centers, target, who: str):
    """Return cosines (n, k) of embeddings with the centers of the classes, and the labels."""
    x, centers = as_matrix(prediction, who), as_matrix(centers, who, "centers")
    centers = centers.astype(x.dtype)
    lengths = x.type.shape[1], centers.type.shape[1]
    if None not in lengths and lengths[0] != lengths[1]:
        raise ShapeError(f"{who}: the centers have shape {shape_text(centers)} and the prediction {shape_text(x)}. "
                         "Pass centers (k, d) for a prediction (n, d)")
    cosine = pt.dot(unit_length(x), unit_length(centers).T)
    return cosine, same_rank_below(cosine, integers(x, target, who), who)


def of_changed_label(cosine, changed, labels, scale):
    """Return the cross-entropy of scaled cosines, in which the one at each label is replaced by `changed`."""
    right = is_label(cosine, labels).astype(cosine.dtype)
    lift = (changed - of_label(cosine, labels))[:, None] * right
    z = shifted(number(scale, cosine) * (cosine + lift))
    return nan_outside(log_of_sum(pt.exp(z)) - of_label(z, labels), labels, cosine.shape[-1])


@loss("ArcFaceLoss", "additive_angular_margin", target="label", per="item", unit="nats",
      classes=lambda shapes, options: shapes["centers"][0],
      ranges={"scale": "(0, inf)", "margin": f"[0, {np.pi})"})
def arcface(prediction, centers, target, *, scale=64.0, margin=0.5):
    r"""ArcFace, per item: cross-entropy of cosines, with a margin added to the angle of the right class.

    .. math:: \ell = -\log \frac{e^{s \cos(\theta_t + m)}}{e^{s \cos(\theta_t + m)} + \sum_{c \ne t} e^{s \cos\theta_c}}

    Parameters
    ----------
    prediction : float tensor (n, d)
        Embeddings of any length.
    centers : float tensor (k, d)
        One direction for each class, of any length. It is a parameter that is learned with the others.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    scale : float > 0
        The factor s of the cosines, dimensionless.
    margin : float in [0, pi)
        The angle m, in radians.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the ranks are not 2, 2 and 1, the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for faces, speakers, products and other classes that are recognized by angles. Where the angle plus the
    margin exceeds pi, the loss uses cos(theta) - m sin(m), as the code of the authors does, so that it does not fall
    again.

    References
    ----------
    Deng et al. (2019), "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR.

    >>> centers = [[1.0, 0.0], [0.0, 1.0]]
    >>> symloss.evaluate.value("arcface", [[1.0, 1.0]], centers, [0], scale=1.0, margin=0.0).round(6).tolist()
    [0.693147]
    """
    cosine, labels = cosines_to_centers(prediction, centers, target, "arcface")
    c = of_label(cosine, labels)
    cos_m, sin_m = number(np.cos(margin), c), number(np.sin(margin), c)
    turned = c * cos_m - root((1 - c) * (1 + c)) * sin_m
    changed = pt.switch(pt.lt(c, -cos_m), c - number(margin, c) * sin_m, turned)
    return of_changed_label(cosine, changed, labels, scale)


@loss("CosFaceLoss", "additive_margin_softmax", "am_softmax", target="label", per="item", unit="nats",
      classes=lambda shapes, options: shapes["centers"][0], ranges={"scale": "(0, inf)", "margin": "(-inf, inf)"})
def cosface(prediction, centers, target, *, scale=64.0, margin=0.35):
    r"""CosFace, per item: cross-entropy of cosines, with a margin subtracted from that of the right class.

    .. math:: \ell = -\log \frac{e^{s (\cos\theta_t - m)}}{e^{s (\cos\theta_t - m)} + \sum_{c \ne t} e^{s \cos\theta_c}}

    Parameters
    ----------
    prediction : float tensor (n, d)
        Embeddings of any length.
    centers : float tensor (k, d)
        One direction for each class, of any length. It is a parameter that is learned with the others.
    target : integer tensor (n,)
        Labels from 0 to k - 1.
    scale : float > 0
        The factor s of the cosines, dimensionless.
    margin : float
        What is subtracted from the cosine of the right class, dimensionless.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the ranks are not 2, 2 and 1, the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for the same tasks as `arcface`. Its margin is smooth at every angle.

    References
    ----------
    Wang et al. (2018), "CosFace: Large Margin Cosine Loss for Deep Face Recognition", CVPR.

    >>> centers = [[1.0, 0.0], [0.0, 1.0]]
    >>> symloss.evaluate.value("cosface", [[1.0, 1.0]], centers, [0], scale=2.0, margin=0.5).round(6).tolist()
    [1.313262]
    """
    cosine, labels = cosines_to_centers(prediction, centers, target, "cosface")
    return of_changed_label(cosine, of_label(cosine, labels) - number(margin, cosine), labels, scale)
