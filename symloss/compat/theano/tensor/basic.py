"""theano.tensor.basic."""

from ..names import forwarding

__getattr__ = forwarding("theano.tensor.basic", "pytensor.tensor.basic", "pytensor.tensor")
