"""theano.tensor.sharedvar."""

from ..names import forwarding

__getattr__ = forwarding("theano.tensor.sharedvar", "pytensor.tensor.sharedvar")
