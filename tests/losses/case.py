"""One way of calling one loss: a row of the reference table with one kind for each port, and its compiled functions."""

import functools

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Constant
from pytensor.graph.op import HasInnerGraph
from pytensor.graph.traversal import toposort
from pytensor.link.vm import VMLinker

import symloss
from symloss.compiling.time_loops import InnerMode

from .reference import ROWS
from .rows import Kind, Row, ideal, seed

# no rewrite hides what a graph does by itself, nor what a loop in it does
LINKER = VMLinker(use_cloop=False, c_thunks=False)
AS_WRITTEN = Mode(LINKER, InnerMode(Mode(LINKER, None)))
REWRITTEN = Mode(LINKER, "fast_compile")  # with all rewrites, which FAST_COMPILE does not have in the tests


def compiled(inputs, outputs, mode=AS_WRITTEN):
    """Return a function that accepts inputs nothing uses."""
    if mode is AS_WRITTEN and (nodes := plain_nodes(outputs)) is not None:
        return Interpreted(inputs, outputs, nodes)
    return pytensor.function(inputs, outputs, mode=mode, on_unused_input="ignore")


def plain_nodes(outputs):
    """Return the nodes of a graph in order; None if there are graphs among them, or variables with data."""
    nodes = list(toposort(outputs))
    known = all(isinstance(v, Constant) or not hasattr(v, "get_value") for node in nodes for v in node.inputs)
    return nodes if known and not any(isinstance(node.op, HasInnerGraph) for node in nodes) else None


class Interpreted:
    """A graph computed node by node: what AS_WRITTEN does, without the copy of the graph that a function is made of."""

    def __init__(self, inputs, outputs, nodes):
        for node in nodes:
            node.op.prepare_node(node, storage_map=None, compute_map=None, impl="py")
        self.inputs, self.outputs, self.nodes = inputs, outputs, nodes
        self.constants = {v: [v.data] for node in nodes for v in node.inputs if isinstance(v, Constant)}
        self.constants |= {v: [v.data] for v in outputs if isinstance(v, Constant)}

    def __call__(self, *arrays):
        cells = self.constants | {v: [v.type.filter(a)] for v, a in zip(self.inputs, arrays, strict=True)}
        for node in self.nodes:
            found = [[None] for _ in node.outputs]
            node.op.perform(node, [cells[v][0] for v in node.inputs], found)
            cells.update(zip(node.outputs, found, strict=True))
        return [np.array(cells[v][0]) for v in self.outputs]


def gradient(cost, by):
    """Return gradients of a scalar; 0 where nothing is connected."""
    return pytensor.grad(cost, by, disconnected_inputs="ignore")


class Case:
    """A loss with one kind for each port."""

    def __init__(self, row: Row, kinds: dict[str, Kind]):
        self.row, self.kinds = row, kinds
        self.ports = tuple(row.ports)
        self.first = self.ports[0]
        self.id = "-".join([row.name, *(kind.name for kind in kinds.values())])
        smooth = tuple(port for port, kind in kinds.items() if kind.smooth)
        self.by = smooth if row.by is None else row.by
        self._compiled = {}

    @property
    def spec(self):
        return symloss.losses.get(self.row.name)

    @property
    def per(self) -> str:
        return self.row.per or self.spec.per

    @property
    def separate(self) -> bool:
        """Whether each value belongs to one item alone."""
        coupled = self.spec.pairs if self.row.coupled is None else self.row.coupled
        return not (coupled or self.per == "batch")

    @property
    def labelled(self) -> bool:
        """Whether the target is a label."""
        return "target" in self.kinds and self.kinds["target"].label

    @property
    def classes(self) -> int:
        """Number of classes of the target's labels, in the first shape."""
        return self.kinds["target"].shaped(self.row.shapes[0])[-1]

    @property
    def meets_column(self) -> bool:
        """Whether (n, 1) against (n,) is meaningful: per element, and all ports of one shape."""
        if self.row.column is not None:
            return self.row.column
        return self.per == "element" and "target" in self.kinds and not self.labelled and not self.row.free

    def sample(self, shape=None, salt="") -> dict:
        """Return arrays to feed, by port: float64, labels int32."""
        rng, shape = seed(self.id + salt), shape or self.row.shapes[0]
        drawn = {port: np.asarray(kind.draw(rng, kind.shaped(shape))) for port, kind in self.kinds.items()}
        return {port: a.astype("int32" if self.kinds[port].label else "float64") for port, a in drawn.items()}

    def edges(self, port: str) -> list:
        """Return arrays at the edge of what may be fed to a port."""
        kind = self.kinds[port]
        return kind.edges(kind.shaped(self.row.shapes[0]))

    def plain(self, fed: dict) -> list:
        """Return what the reference is given for what is fed."""
        return [fed[p] if k.plain is None else k.plain(fed[p]) for p, k in self.kinds.items()]

    def reference(self, fed: dict, **options):
        with np.errstate(divide="ignore"):
            return np.asarray(self.row.reference(*self.plain(fed), **options))

    def variables(self, fed: dict, dtype="float64", static=False, full=False) -> dict:
        """Return fresh variables for what is fed: without lengths, with that of the last axis, or with all."""
        made = {}
        for port, array in fed.items():
            last = static and not self.kinds[port].label and array.ndim > 1
            shape = array.shape if full else (None,) * (array.ndim - last) + array.shape[array.ndim - last :]
            made[port] = pt.tensor(name=port, dtype="int32" if self.kinds[port].label else dtype, shape=shape)
        return made

    def through(self, variables: dict) -> dict:
        """Return what the loss is given: the variables, through softmax or sigmoid where the kind says so."""
        applied = {p: self.kinds[p].apply for p in variables}
        return {p: v if applied[p] is None else applied[p](v) for p, v in variables.items()}

    def graph(self, variables: dict, **options):
        """Return the loss of variables."""
        return self.spec.function(*self.through(variables).values(), **options)

    # ------------------------------------------------------------------------------------------ compiled once a case

    def at(self, arrays, cotangent=None) -> list:
        """Return [(values, gradients of sum(cotangent * values) by port), ...] for all options, in float64."""
        if cotangent is None:
            cotangent = np.ones(self.reference(arrays).shape)
        found = self._once(self._first, arrays)(*arrays.values(), cotangent)
        size = len(self.by) + 1
        return [(found[i], dict(zip(self.by, found[i + 1 : i + size], strict=True)))
                for i in range(0, len(found), size)]

    def curvatures(self, arrays, along) -> list:
        """Return [second derivatives of the sum of values along a direction by port, ...] for all options."""
        ones, size = np.ones(self.reference(arrays).shape), len(self.by)
        found = self._once(self._second, arrays)(*arrays.values(), ones, *(along[p] for p in self.by))
        return [dict(zip(self.by, found[i : i + size], strict=True)) for i in range(0, len(found), size)]

    def values(self, arrays) -> np.ndarray:
        """Return the values alone for all options, one after another, in float64."""
        return np.stack(self._once(self._values, arrays)(*arrays.values()))

    def forget(self):
        """Give back what is compiled. It is compiled again where it is asked for again."""
        self._compiled.clear()
        self.__dict__.pop("single", None)

    def _once(self, make, arrays):
        """Return what `make` makes for arrays of these numbers of axes."""
        key = make.__name__, *(a.ndim for a in arrays.values())
        if key not in self._compiled:
            self._compiled[key] = make(arrays)
        return self._compiled[key]

    def _written(self, arrays):
        """Return (variables, [values of each option]): all functions of these numbers of axes are made of them."""
        variables = self.variables(arrays)
        return variables, [self.graph(variables, **options) for options in self.row.options]

    def _derived(self, arrays):
        """Return (cotangent, [gradients of each option])."""
        variables, values = self._once(self._written, arrays)
        cotangent = pt.tensor(dtype="float64", shape=(None,) * values[0].ndim)
        return cotangent, [gradient((v * cotangent).sum(), [variables[p] for p in self.by]) for v in values]

    def _values(self, arrays):
        variables, values = self._once(self._written, arrays)
        return compiled(list(variables.values()), values)

    def _first(self, arrays):
        variables, values = self._once(self._written, arrays)
        cotangent, slopes = self._once(self._derived, arrays)
        outputs = [one for value, by in zip(values, slopes, strict=True) for one in (value, *by)]
        return compiled([*variables.values(), cotangent], outputs)

    def _second(self, arrays):
        variables, _ = self._once(self._written, arrays)
        cotangent, slopes = self._once(self._derived, arrays)
        by = [variables[p] for p in self.by]
        along = [v.type() for v in by]
        outputs = [second for first in slopes
                   for second in gradient(sum((g * v).sum() for g, v in zip(first, along, strict=True)), by)]
        return compiled([*variables.values(), cotangent, *along], outputs)

    @functools.cached_property
    def single(self):
        """Return f(arrays) -> [(values, gradients), ...] for all options, in float32 with a known last length."""
        variables = self.variables(self.sample(), "float32", static=True)
        by, outputs = [variables[p] for p in self.by], []
        with pytensor.config.change_flags(floatX="float32"):
            for options in self.row.options:
                values = self.graph(variables, **options)
                outputs += [values, *gradient(values.sum(), by)]
            function = compiled(list(variables.values()), outputs)

        def call(arrays):
            found = function(*(a.astype(variables[p].dtype) for p, a in arrays.items()))
            size = len(self.by) + 1
            return [(found[i], dict(zip(self.by, found[i + 1 : i + size], strict=True)))
                    for i in range(0, len(found), size)]

        return call

    # --------------------------------------------------------------------------------------------------- in other forms

    def perfect(self, fed: dict):
        """Return what to feed for the least value."""
        if self.row.perfect == "derived":
            assert "target" in self.kinds, f"row {self.row.name}: no target, so say perfect=... (a function, or None)"
            best = ideal(self.kinds[self.first], self.kinds["target"], fed["target"], self.classes)
            return fed | {self.first: best}
        return fed | self.row.perfect(fed)

    def stacked(self, many: list) -> dict:
        """Return what is fed many times as one batch of all their items, where each value belongs to one item alone."""
        assert self.separate
        return {p: np.concatenate([fed[p] for fed in many]) if kind.items and many[0][p].ndim else many[0][p]
                for p, kind in self.kinds.items()}

    def items(self, fed: dict, index) -> dict:
        """Return the items at `index` of what is fed."""
        return {p: a[index] if self.kinds[p].items and a.ndim else a for p, a in fed.items()}


CASES = [Case(row, kinds) for row in ROWS for kinds in row.forms()]
