"""Weights of losses that move with the step: what a training step changes them to."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..errors import SpecError
from ..losses import GradNorm, Loss, divide


def moving(objective) -> list:
    """Return the terms whose weight moves with the step or is balanced by it."""
    terms = [t for t in objective.training_terms if isinstance(t.source, Loss)]
    return [t for t in terms if isinstance(t.source.moving, GradNorm) or callable(t.source.moving)]


def changes(objective, step) -> dict:
    """Return the next weight by shared variable; `step` is the number of the present update, from 0."""
    found, balanced = {}, []
    for term in moving(objective):
        loss = term.source
        loss._weight.name = f"weight of {term.name}"
        if isinstance(loss.moving, GradNorm):
            balanced.append(term)
        elif not loss.moving.by_pass:
            found[loss._weight] = loss.moving(step + 1).astype(loss._weight.dtype)
    return found | (_balanced(objective, balanced, step) if balanced else {})


def _balanced(objective, terms, step) -> dict:
    """Return the next weights of GradNorm, and the first values of the losses that it remembers."""
    shared = _last_shared(objective, terms)
    weights = [t.source._weight for t in terms]
    values = [divide(t.numerator, t.denominator) for t in terms]
    found, firsts = {}, []
    for term, value in zip(terms, values, strict=True):
        first = pytensor.shared(np.zeros((), value.dtype), name=f"first {term.name}", shape=())
        firsts.append(pt.switch(pt.eq(step, 0), value, first))
        found[first] = firsts[-1].astype(first.dtype)
    slopes = [pytensor.grad(value, shared, disconnected_inputs="ignore") for value in values]
    norms = pt.stack([pt.sqrt(sum(pt.sqr(g).sum() for g in some)) for some in slopes])
    left = divide(pt.stack(values), pt.stack(firsts))
    options = terms[0].source.moving
    old = pt.stack(weights)
    pulls = old * norms
    wanted = pulls.mean() * divide(left, left.mean() * pt.ones_like(left)) ** options.alpha
    known = pt.gt(pulls, 0) & pt.gt(wanted, 0)  # a loss without a slope keeps its weight
    new = pt.switch(known, old * (pt.switch(known, wanted, 1) / pt.switch(known, pulls, 1)) ** options.rate, old)
    new = new * (old.sum() / new.sum())  # the sum stays what it was
    for index, weight in enumerate(weights):
        found[weight] = new[index].astype(weight.dtype)
    return found


def _last_shared(objective, terms) -> list:
    """Return the parameters of the last layer that all `terms` depend on."""
    if len(terms) < 2:
        raise SpecError(f"weight gradnorm: only {terms[0].name} has it; it balances two losses or more")
    if len({t.source.moving for t in terms}) > 1:
        raise SpecError("weight gradnorm: the losses have different options of it; pass the same to all")
    reached = None
    for term in terms:
        slopes = pytensor.grad(term.numerator, list(objective.graph.parameters.values()), disconnected_inputs="ignore",
                               return_disconnected="none")
        mine = {p for p, g in zip(objective.graph.parameters.values(), slopes, strict=True) if g is not None}
        reached = mine if reached is None else reached & mine
    for layer in reversed(objective.graph.layers):
        found = [p for p in layer.params.values() if p in reached]
        if found:
            return found
    raise SpecError(f"weight gradnorm: {', '.join(t.name for t in terms)} share no layer with parameters")
