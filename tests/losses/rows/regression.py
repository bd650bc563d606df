"""Losses between real numbers."""

import numpy as np
import scipy.special

from . import real, row

ROWS = [
    row("squared_error", lambda p, t: p * p - 2 * p * t + t * t, prediction=real, target=real),
    row("absolute_error", lambda p, t: np.where(p > t, p - t, t - p), prediction=real, target=real),
    row("huber", lambda p, t, delta=1.0: scipy.special.huber(delta, p - t), prediction=real, target=real,
        options=[{"delta": 0.3}, {"delta": 2.5}]),
]
