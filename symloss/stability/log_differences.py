"""Logarithms of differences and of hyperbolic functions, which lose all their digits where both terms are alike."""

import numpy as np
import pytensor.tensor as pt
from pytensor.scalar import basic as scalars

from . import patterns as forms
from . import stable_forms
from .patterns import SIGMOID, constant, kind, view_of
from .scaled import Scaled, is_guarded, one_plus, rule


@rule(scalars.Sub, scalars.Add)
def log_difference(p, look):
    """log(p - q) = log(p) + log(1 - q / p); of sigmoids, from the difference of their logits."""
    terms = _difference(p)
    if terms is None:
        return None
    logits = [_logits(term) for term in terms]
    if None not in logits:
        a, b = logits
        return Scaled(stable_forms.log_one_minus_exp(b - a) - pt.softplus(-a) - pt.softplus(b))
    above, below = look(terms[0]), Scaled(0) if constant(terms[1]) == 1 else look(terms[1])
    if any(one is None or one.factor is not None or is_guarded(one) for one in (above, below)):
        return None
    ratio = Scaled(below.exponent - above.exponent)
    return Scaled(above.exponent + one_plus(ratio, -1).exponent, None, (*above.trail, *below.trail))


def _difference(p):
    """Return (a, b) if `p` is a - b, a + -b or a + -1."""
    first, second = p.owner.inputs if len(p.owner.inputs) == 2 else (p, p)
    if kind(p) is scalars.Sub:
        return first, second
    for a, b in ((first, second), (second, first)):
        if kind(b) is scalars.Neg:
            return a, b.owner.inputs[0]
        if constant(b) == -1:
            return a, pt.neg(b)
    return None


def _logits(variable):
    """Return the logits of a sigmoid, or of what shows some elements of one."""
    if kind(variable) is SIGMOID:
        return variable.owner.inputs[0]
    seen = view_of(variable)
    inner = None if seen is None else _logits(seen[0])
    return None if inner is None else seen[1](inner)


@rule(scalars.Neg)
def log_negative(p, look):
    """log(-expm1(x)) = log(1 - exp(x))."""
    inner = p.owner.inputs[0]
    if kind(inner) is not scalars.Expm1:
        return None
    return Scaled(stable_forms.log_one_minus_exp(inner.owner.inputs[0]))


@rule(scalars.Expm1)
def log_expm1(p, look):
    """log(expm1(x)) = x + log(1 - exp(-x))."""
    x = p.owner.inputs[0]
    return Scaled(x + stable_forms.log_one_minus_exp(-x))


@rule(scalars.Cosh, scalars.Sinh)
def log_hyperbolic(p, look):
    """log(cosh(x)) and log(sinh(x)) for x of any size."""
    x = p.owner.inputs[0]
    if kind(p) is scalars.Cosh:
        return Scaled(stable_forms.log_cosh(x))
    return Scaled(x + stable_forms.log_one_minus_exp(-2 * x) - np.asarray(np.log(2), x.dtype))


@rule(scalars.Add)
def log_one_plus_tanh(p, look):
    """log(1 + tanh(x)) = log(2) - softplus(-2 x)."""
    inner = forms.beside(p, scalars.Add, 1)
    return Scaled(stable_forms.log_one_plus_tanh(inner.owner.inputs[0])) if kind(inner) is scalars.Tanh else None
