"""Weights and options of losses that move with the step: what a training step changes them to."""

import typing

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..errors import SpecError
from ..losses import GradNorm, Loss, divide


class Moving(typing.NamedTuple):
    """A number of a loss that moves: which one, where it stands, and what it follows."""

    what: str
    scalar: object
    rule: object


def _terms(objective) -> list:
    """Return the first term of each loss."""
    found: dict = {}
    for term in objective.training_terms:
        if isinstance(term.source, Loss):
            found.setdefault(id(term.source), term)
    return list(found.values())


def _value(objective, source):
    """Return the value of a loss: the sum of its terms."""
    return sum(divide(t.numerator, t.denominator) for t in objective.training_terms if t.source is source)


def moving(objective) -> list[Moving]:
    """Return the weights and options of losses that follow a schedule or a function of the step."""
    found = []
    for term in _terms(objective):
        weighing, options = term.source.weighing, term.source.options
        if callable(weighing.moving):
            found.append(Moving(f"weight of {term.name}", weighing.scalar, weighing.moving))
        found += [Moving(f"{name} of {term.name}", options.scalars[name], rule)
                  for name, rule in options.moving.items() if name in options.scalars]
    return found


def balanced(objective) -> list:
    """Return the terms whose weights GradNorm balances."""
    return [t for t in _terms(objective) if isinstance(t.source.weighing.moving, GradNorm)]


def settable(objective) -> list:
    """Return the shared scalars of losses that others may set between two steps: weights and options."""
    sources = [t.source for t in _terms(objective)]
    return [x.weighing.scalar for x in sources] + [s for x in sources for s in x.options.scalars.values()]


def begin(objective) -> None:
    """Set what moves with the steps to where it begins."""
    for one in moving(objective):
        one.scalar.set_value(np.asarray(one.rule(0), one.scalar.dtype))
    for term in balanced(objective):
        weighing = term.source.weighing
        weighing.scalar.set_value(np.asarray(weighing.moving.start, weighing.scalar.dtype))


def begin_pass(objective, number: int) -> None:
    """Set what moves with the passes over the data, of which `number` are done."""
    for one in moving(objective):
        if getattr(one.rule, "by_pass", False):
            one.scalar.set_value(np.asarray(one.rule(number), one.scalar.dtype))


def changes(objective, step) -> dict:
    """Return the next value by shared variable; `step` is the number of the present update, from 0."""
    found, terms = {}, balanced(objective)
    for one in moving(objective):
        one.scalar.name = one.what
        if not getattr(one.rule, "by_pass", False):
            found[one.scalar] = pt.as_tensor_variable(one.rule(step + 1)).astype(one.scalar.dtype)
    for term in terms:
        term.source.weighing.scalar.name = f"weight of {term.name}"
    return found | (_balanced(objective, terms, step) if terms else {})


def _balanced(objective, terms, step) -> dict:
    """Return the next weights of GradNorm, and the first values of the losses that it remembers."""
    weights = [t.source.weighing.scalar for t in terms]
    values = [_value(objective, t.source) for t in terms]
    shared = _last_shared(objective, terms, values)
    found, firsts = {}, []
    for term, value in zip(terms, values, strict=True):
        first = pytensor.shared(np.zeros((), value.dtype), name=f"first {term.name}", shape=())
        firsts.append(pt.switch(pt.eq(step, 0), value, first))
        found[first] = firsts[-1].astype(first.dtype)
    slopes = [pytensor.grad(value, shared, disconnected_inputs="ignore") for value in values]
    norms = pt.stack([pt.sqrt(sum(pt.sqr(g).sum() for g in some)) for some in slopes])
    left = divide(pt.stack(values), pt.stack(firsts))
    options = terms[0].source.weighing.moving
    old = pt.stack(weights)
    pulls = old * norms
    wanted = pulls.mean() * divide(left, left.mean() * pt.ones_like(left)) ** options.alpha
    known = pt.gt(pulls, 0) & pt.gt(wanted, 0)  # a loss without a slope keeps its weight
    new = pt.switch(known, old * (pt.switch(known, wanted, 1) / pt.switch(known, pulls, 1)) ** options.rate, old)
    new = new * (old.sum() / new.sum())  # the sum stays what it was
    for index, weight in enumerate(weights):
        found[weight] = new[index].astype(weight.dtype)
    return found


def _last_shared(objective, terms, values) -> list:
    """Return the parameters of the last layer that all `terms` depend on."""
    if len(terms) < 2:
        raise SpecError(f"weight gradnorm: only {terms[0].name} has it, but it balances two losses or more. Pass it "
                        "to another loss, too")
    if len({t.source.weighing.moving for t in terms}) > 1:
        raise SpecError("weight gradnorm: the losses have different options for it. Pass the same options to all")
    reached = None
    for value in values:
        slopes = pytensor.grad(value, list(objective.graph.parameters.values()), disconnected_inputs="ignore",
                               return_disconnected="none")
        mine = {p for p, g in zip(objective.graph.parameters.values(), slopes, strict=True) if g is not None}
        reached = mine if reached is None else reached & mine
    for layer in reversed(objective.graph.layers):
        found = [p for p in layer.params.values() if p in reached]
        if found:
            return found
    raise SpecError(f"weight gradnorm: the losses {', '.join(t.name for t in terms)} share no layer with parameters, "
                    "so there is nothing to balance")
