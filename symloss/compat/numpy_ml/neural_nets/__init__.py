"""numpy_ml.neural_nets: losses, and the optimizers, schedulers, activations and initializers that they take."""

from . import activations, initializers, layers, losses, optimizers, schedulers, utils

__all__ = ["activations", "initializers", "layers", "losses", "optimizers", "schedulers", "utils"]
