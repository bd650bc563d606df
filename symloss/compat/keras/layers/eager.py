"""Layers called with arrays: their expressions, computed at once."""

import numpy as np
import pytensor.tensor as pt

from ....compiling import function, resolve
from ....layers import Context
from ..backend import floatx
from ..tensors import as_tensor, is_expression
from . import scope
from .tensors import flatten, mapped


def evaluated(layer, arguments, keywords):
    """Return what a layer makes of arrays; `training=True` among the keywords selects its behavior in training."""
    training = bool(keywords.get("training"))
    inputs, arrays = [], []

    def placed(one):
        if not isinstance(one, np.ndarray) and not hasattr(one, "__array__"):
            return one
        array = np.asarray(as_tensor(one))
        array = array.astype(floatx()) if array.dtype.kind == "f" else array
        inputs.append(pt.tensor(name=f"input{len(inputs)}", dtype=array.dtype, shape=(None, *array.shape[1:])))
        arrays.append(array)
        return inputs[-1]

    first = arguments[0] if arguments else None
    if isinstance(first, list | tuple) and first and not any(hasattr(one, "shape") for one in flatten(first)):
        arguments = (np.asarray(as_tensor(first)), *arguments[1:])  # nested lists of numbers
    expressions = mapped(placed, arguments), mapped(placed, keywords)
    context = Context(training, seed=int(np.random.default_rng().integers(2**31)))
    with scope.entered(context, []):
        layer.make(mapped(lambda one: tuple(one.type.shape) if is_expression(one) else (), expressions[0][0]))
        made = layer.run(*expressions)
    outputs = flatten(made)
    found = function(inputs, outputs, resolve("PYTHON"), updates=context.updates)(*arrays)
    by_variable = dict(zip(map(id, outputs), found, strict=True))
    return mapped(lambda one: as_tensor(by_variable[id(one)]), made)
