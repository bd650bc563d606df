"""The inputs of a loss function: predictions by port, and a target, cleaned where their weight is 0."""

import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.sparse import SparseTensorType
from pytensor.tensor.variable import TensorVariable

from .._checks import signed
from ..errors import SpecError
from .masking import harmless_predictions, harmless_target


class Weights(TensorVariable):
    """A weight variable that is true, so ``if self._weights:`` checks whether a model is weighted."""

    def __bool__(self):
        return True


def target_variable(spec_target: str, output) -> Variable:
    """Return a new target for an `output`: int32 labels for 'label', otherwise a float in the shape of the output."""
    if spec_target == "label":
        return pt.tensor(name="target", dtype="int32", shape=output.type.shape[:-1])
    return pt.tensor(name="target", dtype=pytensor.config.floatX, shape=output.type.shape)


def target_of_rank(spec, axes: int) -> Variable:
    """Return a new target with that many axes: labels if the loss takes nothing else."""
    label = spec is not None and spec.target.startswith("label")
    return pt.tensor(name="target", dtype="int32" if label else pytensor.config.floatX, shape=(None,) * axes)


def weights_variable(target) -> Variable:
    """Return a new weight variable in the shape of the target."""
    kind = pt.TensorType(pytensor.config.floatX, shape=target.type.shape)
    return Weights(kind, None, None, name="weights")


def predictions(loss, outputs) -> list:
    """Return the outputs for the ports of a loss, in order."""
    found = []
    for name in prediction_names(loss, outputs):
        if isinstance(outputs[name].type, SparseTensorType):
            raise SpecError(f"loss {loss.name}: {name} is sparse, but losses need dense arrays. Pass the name of "
                            "another layer in ports=")
        found.append(outputs[name])
    return found


def prediction_names(loss, outputs) -> list[str]:
    """Return the full names of the outputs for the ports of a loss, in order."""
    if loss.spec is None:
        return [loss.output_name]
    found = []
    for index, port in enumerate(loss.spec.predictions):
        name = loss.ports.get(port, loss.output_name if index == 0 and len(loss.spec.predictions) == 1 else None)
        candidates = [name] if name else [port, *([loss.output_name] if index == 0 else [])]
        full = [c if ":" in c else f"{c}:out" for c in candidates]
        match = next((c for c in full if c in outputs), None)
        if match is None:
            raise SpecError(
                f"loss {loss.name}: no output fits the port {port!r}; symloss looked for {', '.join(full)}, but the "
                f"outputs are {', '.join(k for k in outputs if k.endswith(':out'))}. Name a layer {port!r}, or pass "
                f"ports={{{port!r}: 'layer'}}{_example(loss)}"
            )
        found.append(match)
    return found


def _example(loss) -> str:
    """Return how a model ends that feeds a loss of several predictions."""
    spec = loss.spec
    if spec.name in loss.with_tables:
        return f". To train weights for each class as well, pass {{'form': {spec.name!r}, 'classes': 50000}}"
    if len(spec.predictions) == 1:
        return ""
    above = {port: ", 'activation': 'softplus'" for port in spec.positive}
    heads = ", ".join(f"{{'name': {port!r}, 'size': 3, 'inputs': 'hid1'{above.get(port, '')}}}"
                      for port in spec.predictions)
    return f". Such a model ends in one layer for each port: [4, 20, {heads}]"


def clean_predictions(loss, outputs) -> list:
    """Return the predictions with harmless values where their weight is 0."""
    ports, weights = predictions(loss, outputs), loss.weights
    if weights is None or loss.spec.per == "batch":  # which is made of all items, whatever their weight
        return ports
    return harmless_predictions(ports, weights, loss.spec)


def clean_target(loss, prediction):
    """Return the target in the form that the function takes, with harmless values where its weight is 0."""
    target = signed(loss._target)
    if has_labels(loss, prediction) and loss.spec.target == "same":
        target = one_hot(target, prediction)
    if loss._weights is not None and loss.spec.per != "batch":
        target = harmless_target(target, loss._weights, loss.spec)
    return target


def has_labels(loss, prediction) -> bool:
    """Return whether the target is a label for each item, and the prediction has an entry for each class."""
    return (loss._target.dtype.startswith("int") and loss._target.ndim == prediction.ndim - 1
            and prediction.type.shape[-1] != 1)


def one_hot(labels, prediction):
    """Return labels as a tensor of the shape of `prediction`: 1 at the label, 0 elsewhere."""
    return pt.eq(labels[..., None], pt.arange(prediction.shape[-1], dtype=labels.dtype)).astype(prediction.dtype)
