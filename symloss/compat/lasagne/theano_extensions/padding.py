"""lasagne.theano_extensions.padding."""

import pytensor.tensor as pt

__all__ = ["pad"]


def pad(x, width, val=0, batch_ndim=1):
    """Return a tensor with cells of one value around it.

    Parameters
    ----------
    x : tensor
    width : int, or one int or pair of ints for each axis after the first `batch_ndim`
        How many cells go on each side, or before and behind.
    val : float
    batch_ndim : int
        How many axes at the beginning stay as they are.
    """
    each = [width] * (x.ndim - batch_ndim) if isinstance(width, int) else list(width)
    pairs = [tuple(w) if isinstance(w, tuple | list) else (w, w) for w in each]
    sizes = [x.shape[axis] for axis in range(x.ndim)]
    inside = [slice(None)] * batch_ndim
    for axis, (before, behind) in enumerate(pairs, batch_ndim):
        inside.append(slice(before, before + sizes[axis]))
        sizes[axis] = sizes[axis] + before + behind
    return pt.set_subtensor(pt.alloc(pt.constant(val, dtype=x.dtype), *sizes)[tuple(inside)], x)
