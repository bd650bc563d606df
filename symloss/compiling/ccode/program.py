"""A function of PyTensor variables, compiled for the shapes with which it is called."""

import ctypes

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.traversal import graph_inputs
from pytensor.sparse import SparseTensorType
from pytensor.tensor.random.type import RandomType

from . import vector
from .importing import imported
from .ir import Graph, N, Rows, Unsupported
from .lowering import lowered
from .running import Failed, Runnable
from .simplify import RULES
from .text import Writer

KEPT = 32  # compiled forms of one function, for so many shapes


class Program:
    """A compiled function, called as PyTensor's are.

    Parameters
    ----------
    inputs, outputs : list of variables
    updates : dict or None
        New value by shared variable; values are written where the old ones lie.
    title : str
        What the C file says of itself.
    batched : bool
        Whether `steps` is going to be called.
    """

    def __init__(self, inputs, outputs, updates=None, title="a function", batched=False):
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.updates = {v: e for v, e in (updates or {}).items() if not isinstance(v.type, RandomType)}
        expressions = [*self.outputs, *self.updates.values()]
        known = set(self.inputs)
        for v in [*self.inputs, *(i for i in graph_inputs(expressions) if i not in known)]:
            if isinstance(v.type, SparseTensorType):
                raise Unsupported(f"the sparse matrix {v.name}")
        found = [v for v in graph_inputs(expressions) if isinstance(v, SharedVariable)]
        found = dict.fromkeys([*found, *self.updates])
        self.shared = [v for v in found if not isinstance(v.type, RandomType)]
        if len(self.shared) < len(found):
            raise Unsupported("random numbers")
        self.title, self.batched = title, batched
        self._forms: dict[tuple, Form] = {}

    def __call__(self, *arrays):
        """Run once; returns the outputs."""
        arrays = [np.ascontiguousarray(v.type.filter(a, allow_downcast=True))
                  for v, a in zip(self.inputs, arrays, strict=True)]
        held = self._held()
        form, rows = self._form(arrays, held)
        return form.run(rows, [*arrays, *held])

    def steps(self, arrays: list, order: np.ndarray, stop) -> int:
        """Run once for each row of `order`, on those rows of the arrays; returns how often it ran.

        Parameters
        ----------
        arrays : list of array
        order : int64 array (steps, rows in a step)
        stop : ctypes.c_int
            No further step is begun when it is not 0.
        """
        arrays = [np.ascontiguousarray(a, dtype=v.dtype) for v, a in zip(self.inputs, arrays, strict=True)]
        held = self._held()
        rows = order.shape[1]
        form, _ = self._form([np.broadcast_to(a[:1], (rows, *a.shape[1:])) if a.size else a for a in arrays], held)
        return form.steps(arrays, held, order, stop)

    def _held(self) -> list:
        """Return the arrays of the shared variables, which a step writes to."""
        found = []
        for variable in self.shared:
            cell = variable.container.storage
            array = cell[0]
            if type(array) is not np.ndarray or not array.flags.c_contiguous or not array.flags.writeable:
                array = cell[0] = np.array(array, variable.dtype, order="C")
            found.append(array)
        return found

    def _form(self, arrays, held):
        shapes, rows = self._shapes(arrays)
        key = (*shapes, *(a.shape for a in held))
        if key not in self._forms:
            while len(self._forms) >= KEPT:
                self._forms.pop(next(iter(self._forms)))
            self._forms[key] = self._compiled(shapes, held, rows)
        form, symbolic = self._forms[key]
        return form, rows if symbolic else 0

    def _compiled(self, shapes, held, rows):
        try:
            return Form(self, shapes, [a.shape for a in held]), True
        except (Unsupported, ValueError):
            known = [tuple(n.at(rows) if isinstance(n, Rows) else n for n in shape) for shape in shapes]
            if known == list(shapes):
                raise
            return Form(self, known, [a.shape for a in held]), False

    def _shapes(self, arrays):
        """Return shapes in which the number of rows is left open, and how many rows there are."""
        open_ends = [bool(v.ndim) and v.type.shape[0] is None for v in self.inputs]
        lengths = {a.shape[0] for a, is_open in zip(arrays, open_ends, strict=True) if is_open}
        if len(lengths) != 1:
            return [a.shape for a in arrays], 0
        (rows,) = lengths
        return [(N, *a.shape[1:]) if is_open else a.shape for a, is_open in zip(arrays, open_ends, strict=True)], rows


class Form:
    """A program for certain shapes."""

    def __init__(self, program: Program, shapes, held):
        graph = Graph(RULES)
        order = [*program.inputs, *program.shared]
        known = dict(zip(order, [*shapes, *held], strict=True))
        updates = program.updates
        values = imported(graph, [*program.outputs, *updates.values()], known, order)
        arguments = [graph.make("argument", (), v.dtype, known[v], index=i) for i, v in enumerate(order)]
        for value, variable in zip(arguments, order, strict=True):
            value.origin = variable.name
        outputs = lowered(graph, values)
        count = len(program.outputs)
        targets = {count + i: order.index(v) for i, v in enumerate(updates)}
        for (place, target) in targets.items():
            outputs[place].origin = outputs[place].origin or f"new {order[target].name}"
        batched = arguments[: len(program.inputs)] if program.batched else ()
        self.graph, self.inputs = graph, len(program.inputs)
        self.source = Writer(graph, arguments, outputs, targets, vector, program.title, batched).source()
        self.runnable = Runnable(self.source, graph.arrays)
        self._results = [(self.source.results[i], outputs[i].dtype, outputs[i].shape) for i in range(count)]

    def run(self, rows, arguments) -> list:
        """Run once."""
        results = [(name, np.empty([n.at(rows) if isinstance(n, Rows) else n for n in shape], dtype))
                   for name, dtype, shape in self._results]
        try:
            self.runnable(rows, arguments, results)
        except Failed as failed:
            raise (IndexError if "index" in str(failed) else AssertionError)(str(failed)) from None
        return [array for _, array in results]

    def steps(self, arrays, held, order, stop: ctypes.c_int) -> int:
        """Run many steps."""
        try:
            return self.runnable.steps(arrays, held, order, stop)
        except Failed as failed:
            raise (IndexError if "index" in str(failed) else AssertionError)(str(failed)) from None
