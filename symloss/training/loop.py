"""The training loop: a generator of records."""

import contextlib
import math
import signal
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from ..data import ExhaustedError
from ..data.sources import AGAIN
from ..errors import DataError, SymlossWarning
from ..losses import Loss
from .batching import feed
from .reasons import Reason
from .rewind import Rewind, cause, wrong_terms
from .state import Training

CALL = 0.03  # seconds of steps in one call, after which Ctrl-C is heard
LOOK = 0.25  # seconds between two looks at the rest of the world: progress, callbacks, clocks
EVALUATION_ROWS = 1024
NOTHING_COUNTS = ("valid: no validation item counts, because all weights are 0 or all labels are ignored. Pass items "
                  "that count, or leave the validation data out")


def fit(
    training: Training,
    evaluation,
    train,
    valid,
    *,
    epochs: int,
    batch_size: int,
    patience: int | None,
    min_improvement: float,
    validate_every: int,
    watch: Callable | None = None,
) -> Iterator[dict]:
    """Run the training, and yield a record after each epoch.

    Parameters
    ----------
    training : Training
        A new training, or one that is restored to the state of an earlier run.
    evaluation : Evaluation or None
        None without validation data.
    train, valid : Arrays, Stream or None
    epochs : int
        Number of the last epoch.
    batch_size : int
        Number of items in a step. 0: all items.
    patience : int or None
        Number of validations without improvement after which to stop (epochs, if there is no validation data).
    min_improvement : float
        Minimum relative change of the value that counts as an improvement.
    validate_every : int
        Number of epochs between validations.
    watch : function of (record so far, items in all or None), or None
        Called a few times a second.

    Yields
    ------
    dict
        See `History`.

    Notes
    -----
    With validation data, the parameters with the best validation are kept, otherwise the last ones. If a term or a
    parameter is no longer finite, the parameters from before that batch are kept, and TrainingError says what went
    wrong. If an iterator has no more batches, the training ends after the epoch.
    """
    interrupt = _Interrupt()
    record, rewind = None, Rewind(training.step)
    training.callbacks.call("start", training)
    try:
        if _is_dry(valid):
            raise ExhaustedError(f"valid: the iterator is exhausted; {AGAIN}")
        while training.epoch <= epochs and training.reason is None:
            validating = training.epoch % validate_every == 0 or training.epoch == epochs
            with interrupt.listening():
                record = _one_epoch(training, rewind, evaluation, train, valid, batch_size, interrupt, watch,
                                    validating)
            if not record["partial"]:
                with _averaged(training):
                    training.judge(record, min_improvement, complete=validating)
            training.history.append(record)
            with interrupt.listening():
                reason = training.tell("epoch", record)
            if not record["partial"] and reason is None:
                reason = training.out_of_patience(patience)
            training.reason = Reason("interrupted", "interrupted") if interrupt else training.reason or reason
            if training.reason is None and training.epoch <= epochs:
                training.reason = _ran_dry(train, valid, record)
            if training.reason is not None:
                record["stopped"] = training.reason
            last = training.reason is not None or training.epoch > epochs
            if last and rewind.wrong():
                raise rewind.error(train.arrays, train.numbers)
            yield record
    finally:
        training.callbacks.call("end", record)


def _is_dry(source) -> bool:
    """Return whether data come from an iterator that has no more batches."""
    return getattr(source, "dry", False)


def _ran_dry(train, valid, record) -> Reason | None:
    """Return the reason to end if there are no more data for another epoch, and warn of it."""
    what = "training" if _is_dry(train) else "validation" if _is_dry(valid) else None
    if what is None:
        return None
    reason = Reason(f"the iterator of {what} data has no more batches", "data")
    warnings.warn(f"train: {reason} after epoch {record['epoch']}, so the training ends; {AGAIN}", SymlossWarning,
                  stacklevel=2)
    return reason


def finish(training: Training, best: bool) -> None:
    """Set the parameters for prediction: the best ones if asked for, otherwise the moving averages or the last ones."""
    if best and training.best.values:
        training.best.restore(training.objective.parameters)
    else:
        for parameter, average in training.step.averages.items():
            parameter.set_value(average.get_value())


def _one_epoch(training, rewind, evaluation, train, valid, batch_size, interrupt, watch, validating) -> dict:
    """Run what is left of an epoch, and return its record; on an early end it is marked as partial."""
    step = training.step
    rewind.begin(training.epoch, training.position)
    size = batch_size if batch_size > 0 else (train.count or 1)
    size = size if train.count is None else min(size, train.count)
    order = None if train.count is None else training.permutation(train.count)
    if order is not None and train.calls is not None:
        order = order[: train.calls * size]
    count = None if order is None else len(order)
    pace = _Pace(training.callbacks.want("batch"), one=training.by_step is not None, first=training.chunk)
    start = time.perf_counter()
    ended = False
    with contextlib.closing(feed(train, rewind, order, size, training.items, pace.chunk)) as calls:
        for batches, items in calls if training.by_step is None else training.by_step.each(calls):
            training.chunk = pace.learn(batches)
            training.position += batches
            training.batches += batches
            training.items += items
            training.examples += items
            if rewind.lost:
                raise rewind.error(train.arrays, train.numbers)
            reason = _between_steps(training, rewind, train, watch, count) if pace.looks() else None
            if interrupt or reason:
                training.reason = training.reason or reason
                ended = count is None or training.items < count
                break
    rewind.end()
    figures = _figures(training, rewind, train)
    spent = time.perf_counter() - start
    training.seconds, training.step_seconds = training.seconds + spent, training.step_seconds + spent
    record = {"epoch": training.epoch, "updates": step.updates_made, "seconds": training.seconds,
              "samples": training.items, "partial": ended}
    _enter(record, figures)
    if ended:
        return record
    step.take_sums()
    if validating or interrupt:
        rows = training.objective.rows_at_once(max(size, EVALUATION_ROWS))
        with _averaged(training):
            whole_figures(training, evaluation, train, rows, record)
            if valid is not None:
                validate(training, evaluation, valid, rows, record)
    training.epoch, training.position, training.items, training.seconds = training.epoch + 1, 0, 0, 0.0
    return record


def validate(training, evaluation, valid, rows, record) -> None:
    """Add the values of the validation data to the record, `rows` items at a time; DataError if nothing counts."""
    sums, terms = evaluation.run(valid.batches(rows)), training.objective.evaluation_terms
    divisors = [parts[1] for parts, term in zip(sums, terms, strict=True) if isinstance(term.source, Loss)]
    if divisors and not np.any(divisors):
        raise DataError(NOTHING_COUNTS)
    _enter(record, training.objective.figures(sums, terms), "valid_")
    names = wrong_terms(terms, sums)
    if names and not training.warned:
        training.warned = True
        warnings.warn(f"train: {', '.join(names)} of the validation data is not finite in epoch "
                      f"{training.epoch}{cause_of_validation(training.objective, valid, rows)}. Such an epoch is "
                      "never the best",
                      SymlossWarning, stacklevel=2)


def cause_of_validation(objective, valid, rows) -> str:
    """Return what makes the first wrong batch of validation data wrong, in words; nothing for what is read once."""
    clean = types.SimpleNamespace(training_terms=objective.evaluation_terms, parameters=objective.parameters,
                                  variables=objective.variables)
    for number, arrays in enumerate(() if valid.count is None else valid.batches(rows)):
        found = cause(clean, arrays, np.arange(number * rows, number * rows + len(arrays[0])))
        if found is not None:
            return f": {found}"
    return ""


def whole_figures(training, evaluation, train, rows, record) -> None:
    """Add metrics of the training data that are not sums over batches, in one more pass without noise."""
    terms = training.objective.evaluation_terms
    if train.arrays is None or not any(t.whole for t in terms):
        return
    figures = training.objective.figures(evaluation.run(train.batches(rows)), terms)["raw"]
    for term in terms:
        if term.whole:
            record.setdefault(term.name, figures[term.name])


def _figures(training, rewind, train) -> dict:
    """Return the values of the epoch so far; raise TrainingError if a term is not finite."""
    sums, terms = training.step.sums(), training.objective.training_terms
    figures = training.objective.figures(sums, terms)
    if not math.isfinite(figures["loss"]) and wrong_terms(terms, sums):
        raise rewind.error(train.arrays, train.numbers)
    return figures


def _between_steps(training, rewind, train, watch, count):
    """Look at the world between two calls: let callbacks and the progress bar have their moment."""
    callbacks = training.callbacks
    shown = watch is not None or callbacks.want("batch")
    if not shown and not callbacks.want("tick"):
        return None
    figures = _figures(training, rewind, train)
    reason = training.tell("tick", training)
    if not shown:
        return reason
    record = {"epoch": training.epoch, "batch": training.position, "samples": training.items}
    _enter(record, figures)
    if watch is not None:
        watch(record, count)
    return training.tell("batch", record) or reason


@contextlib.contextmanager
def _averaged(training):
    """In this context, the parameters are their moving averages, if the plan keeps them."""
    averages = training.step.averages
    now = {p: p.get_value() for p in averages}
    for p, average in averages.items():
        p.set_value(average.get_value())
    try:
        yield
    finally:
        for p, value in now.items():
            p.set_value(value)


def _enter(record, figures, prefix=""):
    record[f"{prefix}loss"] = figures["loss"]
    for name, value in figures["raw"].items():
        record.setdefault(f"{prefix}{name}", value)  # a term called 'loss' or 'epoch' shows under 'weighted' alone
    record[f"{prefix}weighted"] = figures["weighted"]
    if "weights" in figures and not prefix:
        record["weights"] = figures["weights"]


class _Pace:
    """How many steps a call runs (`one`, or as it learns while going), and when it is time to look at the world."""

    def __init__(self, single: bool, one: bool = False, first: int = 1):
        self.single, self.one, self._chunk, self._since = single, single or one, first, time.perf_counter()
        self._looked = -math.inf

    def chunk(self) -> int:
        """Return how many steps the next call may run."""
        self._since = time.perf_counter()
        return 1 if self.one else self._chunk

    def learn(self, steps: int) -> int:
        """Take how many steps have just been run, and return how many the next call may run."""
        wanted = steps * CALL / max(time.perf_counter() - self._since, 1e-9)
        self._chunk = int(min(max(wanted, 1), 4 * self._chunk))  # by small steps: the first ones are slow
        return self._chunk

    def looks(self) -> bool:
        """Return whether it is time to look at the world."""
        now = time.perf_counter()
        if not self.single and now - self._looked < LOOK:
            return False
        self._looked = now
        return True


class _Interrupt:
    """True once Ctrl-C was pressed while it listened."""

    def __init__(self):
        self.pressed = False

    def __bool__(self):
        return self.pressed

    @contextlib.contextmanager
    def listening(self):
        """In this context, the first Ctrl-C ends the training after the current steps, and the second one at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def press(number, frame):
            if self.pressed:
                raise KeyboardInterrupt
            self.pressed = True

        before = signal.signal(signal.SIGINT, press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
