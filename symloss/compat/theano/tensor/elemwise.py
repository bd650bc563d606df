"""theano.tensor.elemwise."""

from ..names import forwarding

__getattr__ = forwarding("theano.tensor.elemwise", "pytensor.tensor.elemwise")
