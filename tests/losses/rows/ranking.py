"""Losses of rankings: one list an item."""

import itertools

import numpy as np
from scipy.special import entr, log_softmax, logsumexp, softmax

from . import count, real, row, sigmoid

grades = count.but(name="grades", draw=lambda rng, shape: rng.integers(-1, 5, shape).astype(float),
                   edges=lambda shape: [np.full(shape, 0.0), np.full(shape, 4.0), np.full(shape, -1.0)])
LISTS = [(5, 4), (2, 3, 6)]


def each_list(function):
    def of_all(s, t, **options):
        shape, k = s.shape[:-1], s.shape[-1]
        values = [function(x[y >= 0], y[y >= 0], **options) for x, y in zip(s.reshape(-1, k), t.reshape(-1, k),
                                                                            strict=True)]
        return np.array(values).reshape(shape)

    return of_all


def ordered_pairs(t):
    return [(i, j) for i, j in itertools.permutations(range(len(t)), 2) if t[i] > t[j]]


def ranknet(s, t):
    return sum(np.logaddexp(0, s[j] - s[i]) for i, j in ordered_pairs(t))


def listnet(s, t):
    return -(softmax(t) * log_softmax(s)).sum() if len(t) else 0.0


def listmle(s, t):
    s = s[np.argsort(-t, kind="stable")]
    return sum(logsumexp(s[i:]) - s[i] for i in range(len(s)))


def lambdarank(s, t, sigma=1.0, ranked_by=None):
    rank = np.empty(len(s))
    rank[np.argsort(-(s if ranked_by is None else ranked_by), kind="stable")] = np.arange(len(s))
    gain, discount = 2**t - 1, 1 / np.log2(2 + rank)
    best = (np.sort(gain)[::-1] / np.log2(2 + np.arange(len(s)))).sum()
    return sum(abs((gain[i] - gain[j]) * (discount[i] - discount[j])) / best * np.logaddexp(0, sigma * (s[j] - s[i]))
               for i, j in ordered_pairs(t))


def spread(fed):
    return {"prediction": 200 * fed["target"]}


ROWS = [
    row("pairwise_logistic", each_list(ranknet), prediction=[real, sigmoid.scores()], target=grades, shapes=LISTS,
        perfect=spread, column=False),
    row("listnet", each_list(listnet), prediction=[real, sigmoid.scores()], target=grades, shapes=LISTS,
        perfect=lambda fed: {"prediction": fed["target"]},
        least=each_list(lambda s, t: entr(softmax(t)).sum() if len(t) else 0.0)),
    row("listmle", each_list(listmle), prediction=[real, sigmoid.scores()], target=grades, shapes=LISTS,
        perfect=lambda fed: {"prediction": 400 * fed["target"] - 60 * np.arange(4)}),
    row("lambdarank", each_list(lambdarank), prediction=[real, sigmoid.scores()], target=grades, shapes=LISTS,
        options=[{"sigma": 0.4}], perfect=spread),
    row("bpr", lambda p, n: np.logaddexp(0, n - p), positive=real, negative=real,
        perfect=lambda fed: {"positive": fed["negative"] + 60}),
]
