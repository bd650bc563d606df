"""Sources of batches: arrays in memory, large or sparse arrays that are read in parts, functions and iterators."""

import dataclasses
import inspect
import mmap
import queue
import threading
from collections.abc import Callable, Iterator

import numpy as np

from ..errors import DataError, ShapeError, SpecError
from .columns import (
    by_field,
    check_lengths,
    is_batches,
    is_mapping,
    named,
    rows_of,
)
from .fields import Field, convert_all, may_be_bytes, read
from .reading import as_array, column_names, is_stored, rows_at
from .uncounted import Silence

RESIDENT_BYTES = 2**30  # converted arrays up to this size stay in memory as a whole
WINDOW_BYTES = 2**25  # of rows that are prepared at once, where they do not
CALLS_PER_PASS = 100  # of a function that returns a batch, unless the user says otherwise
DRY = "the iterator is exhausted"
AGAIN = "pass a function that returns a batch, or something that starts again each time, such as a generator function"


class ExhaustedError(DataError):
    """An iterator that has no more batches when an epoch begins."""


class Arrays:
    """Arrays whose rows can be read in any order.

    Parameters
    ----------
    columns : list of array-likes
        numpy arrays, memory maps, scipy sparse matrices, frames, lists.
    fields : list of Field
    who : str
    allow_nan : bool
    numbers : int array or None
        Numbers of the rows in the user's data, for messages, if these arrays are only a part of it.
    keep_bytes : bool
        Whether inputs of bytes (dtype uint8) stay bytes, which take a quarter of the memory. `take` and the training
        step convert their rows.

    Attributes
    ----------
    count : int
        Number of items.
    arrays : list of numpy arrays or None
        The converted arrays, if they fit into memory. None: `take` converts rows when they are requested.
    """

    calls: int | None = None  # batches that make an epoch, of all there are

    def __init__(self, columns: list, fields: list[Field], who: str, allow_nan: bool = False, numbers=None,
                 keep_bytes: bool = False):
        names = [column_names(c) for c in columns]
        fields = [f if n is None else dataclasses.replace(f, columns=n) for f, n in zip(fields, names, strict=True)]
        self.fields, self.who, self.allow_nan, self.numbers = fields, who, allow_nan, numbers
        self.columns = [_indexable(c, f, f"{who}: {f.name}") for c, f in zip(columns, fields, strict=True)]
        check_lengths({f.name: rows_of(c) for f, c in zip(fields, self.columns, strict=True)}, who)
        self.count = rows_of(self.columns[0])
        self.arrays, self._keeps_bytes = None, keep_bytes
        lazy = any(_is_lazy(c) and not f.sparse for c, f in zip(self.columns, fields, strict=True))
        if not lazy and sum(map(self._bytes, self.columns, fields)) <= RESIDENT_BYTES:
            self.arrays = convert_all(self.columns, fields, who, numbers, allow_nan=allow_nan, keep_bytes=keep_bytes)
        else:
            self.take(np.arange(1))  # shapes and dtypes are checked now, values when they are read

    def _bytes(self, column, field) -> int:
        if field.sparse:
            return getattr(column, "nnz", 0) * np.dtype(field.dtype).itemsize
        dtype = getattr(column, "dtype", None)
        as_it_is = dtype == np.dtype(field.dtype) or (self._keeps_bytes and dtype == "uint8" and may_be_bytes(field))
        return 0 if as_it_is else int(np.prod(np.shape(column))) * np.dtype(field.dtype).itemsize

    def take(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return the converted arrays of some `rows`."""
        if self.arrays is not None:
            return self._converted(rows)
        numbers = rows if self.numbers is None else self.numbers[rows]
        taken = convert_all([rows_at(c, rows) for c in self.columns], self.fields, self.who, numbers, self.allow_nan)
        for column in self.columns:
            _forget(column)
        return taken

    def _converted(self, rows: np.ndarray | slice) -> list[np.ndarray]:
        return [a[rows] if a.dtype == f.dtype else a[rows].astype(f.dtype)
                for a, f in zip(self.arrays, self.fields, strict=True)]

    @property
    def counts_nothing(self) -> bool:
        """Whether all weights are 0 or all labels ignored, as far as the arrays are in memory."""
        return self.arrays is not None and Silence(list(zip(self.fields, self.arrays, strict=True)), self.fields).total

    def row_bytes(self) -> int:
        """Return how many bytes an item takes when converted."""
        return max(1, sum(getattr(a, "nbytes", 0) or a.data.nbytes for a in self.take(np.arange(1))))

    def batches(self, size: int) -> Iterator[list[np.ndarray]]:
        """Yield all items in order, at most `size` at a time."""
        for start in range(0, self.count, size):
            rows = slice(start, min(start + size, self.count))
            yield self.take(np.arange(rows.start, rows.stop)) if self.arrays is None else self._converted(rows)


class Stream:
    """Batches from a function, from an iterator, or from an iterable that restarts in each epoch.

    Parameters
    ----------
    source : callable, iterator or iterable
        Source of batches. Each batch is in a form that `train` takes as data.
    fields : list of Field
    who : str
    calls : int or None
        Number of batches in an epoch. None: 100 for a function or an iterator, all batches for an iterable that
        restarts.
    allow_nan : bool
    """

    count = None
    arrays = None
    numbers = None

    def __init__(self, source, fields, who, calls=None, allow_nan=False):
        self.fields, self.who, self.allow_nan, self.calls = fields, who, allow_nan, calls
        self.source = source
        self._iterator = source if isinstance(source, Iterator) else None
        self._read_ahead: list = []  # a batch of an iterator that was read to see whether there is one
        self.restarts = self._iterator is None and not callable(source)

    @property
    def dry(self) -> bool:
        """Whether an iterator has no more batches. To find out, its next batch is read and kept."""
        if self._iterator is None:
            return False
        if not self._read_ahead:
            try:
                self._read_ahead.append(next(self._iterator))
            except StopIteration:
                return True
        return False

    def once(self) -> Iterator[list[np.ndarray]]:
        """Yield the converted batches of one epoch."""
        for number, batch in enumerate(self._raw()):
            try:
                yield convert_all(by_field(batch, self.fields, self.who, alone=False), self.fields, self.who,
                                  allow_nan=self.allow_nan)
            except (DataError, ShapeError) as error:
                raise type(error)(f"batch {number}: {error}") from None

    def batches(self, size: int) -> Iterator[list[np.ndarray]]:
        """Yield the batches of one epoch as they come."""
        return self.once()

    def _raw(self):
        limit = self.calls
        if limit is None:
            limit = float("inf") if self.restarts else CALLS_PER_PASS
        number, batches = 0, self._made()
        while number < limit:
            try:
                batch = next(batches)
            except StopIteration:
                break
            yield batch
            number += 1
        if number == 0:
            raise ExhaustedError(f"{self.who}: {DRY if self._iterator is not None else 'there are no batches'}; "
                                 f"{AGAIN}")

    def _made(self) -> Iterator:
        """Return what gives the batches from here on."""
        if self._iterator is not None:
            return self._left()
        return self._called() if callable(self.source) else iter(self.source)

    def _left(self):
        while not self.dry:
            yield self._read_ahead.pop()

    def _called(self):
        while True:
            batch = self.source()
            if isinstance(batch, Iterator):
                raise DataError(f"{self.who}: the function returned a {type(batch).__name__} instead of a batch. "
                                f"Pass the generator function itself, or what this function returns")
            yield batch


class Again:
    """Batches that restart in each epoch: from a generator function, or from a data set with batches by number.

    Parameters
    ----------
    make : function
        Returns an iterator over the batches.
    """

    def __init__(self, make: Callable[[], Iterator]):
        self.make = make

    def __iter__(self):
        return self.make()


def open_source(data, fields: list[Field], who: str, calls=None, allow_nan: bool = False, keep_bytes: bool = False):
    """Return `Arrays` or a `Stream` for what the user passed as data."""
    batches = _batches(data, fields, who)
    if batches is not None:
        return Stream(batches, fields, who, calls, allow_nan)
    if calls is not None and who == "valid":
        raise SpecError(f"train: valid_batches={calls} has no effect, because validation arrays are used as a whole. "
                        "Pass fewer rows, or a function that returns a batch")
    made = Arrays(by_field(data, fields, who), fields, who, allow_nan, getattr(data, "numbers", None), keep_bytes)
    made.calls = calls
    return made


def _batches(data, fields, who):
    """Return what gives batches, as `Stream` takes it; None where the data are arrays."""
    if inspect.isgeneratorfunction(data):
        return Again(data)
    if callable(data) or isinstance(data, Iterator) or is_batches(data, fields):
        return data
    if isinstance(data, list | tuple | str | bytes | np.ndarray) or hasattr(data, "shape") or is_mapping(data):
        return None
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return _by_number(data, fields, who)
    return data if hasattr(data, "__iter__") else None


def _by_number(data, fields, who) -> Again:
    """Return the batches of a data set that gives them by number; DataError for one that gives items."""
    kind = type(data).__name__
    if not len(data):
        raise DataError(f"{who}: the {kind} is empty. Pass at least one batch")
    first = named(data[0], fields, alone=False)
    axes = None if first is None or fields[0].name not in first else getattr(first[fields[0].name], "ndim", None)
    if axes is not None and axes < len(fields[0].shape):
        raise DataError(f"{who}: the {kind} gives one item at a time ({axes} axes, not {len(fields[0].shape)}), but "
                        f"training needs batches. Pass something that makes batches of it, such as "
                        f"DataLoader(data, batch_size=64, shuffle=True), or its arrays as a list")

    def batches():
        for number in range(len(data)):
            yield data[number]
        getattr(data, "on_epoch_end", lambda: None)()  # where those of Keras are shuffled

    return Again(batches)


def _forget(column) -> None:
    """Give back the pages of a memory map that were read, so that a large file never fills the memory."""
    advice = getattr(mmap, "MADV_DONTNEED", None)
    if isinstance(column, np.memmap) and column.mode in ("r", "r+") and advice is not None:
        column._mmap.madvise(advice)


def _is_lazy(column) -> bool:
    return is_stored(column) or hasattr(column, "toarray")


def _indexable(column, field, me):
    """Return something that can be indexed by an array of row numbers."""
    if hasattr(column, "tocsr") and len(column.shape) == 2:
        return column.tocsr()
    if is_stored(column) and len(column.shape):
        return column
    return as_array(column, me) if hasattr(column, "toarray") else read(column, field, me)


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
