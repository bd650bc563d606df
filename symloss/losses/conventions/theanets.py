"""Losses as theanets computes them (HEAD 79db9f8), including its defects, for comparison with old results."""

import dataclasses

import numpy as np
import pytensor.tensor as pt

from ..._checks import align, floating, number
from ..classification import integers
from ..option_ranges import Range
from ..reduction import divide
from .registration import System

system = System("theanets", how="mean")

system.same("squared_error", "mse")


@system.differs("absolute_error", "mae")
def absolute_error(prediction, target, *, weights=None):
    """Return |w (p - t)|: the sign of a weight is lost in the numerator, but counts in the denominator."""
    prediction, target = align(prediction, target, "absolute_error")
    size = abs(prediction - target)
    if weights is None:
        return size
    weights = weights.astype(size.dtype)
    return divide((abs(weights) * size).sum(), weights.sum())


@system.differs("kl_divergence", "kl", per="element")
def kl_divergence(prediction, target):
    """Return |t log(t / p)| per element, both clipped to [1e-8, 1 - 1e-8]. It is not a divergence, and not summed."""
    prediction, target = align(prediction, target, "kl_divergence")
    low, high = number(1e-8, prediction), number(1 - 1e-8, prediction)
    p, t = pt.clip(prediction, low, high), pt.clip(target, low, high)
    return abs(t * pt.log(t / p))


def of_wrapped(prediction, labels):
    """Return the entry at each label. Negative labels count from the last class."""
    flat = prediction.reshape((-1, prediction.shape[-1]))
    rows = labels.reshape((-1,))
    k = flat.shape[-1]
    at = pt.switch(pt.lt(rows, 0), rows + k, rows)
    inside = pt.ge(at, 0) & pt.lt(at, k)
    picked = flat[pt.arange(flat.shape[0]), pt.switch(inside, at, 0)]
    return pt.switch(inside, picked, np.asarray(np.nan, flat.dtype)).reshape(labels.shape, ndim=labels.ndim)


def label_cross_entropy(prediction, target):
    """Return -log of the probability, clipped to [1e-8, 1], without gradient below. Negative labels wrap around."""
    prediction = floating(prediction, "cross_entropy", "prediction")
    picked = of_wrapped(prediction, integers(prediction, target, "cross_entropy"))
    return -pt.log(pt.clip(picked, number(1e-8, picked), 1))


for _name in ("cross_entropy", "label_cross_entropy"):
    system.differs(_name, "xe")(label_cross_entropy)


def hinge(prediction, target):
    """Return max p - p of the label, without a margin, from probabilities. Negative labels wrap around."""
    prediction = floating(prediction, "hinge", "prediction")
    picked = of_wrapped(prediction, integers(prediction, target, "hinge"))
    return pt.maximum(0, prediction.max(axis=-1) - picked)


for _name in ("hinge", "multiclass_hinge", "multiclass_perceptron"):
    system.differs(_name, "hinge")(hinge)


@system.differs("gaussian_nll", "gll", per="batch")
def gaussian_nll(mean, variance, target, *, covar_eps=1e-3, weights=None):
    """Return theanets' 'log-likelihood', which is not a log-likelihood. Weights are ignored."""
    mean, target = align(mean, target, "gaussian_nll")
    variance, _ = align(variance, target, "gaussian_nll")
    precision = 1 / (abs(variance) + number(covar_eps, variance))
    eta = mean * precision
    n = mean.shape[-1].astype(mean.dtype)
    constant = (n * number(np.log(2 * np.pi), mean) - pt.log(precision.sum(axis=-1))
                + (eta * precision * eta).sum(axis=-1))
    values = 0.5 * (constant + (target * precision * target).sum(axis=-1)) - (eta * target).sum(axis=-1)
    return values if weights is None else values.mean()


@dataclasses.dataclass(frozen=True)
class Kernel:
    """The allowed values of a kernel: a bandwidth, or a function of two samples."""

    bandwidth: Range = Range("(0, inf)")

    def holds(self, value) -> bool:
        """Return whether `value` is allowed as the kernel.

        >>> Kernel().holds(2.0), Kernel().holds(lambda x, y: x @ y.T), Kernel().holds("rbf")
        (True, True, False)
        """
        return callable(value) or self.bandwidth.holds(value)

    def __str__(self):
        return f"{self.bandwidth}, or a function of two samples that returns a matrix"


@system.differs("maximum_mean_discrepancy", "mmd", per="batch", ranges={"kernel": Kernel()})
def maximum_mean_discrepancy(prediction, target, *, kernel=1, weights=None):
    """Return the mean over kernels of all pairs of items. Weights are ignored.

    `kernel` is a bandwidth, or a function of two samples that returns a matrix. Sequences (n, t, d) are compared step
    by step.
    """
    prediction, target = align(prediction, target, "maximum_mean_discrepancy")
    between = kernel if callable(kernel) else _gaussian(kernel)
    return (between(target, target).mean() - 2 * between(target, prediction).mean()
            + between(prediction, prediction).mean())


def _gaussian(bandwidth):
    def kernel(x, y):
        squares = pt.sqr(x[:, None] - y[None, :]).sum(axis=-1)
        return pt.exp(-squares / number(bandwidth, squares))

    return kernel
