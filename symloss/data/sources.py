"""Where batches come from: arrays in memory, large or sparse arrays read by the batch, functions and iterators."""

import mmap
import queue
import threading
from collections.abc import Callable, Iterator

import numpy as np

from ..errors import DataError, SpecError
from .fields import (
    Field,
    as_array,
    by_field,
    check_lengths,
    convert_all,
    rows_of,
)

RESIDENT_BYTES = 2**30  # converted arrays up to this size stay in memory as a whole
WINDOW_BYTES = 2**25  # of rows that are prepared at once, where they do not
CALLS_PER_PASS = 100  # of a function that returns a batch, unless the user says otherwise


class ExhaustedError(DataError):
    """An iterator that has no more batches when an epoch begins."""


class Arrays:
    """Arrays whose rows can be taken in any order.

    Parameters
    ----------
    columns : list of array-likes
        numpy arrays, memory maps, scipy sparse matrices, frames, lists.
    fields : list of Field
    who : str
    allow_nan : bool

    Attributes
    ----------
    count : int
        Number of items.
    arrays : list of numpy arrays or None
        Converted once and for all, if they fit; None: `take` converts the rows it is asked for.
    """

    calls: int | None = None  # batches that make an epoch, of all there are

    def __init__(self, columns: list, fields: list[Field], who: str, allow_nan: bool = False):
        self.fields, self.who, self.allow_nan = fields, who, allow_nan
        self.columns = [_indexable(c, f"{who}: {f.name}") for c, f in zip(columns, fields, strict=True)]
        check_lengths({f.name: rows_of(c) for f, c in zip(fields, self.columns, strict=True)}, who)
        self.count = rows_of(self.columns[0])
        self.arrays = None
        lazy = any(_is_lazy(c) and not f.sparse for c, f in zip(self.columns, fields, strict=True))
        if not lazy and sum(map(self._bytes, self.columns, fields)) <= RESIDENT_BYTES:
            self.arrays = convert_all(self.columns, fields, who, allow_nan=allow_nan)
        else:
            self.take(np.arange(1))  # shapes and dtypes are checked now, values when they are read

    def _bytes(self, column, field) -> int:
        if field.sparse:
            return getattr(column, "nnz", 0) * np.dtype(field.dtype).itemsize
        as_it_is = getattr(column, "dtype", None) == np.dtype(field.dtype)
        return 0 if as_it_is else int(np.prod(np.shape(column))) * np.dtype(field.dtype).itemsize

    def take(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return the converted arrays of some `rows`."""
        if self.arrays is not None:
            return [a[rows] for a in self.arrays]
        taken = convert_all([c[rows] for c in self.columns], self.fields, self.who, rows, self.allow_nan)
        for column in self.columns:
            _forget(column)
        return taken

    def row_bytes(self) -> int:
        """Return how many bytes an item takes when converted."""
        return max(1, sum(getattr(a, "nbytes", 0) or a.data.nbytes for a in self.take(np.arange(1))))

    def batches(self, size: int) -> Iterator[list[np.ndarray]]:
        """Yield all items in order, at most `size` at a time."""
        for start in range(0, self.count, size):
            yield self.take(np.arange(start, min(start + size, self.count)))


class Stream:
    """Batches that come one after another: from a function, an iterator, or an iterable that starts anew each epoch.

    Parameters
    ----------
    source : callable, iterator or iterable
        Each batch is what `train` takes as data.
    fields : list of Field
    who : str
    calls : int or None
        Batches that make an epoch; None: 100 of a function or an iterator, all of an iterable that starts anew.
    allow_nan : bool
    """

    count = None
    arrays = None

    def __init__(self, source, fields, who, calls=None, allow_nan=False):
        self.fields, self.who, self.allow_nan, self.calls = fields, who, allow_nan, calls
        self.source = source
        self._iterator = source if isinstance(source, Iterator) else None
        self.restarts = self._iterator is None and not callable(source)

    def once(self) -> Iterator[list[np.ndarray]]:
        """Yield the converted batches of one epoch."""
        for number, batch in enumerate(self._raw()):
            try:
                yield convert_all(by_field(batch, self.fields, self.who), self.fields, self.who,
                                  allow_nan=self.allow_nan)
            except DataError as error:
                raise type(error)(f"batch {number}: {error}") from None

    def batches(self, size: int) -> Iterator[list[np.ndarray]]:
        """Yield the batches of one epoch as they come."""
        return self.once()

    def _raw(self):
        if callable(self.source):
            for _ in range(CALLS_PER_PASS if self.calls is None else self.calls):
                yield self.source()
            return
        iterator, limit, number = self._iterator, self.calls, 0
        if iterator is None:
            iterator = iter(self.source)
        elif limit is None:
            limit = CALLS_PER_PASS
        limit = float("inf") if limit is None else limit
        while number < limit:
            try:
                batch = next(iterator)
            except StopIteration:
                break
            yield batch
            number += 1
        if number == 0:
            raise ExhaustedError(f"{self.who}: the iterator is exhausted; pass a function, or what starts anew")


def open_source(data, fields: list[Field], who: str, calls=None, allow_nan: bool = False):
    """Return `Arrays` or a `Stream` for what the user passed as data."""
    if callable(data) or isinstance(data, Iterator) or _is_iterable_of_batches(data):
        return Stream(data, fields, who, calls, allow_nan)
    if calls is not None and who == "valid":
        raise SpecError(f"train: valid_batches={calls}, but validation data that are arrays are used as a whole; pass "
                        f"fewer rows, or a function that returns a batch")
    made = Arrays(by_field(data, fields, who), fields, who, allow_nan)
    made.calls = calls
    return made


def _is_iterable_of_batches(data) -> bool:
    known = isinstance(data, list | tuple | dict | np.ndarray) or hasattr(data, "shape")
    return not known and hasattr(data, "__iter__")


def _is_lazy(column) -> bool:
    return isinstance(column, np.memmap) or hasattr(column, "toarray")


def _forget(column) -> None:
    """Give back the pages of a memory map that were read, so that a large file never fills the memory."""
    advice = getattr(mmap, "MADV_DONTNEED", None)
    if isinstance(column, np.memmap) and column.mode in ("r", "r+") and advice is not None:
        column._mmap.madvise(advice)


def _indexable(column, me):
    """Return something that can be indexed by an array of row numbers."""
    if _is_lazy(column) and len(column.shape):
        flat = hasattr(column, "tocsr") and len(column.shape) == 2
        return column.tocsr() if flat else as_array(column, me) if hasattr(column, "toarray") else column
    return as_array(column, me)


def ahead(make: Callable[[], Iterator]) -> Iterator:
    """Yield what an iterator yields, prepared by a thread one item ahead; an error in it is raised here."""
    done, waiting, stopped = object(), queue.Queue(maxsize=1), threading.Event()

    def put(item) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work():
        try:
            for item in make():
                if not put((item, None)):
                    return
            put((done, None))
        except BaseException as error:
            put((done, error))

    thread = threading.Thread(target=work, name="symloss loader", daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is done:
                return
            yield item
    finally:
        stopped.set()
        thread.join()
