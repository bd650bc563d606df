"""What stands in a graph: softmax and sigmoid, however they were written."""

import functools

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedGrad, ZeroGrad
from pytensor.graph.basic import equal_computations
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar import basic as scalars
from pytensor.scalar.math import Sigmoid, Softplus
from pytensor.tensor import special, subtensor
from pytensor.tensor.basic import Alloc, ExtractDiag, get_underlying_scalar_constant_value
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.exceptions import NotScalarConstantError
from pytensor.tensor.math import Dot, Max, Sum
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax

INDEXED = tuple(getattr(subtensor, name) for name in ("Subtensor", "AdvancedSubtensor", "AdvancedSubtensor1")
                if hasattr(subtensor, name))
VIEWS = (*INDEXED, DimShuffle, Reshape, SpecifyShape, Alloc, ExtractDiag, DisconnectedGrad, ZeroGrad, CheckAndRaise,
         scalars.Identity)

# ------------------------------------------------------------------------------------------ looking at a graph


def kind(variable) -> type | None:
    """Return the class of the op that made `variable` (if any): of the scalar op, for one that works by elements."""
    if variable is None or variable.owner is None:
        return None
    op = variable.owner.op
    return type(op.scalar_op) if isinstance(op, Elemwise) else type(op)


def parts(variable, wanted: type) -> list:
    """Return the terms of a sum (Add) or the factors of a product (Mul), those of its own terms as well."""
    if kind(variable) is not wanted:
        return [variable]
    return [part for value in variable.owner.inputs for part in parts(value, wanted)]


def constant(variable) -> float | None:
    """Return the one number that `variable` is filled with, or None if it is no constant."""
    try:
        value = get_underlying_scalar_constant_value(variable)
    except NotScalarConstantError:
        return None
    return float(value) if np.ndim(value) == 0 and np.isrealobj(value) else None


def same(a, b) -> bool:
    """Return whether two variables, neither of them None, are one computation."""
    return a is not None and b is not None and (a is b or (kind(a) is kind(b) and equal_computations([a], [b])))


def view_of(variable):
    """Return (what `variable` only shows some elements of, the function that shows the same of another), or None."""
    node = variable.owner
    found = kind(variable)
    if found is scalars.Cast:
        inner = node.inputs[0]
        if not (inner.dtype.startswith("float") and variable.dtype.startswith("float")):
            return None
        return inner, lambda other: other.astype(variable.dtype)
    if found is None or not issubclass(found, VIEWS):
        return None
    inner, rest = node.inputs[0], node.inputs[1:]

    def show(other):
        if other.type.broadcastable != inner.type.broadcastable:
            other = pt.second(inner, other)  # a factor with fewer elements than the product it stands in
        return node.op(other, *rest)

    return inner, show


def without_views(variable, also: tuple = ()):
    """Return what `variable` is a view of, through any number of views and of the kinds in `also`."""
    while True:
        seen = view_of(variable)
        if seen is not None:
            variable = seen[0]
        elif kind(variable) in also:
            variable = variable.owner.inputs[0]
        else:
            return variable


def complement_of(variable):
    """Return q if `variable` is 1 - q, else None; a guard may stand beside the 1: 1 + 1e-7 - q."""
    if kind(variable) is scalars.Sub:
        one, q = variable.owner.inputs
        value = constant(one)
        return q if value is not None and 0 <= value - 1 <= GUARD else None
    if kind(variable) is scalars.Add:
        terms = parts(variable, scalars.Add)
        numbers = [constant(t) for t in terms]
        rest = [t for t, number in zip(terms, numbers, strict=True) if number is None]
        if len(rest) == 1 and len(terms) > 1 and 0 <= sum(n for n in numbers if n is not None) - 1 <= GUARD:
            return opposite_of(rest[0])
    return None


def opposite_of(variable):
    """Return y if `variable` is -y, also as a product with -1 or with a negative factor, else None."""
    if kind(variable) is scalars.Neg:
        return variable.owner.inputs[0]
    factors = parts(variable, scalars.Mul)
    for i, factor in enumerate(factors if len(factors) > 1 else []):
        others = factors[:i] + factors[i + 1 :]
        if constant(factor) == -1 or kind(factor) is scalars.Neg:
            return functools.reduce(pt.mul, others if constant(factor) == -1 else [factor.owner.inputs[0], *others])
    return None


GUARD = 1e-3  # up to here a number keeps a logarithm finite; what is larger is meant
LEAST = 1e-30  # a floor up to here only stands for the smallest number; one above it belongs to the loss
COMPARISONS = (scalars.LT, scalars.LE, scalars.GT, scalars.GE)


def inside_clip(p):
    """Return what is clipped, if the limits only keep a probability from 0 and 1."""
    limited, node = kind(p), p.owner
    if limited is scalars.Clip:
        x, low, high = node.inputs
        limits = (constant(low), constant(high))
        inside = None not in limits and 0 <= limits[0] <= GUARD and limits[1] >= 1 - GUARD
        return x if inside else None
    if limited in (scalars.ScalarMaximum, scalars.ScalarMinimum) and len(node.inputs) == 2:
        for limit, x in (node.inputs, node.inputs[::-1]):
            if (value := constant(limit)) is not None:
                return x if _is_guard(value, low=limited is scalars.ScalarMaximum) else None
    return _inside_switch(*node.inputs) if limited is scalars.Switch else None


def _inside_switch(condition, first, second):
    """Return x if a switch is the greater or the lesser of x and a number: switch(x < 1e-7, 1e-7, x)."""
    if kind(condition) not in COMPARISONS:
        return None
    left, right = condition.owner.inputs
    below = kind(condition) in COMPARISONS[:2]
    for limit, x, is_first in ((first, second, True), (second, first, False)):
        value = constant(limit)
        for one, other, less in ((left, right, below), (right, left, not below)):
            if value is not None and _is_near(constant(other), value) and same(one, x):
                return x if _is_guard(value, low=less == is_first) else None
    return None


def _is_near(a, b) -> bool:
    return a is not None and abs(a - b) <= 1e-6 * abs(b)  # one of them may have been rounded to float32


def _is_guard(limit: float, low: bool) -> bool:
    return 0 <= limit <= GUARD if low else limit >= 1 - GUARD


def beside_epsilon(p):
    """Return what a small number is added to, only to keep it from 0."""
    if kind(p) is not scalars.Add:
        return None
    terms = parts(p, scalars.Add)
    numbers = [constant(t) for t in terms]
    rest = [t for t, number in zip(terms, numbers, strict=True) if number is None]
    if len(rest) != 1 or not all(0 <= n <= GUARD for n in numbers if n is not None):
        return None
    mixed = any(constant(f) is not None for f in parts(rest[0], scalars.Mul)[:2]) and kind(rest[0]) is scalars.Mul
    return None if mixed else rest[0]  # (1 - a) * p + a / k is a mixture, and meant


def above_floor(p):
    """Return q if `p` is q + disconnected_grad(maximum(q, least) - q), with a floor that is next to nothing."""
    if kind(p) is scalars.Add and len(p.owner.inputs) == 2:
        for q, rest in (p.owner.inputs, p.owner.inputs[::-1]):
            if kind(rest) is DisconnectedGrad and kind(rest.owner.inputs[0]) is scalars.Sub:
                limited, again = rest.owner.inputs[0].owner.inputs
                if same(again, q) and kind(limited) is scalars.ScalarMaximum:
                    floors = [value for v in limited.owner.inputs if (value := constant(v)) is not None]
                    return q if any(0 < value <= LEAST for value in floors) else None
    return None


def is_shifted(variable) -> bool:
    """Return whether a maximum has been taken off `variable`, so that its exponential cannot overflow."""
    while kind(variable) is scalars.ScalarMinimum:
        variable = variable.owner.inputs[0]
    return kind(variable) is scalars.Sub and _is_greatest(variable.owner.inputs[1])


def _is_greatest(variable) -> bool:
    seen = view_of(variable)
    if seen is not None:
        return kind(variable) is DisconnectedGrad or _is_greatest(seen[0])
    if kind(variable) is scalars.Switch:  # a maximum that is not finite is replaced
        return any(_is_greatest(branch) for branch in variable.owner.inputs[1:])
    return kind(variable) in (Max, scalars.ScalarMaximum)


def transposed(variable):
    """Return (what `variable` is a transpose of, the order of its axes); itself if it is none."""
    if kind(variable) is DimShuffle and variable.owner.op.is_transpose:
        return variable.owner.inputs[0], tuple(variable.owner.op.new_order)
    return variable, tuple(range(variable.ndim))


def summed_over(denominator, numerator) -> tuple[int, ...] | None:
    """Return the axes over which `numerator` is summed to give `denominator` (axes kept), or None."""
    total, given = _unmoved(denominator)
    for inner, order in ((numerator, tuple(range(numerator.ndim))), transposed(numerator)):
        if (axes := _axes_summed(total, inner)) is not None:
            kept = [axis for axis in range(inner.ndim) if axis not in axes]
            if is_product(total):  # the axis of the sum is still there, with a length of 1
                given = tuple("x" if axis == total.ndim - 1 else axis for axis in given)
            if given == tuple("x" if axis in axes else kept.index(axis) for axis in order):
                return tuple(position for position, axis in enumerate(order) if axis in axes)
    return None


def _unmoved(variable):
    """Return (what a variable shows with other axes, for each of its axes that of the other, or 'x' for a new one)."""
    given = tuple(range(variable.ndim))
    while kind(variable) in (DimShuffle, Reshape):
        inner, single = variable.owner.inputs[0], variable.type.broadcastable
        if kind(variable) is DimShuffle:
            order = variable.owner.op.new_order
        elif inner.ndim == 1 == single.count(False):
            order = ["x" if one else 0 for one in single]  # a vector, made a row or a column
        else:
            break
        given = tuple("x" if axis == "x" else order[axis] for axis in given)
        variable = inner
    return variable, given


def _axes_summed(total, inner) -> tuple[int, ...] | None:
    """Return the axes over which `inner` is summed to give `total`: by a sum, or by a product with a column of ones."""
    if kind(total) is Sum and same(total.owner.inputs[0], inner):
        return axes_of(total.owner.op, inner.ndim)
    if is_product(total) and total.type.broadcastable[-1] and same(total.owner.inputs[0], inner):
        return (inner.ndim - 1,) if constant(total.owner.inputs[1]) == 1 else None
    return None


def is_product(variable) -> bool:
    """Return whether `variable` is a matrix product."""
    return variable.owner is not None and isinstance(getattr(variable.owner.op, "core_op", variable.owner.op), Dot)


def axes_of(op, ndim: int) -> tuple[int, ...]:
    """Return the axes of a sum or a softmax, from 0."""
    return tuple(range(ndim)) if op.axis is None else tuple(a % ndim for a in op.axis)


# ------------------------------------------------------------------------------------------ written out by hand


LOG_SUM_EXP = getattr(special, "LogSumExp", object)  # older PyTensors have no such op, and write it out


def inside_log_sum_exp(variable):
    """Return x if `variable` is log(sum(exp(x))), else None."""
    if kind(variable) is LOG_SUM_EXP:
        return variable.owner.inputs[0]
    if kind(variable) is scalars.Log:
        total = without_views(variable.owner.inputs[0])
        if kind(total) is Sum and kind(total.owner.inputs[0]) is scalars.Exp:
            return total.owner.inputs[0].owner.inputs[0]
    return None


def exponent_of(variable):
    """Return y if `variable` is exp(y), e ** y or 1 / exp(-y), else None."""
    if kind(variable) is scalars.Exp:
        return variable.owner.inputs[0]
    if kind(variable) is scalars.Pow:
        base = constant(variable.owner.inputs[0])
        if base is not None and abs(base - np.e) < 1e-6:
            return variable.owner.inputs[1]
    divisor = inverse_of(variable)
    y = None if divisor is None else exponent_of(divisor)
    return None if y is None else _negative(y)


def inverse_of(variable):
    """Return y if `variable` is 1 / y, else None."""
    found, node = kind(variable), variable.owner
    if found is scalars.Reciprocal or (found is scalars.Pow and constant(node.inputs[1]) == -1):
        return node.inputs[0]
    return node.inputs[1] if found is scalars.TrueDiv and constant(node.inputs[0]) == 1 else None


def softmax_written_out(variable):
    """Return the softmax that `variable` is, or None.

    That is exp(x) / sum(exp(x)), a softmax over its own sum, exp(x - logsumexp(x)) or exp(log_softmax(x)).
    """
    found, node = kind(variable), variable.owner
    if found is scalars.TrueDiv:
        return _softmax_of_quotient(*node.inputs)
    if found is scalars.Mul and len(node.inputs) == 2:
        for numerator, other in (node.inputs, node.inputs[::-1]):
            divisor = inverse_of(other)
            if divisor is not None and (softmax := _softmax_of_quotient(numerator, divisor)) is not None:
                return softmax
    return _softmax_of_logs(node.inputs[0]) if found is scalars.Exp else None


def _softmax_of_quotient(numerator, denominator):
    inner, order = transposed(numerator)
    logits = exponent_of(inner)
    if logits is None and kind(inner) is not Softmax:
        return None
    axes = summed_over(denominator, numerator)
    if axes is None:
        return None
    if logits is None:
        own = axes_of(inner.owner.op, inner.ndim)
        return numerator if tuple(i for i, axis in enumerate(order) if axis in own) == axes else None
    return Softmax(axis=axes)(_unshifted(logits if inner is numerator else logits.transpose(order), axes))


def _softmax_of_logs(logs):
    if kind(logs) is LogSoftmax:
        return Softmax(axis=axes_of(logs.owner.op, logs.ndim))(logs.owner.inputs[0])
    if kind(logs) is scalars.Sub:
        logits, total = logs.owner.inputs
        axes = _axes_of_log_sum_exp(total, logits)
        return None if axes is None else Softmax(axis=axes)(logits)
    return None


def _axes_of_log_sum_exp(total, logits) -> tuple[int, ...] | None:
    """Return the axes over which `total` is log(sum(exp(logits))), which it keeps, or None."""
    inner, given = _unmoved(total)
    if not same(inside_log_sum_exp(inner), logits):
        return None
    if kind(inner) is LOG_SUM_EXP:
        axes, left = axes_of(inner.owner.op, logits.ndim), iter(range(logits.ndim))
        return axes if given == tuple("x" if axis in axes else next(left) for axis in range(logits.ndim)) else None
    sums, order = _unmoved(inner.owner.inputs[0])
    shown = sums.dimshuffle(["x" if axis == "x" else order[axis] for axis in given])
    return summed_over(shown, sums.owner.inputs[0])


def _unshifted(logits, axes):
    """Return logits without a shift that is the same along `axes`: a softmax does not see it."""
    if is_shifted(logits) and kind(logits) is scalars.Sub:
        inner, shift = logits.owner.inputs
        if all(shift.type.broadcastable[a] for a in axes) and inner.type.broadcastable == logits.type.broadcastable:
            return inner
    return logits


def sigmoid_written_out(variable):
    """Return the sigmoid that `variable` is, or None: 1 / (1 + exp(-x)), exp(x) / (1 + exp(x)), (1 + tanh(x/2))/2."""
    found, node = kind(variable), variable.owner
    divisor = inverse_of(variable)
    if divisor is not None:
        y = one_plus_exp(divisor)
        return None if y is None else pt.sigmoid(_negative(y))
    if found is scalars.TrueDiv:
        y = one_plus_exp(node.inputs[1])
        if y is not None and same(exponent_of(node.inputs[0]), y):
            return pt.sigmoid(y)
    for tanh in (beside(_half_of(variable), scalars.Add, 1), _half_of(beside(variable, scalars.Add, 0.5))):
        if kind(tanh) is scalars.Tanh:
            return pt.sigmoid(2 * tanh.owner.inputs[0])
    return None


def _half_of(variable):
    """Return y if `variable` is y / 2 or 0.5 y, else None."""
    if kind(variable) is scalars.TrueDiv and constant(variable.owner.inputs[1]) == 2:
        return variable.owner.inputs[0]
    return beside(variable, scalars.Mul, 0.5)


def beside(variable, wanted: type, number: float):
    """Return y if `variable` is the sum or the product of y and a number, else None."""
    if kind(variable) is wanted and len(variable.owner.inputs) == 2:
        for one, other in (variable.owner.inputs, variable.owner.inputs[::-1]):
            if constant(one) == number:
                return other
    return None


def root_of(variable):
    """Return y if `variable` is y ** 2, else None."""
    found, inputs = kind(variable), [] if variable.owner is None else variable.owner.inputs
    if found is scalars.Sqr or (found is scalars.Pow and constant(inputs[1]) == 2):
        return inputs[0]
    return inputs[0] if found is scalars.Mul and len(inputs) == 2 and same(*inputs) else None


def one_plus_exp(variable):
    """Return y if `variable` is 1 + exp(y), else None."""
    other = beside(variable, scalars.Add, 1)
    return None if other is None else exponent_of(other)


def _negative(x):
    return x.owner.inputs[0] if kind(x) is scalars.Neg else -x


SIGMOID, SOFTMAX = Sigmoid, Softmax
EXPONENTIALS = (scalars.Exp, scalars.Expm1, scalars.Tanh, scalars.Cosh, scalars.Sinh, Softplus)
