"""numpy_ml.neural_nets.optimizers: update rules on arrays, which keep their state by the parameter's name."""

from .optimizers import SGD, AdaGrad, Adam, OptimizerBase, RMSProp

__all__ = ["SGD", "AdaGrad", "Adam", "OptimizerBase", "RMSProp"]
