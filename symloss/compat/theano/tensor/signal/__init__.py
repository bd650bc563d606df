"""theano.tensor.signal: pooling, under its two names."""

from ...names import forwarding
from . import downsample, pool

__all__ = ["downsample", "pool"]

__getattr__ = forwarding("theano.tensor.signal", "pytensor.tensor.signal")
