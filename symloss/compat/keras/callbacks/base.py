"""Callback, the history, and how symloss' loop calls callbacks of Keras."""

import sys

from ....errors import SpecError
from ....training import Reason

BATCHES = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


def say(text: str) -> None:
    """Write a line to standard output, where Keras' callbacks report what they do."""
    sys.stdout.write(f"{text}\n")


class Callback:
    """Base class of callbacks. A subclass overrides any of the methods.

    Attributes
    ----------
    model : Model
        ``self.model.stop_training = True`` ends the training after the epoch, or after the batch.
    params : dict
        'epochs', 'steps' and 'verbose'.
    """

    def __init__(self):
        self.params, self.validation_data, self._model = None, None, None

    def set_params(self, params):
        """Take the parameters of the training."""
        self.params = params

    def set_model(self, model):
        """Take the model."""
        self._model = model

    @property
    def model(self):
        """The model that is trained."""
        return self.__dict__.get("_model")

    def on_train_begin(self, logs=None):
        """Called before the first epoch."""

    def on_train_end(self, logs=None):
        """Called after the last epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        """Called before an epoch, numbered from 0."""

    def on_epoch_end(self, epoch, logs=None):
        """Called after an epoch, with its losses and metrics, including those of the validation data."""

    def on_batch_begin(self, batch, logs=None):
        """Called before a batch, numbered from 0."""

    def on_batch_end(self, batch, logs=None):
        """Called after a batch, with the losses and metrics of the epoch so far."""

    def on_train_batch_begin(self, batch, logs=None):
        """Called before a batch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch, logs=None):
        """Called after a batch."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs=None):
        """Called before an evaluation, of validation data too."""

    def on_test_end(self, logs=None):
        """Called after an evaluation."""

    def on_test_batch_begin(self, batch, logs=None):
        """Called before a batch of an evaluation."""

    def on_test_batch_end(self, batch, logs=None):
        """Called after a batch of an evaluation."""

    def on_predict_begin(self, logs=None):
        """Called before a prediction."""

    def on_predict_end(self, logs=None):
        """Called after a prediction."""

    def on_predict_batch_begin(self, batch, logs=None):
        """Never called: a prediction has no batches that a callback could see."""

    def on_predict_batch_end(self, batch, logs=None):
        """Never called; see `on_predict_batch_begin`."""


class History(Callback):
    """The losses and metrics of all epochs.

    Attributes
    ----------
    history : dict
        List of values by name: 'loss', 'val_loss', ...
    epoch : list of int
        Numbers of the epochs, from 0.
    """

    def __init__(self):
        super().__init__()
        self.history: dict = {}
        self.epoch: list = []
        self.last: dict = {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        self.last = dict(logs or {})
        for key, value in self.last.items():
            self.history.setdefault(key, []).append(value)


class LambdaCallback(Callback):
    """Functions as a callback: ``LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))``."""

    def __init__(self, **functions):
        super().__init__()
        for name, function in functions.items():
            if name not in dir(Callback) or not name.startswith("on_"):
                raise SpecError(f"LambdaCallback: {name!r} is not a method of callbacks; the methods are "
                                f"{', '.join(_moments())}")
            if function is not None:
                setattr(self, name, function)


def _moments() -> list[str]:
    return [name for name in dir(Callback) if name.startswith("on_")]


class CallbackList:
    """Several callbacks as one: those of the user, then the history.

    Parameters
    ----------
    model : Model
    callbacks : list of Callback, Callback or None
    history : History or None
    params : dict
    """

    def __init__(self, model, callbacks, history, params: dict):
        given = [] if callbacks is None else list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
        for one in given:
            if isinstance(one, type):
                raise SpecError(f"callback {one.__name__} is a class; pass an instance of it: {one.__name__}()")
            if not any(callable(getattr(one, moment, None)) for moment in _moments()):
                raise SpecError(f"callback {one!r} is not an object of keras.callbacks. If it is a function, write "
                                f"LambdaCallback(on_epoch_end=function)")
        self.all = [*given, *([] if history is None else [history])]
        self.params, self.model = params, model
        for one in self.all:
            for name, value in (("set_params", params), ("set_model", model)):
                if hasattr(one, name):
                    getattr(one, name)(value)

    def call(self, moment: str, *arguments) -> None:
        """Call a method of all callbacks; the last argument is the logs, which are {} by default."""
        wanted = 2 if moment.endswith(("epoch_begin", "epoch_end", "batch_begin", "batch_end")) else 1
        arguments = arguments if len(arguments) == wanted else (*arguments, {})
        for one in self.all:
            method = getattr(one, moment, None)
            if method is not None:
                method(*arguments)

    def want_batches(self) -> bool:
        """Return whether any callback needs single batches."""
        return any(_overrides(one, name) for one in self.all for name in BATCHES)

    def take_nan(self) -> bool:
        """Return whether a callback ends the training quietly where a number is not finite."""
        return any([one.take_nan() for one in self.all if hasattr(one, "take_nan")])


def _overrides(callback, name) -> bool:
    if name in vars(callback):
        return True
    own = getattr(type(callback), name, None)
    return own is not None and own is not getattr(Callback, name)


class _Listener:
    """A callback of symloss' loop that calls those of Keras.

    Parameters
    ----------
    model : Model
    built : Built
    told : CallbackList
    progress : Progress
    asked : dict
        Of the training: 'epochs', 'validation_freq'.
    """

    def __init__(self, model, built, told, progress, asked):
        self.model, self.built, self.told, self.progress, self.asked = model, built, told, progress, asked

    def start(self, training):
        self.training = training
        self._begin(training.epoch - 1)

    def _begin(self, epoch):
        self.progress.begin(epoch)
        self.told.call("on_epoch_begin", epoch, {})
        self.model.optimizer.tell(self.training.step)

    def epoch(self, record):
        number = record["epoch"] - 1
        logs = self.built.logs(record)
        if "valid_loss" in record and record["epoch"] % self.asked["validation_freq"] == 0:
            logs |= {f"val_{name}": value for name, value in self.built.logs(record, "valid_").items()}
        self.told.call("on_epoch_end", number, logs)
        self.progress.end(logs, self.training.batches)
        if self.model.stop_training:
            return Reason("model.stop_training", "callback")
        if self.training.epoch <= self.asked["epochs"] and not record["partial"]:
            self._begin(number + 1)
        return None


class _BatchListener(_Listener):
    """One that is called after every batch, too; steps then run one by one."""

    def _begin(self, epoch):
        super()._begin(epoch)
        self.told.call("on_train_batch_begin", 0, {})
        self.model.optimizer.tell(self.training.step)

    def batch(self, record):
        number = record["batch"] - 1
        self.told.call("on_train_batch_end", number, self.built.logs(record))
        if self.model.stop_training:
            return Reason("model.stop_training", "callback")
        steps = self.told.params["steps"]
        if steps is None or record["batch"] < steps:
            self.told.call("on_train_batch_begin", number + 1, {})
        self.model.optimizer.tell(self.training.step)
        return None


def listener(model, built, told: CallbackList, progress, asked: dict):
    """Return what symloss' loop calls, for a list of callbacks of Keras."""
    return (_BatchListener if told.want_batches() else _Listener)(model, built, told, progress, asked)
