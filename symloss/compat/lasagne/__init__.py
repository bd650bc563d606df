"""Lasagne, implemented with symloss: ``from symloss.compat import lasagne`` replaces ``import lasagne``.

Inside are its own submodules under their names. The differences are listed in ``docs/coming-from/lasagne.md``.
"""

from . import (
    files,
    init,
    layers,
    model,
    nonlinearities,
    objectives,
    random,
    regularization,
    theano_extensions,
    updates,
    utils,
)
from .files import load_npz
from .model import as_layers, network

__version__ = "0.2.dev1"

__all__ = [
    "as_layers", "files", "init", "layers", "load_npz", "model", "network", "nonlinearities", "objectives", "random",
    "regularization", "theano_extensions", "updates", "utils",
]
