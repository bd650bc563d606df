"""Functions of tensors whose arguments PyTensor changed, or that it no longer has."""

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.ops import ViewOp
from pytensor.graph.basic import Apply

from ....errors import ShapeError


def tensor(dtype, broadcastable=None, name=None, shape=None):
    """Return a variable of a dtype whose axes may be stretched where `broadcastable` is true."""
    return pt.TensorType(dtype, shape=tuple(broadcastable) if shape is None else shape)(name)


def stack(*tensors, **kwargs):
    """Return tensors of one shape along a new axis: ``stack([a, b], axis)``, or as Theano once took them, ``a, b``."""
    axis = kwargs.pop("axis", 0)
    if kwargs:
        raise TypeError(f"stack: got unknown arguments {sorted(kwargs)}; it takes tensors and axis")
    if isinstance(tensors[0], list | tuple):
        if len(tensors) > 2:
            raise TypeError("stack: pass one list of tensors, and the axis")
        return pt.stack(tensors[0], *tensors[1:]) if len(tensors) == 2 else pt.stack(tensors[0], axis=axis)
    return pt.stack(tensors, axis=axis)


def flatten(x, ndim=None, outdim=None):
    """Return `x` with `ndim` axes: the first ``ndim - 1`` as they are, the others as one."""
    return pt.flatten(x, 1 if ndim is None and outdim is None else outdim if ndim is None else ndim)


def split(x, splits_size, n_splits, axis=0):
    """Return `n_splits` parts of `x`, with the lengths `splits_size` along `axis`."""
    return pt.split(x, splits_size, n_splits=n_splits, axis=axis)


def tile(x, reps, ndim=None):
    """Return `x` repeated `reps` times along each axis; `ndim` is the number of axes of the result."""
    if ndim is None or not isinstance(reps, list | tuple):
        return pt.tile(x, reps)
    return pt.tile(x, (1,) * (ndim - len(reps)) + tuple(reps))


def batched_dot(a, b):
    """Return for each index of the first axis the product of what `a` and `b` have there."""
    a, b = pt.as_tensor_variable(a), pt.as_tensor_variable(b)
    if not a.ndim or not b.ndim:
        raise TypeError(f"batched_dot: the arguments have {a.ndim} and {b.ndim} axes, but both need the axis of the "
                        f"items as their first")
    if a.ndim == 1:
        return a.dimshuffle(0, *["x"] * (b.ndim - 1)) * b
    if b.ndim == 1:
        return a * b.dimshuffle(0, *["x"] * (a.ndim - 1))
    if a.ndim > 3 or b.ndim > 3:
        return batched_tensordot(a, b, [[a.ndim - 1], [max(1, b.ndim - 2)]])
    left = a if a.ndim == 3 else a[:, None, :]
    right = b if b.ndim == 3 else b[:, :, None]
    product = pt.matmul(left, right)
    product = product if b.ndim == 3 else product[..., 0]
    return product if a.ndim == 3 else product[:, 0]


def batched_tensordot(x, y, axes=2):
    """Return for each index of the first axis the tensordot of what `x` and `y` have there; axes count that one too."""
    x, y = pt.as_tensor_variable(x), pt.as_tensor_variable(y)
    if isinstance(axes, int | np.integer):
        axes = [list(range(x.ndim - axes, x.ndim)), list(range(1, axes + 1))]
    summed = [[a % v.ndim for a in np.atleast_1d(each)] for v, each in zip((x, y), axes, strict=True)]
    if 0 in summed[0] + summed[1]:
        raise ShapeError("batched_tensordot: the first axis is that of the items, so it cannot be summed over")
    rest = [[a for a in range(1, v.ndim) if a not in gone] for v, gone in zip((x, y), summed, strict=True)]
    left = x.transpose(0, *rest[0], *summed[0]).reshape((x.shape[0], _size(x, rest[0]), _size(x, summed[0])))
    right = y.transpose(0, *summed[1], *rest[1]).reshape((y.shape[0], _size(y, summed[1]), _size(y, rest[1])))
    shape = [x.shape[0], *(x.shape[a] for a in rest[0]), *(y.shape[a] for a in rest[1])]
    return pt.matmul(left, right).reshape(shape, ndim=len(shape))


def _size(x, axes):
    return pt.prod([x.shape[a] for a in axes], dtype="int64") if axes else 1


def addbroadcast(x, *axes):
    """Return `x`, whose `axes` have length 1 and may be stretched."""
    return pt.specify_broadcastable(x, *axes)


def unbroadcast(x, *axes):
    """Return `x`, whose `axes` are not stretched even where they have length 1."""
    ones = [a for a in axes if x.type.broadcastable[a]]
    return _Unbroadcast(tuple(ones))(x) if ones else x


class _Unbroadcast(ViewOp):
    """x -> x, of which some axes no longer tell that their length is 1."""

    __props__ = ("axes",)

    def __init__(self, axes):
        self.axes = axes

    def make_node(self, x):
        shape = tuple(None if a in self.axes else n for a, n in enumerate(x.type.shape))
        return Apply(self, [x], [x.type.clone(shape=shape)()])

    def pullback(self, inputs, outputs, gradients):
        return [pt.specify_broadcastable(gradients[0], *self.axes)]

    grad = pullback


def patternbroadcast(x, broadcastable):
    """Return `x`, whose axes may be stretched exactly where `broadcastable` is true."""
    x = unbroadcast(x, *(a for a, one in enumerate(broadcastable) if not one))
    ones = [a for a, one in enumerate(broadcastable) if one and not x.type.broadcastable[a]]
    return pt.specify_broadcastable(x, *ones) if ones else x


def topk(x, k, axis=-1, sorted=True, idx_dtype="int64"):
    """Return the `k` greatest along `axis`, the greatest first; for a negative `k` the least, the least first."""
    return pt.take_along_axis(x, argtopk(x, k, axis, sorted, idx_dtype), axis=axis)


def argtopk(x, k, axis=-1, sorted=True, idx_dtype="int64"):
    """Return where the `k` greatest are along `axis`, the greatest first; they always come sorted."""
    order = pt.argsort(x if isinstance(k, int) and k < 0 else -x, axis=axis, stable=True)
    axis = axis % x.ndim
    return order[(slice(None),) * axis + (slice(0, abs(k)),)].astype(idx_dtype)

def dot(left, right):
    """Return the product of two matrices or vectors, as ``theano.dot`` does."""
    return left.dot(right) if hasattr(left, "dot") else right.__rdot__(left)

