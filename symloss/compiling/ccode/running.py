"""A C file, compiled and ready to run on arrays."""

import contextlib
import ctypes
import math
import threading
import time
import typing

import numpy as np

from .. import blas
from . import building
from .expressions import suffix
from .memory import planned
from .team import ROWS, Pace, Team
from .text import Source

ALIGNED = 64
SMALL = 1 << 16  # bytes of results that are rather copied than written where they are wanted


class Failed(Exception):  # noqa: N818 - the caller makes an error of it that its user understands
    """A step met what must not be; the text says what."""


class Bound(typing.NamedTuple):
    """Compiled steps and all that they work on, for a driver in C.

    Parameters
    ----------
    run : int
        Address of the function `symloss_steps`.
    table, data : ctypes arrays
        Its arguments.
    messages : list of str
        What its failures mean.
    kept : tuple
        What must live as long as the addresses are used.
    """

    run: int
    table: ctypes.Array
    data: ctypes.Array
    messages: list
    kept: tuple


class Runnable:
    """A compiled function.

    Parameters
    ----------
    source : Source
    constants : list of array
        By the `index` of the graph's `array` values.
    name : str

    Attributes
    ----------
    rows, bytes : int
        For how many rows there is memory, and how much of it.
    """

    def __init__(self, source: Source, constants, name: str = "step"):
        self.source = source
        self._library = building.load(source.text, name)
        for dtype in source.products:
            use = getattr(self._library, f"symloss_blas_{suffix(dtype)}")
            use.argtypes, use.restype = [ctypes.c_void_p], None
            use(blas.product(dtype))
        self._step = self._library.symloss_step
        self._step.argtypes, self._step.restype = [ctypes.c_int64, ctypes.c_void_p], ctypes.c_int
        if hasattr(self._library, "symloss_steps"):
            self._steps = self._library.symloss_steps
            self._steps.restype = ctypes.c_int64
            self._steps.argtypes = [ctypes.c_int64, *[ctypes.c_void_p] * 3, ctypes.c_int64, *[ctypes.c_void_p] * 2]
        self._team, self._pace = Team() if source.shared else None, Pace()
        if source.shared:
            self._library.symloss_help.restype = None
            self._library.symloss_help.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]
        self._constants = [np.ascontiguousarray(a) for a in constants]
        self._places = {name: i for i, name in enumerate(source.table)}
        self.rows, self.bytes = -1, 0
        self._known: dict = {}  # by place in the table: the array whose address is there
        self._held = None  # the arguments that were entered last
        self._views: tuple = None, []  # results as they were asked for last, and where they lie in the arena
        self._table = (ctypes.c_void_p * max(len(source.table), 1))()
        if self._team is not None:
            self._table[self._places["team"]] = ctypes.addressof(self._team)

    def _make_room(self, rows):
        """Place the buffers for so many rows; fewer fit there too."""
        offsets, size = planned(self.source.buffers, rows)
        self._arena = np.empty(size + ALIGNED, "uint8")
        start = -(-_address(self._arena) // ALIGNED) * ALIGNED
        self._table_of_rows = {name.removeprefix("rows of "): start + offset for name, offset in offsets.items()
                               if name.startswith("rows of ")}
        for name, offset in offsets.items():
            if name in self._places:
                self._table[self._places[name]] = start + offset
        self.rows, self.bytes = rows, size
        self._starts = {name: start - _address(self._arena) + offset for name, offset in offsets.items()}
        self._views = None, []

    def _redirect(self, places, addresses) -> list:
        """Let results lie elsewhere; returns where they lay."""
        table = self._table
        kept = [table[place] for place in places]
        for place, address in zip(places, addresses, strict=True):
            table[place] = address
        return kept

    def _enter(self, first: int, held) -> None:
        """Enter the addresses of arguments that are mostly the same from call to call, and of constants."""
        if held is self._held:
            return
        known, table = self._known, self._table
        for i, array in enumerate([*held, *self._constants], first):
            if known.get(i) is not array:
                table[i], known[i] = _address(array), array
        self._held = held

    def __call__(self, rows: int, arguments: list, results: list, held=()) -> None:
        """Run a step.

        Parameters
        ----------
        rows : int
        arguments : list of array
            Contiguous, in their dtypes: the first ones of the graph.
        results : list of (name of a buffer, array)
            Where results are written.
        held : sequence of array
            The other arguments, which are mostly the same ones at the next call.

        Raises
        ------
        Failed
        """
        self._prepare(rows, arguments, held)
        places = [self._places[name] for name, _ in results]
        kept = self._redirect(places, [_address(array) for _, array in results])
        try:
            self._run(rows)
        finally:
            self._redirect(places, kept)

    def _run(self, rows):
        failed = self._step(rows, self._table)
        if failed:
            raise Failed(self.source.messages[failed - 1])

    def results(self, rows: int, arguments: list, wanted: list, held=()) -> list[np.ndarray]:
        """Run a step as `__call__` does, and return its results: for each (name, dtype, shape) of `wanted` an array.

        Small results are written to the arena and copied from there, which takes less time than to tell the step where
        they are wanted.
        """
        if rows > self.rows:
            self._make_room(rows)
        if self._views[0] is not wanted:
            self._views = wanted, self._in_arena(wanted)
        views = self._views[1]
        if views is None:
            found = [(name, np.empty(shape, dtype)) for name, dtype, shape in wanted]
            self(rows, arguments, found, held)
            return [array for _, array in found]
        self._prepare(rows, arguments, held)
        self._run(rows)
        return [view.copy() for view in views]

    def _in_arena(self, wanted) -> list[np.ndarray] | None:
        """Return where results lie in the arena; None if they are not small, or do not lie there."""
        sizes = [math.prod(shape) * np.dtype(dtype).itemsize for _, dtype, shape in wanted]
        if sum(sizes) > SMALL or any(name not in self._starts for name, _, _ in wanted):
            return None
        starts = [self._starts[name] for name, _, _ in wanted]
        return [self._arena[start : start + size].view(dtype).reshape(shape)
                for start, size, (_, dtype, shape) in zip(starts, sizes, wanted, strict=True)]

    def _prepare(self, rows, arguments, held):
        """Enter where everything lies for one step."""
        if rows > self.rows:
            self._make_room(rows)
        table = self._table
        for i, array in enumerate(arguments):
            table[i] = _address(array)
        self._enter(len(arguments), held)

    @contextlib.contextmanager
    def _helped(self, rows: int, threads: int):
        """Let other threads take shares of the steps that are made in this context, if that pays.

        The value is whether they do, or None if the steps are not shared at all.
        """
        if self._team is None or threads < 2 or rows < ROWS * threads:
            yield None
            return
        self._team.begin(threads)
        count = threads - 1 if self._pace.wants_help() else 0
        helpers = [threading.Thread(target=self._library.symloss_help, name="symloss helper", daemon=True,
                                    args=(ctypes.addressof(self._team), rows, self._table)) for _ in range(count)]
        try:
            with contextlib.suppress(RuntimeError):  # the system gives no more threads: then this one does everything
                for helper in helpers:
                    helper.start()
            yield count > 0
        finally:
            self._team.end()
            for helper in helpers:
                if helper.ident is not None:
                    helper.join()

    def steps(self, arrays: list, held: list, order: np.ndarray, stop: ctypes.c_int, results=(),
              threads: int = 1) -> int:
        """Run a step for each row of `order`, on those rows of `arrays`; returns how many were run.

        Parameters
        ----------
        arrays : list of array
            Contiguous; one for each batched argument, which are the first ones.
        held : list of array
            The other arguments.
        order : int64 array (steps, rows)
        stop : ctypes.c_int
            No step is begun when it is not 0.
        results : list of (name of a buffer, array)
            Where the results of the last step are written.
        threads : int
            How many threads share the larger parts of a step, if they can.
        """
        steps, rows = order.shape
        data = self._laid_out(arrays, held, rows)
        failed = ctypes.c_int(0)
        places = [self._places[name] for name, _ in results]
        kept = self._redirect(places, [_address(array) for _, array in results])
        start = time.perf_counter()
        with self._helped(rows, threads) as helped:
            done = self._steps(rows, self._table, data, _address(order), steps, ctypes.byref(stop),
                               ctypes.byref(failed))
        if helped is not None and done:
            self._pace.learn(helped, (time.perf_counter() - start) / done)
        self._redirect(places, kept)
        if failed.value:
            raise Failed(self.source.messages[failed.value - 1])
        return done

    def bound(self, arrays: list, held: list, rows: int) -> Bound:
        """Return what a driver in C needs to make steps on so many rows of `arrays`; see `steps`."""
        data = self._laid_out(arrays, held, rows)
        kept = (self, arrays, held)
        return Bound(ctypes.cast(self._steps, ctypes.c_void_p).value, self._table, data, self.source.messages, kept)

    def _laid_out(self, arrays, held, rows):
        """Enter where everything lies for steps of so many rows, and return where the rows are picked from."""
        if rows > self.rows:
            self._make_room(rows)
        for i in range(len(arrays)):
            self._table[i] = self._table_of_rows[self.source.table[i]]
        self._enter(len(arrays), held)
        return (ctypes.c_void_p * max(len(arrays), 1))(*map(_address, arrays))


def _address(array) -> int:
    """Return where the numbers of a contiguous array lie."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    except (TypeError, ValueError):  # it is read-only or empty
        return array.__array_interface__["data"][0]
