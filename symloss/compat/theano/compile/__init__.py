"""theano.compile: functions, shared variables and modes."""

import pytensor
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable

from ....compiling import plain
from ..names import forwarding
from . import builders, nanguardmode, sharedvalue
from .builders import OpFromGraph
from .nanguardmode import NanGuardMode

__all__ = ["Function", "Mode", "NanGuardMode", "OpFromGraph", "SharedVariable", "builders", "function", "nanguardmode",
           "shared", "sharedvalue"]

Function = pytensor.compile.executor.Function if hasattr(pytensor.compile, "executor") else None


def function(inputs, outputs=None, mode=None, updates=None, givens=None, no_default_updates=False,
             accept_inplace=False, name=None, rebuild_strict=True, allow_input_downcast=None, profile=None,
             on_unused_input=None):
    """Return a compiled function of `inputs`.

    Parameters
    ----------
    inputs : list of variables or In
    outputs : variable, list or dict of them, or None
    mode : str, Mode or None
        'C' (also 'FAST_RUN'), 'NUMBA', 'JAX', 'PYTHON' (also 'FAST_COMPILE'), or a mode of PyTensor's. None: C, or
        NUMBA where there is no compiler.
    updates : dict or list of pairs
        New values of shared variables.
    givens : dict or list of pairs
        What takes the place of variables.
    no_default_updates, accept_inplace, name, rebuild_strict, allow_input_downcast, profile, on_unused_input
        As in Theano: they go to ``pytensor.function``.

    Raises
    ------
    UnusedInputError
        If an input is not used, unless ``on_unused_input`` is 'warn' or 'ignore'.
    TypeError
        If an update is of another dtype than its variable.
    """
    return plain.function(
        inputs, outputs, mode, updates=updates, givens=givens, no_default_updates=no_default_updates,
        accept_inplace=accept_inplace, name=name, rebuild_strict=rebuild_strict,
        allow_input_downcast=allow_input_downcast, profile=profile, on_unused_input=on_unused_input)


def shared(value, name=None, strict=False, allow_downcast=None, **kwargs):
    """Return a shared variable that holds `value`.

    Parameters
    ----------
    value : array, number, sparse matrix or random generator
    name : str
    strict, allow_downcast : bool
        What `set_value` takes: only the very type; or also what loses precision.
    **kwargs
        ``borrow`` (whether `value` itself is kept) and ``broadcastable`` (the axes of length 1 that may be stretched;
        without it none).
    """
    kwargs.pop("target", None) if kwargs.get("target") == "cpu" else None
    return pytensor.shared(value, name, strict, allow_downcast, **kwargs)


__getattr__ = forwarding("theano.compile", "pytensor.compile", "pytensor.compile.mode")
