"""theano.compile.mode."""

from ..names import forwarding

__getattr__ = forwarding("theano.compile.mode", "pytensor.compile.mode")
