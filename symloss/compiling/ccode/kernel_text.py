"""What all kernels have in common as C: names, operands, accesses to memory, and sums that outlive a row."""

import abc

from . import ir
from .expressions import TYPES, atom, c_type, length_text, literal, plain, suffix
from .formulas import comment
from .ir import Value
from .kernels import Kernel
from .phases import Phases
from .space import Space, access
from .views import INLINE, place, trace

DRAWN = 64  # numbers of room behind a row of random numbers, which are drawn several at a time
SCRATCH = ir.words("row part total next loop")  # what kernels keep, named with the number of a value; and loops


class KernelText(abc.ABC):
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
    helpers : set of (operation, dtype)
        Functions that it calls.
    checks : bool
        Whether it can fail.
    formulas : list of str
        What it computes.
    """

    apart = False  # whether a pass over a row may be followed by an element that is added to it

    def __init__(self, kernel: Kernel, expressions, names):
        self.kernel, self.expressions, self.names = kernel, expressions, names
        self.space = Space(kernel)
        self.lines: list[str] = []
        self.reads: dict[int, Value] = {}
        self.writes: dict[int, Value] = {}
        self.scratch: list[tuple] = []
        self.helpers: set[tuple] = set()
        self.checks = False
        self._once: dict[str, str] = {}  # numbers that are read before the loops: what is read, and its name
        self._heads: list[str] = []
        self._phase = 0
        self.blocks = False
        inner = self._choose_inner()
        self.phases = Phases(kernel, self.space, inner, self.blocks, self.apart)
        self.inner, self.outer = inner, self.phases.outer
        self._write()
        self.lines[:0] = self._heads
        self.formulas = comment(kernel, names, self.name)

    @abc.abstractmethod
    def _choose_inner(self) -> frozenset:
        """Return the loops within a row."""

    @abc.abstractmethod
    def _write(self) -> None:
        """Write the body."""

    @abc.abstractmethod
    def _local(self, value) -> str:
        """Return how a value of the kernel is read where it was computed in the same pass."""

    @abc.abstractmethod
    def _row_index(self) -> str:
        """Return the place of an element within what is kept of a row."""

    def _line(self, text, depth):
        self.lines.append("  " * depth + text)

    def _loop(self, loop, depth):
        name, length = self.space.names[loop], length_text(self.space.lengths[loop])
        self._line(f"for (int64_t {name} = 0; {name} < {length}; {name}++) {{", depth)

    def _row_name(self, value) -> str:
        return self._want(f"row_of_{self.name(value)}", value.dtype, self.row_length)

    def _want(self, name, dtype, length) -> str:
        """Ask for memory, once, and return its name."""
        if all(name != have for have, _, _ in self.scratch):
            self.scratch.append((name, dtype, length))
        return name

    def _scalars(self):
        """Compute what varies along no loop, and nothing in the kernel is summed up for."""
        phases, made = self.phases, []
        for value in self.kernel.values:
            if value.number not in phases.kept and not phases.loops_of(value) and not phases.level[value.number]:
                self._statement(value, 1)
                made.append(value)
        self._store_all(made, 1)

    def _store_all(self, values, depth):
        """Store what others read, after all that reads what may lie there."""
        for value in values:
            if value.number in self.kernel.stores:
                self._store(value, depth)

    # ------------------------------------------------------------------------------------------------ sums

    def _begin(self, one):
        value = one.value
        dtype, name = accumulator(value), self._accumulator(one)
        if one.total:
            self._line(f"{c_type(dtype)} {name} = {start(value.op, dtype)};", 1)
            return
        self._want(name, dtype, value.size)
        self._line(f"for (int64_t i = 0; i < {length_text(value.size)}; i++) {name}[i] = {start(value.op, dtype)};", 1)

    def _accumulator(self, one) -> str:
        return f"total_{one.value.number}"

    def _take_in(self, one, text, depth, guard="") -> None:
        """Add one more value to an accumulator, under a condition if there is one."""
        value, dtype = one.value, accumulator(one.value)
        name = self._accumulator(one)
        if not one.total:
            name += f"[{access(self.kernel, value, self.kernel.axes[value.number]).index(self.space)}]"
        if "(" in text and value.op in ("max", "min"):  # it is named more than once
            self._line(f"const {c_type(dtype)} next_{value.number} = {text};", depth)
            text = f"next_{value.number}"
        step = stepped(value.op, dtype, name, text)
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
        what = plain(value.origin) if value.origin else "v" if value.op in ("switch", "copy") else value.op
        what = f"v_{what}" if what in SCRATCH else what
        return f"{what}_{value.number}"

    def _statement(self, value, depth):
        self._line(f"const {c_type(value.dtype, True)} {self.name(value)} = {self._text(value)};", depth)

    def _text(self, value) -> str:
        if value.op == "gather":
            return self._gathered(value)
        if value.op in ir.RANDOM:
            return f"{self._row_name(value)}[{self._row_index()}]"
        if value.number in self.phases.spots:
            spot = self.phases.spots[value.number]
            rest = self._operand(value, spot.rest)  # and 0, which makes -0 what it is in the sum
            return rest if spot.step == "-=" else f"0 {spot.sign or '+'} {atom(rest)}"
        texts = [self._operand(value, i) for i in range(len(value.inputs))]
        if self._by_inverse(value):
            return f"{texts[0]} * inverse_of_{texts[1]}"
        return self.expressions.of(value, texts)

    def _by_inverse(self, value) -> bool:
        """Return whether elements are divided by a sum of exponentials of their row, which its inverse does faster."""
        divisor = trace(value.inputs[1])[0] if value.op == "div" and self.phases.is_full(value) else None
        return divisor is not None and divisor.number in self.phases.kept and self._is_sum_of_exponentials(divisor)

    def _divides(self, value) -> bool:
        """Return whether elements are divided by a reduction through its inverse."""
        return any(v.op == "div" and trace(v.inputs[1])[0] is value and self._by_inverse(v) for v in self.kernel.values)

    def _is_sum_of_exponentials(self, value) -> bool:
        return value.op == "sum" and self.phases.kept[value.number].by_row and trace(value.inputs[0])[0].op == "exp"

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
        if root.number in self.phases.members:
            if root.number in self.phases.saved and self.phases.level[root.number] < self._phase:
                return f"{self._row_name(root)}[{self._row_index()}]"
            return self._local(root)
        if root.op in INLINE:
            return self._inline(root, axes, along)
        found = self._access(operand, along)
        if any(found.strides):
            return self._read(found, operand.dtype)
        return self._fixed(found, operand.dtype)

    def _read(self, found, dtype) -> str:
        """Return what is read at another place in each turn of some loop."""
        return f"{self.names.of(found.base)}[{found.index(self.space)}]"

    def _fixed(self, found, dtype) -> str:
        """Return the name of a number that is read once, before the loops: compilers would read it in each turn."""
        text = f"{self.names.of(found.base)}[{found.index(self.space)}]"
        name = self._once.setdefault(text, f"{plain(self.names.of(found.base))}_is_{len(self._once)}")
        if len(self._once) > len(self._heads):
            self._heads.append(f"  const {c_type(dtype)} {name} = {text};")
        return name

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
        self._line(f"{self.names.of(value.number)}[{where.index(self.space)}] = {self._local(value)};", depth)


def drawn(value, target, row, text) -> str:
    """Return the C statement that fills a row with random numbers; `text` is the KernelText or StageText it is of."""
    step, seeds = value.inputs
    for argument in value.inputs:
        text.reads[argument.number] = argument
    function = f"{value.op}_row_{suffix(value.dtype)}"
    text.helpers.add(("draw", function))
    stream = value.attrs["stream"]
    return (f"{function}({target}, {value.shape[-1] if value.shape else 1}, (uint32_t){text.names.of(seeds.number)}"
            f"[{stream}], {stream}, (uint32_t)*{text.names.of(step.number)}, (uint32_t)({row}));")


def stepped(op, dtype, name, text) -> str:
    """Return the C statement that takes one more value into a reduction."""
    plain = {"sum": f"{name} += {text};", "prod": f"{name} *= {text};", "all": f"{name} &= {atom(text)} != 0;",
             "any": f"{name} |= {atom(text)} != 0;"}.get(op)
    if plain is not None:
        return plain
    nan = f" | ({atom(text)} != {atom(text)})" if dtype.startswith("float") else ""
    return f"{name} = (({atom(text)} {'>' if op == 'max' else '<'} {name}){nan}) ? {text} : {name};"


def start(op, dtype) -> str:
    """Return where a reduction starts from, as C."""
    zero = {"sum": 0, "prod": 1, "all": 1, "any": 0}.get(op)
    return extreme(op, dtype) if zero is None else literal(zero, dtype)


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
    return f"row_{op}_{suffix(dtype)}"
