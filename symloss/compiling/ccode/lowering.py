"""From operations to what kernels can do: what has to lie in memory is copied there."""

from . import ir
from .ir import Graph, Value
from .views import INLINE, base_of, is_free, place, trace

COMPARISONS = ir.words("lt le gt ge")
IN_MEMORY = ir.words("""dot batched_dot scatter put concat cumsum cumprod sort argsort argmax""")


def lowered(graph: Graph, outputs: list[Value]) -> list[Value]:
    """Return outputs that kernels can compute: each a buffer of its own, made by the function."""
    made: dict[int, Value] = {}
    graph.rules = graph.rules | {"gather": []}  # what is read from now on lies in memory
    values = ir.reachable(outputs)
    kept = {v.number for v in outputs} | {v.number for one in values if one.op not in COMPARISONS for v in one.inputs}
    for value in values:
        inputs = tuple(made[v.number] for v in value.inputs)
        op = "coin" if value.op == "uniform" and value.number not in kept else value.op
        made[value.number] = _one(graph, value, inputs, op)
    found: list[Value] = []
    for value in outputs:
        new = made[value.number]
        fresh = new.op not in ir.VIEWS and new.op not in ir.LEAVES and new.op != "check"
        found.append(copied(graph, new) if not fresh or new in found else new)
    return found


def copied(graph: Graph, value: Value) -> Value:
    """Return a value that is computed into a buffer of its own."""
    copies = sum(v.op == "copy" and v.inputs[0] is value for v in graph.copies)
    made = graph.make("copy", (value,), value.dtype, value.shape, number=copies)
    graph.copies.append(made)
    return made


def in_memory(graph: Graph, value: Value) -> Value:
    """Return a value that lies in memory, or a view of one."""
    return value if place(value) is not None else graph.make("copy", (value,), value.dtype, value.shape, number=-1)


def _one(graph: Graph, value: Value, inputs: tuple, op: str) -> Value:
    if op == "check":
        return _check(graph, value, inputs)
    if op in ("slice", "reshape") and not (op == "reshape" and is_free(value)):
        inputs = (_flat(graph, inputs[0], value),)
    elif op in ir.RANDOM and len(inputs) == 1:
        inputs = (*inputs, graph.make("argument", (), "int64", (graph.streams,), index=inputs[0].attrs["index"] + 1))
    elif op == "gather":
        inputs = (in_memory(graph, inputs[0]), *inputs[1:])
    elif op == "scatter":
        found = _one_hot(graph, value, inputs)
        if found is not None:
            return found
        inputs = tuple(in_memory(graph, v) for v in inputs)
    elif op in ("dot", "batched_dot"):
        inputs = tuple(_matrix(graph, v) for v in inputs)
    elif op in IN_MEMORY:
        inputs = tuple(in_memory(graph, v) for v in inputs)
    if inputs == value.inputs:
        return value
    made = graph.make(op, inputs, value.dtype, value.shape, **value.attrs)
    made.origin = made.origin or value.origin
    return made


def _flat(graph, source, value):
    """Return the source of a slice or a reshape: something that the view can read."""
    if base_of(source).op in INLINE or place(source) is None:
        return graph.make("copy", (source,), source.dtype, source.shape, number=-1)
    view = Value(value.op, (source,), value.attrs, value.dtype, value.shape, -1)
    return source if place(view) is not None else graph.make("copy", (source,), source.dtype, source.shape, number=-1)


def _matrix(graph, value):
    """Return a matrix that BLAS can read: one of its last two axes is dense."""
    found = place(value)
    if found is not None:
        rows, columns = value.shape[-2:]
        down, across = found.strides[-2:]
        if (across == 1 or columns == 1) and _apart(down, columns, rows):
            return value
        if (down == 1 or rows == 1) and _apart(across, rows, columns):
            return value
    return graph.make("copy", (value,), value.dtype, value.shape, number=-1)


def _apart(stride, width, count) -> bool:
    """Return whether a leading stride is one that BLAS takes: at least the width, and not 0."""
    if count == 1:
        return True
    if isinstance(stride, ir.Rows) or isinstance(width, ir.Rows):
        return stride == width or (isinstance(stride, ir.Rows) and not isinstance(width, ir.Rows))
    return stride >= max(width, 1)


def _check(graph, value, inputs):
    """Return the value; what must hold is kept aside, and looked at by a kernel of its own."""
    graph.conditions.extend((condition, value.attrs["message"]) for condition in inputs[1:])
    return inputs[0]


def is_pick(value: Value) -> bool:
    """Return whether a gather takes one element of each row: x[arange(n), labels]."""
    if value.op != "gather" or len(value.inputs) != 3 or value.inputs[0].ndim != 2:
        return False
    first = trace(value.inputs[1])[0]
    return first.op == "iota" and value.ndim == 1 and first.shape[0] == value.inputs[0].shape[0]


def _one_hot(graph, value, inputs):
    """Return zeros with a value at one place of each row as a comparison, which fuses with what follows."""
    base, new, *index = inputs
    if len(index) != 2 or base.ndim != 2 or trace(index[0])[0].op != "iota" or value.ndim != 2:
        return None
    zero, (rows, columns) = trace(base)[0], base.shape
    if not zero.is_number(0) or index[1].ndim != 1 or trace(index[0])[0].shape[0] != rows:
        return None
    labels, none = graph.reshape(index[1], (rows, 1)), graph.number(-1, "int64")
    zero, width = graph.number(0, "int64"), graph.length(columns)
    wrapped = graph.pointwise("switch", graph.pointwise("lt", labels, zero, dtype="bool"),
                              graph.pointwise("add", labels, width), labels)
    inside = graph.pointwise("and", graph.pointwise("ge", wrapped, zero, dtype="bool"),
                             graph.pointwise("lt", wrapped, width, dtype="bool"))
    chosen = graph.cast(graph.pointwise("switch", inside, wrapped, none), "int32")  # in which they are compared faster
    places = graph.cast(graph.reshape(graph.make("iota", (), "int64", (columns,)), (1, columns)), "int32")
    here = graph.pointwise("eq", places, chosen, dtype="bool")
    new = graph.cast(graph.reshape(graph.broadcast(new, (rows,)), (rows, 1)), value.dtype)
    return graph.pointwise("switch", here, new, graph.number(0, value.dtype))
