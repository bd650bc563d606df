"""Shortcuts of kernels that go along rows: one element that is added to a row, and rows that are kept in results."""

import dataclasses

from .ir import Value
from .space import Access, access
from .views import INLINE, trace

LONG = 256  # elements of a row that is worth a place in a result


@dataclasses.dataclass(frozen=True)
class OneHot:
    """A row that is 0 but for one element: index == place ? amount : 0."""

    comparison: Value
    place: int  # which operand of the comparison is the place
    choice: Value


@dataclasses.dataclass(frozen=True)
class Spot:
    """A sum or a difference of a one-hot row and anything else."""

    row: OneHot
    rest: int  # which operand is not the one-hot row
    sign: str  # of that operand
    step: str  # what is done to the element at the place: += or -=


def spots(phases) -> dict[int, Spot]:
    """Return the values that are such a sum, are stored, and are read by nothing else in their kernel, by number."""
    if len(phases.inner) != 1:
        return {}
    read = {root.number for value in phases.kernel.values for root in phases.roots(value)}
    found = {}
    for value in phases.kernel.values:
        alone = value.number in phases.kernel.stores and value.number not in read and phases.is_full(value)
        for which in (0, 1) if alone and value.op in ("add", "sub") else ():
            row = one_hot(phases, value.inputs[which])
            if row is not None:
                less = value.op == "sub"
                found[value.number] = Spot(row, 1 - which, "-" * (less and not which), "-=" if less and which else "+=")
    return found


def hot_sums(phases) -> dict[int, OneHot]:
    """Return the sums of one-hot rows, by number: they need no pass."""
    rows = {n: one_hot(phases, phases.members[n].inputs[0]) for n, one in phases.kept.items()
            if one.by_row and phases.members[n].op == "sum"} if len(phases.inner) == 1 else {}
    return {number: row for number, row in rows.items() if row is not None}


def one_hot(phases, operand) -> OneHot | None:
    """Return an operand as a one-hot row of the kernel, if it is one."""
    choice = trace(operand)[0]
    if choice.op != "switch" or choice.number not in phases.members or not phases.is_full(choice):
        return None
    comparison, none = trace(choice.inputs[0])[0], trace(choice.inputs[2])[0]
    is_zero = none.op == "number" and none.attrs["value"] == 0
    if comparison.op != "eq" or comparison.number not in phases.members or not is_zero or _varies(phases, choice, 1):
        return None
    for place in (0, 1):
        counted, index = comparison.inputs[1 - place], comparison.inputs[place]
        if index.dtype in ("int32", "int64") and _counts(phases, comparison, counted) \
                and not _varies(phases, comparison, place):
            return OneHot(comparison, place, choice)
    return None


def _counts(phases, value, operand) -> bool:
    """Return whether an operand is the index of the element within its row."""
    along = phases.kernel.along[value.number]
    root, axes = trace(operand)
    if root.op == "cast" and root.number in phases.members and root.dtype in ("int32", "int64"):
        along = phases.kernel.along[root.number]
        root, axes = trace(root.inputs[0])
    return root.op == "iota" and phases.space.loops(along[axis] for axis in axes if axis is not None) == phases.inner


def _varies(phases, value, which) -> bool:
    """Return whether an operand differs from element to element of a row."""
    operand = value.inputs[which]
    root, axes = trace(operand)
    along = phases.kernel.along[value.number]
    if root.number in phases.members or root.op in INLINE:
        return bool(phases.space.loops(along[a] for a in axes if a is not None and along[a] is not None) & phases.inner)
    found = access(phases.kernel, operand, along[: operand.ndim])
    return found is None or bool(phases.space.loops(d for d, s in enumerate(found.strides) if s) & phases.inner)


def row_of(found: Access, space, loop) -> Access | None:
    """Return where the row of an access begins, if its elements lie side by side along a loop."""
    if found is None or found.strides[space.groups[loop][-1]] != 1:
        return None
    strides = list(found.strides)
    for dim in space.groups[loop]:
        strides[dim] = 0
    return Access(found.base, found.offset, tuple(strides))


def homes(phases, is_alias) -> dict[int, tuple[Value, Access]]:
    """Return which rows that one pass keeps for later ones may lie in a result that is written last.

    By number of what is kept: that result, and where its row begins. Long rows then take less memory, and less of the
    processor's cache.
    """
    found: dict[int, tuple[Value, Access]] = {}
    if len(phases.inner) != 1:
        return found
    (loop,) = phases.inner
    length, taken = phases.space.lengths[loop], set()
    for number in sorted(phases.saved):
        kept = phases.members[number]
        for value in phases.kernel.values:
            fits = value.dtype == kept.dtype and value.number in phases.kernel.stores and phases.is_full(value)
            if not fits or value.number in taken or is_alias(value.number) or number in phases.kernel.stores:
                continue
            if isinstance(length, int) and length >= LONG and _last_reads(phases, number) <= phases.level[value.number]:
                row = row_of(access(phases.kernel, value, phases.kernel.axes[value.number]), phases.space, loop)
                if row is not None:
                    found[number] = value, row
                    taken.add(value.number)
                    break
    return found


def _last_reads(phases, number) -> int:
    """Return the first pass at whose end a row that is kept is not needed any more."""
    last = phases.level[number] + 1
    for phase, needed in phases.needed.items():
        if any(root.number == number for n in needed for root in phases.roots(phases.members[n])):
            last = max(last, phase)
    for reduced in phases.kept:  # at the end of their pass
        if any(trace(v)[0].number == number for v in phases.members[reduced].inputs):
            last = max(last, phases.level[reduced] + 1)
    return last
