"""Checks and changes of gradients before anything is compiled."""

import copy

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedGrad, ZeroGrad
from pytensor.scalar import basic as scalars
from pytensor.tensor.elemwise import Elemwise

from ..metrics import Figure
from ..objective import Term

FLAT = tuple(
    getattr(scalars, name)
    for name in ("Sign", "Floor", "Ceil", "Trunc", "RoundHalfToEven", "RoundHalfAwayFromZero", "IntDiv")
    if hasattr(scalars, name)
)


def watched(objective):
    """Return an objective like `objective` that shows each gradient's squared norm as 'grad(hid1.w)'."""
    twin, parameters = copy.copy(objective), objective.parameters
    slopes = pytensor.grad(objective.total, list(parameters.values()), disconnected_inputs="ignore")
    shown = [Term(f"grad({name})", Figure((pt.sqr(g).sum(), pt.constant(1, dtype=g.dtype))))
             for name, g in zip(parameters, slopes, strict=True)]
    twin.training_terms, twin.evaluation_terms = [*objective.training_terms, *shown], list(objective.evaluation_terms)
    return twin


def reachable(total) -> set:
    """Return all variables that `total` varies with continuously: those a gradient can reach.

    Comparisons, roundings, signs, integers and what is marked as constant let no gradient through.
    """
    seen, waiting = set(), [total]
    while waiting:
        variable = waiting.pop()
        if variable in seen or not str(getattr(variable.type, "dtype", "")).startswith(("float", "complex")):
            continue
        seen.add(variable)
        if variable.owner is not None and not _is_flat(variable.owner.op):
            waiting += _connected(variable)
    return seen


def _is_flat(op) -> bool:
    if isinstance(op, DisconnectedGrad | ZeroGrad):
        return True
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, FLAT)


def _connected(variable):
    node = variable.owner
    try:
        pattern = node.op.connection_pattern(node)
    except (AttributeError, NotImplementedError):
        return node.inputs
    which = node.outputs.index(variable)
    return [value for value, connected in zip(node.inputs, pattern, strict=True) if connected[which]]


def max_gradient_norm(slopes: dict, limit) -> dict:
    """Return gradients scaled down so that the root of the sum of all squares is at most `limit`."""
    factor = _shrink(pt.sqrt(sum(pt.sqr(g).sum() for g in slopes.values())), limit)
    return {p: g * factor.astype(g.dtype) for p, g in slopes.items()}


def max_parameter_gradient_norm(slopes: dict, limit) -> dict:
    """Return gradients scaled down, each by itself, so that its norm is at most `limit`."""
    return {p: g * _shrink(pt.sqrt(pt.sqr(g).sum()), limit).astype(g.dtype) for p, g in slopes.items()}


def max_gradient_element(slopes: dict, limit) -> dict:
    """Return gradients whose elements are cut off at -`limit` and `limit`."""
    return {p: pt.clip(g, -limit, limit).astype(g.dtype) for p, g in slopes.items()}


def _shrink(norm, limit):
    return pt.switch(pt.gt(norm, limit), limit / pt.maximum(norm, np.finfo(norm.dtype).tiny), 1)


def hessian_vector(slopes: dict, parameters: list, seed: int):
    """Return (products of the Hessian with random normal vectors by parameter, updates of the generators)."""
    changes, vectors = {}, {}
    for index, p in enumerate(parameters):
        rng = pytensor.shared(np.random.default_rng([seed, 7, index]), name=f"direction of {p.name}")
        draw = pt.random.normal(0, 1, size=p.shape, rng=rng, dtype=p.dtype, return_next_rng=True)
        changes[rng], vectors[p] = draw
    along = sum((slopes[p] * vectors[p]).sum() for p in parameters)
    products = pytensor.grad(along, parameters, consider_constant=list(vectors.values()), disconnected_inputs="ignore")
    return dict(zip(parameters, products, strict=True)), changes
