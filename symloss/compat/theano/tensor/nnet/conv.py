"""theano.tensor.nnet.conv: the older door to convolution."""

from ...names import forwarding
from . import abstract_conv

__all__ = ["conv2d"]


def conv2d(input, filters, image_shape=None, filter_shape=None, border_mode="valid", subsample=(1, 1)):
    """Return the convolution of images with filters; see `abstract_conv.conv2d`."""
    return abstract_conv.conv2d(input, filters, image_shape, filter_shape, border_mode, subsample)


__getattr__ = forwarding("theano.tensor.nnet.conv")
