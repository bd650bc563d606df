"""Fully connected layers of theanets."""

import pytensor.tensor as pt
from pytensor import sparse

from ..util import ConfigurationError
from .base import Layer


def dot(x, w):
    """Return x w, where x may be sparse."""
    return sparse.dot(x, w) if isinstance(x.type, sparse.SparseTensorType) else pt.dot(x, w)


class Feedforward(Layer):
    """act(x w + b). If there are several inputs, each has its weights, 'w_<input>', and the products are added."""

    __extra_registration_keys__ = ("ff",)
    SIZED = True

    def resolve_outputs(self):
        self._agree()
        super().resolve_outputs()

    def _label(self, name):
        return "w" if len(self.inputs) == 1 else f"w_{name}"

    def setup(self):
        for name, shape in self._input_shapes.items():
            self.add_weights(self._label(name), shape[-1], self.output_size)
        self.add_bias("b", self.output_size)

    def transform(self, inputs):
        pre = sum(dot(inputs[name], self.find(self._label(name))) for name in self.inputs) + self.find("b")
        return {"pre": pre, "out": self.activate(pre)}, []


class Classifier(Feedforward):
    """A fully connected layer that ends in a softmax."""

    __extra_registration_keys__ = ("softmax",)

    def __init__(self, **kwargs):
        super().__init__(**kwargs | {"activation": "softmax"})


class Tied(Layer):
    """act(x w' + b), with the transposed weights of a `partner`: a layer, or its name."""

    def __init__(self, partner, **kwargs):
        self.partner = partner
        super().__init__(**kwargs)

    def resolve_inputs(self, layers):
        super().resolve_inputs(layers)
        if isinstance(self.partner, str):
            found = [layer for layer in layers if layer.name == self.partner]
            if len(found) != 1:
                raise ConfigurationError(f"layer {self.name!r}: cannot find partner {self.partner!r}")
            self.partner = found[0]

    def resolve_outputs(self):
        self._output_shapes["out"] = self.partner.input_shape

    def setup(self):
        self.add_bias("b", self.output_size)

    def transform(self, inputs):
        pre = pt.dot(self._only_input(inputs), self.partner.find("w").T) + self.find("b")
        return {"pre": pre, "out": self.activate(pre)}, []

    def to_spec(self):
        return super().to_spec() | {"partner": self.partner if isinstance(self.partner, str) else self.partner.name}
