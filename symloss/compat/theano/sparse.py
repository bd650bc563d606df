"""theano.sparse."""

from .names import forwarding

__getattr__ = forwarding("theano.sparse", "pytensor.sparse")
