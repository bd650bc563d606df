"""Callbacks: functions and objects that are called during a training.

A callback is either a function of the record, which is called after every epoch, or an object with any of these
methods:

- ``start(training)`` is called before the first step,
- ``batch(record)`` after every batch (steps then run one by one),
- ``tick(training)`` a few times a second, between steps,
- ``epoch(record)`` after every epoch,
- ``end(record)`` at the end of the training, with the last record, or None.

If ``batch``, ``tick`` or ``epoch`` returns a true value, the training ends; a string is recorded as the reason. A
callback with the methods ``state()`` and ``restore(state)`` keeps its state when the training is saved and resumed.
The state must be plain JSON.
"""

import time
import warnings
from collections.abc import Callable

from .. import _files
from .._checks import is_number
from .._options import NONE, integer, number
from .._repr import Called
from ..errors import DataError, SpecError, SymlossWarning, UnknownNameError, unknown
from .comparison import BestValue, restored_terms
from .reasons import Reason, not_improved
from .rewind import not_finite

MOMENTS = ("start", "batch", "tick", "epoch", "end")


class Callbacks:
    """A list of callbacks that are called in order."""

    def __init__(self, callbacks):
        self.all = [self._check(c) for c in callbacks]

    @staticmethod
    def _check(callback):
        if hasattr(callback, "on_epoch_end"):
            raise SpecError(f"callback {callback!r} belongs to another library and cannot be used here. Use those of "
                            f"symloss.training (EarlyStopping, Checkpoint, ...), or a function of the record")
        if isinstance(callback, type):
            raise SpecError(f"callback {callback.__name__} is a class. Pass an object of it: {callback.__name__}(...)")
        if not callable(callback) and not any(hasattr(callback, m) for m in MOMENTS):
            raise SpecError(f"callback {callback!r} must be a function of the record, or have one of the methods "
                            f"{', '.join(MOMENTS)}")
        return callback

    def want(self, moment: str) -> bool:
        """Return whether any callback has a method for this moment."""
        return any(hasattr(c, moment) for c in self.all)

    def call(self, moment: str, argument):
        """Call all callbacks that have a method for this moment, and return the first reason to end, or None."""
        reason = None
        for callback in self.all:
            method = getattr(callback, moment, callback if moment == "epoch" and callable(callback) else None)
            found = method(argument) if method is not None else None
            if found and reason is None:
                name = getattr(callback, "__name__", type(callback).__name__)
                reason = found if isinstance(found, str) else f"callback {name}"
                reason = reason if isinstance(reason, Reason) else Reason(reason, "callback")
        return reason

    def state(self) -> list:
        """Return the name of each callback's class with its state, None where it has none."""
        return [[type(c).__name__, c.state() if hasattr(c, "state") else None] for c in self.all]

    def restore(self, states: list) -> None:
        """Restore the states of callbacks by class, in order; raise DataError for states that are damaged."""
        if not isinstance(states, list | tuple) or not all(_is_state(s) for s in states):
            raise DataError(f"the saved states of callbacks are damaged: {str(states)[:60]}. Use another copy of the "
                            "file")
        waiting = list(states)
        for callback in self.all:
            found = next((s for s in waiting if s[0] == type(callback).__name__), None)
            if found is None:
                continue
            waiting.remove(found)
            if found[1] is not None and hasattr(callback, "restore"):
                try:
                    callback.restore(found[1])
                except Exception as error:
                    raise DataError(f"the saved state of {found[0]} is damaged ({type(error).__name__}: {error}). Use "
                                    "another copy of the file, or leave this callback out") from error


def _is_state(state) -> bool:
    return isinstance(state, list | tuple) and len(state) == 2 and isinstance(state[0], str)


def _restored(state, name, kind, none=False):
    """Return a number of a saved state, or raise ValueError."""
    value = state[name]
    if value is None and none:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or kind is int and (value != int(value)):
        raise ValueError(f"{name} is {value!r}")
    return kind(value)


class _Watcher(Called):
    """The base of callbacks that follow one value of the records and count how long it has not improved."""

    def __init__(self, monitor, patience, min_improvement, mode, metric=None, initial_patience=0,
                 min_absolute_improvement=0.0):
        who = type(self).__name__
        if metric is not None and (not isinstance(metric, str) or not metric):
            raise SpecError(f"{who}: metric={metric!r} is not valid; it must be the name of a metric, or 'loss'")
        if metric is not None and monitor is not None:
            raise SpecError(f"{who}: got metric={metric!r} and monitor={monitor!r}. Pass only one of them")
        if monitor is not None and (not isinstance(monitor, str) or not monitor):
            raise SpecError(f"{who}: monitor={monitor!r} is not valid; it must be the name of a value in the record, "
                            f"such as 'valid_acc'")
        if mode not in (None, "min", "max"):
            raise SpecError(f"{who}: mode={mode!r} is not valid; it must be 'min' or 'max'")
        integer(0)("patience", patience, who)
        number(0)("min_improvement", min_improvement, who)
        integer(0)("initial_patience", initial_patience, who)
        number(0)("min_absolute_improvement", min_absolute_improvement, who)
        self.monitor, self.patience, self.min_improvement, self.mode = monitor, patience, min_improvement, mode
        self.metric = None if metric is None else metric.removeprefix("valid_")
        self.initial_patience, self.min_absolute_improvement = initial_patience, min_absolute_improvement
        self._best, self._objective = BestValue(), None
        self.waited, self._seen, self._followed, self._sign = 0, 0, None, 1

    @property
    def best(self) -> float | None:
        """The best value so far: a total is that of the best epoch with the weights of the last one."""
        return self._best.value

    def value(self, known) -> str | None:
        """Return the name of the value that it follows in records that have the `known` ones; None: what is best."""
        if self.metric is None:
            return self.monitor
        valid = f"valid_{self.metric}"
        return valid if valid in known else self.metric

    def start(self, training):
        monitored, asked, self._objective = training.monitored, self.value(training.modes), training.objective
        self._followed, self._validates = asked or monitored.name, "valid_loss" in training.modes
        if self.metric is not None:
            self._check_metric(training.modes)
        known = monitored.mode if asked in (None, monitored.name) else training.modes.get(asked)
        if (self.mode or known) is None and asked in training.modes:
            raise self.without_mode(asked)
        self._sign = -1 if (self.mode or known) == "max" else 1

    def without_mode(self, name) -> SpecError:
        """Return the error for a value of which it is not known which are the good ones."""
        return SpecError(f"{type(self).__name__}: it is not known whether high or low values of {name!r} are better. "
                         "Pass mode='max' or mode='min'")

    def _check_metric(self, modes):
        who = type(self).__name__
        if self._followed not in modes:
            names = [name for name in modes if not name.startswith("valid_")]
            raise UnknownNameError(f"{unknown(f'metric of {who}:', self.metric, names)}. To add others, pass "
                                   "metrics=[...] to train")
        if not self._validates:
            warnings.warn(f"{who}: there is no validation data, so {self.metric!r} of the training data decides when "
                          f"to stop. It keeps improving while a model overfits. Pass validation data, or "
                          f"validation_split=0.1", SymlossWarning, stacklevel=2)

    def watch(self, record) -> bool:
        """Take a record, and return whether patience has ended. An epoch without validation does not count."""
        name = self._followed
        if name not in record and self._validates and "valid_loss" not in record:
            return False
        if not is_number(record.get(name)) and not isinstance(record.get(name), float):
            numbers = [k for k, v in record.items() if is_number(v)]
            raise SpecError(f"{type(self).__name__}: there is no number {name!r} in the record. Choose among "
                            f"{', '.join(numbers)}")
        improved = self._best.improves(record, name, self.min_improvement, self.min_absolute_improvement, self._sign,
                                       self._objective)
        self.waited, self._seen = 0 if improved else self.waited + 1, self._seen + 1
        return self.waited >= max(self.patience, 1) and self._seen > self.initial_patience

    def state(self):
        return {"best": self.best, "terms": self._best.terms, "waited": self.waited, "seen": self._seen}

    def restore(self, state):
        self._best = BestValue(_restored(state, "best", float, none=True), restored_terms(state.get("terms")))
        self.waited = _restored(state, "waited", int)
        self._seen = _restored({"seen": self.waited} | state, "seen", int)


class EarlyStopping(_Watcher):
    """Stop a training when a value has not improved for `patience` validations.

    The same value decides which parameters are kept and what ``Checkpoint(best=True)`` writes, unless you pass
    ``train(best=...)``. The option `patience` of `train` is ignored unless you pass it. The option `stop` of `train`
    takes the same arguments as a dict.

    If the value is a total ('loss' or 'valid_loss') and the weight of a loss changes, by a schedule or because it is
    learned, the best total so far is computed again with the present weights before it is compared. A rising weight
    therefore does not look like a model that gets worse. A metric or a single loss is compared as it is.

    Parameters
    ----------
    monitor : str or None
        Name of a value in the record, such as 'valid_acc'. None: the value `best` of `train`, by default 'valid_loss',
        or 'loss' without validation data.
    patience : int
        Number of validations without improvement (epochs, without validation data).
    min_improvement : float
        Minimum relative change of the value that counts as an improvement.
    mode : 'min', 'max' or None
        Whether low or high values are better. None: low values for losses, and the usual direction for known metrics.
    metric : str or None
        Name of a metric or a loss, such as 'acc' or 'loss', instead of `monitor`. Its value on the validation data is
        used. Without validation data, its value on the training data is used, with a warning.
    initial_patience : int
        Number of validations (or epochs) at the beginning during which the training never stops.
    min_absolute_improvement : float
        Minimum absolute change of the value that counts as an improvement. If `min_improvement` is given, too, the
        larger of both limits is used.

    Raises
    ------
    UnknownNameError
        When a training begins, if its records do not have this metric.
    SpecError
        For an invalid argument; when a training begins, for a metric of your own without `mode`.
    """

    def __init__(self, monitor=None, patience=5, min_improvement=0.0, mode=None, metric=None, initial_patience=0,
                 min_absolute_improvement=0.0):
        super().__init__(monitor, patience, min_improvement, mode, metric, initial_patience, min_absolute_improvement)

    def epoch(self, record):
        if not self.watch(record):
            return None
        return not_improved(self._followed, self.waited, "validation" if self._validates else "epoch", self.best)


class ReduceLearningRate(_Watcher):
    """Multiply the learning rate by `factor` when a value has not improved for `patience` validations.

    The parameters are those of `EarlyStopping`; `least` is the smallest product of factors. While weights of losses
    change, totals are compared as there.
    """

    def __init__(self, factor=0.5, patience=3, monitor=None, min_improvement=0.0, mode=None, least=1e-4):
        super().__init__(monitor, patience, min_improvement, mode)
        number(above=0, below=1)("factor", factor, "ReduceLearningRate")
        number(0)("least", least, "ReduceLearningRate")
        self.factor, self.least, self.product = factor, least, 1.0

    def start(self, training):
        super().start(training)
        if not hasattr(training.step, "scale_learning_rate"):
            raise SpecError("ReduceLearningRate: full-batch methods have no learning rate. Leave this callback out")
        self._training = training

    def epoch(self, record):
        if self.watch(record) and self.product * self.factor >= self.least:
            self._training.step.scale_learning_rate(self.factor)
            self.product, self.waited = self.product * self.factor, 0

    def state(self):
        return super().state() | {"product": self.product}

    def restore(self, state):
        super().restore(state)
        self.product = _restored(state, "product", float)


class Checkpoint(Called):
    """Save the model with the complete state of its training, so that you can resume it with identical results.

    A model with parameters that are not finite is never saved; the previous file is kept.

    Parameters
    ----------
    path : path
        Where to save. '{epoch}' in the path is replaced by the number of the epoch, and '{}' by the time in whole
        seconds since 1970.
    epochs : int or None
        Number of epochs between saves.
    seconds : float or None
        Number of seconds between saves, also within an epoch.
    best : bool
        Whether to save only after epochs that are the best so far.
    """

    def __init__(self, path, epochs=None, seconds=None, best=False):
        self.path, self.epochs, self.seconds, self.best = str(_files.as_path(path, "Checkpoint")), epochs, seconds, best
        if epochs is None and seconds is None:
            self.epochs = 1
        (integer(1) | NONE)("epochs", epochs, "Checkpoint")
        (number(0) | NONE)("seconds", seconds, "Checkpoint")
        if best and seconds is not None:
            raise SpecError("Checkpoint: best=True works with epochs, not with seconds. Pass epochs, or leave "
                            "best=True out")
        self._last = time.monotonic()

    def start(self, training):
        self._training = training
        self._last = time.monotonic()
        place = self._place(training.epoch)
        _files.check_path(place, "Checkpoint")  # better known before work is lost
        training.check(place)

    def _place(self, epoch) -> str:
        return self.path.replace("{epoch}", str(epoch)).replace("{}", str(int(time.time())))

    def tick(self, training):
        if self.seconds is not None and time.monotonic() - self._last >= self.seconds:
            self._write(training.epoch)

    def epoch(self, record):
        if self.epochs is not None and record["epoch"] % self.epochs == 0 and (not self.best or record.get("best")):
            self._write(record["epoch"])

    def _write(self, epoch):
        if not_finite(self._training.objective.parameters):
            return
        self._training.save(self._place(epoch))
        self._last = time.monotonic()


class TimeLimit(Called):
    """Stop a training after this many seconds, also within an epoch."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic):
        number(0)("seconds", seconds, "TimeLimit")
        self.seconds, self.clock = seconds, clock

    def start(self, training):
        self._begun = self.clock()

    def tick(self, training):
        passed = self.clock() - self._begun >= self.seconds
        return Reason(f"{self.seconds:g} seconds have passed", "time") if passed else None
