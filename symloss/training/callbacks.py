"""What listens to a training: callbacks with the moments they want.

A callback is a function of the record, called after every epoch, or an object with any of the methods

- ``start(training)``: before the first step,
- ``batch(record)``: after every batch (steps then run one by one),
- ``tick(training)``: a few times a second, between steps,
- ``epoch(record)``: after every epoch,
- ``end(record)``: after the last one (with the last record, or None).

A true return of ``batch``, ``tick`` or ``epoch`` ends the training; a string is the reason. ``state()`` and
``restore(state)``, where they exist, make a callback survive saving and resuming; the state is plain JSON.
"""

import csv
import json
import pathlib
import time
from collections.abc import Callable

import numpy as np

from ..errors import SpecError
from .rewind import not_finite

MOMENTS = ("start", "batch", "tick", "epoch", "end")


class Callbacks:
    """Several callbacks as one, called in order."""

    def __init__(self, callbacks):
        self.all = [self._check(c) for c in callbacks]

    @staticmethod
    def _check(callback):
        if not callable(callback) and not any(hasattr(callback, m) for m in MOMENTS):
            raise SpecError(f"callback {callback!r}: a function of the record, or a method of {', '.join(MOMENTS)}")
        return callback

    def want(self, moment: str) -> bool:
        """Return whether anybody listens to a moment."""
        return any(hasattr(c, moment) for c in self.all)

    def call(self, moment: str, argument):
        """Call everybody who listens, and return the first reason to end, or None."""
        reason = None
        for callback in self.all:
            method = getattr(callback, moment, callback if moment == "epoch" and callable(callback) else None)
            found = method(argument) if method is not None else None
            if found and reason is None:
                name = getattr(callback, "__name__", type(callback).__name__)
                reason = found if isinstance(found, str) else f"callback {name}"
        return reason

    def state(self) -> list:
        """Return the name of each callback's class with its state, None where it has none."""
        return [[type(c).__name__, c.state() if hasattr(c, "state") else None] for c in self.all]

    def restore(self, states: list) -> None:
        """Give states back to the callbacks of the same classes, in order; what does not fit is left alone."""
        waiting = list(states)
        for callback in self.all:
            found = next((s for s in waiting if s[0] == type(callback).__name__), None)
            if found is not None:
                waiting.remove(found)
                if found[1] is not None and hasattr(callback, "restore"):
                    callback.restore(found[1])


def better(value: float, best: float | None, min_improvement: float = 0.0, least: float = 0.0, sign: int = 1) -> bool:
    """Return whether `value` is lower than `best` by a share of its size and by `least` (higher, if sign is -1)."""
    if value is None or not np.isfinite(value):
        return False
    return best is None or sign * value < sign * best - max(abs(best) * min_improvement, least)


class _Watcher:
    """What follows one figure of the records and counts how long it has not become better."""

    def __init__(self, monitor, patience, min_improvement, mode):
        if mode not in ("min", "max"):
            raise SpecError(f"{type(self).__name__}: mode={mode!r}; 'min' or 'max' is wanted")
        self.monitor, self.patience, self.min_improvement = monitor, patience, min_improvement
        self.sign = 1 if mode == "min" else -1
        self.best, self.waited = None, 0

    def watch(self, record) -> bool:
        name = self.monitor or ("valid_loss" if "valid_loss" in record else "loss")
        if name not in record:
            raise SpecError(f"{type(self).__name__}: no figure {name!r} in the record; there are {', '.join(record)}")
        improved = better(record[name], self.best, self.min_improvement, sign=self.sign)
        self.best = record[name] if improved else self.best
        self.waited = 0 if improved else self.waited + 1
        return improved

    def state(self):
        return {"best": self.best, "waited": self.waited}

    def restore(self, state):
        self.best, self.waited = state["best"], state["waited"]


class EarlyStopping(_Watcher):
    """Ends a training when a figure has not become better for more than `patience` epochs.

    Parameters
    ----------
    monitor : str or None
        Figure of the record; None: 'valid_loss', or 'loss' without validation.
    patience : int
    min_improvement : float
        Share of the best figure's size by which a new one must be better.
    mode : 'min' or 'max'
    """

    def __init__(self, monitor=None, patience=5, min_improvement=0.0, mode="min"):
        super().__init__(monitor, patience, min_improvement, mode)

    def epoch(self, record):
        self.watch(record)
        return f"{self.monitor or 'loss'} has not improved" if self.waited > self.patience else None


class ReduceLearningRate(_Watcher):
    """Multiplies the learning rate by `factor` when a figure has not become better for `patience` epochs.

    Parameters as in `EarlyStopping`; `least` is the smallest product of factors.
    """

    def __init__(self, factor=0.5, patience=3, monitor=None, min_improvement=0.0, mode="min", least=1e-4):
        super().__init__(monitor, patience, min_improvement, mode)
        if not 0 < factor < 1:
            raise SpecError(f"ReduceLearningRate: factor={factor!r}; a number between 0 and 1 is wanted")
        self.factor, self.least, self.product = factor, least, 1.0

    def start(self, training):
        self._training = training

    def epoch(self, record):
        self.watch(record)
        if self.waited >= self.patience and self.product * self.factor >= self.least:
            self._training.step.scale_learning_rate(self.factor)
            self.product, self.waited = self.product * self.factor, 0

    def state(self):
        return super().state() | {"product": self.product}

    def restore(self, state):
        super().restore(state)
        self.product = state["product"]


class Checkpoint:
    """Writes the model with the whole state of its training, so that it can be resumed bit for bit.

    Parameters that are not finite are never written: the file of before stays.

    Parameters
    ----------
    path : path
        '{epoch}' in it is the epoch's number, '{}' the time, in whole seconds since 1970.
    epochs : int or None
        Write after every so many epochs.
    seconds : float or None
        Write when so many seconds have passed, in the middle of an epoch too.
    best : bool
        Write only after epochs that are the best so far.
    """

    def __init__(self, path, epochs=None, seconds=None, best=False):
        self.path, self.epochs, self.seconds, self.best = str(path), epochs, seconds, best
        if epochs is None and seconds is None:
            self.epochs = 1
        if best and seconds is not None:
            raise SpecError("Checkpoint: best=True goes with epochs, not with seconds")
        self._last = time.monotonic()

    def start(self, training):
        self._training = training
        self._last = time.monotonic()

    def tick(self, training):
        if self.seconds is not None and time.monotonic() - self._last >= self.seconds:
            self._write(training.epoch)

    def epoch(self, record):
        if self.epochs is not None and record["epoch"] % self.epochs == 0 and (not self.best or record.get("best")):
            self._write(record["epoch"])

    def _write(self, epoch):
        if not_finite(self._training.objective.parameters):
            return
        self._training.save(self.path.replace("{epoch}", str(epoch)).replace("{}", str(int(time.time()))))
        self._last = time.monotonic()


class CSVHistory:
    """Appends every record's figures to a CSV file, as a line."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._names: list[str] | None = None

    def start(self, training):
        if self.path.exists() and self.path.stat().st_size:
            with self.path.open(newline="") as file:
                self._names = next(csv.reader(file))

    def epoch(self, record):
        plain = {k: v for k, v in record.items() if not isinstance(v, dict | list)}
        new = self._names is None
        if new:
            self._names = list(plain)
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, self._names, extrasaction="ignore", restval="")
            if new:
                writer.writeheader()
            writer.writerow(plain)


class JSONHistory:
    """Appends every record to a file as a line of JSON."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def epoch(self, record):
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")


class TimeLimit:
    """Ends a training after so many seconds, in the middle of an epoch too."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic):
        self.seconds, self.clock = seconds, clock

    def start(self, training):
        self._begun = self.clock()

    def tick(self, training):
        return f"{self.seconds:g} seconds have passed" if self.clock() - self._begun >= self.seconds else None
