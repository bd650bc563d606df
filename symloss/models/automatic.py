"""The loss that goes with an output where none is named: by what the output comes out of."""

from .._checks import undo
from ..data import named
from ..layers.elementwise import Distance
from ..losses import Loss, OutputLoss
from ..objective.loss_layer import LossLayer
from . import encoding


def loss_of(model, name: str, options: dict) -> Loss:
    """Return the loss of the output of a layer, with ``loss.reason``, why it is this one.

    Parameters
    ----------
    model : Network
    name : str
        Of the layer.
    options : dict
        Such as 'weight' and 'weighted'.
    """
    full = name if ":" in name else f"{name}:out"
    form, reason = _choice(model, full)
    if form == "output":
        loss = OutputLoss(output_name=full, **options)
    else:
        loss = Loss.build(form, output_name=full, **options)
    loss.reason = reason
    return loss


def _choice(model, full):
    name = full.removesuffix(":out")
    layer = None if ":" in name else model.graph[name]
    output = model.graph.outputs()[0][full]
    if isinstance(layer, LossLayer):
        return "output", "it is a loss itself"
    if isinstance(layer, Distance):
        return "contrastive", "the output is the distance of a pair"
    if getattr(output, "ndim", 0) > 1 and undo(output, "softmax") is not None:
        return "xe", "the output is a softmax"
    if undo(output, "sigmoid") is not None:
        return "bce", "the output is a sigmoid"
    return "mse", "the output is none of softmax, sigmoid, distance and loss"


def look_at(model, data) -> None:
    """Let the data decide whether the targets of losses that take both are labels or probabilities.

    Parameters
    ----------
    model : Network
    data : data
        As `train` takes them; where they come in batches, labels are taken to come.
    """
    asked = [loss for loss in model.losses if takes_both(loss)]
    columns = named(data, model._fields()) if asked else None
    for loss in asked:
        column = (columns or {}).get(loss._target.name)
        if column is None:
            continue
        shape = model.graph.outputs()[0][loss.output_name].type.shape
        encoder = model.encoders.get(loss.output_name.removesuffix(":out"))
        loss.labels = encoding.are_labels(column, shape, encoder)


def takes_both(loss) -> bool:
    """Return whether nobody has said if the targets of a loss are labels or probabilities, and it takes both."""
    open_ends = loss.given_target is None and loss.target_axes is None
    return open_ends and loss.spec is not None and loss.spec.target == "label or distribution"
