"""Arrays in, arrays out: functions compiled once for each formula, its options, and the ranks of its arrays."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ... import losses
from ...compiling import cached, function, resolve
from ...data import as_array
from .errors import BadArrayError, BadShapeError


def core(name: str):
    """Return the function of a loss of symloss."""
    return losses.get(name).function


def run(formula, arrays: dict, *options, fixed=()) -> list:
    """Compute a formula for arrays.

    Parameters
    ----------
    formula : function
        Takes a variable for each array, and the options; returns a list of expressions. It is the key under which the
        compiled function is kept, so it must not be made anew for each call.
    arrays : dict of array by name
    *options : hashable
        Options that are built into the function.
    fixed : names of arrays
        Arrays whose number of rows is built in as well. In mode C, all other arrays should have the same number of
        rows. This number then stays open, so one C file serves all batches.
    """
    kinds = tuple((name, str(array.dtype), (len(array) if name in fixed else None, *(None,) * array.ndim)[: array.ndim])
                  for name, array in arrays.items())
    return _compiled(formula, kinds, options, pytensor.config.mode)(*arrays.values())


@cached(256)
def _compiled(formula, kinds, options, mode):
    inputs = [pt.tensor(name=name, dtype=dtype, shape=shape) for name, dtype, shape in kinds]
    return function(inputs, formula(*inputs, *options), resolve(None))


def floats(who: str, **given) -> dict:
    """Return arrays of finite numbers in one float type: float32 if all floats are no wider, else float64.

    Raises
    ------
    BadArrayError
        For arrays without real numbers, and for NaN and infinity, with the place of the first.
    """
    arrays = {}
    for name, value in given.items():
        array = as_array(value, f"{who}: {name}")
        if array.dtype.kind not in "biuf":
            raise BadArrayError(f"{who}: {name} has dtype {array.dtype}, but it must contain real numbers")
        arrays[name] = array
    kinds = [a.dtype for a in arrays.values() if a.dtype.kind == "f"]
    dtype = "float32" if kinds and all(kind.itemsize <= 4 for kind in kinds) else "float64"
    arrays = {name: np.ascontiguousarray(array, dtype).reshape(array.shape) for name, array in arrays.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            at = np.argwhere(~np.isfinite(array))[0]
            raise BadArrayError(f"{who}: {name} contains {array[tuple(at)]} at {place(at)}, but all numbers must be "
                                f"finite. Find the first step that makes such a number, or leave the example out")
    return arrays


def place(index) -> str:
    """Return the place of a number in words.

    >>> place((3, 0))
    'row 3, column 0'
    """
    names = {1: ["row"], 2: ["row", "column"]}.get(len(index))
    if names is None:
        return f"index {tuple(int(i) for i in index)}" if len(index) else "its only value"
    return ", ".join(f"{name} {i}" for name, i in zip(names, index, strict=True))


def require_rank(who: str, name: str, array, *ranks: int, wanted: str) -> None:
    """Raise BadShapeError unless an array has one of these numbers of axes."""
    if array.ndim not in ranks:
        raise BadShapeError(f"{who}: {name} has shape {array.shape}; {wanted}")


def require_equal(who: str, name: str, array, other: str, like) -> None:
    """Raise BadShapeError unless two arrays have the same shape."""
    if array.shape != like.shape:
        raise BadShapeError(f"{who}: {name} has shape {array.shape}, but {other} has shape {like.shape}. Both must "
                            f"have the same shape, since nothing is broadcast. Reshape one of them")


def require_rows(who: str, name: str, array) -> None:
    """Raise BadShapeError if there are no examples."""
    if not len(array):
        raise BadShapeError(f"{who}: {name} has shape {array.shape}, which contains no examples; pass at least one")
