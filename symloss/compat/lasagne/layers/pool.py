"""Layers that pool: over windows, over everything, over channels; and those that enlarge."""

import pytensor.tensor as pt

from ....errors import ShapeError, SpecError
from ..utils import as_tuple, int_types
from . import _pooling as pooling
from ._pooling import pool_2d
from .base import Layer, told

__all__ = ["FeaturePoolLayer", "FeatureWTALayer", "GlobalPoolLayer", "MaxPool1DLayer", "MaxPool2DLayer",
           "MaxPool3DLayer", "Pool1DLayer", "Pool2DLayer", "Pool3DLayer", "SpatialPyramidPoolingLayer",
           "Upscale1DLayer", "Upscale2DLayer", "Upscale3DLayer"]


def pool_output_length(input_length, pool_size, stride, pad, ignore_border):
    """Return the number of windows along an axis; None if its length varies.

    >>> pool_output_length(13, 3, 2, 1, True)
    7
    """
    if pad and not ignore_border:
        raise SpecError(f"pooling: pad={pad} only works with ignore_border=True")
    return pooling.positions(input_length, pool_size, stride, pad, ignore_border)


class _Pool(Layer):
    """Shared code of layers that pool over windows.

    Parameters
    ----------
    incoming : Layer or tuple
        (batch, channels, *size)
    pool_size : int or tuple of int
    stride : int, tuple of int, or None
        Distance of neighboring windows. None means `pool_size`.
    pad : int or tuple of int
        Padding on each side, less than `pool_size`.
    ignore_border : bool
        Whether to leave out incomplete windows at the end. Otherwise, they pool their cells, and `pad` must be 0.
    mode : 'max', 'sum', 'average_inc_pad' or 'average_exc_pad'
        The two averages include and exclude the padding. The gradient of a maximum goes to all cells that attain it.
    name : str or None

    Raises
    ------
    ShapeError
        If the input has another number of axes.
    """

    _axes = None

    def __init__(self, incoming, pool_size, stride=None, pad=0, ignore_border=True, mode="max", **kwargs):
        super().__init__(incoming, **kwargs)
        need_axes(self, self._axes, "pooling")
        self.pool_size = as_tuple(pool_size, self._axes)
        self.stride = self.pool_size if stride is None else as_tuple(stride, self._axes)
        self.pad = as_tuple(pad, self._axes)
        self.ignore_border = ignore_border
        if mode not in pooling.MODES:
            raise SpecError(f"{told(self)}: mode={mode!r} is not valid; it must be one of "
                            f"{', '.join(map(repr, pooling.MODES))}")
        self.mode = mode

    def get_output_shape_for(self, input_shape):
        sizes = zip(input_shape[2:], self.pool_size, self.stride, self.pad, strict=True)
        return (*input_shape[:2], *(pool_output_length(*each, self.ignore_border) for each in sizes))

    def get_output_for(self, input, **kwargs):
        return pooling.pool(input, self.pool_size, self.stride, self.pad, self.ignore_border, self.mode)


def need_axes(layer, axes, what):
    """Raise ShapeError unless a layer's input has this number of axes after the first two."""
    if len(layer.input_shape) != axes + 2:
        raise ShapeError(f"{told(layer)}: Tried to create a {axes}D {what} layer with input shape {layer.input_shape}. "
                         f"Expected {axes + 2} input dimensions (batchsize, channels, {axes} spatial dimensions).")


class Pool1DLayer(_Pool):
    """Pools windows over time, channel by channel."""

    __doc__ += _Pool.__doc__.partition("\n")[2]
    _axes = 1


class Pool2DLayer(_Pool):
    """Pools windows over images, channel by channel."""

    __doc__ += _Pool.__doc__.partition("\n")[2]
    _axes = 2


class Pool3DLayer(_Pool):
    """Pools windows over volumes, channel by channel."""

    __doc__ += _Pool.__doc__.partition("\n")[2]
    _axes = 3


class MaxPool1DLayer(Pool1DLayer):
    """The maximum of windows over time; see `Pool1DLayer`."""

    def __init__(self, incoming, pool_size, stride=None, pad=0, ignore_border=True, **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode="max", **kwargs)


class MaxPool2DLayer(Pool2DLayer):
    """The maximum of windows over images; see `Pool2DLayer`."""

    def __init__(self, incoming, pool_size, stride=None, pad=(0, 0), ignore_border=True, **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode="max", **kwargs)


class MaxPool3DLayer(Pool3DLayer):
    """The maximum of windows over volumes; see `Pool3DLayer`."""

    def __init__(self, incoming, pool_size, stride=None, pad=(0, 0, 0), ignore_border=True, **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode="max", **kwargs)


class _Upscale(Layer):
    """Shared code of layers that enlarge.

    Parameters
    ----------
    incoming : Layer or tuple
        (batch, channels, *size)
    scale_factor : int or tuple of int
        Factor by which each axis becomes longer.
    mode : 'repeat' or 'dilate'
        Whether to repeat each value, or to put zeros behind it.
    name : str or None
    """

    _axes = None

    def __init__(self, incoming, scale_factor, mode="repeat", **kwargs):
        super().__init__(incoming, **kwargs)
        self.scale_factor = as_tuple(scale_factor, self._axes)
        if min(self.scale_factor) < 1:
            raise SpecError(f"{told(self)}: Scale factor must be >= 1, not {self.scale_factor}")
        if mode not in ("repeat", "dilate"):
            raise SpecError(f"{told(self)}: Mode must be either 'repeat' or 'dilate', not {mode!r}")
        self.mode = mode

    def get_output_shape_for(self, input_shape):
        sizes = zip(input_shape[2:], self.scale_factor, strict=True)
        return (*input_shape[:2], *(None if n is None else n * factor for n, factor in sizes))

    def get_output_for(self, input, **kwargs):
        if max(self.scale_factor) == 1:
            return input
        if self.mode == "dilate":
            shape = self.get_output_shape_for(tuple(input.shape[axis] for axis in range(input.ndim)))
            places = (slice(None), slice(None), *(slice(None, None, factor) for factor in self.scale_factor))
            return pt.zeros(shape, dtype=input.dtype)[places].set(input)
        for axis, factor in reversed(list(enumerate(self.scale_factor, start=2))):
            input = pt.repeat(input, factor, axis=axis) if factor > 1 else input
        return input


class Upscale1DLayer(_Upscale):
    """Enlarges series (batch, channels, time)."""

    __doc__ += _Upscale.__doc__.partition("\n")[2]
    _axes = 1


class Upscale2DLayer(_Upscale):
    """Enlarges images (batch, channels, rows, columns)."""

    __doc__ += _Upscale.__doc__.partition("\n")[2]
    _axes = 2


class Upscale3DLayer(_Upscale):
    """Enlarges volumes (batch, channels, depth, rows, columns)."""

    __doc__ += _Upscale.__doc__.partition("\n")[2]
    _axes = 3


class _OverFeatures(Layer):
    def _check(self, pool_size, axis):
        self.pool_size = pool_size
        self.axis = axis
        count = self.input_shape[axis]
        if count is None or count % pool_size:
            raise ShapeError(f"{told(self)}: input shape {self.input_shape}: number of input feature maps ({count}) is "
                             f"not a multiple of the pool size (pool_size={pool_size})")

    def _parted(self, input):
        """Return `input` with two axes in the place of one: parts, and what is in a part."""
        axis = self.axis % input.ndim
        shape = [input.shape[each] for each in range(input.ndim)]
        return input.reshape((*shape[:axis], shape[axis] // self.pool_size, self.pool_size, *shape[axis + 1 :]))


class FeaturePoolLayer(_OverFeatures):
    """Pools neighboring channels; with maxima it is maxout (Goodfellow et al. 2013).

    Parameters
    ----------
    incoming : Layer or tuple
    pool_size : int
        Number of channels that are pooled; it must divide the number of channels.
    axis : int
        The axis of the channels.
    pool_function : callable
        Function of a tensor and ``axis``.
    name : str or None
    """

    def __init__(self, incoming, pool_size, axis=1, pool_function=pt.max, **kwargs):
        super().__init__(incoming, **kwargs)
        self._check(pool_size, axis)
        self.pool_function = pool_function

    def get_output_shape_for(self, input_shape):
        shape = list(input_shape)
        shape[self.axis] = None if shape[self.axis] is None else shape[self.axis] // self.pool_size
        return tuple(shape)

    def get_output_for(self, input, **kwargs):
        return self.pool_function(self._parted(input), axis=self.axis % input.ndim + 1)


class FeatureWTALayer(_OverFeatures):
    """Keeps the greatest of neighboring channels, and sets the others to 0: "winner takes all".

    Parameters
    ----------
    incoming : Layer or tuple
    pool_size : int
        Number of channels that compete; it must divide the number of channels.
    axis : int
        The axis of the channels.
    name : str or None
    """

    def __init__(self, incoming, pool_size, axis=1, **kwargs):
        super().__init__(incoming, **kwargs)
        self._check(pool_size, axis)

    def get_output_for(self, input, **kwargs):
        axis = self.axis % input.ndim
        parted = self._parted(input)
        first = pt.argmax(parted, axis=axis + 1, keepdims=True)
        numbers = pt.arange(self.pool_size).dimshuffle(*["x"] * (axis + 1), 0, *["x"] * (input.ndim - 1 - axis))
        return input * pt.eq(first, numbers).reshape(input.shape, ndim=input.ndim)


class GlobalPoolLayer(Layer):
    """Pools all places, channel by channel: (batch, channels, ...) to (batch, channels).

    Parameters
    ----------
    incoming : Layer or tuple
    pool_function : callable
        Function of a tensor and ``axis``, such as ``T.mean``.
    name : str or None
    """

    def __init__(self, incoming, pool_function=pt.mean, **kwargs):
        super().__init__(incoming, **kwargs)
        self.pool_function = pool_function

    def get_output_shape_for(self, input_shape):
        return input_shape[:2]

    def get_output_for(self, input, **kwargs):
        return self.pool_function(input.flatten(3), axis=2)


def pool_2d_nxn_regions(inputs, output_size, mode="max"):
    """Return what ``output_size * output_size`` regions of images pool, each (batch, channels, 1), row by row.

    Regions end between pixels, and include all pixels that they touch (He et al. 2014).
    """
    if mode not in ("max", "average_inc_pad", "average_exc_pad"):
        raise SpecError(f"Mode must be either 'max', 'average_inc_pad' or 'average_exc_pad'. Got {mode!r}")
    pool = pt.max if mode == "max" else pt.mean
    ends = [[(k * size // output_size, -(-(k + 1) * size // output_size)) for k in range(output_size)]
            for size in (inputs.shape[2], inputs.shape[3])]
    return [pool(inputs[:, :, top:bottom, left:right], axis=(2, 3)).dimshuffle(0, 1, "x")
            for top, bottom in ends[0] for left, right in ends[1]]


class SpatialPyramidPoolingLayer(Layer):
    """Pools images of any size to a fixed number of values (He et al. 2014).

    Parameters
    ----------
    incoming : Layer or tuple
        (batch, channels, rows, columns)
    pool_dims : list of int
        For each n, an image is divided into n x n regions.
    mode : 'max', 'average_inc_pad' or 'average_exc_pad'
    implementation : 'fast' or 'kaiming'
        'fast': all regions have the same size, and their distance is rounded down. 'kaiming': the paper's, which
        reach to the end.
    name : str or None
    """

    def __init__(self, incoming, pool_dims=(4, 2, 1), mode="max", implementation="fast", **kwargs):
        super().__init__(incoming, **kwargs)
        if len(self.input_shape) != 4:
            raise ShapeError(f"{told(self)}: Tried to create a SPP layer with input shape {self.input_shape}. Expected "
                             f"4 input dimensions (batchsize, channels, 2 spatial dimensions).")
        if implementation not in ("fast", "kaiming"):
            raise SpecError(f"{told(self)}: implementation={implementation!r} is not valid; it must be 'fast' or "
                            f"'kaiming'")
        self.mode = mode
        self.implementation = implementation
        self.pool_dims = list(pool_dims)

    def get_output_for(self, input, **kwargs):
        size = [input.shape[axis + 2] if n is None else n for axis, n in enumerate(self.input_shape[2:])]
        found = []
        for parts in self.pool_dims:
            if self.implementation == "kaiming":
                found += pool_2d_nxn_regions(input, parts, mode=self.mode)
                continue
            window, stride = [-(-n // parts) for n in size], [n // parts for n in size]
            if not all(isinstance(n, int_types) for n in size):
                window, stride = pt.stack(window), pt.stack(stride)
            found.append(pool_2d(input, window, stride, ignore_border=True, pad=None, mode=self.mode).flatten(3))
        return pt.concatenate(found, axis=2)

    def get_output_shape_for(self, input_shape):
        return (*input_shape[:2], sum(parts * parts for parts in self.pool_dims))
