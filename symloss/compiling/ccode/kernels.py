"""What runs in order: kernels, which are loops over one space, and stages, which are functions of their own."""

import bisect
import dataclasses

from . import ir
from .ir import Rows, Value
from .views import trace

COSTLY = frozenset(ir.UNARY - ir.words("neg abs sign sqr floor ceil trunc round invert isnan isinf")) | {
    "pow", "div", "mod", "int_div", "arctan2", "gather"}
USUAL_ROWS = 100  # where it has to be guessed which of two arrays is larger


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

    def admits(self, value: Value, along: tuple) -> bool:
        """Return whether a value can be computed along these dimensions.

        A value of the kernel is one number at each place of its loops, so all that read it have to go along its axes in
        the same way: x[:, None] * x[None, :] reads x along two dimensions.
        """
        if value.number in self.axes:
            return self.axes[value.number] == along
        if any(self.axes.get(root.number, place) != place for root, place in reads(value, along)):
            return False
        return all(root is not value or place == along
                   for reader in self.values for root, place in reads(reader, self.along[reader.number]))

    def varies(self, value: Value) -> frozenset:
        """Return the dimensions along which a value of the kernel varies."""
        return frozenset(d for d in self.axes[value.number] if d is not None)


def reads(value: Value, along: tuple):
    """Yield each operand that is read element by element, and the dimensions that its axes go along."""
    for operand in value.inputs[value.op == "gather":]:
        root, axes = trace(operand)
        yield root, tuple(None if axis is None else along[axis] for axis in axes)


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


def about(length) -> int:
    """Return a length, guessed where it depends on the rows."""
    return length.at(USUAL_ROWS) if isinstance(length, Rows) else length
