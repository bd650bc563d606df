"""The input layer."""

from collections import OrderedDict

import pytensor
import pytensor.tensor as pt

from ....errors import ShapeError
from .base import Layer

__all__ = ["InputLayer"]


class InputLayer(Layer):
    """An input of the network.

    Parameters
    ----------
    shape : tuple of int and None
        Shape of the data, with None where a length varies, as that of the batch usually does.
    input_var : variable or None
        The variable of the data. None means a new one in floatX. An axis of length 1 may be broadcast.
    name : str or None

    Raises
    ------
    ShapeError
        If a length is not positive, or `input_var` has another number of axes.
    """

    def __init__(self, shape, input_var=None, name=None, **kwargs):
        if kwargs:
            raise TypeError(f"InputLayer: got unknown arguments {sorted(kwargs)}; it takes shape, input_var and name")
        self.shape = tuple(shape)
        self.name = name
        if any(n is not None and n <= 0 for n in self.shape):
            raise ShapeError(f"InputLayer {name!r}: shape={self.shape!r} is not valid; lengths must be positive, or "
                             f"None where they vary")
        if input_var is None:
            kind = pt.TensorType(pytensor.config.floatX, shape=tuple(1 if n == 1 else None for n in self.shape))
            input_var = kind("input" if name is None else f"{name}.input")
        elif input_var.ndim != len(self.shape):
            raise ShapeError(f"InputLayer {name!r}: shape has {len(self.shape)} dimensions, but variable has "
                             f"{input_var.ndim}")
        self.input_var = input_var
        self.params = OrderedDict()
        self.get_output_kwargs = []

    @property
    def output_shape(self):
        """The shape of the data."""
        return self.shape
