"""theano.sandbox: streams of random numbers, and the switch of a GPU that is not there."""

from ..names import forwarding
from . import cuda, rng_mrg

__all__ = ["cuda", "rng_mrg"]

__getattr__ = forwarding("theano.sandbox")
