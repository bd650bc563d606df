"""Numbers for the symbols of a formula: what is written is computed, entry by entry, with its sums and recursions."""

import itertools
import math
import zlib

import numpy as np
import sympy

from .functions import Held, MaxOver, OverIndex, Sigmoid, Softplus, plain
from .naming import Entry, name_of
from .ordering import Sorted

LABELS = ((0, 0, 1), (1, 0, 0), (0, 1, 1), (1, 1, 0))  # the second item is not alone in its class, nor are all in it
NUMPY = {
    sympy.exp: np.exp, sympy.log: np.log, sympy.Abs: abs, sympy.sign: np.sign, sympy.sin: np.sin, sympy.cos: np.cos,
    sympy.tan: np.tan, sympy.sinh: np.sinh, sympy.cosh: np.cosh, sympy.tanh: np.tanh, sympy.atan: np.arctan,
    sympy.asin: np.arcsin, sympy.acos: np.arccos, sympy.asinh: np.arcsinh,
    Sigmoid: lambda x: 1 / (1 + np.exp(-x)), Softplus: lambda x: np.logaddexp(0, x), Held: lambda x: x,
    sympy.Add: lambda *xs: sum(xs), sympy.Pow: lambda x, y: _power(x, y), sympy.Max: lambda *xs: _extreme(max, xs),
    sympy.Min: lambda *xs: _extreme(min, xs), sympy.floor: np.floor, sympy.Mod: lambda x, y: x % y,
    sympy.KroneckerDelta: lambda x, y: int(x == y), sympy.Heaviside: lambda x, *half: float(x > 0),
    sympy.Eq: lambda a, b: a == b, sympy.Ne: lambda a, b: a != b, sympy.Lt: lambda a, b: a < b,
    sympy.Le: lambda a, b: a <= b, sympy.Gt: lambda a, b: a > b, sympy.Ge: lambda a, b: a >= b,
    sympy.And: lambda *xs: all(xs), sympy.Or: lambda *xs: any(xs), sympy.Not: lambda x: not x,
    sympy.Xor: lambda *xs: sum(map(bool, xs)) % 2 == 1, sympy.ITE: lambda c, a, b: a if c else b,
}


def _power(x, y):
    if isinstance(x, int) and isinstance(y, int) and y >= 0:
        return x**y
    return np.sqrt(np.float64(x)) if y == 0.5 else np.float64(x) ** y


def _extreme(choose, values):
    return math.nan if any(v != v for v in values) else choose(values)


class Numbers:
    """Computes formulas.

    Parameters
    ----------
    given : callable
        The number of a symbol or of an entry: ``given(name, indices, symbol)``.
    notes : dict or None
        What names stand for, by entry.
    """

    def __init__(self, given, notes=None):
        self._given, self._known = given, {}
        self._notes = {name_of(key): (key, value) for key, value in (notes or {}).items()}

    def __call__(self, expression) -> float:
        """Return the number of an expression."""
        with np.errstate(all="ignore"):
            return float(self._of(expression, {}))

    def _of(self, one, scope):
        if one.is_Number or one.is_NumberSymbol:
            return int(one) if one.is_Integer else float(one)
        if one in (sympy.true, sympy.false):
            return one == sympy.true
        if isinstance(one, sympy.Symbol):
            return scope[one] if one in scope else self._entry(one, ())
        if isinstance(one, sympy.Indexed):
            return self._entry(one, tuple(int(self._of(i, scope)) for i in one.indices))
        if isinstance(one, Entry):
            return self._of(one.args[0], scope)
        if isinstance(one, sympy.Piecewise):
            return next((self._of(value, scope) for value, c in one.args if self._of(c, scope)), math.nan)
        if isinstance(one, sympy.Mul):
            return self._product(one, scope)
        if isinstance(one, sympy.Sum | sympy.Product | MaxOver):
            values = [self._of(one.function, inner) for inner in self._scopes(one.limits, scope)]
            return (_extreme(max, values) if isinstance(one, MaxOver) else sum(values) if isinstance(one, sympy.Sum)
                    else math.prod(values))
        if isinstance(one, OverIndex):
            return self._sorted(one, scope)
        values = [self._of(part, scope) for part in one.args]
        if one.func in NUMPY:
            return NUMPY[one.func](*values)
        return float(sympy.N(plain(one.func(*map(sympy.sympify, values)))))

    def _product(self, one, scope):
        found = 1
        for factor in sorted(one.args, key=lambda f: not isinstance(f, sympy.Piecewise)):
            found = found * self._of(factor, scope)
            if isinstance(factor, sympy.Piecewise) and found == 0:
                return 0  # what does not count may be infinite
        return found

    def _scopes(self, limits, scope):
        """Return what the indices of a sum are, one after the other; the last of the limits is the outermost."""
        if not limits:
            yield scope
            return
        *inner, (index, first, last) = limits
        for number in range(int(self._of(first, scope)), int(self._of(last, scope)) + 1):
            yield from self._scopes(inner, {**scope, index: number})

    def _sorted(self, one, scope):
        function, index, length, place = one.args
        values = [self._of(function, {**scope, index: k}) for k in range(int(self._of(length, scope)))]
        found = sorted(range(len(values)), key=values.__getitem__)[int(self._of(place, scope))]
        return values[found] if isinstance(one, Sorted) else found

    def _entry(self, one, indices):
        name = name_of(one)
        if name not in self._notes:
            return self._given(name, indices, one)
        if (name, indices) not in self._known:
            key, value = self._notes[name]
            letters = key.indices if isinstance(key, sympy.Indexed) else ()
            self._known[name, indices] = self._of(value, dict(zip(letters, indices, strict=True)))
        return self._known[name, indices]


class Drawn:
    """Random numbers for symbols and entries, always the same for a seed.

    Parameters
    ----------
    sizes : dict
        Integer by symbol: lengths, indices that are free, labels.
    defaults : dict
        Numbers of symbols that are options.
    zero : dict
        Numbers that symbols, or all entries of arrays, have.
    """

    def __init__(self, seed, sizes, defaults, zero=()):
        self._seed, self._zero = seed, {name_of(key): value for key, value in dict(zero).items()}
        self._known = {str(key): value for key, value in {**defaults, **sizes}.items()}

    def __call__(self, name, indices, symbol):
        """Return the number of an entry."""
        if name in self._zero:
            return self._zero[name]
        if not indices and name in self._known:
            return self._known[name]
        if symbol.is_integer:
            return LABELS[self._seed % len(LABELS)][sum(indices) % 3]
        rng = np.random.default_rng(zlib.crc32(f"{self._seed} {name} {indices}".encode()))
        positive = symbol.is_positive or symbol.is_nonnegative
        return float(rng.uniform(0.1, 0.9) if positive else rng.normal() + 0.1)


def same(first, second, sizes, defaults, zero=(), tries: int = 4) -> bool:
    """Return whether two expressions have the same numbers at random places; NaN in both is no difference."""
    met = False
    for seed in itertools.islice(itertools.count(), 3 * tries):
        given = Drawn(seed, sizes, defaults, zero)
        try:
            a, b = Numbers(given)(first), Numbers(given)(second)
        except (TypeError, ValueError, OverflowError, RecursionError, ZeroDivisionError, KeyError):
            return False
        if not np.isclose(a, b, rtol=1e-7, atol=1e-9, equal_nan=True):
            return False
        met = met or bool(np.isfinite(a))
        if met and seed + 1 >= tries:
            return True
    return met
