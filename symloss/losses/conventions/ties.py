"""Maxima with the gradients that other libraries give if several values are equally great."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad


def shared_max(x, axis=-1):
    """Return the greatest of `x` over the axis. Values that are equally great share its gradient evenly.

    >>> x = pt.constant([[1.0, 3.0, 3.0]])
    >>> shared_max(x).eval().tolist()
    [3.0]
    """
    top = x.max(axis=axis, keepdims=True)
    greatest = pt.eq(x, top).astype(x.dtype)
    share = disconnected_grad(greatest / greatest.sum(axis=axis, keepdims=True))
    kept = pt.switch(pt.gt(share, 0), x, 0)
    return (share * (kept - disconnected_grad(kept))).sum(axis=axis) + disconnected_grad(top.sum(axis=axis))


def half_at_zero(x):
    """Return the positive part of `x`, with the gradient 1/2 at 0.

    >>> half_at_zero(pt.constant([-1.0, 2.0])).eval().tolist()
    [0.0, 2.0]
    """
    return 0.5 * (x + pt.abs(x))


def none_at_zero(x):
    """Return the positive part of `x`, with the gradient 0 at 0.

    >>> none_at_zero(pt.constant([-1.0, 2.0])).eval().tolist()
    [0.0, 2.0]
    """
    return pt.switch(pt.gt(x, 0), x, 0)
