"""Ranks and axes of targets and predictions, as Keras brings them together."""

from ....errors import ShapeError, SpecError
from .. import ops
from ..tensors import is_expression


def lengths(x) -> tuple:
    """Return the lengths of the axes; None where an expression does not know."""
    return x.type.shape if is_expression(x) else x.shape


def same_rank(x1, x2) -> tuple:
    """Return two tensors with one number of axes, if they differ by a last axis of length 1; else as they are.

    A vector gets that axis, a tensor of more axes loses it.
    """
    if x1.ndim == x2.ndim + 1 and lengths(x1)[-1] == 1:
        return (x1, ops.expand_dims(x2, -1)) if x2.ndim == 1 else (ops.squeeze(x1, -1), x2)
    if x2.ndim == x1.ndim + 1 and lengths(x2)[-1] == 1:
        return (ops.expand_dims(x1, -1), x2) if x1.ndim == 1 else (x1, ops.squeeze(x2, -1))
    return x1, x2


def spread(who: str, weights, values):
    """Return weights in the shape of values: one an item, or with lengths of 1, counts for all that belongs to it.

    Raises
    ------
    ShapeError
        For other lengths.
    """
    if values.ndim == 0 or weights.ndim == 0:
        return weights
    if weights.ndim < values.ndim:
        weights = weights[(..., *(None,) * (values.ndim - weights.ndim))]
    pairs = zip(lengths(weights), lengths(values), strict=False)
    if weights.ndim > values.ndim or any(None not in (w, v) and w not in (1, v) for w, v in pairs):
        raise ShapeError(f"{who}: sample_weight has shape {_text(weights)} and the values have shape {_text(values)}; "
                         f"pass one weight per item, or one per value")
    return weights + ops.zeros_like(values)


def require_one_shape(who: str, y_true, y_pred) -> None:
    """Raise ShapeError for lengths that differ: Keras would broadcast one of them, and compute a wrong loss."""
    known = zip(lengths(y_true), lengths(y_pred), strict=False)
    if y_true.ndim != y_pred.ndim or any(None not in pair and pair[0] != pair[1] for pair in known):
        raise ShapeError(f"{who}: y_true has shape {_text(y_true)} and y_pred {_text(y_pred)}, but they must have the "
                         f"same shape. Nothing is broadcast. Reshape one of them, or write keras.ops.broadcast_to")


def _text(x) -> str:
    return "(" + ", ".join("n" if n is None else str(n) for n in lengths(x)) + ("," if x.ndim == 1 else "") + ")"


def last_axis(who: str, axis, *tensors) -> list:
    """Return tensors with one axis brought to the end."""
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise SpecError(f"{who}: axis={axis!r} is not valid; it must be one integer")
    if any(not -x.ndim <= axis < x.ndim for x in tensors):
        raise ShapeError(f"{who}: axis={axis} does not exist in a tensor with {min(x.ndim for x in tensors)} axes")
    return [x if axis in (-1, x.ndim - 1) else ops.moveaxis(x, axis, -1) for x in tensors]
