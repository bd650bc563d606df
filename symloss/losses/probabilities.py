"""Logarithms of probabilities and products with them, exact also for probabilities of 0 and infinite logits."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import undo


def floor(p):
    """Return `p`, at least the smallest number that one can divide by. Below it, the gradient does not vanish."""
    least = np.asarray(4 * np.finfo(p.dtype).tiny, dtype=p.dtype)
    return p + disconnected_grad(pt.maximum(p, least) - p)


def shifted(logits):
    """Return logits shifted so that the greatest is 0 and exp cannot overflow.

    The shift cancels in every loss made of it, so no gradient needs to pass through it.
    """
    return logits - disconnected_grad(logits.max(axis=-1, keepdims=True))


def log_of_sum(powers, keepdims=False):
    """Return the logarithm of the sum of `powers` over the last axis, one of which is 1: exp of shifted scores.

    The sum is at least 1. The maximum with 1 keeps PyTensor from shifting the scores again: it rewrites a plain
    log(sum(exp(z))) after the gradient, and maximum, exp and sum would then be computed twice.
    """
    return pt.log(pt.maximum(powers.sum(axis=-1, keepdims=keepdims), 1))


def log_probabilities(prediction, weight=None):
    """Return log-probabilities over the last axis: from the logits of a softmax, otherwise from probabilities.

    For a product with a `weight` pass it: where it is 0 the product is 0 with all its derivatives, as in `times`.
    """
    logits = undo(prediction, "softmax")
    if logits is None:
        return pt.log(floor(prediction)) if weight is None else log_where(weight, prediction)
    z = shifted(logits)
    logs = z - log_of_sum(pt.exp(z), keepdims=True)
    return logs if weight is None else _finite_where(weight, logs)


def log_where(weight, p):
    """Return log(p), and 0 where the weight is 0, so that the product of both has all its derivatives at p = 0."""
    return pt.log(floor(pt.switch(pt.neq(weight, 0), p, 1)))


def times(weight, log):
    """Return weight * log. Where the weight is 0 and the logarithm infinite it is 0, with all its derivatives.

    A masked logit is -inf, and so is the logarithm of its probability of 0.
    """
    return weight * _finite_where(weight, log)


def _finite_where(weight, log):
    return pt.switch(pt.eq(weight, 0) & pt.isinf(log), 0, log)


def still(value, log):
    """Return `value`, as a constant where `log` is infinite, because its gradient of 0 times infinity would be NaN."""
    return pt.switch(pt.isinf(log), disconnected_grad(value), value)


def binary_surprise(logits, yes, no=None):
    """Return -yes log(p) - no log(1 - p) for the sigmoid p of logits of any size. Without `no` it is 1 - yes.

    On each side of 0 the larger of the two logarithms is softplus(-abs(z)), and the other one differs from it by z, so
    an infinite logit on the right side costs 0. The gradient at 0 is that from below, which is the right one.
    """
    below = pt.le(logits, 0)
    rest = pt.softplus(pt.switch(below, logits, -logits))
    if no is None:
        return rest + times(pt.switch(below, -yes, 1 - yes), logits)
    return (yes + no) * rest + times(pt.switch(below, -yes, no), logits)
