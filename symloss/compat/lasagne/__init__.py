"""Lasagne, played by symloss: ``from symloss.compat import lasagne`` takes the place of ``import lasagne``.

Inside are its own submodules under their names. Its differences from Lasagne stand in ``docs/coming-from/lasagne.md``.
"""

import contextlib

from . import init, nonlinearities, random, utils

with contextlib.suppress(ImportError):
    from . import layers

__version__ = "0.2.dev1"

__all__ = ["init", "layers", "nonlinearities", "random", "utils"]
