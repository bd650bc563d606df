"""Sums over an index, with what a person sees at once: one term that counts, and what does not depend on the index."""

import sympy
from sympy import KroneckerDelta, Piecewise

from .functions import Sum


def over(term, index, length):
    """Return the sum of a term over an index from 0 to length - 1.

    >>> k, K = sympy.symbols("k K", integer=True, positive=True)
    >>> over(Piecewise((sympy.IndexedBase("z")[k], sympy.Eq(k, 2)), (0, True)), k, K)
    z[2]
    """
    if not term.has(index):
        return length * term
    if length == 1:
        return term.subs(index, 0)
    for found in term.atoms(sympy.Lt, sympy.Gt, sympy.Le, sympy.Ge):  # axes that were joined
        bound = _bound(found, index)
        if bound is not None and length.has(bound) and (length - bound).is_positive and bound.is_positive:
            below = found.subs(index, 0) == sympy.true
            return over(_decided(term, found, below), index, bound) + over(
                _decided(term, found, not below).subs(index, index + bound), index, length - bound)
    if isinstance(term, sympy.Add) and any(_place(factor, index) is not None for part in term.args
                                           for factor in sympy.Mul.make_args(part)):
        return sympy.Add(*(over(part, index, length) for part in term.args))
    for delta in term.atoms(KroneckerDelta):
        found = _place(delta, index)
        if found is not None and term.xreplace({delta: sympy.Integer(0)}) == 0:  # in cases as well
            return term.xreplace({delta: sympy.Integer(1)}).subs(index, found[0])
    factors = sympy.Mul.make_args(term)
    for factor in factors:
        found = _place(factor, index)
        if found is not None:
            place, value = found
            return (sympy.Mul(*(f for f in factors if f is not factor)) * value).subs(index, place)
    outside = [f for f in factors if not f.has(index)]
    inside = [f for f in factors if f.has(index)]
    return sympy.Mul(*outside) * Sum(sympy.Mul(*inside), (index, 0, length - 1))


def _bound(found, index):
    """Return n of a comparison that is of one kind for an index below n, and of the other from n on."""
    strict = isinstance(found, sympy.Lt | sympy.Gt)
    bound = found.gts if found.lts == index and strict else found.lts if found.gts == index and not strict else None
    return bound if bound is not None and bound.free_symbols else None


def _decided(term, found, holds):
    """Return a term where a comparison holds, or does not."""
    return term.xreplace({found: sympy.true if holds else sympy.false,
                          found.reversed: sympy.true if holds else sympy.false,
                          found.negated: sympy.false if holds else sympy.true,
                          found.negated.reversed: sympy.false if holds else sympy.true})


def _place(factor, index):
    """Return where a factor is not 0, if that is one place alone, and its value there."""
    if isinstance(factor, KroneckerDelta) and index in factor.args:
        other = factor.args[1] if factor.args[0] == index else factor.args[0]
        return None if other.has(index) else (other, sympy.S.One)
    if not isinstance(factor, Piecewise) or len(factor.args) != 2 or factor.args[1].expr != 0:
        return None
    value, condition = factor.args[0].expr, factor.args[0].cond
    for part in condition.args if isinstance(condition, sympy.And) else [condition]:
        if isinstance(part, sympy.Eq) and index in part.args:
            other = part.args[1] if part.args[0] == index else part.args[0]
            if not other.has(index):
                rest = [c for c in sympy.And.make_args(condition) if c is not part]
                if rest:
                    value = Piecewise((value, sympy.And(*rest)), (0, True))
                return other, value
    return None


def collapsed(expression):
    """Return an expression whose sums over Kronecker deltas, as derivatives make them, are done."""
    def again(found):
        result = found.function
        if result.has(KroneckerDelta):
            result = sympy.expand(result)
        for index, first, last in found.limits:
            result = over(result, index, last + 1 - first)
        return result

    return expression.replace(lambda e: isinstance(e, sympy.Sum), again)
