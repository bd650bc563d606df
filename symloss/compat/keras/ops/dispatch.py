"""Each operation twice: on arrays at once, by numpy; on PyTensor variables as an expression, which has a gradient."""

import numpy as np
import pytensor.tensor as pt

from ..backend import floatx, is_float_dtype, result_type
from ..tensors import Tensor, Variable, as_tensor, is_expression


def operand(x, symbolic: bool, dtype=None):
    """Return `x` as an expression where `symbolic`, else as an array; of a dtype, if one is given."""
    if not symbolic:
        return as_tensor(x, dtype)
    if not is_expression(x):
        x = pt.as_tensor_variable(np.asarray(as_tensor(x, dtype)))
    elif isinstance(x, list | tuple):
        x = pt.stack([operand(one, True, dtype) for one in x])
    return x if dtype in (None, x.dtype) else x.astype(dtype)


def one(x, floats: bool = False):
    """Return (x, np or pt): `x` as an array or an expression, with integers converted to floats if necessary."""
    symbolic = is_expression(x)
    x = operand(x, symbolic)
    if floats and not is_float_dtype(str(x.dtype)) and not str(x.dtype).startswith("complex"):
        x = x.astype(floatx())
    return x, pt if symbolic else np


def several(*given, floats: bool = False):
    """Return ([arrays or expressions], np or pt), all of one dtype: Python's numbers take that of the others.

    As in Keras, floats win over integers of any size: float32 and int64 give float32.
    """
    symbolic = any(is_expression(x) for x in given)
    weak = [isinstance(x, bool | int | float) for x in given]
    made = [x if w else operand(x, symbolic) for x, w in zip(given, weak, strict=True)]
    dtypes = [str(x.dtype) for x, w in zip(made, weak, strict=True) if not w]
    numbers = [type(x) for x, w in zip(made, weak, strict=True) if w]
    dtype = result_type(*dtypes) if dtypes else result_type(*numbers)
    if float in numbers and dtype.startswith(("int", "uint", "bool")):
        dtype = floatx()
    elif int in numbers and dtype == "bool":
        dtype = "int32"
    if floats and dtype.startswith(("int", "uint", "bool")):
        dtype = floatx()
    return [operand(x, symbolic, dtype) for x in made], pt if symbolic else np


def finished(x):
    """Return an array as a `Tensor`, and an expression as it is."""
    return x if is_expression(x) or isinstance(x, Tensor) else np.asarray(x).view(Tensor)


def named(function, name: str, text: str):
    """Return a function with its name and docstring."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


def unary(name: str, of_arrays=None, of_expressions=None, floats: bool = False):
    """Return the operation `name` of one tensor; the functions are numpy's and PyTensor's of this name unless given."""
    pair = {np: of_arrays or getattr(np, name, None), pt: of_expressions or getattr(pt, name)}

    def operation(x):
        x, library = one(x, floats)
        return finished(pair[library](x))

    return named(operation, name, f"Return `{name}` of each element, an array or an expression in the shape of `x`.")


def binary(name: str, of_arrays=None, of_expressions=None, floats: bool = False):
    """Return the operation `name` of two tensors, see `unary`."""
    pair = {np: of_arrays or getattr(np, name, None), pt: of_expressions or getattr(pt, name)}

    def operation(x1, x2):
        (x1, x2), library = several(x1, x2, floats=floats)
        return finished(pair[library](x1, x2))

    return named(operation, name, f"Return `{name}` of two tensors, element by element; they are broadcast.")


def axes_of(axis, ndim: int) -> tuple:
    """Return axes as a tuple of numbers of at least 0; None means all of them."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, list | tuple) else (axis,)
    return tuple(int(a) % ndim if ndim else 0 for a in axes)


__all__ = ["Variable", "axes_of", "binary", "finished", "named", "one", "operand", "several", "unary"]
