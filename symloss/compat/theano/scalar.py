"""theano.scalar."""

from .names import forwarding

__getattr__ = forwarding("theano.scalar", "pytensor.scalar", "pytensor.scalar.basic")
