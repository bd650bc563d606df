"""theano.compile: functions, shared variables and modes."""

import warnings

import numpy as np
import pytensor
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable

from ....compiling import plain, resolve
from ....errors import SymlossError
from ..names import forwarding
from ..tensor.nnet.labels import look_before
from ..tensor.nnet.labels_in_jax import tell_jax
from . import builders, mode, nanguardmode, sharedvalue
from .builders import OpFromGraph
from .nanguardmode import NanGuardMode

__all__ = [
    "Function", "Mode", "NanGuardMode", "OpFromGraph", "SharedVariable", "UpdateError", "builders", "function", "mode",
    "nanguardmode", "shared", "sharedvalue",
]

Function = pytensor.compile.Function


class UpdateError(SymlossError, TypeError):
    """A shared variable and an update of a type that it cannot hold."""


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
        Replacements of variables.
    no_default_updates, accept_inplace, name, rebuild_strict, allow_input_downcast, profile, on_unused_input
        As in Theano: they go to ``pytensor.function``.

    Raises
    ------
    UnusedInputError
        If an input is not used, unless ``on_unused_input`` is 'warn' or 'ignore'.
    TypeError
        If an update is of another dtype than its variable.
    """
    _tell_jax(mode)
    options = {"no_default_updates": True} if no_default_updates else {}
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Numba will use object mode to run Checked")
            return plain.function(
                inputs, outputs, mode, updates=updates, givens=givens, accept_inplace=accept_inplace, name=name,
                rebuild_strict=rebuild_strict, allow_input_downcast=allow_input_downcast, profile=profile,
                on_unused_input=on_unused_input, prepare=look_before, **options)
    except TypeError as error:
        raise _explained(updates, error) from error


def _explained(updates, error):
    """Return the error for an update that its shared variable cannot hold, or `error` itself."""
    for variable, value in dict(updates or ()).items():
        old, new = getattr(variable, "dtype", None), getattr(value, "dtype", None)
        if None not in (old, new) and old != new and not np.can_cast(new, old):
            return UpdateError(
                f"function: the shared variable {variable.name!r} has dtype {old}, but its update has dtype "
                f"{new}. Make numbers, rates and targets of theano.config.floatX ({pytensor.config.floatX}), since "
                f"float32 together with int32 or int64 gives float64. You can also cast the update: "
                f"update.astype({old!r})")
    return error


def _tell_jax(mode):
    """Let JAX know how labels are looked at."""
    if mode is not None and resolve(mode).by_shape:
        tell_jax()


def shared(value, name=None, strict=False, allow_downcast=None, **kwargs):
    """Return a shared variable that holds `value`.

    Parameters
    ----------
    value : array, number, sparse matrix or random generator
    name : str
    strict, allow_downcast : bool
        Whether `set_value` only takes the exact type, or also values that lose precision.
    **kwargs
        ``borrow`` (whether `value` itself is kept) and ``broadcastable`` (the axes of length 1 that may be stretched;
        without it none).
    """
    if kwargs.get("target") == "cpu":
        del kwargs["target"]
    if kwargs.get("broadcastable") is not None:
        kwargs["shape"] = tuple(1 if one else None for one in kwargs.pop("broadcastable"))
    return pytensor.shared(value, name, strict, allow_downcast, **kwargs)


__getattr__ = forwarding("theano.compile", "pytensor.compile", "pytensor.compile.mode")
