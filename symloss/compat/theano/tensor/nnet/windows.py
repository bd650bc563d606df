"""Windows over tensors of any number of axes, channels first, of lengths known or not.

A tensor of windows has the shape (cells of a window, channels, items, *places).
"""

import itertools

import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.gradient import disconnected_type


def lengths(x) -> list:
    """Return the lengths of the axes of `x`: numbers where they are known, else expressions."""
    return [x.shape[axis] if n is None else n for axis, n in enumerate(x.type.shape)]


def places(size, window, stride, dilation=1):
    """Return how many whole windows fit along an axis.

    >>> places(28, 5, 1), places(7, 3, 2), places(9, 3, 1, dilation=2)
    (24, 3, 5)
    """
    return (size - (window - 1) * dilation - 1) // stride + 1


def padded(x, around, value=0.0):
    """Return `x` with cells of `value` before and behind its last axes: `around` has a pair for each of them."""
    if all(isinstance(n, int) and n == 0 for pair in around for n in pair):
        return x
    first = x.ndim - len(around)
    sizes = lengths(x)
    whole = sizes[:first] + [n + sum(pair) for n, pair in zip(sizes[first:], around, strict=True)]
    inside = (slice(None),) * first + tuple(
        slice(before, before + n) for n, (before, _) in zip(sizes[first:], around, strict=True))
    return pt.set_subtensor(pt.full(whole, pt.cast(value, x.dtype))[inside], x)


def _cells(sizes, window, stride, dilation) -> list[tuple]:
    """Return for each cell of the window the index of what lies under it at all places."""
    counts = [places(*each) for each in zip(sizes, window, stride, dilation, strict=True)]
    whole = slice(None), slice(None)
    return [(*whole, *(slice(c * d, c * d + (n - 1) * s + 1, s)
                       for c, d, n, s in zip(cell, dilation, counts, stride, strict=True)))
            for cell in itertools.product(*map(range, window))]


def unfold(x, window, stride, dilation):
    """Return what windows see of `x` (channels, items, *sizes): (cells, channels, items, *places)."""
    inner = x.type()
    parts = [inner[index] for index in _cells(lengths(inner)[2:], window, stride, dilation)]

    def pullback(inputs, outputs, gradients):
        return [fold(gradients[0], inputs[0], window, stride, dilation)]

    return OpFromGraph([inner], [pt.stack(parts)], inline=True, pullback=pullback, name="unfold")(x)


def fold(windows, like, window, stride, dilation):
    """Return (channels, items, *sizes), shaped as `like`: the sum of what each cell is in all `windows`."""
    inner, other = windows.type(), like.type()
    total = pt.zeros(lengths(other), dtype=windows.dtype)
    for number, index in enumerate(_cells(lengths(other)[2:], window, stride, dilation)):
        total = pt.inc_subtensor(total[index], inner[number])

    def pullback(inputs, outputs, gradients):
        return [unfold(gradients[0], window, stride, dilation), disconnected_type()]

    return OpFromGraph([inner, other], [total], inline=True, pullback=pullback, name="fold",
                       connection_pattern=[[True], [False]])(windows, like)
