"""The base class of all layers of theanets, and the layers without parameters."""

import math

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor import sparse

from .. import activations
from ..util import (
    FLOAT_CONTAINERS,
    ConfigurationError,
    Registrar,
    log,
    options,
    random_matrix,
    random_state,
    random_vector,
)


class Layer(metaclass=Registrar):
    """A layer: its parameters, and its outputs for given inputs.

    Parameters
    ----------
    name : str or None
        None means the name of the class and a number.
    size : int
        Units.
    shape : tuple of int
        Shape of one item, instead of a size.
    inputs : str or sequence of str
        Names of layers, or of their outputs.
    activation : str
        The default is 'relu'.
    rng : RandomState or int
    **kwargs
        'mean', 'std', 'sparsity' and 'diagonal' of weights, and the same for one parameter: ``std_w=0.1``.

    Notes
    -----
    A subclass overrides `setup`, which makes parameters, and ``transform(inputs)``, which returns a dict of outputs and
    a list of updates.
    """

    _count = 0
    SIZED = False  # whether the size is this layer's own to say

    def __init__(self, name=None, **kwargs):
        Layer._count += 1
        self.name = name or f"{type(self).__name__.lower()}{Layer._count}"
        self.kwargs = kwargs
        inputs = kwargs.get("inputs", ())
        if isinstance(inputs, dict):
            raise TypeError(f"layer {self.name!r}: inputs={inputs!r} is not valid; pass names such as 'in', or ('in', "
                            f"'hid1')")
        self.inputs = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        self.rng = random_state(kwargs.get("rng"))
        self._activate = None
        self._params = []
        self._input_shapes = dict.fromkeys(self.inputs)
        shape = kwargs.get("shape", None if kwargs.get("size") is None else (kwargs["size"],))
        shape = (shape,) if isinstance(shape, int) else shape
        if shape is not None and not all(n is None or (isinstance(n, int | np.integer) and n > 0) for n in shape):
            raise ConfigurationError(f"layer {self.name!r}: its size or shape is {shape}, but it must consist of "
                                     f"integers of at least 1")
        self._output_shapes = {"out": None if shape is None else tuple(shape)}
        if self.SIZED and shape is None:
            raise ConfigurationError(f"layer {self.name!r}: the number of units is missing. {type(self).__name__} "
                                     f"needs a size, {{'form': {type(self).__name__.lower()!r}, 'size': 10}}, or a "
                                     f"shape")

    # ------------------------------------------------------------------------------------------ names and shapes

    @property
    def params(self):
        """The parameters, shared variables: this layer's own, then its activation's."""
        return self._params + (self.activate.params if self._activate is not None else [])

    @property
    def fixed(self):
        """The shared variables that are drawn like parameters, but are not trained."""
        return []

    @property
    def activate(self):
        """The activation, which draws its parameters before those of the layer."""
        if self._activate is None and self._output_shapes["out"] is not None:
            self._activate = activations.build(self.kwargs.get("activation", "relu"), self)
        return self._activate

    @activate.setter
    def activate(self, value):
        self._activate = value

    def _one_input(self):
        if len(self._input_shapes) != 1:
            raise ConfigurationError(f"layer {self.name!r}: it takes one input, but got {list(self._input_shapes)}")
        return next(iter(self._input_shapes))

    @property
    def input_name(self):
        """Name of the only input."""
        return self._one_input()

    @property
    def input_shape(self):
        """Shape of an item of the only input."""
        return self._input_shapes[self._one_input()]

    @property
    def input_size(self):
        """Length of the last axis of the only input."""
        return self.input_shape[-1]

    @property
    def output_name(self):
        """Full name of the main output."""
        return self.full_name("out")

    @property
    def output_shape(self):
        """Shape of an item of the main output; None for any length."""
        return self._output_shapes["out"]

    @property
    def output_size(self):
        """Length of the last axis of the main output."""
        return None if self.output_shape is None else self.output_shape[-1]

    @property
    def size(self):
        """Length of the last axis of the main output."""
        return self.output_size

    @property
    def num_params(self):
        """Number of values in the parameters."""
        return sum(p.get_value(borrow=True).size for p in self.params)

    def full_name(self, name):
        """Return '<layer>:<name>'."""
        return f"{self.name}:{name}"

    def _fmt(self, string):
        return f"{self.name}.{string}"

    # ------------------------------------------------------------------------------------------ building

    def bind(self, graph, reset=True, initialize=True):
        """Find the inputs among a network's layers, and make the parameters."""
        if reset:
            self._params = []
            self._input_shapes = dict.fromkeys(self.inputs)
        self.resolve_inputs(graph.layers)
        self.resolve_outputs()
        if initialize:
            self.activate  # noqa: B018 - draws first
            self.setup()
        self.log()

    def resolve_inputs(self, layers):
        """Find the full names and shapes of the inputs."""
        for layer in layers:
            if isinstance(layer, Input) and layer.name in {name.split(":")[0] for name in self._input_shapes}:
                layer.input.tag.lengths = layer.output_shape  # of an item: an array of others does not fit the weights
        self._input_shapes = dict(self._resolve(name, layers) for name in self._input_shapes)
        self.inputs = tuple(self._input_shapes)

    def _resolve(self, name, layers):
        found = [layer for layer in layers if layer.name == name.split(":")[0]]
        if len(found) != 1:
            raise ConfigurationError(f"layer {self.name!r}: its input {name!r} does not exist; the layers are "
                                     f"{', '.join(layer.name for layer in layers)}")
        return name if ":" in name else found[0].output_name, found[0].output_shape

    def resolve_outputs(self):
        """Find the shape of the output: that of the first input, with this layer's size as its last axis."""
        first = next(iter(self._input_shapes.values()), None)
        size = self.output_size
        if "shape" in self.kwargs or first is None:
            return
        self._output_shapes["out"] = first if size is None else (*first[:-1], size)

    def _agree(self):
        """Raise ConfigurationError where inputs that go together differ in what is before their last axis."""
        shapes = {name: shape for name, shape in self._input_shapes.items() if shape is not None}
        for name, shape in shapes.items():
            first, other = next(iter(shapes.items()))
            pairs = zip(other[:-1], shape[:-1], strict=False)
            if len(other) != len(shape) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
                raise ConfigurationError(f"layer {self.name!r}: its inputs {first!r} {other} and {name!r} {shape} do "
                                         f"not fit together; their shapes may only differ in the last axis")

    def setup(self):
        """Make the parameters."""

    def log(self):
        """Write a line about this layer."""
        inputs = ", ".join(f"({name}){shape and shape[-1]}" for name, shape in self._input_shapes.items())
        log("layer {} {!r}: {} -> {}, {}, {} parameters", type(self).__name__, self.name, inputs, self.output_size,
            getattr(self._activate, "name", None), self.num_params)

    def log_params(self):
        """Write a line about each parameter."""
        for parameter in self.params:
            log("- {}: {}", parameter.name, parameter.get_value(borrow=True).shape)

    def find(self, key):
        """Return a parameter by its short name or its position; KeyError if there is none."""
        for index, parameter in enumerate(self.params):
            if (isinstance(key, int) and key == index) or parameter.name == self._fmt(str(key)):
                return parameter
        raise KeyError(key)

    def _option(self, option, name, default):
        return self.kwargs.get(f"{option}_{name}", self.kwargs.get(option, default))

    def add_weights(self, name, nin, nout, mean=0, std=0, sparsity=0, diagonal=0):
        """Make a matrix (nin, nout) of numbers from N(0, 1 / sqrt(nin + nout)), unless options change that."""
        given = dict(mean=mean, std=std or 1 / np.sqrt(nin + nout), sparsity=sparsity, diagonal=diagonal)
        options = {option: self._option(option, name, value) for option, value in given.items()}
        self._share(name, random_matrix(nin, nout, rng=self.rng, **options))

    def add_bias(self, name, size, mean=0, std=1):
        """Make a vector of numbers from N(0, 1); only ``mean_<name>`` and ``std_<name>`` change that."""
        mean, std = self.kwargs.get(f"mean_{name}", mean), self.kwargs.get(f"std_{name}", std)
        self._share(name, random_vector(size, mean, std, rng=self.rng))

    def _share(self, name, value):
        self._params.append(pytensor.shared(value, name=self._fmt(name), shape=value.shape))

    # ------------------------------------------------------------------------------------------ expressions

    def connect(self, inputs):
        """Return a dict of expressions by full name, and a list of updates."""
        outputs, updates = self.transform(inputs)
        if not isinstance(outputs, dict):
            outputs = dict(outputs) if isinstance(outputs, list | tuple) else {"out": outputs}
        return {self.full_name(name): outputs[name] for name in sorted(outputs)}, updates

    def transform(self, inputs):
        """Return a dict of expressions by short name, or just the main one, and a list of updates."""
        raise NotImplementedError

    def _only_input(self, inputs):
        return inputs[self.input_name]

    def to_spec(self):
        """Return a dict with the form, the name and the keyword arguments of this layer."""
        own = {"form": type(self).__name__.lower(), "name": self.name,
               "activation": self.kwargs.get("activation", "relu")}
        return self.kwargs | own

    def arguments(self):
        """Return all keyword arguments that build this layer again. As in theanets, `to_spec` leaves some out."""
        return options(self) | self.to_spec()


class Input(Layer):
    """An input of the network.

    Parameters
    ----------
    ndim : int
        Axes of a batch.
    sparse : bool or str
        'csr', 'csc', or True for 'csr': data are sparse matrices.
    """

    def __init__(self, name="in", ndim=2, sparse=False, **kwargs):
        kwargs["activation"] = "linear"
        super().__init__(name=name, **kwargs)
        shape = self.output_shape
        self.ndim = len(shape) + 1 if shape is not None and len(shape) > 1 else ndim
        self.sparse = "csr" if sparse is True else sparse.lower() if sparse else False
        self.input = self._variable()
        if shape is not None and len(shape) == 1:
            self._output_shapes["out"] = (None,) * (self.ndim - 2) + shape

    def _variable(self):
        if not self.sparse:
            return FLOAT_CONTAINERS[self.ndim](self.name)
        if self.ndim != 2:
            raise ConfigurationError(f"layer {self.name!r}: sparse={self.sparse!r} needs ndim=2, but ndim is "
                                     f"{self.ndim}")
        return sparse.SparseTensorType(self.sparse, pytensor.config.floatX)(self.name)

    def log(self):
        log("layer {} {!r}: {} inputs", type(self).__name__, self.name, self.output_size)

    def transform(self, inputs):
        return self.input, []

    def to_spec(self):
        return super().to_spec() | {"ndim": self.ndim, "sparse": self.sparse}


class Product(Layer):
    """The product of its inputs."""

    __extra_registration_keys__ = ("prod",)

    def transform(self, inputs):
        return math.prod(inputs[name] for name in self.inputs), []


class Concatenate(Layer):
    """Concatenates its inputs along the last axis."""

    __extra_registration_keys__ = ("concat",)

    def resolve_outputs(self):
        self._agree()
        super().resolve_outputs()
        shapes = list(self._input_shapes.values())
        if all(shapes):
            self._output_shapes["out"] = (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def transform(self, inputs):
        return pt.concatenate([inputs[name] for name in self.inputs], axis=-1), []


class Flatten(Layer):
    """Turns items into rows of values."""

    __extra_registration_keys__ = ("flat",)

    def resolve_outputs(self):
        shape = self.input_shape
        if shape is not None and None not in shape:
            self._output_shapes["out"] = (math.prod(shape),)

    def transform(self, inputs):
        return self._only_input(inputs).flatten(2), []


class Reshape(Layer):
    """Changes the shape of items to `shape`."""

    def __init__(self, shape, **kwargs):
        super().__init__(shape=shape, **kwargs)

    def transform(self, inputs):
        x = self._only_input(inputs)
        return x.reshape((x.shape[0], *self.output_shape)), []
