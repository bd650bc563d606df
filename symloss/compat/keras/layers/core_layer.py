"""Layers of Keras as layers of a graph of symloss."""

import pytensor
import pytensor.tensor as pt

from ....errors import SpecError
from ....layers import Context
from ....layers import Layer as CoreLayer
from . import scope, serialization
from .base import Layer, parameters_of
from .tensors import filled, flatten, rebuilt

ONE_INPUT = {"list": [{"tuple": [{"slot": 0}]}, {"dict": {}}]}


class KerasLayer(CoreLayer):
    """One output of one call of a layer of Keras, as a layer of a graph.

    Parameters
    ----------
    layer : Layer or dict
        The layer, or its description by `serialization.serialize`.
    call : dict or None
        The arguments of the call, see `tensors.described`. None means its only input.
    pick : int
        Index of the output.
    fixed : list of str
        Names of weights that training does not change.
    """

    forms = ("keras",)
    default_activation = "linear"

    def __init__(self, *, layer=None, call=None, pick=0, **options):
        super().__init__(**options)
        self.layer = serialization.deserialize(layer) if isinstance(layer, dict) else layer
        if not isinstance(self.layer, Layer):
            raise SpecError(f"layer {self.name!r}: layer={layer!r} must be a layer of symloss.compat.keras")
        self.call, self.pick = call or ONE_INPUT, pick

    def setup(self, sources):
        inputs = [_stand_in(source) for source in sources]
        arguments, keywords = filled(rebuilt(self.call), inputs)
        self.layer._build_for(arguments)
        with scope.entered(Context(), []):
            made = flatten(self.layer.run(arguments, keywords))[self.pick]
        own = getattr(type(self.layer), "output_shape_for", None)
        shape = made.type.shape if own is None else own(self.layer, [i.type.shape for i in inputs])
        self.batch_shape, self.dtype = (None, *shape[1:]), made.type.dtype
        self.shape = _known(self.batch_shape, self.name)
        for weight, short in self.layer.own_weights():
            self.params[short] = weight
            if len(weight.type.shape) > 1 and weight.trainable:
                self.weight_names.add(short)

    @property
    def differs_in_training(self):
        own = type(self.layer)
        return "training" in parameters_of(own) or not own.__module__.startswith("symloss.")

    def connect(self, values, context):
        arguments, keywords = filled(rebuilt(self.call), list(values))
        added: list = []
        with scope.entered(context, added):
            made = flatten(self.layer.run(arguments, keywords))
        found = {"out": made[self.pick]}
        if added and not self.pick:
            found["added"] = sum(added[1:], start=added[0])
        return found

    def fingerprint(self):
        return (id(self.layer), self.layer.trainable, self.inputs, id(self.activate))

    def to_spec(self):
        spec = {"form": "keras", "name": self.name, "inputs": list(self.inputs),
                "layer": serialization.serialize(self.layer), "call": self.call}
        return spec | {"pick": self.pick} if self.pick else spec


def _stand_in(source):
    """Return a variable for the output of a layer of the graph."""
    source = getattr(source, "partner", source)
    shape = getattr(source, "batch_shape", (None, *source.shape))
    return pt.tensor(name=source.name, dtype=getattr(source, "dtype", None) or pytensor.config.floatX, shape=shape)


def _known(shape, name) -> tuple:
    """Return the lengths behind the last open axis."""
    last = max(axis for axis, n in enumerate(shape) if n is None)
    if last == len(shape) - 1:
        raise SpecError(f"layer {name!r}: its output has shape {shape}, but the length of the last axis must be known")
    return tuple(int(n) for n in shape[last + 1 :])
