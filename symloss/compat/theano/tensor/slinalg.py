"""theano.tensor.slinalg."""

from ..names import forwarding

__getattr__ = forwarding("theano.tensor.slinalg", "pytensor.tensor.linalg")
