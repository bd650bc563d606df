"""Refuse outputs outside a loss's domain, or with a second softmax, while the model is built."""

import numpy as np
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import ancestors
from pytensor.scalar import basic as scalars
from pytensor.scan.op import Scan
from pytensor.tensor.math import Dot, Sum
from pytensor.tensor.random.op import RandomVariable
from pytensor.tensor.special import LogSoftmax

from .._checks import undo
from ..compiling import Backend, function
from ..errors import SpecError
from ..losses.loss_inputs import prediction_names, predictions
from . import patterns as forms
from .patterns import (
    SIGMOID,
    SOFTMAX,
    constant,
    kind,
    without_views,
)

AS_IT_IS = Backend("PYTHON without rewrites", Mode("py", None))
LARGEST = 10**6  # numbers that are tried at most
NEAR = 1e-3  # a distribution that someone wrote out sums to 1 up to a guard

# ------------------------------------------------------------------------------------------ one loss


def check(loss, outputs: dict, parts) -> None:
    """Raise SpecError if a bound loss takes a softmax twice, or a cross-entropy of values that are not probabilities.

    Parameters
    ----------
    loss : Loss
    outputs : dict
        Expression by name, as `Loss.parts` takes them.
    parts : list of tensors
        What it made of them.
    """
    refuse_double_softmax(parts, f"loss {loss.name}")
    if loss.spec is not None and loss.spec.predictions:
        prediction = predictions(loss, outputs)[0]
        alone = undo(prediction, "sigmoid") is not None and loss.values(outputs).ndim == prediction.ndim
        refuse_no_distribution(loss.spec, prediction, alone=alone, like=loss.like,
                               made_by=_activation_name(loss, loss.output_name))
        refuse_negative(loss, outputs)


def _activation_name(loss, name) -> str:
    """Return the name of the activation that made an output that a bound loss takes."""
    layer, _, output = name.partition(":")
    found = next((one for one in loss.owner.graph.layers if one.name == layer), None)
    return "linear" if found is None or output == "pre" else found.activate.name


# ------------------------------------------------------------------------------------------ twice


def refuse_double_softmax(outputs, who: str = "softmax") -> None:
    """Raise SpecError if a softmax is taken of what is a softmax or a sigmoid already.

    Parameters
    ----------
    outputs : list of tensors
    who : str
        The beginning of the message, such as the loss.

    Notes
    -----
    log(sum(exp(p))) less entries of the same p is a cross-entropy from logits, and counts as a softmax.
    """
    for variable in ancestors(outputs):
        if kind(variable) in (SOFTMAX, LogSoftmax):
            before = _activation_of(variable.owner.inputs[0])
        elif (found := forms.softmax_written_out(variable)) is not None and kind(found) is SOFTMAX:
            before = _activation_of(found.owner.inputs[0])
        else:
            before = _activation_in_logits(variable)
        if before is not None:
            raise SpecError(
                f"{who}: a softmax is applied to the output of a {before}. Remove one of them: use the output before "
                "its activation ('out:pre'), or make the layer before it linear, (10, 'linear')"
            )


def _activation_of(variable) -> str | None:
    """Return 'softmax' or 'sigmoid' if `variable` is one, however it was written, moved, scaled or cut off; or None."""
    variable = without_views(variable)
    if kind(variable) is SOFTMAX or forms.softmax_written_out(variable) is not None:
        return "softmax"
    if kind(variable) is SIGMOID or forms.sigmoid_written_out(variable) is not None:
        return "sigmoid"
    return next(filter(None, map(_activation_of, _rescaled(variable))), None)


def _rescaled(variable) -> list:
    """Return what `variable` is but for a number, or a number for each row, that scales, moves or limits it."""
    found, node = kind(variable), variable.owner
    if found is scalars.Clip:
        return node.inputs[:1]
    if found is scalars.Switch:
        return node.inputs[1:]
    if found in (scalars.Sub, scalars.TrueDiv):
        return node.inputs[:1] if _is_for_rows(node.inputs[1]) else []
    if found in (scalars.Add, scalars.Mul, scalars.ScalarMaximum, scalars.ScalarMinimum):
        rest = [v for v in node.inputs if not _is_for_rows(v)]
        return rest if len(rest) == 1 else []
    return []


def _is_for_rows(variable) -> bool:
    return constant(variable) is not None or (variable.ndim > 0 and variable.type.broadcastable[-1])


def _activation_in_logits(variable) -> str | None:
    """Return what p is if `variable` is log(sum(exp(p))) less entries of p, in either order, and p an activation."""
    if kind(variable) is scalars.Sub:
        for total, entries in (variable.owner.inputs, variable.owner.inputs[::-1]):
            scores, own = _in_log_sum_exp(total), _entries_of(entries)
            if scores is not None and own is not None and _activation_of(scores) == own:
                return own
    return None


def _in_log_sum_exp(variable):
    """Return x if `variable` is log(sum(exp(x))), with its greatest entry taken off and added again or not; or None."""
    for term in map(without_views, forms.parts(without_views(variable), scalars.Add)):
        if (found := forms.inside_log_sum_exp(term)) is not None:
            return found
    return None


def _entries_of(variable) -> str | None:
    """Return the activation that `variable` shows some entries of: by index, or by a product with a one-hot."""
    variable = without_views(variable, also=(Sum,))
    found = _activation_of(variable)
    if found is None and kind(variable) is scalars.Mul:
        return next(filter(None, map(_activation_of, variable.owner.inputs)), None)
    return found


# ------------------------------------------------------------------------------------------ not at all


def refuse_no_distribution(spec, prediction, *, alone=False, like=None, made_by="linear") -> None:
    """Raise SpecError if a cross-entropy gets values that cannot be probabilities, such as those of tanh or relu.

    Parameters
    ----------
    spec : LossSpec
        Of the loss. One that expects another output than a softmax or a sigmoid, or is not in nats, passes.
    prediction : tensor
        What the graph does not show passes: an input, a loop, a random number.
    alone : bool
        Whether each probability stands for itself, so that a row need not sum to 1.
    like : str or None
        The system whose value is computed: it may divide by the sums itself.
    made_by : str
        Name of the activation, for the message.

    Notes
    -----
    A matrix product can have any value. So numbers are put in its place, and what comes out of the activation shows
    whether it is a probability: no list of activations is needed, and a user's own are seen through as well.
    """
    if spec.activation not in ("softmax", "sigmoid") or spec.unit != "nats":
        return
    if undo(prediction, spec.activation) is not None:
        return
    values = _tried(prediction)
    if values is None or not np.isfinite(values).all():
        return
    inside = values.min() >= -NEAR and (like is not None or values.max() <= 1 + NEAR)
    alone = alone or like is not None or spec.activation == "sigmoid"
    if inside and (alone or np.allclose(values.sum(axis=-1), 1, atol=NEAR)):
        return
    wanted, article = f"'{spec.activation}'", _article(made_by)
    several = ". If several classes can be true at once, use the loss 'bce'" if inside else ""
    raise SpecError(
        f"loss {spec.name}: it needs probabilities{' that sum to 1' if inside else ''}, but got {article} {made_by} "
        f"output. Give the layer the activation {wanted}, as in (10, {wanted}); the loss then finds its logits. Or "
        f"use a Classifier{several}"
    )


def refuse_negative(loss, outputs) -> None:
    """Raise SpecError if a bound loss needs positive values, and gets those of an activation that can be negative.

    Parameters
    ----------
    loss : Loss
        One that computes the value of another system passes: there, such values are cut off.
    outputs : dict
        Expression by name.
    """
    ports = zip(loss.spec.predictions, prediction_names(loss, outputs), strict=True)
    for port, name in ports if loss.like is None else ():
        values = _tried(outputs[name]) if port in loss.spec.positive else None
        if values is not None and values.min() < -NEAR:
            made_by = _activation_name(loss, name)
            raise SpecError(
                f"loss {loss.spec.name}: the {port} must be positive, but it is {name!r}, {_article(made_by)} "
                f"{made_by} output, which can be negative. Give the layer the activation 'softplus' or 'exp', as in "
                "(10, 'softplus')"
            )


def _article(word) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _tried(prediction):
    """Return values of `prediction` for some of the matrix products in it, or None if it is made of other things."""
    free = _products(prediction)
    if not free or max(v.ndim for v in (prediction, *free)) == 0:
        return None
    rng = np.random.default_rng(0)
    shapes = [[3 if n is None else n for n in v.type.shape] for v in free]
    if sum(map(np.prod, shapes)) > LARGEST:
        return None
    values = [rng.normal(0, 3, shape).astype(v.dtype) for shape, v in zip(shapes, free, strict=True)]
    try:
        return function(free, prediction, AS_IT_IS)(*values)
    except (ValueError, TypeError, IndexError, AssertionError, NotImplementedError):
        return None  # it has sizes that the data alone show


def _products(variable) -> list | None:
    """Return the matrix products that a variable is made of; None if there is anything else but parameters in it."""
    seen, waiting, found = set(), [variable], []
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if _is_product(one):
            found.append(one)
        elif one.owner is None:
            if not isinstance(one, Constant | SharedVariable):
                return None
        elif isinstance(one.owner.op, Scan | RandomVariable):
            return None
        else:
            waiting += one.owner.inputs
    return found


def _is_product(variable) -> bool:
    """Return whether `variable` is a matrix product, or one with something added; a mixture of softmaxes is none."""
    if variable.owner is None:
        return False
    if kind(variable) is scalars.Add:
        return any(map(_is_product, map(without_views, variable.owner.inputs)))
    if not isinstance(getattr(variable.owner.op, "core_op", variable.owner.op), Dot):
        return False
    return all(kind(without_views(factor)) is not SOFTMAX for factor in variable.owner.inputs)
