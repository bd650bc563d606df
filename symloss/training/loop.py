"""The training loop: a generator of records."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from ..data import ExhaustedError
from ..errors import TrainingError
from .feeding import feed
from .state import Best, Training

QUARTER = 0.25  # seconds of steps between two looks at the world (progress, interrupts, clocks)
EVALUATION_ROWS = 1024


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
    """Train, and yield a record after each epoch.

    Parameters
    ----------
    training : Training
        New, or restored to where an earlier run stood.
    evaluation : Evaluation or None
        None without validation data.
    train, valid : Arrays, Stream or None
    epochs : int
        Number of the last epoch.
    batch_size : int
        Items in a step; 0: all of them.
    patience : int or None
        Validations without improvement after which to stop (epochs, where there are no validation data).
    min_improvement : float
        Share of the best loss's size by which a loss must be lower to count as better.
    validate_every : int
        Epochs between validations.
    watch : function of (record so far, items in all or None), or None
        Called a few times a second.

    Yields
    ------
    dict
        See `History`.

    Notes
    -----
    With validation data the parameters end at their best validated values; without, at the last ones.
    """
    interrupt = _Interrupt()
    record = None
    before = Best(values=training.values())
    training.callbacks.call("start", training)
    try:
        while training.epoch <= epochs and training.reason is None:
            try:
                with interrupt.listening():
                    record = _one_epoch(training, evaluation, train, valid, batch_size, interrupt, watch,
                                        validate=training.epoch % validate_every == 0 or training.epoch == epochs)
            except ExhaustedError:
                if training.epoch == 1:
                    raise
                training.reason = "the iterator has no more batches"
                return
            measured = "valid_loss" if valid is not None else "loss"
            if measured in record and not record["partial"]:
                with _averaged(training):
                    record["best"] = training.best.update(
                        record[measured], training.objective.parameters, min_improvement
                    )
            training.history.append(record)
            with interrupt.listening():
                reason = training.callbacks.call("epoch", record)
            if not record["partial"] and reason is None and patience is not None and training.best.waited > patience:
                reason = f"no improvement in {training.best.waited} validations"
            training.reason = "interrupted" if interrupt else training.reason or reason
            if training.reason is not None:
                record["stopped"] = training.reason
            yield record
    except TrainingError:
        (training.best if training.best.values else before).restore(training.objective.parameters)
        raise
    finally:
        training.callbacks.call("end", record)


def finish(training: Training, validated: bool) -> None:
    """Leave the parameters that predict: the best validated ones, else the moving averages, else the last ones."""
    if validated and training.best.values:
        training.best.restore(training.objective.parameters)
    else:
        for parameter, average in training.step.averages.items():
            parameter.set_value(average.get_value())


def _one_epoch(training, evaluation, train, valid, batch_size, interrupt, watch, validate) -> dict:
    """Run what is left of an epoch, and return its record; on an early end it is marked as partial."""
    step, objective = training.step, training.objective
    size = batch_size if batch_size > 0 else (train.count or 1)
    order = None if train.count is None else training.permutation(train.count)
    pace = _Pace(single=training.callbacks.want("batch"))
    start = time.perf_counter()
    ended = False
    with contextlib.closing(feed(train, step, order, size, training.position, pace.chunk)) as calls:
        for batches, items in calls:
            pace.learn(batches)
            training.position += batches
            training.batches += batches
            training.items += items
            reason = _between_steps(training, watch, train.count)
            if interrupt or reason:
                training.reason = training.reason or reason
                ended = train.count is None or training.items < train.count
                break
    training.seconds += time.perf_counter() - start
    record = {"epoch": training.epoch, "updates": int(step.updates.get_value()), "seconds": training.seconds,
              "samples": training.items, "partial": ended}
    _enter(record, objective.figures(step.sums(), objective.training_terms))
    if ended:
        return record
    step.take_sums()
    if valid is not None and (validate or interrupt):
        with _averaged(training):
            sums = evaluation.run(valid.batches(max(size, EVALUATION_ROWS)))
        _enter(record, objective.figures(sums, objective.evaluation_terms), "valid_")
    training.epoch, training.position, training.items, training.seconds = training.epoch + 1, 0, 0, 0.0
    return record


def _between_steps(training, watch, count):
    """Look at the world between two calls: stop on what is not finite, and let callbacks have their moment."""
    sums = training.step.sums()
    _check_finite(training, sums)
    reason = training.callbacks.call("tick", training)
    if watch is None and not training.callbacks.want("batch"):
        return reason
    record = {"epoch": training.epoch, "batch": training.position, "samples": training.items}
    _enter(record, training.objective.figures(sums, training.objective.training_terms))
    if watch is not None:
        watch(record, count)
    return training.callbacks.call("batch", record) or reason


def _check_finite(training, sums):
    if np.isfinite(sums).all():
        return
    terms = training.objective.training_terms
    wrong = [t.name for t, row in zip(terms, sums, strict=True) if not np.isfinite(row).all()]
    raise TrainingError(
        f"epoch {training.epoch}, up to batch {training.position}: {', '.join(wrong)} is not finite; a lower "
        f"learning_rate, max_gradient_norm=1, or data scaled to about 1 usually help. The parameters are those of the "
        f"best epoch before, or from before the training"
    )


@contextlib.contextmanager
def _averaged(training):
    """Within, the parameters are their moving averages, where the plan keeps some."""
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


class _Pace:
    """How many steps make a quarter of a second, learnt while going."""

    def __init__(self, single: bool):
        self.single, self._chunk, self._since = single, 1, time.perf_counter()

    def chunk(self) -> int:
        """Return how many steps the next call may run."""
        self._since = time.perf_counter()
        return 1 if self.single else self._chunk

    def learn(self, steps: int) -> None:
        """Take how many steps have just been run."""
        wanted = steps * QUARTER / max(time.perf_counter() - self._since, 1e-9)
        self._chunk = int(min(max(wanted, 1), 4 * self._chunk))  # by small steps: the first ones are slow


class _Interrupt:
    """True once Ctrl-C was pressed while it listened."""

    def __init__(self):
        self.pressed = False

    def __bool__(self):
        return self.pressed

    @contextlib.contextmanager
    def listening(self):
        """Within, the first Ctrl-C asks for an end after the current steps; the second one ends at once."""
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
