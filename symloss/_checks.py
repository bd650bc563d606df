"""Shapes and forms of the tensors that meet in a loss, proven while the graph is built."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax

from .errors import ShapeError


def tensor(value, who: str, port: str):
    """Return `value` as a tensor variable; lists and numbers become constants."""
    if isinstance(value, Variable):
        return value
    try:
        return pt.as_tensor_variable(np.asarray(value))
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{who}: {port} is a {type(value).__name__}, which cannot become a tensor ({error})") from None


def floating(value, who: str, port: str):
    """Return `value` as a float tensor: integers and booleans are cast to floatX, floats stay as they are.

    Unsigned and boolean tensors are cast before any arithmetic: PyTensor 3.3 negates them wrongly in gradients.
    """
    value = tensor(value, who, port)
    if value.dtype.startswith("complex"):
        raise ShapeError(f"{who}: {port} is complex. Pass its real and imaginary parts as two columns")
    return value if value.dtype.startswith("float") else value.astype(pytensor.config.floatX)


def signed(value):
    """Return unsigned and boolean tensors as signed integers that hold the same: PyTensor 3.3 negates them wrongly."""
    small = value.dtype in ("bool", "uint8", "uint16")
    return value.astype("int32" if small else "int64") if value.dtype == "bool" or value.dtype[0] == "u" else value


def number(value, like):
    """Return the hyperparameter or constant `value` in the dtype of `like`: 0.3 would lift float32 to float64."""
    return pt.as_tensor_variable(value).astype(like.dtype)


def is_number(value) -> bool:
    """Return whether `value` is one finite number that arrays can hold; True and False are none.

    >>> is_number(0.5), is_number(np.int8(3)), is_number(True), is_number(np.nan), is_number(2**70), is_number("1")
    (True, True, False, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return abs(value) < 2**63 if isinstance(value, int) else bool(np.isfinite(value))


def shape_text(value) -> str:
    """Return a static shape as a person writes it: ``(n, 3)``.

    >>> shape_text(pt.tensor(shape=(None, 3)))
    '(?, 3)'
    """
    dims = ", ".join("?" if length is None else str(length) for length in value.type.shape)
    return f"({dims},)" if value.ndim == 1 else f"({dims})"


def align(prediction, target, who: str, port: str = "target"):
    """Return prediction and target as floats of one dtype, one rank and provably equal shapes.

    A target ``(n,)`` is read as ``(n, 1)`` against a prediction ``(n, 1)``, and the reverse. Nothing broadcasts.
    The dtype is the prediction's, whatever the target's is.

    Raises
    ------
    ShapeError
        If the ranks differ otherwise, or the static shapes can never agree.

    >>> p, t = align(pt.tensor(shape=(None, 1)), pt.vector(), "example")
    >>> t.ndim
    2
    """
    prediction, target = floating(prediction, who, "prediction"), floating(target, who, port)
    if target.dtype != prediction.dtype:
        target = target.astype(prediction.dtype)
    given = prediction, target
    if 1 <= target.ndim == prediction.ndim - 1 and prediction.type.shape[-1] in (1, None):
        if prediction.type.shape[-1] is None:  # checked when it runs: only a single column may meet a vector
            prediction = pt.specify_shape(prediction, (None,) * target.ndim + (1,))
        target = target[..., None]
    elif 1 <= prediction.ndim == target.ndim - 1 and target.type.shape[-1] == 1:
        target = target[..., 0]
    require_same_shape(prediction, target, who, port, given)
    return _single_where(prediction, target), _single_where(target, prediction)


def require_same_shape(prediction, target, who: str, port: str = "target", given=None) -> None:
    """Raise ShapeError unless the ranks are equal and no static length contradicts another.

    The message shows the shapes of `given`, where prediction and target have been brought to one rank before.
    """
    lengths = zip(prediction.type.shape, target.type.shape, strict=False)
    clash = any(p is not None and t is not None and p != t for p, t in lengths)
    if prediction.ndim != target.ndim or clash:
        prediction, target = given or (prediction, target)
        raise ShapeError(
            f"{who}: {port} has shape {shape_text(target)}, but the prediction has {shape_text(prediction)}. "
            f"Pass {port} in the shape of the prediction"
        )


def _single_where(value, other):
    """Declare those unknown lengths of `value` to be 1 where `other` has a 1, so that nothing is repeated."""
    lengths = [1 if v is None and o == 1 else None for v, o in zip(value.type.shape, other.type.shape, strict=True)]
    return pt.specify_shape(value, lengths) if 1 in lengths else value


def same_rank_below(prediction, labels, who: str):
    """Return integer `labels` fit for a prediction with one more axis (the classes), or raise ShapeError."""
    if labels.ndim == prediction.ndim and labels.type.shape[-1] == 1 and prediction.type.shape[-1] != 1:
        labels = labels[..., 0]
    if labels.ndim != prediction.ndim - 1:
        raise ShapeError(
            f"{who}: the labels have shape {shape_text(labels)}, but the prediction has {shape_text(prediction)}. "
            f"Pass integer labels with all axes of the prediction except the last"
        )
    for p, t in zip(prediction.type.shape, labels.type.shape, strict=False):
        if p is not None and t is not None and p != t:
            raise ShapeError(
                f"{who}: the labels have shape {shape_text(labels)}, but the prediction has {shape_text(prediction)}. "
                f"Pass one label for each row"
            )
    return labels


_ALONG_AXIS = {"softmax": Softmax, "log_softmax": LogSoftmax}
_VIEWS = (DimShuffle, Reshape, SpecifyShape)


def undo(prediction, activation: str):
    """Return the logits that became `prediction` through `activation`, or None if the graph shows no such thing.

    Parameters
    ----------
    prediction : tensor
    activation : 'softmax', 'log_softmax', 'sigmoid' or 'exp'
        The first two count if they run over the last axis. The others are found through changes of shape as well.

    >>> z = pt.matrix()
    >>> undo(pt.special.softmax(z, axis=-1), "softmax") is z
    True
    >>> undo(pt.tanh(z), "softmax") is None
    True
    """
    node = prediction.owner
    if node is None:
        return None
    if activation in _ALONG_AXIS:
        if isinstance(node.op, SpecifyShape):
            inner = undo(node.inputs[0], activation)
            return None if inner is None else node.op(inner, *node.inputs[1:])
        if not isinstance(node.op, _ALONG_AXIS[activation]):
            return None
        logits = node.inputs[0]
        return logits if _axes(node.op.axis, logits.ndim) == (logits.ndim - 1,) else None
    if isinstance(node.op, Elemwise) and node.op.scalar_op.name == activation:
        return node.inputs[0]
    if isinstance(node.op, _VIEWS):
        inner = undo(node.inputs[0], activation)
        return None if inner is None else node.op(inner, *node.inputs[1:])
    return None


def _axes(axis, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple | list) else (axis,)))
