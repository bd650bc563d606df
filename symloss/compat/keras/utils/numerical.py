"""Labels as one-hot vectors, vectors of length 1."""

import numpy as np

from ....errors import DataError, SpecError
from .. import ops
from ..tensors import Tensor, as_tensor


def to_categorical(x, num_classes=None) -> Tensor:
    """Return integer labels as one-hot vectors: floats (..., num_classes).

    Parameters
    ----------
    x : array of integers (...) or (..., 1)
    num_classes : int or None
        None: one more than the largest label.

    Raises
    ------
    DataError
        For labels that are no integers, or out of range.
    """
    labels = np.asarray(as_tensor(x, who="to_categorical"))
    whole = labels.astype("int64")
    if (whole != labels).any():
        raise DataError("to_categorical: the labels are not integers; pass the labels 0, 1, ...")
    if whole.ndim > 1 and whole.shape[-1] == 1:
        whole = whole[..., 0]
    count = int(whole.max()) + 1 if num_classes is None else int(num_classes)
    wrong = (whole < 0) | (whole >= count)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(f"to_categorical: got label {whole[at]} at {at}, but the labels of {count} classes are 0 to "
                        f"{count - 1}")
    return as_tensor((whole[..., None] == np.arange(count)), "float32")


def normalize(x, axis=-1, order=2) -> Tensor:
    """Return vectors along an axis divided by their norm of an order; vectors of 0 stay."""
    x = np.asarray(as_tensor(x, who="normalize"))
    x = np.atleast_1d(x if x.dtype.kind == "f" else x.astype("float64"))
    if isinstance(order, bool) or not isinstance(order, int | float) or order == 0:
        raise SpecError(f"normalize: order={order!r} is not valid; it must be a number other than 0")
    sizes = np.asarray(ops.norm(x, order, axis, keepdims=True))
    return as_tensor(x / np.where(sizes == 0, 1, sizes))
