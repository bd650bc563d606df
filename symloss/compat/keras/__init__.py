"""Keras, implemented with symloss: ``import symloss.compat.keras as keras`` replaces ``import keras``.

Inside are its own submodules under their names. Arrays are numpy arrays with a method ``numpy()``; losses and their
gradients are those of symloss. The differences from Keras are listed in ``docs/coming-from/keras.md``.
"""

from . import (
    activations,
    backend,
    callbacks,
    config,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    random,
    regularizers,
    saving,
    utils,
)
from .initializers import Initializer
from .layers import Input, InputLayer, Layer
from .losses import Loss
from .metrics import Metric
from .models import Model, Sequential
from .optimizers import Optimizer
from .random import SeedGenerator
from .regularizers import Regularizer
from .tensors import Variable

__version__ = "3.15.1"  # whose names and numbers these are

__all__ = [
    "Initializer", "Input", "InputLayer", "Layer", "Loss", "Metric", "Model", "Optimizer", "Regularizer",
    "SeedGenerator", "Sequential", "Variable", "activations", "backend", "callbacks", "config", "datasets",
    "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers", "random", "regularizers", "saving",
    "utils",
]
