"""From PyTensor's graph to the intermediate form. No other stage knows PyTensor's operations.

The shape of every root is known, and so is the shape of every value: arithmetic of lengths is done here, and leaves
nothing behind.
"""

from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import toposort

from . import import_algebra, import_indexing, import_shapes, ir  # they fill the table
from .importer import TABLE, Importer, imports
from .ir import Graph, Unsupported, Value

NOT_YET = {"Scan": "loops through time", "ScanOp": "loops through time"}
STAGES = (import_algebra, import_indexing, import_shapes)
__all__ = ["TABLE", "imported"]


def imported(graph: Graph, outputs: list, shapes: dict, order: list) -> list[Value]:
    """Return the values of PyTensor variables.

    Parameters
    ----------
    graph : ir.Graph
        Which gets all values.
    outputs : list of variables
    shapes : dict
        By root variable: its shape, of ints and polynomials in the number of rows.
    order : list of variables
        Root variables in the order of the arguments; generators of random numbers come last.

    Raises
    ------
    Unsupported
        For an operation that is not known, by its name.
    ValueError
        If shapes do not fit.
    """
    known, streams = {}, {}
    for index, variable in enumerate(order):
        if variable in shapes:
            known[variable] = graph.make("argument", (), variable.type.dtype, shapes[variable], index=index)
        else:
            streams[variable] = len(streams)
    importer = Importer(graph, known, streams, len(order) - len(streams))
    nodes = list(toposort(list(outputs)))
    for node in nodes:
        if type(node.op).__name__ in NOT_YET:
            raise Unsupported(NOT_YET[type(node.op).__name__])
    importer.run(nodes)
    return [importer.value(v) for v in outputs]


@imports("OpFromGraph")
def _inlined(at, node):
    inside = node.op.fgraph
    if hasattr(inside, "unfreeze"):  # of PyTensor 3.3
        inside = inside.unfreeze()
        outputs = inside.outputs
    else:
        outputs = clone_replace(list(inside.outputs), {})  # variables of its own each time it is used
    roots = dict(zip(inside.inputs, node.inputs, strict=True))
    inner = Importer(at.graph, {v: at.known.get(o) or at.value(o) for v, o in roots.items()}, at.streams, at.step)
    inner.run(toposort(outputs))
    return tuple(inner.value(v) for v in outputs)


@imports("UniformRV", "NormalRV")
def _random(at, node):
    graph, dtype = at.graph, node.outputs[1].type.dtype
    generator = node.inputs[0]
    if generator not in at.streams:
        raise Unsupported("random numbers whose generator was used before in the same step")
    first, second = (graph.cast(at.value(v), dtype) for v in node.inputs[-2:])
    size = node.inputs[1]
    if getattr(size.type, "ndim", None) == 1:
        shape = at.lengths(size)
    else:
        shape = ir.common_shape(*(v.shape for v in graph.aligned(first, second)))
    step = graph.make("argument", (), "int64", (), index=at.step)
    op = "uniform" if type(node.op).__name__ == "UniformRV" else "normal"
    drawn = graph.reshape(graph.make(op, (step,), dtype, _row(shape), stream=at.streams[generator]), shape)
    if op == "normal":
        scaled = graph.pointwise("add", first, graph.pointwise("mul", second, drawn))
    else:
        scaled = graph.pointwise("add", first, graph.pointwise("mul", graph.pointwise("sub", second, first), drawn))
    return None, graph.broadcast(scaled, shape)


def _row(shape) -> tuple:
    """Return a shape without last axes of length 1: whole rows of random numbers are drawn, and those are longest."""
    ends = next((axis for axis in reversed(range(len(shape))) if shape[axis] != 1), 0)
    return shape[: ends + 1]
