"""From a PyTensor graph to a sympy expression of one entry: tensors become symbols with indices, reductions sums."""

import itertools

import numpy as np
import sympy
from pytensor.compile.builders import OpFromGraph
from pytensor.gradient import DisconnectedGrad
from pytensor.graph.basic import Constant
from pytensor.graph.replace import clone_replace
from pytensor.tensor.basic import Alloc, ARange, ExtractDiag, Eye, Join, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.extra_ops import CumOp
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax
from pytensor.tensor.subtensor import AdvancedSubtensor, Subtensor, indices_from_subtensor

from ..errors import SpecError
from .checks import settled
from .conditions import in_cases
from .constants import plain_number, straight
from .elementwise import by_branch, condition, is_condition, number, of_scalar_op
from .functions import Held, MaxOver, OverIndex, Sum
from .lengths import LENGTHS, UntranslatedError, joined_parts
from .lengths import static as _static
from .loops import LOOPS
from .naming import Names, in_order, require_bound
from .ordering import ORDERS
from .sums import over

_ANYTHING = sympy.Symbol("anything", real=True)
MOST = 110  # steps of a graph, from which on what it computes on the way gets names
TOO_MANY = 3000  # steps that nobody wants to see as a formula
ORDERED, EQUAL = ("LT", "GT", "LE", "GE"), ("EQ", "NEQ")  # comparisons
SHORT = 12  # a dimension of known length up to this is written out where it must be


class _NeedsNumberError(Exception):
    """An index must be a number."""

    def __str__(self):
        return "the entries of a constant array are written within sums alone"


class Reader:
    """Reads entries of tensors as sympy expressions.

    Parameters
    ----------
    leaves : dict
        What variables are called: a sympy symbol for a single number, or an IndexedBase, by variable.
    lengths : dict
        Lengths by (variable, axis), where they are not known.
    labels : collection
        Those of the leaves that are labels of classes.
    blank : bool
        Whether the labels are none of the classes that are there as numbers, as with a blank.
    """

    def __init__(self, leaves, lengths=None, labels=(), blank=False):
        self.leaves, self.lengths, self.labels, self.blank = dict(leaves), dict(lengths or {}), set(labels), blank
        self._known: dict = {}
        self._inside: dict = {}  # what stands within an operation that has a graph of its own
        self.stands: dict = {}  # inputs of the inside of a loop: what they are outside, axes less than that, a reading
        self.loops: dict = {}
        self.notes: dict = {}  # what has a name of its own, by entry: {c[i, h]: expression}
        self.names = Names(self)
        self._counting = False  # while the steps are counted, without the expressions that they make
        self._dummies = _indices()

    def index(self):
        """Return a new index."""
        return next(self._dummies)

    def entry(self, variable, at=()):
        """Return the entry of a tensor at indices, for the whole formula.

        Raises
        ------
        UntranslatedError
            For an operation that has no formula, and where infinite numbers would stand in it.
        """
        try:
            self._counting = True
            self.read(variable, at)
            self.names.choose(self._known if len(self._known) > MOST else ())
            self._known, self.notes, self.loops, self._counting = {}, {}, {}, False
            self._dummies = _indices()
            found = number(self.read(variable, at))
            found, self.notes = in_order(found, self.names.needed(found))
            require_bound([found, *self.notes.values()], self.leaves.values())
        except (TypeError, ValueError, RecursionError, NotImplementedError, _NeedsNumberError) as error:
            if isinstance(error, SpecError):
                raise
            said = str(error) or type(error).__name__
            raise UntranslatedError(f"formula: it cannot be written with sympy: {said}") from None
        visible = found.replace(lambda e: isinstance(e, MaxOver | sympy.Max | sympy.Min), lambda e: sympy.Symbol("m"))
        if visible.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan):
            raise UntranslatedError("formula: it contains infinity in the place of entries that are left out")
        return found

    def read(self, variable, at=()):
        """Return the entry of a tensor at indices."""
        at = tuple(sympy.Integer(0) if n == 1 else i for i, n in zip(at, _static(variable), strict=True))
        key = (variable, at)
        if key not in self._known:
            if len(self._known) >= TOO_MANY:
                raise UntranslatedError(f"formula: the graph has more than {TOO_MANY} steps, too many for a formula "
                                        f"that can be read")
            named = self.names.entry(variable, at)
            self._known[key] = self.read_inside(variable, at) if named is None else named
        return self._known[key]

    def new_name(self, variable, recursion=False):
        """Return an array with a name that nothing else has."""
        return self.names.new(variable, recursion)

    def read_inside(self, variable, at):
        """Return the entry of a tensor by what it is computed from, whether it has a name of its own or not."""
        if variable in self.stands:
            return self.stands[variable][2](at)
        if variable in self.leaves:
            leaf = self.leaves[variable]
            kept = [i for i, n in zip(at, _static(variable), strict=True) if n != 1]
            return leaf[tuple(kept)] if kept else leaf if isinstance(leaf, sympy.Expr) else sympy.Symbol(str(leaf))
        if isinstance(variable, Constant) or (variable.owner is None and hasattr(variable, "get_value")):
            return self._constant(variable, at)
        if variable.owner is None:
            raise UntranslatedError(f"formula: {variable} has no name. Pass names={{variable: 'x'}}")
        op = variable.owner.op
        for kind, reading in READINGS.items():
            if isinstance(op, kind):
                return reading(self, variable, variable.owner, at)
        inputs = variable.owner.inputs
        named = {"Blockwise": getattr(op, "core_op", op)}.get(type(op).__name__, op)
        if isinstance(named, Dot) and len(inputs) == 2:
            return self._dot(*inputs, at)
        if isinstance(op, OpFromGraph):  # whose graph stands in its place
            if variable not in self._inside:
                graph = op.fgraph.unfreeze() if hasattr(op.fgraph, "unfreeze") else op.fgraph
                outputs = clone_replace(graph.outputs, dict(zip(graph.inputs, inputs, strict=True)))
                self._inside.update(zip(variable.owner.outputs, outputs, strict=True))
            return self.read(self._inside[variable], at)
        raise UntranslatedError(f"formula: symloss cannot write {type(named).__name__} ({op}) as a formula. Write the "
                                "expression without it, or look at its graph with pytensor.dprint")

    def _constant(self, variable, at):
        value = variable.data if isinstance(variable, Constant) else variable.get_value()
        value = np.asarray(value)
        if value.size == 1:
            return plain_number(value.reshape(())[()])
        if (value == value.flat[0]).all():
            return plain_number(value.flat[0])
        if not all(i.is_Integer for i in at):
            found = straight(value, at)
            if found is None:
                raise _NeedsNumberError
            return found
        return plain_number(value[tuple(int(i) for i in at)])

    # ------------------------------------------------------------------------------------------ lengths

    def length(self, variable, axis):
        """Return the length of an axis: a number, or a symbol."""
        static = _static(variable)[axis]
        if static is not None:
            return sympy.Integer(static)
        if (variable, axis) in self.lengths:
            return self.lengths[variable, axis]
        if variable in self.stands:
            outer, fewer, _ = self.stands[variable]
            return self.length(outer, axis + fewer)
        node = variable.owner
        if node is None:
            return sympy.Symbol("n" if axis == 0 else "K", integer=True, positive=True)
        if isinstance(node.op, Elemwise):
            found = [self.length(i, axis) for i in node.inputs if _static(i)[axis] != 1]
            return found[0] if found else sympy.Integer(1)
        reading = LENGTHS.get(type(node.op))
        if reading is not None:
            return reading(self, variable, node, axis)
        if isinstance(node.op, CAReduce):
            return self.length(node.inputs[0], [a for a in range(node.inputs[0].ndim) if a not in _axes(node)][axis])
        if node.inputs and node.inputs[0].type.ndim == variable.ndim:
            return self.length(node.inputs[0], axis)
        raise UntranslatedError(f"formula: the length of axis {axis} of {node.op} is unknown")

    def scalar(self, value):
        """Return an index or a length, which may be a number of Python."""
        return sympy.Integer(int(value)) if isinstance(value, int | np.integer) else self.scalar_variable(value)

    def scalar_variable(self, variable):
        if isinstance(variable, Constant):
            return sympy.Integer(int(variable.data))
        if variable.owner is not None and isinstance(variable.owner.op, ScalarFromTensor | TensorFromScalar):
            return self.scalar_variable(variable.owner.inputs[0])
        return self.read(variable, ())

    # ------------------------------------------------------------------------------------------ operations

    def _elemwise(self, variable, node, at):
        kept = _without_floor(node)
        if kept is not None:
            return self.read(kept, at)
        made = of_scalar_op(node.op.scalar_op)
        if made is None:
            raise UntranslatedError(f"formula: symloss cannot write {node.op.scalar_op} as a formula. Write the "
                                    "expression without it")
        if self._counting and not variable.dtype.startswith(("int", "uint")):
            for part in node.inputs:
                self.read(part, at)
            return _ANYTHING
        values = [self.read(i, at) for i in node.inputs]
        compared = type(node.op.scalar_op).__name__
        if compared in ORDERED or (compared in EQUAL and 0 not in values):  # sympy draws cases out of sums there
            values = [self._under_a_name(i, value, at) for i, value in zip(node.inputs, values, strict=True)]
        chooses = type(node.op.scalar_op).__name__ == "Switch"
        found = made(*values) if chooses else in_cases(by_branch(made, values))
        return settled(found, self.labels, set(self.lengths.values()), self.blank)

    def _under_a_name(self, variable, value, at):
        if not value.has(sympy.Piecewise) or not value.has(sympy.Sum, MaxOver, OverIndex):
            return value
        self.names.want(variable)
        return self.names.entry(variable, at) or value

    def _dimshuffle(self, variable, node, at):
        inner = [sympy.Integer(0)] * node.inputs[0].ndim
        for place, axis in enumerate(node.op.new_order):
            if axis != "x":
                inner[axis] = at[place]
        return self.read(node.inputs[0], tuple(inner))

    def _reduce(self, variable, node, at):
        inner, axes = node.inputs[0], _axes(node)
        kind = type(node.op.scalar_op).__name__.lower()
        kept, inside, ranges = iter(at), [], []
        for axis in range(inner.ndim):
            if axis in axes and _static(inner)[axis] != 1:
                ranges.append((self.index(), self.length(inner, axis)))
            inside.append(sympy.Integer(0) if axis in axes and _static(inner)[axis] == 1 else
                          ranges[-1][0] if axis in axes else next(kept))
        return self.over(kind, lambda where: self.read(inner, where), tuple(inside), ranges)

    def over(self, kind, made, inside, ranges):
        """Return the sum, maximum, ... of entries over indices; written out where an index must be a number."""
        try:
            entry = made(inside)
            return _ANYTHING if self._counting else _reduced(kind, entry, ranges)
        except _NeedsNumberError:
            for place, (index, length) in enumerate(ranges):
                if length.is_Integer and length <= SHORT:
                    rest = ranges[:place] + ranges[place + 1 :]
                    parts = [self.over(kind, made, tuple(sympy.Integer(n) if i == index else i for i in inside), rest)
                             for n in range(int(length))]
                    return WRITTEN_OUT[kind](*parts)
            raise UntranslatedError("formula: a constant array is too long to be written out") from None

    def _dot(self, left, right, at):
        index = self.index()
        if left.ndim > 2 or right.ndim > 2:
            raise UntranslatedError("formula: symloss can only write products of matrices as formulas")
        a = (*at[: left.ndim - 1], index)
        b = (index, *at[left.ndim - 1 :]) if right.ndim == 2 else (index,)
        length = self.length(left, left.ndim - 1)
        return over(self.read(left, a) * self.read(right, b), index, length)

    def _softmax(self, variable, node, at):
        axis = node.op.axis if node.op.axis is not None else None
        axes = range(variable.ndim) if axis is None else [a % variable.ndim for a in np.atleast_1d(axis)]
        index = self.index()
        if len(axes) != 1:
            raise UntranslatedError("formula: symloss cannot write a softmax over several axes as a formula")
        (axis,) = axes
        z, there = node.inputs[0], (*at[:axis], index, *at[axis + 1 :])
        total = over(sympy.exp(self.read(z, there)), index, self.length(z, axis))
        own = self.read(z, at)
        return own - sympy.log(total) if isinstance(node.op, LogSoftmax) else sympy.exp(own) / total

    def _subtensor(self, variable, node, at):
        inner, kept = node.inputs[0], iter(at)
        places = list(indices_from_subtensor(node.inputs[1:], node.op.idx_list))
        places += [slice(None)] * (inner.ndim - len(places))
        return self.read(inner, tuple(
            self._slice(inner, axis, place, next(kept)) if isinstance(place, slice)
            else self.counted(inner, axis, self.scalar(place)) for axis, place in enumerate(places)))

    def _slice(self, inner, axis, place, index):
        step = sympy.Integer(1) if place.step is None else self.scalar(place.step)
        first = sympy.Integer(0) if step > 0 else self.length(inner, axis) - 1
        return (first if place.start is None else self.counted(inner, axis, self.scalar(place.start))) + step * index

    def counted(self, inner, axis, index):
        """Return an index that may be counted from the end."""
        return self.length(inner, axis) + index if index.is_negative else index

    def _advanced(self, variable, node, at):
        inner = node.inputs[0]
        places = list(indices_from_subtensor(node.inputs[1:], node.op.idx_list))
        places += [slice(None)] * (inner.ndim - len(places))
        tensors = [p for p in places if not isinstance(p, slice)]
        apart = [i for i, p in enumerate(places) if not isinstance(p, slice)]
        axes = max(getattr(p, "ndim", 0) for p in tensors)
        if apart != list(range(apart[0], apart[-1] + 1)) or any(p.dtype == "bool" for p in tensors):
            raise UntranslatedError("formula: symloss cannot write this kind of indexing as a formula. Use one index "
                                    "after the other")
        shared, found = at[apart[0] : apart[0] + axes], []
        rest = iter((*at[: apart[0]], *at[apart[0] + axes :]))
        for axis, place in enumerate(places):
            if isinstance(place, slice):
                found.append(self._slice(inner, axis, place, next(rest)))
            else:
                found.append(number(self.read(place, shared[len(shared) - place.ndim :])))
        return self.read(inner, tuple(found))

    def _reshape(self, variable, node, at):
        inner, wide = node.inputs[0], [a for a, n in enumerate(_static(node.inputs[0])) if n != 1]
        kept = [i for i, n in zip(at, _static(variable), strict=True) if n != 1]
        if len(kept) != len(wide):
            raise UntranslatedError("formula: symloss cannot write a reshape that joins or splits axes as a formula")
        found = [sympy.Integer(0)] * inner.ndim
        for axis, index in zip(wide, kept, strict=True):
            found[axis] = index
        return self.read(inner, tuple(found))

    def _alloc(self, variable, node, at):
        value = node.inputs[0]
        return self.read(value, at[len(at) - value.ndim :])

    def _made_vector(self, variable, node, at):
        if not at[0].is_Integer:
            raise _NeedsNumberError
        return self.scalar_variable(node.inputs[int(at[0])])

    def _shape(self, variable, node, at):
        if not at[0].is_Integer:
            raise _NeedsNumberError
        return self.length(node.inputs[0], int(at[0]))

    def _joined(self, variable, node, at):
        axis, parts = joined_parts(node)
        start, cases = sympy.Integer(0), []
        for part in parts:
            inside = (*at[:axis], at[axis] - start, *at[axis + 1 :])
            start += self.length(part, axis)
            here = settled(at[axis] < start, self.labels, set(self.lengths.values()), self.blank)
            if here == sympy.true and not cases:
                return self.read(part, inside)
            if here != sympy.false or part is parts[-1]:
                cases.append((number(self.read(part, inside)), here))
        return sympy.Piecewise(*cases[:-1], (cases[-1][0], True)) if len(cases) > 1 else cases[0][0]

    def _diagonal(self, node, at):
        if node.inputs[0].ndim != 2 or node.op.offset != 0:
            raise UntranslatedError("formula: symloss can only write the main diagonal of a matrix as a formula")
        return self.read(node.inputs[0], (at[0], at[0]))

    def _cumulated(self, variable, node, at):
        inner, axis = node.inputs[0], node.op.axis
        if axis is None:
            raise UntranslatedError("formula: symloss cannot write a running sum over all axes as a formula")
        index = self.index()
        axis %= inner.ndim
        there = (*at[:axis], index, *at[axis + 1 :])
        kind = Sum if node.op.mode == "add" else sympy.Product
        return kind(number(self.read(inner, there)), (index, 0, at[axis]))


def _reduced(kind, entry, ranges):
    if kind in ("and", "or"):
        if condition(entry) in (sympy.true, sympy.false):
            return condition(entry)
        raise UntranslatedError("formula: symloss cannot write all and any over an axis as a formula")
    entry = number(entry)
    for index, length in reversed(ranges):
        entry = over(entry, index, length) if kind == "add" else ALONG[kind](entry, (index, 0, length - 1))
    return entry


ALONG = {
    "mul": sympy.Product,
    "maximum": lambda entry, limits: MaxOver(entry, limits) if entry.has(limits[0]) else entry,
    "minimum": lambda entry, limits: -MaxOver(-entry, limits) if entry.has(limits[0]) else entry,
}
WRITTEN_OUT = {"add": sympy.Add, "mul": sympy.Mul, "maximum": sympy.Max, "minimum": sympy.Min}


def _without_floor(node):
    """Return x of ``x + disconnected(max(x, tiny) - x)``, which keeps a logarithm finite; None for anything else."""
    if type(node.op.scalar_op).__name__ != "Add" or len(node.inputs) != 2:
        return None
    kept, held = node.inputs
    if held.owner is None or not isinstance(held.owner.op, DisconnectedGrad):
        return None
    inner = held.owner.inputs[0].owner
    if inner is None or not isinstance(inner.op, Elemwise) or len(inner.inputs) != 2 or inner.inputs[1] is not kept:
        return None
    most = inner.inputs[0].owner
    return kept if most is not None and "Maximum" in str(most.op) and kept in most.inputs else None


def _held(reader, variable, node, at):
    value = reader.read(node.inputs[0], at)
    return value if is_condition(value) else Held(value)


READINGS = {
    Elemwise: Reader._elemwise, DimShuffle: Reader._dimshuffle, CAReduce: Reader._reduce,
    Softmax: Reader._softmax, LogSoftmax: Reader._softmax, Subtensor: Reader._subtensor,
    AdvancedSubtensor: Reader._advanced, Reshape: Reader._reshape,
    ExtractDiag: lambda reader, variable, node, at: reader._diagonal(node, at),
    Alloc: Reader._alloc, MakeVector: Reader._made_vector, Shape: Reader._shape, Join: Reader._joined,
    CumOp: Reader._cumulated, DisconnectedGrad: _held, **ORDERS, **LOOPS,
    SpecifyShape: lambda reader, variable, node, at: reader.read(node.inputs[0], at),
    Dot: lambda reader, variable, node, at: reader._dot(*node.inputs, at),
    Shape_i: lambda reader, variable, node, at: reader.length(node.inputs[0], node.op.i),
    ARange: lambda reader, variable, node, at: (
        reader.scalar_variable(node.inputs[0]) + at[0] * reader.scalar_variable(node.inputs[2])),
    Eye: lambda reader, variable, node, at: sympy.Piecewise((1, sympy.Eq(at[0], at[1])), (0, True)),
    ScalarFromTensor: lambda reader, variable, node, at: reader.read(node.inputs[0], ()),
    TensorFromScalar: lambda reader, variable, node, at: reader.scalar_variable(node.inputs[0]),
}


def _axes(node) -> tuple[int, ...]:
    axis, ndim = node.op.axis, node.inputs[0].ndim
    return tuple(range(ndim)) if axis is None else tuple(int(a) % ndim for a in np.atleast_1d(axis))


def _indices():
    for number_ in itertools.count():
        for letter in "jklmrs":
            name = letter if number_ == 0 else f"{letter}_{number_}"
            yield sympy.Symbol(name, integer=True, nonnegative=True)
