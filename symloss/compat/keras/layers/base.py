"""Layer: the base class of all layers, which users can subclass."""

import inspect
import re

import numpy as np
import pytensor.tensor as pt

from ....errors import ShapeError, SpecError, unknown
from ....layers import Context
from .. import initializers, regularizers
from ..backend import get_uid, standardize_dtype
from ..precision import in_floatx
from ..tensors import is_expression
from . import scope, serialization, weights
from .eager import evaluated
from .tensors import Call, KerasTensor, emptied, flatten, mapped

LEFT_OUT = {  # arguments of Keras' layers that are not taken -> what to write instead
    "kernel_constraint": "penalize the weights instead: kernel_regularizer=keras.regularizers.L2(1e-3)",
    "bias_constraint": "penalize the weights instead: bias_regularizer=keras.regularizers.L2(1e-3)",
    "lora_rank": "set trainable=False on the layer and add a small Dense beside it",
    "batch_size": "leave it out: a model takes batches of any size",
    "quantization_config": "leave it out: models compute in keras.config.floatx()",
}


def snake(name: str) -> str:
    """Return the name of a class in the form of layer names.

    >>> snake("Conv2D"), snake("BatchNormalization"), snake("LSTM")
    ('conv2d', 'batch_normalization', 'lstm')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def automatic_name(prefix: str) -> str:
    """Return 'dense', then 'dense_1', 'dense_2', ..."""
    number = get_uid(prefix)
    return prefix if number == 1 else f"{prefix}_{number - 1}"


class Layer:
    """Base class of layers. A subclass makes weights in `build` with `add_weight`, and its output in `call`.

    Parameters
    ----------
    activity_regularizer : str, Regularizer or None
        Regularizer of the output, divided by the number of items.
    trainable : bool
        Whether training changes the weights; set it before `compile`.
    dtype : str or None
        `keras.config.floatx()`, or None, which means the same.
    name : str or None
    input_shape, input_dim
        Shape of an item, or its length, if this is the first layer of a `Sequential`.
    """

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, name=None, input_shape=None,
                 input_dim=None, **keywords):
        who = type(self).__name__
        for key in keywords:
            if key in LEFT_OUT and keywords[key] in (None, False):
                continue
            if key in LEFT_OUT:
                raise SpecError(f"{who}: {key}={keywords[key]!r} is not supported; {LEFT_OUT[key]}")
            raise unknown(f"argument of {who}:", key, arguments_of(type(self)))
        self._layers: list = []
        self._own_weights: list = []
        self.dtype = _own_dtype(dtype, who)
        self.name = automatic_name(snake(who)) if name is None else str(name)
        self._trainable = bool(trainable)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = False
        self._calls: list[Call] = []
        if input_dim is not None:
            input_shape = (input_dim,)
        self._input_shape_argument = None if input_shape is None else tuple(input_shape)
        self._build_shape = None

    def __new__(cls, *arguments, **keywords):
        layer = object.__new__(cls)
        layer.__dict__["_given"] = _bound(cls, layer, arguments, keywords)
        return layer

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        serialization.register(cls)
        if "build" in cls.__dict__:
            own = cls.__dict__["build"]

            def build(self, input_shape=None, *rest, **also):
                if self.built:
                    return
                own(self, input_shape, *rest, **also)
                self.built = True

            build.__wrapped__, build.__doc__ = own, own.__doc__
            cls.build = build

    def __setattr__(self, name, value):
        if not name.startswith("_") and "_layers" in self.__dict__:
            for one in flatten(value) if isinstance(value, list | tuple | dict) else [value]:
                if isinstance(one, Layer) and all(one is not other for other in self._layers):
                    self._layers.append(one)
                if isinstance(one, weights.Weight) and all(one is not other for other in self._own_weights):
                    self._own_weights.append(one)
        object.__setattr__(self, name, value)

    # ------------------------------------------------------------------------------------------ to be overridden

    def build(self, input_shape=None):
        """Make the weights, for inputs of this shape. A subclass overrides this."""
        self.built = True

    def call(self, inputs, *arguments, **keywords):
        """Return the output for the inputs. A subclass overrides this, and can have an argument `training`."""
        raise SpecError(f"layer {self.name!r}: {type(self).__name__} has no method call; write one that computes the "
                        f"output from the inputs with keras.ops")

    def get_config(self) -> dict:
        """Return the arguments that make an equal layer. A subclass adds its own arguments."""
        config = {"name": self.name, "trainable": self.trainable}
        if self._input_shape_argument is not None:
            config["input_shape"] = self._input_shape_argument
        own = [key for key in self._given if key not in ("name", "trainable", "dtype", "input_shape", "input_dim")]
        if type(self).get_config is Layer.get_config and own:
            raise SpecError(f"layer {self.name!r}: {type(self).__name__} takes {', '.join(own)}, but has no "
                            f"get_config. To copy or save the layer, write one that returns super().get_config() with "
                            f"these added")
        return config

    @classmethod
    def from_config(cls, config: dict) -> "Layer":
        """Return the layer that `get_config` describes."""
        return cls(**config)

    # ------------------------------------------------------------------------------------------ weights

    @in_floatx
    def add_weight(self, shape=None, initializer=None, dtype=None, trainable=True, regularizer=None, constraint=None,
                   name=None, **keywords):
        """Return a new weight.

        Parameters
        ----------
        shape : tuple of int
        initializer : str, Initializer or array
            None: 'glorot_uniform' for floats.
        dtype : str or None
        trainable : bool
        regularizer : str, Regularizer or None
        name : str or None
        """
        if isinstance(shape, str):
            raise SpecError(f"layer {self.name!r}: add_weight({shape!r}, ...) starts with a name, but the shape comes "
                            f"first in Keras 3: write add_weight(shape=..., name={shape!r})")
        for key in keywords:
            if key not in ("autocast", "aggregation", "overwrite_with_gradient", "layout"):
                known = list(inspect.signature(self.add_weight).parameters)
                raise unknown(f"argument of add_weight of {self.name!r}:", key, known)
        if constraint is not None:
            raise SpecError(f"layer {self.name!r}: constraint={constraint!r} is not supported; "
                            f"{LEFT_OUT['kernel_constraint']}")
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        if any(n is None for n in shape):
            raise ShapeError(f"layer {self.name!r}: a weight has shape {shape}, which contains None. The length of the "
                             f"last axis of the input must be known")
        kind = standardize_dtype(dtype)
        made = initializers.get("glorot_uniform" if initializer is None else initializer)
        value = np.asarray(made(shape, dtype=kind) if callable(made) else made, dtype=kind)
        short = name or f"weight{len(self._own_weights)}"
        taken = {weight.short for weight in self._own_weights}
        short = next(n for n in (short, *(f"{short}_{i}" for i in range(1, 999))) if n not in taken)
        weight = weights.made(value, short, trainable, regularizers.get(regularizer))
        weight.name = f"{self.name}.{short}"
        self._own_weights.append(weight)
        return weight

    def own_weights(self) -> list:
        """Return pairs of each weight and its name within the layer, those of layers within it included."""
        found = [(weight, weight.short) for weight in self._own_weights if weight.trainable]
        found += [(weight, weight.short) for weight in self._own_weights if not weight.trainable]
        for layer in self._layers:
            found += [(weight, f"{layer.name}/{short}") for weight, short in layer.own_weights()]
        unique: dict = {}
        for weight, short in found:
            unique.setdefault(weight, short)
        return list(unique.items())

    @property
    def weights(self) -> list:
        """All weights: those that can be trained first."""
        return [weight for weight, _ in self.own_weights()]

    variables = weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = bool(value)
        for layer in self._layers:
            layer.trainable = value

    @property
    def trainable_weights(self) -> list:
        """The weights that training changes."""
        if not self.trainable:
            return []
        own = [weight for weight in self._own_weights if weight.trainable]
        return list(dict.fromkeys(own + [w for layer in self._layers for w in layer.trainable_weights]))

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list:
        """The weights that training does not change."""
        moving = set(self.trainable_weights)
        return [weight for weight in self.weights if weight not in moving]

    non_trainable_variables = non_trainable_weights

    def count_params(self) -> int:
        """Return the number of values in the weights."""
        if not self.built and self._layers == [] and not self._own_weights:
            self._need_built("count_params")
        return int(sum(np.prod(weight.type.shape) for weight in self.weights))

    def get_weights(self) -> list:
        """Return copies of the weights as arrays."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, values) -> None:
        """Set the weights from arrays in the order of `get_weights`."""
        self._need_built("set_weights")
        own = self.weights
        if len(values) != len(own):
            raise ShapeError(f"{self.name}: set_weights got {len(values)} arrays, but the layer has {len(own)} "
                             f"weights: {', '.join(w.path for w in own)}")
        for weight, value in zip(own, values, strict=True):
            if np.shape(value) != weight.type.shape:
                raise ShapeError(f"{self.name}: set_weights got an array of shape {np.shape(value)} for {weight.path}, "
                                 f"which has shape {weight.type.shape}")
        for weight, value in zip(own, values, strict=True):
            weight.assign(value)

    def _need_built(self, what):
        if not self.built:
            raise SpecError(f"{self.name}: {what}, but it has no weights before it knows its input. Call it with a "
                            f"tensor, start with an Input, or call build(input_shape)")

    # ------------------------------------------------------------------------------------------ losses

    def add_loss(self, loss) -> None:
        """Within `call`, add a scalar to the loss of the model."""
        for one in loss if isinstance(loss, list | tuple) else [loss]:
            if not is_expression(one):
                raise SpecError(f"layer {self.name!r}: add_loss got {one!r}, but it needs an expression of the inputs "
                                f"of call; write it within call")
            one = one if one.ndim == 0 else one.mean()
            scope.add(one)

    def penalty(self):
        """Return the sum of the regularizers of the weights as an expression; None without any."""
        parts = [w.regularizer(w) for w in self.trainable_weights if w.regularizer is not None]
        return sum(parts[1:], start=parts[0]) if parts else None

    # ------------------------------------------------------------------------------------------ calls

    @in_floatx
    def __call__(self, *arguments, **keywords):
        """Return the output: a KerasTensor for such, an expression within another layer, an array for arrays."""
        given = flatten([arguments, keywords])
        if any(isinstance(one, KerasTensor) for one in given):
            return self._on_tensors(arguments, keywords)
        if any(is_expression(one) for one in given):
            self._build_for(arguments)
            return self.run(arguments, keywords)
        return evaluated(self, arguments, keywords)

    def _build_for(self, arguments):
        if self.built:
            return
        shapes = mapped(lambda one: tuple(getattr(getattr(one, "type", one), "shape", ())), arguments[0])
        self.make(shapes)

    def make(self, shape) -> None:
        """Build the layer for an input of this shape, or a list of shapes."""
        if not self.built:
            self._build_shape = shape
            self.build(shape)
            self.built = True

    def run(self, arguments, keywords):
        """Return what `call` makes of expressions, with `training` where it asks for that."""
        if "training" in parameters_of(type(self)) and keywords.get("training") is None:
            keywords = keywords | {"training": scope.in_training()}
        out = self.call(*arguments, **keywords)
        if self.activity_regularizer is not None and scope.current() is not None:
            for one in flatten(out):
                scope.add(self.activity_regularizer(one) / pt.cast(one.shape[0], one.dtype))
        return out

    def _on_tensors(self, arguments, keywords):
        """Return the outputs of a call with tensors that have no values."""
        inputs: list = []
        emptied_arguments, emptied_keywords = emptied(arguments, inputs), emptied(keywords, inputs)
        call = Call(self, emptied_arguments, emptied_keywords, inputs)
        first = mapped(lambda one: getattr(one, "shape", ()), arguments[0])
        self.make(first)
        stand_ins = {id(t): pt.tensor(name=t.name, dtype=t.dtype, shape=t.shape) for t in inputs}

        def stand_in(one):
            return stand_ins[id(one)] if isinstance(one, KerasTensor) else one

        made = self._tried(mapped(stand_in, arguments), mapped(stand_in, keywords), inputs)

        def tensor(one):
            shape = _shape_of(self, one, inputs)
            found = KerasTensor(shape, one.type.dtype, f"{self.name}_output", call, len(call.outputs))
            call.outputs.append(found)
            return found

        outputs = mapped(tensor, made)
        self._calls.append(call)
        return outputs

    def _tried(self, arguments, keywords, inputs):
        """Return the expressions of a call, or say which layer cannot take its input."""
        try:
            with scope.entered(Context(), []):
                return self.run(arguments, keywords)
        except (SpecError, ShapeError):
            raise
        except Exception as error:
            shapes = ", ".join(str(t.shape) for t in inputs)
            raise SpecError(f"layer {self.name!r} cannot take an input of shape {shapes}: {type(error).__name__} "
                            f"({error}). Write call with keras.ops") from error

    def compute_output_shape(self, input_shape) -> tuple:
        """Return the shape of the output for an input of this shape."""
        def tensor(shape):
            return KerasTensor(shape, self.dtype, "input")

        many = isinstance(input_shape, list) or (input_shape and isinstance(input_shape[0], list | tuple))
        out = self._on_tensors((mapped_shapes(tensor, input_shape) if many else tensor(input_shape),), {})
        self._calls.pop()
        return mapped(lambda one: one.shape, out)

    @property
    def input(self):
        """The tensor, or tensors, that the layer was called with first."""
        return _one(self._first_call().inputs)

    @property
    def output(self):
        """The tensor, or tensors, that the layer returned first."""
        return _one(self._first_call().outputs)

    def _first_call(self) -> Call:
        if not self._calls:
            raise SpecError(f"layer {self.name!r} has not been called with a tensor yet, so it has no input and no "
                            f"output")
        return self._calls[0]

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def mapped_shapes(function, shapes):
    """Return a list of what `function` makes of each of several shapes."""
    return [function(tuple(shape)) for shape in shapes]


def _one(tensors: list):
    return tensors[0] if len(tensors) == 1 else tensors


def _shape_of(layer, value, inputs) -> tuple:
    """Return the shape of an output as far as it is known; the first axis is that of the items."""
    if not is_expression(value):
        raise SpecError(f"layer {layer.name!r}: its method call returned {value!r}, but it must return a tensor")
    if value.ndim == 0:
        raise SpecError(f"layer {layer.name!r}: its method call returned one number for the whole batch, but it must "
                        f"return one for each item, such as keras.ops.mean(x, axis=-1)")
    own = getattr(type(layer), "output_shape_for", None)
    shape = tuple(value.type.shape) if own is None else own(layer, [t.shape for t in inputs])
    return (None, *shape[1:])


def _own_dtype(dtype, who) -> str:
    kind = standardize_dtype(getattr(dtype, "compute_dtype", None) or dtype)
    if kind.startswith("float") and kind != standardize_dtype(None):
        raise SpecError(f"{who}: dtype={kind!r} is not supported, since all layers compute in "
                        f"{standardize_dtype(None)}. Write keras.config.set_floatx({kind!r}) before you make the model")
    return kind if kind.startswith("float") else standardize_dtype(None)


def parameters_of(cls) -> dict:
    """Return the parameters of the method `call` of a class of layers."""
    return inspect.signature(cls.call).parameters


def arguments_of(cls) -> list[str]:
    """Return the names of the arguments that a class of layers takes."""
    found: dict = {}
    for base in cls.__mro__:
        if "__init__" in base.__dict__ and base is not object:
            found |= {p.name: None for p in inspect.signature(base.__init__).parameters.values()
                      if p.kind is not p.VAR_KEYWORD and p.name != "self"}
    return list(found)


def _bound(cls, layer, arguments, keywords) -> dict:
    """Return what `__init__` was given, by name."""
    try:
        given = inspect.signature(cls.__init__).bind(layer, *arguments, **keywords).arguments
    except TypeError:
        return {}  # __init__ is about to say what is wrong
    plain = dict(list(given.items())[1:])
    return plain | plain.pop("kwargs", {}) | plain.pop("keywords", {})
