"""lasagne.theano_extensions: convolution of series, and padding."""

from . import conv, padding

__all__ = ["conv", "padding"]
