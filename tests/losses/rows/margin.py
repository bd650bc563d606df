"""Losses that want the right score to lead by a margin."""

import numpy as np

from . import label, pick, real, row, sigmoid, sign, simplex, softmax

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


def weston_watkins(z, t, margin=1.0, power=1):
    k = z.shape[-1]
    right = np.eye(k, dtype=bool)[t]
    others = z[~right].reshape(*t.shape, k - 1)
    return (np.clip(margin + others - z[right].reshape(*t.shape, 1), 0, None) ** power).sum(axis=-1) / k


def keras(z, t):
    right = np.where(t == 1, z, 0).sum(axis=-1)
    return np.fmax(0, np.where(t == 1, 0, z).max(axis=-1) - right + 1)


one_hot = simplex.but(name="one_hot", draw=lambda rng, shape: np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])],
                      smooth=False)

ROWS = [
    row("hinge", binary, prediction=[real, sigmoid.scores()], target=sign, per="element", options=MARGINS),
    row("hinge", multiclass, prediction=[real, softmax.scores()], target=label, options=MARGINS),
    row("binary_hinge", binary, prediction=[real, sigmoid.scores()], target=sign, options=MARGINS),
    row("multiclass_hinge", multiclass, prediction=[real, softmax.scores()], target=label, options=MARGINS),
    row("multiclass_perceptron", lambda z, t: np.sort(z, axis=-1)[..., -1] - pick(z, t),
        prediction=[real, softmax.scores()], target=label),
    row("weston_watkins", weston_watkins, prediction=[real, softmax.scores()], target=label,
        options=[*MARGINS, {"margin": 2.0, "power": 2}]),
    row("categorical_hinge", keras, prediction=[real, softmax.scores()], target=one_hot,
        perfect=lambda fed: {"prediction": 60 * fed["target"]}),
]
