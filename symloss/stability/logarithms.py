"""Logarithms of probabilities, drawn inwards to the logits that the probabilities were made of.

Every rule takes a variable and returns it as exp(exponent) * factor, with an exponent of any size and a factor that can
be computed with; or None if it knows nothing better than the variable itself.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import pytensor.tensor as pt
from pytensor.scalar import basic as scalars
from pytensor.tensor.basic import Join
from pytensor.tensor.math import Max, Prod, Sum

from . import patterns as forms
from .patterns import (
    SIGMOID,
    SOFTMAX,
    complement_of,
    constant,
    kind,
    parts,
    same,
    view_of,
)

LARGEST = 80  # exp of it is finite in float32


@dataclasses.dataclass(frozen=True)
class Scaled:
    """A variable as exp(exponent) * factor.

    Parameters
    ----------
    exponent : tensor
    factor : tensor or None
        None is 1.
    trail : tuple of (str, variable)
        The rules that led here, each with the variable it was used on.
    """

    exponent: object
    factor: object = None
    trail: tuple = ()

    def log(self):
        """Return the logarithm of the variable."""
        if self.factor is None:
            return self.exponent
        dtype = scalars.upcast(self.exponent.dtype, self.factor.dtype)  # a 0.5 comes as float32
        return self.exponent + pt.log(self.factor.astype(dtype))

    def through(self, function) -> "Scaled":
        """Return what a change of shape makes of it."""
        factor = None if self.factor is None else function(self.factor)
        return Scaled(function(self.exponent), factor, self.trail)

    def after(self, *steps) -> "Scaled":
        """Return the same, with more steps (name, variable) behind it."""
        return dataclasses.replace(self, trail=tuple(dict.fromkeys([*steps, *self.trail])))


@dataclasses.dataclass(frozen=True)
class Rule:
    """A named rule for the logarithm of what ops of some kinds make."""

    name: str
    kinds: tuple
    function: Callable
    summary: str


rules: dict[str, Rule] = {}


def rule(*kinds):
    """Register ``function(variable, look)`` as the rule for variables that ops of these kinds made."""

    def register(function):
        rules[function.__name__] = Rule(function.__name__, kinds, function, function.__doc__.splitlines()[0])
        return function

    return register


class Look:
    """Looks for the exponent of a variable, by those rules that are not switched off.

    Parameters
    ----------
    names : collection of str
        Of the rules that may be used.
    """

    def __init__(self, names):
        self.names = names
        self._found: dict = {}
        self._by_kind: dict = {}
        for entry in rules.values():
            for one in entry.kinds if entry.name in names else ():
                self._by_kind.setdefault(one, []).append(entry)

    def __call__(self, variable) -> Scaled | None:
        """Return `variable` as a Scaled, or None."""
        return self._once(variable, "itself", self._look)

    def complement(self, variable) -> Scaled | None:
        """Return 1 - `variable` as a Scaled, or None."""
        return self._once(variable, "complement", self._complement)

    def _once(self, variable, what, function):
        key = (variable, what)
        if key not in self._found:
            self._found[key] = function(variable)
        return self._found[key]

    def _look(self, variable):
        for entry in self._by_kind.get(kind(variable), ()):
            found = entry.function(variable, self)
            if found is not None:
                return found.after((entry.name, variable))
        return None

    def _complement(self, q):
        found, node = kind(q), q.owner
        if found is SIGMOID:
            return Scaled(-pt.softplus(node.inputs[0]))
        if found is SOFTMAX:
            logits = node.inputs[0]
            return Scaled(forms.log_one_minus_softmax(logits, forms.axes_of(node.op, logits.ndim)))
        for name, inside in _THROUGH:
            if name in self.names and (inner := inside(q)) is not None:
                rest = self.complement(inner)
                if rest is None:
                    return None
                return (rest.through(view_of(q)[1]) if name == "log_view" else rest).after((name, q))
        if found is scalars.Switch:
            condition, *branches = node.inputs
            return _choose(condition, [(b, self.complement(b)) for b in branches], lambda b: 1 - b)
        if found is Sum:
            return _rest_of_sum(node.inputs[0], node.op.axis, self)
        if found is scalars.Mul:
            return _rest_of_sum(q, (), self)
        inner = complement_of(q)
        return None if inner is None else self(inner)


# ------------------------------------------------------------------------------------------ where logarithms end


@rule(SOFTMAX)
def log_softmax(p, look):
    """log(softmax(x)) from x less its greatest entry."""
    logits = p.owner.inputs[0]
    return Scaled(forms.log_softmax(logits, forms.axes_of(p.owner.op, logits.ndim)))


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
    """log(1 + exp(x)) = softplus(x)."""
    x = forms.one_plus_exp(p)
    return None if x is None else Scaled(pt.softplus(x))


# ------------------------------------------------------------------------------------------ what is passed through


def _inside_view(p):
    seen = view_of(p)
    return None if seen is None else seen[0]


_THROUGH = (("log_view", _inside_view), ("log_clip", forms.inside_clip), ("log_epsilon", forms.beside_epsilon))


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
    """Logarithm of a quotient: the difference of the logarithms; of p / sum(p), a log-softmax of log(p)."""
    numerator, denominator = p.owner.inputs
    above = look(numerator)
    if above is not None and above.factor is None:
        axes = forms.summed_over(denominator, numerator)
        if axes is not None:
            return Scaled(forms.log_softmax(above.exponent, axes), None, above.trail)
    return _multiplied([(numerator, above, 1), (denominator, look(denominator), -1)])


def _multiplied(found) -> Scaled | None:
    """Return the product of (variable, Scaled or None, sign), sign -1 for what divides; None if there is no Scaled."""
    if all(one is None for _, one, _ in found):
        return None
    exponent, factor, trail = None, None, ()
    dtype = next(one.exponent.dtype for _, one, _ in found if one is not None)
    for variable, one, sign in found:
        term, scale = (None, variable) if one is None else (one.exponent, one.factor)
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
    inner = _full(inner, p.owner.inputs[0])
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
    inner = _full(inner, q)
    axes = tuple(range(inner.exponent.ndim)) if axes is None else tuple(axes)
    top, scaled = _brought_down([inner], axes)
    return Scaled(top.squeeze(axis=axes), scaled[0].sum(axis=axes), inner.trail)


@rule(Max)
def log_max(p, look):
    """log(max(w p)) = max(log(w) + log(p)), of those with a weight above 0."""
    inner = look(p.owner.inputs[0])
    if inner is None:
        return None
    inner = _full(inner, p.owner.inputs[0])
    logs = inner.exponent
    if inner.factor is not None:
        counts = pt.gt(inner.factor, 0)
        logs = pt.switch(counts, logs + pt.log(pt.switch(counts, inner.factor, 1)), np.asarray(-np.inf, logs.dtype))
    return Scaled(logs.max(axis=p.owner.op.axis), None, inner.trail)


@rule(scalars.Add)
def log_add(p, look):
    """log(a p + b q) from log(p) and log(q), less the greater of the two; also log(a p + 1 - a)."""
    given = parts(p, scalars.Add)
    terms = [look(term) for term in given]
    weights = [f for t, term in zip(given, terms, strict=True) if term is not None for f in parts(t, scalars.Mul)]
    for i, term in enumerate(given):
        if terms[i] is None and any(same(complement_of(term), w) for w in weights):
            terms[i] = _plain(term)
    if any(term is None or forms.is_shifted(term.exponent) for term in terms):
        return None
    return _added(terms)


def _plain(variable) -> Scaled:
    return Scaled(pt.zeros_like(variable), variable)


def _added(terms) -> Scaled:
    top, scaled = _brought_down(terms, None)
    return Scaled(top, sum(scaled[1:], scaled[0]), tuple(step for term in terms for step in term.trail))


def _brought_down(terms, axes):
    """Return (greatest exponent with a factor other than 0, the terms without it), along `axes` or among `terms`."""
    counted = [t.exponent if t.factor is None else
               pt.switch(pt.neq(t.factor, 0), t.exponent, np.asarray(-np.inf, t.exponent.dtype)) for t in terms]
    top = forms.greatest(counted[0] if axes else functools.reduce(pt.maximum, counted), axes or ())
    scaled = []
    for t in terms:
        below = t.exponent - top
        # a weight of 0 must not meet an infinity, and still has a gradient
        scaled.append(pt.exp(below) if t.factor is None else t.factor * pt.exp(pt.minimum(below, LARGEST)))
    return top, scaled


def _full(scaled, like) -> Scaled:
    """Return `scaled` with an exponent of the full shape of the variable that it is."""
    if scaled.exponent.type.broadcastable == like.type.broadcastable:
        return scaled
    factor = None if scaled.factor is None else pt.second(like, scaled.factor)
    return Scaled(pt.second(like, scaled.exponent), factor, scaled.trail)


# ------------------------------------------------------------------------------------------ choices


def _rest_of_sum(product, axes, look) -> Scaled | None:
    """Return 1 - sum(w p) as (1 - sum(w)) + sum(w (1 - p)): the first is 0 for a one-hot w, and nothing is lost."""
    w, rest = _weighted(product, look)
    if rest is None:
        return None
    w = pt.second(product, w.astype(rest.exponent.dtype))
    rest = _full(rest, product)
    factor = w if rest.factor is None else w * rest.factor
    axes = tuple(range(product.ndim)) if axes is None else tuple(axes)
    if not axes:
        return _added([Scaled(rest.exponent, factor, rest.trail), look.complement(w) or _plain(1 - w)])
    top, (scaled,) = _brought_down([Scaled(rest.exponent, factor)], axes)
    rest = Scaled(top.squeeze(axis=axes), scaled.sum(axis=axes), rest.trail)
    return _added([rest, _plain(1 - w.sum(axis=axes))])


def _weighted(product, look):
    """Return (w, 1 - p as a Scaled) of a product w p, or of switch(w, p, 0)."""
    if kind(product) is scalars.Switch:
        condition, p, zero = product.owner.inputs
        return (condition, look.complement(p)) if constant(zero) == 0 else (None, None)
    factors = parts(product, scalars.Mul)
    for i, factor in enumerate(factors):
        rest = look.complement(factor) if len(factors) > 1 else None
        if rest is not None:
            others = factors[:i] + factors[i + 1 :]
            return functools.reduce(pt.mul, others), rest
    return None, None


@rule(scalars.Switch)
def log_switch(p, look):
    """log(switch(c, p, q)) = switch(c, log(p), log(q))."""
    condition, *branches = p.owner.inputs
    return _choose(condition, [(branch, look(branch)) for branch in branches], lambda branch: branch)


def _choose(condition, branches, plain) -> Scaled | None:
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
    found = [_plain(v) if one is None else _full(one, v)
             for one, v in zip(found, pieces, strict=True)]
    factor = None
    if any(one.factor is not None for one in found):
        factor = p.owner.op(*axis, *(pt.ones_like(v) if one.factor is None else one.factor
                                      for one, v in zip(found, pieces, strict=True)))
    exponent = p.owner.op(*axis, *(one.exponent for one in found))
    return Scaled(exponent, factor, sum((one.trail for one in found), ()))
