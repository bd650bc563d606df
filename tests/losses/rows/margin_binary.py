"""Losses of yes and no by the score's lead."""

import numpy as np

from . import real, row, sigmoid, sign

MARGINS = [{"margin": 0.3}, {"margin": 2.0}]
EITHER = [real, sigmoid.scores()]
small = [kind.but(edges=lambda shape: [np.full(shape, float(z)) for z in (0, 80, -80)]) for kind in EITHER]


def lead(z, t):
    return np.where(t > 0, z, -z)


def squared_hinge(z, t, margin=1.0):
    return np.where(lead(z, t) < margin, (margin - lead(z, t)) ** 2, 0)


def modified_huber(z, t):
    m = lead(z, t)
    return np.select([m >= 1, m >= -1], [0, (1 - m) ** 2], -4 * m)


ROWS = [
    row("soft_margin", lambda z, t: np.logaddexp(0, -lead(z, t)), prediction=EITHER, target=sign),
    row("exponential", lambda z, t: np.exp(-lead(z, t)), prediction=small, target=sign),
    row("perceptron", lambda z, t: np.where(lead(z, t) < 0, abs(z), 0), prediction=EITHER, target=sign),
    row("squared_hinge", squared_hinge, prediction=EITHER, target=sign, options=MARGINS),
    row("modified_huber", modified_huber, prediction=EITHER, target=sign),
]
