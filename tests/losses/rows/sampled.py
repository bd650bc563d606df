"""Losses over many classes of which a few are drawn."""

import numpy as np
from scipy.special import log_softmax

from . import label, real, row

CLASSES = 6
samples = label.sized(lambda shape: (4, CLASSES)).but(name="samples", items=False)
log_noise = real.sized(lambda shape: (CLASSES,)).but(
    name="log_noise", draw=lambda rng, shape: np.log(rng.dirichlet(np.ones(shape[0]))), smooth=False, items=False,
    edges=lambda shape: [np.full(shape, -30.0)])


def all_scores(x, matrix, bias):
    return x @ matrix.T + bias


def logistic(s, drawn, t):
    values = []
    for scores, right in zip(s, t, strict=True):
        values.append(np.logaddexp(0, -scores[right]) + sum(np.logaddexp(0, scores[j]) for j in drawn))
    return np.array(values)


def nce(x, matrix, bias, drawn, log_q, t):
    return logistic(all_scores(x, matrix, bias) - np.log(len(drawn)) - log_q, drawn, t)


def negative(x, matrix, bias, drawn, t):
    return logistic(all_scores(x, matrix, bias), drawn, t)


def softmax(x, matrix, bias, drawn, log_q, t):
    s = all_scores(x, matrix, bias) - log_q
    kept = [np.array([right, *(j for j in drawn if j != right)]) for right in t]
    return np.array([-log_softmax(scores[among])[0] for scores, among in zip(s, kept, strict=True)])


layer = {"prediction": real, "matrix": real.sized(lambda shape: (CLASSES, shape[1])).but(items=False),
         "bias": real.sized(lambda shape: (CLASSES,)).but(items=False), "samples": samples}
target = label.sized(lambda shape: (shape[0], CLASSES))
how = {"target": target, "shapes": [(5, 3), (4, 2)], "free": ["samples"], "perfect": None}

ROWS = [
    row("nce", nce, **layer, log_noise=log_noise, **how),
    row("negative_sampling", negative, **layer, **how),
    row("sampled_softmax", softmax, **layer, log_noise=log_noise, **how),
]
