"""A kernel as a C function: loops over rows, and within a row once or several times over its elements."""

from . import ir
from .expressions import TYPES, atom, c_type, length_text, literal
from .formulas import comment
from .ir import Rows, Value
from .schedule import COSTLY, Kernel
from .space import BLOCK, Access, Space, access, operands
from .views import INLINE, place, trace

STACK = 8192  # numbers of a row that a function keeps on its stack


class Kept:
    """How a reduction comes about: at the end of a row, or summed up over rows in a number or a table."""

    def __init__(self, value, loops, inner, outer, varies):
        self.value, self.over = value, loops
        self.inner = bool(loops & inner)
        self.by_row = self.inner and loops == inner and varies <= outer
        self.total = not varies


class LoopText:
    """The C of one kernel.

    Parameters
    ----------
    kernel : Kernel
    expressions : Expressions
    names : Names
        Of buffers.

    Attributes
    ----------
    lines : list of str
        The body of the function.
    reads, writes : dict
        Buffers by number of the value.
    scratch : list of (name, dtype, length)
        Memory that the function wants besides.
    """

    def __init__(self, kernel: Kernel, expressions, names):
        self.kernel, self.exports, self.expressions, self.names = kernel, kernel.stores, expressions, names
        self.space = Space(kernel)
        self.lines: list[str] = []
        self.reads: dict[int, Value] = {}
        self.writes: dict[int, Value] = {}
        self.scratch: list[tuple] = []
        self.helpers: set[tuple] = set()
        self.checks = False
        self._members = {v.number: v for v in kernel.values}
        self._choose_inner()
        self._plan()
        self._write()
        self.formulas = comment(kernel, names, self.name)

    # ------------------------------------------------------------------------------------------------ plan

    def _choose_inner(self):
        space, kernel = self.space, self.kernel
        count = len(space.groups)
        self.inner = space.loops(kernel.rows) if kernel.rows else frozenset([count - 1] if count else [])
        self.outer = frozenset(range(count)) - self.inner
        length = ir.size(space.lengths[i] for i in self.inner)
        summed = any(space.loops(over) & self.inner for over in kernel.over.values())
        self.blocks = summed and not kernel.rows and (isinstance(length, Rows) or length > STACK)
        self.row_length = BLOCK if self.blocks else length

    def _plan(self):
        kernel, space = self.kernel, self.space
        self.kept = {}
        for number, over in kernel.over.items():
            value = self._members[number]
            one = Kept(value, space.loops(over), self.inner, self.outer, self.loops_of(value))
            one.by_row = one.by_row and not self.blocks
            self.kept[number] = one
        self.level: dict[int, int] = {}
        for value in kernel.values:
            levels = [self.level[root.number] + (root.number in self.kept) for root in self._roots(value)]
            self.level[value.number] = max(levels, default=0)
        self.saved = {trace(v.inputs[0])[0].number for v in kernel.values if v.op == "gather" and v.number in self.kept}
        self._needed: dict[int, list[int]] = {}
        for phase in range(max(self.level.values(), default=0) + 1):
            self._needed[phase] = self._demand(phase)

    def _roots(self, value):
        """Yield the values of the kernel that a value is computed from."""
        for operand, _ in operands(self.kernel, value):
            root = trace(operand)[0]
            if root.number in self._members:
                yield root

    def loops_of(self, value) -> frozenset:
        """Return the loops along which a value of the kernel varies."""
        return self.space.loops(self.kernel.varies(value))

    def _is_full(self, value) -> bool:
        return bool(self.loops_of(value) & self.inner)

    def _demand(self, phase) -> list[int]:
        """Return the numbers of the values that the loop of a phase computes, inputs first."""
        wanted: set[int] = set()
        waiting = [self._members[n] for n in sorted(self.saved) if self.level[n] == phase]
        for value in self.kernel.values:
            if self.level[value.number] != phase:
                continue
            if value.number in self.kept:
                if self._in_inner(value):
                    waiting += [r for r in self._roots(value) if self._is_full(r)]
            elif self._is_full(value) and value.number in self.exports:
                waiting.append(value)
        while waiting:
            value = waiting.pop()
            if value.number in wanted or (value.number in self.saved and self.level[value.number] < phase):
                continue
            if self.level[value.number] < phase and self._costly(value):
                self.saved.add(value.number)
                self._add(self.level[value.number], value)
                continue
            wanted.add(value.number)
            waiting += [r for r in self._roots(value) if self._is_full(r)]
        return sorted(wanted)

    def _in_inner(self, value) -> bool:
        """Return whether a reduction looks at elements within the loop of a row."""
        loops = self.space.loops(d for d in self.kernel.along[value.number] if d is not None)
        return bool(loops & self.inner)

    def _add(self, phase, value):
        """Let an earlier phase compute a value, too."""
        have = set(self._needed[phase])
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if one.number not in have and (one.number not in self.saved or one is value):
                have.add(one.number)
                waiting += [r for r in self._roots(one) if self._is_full(r)]
        self._needed[phase] = sorted(have)

    def _costly(self, value) -> bool:
        return value.op in COSTLY or any(self._costly(r) for r in self._roots(value)
                                         if self._is_full(r) and r.number not in self.saved)

    # ------------------------------------------------------------------------------------------------ text

    def _line(self, text, depth):
        self.lines.append("  " * depth + text)

    def _write(self):
        self._scalars()
        for one in self.kept.values():
            if not one.by_row:
                self._begin(one)
        depth = 1
        for loop in sorted(self.outer):
            name, length = self.space.names[loop], length_text(self.space.lengths[loop])
            self._line(f"for (int64_t {name} = 0; {name} < {length}; {name}++) {{", depth)
            depth += 1
        if self.blocks:
            self._write_block_head(depth)
            depth += 1
        self._row(depth)
        for _ in range(len(self.outer) + self.blocks):
            depth -= 1
            self._line("}", depth)
        for one in self.kept.values():
            if not one.by_row:
                self._finish(one)

    def _write_block_head(self, depth):
        (loop,) = self.inner
        length = length_text(self.space.lengths[loop])
        self._line(f"for (int64_t start = 0; start < {length}; start += {BLOCK}) {{", depth)
        self._line(f"const int64_t count = {atom(length)} - start < {BLOCK} ? {atom(length)} - start : {BLOCK};",
                   depth + 1)

    def _scalars(self):
        """Compute what varies along no loop, and nothing in the kernel is summed up for."""
        self._phase = 0
        for value in self.kernel.values:
            if value.number not in self.kept and not self.loops_of(value) and not self.level[value.number]:
                self._statement(value, 1)
                if value.number in self.exports:
                    self._store(value, 1)

    def _row(self, depth):
        for phase in sorted(self._needed):
            self._phase = phase
            for value in self.kernel.values:
                self._row_level(value, phase, depth)
            self._inner_loop(phase, depth)
            for number, one in self.kept.items():
                if self.level[number] == phase:
                    self._after_row(one, depth)

    def _row_level(self, value, phase, depth):
        plain = value.number not in self.kept and not self._is_full(value) and self.level[value.number] == phase
        if plain and (self.loops_of(value) or phase):
            self._statement(value, depth)
            if value.number in self.exports:
                self._store(value, depth)

    def _inner_loop(self, phase, depth):
        """Write the loop over the elements of a row, if this phase has something to do for each of them."""
        needed = self._needed[phase]
        tables = [one for n, one in self.kept.items() if self.level[n] == phase and not one.inner
                  and self._in_inner(one.value)]
        rows = [one for n, one in self.kept.items() if self.level[n] == phase and one.inner
                and not self._is_whole_row(one)]
        body: list[str] = []
        outside, self.lines = self.lines, body
        inside = depth + (1 if self.blocks else len(self.inner))
        for number in needed:
            value = self._members[number]
            self._statement(value, inside)
            if number in self.exports and self.level[number] == phase:
                self._store(value, inside)
            if number in self.saved and self.level[number] == phase:
                self._line(f"{self._row_name(value)}[{self._row_index()}] = {self.name(value)};", inside)
        for one in tables:
            self._accumulate(one, self._operand(one.value, 0), inside)
        for one in rows:
            self._keep_row(one, inside)
        self.lines = outside
        if body:
            self._wrap(body, depth)

    def _wrap(self, body, depth):
        loops = sorted(self.inner)
        if self.blocks:
            name = self.space.names[loops[0]]
            self._line(f"for (int64_t at = 0; at < count; at++) {{ const int64_t {name} = start + at;", depth)
            loops = loops[:1]
        else:
            for i, loop in enumerate(loops):
                name, length = self.space.names[loop], length_text(self.space.lengths[loop])
                self._line(f"for (int64_t {name} = 0; {name} < {length}; {name}++) {{", depth + i)
        self.lines += body
        for i in reversed(range(len(loops))):
            self._line("}", depth + i)

    def _keep_row(self, one, depth):
        value = one.value
        if value.op == "gather":
            return
        text = self._operand(value, 0)
        name = f"row_{value.number}"
        self._want_row(name, value.inputs[0].dtype)
        self._line(f"{name}[{self._row_index()}] = {text};", depth)

    def _row_index(self) -> str:
        if self.blocks:
            return "at"
        text, loops = "", sorted(self.inner)
        for loop in loops:
            name = self.space.names[loop]
            text = f"({text}) * {length_text(self.space.lengths[loop])} + {name}" if text else name
        return text

    def _row_name(self, value) -> str:
        name = f"row_of_{self.name(value)}"
        self._want_row(name, value.dtype)
        return name

    def _want_row(self, name, dtype):
        if all(name != have for have, _, _ in self.scratch):
            self.scratch.append((name, dtype, self.row_length))

    # ------------------------------------------------------------------------------------------------ reductions

    def _source(self, one):
        """Return (pointer to the row that a reduction goes over, None), if it lies in memory as it is."""
        value = one.value
        root = trace(value.inputs[0])[0]
        if root.number in self.saved:
            return self._row_name(root)
        if root.number in self._members or root.op in INLINE or self.blocks:
            return None
        found = self._access(value.inputs[0], self.kernel.along[value.number])
        if found is None or len(self.inner) != 1:
            return None
        (loop,) = self.inner
        if found.strides[self.space.groups[loop][-1]] != 1:
            return None
        strides = list(found.strides)
        for dim in self.space.groups[loop]:
            strides[dim] = 0
        index = Access(found.base, found.offset, tuple(strides)).index(self.space)
        return f"{self.names.of(found.base)} + {atom(index)}" if index != "0" else self.names.of(found.base)

    def _is_whole_row(self, one) -> bool:
        if one.value.op == "gather":
            return True
        if trace(one.value.inputs[0])[0].number in self.saved:
            return True
        return self._source(one) is not None

    def _after_row(self, one, depth):
        """Write what a reduction does when the elements of a row have been gone over."""
        value = one.value
        if one.inner:
            text = self._row_result(one)
            if one.by_row:
                self._line(f"const {c_type(value.dtype, True)} {self.name(value)} = {text};", depth)
                if self._is_sum_of_exponentials(value):
                    self._line(f"const {c_type(value.dtype)} inverse_of_{self.name(value)} = 1 / {self.name(value)};",
                               depth)
                if value.number in self.exports:
                    self._store(value, depth)
                return
            self._accumulate(one, text, depth)
        elif not self._in_inner(value):
            self._accumulate(one, self._operand(value, 0), depth)

    def _row_result(self, one) -> str:
        value = one.value
        if value.op == "gather":
            return self._picked(value)
        source = self._source(one) or f"row_{value.number}"
        count = "count" if self.blocks else length_text(ir.size(self.space.lengths[i] for i in self.inner))
        dtype = value.inputs[0].dtype
        self.helpers.add((value.op, dtype))
        return f"{helper_name(value.op, dtype)}({source}, {count})"

    def _picked(self, value):
        root = trace(value.inputs[0])[0]
        index = self._operand(value, 2)
        length = length_text(value.inputs[0].shape[1])
        self.checks = True
        return f"{self._row_name(root)}[place({index}, {length}, failed)]"

    def _begin(self, one):
        value = one.value
        zero = {"sum": 0, "prod": 1, "all": 1, "any": 0}.get(value.op)
        dtype = accumulator(value)
        if zero is None:
            start = extreme(value.op, dtype)
        else:
            start = literal(zero, dtype)
        name = self._accumulator(one)
        if one.total:
            self._line(f"{c_type(dtype)} {name} = {start};", 1)
            return
        length = value.size
        self.scratch.append((name, dtype, length))
        self._line(f"for (int64_t i = 0; i < {length_text(length)}; i++) {name}[i] = {start};", 1)

    def _accumulator(self, one) -> str:
        return f"total_{one.value.number}"

    def _accumulate(self, one, text, depth):
        value, dtype = one.value, accumulator(one.value)
        name = self._accumulator(one)
        if not one.total:
            name += f"[{access(self.kernel, value, self.kernel.axes[value.number]).index(self.space)}]"
        idle = [i for i in sorted(self.outer) if i not in one.over | self.loops_of(value)]
        guard = " && ".join(f"{self.space.names[i]} == 0" for i in idle)
        if self.blocks and not one.inner and not self.loops_of(value) & self.inner:
            guard = " && ".join(filter(None, [guard, "start == 0"]))
        step = {"sum": f"{name} += {text};", "prod": f"{name} *= {text};", "all": f"{name} &= {atom(text)} != 0;",
                "any": f"{name} |= {atom(text)} != 0;"}.get(value.op)
        if step is None:
            sign = ">" if value.op == "max" else "<"
            kind = c_type(dtype)
            nan = " | (next != next)" if dtype.startswith("float") else ""
            step = f"{{ const {kind} next = {text}; if ((next {sign} {name}){nan}) {name} = next; }}"
        self._line(f"if ({guard}) {step}" if guard else step, depth)

    def _finish(self, one):
        value = one.value
        self.writes[value.number] = value
        target, name = self.names.of(value.number), self._accumulator(one)
        kind = c_type(value.dtype)
        if one.total:
            self._line(f"{target}[0] = ({kind}){name};", 1)
        else:
            length = length_text(value.size)
            self._line(f"for (int64_t i = 0; i < {length}; i++) {target}[i] = ({kind}){name}[i];", 1)

    # ------------------------------------------------------------------------------------------------ expressions

    def name(self, value) -> str:
        """Return the name of a value within the function."""
        return f"{value.op}_{value.number}" if value.op not in ("switch", "copy") else f"v_{value.number}"

    def _statement(self, value, depth):
        if value.op == "gather":
            text = self._gathered(value)
        else:
            texts = [self._operand(value, i) for i in range(len(value.inputs))]
            text = f"{texts[0]} * inverse_of_{texts[1]}" if self._by_inverse(value) else \
                self.expressions.of(value, texts)
        self._line(f"const {c_type(value.dtype, True)} {self.name(value)} = {text};", depth)

    def _by_inverse(self, value) -> bool:
        """Return whether elements are divided by a sum of exponentials of their row, which its inverse does faster."""
        divisor = trace(value.inputs[1])[0] if value.op == "div" and self._is_full(value) else None
        return divisor is not None and divisor.number in self.kept and self._is_sum_of_exponentials(divisor)

    def _is_sum_of_exponentials(self, value) -> bool:
        return value.op == "sum" and self.kept[value.number].by_row and trace(value.inputs[0])[0].op == "exp"

    def _gathered(self, value):
        source, *indexes = value.inputs
        found = place(source)
        self.reads[found.base.number] = found.base
        self.checks = True
        parts = [] if found.offset == 0 else [length_text(found.offset)]
        for i, (_, stride) in enumerate(zip(indexes, found.strides, strict=False)):
            index = self._operand(value, i + 1)
            parts.append(f"place({index}, {length_text(source.shape[i])}, failed) * {atom(length_text(stride))}")
        rank = value.ndim - (source.ndim - len(indexes))
        along = self.kernel.along[value.number][rank:]
        for stride, dim in zip(found.strides[len(indexes):], along, strict=True):
            if dim is not None:
                (loop,) = self.space.loops([dim])
                parts.append(f"{self.space.names[loop]} * {atom(length_text(stride))}")
        return f"{self.names.of(found.base.number)}[{' + '.join(parts)}]"

    def _operand(self, value, which) -> str:
        """Return an operand of a value: a name, a number, or what is read from memory."""
        operand = value.inputs[which]
        along = self.kernel.along[value.number][: operand.ndim]
        root, axes = trace(operand)
        if root.number in self._members:
            if root.number in self.saved and self.level[root.number] < self._phase:
                return f"{self._row_name(root)}[{self._row_index()}]"
            return self.name(root)
        if root.op in INLINE:
            return self._inline(root, axes, along)
        found = self._access(operand, along)
        return f"{self.names.of(found.base)}[{found.index(self.space)}]"

    def _inline(self, root, axes, along):
        if root.op == "number":
            return literal(root.attrs["value"], root.dtype)
        if root.op == "length":
            return f"(int64_t)({length_text(root.attrs['length'])})"
        dim = None if axes[0] is None else along[axes[0]]
        return "(int64_t)0" if dim is None else self.space.names[min(self.space.loops([dim]))]

    def _access(self, operand, along):
        found = access(self.kernel, operand, along)
        self.reads[found.base] = place(operand).base
        return found

    def _store(self, value, depth):
        self.writes[value.number] = value
        where = access(self.kernel, value, self.kernel.axes[value.number])
        self._line(f"{self.names.of(value.number)}[{where.index(self.space)}] = {self.name(value)};", depth)


def accumulator(value) -> str:
    """Return the dtype in which a reduction sums up: float64 for floats."""
    if value.op in ("sum", "prod"):
        return "float64" if value.dtype.startswith("float") else value.dtype
    return value.dtype


def extreme(op, dtype) -> str:
    """Return where a maximum or a minimum starts from, as C."""
    if dtype.startswith("float"):
        return f"{'-' * (op == 'max')}{literal(float('inf'), dtype)}"
    bits = {"int64": 64, "int32": 32, "int16": 16, "int8": 8, "bool": 8}.get(dtype)
    if bits is None:
        return "0" if op == "max" else f"({TYPES[dtype]})-1"
    return f"({TYPES[dtype]})(-{2 ** (bits - 1) - 1}LL - 1)" if op == "max" else f"{2 ** (bits - 1) - 1}LL"


def helper_name(op, dtype) -> str:
    """Return the name of the function that reduces a row."""
    return f"row_{op}_{dtype.replace('float', 'f').replace('uint', 'u').replace('int', 'i')}"
