"""Keras' fit and evaluate, made of symloss' loop, sources and callbacks."""

import itertools
import time
import warnings
from collections.abc import Iterator

import numpy as np

from ....data import open_source
from ....errors import DataError, SpecError, SymlossWarning, TrainingError
from ....training import Training
from ....training import fit as loop
from ....training.state import Monitored
from .. import callbacks as listeners
from ..layers.basic import whole
from ..layers.tensors import filled
from ..seeds import next_seed
from . import data
from .progress import Progress

ROWS = 1024  # that are evaluated at once, unless said otherwise
NEVER = 1e30  # relative improvement that no epoch makes: the loop keeps no best weights


class Watched:
    """Validation data that tell callbacks when they are used.

    Parameters
    ----------
    source : Arrays or Stream
    rows : int or None
        Items at once.
    told : CallbackList
    """

    def __init__(self, source, rows, told):
        self._source, self._rows, self._told = source, rows, told

    def __getattr__(self, name):
        return getattr(self._source, name)

    def batches(self, size):
        """Yield the batches, and call back before and after each."""
        told = self._told
        told.call("on_test_begin")
        for number, arrays in enumerate(self._source.batches(self._rows or size)):
            told.call("on_test_batch_begin", number)
            yield arrays
            told.call("on_test_batch_end", number)
        told.call("on_test_end")


class Prepared:
    """Data of a model: opened as sources of what its compiled step takes.

    Parameters
    ----------
    model : Model
    x, y, weights : as `fit` takes them
    class_weight : dict or None
    who : str
    """

    def __init__(self, model, x, y, weights, class_weight=None, who="fit"):
        self.model, self.class_weight, self.who = model, class_weight, who
        self.streams = data.is_batches(x)
        if x is None:
            raise DataError(f"{model.name}: {who} got no x; pass inputs and targets: {who}(x, y)")
        if self.streams:
            if y is not None or weights is not None:
                raise SpecError(f"{who}: x consists of batches, so y and sample_weight must be part of each batch: (x, "
                                f"y, weights)")
            first, self.x = _peeked(x)
            x, y, weights = data.unpacked(first)
        model._know_input(x)
        self.names = model.output_names
        self.inputs, self.y, self.weights = self._arranged(x, y, weights)
        if not self.streams:
            self.x = None

    def _arranged(self, x, y, weights):
        y = data.as_targets(data.by_output(self.names, y, "y", self.who))
        weights = data.weights_of(self.names, y, weights, self.class_weight, self.who)
        return data.by_input(self.model, x), y, weights

    @property
    def weighted(self) -> tuple:
        """Which outputs have weights."""
        return tuple(one is not None for one in self.weights)

    def columns(self, built, batch=None) -> dict:
        """Return arrays by field, of everything or of a batch; weights of 1 where the step wants some."""
        inputs, y, weights = (self.inputs, self.y, self.weights) if batch is None else self._arranged(*batch)
        for name, some, one in zip(self.names, built.losses, y, strict=True):
            if some and one is None and any(loss.takes_target for loss in some):
                raise DataError(f"{self.model.name}: {self.who} got no targets for the output {name!r}, which has the "
                                f"loss {some[0].name}; pass y")
        data.check_kind(built.losses, built.network.graph.outputs()[0], y, self.who)
        count = len(next(iter(inputs.values())))
        weights = [np.ones(count, "float32") if one is None and has else one
                   for one, has in zip(weights, built.weighted, strict=True)]
        return built.columns(inputs, y, weights)

    def source(self, built, steps=None, size: int = 32):
        """Return the data as symloss takes them: `steps` batches of `size` items, where these are arrays."""
        if self.streams:
            stream = data.batches(self.x, lambda batch: self.columns(built, data.unpacked(batch)))
            return open_source(stream, built.fields, self.who, steps)
        columns = self.columns(built)
        have = -(-len(next(iter(columns.values()))) // size)
        if steps is not None and whole(self.who, "steps", steps) > have:
            warnings.warn(f"{self.who}: got steps={steps}, but the arrays only have {have} batches of {size} items, so "
                          f"{have} steps are made", SymlossWarning, stacklevel=5)
        if self.who != "fit" and steps is not None:
            columns = {name: one[: steps * size] for name, one in columns.items()}
            steps = None
        return open_source(columns, built.fields, self.who, steps, keep_bytes=self.who == "fit")


def _peeked(x):
    """Return the first batch, and the batches with it."""
    if isinstance(x, Iterator):
        first = next(x, None)
        if first is None:
            raise DataError("fit: the generator returned no batches")
        return first, itertools.chain([first], x)
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        return x[0], x
    return next(iter(x() if callable(x) else x)), x


def _together(model, *some) -> tuple:
    """Return which outputs have weights in any of several data."""
    return tuple(any(flags) for flags in zip(*(one.weighted for one in some), strict=True))


def _steps(count, size, steps) -> int | None:
    if count is None:
        return steps
    made = -(-count // size)
    return made if steps is None else min(made, steps)


def fit(model, x, y, sample_weight, *, class_weight, batch_size, epochs, verbose, callbacks, validation_split,
        validation_data, shuffle, initial_epoch, steps_per_epoch, validation_steps, validation_batch_size,
        validation_freq):
    """Train a model; see `Trainable.fit`."""
    if validation_split and validation_data is None:
        if data.is_batches(x):
            raise SpecError("fit: validation_split only works with arrays; pass validation_data")
        (x, y, sample_weight), validation_data = data.split([x, y, sample_weight], validation_split)
    prepared = Prepared(model, x, y, sample_weight, class_weight)
    if prepared.streams and batch_size is not None:
        raise SpecError(f"fit: batch_size={batch_size!r} has no effect if x already consists of batches; leave it out")
    checked = _validation(model, validation_data)
    built = model._built(_together(model, prepared, *([checked] if checked else [])))
    size = 32 if batch_size is None else whole("fit", "batch_size", batch_size)
    train = prepared.source(built, steps_per_epoch, size)
    history = model.history = listeners.History()
    told = listeners.CallbackList(model, callbacks, history, {
        "verbose": verbose, "epochs": epochs, "steps": _steps(train.count, size, steps_per_epoch)})
    valid = None
    if checked is not None:
        source = checked.source(built, validation_steps, validation_batch_size or size)
        valid = Watched(source, validation_batch_size, told)
    if train.arrays is not None and built._step is None:
        built.step.prepare(train.arrays, min(size, train.count))
    _run(model, built, train, valid, told, dict(epochs=epochs, batch_size=size, verbose=verbose, shuffle=shuffle,
                                                initial_epoch=initial_epoch, validation_freq=validation_freq))
    return history


def _validation(model, validation_data):
    if validation_data is None:
        return None
    if data.is_batches(validation_data):
        return Prepared(model, validation_data, None, None, who="validation")
    return Prepared(model, *data.unpacked(validation_data), who="validation")


def _run(model, built, train, valid, told, asked):
    """Run the epochs of a training."""
    epochs, step = asked["epochs"], built.step
    model.optimizer.compiled = step
    model.stop_training = False
    progress = Progress(asked["verbose"], epochs, told.params["steps"], built.logs)
    listener = listeners.listener(model, built, told, progress, asked)
    training = Training(step, [listener], next_seed(), monitored=Monitored("loss", "min"))
    training.shuffles = asked["shuffle"]
    training.epoch = asked["initial_epoch"] + 1
    step.take_sums()
    told.call("on_train_begin")
    if training.epoch > epochs or model.stop_training:
        told.call("on_train_end")
        return
    evaluation = built.evaluation if valid is not None else None
    try:
        for _ in loop(training, evaluation, train, valid, epochs=epochs, batch_size=asked["batch_size"], patience=None,
                      min_improvement=NEVER, validate_every=asked["validation_freq"], watch=progress.watch):
            pass
    except TrainingError:
        if not told.take_nan():
            raise
    finally:
        step.take_sums()
    told.call("on_train_end", model.history.last)


def evaluate(model, x, y, sample_weight, batch_size, verbose, steps, callbacks) -> dict:
    """Return loss and metrics of data by name."""
    prepared = Prepared(model, x, y, sample_weight, who="evaluate")
    before = model._built_model
    weighted = prepared.weighted
    if before is not None and all(have or not want for have, want in zip(before.weighted, weighted, strict=True)):
        weighted = before.weighted
    built = model._built(weighted)
    source = prepared.source(built, steps, batch_size or 32)
    told = listeners.CallbackList(model, callbacks, None, {"verbose": verbose})
    start = time.perf_counter()
    rows = batch_size or ROWS
    batches = Watched(source, rows, told).batches(rows)
    sums = built.evaluation.run(batches)
    figures = built.objective.figures(sums, built.objective.evaluation_terms)
    logs = built.logs({"loss": figures["loss"]} | figures["raw"])
    count = _steps(source.count, batch_size or 32, steps) or 1
    Progress(verbose, 1, count).evaluated(logs, time.perf_counter() - start)
    return logs


def predict(model, x, batch_size, verbose, steps, callbacks):
    """Return the outputs of a model for arrays, or for batches of them."""
    told = listeners.CallbackList(model, callbacks, None, {"verbose": verbose})
    start = time.perf_counter()
    told.call("on_predict_begin")
    if data.is_batches(x):
        some = [data.unpacked(batch)[0] for batch in itertools.islice(iter(x() if callable(x) else x), steps)]
        parts = [model._values(batch) for batch in some]
        values = [np.concatenate(each) for each in zip(*parts, strict=True)]
    else:
        if steps is not None:
            raise SpecError(f"predict: steps={steps!r} only works with batches; pass fewer rows instead")
        values = model._values(x, batch_size)
    told.call("on_predict_end")
    Progress(verbose, 1, -(-len(values[0]) // (batch_size or 32))).evaluated({}, time.perf_counter() - start)
    return filled(model._outputs, values)


def train_on_batch(model, x, y, sample_weight, class_weight) -> dict:
    """Make one step, and return loss and metrics of the batch before it."""
    prepared = Prepared(model, x, y, sample_weight, class_weight, who="train_on_batch")
    built = model._built(prepared.weighted)
    source = open_source(prepared.columns(built), built.fields, "train_on_batch")
    step = built.step
    model.optimizer.compiled = step
    model.optimizer.tell(step)
    arrays = source.take(np.arange(source.count))
    step.load(arrays)
    step.take_sums()
    step.run(np.arange(source.count), source.count)
    figures = built.objective.figures(step.sums(), built.objective.training_terms)
    return built.logs({"loss": figures["loss"]} | figures["raw"])
