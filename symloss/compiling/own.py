"""Functions that the compiler of our own makes, and the way for those that it does not know."""

import contextlib
import ctypes
import functools
import warnings

import numpy as np

from ..errors import SymlossWarning
from .ccode.compilers import NoCompilerError, RefusedTextError
from .ccode.ir import Unsupported

MISTAKES = (AssertionError, AttributeError, KeyError, RecursionError, TypeError)


@contextlib.contextmanager
def known(chosen: bool):
    """In this context, a mistake of the compiler gives a warning and Unsupported, so a user's program continues.

    So is a machine without a C compiler, unless the user has `chosen` C.
    """
    try:
        yield
    except NoCompilerError as error:
        if chosen:
            raise
        raise Unsupported(f"how to do without a C compiler ({error})") from error
    except RefusedTextError as error:
        warnings.warn(f"{error}. PyTensor is used instead; the numbers are right", SymlossWarning, stacklevel=5)
        raise Unsupported(f"how to write this graph in C that compiles ({error})") from error
    except MISTAKES as error:
        said = f"the compiler of symloss made a mistake ({type(error).__name__}: {error}), so PyTensor is used instead"
        warnings.warn(f"{said}; the numbers are right. Please report it with your model", SymlossWarning, stacklevel=5)
        raise Unsupported(f"this graph, because of a bug in the compiler ({type(error).__name__}: {error})") from error


def by_other(why: str) -> str:
    """Say that another compiler makes a function, and why."""
    return f"compiled by PyTensor, because the compiler of symloss does not know {why}"


class OwnFunction:
    """A function of the compiler of our own; one that it does not know is made in another way, at its first call.

    Parameters
    ----------
    inputs, outputs, updates
        As `Program` takes them.
    otherwise : callable
        Makes the function in the other way.
    chosen : bool
        Whether the user has chosen C; see `known`.

    Attributes
    ----------
    why : str or None
        What the compiler does not know, once that has been met.
    """

    def __init__(self, inputs, outputs, updates, otherwise, chosen=True):
        self.why, self._otherwise, self._other = None, otherwise, None
        from .ccode.program import Program

        try:
            self._program = Program(inputs, outputs, updates, guard=functools.partial(known, chosen))
        except Unsupported as met:
            self._take_other(met)

    def _take_other(self, met):
        self.why, self._other = str(met), self._otherwise()

    def __call__(self, *arrays):
        if self._other is None:
            try:
                return self._program(*arrays)
            except Unsupported as met:
                self._take_other(met)
        return self._other(*arrays)

    def decisions(self) -> list[str]:
        """Return what was decided, in words."""
        return [by_other(self.why)] if self.why else self._program.decisions()

    def __getattr__(self, name):
        if name in ("_other", "_program", "why") or self._other is None:
            raise AttributeError(name)
        return getattr(self._other, name)


class OwnSteps:
    """Training steps of the compiler of our own: many in one call.

    Raises
    ------
    Unsupported
        When it is made, or at the first `run`.
    """

    def __init__(self, variables, changes, title, counter=None, watched=None, chosen=True):
        from .ccode.program import Program

        self._program = Program(variables, [], changes, title, batched=True, counter=counter, watched=watched,
                                guard=functools.partial(known, chosen))
        self.stop = ctypes.c_int(0)

    def decisions(self) -> list[str]:
        """Return what was decided, in words."""
        return self._program.decisions()

    def prepare(self, arrays: list, rows: int) -> None:
        """Compile for steps of this many rows of the arrays; raise Unsupported if they need another compiler."""
        self._program.prepare(arrays, rows)

    def c_source(self) -> str:
        """Return the C file, for any number of rows."""
        return self._program.c_source()

    def bound(self, arrays: list, batch: int):
        """Return the steps on `batch` rows of the arrays, for a driver in C."""
        return self._program.bound(arrays, batch)

    def shares(self, arrays: list, batch: int) -> bool:
        """Return whether threads can share the larger parts of steps on `batch` rows."""
        return self._program.shares(arrays, batch)

    def run(self, arrays: list, order: np.ndarray, batch: int, threads: int = 1) -> bool:
        """Make steps on the rows of `order`, `batch` at a time; returns whether all were made."""
        whole = len(order) // batch * batch
        for rows in (order[:whole].reshape(-1, batch), order[None, whole:]):
            if rows.size and self._program.steps(arrays, np.ascontiguousarray(rows), self.stop,
                                                threads) < len(rows):
                return False
        return True
