"""One page about a loss: what it is, how it behaves, and what a model that minimizes it predicts.

Inside: `study.py` (`report`, and the object that it returns), `probe.py` (a loss as a function of one prediction and
one target), `curve.py` (range, kinks, convexity, extremes, of that function), `elicitation.py` (what minimizes the
expected loss), `speed.py`, `page.py` (the page as text and as HTML).
May import what `check` may. Nothing below models imports it.
Start reading at `study.py`.
"""

from .study import LossReport, report

__all__ = ["LossReport", "report"]
