"""Functions that sympy does not have, or that a person writes otherwise: with their derivatives."""

import sympy
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import ArgumentIndexError

from ..errors import SpecError


class Sigmoid(sympy.Function):
    r"""1 / (1 + exp(-x)), written \sigma(x)."""

    def fdiff(self, argindex=1):
        """Return the derivative."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return self * (1 - self)

    def plain(self):
        """Return what it stands for, in functions of sympy."""
        return 1 / (1 + sympy.exp(-self.args[0]))

    def _latex(self, printer, exp=None):
        text = rf"\sigma\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class Softplus(sympy.Function):
    """log(1 + exp(x))."""

    def fdiff(self, argindex=1):
        """Return the derivative."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return Sigmoid(self.args[0])

    def plain(self):
        """Return what it stands for, in functions of sympy."""
        return sympy.log(1 + sympy.exp(self.args[0]))

    def _latex(self, printer, exp=None):
        text = rf"\log\left(1 + e^{{{printer._print(self.args[0])}}}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class Held(sympy.Function):
    """A value that counts as a constant when a gradient is taken: what PyTensor calls disconnected."""

    is_real = True

    @classmethod
    def eval(cls, value):
        """Numbers are constants anyway."""
        return value if value.is_number else None

    def fdiff(self, argindex=1):
        """Return 0."""
        return sympy.S.Zero

    def plain(self):
        """Return the value."""
        return self.args[0]

    def _latex(self, printer, exp=None):
        text = rf"\operatorname{{sg}}\left[{printer._print(self.args[0])}\right]"
        return text if exp is None else rf"{text}^{{{exp}}}"


class MaxOver(ExprWithLimits):
    """The greatest value of an expression over an index: ``MaxOver(z[k], (k, 0, K - 1))``."""

    def __new__(cls, function, *symbols, **assumptions):
        """Take the expression, and each index with its first and last value."""
        made = ExprWithLimits.__new__(cls, function, *symbols, **assumptions)
        made.is_commutative = True
        return made

    is_real = True
    is_extended_real = True

    def _eval_derivative(self, symbol):
        (index, first, last), *others = self.limits
        if others or first != 0:
            raise SpecError("latex: symloss cannot write the derivative of a maximum over two indices as a formula")
        return of_the_chosen(self, self.function, index, last + 1, symbol)

    def doit(self, **hints):
        """Return the maximum of all values, where the index runs over numbers."""
        values = [self.function]
        for index, first, last in self.limits:
            if not (first.is_Integer and last.is_Integer):
                return self
            values = [value.subs(index, number) for value in values for number in range(int(first), int(last) + 1)]
        return sympy.Max(*[value.doit(**hints) for value in values])

    def _latex(self, printer, exp=None):
        indices = ", ".join(printer._print(limit[0]) for limit in self.limits)
        text = rf"\max_{{{indices}}} {printer.parenthesize(self.function, 35)}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class OverIndex(sympy.Function):
    """A function of all values of an expression over an index: ``f(z[k], k, K, j)``, with the place that is wanted."""

    def _eval_derivative(self, symbol):
        if self.is_integer:
            return sympy.S.Zero
        function, index, length, _ = self.args
        return of_the_chosen(self, function, index, length, symbol)


def of_the_chosen(chosen, function, index, length, symbol):
    """Return the derivative of a value that is one of those over an index: of those that are equal to it."""
    chosen = chosen.xreplace({index: sympy.Symbol(f"{index.name}'", integer=True, nonnegative=True)})
    slope = function.diff(symbol)
    if slope == 0:
        return sympy.S.Zero
    if slope.has(sympy.Derivative) or function.has(sympy.Piecewise):  # sympy draws cases out of what is compared
        raise SpecError("latex: symloss cannot write the derivative of a maximum or of sorted numbers as a formula")
    return Sum(sympy.Piecewise((slope, sympy.Eq(function, chosen)), (0, True)), (index, 0, length - 1))


def plain(expression):
    """Return an expression in functions that sympy has."""
    return expression.replace(lambda e: isinstance(e, Sigmoid | Softplus | Held), lambda e: e.plain())


class Sum(sympy.Sum):
    """A sum over indices, whose cases stay inside: sympy draws them out of sums within sums, whatever they depend on.

    >>> j, n = sympy.symbols("j n", integer=True, positive=True)
    >>> Sum(sympy.IndexedBase("x")[j], (j, 0, n - 1))
    Sum(x[j], (j, 0, n - 1))
    """

    def __new__(cls, function, *limits):
        """Take an expression, and each index with its first and last value, the inner one first."""
        function, limits = sympy.sympify(function), [sympy.Tuple(*limit) for limit in limits]
        if function == 0:
            return sympy.S.Zero
        if isinstance(function, Sum):
            function, limits = function.function, [*function.limits, *limits]
        made = sympy.Expr.__new__(cls, function, *limits)
        made.is_commutative = True
        return made

    def _eval_is_nonnegative(self):
        return True if self.function.is_nonnegative else None
