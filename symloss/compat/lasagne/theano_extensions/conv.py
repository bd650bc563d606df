"""lasagne.theano_extensions.conv: convolution of series (items, channels, time) with (filters, channels, time).

Lasagne had six ways to compute it, of which some take no padding and some not every stride; here they are one, with the
limits of each. All take ``input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip``.
"""

from ....errors import SymlossError
from ...theano.tensor import nnet

__all__ = ["conv1d_mc0", "conv1d_mc1", "conv1d_md", "conv1d_sc", "conv1d_sd", "conv1d_unstrided"]


class ConvolutionError(SymlossError, RuntimeError):
    """A border or a stride that a way of convolution does not take."""


def _convolved(input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip):
    """Return the convolution of series as images of one row."""
    if isinstance(border_mode, int):
        border_mode = (0, border_mode)
    elif isinstance(border_mode, tuple | list):
        border_mode = (0, border_mode[0])
    row = [None if shape is None else (*shape[:2], 1, shape[2]) for shape in (image_shape, filter_shape)]
    found = nnet.conv2d(input.dimshuffle(0, 1, "x", 2), filters.dimshuffle(0, 1, "x", 2), *row, border_mode=border_mode,
                        subsample=(1, subsample[0]), filter_flip=filter_flip)
    return found[:, :, 0]


def _limited(name, strided, padded):
    """Return a way of convolution called `name`, which takes every stride if `strided`, padding if `padded`."""

    def conv1d(input, filters, image_shape=None, filter_shape=None, border_mode="valid", subsample=(1,),
               filter_flip=True):
        if border_mode != "valid" and (not padded or border_mode is None):
            raise ConvolutionError(f"Unsupported border_mode for {name}: {border_mode!r}; use 'valid'"
                                   + ("" if padded else ", or conv1d_mc0"))
        if not strided and subsample[0] != 1 and (filter_shape is None or filter_shape[2] % subsample[0]):
            raise ConvolutionError(f"Unsupported stride for {name}: {subsample}; the length of the filters "
                                   f"({filter_shape}) must be a multiple of it. You can also use conv1d_mc0")
        return _convolved(input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip)

    conv1d.__name__ = conv1d.__qualname__ = name
    conv1d.__doc__ = f"Return the convolution of series with filters; {'every' if strided else 'not every'} stride."
    return conv1d


conv1d_sc = _limited("conv1d_sc", strided=True, padded=False)
conv1d_mc0 = _limited("conv1d_mc0", strided=True, padded=True)
conv1d_mc1 = _limited("conv1d_mc1", strided=True, padded=True)
conv1d_unstrided = _limited("conv1d_unstrided", strided=False, padded=False)
conv1d_sd = _limited("conv1d_sd", strided=False, padded=False)
conv1d_md = _limited("conv1d_md", strided=False, padded=False)
