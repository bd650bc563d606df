"""Importing of indexes: parts of arrays, elements at places that are computed, and their gradients."""

from pytensor.tensor.subtensor import indices_from_subtensor

from . import ir
from .importer import as_length, imports
from .ir import Rows, Unsupported


def _indices(at, node, first):
    """Return the indexes of a node: None, ints or slices of variables, or variables."""
    variables = node.inputs[first:]
    positions = getattr(node.op, "idx_list", None)
    return list(indices_from_subtensor(variables, positions)) if positions is not None else list(variables)


def _bound(at, variable):
    if variable is None or isinstance(variable, int):
        return variable
    return at.length(variable)


def _slice(at, index, n):
    """Return (start, step, count) of a slice of an axis of length n."""
    start, stop, step = (_bound(at, part) for part in (index.start, index.stop, index.step))
    step = 1 if step is None else step
    if not isinstance(step, int):
        raise Unsupported("a slice whose step depends on the rows")
    if all(not isinstance(part, Rows) for part in (start, stop, n)):
        found = range(*slice(start, stop, step).indices(n))
        return found.start, step, len(found)
    if step == -1 and start is None and stop is None:
        return n - 1, -1, n
    if step != 1:
        raise Unsupported("a slice with a step along the rows")
    start = _wrapped(0 if start is None else start, n)
    stop = n if stop is None else _wrapped(stop, n)
    return start, 1, stop - start


def _wrapped(place, n):
    """Return a bound of a slice as a length from 0 to n.

    Along the rows only 0 and n are bounds for any number of rows; with others there may be too few.
    """
    if place == 0 or place == n:
        return place
    if isinstance(place, Rows) or isinstance(n, Rows):
        raise Unsupported("a slice along the rows, whose length depends on how many there are")
    return max(n + place, 0) if place < 0 else min(place, n)


def _parts(at, indices, shape):
    """Return starts, steps and shape of slices, the axes that go away, and what has to be gathered: {axis: Value}."""
    starts, steps, lengths, dropped, gathered = [], [], [], [], {}
    indices = [*indices, *([slice(None)] * (len(shape) - len(indices)))]
    for axis, (index, n) in enumerate(zip(indices, shape, strict=True)):
        if isinstance(index, slice):
            start, step, count = _slice(at, index, n)
        else:
            start, step, count = 0, 1, n
            place = _place(at, index, n)
            if isinstance(place, ir.Value):
                gathered[axis] = place
            else:
                start, count = place, 1
                dropped.append(axis)
        starts.append(start)
        steps.append(step)
        lengths.append(count)
    return tuple(starts), tuple(steps), lengths, dropped, gathered


def _place(at, index, n):
    """Return a single index as a length, or as a Value where it depends on data."""
    if isinstance(index, int):
        found = index
    else:
        value = at.graph.reshape(at.value(index), ())
        try:
            found = as_length(value)
        except Unsupported:
            return at.graph.cast(value, "int64")
    if isinstance(n, Rows) or isinstance(found, Rows):
        raise Unsupported("a place along the rows, of which there may be too few")
    found = found + n if found < 0 else found
    if not 0 <= found < n:
        raise IndexError(f"index {found} is out of bounds for an axis of length {n}")
    return found


@imports("Subtensor")
def _subtensor(at, node):
    known = at.known.get(node.inputs[0])
    indices = _indices(at, node, 1)
    if isinstance(known, list):
        return _of_list(at, known, indices)
    value = at.value(node.inputs[0])
    starts, steps, lengths, dropped, gathered = _parts(at, indices, value.shape)
    graph = at.graph
    found = graph.make("slice", (value,), value.dtype, lengths, starts=starts, steps=steps)
    kept = [axis for axis in range(value.ndim) if axis not in dropped]
    found = graph.reshape(found, [lengths[axis] for axis in kept])
    for axis in sorted(gathered, reverse=True):
        found = _taken(graph, found, kept.index(axis), gathered[axis])
        kept.remove(axis)
    return found


def _taken(graph, value, axis, index):
    """Return the part of a value at one place of an axis, which goes away."""
    order = [axis, *(a for a in range(value.ndim) if a != axis)]
    turned = graph.transpose(value, order)
    return graph.make("gather", (turned, index), value.dtype, turned.shape[1:])


def _of_list(at, known, indices):
    (index,) = indices
    if isinstance(index, slice):
        return known[slice(*(_bound(at, part) for part in (index.start, index.stop, index.step)))]
    return known[index if isinstance(index, int) else at.length(index)]


@imports("IncSubtensor")
def _inc_subtensor(at, node):
    graph, base, new = at.graph, at.value(node.inputs[0]), at.value(node.inputs[1])
    starts, steps, lengths, dropped, gathered = _parts(at, _indices(at, node, 2), base.shape)
    if gathered:
        return _inc_at_places(at, node, base, new, lengths, gathered, (starts, steps, dropped))
    kept = [n for axis, n in enumerate(lengths) if axis not in dropped]
    new = graph.reshape(graph.broadcast(graph.cast(new, base.dtype), kept), lengths)
    return graph.make("put", (base, new), base.dtype, base.shape, starts=starts, steps=steps, how=_how(node))


def _how(node) -> str:
    return "set" if node.op.set_instead_of_inc else "add"


def _inc_at_places(at, node, base, new, lengths, gathered, slices):
    """Set or add at one place of an axis that depends on data, of a whole array otherwise."""
    starts, steps, dropped = slices
    if dropped or any(starts) or any(step != 1 for step in steps) or tuple(lengths) != base.shape:
        raise Unsupported("setting a part of an array that slices and data tell together")
    graph, axes = at.graph, sorted(gathered)
    rest = [axis for axis in range(base.ndim) if axis not in axes]
    turned = graph.transpose(base, [*axes, *rest])
    new = graph.broadcast(graph.cast(new, base.dtype), [base.shape[axis] for axis in rest])
    made = graph.make("scatter", (turned, new, *(gathered[axis] for axis in axes)), base.dtype, turned.shape,
                      how=_how(node))
    order = [*axes, *rest]
    return graph.transpose(made, [order.index(axis) for axis in range(base.ndim)])


class Advanced:
    """An index with arrays in it, as numpy reads it: the indexed axes first, then the result's axes in order."""

    def __init__(self, at, indices, shape):
        graph = at.graph
        indices = [*indices, *([slice(None)] * (len(shape) - len(indices)))]
        self.arrays = {axis: _integers(at, index) for axis, index in enumerate(indices) if not isinstance(index, slice)}
        axes = sorted(self.arrays)
        self.rest = [axis for axis in range(len(shape)) if axis not in axes]
        self.order = [*axes, *self.rest]
        places = graph.aligned(*(self.arrays[axis] for axis in axes))
        common = ir.common_shape(*(v.shape for v in places))
        self.places = [graph.broadcast(v, common) for v in places]
        cuts = [_slice(at, indices[axis], shape[axis]) for axis in self.rest]
        self.starts = (*[0] * len(axes), *(start for start, _, _ in cuts))
        self.steps = (*[1] * len(axes), *(step for _, step, _ in cuts))
        self.lengths = [*(shape[axis] for axis in axes), *(count for _, _, count in cuts)]
        self.whole = self.lengths == [shape[axis] for axis in self.order] and all(s == 1 for s in self.steps)
        self.shape = [*common, *self.lengths[len(axes):]]
        together = axes == list(range(axes[0], axes[-1] + 1))
        before = axes[0] if together else 0  # axes of the result that come before the indexed ones
        rank, count = len(common), len(self.rest)
        self.turn = [*range(rank, rank + before), *range(rank), *range(rank + before, rank + count)]


def _integers(at, index):
    value = at.graph.number(index, "int64") if isinstance(index, int) else at.value(index)
    if value.dtype == "bool":
        raise Unsupported("an index that is a mask: how many elements there are depends on data")
    return at.graph.cast(value, "int64")


@imports("AdvancedSubtensor", "AdvancedSubtensor1")
def _advanced(at, node):
    graph, value = at.graph, at.value(node.inputs[0])
    index = Advanced(at, _indices(at, node, 1), value.shape)
    turned = graph.transpose(value, index.order)
    if not index.whole:
        turned = graph.make("slice", (turned,), value.dtype, index.lengths, starts=index.starts, steps=index.steps)
    found = graph.make("gather", (turned, *index.places), value.dtype, index.shape)
    return graph.transpose(found, index.turn)


@imports("AdvancedIncSubtensor", "AdvancedIncSubtensor1")
def _advanced_inc(at, node):
    graph, base = at.graph, at.value(node.inputs[0])
    new = graph.cast(at.value(node.inputs[1]), base.dtype)
    index = Advanced(at, _indices(at, node, 2), base.shape)
    if not index.whole:
        raise Unsupported("setting elements that slices and arrays tell together")
    new = graph.broadcast(new, [index.shape[axis] for axis in index.turn])
    new = graph.transpose(new, [index.turn.index(axis) for axis in range(len(index.turn))])
    turned = graph.transpose(base, index.order)
    made = graph.make("scatter", (turned, new, *index.places), base.dtype, turned.shape, how=_how(node))
    return graph.transpose(made, [index.order.index(axis) for axis in range(base.ndim)])
