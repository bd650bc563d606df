"""Losses of adversarial training."""

import numpy as np
import pytensor.tensor as pt

from . import real, row, sigmoid

SCORES = [real, sigmoid.scores()]
_seen = []


def _critic(x):
    _seen.append(x)
    return (x * pt.tanh(x)).sum(axis=tuple(range(1, x.ndim)))


critic = real.but(name="critic", apply=_critic)
itself = real.but(name="itself", smooth=False, edges=lambda shape: [], apply=lambda _: _seen[-1])  # what it saw


def slope(x):
    squares = (np.tanh(x) + x / np.cosh(np.clip(x, -300, 300)) ** 2) ** 2
    return np.sqrt(squares.sum(axis=tuple(range(1, x.ndim))))


def relu(x):
    return np.where(x > 0, x, 0.0)


def told(fed):
    return {"real": np.full_like(fed["real"], 60), "fake": np.full_like(fed["fake"], -60)}


def exact(fed):
    return {"real": np.ones_like(fed["real"]), "fake": np.zeros_like(fed["fake"])}


ROWS = [
    row("minimax", lambda r, f: np.logaddexp(0, -r) + np.logaddexp(0, f), real=SCORES, fake=SCORES, perfect=told),
    row("non_saturating", lambda f: np.logaddexp(0, -f), fake=SCORES,
        perfect=lambda fed: {"fake": np.full_like(fed["fake"], 60)}),
    row("lsgan", lambda r, f: (r * r + f * f + 1) / 2 - r, real=real, fake=real, perfect=exact),
    row("lsgan_generator", lambda f: f * f / 2 - f + 0.5, fake=real,
        perfect=lambda fed: {"fake": np.ones_like(fed["fake"])}),
    row("hinge_gan", lambda r, f: relu(1 - r) + relu(1 + f), real=SCORES, fake=SCORES, perfect=told),
    row("wasserstein_critic", lambda r, f: f - r, real=real, fake=real, perfect=None),
    row("wasserstein_generator", lambda f: -f, fake=real, perfect=None),
    row("r1", lambda x, _, gamma=10.0: gamma / 2 * slope(x) ** 2, prediction=critic, at=itself, free=["at"],
        options=[{"gamma": 0.3}], perfect=lambda fed: {"prediction": 0 * fed["prediction"]}),
    row("gradient_penalty", lambda x, _, penalty=10.0, norm=1.0: penalty * (slope(x) - norm) ** 2, prediction=critic,
        at=itself, free=["at"], options=[{"penalty": 0.3, "norm": 0.5}], perfect=None),
]
