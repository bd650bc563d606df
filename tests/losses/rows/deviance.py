"""Likelihoods and deviances of a positive mean."""

import numpy as np
import pytensor.tensor as pt
import scipy.stats
from scipy.special import gammaln, xlogy

from . import Kind, count, positive, row

exp = Kind("exp", lambda rng, shape: rng.standard_normal(shape), pt.exp, np.exp,
           edges=lambda shape: [np.full(shape, float(r)) for r in (0, 30, -30)])


def poisson(p, t, full=False, eps=1e-8):
    values = -scipy.stats.poisson.logpmf(t, p) if np.all(t == t.round()) else p - xlogy(t, p) + gammaln(t + 1)
    return values if full else values - gammaln(t + 1)


def gamma(p, t, eps=1e-8):
    return -scipy.stats.gamma.logpdf(t, 1, scale=p)


def gamma_deviance(p, t, eps=1e-8):
    return 2 * (np.log(p) - np.log(t) + (t - p) / p)


def tweedie(p, t, power=1.5, eps=1e-8):
    if power == 1:
        return poisson(p, t)
    if power == 2:
        return gamma(p, t)
    return p ** (2 - power) / (2 - power) - t * p ** (1 - power) / (1 - power)


def inverse_gaussian(p, t, eps=1e-8):
    return (t - p) ** 2 / (2 * p**2 * t)


def both(name, reference, target, **rest):
    """Return a row for the mean, and one for the exp of its logarithm."""
    exact = {"perfect": lambda fed: {"prediction": np.log(fed["target"])}} if target is positive else {"perfect": None}
    return [row(name, reference, prediction=positive, target=target, **rest),
            row(name, reference, prediction=exp, target=target, **rest | exact)]


FULL = [{"full": True}, {"eps": 1e-4}]
POWERS = [{"power": p} for p in (0, 1, 1.2, 2, 3)]

ROWS = [
    *both("poisson_nll", poisson, count, options=FULL, least=lambda p, t, **o: poisson(np.fmax(t, 1e-300), t, **o)),
    *both("poisson_nll", poisson, positive, options=FULL, least=lambda p, t, **o: poisson(t, t, **o)),
    *both("gamma_nll", gamma, positive, options=[{"eps": 1e-4}], least=lambda p, t, **o: 1 + np.log(t)),
    *both("gamma_deviance", gamma_deviance, positive, options=[{"eps": 1e-4}]),
    *both("tweedie", tweedie, positive, options=POWERS, least=lambda p, t, **o: tweedie(t, t, **o)),
    *both("inverse_gaussian", inverse_gaussian, positive, options=[{"eps": 1e-4}]),
]
