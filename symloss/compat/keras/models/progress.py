"""Progress lines like those of Keras."""

import math
import sys
import time

from ....errors import SpecError

WIDTH = 20


def verbosity(verbose) -> int:
    """Return 0, 1 or 2: nothing, a bar, a line for each epoch."""
    if verbose in (0, 1, 2) or verbose in (True, False):
        return int(verbose)
    if verbose == "auto":
        return 1
    raise SpecError(f"verbose={verbose!r} is not valid; it must be 0, 1, 2 or 'auto'")


class Progress:
    """The progress of a training on standard output.

    Parameters
    ----------
    verbose : int
    epochs : int
    steps : int or None
        Batches of an epoch, where that is known.
    logs : function
        Returns what is shown of a record of symloss.
    """

    def __init__(self, verbose: int, epochs: int, steps: int | None, logs=dict):
        self.verbose, self.epochs, self.steps, self.logs = verbose, epochs, steps, logs
        self._live = verbose == 1 and sys.stdout.isatty()
        self._begun, self._shown = time.perf_counter(), 0
        self.watch = self._watch if self._live else None

    def begin(self, epoch: int) -> None:
        """Begin an epoch, numbered from 0."""
        self._begun = time.perf_counter()
        if self.verbose:
            _write(f"Epoch {epoch + 1}/{self.epochs}\n")

    def _watch(self, record: dict, count) -> None:
        self._rewrite(self._bar(record["batch"], self.logs(record), time.perf_counter() - self._begun), "")

    def end(self, logs: dict, done: int) -> None:
        """End an epoch."""
        passed = time.perf_counter() - self._begun
        steps = self.steps or done
        if self.verbose == 1:
            self._rewrite(self._bar(steps, logs, passed), "\n")
        elif self.verbose == 2:
            _write(f"{steps}/{steps} - {passed:.0f}s - {_time(passed / max(steps, 1))}{_told(logs)}\n")

    def evaluated(self, logs: dict, seconds: float) -> None:
        """Show the losses and metrics of an evaluation, or that a prediction is done."""
        if self.verbose == 1:
            self._rewrite(self._bar(self.steps, logs, seconds), "\n")
        elif self.verbose == 2:
            _write(f"{self.steps}/{self.steps} - {seconds:.0f}s - {_time(seconds / self.steps)}{_told(logs)}\n")

    def _bar(self, done: int, logs: dict, passed: float) -> str:
        total = self.steps
        if not total:
            return f"{done}/Unknown {passed:.0f}s {_time(passed / max(done, 1))}{_told(logs)}"
        digits = int(math.log10(total)) + 1
        full = int(WIDTH * done / total)
        bar = "━" * full + ("╺" if full < WIDTH else "") + " " * (WIDTH - full - 1)
        return f"{done:{digits}d}/{total} {bar} {passed:.0f}s {_time(passed / max(done, 1))}{_told(logs)}"

    def _rewrite(self, text, end):
        if self._live:
            text, self._shown = text.ljust(self._shown), len(text)
            _write(f"\r{text}{end}")
            self._shown = 0 if end else self._shown
        else:
            _write(text + end)


def _time(seconds: float) -> str:
    """Return a duration of a step.

    >>> _time(0.0031), _time(2.0)
    ('3ms/step', '2s/step')
    """
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


def _told(logs: dict) -> str:
    return "".join(f" - {key}: {_number(value)}" for key, value in logs.items())


def _number(value) -> str:
    try:
        value = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
