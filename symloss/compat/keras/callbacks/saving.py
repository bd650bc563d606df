"""Callbacks that write the model to files."""

import os
import pathlib
import re

from ....errors import SpecError
from .base import Callback, say
from .stopping import sense, value_of


class ModelCheckpoint(Callback):
    """Writes the model, or its weights, after epochs.

    Parameters
    ----------
    filepath : path
        With values in braces: 'model_{epoch:02d}_{val_loss:.2f}.keras'.
    monitor : str
    verbose : int
    save_best_only : bool
        Whether to write only epochs that are the best so far.
    save_weights_only : bool
    mode : 'auto', 'min' or 'max'
    save_freq : 'epoch'
    initial_value_threshold : float or None
        Value that the first saved epoch has to improve on.
    """

    def __init__(self, filepath, monitor="val_loss", verbose=0, save_best_only=False, save_weights_only=False,
                 mode="auto", save_freq="epoch", initial_value_threshold=None):
        super().__init__()
        if save_freq != "epoch":
            raise SpecError(f"ModelCheckpoint: save_freq={save_freq!r} is not supported; it must be 'epoch'. To save "
                            f"every few batches, call self.model.save in on_train_batch_end of your own Callback")
        self.filepath, self.monitor, self.verbose = os.fspath(filepath), monitor, verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.sense, self.best = sense("ModelCheckpoint", mode, monitor), initial_value_threshold

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        path = self._path(epoch, logs)
        if self.save_best_only:
            value = value_of("ModelCheckpoint", self.monitor, logs)
            if value is None:
                return
            if self.best is not None and not self.sense * value < self.sense * self.best:
                self._say(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
                return
            self._say(f"\nEpoch {epoch + 1}: {self.monitor} improved to {value:.5f}, saving model to {path}")
            self.best = value
        else:
            self._say(f"\nEpoch {epoch + 1}: saving model to {path}")
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _say(self, text):
        if self.verbose > 0:
            say(text)

    def _path(self, epoch, logs) -> str:
        try:
            return self.filepath.format(epoch=epoch + 1, batch=1, **logs)
        except KeyError as error:
            names = ", ".join(re.findall(r"{(\w+)", self.filepath))
            raise SpecError(f"ModelCheckpoint: {self.filepath!r} contains {names}, but an epoch only has epoch, "
                            f"{', '.join(logs)}; {error} is missing") from None


class BackupAndRestore(Callback):
    """Not supported."""

    def __init__(self, *arguments, **keywords):
        raise SpecError("BackupAndRestore is not supported. Save with a ModelCheckpoint, and continue with "
                        "keras.models.load_model(path), which also restores the state of the optimizer")
