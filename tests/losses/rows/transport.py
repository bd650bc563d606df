"""Optimal transport between two samples."""

import numpy as np
import scipy.stats
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from . import real, row


def wasserstein(p, t, power=1.0):
    if power == 1:
        flat = zip(p.reshape(-1, p.shape[-1]), t.reshape(-1, t.shape[-1]), strict=True)
        return np.array([scipy.stats.wasserstein_distance(x, y) for x, y in flat]).reshape(p.shape[:-1])
    return (np.abs(np.sort(p, axis=-1) - np.sort(t, axis=-1)) ** power).mean(axis=-1)


def soft_minimum(costs, potential, epsilon):
    return -epsilon * logsumexp((potential - costs) / epsilon, b=1 / len(potential), axis=1)


def entropic(x, y, *, epsilon, power, norm, iterations, held=None, itself=False):
    moved = cdist(x, y, "minkowski", p=norm) ** power
    still = moved if held is None else cdist(*held, "minkowski", p=norm) ** power
    g, hot = np.zeros(len(y)), max(still.max(), epsilon)
    for i in range(iterations):
        cold = min(1, 2 * (i + 1) / iterations)
        now = hot ** (1 - cold) * epsilon**cold
        f = soft_minimum(still, g, now)
        g = (f + g) / 2 if itself else soft_minimum(still.T, f, now)
    return soft_minimum(moved, g, epsilon) + g


def sinkhorn(p, t, epsilon=0.1, power=2.0, norm=2.0, iterations=50, debiased=False, still=None):
    how = {"epsilon": epsilon, "power": power, "norm": norm, "iterations": iterations}
    values = entropic(p, t, held=still, **how)
    if not debiased:
        return values
    own = [entropic(x, x, itself=True, held=still and 2 * [still[i]], **how) for i, x in enumerate((p, t))]
    return values - (own[0] + own[1]) / 2


def plan_held(fed, still, **options):
    return sinkhorn(fed["prediction"], fed["target"], still=(still["prediction"], still["target"]), **options)


SINKHORN = [{"debiased": True, "epsilon": 2.0, "iterations": 9}, {"norm": 1.0, "power": 1.0, "iterations": 1},
            {"norm": 3.0, "epsilon": 1.5, "iterations": 4}]

ROWS = [
    row("wasserstein_1d", wasserstein, prediction=real, target=real, options=[{"power": 2.0}],
        perfect=lambda fed: {"prediction": fed["target"]}, coupled=False),
    row("sinkhorn", sinkhorn, prediction=real, target=real, options=SINKHORN, shapes=[(5, 3), (4, 1)], perfect=None,
        moving=plan_held),
]
