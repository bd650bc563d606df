"""theano.tensor.extra_ops."""

import pytensor.tensor as pt

from ..names import forwarding

__all__ = ["to_one_hot"]


def to_one_hot(y, nb_class, dtype=None):
    """Return a matrix with a row for each label in the vector `y`, 1 at the label, 0 elsewhere."""
    y = pt.as_tensor_variable(y)
    hot = pt.eq(y[:, None], pt.arange(nb_class, dtype="int64"))
    return hot.astype(dtype or "float64")


__getattr__ = forwarding("theano.tensor.extra_ops", "pytensor.tensor.extra_ops", "pytensor.tensor")
