"""The results of a training: `Results`, which ``train(..., results=True)`` returns."""

import copy
import functools
import html
import time

import numpy as np

from .. import plotting
from ..errors import SpecError
from ..objective.records import BOOKKEEPING
from . import table, training_lock
from .example_losses import as_it_stood, example_losses, made, standing
from .history import History
from .reasons import Reason
from .step_losses import StepLosses

NOT_MEASURED = (*BOOKKEEPING, "weights", "weighted", "stage", "layers")


class Results:
    """The results of a training: its losses, why and when it stopped, its speed, and the trained networks.

    ``len(results)``, ``results[-1]`` and ``results["loss"]`` work as with `history`. While the training runs, or if an
    exception ended it, ``net.results`` has the results so far.

    Attributes
    ----------
    history : History
        The records of this training, one per epoch.
    net : Network
        The trained model itself, not a copy. With validation data or `best`, it has the parameters of `best_epoch`;
        otherwise the last ones, or their moving averages if you passed `average`. It changes if you train it further.
    best_epoch : int or None
        Number of the epoch with the best value of `monitored`, from 1.
    monitored : str
        Name of the value that decides which epoch is the best, such as 'valid_loss'.
    stopped, stopped_because : str or None
        Why the training stopped: a short code, see ``reasons.CODES``, and a sentence. None while it runs.
    seconds : float
        Duration from the first step to the end, including validation and callbacks, but not compilation.
    step_seconds : float
        The part of `seconds` that was spent on training steps.
    steps, examples : int
        Number of steps, and number of items they used; an item counts once per epoch. For a full-batch method, an
        iteration is a step.
    batch_size : int or None
        Number of items in a step. None if the batches come from a stream.
    initial_learning_rate, learning_rate : float, dict or None
        Learning rate of the first and of the last step, including schedules and `ReduceLearningRate`. If it differs, a
        dict by pattern or by turn. None for rules and methods without a learning rate.
    training_examples, validation_examples : int or None
        Number of items. None for a stream, or without validation data.
    algo, backend : str
        The update rule or method, and the backend that compiled it: 'C', 'PYTHON', ...
    options : dict
        The options of the training, as plain data.
    checkpoints : list of str
        Files to which callbacks saved the model, in order.
    """

    def __init__(self, model, training, evaluation, train, valid, asked):
        self.net, self.history, self.monitored = model, History(), training.monitored.name
        self.stopped = self.stopped_because = None
        self.seconds, self.step_seconds, self.steps, self.examples = 0.0, 0.0, 0, 0
        self.training_examples = train.count
        self.validation_examples = None if valid is None else valid.count
        whole = asked.method is not None or asked.batch_size == 0
        self.batch_size = None if train.count is None else train.count if whole else min(asked.batch_size, train.count)
        self.algo, self.backend = training.asked["algo"], training.step.backend.name
        self.options, self.checkpoints, self.epochs = training.asked, training.saved, asked.epochs
        self.best_epoch = _best_before(model.history) if training.resumed and training.best.value is not None else None
        self.initial_learning_rate = self.learning_rate = learning_rates(training, first=True)
        self._asked, self._training, self._done = asked, training, training.batches
        self._objective, self._evaluation, self._source = training.objective, evaluation, train
        self._numbers = train.numbers
        self._backend, self._last, self._trained = training.step.backend, None, None
        self._full_batch, self._steps_wanted = asked.method is not None, asked.results != "epochs"
        self._by_step = None
        if self._steps_wanted and not self._full_batch:
            self._by_step = training.by_step = StepLosses(training.step)
        self._ends: list[int] = []

    # ------------------------------------------------------------------------------------------ while it runs

    def follow(self, records):
        """Yield the records of the training, and keep their values and those of the training."""
        records = iter(records)
        while True:
            start = time.perf_counter()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                self.seconds += time.perf_counter() - start
            self.history.append(record)
            self.best_epoch = record["epoch"] if record.get("best") else self.best_epoch
            self._count()
            self._ends.append(len(self.history) if self._full_batch else self.steps)
            yield record

    def _count(self):
        training = self._training
        self.steps, self.examples = training.batches - self._done, training.examples
        self.step_seconds = training.step_seconds

    def end(self, last: dict, error: BaseException | None) -> None:
        """Keep how the training ended: what stood after its `last` step, and what was raised, or None."""
        self._count()
        self.learning_rate = learning_rates(self._training)
        reason = self._training.reason or _reason(error, self.epochs)
        self.stopped, self.stopped_because = reason.code, str(reason)
        self._last, self._trained, self._training = last, standing(self._objective), None

    # ------------------------------------------------------------------------------------------ figures

    @property
    def losses_by_epoch(self) -> np.ndarray:
        """The total training loss of each epoch, with noise: the mean over the steps of the epoch."""
        return _floats(self.history.column("loss"))

    @property
    def validation_losses(self) -> np.ndarray | None:
        """The validation loss of each epoch, NaN for epochs that were not validated. None without validation data."""
        return _floats(self.history.column("valid_loss")) if self._validates else None

    @property
    def losses_by_step(self) -> np.ndarray | None:
        """The total loss that each step minimized, with noise, before its update. None if results='epochs'."""
        if self._by_step is None:
            return self.losses_by_epoch if self._steps_wanted else None
        return self._by_step.totals()

    @property
    def steps_by_epoch(self) -> np.ndarray:
        """Number of steps done by the end of each epoch. Use them as positions in `losses_by_step`."""
        return np.array(self._ends, "int64")

    @property
    def measurements(self) -> dict:
        """Each term (before its weight) and each metric of the training data, by name: one value per epoch."""
        return self._columns("")

    @property
    def validation_measurements(self) -> dict:
        """Each term and metric of the validation data, by name: one value per epoch. Empty without validation data."""
        return self._columns("valid_") if self._validates else {}

    @property
    def measurements_by_step(self) -> dict | None:
        """Each term, and each metric that is a quotient of sums, by name, at each step. None if results='epochs'."""
        if self._by_step is None:
            return self.measurements if self._steps_wanted else None
        return self._by_step.by_name()

    @property
    def steps_per_second(self) -> float:
        """Number of steps per second of ``step_seconds``."""
        return self.steps / self.step_seconds if self.step_seconds else np.nan

    @property
    def examples_per_second(self) -> float:
        """Number of items per second of ``step_seconds``."""
        return self.examples / self.step_seconds if self.step_seconds else np.nan

    @property
    def _validates(self) -> bool:
        return any("valid_loss" in record for record in self.history)

    def _columns(self, prefix) -> dict:
        names = dict.fromkeys(key for record in self.history for key in record if key.startswith(prefix))
        names = {key: key.removeprefix(prefix) for key in names if prefix or not key.startswith("valid_")}
        return {name: _column(self.history.column(key)) for key, name in names.items() if name not in NOT_MEASURED}

    # ------------------------------------------------------------------------------------------ networks and examples

    @functools.cached_property
    def last_net(self):
        """A copy of the model with the parameters of the last step, without moving averages.

        Raises
        ------
        SpecError
            While the training runs.
        """
        with self._standing(self._last, "last_net"):
            return copy.deepcopy(self.net)

    @functools.cached_property
    def example_losses(self) -> np.ndarray:
        """The loss of each training item, with the parameters that ``net`` had at the end of the training.

        Noise and penalties are left out. If the loss is a weighted mean, the weight of an item as a whole cancels out.
        Items in which nothing counts are NaN; see ``example_losses.example_losses``. The losses are computed when you
        first ask for them, one item at a time, from the data that you passed to `train` and in their order; see
        `example_rows`.

        Raises
        ------
        DataError
            If the data came batch by batch.
        SpecError
            While the training runs.
        """
        with self._standing(self._trained, "example_losses"):
            self._evaluation = made(self._evaluation, self._objective, self._backend)
            found = example_losses(self._evaluation, self._source)
        self._source = None  # nobody asks for the data any more
        return found

    @property
    def example_rows(self) -> np.ndarray | None:
        """The row in your data for each of `example_losses`; `validation_split` leaves some out. None for a stream."""
        if self.training_examples is None:
            return None
        return np.arange(self.training_examples) if self._numbers is None else self._numbers

    def _standing(self, values, who):
        if values is None:
            raise SpecError(f"results.{who}: the training is still running. Ask again when it has ended")
        training_lock.check(self.net)
        return as_it_stood(values)

    # ------------------------------------------------------------------------------------------ shown

    def plot(self, path=None, *, ax=None, names=None, theme=None):
        """Plot the learning curves: the total loss, its terms and each metric by epoch; see `plotting.history`."""
        return self.history.plot(path, ax=ax, names=names, theme=theme)

    def plot_losses(self, path=None, *, ax=None, theme=None):
        """Plot the losses of steps, epochs and validations in one panel; see `plotting.losses`."""
        epochs = self.history.column("epoch")
        return plotting.losses(epochs, self.losses_by_epoch, self.validation_losses, self.losses_by_step,
                               self.steps_by_epoch, path, ax=ax, best=self.best_epoch, theme=theme)

    def __len__(self):
        return len(self.history)

    def __iter__(self):
        return iter(self.history)

    def __getitem__(self, key):
        return self.history[key]

    def _ipython_key_completions_(self) -> list[str]:
        return self.history._ipython_key_completions_()

    def _lines(self) -> list[str]:
        speed = "" if not self.steps else f" ({self.steps_per_second:,.0f} steps/s, {self.examples_per_second:,.0f} " \
                                          f"examples/s)"
        count = len(self.history)
        lines = [f"Results: {count} epoch{'s' * (count != 1)}, {self.steps:,} step{'s' * (self.steps != 1)}, "
                 f"{self.examples:,} examples in {self.seconds:.2f} s{speed}",
                 f"stopped: {self.stopped_because} ({self.stopped})" if self.stopped is not None
                 else "stopped: it is still running"]
        if self.best_epoch is not None:
            lines.append(f"best epoch: {self.best_epoch}, by {self.monitored}")
        return lines

    def __repr__(self):
        return "\n".join([*self._lines(), *([table.as_text(self.history.milestones())] if self.history else [])])

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{html.escape(line)}</div>" for line in self._lines())
        return lines + (table.as_html(self.history.milestones()) if self.history else "")


def _floats(column) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in column], "float64")


def _column(column):
    """Return a column as an array, or as the list that it is, where its values are tables."""
    return column if any(isinstance(value, list | tuple) for value in column) else _floats(column)


def _best_before(records) -> int | None:
    """Return the best epoch of the training that the last records are of: their numbers rise by one."""
    after = None
    for record in reversed(records):
        if after is not None and record["epoch"] >= after:
            return None
        if record.get("best"):
            return record["epoch"]
        after = record["epoch"]
    return None


def learning_rates(training, first=False):
    """Return the learning rate of the last step of a training, or of the `first` one before it.

    Returns
    -------
    float, dict or None
        By pattern of parameters, or by turn, where there are several; None for a method that has none.
    """
    steps = getattr(training.step, "steps", None)
    if steps is None:
        return _rates_of(training.step, training, first)
    return {f"turn {i + 1}": _rates_of(step, training, first) for i, step in enumerate(steps)}


def _rates_of(step, training, first):
    """Return the learning rate of a step; by pattern, if there are several."""
    scalars = getattr(step, "scalars", {})
    names = [name for name in scalars if name == "learning_rate" or name.startswith("learning_rate of ")]
    if not names:
        return None
    updates, passes = step.updates_made, training.epoch - 1
    if not first:  # the epoch that is done has moved on
        updates, passes = max(updates - 1, 0), max(passes - (training.position == 0), 0)
    found = {}
    for name, (pattern, rate) in zip(names, step.plan.rates().items(), strict=True):
        moved = float(rate(passes if rate.by_pass else updates)) if callable(rate) else 1.0
        found[pattern] = float(scalars[name].get_value()) * moved
    return found["*"] if list(found) == ["*"] else found


def _reason(error, epochs) -> Reason:
    """Return the reason to end where the loop gives none."""
    if error is None:
        return Reason(f"all {epochs} epochs are done" if epochs != 1 else "the one epoch is done", "epochs")
    if isinstance(error, GeneratorExit):
        return Reason("the generator of records was closed", "closed")
    if isinstance(error, KeyboardInterrupt):
        return Reason("interrupted", "interrupted")
    return Reason(f"{type(error).__name__}: {error}", "error")
