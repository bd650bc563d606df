"""Layers that change the shape."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ....errors import ShapeError, SpecError
from ..theano_extensions import padding
from ..utils import int_types
from .base import Layer, told

__all__ = ["DimshuffleLayer", "FlattenLayer", "PadLayer", "ReshapeLayer", "SliceLayer", "dimshuffle", "flatten", "pad",
           "reshape"]


class FlattenLayer(Layer):
    """Joins the last axes to one.

    Parameters
    ----------
    incoming : Layer or tuple
    outdim : int
        Number of axes of the output, at least 1. The first ``outdim - 1`` axes stay as they are.
    name : str or None
    """

    def __init__(self, incoming, outdim=2, **kwargs):
        super().__init__(incoming, **kwargs)
        self.outdim = outdim
        if outdim < 1:
            raise SpecError(f"{told(self)}: outdim={outdim} is not valid; it must be at least 1")

    def get_output_shape_for(self, input_shape):
        kept, joined = input_shape[: self.outdim - 1], input_shape[self.outdim - 1 :]
        return (*kept, None if None in joined else int(np.prod(joined)))

    def get_output_for(self, input, **kwargs):
        return input.flatten(self.outdim)


flatten = FlattenLayer


class ReshapeLayer(Layer):
    """Reshapes its input.

    Parameters
    ----------
    incoming : Layer or tuple
    shape : tuple
        For each axis, an int; ``[i]`` for the length of axis i of the input; -1 (once) for the rest; or a scalar
        variable.
    name : str or None

    Raises
    ------
    SpecError
        For any other entry.
    ShapeError
        If the shape of the input is known, and has another number of values.

    >>> ReshapeLayer((32, 100, 20), ([0], 50, [2], -1)).output_shape
    (32, 50, 20, 2)
    """

    def __init__(self, incoming, shape, **kwargs):
        super().__init__(incoming, **kwargs)
        self.shape = tuple(shape)
        for entry in self.shape:
            self._check(entry)
        if sum(isinstance(entry, int_types) and entry == -1 for entry in self.shape) > 1:
            raise SpecError(f"{told(self)}: shape={self.shape} is not valid; `shape` cannot contain multiple -1")
        self.get_output_shape_for(self.input_shape)

    def _check(self, entry):
        if isinstance(entry, int_types):
            wrong = "integers must be positive or -1" if entry == 0 or entry < -1 else None
        elif isinstance(entry, list):
            one = len(entry) == 1 and isinstance(entry[0], int_types) and entry[0] >= 0
            wrong = None if one else "input references must be single-element lists of int >= 0"
        elif isinstance(entry, pt.TensorVariable):
            wrong = f"symbolic entries must be scalars, and this has {entry.ndim} dimensions" if entry.ndim else None
        else:
            wrong = "must be a tuple of int and/or [int]"
        if wrong:
            raise SpecError(f"{told(self)}: {entry!r} in shape={self.shape}: `shape` {wrong}")

    def get_output_shape_for(self, input_shape, **kwargs):
        known = [None if isinstance(n, Variable) else n for n in input_shape]
        left, sizes, found = list(known), [], []  # an unknown length that is taken over whole is left out on both sides
        for entry in self.shape:
            length = size = None if isinstance(entry, Variable) else entry
            if isinstance(entry, list):
                axis = entry[0]
                if axis >= len(known):
                    raise ShapeError(f"{told(self)}: shape={self.shape} contains [{axis}], but the input shape "
                                     f"{tuple(input_shape)} only has {len(known)} dimensions")
                length = size = known[axis]
                if length is None and left[axis] is None:
                    left[axis] = size = 1
            found.append(length)
            sizes.append(size)
        values = None if None in left else int(np.prod(left))
        others = None if None in sizes else int(np.prod([n for n in sizes if n != -1]))
        if values is None or others is None:
            return tuple(None if n == -1 else n for n in found)
        wanted = values // others if -1 in found else 1
        if others * wanted != values:
            raise ShapeError(f"{told(self)}: {tuple(input_shape)} cannot be reshaped to specification {self.shape}. "
                             f"The total size mismatches.")
        return tuple(wanted if n == -1 else n for n in found)

    def get_output_for(self, input, **kwargs):
        return input.reshape(tuple(input.shape[n[0]] if isinstance(n, list) else n for n in self.shape))


reshape = ReshapeLayer


class DimshuffleLayer(Layer):
    """Changes the order of axes, and adds or removes axes of length 1.

    Parameters
    ----------
    incoming : Layer or tuple
    pattern : tuple
        The input's axes, or 'x' for a new one; an axis that is left out must have length 1.
    name : str or None

    Raises
    ------
    SpecError
        For other entries, or if an axis occurs twice.
    ShapeError
        If an axis does not exist, or is left out and has another length.
    """

    def __init__(self, incoming, pattern, **kwargs):
        super().__init__(incoming, **kwargs)
        axes = [p for p in pattern if p != "x"]
        for axis in axes:
            if not isinstance(axis, int_types):
                raise SpecError(f"{told(self)}: pattern={pattern} is not valid; it should only contain dimension "
                                f"indices or 'x', not {axis!r}")
        if len(set(axes)) < len(axes):
            raise SpecError(f"{told(self)}: pattern={pattern} contains a dimension more than once")
        self.pattern = pattern
        self.get_output_shape_for(self.input_shape)

    def get_output_shape_for(self, input_shape):
        for axis in self.pattern:
            if axis != "x" and not 0 <= axis < len(input_shape):
                raise ShapeError(f"{told(self)}: pattern contains {axis}, but the input shape {tuple(input_shape)} "
                                 f"only has {len(input_shape)} dimensions")
        for axis in self._dropped(len(input_shape)):
            if input_shape[axis] not in (1, None):
                raise ShapeError(f"{told(self)}: pattern={self.pattern} leaves out dimension {axis} of input shape "
                                 f"{tuple(input_shape)}, but dimensions with size != 1/None cannot be collapsed")
        return tuple(1 if axis == "x" else input_shape[axis] for axis in self.pattern)

    def _dropped(self, ndim) -> list[int]:
        return [axis for axis in range(ndim) if axis not in self.pattern]

    def get_output_for(self, input, **kwargs):
        dropped = self._dropped(input.ndim)
        return (pt.specify_broadcastable(input, *dropped) if dropped else input).dimshuffle(self.pattern)


dimshuffle = DimshuffleLayer


def _pairs(width, axes: int) -> list[tuple]:
    """Return (before, behind) for each axis, of one int, or for each axis an int or a pair."""
    each = [width] * axes if isinstance(width, int_types) else list(width)
    return [(w, w) if np.ndim(w) == 0 else tuple(w) for w in each]


class PadLayer(Layer):
    """Pads its input with a constant value.

    Parameters
    ----------
    incoming : Layer or tuple
    width : int, or for each axis an int or a pair of int
        Number of cells before and behind.
    val : float
    batch_ndim : int
        Number of axes at the beginning that are not padded.
    name : str or None
    """

    def __init__(self, incoming, width, val=0, batch_ndim=2, **kwargs):
        super().__init__(incoming, **kwargs)
        self.width = width
        self.val = val
        self.batch_ndim = batch_ndim

    def get_output_shape_for(self, input_shape):
        shape = list(input_shape)
        for axis, (before, behind) in enumerate(_pairs(self.width, len(shape) - self.batch_ndim)):
            if shape[axis + self.batch_ndim] is not None:
                shape[axis + self.batch_ndim] += before + behind
        return tuple(shape)

    def get_output_for(self, input, **kwargs):
        return padding.pad(input, self.width, self.val, self.batch_ndim)


pad = PadLayer


class SliceLayer(Layer):
    """Selects a part along one axis.

    Parameters
    ----------
    incoming : Layer or tuple
    indices : int or slice
        An int removes the axis.
    axis : int
    name : str or None
    """

    def __init__(self, incoming, indices, axis=-1, **kwargs):
        super().__init__(incoming, **kwargs)
        self.slice = indices
        self.axis = axis

    def get_output_shape_for(self, input_shape):
        shape = list(input_shape)
        if isinstance(self.slice, int_types):
            del shape[self.axis]
        elif shape[self.axis] is not None:
            shape[self.axis] = len(range(*self.slice.indices(shape[self.axis])))
        return tuple(shape)

    def get_output_for(self, input, **kwargs):
        axis = self.axis + (input.ndim if self.axis < 0 else 0)
        return input[(*(slice(None),) * axis, self.slice)]
