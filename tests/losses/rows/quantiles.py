"""Losses that weigh errors by their sign, or not at all when they are small."""

import numpy as np

from . import real, row

QS = [{"q": 0.05}, {"q": 0.9}]
WIDTHS = [{"epsilon": 0.7}, {"epsilon": 0.0}]


def pinball(p, t, q=0.5):
    return np.where(t > p, q, 1 - q) * abs(t - p)


def pinballs(p, t, q=(0.1, 0.5, 0.9)):
    return sum(pinball(p[..., j], t, share) for j, share in enumerate(q)) / len(q)


def insensitive(p, t, epsilon=0.1):
    return abs(p - t - np.clip(p - t, -epsilon, epsilon))


ROWS = [
    row("quantile", pinball, prediction=real, target=real, options=QS),
    row("multi_quantile", pinballs, prediction=real, target=real.per_item(), options=[{"q": (0.02, 0.3, 0.6)}],
        perfect=lambda fed: {"prediction": np.repeat(fed["target"][..., None], 3, axis=-1)},
        shapes=[(5, 3), (2, 4, 3)]),
    row("expectile", lambda p, t, q=0.5: np.where(t > p, q, 1 - q) * (t - p) ** 2, prediction=real, target=real,
        options=QS),
    row("epsilon_insensitive", insensitive, prediction=real, target=real, options=WIDTHS),
    row("squared_epsilon_insensitive", lambda p, t, epsilon=0.1: insensitive(p, t, epsilon) ** 2, prediction=real,
        target=real, options=WIDTHS),
]
