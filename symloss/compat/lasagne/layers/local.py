"""Filters that differ from place to place."""

import math

import pytensor.tensor as pt

from ....errors import ShapeError
from ....layers import windows
from .. import init, nonlinearities
from .base import fitting, told
from .conv import Conv2DLayer

__all__ = ["LocallyConnected2DLayer"]


class LocallyConnected2DLayer(Conv2DLayer):
    """A convolution in which each place has its own filters.

    Parameters
    ----------
    incoming, num_filters, filter_size, untie_biases, b, nonlinearity, flip_filters, name
        As in `Conv2DLayer`; rows and columns of the input must be known.
    stride : 1
    pad : 'same'
    W : array, initializer, shared variable or expression
        (filters, channels, filter rows, filter columns, rows, columns), with `channelwise` without the channels.
    channelwise : bool
        Whether each filter sees only one channel; there must be as many filters as channels.

    Raises
    ------
    NotImplementedError
        For other values of `stride` and `pad`.
    ShapeError
        If lengths vary, or numbers of filters and channels differ where they must not.
    """

    def __init__(self, incoming, num_filters, filter_size, stride=(1, 1), pad="same", untie_biases=False,
                 W=init.GlorotUniform(), b=init.Constant(0.0), nonlinearity=nonlinearities.rectify,  # noqa: B008, N803
                 flip_filters=True, channelwise=False, **kwargs):
        self.channelwise = channelwise
        super().__init__(incoming, num_filters, filter_size, stride=stride, pad=pad, untie_biases=untie_biases, W=W,
                         b=b, nonlinearity=nonlinearity, flip_filters=flip_filters, **kwargs)
        if self.stride != (1, 1):
            raise NotImplementedError(f"{told(self)}: LocallyConnected2DLayer requires stride=1 / (1, 1), but got "
                                      f"{stride!r}.")
        if self.pad != "same":
            raise NotImplementedError(f"{told(self)}: LocallyConnected2DLayer requires pad='same', but got {pad!r}.")
        if self.num_groups > 1:
            raise NotImplementedError(f"{told(self)}: num_groups={self.num_groups} is not supported by "
                                      f"LocallyConnected2DLayer; use channelwise=True")

    def _check_groups(self):
        if None in self.input_shape[1:]:
            raise ShapeError(f"{told(self)}: A LocallyConnected2DLayer requires a fixed input shape (except for the "
                             f"batch size). Got {self.input_shape}.")
        super()._check_groups()

    def get_W_shape(self):  # noqa: N802
        """Return the shape of the filters."""
        channels, places = self.input_shape[1], self.get_output_shape_for(self.input_shape)[2:]
        if not self.channelwise:
            return (self.num_filters, channels, *self.filter_size, *places)
        if self.num_filters != channels:
            raise ShapeError(f"{told(self)}: num_filters and the number of input channels should match when channelwise"
                             f" is true, but got num_filters={self.num_filters} and {channels} input channels")
        return (self.num_filters, *self.filter_size, *places)

    def convolve(self, input, **kwargs):
        around = [size // 2 for size in self.filter_size]
        last = windows.pad(fitting(self, input, self.input_shape).dimshuffle(0, 2, 3, 1), around, around)
        batch, rows, columns, channels = windows.lengths(last)
        where = windows.covered((rows, columns), self.filter_size, (1, 1), flip=self.flip_filters)
        seen = windows.unfold(last.reshape((batch, rows * columns, channels)), where)
        places, cells = len(where), math.prod(self.filter_size)
        if self.channelwise:
            weights = self.W.reshape((self.num_filters, cells, places)).dimshuffle(2, 1, 0)
            made = (seen.reshape((batch, places, cells, channels)) * weights).sum(axis=2)
        else:
            weights = self.W.reshape((self.num_filters, channels, cells, places)).dimshuffle(3, 2, 1, 0)
            by_place = seen.reshape((batch, places, cells * channels)).dimshuffle(1, 0, 2)
            weights = weights.reshape((places, cells * channels, self.num_filters))
            made = pt.matmul(by_place, weights).dimshuffle(1, 0, 2)
        return made.reshape((batch, *self.output_shape[2:], self.num_filters)).dimshuffle(0, 3, 1, 2)
