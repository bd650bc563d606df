"""Training: a loop that yields one record an epoch, the history of records, and what listens to them."""

from .callbacks import (
    Checkpoint,
    EarlyStopping,
    ReduceLearningRate,
    TimeLimit,
)
from .full_batch import METHODS, minimize
from .history import History
from .history_files import CSVHistory, JSONHistory
from .loop import finish, fit
from .state import Training

__all__ = ["METHODS", "CSVHistory", "Checkpoint", "EarlyStopping", "History", "JSONHistory", "ReduceLearningRate",
           "TimeLimit", "Training", "finish", "fit", "minimize"]
