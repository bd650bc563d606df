"""What all that reads PyTensor's operations stands on: the table of operations, and values by variable."""

import numpy as np
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Constant

from ..names import called
from . import ir
from .ir import Graph, Unsupported, Value

TABLE: dict = {}
NUMBERS = frozenset(("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
                     "bool"))


def imports(*names: str):
    """Let a function import the operations of these names."""

    def decorate(function):
        TABLE.update(dict.fromkeys(names, function))
        return function

    return decorate


class Importer:
    """What is known of a graph while it is imported.

    Parameters
    ----------
    graph : ir.Graph
    known : dict
        By variable: a Value, or a list of them for a vector of lengths.
    streams : dict
        By generator: its number.
    step : int
        Place of the number of the step among the arguments.
    """

    def __init__(self, graph: Graph, known: dict, streams: dict, step: int):
        self.graph, self.known, self.streams, self.step = graph, known, streams, step

    def run(self, nodes) -> None:
        """Import nodes, inputs first."""
        for node in nodes:
            self._node(node)

    def _node(self, node):
        kind = type(node.op)
        function = TABLE.get(kind.__name__) if kind.__module__.startswith("pytensor.") else None
        if function is None and isinstance(node.op, OpFromGraph):
            function = TABLE["OpFromGraph"]
        if function is None:
            raise Unsupported(f"{kind.__name__} ({node.op})")
        found = function(self, node)
        found = found if isinstance(found, tuple) else (found,)
        for variable, value in zip(node.outputs, found, strict=False):
            if isinstance(value, Value):
                dtype = getattr(variable.type, "dtype", None)
                value = self.graph.cast(value, dtype) if dtype in NUMBERS else value
                name = called(variable)
                if name and value.origin is None and value.op not in ir.LEAVES:
                    value.origin = name
            self.known[variable] = value

    # ------------------------------------------------------------------------------------------------ operands

    def value(self, variable) -> Value:
        """Return a variable's value."""
        found = self.known.get(variable)
        if found is None:
            if not isinstance(variable, Constant):
                raise Unsupported(f"the variable {variable}, whose value nobody passes")
            found = self.known[variable] = self._constant(variable)
        if isinstance(found, list):
            return self.vector(found, getattr(variable.type, "dtype", "int64"))
        return found

    def values(self, node) -> list[Value]:
        """Return the values of a node's inputs."""
        return [self.value(v) for v in node.inputs]

    def vector(self, items: list[Value], dtype: str) -> Value:
        """Return scalars as one vector."""
        graph = self.graph
        if not items:
            return graph.full(0, dtype, (0,))
        parts = [graph.reshape(graph.cast(v, dtype), (1,)) for v in items]
        return parts[0] if len(parts) == 1 else graph.make("concat", parts, dtype, (len(parts),), axis=0)

    def _constant(self, variable) -> Value:
        data = np.asarray(variable.data)
        if str(data.dtype) not in NUMBERS:
            raise Unsupported(f"constants of type {data.dtype}")
        if data.size and (data == data.flat[0]).all() and not _mixed_zeros(data):
            return self.graph.full(data.flat[0].item(), str(data.dtype), data.shape)
        if data.size == 1:  # NaN
            return self.graph.full(data.item(), str(data.dtype), data.shape)
        self.graph.arrays.append(data)
        return self.graph.make("array", (), str(data.dtype), data.shape, index=len(self.graph.arrays) - 1)

    def items(self, variable) -> list[Value]:
        """Return the elements of a vector of ints."""
        found = self.known.get(variable)
        if isinstance(found, list):
            return found
        if isinstance(variable, Constant):
            data = np.asarray(variable.data).ravel()
            return [self.graph.number(int(n), "int64") for n in data]
        value = self.value(variable)
        if value.op == "broadcast" and value.inputs[0].size == 1:
            return [self.graph.reshape(value.inputs[0], ())] * value.shape[0]
        if value.op == "concat" and all(v.size == 1 for v in value.inputs):
            return [self.graph.reshape(v, ()) for v in value.inputs]
        if value.shape == (1,):
            return [self.graph.reshape(value, ())]
        raise Unsupported(f"a shape that depends on data ({variable})")

    def lengths(self, variable) -> list:
        """Return the elements of a vector as lengths."""
        return [as_length(v) for v in self.items(variable)]

    def length(self, variable):
        """Return a scalar as a length."""
        return as_length(self.graph.reshape(self.value(variable), ()))


def _mixed_zeros(data) -> bool:
    return data.dtype.kind == "f" and len(np.unique(np.signbit(data))) > 1


def as_length(value: Value):
    """Return a scalar as an int or Rows; Unsupported if it depends on data."""
    while value.op in ("cast", "reshape"):
        value = value.inputs[0]
    if value.op == "number":
        return int(value.attrs["value"])
    if value.op == "length":
        return value.attrs["length"]
    raise Unsupported("a length that depends on data, or on the number of rows in a way that is not a polynomial")
