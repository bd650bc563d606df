"""Figures, with matplotlib (the extra 'plot'): losses as curves, trainings by epoch.

Inside: `curves.py` (`loss_curve`) with `lines.py` (what a loss can be drawn against, and its numbers along a line),
`records.py` (`history`, `losses`), `style.py` (colours, themes, panels on a page). matplotlib is imported when a figure
is drawn, and not before.
May import compiling, stability, losses and what lies below them; it knows no models and no data.
Start reading at `curves.py`.
"""

from .curves import loss_curve
from .drawing import graph
from .records import history, losses

__all__ = ["graph", "history", "loss_curve", "losses"]
