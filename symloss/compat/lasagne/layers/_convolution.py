"""Convolution with channels first, (batch, channels, ...), by the windows of `symloss.layers.windows`."""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ....errors import ShapeError
from ....layers import windows
from ..utils import as_tuple, int_types


def convolution(input, filters, input_shape=None, filter_shape=None, border_mode="valid", subsample=1, filter_flip=True,
                filter_dilation=1, num_groups=1):
    """Return the convolution of a batch with filters, along any number of axes.

    Parameters
    ----------
    input : tensor (batch, channels, *size)
    filters : tensor (filters, channels / num_groups, *window)
    input_shape, filter_shape : tuple or None
        Known lengths, and None for unknown ones; the length of the batch is ignored. Known lengths make it faster.
    border_mode : 'valid', 'half', 'full', int or tuple of int
        Padding: none, half a window, a window minus 1, or a number of zeros.
    subsample, filter_dilation : int or tuple of int
        Distance of neighboring places of a window, and of neighboring cells of a filter.
    filter_flip : bool
        True: convolution, with reversed filters. False: correlation.
    num_groups : int
        Number of groups of channels and filters.

    Returns
    -------
    tensor (batch, filters, *places)

    Raises
    ------
    ShapeError
        If numbers of axes or of channels do not fit, or the window is larger than the input.
    ValueError
        For another border_mode.
    """
    filters = told(filters, filter_shape, None, "filters")
    axes = filters.ndim - 2
    input = told(input, None if input_shape is None else (None, *input_shape[1:]), axes + 2, "input")
    _same_channels(input, filters, num_groups)
    stride, dilation = as_tuple(subsample, axes, int_types), as_tuple(filter_dilation, axes, int_types)
    last, weights = input.dimshuffle(0, *range(2, axes + 2), 1), filters.dimshuffle(*range(2, axes + 2), 1, 0)
    window = windows.lengths(weights)[:axes]
    around = zeros(border_mode, [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)])
    last = windows.pad(last, around, around)
    sizes = zip(windows.lengths(last)[1:-1], window, stride, dilation, strict=True)
    places = [windows.positions(*each) for each in sizes]
    if any(isinstance(n, int) and n < 1 for n in places):
        raise ShapeError(f"convolution: the filters {filters.type.shape} are larger than the input {input.type.shape} "
                         f"with a padding of {tuple(around)}. Use smaller filters or more padding")
    made = windows.correlate(last, weights, stride, flip=filter_flip, dilation=dilation, groups=num_groups)
    return made.dimshuffle(0, axes + 1, *range(1, axes + 1))


def transposed(input, filters, size, border_mode="valid", subsample=1, filter_flip=True):
    """Return the gradient of `convolution` with respect to its input, for the gradient `input` of its result.

    Parameters
    ----------
    input : tensor (batch, filters, *places)
    filters : tensor (filters, channels, *window)
    size : tuple of int or scalar tensor
        Shape of the result, (batch, channels, *size).
    border_mode, subsample, filter_flip
        Options of that convolution.
    """
    axes = filters.ndim - 2
    stride = as_tuple(subsample, axes, int_types)
    last, weights = input.dimshuffle(0, *range(2, axes + 2), 1), filters.dimshuffle(*range(2, axes + 2), 1, 0)
    around = zeros(border_mode, windows.lengths(weights)[:axes])
    whole = tuple(n + 2 * a for n, a in zip(size, around, strict=True))
    made = windows.spread(last, weights, whole, stride, flip=filter_flip)
    inside = tuple(slice(a, a + n) for n, a in zip(size, around, strict=True))
    return made[(slice(None), *inside)].dimshuffle(0, axes + 1, *range(1, axes + 1))


def told(x, shape, ndim, what):
    """Return `x` with the lengths in `shape` that its type does not know."""
    x = pt.as_tensor_variable(x)
    ndim = len(shape) if ndim is None and shape is not None else ndim
    if x.ndim != (x.ndim if ndim is None else ndim):
        raise ShapeError(f"convolution: the {what} of shape {x.type.shape} have {x.ndim} axes, but they must have "
                         f"{ndim}")
    if shape is None:
        return x
    pairs = zip(x.type.shape, shape, strict=True)
    new = [None if own is not None or isinstance(n, Variable) else n for own, n in pairs]
    return x if all(n is None for n in new) else pt.specify_shape(x, new)


def _same_channels(input, filters, groups):
    own, wanted = input.type.shape[1], filters.type.shape[1]
    if None not in (own, wanted) and own != wanted * groups:
        raise ShapeError(f"convolution: the input {input.type.shape} has {own} channels, but the filters "
                         f"{filters.type.shape} are made for {wanted * groups} channels")


def zeros(border_mode, window) -> list:
    """Return the number of zeros before and behind each axis.

    >>> zeros("half", (3, 5)), zeros("full", (3, 5)), zeros((1, 2), (3, 5))
    ([1, 2], [2, 4], [1, 2])
    """
    named = {"valid": lambda w: 0, "half": lambda w: w // 2, "full": lambda w: w - 1}
    if isinstance(border_mode, str) and border_mode in named:
        return [named[border_mode](w) for w in window]
    if isinstance(border_mode, (*int_types, tuple)):
        return list(as_tuple(border_mode, len(window), int_types))
    raise ValueError(f"convolution: border_mode={border_mode!r} is not valid; it must be 'valid', 'half', 'full', an "
                     f"integer, or one integer per axis")
