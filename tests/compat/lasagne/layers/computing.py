"""What the tests of layers share: values of expressions, in Python."""

import numpy as np
import pytensor

from symloss.compiling.functions import function
from symloss.compiling.modes import resolve


def value(expression, given=None):
    """Return what an expression is for a dict of arrays by variable."""
    given = given or {}
    return function(list(given), expression, resolve("PYTHON"))(*given.values())


def draws(*shape, seed=0):
    """Return normal numbers in floatX."""
    return np.random.default_rng(seed).normal(size=shape).astype(pytensor.config.floatX)
