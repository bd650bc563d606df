"""Callbacks under the names that Keras gives them; users subclass `Callback`.

Inside: `base.py` (Callback, and what calls it), `stopping.py`, `rates.py`, `saving.py`, `logging.py`.
"""

from .base import Callback, CallbackList, History, LambdaCallback, listener
from .logging import CSVLogger, ProgbarLogger, TerminateOnNaN
from .rates import LearningRateScheduler, ReduceLROnPlateau
from .saving import BackupAndRestore, ModelCheckpoint
from .stopping import EarlyStopping

__all__ = ["BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback",
           "LearningRateScheduler", "ModelCheckpoint", "ProgbarLogger", "ReduceLROnPlateau", "TerminateOnNaN",
           "listener"]
