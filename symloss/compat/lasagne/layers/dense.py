"""Layers whose units are connected to all inputs, or to all channels of a place."""

import numpy as np
import pytensor.tensor as pt

from ....errors import ShapeError
from .. import init, nonlinearities
from .base import Layer, told

__all__ = ["DenseLayer", "NINLayer"]


class DenseLayer(Layer):
    """A fully connected layer: ``nonlinearity(x W + b)``.

    Parameters
    ----------
    incoming : Layer or tuple
    num_units : int
    W : array, initializer, shared variable or expression (inputs, num_units)
    b : the same (num_units,), or None
        None: no biases.
    nonlinearity : callable or None
        None: linear.
    num_leading_axes : int
        Number of axes that stay as they are; the others are joined to one vector. A negative number is the number of
        axes at the end that are joined.
    name : str or None

    Raises
    ------
    ShapeError
        If `num_leading_axes` leaves no axis or exceeds their number, or if the length of a joined axis varies.

    >>> from symloss.compat.lasagne.layers import InputLayer
    >>> DenseLayer(InputLayer((None, 10, 20, 30)), num_units=50, num_leading_axes=-1).output_shape
    (None, 10, 20, 50)
    """

    def __init__(self, incoming, num_units, W=init.GlorotUniform(), b=init.Constant(0.0),  # noqa: B008, N803
                 nonlinearity=nonlinearities.rectify, num_leading_axes=1, **kwargs):
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.num_units = num_units
        shape = self.input_shape
        if not -len(shape) <= num_leading_axes < len(shape):
            wrong = ("leaving no trailing axes to be joined" if num_leading_axes > 0 else
                     "requesting more trailing axes than there are")
            raise ShapeError(f"{told(self)}: got num_leading_axes={num_leading_axes} for input shape {shape}, {wrong}; "
                             f"pass a number from {-len(shape)} to {len(shape) - 1}")
        self.num_leading_axes = num_leading_axes
        joined = shape[num_leading_axes:]
        if None in joined:
            raise ShapeError(f"{told(self)}: A DenseLayer requires a fixed input shape (except for the leading axes), "
                             f"but got {shape} for num_leading_axes={num_leading_axes}. Put a GlobalPoolLayer before "
                             f"it, or fix the lengths")
        self.W = self.add_param(W, (int(np.prod(joined)), num_units), name="W")
        self.b = None if b is None else self.add_param(b, (num_units,), name="b", regularizable=False)

    def get_output_shape_for(self, input_shape):
        return (*input_shape[: self.num_leading_axes], self.num_units)

    def get_output_for(self, input, **kwargs):
        leading = self.num_leading_axes + (input.ndim if self.num_leading_axes < 0 else 0)
        if input.ndim > leading + 1:
            input = input.flatten(leading + 1)
        own, wanted = _last(input), self.W.type.shape[0]
        if None not in (own, wanted) and own != wanted:
            raise ShapeError(f"{told(self)}: its input has shape {input.type.shape}, but its weights "
                             f"{self.W.type.shape} are made for {wanted} values, since the layer was made for input "
                             f"shape {self.input_shape}")
        activation = pt.dot(input, self.W)
        return self.nonlinearity(activation if self.b is None else activation + self.b)


def _last(input):
    return getattr(input.type, "shape", (None,))[-1]


class NINLayer(Layer):
    """A layer that is fully connected over channels, place by place: "network in network" (Lin et al. 2013).

    Parameters
    ----------
    incoming : Layer or tuple
        A layer with any number of axes; the second axis is that of the channels.
    num_units : int
    untie_biases : bool
        Whether each place has its own biases.
    W : array, initializer, shared variable or expression (channels, num_units)
    b : the same (num_units,), with `untie_biases` (num_units, *places); or None
    nonlinearity : callable or None
    name : str or None
    """

    def __init__(self, incoming, num_units, untie_biases=False, W=init.GlorotUniform(),  # noqa: B008, N803
                 b=init.Constant(0.0), nonlinearity=nonlinearities.rectify, **kwargs):  # noqa: B008
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.num_units = num_units
        self.untie_biases = untie_biases
        self.W = self.add_param(W, (self.input_shape[1], num_units), name="W")
        shape = (num_units, *self.output_shape[2:]) if untie_biases else (num_units,)
        self.b = None if b is None else self.add_param(b, shape, name="b", regularizable=False)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.num_units, *input_shape[2:])

    def get_output_for(self, input, **kwargs):
        last = input.dimshuffle(0, *range(2, input.ndim), 1)
        places = [last.shape[axis] for axis in range(last.ndim - 1)]
        made = pt.dot(last.reshape((-1, self.input_shape[1])), self.W).reshape((*places, self.num_units))
        activation = made.dimshuffle(0, input.ndim - 1, *range(1, input.ndim - 1))
        if self.b is not None:
            rest = range(1, input.ndim - 1) if self.untie_biases else ["x"] * (input.ndim - 2)
            activation = activation + self.b.dimshuffle("x", 0, *rest)
        return self.nonlinearity(activation)
