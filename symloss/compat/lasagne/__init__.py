"""Lasagne, played by symloss: ``from symloss.compat import lasagne`` takes the place of ``import lasagne``.

Inside are its own submodules under their names. Its differences from Lasagne stand in ``docs/coming-from/lasagne.md``.
"""

from . import (
    files,
    init,
    layers,
    nonlinearities,
    objectives,
    random,
    regularization,
    theano_extensions,
    updates,
    utils,
)
from .files import load_npz

__version__ = "0.2.dev1"

__all__ = ["files", "init", "layers", "load_npz", "nonlinearities", "objectives", "random", "regularization",
           "theano_extensions", "updates", "utils"]
