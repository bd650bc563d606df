"""Keras, played by symloss: ``import symloss.compat.keras as keras`` takes the place of ``import keras``.

Inside are its own submodules under their names. Arrays are numpy arrays with a method ``numpy()``; losses and their
gradients are those of symloss. The differences from Keras stand in ``docs/coming-from/keras.md``.
"""

from . import (
    activations,
    backend,
    config,
    initializers,
    losses,
    metrics,
    ops,
    regularizers,
    utils,
)
from .initializers import Initializer
from .losses import Loss
from .metrics import Metric
from .regularizers import Regularizer
from .tensors import Variable

__version__ = "3.15.1"  # whose names and numbers these are

__all__ = [
    "Initializer", "Loss", "Metric", "Regularizer", "Variable", "activations", "backend", "config", "initializers",
    "losses", "metrics", "ops", "regularizers", "utils",
]
