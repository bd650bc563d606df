"""How data reach a step: as a whole, by windows of rows, or batch by batch."""

from collections.abc import Iterator

import numpy as np

from ..data import WINDOW_BYTES, Arrays, ahead


def feed(source, step, order, size: int, done: int, chunk) -> Iterator[tuple[int, int]]:
    """Run the batches of an epoch that are left, some at a time, and yield (batches, items) after each call.

    Parameters
    ----------
    source : Arrays or Stream
    step : TrainingStep
    order : int array or None
        Of the rows of `Arrays`.
    size : int
        Items in a batch.
    done : int
        Items of this epoch that were used before.
    chunk : function
        Returns how many batches the next call may run.
    """
    if not isinstance(source, Arrays):
        yield from _by_batch(source, step, done)
    elif source.arrays is not None:
        step.load(source.arrays)
        left = order[done:]
        while len(left):
            rows = left[: chunk() * size]
            yield _run(step, rows, size)
            left = left[len(rows) :]
    else:
        yield from _by_window(source, step, order[done:], size, chunk)


def _run(step, rows, size):
    step.run(rows, size)
    return -(-len(rows) // size), len(rows)


def _by_window(source, step, order, size, chunk):
    rows_each = max(1, WINDOW_BYTES // (source.row_bytes() * size)) * size

    def windows():
        for start in range(0, len(order), rows_each):
            yield source.take(order[start : start + rows_each])

    for arrays in ahead(windows):
        step.load(arrays)
        left = np.arange(arrays[0].shape[0])
        while len(left):
            rows = left[: chunk() * size]
            yield _run(step, rows, size)
            left = left[len(rows) :]


def _by_batch(source, step, done):
    for arrays in ahead(source.once):
        count = arrays[0].shape[0]
        if done > 0 and source.restarts:
            done -= count
            continue
        step.load(arrays)
        yield _run(step, np.arange(count), count)
