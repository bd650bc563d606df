"""Losses as numpy_ml.neural_nets.losses computes them (numpy_ml 0.1.2): sums over a batch, without weights.

Its gradients of WGAN-GP and of NCE with accidental hits are wrong. Here you get the gradient of its value.
"""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from ..._checks import align, floating, number
from ...errors import ShapeError
from ..adversarial import squared_slope
from ..classification import nan_outside
from ..sampled import drawn
from .registration import System

EPS = np.finfo(float).eps

system = System("numpy_ml", how="sum")

system.same("half_squared_error", "SquaredError")
system.same("negative_sampling", "NCELoss(subtract_log_label_prob=False)")
system.same("wasserstein_critic", "WGAN_GPLoss (critic, without its penalty)", how="count")
system.same("wasserstein_generator", "WGAN_GPLoss (generator)", how="count")


@system.differs("squared_error", "SquaredError")
def squared_error(prediction, target):
    """Return half the squared error."""
    prediction, target = align(prediction, target, "squared_error")
    return 0.5 * pt.sqr(prediction - target)


def one_hot_cross_entropy(prediction, target):
    """Return -sum(t log(p + eps)), from probabilities even if the logits are known."""
    if getattr(target, "ndim", None) != getattr(prediction, "ndim", None):
        raise ShapeError("cross_entropy: like='numpy_ml' needs one-hot targets. Pass the target in the shape of the "
                         "prediction")
    prediction, target = align(prediction, target, "cross_entropy")
    return -(target * pt.log(prediction + number(EPS, prediction))).sum(axis=-1)


for _name in ("cross_entropy", "categorical_cross_entropy"):
    system.differs(_name, "CrossEntropy")(one_hot_cross_entropy)


@system.differs("vae", "VAELoss", how="count")
def vae(prediction, mean, log_variance, target):
    """Return the negative bound, with the reconstruction clipped at eps. Its gradient is not clipped."""
    prediction, target = align(prediction, target, "vae")
    mean, log_variance = floating(mean, "vae", "mean"), floating(log_variance, "vae", "log_variance")
    p = prediction + disconnected_grad(pt.clip(prediction, EPS, 1 - EPS) - prediction)
    reconstruction = -(target * pt.log(p) + (1 - target) * pt.log(1 - p)).sum(axis=1)
    return reconstruction - 0.5 * (1 + log_variance - pt.sqr(mean) - pt.exp(log_variance)).sum(axis=1)


@system.differs("gradient_penalty", "WGAN_GPLoss (penalty)", how="count")
def gradient_penalty(prediction, at, *, lambda_=10.0):
    """Return lambda (|slope| - 1)^2."""
    squares = squared_slope(prediction, at, "gradient_penalty")
    return number(lambda_, squares) * pt.sqr(pt.sqrt(squares) - 1)


@system.differs("nce", "NCELoss")
def nce(prediction, matrix, bias, samples, log_noise, target):
    """Return the loss with scores minus log q instead of log k q."""
    right, wrong, labels, samples, classes = drawn(prediction, matrix, bias, samples, target, "nce")
    log_noise = floating(log_noise, "nce", "log_noise").astype(right.dtype)
    inside = pt.switch(pt.ge(labels, 0) & pt.lt(labels, log_noise.shape[0]), labels, 0)
    right, wrong = right - log_noise[inside], wrong - log_noise[samples]
    return nan_outside(pt.softplus(-right) + pt.softplus(wrong).sum(axis=1), labels, classes)
