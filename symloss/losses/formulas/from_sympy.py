"""Converts sympy expressions to the text of a formula."""

import math

from ...errors import SpecError

CALLS = {"Abs": "abs", "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "atan": "atan",
         "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "erf": "erf", "erfc": "erfc", "loggamma": "lgamma",
         "digamma": "digamma", "sign": "sign", "Max": "max", "Min": "min", "log1p": "log1p", "expm1": "expm1",
         "log2": "log2", "log10": "log10"}
COMPARISONS = {"StrictLessThan": "<", "LessThan": "<=", "StrictGreaterThan": ">", "GreaterThan": ">=",
               "Equality": "==", "Unequality": "!="}


def text_of(expression) -> str:
    """Return the text of a formula for a sympy expression.

    Raises
    ------
    SpecError
        If it is not a sympy expression, or contains something that formulas do not have.

    >>> import sympy
    >>> p, t = sympy.symbols("p t")
    >>> text_of((p - t) ** 2 / 2)
    '(p - t)**2/2'
    """
    if not hasattr(expression, "free_symbols") or not hasattr(expression, "args"):
        raise SpecError(f"loss_from: got the {type(expression).__name__} {expression!r}. Pass the text of a formula "
                        "or an expression of sympy. You can use a function of (prediction, target) as a loss without "
                        "loss_from")
    return _text(expression)


def _text(x, tight=True) -> str:
    """Return the text of an expression; in parentheses, if it is an operation and stands within another."""
    kind = type(x).__name__
    if x.is_Symbol:
        return x.name
    if x.is_number and not x.is_Rational and not x.free_symbols and not x.is_Float:
        return _constant(x)
    if x.is_Rational:
        return _number(str(x), tight or (x >= 0 and x.q == 1))
    if x.is_Float:
        return _number(repr(float(x)), tight or x >= 0)
    if x.is_Add:
        return _sum(x) if tight else f"({_sum(x)})"
    if x.is_Mul:
        return _product(x) if tight else f"({_product(x)})"
    if x.is_Pow:
        return _power(x)
    if kind in COMPARISONS:
        return f"{_text(x.args[0], False)} {COMPARISONS[kind]} {_text(x.args[1], False)}"
    if kind in ("And", "Or"):
        return f" {kind.lower()} ".join(f"({_text(part)})" for part in x.args)
    if kind == "Not":
        return f"not ({_text(x.args[0])})"
    if kind == "Piecewise":
        return _pieces(x)
    if kind == "Heaviside":
        a = _text(x.args[0])
        return f"where({a} > 0, 1, where({a} < 0, 0, 0.5))"
    if kind in CALLS:
        return f"{CALLS[kind]}({', '.join(map(_text, x.args))})"
    raise SpecError(f"loss_from: formulas cannot contain {kind} ({x}). Write the expression without it, or write a "
                    "function of (prediction, target)")


def _number(text, alone) -> str:
    return text if alone else f"({text})"


def _sum(x) -> str:
    """Return terms with their signs between them."""
    first, *rest = (_text(term) for term in x.as_ordered_terms())
    return first + "".join(f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in rest)


def _product(x) -> str:
    """Return factors, and after a stroke those whose exponent is a negative number."""
    number, rest = x.as_coeff_Mul()
    if number < 0:
        return f"-{_product(-x) if (-x).is_Mul else _text(-x, False)}"
    above, below = ([] if number == 1 else [number]), []
    for factor in rest.args if rest.is_Mul else [rest]:
        negative = factor.is_Pow and factor.args[1].is_Rational and factor.args[1] < 0
        (below if negative else above).append(1 / factor if negative else factor)
    if number.is_Rational and number.q != 1:
        above[0] = number.p
        above, below = above[number.p == 1 :], [number.q, *below]
    text = "*".join(str(f) if isinstance(f, int) else _text(f, False) for f in above) or "1"
    return "/".join([text, *(str(f) if isinstance(f, int) else _text(f, False) for f in below)])


def _power(x) -> str:
    base, exponent = x.args
    if base.is_number and str(base) == "E":
        return f"exp({_text(exponent)})"
    if exponent.is_Rational and exponent < 0:
        return f"1/{_text(1 / x, False)}"
    if exponent.is_Rational and 2 * exponent == 1:
        return f"sqrt({_text(base)})"
    atom = base.is_Symbol or type(base).__name__ in CALLS
    return f"{_text(base) if atom else f'({_text(base)})'}**{_text(exponent, False)}"


def _constant(x) -> str:
    if str(x) == "pi":
        return "pi"
    value = complex(x)
    if value.imag or not math.isfinite(value.real):
        raise SpecError(f"loss_from: the number {x} is not real and finite, but formulas can only contain finite real "
                        "numbers")
    return repr(value.real) if value.real >= 0 else f"({value.real!r})"


def _pieces(x) -> str:
    """Return a Piecewise as where(); where no condition holds, it is not a number, and so is a loss."""
    pairs = list(x.args)
    if str(pairs[-1].args[1]) != "True":
        raise SpecError(f"loss_from: {x} has no value if none of its conditions holds. Add (expression, True) as its "
                        "last piece")
    found = _text(pairs[-1].args[0])
    for value, condition in reversed([pair.args for pair in pairs[:-1]]):
        found = f"where({_text(condition)}, {_text(value)}, {found})"
    return found
