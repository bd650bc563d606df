"""Operations that move elements: shapes, axes, indices, orders."""

import builtins

import numpy as np
import pytensor.tensor as pt

from ....errors import SpecError
from ..backend import standardize_dtype
from ..tensors import as_tensor, is_expression
from .creation import zeros
from .dispatch import axes_of, finished, one, operand, several
from .elementwise import cast
from .reductions import sum


def reshape(x, newshape):
    """Return the elements in another shape; one length may be -1."""
    x, library = one(x)
    newshape = newshape if isinstance(newshape, list | tuple) or is_expression(newshape) else (newshape,)
    return finished(x.reshape(tuple(newshape) if isinstance(newshape, list | tuple) else newshape))


def ravel(x):
    """Return the elements in one axis."""
    return finished(one(x)[0].reshape((-1,)))


def transpose(x, axes=None):
    """Return the tensor with its axes in another order, reversed unless one is given."""
    x, _ = one(x)
    return finished(x.transpose(*(axes or range(x.ndim)[::-1])) if x.ndim else x)


def swapaxes(x, axis1, axis2):
    """Return the tensor with two axes exchanged."""
    x, _ = one(x)
    return finished(x.swapaxes(axis1, axis2))


def moveaxis(x, source, destination):
    """Return the tensor with axes in other places."""
    x, library = one(x)
    return finished(library.moveaxis(x, source, destination))


def expand_dims(x, axis):
    """Return the tensor with new axes of length 1."""
    x, library = one(x)
    return finished(library.expand_dims(x, tuple(axis) if isinstance(axis, list) else axis))


def squeeze(x, axis=None):
    """Return the tensor without axes of length 1."""
    x, library = one(x)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if library is np:
        return finished(np.squeeze(x, axis))
    for place in () if axis is None else axes_of(axis, x.ndim):
        if x.type.shape[place] not in (None, 1):
            raise SpecError(f"squeeze: axis {place} has length {x.type.shape[place]}, but only axes of length 1 can be "
                            f"removed")
    return pt.squeeze(x, axis)


def concatenate(xs, axis=0):
    """Return tensors behind each other along an axis."""
    xs, library = several(*xs)
    return finished(library.concatenate(xs, axis=axis) if library is np else pt.concatenate(xs, axis=axis % xs[0].ndim))


def stack(x, axis=0):
    """Return tensors beside each other along a new axis."""
    xs, library = several(*x)
    return finished(library.stack(xs, axis=axis))


def append(x1, x2, axis=None):
    """Return two tensors behind each other; without an axis, both flat."""
    return concatenate([ravel(x1), ravel(x2)] if axis is None else [x1, x2], 0 if axis is None else axis)


def hstack(xs):
    """Return tensors behind each other along the second axis, vectors along the first."""
    return concatenate(xs, 0 if one(xs[0])[0].ndim == 1 else 1)


def vstack(xs):
    """Return tensors below each other."""
    return concatenate([expand_dims(x, 0) if one(x)[0].ndim == 1 else x for x in xs], 0)


def unstack(x, num=None, axis=0) -> list:
    """Return the parts along an axis as a list."""
    x, library = one(x)
    count = num or (x.shape[axis] if library is np else x.type.shape[axis])
    if count is None:
        raise SpecError(f"unstack: the length of axis {axis} is not known; pass num")
    return [take(x, index, axis) for index in range(count)]


def split(x, indices_or_sections, axis=0) -> list:
    """Return parts along an axis: so many of equal lengths, or those between indices."""
    x, library = one(x)
    if library is np:
        return [finished(part) for part in np.split(x, indices_or_sections, axis)]
    length = x.type.shape[axis]
    if isinstance(indices_or_sections, int):
        if length is None or length % indices_or_sections:
            raise SpecError(f"split: axis {axis} has length {length}, which is not a multiple of "
                            f"{indices_or_sections}; pass indices")
        ends = list(range(0, length + 1, length // indices_or_sections))
    else:
        ends = [0, *indices_or_sections, None]
    before = (builtins.slice(None),) * (axis % x.ndim)
    return [x[(*before, builtins.slice(a, b))] for a, b in zip(ends[:-1], ends[1:], strict=True)]


def repeat(x, repeats, axis=None):
    """Return each element so many times."""
    x, library = one(x)
    return finished(library.repeat(x, repeats, axis=axis))


def tile(x, repeats):
    """Return the whole tensor so many times along each axis."""
    x, library = one(x)
    return finished(library.tile(x, repeats))


def pad(x, pad_width, mode="constant", constant_values=None):
    """Return the tensor with numbers around it."""
    x, library = one(x)
    width = pad_width
    if isinstance(pad_width, int):
        width = [(pad_width, pad_width)] * x.ndim
    elif isinstance(pad_width[0], int):
        width = [tuple(pad_width)] * x.ndim
    more = {"constant_values": 0 if constant_values is None else constant_values} if mode == "constant" else {}
    if mode != "constant" and constant_values is not None:
        raise SpecError(f"pad: constant_values only works with mode='constant', but mode is {mode!r}; leave one of "
                        f"them out")
    return finished(library.pad(x, width, mode=mode, **more))


def flip(x, axis=None):
    """Return the tensor backwards along axes."""
    x, library = one(x)
    if library is np:
        return finished(np.flip(x, axis))
    axes = axes_of(axis, x.ndim)
    return x[tuple(builtins.slice(None, None, -1 if a in axes else None) for a in range(x.ndim))]


def roll(x, shift, axis=None):
    """Return the tensor shifted along an axis; what falls off comes in at the other end."""
    x, library = one(x)
    return finished(library.roll(x, shift, axis=axis))


def diag(x, k=0):
    """Return a vector as a diagonal matrix, or the diagonal of a matrix."""
    x, library = one(x)
    return finished(library.diag(x, k))


def diagonal(x, offset=0, axis1=0, axis2=1):
    """Return a diagonal of two axes."""
    x, library = one(x)
    return finished(library.diagonal(x, offset, axis1, axis2))


def trace(x, offset=0, axis1=0, axis2=1):
    """Return the sum of a diagonal."""
    return sum(diagonal(x, offset, axis1, axis2), -1)


def triu(x, k=0):
    """Return a matrix with zeros below a diagonal."""
    x, library = one(x)
    return finished(library.triu(x, k))


def tril(x, k=0):
    """Return a matrix with zeros above a diagonal."""
    x, library = one(x)
    return finished(library.tril(x, k))


def take(x, indices, axis=None):
    """Return the elements at indices, negative ones from the end; along an axis, or of the flat tensor."""
    symbolic = is_expression(x) or is_expression(indices)
    x = operand(x, symbolic)
    indices = operand(indices, symbolic)
    indices = indices if str(indices.dtype).startswith(("int", "uint")) else indices.astype("int32")
    return finished((pt if symbolic else np).take(x, indices, axis=axis))


def take_along_axis(x, indices, axis=None):
    """Return for each place along other axes the element at its own index."""
    symbolic = is_expression(x) or is_expression(indices)
    x, indices = operand(x, symbolic), operand(indices, symbolic)
    if axis is None:
        x, indices, axis = x.reshape((-1,)), indices.reshape((-1,)), 0
    return finished((pt if symbolic else np).take_along_axis(x, indices, axis=axis))


def get_item(x, key):
    """Return ``x[key]``."""
    return finished(one(x)[0][key])


def slice(inputs, start_indices, shape):
    """Return the part of a tensor from `start_indices`, in a shape."""
    x, _ = one(inputs)
    return finished(x[tuple(builtins.slice(a, a + n) for a, n in zip(start_indices, shape, strict=True))])


def slice_update(inputs, start_indices, updates):
    """Return the tensor with `updates` from `start_indices` on."""
    (x, updates), library = several(inputs, updates)
    key = tuple(builtins.slice(a, a + n) for a, n in zip(start_indices, updates.shape, strict=True))
    if library is pt:
        return pt.set_subtensor(x[key], updates)
    x = np.array(x)
    x[key] = updates
    return finished(x)


def scatter_update(inputs, indices, updates, reduction=None):
    """Return the tensor with `updates` at places; `indices` (n, d) name the first d axes."""
    (x, updates), library = several(inputs, updates)
    key = tuple(np.moveaxis(np.asarray(indices), -1, 0))
    if reduction not in (None, "add"):
        raise SpecError(f"scatter_update: reduction={reduction!r} is not valid; it must be None or 'add'")
    if library is pt:
        return (pt.inc_subtensor if reduction else pt.set_subtensor)(x[key], updates)
    x = np.array(x)
    if reduction:
        np.add.at(x, key, updates)
    else:
        x[key] = updates
    return finished(x)


def scatter(indices, values, shape):
    """Return zeros with `values` added at places."""
    values, _ = one(values)
    return scatter_update(zeros(shape, str(values.dtype)), indices, values, "add")


def sort(x, axis=-1):
    """Return the elements in order, the smallest first."""
    x, library = one(x)
    return finished(library.sort(x, axis=axis))


def argsort(x, axis=-1):
    """Return the indices that bring the elements into order; equal ones stay as they are."""
    x, library = one(x)
    x, axis = (x.reshape((-1,)), 0) if axis is None else (x, axis)
    found = np.argsort(x, axis, kind="stable") if library is np else pt.argsort(x, axis, stable=True)
    return cast(found, "int32")


def top_k(x, k, sorted=True) -> tuple:
    """Return the k largest elements along the last axis, the largest first, and their indices; of equal ones the first.

    `sorted` may be False, which allows any order.
    """
    x, library = one(x)
    order = argsort(-x)[..., :k]
    return take_along_axis(x, order, -1), order


def in_top_k(targets, predictions, k):
    """Return whether each target's score is among the k largest of its row."""
    symbolic = is_expression(targets) or is_expression(predictions)
    scores, labels = operand(predictions, symbolic), operand(targets, symbolic)
    own = take_along_axis(scores, cast(labels, "int64")[..., None], -1)
    library = pt if symbolic else np
    better = (scores > own).sum(axis=-1) if library is np else pt.gt(scores, own).sum(axis=-1)
    finite = ~library.isnan(own[..., 0]) & ~library.isinf(own[..., 0])
    return finished((better < k if library is np else pt.lt(better, k)) & finite)


def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """Return labels as 1 at the label and 0 elsewhere, along a new axis; a label out of range has no 1."""
    if sparse:
        raise SpecError("one_hot: sparse=True is not supported; leave it out")
    x, library = one(x)
    classes = library.arange(num_classes, dtype="int32")
    hot = library.expand_dims(x, -1) == classes if library is np else pt.eq(pt.expand_dims(x, -1), classes)
    hot = cast(hot, standardize_dtype(dtype))
    return hot if axis in (-1, x.ndim) else moveaxis(hot, -1, axis)


def multi_hot(inputs, num_classes=None, axis=-1, dtype=None, sparse=False):
    """Return sets of labels (..., k) as 1 at each of them, 0 elsewhere."""
    if num_classes is None:
        raise SpecError("multi_hot: num_classes is missing; pass the number of classes")
    hot = one_hot(inputs, num_classes, -1, dtype, sparse)
    x, library = one(hot)
    found = library.max(x, axis=-2 if x.ndim > 1 else 0)
    return finished(found) if axis in (-1, found.ndim - 1) else moveaxis(found, -1, axis)


def searchsorted(sorted_sequence, values, side="left"):
    """Return where values belong in a sorted vector."""
    symbolic = is_expression(sorted_sequence) or is_expression(values)
    given = operand(sorted_sequence, symbolic), operand(values, symbolic)
    return cast((pt if symbolic else np).searchsorted(*given, side=side), "int32")


def bincount(x, weights=None, minlength=0, sparse=False):
    """Return how often each integer from 0 occurs in an array, or the sum of its weights."""
    if sparse or is_expression(x) or is_expression(weights):
        raise SpecError("bincount: it only takes dense arrays. For a PyTensor variable, write "
                        "keras.ops.sum(keras.ops.one_hot(x, n), axis=0)")
    x, weights = as_tensor(x), None if weights is None else as_tensor(weights)
    rows = [np.bincount(row, None if weights is None else weights if x.ndim == 1 else weights[i], minlength)
            for i, row in enumerate(np.atleast_2d(x))]
    length = builtins.max(len(row) for row in rows)
    found = np.stack([np.pad(row, (0, length - len(row))) for row in rows]).reshape((*x.shape[:-1], length))
    return as_tensor(found, "int32" if weights is None else str(weights.dtype))


def diff(a, n=1, axis=-1):
    """Return differences of neighbors along an axis."""
    x, library = one(a)
    return finished(library.diff(x, n, axis))


def unique(x, **options):
    """Return the sorted unique elements of an array, see numpy's `unique`."""
    if is_expression(x):
        raise SpecError("unique: it only takes arrays, since the number of unique elements of a PyTensor variable is "
                        "not known in advance")
    return finished(np.unique(as_tensor(x), **options))


