"""EarlyStopping, and how callbacks find out which values are better."""

import warnings

import numpy as np

from ....errors import SpecError, SymlossWarning
from .base import Callback, say

HIGHER = ("acc", "accuracy", "auc", "precision", "recall", "f1", "fbeta", "iou", "cosine_similarity", "r2")


def sense(who: str, mode: str, monitor: str) -> int:
    """Return 1 if lower values are better, and -1 if higher values are better.

    >>> sense("EarlyStopping", "auto", "val_acc"), sense("EarlyStopping", "auto", "val_loss")
    (-1, 1)
    """
    if mode not in ("auto", "min", "max"):
        raise SpecError(f"{who}: mode={mode!r} is not valid; it must be 'auto', 'min' or 'max'")
    if mode != "auto":
        return 1 if mode == "min" else -1
    name = monitor.removeprefix("val_")
    return -1 if any(part in name for part in HIGHER) and not name.endswith("loss") else 1


def value_of(who: str, monitor: str, logs: dict) -> float | None:
    """Return the monitored value, or None with a warning if the epoch does not have it."""
    if monitor not in (logs or {}):
        warnings.warn(f"{who}: monitor={monitor!r} is not among the values of the epoch, {', '.join(logs or {})}, so "
                      f"the callback has no effect", SymlossWarning, stacklevel=4)
        return None
    return float(logs[monitor])


class EarlyStopping(Callback):
    """Ends the training when a value has not improved for `patience` epochs.

    Parameters
    ----------
    monitor : str
    min_delta : float
        Smallest change that counts as an improvement.
    patience : int
    verbose : int
    mode : 'auto', 'min' or 'max'
        Whether low or high values are better; 'auto' decides by the name.
    baseline : float or None
        A value that has to be reached within `patience` epochs.
    restore_best_weights : bool
        Whether to restore the weights of the best epoch.
    start_from_epoch : int
        Number of epochs at the beginning that are ignored.
    """

    def __init__(self, monitor="val_loss", min_delta=0, patience=0, verbose=0, mode="auto", baseline=None,
                 restore_best_weights=False, start_from_epoch=0):
        super().__init__()
        self.monitor, self.patience, self.verbose, self.baseline = monitor, patience, verbose, baseline
        self.min_delta, self.sense = abs(min_delta), sense("EarlyStopping", mode, monitor)
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.wait, self.stopped_epoch, self.best, self.best_weights, self.best_epoch = 0, 0, None, None, 0

    def on_train_begin(self, logs=None):
        self.wait, self.stopped_epoch, self.best, self.best_weights, self.best_epoch = 0, 0, None, None, 0

    def _improves(self, value, reference) -> bool:
        return bool(self.sense * value < self.sense * reference - self.min_delta)

    def on_epoch_end(self, epoch, logs=None):
        value = value_of("EarlyStopping", self.monitor, logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if not np.isnan(value) and (self.best is None or self._improves(value, self.best)):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._improves(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                say(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
