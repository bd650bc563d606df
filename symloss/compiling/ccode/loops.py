"""A kernel as a C function: loops over rows, and within a row once or several times over its elements."""

from . import ir
from .expressions import atom, c_type, length_text, plain
from .ir import Rows
from .kernel_text import DRAWN, KernelText, drawn, helper_name
from .kernels import COSTLY
from .row_functions import is_short
from .row_shortcuts import homes, row_of
from .space import BLOCK, access
from .views import INLINE, trace

LONG = 2048  # elements of a row, beyond which it does not matter how its end is done
STACK = 8192  # numbers of a row that a function keeps on its stack


class LoopText(KernelText):
    """The C of a kernel that goes along the last dimensions in its innermost loops."""

    _of_row: dict | None = None  # within an innermost loop: name and dtype of what stays the same there, by text
    _named = 0
    apart = True

    def _choose_inner(self):
        space, kernel = self.space, self.kernel
        count = len(space.groups)
        inner = space.loops(kernel.rows) if kernel.rows else frozenset([count - 1] if count else [])
        length = ir.size(space.lengths[i] for i in inner)
        summed = any(space.loops(over) & inner for over in kernel.over.values())
        drawn_rows = any(v.op in ir.RANDOM for v in kernel.values)
        self.blocks = summed and not kernel.rows and not drawn_rows and (isinstance(length, Rows) or length > STACK)
        self.row_length = BLOCK if self.blocks else length + drawn_rows * DRAWN
        return inner

    def _write(self):
        self._homes = {} if self.blocks else homes(self.phases, self.names.is_alias)
        self._scalars()
        for one in self.phases.kept.values():
            if not one.by_row:
                self._begin(one)
        depth = 1
        for loop in sorted(self.outer):
            self._loop(loop, depth)
            depth += 1
        if self.blocks:
            self._write_block_head(depth)
            depth += 1
        self._row(depth)
        for _ in range(len(self.outer) + self.blocks):
            depth -= 1
            self._line("}", depth)
        for one in self.phases.kept.values():
            if not one.by_row:
                self._finish(one)

    def _write_block_head(self, depth):
        (loop,) = self.inner
        length = length_text(self.space.lengths[loop])
        self._line(f"for (int64_t start = 0; start < {length}; start += {BLOCK}) {{", depth)
        self._line(f"const int64_t count = {atom(length)} - start < {BLOCK} ? {atom(length)} - start : {BLOCK};",
                   depth + 1)

    def _row(self, depth):
        for number, (value, row) in self._homes.items():
            target, name = self.names.of(value.number), self._row_name(self.phases.members[number])
            self._line(f"{c_type(value.dtype)} *const {name} = {target} + {atom(row.index(self.space))}; "
                       f"/* until {target} is written there */", depth)
        for value in self.kernel.values:
            if value.op in ir.RANDOM:
                self._draw(value, depth)
        for phase in sorted(self.phases.needed):
            self._phase = phase
            self._row_level(phase, depth)
            self._inner_loop(phase, depth)
            for number, one in self.phases.kept.items():
                if self.phases.level[number] == phase:
                    self._after_row(one, depth)

    def _row_name(self, value) -> str:
        return f"row_of_{self.name(value)}" if value.number in self._homes else super()._row_name(value)

    def _draw(self, value, depth):
        """Fill a row with random numbers: which ones says its place among the rows."""
        if len(self.inner) != 1:
            raise ir.Unsupported("random numbers in rows of several axes")
        row = "0"
        for axis, dim in enumerate(self.kernel.along[value.number][:-1]):
            if dim is not None:
                (loop,) = self.space.loops([dim])
                if loop in self.inner:
                    raise ir.Unsupported("random numbers that are read across their rows")
                row = f"({row}) * {atom(length_text(value.shape[axis]))} + {self.space.names[loop]}"
        self._line(drawn(value, self._row_name(value), row, self), depth)

    def _row_level(self, phase, depth):
        phases, made = self.phases, []
        for value in self.kernel.values:
            plain = value.number not in phases.kept and not phases.is_full(value)
            if plain and phases.level[value.number] == phase and (phases.loops_of(value) or phase):
                self._statement(value, depth)
                made.append(value)
        self._store_all(made, depth)

    def _read(self, found, dtype) -> str:
        """Return what is read from memory; within the innermost loop, what stays the same there has a name."""
        text = super()._read(found, dtype)
        if self._of_row is None or self.space.loops([d for d, s in enumerate(found.strides) if s]) & self.inner:
            return text
        if text not in self._of_row:
            self._named += 1
            self._of_row[text] = f"{plain(self.names.of(found.base))}_of_row_{self._named}", dtype
        return self._of_row[text][0]

    def _inner_loop(self, phase, depth):
        """Write the loop over the elements of a row, if this phase has something to do for each of them."""
        needed = self.phases.needed[phase]
        tables = [one for n, one in self.phases.kept.items() if self.phases.level[n] == phase and not one.inner
                  and self.phases.in_inner(one.value)]
        rows = [one for n, one in self.phases.kept.items() if self.phases.level[n] == phase and one.inner
                and not self._is_whole_row(one)]
        body: list[str] = []
        self._of_row = {}
        outside, self.lines = self.lines, body
        inside = depth + (1 if self.blocks else len(self.inner))
        for number in needed:
            value = self.phases.members[number]
            self._statement(value, inside)
            if number in self.phases.saved and self.phases.level[number] == phase:
                self._line(f"{self._row_name(value)}[{self._row_index()}] = {self.name(value)};", inside)
        for one in tables:
            self._accumulate(one, self._operand(one.value, 0), inside)
        for one in rows:
            self._keep_row(one, inside)
        self._store_all([self.phases.members[n] for n in needed if self.phases.level[n] == phase], inside)
        self.lines = outside
        for text, (name, dtype) in self._of_row.items():
            self._line(f"const {c_type(dtype)} {name} = {text};", depth)
        self._of_row = None
        over_kept = any(self.phases.level[value.number] == phase for value, _ in self._homes.values())
        if body and not tables and not over_kept and self._lanes(needed):
            self._wrap_lanes(body, depth)
        elif body:
            self._wrap(body, depth)
        for number in needed:
            if number in self.phases.spots and self.phases.level[number] == phase:
                self._add_spot(self.phases.members[number], depth)

    def _add_spot(self, value, depth):
        """Write what adds the one element of a one-hot row to a row that is stored."""
        spot, (loop,), target = self.phases.spots[value.number], self.inner, self.names.of(value.number)
        name = f"spot_{value.number}"
        found = access(self.kernel, value, self.kernel.axes[value.number])
        where = found.index(self.space, {self.space.names[loop]: name})
        self._line(f"const int64_t {name} = {self._operand(spot.row.comparison, spot.row.place)};", depth)
        self._line(f"if ({self._is_within(name)}) {target}[{where}] {spot.step} {self._operand(spot.row.choice, 1)};",
                   depth)

    def _is_within(self, place) -> str:
        """Return the condition that a place lies within a row."""
        (loop,) = self.inner
        return f"{place} >= 0 && {place} < {atom(length_text(self.space.lengths[loop]))}"

    def _lanes(self, needed) -> int:
        """Return how many elements of a short row are done side by side, the last ones twice; 0: one after the other.

        A compiler does what is left behind the last whole vector number by number. Nothing may be written over what is
        read.
        """
        lengths = [self.space.lengths[loop] for loop in self.inner]
        if self.blocks or len(lengths) != 1 or isinstance(lengths[0], Rows):
            return 0
        (length,) = lengths
        lanes = _lanes_of(length)
        costly = any(self.phases.members[n].op in COSTLY for n in needed)
        in_place = any(self.names.is_alias(n) for n in self.kernel.stores)
        return lanes if costly and not in_place and lanes < length < LONG and length % lanes else 0

    def _wrap_lanes(self, body, depth):
        (loop,) = self.inner
        name, length = self.space.names[loop], self.space.lengths[loop]
        lanes = _lanes_of(length)
        self._line(f"for (int64_t first = 0; first < {length}; first += {lanes}) {{ /* the last ones are done twice */",
                   depth)
        self._line(f"const int64_t start = first < {length - lanes} ? first : {length - lanes};", depth + 1)
        self._line(f"for (int64_t lane = 0; lane < {lanes}; lane++) {{ const int64_t {name} = start + lane;", depth + 1)
        self.lines += [f"  {line}" for line in body]
        self._line("}", depth + 1)
        self._line("}", depth)

    def _wrap(self, body, depth):
        loops = sorted(self.inner)
        if self.blocks:
            name = self.space.names[loops[0]]
            self._line(f"for (int64_t at = 0; at < count; at++) {{ const int64_t {name} = start + at;", depth)
            loops = loops[:1]
        else:
            for i, loop in enumerate(loops):
                self._loop(loop, depth + i)
        self.lines += body
        for i in reversed(range(len(loops))):
            self._line("}", depth + i)

    def _keep_row(self, one, depth):
        value = one.value
        if value.op == "gather":
            return
        text = self._operand(value, 0)
        name = self._want(f"row_{value.number}", value.inputs[0].dtype, self.row_length)
        self._line(f"{name}[{self._row_index()}] = {text};", depth)

    def _row_index(self) -> str:
        if self.blocks:
            return "at"
        text, loops = "", sorted(self.inner)
        for loop in loops:
            name = self.space.names[loop]
            text = f"({text}) * {length_text(self.space.lengths[loop])} + {name}" if text else name
        return text

    # ------------------------------------------------------------------------------------------------ reductions

    def _source(self, one):
        """Return (pointer to the row that a reduction goes over, None), if it lies in memory as it is."""
        value = one.value
        root = trace(value.inputs[0])[0]
        if root.number in self.phases.saved:
            return self._row_name(root)
        if self.blocks or len(self.inner) != 1 or root.op in INLINE:
            return None
        if root.number not in self.phases.members:
            found = self._access(value.inputs[0], self.kernel.along[value.number])
        elif root.number in self.kernel.stores and self.phases.is_full(root):
            found = access(self.kernel, root, self.kernel.axes[root.number])
        else:
            return None
        (loop,) = self.inner
        row = row_of(found, self.space, loop)
        if row is None:
            return None
        index = row.index(self.space)
        return f"{self.names.of(found.base)} + {atom(index)}" if index != "0" else self.names.of(found.base)

    def _is_whole_row(self, one) -> bool:
        if one.value.op == "gather" or one.value.number in self.phases.hot_sums:
            return True
        if trace(one.value.inputs[0])[0].number in self.phases.saved:
            return True
        return self._source(one) is not None

    def _after_row(self, one, depth):
        """Write what a reduction does when the elements of a row have been gone over."""
        value = one.value
        if one.inner:
            text = self._row_result(one)
            if one.by_row:
                self._line(f"const {c_type(value.dtype, True)} {self.name(value)} = {text};", depth)
                if self._divides(value):
                    self._line(f"const {c_type(value.dtype)} inverse_of_{self.name(value)} = 1 / {self.name(value)};",
                               depth)
                if value.number in self.kernel.stores:
                    self._store(value, depth)
                return
            self._accumulate(one, text, depth)
        elif not self.phases.in_inner(value):
            self._accumulate(one, self._operand(value, 0), depth)

    def _row_result(self, one) -> str:
        value = one.value
        if value.op == "gather":
            return self._picked(value)
        if value.number in self.phases.hot_sums:
            row = self.phases.hot_sums[value.number]
            within = self._is_within(atom(self._operand(row.comparison, row.place)))
            return f"{within} ? {atom(self._operand(row.choice, 1))} : 0"
        source = self._source(one) or f"row_{value.number}"
        length, dtype = ir.size(self.space.lengths[i] for i in self.inner), value.inputs[0].dtype
        short = not self.blocks and value.op in ("max", "min") and is_short(length, dtype)
        op = f"short_{value.op}" if short else value.op
        self.helpers.add((op, dtype))
        return f"{helper_name(op, dtype)}({source}, {'count' if self.blocks else length_text(length)})"

    def _picked(self, value):
        root = trace(value.inputs[0])[0]
        index = self._operand(value, 2)
        length = length_text(value.inputs[0].shape[1])
        self.checks = True
        return f"{self._row_name(root)}[place({index}, {length}, failed)]"

    def _accumulate(self, one, text, depth):
        value = one.value
        idle = [i for i in sorted(self.outer) if i not in one.over | self.phases.loops_of(value)]
        guard = " && ".join(f"{self.space.names[i]} == 0" for i in idle)
        if self.blocks and not one.inner and not self.phases.loops_of(value) & self.inner:
            guard = " && ".join(filter(None, [guard, "start == 0"]))
        self._take_in(one, text, depth, guard)

    def _local(self, value) -> str:
        return self.name(value)


def _lanes_of(length: int) -> int:
    return 4 if length < 8 else 8 if length < 32 else 16
