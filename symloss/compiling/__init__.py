"""From expressions to functions: the only calls of ``pytensor.function``."""

from .diagnosis import Finding, diagnose
from .functions import Evaluation, FullBatch, TrainingStep, function
from .modes import Backend, resolve
from .plan import Plan
from .tally import Tally

__all__ = ["Backend", "Evaluation", "Finding", "FullBatch", "Plan", "Tally", "TrainingStep", "diagnose", "function",
           "resolve"]
