"""theano.tensor.signal.pool: maxima, sums and means of windows over the last axes."""

import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph

from .....errors import SpecError
from .....layers.windows import joined, lengths
from ...names import forwarding

MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")


def output_length(size, window, stride, pad, ignore_border):
    """Return how many windows there are along an axis.

    >>> output_length(7, 2, 2, 0, True), output_length(7, 2, 2, 0, False)
    (3, 4)
    """
    size = size + 2 * pad
    if ignore_border:
        count = (size - window) // stride + 1
        return max(count, 0) if isinstance(count, int) else pt.maximum(count, 0)
    if stride >= window:
        return (size - 1) // stride + 1
    count = (size - 1 - window + stride) // stride
    return (max(count, 0) if isinstance(count, int) else pt.maximum(count, 0)) + 1


def _parts(x, axis, window, stride, count):
    rest = (slice(None),) * axis
    return [(*rest, slice(cell, cell + (count - 1) * stride + 1, stride)) for cell in range(window)]


def _greatest(x, axis, window, stride, count):
    """Return the maximum of each window along an axis; its gradient goes to all cells that are the maximum."""
    inner = x.type()
    count = count if isinstance(count, int) else _count_again(inner, axis, window, stride)
    indices = _parts(inner, axis, window, stride, count)
    found = inner[indices[0]]
    for index in indices[1:]:
        found = pt.maximum(found, inner[index])

    def pullback(inputs, outputs, gradients):
        own = count if isinstance(count, int) else _count_again(inputs[0], axis, window, stride)
        total = pt.zeros(lengths(inputs[0]), dtype=x.dtype)
        for index in _parts(inputs[0], axis, window, stride, own):
            part = inputs[0][index]
            total = pt.inc_subtensor(total[index], gradients[0] * pt.eq(part, outputs[0]).astype(x.dtype))
        return [total]

    return OpFromGraph([inner], [found], inline=True, pullback=pullback, name="greatest")(x)


def _count_again(x, axis, window, stride):
    return (x.shape[axis] - window) // stride + 1


def _sum(x, axis, window, stride, count):
    """Return the sum of each window along an axis."""
    return joined(x, axis, window, stride, count, pt.add)


def _padded(x, around, value):
    """Return `x` (items, *size, channels) with cells of `value` around it: pairs of before and behind."""
    if all(isinstance(n, int) and n == 0 for pair in around for n in pair):
        return x
    sizes = lengths(x)[1:-1]
    whole = [lengths(x)[0], *(n + a + b for n, (a, b) in zip(sizes, around, strict=True)), lengths(x)[-1]]
    inside = (slice(None), *(slice(a, a + n) for n, (a, _) in zip(sizes, around, strict=True)))
    return pt.set_subtensor(pt.full(whole, pt.cast(value, x.dtype))[inside], x)


def _members(size, window, stride, pad, count, mode, dtype):
    """Return how many cells each window along an axis has that count, as a vector."""
    first = pt.arange(count, dtype="int64") * stride
    behind = pt.minimum(first + window, size + 2 * pad)
    if mode == "average_exc_pad":
        first, behind = pt.maximum(first, pad), pt.minimum(behind, size + pad)
    return (behind - first).astype(dtype)


def pool(x, window, ignore_border, stride, pad, mode, axes):
    """Return what windows over the last `axes` axes of `x` pool."""
    x = given = pt.as_tensor_variable(x)
    window, stride, pad = (_numbers(v, axes, x) for v in (window, window if stride is None else stride, pad))
    if mode not in MODES:
        raise ValueError(f"Pool mode parameter only support {', '.join(map(repr, MODES))}; got {mode!r}")
    if x.ndim < axes:
        raise NotImplementedError(f"pool: the input has {x.ndim} axes, but it must have at least {axes}")
    if any(pad) and not ignore_border:
        raise NotImplementedError("padding only works with ignore_border=True")
    if any(p >= w for p, w in zip(pad, window, strict=True)):
        raise NotImplementedError(f"the padding {pad} must be smaller than the window {window}")
    whole = x.ndim
    if whole != axes + 2:
        x = x.reshape((-1, 1, *lengths(x)[whole - axes:]), ndim=axes + 2) if whole != axes + 1 else x[:, None]
    found = _pooled(x.dimshuffle(0, *range(2, axes + 2), 1), window, ignore_border, stride, pad, mode)
    found = found.dimshuffle(0, axes + 1, *range(1, axes + 1))
    if whole == axes + 2:
        return found
    return found.reshape((*lengths(given)[: whole - axes], *lengths(found)[2:]), ndim=whole)


def _pooled(x, window, ignore_border, stride, pad, mode):
    """Return what windows over `x` (items, *size, channels) pool: the layout that convolution has, too."""
    sizes, axes = lengths(x)[1:-1], len(window)
    counts = [output_length(*each, ignore_border) for each in zip(sizes, window, stride, pad, strict=True)]
    missing = [_missing(*each, ignore_border) for each in zip(sizes, window, stride, counts, strict=True)]
    around = [(p, p if ignore_border else m) for p, m in zip(pad, missing, strict=True)]
    found = _padded(x, around, value=-float("inf") if mode == "max" else 0.0)
    for axis in reversed(range(axes)):
        join = _greatest if mode == "max" else _sum
        found = join(found, axis + 1, window[axis], stride[axis], counts[axis])
    if mode.startswith("average"):
        for axis in range(axes):
            members = _members(sizes[axis], window[axis], stride[axis], pad[axis], counts[axis], mode, x.dtype)
            found = found / members.dimshuffle(*["x"] * (axis + 1), 0, *["x"] * (axes - axis))
    return found


def _missing(size, window, stride, count, ignore_border):
    """Return how many cells the last window lacks."""
    if ignore_border:
        return 0
    lacking = (count - 1) * stride + window - size
    return max(0, lacking) if isinstance(lacking, int) else pt.maximum(0, lacking)


def _numbers(value, axes, x) -> tuple[int, ...]:
    several = tuple(value) if isinstance(value, list | tuple) else (value,) * axes
    if len(several) != axes or not all(hasattr(n, "__index__") for n in several):
        raise SpecError(f"pool: {value!r} is not valid; it must be an integer for each of the last {axes} axes")
    return tuple(int(n) for n in several)


def pool_2d(input, ws=None, ignore_border=None, stride=None, pad=(0, 0), mode="max", ds=None, st=None, padding=None):
    """Return what windows over the last two axes pool.

    Parameters
    ----------
    input : tensor
    ws, stride : pairs of int
        Size of the windows, and cells from one to the next (by default the size). `ds` and `st` are older names.
    ignore_border : bool
        Whether to leave out windows at the end that are not full.
    pad : pair of int
        Cells that go around, which are below every number for 'max' and 0 for the others; `padding` is its older name.
    mode : 'max', 'sum', 'average_inc_pad' or 'average_exc_pad'
        The last two include and exclude the padding. The gradient of a maximum goes to all cells that attain it.

    Raises
    ------
    ValueError
        For another mode.
    """
    return pool(input, ds if ws is None else ws, bool(ignore_border), st if stride is None else stride,
                pad if padding is None else padding, mode, 2)


def pool_3d(input, ws=None, ignore_border=None, stride=None, pad=(0, 0, 0), mode="max", ds=None, st=None,
            padding=None):
    """Return what windows over the last three axes pool; see `pool_2d`."""
    return pool(input, ds if ws is None else ws, bool(ignore_border), st if stride is None else stride,
                pad if padding is None else padding, mode, 3)


__getattr__ = forwarding("theano.tensor.signal.pool")
