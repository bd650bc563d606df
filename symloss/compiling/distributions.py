"""Outputs that are no probabilities, or are so twice, refused while the model is built."""

from pytensor.graph.traversal import ancestors
from pytensor.scalar import basic as scalars
from pytensor.tensor.math import Dot
from pytensor.tensor.special import LogSoftmax

from ..errors import SpecError
from . import forms
from .forms import SIGMOID, SOFTMAX, kind, same, without_views


def check(loss, outputs: dict, parts) -> None:
    """Raise SpecError if a bound loss takes a softmax twice, or a cross-entropy of what is no probability.

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
        refuse_no_distribution(loss.spec, loss._predictions(outputs)[0])


def refuse_double_softmax(outputs, who: str = "softmax") -> None:
    """Raise SpecError if a softmax is taken of what is a softmax or a sigmoid already.

    Parameters
    ----------
    outputs : list of tensors
    who : str
        What the message begins with: the loss, say.
    """
    for variable in ancestors(outputs):
        if kind(variable) in (SOFTMAX, LogSoftmax):
            logits = variable.owner.inputs[0]
        elif (found := forms.softmax_written_out(variable)) is not None and kind(found) is SOFTMAX:
            logits = found.owner.inputs[0]
        else:
            continue
        before = _activation_of(logits)
        if before is not None:
            raise SpecError(
                f"{who}: a softmax of what is a {before} already; leave one of them out: take the output before its "
                f"activation ('out:pre'), or make the layer before linear, (10, 'linear')"
            )


def _activation_of(variable) -> str | None:
    """Return 'softmax' or 'sigmoid' if `variable` is a view of one, however it was written, else None."""
    variable = without_views(variable)
    if kind(variable) is SOFTMAX or forms.softmax_written_out(variable) is not None:
        return "softmax"
    if kind(variable) is SIGMOID or forms.sigmoid_written_out(variable) is not None:
        return "sigmoid"
    return None


def refuse_no_distribution(spec, prediction) -> None:
    """Raise SpecError if a cross-entropy is taken of what can be no probability: a linear output, tanh or relu.

    Parameters
    ----------
    spec : LossSpec
        Of the loss. One that expects another output than a softmax or a sigmoid, or is not in nats, passes.
    prediction : tensor
        What the graph does not show passes: an input, a function of the user's, exp(x) / sum(exp(x)).
    """
    if spec.activation not in ("softmax", "sigmoid") or spec.unit != "nats":
        return
    found = not_a_probability(prediction)
    if found is not None:
        wanted = "'softmax'" if spec.activation == "softmax" else "'sigmoid'"
        raise SpecError(
            f"loss {spec.name}: wants probabilities, got a {found} output; give the layer the activation {wanted} "
            f"(the loss then finds its logits), as in (10, {wanted}), or use a Classifier"
        )


def not_a_probability(variable) -> str | None:
    """Return what `variable` is, if it is provably no probability: 'linear', 'tanh', 'relu' or 'log-softmax'."""
    variable = without_views(variable)
    found = kind(variable)
    if found is scalars.Tanh:
        return "tanh"
    if found is LogSoftmax:
        return "log-softmax"
    if _is_relu(variable):
        return "relu"
    return "linear" if _is_linear(variable) else None


def _is_relu(variable) -> bool:
    """Return whether `variable` is max(x, 0), or x times a comparison of x with 0."""
    if kind(variable) not in (scalars.Mul, scalars.ScalarMaximum) or len(variable.owner.inputs) != 2:
        return False
    for x, other in (variable.owner.inputs, variable.owner.inputs[::-1]):
        if kind(variable) is scalars.ScalarMaximum:
            if forms.constant(other) == 0 and _is_linear(x):
                return True
        elif kind(other) is scalars.Cast and kind(other.owner.inputs[0]) is scalars.GT:
            left, right = other.owner.inputs[0].owner.inputs
            if forms.constant(right) == 0 and same(left, x):
                return True
    return False


def _is_linear(variable) -> bool:
    """Return whether `variable` is a matrix product, or one with something added."""
    variable = without_views(variable)
    if kind(variable) is scalars.Add:
        return any(map(_is_linear, variable.owner.inputs))
    if variable.owner is None:
        return False
    return isinstance(getattr(variable.owner.op, "core_op", variable.owner.op), Dot)
