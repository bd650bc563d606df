"""From expressions to functions: the only calls of ``pytensor.function``."""

from .functions import Evaluation, FullBatch, TrainingStep, function
from .modes import Backend, resolve
from .plan import Plan

__all__ = ["Backend", "Evaluation", "FullBatch", "Plan", "TrainingStep", "function", "resolve"]
