"""Layers that contain layers: applied to every step, or running in both directions."""

import pytensor.tensor as pt

from ....errors import SpecError
from . import serialization
from .base import Layer
from .recurrent import _Recurrent


class TimeDistributed(Layer):
    """Applies a layer to every step of a sequence."""

    def __init__(self, layer, **keywords):
        super().__init__(**keywords)
        if not isinstance(layer, Layer):
            raise SpecError(f"TimeDistributed: {layer!r} is not a layer")
        self.layer = layer

    def build(self, input_shape):
        self.layer.make((None, *input_shape[2:]))

    def call(self, inputs):
        steps, rest = inputs.shape[1], inputs.type.shape[2:]
        made = self.layer.run((inputs.reshape((inputs.shape[0] * steps, *rest)),), {})
        known = inputs.type.shape[1]
        return made.reshape((inputs.shape[0], steps if known is None else known, *made.type.shape[1:]))

    def get_config(self):
        return super().get_config() | {"layer": serialization.serialize(self.layer)}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"layer": serialization.deserialize(config["layer"])})


class Bidirectional(Layer):
    """A loop through time in both directions.

    Parameters
    ----------
    layer : SimpleRNN, LSTM or GRU
    merge_mode : 'concat', 'sum', 'mul', 'ave' or None
        How to combine both outputs.
    """

    def __init__(self, layer, merge_mode="concat", backward_layer=None, **keywords):
        super().__init__(**keywords)
        if not isinstance(layer, _Recurrent):
            raise SpecError(f"Bidirectional: {layer!r} is not valid; pass a SimpleRNN, an LSTM or a GRU")
        if layer.return_state:
            raise SpecError("Bidirectional: a layer with return_state=True is not supported; leave return_state out")
        if merge_mode not in ("concat", "sum", "mul", "ave", None):
            raise SpecError(f"Bidirectional: merge_mode={merge_mode!r} is not valid; it must be 'concat', 'sum', "
                            f"'mul', 'ave' or None")
        self.merge_mode = merge_mode
        self.forward_layer = layer
        if backward_layer is None:
            config = layer.get_config()
            backward_layer = type(layer).from_config(config | {"name": f"backward_{layer.name}",
                                                              "go_backwards": not layer.go_backwards})
        self.backward_layer = backward_layer

    def build(self, input_shape):
        self.forward_layer.make(input_shape)
        self.backward_layer.make(input_shape)

    def call(self, inputs):
        forth, back = (layer.run((inputs,), {}) for layer in (self.forward_layer, self.backward_layer))
        back = back[:, ::-1] if self.forward_layer.return_sequences else back
        if self.merge_mode == "concat":
            return pt.concatenate([forth, back], axis=-1)
        if self.merge_mode is None:
            return [forth, back]
        return {"sum": forth + back, "mul": forth * back, "ave": (forth + back) / 2}[self.merge_mode]

    def get_config(self):
        return super().get_config() | {"layer": serialization.serialize(self.forward_layer),
                                       "backward_layer": serialization.serialize(self.backward_layer),
                                       "merge_mode": self.merge_mode}

    @classmethod
    def from_config(cls, config):
        inner = {key: serialization.deserialize(config[key]) for key in ("layer", "backward_layer")}
        return cls(**config | inner)
