"""Convolution of theanets: reversed filters, with weights (filters, channels, rows, columns)."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..util import ConfigurationError, random_matrix
from .base import Layer


def _before(border_mode, filters):
    """Return how many zeros go before and behind each axis."""
    if border_mode == "valid":
        return (0,) * len(filters)
    if border_mode in ("full", "half"):
        return tuple(n - 1 if border_mode == "full" else n // 2 for n in filters)
    return (border_mode,) * len(filters) if isinstance(border_mode, int) else tuple(border_mode)


def _side_by_side(x, axis, window, stride):
    """Return x with the cells of each window along an axis side by side in the last one."""
    places = (x.shape[axis] - window) // stride + 1
    before = (slice(None),) * axis
    cells = [x[(*before, slice(start, start + (places - 1) * stride + 1, stride))] for start in range(window)]
    return pt.concatenate(cells, axis=-1)


def convolve(x, w, stride, border_mode, filters):
    """Return the convolution of x (n, rows, columns, channels) with w (filters, channels, rows, columns)."""
    padding = _before(border_mode, filters)
    if any(padding):
        size = [x.shape[axis + 1] + 2 * n for axis, n in enumerate(padding)]
        frame = pt.zeros((x.shape[0], *size, x.shape[3]), dtype=x.dtype)
        inner = tuple(slice(n, n + x.shape[axis + 1]) for axis, n in enumerate(padding))
        x = frame[(slice(None), *inner)].set(x)
    for axis in (0, 1):  # one after the other: as many slices as a filter has rows and columns, not cells
        x = _side_by_side(x, axis + 1, filters[axis], stride[axis])
    backwards = w[:, :, ::-1, ::-1].transpose(3, 2, 1, 0)  # in the order of the cells: column, row, channel
    return pt.dot(x, backwards.reshape((-1, w.shape[0])))


class Convolution(Layer):
    """Shared code of convolutions.

    Parameters
    ----------
    filter_shape : (int, int)
    stride : (int, int)
    border_mode : 'valid', 'full', 'half' or int
    """

    SIZED = True

    def __init__(self, filter_shape, stride=(1, 1), border_mode="valid", **kwargs):
        self.filter_shape, self.stride, self.border_mode = tuple(filter_shape), tuple(stride), border_mode
        super().__init__(**kwargs)

    def _places(self, lengths, filters, stride):
        padding = _before(self.border_mode, filters)
        sizes = zip(lengths, filters, stride, padding, strict=True)
        return tuple(None if n is None else (n + 2 * p - f) // s + 1 for n, f, s, p in sizes)

    def setup(self):
        self.add_conv_weights("w")
        self.add_bias("b", self.output_size)

    def add_conv_weights(self, name, mean=0, std=None, sparsity=0):
        """Make filters, cell by cell a matrix of numbers from N(0, 1 / sqrt(channels + filters))."""
        nin, nout = self.input_size, self.output_size
        given = dict(mean=mean, std=std or 1 / np.sqrt(nin + nout), sparsity=sparsity)
        options = {option: self._option(option, name, value) for option, value in given.items()}
        value = np.zeros((nout, nin, *self.filter_shape), pytensor.config.floatX)
        for cell in np.ndindex(*self.filter_shape):
            value[(slice(None), slice(None), *cell)] = random_matrix(nout, nin, rng=self.rng, **options)
        self._share(name, value)

    def _convolved(self, x):
        return convolve(x, self.find("w"), self.stride, self.border_mode, self.filter_shape)


class Conv1(Convolution):
    """Filters over time: (batch, time, channels) to (batch, places, filters)."""

    def __init__(self, filter_size, stride=1, border_mode="valid", **kwargs):
        super().__init__((1, filter_size), (1, stride), border_mode, **kwargs)

    def resolve_outputs(self):
        places = self._places(self.input_shape[:-1], self.filter_shape[1:], self.stride[1:])
        self._output_shapes["out"] = (*places, self.output_size)

    def transform(self, inputs):
        pre = self._convolved(self._only_input(inputs)[:, None])[:, 0] + self.find("b")
        return {"pre": pre, "out": self.activate(pre)}, []


class Conv2(Convolution):
    """Filters over images: (batch, width, height, channels) to (batch, places, places, filters)."""

    def __init__(self, filter_size, stride=(1, 1), border_mode="valid", **kwargs):
        super().__init__(filter_size, stride, border_mode, **kwargs)

    def resolve_outputs(self):
        self._output_shapes["out"] = (*self._places(self.input_shape[:-1], self.filter_shape, self.stride),
                                      self.output_size)

    def transform(self, inputs):
        pre = self._convolved(self._only_input(inputs)) + self.find("b")
        return {"pre": pre, "out": self.activate(pre)}, []


class Pooling(Layer):
    """Pooling, which theanets mentioned but never implemented."""

    def transform(self, inputs):
        raise ConfigurationError(f"layer {self.name!r}: theanets had no pooling. In symloss, use {{'form': 'pool2', "
                                 f"'pool_size': 2}} in a model of symloss.convolution")


class Pool1(Pooling):
    """Pooling over time; see `Pooling`."""


class Pool2(Pooling):
    """Pooling over images; see `Pooling`."""
