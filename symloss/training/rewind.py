"""Going back to just before the batch that went wrong."""

import math
import time

import numpy as np

from ..compiling import diagnose
from ..errors import TrainingError

SHARE = 0.01  # of the time that remembering may take


def wrong_terms(step) -> list[str]:
    """Return the names of a step's terms that are not finite."""
    return [term.name for term, parts in zip(step.objective.training_terms, step.sums(), strict=True)
            if term.source is not None and not all(map(math.isfinite, parts))]


def cause(objective, arrays: list, rows=None) -> str:
    """Return what makes a batch wrong, and what helps; `rows` are the numbers of its items in the data set."""
    finding = diagnose(objective, arrays)
    if finding is None:
        return "the update is too large; a lower learning_rate, or max_gradient_norm=1, usually helps"
    row = "" if finding.row is None or rows is None else f", which is row {rows[finding.row]} of the data"
    return f"{finding}{row}; {finding.hint}"


class Rewind:
    """A step that remembers where it stood, so that it can be stopped just before its first wrong batch.

    It is fed as a `TrainingStep` is. From time to time it keeps a copy of everything that the next step depends on,
    and since then the calls it was given; `first_wrong` makes them once more, batch by batch.

    Parameters
    ----------
    step : TrainingStep
    """

    def __init__(self, step):
        self.step, self.objective = step, step.objective
        self._loaded: list | None = None
        self._calls: list[tuple] = []
        self._kept = None
        self._cost, self._since = 0.0, -math.inf

    def load(self, arrays: list) -> None:
        """Take the rows that `run` picks from."""
        self._loaded = arrays
        self.step.load(arrays)

    def run(self, rows: np.ndarray, size: int) -> None:
        """Train on the loaded rows, `size` at a time."""
        start = time.perf_counter()
        if self._kept is None or start - self._since > self._cost / SHARE:
            self._keep(start)
        self._calls.append((self._loaded, rows, size))
        self.step.run(rows, size)

    def _keep(self, start):
        if self._kept is not None and not self.parameters_are_finite():
            return  # the next look at the world finds it
        self._kept, self._calls = self._state(), []
        self._since = time.perf_counter()
        self._cost = self._since - start

    def _state(self):
        values = {p: p.get_value() for p in self.objective.parameters.values()}
        return values, self.step.state()

    def _back(self, state):
        values, (arrays, generators) = state
        for p, value in values.items():
            p.set_value(value)
        self.step.set_state(arrays, generators)

    def wrong_terms(self) -> list[str]:
        """Return the names of the terms that are not finite so far."""
        return wrong_terms(self.step)

    def parameters_are_finite(self) -> bool:
        """Return whether every number of every parameter is finite."""
        return not self.wrong_parameters()

    def wrong_parameters(self) -> list[str]:
        """Return the names of the parameters that are not finite."""
        parameters = self.objective.parameters.items()
        return [name for name, p in parameters if not np.isfinite(p.get_value(borrow=True)).all()]

    def _to_first_wrong(self):
        """Go back to just before the first batch that makes a term or a parameter wrong, and return what it was.

        Returns (batches before it, its arrays, its row numbers, what is wrong), or None if all is well the second time.
        """
        calls, kept, done = self._calls, self._kept, 0
        self._back(kept)
        for arrays, rows, size in calls:
            self.step.load(arrays)
            for start in range(0, len(rows), size):
                before, batch = self._state(), rows[start : start + size]
                self.step.run(batch, size)
                wrong = self.wrong_terms() or self.wrong_parameters()
                if wrong:
                    self._back(before)
                    return done, [array[batch] for array in arrays], batch, wrong
                done += 1
        self._back(kept)
        return None

    def error(self, epoch: int, position: int, data) -> TrainingError:
        """Go back to the last batch after which all was finite, and return what went wrong then.

        Parameters
        ----------
        epoch, position : int
            Where the training stands: the batches of this epoch that were run.
        data : list of arrays, or None
            The whole data set, where its rows are what `run` is given.
        """
        wrong = ", ".join(self.wrong_terms() or self.wrong_parameters())
        first = position - sum(-(-len(rows) // size) for _, rows, size in self._calls)
        in_memory = data is not None and all(arrays is data for arrays, _, _ in self._calls)
        found = self._to_first_wrong()
        if found is None:
            return TrainingError(
                f"epoch {epoch}, batches {first + 1} to {position}: {wrong} was not finite, and is the second time; "
                f"the parameters are those before these batches"
            )
        done, arrays, rows, names = found
        why = cause(self.objective, arrays, rows if in_memory else None)
        return TrainingError(f"epoch {epoch}, batch {first + done + 1}: {', '.join(names)} is not finite: {why}. "
                             f"The parameters are those from before this batch")
