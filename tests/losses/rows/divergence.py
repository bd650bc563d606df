"""Divergences between distributions, and distances between samples."""

import numpy as np
import scipy.stats
from scipy.spatial.distance import cdist, jensenshannon
from scipy.special import kl_div, rel_entr

from . import positive, real, row, simplex, softmax

logs = real.but(name="logs", draw=lambda rng, shape: np.log(rng.dirichlet(np.ones(shape[-1]), shape[:-1])),
                edges=lambda shape: [np.zeros(shape), np.full(shape, -1e4)])
amount = positive.but(name="amount", edges=lambda shape: [np.zeros(shape), np.full(shape, 1e4)])


def energy(p, t):
    across = cdist(p, t)
    return (across + across.T - cdist(p, p) - cdist(t, t)).mean(axis=1)


def crps(mean, variance, t):
    sigma = np.sqrt(variance)
    u = (t - mean) / sigma
    return sigma * (u * (2 * scipy.stats.norm.cdf(u) - 1) + 2 * scipy.stats.norm.pdf(u) - 1 / np.sqrt(np.pi))


def same(fed):
    return {"prediction": fed["target"]}


between = {"prediction": [simplex, softmax], "target": simplex}

ROWS = [
    row("kl_from_logs", lambda x, t: rel_entr(t, np.exp(x)).sum(axis=-1), prediction=logs, target=simplex,
        perfect=None),
    row("reverse_kl", lambda p, t: rel_entr(p, t).sum(axis=-1), prediction=[simplex, softmax],
        target=simplex.but(whole=None)),
    row("jensen_shannon", lambda p, t: jensenshannon(p, t, axis=-1) ** 2, **between),
    row("generalised_kl", lambda p, t: kl_div(t, p).sum(axis=-1), prediction=amount, target=amount, perfect=same),
    row("total_variation", lambda p, t: np.where(p > t, p - t, 0).sum(axis=-1), **between),
    row("squared_hellinger", lambda p, t: 1 - np.sqrt(p * t).sum(axis=-1), **between),
    row("energy_distance", energy, prediction=real, target=real, shapes=[(5, 3), (4, 1)], perfect=same),
    row("crps_gaussian", crps, mean=real, variance=amount, target=real,
        perfect=lambda fed: {"mean": fed["target"]}, least=lambda m, v, t: (np.sqrt(2) - 1) * np.sqrt(v / np.pi)),
]
