"""Numbers for the symbols of a formula: to prove that what a simplification leaves is what there was."""

import numpy as np
import sympy

from .functions import MaxOver, plain


def concrete(expression, sizes):
    """Return an expression whose lengths are numbers, and whose sums and maxima over indices are written out.

    Parameters
    ----------
    sizes : dict
        Integer by symbol: lengths, indices that are free, labels.
    """
    expression = expression.subs(sizes)
    for _ in range(8):  # sums within sums
        if not expression.has(sympy.Sum, MaxOver, sympy.Product):
            break
        expression = expression.replace(lambda e: isinstance(e, sympy.Sum | sympy.Product), _written_out)
        expression = expression.replace(lambda e: isinstance(e, MaxOver), lambda e: e.doit())
    return plain(expression)


def _written_out(found):
    values = [found.function]
    for index, first, last in found.limits:
        if not (first.is_Integer and last.is_Integer):
            return found
        values = [v.subs(index, k) for v in values for k in range(int(first), int(last) + 1)]
    return sympy.Add(*values) if isinstance(found, sympy.Sum) else sympy.Mul(*values)


def value(expression, given) -> float:
    """Return the number that an expression has where every symbol and every entry of `given` has its number."""
    found = expression.xreplace({k: sympy.Float(v) if isinstance(v, float) else v for k, v in given.items()})
    return float(sympy.N(found))


def drawn(expressions, sizes, rng, defaults, zero=()) -> dict:
    """Return a random number for each symbol of expressions that are written out.

    Parameters
    ----------
    defaults : dict
        Numbers of symbols that are options.
    zero : dict
        Numbers that symbols, or all entries of arrays, have.
    """
    found = {}
    for expression in expressions:
        for atom in sorted(expression.atoms(sympy.Indexed, sympy.Symbol), key=str):
            if isinstance(atom, sympy.tensor.indexed.IndexedBase) or atom in found:
                continue
            if atom in defaults:
                found[atom] = float(defaults[atom])
            elif (atom.base if isinstance(atom, sympy.Indexed) else atom) in zero:
                found[atom] = zero[atom.base if isinstance(atom, sympy.Indexed) else atom]
            else:
                found[atom] = float(rng.uniform(0.1, 0.9) if atom.is_positive else rng.normal() + 0.1)
    return found


def same(first, second, sizes, defaults, zero=(), tries: int = 4) -> bool:
    """Return whether two expressions have the same numbers at random places; NaN in both is no difference."""
    one, two = concrete(first, sizes), concrete(second, sizes)
    for seed in range(tries):
        given = drawn([one, two], sizes, np.random.default_rng(seed), defaults, zero)
        try:
            a, b = value(one, given), value(two, given)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return False
        if not np.isclose(a, b, rtol=1e-7, atol=1e-9, equal_nan=True):
            return False
    return True
