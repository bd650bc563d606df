"""The generator for noise samplers and initial weights: numpy's global one, as in numpy_ml."""

import numpy as np

_rng = np.random


def get_rng():
    """Return the generator: the module ``numpy.random`` until `set_rng` sets another one."""
    return _rng


def set_rng(new_rng):
    """Draw from `new_rng` from now on, so that no other part of a program draws from the same numbers.

    Parameters
    ----------
    new_rng : numpy.random or RandomState
        ``RandomState(42)`` draws what numpy_ml draws after ``np.random.seed(42)``.
    """
    global _rng
    _rng = new_rng
