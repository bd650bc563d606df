"""Conditions and repetition."""

import numpy as np

from ..tensors import as_tensor, is_expression
from .elementwise import where
from .shaping import stack, unstack


def cond(pred, true_fn, false_fn):
    """Return true_fn() or false_fn(); of a condition that has no value yet, both are built, and one is chosen."""
    if not is_expression(pred):
        return true_fn() if bool(np.asarray(as_tensor(pred))) else false_fn()
    yes, no = true_fn(), false_fn()
    if isinstance(yes, list | tuple):
        return type(yes)(where(pred, a, b) for a, b in zip(yes, no, strict=True))
    return where(pred, yes, no)


def map(f, xs):
    """Return f of each part along the first axis, beside each other; the length must be known."""
    return stack([f(part) for part in unstack(xs)])


def vectorized_map(function, elements):
    """Return the function of each part along the first axis, see `map`."""
    return map(function, elements)


def select(condlist, choicelist, default=0):
    """Return for each element the first choice whose condition holds."""
    found = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        found = where(condition, choice, found)
    return found


def fori_loop(lower, upper, body_fun, init_val):
    """Return what a value becomes: ``value = body_fun(i, value)`` for i from `lower` below `upper`."""
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value
