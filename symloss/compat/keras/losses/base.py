"""Loss: the class that users subclass, and that all losses of `classes.py` are."""

import re

from ....errors import SpecError
from .. import ops
from ..backend import get_uid, standardize_dtype
from ..errors import Configured, no_such
from ..tensors import as_tensor, is_expression
from .shapes import same_rank, spread

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def automatic_name(cls) -> str:
    """Return a name made of that of a class, with a number from the second on: 'my_loss', 'my_loss_1'."""
    words = re.sub(r"(?<=[a-z0-9])([A-Z])|([A-Z])(?=[a-z])(?<!^)", r"_\g<0>", cls.__name__).lower().strip("_")
    words = re.sub(r"__+", "_", words)
    number = get_uid(words) - 1
    return f"{words}_{number}" if number else words


class Loss(Configured):
    """Base class of losses; a subclass overrides `call`.

    Parameters
    ----------
    name : str or None
        None: the name of the class in small letters.
    reduction : 'sum_over_batch_size', 'mean', 'sum', 'mean_with_sample_weight', 'none' or None
        How to combine the values. The first two are the same: the weighted sum of the values, divided by the number of
        values. 'mean_with_sample_weight' divides by the sum of weights.
    dtype : str or None
        Dtype in which arrays are computed; None means `floatx`. Expressions keep their dtype.

    Notes
    -----
    `call` takes targets and predictions, arrays or PyTensor variables, and returns a value per item. Write it with
    `keras.ops`: then you can also minimize it.

    >>> class Fourth(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.square(ops.square(y_true - y_pred)), axis=-1)
    >>> float(Fourth()([[0.0]], [[2.0]]))
    16.0
    """

    labels = False  # whether y_true are integers that a float would spoil

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        self.name = name or automatic_name(type(self))
        self.reduction = standardize_reduction(reduction)
        self._dtype = standardize_dtype(getattr(dtype, "compute_dtype", dtype))

    @property
    def dtype(self) -> str:
        """Dtype in which arrays are computed."""
        return self._dtype

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the loss of a batch, reduced."""
        y_true, y_pred = self._converted(y_true, self.labels), self._converted(y_pred)
        values = self.call(y_true, y_pred)
        masks = [x._keras_mask for x in (y_pred, values) if getattr(x, "_keras_mask", None) is not None]
        mask = None if not masks else masks[0] if len(masks) == 1 else ops.logical_and(*masks)
        dtype = None if is_expression(values) else self.dtype
        return reduce_weighted(values, sample_weight, mask, self.reduction, dtype, f"loss {self.name}")

    def _converted(self, x, labels=False):
        if is_expression(x):
            return x
        if isinstance(x, dict):
            raise SpecError(f"loss {self.name}: got a dict of arrays, but a loss takes one; call it once for each of "
                            f"them")
        made = as_tensor(x, who=f"loss {self.name}")
        made = made if labels and made.dtype.kind in "iub" else as_tensor(made, self.dtype)
        made._keras_mask = getattr(x, "_keras_mask", None)
        return made

    def call(self, y_true, y_pred):
        """Return the value of each item: override this."""
        raise NotImplementedError(f"loss {type(self).__name__}: the method call is missing; write call(self, y_true, "
                                  f"y_pred)")

    def get_config(self) -> dict:
        return {"name": self.name, "reduction": self.reduction}


def standardize_reduction(reduction):
    """Return a reduction, or raise BadNameError with the nearest."""
    if reduction not in REDUCTIONS:
        known = [str(name) for name in REDUCTIONS]
        raise no_such("reduction (Invalid value for argument `reduction`):", reduction, known)
    return reduction


def mask_weights(sample_weight, mask, dtype: str):
    """Return weights that are 0 where a mask is; None without both."""
    if mask is None:
        return sample_weight
    mask = ops.cast(mask, dtype)
    if sample_weight is None:
        return mask
    mask, sample_weight = same_rank(mask, ops.cast(sample_weight, dtype))
    return sample_weight * mask


def reduce_weighted(values, sample_weight=None, mask=None, reduction="sum_over_batch_size", dtype=None, who="loss"):
    """Return values times weights, reduced.

    Parameters
    ----------
    values : tensor
    sample_weight : tensor or None
        In the shape of the values, one per item, or with an additional last axis of length 1.
    mask : tensor or None
        Values where it is 0 are ignored, also in the divisor of a mean.
    """
    values = ops.convert_to_tensor(values, dtype)
    if sample_weight is not None:
        sample_weight = ops.cast(sample_weight, ops.dtype(values))
    if mask is not None:
        mask = ops.cast(mask, ops.dtype(values))
        if reduction in ("mean", "sum_over_batch_size"):
            mask = mask * ops.divide_no_nan(ops.cast(ops.size(mask), ops.dtype(values)), ops.sum(mask))
        sample_weight = mask_weights(sample_weight, mask, ops.dtype(values))
    if sample_weight is not None:
        values, sample_weight = same_rank(values, sample_weight)
        sample_weight = spread(who, sample_weight, values)
        values = values * sample_weight
    return _reduced(values, sample_weight, reduction)


def _reduced(values, weights, reduction):
    empty = not is_expression(values) and values.shape == (0,)
    if reduction in (None, "none") or values.ndim == 0 or empty:
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(total, ops.cast(ops.sum(weights), ops.dtype(total)))
    return ops.divide_no_nan(total, ops.cast(ops.size(values), ops.dtype(total)))
