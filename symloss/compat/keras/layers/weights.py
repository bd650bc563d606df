"""Weights of layers: shared variables of PyTensor with the methods that Keras' variables have."""

import numpy as np
import pytensor
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.type import TensorType

from ....errors import ShapeError


class Weight(TensorSharedVariable):
    """A weight of a layer: an expression within `call`, an array everywhere else.

    Attributes
    ----------
    trainable : bool
        Whether training may change it, if the layer is trainable.
    regularizer : function of an expression, or None
        A term of the loss for this weight.
    short : str
        Its name within the layer, such as 'kernel'.
    """

    trainable, regularizer, short = True, None, "weight"

    def numpy(self) -> np.ndarray:
        """Return a copy of the array."""
        return self.get_value()

    def assign(self, value) -> "Weight":
        """Set the array to `value`, which must have the same shape."""
        value = np.asarray(value, dtype=self.type.dtype)
        if value.shape != self.type.shape:
            raise ShapeError(f"weight {self.name} has shape {self.type.shape}, but the new array has shape "
                             f"{value.shape}")
        self.set_value(value)
        return self

    def assign_add(self, value) -> "Weight":
        """Add `value`."""
        return self.assign(self.get_value(borrow=True) + np.asarray(value))

    def assign_sub(self, value) -> "Weight":
        """Subtract `value`."""
        return self.assign(self.get_value(borrow=True) - np.asarray(value))

    @property
    def shape(self) -> tuple:
        """Lengths of the axes."""
        return self.type.shape

    @property
    def path(self) -> str:
        """Name of the layer and the weight, 'dense/kernel'."""
        return str(self.name).replace(".", "/")

    def __array__(self, dtype=None, copy=None):
        return np.array(self.get_value(borrow=True), dtype=dtype)

    def __repr__(self):
        return f"<Weight {self.path}, shape={self.shape}, dtype={self.type.dtype}>"


def made(value, name: str, trainable: bool = True, regularizer=None) -> Weight:
    """Return a weight that starts at `value`, an array of any dtype; floats become those of the package."""
    value = np.asarray(value)
    value = np.ascontiguousarray(value, pytensor.config.floatX if value.dtype.kind == "f" else value.dtype)
    value = value.reshape(np.shape(value)) if value.ndim else np.array(value)
    weight = Weight(TensorType(value.dtype, value.shape), value, strict=False, allow_downcast=None, name=name)
    weight.trainable, weight.regularizer, weight.short = bool(trainable), regularizer, name
    return weight
