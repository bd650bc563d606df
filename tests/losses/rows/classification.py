"""Losses of class probabilities."""

import numpy as np
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


def entropy_of_element(p, t):
    return entr(t) + entr(1 - t)


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
]
