"""Operations that are C functions of their own: products, sorts, sums that run on, and copies to parts of arrays."""

import math

from . import ir
from .expressions import atom, c_type, length_text, suffix
from .formulas import Formulas
from .ir import N, Value
from .kernel_text import DRAWN
from .kernel_text import drawn as draw
from .kernels import about
from .team import bounded
from .views import base_of, place, row_major

MANY = 1 << 16  # multiplications of a product, from which on it is worth a share for each of several threads


class StageText:
    """The C of one operation.

    Attributes
    ----------
    lines, reads, writes, scratch, helpers, checks
        As `LoopText` has them.
    """

    def __init__(self, value: Value, names):
        self.value, self.names = value, names
        self.lines: list[str] = []
        self.reads: dict[int, Value] = {}
        self.writes = {value.number: value}
        self.scratch: list[tuple] = []
        self.helpers: set[tuple] = set()
        self.checks = False
        self.rows, self.some_rows = None, None  # of a product: how many it has, and the C of some of them
        self.formulas = [f"{names.of(value.number)} = {Formulas(names.known()).of(value)}"]
        self.target = names.of(value.number)
        getattr(self, f"_{value.op}")()

    def _line(self, text, depth=1):
        self.lines.append("  " * depth + text)

    def _at(self, value, indexes) -> str:
        """Return an element of a value that lies in memory, as C."""
        found = place(value)
        self.reads[found.base.number] = found.base
        return f"{self.names.of(found.base.number)}[{_index(found.offset, found.strides, value.shape, indexes)}]"

    def _loops(self, shape, depth=1) -> tuple[list[str], int]:
        """Open loops over a shape; return the index variables and the depth within."""
        names = [f"i{depth}_{axis}" for axis in range(len(shape))]
        for name, n in zip(names, shape, strict=True):
            self._line(f"for (int64_t {name} = 0; {name} < {length_text(n)}; {name}++) {{", depth)
            depth += 1
        return names, depth

    def _close(self, depth, outer=1):
        while depth > outer:
            depth -= 1
            self._line("}", depth)

    def _copy(self, source, shape, offset=0, strides=None):
        """Copy a value to a part of the target."""
        names, depth = self._loops(shape)
        index = _index(offset, strides or row_major(shape), shape, names)
        self._line(f"{self.target}[{index}] = {self._at(source, names)};", depth)
        self._close(depth)

    # ------------------------------------------------------------------------------------------------ products

    def _dot(self):
        a, b = self.value.inputs
        if self.value.by_column:
            self._product_by_column(a, b)
        elif place(a).base.by_column and place(b).base.by_column:
            self._product_over_rows(a, b)
        else:
            self._product(a, b, "", "", "")

    def _product_by_column(self, a, b):
        """Rows times a matrix, where the rows lie side by side."""
        first, second = place(a), place(b)
        self._lane_helper("by_column", first, second)
        sizes = ", ".join(map(length_text, (a.shape[0], a.shape[1], b.shape[1])))
        down, across = map(length_text, second.strides)
        self._line(f"product_by_column_{suffix(self.value.dtype)}({sizes}, {self._pointer(first)}, "
                   f"{length_text(first.strides[1])}, {self._pointer(second)}, {down}, {across}, {self.target}, "
                   f"{length_text(place(self.value).strides[1])});")

    def _product_over_rows(self, a, b):
        """Units times units, summed up over rows that lie side by side."""
        first, second = place(a), place(b)
        self._lane_helper("over_rows", first, second)
        sizes = ", ".join(map(length_text, (a.shape[0], a.shape[1], b.shape[1])))
        self._line(f"product_over_rows_{suffix(self.value.dtype)}({sizes}, {self._pointer(first)}, "
                   f"{length_text(first.strides[0])}, {self._pointer(second)}, {length_text(second.strides[1])}, "
                   f"{self.target});")

    def _lane_helper(self, name, *places):
        self.helpers.add((name, self.value.dtype))
        for found in places:
            self.reads[found.base.number] = found.base

    def _pointer(self, found) -> str:
        offset = "" if found.offset == 0 else f" + {length_text(found.offset)}"
        return f"{self.names.of(found.base.number)}{offset}"

    def _batched_dot(self):
        a, b = self.value.inputs
        self._line(f"for (int64_t i = 0; i < {length_text(self.value.shape[0])}; i++) {{")
        parts = [f" + i * {atom(length_text(place(v).strides[0]))}" for v in (a, b)]
        self._product(a, b, *parts, f" + i * {atom(length_text(ir.size(self.value.shape[1:])))}", depth=2)
        self._line("}")

    def _product(self, a, b, at_a, at_b, at_c, depth=1):
        n, k = a.shape[-2:]
        m = b.shape[-1]
        self.helpers.add(("product", self.value.dtype))
        texts = [self._matrix(v, at) for v, at in ((a, at_a), (b, at_b))]
        if depth == 1 and math.prod(map(about, (n, k, m))) >= MANY:
            self._some_rows(texts, n, k, m)
        sizes = ", ".join(length_text(x) for x in (n, k, m))
        self._line(f"product_{suffix(self.value.dtype)}({sizes}, {texts[0]}, {texts[1]}, {self.target}{at_c});", depth)

    def _some_rows(self, texts, n, k, m):
        """Note the statement that computes the rows from `begin` to `end` of a product, and how many there are."""
        pointer, leading, turned = texts[0].rsplit(", ", 2)
        step = "1" if turned == "1" else atom(leading)
        first = f"{pointer} + begin * {step}, {leading}, {turned}"
        self.rows = length_text(n)
        inner = f"{length_text(k)}, {length_text(m)}"
        self.some_rows = (f"  product_{suffix(self.value.dtype)}(end - begin, {inner}, {first}, {texts[1]}, "
                          f"{self.target} + begin * {atom(length_text(m))});")

    def _matrix(self, value, at) -> str:
        """Return 'pointer, leading dimension, whether its columns are dense' for BLAS."""
        found = place(value)
        self.reads[found.base.number] = found.base
        rows, columns = value.shape[-2:]
        down, across = found.strides[-2:]
        turned = not (across == 1 or columns == 1) or (columns == 1 and rows != 1 and down == 1)
        leading, least = (across, rows) if turned else (down, columns)
        if (columns if turned else rows) == 1 or leading == 0:
            leading = least
        offset = "" if found.offset == 0 else f" + {length_text(found.offset)}"
        return f"{self.names.of(found.base.number)}{offset}{at}, {length_text(leading)}, {int(turned)}"

    # ------------------------------------------------------------------------------------------------ parts

    def _uniform(self):
        """Random numbers of an axis whose length is not known, or of none: one at a time."""
        names, depth = self._loops(self.value.shape)
        row = "0"
        for name, n in zip(names, self.value.shape, strict=True):
            row = f"({row}) * {atom(length_text(n))} + {name}"
        one = Value(self.value.op, self.value.inputs, self.value.attrs, self.value.dtype, (1,), -1)
        self.scratch.append(("drawn", self.value.dtype, DRAWN))
        self._line(draw(one, "drawn", row, self), depth)
        self._line(f"{self.target}[{_index(0, row_major(self.value.shape), self.value.shape, names)}] = drawn[0];",
                   depth)
        self._close(depth)

    _normal = _coin = _uniform

    def _concat(self):
        axis, offset = self.value.attrs["axis"], 0
        strides = row_major(self.value.shape)
        for part in self.value.inputs:
            self._copy(part, part.shape, offset, strides)
            offset = offset + part.shape[axis] * strides[axis]

    def _put(self):
        base, new = self.value.inputs
        self._copy(base, base.shape)
        strides = row_major(base.shape)
        offset = sum((a * s for a, s in zip(self.value.attrs["starts"], strides, strict=True)), start=0)
        steps = tuple(a * s for a, s in zip(self.value.attrs["steps"], strides, strict=True))
        names, depth = self._loops(new.shape)
        sign = "=" if self.value.attrs["how"] == "set" else "+="
        index = _index(offset, steps, new.shape, names)
        self._line(f"{self.target}[{index}] {sign} {self._at(new, names)};", depth)
        self._close(depth)

    def _scatter(self):
        base, new, *indexes = self.value.inputs
        if self.names.of(base_of(base).number) != self.target:  # else it is changed where it lies
            self._copy(base, base.shape)
        strides, shape = row_major(base.shape), indexes[0].shape
        names, depth = self._loops(shape)
        self.checks = True
        parts = []
        for which, index in enumerate(indexes):
            where = f"place({self._at(index, names)}, {length_text(base.shape[which])}, failed)"
            parts.append(f"{where} * {atom(length_text(strides[which]))}")
        self._line(f"const int64_t at = {' + '.join(parts)};", depth)
        rest, inner = self._loops(base.shape[len(indexes) :], depth)
        offset = _index(0, strides[len(indexes) :], base.shape[len(indexes) :], rest)
        sign = "=" if self.value.attrs["how"] == "set" else "+="
        self._line(f"{self.target}[at + {offset}] {sign} {self._at(new, [*names, *rest])};", inner)
        self._close(inner)

    # ------------------------------------------------------------------------------------------------ along an axis

    def _along(self):
        """Open loops over all axes but one; return (source, its stride, target, its stride, length, depth)."""
        (source,) = self.value.inputs
        axis = self.value.attrs["axis"]
        found = place(source)
        others = [n for a, n in enumerate(source.shape) if a != axis]
        names, depth = self._loops(others)
        full = [*names[:axis], "0", *names[axis:]]
        self.reads[found.base.number] = found.base
        at = _index(found.offset, found.strides, source.shape, full)
        target_shape = self.value.shape
        target = _index(0, row_major(target_shape), target_shape, full if len(target_shape) == source.ndim else names)
        stride = row_major(source.shape)[axis]
        return (f"({self.names.of(found.base.number)} + {at})", atom(length_text(found.strides[axis])),
                f"({self.target} + {target})", atom(length_text(stride)), length_text(source.shape[axis]), depth)

    def _cumulative(self, start, sign):
        source, stride, target, step, length, depth = self._along()
        kind = c_type("float64" if self.value.dtype.startswith("float") else self.value.dtype)
        self._line(f"{kind} total = {start};", depth)
        self._line(f"for (int64_t i = 0; i < {length}; i++) {{ total {sign} {source}[i * {stride}]; "
                   f"{target}[i * {step}] = total; }}", depth)
        self._close(depth)

    def _cumsum(self):
        self._cumulative("0", "+=")

    def _cumprod(self):
        self._cumulative("1", "*=")

    def _argmax(self):
        source, stride, target, _, length, depth = self._along()
        self._line("int64_t best = 0;", depth)
        self._line(f"for (int64_t i = 1; i < {length}; i++) {{", depth)
        self._line(f"const {c_type(self.value.inputs[0].dtype)} x = {source}[i * {stride}], "
                   f"y = {source}[best * {stride}];", depth + 1)
        self._line("if (x > y || (x != x && y == y)) best = i;", depth + 1)
        self._line("}", depth)
        self._line(f"*{target} = best;", depth)
        self._close(depth)
        if self.value.shape[:1] == (N,):
            self.rows, self.some_rows = length_text(N), "\n".join(bounded(self.lines))

    def _sorting(self, result):
        source, stride, target, step, length, depth = self._along()
        axis = self.value.attrs["axis"]
        kind = self.value.inputs[0].dtype
        self.helpers.add(("sort", kind))
        self.scratch += [("order", "int64", self.value.shape[axis]), ("spare", "int64", self.value.shape[axis])]
        self._line(f"sort_{kind}({source}, {stride}, {length}, order, spare);", depth)
        self._line(f"for (int64_t i = 0; i < {length}; i++) {target}[i * {step}] = "
                   f"{result.format(source=source, stride=stride)};", depth)
        self._close(depth)

    def _sort(self):
        self._sorting("{source}[order[i] * {stride}]")

    def _argsort(self):
        self._sorting("order[i]")


def _index(offset, strides, shape, names) -> str:
    parts = [] if offset == 0 else [length_text(offset)]
    for stride, n, name in zip(strides, shape, names, strict=True):
        if n != 1 and stride != 0 and name != "0":
            parts.append(name if stride == 1 else f"{name} * {atom(length_text(stride))}")
    return " + ".join(parts) or "0"
