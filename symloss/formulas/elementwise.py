"""What the elementwise operations of PyTensor are in sympy."""

import sympy

from .functions import Held, Sigmoid, Softplus


def number(value):
    """Return a condition as 1 or 0, and anything else as it is."""
    if value in (sympy.true, sympy.false):
        return sympy.Integer(value is sympy.true or value == sympy.true)
    return sympy.Piecewise((1, value), (0, True)) if is_condition(value) else value


def condition(value):
    """Return a number as the condition that it is not 0."""
    return value if is_condition(value) else sympy.Ne(value, 0)


def is_condition(value) -> bool:
    """Return whether an expression is true or false."""
    return isinstance(value, sympy.logic.boolalg.Boolean) and not isinstance(value, sympy.Symbol)


def switch(chosen, yes, no):
    """Return a case by case expression; a branch that is no number says what may not be, and is left out."""
    if yes is sympy.nan or no is sympy.nan:
        return no if yes is sympy.nan else yes
    chosen = condition(chosen)
    if chosen in (sympy.true, sympy.false) or yes == no:
        return yes if chosen == sympy.true or yes == no else no
    return sympy.Piecewise((yes, chosen), (no, True), evaluate=False)


def _sign(x):
    return sympy.sign(x)


INFINITE = (sympy.oo, -sympy.oo)


def by_branch(made, values):
    """Return a function of values, branch by branch of those that are infinite in one: exp(-infinity) is 0.

    >>> x, there = sympy.Symbol("x", real=True), sympy.Symbol("i") > 0
    >>> by_branch(sympy.exp, [sympy.Piecewise((x, there), (-sympy.oo, True))])
    Piecewise((exp(x), i > 0), (0, True))
    """
    for place, value in enumerate(values):
        if isinstance(value, sympy.Piecewise) and is_endless(value):
            rest = [(values[:place], v, values[place + 1 :], c) for v, c in value.args]
            return sympy.Piecewise(*((number(by_branch(made, [*before, v, *after])), c)
                                     for before, v, after, c in rest), evaluate=False)
    return made(*values)


def is_endless(value) -> bool:
    """Return whether a value is infinite, or is in one of its cases."""
    return value in INFINITE or (isinstance(value, sympy.Piecewise) and any(is_endless(v) for v, _ in value.args))


def _product(*factors):
    """Return a product in which 0 times infinity is 0: infinity stands for a number that is too large to matter."""
    endless = sympy.Mul(*[f for f in factors if f in INFINITE])
    cases = [f for f in factors if isinstance(f, sympy.Piecewise) and f.has(sympy.S.Zero)]
    if endless in INFINITE and cases:
        rest = [f for f in factors if f not in INFINITE and f is not cases[0]]
        return sympy.Piecewise(*((sympy.S.Zero if value == 0 else _product(endless, value, *rest), c)
                                 for value, c in cases[0].args))
    return sympy.Mul(*factors)


def _xlogy(x, y):
    return x * sympy.log(y)


ARITHMETIC = {
    "add": lambda *xs: sympy.Add(*xs),
    "mul": _product,
    "sub": lambda x, y: x - y,
    "neg": lambda x: -x,
    "true_div": lambda x, y: x / y,
    "int_div": lambda x, y: sympy.floor(x / y),
    "mod": lambda x, y: sympy.Mod(x, y),
    "pow": lambda x, y: x**y,
    "sqr": lambda x: x**2,
    "sqrt": sympy.sqrt,
    "reciprocal": lambda x: 1 / x,
    "identity": lambda x: x,
    "cast": lambda x: x,
    "second": lambda x, y: y,
    "maximum": sympy.Max,
    "minimum": sympy.Min,
    "abs": sympy.Abs,
    "sign": _sign,
    "clip": lambda x, low, high: sympy.Max(low, sympy.Min(high, x)),
    "floor": sympy.floor,
    "ceil": sympy.ceiling,
    "real": lambda x: x,
    "conj": lambda x: x,
}

FUNCTIONS = {
    "exp": sympy.exp,
    "exp2": lambda x: 2**x,
    "expm1": lambda x: sympy.exp(x) - 1,
    "log": sympy.log,
    "log2": lambda x: sympy.log(x) / sympy.log(2),
    "log10": lambda x: sympy.log(x) / sympy.log(10),
    "log1p": lambda x: sympy.log(1 + x),
    "log1mexp": lambda x: sympy.log(1 - sympy.exp(x)),
    "softplus": Softplus,
    "sigmoid": Sigmoid,
    "erf": sympy.erf,
    "erfc": sympy.erfc,
    "erfcx": lambda x: sympy.exp(x**2) * sympy.erfc(x),
    "gammaln": sympy.loggamma,
    "gamma": sympy.gamma,
    "psi": sympy.digamma,
    "trigamma": lambda x: sympy.polygamma(1, x),
    "xlogx": lambda x: _xlogy(x, x),
    "xlogy": _xlogy,
    "xlogy0": _xlogy,
    "xlog1py": lambda x, y: _xlogy(x, 1 + y),
    **{name: getattr(sympy, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan",
                                              "asinh", "acosh", "atanh")},
    "arcsin": sympy.asin, "arccos": sympy.acos, "arctan": sympy.atan, "arctan2": sympy.atan2,
    "arcsinh": sympy.asinh, "arccosh": sympy.acosh, "arctanh": sympy.atanh,
}

DEEP = (sympy.Sum, sympy.Piecewise)


def _compared(relation):
    """Return a comparison that is not decided where that means long deliberations about signs of sums."""
    def made(a, b):
        a, b = (x.replace(lambda e: isinstance(e, Held), lambda e: e.args[0]) if isinstance(x, sympy.Basic) else x
                for x in (a, b))  # a condition has no gradient anyway
        if a in INFINITE or b in INFINITE:  # numbers are finite, and what is infinite means what is left out
            return relation(sympy.sign(a) if a in INFINITE else 0, sympy.sign(b) if b in INFINITE else 0)
        deep = any(getattr(x, "has", lambda *kinds: False)(*DEEP) for x in (a, b))
        return relation(a, b, evaluate=False) if deep else relation(a, b)

    return made


COMPARISONS = {
    **{name: _compared(kind) for name, kind in (("eq", sympy.Eq), ("neq", sympy.Ne), ("lt", sympy.Lt),
                                                ("gt", sympy.Gt), ("le", sympy.Le), ("ge", sympy.Ge))},
    "isinf": lambda x: sympy.false, "isnan": lambda x: sympy.false,  # of numbers that are finite
}

LOGIC = {
    "and": sympy.And, "or": sympy.Or, "not": sympy.Not, "invert": sympy.Not, "xor": sympy.Xor,
}


def of_scalar_op(op):
    """Return the function of sympy expressions for a scalar operation of PyTensor, or None."""
    for key in (type(op).__name__.lower(), str(getattr(op, "name", "") or "").lower()):
        if key == "switch":
            return lambda c, yes, no: switch(c, number(yes), number(no))
        for table, wrap in ((ARITHMETIC, number), (FUNCTIONS, number), (COMPARISONS, number), (LOGIC, condition)):
            if key in table:
                return lambda *xs, made=table[key], wrap=wrap: made(*map(wrap, xs))
    return None
