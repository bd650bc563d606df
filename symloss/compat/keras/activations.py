"""Activations: functions of an array, or of a PyTensor variable, by name."""

import inspect

from ...errors import SpecError
from . import ops
from .ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    swish,
    tanh,
    tanh_shrink,
    threshold,
)
from .serialization import as_config, from_config


def linear(x):
    """Return x."""
    return x


def exponential(x):
    """Return exp(x)."""
    return ops.exp(x)


def gelu(x, approximate=False):
    """Return x times the normal distribution function, or an approximation of it; see `ops.gelu`."""
    return ops.gelu(x, approximate)


def mish(x):
    """Return x tanh(softplus(x))."""
    return ops.multiply(x, ops.tanh(ops.softplus(x)))


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """Return x above `threshold`, at most `max_value`. Below, return negative_slope * (x - threshold)."""
    if max_value is not None and max_value < 0:
        raise SpecError(f"relu: max_value={max_value} is not valid; it must be a number of at least 0")
    if not negative_slope and not threshold:
        return ops.relu(x) if max_value is None else ops.clip(x, 0, max_value)
    x = ops.add(x, 0.0)
    above = ops.where(x > threshold if threshold else x > 0, x, 0.0)
    above = above if max_value is None else ops.minimum(above, max_value)
    return above - negative_slope * ops.relu(threshold - x) if negative_slope else above


_ALL = {function.__name__: function for function in (
    celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear, log_sigmoid,
    log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign, sparse_plus,
    sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold)}
_ALL |= {"swish": silu, "hard_swish": hard_silu}


def get(identifier):
    """Return an activation: a function, found by its name or its configuration; None is `linear`.

    Raises
    ------
    BadNameError
        If the name is unknown. The message suggests the nearest names.
    """
    if identifier is None:
        return linear
    if callable(identifier) and not inspect.isclass(identifier):
        return identifier
    return deserialize(identifier)


def serialize(activation):
    """Return an activation as its name."""
    return as_config(activation, "keras.activations")


def deserialize(config, custom_objects=None):
    """Return the activation of this name."""
    return from_config(config, "activation", _ALL, custom_objects)


__all__ = [
    "celu", "deserialize", "elu", "exponential", "gelu", "get", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "serialize", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold",
]
