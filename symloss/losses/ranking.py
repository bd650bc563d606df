"""Losses of rankings: scores that should put the entries of a list into the right order."""

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.gradient import disconnected_grad, disconnected_type

from .._checks import align, number
from .margin import scores
from .probabilities import shifted
from .reduction import divide
from .registration import loss
from .similarity import ABSENT, log_sum

PADDING = {"target": -1}  # a thing that is not in its list
LAST = 1e-1 * ABSENT  # the score of what can never be chosen, -inf, as a number: above that of what is absent


def lists(prediction, target, who: str):
    """Return scores (0 for padding), relevances, and a tensor that is 0 where the target is padding and 1 elsewhere."""
    prediction, target = align(prediction, target, who)
    present = pt.ge(target, 0)
    s = pt.maximum(scores(prediction), np.asarray(LAST, prediction.dtype))  # equal ones have a difference
    return pt.switch(present, s, 0), target, present.astype(prediction.dtype)


def endless(values):
    """Return values, infinite where a score of -inf should have been ahead of another one."""
    far = pt.gt(values, np.asarray(-1e-3 * LAST, values.dtype))
    return values + pt.switch(far, np.asarray(np.inf, values.dtype), 0)


def pairs(values):
    """Return the same values as a column and as a row of a table of all pairs of one list."""
    return values[..., :, None], values[..., None, :]


def ahead(target, present):
    """Return the table that is 1 where entry i of a list is more relevant than entry j, and neither is padding."""
    (t_i, t_j), (here_i, here_j) = pairs(target), pairs(present)
    return pt.gt(t_i, t_j).astype(present.dtype) * here_i * here_j


def over_pairs(table, scores):
    """Return the sum over all pairs of a list of a table times log(1 + exp(-(s_i - s_j))). Entries of 0 are ignored."""
    s_i, s_j = pairs(scores)
    return (table * pt.softplus(pt.switch(pt.eq(table, 0), 0, s_j - s_i))).sum(axis=(-2, -1))


def ranks(values, present):
    """Return the rank of each entry in its list, from 1 for the highest. Ties are ranked in the order of the list."""
    (v_i, v_j), (_, here_j) = pairs(values), pairs(present)
    place = pt.arange(values.shape[-1])
    earlier = pt.lt(place[None, :], place[:, None])
    before = pt.gt(v_j, v_i) | (pt.eq(v_j, v_i) & earlier)
    return 1 + (before.astype(values.dtype) * here_j).sum(axis=-1)


def permuted(values, order):
    """Return `values` (n, k) with each row reordered by a permutation of its places (n, k).

    The gradient uses the inverse permutation, while that of indexing would add up number by number.
    """
    value, index = values.type(), order.type()

    def pullback(inputs, outputs, gradients):
        return [permuted(gradients[0], pt.argsort(inputs[1], axis=1)), disconnected_type()]

    return OpFromGraph([value, index], [pt.take_along_axis(value, index, axis=1)], inline=True, pullback=pullback,
                       name="permuted", connection_pattern=[[True], [False]])(values, order)


def log_sums_from(logs):
    """Return log(sum(exp(logs[:, i:]))) for each place i of (n, k), by doubling. It is exact for logs of any size."""
    step, k = 1, logs.type.shape[1]
    while step < k:
        nothing = pt.full_like(logs[:, :step], np.asarray(ABSENT, logs.dtype))
        moved = pt.concatenate([logs[:, step:], nothing], axis=1)
        top = disconnected_grad(pt.maximum(logs, moved))
        logs = top + pt.log(pt.maximum(pt.exp(logs - top) + pt.exp(moved - top), 1))  # see log_of_sum
        step *= 2
    return logs


@loss("RankNet", "rank_pairwise", target="same", per="item", unit="nats", absent=PADDING)
def pairwise_logistic(prediction, target):
    r"""RankNet's pairwise logistic loss, per item (a list): more relevant entries should have higher scores.

    .. math:: \ell = \sum_{t_i > t_j} \log(1 + e^{-(s_i - s_j)})

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the k entries of each list, of any sign. If the graph shows a softmax or a sigmoid, its logits are
        used.
    target : tensor (n, k)
        Relevances, at least 0, of any scale. A negative one marks padding, and its score is ignored.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats: the sum over the pairs of a list. It is 0 for a list without pairs of different relevance.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it if only the order matters. Longer lists have more pairs, so they count for more. Time and memory grow with k
    squared.

    References
    ----------
    Burges et al. (2005), "Learning to Rank using Gradient Descent", ICML.

    >>> symloss.evaluate.value("RankNet", [[1.0, 1.0, 0.0]], [[1.0, 0.0, -1.0]]).round(6).tolist()
    [0.693147]
    """
    s, target, present = lists(prediction, target, "pairwise_logistic")
    return endless(over_pairs(ahead(target, present), s))


@loss("ListNetLoss", "ranking_softmax_loss", target="same", per="item", unit="nats", absent=PADDING)
def listnet(prediction, target):
    r"""ListNet, per item (a list): cross-entropy between the softmax of the relevances and that of the scores.

    .. math:: \ell = -\sum_i \operatorname{softmax}(t)_i \log \operatorname{softmax}(s)_i

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the k entries of each list, of any sign. If the graph shows a softmax or a sigmoid, its logits are
        used.
    target : tensor (n, k)
        Relevances, at least 0. Their differences matter. A negative one marks padding, and its score is ignored.

    Returns
    -------
    float tensor (n,)
        At least the entropy of softmax(t), in nats. It is 0 for a list that is all padding.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for graded relevances. optax's `ranking_softmax_loss` uses the relevances without a softmax, which is
    `categorical_cross_entropy`.

    References
    ----------
    Cao et al. (2007), "Learning to Rank: From Pairwise Approach to Listwise Approach", ICML (top-one probabilities).

    >>> symloss.evaluate.value("listnet", [[0.5, 0.5]], [[2.0, 2.0]]).round(6).tolist()
    [0.693147]
    """
    s, target, present = lists(prediction, target, "listnet")
    share = present * pt.exp(shifted(target))
    share = divide(share, share.sum(axis=-1, keepdims=True))
    return endless((share * (log_sum(s, present)[..., None] - s)).sum(axis=-1))


@loss("ListMLELoss", target="same", per="item", unit="nats", absent=PADDING)
def listmle(prediction, target):
    r"""ListMLE, per item (a list): minus the log-probability of drawing the right order from the scores, one by one.

    .. math:: \ell = \sum_i \Big(\log \sum_{j \ge i} e^{s_{\pi(j)}} - s_{\pi(i)}\Big),
              \quad t_{\pi(1)} \ge t_{\pi(2)} \ge \dots

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the k entries of each list, of any sign. If the graph shows a softmax or a sigmoid, its logits are
        used.
    target : tensor (n, k)
        Relevances, at least 0. Only their order matters. A negative one marks padding, and its score is ignored.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats: a sum over the entries of the list.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for full orders. Entries of the same relevance are taken in the order of the list: shuffle them, or the model
    learns their order too. Time and memory grow with k squared.

    References
    ----------
    Xia et al. (2008), "Listwise Approach to Learning to Rank: Theory and Algorithm", ICML.

    >>> symloss.evaluate.value("listmle", [[0.0, 0.0, 0.0]], [[2.0, 0.0, 1.0]]).round(6).tolist()
    [1.791759]
    """
    s, target, present = lists(prediction, target, "listmle")
    if s.ndim == 2 and s.type.shape[1] is not None:
        key = pt.switch(pt.eq(present, 1), -target, np.asarray(np.inf, s.dtype))
        order = pt.specify_shape(pt.argsort(key, axis=1, kind="stable"), s.type.shape)  # padding comes last
        absent = np.asarray(ABSENT, s.dtype)
        sums = log_sums_from(permuted(pt.switch(pt.eq(present, 1), s, absent), order))
        here = pt.lt(pt.arange(s.type.shape[1]), present.sum(axis=1, keepdims=True))
        return endless((pt.switch(here, sums, 0) - permuted(present * s, order)).sum(axis=1))
    r_i, r_j = pairs(disconnected_grad(ranks(target, present)))
    (_, s_j), (_, here_j) = pairs(s), pairs(present)
    left = pt.ge(r_j, r_i).astype(s.dtype) * here_j
    return endless((present * (log_sum(pt.zeros_like(left) + s_j, left) - s)).sum(axis=-1))


@loss("LambdaLoss", "rank_ndcg", target="same", per="item", unit="nats", absent=PADDING, ranges={"sigma": "(0, inf)"})
def lambdarank(prediction, target, *, sigma=1.0):
    r"""LambdaRank, per item (a list): pairwise logistic loss weighted by how much a swap would change the NDCG.

    .. math:: \ell = \sum_{t_i > t_j} |\Delta_{ij}| \log(1 + e^{-\sigma (s_i - s_j)}), \quad
              \Delta_{ij} = \frac{2^{t_i} - 2^{t_j}}{\mathrm{DCG}^*}
              \Big(\frac{1}{\log_2(1 + r_i)} - \frac{1}{\log_2(1 + r_j)}\Big)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Scores of the k entries of each list, of any sign. If the graph shows a softmax or a sigmoid, its logits are
        used. Their ranks r are constants for the gradient.
    target : tensor (n, k)
        Relevances from 0 to about 30 (the gain is 2^t - 1). A negative one marks padding, and its score is ignored.
    sigma : float > 0
        Steepness, in the inverse unit of the scores.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats (each pair at most its share of the NDCG). It is 0 for a list without a relevant entry.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for search results, where the top of the list matters. The value jumps when two entries swap places, so watch
    the NDCG itself and use this loss for its gradient. Time and memory grow with k squared.

    References
    ----------
    Burges (2010), "From RankNet to LambdaRank to LambdaMART: An Overview", MSR-TR-2010-82.

    >>> symloss.evaluate.value("lambdarank", [[0.0, 0.0]], [[1.0, 0.0]]).round(6).tolist()
    [0.25582]
    """
    s, target, present = lists(prediction, target, "lambdarank")
    gain = present * (pt.exp2(target * present) - 1)
    best = (gain / _log2(1 + ranks(target, present))).sum(axis=-1)
    gain_i, gain_j = pairs(gain)
    discount_i, discount_j = pairs(1 / _log2(1 + ranks(s, present)))
    change = divide(pt.abs((gain_i - gain_j) * (discount_i - discount_j)), best[..., None, None])
    return endless(over_pairs(ahead(target, present) * disconnected_grad(change), number(sigma, s) * s))


def _log2(x):
    return pt.log(x) / number(np.log(2), x)


@loss("bayesian_personalized_ranking", "BPRLoss", target="none", unit="nats")
def bpr(positive, negative):
    r"""Bayesian personalised ranking, per element: chosen things should have higher scores than others.

    .. math:: \ell = \log(1 + e^{-(s_+ - s_-)})

    Parameters
    ----------
    positive, negative : float tensor (n, d)
        Scores of a thing that the user chose and of one that the user did not choose, in the same unit, of any sign.

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
    Use it for recommendation from clicks, with negatives drawn at random for each choice.

    References
    ----------
    Rendle et al. (2009), "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI.

    >>> symloss.evaluate.value("bpr", [[1.0]], [[1.0]]).round(6).tolist()
    [[0.693147]]
    """
    positive, negative = align(positive, negative, "bpr", port="negative")
    return pt.softplus(negative - positive)
