"""The precision of models: `floatx` of this package, whatever PyTensor's own setting is."""

import functools

import pytensor

from .backend import floatx


def precise():
    """Return a context within which PyTensor's floats are those of the package."""
    return pytensor.config.change_flags(floatX=floatx())


def in_floatx(function):
    """Let a function run with the package's floats."""

    @functools.wraps(function)
    def wrapped(*arguments, **keywords):
        with precise():
            return function(*arguments, **keywords)

    return wrapped
