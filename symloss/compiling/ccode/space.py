"""The space of a kernel, with as few loops as its accesses allow, and where each value lies in it."""

import dataclasses

from . import ir
from .expressions import length_text
from .ir import Rows, Value
from .kernels import Kernel
from .views import INLINE, base_of, place, trace

BLOCK = 1024  # numbers of a long row that are computed before they are summed up
LETTERS = "ijklmopq"  # index variables of the outer loops


@dataclasses.dataclass(frozen=True)
class Access:
    """One way in which a kernel reads or writes a buffer: the element at `offset` + sum of strides times indexes."""

    base: int
    offset: int | Rows
    strides: tuple  # by dimension of the kernel

    def index(self, space: "Space", other_names=()) -> str:
        """Return the index as C; `other_names` says what stands for an index variable."""
        renamed = dict(other_names)
        parts = [_times(self.strides[group[-1]], renamed.get(name, name))
                 for group, name in zip(space.groups, space.names, strict=True) if self.strides[group[-1]] != 0]
        if self.offset != 0:
            parts.insert(0, length_text(self.offset))
        return " + ".join(parts) or "0"


def _times(stride, name):
    if stride == 1:
        return name
    text = length_text(stride)
    return f"{name} * ({text})" if isinstance(stride, Rows) and " " in text else f"{name} * {text}"


def access(kernel: Kernel, value: Value, along: tuple) -> Access | None:
    """Return how a kernel reads a value that lies in memory; `along`: the dimension of each of its axes."""
    found = place(value)
    if found is None:
        return None
    strides = [0] * len(kernel.dims)
    for stride, dim, n in zip(found.strides, along, value.shape, strict=True):
        if dim is not None and n != 1:
            strides[dim] = strides[dim] + stride
    return Access(found.base.number, found.offset, tuple(strides))


def operands(kernel: Kernel, value: Value):
    """Yield (operand, the dimension of each of its axes) for what a value of a kernel is computed from."""
    along = kernel.along[value.number]
    inputs = () if value.op in ir.RANDOM else value.inputs
    if value.op == "gather" and value.number not in kernel.over:
        inputs = inputs[1:]
    for operand in inputs:
        yield operand, along[: operand.ndim]


class Space:
    """Loops of a kernel: dimensions that are always gone over together are one loop.

    Attributes
    ----------
    groups : list of tuple of int
        Dimensions of each loop.
    names : list of str
        Index variables.
    lengths : list of int or Rows
    """

    def __init__(self, kernel: Kernel):
        self.kernel = kernel
        self._strides, self._split = [], set()
        for value in kernel.values:
            self._look_at(value)
        self.groups = self._grouped()
        self.lengths = [ir.size(kernel.dims[d] for d in group) for group in self.groups]
        self.names = [LETTERS[i] if i < len(LETTERS) else f"loop_{i}" for i in range(len(self.groups))]

    def _look_at(self, value):
        kernel = self.kernel
        for operand, along in operands(kernel, value):
            root = trace(operand)[0]
            if root.op == "iota" and root.number not in kernel.axes:
                self._split |= {d for d in along if d is not None}
            elif root.number not in kernel.axes and base_of(root).op not in INLINE:
                self._strides.append(access(kernel, operand, along).strides)
        if value.number in kernel.stores or value.number in kernel.over:  # a table of sums is as good as an export
            self._strides.append(access(kernel, value, kernel.axes[value.number]).strides)
        if value.op == "gather" or value.op in ir.RANDOM:
            self._split |= {d for d in kernel.along[value.number] if d is not None}

    def _grouped(self):
        groups: list[tuple] = []
        for dim in range(len(self.kernel.dims)):
            if groups and self._together(groups[-1][-1], dim):
                groups[-1] += (dim,)
            else:
                groups.append((dim,))
        return groups

    def _together(self, one, other) -> bool:
        kernel, n = self.kernel, self.kernel.dims[other]
        if one in self._split or other in self._split:
            return False
        sets = [kernel.varies(v) for v in kernel.values] + [frozenset(o) for o in kernel.over.values()]
        sets.append(frozenset(kernel.rows or ()))
        return all((one in s) == (other in s) for s in sets) and all(s[one] == s[other] * n for s in self._strides)

    def loops(self, dims) -> frozenset:
        """Return the numbers of the loops that go along these dimensions."""
        wanted = set(dims)
        return frozenset(i for i, group in enumerate(self.groups) if wanted.intersection(group))
