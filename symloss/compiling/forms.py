"""What stands in a graph, and stable forms to put in its place: softmax and sigmoid, however they were written."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedGrad, ZeroGrad, disconnected_grad
from pytensor.graph.basic import equal_computations
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar import basic as scalars
from pytensor.scalar.math import Sigmoid
from pytensor.tensor import special, subtensor
from pytensor.tensor.basic import Alloc, ExtractDiag, get_underlying_scalar_constant_value
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.exceptions import NotScalarConstantError
from pytensor.tensor.math import Max, Sum
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.special import Softmax

INDEXED = tuple(getattr(subtensor, name) for name in ("Subtensor", "AdvancedSubtensor", "AdvancedSubtensor1")
                if hasattr(subtensor, name))
VIEWS = (*INDEXED, DimShuffle, Reshape, SpecifyShape, Alloc, ExtractDiag, DisconnectedGrad, ZeroGrad, CheckAndRaise,
         scalars.Identity)

# ------------------------------------------------------------------------------------------ looking at a graph


def kind(variable) -> type | None:
    """Return the class of the op that made `variable`: of the scalar op, for one that works element by element."""
    if variable.owner is None:
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
    """Return whether two variables are one computation."""
    return a is b or (kind(a) is kind(b) and equal_computations([a], [b]))


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
        if len(rest) == 1 and kind(rest[0]) is scalars.Neg and len(terms) > 1:
            return rest[0].owner.inputs[0] if 0 <= sum(n for n in numbers if n is not None) - 1 <= GUARD else None
    return None


GUARD = 1e-3  # up to here a number keeps a logarithm finite; what is larger is meant


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
    total, given = denominator, tuple(range(denominator.ndim))
    if kind(total) is DimShuffle:
        given, total = tuple(total.owner.op.new_order), total.owner.inputs[0]
    for inner, order in ((numerator, tuple(range(numerator.ndim))), transposed(numerator)):
        if kind(total) is Sum and same(total.owner.inputs[0], inner):
            axes = axes_of(total.owner.op, inner.ndim)
            kept = [axis for axis in range(inner.ndim) if axis not in axes]
            if given == tuple("x" if axis in axes else kept.index(axis) for axis in order):
                return tuple(position for position, axis in enumerate(order) if axis in axes)
    return None


def axes_of(op, ndim: int) -> tuple[int, ...]:
    """Return the axes of a sum or a softmax, from 0."""
    return tuple(range(ndim)) if op.axis is None else tuple(a % ndim for a in op.axis)


# ------------------------------------------------------------------------------------------ written out by hand


def softmax_written_out(quotient):
    """Return the softmax that `quotient` is: exp(x) / sum(exp(x)), or a softmax over its own sum; or None."""
    if kind(quotient) is not scalars.TrueDiv:
        return None
    numerator, denominator = quotient.owner.inputs
    inner, order = transposed(numerator)
    if kind(inner) not in (scalars.Exp, Softmax):
        return None
    axes = summed_over(denominator, numerator)
    if axes is None:
        return None
    if kind(inner) is Softmax:
        own = axes_of(inner.owner.op, inner.ndim)
        return numerator if tuple(i for i, axis in enumerate(order) if axis in own) == axes else None
    logits = inner.owner.inputs[0]
    return Softmax(axis=axes)(_unshifted(logits if inner is numerator else logits.transpose(order), axes))


def _unshifted(logits, axes):
    """Return logits without a shift that is the same along `axes`: a softmax does not see it."""
    if is_shifted(logits) and kind(logits) is scalars.Sub:
        inner, shift = logits.owner.inputs
        if all(shift.type.broadcastable[a] for a in axes) and inner.type.broadcastable == logits.type.broadcastable:
            return inner
    return logits


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


def sigmoid_written_out(variable):
    """Return the sigmoid that `variable` is, or None: 1 / (1 + exp(-x)), exp(x) / (1 + exp(x)), (1 + tanh(x/2))/2."""
    found, node = kind(variable), variable.owner
    if found is scalars.Reciprocal or (found is scalars.Pow and constant(node.inputs[1]) == -1):
        y = one_plus_exp(node.inputs[0])
        return None if y is None else pt.sigmoid(_negative(y))
    if found is scalars.TrueDiv:
        numerator, denominator = node.inputs
        y = one_plus_exp(denominator)
        if y is not None and constant(numerator) == 1:
            return pt.sigmoid(_negative(y))
        if y is not None and kind(numerator) is scalars.Exp and same(numerator.owner.inputs[0], y):
            return pt.sigmoid(y)
        return _from_tanh(numerator) if constant(denominator) == 2 else None
    if found is scalars.Mul and len(node.inputs) == 2:
        for factor, other in (node.inputs, node.inputs[::-1]):
            if constant(factor) == 0.5:
                return _from_tanh(other)
    return None


def one_plus_exp(variable):
    """Return y if `variable` is 1 + exp(y), else None."""
    if kind(variable) is not scalars.Add or len(variable.owner.inputs) != 2:
        return None
    for one, other in (variable.owner.inputs, variable.owner.inputs[::-1]):
        if kind(other) is scalars.Exp and constant(one) == 1:
            return other.owner.inputs[0]
    return None


def _negative(x):
    return x.owner.inputs[0] if kind(x) is scalars.Neg else -x


def _from_tanh(variable):
    """Return sigmoid(x) if `variable` is 1 + tanh(x / 2), else None."""
    if kind(variable) is not scalars.Add or len(variable.owner.inputs) != 2:
        return None
    for one, other in (variable.owner.inputs, variable.owner.inputs[::-1]):
        if constant(one) == 1 and kind(other) is scalars.Tanh:
            return pt.sigmoid(2 * other.owner.inputs[0])
    return None


# ------------------------------------------------------------------------------------------ stable forms


def over_last_axis(function, x, axes: tuple):
    """Return ``function`` of x with `axes` brought to the end as one axis; the result has the shape of x."""
    if axes == (x.ndim - 1,):
        return function(x)
    rest = [a for a in range(x.ndim) if a not in axes]
    order = [*rest, *axes]
    moved = x.transpose(order)
    if len(axes) == 1:
        return function(moved).transpose(list(np.argsort(order)))
    flat = moved.reshape((*(moved.shape[i] for i in range(len(rest))), -1))
    return function(flat).reshape(moved.shape, ndim=moved.ndim).transpose(list(np.argsort(order)))


def _around_the_greatest(x):
    """Return (where the first greatest entry of each row is, x less that entry, sum of exp of all the others).

    Nothing is added to 1: what is lost there is all that is left of the loss of a sure and right prediction. No
    gradient takes part in a difference of equal numbers either, for the entry itself is a constant 0.
    """
    top = pt.eq(pt.arange(x.shape[-1]), pt.argmax(x, axis=-1, keepdims=True))
    below = pt.switch(top, 0, x - pt.switch(top, x, 0).sum(axis=-1, keepdims=True))
    others = pt.switch(top, 0, pt.exp(below)).sum(axis=-1, keepdims=True)
    return top, below, others


def log_softmax(x, axes: tuple):
    """Return log(softmax(x)), to the last digit where the probability is near 0 and where it is near 1."""

    def last(z):
        _, below, others = _around_the_greatest(z)
        return below - pt.log1p(others)

    return over_last_axis(last, x, axes)


def log_one_minus_softmax(x, axes: tuple):
    """Return log(1 - softmax(x)): for the greatest entry from the others, for the others from their own."""

    def last(z):
        top, below, others = _around_the_greatest(z)
        base = pt.log1p(others)
        rest = pt.log1p(-pt.exp(pt.switch(top, -1, below - base)))  # a probability of at most 1/2
        left = pt.switch(top, np.asarray(-np.inf, z.dtype), below)
        return pt.switch(top, log_sum_exp(left, (left.ndim - 1,), keepdims=True) - base, rest)

    return over_last_axis(last, x, axes)


def greatest(x, axes: tuple):
    """Return the greatest entry of x along `axes`, which are kept: a constant for gradients, and never infinite."""
    top = disconnected_grad(x.max(axis=axes, keepdims=True) if axes else x)
    return pt.switch(pt.isinf(top), 0, top).astype(x.dtype)


def log_sum_exp(x, axes: tuple, keepdims: bool = False):
    """Return log(sum(exp(x))) along `axes`."""
    top = greatest(x, axes)
    total = top + pt.log(pt.exp(x - top).sum(axis=axes, keepdims=True))
    return total if keepdims else total.squeeze(axis=axes)


SIGMOID, SOFTMAX = Sigmoid, Softmax
