"""Callbacks that change the learning rate."""

import numpy as np

from ....errors import SpecError
from .base import Callback, say
from .stopping import sense, value_of


def _rate(who, model) -> float:
    """Return the learning rate of a model, or raise an error if it is a schedule."""
    optimizer = model.optimizer
    if optimizer._schedule is not None:
        raise SpecError(f"{who}: the learning rate of {type(optimizer).__name__} is a schedule, which a callback "
                        f"cannot change. Make the optimizer with a number as learning_rate")
    return float(np.float32(float(optimizer.learning_rate)))


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch, to ``schedule(epoch, learning_rate)`` or ``schedule(epoch)``."""

    def __init__(self, schedule, verbose=0):
        super().__init__()
        if not callable(schedule):
            raise SpecError(f"LearningRateScheduler: schedule={schedule!r} is not valid; it must be a function of the "
                            f"epoch")
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch, logs=None):
        before = _rate("LearningRateScheduler", self.model)
        try:
            rate = self.schedule(epoch, before)
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, float | np.floating | np.ndarray):
            raise SpecError(f"LearningRateScheduler: the schedule returned {rate!r}, but it must return a float")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = _rate("LearningRateScheduler", self.model)


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when a value has not improved for `patience` epochs.

    Parameters
    ----------
    monitor : str
    factor : float
        Less than 1.
    patience : int
    verbose : int
    mode : 'auto', 'min' or 'max'
    min_delta : float
    cooldown : int
        Number of epochs to wait after a reduction.
    min_lr : float
    """

    def __init__(self, monitor="val_loss", factor=0.1, patience=10, verbose=0, mode="auto", min_delta=1e-4, cooldown=0,
                 min_lr=0.0):
        super().__init__()
        if factor >= 1.0:
            raise SpecError(f"ReduceLROnPlateau: factor={factor!r} is not valid; it must be a number less than 1")
        self.monitor, self.factor, self.patience, self.verbose = monitor, factor, patience, verbose
        self.sense, self.min_delta, self.cooldown, self.min_lr = sense("ReduceLROnPlateau", mode, monitor), min_delta, \
            cooldown, min_lr
        self._reset()

    def _reset(self):
        self.best, self.wait, self.cooldown_counter = self.sense * np.inf, 0, 0

    def on_train_begin(self, logs=None):
        self._reset()

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        rate = _rate("ReduceLROnPlateau", self.model)
        logs["learning_rate"] = rate
        value = value_of("ReduceLROnPlateau", self.monitor, logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.wait = self.cooldown_counter - 1, 0
        if self.sense * value < self.sense * self.best - self.min_delta:
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience and rate > np.float32(self.min_lr):
                new = max(rate * self.factor, self.min_lr)
                self.model.optimizer.learning_rate = new
                if self.verbose > 0:
                    say(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
                self.cooldown_counter, self.wait = self.cooldown, 0
