"""theano.tensor.signal.downsample: the older name of `pool`."""

from ...names import forwarding
from .pool import pool_2d

__all__ = ["max_pool_2d"]


def max_pool_2d(input, ds, ignore_border=None, st=None, padding=(0, 0), mode="max"):
    """Return what windows over the last two axes pool; see `pool.pool_2d`."""
    return pool_2d(input, ds, ignore_border, st, padding, mode)


__getattr__ = forwarding("theano.tensor.signal.downsample")
