"""Which operations share a kernel, and in which order the kernels run."""

import bisect
import dataclasses

from . import ir
from .ir import Rows, Value
from .lowering import is_pick
from .views import INLINE, base_of, trace, without_ones

COSTLY = frozenset(ir.UNARY - ir.words("neg abs sign sqr floor ceil trunc round invert isnan isinf")) | {
    "pow", "div", "mod", "int_div", "arctan2", "gather"}
LIGHT = 8  # operations that are rather done twice than kept
USUAL_ROWS = 100  # where it has to be guessed which of two arrays is larger
ROW_BYTES = 1 << 18  # of a row that a kernel keeps while it goes over it more than once


@dataclasses.dataclass(eq=False)
class Kernel:
    """Loops over one space, in which values are computed from others element by element.

    Attributes
    ----------
    dims : list of int or Rows
        Lengths of the space.
    axes : dict
        By number of each value that is computed here: for each of its axes, the dimension of the space that it goes
        along (None: it has length 1).
    along : dict
        The same for the axes of what it is computed from; other than `axes` for reductions alone.
    over : dict
        By number of each reduction: the dimensions that it sums over.
    rows : tuple or None
        The last dimensions, if reductions over them are used within the kernel.
    values : list of Value
        What is computed, in order.
    stores : set of int
        Numbers of those values that others read.
    """

    dims: list
    axes: dict = dataclasses.field(default_factory=dict)
    along: dict = dataclasses.field(default_factory=dict)
    over: dict = dataclasses.field(default_factory=dict)
    rows: tuple | None = None
    values: list = dataclasses.field(default_factory=list)
    stores: set = dataclasses.field(default_factory=set)

    def add(self, value: Value, along: tuple, reduced: tuple | None = None) -> None:
        """Compute one more value here; `reduced`: the axes that go away, of a reduction."""
        bisect.insort(self.values, value, key=lambda v: v.number)
        self.along[value.number] = along
        self.axes[value.number] = tuple(d for axis, d in enumerate(along) if axis not in (reduced or ()))
        if reduced is not None:
            self.over[value.number] = tuple(sorted(along[a] for a in reduced if along[a] is not None))

    def varies(self, value: Value) -> frozenset:
        """Return the dimensions along which a value of the kernel varies."""
        return frozenset(d for d in self.axes[value.number] if d is not None)


@dataclasses.dataclass(eq=False)
class Stage:
    """One operation that is a function of its own: a product, a sort, a copy to a part of an array."""

    value: Value

    @property
    def values(self):
        """What it computes: one value."""
        return [self.value]

    @property
    def stores(self):
        """What others read of it."""
        return {self.value.number}


def fuses(value: Value) -> bool:
    """Return whether a value is computed in loops that others may share."""
    if value.op in ir.RANDOM:  # a row of them at a time
        return value.ndim > 1 and isinstance(value.shape[-1], int) and 1 < value.shape[-1] * 8 <= ROW_BYTES
    return value.op in ir.POINTWISE or value.op in ir.REDUCTIONS or value.op == "gather"


def _about(length) -> int:
    return length.at(USUAL_ROWS) if isinstance(length, Rows) else length


class Schedule:
    """Kernels and stages in an order in which they can run.

    Parameters
    ----------
    outputs : list of Value
        Lowered.

    Attributes
    ----------
    steps : list of Kernel or Stage
    exports : set of int
        Numbers of those values that other steps, or the caller, read.
    """

    def __init__(self, outputs: list[Value], conditions=()):
        self.steps: list = []
        self.exports = {v.number for v in outputs}
        self.place: dict[int, Kernel | Stage] = {}  # where a value is computed
        self._position: dict[int, int] = {}
        wanted = [*outputs, *conditions]
        self.exports |= {v.number for v in conditions}
        for value in ir.reachable(wanted):
            if value.op in ir.LEAVES or value.op in ir.VIEWS:
                continue
            if fuses(value):
                self._fuse(value)
            else:
                self._insert(Stage(value), self._earliest(value))
                self.place[value.number] = self.steps[self._found]
            self._export_inputs(value)
        Sinking(self, wanted).run()
        self._drop_unused()

    # ------------------------------------------------------------------------------------------------ order

    def _insert(self, step, after: int):
        self._found = after + 1
        self.steps.insert(after + 1, step)
        self._position = {id(s): i for i, s in enumerate(self.steps)}

    def _earliest(self, value) -> int:
        """Return the position of the last step that makes what a value is computed from; -1 if there is none."""
        places = [self.place.get(base_of(v).number) for v in value.inputs]
        return max((self._position[id(p)] for p in places if p is not None), default=-1)

    def _export_inputs(self, value):
        mine = self.place[value.number]
        for operand in value.inputs:
            base = base_of(operand)
            inside = isinstance(mine, Kernel) and trace(operand)[0].number in mine.axes
            if base.number in self.place and not inside:
                self.exports.add(base.number)

    def _drop_unused(self):
        """Forget what is computed anew wherever it is needed."""
        for kernel in self.steps:
            if not isinstance(kernel, Kernel):
                continue
            kernel.stores = {v.number for v in kernel.values
                             if v.number in self.exports and self.place[v.number] is kernel}
            needed = set(kernel.stores)
            for value in reversed(kernel.values):
                if value.number in needed:
                    needed |= {trace(v)[0].number for v in value.inputs}
            kernel.values = [v for v in kernel.values if v.number in needed]
            kernel.over = {number: over for number, over in kernel.over.items() if number in needed}
        self.steps = [s for s in self.steps if s.values]

    # ------------------------------------------------------------------------------------------------ fusion

    def _fuse(self, value):
        earliest = self._earliest(value)
        for position in range(max(earliest, 0), len(self.steps)):
            kernel = self.steps[position]
            if isinstance(kernel, Kernel) and self._join(kernel, value, position == earliest):
                self.place[value.number] = kernel
                self._compute_anew(kernel, value)
                return
        space = value.inputs[0].shape if value.op in ir.REDUCTIONS else value.shape
        kernel = Kernel(list(without_ones(space)))
        if not self._join(kernel, value, False):
            raise AssertionError(f"{value!r} fits into no kernel")
        self._insert(kernel, earliest)
        self.place[value.number] = kernel
        self._compute_anew(kernel, value)

    def _compute_anew(self, kernel, value, within=False):
        """Compute operands here as well, if that reads less than they are: stretched numbers, places of labels."""
        along = kernel.along[value.number]
        inputs = value.inputs[1:] if value.op == "gather" else value.inputs
        for operand in inputs:
            root, axes = trace(operand)
            if root.number in kernel.axes or root.number not in self.place:
                continue
            if root.number in self.exports if within else not self._is_light(root):
                continue
            kernel.add(root, tuple(None if axis is None else along[axis] for axis in axes))
            self._compute_anew(kernel, root, within=True)

    def _is_light(self, value) -> bool:
        read, size, seen, full, waiting = 0, _about(value.size), set(), 0, [value]
        while waiting:
            one = waiting.pop()
            if one.number in seen:
                continue
            seen.add(one.number)
            full += 2 * _about(one.size) > size
            costly = one.op in COSTLY or one.op not in ir.POINTWISE or one.op == "copy"
            if costly or full > LIGHT or len(seen) > 4 * LIGHT:
                return False
            for operand in one.inputs:
                root = trace(operand)[0]
                if root.number in self.place and root.number not in self.exports:
                    waiting.append(root)
                elif root.op not in INLINE:
                    read += _about(base_of(root).size)
        return 2 * read <= size

    def _join(self, kernel, value, related: bool) -> bool:
        """Let a kernel compute a value too, if it can; `related`: some operand may be computed there."""
        joining = Joining(kernel, value)
        if related and not joining.operands_fit():
            return False
        if not joining.complete(extend=related and joining.inside and bool(kernel.dims)):
            return False
        joining.accept()
        return True


class Sinking:
    """Moves what one later kernel alone reads into that kernel, where it needs no memory.

    Parameters
    ----------
    schedule : Schedule
    wanted : list of Value
        What the caller reads.
    """

    def __init__(self, schedule: Schedule, wanted):
        self.schedule, self.kept = schedule, {v.number for v in wanted}
        self.values = ir.reachable(wanted)
        self.users: dict[int, list[Value]] = {}
        for value in self.values:
            for place, operand in enumerate(value.inputs):
                root = trace(operand)[0]
                if root.op in ir.VIEWS or value.op == "gather" and place == 0:
                    self.kept.add(base_of(root).number)  # it is read as it lies in memory
                self.users.setdefault(root.number, []).append(value)
        self.position = {id(step): i for i, step in enumerate(schedule.steps)}
        self.kernels = [step for step in schedule.steps if isinstance(step, Kernel)]

    def run(self) -> None:
        """Move all that can be moved, the last first."""
        for value in reversed(self.values):
            home = self.schedule.place.get(value.number)
            target = self._target(value, home) if isinstance(home, Kernel) else None
            if target is not None:
                self._move(value, home, target)

    def _target(self, value, home):
        """Return the only kernel that reads a value, if that is another one, of the same space."""
        found = []
        for user in self.users.get(value.number, ()):
            place = self.schedule.place.get(user.number)
            homes = [place] if isinstance(place, Stage) else [k for k in self.kernels if user.number in k.axes]
            found += [step for step in homes if step not in found]
        found = [step for step in found if step is home or isinstance(step, Stage) or value.number not in step.axes]
        if len(found) != 1 or found[0] is home or not isinstance(found[0], Kernel):
            return None
        (target,) = found
        same = ir.size(target.dims) == value.size and self.position[id(target)] > self.position[id(home)]
        return target if same else None

    def _chain(self, value, home):
        """Return what moves together, and what has to lie in memory for it.

        Values of `home` that nobody else reads move along. Others stay, where they are in memory already or smaller.
        None: nothing would be won.
        """
        chain, exported, waiting = {}, [], {value.number: value}
        while waiting:
            one = waiting.pop(max(waiting))  # users come before what they use
            shared = one is not value and (one.number in self.schedule.exports or any(
                user.number not in chain for user in self.users[one.number]))
            if shared or one.op not in ir.POINTWISE or one.op == "copy" or one.number in self.kept:
                small = one.number in self.schedule.exports or 2 * _about(one.size) <= _about(value.size)
                if one is value or not small:
                    return None
                exported.append(one)
                continue
            chain[one.number] = one
            for operand in one.inputs:
                root = trace(operand)[0]
                if root.number in home.axes:
                    waiting[root.number] = root
        return chain, exported

    def _move(self, value, home, target):
        chain, exported = self._chain(value, home) or ((), ())
        along = self._along(value, target)
        if not chain or along is None:
            return
        found = {value.number: along}
        for one in chain.values():  # the last first
            for operand in one.inputs:
                root, axes = trace(operand)
                if root.number in chain:
                    mine = tuple(None if axis is None else found[one.number][axis] for axis in axes)
                    if found.setdefault(root.number, mine) != mine:
                        return
        self.schedule.exports |= {one.number for one in exported if one.number not in target.axes}
        for one in reversed(chain.values()):
            if one.number not in target.axes:
                target.add(one, found[one.number])
            home.values.remove(one)
            del home.axes[one.number], home.along[one.number]
            self.schedule.exports.discard(one.number)
            self.schedule.place[one.number] = target

    def _along(self, value, target):
        """Return the dimensions of the target that the axes of a value go along; None if its users do not agree."""
        found = set()
        for user in self.users[value.number]:
            for operand in user.inputs if user.number in target.along else ():
                root, axes = trace(operand)
                if root is value:
                    along = target.along[user.number]
                    found.add(tuple(None if axis is None else along[axis] for axis in axes))
        return found.pop() if len(found) == 1 else None


class Joining:
    """The attempt to compute a value in a kernel: which dimension each axis would go along."""

    def __init__(self, kernel: Kernel, value: Value):
        self.kernel, self.value = kernel, value
        picks = is_pick(value) and trace(value.inputs[0])[0].number in kernel.axes  # within a row that is at hand
        self.reduced = value.attrs["axes"] if value.op in ir.REDUCTIONS else (1,) if picks else None
        self.reduces = self.reduced is not None
        self.shape = value.inputs[0].shape if self.reduces else value.shape
        self.found: dict[int, int] = {}
        self.inside = False
        self.rows = kernel.rows
        self.dims = list(kernel.dims)

    def operands_fit(self) -> bool:
        """Take over the dimensions of operands that are computed in the kernel; False if they contradict."""
        inputs = self.value.inputs
        if self.value.op == "gather" and not self.reduces:
            if base_of(inputs[0]).number in self.kernel.axes:
                return False  # it has to be complete before elements are taken out of it
            inputs = inputs[1:]
        return all(self._operand_fits(operand) for operand in inputs)

    def _operand_fits(self, operand) -> bool:
        root, axes = trace(operand)
        if root.number not in self.kernel.axes:
            return base_of(operand).number not in self.kernel.axes  # a view of what is not in memory yet
        self.inside = True
        if root.number in self.kernel.over and not self._may_use(root):
            return False
        for axis, dim in zip(axes, self.kernel.axes[root.number], strict=True):
            if (axis is None) != (dim is None):
                return False
            if axis is not None and self.found.setdefault(axis, dim) != dim:
                return False
        return True

    def _may_use(self, reduction) -> bool:
        """Return whether a reduction of the kernel is complete when a row has been gone over."""
        over = self.kernel.over[reduction.number]
        last = tuple(range(len(self.dims) - len(over), len(self.dims)))
        if not over or self.rows not in (None, over) or over != last or len(over) == len(self.dims):
            return False
        if self.rows is None:
            partial = [o for o in self.kernel.over.values() if set(o) & set(over) and not set(over) <= set(o)]
            if partial or not self._row_is_short(over):
                return False
        self.rows = over
        return True

    def _row_is_short(self, dims) -> bool:
        lengths = [self.dims[d] for d in dims]
        return not any(isinstance(n, Rows) for n in lengths) and ir.size(lengths) * 8 <= ROW_BYTES

    def complete(self, extend: bool) -> bool:
        """Find dimensions for the axes that no operand has told about; a new one may come at the end."""
        wanted = [axis for axis, n in enumerate(self.shape) if n != 1]
        if not self.inside and [self.shape[axis] for axis in wanted] != list(self.dims):
            return False
        for axis in wanted:
            if axis in self.found:
                continue
            free = [d for d, n in enumerate(self.dims) if n == self.shape[axis] and d not in self.found.values()]
            if not free and not (extend and self.rows is None):
                return False
            if not free:
                self.dims.append(self.shape[axis])
                free = [len(self.dims) - 1]
            self.found[axis] = free[0]
        dims = [self.found[axis] for axis in wanted]
        return dims == sorted(set(dims)) and self._reduces_well()

    def _reduces_well(self) -> bool:
        if not self.reduces:
            return True
        over, rows = {self.found[a] for a in self.reduced if a in self.found}, set(self.rows or ())
        picked = self.value.op == "gather"  # it is there when a row has been gone over, as are the sums of rows
        return (not over & rows or rows <= over) and (not picked or self._complete_in_a_row(over))

    def _complete_in_a_row(self, over) -> bool:
        if self.rows is not None:
            return over == set(self.rows)
        last = len(self.dims) - 1
        fits = over == {last} and last > 0 and self._row_is_short((last,))
        self.rows = (last,) if fits else None
        return fits

    def accept(self) -> None:
        """Compute the value in the kernel."""
        kernel = self.kernel
        kernel.dims, kernel.rows = self.dims, self.rows
        kernel.add(self.value, tuple(self.found.get(axis) for axis in range(len(self.shape))), self.reduced)
