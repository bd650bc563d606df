"""Losses between real numbers that outliers move little."""

import numpy as np
import scipy.special
import scipy.stats

from . import real, row

SCALES = [{"c": 0.3}, {"c": 2.5}]


def log_cosh(p, t):
    return np.log(np.cosh(p - t))


def fair(p, t, c=1.0):
    return c * abs(p - t) - c**2 * np.log((c + abs(p - t)) / c)


def cauchy(p, t, c=1.0):  # a log-density without its constant
    return c**2 * (scipy.stats.cauchy.logpdf(0) - scipy.stats.cauchy.logpdf((p - t) / c)) / 2


def tukey(p, t, c=4.685):
    u = (p - t) / c
    return np.where(abs(u) < 1, c**2 / 6 * (1 - (1 - u**2) ** 3), c**2 / 6)


def barron(p, t, alpha=1.0, c=1.0):
    x = (p - t) / c
    if alpha == 2:
        return x**2 / 2
    if alpha == 0:
        return np.log(x**2 / 2 + 1)
    if alpha == -np.inf:
        return 1 - np.exp(-(x**2) / 2)
    b = abs(alpha - 2)
    return b / alpha * ((x**2 / b + 1) ** (alpha / 2) - 1)


ROWS = [
    row("pseudo_huber", lambda p, t, delta=1.0: scipy.special.pseudo_huber(delta, p - t), prediction=real, target=real,
        options=[{"delta": 0.3}, {"delta": 2.5}]),
    row("log_cosh", log_cosh, prediction=real, target=real),
    row("charbonnier", lambda p, t, eps=1e-3: np.hypot(p - t, eps), prediction=real, target=real,
        options=[{"eps": 0.3}], least=lambda p, t, eps=1e-3: np.full(p.shape, eps)),
    row("fair", fair, prediction=real, target=real, options=SCALES),
    row("cauchy", cauchy, prediction=real, target=real, options=SCALES),
    row("tukey", tukey, prediction=real, target=real, options=SCALES),
    row("general_robust", barron, prediction=real, target=real,
        options=[{"alpha": 2.0}, {"alpha": 0.0, "c": 0.7}, {"alpha": -2.0}, {"alpha": -np.inf},
                 {"alpha": 0.3, "c": 2.5}, {"alpha": 3.0}]),
]
