"""The terms of a loss by name: numerators and denominators whose sums over batches give an exact mean."""

import inspect

import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from .._checks import is_number
from ..errors import ShapeError, SpecError
from .reduction import fraction, of_items
from .user_functions import in_words


def named_terms(loss, outputs, context=None) -> dict:
    """Return the terms of a loss as (numerator, denominator) by name.

    Parameters
    ----------
    loss : Loss
    outputs : dict
        Expressions by name.
    context : Context or None
        What `terms` gets as well, if it has an argument of this name. None means the context of validation.

    Raises
    ------
    SpecError
        If the `terms` of a user's class return something else.
    """
    if loss.own_terms:
        more = {"context": context} if "context" in inspect.signature(loss.terms).parameters else {}
        with in_words(loss.name):
            found = loss.terms(outputs, **more)
    else:
        found = loss.terms(outputs)
    if not isinstance(found, dict) or not found:
        raise SpecError(f"loss {loss.name}: terms returned {found!r}, but it must return a dict of expressions by name")
    return {name: _as_fraction(loss, name, value, outputs) for name, value in found.items()}


def _as_fraction(loss, name, value, outputs) -> tuple:
    if isinstance(value, tuple) and len(value) == 2:
        return value
    if not isinstance(value, Variable) and not is_number(value):
        raise SpecError(f"loss {loss.name}: the term {name!r} is {value!r}, but it must be a scalar, a tensor whose "
                        "first axis is that of the items, or (numerator, denominator)")
    value = pt.as_tensor_variable(value)
    if value.ndim == 0:
        return whole_batch(loss, value, outputs)
    items = value if value.ndim == 1 else value.sum(axis=tuple(range(1, value.ndim)))
    weights = loss._weights
    if weights is not None and weights.ndim > 1:
        weights = of_items(weights)
    return fraction(items.astype(pytensor.config.floatX), weights, how=loss.how, negative=loss.negative_weights)


def whole_batch(loss, mean, outputs):
    """Return the parts of a batch mean that is one scalar: it counts by its rows, or by their weights."""
    if not isinstance(mean, Variable) and not is_number(mean):
        raise SpecError(f"loss {loss.name}: __call__ returned {mean!r}, but it must return a scalar expression, even "
                        "if self._weights is None")
    mean = pt.as_tensor_variable(mean)
    if mean.ndim != 0:
        raise ShapeError(f"loss {loss.name}: __call__ returned a tensor with {mean.ndim} axes. Return a scalar, for "
                         "example with .mean()")
    mean = mean.astype(pytensor.config.floatX)
    if loss.weighted:
        total = loss._weights.sum()
        return pt.switch(pt.eq(total, 0), 0, mean * total), total
    rows = pt.cast(next(iter(outputs.values())).shape[0], mean.dtype)
    return mean * rows, rows
