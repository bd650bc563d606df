"""theano.tensor.type."""

from ..names import forwarding

__getattr__ = forwarding("theano.tensor.type", "pytensor.tensor.type")
