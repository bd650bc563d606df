"""Logarithms of probabilities, drawn inwards to the logits that the probabilities were made of.

Every rule takes a variable and returns it as exp(exponent) * factor, with an exponent of any size and a factor that can
be computed with; or None if it knows nothing better than the variable itself.
"""

import dataclasses
import functools

import numpy as np
import pytensor.tensor as pt
from pytensor.scalar import basic as scalars
from pytensor.tensor.basic import Join
from pytensor.tensor.math import Max, Prod, Sum

from . import patterns as forms
from . import stable_forms
from .patterns import SIGMOID, SOFTMAX, complement_of, constant, kind, parts, same, view_of
from .scaled import LARGEST, Scaled, is_unbounded, one_plus, plain, rule

# ------------------------------------------------------------------------------------------ where logarithms end


@rule(SOFTMAX)
def log_softmax(p, look):
    """log(softmax(x)) from x less its greatest entry."""
    logits = p.owner.inputs[0]
    return Scaled(stable_forms.log_softmax(logits, forms.axes_of(p.owner.op, logits.ndim)))


@rule(SIGMOID)
def log_sigmoid(p, look):
    """log(sigmoid(x)) = -softplus(-x)."""
    return Scaled(-pt.softplus(-p.owner.inputs[0]))


@rule(scalars.Exp)
def log_exp(p, look):
    """log(exp(x)) = x."""
    return Scaled(p.owner.inputs[0])


@rule(scalars.Sub, scalars.Add)
def log_one_minus(p, look):
    """log(1 - p) from the logits of p: -softplus(x) for a sigmoid."""
    q = complement_of(p)
    if q is None:
        return None
    if _guarded(p) and "log_epsilon" not in look.names:
        return None
    found = look.complement(q)
    return found.after(("log_epsilon", p)) if found is not None and _guarded(p) else found


def _guarded(p) -> bool:
    terms = p.owner.inputs[:1] if kind(p) is scalars.Sub else parts(p, scalars.Add)
    return sum(value for t in terms if (value := constant(t)) is not None) != 1


@rule(scalars.Add)
def log_one_plus_exp(p, look):
    """log(1 + a exp(x)) = softplus(x + log(a))."""
    x = forms.one_plus_exp(p)
    if x is not None:
        return Scaled(pt.softplus(x))
    other = forms.beside(p, scalars.Add, 1)
    found = None if other is None else look(other)
    return one_plus(found) if found is not None and is_unbounded(found) else None


# ------------------------------------------------------------------------------------------ what is passed through


@rule(*forms.VIEWS, scalars.Cast)
def log_view(p, look):
    """Logarithm of an index, a change of shape or dtype, or a gradient's marker: the same of the logarithm."""
    seen = view_of(p)
    if seen is None:
        return None
    inner = look(seen[0])
    return None if inner is None else inner.through(seen[1])


@rule(scalars.Clip, scalars.ScalarMaximum, scalars.ScalarMinimum, scalars.Switch)
def log_clip(p, look):
    """log(clip(p, eps, 1 - eps)) = log(p), eps up to 0.001: the logarithm is finite without it, and has a gradient."""
    inner = forms.inside_clip(p)
    return None if inner is None else look(inner)


@rule(scalars.Add)
def log_epsilon(p, look):
    """log(p + eps) = log(p), eps up to 0.001: the logarithm is finite without it."""
    inner = forms.beside_epsilon(p)
    return None if inner is None else look(inner)


@rule(scalars.Add)
def log_floor(p, look):
    """Logarithm of p + disconnected_grad(maximum(p, least) - p), which is p with a floor: log(p)."""
    inner = forms.above_floor(p)
    return None if inner is None else look(inner)


# ------------------------------------------------------------------------------------------ arithmetic


@rule(scalars.Mul)
def log_product(p, look):
    """Logarithm of a product: the sum of the logarithms."""
    found = [(factor, look(factor)) for factor in p.owner.inputs]
    return _multiplied([(factor, one, 1) for factor, one in found])


@rule(scalars.TrueDiv)
def log_quotient(p, look):
    """Logarithm of a quotient: the difference of the logarithms; of p / sum(p) a log-softmax, of a / (a + b) exact."""
    numerator, denominator = p.owner.inputs
    above = look(numerator)
    if above is not None and above.factor is None:
        axes = forms.summed_over(denominator, numerator)
        if axes is not None:
            return Scaled(stable_forms.log_softmax(above.exponent, axes), None, above.trail)
    found = _multiplied([(numerator, above, 1), (denominator, look(denominator), -1)])
    share = share_of_sum(numerator, denominator, look)
    if found is None or share is None:
        return found
    return Scaled(share.choose(-pt.softplus(share.others - share.own), found.log()), None, found.trail)


@dataclasses.dataclass(frozen=True)
class Share:
    """A share a / (a + b), which is a sigmoid of log(a) - log(b).

    Parameters
    ----------
    own, others : tensor
        The logarithms of a and of b.
    is_sure : True or boolean tensor
        Whether both of them are above 0.
    trail : tuple
    """

    own: object
    others: object
    is_sure: object
    trail: tuple

    def choose(self, value, otherwise):
        """Return `value` where both are above 0."""
        return value if self.is_sure is True else pt.switch(self.is_sure, value, otherwise)


def share_of_sum(numerator, denominator, look) -> Share | None:
    """Return the share that a quotient is, if its numerator is a term of its denominator; else None."""
    terms = parts(denominator, scalars.Add)
    place = next((i for i, term in enumerate(terms) if same(term, numerator)), None)
    if place is None or len(terms) == 1:
        return None
    found = [look(term) for term in terms]
    if all(one is None for one in found) or any(one is not None and forms.is_shifted(one.exponent) for one in found):
        return None
    rest = [plain(v.astype(denominator.dtype)) if one is None else one for v, one in zip(terms, found, strict=True)]
    trail = tuple(step for one in rest for step in one.trail)
    own = rest.pop(place)
    others = rest[0] if len(rest) == 1 else added(rest)
    signs = [one.factor for one in (own, others) if one.factor is not None and not (constant(one.factor) or 0) > 0]
    sure = functools.reduce(pt.and_, [pt.gt(factor, 0) for factor in signs]) if signs else True
    own, others = (one if one.factor is None or sure is True else
                   Scaled(one.exponent, pt.switch(sure, one.factor, 1)) for one in (own, others))
    return Share(own.log(), others.log(), sure, trail)


def _multiplied(found) -> Scaled | None:
    """Return the product of (variable, Scaled or None, sign), sign -1 for what divides; None if there is no Scaled."""
    if all(one is None for _, one, _ in found):
        return None
    exponent, factor, trail = None, None, ()
    dtype = next(one.exponent.dtype for _, one, _ in found if one is not None)
    for variable, one, sign in found:
        term, scale = (None, variable) if one is None else (one.exponent, one.factor)
        scale = None if scale is not None and constant(scale) == 1 else scale
        trail += () if one is None else one.trail
        if term is not None:
            term = term if sign == 1 else -term
            exponent = term if exponent is None else exponent + term
        if scale is not None:  # a one-hot of booleans is no number that a gradient can be taken by
            scale = scale if scale.dtype.startswith("float") else scale.astype(dtype)
            scale = scale if sign == 1 else 1 / scale
            factor = scale if factor is None else factor * scale
    return Scaled(exponent, factor, trail)


@rule(Prod)
def log_prod(p, look):
    """Logarithm of a product along axes: the sum of the logarithms."""
    inner, axes = look(p.owner.inputs[0]), p.owner.op.axis
    if inner is None:
        return None
    inner = full(inner, p.owner.inputs[0])
    factor = None if inner.factor is None else inner.factor.prod(axis=axes)
    return Scaled(inner.exponent.sum(axis=axes), factor, inner.trail)


@rule(scalars.Abs)
def log_size(p, look):
    """log(abs(p)) = log(p)."""
    inner = look(p.owner.inputs[0])
    if inner is None:
        return None
    return Scaled(inner.exponent, None if inner.factor is None else pt.abs(inner.factor), inner.trail)


@rule(scalars.Pow, scalars.Sqr, scalars.Sqrt, scalars.Reciprocal)
def log_power(p, look):
    """log(p ** c) = c log(p)."""
    inner = look(p.owner.inputs[0])
    if inner is None:
        return None
    fixed = {scalars.Sqr: 2, scalars.Sqrt: 0.5, scalars.Reciprocal: -1}.get(kind(p))
    power = p.owner.inputs[1] if fixed is None else pt.as_tensor_variable(fixed).astype(inner.exponent.dtype)
    factor = None if inner.factor is None else inner.factor**power
    return Scaled(power * inner.exponent, factor, inner.trail)


@rule(Sum)
def log_sum(p, look):
    """log(sum(w p)) from log(p), less its greatest entry among those with a weight other than 0."""
    q, axes = p.owner.inputs[0], p.owner.op.axis
    inner = look(q)
    if inner is None or forms.is_shifted(inner.exponent):
        return None
    if kind(q) is SOFTMAX and forms.axes_of(p.owner.op, q.ndim) == forms.axes_of(q.owner.op, q.ndim):
        return Scaled(pt.zeros_like(p))  # the logarithm of 1
    inner = full(inner, q)
    axes = tuple(range(inner.exponent.ndim)) if axes is None else tuple(axes)
    top, scaled = brought_down([inner], axes)
    return Scaled(top.squeeze(axis=axes), scaled[0].sum(axis=axes), inner.trail)


@rule(Max)
def log_max(p, look):
    """log(max(w p)) = max(log(w) + log(p)), of those with a weight above 0."""
    inner = look(p.owner.inputs[0])
    if inner is None:
        return None
    inner = full(inner, p.owner.inputs[0])
    logs = inner.exponent
    if inner.factor is not None:
        counts = pt.gt(inner.factor, 0)
        logs = pt.switch(counts, logs + pt.log(pt.switch(counts, inner.factor, 1)), np.asarray(-np.inf, logs.dtype))
    return Scaled(logs.max(axis=p.owner.op.axis), None, inner.trail)


@rule(scalars.Add)
def log_add(p, look):
    """log(a p + b q) from log(p) and log(q), less the greater of the two; also log(a p + 1 - a), log(a + exp(x))."""
    given = parts(p, scalars.Add)
    terms = [look(term) for term in given]
    weights = [f for t, term in zip(given, terms, strict=True) if term is not None for f in parts(t, scalars.Mul)]
    for i, term in enumerate(given):
        if terms[i] is None and any(same(complement_of(term), w) for w in weights):
            terms[i] = plain(term)
    if any(term is not None and is_unbounded(term) for term in terms):
        terms = [plain(v.astype(p.dtype)) if one is None else one for v, one in zip(given, terms, strict=True)]
    if any(term is None or forms.is_shifted(term.exponent) for term in terms):
        return None
    return added(terms)


def added(terms) -> Scaled:
    """Return the sum of terms."""
    top, scaled = brought_down(terms, None)
    return Scaled(top, sum(scaled[1:], scaled[0]), tuple(step for term in terms for step in term.trail))


def brought_down(terms, axes):
    """Return (greatest exponent with a factor other than 0, the terms without it), along `axes` or among `terms`."""
    counted = [t.exponent if t.factor is None else
               pt.switch(pt.neq(t.factor, 0), t.exponent, np.asarray(-np.inf, t.exponent.dtype)) for t in terms]
    top = stable_forms.greatest(counted[0] if axes else functools.reduce(pt.maximum, counted), axes or ())
    scaled = []
    for t in terms:
        below = t.exponent - top
        # a weight of 0 must not meet an infinity, and still has a gradient
        scaled.append(pt.exp(below) if t.factor is None else t.factor * pt.exp(pt.minimum(below, LARGEST)))
    return top, scaled


def full(scaled, like) -> Scaled:
    """Return `scaled` with an exponent of the full shape of the variable that it is."""
    if scaled.exponent.type.broadcastable == like.type.broadcastable:
        return scaled
    factor = None if scaled.factor is None else pt.second(like, scaled.factor)
    return Scaled(pt.second(like, scaled.exponent), factor, scaled.trail)


# ------------------------------------------------------------------------------------------ choices


@rule(scalars.Switch)
def log_switch(p, look):
    """log(switch(c, p, q)) = switch(c, log(p), log(q))."""
    condition, *branches = p.owner.inputs
    return choose(condition, [(branch, look(branch)) for branch in branches], lambda branch: branch)


def choose(condition, branches, plain) -> Scaled | None:
    """Return the choice between (variable, Scaled or None); ``plain(variable)`` is the factor of what is no Scaled."""
    if all(found is None for _, found in branches):
        return None
    exponents = [0 if found is None else found.exponent for _, found in branches]
    factors = [plain(v) if found is None else found.factor for v, found in branches]
    factor = None
    if any(f is not None for f in factors):
        factor = pt.switch(condition, *(1 if f is None else f for f in factors))
    trail = tuple(step for _, found in branches if found is not None for step in found.trail)
    return Scaled(pt.switch(condition, *exponents), factor, trail)


@rule(Join)
def log_join(p, look):
    """Logarithm of pieces that are joined: the logarithms, joined."""
    first = 0 if hasattr(p.owner.op, "axis") else 1  # older PyTensors pass the axis as an input
    axis, pieces = p.owner.inputs[:first], p.owner.inputs[first:]
    found = [look(piece) for piece in pieces]
    if all(one is None for one in found):
        return None
    found = [plain(v) if one is None else full(one, v)
             for one, v in zip(found, pieces, strict=True)]
    factor = None
    if any(one.factor is not None for one in found):
        factor = p.owner.op(*axis, *(pt.ones_like(v) if one.factor is None else one.factor
                                      for one, v in zip(found, pieces, strict=True)))
    exponent = p.owner.op(*axis, *(one.exponent for one in found))
    return Scaled(exponent, factor, sum((one.trail for one in found), ()))
