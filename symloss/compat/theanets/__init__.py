"""theanets, implemented with symloss: old scripts run if you change this import, and give the same numbers.

Its differences from the core of symloss are listed in ``docs/coming-from/theanets.md``.
"""

from . import (
    activations,
    convolution,
    downhill,
    feedforward,
    graph,
    layers,
    losses,
    main,
    recurrent,
    regularizers,
    trainer,
    util,
)
from .activations import Activation
from .feedforward import Autoencoder, Classifier, Regressor
from .graph import Network
from .layers import Layer
from .losses import Loss
from .main import Experiment
from .regularizers import Regularizer
from .util import log

__version__ = "0.8.0pre"

__all__ = [
    "Activation", "Autoencoder", "Classifier", "Experiment", "Layer", "Loss", "Network", "Regressor", "Regularizer",
    "activations", "convolution", "downhill", "feedforward", "graph", "layers", "log", "losses", "main", "recurrent",
    "regularizers", "trainer", "util",
]
