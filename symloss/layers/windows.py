"""Windows that move over the axes between the first and the last of (n, *size, channels): the basis of convolution.

Windows are split into cells by slices (`sliced`, `unsliced`), for inputs of any size, or, if sizes are known numbers,
by `covered`, `unfold` and `fold`. `correlate` and `spread` are the products that convolution consists of.
"""

import itertools
import math

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.gradient import disconnected_type

# -------------------------------------------------------------------------------------------------------- geometry


def padding(border, size: int, window: int, stride: int) -> tuple[int, int]:
    """Return the number of zeros before and after an axis of `size` cells.

    >>> padding("same", 28, 5, 1), padding("full", 28, 5, 1), padding(3, 28, 5, 1)
    ((2, 2), (4, 4), (3, 3))
    """
    if border == "same":
        missing = max(0, (-(-size // stride) - 1) * stride + window - size)
        return missing // 2, missing - missing // 2
    both = {"valid": 0, "half": window // 2, "full": window - 1}.get(border, border)
    return both, both


def positions(size, window: int, stride: int, dilation: int = 1):
    """Return how many whole windows fit, `stride` cells apart. The cells of a window are `dilation` apart."""
    return (size - (window - 1) * dilation - 1) // stride + 1


def covered(size, window, stride, flip=False, dilation=None):
    """Return (places, cells): the index of the image cell under each cell of the window, at each place.

    Parameters
    ----------
    size, window, stride : sequences of int
        One for each axis. If one of `size` or `window` is a scalar tensor, the result is a tensor, too.
    flip : bool
        Whether the cells of the window are numbered from its end, as in a convolution.
    dilation : sequence of int or None
        Distance between the cells of a window. None means 1.

    >>> covered((2, 3), (1, 2), (1, 1)).tolist()
    [[0, 1], [1, 2], [3, 4], [4, 5]]
    """
    arange = np.arange if known((*size, *window)) else pt.arange
    places, cells = arange(1), arange(1)
    for n, w, s, d in zip(size, window, stride, dilation or (1,) * len(size), strict=True):
        within = arange(w)[::-1] if flip else arange(w)
        places = (places[:, None] * n + arange(positions(n, w, s, d)) * s).ravel()
        cells = (cells[:, None] * n + within * d).ravel()
    return places[:, None] + cells


def known(numbers) -> bool:
    """Return whether all `numbers` are integers instead of tensors."""
    return all(isinstance(n, int | np.integer) for n in numbers)


def lengths(x) -> tuple:
    """Return the shape of a tensor, as integers where its type knows them, otherwise as scalar tensors."""
    return tuple(x.shape[axis] if n is None else n for axis, n in enumerate(x.type.shape))


def covering(numbers: np.ndarray, pixels: int) -> np.ndarray:
    """Return (k, pixels): where each image cell went to in `covered`, or past the end if it is used less often.

    >>> covering(np.array([[0, 1], [1, 2]]), 4).tolist()
    [[0, 1, 3, 4], [4, 2, 4, 4]]
    """
    flat = numbers.ravel()
    order = np.argsort(flat, kind="stable")
    counts = np.bincount(flat, minlength=pixels)
    rank = np.arange(flat.size) - np.repeat(np.cumsum(counts) - counts, counts)
    found = np.full((counts.max(), pixels), flat.size)
    found[rank, flat[order]] = order
    return found


# --------------------------------------------------------------------------------------------------------- patches

# Each of `unfold` and `fold` has the other for its gradient, and so have `sliced` and `unsliced`. PyTensor's own would
# add to single cells in Python. They are inlined when a function is compiled; the first two keep the number of items
# apart from all others, so that JAX knows it.


def unfold(x, numbers):
    """Return (n * places, cells * channels): the content of windows over images (n, pixels, channels)."""
    inner = x.type()
    _, pixels, channels = x.type.shape
    places, cells = numbers.shape
    rows = (pt.arange(inner.shape[0])[:, None] * pixels + numbers.ravel()).ravel()
    taken = inner.reshape((-1, channels))[rows].reshape((-1, cells * channels))

    def pullback(inputs, outputs, gradients):
        return [fold(gradients[0], inputs[0], numbers)]

    return OpFromGraph([inner], [taken], inline=True, pullback=pullback, name="unfold")(x)


def fold(patches, like, numbers):
    """Return (n, pixels, channels): the sum over all `patches` of each pixel. n is the length of `like`."""
    inner, other = patches.type(), like.type()
    _, pixels, channels = like.type.shape
    where = covering(numbers, pixels)[:, None, :]
    nothing = np.zeros((1, channels), patches.dtype)
    rows = pt.concatenate([inner.reshape((-1, channels)), nothing])
    first = pt.arange(other.shape[0])[:, None] * numbers.size
    found = rows[pt.switch(where < numbers.size, first + where, -1).ravel()]  # -1: nothing
    total = found.reshape((len(where), -1)).sum(axis=0).reshape((other.shape[0], pixels, channels))

    def pullback(inputs, outputs, gradients):
        return [unfold(gradients[0], numbers), disconnected_type()]

    return OpFromGraph([inner, other], [total], inline=True, pullback=pullback, name="fold",
                       connection_pattern=[[True], [False]])(patches, like)


def items(rows, like, shape):
    """Return (n, *shape) from rows (n * places, channels), with the length n of `like`."""
    inner, other = rows.type(), like.type()
    whole = inner.reshape((other.shape[0], *shape))

    def pullback(inputs, outputs, gradients):
        return [gradients[0].reshape((-1, shape[-1])), disconnected_type()]

    return OpFromGraph([inner, other], [whole], inline=True, pullback=pullback, name="items",
                       connection_pattern=[[True], [False]])(rows, like)


def sliced(x, window, stride, flip=False, dilation=None):
    """Return (n, *places, cells * channels): the content of windows over `x` (n, *size, channels), of any size."""
    inner = x.type()
    sizes = zip(lengths(inner)[1:-1], window, stride, dilation or (1,) * len(window), strict=True)
    places = [positions(*each) for each in sizes]
    seen = pt.concatenate([inner[cell] for cell in _cells(places, window, stride, flip, dilation)], axis=-1)

    def pullback(inputs, outputs, gradients):
        return [unsliced(gradients[0], inputs[0], window, stride, flip, dilation)]

    return OpFromGraph([inner], [seen], inline=True, pullback=pullback, name="sliced")(x)


def unsliced(patches, like, window, stride, flip=False, dilation=None):
    """Return (n, *size, channels), in the shape of `like`: the sum over all `patches` of each cell."""
    inner, other = patches.type(), like.type()
    channels = lengths(other)[-1]
    total = pt.zeros(lengths(other), dtype=patches.dtype)
    for number, cell in enumerate(_cells(lengths(inner)[1:-1], window, stride, flip, dilation)):
        total = total[cell].inc(inner[..., number * channels : (number + 1) * channels])

    def pullback(inputs, outputs, gradients):
        return [sliced(gradients[0], window, stride, flip, dilation), disconnected_type()]

    return OpFromGraph([inner, other], [total], inline=True, pullback=pullback, name="unsliced",
                       connection_pattern=[[True], [False]])(patches, like)


def _cells(places, window, stride, flip, dilation):
    """Yield, for each cell of a window, the slices of what it lies on at all places."""
    for cell in itertools.product(*(reversed(range(w)) if flip else range(w) for w in window)):
        first = [c * d for c, d in zip(cell, dilation or (1,) * len(window), strict=True)]
        yield (slice(None), *(slice(f, f + (p - 1) * s + 1, s) for f, p, s in zip(first, places, stride, strict=True)))


def pad(x, before, behind, value=0.0):
    """Return images (n, *size, channels) with cells of `value` around them."""
    if known((*before, *behind)) and not any(before) and not any(behind):
        return x
    number, *size, channels = lengths(x)
    around = tuple(n + a + b for n, a, b in zip(size, before, behind, strict=True))
    frame = pt.full((number, *around, channels), np.asarray(value, x.dtype))
    return frame[(slice(None), *(slice(a, a + n) for n, a in zip(size, before, strict=True)))].set(x)


def joined(x, axis: int, window: int, stride: int, places, join):
    """Return all the cells of each window along one axis, combined by `join`, a function of two tensors."""
    total = None
    for cell in range(window):
        part = x[(*(slice(None),) * axis, slice(cell, cell + (places - 1) * stride + 1, stride))]
        total = part if total is None else join(total, part)
    return total


# -------------------------------------------------------------------------------------------------------- products


def correlate(x, weights, stride, *, flip=False, dilation=None, groups=1):
    """Return (n, *places, filters): the sum of the cells of each window times `weights`.

    Parameters
    ----------
    x : tensor (n, *size, channels)
    weights : tensor (*window, channels // groups, filters)
        Lengths of both are taken from their types, if these know them.
    stride : tuple of int
        One for each axis.
    flip : bool
        True: convolution, which reverses the filter.
    dilation : tuple of int or None
        Distance between the cells of a window, along each axis. None means 1.
    groups : int
        Number of parts that channels and filters are divided into. The filters of a part see only its channels.
    """
    number, *size, channels = lengths(x)
    *window, _, filters = lengths(weights)
    places = [positions(*each) for each in zip(size, window, stride, dilation or (1,) * len(size), strict=True)]
    rows = _grouped(_seen(x, window, stride, flip, dilation), weights, channels, groups)
    shape = (*places, filters)
    return items(rows, x, shape) if known(shape) else rows.reshape((number, *shape))


def spread(x, weights, size, stride, *, flip=False, dilation=None):
    """Return (n, *size, channels): the transposed map of `correlate`, which is its gradient with respect to its input.

    Parameters
    ----------
    x : tensor (n, *places, filters)
    weights : tensor (*window, channels, filters)
    size : tuple of int or scalar tensor
        Size of the result. As many windows as `x` has places must fit.
    stride, flip, dilation
        See `correlate`.
    """
    *window, channels, filters = lengths(weights)
    number, *places, _ = lengths(x)
    patches = pt.dot(x.reshape((-1, filters)), weights.reshape((-1, filters)).T)
    if known(window):
        like = pt.zeros((number, *size, channels), dtype=patches.dtype)
        return unsliced(patches.reshape((number, *places, math.prod(window) * channels)), like, window, stride, flip,
                        dilation)
    where = covered(size, window, stride, flip, dilation)
    blank = pt.zeros((number, pt.prod(pt.stack(size)), channels), dtype=patches.dtype)
    return blank[:, where.ravel()].inc(patches.reshape((number, -1, channels))).reshape((number, *size, channels))


def _seen(x, window, stride, flip, dilation):
    """Return (n * places, cells * channels): what windows see of `x`."""
    number, *size, channels = lengths(x)
    if known(window):
        return sliced(x, window, stride, flip, dilation).reshape((-1, math.prod(window) * channels))
    where = covered(size, window, stride, flip, dilation)
    taken = x.reshape((number, pt.prod(pt.stack(size)), channels))[:, where.ravel()]
    return taken.reshape((-1, where.shape[1] * channels))


def _grouped(patches, weights, channels, groups):
    """Return patches times weights, (n * places, filters)."""
    filters = lengths(weights)[-1]
    if groups == 1:
        return pt.dot(patches, weights.reshape((-1, filters)))
    each = channels // groups
    seen = patches.reshape((patches.shape[0], -1, groups, each)).dimshuffle(2, 0, 1, 3)
    parts = weights.reshape((-1, each, groups, filters // groups)).dimshuffle(2, 0, 1, 3)
    found = pt.matmul(seen.reshape((groups, patches.shape[0], -1)), parts.reshape((groups, -1, filters // groups)))
    return found.dimshuffle(1, 0, 2).reshape((-1, filters))
