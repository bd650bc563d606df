"""Formula: an expression of sympy with the meaning of its symbols, its derivatives, and how it is written."""

import dataclasses

import sympy

from ..errors import SpecError
from . import tidying
from .conditions import decided
from .naming import needed, require_bound
from .numbers import Numbers, same
from .printing import latex as written

FAILURES = (TypeError, ValueError, NotImplementedError, AttributeError, RecursionError, ZeroDivisionError)  # of sympy


@dataclasses.dataclass(frozen=True)
class Formula:
    """A formula that was read from a graph.

    Parameters
    ----------
    expression : sympy.Expr
        One entry of the result.
    name : str
        What stands on its left side, as LaTeX: ``\\ell``.
    entries : dict
        The entry that a port has in the expression, by port: ``p``, ``p[j]``, or ``p[i, j]``.
    sizes : dict
        Small numbers for its lengths, free indices and labels: what formulas are tried on.
    defaults : dict
        Numbers of its options, by symbol.
    notes : dict
        What abbreviations stand for: ``{e: p - t}``, and ``{c[i, h]: ...}`` for every entry of an array.
    by : tuple
        What it was differentiated by.
    """

    expression: sympy.Expr
    name: str = r"\ell"
    entries: dict = dataclasses.field(default_factory=dict)
    sizes: dict = dataclasses.field(default_factory=dict)
    defaults: dict = dataclasses.field(default_factory=dict)
    notes: dict = dataclasses.field(default_factory=dict)
    by: tuple = ()

    def differentiated(self, port: str | None = None, times: int = 1, tidy: bool = True) -> "Formula":
        """Return the derivative by an entry of a port; None: of the first one.

        Raises
        ------
        SpecError
            For a port that it does not have.
        """
        known = [name for name in self.entries if name != "error"]
        if not known:
            raise SpecError("latex: the formula has no derivative here: it contains the gradient of a model that "
                            "is not known")
        port = known[0] if port is None else port
        if port not in known:
            raise SpecError(f"latex: wrt={port!r} is not valid; it must be one of {', '.join(known)}")
        entry, expression, by = self.entries[port], self.expression, self.entries[port]
        if "error" in self.entries and port == known[0]:
            by = self.entries["error"]  # whose slope by the prediction is 1
        elif "error" in self.entries:
            expression = expression.subs(self.entries["error"], self.notes[self.entries["error"]])
        notes = {key: value for key, value in self.notes.items() if key != self.entries.get("error")}
        try:
            found = tidying.derivative(expression, by, times, notes)
        except FAILURES as error:
            if isinstance(error, SpecError):
                raise
            raise SpecError(f"latex: sympy cannot compute the derivative with respect to {port} ({error})") from None
        if found.atoms(sympy.Derivative, sympy.Subs) or found.has(sympy.zoo, sympy.nan):
            raise SpecError(f"latex: symloss cannot write the derivative with respect to {port} as a formula")
        require_bound([found], self.sizes)
        found = dataclasses.replace(self, expression=found, by=self.by + (entry,) * times)
        return found.tidy() if tidy else found

    def tidy(self) -> "Formula":
        """Return the formula as a person would write it, or as it is where sympy fails on the way."""
        try:
            return self._tidied()
        except FAILURES:
            return self

    def _tidied(self):
        notes = {key: self._of_one(value) if isinstance(key, sympy.Indexed) else value
                 for key, value in self.notes.items()}
        found = self._of_one(self.expression)
        return dataclasses.replace(self, expression=found, notes=needed(found, notes))

    def _of_one(self, expression):
        """Return an expression, that of the formula or of an abbreviation, as a person would write it."""
        guards = {s for s, v in self.defaults.items() if abs(v) <= tidying.TINY}
        found = collapsed_guards(decided(expression), guards)
        found = tidying.without_shifts(found, self.sizes, self.defaults)
        found = collapsed_guards(found, guards)
        found = tidying.without_zeros(found, self.sizes, self.defaults)
        found = tidying.shortest(found, self.sizes, self.defaults)
        return found if same(expression, found, self.sizes, self.defaults) else expression

    def in_error(self) -> "Formula":
        """Return the formula in terms of e = prediction - target, where it is a function of that alone."""
        prediction, target = self.entries.get("prediction", self.entries.get("mean")), self.entries.get("target")
        if not isinstance(prediction, sympy.Symbol) or not isinstance(target, sympy.Symbol) or self.by:
            return self
        error = sympy.Symbol("e", real=True)
        try:
            found = tidying.in_terms_of_error(self.expression, prediction, target, error, self.sizes, self.defaults)
            found = None if found is None else tidying.shortest(found, self.sizes, self.defaults)
        except FAILURES:
            found = None
        if found is None:
            return self
        return dataclasses.replace(self, expression=found, notes={**self.notes, error: prediction - target},
                                   entries={**self.entries, "error": error})

    def number(self, given, sizes=None) -> float:
        """Return the number that the formula has.

        Parameters
        ----------
        given : callable
            The number of a symbol or of an entry of an array: ``given(name, indices, symbol)``.
        sizes : dict or None
            Lengths and indices that are free, by symbol; None: the small ones of the formula.
        """
        known = {str(key): value for key, value in {**self.defaults, **self.sizes, **(sizes or {})}.items()}

        def found(name, indices, symbol):
            return known[name] if not indices and name in known else given(name, indices, symbol)

        return Numbers(found, self.notes)(self.expression)

    def latex(self) -> str:
        """Return the formula as LaTeX, without dollar signs."""
        left = self.name
        if self.by:
            order = "" if len(self.by) == 1 else f"^{{{len(self.by)}}}"
            left = rf"\frac{{\partial{order} {left}}}{{\partial {written(self.by[0])}{order}}}"
        notes = "".join(rf", \quad {written(a)} = {written(b)}" for a, b in needed(self.expression, self.notes).items())
        return f"{left} = {written(self.expression)}{notes}"


def collapsed_guards(expression, guards):
    """Return an expression without guards, also where one stood in another."""
    for _ in range(4):
        found = tidying.without_guards(expression, guards)
        if found == expression:
            return found
        expression = found
    return expression
