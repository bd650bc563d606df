"""Going back to just before the batch that went wrong."""

import functools
import math
import operator
import time

import numpy as np

from ..compiling import diagnose
from ..errors import TrainingError

SHARE = 0.005  # of the time that looking and remembering may take
HELD_BYTES = 2**25  # of batches that are kept for the sake of `error`, where they do not lie in memory anyway


def wrong_terms(terms: list, sums: list) -> list[str]:
    """Return the names of the terms of a total whose sums are not finite, or whose learned weights are not."""
    return [term.name for term, parts in zip(terms, sums, strict=True)
            if term.source is not None and not all(map(math.isfinite, [*parts, term.weight]))]


def _finite(a: np.ndarray) -> bool:
    """Return whether all numbers are finite: whether their sum is, which costs a quarter, or else each of them."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(a.sum()) or np.isfinite(a).all())


def not_finite(parameters: dict) -> list[str]:
    """Return the names of the parameters that are not finite."""
    return [name for name, p in parameters.items() if not _finite(p.get_value(borrow=True))]


UPDATE = "the update is too large; lower learning_rate, or pass max_gradient_norm=1"


def cause(objective, arrays: list, rows=None) -> str | None:
    """Return the cause of values that are not finite, and what helps; `rows` are the numbers of its items in the data.

    None, if the losses of the batch and their gradients are finite. Then the update is the cause.
    """
    finding = diagnose(objective, arrays)
    if finding is None:
        return None
    row = "" if finding.row is None or rows is None else f", which is row {rows[finding.row]} of the data"
    return f"{finding}{row}; {finding.hint}"


class Rewind:
    """A step that remembers where it stood, so that it can be stopped just before its first wrong batch.

    It is fed as a `TrainingStep` is. From time to time it looks at all terms and parameters, and keeps a copy of
    everything that the next step depends on; since then it keeps the calls it was given, and `error` makes them once
    more, batch by batch. A copy outlives the epoch, unless somebody else has set a value between two epochs.

    Parameters
    ----------
    step : TrainingStep

    Attributes
    ----------
    lost : bool
        Whether a term or a parameter was not finite when it last looked.
    """

    def __init__(self, step):
        self.step, self.objective = step, step.objective
        self._loaded: list | None = None
        self._calls: list[tuple] = []  # (arrays, rows, batch size), or the numbers of an epoch and of its first batch
        self._kept = self._left = None
        self._next = -math.inf
        self._held = self._told = 0
        self.lost = False

    def begin(self, epoch: int, position: int) -> None:
        """Begin an epoch (or go on with one), of which `position` batches are done."""
        if self._kept is not None and self._touched():
            self._kept = None
        self._calls.append((epoch, position))
        self.step.begin_pass(epoch - 1)

    def end(self) -> None:
        """End an epoch: what is changed from now on is changed by somebody else."""
        self._left, self._told = self._arrays(), self.step.told

    def _touched(self) -> bool:
        """Return whether a shared value is another array than the one the last step left."""
        known = self._left is not None and self._told == self.step.told
        return not known or not all(map(operator.is_, self._arrays(), self._left))

    def _arrays(self):
        return list(map(operator.itemgetter(0), self._cells))

    @functools.cached_property
    def _cells(self):
        """The containers of the shared values: setting a value replaces the array in it."""
        return [v.container.storage for v in self.step.settable()]

    def load(self, arrays: list) -> None:
        """Take the rows that `run` picks from."""
        if arrays is not self._loaded:
            self._held += sum(getattr(a, "nbytes", 0) for a in arrays)
        self._loaded = arrays
        self.step.load(arrays)

    def run(self, rows: np.ndarray, size: int) -> None:
        """Train on the loaded rows, `size` at a time."""
        start = time.perf_counter()
        if self._kept is None or start > self._next or self._held > HELD_BYTES:
            self._keep()
            now = time.perf_counter()
            self._next = now + (now - start) / SHARE
        self._calls.append((self._loaded, rows, size))
        if not self.step.run(rows, size):
            self.lost = bool(self.wrong())

    def _keep(self):
        self.lost = self._kept is not None and bool(self.wrong())
        if self.lost:
            return
        self._calls = [self._place()]
        self._kept, self._held = self._state(), 0

    def _place(self) -> tuple:
        """Return the numbers of the epoch and of the batches done in it, after all calls."""
        epoch, done = 0, 0
        for call in self._calls:
            epoch, done = call if len(call) == 2 else (epoch, done + _batches(call))
        return epoch, done

    def _state(self):
        values = {p: p.get_value() for p in self.objective.parameters.values()}
        return values, self.step.state()

    def _back(self, state):
        values, (arrays, generators) = state
        for p, value in values.items():
            p.set_value(value)
        self.step.set_state(arrays, generators)

    def wrong(self) -> list[str]:
        """Return the names of the terms, or else of the parameters, that are not finite."""
        terms = [] if self.step.sums_are_finite() else wrong_terms(self.objective.training_terms, self.step.sums())
        return terms or not_finite(self.objective.parameters)

    def _to_first_wrong(self):
        """Go back to just before the first batch that makes a term or a parameter wrong, and return what it was.

        Returns (its epoch, its number, its arrays, its row numbers, what is wrong), or None if all is well the second
        time.
        """
        (epoch, done), *calls = self._calls
        self._back(self._kept)
        for call in calls:
            if len(call) == 2:
                epoch, done = call
                self.step.begin_pass(epoch - 1)
                continue
            arrays, rows, size = call
            self.step.load(arrays)
            for start in range(0, len(rows), size):
                before, batch = self._state(), rows[start : start + size]
                self.step.run(batch, size)
                wrong = self.wrong()
                done += 1
                if wrong:
                    self._back(before)
                    return epoch, done, [array[batch] for array in arrays], batch, wrong
        self._back(self._kept)
        return None

    def error(self, data, numbers=None) -> TrainingError:
        """Go back to the last batch after which all values were finite, and return the error that says what went wrong.

        Parameters
        ----------
        data : list of arrays, or None
            The whole data set, where its rows are what `run` is given.
        numbers : int array or None
            Those that its rows have in the user's data, where it is a part of these.
        """
        wrong = ", ".join(self.wrong())
        runs = [call for call in self._calls if len(call) == 3]
        in_memory = data is not None and all(arrays is data for arrays, _, _ in runs)
        last, first = self._place(), self._calls[0]
        found = self._to_first_wrong()
        if found is None:
            span = f"epoch {first[0]}, batch {first[1] + 1}, to epoch {last[0]}, batch {last[1]}"
            return TrainingError(f"{span}: {wrong} was not finite, but it is finite when symloss computes these "
                                 "batches again. The parameters are those from before these batches")
        epoch, number, arrays, rows, names = found
        rows = None if not in_memory else rows if numbers is None else numbers[rows]
        why = cause(self.objective, arrays, rows) or UPDATE
        return TrainingError(f"epoch {epoch}, batch {number}: {', '.join(names)} is not finite: {why}. "
                             f"The parameters are those from before this batch")


def _batches(call) -> int:
    _, rows, size = call
    return -(-len(rows) // size)
