"""Loops: a recursion for what a loop computes; and entries that are written into a tensor."""

import sympy
from pytensor.scan.op import Scan
from pytensor.tensor.basic import AllocEmpty
from pytensor.tensor.subtensor import IncSubtensor, indices_from_subtensor

from .elementwise import number, switch
from .lengths import LENGTHS, UntranslatedError, static

STEP = sympy.Symbol("tau", integer=True, nonnegative=True)


class Loop:
    """A loop as a recursion: its states get names, and their entries at one step those at the step before.

    Parameters
    ----------
    reader : Reader
    node : Apply
        That of a scan.
    """

    def __init__(self, reader, node):
        op, info = node.op, node.op.info
        if info.as_while or info.mit_mot_in_slices or info.mit_sot_in_slices:
            raise UntranslatedError("formula: a loop with a condition, or with several steps before the present one, "
                                    "has no formula here")
        graph = op.fgraph.unfreeze() if hasattr(op.fgraph, "unfreeze") else op.fgraph
        inputs, outputs = graph.inputs, graph.outputs
        states = list(op.outer_sitsot_outs(node.outputs))
        self.begins = dict(zip(states, op.outer_sitsot(node.inputs), strict=True))
        self.steps = dict(zip(states, op.inner_sitsot_outs(outputs), strict=True))
        self.others = dict(zip(op.outer_nitsot_outs(node.outputs), op.inner_nitsot_outs(outputs), strict=True))
        self.bases = {state: reader.new_name(state, recursion=True) for state in states}
        self.reader, self.count = reader, node.inputs[0]
        for inner, outer in zip(op.inner_seqs(inputs), op.outer_seqs(node.inputs), strict=True):
            reader.stands[inner] = (outer, 1, lambda at, outer=outer: reader.read(outer, (STEP - 1, *at)))
        for inner, outer in zip(op.inner_non_seqs(inputs), op.outer_non_seqs(node.inputs), strict=True):
            reader.stands[inner] = (outer, 0, lambda at, outer=outer: reader.read(outer, at))
        for inner, state in zip(op.inner_sitsot(inputs), states, strict=True):
            reader.stands[inner] = (state, 1, lambda at, state=state: self._named(state, (STEP - 1, *at)))

    def define(self):
        """Say what the names of the states stand for."""
        for state in self.bases:
            self._define(state)

    def _named(self, state, at):
        return self.bases[state][tuple(i for i, n in zip(at, (None, *static(state)[1:]), strict=True) if n != 1)]

    def _define(self, state):
        wide = [n != 1 for n in static(state)[1:]]
        letters = iter(sympy.symbols("i h g q", integer=True, nonnegative=True))
        at = tuple(next(letters) if w else sympy.Integer(0) for w in wide)
        first = number(self.reader.read(self.begins[state], (sympy.Integer(0), *at)))
        later = number(self.reader.read(self.steps[state], at))
        self.reader.notes[self._named(state, (STEP, *at))] = sympy.Piecewise(
            (first, sympy.Eq(STEP, 0)), (later, True), evaluate=False)

    def entry(self, variable, at):
        """Return an entry of an output of the loop."""
        if variable in self.bases:
            return self._named(variable, at)
        found = number(self.reader.read(self.others[variable], at[1:]))
        return found.subs(STEP, at[0] + 1)

    def length(self, variable, axis):
        """Return the length of an axis of an output of the loop."""
        if variable in self.begins:
            return self.reader.length(self.begins[variable], axis)
        if axis == 0:
            return self.reader.scalar_variable(self.count)
        return self.reader.length(self.others[variable], axis - 1)


def _loop(reader, node):
    if node not in reader.loops:
        reader.loops[node] = Loop(reader, node)
        reader.loops[node].define()
    return reader.loops[node]


def written(reader, variable, node, at):
    """Return an entry of a tensor in which a part is replaced, or to which something is added."""
    base, new = node.inputs[:2]
    places = list(indices_from_subtensor(node.inputs[2:], node.op.idx_list))
    places += [slice(None)] * (base.ndim - len(places))
    inside, there = [], []
    for axis, (place, index) in enumerate(zip(places, at, strict=True)):
        if not isinstance(place, slice):
            there.append(sympy.Eq(index, reader.counted(base, axis, reader.scalar(place))))
            continue
        first = 0 if place.start is None else reader.counted(base, axis, reader.scalar(place.start))
        step = 1 if place.step is None else reader.scalar(place.step)
        inside.append((index - first) / step)
        there += [index >= first] * (place.start is not None) + [sympy.Eq(sympy.Mod(index - first, step), 0)] * (
            step != 1)
        if place.stop is not None:
            there.append(index < reader.counted(base, axis, reader.scalar(place.stop)))
    condition = sympy.And(*there)
    if condition == sympy.false:
        return reader.read(base, at)
    value = number(reader.read(new, tuple(inside[len(inside) - new.ndim :])))
    before = sympy.nan if condition == sympy.true and node.op.set_instead_of_inc else number(reader.read(base, at))
    return switch(condition, value if node.op.set_instead_of_inc else before + value, before)


LOOPS = {
    Scan: lambda reader, variable, node, at: _loop(reader, node).entry(variable, at),
    IncSubtensor: written,
    AllocEmpty: lambda reader, variable, node, at: sympy.nan,
}
LENGTHS.update({
    Scan: lambda reader, variable, node, axis: _loop(reader, node).length(variable, axis),
    IncSubtensor: lambda reader, variable, node, axis: reader.length(node.inputs[0], axis),
    AllocEmpty: lambda reader, variable, node, axis: reader.scalar_variable(node.inputs[axis]),
})
