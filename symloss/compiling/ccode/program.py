"""A function of PyTensor variables, compiled for the shapes with which it is called."""

import contextlib
import ctypes
import hashlib
import typing

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.traversal import ancestors
from pytensor.sparse import SparseTensorType
from pytensor.tensor.random.type import RandomType

from . import plans, vector
from .importing import NOT_YET, imported
from .ir import Graph, N, Rows, Unsupported
from .lowering import lowered
from .running import Failed, Runnable
from .signature import NoSignature, signature
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
    counter : shared int64 scalar or None
        Counts the steps, if anything is random; one of `updates`. None: the program counts its calls itself.
    watched : dict or None
        By shared variable: the places of numbers in it that are finite as long as all is well; `steps` ends after a
        step that leaves one that is not.
    guard : function of nothing
        Returns a context manager; within it forms are planned and compiled.

    Notes
    -----
    Random numbers depend on the state of their generator when the program first meets it, on the number of the step,
    and on their place among the rows. The generator itself stays where it is.
    """

    def __init__(self, inputs, outputs, updates=None, title="a function", batched=False, counter=None,
                 watched=None, guard=contextlib.nullcontext):
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.updates = {v: e for v, e in dict(updates or {}).items() if not isinstance(v.type, RandomType)}
        roots = []
        for v in ancestors([*self.outputs, *self.updates.values(), *self.inputs]):
            if v.owner is not None and type(v.owner.op).__name__ in NOT_YET:
                raise Unsupported(NOT_YET[type(v.owner.op).__name__])
            if isinstance(v.type, SparseTensorType):
                raise Unsupported(f"the sparse matrix {v.name}")
            if v.owner is None:
                roots.append(v)
        found = [v for v in roots if isinstance(v, SharedVariable)]
        found = dict.fromkeys([*found, *self.updates])
        self.shared = [v for v in found if not isinstance(v.type, RandomType)]
        self.generators = [v for v in found if isinstance(v.type, RandomType)]
        self._counter = np.zeros((), "int64") if counter is None else None
        self._seeds = Seeds(self.generators)
        self.counter = counter
        self.title, self.batched, self.watched = title, batched, dict(watched or {})
        self._guard = guard
        self._forms: dict[tuple, tuple[Form, bool]] = {}
        self._by_rows: set[tuple] = set()
        self._cells = [v.container.storage for v in self.shared]
        self._last: Call | None = None

    def __call__(self, *arrays):
        """Run once; returns the outputs."""
        last = self._last
        if last is None or not last.is_repeated(arrays, self._cells):
            arrays = [a if _fits(v.type, a) else np.asarray(v.type.filter(a, allow_downcast=True), order="C")
                      for v, a in zip(self.inputs, arrays, strict=True)]
            held = self._held()
            last = self._last = Call([(a.shape, a.dtype) for a in arrays], held, *self._form(arrays, held))
        found = last.form.run(last.rows, arrays, [*last.held, *self._drawing()] if self.generators else last.held)
        if self._counter is not None:
            self._counter += 1
        return found

    def steps(self, arrays: list, order: np.ndarray, stop, threads: int = 1) -> int:
        """Run once for each row of `order`, on those rows of the arrays; returns how often it ran.

        Parameters
        ----------
        arrays : list of array
        order : int64 array (steps, rows in a step)
        stop : ctypes.c_int
            No further step is begun when it is not 0.
        threads : int
            How many threads share the larger parts of a step, if they can.
        """
        form, arrays, held = self._ready(arrays, order.shape[1])
        return form.steps(arrays, [*held, *self._drawing()], order, stop, threads)

    def bound(self, arrays: list, rows: int):
        """Return what a driver in C calls to make steps on so many rows of the arrays."""
        form, arrays, held = self._ready(arrays, rows)
        return form.runnable.bound(arrays, [*held, *self._drawing()], rows)

    def shares(self, arrays: list, rows: int) -> bool:
        """Return whether threads can share the larger parts of steps on so many rows of the arrays."""
        return self._ready(arrays, rows)[0].source.shared

    def prepare(self, arrays: list, rows: int) -> None:
        """Compile for steps of so many rows of the arrays, before the first of them."""
        self._ready(arrays, rows)

    def _ready(self, arrays, rows):
        """Return the form for steps of so many rows of the arrays, and all arrays as it takes them."""
        arrays = [np.asarray(a, dtype=a.dtype if _is_bytes(v, a) else v.dtype, order="C")
                  for v, a in zip(self.inputs, arrays, strict=True)]
        of_bytes = tuple(i for i, (v, a) in enumerate(zip(self.inputs, arrays, strict=True)) if _is_bytes(v, a))
        held = self._held()
        some = [np.broadcast_to(a[:1], (rows, *a.shape[1:])) if a.size else a for a in arrays]
        form, _ = self._form(some, held, of_bytes)
        return form, arrays, held

    def c_source(self) -> str:
        """Return the C file for the shapes that the types of the inputs tell; lengths that they leave open are 1."""
        shapes = [(N, *(n or 1 for n in v.type.shape[1:])) if v.ndim and v.type.shape[0] is None else
                  tuple(n or 1 for n in v.type.shape) for v in self.inputs]
        shapes += [a.shape for a in self._held()]
        order = [*self.inputs, *self.shared, *self.generators]
        with self._guard():
            return planned(self, order, shapes, [*self.outputs, *self.updates.values()]).source.text

    def decisions(self) -> list[str]:
        """Return what was decided for the shapes that were met so far, in words."""
        return [f"{form.source.decided}, {form.runnable.bytes:,} bytes for {form.runnable.rows:,} rows" if symbolic else
                f"{form.source.decided}, {form.runnable.bytes:,} bytes" for form, symbolic in self._forms.values()]

    def _drawing(self) -> list:
        """Return the number of the step and the seeds, if anything is random."""
        if not self.generators:
            return []
        if self._counter is not None and self._seeds.are_new():
            self._counter[...] = 0  # the same seed draws the same numbers again
        counter = self._counter if self.counter is None else self.counter.container.storage[0]
        return [counter, self._seeds.now()]

    def _held(self) -> list:
        """Return the arrays of the shared variables, which a step writes to."""
        found = []
        for variable, cell in zip(self.shared, self._cells, strict=True):
            array = cell[0]
            if type(array) is not np.ndarray or not array.flags.c_contiguous or not array.flags.writeable:
                array = cell[0] = np.array(array, variable.dtype, order="C")
            found.append(array)
        return found

    def _form(self, arrays, held, of_bytes=()):
        shapes, rows = self._shapes(arrays)
        key = (of_bytes, *shapes, *[a.shape for a in held])
        if key in self._by_rows:  # it is compiled for each number of rows
            key = ("rows", rows, *key)
        if key not in self._forms:
            while len(self._forms) >= KEPT:
                self._forms.pop(next(iter(self._forms)))
            with self._guard():
                form, symbolic = self._compiled(shapes, held, rows, key[:1] == ("rows",), of_bytes)
            if not symbolic and key[:1] != ("rows",):
                self._by_rows.add(key)
                key = ("rows", rows, *key)
            self._forms[key] = form, symbolic
        form, symbolic = self._forms[key]
        return form, rows if symbolic else 0

    def _compiled(self, shapes, held, rows, by_rows, of_bytes):
        """Return a form for any number of rows and True, or one for this number and False."""
        known = [tuple(n.at(rows) if isinstance(n, Rows) else n for n in shape) for shape in shapes]
        if not by_rows:
            try:
                return Form(self, shapes, [a.shape for a in held], of_bytes), True
            except (Unsupported, ValueError, IndexError):
                if known == list(shapes):
                    raise
        return Form(self, known, [a.shape for a in held], of_bytes), False

    def _shapes(self, arrays):
        """Return shapes in which the number of rows is left open, and how many rows there are."""
        open_ends = [bool(v.ndim) and v.type.shape[0] is None for v in self.inputs]
        lengths = {a.shape[0] for a, is_open in zip(arrays, open_ends, strict=True) if is_open}
        if len(lengths) != 1 or 0 in lengths:
            return [a.shape for a in arrays], 0
        (rows,) = lengths
        return [(N, *a.shape[1:]) if is_open else a.shape for a, is_open in zip(arrays, open_ends, strict=True)], rows


class Call(typing.NamedTuple):
    """A call of a program, and what has to be found out no more for others that are like it.

    Parameters
    ----------
    kinds : list of (shape, dtype)
        Of the arguments.
    held : list of array
        The arrays of the shared variables.
    form : Form
    rows : int
    """

    kinds: list
    held: list
    form: "Form"
    rows: int

    def is_repeated(self, arrays, cells) -> bool:
        """Return whether other arguments are of the same kinds, and the cells hold the same arrays."""
        if len(arrays) != len(self.kinds):
            return False
        for array, (shape, dtype) in zip(arrays, self.kinds, strict=True):
            if type(array) is not np.ndarray or array.shape != shape or array.dtype != dtype:
                return False
            if not array.flags.c_contiguous:
                return False
        for cell, array in zip(cells, self.held, strict=True):
            if cell[0] is not array or not array.flags.writeable:
                return False
        return True


class Seeds:
    """A number for each generator, made of the state in which it is."""

    def __init__(self, generators):
        self._generators = generators
        self._met: list = [None] * len(generators)
        self._numbers = np.zeros(len(generators), "int64")

    def are_new(self) -> bool:
        """Return whether all generators were set anew since `now` was called."""
        return all(v.container.storage[0] is not met for v, met in zip(self._generators, self._met, strict=True))

    def now(self) -> np.ndarray:
        """Return the numbers; a generator that was set anew has another one."""
        for i, variable in enumerate(self._generators):
            generator = variable.container.storage[0]
            if generator is not self._met[i]:
                state = repr(sorted(generator.bit_generator.state.items(), key=str)).encode()
                self._numbers[i] = int.from_bytes(hashlib.sha256(state).digest()[:4], "little")
                self._met[i] = generator
        return self._numbers


class Form:
    """A program for certain shapes; `of_bytes` are the places of the inputs whose rows are picked from bytes."""

    def __init__(self, program: Program, shapes, held, of_bytes=()):
        order = [*program.inputs, *program.shared, *program.generators]
        shapes = [*shapes, *held]
        wanted = [*program.outputs, *program.updates.values()]
        try:
            name = signature(wanted, order, shapes, [order.index(v) for v in program.updates], len(program.outputs),
                             len(program.inputs), program.title, program.batched,
                             [(order.index(v), places) for v, places in program.watched.items()], of_bytes)
        except NoSignature:
            name = None
        plan = None if name is None else plans.find(name)
        self.known = plan is not None
        if plan is None:
            plan = planned(program, order, shapes, wanted, of_bytes)
            if name is not None:
                plans.keep(name, plan)
        self.source = plan.source
        self.runnable = Runnable(plan.source, plan.constants)
        self._results = [(name, *result) for name, result in zip(plan.source.results, plan.results, strict=False)]
        self._shapes: tuple = None, []  # how many rows, and the results with their shapes for so many

    def run(self, rows, arguments, held) -> list:
        """Run once."""
        if rows != self._shapes[0]:
            self._shapes = rows, [(name, dtype, tuple(n.at(rows) if isinstance(n, Rows) else n for n in shape))
                                  for name, dtype, shape in self._results]
        try:
            return self.runnable.results(rows, arguments, self._shapes[1], held)
        except Failed as failed:
            raise told(failed) from None

    def steps(self, arrays, held, order, stop: ctypes.c_int, threads: int = 1) -> int:
        """Run many steps."""
        try:
            return self.runnable.steps(arrays, held, order, stop, threads=threads)
        except Failed as failed:
            raise told(failed) from None


def planned(program: Program, order, shapes, wanted, of_bytes=()) -> plans.Plan:
    """Return what a program becomes for arguments of these shapes."""
    graph = Graph(RULES)
    graph.streams = len(program.generators)
    count = len(program.inputs) + len(program.shared)
    values = imported(graph, wanted, dict(zip(order[:count], shapes, strict=True)), order)
    arguments = [graph.make("argument", (), v.dtype, shape, index=i)
                 for i, (v, shape) in enumerate(zip(order[:count], shapes, strict=True))]
    for value, variable in zip(arguments, order, strict=False):
        value.origin = variable.name
    if program.generators:
        arguments.append(graph.make("argument", (), "int64", (), index=count))
        arguments.append(graph.make("argument", (), "int64", (graph.streams,), index=count + 1))
        arguments[-2].origin, arguments[-1].origin = "number of the step", "seeds"
    outputs = lowered(graph, values)
    first = len(program.outputs)
    targets = {first + i: order.index(v) for i, v in enumerate(program.updates)}
    for place, target in targets.items():
        outputs[place].origin = outputs[place].origin or f"new {order[target].name}"
    batched = arguments[: len(program.inputs)] if program.batched else ()
    watched = {order.index(v): places for v, places in program.watched.items()}
    source = Writer(graph, arguments, outputs, targets, vector, program.title, batched, watched,
                    of_bytes).source()
    return plans.Plan(source, graph.arrays, [(v.dtype, v.shape) for v in outputs[:first]])


def told(failed: Failed) -> Exception:
    """Return what PyTensor's functions would raise."""
    return (IndexError if "index" in str(failed) else AssertionError)(str(failed))


def _is_bytes(variable, array) -> bool:
    """Return whether rows of numbers are picked from an array of bytes, which are converted on the way."""
    return array.dtype == "uint8" and array.ndim > 0 and variable.dtype in ("float32", "float64")


def _fits(kind, array) -> bool:
    """Return whether an array can be read as it is."""
    return (type(array) is np.ndarray and array.dtype == kind.dtype and array.flags.c_contiguous
            and array.ndim == len(kind.shape) and all(n is None or n == m for n, m in zip(kind.shape, array.shape,
                                                                                           strict=True)))
