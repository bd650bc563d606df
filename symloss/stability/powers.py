"""Rules for powers, quotients and sums whose gradients would be lost, from the logarithms of their parts.

Every rule takes a variable and the look for exponents, and returns what takes the place of the variable and the steps
that led there, or None.
"""

import dataclasses
import functools

import numpy as np
import pytensor.tensor as pt
from pytensor.scalar import basic as scalars
from pytensor.scalar.math import Softplus
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import Dot, Prod, Sum
from pytensor.tensor.special import LogSoftmax

from . import patterns as forms
from . import stable_forms
from .patterns import complement_of, constant, kind, parts, same, without_views
from .scaled import Rule, is_guarded

rules: dict[str, Rule] = {}


def rule(*ops):
    """Register ``function(variable, look)``, which returns (new, trail) or None, for what one of these ops made."""

    def register(function):
        rules[function.__name__] = Rule(function.__name__, ops, function, function.__doc__.splitlines()[0])
        return function

    return register


@rule(pt.mul, pt.sub)
def times_one_minus(variable, look):
    """p (1 - p) and p - p ** 2 = exp(log(p) + log(1 - p))."""
    factors = _factors(variable)
    for i, factor in enumerate(factors):
        q = complement_of(factor)
        if q is None:
            continue
        for j, other in enumerate(factors):
            if i == j or not same(q, other):
                continue
            a, b = look(q), look.complement(q)
            if a is None or b is None or a.factor is not None or b.factor is not None:
                continue
            value = pt.exp(a.exponent + b.exponent)
            for rest in (f for n, f in enumerate(factors) if n not in (i, j)):
                value = value * rest
            return value, (*a.trail, *b.trail)
    return None


def _factors(variable) -> list:
    if kind(variable) is scalars.Sub:
        p, square = variable.owner.inputs
        return [p, pt.sub(1, p)] if same(forms.root_of(square), p) else []
    return parts(variable, scalars.Mul)


@rule(pt.sqrt)
def root(variable, look):
    """sqrt(p) = exp(log(p) / 2), whose gradient is finite where p is 0."""
    return _power(variable.owner.inputs[0], 0.5, look)


@rule(pt.pow, pt.sqr)
def power(variable, look):
    """p ** a and (1 - p) ** a = exp(a log(p)): the gradient is finite where p is 0, and no 1 - p loses digits."""
    p, *rest = variable.owner.inputs
    a = rest[0] if rest else 2
    number = a if isinstance(a, int) else constant(a)
    whole = number is not None and number >= 0 and number == int(number)
    return None if whole and complement_of(p) is None else _power(p, a, look)


def _power(p, a, look):
    """Return p ** a by the logarithm of p; a small number beside p is meant, for a power of it is another one."""
    found = look(p)
    if found is None or found.factor is not None or is_guarded(found):
        return None
    exponent = found.exponent
    if isinstance(a, int | float):
        scaled = pt.as_tensor_variable(a).astype(exponent.dtype) * exponent
    else:  # 0 ** 0 is 1
        scaled = a * pt.switch(pt.eq(a, 0), 0, exponent) if constant(a) is None else a * exponent
    return pt.exp(scaled), found.trail


@rule(LogSoftmax)
def exact_log_softmax(variable, look):
    """log_softmax(x) to the last digit where it is near 0."""
    logits = variable.owner.inputs[0]
    return stable_forms.log_softmax(logits, forms.axes_of(variable.owner.op, logits.ndim)), ()


@rule(pt.sub, pt.add)
def one_minus_power(variable, look):
    """1 - p ** a and 1 - exp(x) = -expm1(x), where a product of many is a power too."""
    q = complement_of(variable)
    if kind(q) not in (scalars.Pow, scalars.Sqrt, scalars.Exp, Prod) or not _is_exactly_one_minus(variable):
        return None
    found = look(q)
    if found is None or found.factor is not None or is_guarded(found):
        return None
    return -pt.expm1(found.exponent), found.trail


def _is_exactly_one_minus(variable) -> bool:
    numbers = [constant(term) for term in variable.owner.inputs]
    return sum(n for n in numbers if n is not None) == 1


@rule(pt.true_div)
def over_exp(variable, look):
    """x / (a exp(y)) = x exp(-y) / a: the gradient of the quotient squares its divisor, which overflows."""
    numerator, denominator = variable.owner.inputs
    found = look(denominator)
    if found is None or not {name for name, _ in found.trail} <= _OF_EXP:
        return None
    x = forms.exponent_of(numerator)
    value = numerator * pt.exp(-found.exponent) if x is None else pt.exp(x - found.exponent)
    return value if found.factor is None else value / found.factor, found.trail


_OF_EXP = {"log_exp", "log_product", "log_power", "log_view"}


@rule(pt.true_div, pt.mul, pt.sub, pt.add)
def exact_number(variable, look):
    """log(2.0) in the precision of what it meets: PyTensor takes short numbers for those of single precision."""
    node = variable.owner
    inputs = [_in_full(v, variable.dtype) for v in node.inputs]
    return None if all(a is b for a, b in zip(inputs, node.inputs, strict=True)) else (node.op(*inputs), ())


def _in_full(variable, dtype):
    """Return a function of one number with all digits of a dtype, and anything else as it is."""
    if variable.dtype == dtype or not all(variable.type.broadcastable):
        return variable
    inner = without_views(variable)
    if not isinstance(inner.owner and inner.owner.op, Elemwise) or (number := _number(inner)) is None:
        return variable
    return pt.constant(np.full((1,) * variable.ndim, number, dtype))


def _number(variable):
    """Return the value of a function whose arguments are all numbers, in double precision, otherwise None."""
    variable = without_views(variable)
    if not isinstance(variable.owner and variable.owner.op, Elemwise):
        return constant(variable)
    numbers = [_number(v) for v in variable.owner.inputs]
    return None if None in numbers else float(variable.owner.op.scalar_op.impl(*map(np.float64, numbers)))


# ------------------------------------------------------------------------------------------ halves of a softplus


@rule(pt.add, pt.sub)
def softplus_in_halves(variable, look):
    """max(x, 0) + log1p(exp(-abs(x))) = softplus(x) in two halves: the gradient at 0 is 1/2."""
    terms = _terms(variable)
    for i, (factor, term) in enumerate(terms):
        x = _of_size(term)
        if x is None:
            continue
        rest = [part for one in terms[:i] + terms[i + 1 :] for part in _corners(*one, x, factor)]
        for j, (other, corner) in enumerate(rest):
            if other == factor and isinstance(corner, Corner):
                left = [(f, v.variable() if isinstance(v, Corner) else v) for f, v in rest[:j] + rest[j + 1 :]]
                below = pt.le(corner.x, 0)
                small = pt.softplus(pt.switch(below, corner.x, -corner.x))  # last: nothing is lost where the rest is 0
                return _total([(factor, pt.switch(below, 0, corner.x)), *left, (factor, small)]), ()
    return None


@dataclasses.dataclass(frozen=True)
class Corner:
    """The greater of x and 0."""

    x: object

    def variable(self):
        """Return it as a tensor."""
        return pt.maximum(self.x, 0)


def _terms(variable, factor=1.0) -> list:
    """Return the terms of a sum, each (a number, what it multiplies)."""
    found, inputs = kind(variable), [] if variable.owner is None else variable.owner.inputs
    if found is scalars.Add:
        return [term for v in inputs for term in _terms(v, factor)]
    if found is scalars.Sub:
        return _terms(inputs[0], factor) + _terms(inputs[1], -factor)
    if found is scalars.Neg:
        return _terms(inputs[0], -factor)
    if found in (scalars.Mul, scalars.TrueDiv) and len(inputs) == 2:
        number = constant(inputs[1])
        if number:
            return _terms(inputs[0], factor * number if found is scalars.Mul else factor / number)
        if found is scalars.Mul and (number := constant(inputs[0])):
            return _terms(inputs[1], factor * number)
    return [(factor, variable)]


def _total(terms):
    scaled = [v if f == 1 else -v if f == -1 else pt.as_tensor_variable(f).astype(v.dtype) * v for f, v in terms]
    return functools.reduce(pt.add, scaled)


def _of_size(term):
    """Return x if `term` is log(1 + exp(-abs(x))), else None."""
    found, inputs = kind(term), [] if term.owner is None else term.owner.inputs
    y = {Softplus: lambda: inputs[0], scalars.Log1p: lambda: forms.exponent_of(inputs[0]),
         scalars.Log: lambda: forms.one_plus_exp(inputs[0])}.get(found, lambda: None)()
    (sign, size), *more = [(0, None)] if y is None else _terms(y)
    return _bare(size.owner.inputs[0]) if sign == -1 and not more and kind(size) is scalars.Abs else None


def _bare(x):
    return x.owner.inputs[0] if kind(x) is scalars.Neg else x


def _corners(factor, term, x, wanted) -> list:
    """Return a term with the Corner of x or -x in it taken apart, of which there are `wanted`: as it is if none is."""
    found, inputs = kind(term), [] if term.owner is None else term.owner.inputs
    if found is scalars.Abs and same(_bare(inputs[0]), x) and 2 * factor == wanted:
        return [(wanted, Corner(x)), (-factor, x)]
    if found in (scalars.ScalarMaximum, scalars.ScalarMinimum) and len(inputs) == 2:
        for limit, y in (inputs, inputs[::-1]):
            if constant(limit) == 0 and same(_bare(y), x):
                return [(factor, Corner(y)) if found is scalars.ScalarMaximum else (-factor, Corner(-y))]
    if found is scalars.Clip and same(_bare(inputs[0]), x) and [constant(v) for v in inputs[1:]] == [0, np.inf]:
        return [(factor, Corner(inputs[0]))]
    if found is scalars.Switch and constant(inputs[2]) == 0 and same(_bare(inputs[1]), x):
        sign = _step(inputs[0], inputs[1])
        return [(factor, term)] if not sign else [(sign * factor, Corner(inputs[1] if sign > 0 else -inputs[1]))]
    if found is scalars.Mul:
        return _corners_of_product(factor, inputs, x) or [(factor, term)]
    return [(factor, term)]


def _corners_of_product(factor, inputs, x):
    """Return x * ([x > 0] - t) as the corner of x less x * t."""
    for i, y in enumerate(inputs):
        others = inputs[:i] + inputs[i + 1 :]
        if not same(_bare(y), x) or len(others) != 1:
            continue
        terms = [(f, v, _step(v, y)) for f, v in _terms(others[0])]
        if any(sign for _, _, sign in terms):
            return [(sign * f * factor, Corner(y if sign > 0 else -y)) if sign else (f * factor, y * v)
                    for f, v, sign in terms]
    return None


def _step(variable, x) -> int:
    """Return 1 if `variable` is x > 0, -1 if it is x < 0, else 0."""
    if kind(variable) is scalars.Cast:
        variable = variable.owner.inputs[0]
    if kind(variable) not in forms.COMPARISONS:
        return 0
    left, right = variable.owner.inputs
    sign = -1 if kind(variable) in forms.COMPARISONS[:2] else 1
    if constant(right) == 0 and same(left, x):
        return sign
    return -sign if constant(left) == 0 and same(right, x) else 0


# ------------------------------------------------------------------------------------------ lengths of vectors


@rule(pt.sqrt, pt.pow)
def length(variable, look):
    """sqrt(sum(x ** 2)), and other roots of sums of powers, with a slope of 0 where all of x is 0."""
    if not is_length(variable):
        return None
    squares, *rest = variable.owner.inputs
    empty = pt.eq(squares, 0)
    root = variable.owner.op(pt.switch(empty, np.asarray(1, squares.dtype), squares), *rest)
    return pt.switch(empty, np.asarray(0, root.dtype), root), ()


def is_length(variable) -> bool:
    """Return whether `variable` is a root of a sum of powers, and grows no faster than what is summed."""
    if kind(variable) not in (scalars.Sqrt, scalars.Pow):
        return False
    exponent = 0.5 if kind(variable) is scalars.Sqrt else _number(variable.owner.inputs[1])
    if exponent is None or not 0 < exponent < 1:
        return False
    power = power_summed(variable.owner.inputs[0])
    return power is not None and power * exponent >= 1 - 1e-9


def power_summed(variable) -> float | None:
    """Return the power of x in a sum of powers of abs(x), the least of several; None for other things."""
    variable = without_views(variable)
    made = kind(variable)
    if made is None:
        return None
    inputs = variable.owner.inputs
    if made is scalars.Sqr:
        return 2
    if made is scalars.Pow:
        exponent = _number(inputs[1])
        even = exponent is not None and (exponent % 2 == 0 or kind(inputs[0]) is scalars.Abs)
        return exponent if even and exponent > 1 else None
    if made is Sum or made is scalars.TrueDiv:
        return power_summed(inputs[0])
    if made is scalars.Add:
        found = [power_summed(v) for v in inputs]
        return None if None in found else min(found)
    if made is scalars.Mul:
        twice = any(same(a, b) for i, a in enumerate(inputs) for b in inputs[:i])
        return 2 if twice else next((power for power in map(power_summed, inputs) if power is not None), None)
    product = made is Dot or (made is Blockwise and isinstance(variable.owner.op.core_op, Dot))
    return 2 if product and same(*map(without_views, inputs)) else None
