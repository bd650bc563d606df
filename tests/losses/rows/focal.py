"""Cross-entropies that look away from what is easy."""

import numpy as np
from scipy.special import xlogy

from . import binary, label, row, sigmoid, simplex, softmax, unit


def binary_focal(p, t, gamma=2.0, alpha=None):
    right = np.where(t == 1, p, 1 - p)
    share = 1 if alpha is None else np.where(t == 1, alpha, 1 - alpha)
    return -share * (1 - right) ** gamma * np.log(right)


def focal(p, t, gamma=2.0, alpha=1.0):
    return -xlogy(np.asarray(alpha) * t * (1 - p) ** gamma, p).sum(axis=-1)


def focal_of_label(p, t, **options):
    return focal(p, np.eye(p.shape[-1])[t], **options)


def asymmetric(p, t, gamma_positive=1.0, gamma_negative=4.0, shift=0.05):
    q = np.where(p > shift, p - shift, 0)
    return -xlogy(t * (1 - p) ** gamma_positive, p) - xlogy((1 - t) * q**gamma_negative, 1 - q)


def poly1(p, t, epsilon=2.0):
    return (epsilon * t * (1 - p) - xlogy(t, p)).sum(axis=-1)


GAMMAS = [{"gamma": 0.0}, {"gamma": 0.5}, {"gamma": 1, "alpha": 0.25}]
ASYMMETRIC = [{"shift": 0.0}, {"shift": 0.2, "gamma_positive": 0.0, "gamma_negative": 0.0},
              {"shift": 0.0, "gamma_positive": 2.5, "gamma_negative": 0.5}]
EPSILONS = [{"epsilon": -1.0}, {"epsilon": 0.5}]

ROWS = [
    row("binary_focal", binary_focal, prediction=[unit, sigmoid], target=binary, options=GAMMAS),
    row("categorical_focal", focal_of_label, prediction=[simplex, softmax], target=label,
        options=[*GAMMAS, {"alpha": (0.2, 1.0, 3.0)}], shapes=[(5, 3), (2, 4, 3)]),
    row("categorical_focal", focal, prediction=[simplex, softmax], target=simplex,
        options=[*GAMMAS, {"alpha": (0.2, 1.0, 3.0)}], shapes=[(5, 3), (2, 4, 3)], perfect=None),
    row("asymmetric", asymmetric, prediction=[unit, sigmoid], target=binary, options=ASYMMETRIC),
    row("asymmetric", asymmetric, prediction=[unit, sigmoid], target=unit, options=ASYMMETRIC, perfect=None),
    row("poly1", lambda p, t, **o: poly1(p, np.eye(p.shape[-1])[t], **o), prediction=[simplex, softmax], target=label,
        options=EPSILONS),
    row("poly1", poly1, prediction=[simplex, softmax], target=simplex, options=EPSILONS, perfect=None),
]
