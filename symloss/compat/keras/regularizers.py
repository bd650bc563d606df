"""Regularizers: functions of a parameter, an array or a PyTensor variable, that give a penalty."""

import inspect
import math

import numpy as np

from ...errors import ShapeError, SpecError
from . import ops
from .errors import Configured, no_such
from .serialization import as_config, from_config


class Regularizer(Configured):
    """Base class: a subclass overrides ``__call__(self, x)``, in `keras.ops`, and `get_config`."""

    def __call__(self, x):
        """Return the penalty, a scalar."""
        return 0.0

    def get_config(self) -> dict:
        raise SpecError(f"{type(self).__name__}: the method get_config is missing; write get_config(self)")


def _strength(value, name: str, default=0.0) -> float:
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
        raise SpecError(f"regularizer: Invalid value for argument {name}: expected a non-negative float. Received: "
                        f"{name}={value!r}")
    return float(value)


class L1L2(Regularizer):
    """l1 times the sum of sizes, plus l2 times the sum of squares."""

    def __init__(self, l1=0.0, l2=0.0):
        self.l1, self.l2 = _strength(l1, "l1"), _strength(l2, "l2")

    def __call__(self, x):
        penalty = ops.sum(ops.zeros_like(x))
        if self.l1:
            penalty = penalty + ops.multiply(ops.sum(ops.absolute(x)), self.l1)
        if self.l2:
            penalty = penalty + ops.multiply(ops.sum(ops.square(x)), self.l2)
        return penalty

    def get_config(self) -> dict:
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """l1 times the sum of sizes."""

    def __init__(self, l1=0.01):
        self.l1 = _strength(l1, "l1", 0.01)

    def __call__(self, x):
        return ops.multiply(ops.sum(ops.absolute(x)), self.l1)

    def get_config(self) -> dict:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 times the sum of squares."""

    def __init__(self, l2=0.01):
        self.l2 = _strength(l2, "l2", 0.01)

    def __call__(self, x):
        return ops.multiply(ops.sum(ops.square(x)), self.l2)

    def get_config(self) -> dict:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """The mean size of the cosines of each two rows (or columns) of a matrix, times `factor`."""

    def __init__(self, factor=0.01, mode="rows"):
        self.factor = _strength(factor, "factor", 0.01)
        if mode not in ("rows", "columns"):
            raise no_such("mode of OrthogonalRegularizer:", mode, ("rows", "columns"))
        self.mode = mode

    def __call__(self, x):
        x = ops.convert_to_tensor(x)
        if x.ndim != 2:
            raise ShapeError(f"OrthogonalRegularizer: the tensor has {x.ndim} axes, but it must be a matrix, with two")
        x = ops.normalize(x, axis=1 if self.mode == "rows" else 0)
        product = ops.matmul(x, ops.transpose(x)) if self.mode == "rows" else ops.matmul(ops.transpose(x), x)
        size = ops.shape(x)[0 if self.mode == "rows" else 1]
        others = ops.sum(ops.absolute(product)) - ops.sum(ops.absolute(ops.diagonal(product)))
        return ops.multiply(others / ops.cast(size * (size - 1), ops.dtype(x)), self.factor)

    def get_config(self) -> dict:
        return {"factor": self.factor, "mode": self.mode}


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
_ALL = {"l1": L1, "L1": L1, "l2": L2, "L2": L2, "l1_l2": L1L2, "l1l2": L1L2, "L1L2": L1L2,
        "OrthogonalRegularizer": OrthogonalRegularizer, "orthogonal_regularizer": OrthogonalRegularizer}


def get(identifier):
    """Return a regularizer: a function, found by its name or configuration; None stays None.

    Raises
    ------
    BadNameError
        If the name is unknown. The message suggests the nearest names.
    """
    if identifier is None:
        return None
    if inspect.isclass(identifier):
        return identifier()
    return identifier if callable(identifier) else deserialize(identifier)


def serialize(regularizer):
    """Return a regularizer as plain data."""
    return as_config(regularizer, "keras.regularizers")


def deserialize(config, custom_objects=None):
    """Return the regularizer that a name or a configuration describes."""
    return from_config(config, "regularizer", _ALL, custom_objects)
