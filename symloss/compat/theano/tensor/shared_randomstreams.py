"""theano.tensor.shared_randomstreams."""

from ..names import forwarding
from ..random_streams import RandomStreams

__all__ = ["RandomStreams"]

__getattr__ = forwarding("theano.tensor.shared_randomstreams")
