"""theano.misc."""

from ..names import forwarding

__getattr__ = forwarding("theano.misc", "pytensor.misc")
