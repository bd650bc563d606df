"""theano.sandbox.rng_mrg."""

from ..names import forwarding
from ..random_streams import MRG_RandomStreams

__all__ = ["MRG_RandomStreams"]

__getattr__ = forwarding("theano.sandbox.rng_mrg")
