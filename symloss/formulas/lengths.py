"""How long the axes of results are, for operations that change them."""

import sympy
from pytensor.tensor.basic import Alloc, ARange, ExtractDiag, Eye, Join
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape
from pytensor.tensor.subtensor import AdvancedSubtensor, Subtensor, indices_from_subtensor

from ..errors import SpecError


class UntranslatedError(SpecError):
    """An operation that has no formula here."""


def static(variable) -> tuple:
    """Return the static shape of a variable."""
    return getattr(variable.type, "shape", ())


def _subtensor_length(reader, variable, node, axis):
    inner = node.inputs[0]
    places = list(indices_from_subtensor(node.inputs[1:], node.op.idx_list))
    places += [slice(None)] * (inner.ndim - len(places))
    where, place = [(a, p) for a, p in enumerate(places) if isinstance(p, slice)][axis]
    whole = reader.length(inner, where)
    if place.step is not None and reader.scalar(place.step) != 1:
        return whole if place.start is None and place.stop is None else _unknown(node)
    first = sympy.Integer(0) if place.start is None else reader.counted(inner, where, reader.scalar(place.start))
    last = whole if place.stop is None else reader.counted(inner, where, reader.scalar(place.stop))
    return last - first


def _unknown(node):
    raise UntranslatedError(f"formula: the length of the result of {node.op} is unknown")


def joined_parts(node):
    """Return the axis along which tensors are joined, and the tensors; the axis is an input, or known to the op."""
    axis = getattr(node.op, "axis", None)
    return (int(node.inputs[0].data), node.inputs[1:]) if axis is None else (axis, node.inputs)


def _joined_length(reader, joined, parts, axis):
    lengths = [reader.length(part, axis) for part in parts]
    return sympy.Add(*lengths) if axis == joined else lengths[0]


def _advanced_length(reader, variable, node, axis):
    inner = node.inputs[0]
    places = list(indices_from_subtensor(node.inputs[1:], node.op.idx_list))
    places += [slice(None)] * (inner.ndim - len(places))
    tensors = [p for p in places if not isinstance(p, slice)]
    first, wide = next(i for i, p in enumerate(places) if not isinstance(p, slice)), max(p.ndim for p in tensors)
    if first <= axis < first + wide:  # that of the indices, which are broadcast against each other
        from_the_end = first + wide - axis
        found = [(t, t.ndim - from_the_end) for t in tensors if t.ndim >= from_the_end]
        own = [one for one in found if static(one[0])[one[1]] != 1]
        return reader.length(*(own or found)[0])
    where = axis if axis < first else axis - wide + len(tensors)
    if places[where] != slice(None):
        return _unknown(node)
    return reader.length(inner, where)


LENGTHS = {
    DimShuffle: lambda reader, variable, node, axis: (
        sympy.Integer(1) if node.op.new_order[axis] == "x" else reader.length(node.inputs[0], node.op.new_order[axis])),
    Subtensor: _subtensor_length, AdvancedSubtensor: _advanced_length,
    Alloc: lambda reader, variable, node, axis: reader.scalar_variable(node.inputs[1 + axis]),
    ARange: lambda reader, variable, node, axis: (
        reader.scalar_variable(node.inputs[1]) - reader.scalar_variable(node.inputs[0])),
    Dot: lambda reader, variable, node, axis: (
        reader.length(node.inputs[0], 0) if axis == 0 and node.inputs[0].ndim == 2
        else reader.length(node.inputs[1], node.inputs[1].ndim - 1)),
    Join: lambda reader, variable, node, axis: _joined_length(reader, *joined_parts(node), axis),
    ExtractDiag: lambda reader, variable, node, axis: reader.length(node.inputs[0], 0),
    Eye: lambda reader, variable, node, axis: reader.scalar_variable(node.inputs[axis]),
    Reshape: lambda reader, variable, node, axis: reader.length(node.inputs[0], axis),
}
