"""Losses of class probabilities."""

import numpy as np
import pytensor.tensor as pt
from scipy.special import entr, log_softmax, logsumexp, rel_entr, xlog1py, xlogy

from . import binary, label, pick, row, sigmoid, simplex, softmax, unit


def of_label(p, t):
    return -np.log(pick(p, t))


def of_label_from_logits(z, t):
    return logsumexp(z - pick(z, t)[..., None], axis=-1)


def of_distribution(p, t):
    return (rel_entr(t, p) + entr(t)).sum(axis=-1)


def of_distribution_from_logits(z, t):
    return -np.where(t == 0, 0, t * log_softmax(z, axis=-1)).sum(axis=-1)


def entropy(p, t):
    return entr(t).sum(axis=-1)


def of_element(p, t):
    return -xlogy(t, p) - xlog1py(1 - t, -p)


def of_element_from_logits(z, t):
    return t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)


def smooth(t, p, smoothing):
    """Return targets of every class, of which a share is spread evenly."""
    t = t if t.ndim == p.ndim else np.eye(p.shape[-1])[t]
    return t * (1 - smoothing) + smoothing / p.shape[-1]


def of_label_with_options(p, t, smoothing=0.0, ignore_index=None):
    values = -(smooth(t, p, smoothing) * np.log(p)).sum(axis=-1)
    return np.where(t == ignore_index, 0, values)


def of_distribution_with_options(p, t, smoothing=0.0):
    return -(smooth(t, p, smoothing) * np.log(p)).sum(axis=-1)


def of_element_with_options(p, t, smoothing=0.0, pos_weight=1.0):
    t = np.where(t == 0.5, t, t + smoothing * (0.5 - t))
    return -np.asarray(pos_weight) * t * np.log(p) - (1 - t) * np.log(1 - p)


def picked(x, t, ignore_index=None):
    return -np.where(t == ignore_index, 0, pick(x, t))


def brier_of_label(p, t):
    return 1 - 2 * pick(p, t) + (p * p).sum(axis=-1)


def entropy_of_element(p, t):
    return entr(t) + entr(1 - t)


log_softmax_of = softmax.but(name="log_softmax", apply=lambda z: pt.special.log_softmax(z, axis=-1),
                             plain=lambda z: log_softmax(z, axis=-1))
SMOOTH = [{"smoothing": 0.1}, {"smoothing": 1.0}]
LABELS = [*SMOOTH, {"ignore_index": 1}, {"ignore_index": 0, "smoothing": 0.3}]

ROWS = [
    row("cross_entropy", of_label, prediction=[simplex, softmax], target=label, logits=of_label_from_logits),
    row("cross_entropy", of_distribution, prediction=[simplex, softmax], target=simplex, least=entropy,
        logits=of_distribution_from_logits),
    row("cross_entropy", of_element, prediction=sigmoid, target=[unit, binary], per="element",
        least=entropy_of_element, logits=of_element_from_logits),
    row("label_cross_entropy", of_label, prediction=[simplex, softmax], target=label, logits=of_label_from_logits),
    row("categorical_cross_entropy", of_distribution, prediction=[simplex, softmax], target=simplex, least=entropy,
        logits=of_distribution_from_logits),
    row("binary_cross_entropy", of_element, prediction=[unit, sigmoid], target=[unit, binary],
        least=entropy_of_element, logits=of_element_from_logits),
    # with options the target is no longer the best prediction
    row("cross_entropy", of_label_with_options, prediction=[simplex, softmax], target=label, options=LABELS,
        perfect=None),
    row("cross_entropy", of_distribution_with_options, prediction=[simplex, softmax], target=simplex, options=SMOOTH,
        perfect=None),
    row("cross_entropy", of_element_with_options, prediction=sigmoid, target=binary, per="element", options=SMOOTH,
        perfect=None),
    row("label_cross_entropy", of_label_with_options, prediction=[simplex, softmax], target=label, options=LABELS,
        perfect=None),
    row("categorical_cross_entropy", of_distribution_with_options, prediction=[simplex, softmax], target=simplex,
        options=SMOOTH, perfect=None),
    row("binary_cross_entropy", of_element_with_options, prediction=[unit, sigmoid], target=[unit, binary],
        options=[*SMOOTH, {"pos_weight": 2.5}, {"pos_weight": (0.3, 1.0, 4.0), "smoothing": 0.2}], perfect=None,
        shapes=[(5, 3), (2, 4, 3)], column=False),
    row("negative_log_likelihood", picked, prediction=log_softmax_of, target=label, options=[{"ignore_index": 1}]),
    row("brier", brier_of_label, prediction=[simplex, softmax], target=label),
    row("brier", lambda p, t: ((p - t) ** 2).sum(axis=-1), prediction=[simplex, softmax], target=simplex),
]
