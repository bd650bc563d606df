"""Losses between real numbers."""

import numpy as np
import scipy.special
from scipy.spatial.distance import cosine

from . import positive, real, row

off_zero = real.but(draw=lambda rng, shape: rng.choice([-1, 1], shape) * rng.uniform(0.5, 3, shape))


def smooth_l1(p, t, beta=1.0):
    return scipy.special.huber(beta, p - t) / beta


def percentage(p, t, eps=1e-7):
    return np.where(abs(t) > eps, abs(p - t) / np.where(t == 0, 1, abs(t)), abs(p - t) / eps) * 100


def symmetric(p, t, eps=1e-7):
    return 100 * abs(p - t) / np.fmax((abs(p) + abs(t)) / 2, eps / 2)


def angle(p, t):
    pairs = zip(p.reshape(-1, p.shape[-1]), t.reshape(-1, t.shape[-1]), strict=True)
    apart = [cosine(a, b) if a.any() and b.any() else 1.0 for a, b in pairs]
    return np.reshape(apart, p.shape[:-1])


ROWS = [
    row("squared_error", lambda p, t: p * p - 2 * p * t + t * t, prediction=real, target=real),
    row("half_squared_error", lambda p, t: (p * p + t * t) / 2 - p * t, prediction=real, target=real),
    row("absolute_error", lambda p, t: np.where(p > t, p - t, t - p), prediction=real, target=real),
    row("huber", lambda p, t, delta=1.0: scipy.special.huber(delta, p - t), prediction=real, target=real,
        options=[{"delta": 0.3}, {"delta": 2.5}]),
    row("smooth_l1", smooth_l1, prediction=real, target=real, options=[{"beta": 0.3}, {"beta": 2.5}]),
    row("absolute_percentage_error", percentage, prediction=real, target=off_zero, options=[{"eps": 1.7}]),
    row("symmetric_percentage_error", symmetric, prediction=off_zero, target=off_zero, options=[{"eps": 3.3}]),
    row("squared_log_error", lambda p, t: np.log((1 + p) / (1 + t)) ** 2, prediction=positive, target=positive),
    row("cosine_distance", angle, prediction=off_zero, target=off_zero),
]
