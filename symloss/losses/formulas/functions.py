"""The functions of formulas, by name."""

import dataclasses
from collections.abc import Callable

import pytensor.tensor as pt
from pytensor.tensor.special import softmax


@dataclasses.dataclass(frozen=True)
class Function:
    """What the name of a function means.

    Parameters
    ----------
    make : callable
        Returns a tensor from that many tensors.
    says : str
        A short description.
    least, most : int or None
        Number of arguments. With None there is no upper limit.
    level : None, 'item' or 'element'
        What one of its values belongs to. None means the same as for its arguments. 'item' is one number for the last
        axis.
    along : bool
        Whether it runs along the last axis.
    """

    make: Callable
    says: str
    least: int = 1
    most: int | None = 1
    level: str | None = None
    along: bool = False


def _each(function, says, count=1, most=...) -> Function:
    return Function(function, says, count, count if most is ... else most)


def _along(function, says, level="item") -> Function:
    return Function(function, says, level=level, along=True)


def _fold(pair):
    def make(first, *rest):
        for value in rest:
            first = pair(first, value)
        return first

    return make


def _log_sum_exp(x):
    top = pt.max(x, axis=-1, keepdims=True)
    top = pt.switch(pt.isinf(top), 0, top)
    return pt.log(pt.sum(pt.exp(x - top), axis=-1)) + top[..., 0]


FUNCTIONS = {
    "abs": _each(pt.abs, "size"),
    "sign": _each(pt.sign, "-1, 0 or 1"),
    "exp": _each(pt.exp, "exponential; exp(1) is Euler's number"),
    "expm1": _each(pt.expm1, "exp(x) - 1, exact near 0"),
    "log": _each(pt.log, "natural logarithm"),
    "log1p": _each(pt.log1p, "log(1 + x), exact near 0"),
    "log2": _each(pt.log2, "logarithm to base 2"),
    "log10": _each(pt.log10, "logarithm to base 10"),
    "sqrt": _each(pt.sqrt, "square root"),
    "square": _each(pt.sqr, "x ** 2"),
    "sin": _each(pt.sin, "sine"),
    "cos": _each(pt.cos, "cosine"),
    "tan": _each(pt.tan, "tangent"),
    "atan": _each(pt.arctan, "arc tangent"),
    "sinh": _each(pt.sinh, "hyperbolic sine"),
    "cosh": _each(pt.cosh, "hyperbolic cosine"),
    "tanh": _each(pt.tanh, "hyperbolic tangent"),
    "sigmoid": _each(pt.sigmoid, "1 / (1 + exp(-x))"),
    "softplus": _each(pt.softplus, "log(1 + exp(x))"),
    "relu": _each(lambda x: pt.maximum(x, 0), "max(x, 0)"),
    "erf": _each(pt.erf, "error function"),
    "erfc": _each(pt.erfc, "1 - erf(x)"),
    "lgamma": _each(pt.gammaln, "logarithm of the gamma function"),
    "digamma": _each(pt.psi, "derivative of lgamma"),
    "clip": _each(pt.clip, "clip(x, low, high)", 3),
    "where": _each(pt.switch, "where(condition, a, b)", 3),
    "max": Function(_fold(pt.maximum), "largest of its arguments; of one argument, along the last axis", 2, None),
    "min": Function(_fold(pt.minimum), "smallest of its arguments; of one argument, along the last axis", 2, None),
    "sum": _along(lambda x: pt.sum(x, axis=-1), "sum along the last axis"),
    "mean": _along(lambda x: pt.mean(x, axis=-1), "mean along the last axis"),
    "logsumexp": _along(_log_sum_exp, "log(sum(exp(x)))"),
    "softmax": _along(lambda x: softmax(x, axis=-1), "exp(x) / sum(exp(x))", "element"),
}
ALONG_LAST = {"max": _along(lambda x: pt.max(x, axis=-1), ""), "min": _along(lambda x: pt.min(x, axis=-1), "")}


def function(name: str, count: int) -> Function | None:
    """Return the function of that name with that many arguments, or None if the name is unknown."""
    return ALONG_LAST[name] if name in ALONG_LAST and count == 1 else FUNCTIONS.get(name)


ELSEWHERE = {"ln": "log", "fabs": "abs", "Abs": "abs", "pow": "a ** b", "maximum": "max", "minimum": "min",
             "loggamma": "lgamma", "gammaln": "lgamma", "arctan": "atan", "logistic": "sigmoid", "switch": "where",
             "if": "where(condition, a, b)", "ifelse": "where", "log_sigmoid": "-softplus(-x)", "sqr": "square",
             "Heaviside": "where(x > 0, 1, 0)", "step": "where(x > 0, 1, 0)"}  # other libraries' names -> what to write
