"""Layers that merge several inputs."""

import pytensor.tensor as pt

from ....errors import ShapeError, SpecError
from .base import MergeLayer, told

__all__ = ["ConcatLayer", "ElemwiseMergeLayer", "ElemwiseSumLayer", "autocrop", "autocrop_array_shapes", "concat"]

CROPPING = ("lower", "center", "upper")


def _modes(cropping, ranks) -> list:
    """Return one mode for each axis, None where `cropping` says nothing."""
    if len(set(ranks)) > 1:
        raise ShapeError(f"Not all inputs are of the same dimensionality. Got {len(ranks)} inputs of dimensionalities "
                         f"{ranks}.")
    modes = [*cropping, *[None] * (ranks[0] - len(cropping))][: ranks[0]]
    for mode in modes:
        if mode is not None and mode not in CROPPING:
            raise SpecError(f"Unknown crop mode {mode!r}; it must be {', '.join(map(repr, CROPPING))} or None")
    return modes


def autocrop(inputs, cropping):
    """Return expressions, cropped to their smallest length along each axis that has a mode.

    Parameters
    ----------
    inputs : list of expression
        Of as many axes.
    cropping : list of str or None
        For each axis 'lower' (keeps the first part), 'center', 'upper' (keeps the last part) or None. Axes after the
        end of the list are not cropped. None means that no axis is cropped.
    """
    if cropping is None:
        return inputs
    modes = _modes(cropping, [x.ndim for x in inputs])
    slices = [[] for _ in inputs]
    for axis, mode in enumerate(modes):
        least = None if mode is None else pt.min(pt.stack([x.shape[axis] for x in inputs]))
        for x, own in zip(inputs, slices, strict=True):
            offset = {None: None, "lower": 0, "upper": x.shape[axis] - least if mode else None,
                      "center": (x.shape[axis] - least) // 2 if mode else None}[mode]
            own.append(slice(None) if mode is None else slice(offset, offset + least))
    return [x[tuple(own)] for x, own in zip(inputs, slices, strict=True)]


def autocrop_array_shapes(input_shapes, cropping):
    """Return the shapes that `autocrop` leaves, a list of tuples.

    >>> autocrop_array_shapes([(1, 2, 3, 4), (5, 4, 4, 2)], [None, "lower", "center", "upper"])
    [(1, 2, 3, 2), (5, 2, 3, 2)]
    """
    if cropping is None:
        return input_shapes
    modes = _modes(cropping, [len(shape) for shape in input_shapes])
    columns = []
    for lengths, mode in zip(zip(*input_shapes, strict=True), modes, strict=True):
        least = None if None in lengths else min(lengths)
        columns.append(lengths if mode is None else [least] * len(lengths))
    return [tuple(shape) for shape in zip(*columns, strict=True)]


def _common(layer, shapes, but=None) -> list:
    """Return the shape that all have, with what any of them knows; axis `but` may differ."""
    same_rank = len({len(shape) for shape in shapes}) == 1
    found = [next((n for n in lengths if n is not None), None) for lengths in zip(*shapes, strict=False)]
    fits = same_rank and all(axis == but or n is None or n == found[axis]
                             for shape in shapes for axis, n in enumerate(shape))
    if not fits:
        rest = "" if but is None else f" except along axis {but}"
        raise ShapeError(f"{told(layer)}: Mismatch: its inputs have shapes {', '.join(map(str, shapes))}, but they "
                         f"must be the same{rest}. To cut them to the same size, pass cropping")
    return found


class ConcatLayer(MergeLayer):
    """Concatenates its inputs.

    Parameters
    ----------
    incomings : list of Layer or tuple
    axis : int
        Axis of the concatenation. All other lengths must be the same.
    cropping : list of str or None
        Crops the inputs first, as in `autocrop`, along all axes but `axis`.
    name : str or None
    """

    def __init__(self, incomings, axis=1, cropping=None, **kwargs):
        super().__init__(incomings, **kwargs)
        self.axis = axis
        self.cropping = None if cropping is None else list(cropping)
        if self.cropping is not None and -len(self.cropping) <= axis < len(self.cropping):
            self.cropping[axis] = None

    def get_output_shape_for(self, input_shapes):
        shapes = autocrop_array_shapes(input_shapes, self.cropping)
        axis = self.axis % len(shapes[0])
        found = _common(self, shapes, but=axis)
        lengths = [shape[axis] for shape in shapes]
        found[axis] = None if None in lengths else sum(lengths)
        return tuple(found)

    def get_output_for(self, inputs, **kwargs):
        return pt.concatenate(autocrop(inputs, self.cropping), axis=self.axis)


concat = ConcatLayer


class ElemwiseMergeLayer(MergeLayer):
    """Inputs merged element by element.

    Parameters
    ----------
    incomings : list of Layer or tuple
        Layers with the same shape, unless they are cropped.
    merge_function : callable
        Function of two expressions, such as ``T.maximum``. It is applied to the first and the second input, then to the
        result and the third, and so on.
    cropping : list of str or None
        See `autocrop`.
    name : str or None
    """

    def __init__(self, incomings, merge_function, cropping=None, **kwargs):
        super().__init__(incomings, **kwargs)
        self.merge_function = merge_function
        self.cropping = cropping

    def get_output_shape_for(self, input_shapes):
        return tuple(_common(self, autocrop_array_shapes(input_shapes, self.cropping)))

    def get_output_for(self, inputs, **kwargs):
        first, *rest = autocrop(inputs, self.cropping)
        for each in rest:
            first = self.merge_function(first, each)
        return first


class ElemwiseSumLayer(ElemwiseMergeLayer):
    """The sum of all inputs.

    Parameters
    ----------
    incomings : list of Layer or tuple
    coeffs : number, or list of them
        Factors of the inputs.
    cropping : list of str or None
        See `autocrop`.
    name : str or None
    """

    def __init__(self, incomings, coeffs=1, cropping=None, **kwargs):
        super().__init__(incomings, pt.add, cropping=cropping, **kwargs)
        self.coeffs = coeffs if isinstance(coeffs, list) else [coeffs] * len(incomings)
        if len(self.coeffs) != len(incomings):
            raise SpecError(f"{told(self)}: Mismatch: got {len(self.coeffs)} coeffs for {len(incomings)} incomings")

    def get_output_for(self, inputs, **kwargs):
        weighted = zip(self.coeffs, inputs, strict=True)
        scaled = [x if isinstance(c, int | float) and c == 1 else x * c for c, x in weighted]
        return super().get_output_for(scaled, **kwargs)
