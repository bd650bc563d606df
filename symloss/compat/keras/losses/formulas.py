"""A formula of expressions is a function of arrays, too: compiled once for its options and each kind of arrays."""

import functools
import inspect

import numpy as np
import pytensor.tensor as pt

from ....compiling import cached, function, resolve
from ....errors import DataError, ShapeError, SpecError
from ..backend import is_float_dtype
from ..ops.dispatch import operand
from ..tensors import as_tensor, is_expression
from .shapes import last_axis, require_one_shape, same_rank

HALF = ("float16", "bfloat16")  # which PyTensor does not compute in
MODE = "PYTHON"  # a loss of an array is asked for now and then: starting at once counts more than speed


def formula(kind: str):
    """Let the decorated function of (y_true, y_pred, **options), which makes expressions, take arrays as well.

    Parameters
    ----------
    kind : 'same', 'paired', 'labels' or 'any'
        What y_true is: numbers in the shape of y_pred, where a last axis of length 1 may be missing in either; in its
        very shape; integers, one for each vector of classes; or whatever the formula says.
    """

    def decorate(make):
        signature, who = inspect.signature(make), make.__name__.lstrip("_")

        @functools.wraps(make)
        def loss(*arguments, **keywords):
            given = signature.bind(*arguments, **keywords)
            given.apply_defaults()
            y_true, y_pred, *_ = given.arguments.values()
            options = dict(list(given.arguments.items())[2:])
            symbolic = is_expression(y_true) or is_expression(y_pred)
            y_true, y_pred = _ready(who, kind, operand(y_true, symbolic), operand(y_pred, symbolic), options)
            if symbolic:
                return make(y_true, y_pred, **options)
            return _of_arrays(make, y_true, y_pred, options)

        loss.__signature__ = signature
        return loss

    return decorate


def _ready(who, kind, y_true, y_pred, options):
    """Return targets and predictions in ranks and dtypes that go together."""
    if not is_float_dtype(str(y_pred.dtype)):
        y_pred = y_pred.astype("float32")
    if kind == "labels":
        return _labels(who, y_true, y_pred, options.get("axis", -1)), y_pred
    if kind == "any":
        return y_true, y_pred
    if str(y_true.dtype) != str(y_pred.dtype):
        y_true = y_true.astype(str(y_pred.dtype))
    y_true, y_pred = same_rank(y_true, y_pred)
    require_one_shape(who, y_true, y_pred)
    return y_true, y_pred


def _labels(who, y_true, y_pred, axis):
    """Return labels as integers, without an axis of length 1 in the place of the classes."""
    last_axis(who, axis, y_pred)
    if y_true.ndim == y_pred.ndim:
        place = axis % y_pred.ndim
        if (y_true.type.shape if is_expression(y_true) else y_true.shape)[place] != 1:
            raise ShapeError(f"{who}: y_true has {y_true.ndim} axes like y_pred, but integer labels have one axis "
                             f"fewer. For one-hot vectors, use the loss without 'sparse' in its name")
        y_true = y_true[(slice(None),) * place + (0,)]
    if str(y_true.dtype).startswith(("int", "uint")):
        return y_true
    if not is_expression(y_true) and (np.asarray(y_true) != np.floor(y_true)).any():
        wrong = np.asarray(y_true)[np.asarray(y_true) != np.floor(y_true)][0]
        raise DataError(f"{who}: y_true contains {float(wrong):g}, but it must contain integer labels")
    return y_true.astype("int32")


def check_labels(who: str, labels, classes: int, ignored=None) -> None:
    """Raise DataError for an array of labels of which one is no class, with its place; `ignored` may be anything."""
    wrong = (labels < 0) | (labels >= classes)
    wrong = np.asarray(wrong if ignored is None else wrong & (labels != ignored))
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(f"{who}: y_true contains label {np.asarray(labels)[at]} at {at}, but the labels of {classes} "
                        f"classes are 0 to {classes - 1}. To ignore a label, pass ignore_class")


def _of_arrays(make, y_true, y_pred, options):
    half = y_pred.dtype.name if y_pred.dtype.name in HALF else None
    if half:
        y_pred = y_pred.astype("float32")
        y_true = y_true.astype("float32") if y_true.dtype.name in HALF else y_true
    arrays = [np.ascontiguousarray(y_true).reshape(y_true.shape), np.ascontiguousarray(y_pred).reshape(y_pred.shape)]
    kinds = tuple((str(a.dtype), (None, *a.shape[1:])[: a.ndim]) for a in arrays)
    try:
        compiled = _compiled(make, kinds, tuple((name, _frozen(make, name, v)) for name, v in options.items()))
        (values,) = compiled(*arrays)
    except (ValueError, IndexError, AssertionError) as error:
        if isinstance(error, SpecError | DataError | ShapeError):
            raise
        reason = next(iter(str(error).strip().splitlines()), "")
        who = make.__name__.lstrip("_")
        raise ShapeError(f"{who}: y_true has shape {y_true.shape} and y_pred {y_pred.shape}, which do not fit together "
                         f"({reason})") from error
    return as_tensor(np.asarray(values), half)


def _frozen(make, name, value):
    if isinstance(value, list):
        value = tuple(value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    try:
        hash(value)
    except TypeError:
        raise SpecError(f"{make.__name__}: {name}={value!r} is not valid; it must be a number") from None
    return value


@cached(512)
def _compiled(make, kinds, options):
    inputs = [pt.tensor(name=name, dtype=dtype, shape=shape)
              for name, (dtype, shape) in zip(("y_true", "y_pred"), kinds, strict=True)]
    return function(inputs, [make(*inputs, **dict(options))], resolve(MODE))
