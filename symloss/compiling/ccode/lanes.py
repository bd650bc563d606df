"""A kernel as a C function whose innermost loops go along the rows: for outputs of a few units, where rows are short.

Arrays of shape (n, k) lie in memory as k rows of n numbers. Rows are gone over by blocks of 64, and what a row would
keep in a number, a block keeps in 64 of them.
"""

from .expressions import length_text, suffix
from .ir import N
from .kernel_text import KernelText, helper_name, stepped
from .kernel_text import start as begins
from .kernels import Kernel
from .views import trace

LANES = 64


def suits(kernel: Kernel) -> bool:
    """Return whether a kernel goes along rows and along a few units."""
    return len(kernel.dims) == 2 and kernel.dims[0] == N and isinstance(kernel.dims[1], int)


class LaneText(KernelText):
    """The C of a kernel that goes along the rows, the first dimension, in its innermost loops."""

    def _choose_inner(self):
        self.row_length = self.kernel.dims[1] * LANES
        return frozenset([len(self.space.groups) - 1])

    def _local(self, value) -> str:
        along_rows = 0 in self.phases.loops_of(value)
        return f"{self.name(value)}[l]" if along_rows and not self.phases.is_full(value) else self.name(value)

    def _row_index(self) -> str:
        return f"{self.space.names[-1]} * {LANES} + l"

    def _array(self, name, dtype) -> str:
        return self._want(name, "int32" if dtype == "bool" else dtype, LANES)

    # ------------------------------------------------------------------------------------------------ blocks

    def _write(self):
        self._scalars()
        late = [one for one in self.phases.kept.values() if not one.by_row]
        for one in late:
            self._begin(one)
        self._line(f"for (int64_t start = 0; start < n; start += {LANES}) {{", 1)
        self._line(f"const int64_t count = n - start < {LANES} ? n - start : {LANES};", 2)
        for phase in sorted(self.phases.needed):
            self._phase = phase
            self._along_rows(self._plain(phase), 2)
            self._units(phase)
            self._after(phase)
        self._line("}", 1)
        for one in late:
            self._finish(one)

    def _plain(self, phase) -> list:
        """Return the values of a pass that differ from row to row alone."""
        phases = self.phases
        return [v for v in self.kernel.values if v.number not in phases.kept and not phases.is_full(v)
                and phases.level[v.number] == phase and (phases.loops_of(v) or phase)]

    def _along_rows(self, values, depth):
        if not values:
            return
        self._lanes_head(depth)
        for value in values:
            name = self._array(self.name(value), value.dtype)
            self._line(f"{name}[l] = {self._text(value)};", depth + 1)
        self._store_all(values, depth + 1)
        self._line("}", depth)

    def _lanes_head(self, depth):
        self._line("for (int64_t l = 0; l < count; l++) {", depth)
        self._line(f"const int64_t {self.space.names[0]} = start + l;", depth + 1)
        self._line(f"(void){self.space.names[0]};", depth + 1)

    # ------------------------------------------------------------------------------------------------ units

    def _of_pass(self, phase, elements: bool) -> list:
        """Return the reductions of a pass that look at each element, or else at each row alone."""
        return [one for number, one in self.phases.kept.items() if self.phases.level[number] == phase
                and self.phases.in_inner(one.value) == elements]

    def _units(self, phase):
        """Write the loop over units, and in it over the rows of a block."""
        sums = [one for one in self._of_pass(phase, True) if one.value.op != "gather"]
        if not self.phases.needed[phase] and not sums:
            return
        for one in sums:
            if one.inner:
                self._want(self._part(one), accumulating(one), LANES)
                self._line(f"for (int64_t l = 0; l < {LANES}; l++) {self._part(one)}[l] = "
                           f"{begins(one.value.op, accumulating(one))};", 2)
        name, length = self.space.names[-1], length_text(self.space.lengths[-1])
        self._line(f"for (int64_t {name} = 0; {name} < {length}; {name}++) {{", 2)
        self._lanes_head(3)
        for number in self.phases.needed[phase]:
            self._element(self.phases.members[number], phase)
        for one in sums:
            text = self._operand(one.value, 0)
            part = self._want(self._part(one), accumulating(one), LANES)
            self._line(stepped(one.value.op, accumulating(one), f"{part}[l]", text) if one.inner else
                       f"{part}[l] = {text};", 4)
        self._line("}", 3)
        for one in sums:
            if not one.inner:
                self._add_up(one, 3)
        self._line("}", 2)

    def _element(self, value, phase):
        self._statement(value, 4)
        if self.phases.level[value.number] != phase:
            return
        if value.number in self.kernel.stores:
            self._store(value, 4)
        if value.number in self.phases.saved:
            self._line(f"{self._row_name(value)}[{self._row_index()}] = {self.name(value)};", 4)

    def _part(self, one) -> str:
        return self.name(one.value) if one.by_row else f"part_{one.value.number}"

    def _add_up(self, one, depth):
        """Add the numbers of a block to an accumulator."""
        dtype, op = accumulating(one), one.value.op
        op = "block_sum" if op == "sum" and dtype.startswith("float") else op
        self.helpers.add((op, dtype))
        function = f"block_sum_{suffix(dtype)}" if op == "block_sum" else helper_name(op, dtype)
        self._take_in(one, f"{function}({self._part(one)}, count)", depth)

    def _after(self, phase):
        """Write what reductions do when all units have been gone over."""
        for one in self._of_pass(phase, True):
            if one.value.op == "gather":
                self._pick(one.value)
            elif one.by_row:
                self._finish_rows(one)
            elif one.inner:
                self._add_up(one, 2)
        for one in self._of_pass(phase, False):
            part = self._want(self._part(one), accumulating(one), LANES)
            self._lanes_head(2)
            self._line(f"{part}[l] = {self._operand(one.value, 0)};", 3)
            self._line("}", 2)
            self._add_up(one, 2)

    def _finish_rows(self, one):
        value = one.value
        inverse, stores = self._divides(value), value.number in self.kernel.stores
        if not inverse and not stores:
            return
        self._lanes_head(2)
        if inverse:
            name = self._array(f"inverse_of_{self.name(value)}", value.dtype)
            self._line(f"{name}[l] = 1 / {self.name(value)}[l];", 3)
        if stores:
            self._store(value, 3)
        self._line("}", 2)

    def _pick(self, value):
        row = self._row_name(trace(value.inputs[0])[0])
        name = self._array(self.name(value), value.dtype)
        self.checks = True
        self._lanes_head(2)
        index = f"place({self._operand(value, 2)}, {self.kernel.dims[1]}, failed)"
        self._line(f"{name}[l] = {row}[{index} * {LANES} + l];", 3)
        if value.number in self.kernel.stores:
            self._store(value, 3)
        self._line("}", 2)


def accumulating(one) -> str:
    """Return the dtype of what a block keeps of a reduction."""
    value = one.value
    return value.dtype if one.inner else value.inputs[0].dtype
