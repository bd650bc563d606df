"""What a kernel does in which pass over a row: reductions come about in one pass, and are used in the next."""

from .kernels import COSTLY, Kernel
from .row_shortcuts import hot_sums, spots
from .space import Space, operands
from .views import trace


class Kept:
    """How a reduction comes about: at the end of a row, or summed up over rows in a number or a table."""

    def __init__(self, value, loops, inner, outer, varies):
        self.value, self.over = value, loops
        self.inner = bool(loops & inner)
        self.by_row = self.inner and loops == inner and varies <= outer
        self.total = not varies


class Phases:
    """The passes of a kernel over each of its rows.

    Parameters
    ----------
    kernel : Kernel
    space : Space
    inner : frozenset of int
        The loops within a row; the others are `outer`.
    blocks : bool
        Whether rows are gone over in blocks, so that no reduction is complete at the end of one.
    apart : bool
        Whether an element may be added to a row after the pass over it.

    Attributes
    ----------
    kept : dict of Kept
        Reductions by number.
    level : dict of int
        By number: the pass in which a value can be computed.
    saved : set of int
        Numbers of values that one pass keeps for later ones.
    spots : dict of Spot
        Values to which one element of a row is added after the pass, by number.
    hot_sums : dict of OneHot
        Sums of rows that have one element other than 0, by number.
    needed : dict of list
        By pass: numbers of the values that are computed for each element.
    """

    def __init__(self, kernel: Kernel, space: Space, inner, blocks: bool, apart: bool):
        self.kernel, self.space, self.inner = kernel, space, inner
        self.outer = frozenset(range(len(space.groups))) - inner
        self.members = {v.number: v for v in kernel.values}
        self.kept = {}
        self.spots: dict = {}
        self.hot_sums: dict = {}
        for number, over in kernel.over.items():
            value = self.members[number]
            one = Kept(value, space.loops(over), self.inner, self.outer, self.loops_of(value))
            one.by_row = one.by_row and not blocks
            self.kept[number] = one
        self.level: dict[int, int] = {}
        for value in kernel.values:
            levels = [self.level[root.number] + (root.number in self.kept) for root in self.roots(value)]
            self.level[value.number] = max(levels, default=0)
        if apart and not blocks:
            self.spots, self.hot_sums = spots(self), hot_sums(self)
        self.saved = {trace(v.inputs[0])[0].number for v in kernel.values if v.op == "gather" and v.number in self.kept}
        self.needed: dict[int, list[int]] = {}
        for phase in range(max(self.level.values(), default=0) + 1):
            self.needed[phase] = self._demand(phase)

    def roots(self, value):
        """Yield the values of the kernel that a value is computed from."""
        if value.number in self.spots:
            wanted = [value.inputs[self.spots[value.number].rest]]
        elif value.number in self.hot_sums:
            wanted = []
        else:
            wanted = [operand for operand, _ in operands(self.kernel, value)]
        for operand in wanted:
            root = trace(operand)[0]
            if root.number in self.members:
                yield root

    def loops_of(self, value) -> frozenset:
        """Return the loops along which a value of the kernel varies."""
        return self.space.loops(self.kernel.varies(value))

    def is_full(self, value) -> bool:
        """Return whether a value differs from element to element of a row."""
        return bool(self.loops_of(value) & self.inner)

    def _demand(self, phase) -> list[int]:
        """Return the numbers of the values that the loop of a phase computes, inputs first."""
        wanted: set[int] = set()
        waiting = [self.members[n] for n in sorted(self.saved) if self.level[n] == phase]
        for value in self.kernel.values:
            if self.level[value.number] != phase:
                continue
            if value.number in self.kept:
                if self.in_inner(value):
                    waiting += [r for r in self.roots(value) if self.is_full(r)]
            elif self.is_full(value) and value.number in self.kernel.stores:
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
            waiting += [r for r in self.roots(value) if self.is_full(r)]
        return sorted(wanted)

    def in_inner(self, value) -> bool:
        """Return whether a reduction looks at elements within the loop of a row."""
        loops = self.space.loops(d for d in self.kernel.along[value.number] if d is not None)
        return bool(loops & self.inner)

    def _add(self, phase, value):
        """Let an earlier phase compute a value, too."""
        have = set(self.needed[phase])
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if one.number not in have and (one.number not in self.saved or one is value):
                have.add(one.number)
                waiting += [r for r in self.roots(one) if self.is_full(r)]
        self.needed[phase] = sorted(have)

    def _costly(self, value) -> bool:
        return value.op in COSTLY or any(self._costly(r) for r in self.roots(value)
                                         if self.is_full(r) and r.number not in self.saved)
