"""Callbacks that write losses and metrics to files, and the one that ends a training if the loss is not finite."""

import csv

import numpy as np

from .base import Callback, say


class CSVLogger(Callback):
    """Writes a line for each epoch to a file.

    Parameters
    ----------
    filename : path
    separator : str
    append : bool
        Whether to append to an existing file.
    """

    def __init__(self, filename, separator=",", append=False):
        super().__init__()
        self.filename, self.separator, self.append = filename, separator, append
        self._keys, self._file, self._header = None, None, True

    def on_train_begin(self, logs=None):
        if self.append:
            try:
                with open(self.filename, encoding="utf-8") as file:
                    self._header = not file.readline()
            except FileNotFoundError:
                self._header = True
        self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115

    def on_epoch_end(self, epoch, logs=None):
        logs = dict(logs or {})
        writer = csv.writer(self._file, delimiter=self.separator)
        if self._keys is None:
            self._keys = sorted(logs)
            for key in [f"val_{key}" for key in self._keys if not key.startswith("val_")]:
                if key not in self._keys and self.params and self.params.get("do_validation"):
                    self._keys.append(key)
            if self._header:
                writer.writerow(["epoch", *self._keys])
        writer.writerow([epoch, *(_text(logs.get(key, "NA")) for key in self._keys)])
        self._file.flush()

    def on_train_end(self, logs=None):
        if self._file is not None:
            self._file.close()
        self._file, self._keys = None, None
        self.append = True


def _text(value):
    return value.item() if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0 else value


class TerminateOnNaN(Callback):
    """Ends the training if the loss is not finite, with the weights from before that batch.

    Without it, a `TrainingError` says what happened and where.
    """

    def take_nan(self) -> bool:
        """Say so, and end."""
        say("Invalid loss, terminating training")
        self.model.stop_training = True
        return True


class ProgbarLogger(Callback):
    """Does nothing, because `verbose=1` already shows a progress bar."""
