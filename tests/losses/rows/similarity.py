"""Losses of embeddings: similarities within a batch, and to the centres of classes."""

import numpy as np
from scipy.special import log_softmax, logsumexp

from . import label, pick, real, row

PAIRS = [(5, 3), (4, 2)]
WARM = [{"temperature": 0.7}]
ITEMS = label.sized(lambda shape: (shape[0], 2))
CENTERS = real.sized(lambda shape: (6, shape[1])).but(items=False)
CLASSES = label.sized(lambda shape: (shape[0], 6))


def cosines(x, y):
    return (x / np.linalg.norm(x, axis=1)[:, None]) @ (y / np.linalg.norm(y, axis=1)[:, None]).T


def info_nce(q, k, temperature=0.07):
    return -np.diag(log_softmax(cosines(q, k) / temperature, axis=1))


def nt_xent(a, b, temperature=0.5):
    n = len(a)
    views = np.concatenate([a, b])
    s = cosines(views, views) / temperature
    np.fill_diagonal(s, -np.inf)
    each = -log_softmax(s, axis=1)[np.arange(2 * n), np.roll(np.arange(2 * n), n)]
    return (each[:n] + each[n:]) / 2


def supcon(x, t, temperature=0.1):
    s, values = cosines(x, x) / temperature, np.zeros(len(x))
    for i in range(len(x)):
        rest = np.arange(len(x)) != i
        logs = s[i] - logsumexp(s[i][rest])
        mates = rest & (t == t[i])
        values[i] = -logs[mates].mean() if mates.any() else 0.0
    return values


def circle(x, t, scale=80.0, margin=0.4, still=None):
    s, held, values = cosines(x, x), cosines(*2 * [x if still is None else still]), np.zeros(len(x))
    for i in range(len(x)):
        mates, rest = (t == t[i]) & (np.arange(len(x)) != i), t != t[i]
        pull = -scale * np.clip(1 + margin - held[i], 0, None) * (s[i] - 1 + margin)
        push = scale * np.clip(held[i] + margin, 0, None) * (s[i] - margin)
        if mates.any() and rest.any():
            values[i] = np.logaddexp(0, logsumexp(pull[mates]) + logsumexp(push[rest]))
    return values


def arcface(x, centers, t, scale=64.0, margin=0.5):
    c = cosines(x, centers)
    angle = np.arccos(pick(c, t))
    changed = np.where(angle + margin > np.pi, np.cos(angle) - margin * np.sin(margin), np.cos(angle + margin))
    np.put_along_axis(c, t[:, None], changed[:, None], axis=1)
    return -pick(log_softmax(scale * c, axis=1), t)


def cosface(x, centers, t, scale=64.0, margin=0.35):
    return -pick(log_softmax(scale * (cosines(x, centers) - margin * np.eye(len(centers))[t]), axis=1), t)


ROWS = [
    row("info_nce", info_nce, query=real, key=real, shapes=PAIRS, options=WARM, perfect=None),
    row("nt_xent", nt_xent, first=real, second=real, shapes=PAIRS, options=WARM, perfect=None),
    row("supervised_contrastive", supcon, prediction=real, target=ITEMS, shapes=PAIRS, options=WARM, perfect=None),
    row("circle", circle, prediction=real, target=ITEMS, shapes=PAIRS, options=[{"scale": 3.0, "margin": 0.25}],
        perfect=None, moving=lambda fed, still, **options: circle(**{"x": fed["prediction"], "t": fed["target"],
                                                                     "still": still["prediction"]}, **options)),
    row("arcface", arcface, prediction=real, centers=CENTERS, target=CLASSES, shapes=PAIRS, perfect=None,
        free=["centers"], options=[{"scale": 5.0, "margin": 1.2}]),
    row("cosface", cosface, prediction=real, centers=CENTERS, target=CLASSES, shapes=PAIRS, perfect=None,
        free=["centers"], options=[{"scale": 5.0, "margin": -0.1}]),
]
