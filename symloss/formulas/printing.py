"""How formulas are written in LaTeX."""

import sympy
from sympy.printing.latex import LatexPrinter

GREEK = {"eps": r"\varepsilon", "epsilon": r"\epsilon"}
SETTINGS = {"ln_notation": False, "mul_symbol": None, "fold_short_frac": False}


def is_indicator(expression) -> bool:
    """Return whether an expression is 1 under a condition and 0 otherwise."""
    return isinstance(expression, sympy.Piecewise) and [e for e, _ in expression.args] in ([1, 0], [0, 1])


def _met(indicator):
    """Return the condition under which an indicator is 1."""
    (value, condition), _ = indicator.args
    return condition if value == 1 else sympy.Not(condition)


class Printer(LatexPrinter):
    """Writes sums over whole axes without their limits, words upright, and cases as mathematicians do."""

    def __init__(self):
        super().__init__(SETTINGS)

    def _print_Symbol(self, expr, style="plain"):  # noqa: N802
        name = expr.name
        if name in GREEK:
            return GREEK[name]
        if any(c in name for c in ".: ") or name[:1] == "_":  # names of parameters and of outputs
            return r"\mathrm{" + name.replace("_", r"\_").replace(" ", r"\ ") + "}"
        word = name.replace("_", "")
        if len(word) > 1 and (word.isalpha() and "_" not in name) and super()._print_Symbol(expr) == name:
            return rf"\mathrm{{{name}}}"
        if len(word) > 1 and "_" in name and all(len(part) > 1 for part in name.split("_")):
            return r"\mathrm{" + name.replace("_", r"\ ") + "}"
        return super()._print_Symbol(expr, style=style)

    def _print_Indexed(self, expr):  # noqa: N802
        indices = ", ".join(self._print(i) for i in expr.indices)
        return f"{self._print(sympy.Symbol(str(expr.base.label)))}_{{{indices}}}"

    def _print_KroneckerDelta(self, expr, exp=None):  # noqa: N802
        return rf"\left[{self._print(expr.args[0])} = {self._print(expr.args[1])}\right]"

    def _print_Relational(self, expr):  # noqa: N802
        """Write the longer side first: ``|e| <= delta``."""
        longer = sympy.count_ops(expr.rhs) > sympy.count_ops(expr.lhs)
        return super()._print_Relational(expr.reversed if longer else expr)

    def _print_Sum(self, expr):  # noqa: N802
        text = ""
        for index, first, last in expr.limits:
            text += rf"\sum_{{{self._print(index)}}} " if first == 0 and (last.is_Integer or (last + 1).is_Symbol) \
                else rf"\sum_{{{self._print(index)}={self._print(first)}}}^{{{self._print(last)}}} "
        inner = expr.function
        return text + (rf"\left({self._print(inner)}\right)" if inner.is_Add else self._print(inner))

    def _print_Piecewise(self, expr):  # noqa: N802
        if is_indicator(expr):
            return rf"\left[{self._print(_met(expr))}\right]"
        lines = [rf"{self._print(e)} & \text{{if }} {self._print(c)}" for e, c in expr.args[:-1]]
        last, condition = expr.args[-1]
        lines.append(rf"{self._print(last)} & " + (r"\text{otherwise}" if condition == sympy.true
                                                   else rf"\text{{if }} {self._print(condition)}"))
        return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"

    def _print_Mul(self, expr):  # noqa: N802
        """Write a factor that is 1 or 0 as the bracket of its condition, before the others: ``[t_i > t_j]``."""
        indicators = [f for f in expr.args if is_indicator(f)]
        rest = sympy.Mul(*[f for f in expr.args if not is_indicator(f)], evaluate=False)
        if not indicators:
            return super()._print_Mul(expr)
        signs, rest = ("-", -rest) if rest.could_extract_minus_sign() else ("", rest)
        brackets = r" \ ".join(rf"\left[{self._print(_met(f))}\right]" for f in indicators)
        if rest == 1:
            return f"{signs} {brackets}".strip()
        inner = self._print(rest)
        return rf"{signs} {brackets} \ ".lstrip() + (rf"\left({inner}\right)" if rest.is_Add else inner)

    def _print_Max(self, expr, exp=None):  # noqa: N802
        return self._named(r"\max", expr, exp)

    def _print_Min(self, expr, exp=None):  # noqa: N802
        return self._named(r"\min", expr, exp)

    def _named(self, name, expr, exp):
        numbers_last = sorted(expr.args, key=lambda a: (not a.is_number, str(a)))
        text = rf"{name}\left({', '.join(self._print(a) for a in numbers_last)}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _print_loggamma(self, expr, exp=None):
        text = rf"\log\Gamma\left({self._print(expr.args[0])}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _print_sign(self, expr, exp=None):
        text = rf"\operatorname{{sign}}\left({self._print(expr.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _print_Abs(self, expr, exp=None):  # noqa: N802
        text = rf"\left|{self._print(expr.args[0])}\right|"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _print_Float(self, expr):  # noqa: N802
        number = float(expr)
        text = f"{number:.6g}"
        if "e" not in text:
            return text
        digits, power = text.split("e")
        return rf"10^{{{int(power)}}}" if digits == "1" else rf"{digits} \cdot 10^{{{int(power)}}}"


def latex(expression) -> str:
    """Return an expression as LaTeX.

    >>> latex(sympy.Symbol("margin") + sympy.Symbol("eps"))
    '\\\\varepsilon + \\\\mathrm{margin}'
    """
    return Printer().doprint(expression)
