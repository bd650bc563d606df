"""Which operations share a kernel, and in which order the kernels run."""

from . import ir
from .ir import Rows, Value
from .kernels import COSTLY, Kernel, Stage, about, reads
from .lowering import is_pick
from .sinking import Sinking
from .views import INLINE, base_of, trace, without_ones

LIGHT = 8  # operations that are rather done twice than kept
CURVED = COSTLY - {"div", "gather"}  # functions that are several times as fast in vectors
SHORT = 4096  # elements of a row that may as well be read once more
ROW_BYTES = 1 << 18  # of a row that a kernel keeps while it goes over it more than once


def fuses(value: Value) -> bool:
    """Return whether a value is computed in loops that others may share."""
    if value.op in ir.RANDOM:  # a row of them at a time
        return value.ndim > 1 and isinstance(value.shape[-1], int) and 1 < value.shape[-1] * 8 <= ROW_BYTES
    return value.op in ir.POINTWISE or value.op in ir.REDUCTIONS or value.op == "gather"


def _parted(values: list[Value]) -> tuple[list[Value], list[Value]]:
    """Return the values that are single numbers, made of single numbers alone, and the others."""
    numbers: set[int] = set()
    for value in values:
        plain = value.op in (ir.LEAVES | ir.POINTWISE | ir.VIEWS) - {"copy"}
        if plain and value.size == 1 and all(v.number in numbers for v in value.inputs):
            numbers.add(value.number)
    return [v for v in values if v.number in numbers], [v for v in values if v.number not in numbers]


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
        self._first = -1  # no step of a value goes before the one behind this position
        for values in _parted(ir.reachable(wanted)):  # so numbers are there before the kernels that could use them
            for value in values:
                if value.op not in ir.LEAVES and value.op not in ir.VIEWS:
                    self._place(value)
            self._first = len(self.steps) - 1
        Sinking(self, wanted).run()
        self._drop_unused()

    # ------------------------------------------------------------------------------------------------ order

    def _place(self, value):
        if fuses(value):
            self._fuse(value)
        else:
            self._insert(Stage(value), self._earliest(value))
            self.place[value.number] = self.steps[self._found]
        self._export_inputs(value)

    def _insert(self, step, after: int):
        self._found = after + 1
        self.steps.insert(after + 1, step)
        self._position = {id(s): i for i, s in enumerate(self.steps)}

    def _earliest(self, value) -> int:
        """Return the position of the last step that has to run before the one of a value; -1 if there is none."""
        places = [self.place.get(base_of(v).number) for v in value.inputs]
        return max((self._position[id(p)] for p in places if p is not None), default=self._first)

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
        for root, along in reads(value, kernel.along[value.number]):
            if root.number in kernel.axes or root.number not in self.place:
                continue
            if root.number in self.exports if within else not self._is_light(root):
                continue
            if kernel.admits(root, along):
                kernel.add(root, along)
                self._compute_anew(kernel, root, within=True)
            else:
                self.exports.add(root.number)

    def _is_light(self, value) -> bool:
        read, size, seen, full, waiting = 0, about(value.size), set(), 0, [value]
        while waiting:
            one = waiting.pop()
            if one.number in seen:
                continue
            seen.add(one.number)
            full += 2 * about(one.size) > size
            costly = one.op in COSTLY or one.op not in ir.POINTWISE or one.op == "copy"
            if costly or full > LIGHT or len(seen) > 4 * LIGHT:
                return False
            for operand in one.inputs:
                root = trace(operand)[0]
                if root.number in self.place and root.number not in self.exports:
                    waiting.append(root)
                elif root.op not in INLINE:
                    read += about(base_of(root).size)
        return 2 * read <= size

    def _join(self, kernel, value, related: bool) -> bool:
        """Let a kernel compute a value too, if it can; `related`: some operand may be computed there."""
        joining = Joining(kernel, value)
        if value.op in CURVED and len(kernel.dims) == 1 and _picks_anywhere(kernel):
            return False
        if kernel.rows is not None and _sums_columns(value):
            return False
        if related and not joining.operands_fit():
            return False
        extend = related and joining.inside and bool(kernel.dims) and not any(map(_is_settled, kernel.values))
        if not joining.complete(extend) or not (related or kernel.admits(value, joining.along())):
            return False
        joining.accept()
        return True


def _sums_columns(value) -> bool:
    """Return whether a value is a sum over rows of short ones, without which threads can share the work on the rows."""
    if value.op not in ir.REDUCTIONS or value.attrs["axes"] != (0,) or value.ndim != 1:
        return False
    return isinstance(value.shape[0], int) and value.shape[0] <= SHORT


def _picks_anywhere(kernel) -> bool:
    """Return whether values are read from places that depend on the innermost loop, of which no vectors are made."""
    return any(v.op == "gather" and v.number not in kernel.over for v in kernel.values)


def _is_settled(value) -> bool:
    """Return whether a value has to stay in the innermost loop, since vectors of it are computed at once."""
    return value.op in ir.RANDOM or value.op in COSTLY


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

    def along(self) -> tuple:
        """Return the dimension that each axis of what is computed, or reduced, goes along."""
        return tuple(self.found.get(axis) for axis in range(len(self.shape)))

    def accept(self) -> None:
        """Compute the value in the kernel."""
        kernel = self.kernel
        kernel.dims, kernel.rows = self.dims, self.rows
        kernel.add(self.value, self.along(), self.reduced)
