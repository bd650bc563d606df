"""From expressions to functions: the only calls of ``pytensor.function``."""

from .calls import Cache, Function, alone, cached
from .diagnosis import Finding, diagnose
from .functions import Evaluation, FullBatch, TrainingStep, function
from .modes import Backend, resolve
from .plan import Plan
from .tally import Tally

__all__ = ["Backend", "Cache", "Evaluation", "Finding", "FullBatch", "Function", "Plan", "Tally", "TrainingStep",
           "alone", "cached", "diagnose", "function", "resolve"]
