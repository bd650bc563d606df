"""Functions that the compiler of our own makes, and the way for those that it does not know."""

import ctypes

import numpy as np

from .ccode.ir import Unsupported


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

    Attributes
    ----------
    why : str or None
        What the compiler does not know, once that has been met.
    """

    def __init__(self, inputs, outputs, updates, otherwise):
        self.why, self._otherwise, self._other = None, otherwise, None
        from .ccode.program import Program

        try:
            self._program = Program(inputs, outputs, updates)
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

    def __init__(self, variables, changes, title, counter=None, watched=None):
        from .ccode.program import Program

        self._program = Program(variables, [], changes, title, batched=True, counter=counter, watched=watched)
        self.stop = ctypes.c_int(0)

    def decisions(self) -> list[str]:
        """Return what was decided, in words."""
        return self._program.decisions()

    def c_source(self) -> str:
        """Return the C file, for any number of rows."""
        return self._program.c_source()

    def run(self, arrays: list, order: np.ndarray, batch: int) -> bool:
        """Make steps on the rows of `order`, `batch` at a time; returns whether all were made."""
        whole = len(order) // batch * batch
        for rows in (order[:whole].reshape(-1, batch), order[None, whole:]):
            if rows.size and self._program.steps(arrays, np.ascontiguousarray(rows), self.stop) < len(rows):
                return False
        return True
