"""Divergences between distributions, and likelihoods."""

import numpy as np
import scipy.stats
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, rel_entr

from . import positive, real, row, simplex, softmax


def kl_from_logits(z, t):
    return np.where(t == 0, 0, t * (np.log(np.where(t == 0, 1, t)) - log_softmax(z, axis=-1))).sum(axis=-1)


def gaussian(mean, variance, t, eps=1e-6):
    return -scipy.stats.norm.logpdf(t, mean, np.sqrt(np.maximum(variance, eps)))


def mmd(p, t, bandwidth=1.0):
    def kernel(x, y):
        return np.exp(-cdist(x, y, "sqeuclidean") / bandwidth).mean(axis=1)

    return kernel(t, t) - 2 * kernel(t, p) + kernel(p, p)


ROWS = [
    row("kl_divergence", lambda p, t: rel_entr(t, p).sum(axis=-1), prediction=[simplex, softmax], target=simplex,
        logits=kl_from_logits),
    row("gaussian_nll", gaussian, mean=real, variance=positive, target=real, options=[{"eps": 0.1}],
        perfect=lambda fed: {"mean": fed["target"]},
        least=lambda m, v, t, eps=1e-6: np.log(2 * np.pi * v) / 2),
    row("maximum_mean_discrepancy", mmd, prediction=real, target=real, options=[{"bandwidth": 7.3}],
        shapes=[(5, 3), (4, 1)], coupled=True),
]
