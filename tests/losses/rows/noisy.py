"""Classification losses that wrong labels move little, and sparse ones."""

import numpy as np

from . import binary, label, pick, real, row, sigmoid, simplex, softmax


def generalized(p, t, q=0.5):
    return (1 - pick(p, t) ** q) / q


def symmetric(p, t, alpha=0.1, beta=1.0, log_zero=-4.0):
    hot = np.eye(p.shape[-1])[t]
    logs = np.where(hot == 1, 0, log_zero)
    return -alpha * np.log(pick(p, t)) - beta * (p * logs).sum(axis=-1)


def project(z):
    """Return the point of the simplex that is nearest to z, by bisection of tau."""
    low, high = z.max() - 1, z.max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.fmax(z - middle, 0).sum() > 1 else (low, middle)
    return np.fmax(z - low, 0)


def sparsemax(z, t):
    p = np.reshape([project(row) for row in z.reshape(-1, z.shape[-1])], z.shape)
    hot = np.eye(z.shape[-1])[t]
    return ((p - hot) * z).sum(axis=-1) - (p**2).sum(axis=-1) / 2 + 0.5


def binary_sparsemax(z, t):
    wrong = np.where(t == 1, -z, z)
    return np.select([wrong <= -1, wrong < 1], [0, (wrong + 1) ** 2 / 4], wrong)


ROWS = [
    row("generalized_cross_entropy", generalized, prediction=[simplex, softmax], target=label,
        options=[{"q": 1}, {"q": 0.7}]),
    row("symmetric_cross_entropy", symmetric, prediction=[simplex, softmax], target=label,
        options=[{"alpha": 6.0, "beta": 0.1}, {"log_zero": -2.5}]),
    row("sparsemax", sparsemax, prediction=[real, softmax.scores()], target=label, shapes=[(5, 3), (2, 3, 4), (4, 7)]),
    row("binary_sparsemax", binary_sparsemax, prediction=[real, sigmoid.scores()], target=binary,
        perfect=lambda fed: {"prediction": 4 * fed["target"] - 2}),
]
