"""Model: layers between inputs and outputs, which train, predict and are saved."""

from ....errors import ShapeError, SpecError
from ..layers import serialization
from ..layers.base import Layer
from ..layers.tensors import KerasTensor, emptied, filled, flatten, mapped, rebuilt
from ..layers.tensors import described as described_call
from ..precision import in_floatx
from . import network, saving
from .summary import summary
from .training import Trainable


class Model(Trainable, Layer):
    """Layers between inputs and outputs.

    Parameters
    ----------
    inputs : KerasTensor, list or dict of them
        Tensors that `keras.Input` returned.
    outputs : KerasTensor, list or dict of them
    name : str or None

    Notes
    -----
    A subclass with layers of its own and a method ``call(self, inputs)`` needs neither: the first data that it gets, or
    `build`, say what shape its inputs have.
    """

    def __init__(self, inputs=None, outputs=None, name=None, trainable=True, **keywords):
        super().__init__(name=name, trainable=trainable, **keywords)
        self._begin_training()
        self._inputs = self._outputs = None
        if (inputs is None) != (outputs is None):
            raise SpecError("Model: pass both inputs and outputs")
        if inputs is not None:
            self._connect(inputs, outputs)

    def __new__(cls, *arguments, **keywords):
        model = super().__new__(cls, *arguments, **keywords)
        if cls is not Model and "train_step" in dir(cls):
            raise SpecError(f"{cls.__name__}: train_step is not supported, since symloss compiles the whole training "
                            f"step. Write what to minimize as a loss, or use add_loss within a layer")
        return model

    def _connect(self, inputs, outputs):
        for what, value in (("inputs", inputs), ("outputs", outputs)):
            for one in flatten(value):
                if not isinstance(one, KerasTensor):
                    raise SpecError(f"Model: {what} contains {one!r}; pass only tensors that keras.Input or the call "
                                    f"of a layer returned")
        self.input_tensors: list = []
        self.output_tensors: list = []
        self._inputs, self._outputs = emptied(inputs, self.input_tensors), emptied(outputs, self.output_tensors)
        for tensor in self.input_tensors:
            if tensor.call is not None:
                raise SpecError(f"Model: the input {tensor.name!r} is the output of the layer "
                                f"{tensor.call.layer.name!r}, but inputs must come from keras.Input")
        for found in network.layers_in_order(self.output_tensors, self.input_tensors):
            if all(found is not one for one in self._layers):
                self._layers.append(found)
        names: dict = {}
        for layer in self._layers:
            if names.setdefault(layer.name, layer) is not layer:
                raise SpecError(f"Model: two layers are called {layer.name!r}; pass name= to one of them")
        self.built = True

    # ------------------------------------------------------------------------------------------ layers

    @property
    def layers(self) -> list:
        """The layers, in order."""
        return list(self._layers)

    def get_layer(self, name=None, index=None) -> Layer:
        """Return a layer by its name or its place."""
        if (name is None) == (index is None):
            raise SpecError("get_layer: pass a name or an index")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise SpecError(f"get_layer: index={index} does not exist; the model has {len(self.layers)} layers")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise SpecError(f"get_layer: no layer is called {name!r}; the layers are "
                        f"{', '.join(x.name for x in self.layers)}")

    @property
    def inputs(self) -> list:
        """The input tensors, in order."""
        self._need_graph("inputs")
        return list(self.input_tensors)

    @property
    def outputs(self) -> list:
        """The output tensors, in order."""
        self._need_graph("outputs")
        return list(self.output_tensors)

    @property
    def input(self):
        self._need_graph("input")
        return filled(self._inputs, self.input_tensors)

    @property
    def output(self):
        self._need_graph("output")
        return filled(self._outputs, self.output_tensors)

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return [tensor.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: the keys of a dict, else the names of the layers that they come from."""
        self._need_graph("output_names")
        if isinstance(self._outputs, dict):
            return list(self._outputs)
        return [tensor.name if tensor.call is None else tensor.call.layer.name for tensor in self.output_tensors]

    @property
    def input_shape(self):
        """Shape of the input, or of each."""
        return mapped(lambda tensor: tensor.shape, self.input)

    @property
    def output_shape(self):
        """Shape of the output, or of each."""
        return mapped(lambda tensor: tensor.shape, self.output)

    def _need_graph(self, what):
        if self._outputs is None:
            raise SpecError(f"{self.name}: {what}, but the model does not know its input yet. Start it with "
                            f"keras.Input(shape=...), or call build(input_shape) or fit first")

    # ------------------------------------------------------------------------------------------ building

    @in_floatx
    def build(self, input_shape=None):
        """Connect the layers, for inputs of this shape (with the first axis, None)."""
        from ..layers.input import Input

        if self._outputs is not None:
            return
        if input_shape is None:
            raise SpecError(f"{self.name}: build() needs the shape of a batch, such as build((None, 8))")
        many = isinstance(input_shape, list) or isinstance(input_shape[0], list | tuple)
        shapes = input_shape if many else [input_shape]
        tensors = [Input(shape=tuple(shape)[1:]) for shape in shapes]
        given = tensors if many else tensors[0]
        if type(self).call is Model.call:
            raise SpecError(f"{self.name}: make a Model from inputs and outputs, Model(inputs, outputs), or write a "
                            f"subclass with a method call")
        outputs = self.call(given)
        own = list(self._layers)
        self._layers = []
        self._connect(given, outputs)
        self._layers = [*own, *(x for x in self._layers if all(x is not y for y in own) and type(x).__name__ !=
                                "InputLayer")]

    def _build_for(self, arguments):
        if self._outputs is None:
            shapes = mapped(lambda one: tuple(getattr(getattr(one, "type", one), "shape", ())), arguments[0])
            self.build(shapes)

    def make(self, shape):
        if self._outputs is None:
            self.build(shape)
        self.built = True

    def call(self, inputs, training=None):
        """Return the outputs for expressions of the inputs."""
        given = flatten(self._arranged(inputs))
        if len(given) != len(self.input_tensors):
            raise ShapeError(f"{self.name}: got {len(given)} inputs, but the model has {len(self.input_tensors)}: "
                             f"{', '.join(self.input_names)}")
        values = dict(zip(map(id, self.input_tensors), given, strict=True))
        for one in network.calls_of(self.output_tensors, self.input_tensors):
            arguments, keywords = filled((one.arguments, one.keywords), [values[id(t)] for t in one.inputs])
            made = flatten(one.layer.run(arguments, keywords))
            values.update(zip(map(id, one.outputs), made, strict=True))
        return filled(self._outputs, [values[id(tensor)] for tensor in self.output_tensors])

    def run(self, arguments, keywords):
        keywords = {key: value for key, value in keywords.items() if key not in ("training", "mask")}
        if type(self).call is not Model.call and self._outputs is not None:
            return Model.call(self, *arguments, **keywords)
        return self.call(*arguments, **keywords)

    def _arranged(self, inputs):
        """Return inputs in the model's order, from a dict by names."""
        if not isinstance(inputs, dict) or isinstance(self._inputs, dict):
            return [inputs[key] for key in self._inputs] if isinstance(self._inputs, dict) else inputs
        return [inputs[name] for name in self.input_names]

    # ------------------------------------------------------------------------------------------ describing, files

    def summary(self, line_length=None, positions=None, print_fn=None, expand_nested=False, show_trainable=False,
                layer_range=None) -> None:
        """Print a table of the layers: their outputs' shapes, and how many parameters they have."""
        summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def get_config(self) -> dict:
        """Return what `from_config` makes such a model of."""
        if type(self) is not Model:
            raise SpecError(f"{type(self).__name__} has no get_config, which is needed to copy or save the model. "
                            f"Write get_config and from_config, or save only the weights: "
                            f"model.save_weights('model.weights.h5')")
        self._need_graph("get_config")
        calls = network.calls_of(self.output_tensors, self.input_tensors)
        places = {id(tensor): [tensor.name, 0] for tensor in self.input_tensors}
        for number, one in enumerate(calls):
            places |= {id(tensor): [number, tensor.index] for tensor in one.outputs}
        return {
            "name": self.name, "trainable": self.trainable,
            "layers": [serialization.serialize(layer) for layer in self._layers],
            "calls": [{"layer": one.layer.name, "how": described_call([one.arguments, one.keywords]),
                       "inputs": [places[id(tensor)] for tensor in one.inputs]} for one in calls],
            "inputs": [described_call(self._inputs), [tensor.name for tensor in self.input_tensors]],
            "outputs": [described_call(self._outputs), [places[id(tensor)] for tensor in self.output_tensors]],
        }

    @classmethod
    def from_config(cls, config, custom_objects=None) -> "Model":
        """Return the model that `get_config` describes."""
        custom_objects = config.get("custom_objects", custom_objects)
        if "calls" not in config:
            return cls(**config)
        layers = {one["config"]["name"]: serialization.deserialize(one, custom_objects) for one in config["layers"]}
        made: list = []

        def tensor(place):
            where, index = place
            return layers[where].tensor if isinstance(where, str) else made[where][index]

        for one in config["calls"]:
            arguments, keywords = filled(rebuilt(one["how"]), [tensor(place) for place in one["inputs"]])
            made.append(flatten(layers[one["layer"]](*arguments, **keywords)))
        inputs = filled(rebuilt(config["inputs"][0]), [layers[name].tensor for name in config["inputs"][1]])
        outputs = filled(rebuilt(config["outputs"][0]), [tensor(place) for place in config["outputs"][1]])
        return cls(inputs, outputs, name=config["name"], trainable=config["trainable"])

    def to_json(self, **keywords) -> str:
        """Return class and configuration as JSON."""
        import json

        return json.dumps(serialization.serialize(self), **keywords)

    def save(self, filepath, overwrite=True, include_optimizer=True, save_format=None, zipped=None) -> None:
        """Write the model to a file of symloss (safetensors), whatever the suffix of the path is; see `saving.save`."""
        saving.save(self, filepath, overwrite, include_optimizer, save_format, zipped)

    def save_weights(self, filepath, overwrite=True) -> None:
        """Write the weights to a file of safetensors."""
        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath, skip_mismatch=False, by_name=False) -> None:
        """Take the weights of a file that `save_weights` or `save` wrote."""
        saving.load_weights(self, filepath, skip_mismatch, by_name)

    def export(self, *arguments, **keywords) -> None:
        """Say what to do instead: symloss serves no models."""
        raise SpecError("export is not supported. Use model.save(path), and read the file with symloss.load or "
                        "load_model")


class Functional(Model):
    """The class that Keras gives models of inputs and outputs."""
