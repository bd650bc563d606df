"""A formula as a person would write it: without guards, in terms of what it is a function of, as short as it gets.

Every step that is not an identity for all numbers is tried on numbers, and taken back where these differ.
"""

import sympy
from sympy.functions.special.delta_functions import DiracDelta, Heaviside

from ..errors import SpecError
from .functions import Held, MaxOver
from .naming import differentiable, named_again
from .numbers import same
from .sums import collapsed, over

TINY = 1e-5  # what is held at least this far from 0 is written without that
LONGEST = 150  # operations of a derivative that is differentiated again
LARGEST = 60  # operations of an expression that sympy may look for shorter forms of


def without_guards(expression, tiny=()):
    """Return an expression without what keeps numbers finite: max(x, 1e-300) is x.

    Parameters
    ----------
    tiny : collection of symbols
        Options whose number is so small that they are such a guard where they stand in a maximum.
    """
    def is_tiny(a):
        return a in tiny or (a.is_number and bool(0 < a < TINY))

    def least(found):
        rest = [a for a in found.args if not is_tiny(a)]
        return sympy.Max(*rest) if rest and len(rest) < len(found.args) else found

    return expression.replace(lambda e: isinstance(e, sympy.Max), least)


def without_shifts(expression, sizes, defaults):
    """Return an expression without numbers that are subtracted from exponents and added again."""
    held = expression.atoms(Held)
    ways = [[e for e in held if e.has(MaxOver)], expression.atoms(MaxOver), [e for e in held if e.has(sympy.Max)]]
    for shifts in ways if expression.has(sympy.exp) else []:
        found = _without(shifts, expression, sizes, defaults) if shifts else expression
        if found is not expression:
            return found
    return expression


def _without(shifts, expression, sizes, defaults):

    def unbound(found):
        rest = [a for a in found.args if a != 1]
        return sympy.Max(*rest) if found.has(sympy.exp) else found

    tried = expression.replace(lambda e: isinstance(e, sympy.Max) and 1 in e.args, unbound)
    tried = tried.xreplace({shift: sympy.Integer(0) for shift in shifts})
    return tried if same(expression, tried, sizes, defaults) else expression


def without_zeros(expression, sizes, defaults):
    """Return an expression without the cases that say that 0 times infinity is 0."""
    for found in sorted(expression.atoms(sympy.Piecewise), key=sympy.count_ops):
        (first, condition), *rest = found.args
        if len(rest) != 1 or not isinstance(condition, sympy.Eq | sympy.Ne):
            continue
        weight, there = condition.args if condition.rhs.is_number else reversed(condition.args)
        usual = rest[0].expr if isinstance(condition, sympy.Eq) else first
        if not isinstance(weight, sympy.Symbol | sympy.Indexed) or not there.is_number:
            continue
        zero = {weight.base if isinstance(weight, sympy.Indexed) else weight: float(there)}
        tried = expression.xreplace({found: usual})
        if same(expression, tried, sizes, defaults) and same(expression, tried, sizes, defaults, zero):
            return without_zeros(tried, sizes, defaults)
    return expression


def derivative(expression, symbol, times: int, notes=None):
    """Return a derivative; at kinks it is that of the other side, so that no delta of Dirac's is left.

    Names for entries of arrays stay, and have the derivatives of what they stand for, by `notes`.
    """
    for order in range(times):
        if order and sympy.count_ops(expression) > LONGEST:
            raise SpecError("latex: the second derivative is too long to be read as a formula. The first one already "
                            f"has {sympy.count_ops(expression)} operations")
        expression = collapsed(named_again(sympy.diff(differentiable(expression, notes or {}), symbol)))
        expression = expression.replace(lambda e: isinstance(e, DiracDelta), lambda e: sympy.Integer(0))
        expression = expression.replace(lambda e: isinstance(e, Heaviside),
                                        lambda e: sympy.Piecewise((1, e.args[0] > 0), (0, True)))
    return expression


def shortest(expression, sizes, defaults):
    """Return the shortest of the forms that sympy finds, if it has the same numbers."""
    best = expression
    expression = by_cases(expression)
    if sympy.count_ops(expression) > LARGEST:
        return expression
    best = expression
    ways = [sympy.piecewise_fold, sympy.simplify, sympy.factor, _factored_sums]
    if expression.has(sympy.Sum, MaxOver, sympy.Indexed):
        ways = [sympy.factor, _factored_sums]
    for way in ways:
        for start in dict.fromkeys([expression, best]):
            try:
                tried = way(start)
            except (TypeError, ValueError, NotImplementedError, AttributeError, RecursionError, ZeroDivisionError):
                continue
            if _cost(tried) < _cost(best) and same(expression, tried, sizes, defaults):
                best = tried
    return best


def by_cases(expression):
    """Return an expression with cases where it has the same minimum or maximum of two numbers more than once."""
    for found in sorted(expression.atoms(sympy.Min, sympy.Max), key=sympy.count_ops):
        free = found.free_symbols <= expression.free_symbols
        if free and len(found.args) == 2 and expression.count(found) > 1 and expression.count_ops() < LARGEST and (
                not expression.has(sympy.Piecewise)):
            a, b = sorted(found.args, key=lambda x: (not x.free_symbols, -sympy.count_ops(x), str(x)))
            first = a <= b if isinstance(found, sympy.Min) else a >= b
            return sympy.Piecewise((sympy.simplify(expression.xreplace({found: a})), first),
                                   (sympy.simplify(expression.xreplace({found: b})), True))
    return expression


def _factored_sums(expression):
    return expression.replace(lambda e: isinstance(e, sympy.Sum), lambda e: over(
        sympy.factor(e.function), e.limits[0][0], e.limits[0][2] + 1) if len(e.limits) == 1 else e)


def _cost(expression) -> int:
    odd = [e for e in expression.atoms(sympy.log) if isinstance(e.args[0], sympy.Pow) and not e.args[0].exp.is_number]
    return 20 * len(odd) + sympy.count_ops(expression) + 3 * len(expression.atoms(sympy.Piecewise)) + 6 * len(
        expression.atoms(Heaviside, DiracDelta))


def in_terms_of_error(expression, prediction, target, error, sizes, defaults):
    """Return an expression of prediction and target as one of their difference, or None if it is no such thing."""
    if not expression.has(prediction) or not expression.has(target):
        return None
    tried = expression.subs(prediction, target + error)
    for way in (sympy.expand, sympy.simplify):
        if not tried.has(target):
            break
        try:
            tried = way(tried)
        except (TypeError, ValueError, NotImplementedError, AttributeError, RecursionError):
            return None
    if tried.has(target) or not same(expression, tried.subs(error, prediction - target), sizes, defaults):
        return None
    return tried
