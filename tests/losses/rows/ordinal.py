"""Losses of ordered classes."""

import numpy as np
from scipy.special import expit, log_expit

from . import label, real, row, sigmoid, unit


def one_more(shape):
    return (*shape[:-1], shape[-1] + 1)


grade = label.sized(one_more)


def rising(rng, shape):
    return np.cumsum(rng.uniform(0.2, 2, shape), axis=-1) - shape[-1]


def far(shape):
    steps = np.broadcast_to(np.arange(shape[-1], dtype=float), shape)
    return [*real.edges(shape), 1e4 + steps, steps - 1e4, 1e4 * steps, 1e-30 * steps]


ordered = real.but(name="ordered", draw=rising, edges=far)
hidden = ordered.but(name="sigmoid", apply=sigmoid.apply)


def cumulative(b, t, thresholds=None):
    b = b if thresholds is None else np.asarray(thresholds) - b
    below = np.concatenate([np.zeros((*b.shape[:-1], 1)), expit(b), np.ones((*b.shape[:-1], 1))], axis=-1)
    return -np.log(np.take_along_axis(np.diff(below, axis=-1), t[..., None], axis=-1)[..., 0])


def at_its_grade(fed):
    """Return logits that rise by 1e3 right around the label."""
    steps = np.arange(fed["prediction"].shape[-1])
    return {"prediction": 100 * (steps - fed["target"][..., None] + 0.5)}


def coral(p, t):
    above = t[..., None] > np.arange(p.shape[-1])
    return -np.log(np.where(above, p, 1 - p)).sum(axis=-1)


def coral_from_logits(z, t):
    above = t[..., None] > np.arange(z.shape[-1])
    return -log_expit(np.where(above, z, -z)).sum(axis=-1)


def steps_of(scale):
    def perfect(fed):
        above = fed["target"][..., None] > np.arange(fed["prediction"].shape[-1])
        return {"prediction": np.where(above, *scale)}

    return perfect


ROWS = [
    row("cumulative_logit", cumulative, prediction=[ordered, hidden], target=grade, perfect=at_its_grade),
    row("cumulative_logit", cumulative, prediction=real, target=label.sized(lambda shape: (*shape[:-1], 2)),
        options=[{"thresholds": (-1.0, 0.3, 2.0)}, {"thresholds": (0.5,)}], shapes=[(5, 1), (2, 3, 1)], perfect=None),
    row("coral", coral, prediction=unit, target=grade, perfect=steps_of((1.0, 0.0))),
    row("coral", coral, prediction=sigmoid, target=grade, perfect=steps_of((60.0, -60.0)), logits=coral_from_logits),
]
