"""theano.gof.type."""

from ..names import forwarding

__getattr__ = forwarding("theano.gof.type", "pytensor.graph.type")
