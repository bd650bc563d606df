"""Figures, with matplotlib (the extra 'plot'): losses as curves and surfaces, trainings by epoch, models as graphs.

Inside: `curves.py` (`loss_curve`) with `lines.py` (what a loss can be drawn against, and its numbers along a line),
`directions.py` (one number that moves) and `examples.py` (small examples of losses that compare items or steps),
`surfaces.py` (`loss_surface`), `records.py` (`history`, `losses`, `weights_over_time`), `predictions.py` (`confusion`,
`calibration`, `residuals`), `drawing.py` (`graph`, and boxes and edges as SVG), `style.py` (colors, themes, panels on
a page). matplotlib is imported when a figure is drawn, and not before.
May import compiling, stability, objective, losses and data, and what lies below them; it knows no models.
Start reading at `curves.py`.
"""

from .curves import loss_curve
from .drawing import graph
from .predictions import calibration, confusion, residuals
from .records import history, losses, weights_over_time
from .surfaces import loss_surface

__all__ = ["calibration", "confusion", "graph", "history", "loss_curve", "loss_surface", "losses", "residuals",
           "weights_over_time"]
