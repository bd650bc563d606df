"""Importing of shapes, and of what has known elements: ranges, identities, joined and split arrays."""

import math

from pytensor.graph.basic import Constant

from . import ir
from .importer import imports
from .ir import Rows, Unsupported


@imports("Shape")
def _shape(at, node):
    return [at.graph.length(n) for n in _shape_of(at, node.inputs[0])]


def _shape_of(at, variable):
    found = at.known.get(variable)
    return (len(found),) if isinstance(found, list) else at.value(variable).shape


@imports("Shape_i")
def _shape_i(at, node):
    return at.graph.length(_shape_of(at, node.inputs[0])[node.op.i])


@imports("MakeVector")
def _make_vector(at, node):
    values = at.values(node)
    dtype = node.outputs[0].type.dtype
    return [at.graph.cast(v, dtype) for v in values] if dtype.startswith("int") else at.vector(values, dtype)


@imports("Reshape")
def _reshape(at, node):
    value, shape = at.value(node.inputs[0]), at.lengths(node.inputs[1])
    if -1 in shape:
        rest = ir.divided(value.size, ir.size(n for n in shape if n != -1))
        if rest is None and math.prod(n for n in shape if n != -1 and not isinstance(n, Rows)) == 0:
            rest = 0
        if rest is None and not any(isinstance(n, Rows) for n in (*value.shape, *shape)):
            raise ValueError(f"an array of shape {value.shape} cannot be reshaped to {tuple(shape)}")
        if rest is None:
            raise Unsupported(f"a reshape of {value.shape} to {shape}")
        shape[shape.index(-1)] = rest
    if ir.size(shape) != value.size:
        raise ValueError(f"an array of shape {value.shape} cannot be reshaped to {tuple(shape)}")
    return at.graph.reshape(value, shape)


@imports("SpecifyShape")
def _specify_shape(at, node):
    value = at.value(node.inputs[0])
    for length, variable in zip(value.shape, node.inputs[1:], strict=True):
        if getattr(variable, "data", 0) is not None and at.length(variable) != length:
            raise ValueError(f"an array of shape {value.shape} has not the shape that was promised")
    return value


@imports("ARange")
def _arange(at, node):
    start, stop, step = (at.length(v) for v in node.inputs)
    if not isinstance(step, int) or step == 0 or (isinstance(start, Rows) or isinstance(stop, Rows)) and step != 1:
        raise Unsupported("a range whose step is not 1")
    count = stop - start if step == 1 else -(-(stop - start) // step)
    count = max(count, 0) if isinstance(count, int) else count
    graph, dtype = at.graph, node.outputs[0].type.dtype
    found = graph.make("iota", (), "int64", (count,))
    if step != 1:
        found = graph.pointwise("mul", found, graph.number(step, "int64"))
    if start != 0:
        found = graph.pointwise("add", found, graph.length(start))
    return graph.cast(found, dtype)


@imports("Eye")
def _eye(at, node):
    rows, columns, offset = (at.length(v) for v in node.inputs)
    graph = at.graph
    down = graph.reshape(graph.make("iota", (), "int64", (rows,)), (rows, 1))
    across = graph.reshape(graph.make("iota", (), "int64", (columns,)), (1, columns))
    down = graph.pointwise("add", down, graph.length(offset))
    return graph.cast(graph.pointwise("eq", down, across, dtype="bool"), node.outputs[0].type.dtype)


@imports("Join")
def _join(at, node):
    variables = node.inputs
    axis = getattr(node.op, "axis", None)
    if axis is None:
        axis, variables = at.length(variables[0]), variables[1:]
    if node.outputs[0].type.ndim == 1 and all(isinstance(at.known.get(v), list) or (isinstance(v, Constant) and
                                              v.type.dtype.startswith("int")) for v in variables):
        return [item for v in variables for item in at.items(v)]
    dtype = node.outputs[0].type.dtype
    values = [at.graph.cast(at.value(v), dtype) for v in variables]
    axis %= values[0].ndim
    shape = list(values[0].shape)
    for value in values:
        if [*value.shape[:axis], *value.shape[axis + 1:]] != [*shape[:axis], *shape[axis + 1:]]:
            raise ValueError(f"arrays of shapes {', '.join(str(v.shape) for v in values)} cannot be joined")
    values = [v for v in values if v.shape[axis] != 0] or values[:1]
    shape[axis] = sum((v.shape[axis] for v in values), start=0)
    return values[0] if len(values) == 1 else at.graph.make("concat", values, dtype, shape, axis=axis)


@imports("Split")
def _split(at, node):
    value = at.value(node.inputs[0])
    axis = at.length(node.inputs[1]) if len(node.inputs) > 2 else node.op.axis  # as PyTensor 3.0 and 3.3 have it
    axis, sizes = axis % value.ndim, at.lengths(node.inputs[-1])
    if sum(sizes, start=0) != value.shape[axis]:
        raise ValueError(f"an axis of length {value.shape[axis]} cannot be split into {sizes}")
    found, start = [], 0
    for count in sizes:
        starts = tuple(start if a == axis else 0 for a in range(value.ndim))
        shape = [count if a == axis else n for a, n in enumerate(value.shape)]
        found.append(at.graph.make("slice", (value,), value.dtype, shape, starts=starts, steps=(1,) * value.ndim))
        start = start + count
    return tuple(found)


@imports("ExtractDiag")
def _diagonal(at, node):
    graph, value, op = at.graph, at.value(node.inputs[0]), node.op
    first, second = op.axis1 % value.ndim, op.axis2 % value.ndim
    rest = [axis for axis in range(value.ndim) if axis not in (first, second)]
    turned = graph.transpose(value, [first, second, *rest])
    rows, columns, offset = turned.shape[0], turned.shape[1], op.offset
    if rows != columns and any(isinstance(n, Rows) for n in (rows, columns)):
        raise Unsupported("the diagonal of an array whose number of rows is not known")
    count = rows - abs(offset) if rows == columns else max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    places = graph.make("iota", (), "int64", (count,))
    down = graph.pointwise("add", places, graph.number(max(-offset, 0), "int64"))
    across = graph.pointwise("add", places, graph.number(max(offset, 0), "int64"))
    found = graph.make("gather", (turned, down, across), value.dtype, (count, *turned.shape[2:]))
    return graph.transpose(found, [*range(1, found.ndim), 0])


@imports("AllocDiag")
def _as_diagonal(at, node):
    graph, value, op = at.graph, at.value(node.inputs[0]), node.op
    if value.ndim != 1 or (op.axis1, op.axis2) != (0, 1):
        raise Unsupported("several diagonals at a time")
    count, offset = value.shape[0], op.offset
    size = count + abs(offset)
    places = graph.make("iota", (), "int64", (size,))
    down, across = graph.reshape(places, (size, 1)), graph.reshape(places, (1, size))
    here = graph.pointwise("eq", graph.pointwise("add", down, graph.number(offset, "int64")), across, dtype="bool")
    zeros = graph.full(0, value.dtype, (abs(offset),))
    parts = (value, zeros) if offset >= 0 else (zeros, value)
    padded = value if not offset else graph.make("concat", parts, value.dtype, (size,), axis=0)
    return graph.pointwise("switch", here, graph.reshape(padded, (size, 1)), graph.number(0, value.dtype))
