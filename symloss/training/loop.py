"""The training loop: a generator of records."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from ..data import batches
from ..errors import TrainingError

QUARTER = 0.25  # seconds of steps between two looks at the world (progress, interrupts)
EVALUATION_ROWS = 1024


def fit(
    step,
    evaluation,
    train: list,
    valid: list | None,
    *,
    epochs: int,
    batch_size: int,
    patience: int | None,
    min_improvement: float,
    validate_every: int,
    rng: np.random.Generator,
    callbacks: tuple[Callable, ...] = (),
    watch: Callable | None = None,
) -> Iterator[dict]:
    """Train, and yield a record after each epoch.

    Parameters
    ----------
    step : TrainingStep
    evaluation : Evaluation or None
        None without validation data.
    train, valid : list of arrays
        In the order of the objective's variables.
    epochs : int
        At most so many passes over the data.
    batch_size : int
        Items in a step; 0: all of them.
    patience : int or None
        Validations without improvement after which to stop (epochs, where there are no validation data).
    min_improvement : float
        Share of the best loss's size by which a loss must be lower to count as better.
    validate_every : int
        Epochs between validations.
    rng : numpy Generator
        Shuffles the items anew every epoch.
    callbacks : functions of the record
        A true return stops the training.
    watch : function of (items done, items in all), or None
        Called a few times a second.

    Yields
    ------
    dict
        See `History`.

    Notes
    -----
    With validation data the parameters end at their best validated values; without, at the last ones.
    """
    objective = step.objective
    count = len(train[0])
    size = batch_size if batch_size > 0 else count
    best = _Best(objective.parameters, min_improvement)
    step.load(train)
    updates, pace, interrupt = 0, _Pace(), _Interrupt()
    try:
        for epoch in range(1, epochs + 1):
            start = time.perf_counter()
            with interrupt.listening():
                _one_pass(step, rng.permutation(count), size, pace, watch, interrupt)
                updates += pace.steps
                seconds = time.perf_counter() - start
                record = {"epoch": epoch, "updates": updates, "seconds": seconds, "samples": pace.items}
                _enter(record, objective.figures(step.take_sums(), objective.training_terms))
                _check_finite(record)
                if valid is not None and (epoch % validate_every == 0 or epoch == epochs or interrupt):
                    sums = evaluation.run(batches(valid, max(size, EVALUATION_ROWS)))
                    _enter(record, objective.figures(sums, objective.evaluation_terms), "valid_")
            measured = "valid_loss" if valid is not None else "loss"
            if measured in record:
                record["best"] = best.update(record[measured])
            record["interrupted"] = bool(interrupt)
            stop = [callback(record) for callback in callbacks]
            yield record
            if any(stop) or interrupt or (patience is not None and best.waited > patience):
                return
    except TrainingError:
        best.restore()
        raise
    finally:
        if valid is not None:
            best.restore()


class _Pace:
    """How many steps make a quarter of a second, learnt while going."""

    def __init__(self):
        self.chunk, self.steps, self.items = 1, 0, 0

    def learn(self, steps: int, seconds: float) -> None:
        wanted = steps * QUARTER / max(seconds, 1e-9)
        self.chunk = int(min(max(wanted, 1), 4 * self.chunk))  # by small steps: the first ones are slow


def _one_pass(step, order, size, pace, watch, interrupt):
    total = -(-len(order) // size)
    pace.steps = pace.items = 0
    while pace.steps < total and not interrupt:
        steps = min(pace.chunk, total - pace.steps)
        rows = order[pace.steps * size : (pace.steps + steps) * size]
        start = time.perf_counter()
        step.run(rows, size)
        pace.learn(steps, time.perf_counter() - start)
        pace.steps += steps
        pace.items += len(rows)
        if watch is not None:
            watch(pace.items, len(order))


def _enter(record, figures, prefix=""):
    record[f"{prefix}loss"] = figures["loss"]
    for name, value in figures["raw"].items():
        record[f"{prefix}{name}"] = value
    record[f"{prefix}weighted"] = figures["weighted"]


def _check_finite(record):
    wrong = [f"{name} is {value}" for name, value in record["weighted"].items() if not np.isfinite(value)]
    if wrong:
        raise TrainingError(
            f"epoch {record['epoch']}: {', '.join(wrong)}; a lower learning_rate, max_gradient_norm=1, or data scaled "
            f"to about 1 usually help. "
            f"The parameters are those of the best epoch before"
        )


class _Best:
    """The lowest loss so far, and the parameters that gave it."""

    def __init__(self, parameters, min_improvement):
        self.parameters, self.min_improvement = parameters, min_improvement
        self.loss, self.values, self.waited = None, None, 0

    def update(self, loss: float) -> bool:
        """Take a new loss, and return whether it is better than all before."""
        better = np.isfinite(loss) and (
            self.loss is None or loss < self.loss - abs(self.loss) * self.min_improvement
        )
        self.waited = 0 if better else self.waited + 1
        if better:
            self.loss = loss
            self.values = {name: p.get_value() for name, p in self.parameters.items()}
        return bool(better)

    def restore(self) -> None:
        for name, value in (self.values or {}).items():
            self.parameters[name].set_value(value)


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
