"""Training: a loop that yields one record an epoch, the history of records, and what listens to them."""

from .history import History
from .loop import fit

__all__ = ["History", "fit"]
