"""Losses that want the right score to lead by a margin."""

import numpy as np

from . import label, real, row, sigmoid, sign, softmax

MARGINS = [{"margin": 0.3}, {"margin": 2.0}]


def binary(z, t, margin=1.0):
    lead = np.where(t > 0, z, -z)
    return np.where(lead < margin, margin - lead, 0.0)


def multiclass(z, t, margin=1.0):
    k = z.shape[-1]
    right = np.eye(k, dtype=bool)[t]
    others = z[~right].reshape(*t.shape, k - 1)
    lead = z[right].reshape(t.shape) - np.sort(others, axis=-1)[..., -1]
    return np.where(lead < margin, margin - lead, 0.0)


ROWS = [
    row("hinge", binary, prediction=[real, sigmoid.scores()], target=sign, per="element", options=MARGINS),
    row("hinge", multiclass, prediction=[real, softmax.scores()], target=label, options=MARGINS),
    row("binary_hinge", binary, prediction=[real, sigmoid.scores()], target=sign, options=MARGINS),
    row("multiclass_hinge", multiclass, prediction=[real, softmax.scores()], target=label, options=MARGINS),
]
