"""What is minimized, and what is shown besides it: named terms that add up to one scalar.

Inside: `objective.py` (losses + regularizers -> terms -> total), `measures.py` (metrics, losses and functions that are
shown and never minimized), `monitors.py` (values of outputs and parameters, found by patterns of names), `records.py`
(the content of a record). May import losses, metrics and what lies below them; it compiles nothing, and knows no data
and no epochs. Start reading at `objective.py`.
"""

from .objective import Objective, Term, total_of

__all__ = ["Objective", "Term", "total_of"]
