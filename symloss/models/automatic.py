"""The default loss of an output, chosen by how the output is computed."""

from .._checks import undo
from ..data import named
from ..layers.elementwise import Distance
from ..losses import Loss, OutputLoss
from ..objective.loss_layer import LossLayer
from . import encoding


def loss_of(model, name: str, options: dict) -> Loss:
    """Return the default loss for the output of a layer; ``loss.reason`` says why it was chosen.

    Parameters
    ----------
    model : Network
    name : str
        Name of the layer.
    options : dict
        Options of the loss, such as 'weight' and 'weighted'.
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
    return "mse", "the output is not a softmax, a sigmoid, a distance or a loss"


def look_at(model, data) -> None:
    """Find out from the data whether targets are labels or probabilities, for losses that take both.

    Parameters
    ----------
    model : Network
    data : data
        Data as `train` takes them. If they come in batches, targets are assumed to be labels.
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
