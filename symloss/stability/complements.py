"""1 less a probability, from what the probability was made of: no digit is lost where it is near 1."""

import functools

import numpy as np
import pytensor.tensor as pt
from pytensor.scalar import basic as scalars
from pytensor.tensor.math import Prod, Sum

from . import patterns as forms
from . import stable_forms
from .logarithms import added, brought_down, choose, full, share_of_sum
from .patterns import SIGMOID, SOFTMAX, constant, kind, parts, view_of
from .scaled import Scaled, complement, is_unbounded, plain


@complement(SIGMOID)
def _of_sigmoid(q, look):
    return Scaled(-pt.softplus(q.owner.inputs[0]))


@complement(SOFTMAX)
def _of_softmax(q, look):
    logits = q.owner.inputs[0]
    return Scaled(stable_forms.log_one_minus_softmax(logits, forms.axes_of(q.owner.op, logits.ndim)))


@complement(scalars.Tanh)
def _of_tanh(q, look):
    return Scaled(stable_forms.log_one_plus_tanh(-q.owner.inputs[0]))


@complement(scalars.Sqr, scalars.Pow, scalars.Mul)
def _of_square(q, look):
    """1 - tanh(x) ** 2 = cosh(x) ** -2."""
    root = forms.root_of(q)
    return Scaled(-2 * stable_forms.log_cosh(root.owner.inputs[0])) if kind(root) is scalars.Tanh else None


@complement(*forms.VIEWS, scalars.Cast)
def _of_view(q, look):
    seen = view_of(q)
    return None if seen is None else _through(q, seen[0], "log_view", look, seen[1])


@complement(scalars.Clip, scalars.ScalarMaximum, scalars.ScalarMinimum, scalars.Switch)
def _of_clip(q, look):
    return _through(q, forms.inside_clip(q), "log_clip", look)


@complement(scalars.Add)
def _of_epsilon(q, look):
    return _through(q, forms.beside_epsilon(q), "log_epsilon", look)


def _through(q, inner, name, look, view=None):
    rest = look.complement(inner) if inner is not None and name in look.names else None
    if rest is None:
        return None
    return (rest if view is None else rest.through(view)).after((name, q))


@complement(scalars.Switch)
def _of_switch(q, look):
    condition, *branches = q.owner.inputs
    return choose(condition, [(b, look.complement(b)) for b in branches], lambda b: 1 - b)


@complement(Sum)
def _of_sum(q, look):
    return _rest_of_sum(q.owner.inputs[0], q.owner.op.axis, look)


@complement(scalars.Mul)
def _of_product(q, look):
    factors = parts(q, scalars.Mul)
    found = _of_many([look(f) for f in factors], [look.complement(f) for f in factors], added)
    return found or _rest_of_sum(q, (), look)


@complement(Prod)
def _of_prod(q, look):
    inner, axes = q.owner.inputs[0], q.owner.op.axis

    def summed(terms):
        along = tuple(range(inner.ndim)) if axes is None else tuple(axes)
        top, (scaled,) = brought_down([full(terms[0], inner)], along)
        return Scaled(top.squeeze(axis=axes), scaled.sum(axis=axes), terms[0].trail)

    return _of_many([look(q)], [look.complement(inner)], summed)


def _of_many(logs, rests, total):
    """Return 1 - p q ... = 1 - exp(sum of the logarithms), which is the sum of all 1 - p where these are next to 0."""
    if any(one is None or one.factor is not None for one in (*logs, *rests)):
        return None
    power = functools.reduce(pt.add, [one.exponent for one in logs])
    small = pt.gt(power, -np.finfo(power.dtype).eps)
    exact = stable_forms.log_one_minus_exp(pt.switch(small, -1, power))
    sum_of_rests = total(rests)
    return Scaled(pt.switch(small, sum_of_rests.log(), exact), None, sum_of_rests.trail)


@complement(scalars.TrueDiv)
def _of_share(q, look):
    """1 - a / (a + b) = b / (a + b)."""
    share = share_of_sum(*q.owner.inputs, look)
    if share is None or share.is_sure is not True:
        return None
    return Scaled(-pt.softplus(share.own - share.others), None, share.trail)


def _rest_of_sum(product, axes, look) -> Scaled | None:
    """Return 1 - sum(w p) as (1 - sum(w)) + sum(w (1 - p)): the first is 0 for a one-hot w, and nothing is lost."""
    w, rest = _weighted(product, look)
    if rest is None:
        return None
    rest_of_w = look.complement(w)
    w = pt.second(product, w.astype(rest.exponent.dtype))
    rest = full(rest, product)
    factor = w if rest.factor is None else w * rest.factor
    axes = tuple(range(product.ndim)) if axes is None else tuple(axes)
    if not axes:
        return added([Scaled(rest.exponent, factor, rest.trail), rest_of_w or plain(1 - w)])
    top, (scaled,) = brought_down([Scaled(rest.exponent, factor)], axes)
    rest = Scaled(top.squeeze(axis=axes), scaled.sum(axis=axes), rest.trail)
    return added([rest, plain(1 - w.sum(axis=axes))])


def _weighted(product, look):
    """Return (w, 1 - p as a Scaled) of a product w p, or of switch(w, p, 0)."""
    if kind(product) is scalars.Switch:
        condition, p, zero = product.owner.inputs
        return (condition, _rest_of_share(p, look)) if constant(zero) == 0 else (None, None)
    factors = parts(product, scalars.Mul)
    for i, factor in enumerate(factors):
        rest = _rest_of_share(factor, look) if len(factors) > 1 else None
        if rest is not None:
            others = factors[:i] + factors[i + 1 :]
            return functools.reduce(pt.mul, others), rest
    return None, None


def _rest_of_share(p, look) -> Scaled | None:
    """Return 1 - p of what cannot be greater than 1: of an exponential it may have no logarithm."""
    found = look(p)
    return None if found is not None and is_unbounded(found) else look.complement(p)
