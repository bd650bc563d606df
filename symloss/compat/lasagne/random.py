"""lasagne.random: the generator that initializers and noise layers draw from or take their seeds from."""

import numpy as np

_rng = np.random


def get_rng():
    """Return the generator: the module ``numpy.random`` until `set_rng` names another."""
    return _rng


def set_rng(new_rng):
    """Draw from `new_rng` from now on.

    Parameters
    ----------
    new_rng : numpy.random or RandomState
        ``RandomState(42)`` makes a script's parameters and noise the same each time.
    """
    global _rng
    _rng = new_rng
