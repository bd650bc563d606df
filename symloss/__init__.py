"""symloss: from a symbolic loss to a fast C training function."""

import importlib as _importlib
import logging as _logging

for _name in ("configdefaults", "tensor.blas_headers", "tensor.blas.c_code.blas_headers"):
    _logging.getLogger(f"pytensor.{_name}").setLevel(_logging.ERROR)  # symloss says itself what compiles, and with what

from . import _start  # noqa: E402, F401, I001  (before anything that imports PyTensor)
from . import (  # noqa: E402
    activations,
    compiling,
    convolution,
    data,
    decoding,
    evaluate,
    losses,
    metrics,
    plotting,
    recurrent,
    regularizers,
    schedules,
    training,
    updates,
)
from .activations import Activation  # noqa: E402
from .check import check  # noqa: E402
from .errors import (  # noqa: E402
    DataError,
    ShapeError,
    SpecError,
    SymlossError,
    SymlossWarning,
    TrainingError,
    UnknownNameError,
)
from .latex import latex  # noqa: E402
from .layers import Layer  # noqa: E402
from .losses import Loss, loss, loss_from  # noqa: E402
from .models import (  # noqa: E402
    Autoencoder,
    Classifier,
    Experiment,
    Network,
    PairEmbedding,
    Regressor,
    TripletEmbedding,
    load,
)
from .regularizers import Regularizer  # noqa: E402
from .reports import report  # noqa: E402
from .training.turns import Turn, train_in_turn  # noqa: E402

__version__ = "0.1.0"
_THEANETS = ("feedforward", "log", "main", "util")  # names of scripts that say `import symloss as theanets`

__all__ = [
    "Activation", "Autoencoder", "Classifier", "DataError", "Experiment", "Layer", "Loss", "Network", "PairEmbedding",
    "Regressor", "Regularizer", "ShapeError", "SpecError", "SymlossError", "SymlossWarning", "TrainingError",
    "TripletEmbedding", "Turn", "UnknownNameError", "activations", "check", "compiling", "convolution", "data",
    "decoding", "evaluate", "latex", "load", "loss", "loss_from", "losses", "metrics", "plotting", "recurrent",
    "regularizers", "report", "schedules", "train_in_turn", "training", "updates",
]


_DOORS = {"export": "export", "graph": "layers.graph", "monitors": "objective.monitors", "sklearn": "sklearn",
          "spec": "layers.spec", "trainer": "training.trainer"}


def __getattr__(name: str):
    """Return a module whose public name is not where its code is; say where names of theanets are."""
    if name in _DOORS:
        return _importlib.import_module(f".{_DOORS[name]}", __name__)
    old = f"; theanets.{name} is there after `from symloss.compat import theanets`" if name in _THEANETS else ""
    raise AttributeError(f"module 'symloss' has no attribute {name!r}{old}")
