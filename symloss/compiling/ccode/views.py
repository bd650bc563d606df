"""Views: values that are other values, read in another way."""

import dataclasses

from .ir import LEAVES, VIEWS, Rows, Value, size

INLINE = LEAVES - {"argument", "array"}  # leaves that are written into expressions
GAP = 16  # numbers between two columns: columns a power of 2 apart would all want the same few lines of the cache


def without_ones(shape) -> tuple:
    """Return the lengths other than 1."""
    return tuple(n for n in shape if n != 1)


def is_free(value: Value) -> bool:
    """Return whether a view only renames, stretches or permutes axes."""
    if value.op == "reshape":
        return without_ones(value.shape) == without_ones(value.inputs[0].shape)
    return value.op in ("transpose", "broadcast")


def _renamed(value: Value, axes: list) -> list:
    """Return, for each axis of the source of a free view, what `axes` (of the view) says of it."""
    source = value.inputs[0]
    if value.op == "transpose":
        found = [None] * source.ndim
        for mine, theirs in enumerate(value.attrs["axes"]):
            found[theirs] = axes[mine]
        return found
    if value.op == "broadcast":
        return [None if n == 1 else axis for n, axis in zip(source.shape, axes, strict=True)]
    rest = iter([axis for n, axis in zip(value.shape, axes, strict=True) if n != 1])
    return [None if n == 1 else next(rest) for n in source.shape]


def trace(value: Value) -> tuple[Value, tuple]:
    """Return what a value is without its free views, and for each axis of that the axis of `value` (None: length 1)."""
    axes = [None if n == 1 else axis for axis, n in enumerate(value.shape)]
    while is_free(value):
        axes, value = _renamed(value, axes), value.inputs[0]
    return value, tuple(axes)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the elements of a value lie: in the buffer of `base`, at `offset` + sum of strides times indexes."""

    base: Value
    offset: int | Rows
    strides: tuple

    def is_contiguous(self, shape) -> bool:
        """Return whether elements of this shape lie one after another in row-major order."""
        wanted = row_major(shape)
        return all(n == 1 or a == b for n, a, b in zip(shape, self.strides, wanted, strict=True))


def row_major(shape) -> tuple:
    """Return the strides of an array whose last axis is dense, in elements."""
    return tuple(size(shape[axis + 1 :]) for axis in range(len(shape)))


def strides_of(value: Value) -> tuple:
    """Return the strides of a value that has a buffer of its own."""
    return (1, value.shape[0] + GAP) if value.by_column else row_major(value.shape)


def room_of(value: Value) -> int | Rows:
    """Return how many numbers the buffer of a value holds."""
    return strides_of(value)[1] * value.shape[1] if value.by_column else value.size


def place(value: Value) -> Place | None:
    """Return where a value lies, if it is a buffer or can be read from one; None if it has to be computed or copied."""
    if value.op not in VIEWS:
        return None if value.op in INLINE else Place(value, 0, strides_of(value))
    source = value.inputs[0]
    found = place(source)
    if found is None:
        return None
    strides = found.strides
    if value.op == "transpose":
        return Place(found.base, found.offset, tuple(strides[axis] for axis in value.attrs["axes"]))
    if value.op == "broadcast":
        stretched = tuple(0 if n == 1 else s for n, s in zip(source.shape, strides, strict=True))
        return Place(found.base, found.offset, stretched)
    if value.op == "slice":
        starts, steps = value.attrs["starts"], value.attrs["steps"]
        offset = found.offset + sum((a * s for a, s in zip(starts, strides, strict=True)), start=0)
        return Place(found.base, offset, tuple(a * s for a, s in zip(steps, strides, strict=True)))
    if is_free(value):
        rest = iter([s for n, s in zip(source.shape, strides, strict=True) if n != 1])
        return Place(found.base, found.offset, tuple(0 if n == 1 else next(rest) for n in value.shape))
    if found.is_contiguous(source.shape):
        return Place(found.base, found.offset, row_major(value.shape))
    return None


def base_of(value: Value) -> Value:
    """Return the value whose buffer a view reads."""
    while value.op in VIEWS:
        value = value.inputs[0]
    return value
