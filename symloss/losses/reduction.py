"""From many values to one scalar: the only place where weights, masks and divisors are handled."""

import functools
import operator

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import equal_computations

from .._checks import shape_text
from .._registry import Registry
from ..errors import ShapeError, SpecError

rules: Registry[str] = Registry("reduction (how=):")
for _name, _aliases in {
    "mean": ("weighted mean", "mean with sample weight", "normalized sum"),
    "count": ("mean over count", "sum over batch size"),
    "batch mean": (),
    "sum": (),
    "none": (),
}.items():
    rules.add(_name, _name, _aliases)


def rule(how: str) -> str:
    """Return the standard spelling of a reduction's name: 'batchmean' is 'batch mean'."""
    return rules.get(how)


def scalar_rule(who: str, how: str) -> str:
    """Return the standard spelling of a reduction that gives a scalar, or raise SpecError."""
    how = rule(how)
    if how == "none":
        raise SpecError(f"{who}: how='none' gives no scalar to minimize. Pass how='mean', 'count', 'batch mean' or "
                        "'sum'")
    return how


def fraction(values, weights=None, mask=None, how: str = "mean", counts=None, negative: bool = False):
    """Return numerator and denominator of the reduction of `values`, as two scalars. See `reduce`."""
    how = rule(how)
    if how == "none":
        raise SpecError("reduce: how='none' gives no scalar. Pass how='mean', 'count', 'batch mean' or 'sum'")
    weights = _weights_like(values, weights, mask)
    kept = values if weights is None else pt.switch(pt.neq(weights, 0), values * weights, 0)
    numerator = kept.sum()
    if how == "sum":
        return numerator, pt.ones((), dtype=numerator.dtype)
    size = abs(weights) if negative and weights is not None else weights
    if how in ("mean", "count") and counts is not None:
        return numerator, (counts if how == "count" or weights is None else size * counts).sum()
    if how == "mean" and weights is not None:
        return numerator, size.sum()
    return numerator, _count(values, 1 if how == "batch mean" else values.ndim).astype(numerator.dtype)


def _count(values, axes):
    """Return how many values there are along the first `axes`.

    The lengths that are known are multiplied here, and not in every step.
    """
    lengths = values.type.shape[:axes]
    free = [values.shape[axis] for axis, length in enumerate(lengths) if length is None]
    known = np.prod([length for length in lengths if length is not None], dtype="int64")
    return pt.as_tensor_variable(int(known) if not free else functools.reduce(operator.mul, free) * known)


def kept(labels, ignored):
    """Return 1 where a label counts and 0 where it is `ignored`, or None if nothing is ignored or there are no labels.

    Items that `ignore_index` excludes are left out of every divisor. This is their mask.
    """
    if ignored is None or not labels.dtype.startswith("int"):
        return None
    return pt.neq(labels, ignored)


def by_class(target, class_weight):
    """Return the weight of each item's class.

    Parameters
    ----------
    target : tensor
        Labels, or floats: either probabilities of the classes on the last axis, which get their mean weight, or for
        each column a number between 0 (no) and 1 (yes).
    class_weight : vector, or matrix (columns, 2)
        Weights by class, or the weights of no and yes for each column.
    """
    if class_weight.ndim == 2:
        return class_weight[:, 0] + (class_weight[:, 1] - class_weight[:, 0]) * target
    if not target.dtype.startswith("int"):
        return (target * class_weight).sum(axis=-1)
    inside = pt.ge(target, 0) & pt.lt(target, class_weight.type.shape[0])
    return class_weight[pt.switch(inside, target, 0)]


def of_items(weights, axes: int = 1):
    """Return weights with that many axes: means over the other axes of the weights that are not 0.

    Entries with weight 0 are ignored, so an item counts the same however much padding it has.
    """
    rest = tuple(range(axes, weights.ndim))
    return divide(weights.sum(axis=rest), pt.neq(weights, 0).sum(axis=rest).astype(weights.dtype))


def _filled(values) -> bool:
    """Return whether there is a value in any case: all lengths are known, and none is 0."""
    return all(values.type.shape)


def divide(numerator, denominator):
    """Return the quotient, or 0 with a gradient of 0 if the denominator is 0."""
    empty = pt.eq(denominator, 0)
    zero, one = np.asarray(0, numerator.dtype), np.asarray(1, denominator.dtype)  # 0 / 1 of integers would be float64
    return pt.switch(empty, zero, numerator) / pt.switch(empty, one, denominator)


def added(fractions: list) -> tuple:
    """Return the sum of several (numerator, denominator) as one. If the denominators differ, it keeps the first one."""
    first = fractions[0][1]
    total = 0
    for numerator, denominator in fractions:
        same = denominator is first or equal_computations([denominator], [first])
        total = total + (numerator if same else divide(numerator, denominator) * first)
    return total, first


def reduce(values, weights=None, mask=None, how: str = "mean", counts=None, negative: bool = False):
    """Return one scalar from many values, with weights, a mask and a divisor.

    Parameters
    ----------
    values : float tensor
        A loss per element or per item.
    weights : float tensor or None
        In the shape of the values, or with fewer axes or lengths of 1, such as one weight for each sample, which are
        broadcast. If there are more axes, the weights are averaged over those, without zeros.
    mask : tensor or None
        Values where the mask is 0 are ignored completely, even if they are NaN.
    how : str
        'mean': sum(w l) / sum(w). 'count': sum(w l) / number of values. 'batch mean': sum(w l) / number of items, the
        length of the first axis. 'sum': sum(w l). 'none': w l, not reduced.
    counts : float tensor or None
        How much each value counts in the divisor, in the shape of the values: 'mean' is sum(w l) / sum(w c), 'count'
        sum(w l) / sum(c). With None each counts 1.
    negative : bool
        Whether weights may be negative. 'mean' is then sum(w l) / sum(|w|), because sum(w) of a batch may be 0 or
        negative, which would reverse the sign of the loss. Without negative weights both are the same.

    Returns
    -------
    float scalar
        An empty batch, or one in which everything is masked, gives 0, with a gradient of 0. With 'none', a tensor in
        the shape of the values.

    >>> float(reduce(pt.constant([1.0, 5.0]), weights=pt.constant([3.0, 1.0])).eval())
    2.0
    """
    how = rule(how)
    if how == "none":
        weights = _weights_like(values, weights, mask)
        return values if weights is None else pt.switch(pt.neq(weights, 0), values * weights, 0)
    if how == "mean" and weights is not None:
        weights = _summable(pt.as_tensor_variable(weights).astype(values.dtype))
    numerator, denominator = fraction(values, weights, mask, how, counts, negative)
    if how == "sum":
        return numerator
    if weights is None and mask is None and not values.ndim and (counts is None or how == "batch mean"):
        return numerator
    if weights is None and mask is None and counts is None and _filled(values):
        return numerator / denominator
    return divide(numerator, denominator)


def _summable(weights):
    """Return weights; where they are so large that sums with them might overflow, all by a common power of 2."""
    one, small = (np.asarray(2.0**power, weights.dtype) for power in (0, -(np.finfo(weights.dtype).maxexp // 2)))
    return weights * pt.switch(pt.gt((abs(weights) * small).sum(), 1), small, one)


def _weights_like(values, weights, mask):
    """Return weights (times mask) in the shape of `values`, or None where there are none."""
    parts = [_spread(part, values) for part in (weights, mask) if part is not None]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else pt.switch(pt.neq(parts[1], 0), parts[0] * parts[1], 0)


def _spread(weights, values):
    weights = pt.as_tensor_variable(weights).astype(values.dtype)
    if weights.ndim > values.ndim:
        weights = of_items(weights, values.ndim)
    missing = values.ndim - weights.ndim
    for v, w in zip(values.type.shape, weights.type.shape, strict=False):
        if None not in (v, w) and v != w != 1:
            raise ShapeError(
                f"reduce: the weights have shape {shape_text(weights)} and the loss {shape_text(values)}. Pass "
                "weights in the shape of the loss, or one weight per item"
            )
    weights = weights[(..., *(None,) * missing)]
    if any(w == 1 != v for v, w in zip(values.type.shape, weights.type.shape, strict=True)):
        weights = weights * pt.ones_like(values)  # every value counts in the divisor, and not every weight
    return weights
