"""Training: a loop that yields one record per epoch, the history of records, and callbacks.

Inside: `options.py` (every option of `train`, declared once), `trainer.py` (one training, from its options to its
records), `loop.py` (fit, and what Ctrl-C does), `callbacks.py`, `history.py`, `progress.py`; `rewind.py` and `state.py`
for what goes wrong and what goes on.
May import stability, compiling, objective, data and plotting, and what lies below them; it knows no models.
Start reading at `trainer.py`.
"""

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
from .reasons import Reason
from .results import Results
from .state import Training
from .trackers import MLflow, TensorBoard

__all__ = ["METHODS", "CSVHistory", "Checkpoint", "EarlyStopping", "History", "JSONHistory", "MLflow",
           "Reason", "ReduceLearningRate", "Results", "TensorBoard", "TimeLimit", "Training", "finish", "fit",
           "minimize"]
