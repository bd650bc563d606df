"""From expressions to functions: the only calls of ``pytensor.function``.

Inside: `functions.py` (TrainingStep, Evaluation, FullBatch), `plan.py` (from gradients to updates), `modes.py` (C,
NUMBA, JAX, PYTHON), `blas.py`, `threads.py` (locks and caches), `diagnosis.py` (where NaN comes from).
May import objective, losses, updates, schedules and what lies below them; it knows no data, no models and no epochs.
Start reading at `functions.py`.
"""

from .diagnosis import Finding, diagnose
from .functions import Evaluation, FullBatch, TrainingStep, function
from .modes import Backend, name_of, resolve
from .plan import Plan, matches
from .tally import Tally
from .threads import Cache, Function, alone, cached
from .turn_steps import TurnSteps

__all__ = ["Backend", "Cache", "Evaluation", "Finding", "FullBatch", "Function", "Plan", "Tally", "TrainingStep",
           "TurnSteps", "alone", "cached", "diagnose", "function", "matches", "name_of", "resolve"]
