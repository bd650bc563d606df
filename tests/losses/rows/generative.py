"""Losses of generative models with a density."""

import numpy as np
import scipy.stats
from scipy.special import logsumexp, xlog1py, xlogy

from . import binary, positive, real, row, sigmoid, simplex, softmax, unit

log_variance = real.within(-3, 3).but(name="log_variance",
                                      edges=lambda s: [np.zeros(s), np.full(s, 30), np.full(s, -30)])
shares = simplex.but(name="shares")  # one that is 0 need not be wrong
CODE = [{"beta": 4.0}, {"beta": 0.5, "free_bits": 0.3}]


def inner(x):
    return tuple(range(1, x.ndim))


def code(mean, v, beta=1.0, free_bits=0.0):
    # E[log q(z) - log N(z)] from entropies: -H(q) + cross-entropy with the standard normal
    each = (mean**2 + np.exp(v)) / 2 + np.log(2 * np.pi) / 2 - scipy.stats.norm.entropy(0, np.exp(v / 2))
    return beta * np.clip(each, free_bits, None).sum(axis=inner(each))


def vae(p, mean, v, t, **options):
    return (-xlogy(t, p) - xlog1py(1 - t, -p)).sum(axis=inner(p)) + code(mean, v, **options)


def free(m, v, beta=1.0, free_bits=0.0):
    return beta * free_bits * np.prod(m.shape[1:])


def mixture(pi, mean, variance, t, eps=1e-6):
    sigma = np.sqrt(np.maximum(variance, eps))
    if mean.ndim == pi.ndim:
        return -logsumexp(scipy.stats.norm.logpdf(t[..., None], mean, sigma), b=pi, axis=-1)
    return -logsumexp(scipy.stats.norm.logpdf(t[..., None, :], mean, sigma).sum(axis=-1), b=pi, axis=-1)


def zeros(fed):
    return {"mean": 0 * fed["mean"], "log_variance": 0 * fed["log_variance"]}


def deep(kind):
    return kind.sized(lambda shape: (*shape, 2)).but(name=f"deep {kind.name}")


TWO = {"mean": real.sized(lambda shape: (shape[0], 2)), "log_variance": log_variance.sized(lambda s: (s[0], 2)),
       "target": binary}
REST = {"free": ["mean", "log_variance"], "options": CODE, "column": False,
        "least": lambda p, m, v, t, **options: free(m, v, **options)}

ROWS = [
    row("gaussian_kl", code, mean=real, log_variance=log_variance, options=CODE, perfect=zeros, least=free),
    row("vae", vae, prediction=unit, **TWO, perfect=lambda fed: zeros(fed) | {"prediction": fed["target"]}, **REST),
    row("vae", vae, prediction=sigmoid, **TWO,
        perfect=lambda fed: zeros(fed) | {"prediction": 120 * fed["target"] - 60}, **REST),
    row("mixture_density", mixture, mixture=[shares, softmax], mean=real, variance=positive, target=real.per_item(),
        options=[{"eps": 0.1}], perfect=None, coupled=False),
    row("mixture_density", mixture, mixture=[shares, softmax], mean=deep(real), variance=deep(positive),
        target=real.sized(lambda shape: (*shape[:-1], 2)), perfect=None, coupled=False),
]
