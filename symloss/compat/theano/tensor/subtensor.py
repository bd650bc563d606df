"""theano.tensor.subtensor."""

from ..names import forwarding

__getattr__ = forwarding("theano.tensor.subtensor", "pytensor.tensor.subtensor")
