"""Losses of overlap: one region an item."""

import numpy as np

from . import binary, row, sigmoid, simplex, softmax, unit

CLASSES = [(3, 4, 3), (2, 3, 2, 4), (5, 3)]
SMOOTH = [{"smooth": 0.0}, {"smooth": 0.1}]


def flat(*arrays):
    return [a.reshape(len(a), -1) for a in arrays]


def dice(p, t, smooth=1.0):
    p, t = flat(p, t)
    return 1 - (2 * (p * t).sum(1) + smooth) / (p.sum(1) + t.sum(1) + smooth)


def generalised(p, t):
    p, t = (a.reshape(len(a), -1, a.shape[-1]) for a in (p, t))
    size = t.sum(axis=1)
    w = np.where(size > 0, 1 / np.where(size > 0, size, 1) ** 2, 0)
    w = np.where(size > 0, w, w.max(axis=1, keepdims=True))
    return 1 - 2 * (w * (p * t).sum(axis=1)).sum(1) / (w * (p + t).sum(axis=1)).sum(1)


def tversky(p, t, alpha=0.5, beta=0.5, smooth=1.0):
    p, t = flat(p, t)
    tp = (p * t).sum(1) + smooth
    return 1 - tp / (tp + alpha * (p - p * t).sum(1) + beta * (t - p * t).sum(1))


def focal(p, t, alpha=0.3, beta=0.7, gamma=0.75, smooth=1.0):
    return tversky(p, t, alpha, beta, smooth) ** gamma


def jaccard(p, t, smooth=1.0):
    p, t = flat(p, t)
    both = (p * t).sum(1)
    return 1 - (both + smooth) / (p.sum(1) + t.sum(1) - both + smooth)


hot = simplex.but(name="hot", draw=lambda rng, shape: np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])],
                  smooth=False)
yes_no = {"prediction": [unit, sigmoid], "target": binary, "column": False}

ROWS = [
    row("dice", dice, options=SMOOTH, **yes_no),
    row("generalised_dice", generalised, prediction=simplex, target=hot, shapes=CLASSES,
        perfect=lambda fed: {"prediction": fed["target"]}),
    row("generalised_dice", generalised, prediction=softmax, target=hot, shapes=CLASSES,
        perfect=lambda fed: {"prediction": 60 * fed["target"]}),
    row("tversky", tversky, options=[*SMOOTH, {"alpha": 0.2, "beta": 1.3}], **yes_no),
    row("focal_tversky", focal, options=[{"smooth": 0.2}, {"alpha": 0.6, "beta": 0.2, "gamma": 2.0}], least=0.0,
        **yes_no),
    row("jaccard", jaccard, options=SMOOTH, **yes_no),
]
