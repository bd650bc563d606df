"""One piece of memory for all that lives within a step: what does not live at the same time shares its place."""

import dataclasses

from .expressions import BYTES
from .ir import Rows

LINE = 64  # bytes: every buffer begins on a cache line


@dataclasses.dataclass(frozen=True)
class Buffer:
    """Memory that is wanted from one step to another, both included."""

    name: str
    dtype: str
    length: int | Rows
    first: int
    last: int

    def bytes(self, rows: int) -> int:
        """Return how many bytes it takes for so many rows."""
        count = self.length.at(rows) if isinstance(self.length, Rows) else self.length
        return -(-max(count, 1) * BYTES[self.dtype] // LINE) * LINE + LINE


def planned(buffers: list[Buffer], rows: int) -> tuple[dict[str, int], int]:
    """Return the offset of each buffer by name, and the bytes of all together.

    Large buffers are placed first, each at the lowest place that is free as long as it lives.
    """
    placed: list[tuple[int, int, Buffer]] = []
    offsets: dict[str, int] = {}
    for buffer in sorted(buffers, key=lambda b: -b.bytes(rows)):
        size, start = buffer.bytes(rows), 0
        for low, high, other in sorted(placed, key=lambda entry: entry[0]):
            if other.last < buffer.first or other.first > buffer.last:
                continue
            if start + size <= low:
                break
            start = max(start, high)
        offsets[buffer.name] = start
        placed.append((start, start + size, buffer))
    return offsets, max((high for _, high, _ in placed), default=0)
