"""theano.gof.op."""

from ..names import forwarding

__getattr__ = forwarding("theano.gof.op", "pytensor.graph.op")
