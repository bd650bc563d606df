"""numpy_ml.neural_nets.initializers: objects by name, by text, or by a dict of their hyperparameters."""

from .initializers import ActivationInitializer, OptimizerInitializer, SchedulerInitializer, WeightInitializer

__all__ = ["ActivationInitializer", "OptimizerInitializer", "SchedulerInitializer", "WeightInitializer"]
