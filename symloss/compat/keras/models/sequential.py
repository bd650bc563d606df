"""Sequential: layers one behind the other."""

from ....errors import SpecError
from ..layers import serialization
from ..layers.base import Layer
from ..layers.input import Input, InputLayer
from ..layers.tensors import KerasTensor, Slot
from ..precision import in_floatx
from .model import Model


class Sequential(Model):
    """Layers one behind the other. Without an Input, the first data say what shape the input has.

    Parameters
    ----------
    layers : list of layers, or None
    name : str or None
    """

    def __init__(self, layers=None, trainable=True, name=None):
        super().__init__(name=name, trainable=trainable)
        self.input_tensors, self.output_tensors, self._reached = [], [], []
        for layer in layers or ():
            self.add(layer)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)

    @in_floatx
    def add(self, layer, rebuild=True) -> None:
        """Append a layer."""
        if isinstance(layer, KerasTensor):
            layer = getattr(layer, "layer", layer)
        if isinstance(layer, type):
            raise SpecError(f"Sequential: {layer.__name__} is a class; add an instance of it: {layer.__name__}(...)")
        if not isinstance(layer, Layer):
            raise SpecError(f"Sequential: {layer!r} is not a layer. Pass layers such as keras.layers.Dense(10); the "
                            f"first may be keras.Input(shape=(8,))")
        if any(one.name == layer.name for one in self._layers):
            raise SpecError(f"Sequential: two layers are called {layer.name!r}; pass name= to one of them")
        self._forget()
        if isinstance(layer, InputLayer):
            if self._layers or self.input_tensors:
                raise SpecError("Sequential: an Input can only be the first layer")
            self._start(layer.tensor)
            return
        shape = layer._input_shape_argument if not self._layers else None
        if shape is None and not self._layers and isinstance(layer, Model) and layer._outputs is not None:
            shape = layer.input_shape[1:]
        if shape is not None and not self.input_tensors:
            self._start(Input(shape=shape))
        self._layers.append(layer)
        if self.input_tensors:
            self._reach(layer)

    def pop(self, rebuild=True) -> Layer:
        """Take the last layer away, and return it."""
        if not self._layers:
            raise SpecError("Sequential: pop was called, but the model has no layers")
        self._forget()
        if self._reached:
            self._reached.pop()
            self._end()
        return self._layers.pop()

    def _start(self, tensor):
        self.input_tensors, self._inputs, self._reached = [tensor], Slot(0), []

    def _reach(self, layer):
        before = self._reached[-1] if self._reached else self.input_tensors[0]
        made = layer(before)
        if not isinstance(made, KerasTensor):
            raise SpecError(f"Sequential: the layer {layer.name!r} has several outputs. Write a functional model: "
                            f"keras.Model(inputs, outputs)")
        self._reached.append(made)
        self._end()

    def _end(self):
        self.output_tensors = self._reached[-1:]
        self._outputs = Slot(0) if self._reached else None
        self.built = bool(self._reached)

    def build(self, input_shape=None):
        """Connect the layers, for batches of this shape (with the first axis, None)."""
        if self._outputs is not None:
            return
        if input_shape is None:
            raise SpecError(f"{self.name}: build() needs the shape of a batch, such as build((None, 8))")
        if not self._layers:
            raise SpecError(f"{self.name}: the model has no layers; add one: model.add(keras.layers.Dense(10))")
        if input_shape and isinstance(input_shape[0], list | tuple):
            raise SpecError(f"{self.name}: got {len(input_shape)} inputs, but a Sequential has only one; write a "
                            f"functional model, keras.Model(inputs, outputs)")
        self._start(Input(shape=tuple(input_shape)[1:]))
        for layer in self._layers:
            self._reach(layer)

    def get_config(self):
        layers = [serialization.serialize(layer) for layer in self._layers]
        if self.input_tensors:
            layers = [serialization.serialize(self.input_tensors[0].layer), *layers]
        return {"name": self.name, "trainable": self.trainable, "layers": layers}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        custom_objects = config.get("custom_objects", custom_objects)
        layers = [serialization.deserialize(one, custom_objects) for one in config["layers"]]
        return cls(layers, name=config.get("name"))
