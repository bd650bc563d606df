"""Likelihoods of densities with more parameters than a mean."""

import numpy as np
import scipy.stats

from . import count, positive, real, row


def laplace(mean, scale, t, eps=1e-6):
    return -scipy.stats.laplace.logpdf(t, mean, np.fmax(scale, eps))


def student_t(mean, scale, t, degrees=4.0, eps=1e-6):
    return -scipy.stats.t.logpdf(t, degrees, mean, np.fmax(scale, eps))


def negative_binomial(mean, r, t, eps=1e-8):
    return -scipy.stats.nbinom.logpmf(t, r, r / (r + np.fmax(mean, eps)))


def gaussian(mean, variance, t):
    return -scipy.stats.norm.logpdf(t, mean, np.sqrt(variance))


def beta(mean, variance, t, beta=0.5, eps=1e-6):
    return np.fmax(variance, eps) ** beta * gaussian(mean, np.fmax(variance, eps), t)


def beta_moving(at, still, beta=0.5, eps=1e-6):
    return np.fmax(still["variance"], eps) ** beta * gaussian(at["mean"], np.fmax(at["variance"], eps), at["target"])


def centred(fed):
    return {"mean": fed["target"]}


ROWS = [
    row("laplace_nll", laplace, mean=real, scale=positive, target=real, perfect=centred,
        least=lambda mean, scale, t, **o: np.log(2 * scale)),
    row("student_t_nll", student_t, mean=real, scale=positive, target=real, options=[{"degrees": 1}, {"degrees": 30.0}],
        perfect=centred, least=lambda mean, scale, t, **o: student_t(t, scale, t, **o)),
    row("negative_binomial_nll", negative_binomial, mean=positive, concentration=positive, target=count,
        perfect=centred, least=lambda mean, r, t, **o: negative_binomial(t, r, t, **o)),
    row("beta_nll", beta, mean=real, variance=positive, target=real, options=[{"beta": 0.0}, {"beta": 1}],
        perfect=centred, least=lambda mean, v, t, **o: beta(t, v, t, **o), moving=beta_moving),
]
