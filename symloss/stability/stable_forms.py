"""Stable forms to put in the place of what stands in a graph: exact values, and exact slopes."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad


def over_last_axis(function, x, axes: tuple):
    """Return ``function`` of x with `axes` brought to the end as one axis; the result has the shape of x."""
    if axes == (x.ndim - 1,):
        return function(x)
    rest = [a for a in range(x.ndim) if a not in axes]
    order = [*rest, *axes]
    moved = x.transpose(order)
    if len(axes) == 1:
        return function(moved).transpose(list(np.argsort(order)))
    flat = moved.reshape((*(moved.shape[i] for i in range(len(rest))), -1))
    return function(flat).reshape(moved.shape, ndim=moved.ndim).transpose(list(np.argsort(order)))


def _around_the_greatest(x):
    """Return (where the first greatest entry of each row is, x less that entry, sum of exp of all the others).

    Nothing is added to 1: what is lost there is all that is left of the loss of a sure and right prediction. No
    gradient takes part in a difference of equal numbers either, for the entry itself is a constant 0.
    """
    top = pt.eq(pt.arange(x.shape[-1]), pt.argmax(x, axis=-1, keepdims=True))
    below = pt.switch(top, 0, x - pt.switch(top, x, 0).sum(axis=-1, keepdims=True))
    others = pt.switch(top, 0, pt.exp(below)).sum(axis=-1, keepdims=True)
    return top, below, others


def log_softmax(x, axes: tuple):
    """Return log(softmax(x)), to the last digit where the probability is near 0 and where it is near 1."""

    def last(z):
        _, below, others = _around_the_greatest(z)
        return below - pt.log1p(others)

    return over_last_axis(last, x, axes)


def log_one_minus_softmax(x, axes: tuple):
    """Return log(1 - softmax(x)): for the greatest entry from the others, for the others from their own."""

    def last(z):
        top, below, others = _around_the_greatest(z)
        base = pt.log1p(others)
        rest = pt.log1p(-pt.exp(pt.switch(top, -1, below - base)))  # a probability of at most 1/2
        left = pt.switch(top, np.asarray(-np.inf, z.dtype), below)
        return pt.switch(top, log_sum_exp(left, (left.ndim - 1,), keepdims=True) - base, rest)

    return over_last_axis(last, x, axes)


def greatest(x, axes: tuple):
    """Return the greatest entry of x along `axes`, which are kept: a constant for gradients, and never infinite."""
    top = disconnected_grad(x.max(axis=axes, keepdims=True) if axes else x)
    return pt.switch(pt.isinf(top), 0, top).astype(x.dtype)


def log_sum_exp(x, axes: tuple, keepdims: bool = False):
    """Return log(sum(exp(x))) along `axes`."""
    top = greatest(x, axes)
    total = top + pt.log(pt.exp(x - top).sum(axis=axes, keepdims=True))
    return total if keepdims else total.squeeze(axis=axes)


def log_one_minus_exp(x):
    """Return log(1 - exp(x)) for x below 0, by the form that loses nothing on either side of -log(2)."""
    near = pt.gt(x, _log_2(x) * -1)
    small, large = pt.switch(near, x, -1), pt.switch(near, -1, x)
    return pt.switch(near, pt.log(-pt.expm1(small)), pt.log1p(-pt.exp(large)))


def log_cosh(x):
    """Return log(cosh(x)), exact near 0 and for x of any size."""
    near = pt.lt(pt.abs(x), 1)
    size = pt.abs(pt.switch(near, 2, x))
    return pt.switch(near, 0.5 * pt.log1p(pt.sqr(pt.sinh(pt.switch(near, x, 0)))),
                     size + pt.softplus(-2 * size) - _log_2(x))


def log_one_plus_tanh(x):
    """Return log(1 + tanh(x)), exact near 0 and for x of any size."""
    near = pt.lt(pt.abs(x), 0.5)
    return pt.switch(near, pt.log1p(pt.tanh(pt.switch(near, x, 0))), _log_2(x) - pt.softplus(-2 * x))


def _log_2(like):
    return np.asarray(np.log(2), like.dtype)
