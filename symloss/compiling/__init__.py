"""From expressions to functions: the only calls of ``pytensor.function``."""

from .functions import Evaluation, TrainingStep, function
from .modes import Backend, resolve

__all__ = ["Backend", "Evaluation", "TrainingStep", "function", "resolve"]
