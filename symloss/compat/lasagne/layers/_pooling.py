"""Pooling with channels first, (batch, channels, ...), by the windows of `symloss.layers.windows`."""

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph

from ....errors import SpecError
from ....layers import windows
from ..utils import as_tuple, int_types

MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")


def positions(size, window, stride, pad, ignore_border):
    """Return the number of windows along an axis; None if its length varies.

    >>> positions(13, 3, 2, 0, True), positions(13, 2, 2, 0, True), positions(13, 2, 2, 0, False)
    (6, 6, 7)
    """
    if size is None or window is None:
        return None
    if ignore_border:
        return (size + 2 * pad - window) // stride + 1
    if stride >= window:
        return (size + stride - 1) // stride
    more = (size - window + stride - 1) // stride
    return (max(0, more) if isinstance(more, int_types) else pt.maximum(0, more)) + 1


def pool(input, window, stride, pad, ignore_border, mode, input_shape=None):
    """Return the values of windows over all axes but the first two.

    Parameters
    ----------
    input : tensor (batch, channels, *size)
    window, stride, pad : tuples of int
        One for each axis.
    ignore_border : bool
        Whether to leave out incomplete windows at the end. Otherwise, they pool the cells that they have.
    mode : str
        'max', whose gradient goes to all cells with the maximum; 'sum'; 'average_inc_pad' or 'average_exc_pad', which
        include or exclude the padding.
    input_shape : tuple or None
        Known lengths.

    Raises
    ------
    ValueError
        For another mode.
    NotImplementedError
        For padding with incomplete windows, or padding as wide as the window.
    """
    input = pt.as_tensor_variable(input)
    axes = input.ndim - 2
    if mode not in MODES:
        raise SpecError(f"pooling: mode={mode!r} is not valid; it must be one of {', '.join(map(repr, MODES))}")
    if any(pad) and not ignore_border:
        raise NotImplementedError(f"pooling: pad={pad} only works with ignore_border=True; use a PadLayer instead")
    if any(p >= w for p, w in zip(pad, window, strict=True)):
        raise NotImplementedError(f"pooling: pad={pad} must be smaller than the window {window}")
    last = input.dimshuffle(0, *range(2, axes + 2), 1)
    sizes = windows.lengths(last)[1:-1]
    counts = [positions(*each, ignore_border) for each in zip(sizes, window, stride, pad, strict=True)]
    behind = pad if ignore_border else [_missing(*each) for each in zip(sizes, window, stride, counts, strict=True)]
    found = windows.pad(last, pad, behind, value=-np.inf if mode == "max" else 0.0)
    for axis in reversed(range(axes)):
        if mode == "max":
            found = _greatest(found, axis + 1, window[axis], stride[axis], counts[axis])
        else:
            found = windows.joined(found, axis + 1, window[axis], stride[axis], counts[axis], pt.add)
    if mode.startswith("average"):
        for axis, each in enumerate(zip(sizes, window, stride, pad, counts, strict=True)):
            members = _members(*each, mode == "average_exc_pad").astype(input.dtype)
            found = found / members.dimshuffle(*["x"] * (axis + 1), 0, *["x"] * (axes - axis))
    return found.dimshuffle(0, axes + 1, *range(1, axes + 1))


def _missing(size, window, stride, count):
    """Return how many cells the last window has behind the end."""
    lacking = (count - 1) * stride + window - size
    return max(0, lacking) if isinstance(lacking, int_types) else pt.maximum(0, lacking)


def _members(size, window, stride, pad, count, without_padding):
    """Return how many cells of each window along an axis count."""
    first = pt.arange(count) * stride
    behind = pt.minimum(first + window, size + 2 * pad)
    if without_padding:
        first, behind = pt.maximum(first, pad), pt.minimum(behind, size + pad)
    return behind - first


def _greatest(x, axis, window, stride, count):
    """Return the maximum of each window along an axis, whose gradient goes to all that are as great, as in Theano."""
    if window == 1 and stride == 1:
        return x
    inner = x.type()
    known = isinstance(count, int_types)

    def cells(of):
        places = count if known else (of.shape[axis] - window) // stride + 1
        rest = (slice(None),) * axis
        return [(*rest, slice(cell, cell + (places - 1) * stride + 1, stride)) for cell in range(window)]

    def pullback(inputs, outputs, gradients):
        total = pt.zeros(windows.lengths(inputs[0]), dtype=x.dtype)
        for cell in cells(inputs[0]):
            total = total[cell].inc(gradients[0] * pt.eq(inputs[0][cell], outputs[0]).astype(x.dtype))
        return [total]

    places = count if known else (inner.shape[axis] - window) // stride + 1
    found = windows.joined(inner, axis, window, stride, places, pt.maximum)
    return OpFromGraph([inner], [found], inline=True, pullback=pullback, name="greatest")(x)


def pool_by(input, window, stride, mode):
    """Return what full windows over the last two axes pool, of sizes that are known only when it is computed.

    Parameters
    ----------
    input : tensor (batch, channels, rows, columns)
    window, stride : vector, or pair of int or scalar tensor
    mode : str
        As in `pool`.
    """
    size = [input.shape[2], input.shape[3]]
    window, stride = ([v[0], v[1]] for v in (window, stride))
    where = windows.covered(size, window, stride)
    flat = input.reshape((input.shape[0], input.shape[1], size[0] * size[1]))
    seen = flat[:, :, where.ravel()].reshape((input.shape[0], input.shape[1], where.shape[0], where.shape[1]))
    found = {"max": pt.max, "sum": pt.sum}.get(mode, pt.mean)(seen, axis=3)
    counts = [windows.positions(*each) for each in zip(size, window, stride, strict=True)]
    return found.reshape((input.shape[0], input.shape[1], *counts))


def pool_2d(input, ws, stride=None, ignore_border=True, pad=(0, 0), mode="max"):
    """Return what windows over the last two of four axes pool; see `pool`. `ws` and `stride` may be vectors."""
    stride = ws if stride is None else stride
    if hasattr(ws, "type") or hasattr(stride, "type") or not windows.known((*as_tuple(ws, 2), *as_tuple(stride, 2))):
        if not ignore_border or (pad is not None and any(as_tuple(pad, 2))):
            raise NotImplementedError("pooling: a window size that is a variable only works with ignore_border=True "
                                      "and without padding")
        return pool_by(input, ws, stride, mode)
    pad = (0, 0) if pad is None else pad
    return pool(input, *(as_tuple(v, 2, int_types) for v in (ws, stride, pad)), ignore_border, mode)


def pool_3d(input, ws, stride=None, ignore_border=True, pad=(0, 0, 0), mode="max"):
    """Return what windows over the last three of five axes pool; see `pool`."""
    stride = ws if stride is None else stride
    return pool(input, *(as_tuple(v, 3, int_types) for v in (ws, stride, pad)), ignore_border, mode)
