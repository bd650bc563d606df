"""Graph: layers in order, their parameters by name, and the expressions that they make of the inputs."""

import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors
from pytensor.tensor.random.type import RandomType

from .. import layers
from ..activations import registry as activation_registry
from ..errors import SpecError, UnknownNameError, unknown
from . import hints, spec
from .feedforward import Input, Tied

MASK = "mask"
ROOM, FRAMES = 1000, 3  # calls that may be open at once: of everything else, and for each variable of a graph


def _is_activation(name: str) -> bool:
    for part in name.split("+"):
        if not part.strip().lower().startswith("maxout:") and part.strip() not in activation_registry:
            known, also = (*activation_registry, *layers.registry), activation_registry.spellings()
            raise hints.unknown("layer form or activation", part.strip(), known, also)
    return True


def _refuse_sparse(layer, noise):
    if layer.sparse:
        raise SpecError(f"{noise.title}: {layer.name!r} is sparse, and stays so; name other outputs by 'pattern'")


def _check_made(layer, made):
    """Raise SpecError for what a layer of the user's returned, unless these are tensors by name."""
    if not isinstance(made, dict) or "out" not in made:
        raise SpecError(f"layer {layer.name!r}: connect of {type(layer).__name__} returned {made!r}; a dict of tensors "
                        f"is wanted, {{'out': ...}}")
    for short, value in made.items():
        if not isinstance(value, Variable):
            raise SpecError(f"layer {layer.name!r}: connect of {type(layer).__name__} returned {value!r} as {short!r}; "
                            f"a tensor is wanted")


def _connected(layer, values, training=False) -> dict:
    """Return what a layer makes of the `values` of its inputs, by short name, in training or not.

    It is built of stand-ins, and what they stand for comes in their place afterwards: PyTensor looks for the lengths
    of a loop's states through all that they are made of, down to the input, so that depth would cost its square.
    """
    stand_ins = {value.type(value.name): value for value in values}
    made = layer.connect_in_training(list(stand_ins)) if training else None
    made = layer.connect(list(stand_ins)) if made is None else made
    _check_made(layer, made)
    variables = list(ancestors(made.values()))
    variables += ancestors([v.default_update for v in variables if getattr(v, "default_update", None) is not None])
    for node in {v.owner for v in variables if v.owner is not None}:
        node.inputs[:] = [stand_ins.get(v, v) for v in node.inputs]
    return {short: stand_ins.get(value, value) for short, value in made.items()}


def _draws(values: dict) -> bool:
    """Return whether layers of the user's draw random numbers, by generators that each training wants for itself."""
    return any(isinstance(v.type, RandomType) for v in ancestors(values.values()))


def _make_room(values: dict) -> None:
    """Let Python's functions call one another as deeply as PyTensor does when it takes gradients of all this.

    The limit stays: what users do with deep models, such as gradients of their own, recurses as well.
    """
    count = sum(1 for _ in ancestors(values.values()))
    sys.setrecursionlimit(max(sys.getrecursionlimit(), ROOM + FRAMES * count))


class Graph:
    """Layers and how they feed each other.

    Parameters
    ----------
    specs : sequence
        Layers in the layer language (see `spec.parse`); the first is an input, the last is called 'out'.
    output_activation : str
        Of the last layer, unless its spec says otherwise.
    input_ndim : int
        Axes of a batch of inputs.
    seed : int
        Each layer draws from a stream of its own, made of this seed and its position.
    """

    def __init__(self, specs, output_activation: str = "linear", input_ndim: int = 2, seed: int = 0):
        if not isinstance(specs, list | tuple) or len(specs) < 2:
            raise SpecError(f"layers {specs!r}: a list of at least an input and an output is wanted, [10, 20, 3] say")
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise SpecError(f"seed={seed!r}; an integer of at least 0 is wanted")
        self.seed, self.input_ndim, self.output_activation = seed, input_ndim, output_activation
        self.layers: list[layers.Layer] = []
        self._remembered = None  # (state of the layers, their expressions)
        self.mask = None  # a variable (batch, time), where a layer has to know how long sequences are
        for index, description in enumerate(specs):
            self.add_layer(description, last=index == len(specs) - 1)

    def add_layer(self, description, last: bool = False, **options) -> "layers.Layer":
        """Append a layer described in the layer language, and return it."""
        if isinstance(description, layers.Layer):
            form = layers.base.form_of(description)
            raise SpecError(f"layer {description!r}: a model makes its layers itself, of their descriptions; write "
                            f"{{'form': {form!r}, 'name': {description.name!r}, 'size': ...}}")
        index = len(self.layers)
        keywords = spec.parse(description, layers.registry.__contains__, _is_activation) | options
        form = keywords.pop("form", "input" if index == 0 else "feedforward")
        if index == 0 and form != "input":
            raise SpecError(f"layer {description!r}: the first layer is the input; got the form {form!r}")
        if isinstance(form, str) and form not in layers.registry:
            raise hints.unknown("layer form", form, layers.registry, layers.registry.spellings())
        cls = layers.registry.get(form)
        self._fill(keywords, cls, index, last)
        layer = self._make(cls, keywords, description)
        if layer.name in self.names():
            raise SpecError(f"layer {layer.name!r}: two layers of this name; give one another with 'name'")
        sources = [self[name] for name in layer.inputs]
        if isinstance(layer, Tied):
            layer.tie(layer.find_partner(self.layers))
        layer.bind(sources, np.random.default_rng([self.seed, index]))
        layer.follows_input = layer.keeps_time and all(source.follows_input for source in sources)
        self.layers.append(layer)
        if layer.wants_mask:
            self.mask = pt.tensor(name=MASK, dtype="int8", shape=(None, None)) if self.mask is None else self.mask
            layer.mask = self.mask
        if self.mask is not None and MASK in self.names():
            raise SpecError(f"layer {MASK!r}: the lengths of sequences go by this name; give the layer another")
        return layer

    def _fill(self, keywords, cls, index, last):
        """Put defaults where the description is silent."""
        keywords.setdefault("name", "in" if index == 0 else "out" if last else f"hid{index}")
        default = self.output_activation if last else "relu"
        keywords.setdefault("activation", cls.chosen_activation(keywords) or default)
        if isinstance(keywords["activation"], str):
            _is_activation(keywords["activation"])
        if issubclass(cls, Input):
            keywords.setdefault("ndim", self.input_ndim)
        else:
            keywords["inputs"] = layers.base.input_names(keywords["name"], keywords.get("inputs", self.layers[-1].name))

    def _make(self, cls, keywords, description):
        known = set(cls.options())
        for option in keywords:
            if option not in known and not any(option.startswith(f"{draw}_") for draw in layers.base.DRAWS):
                raise hints.unknown(f"option of layer {description!r}:", option, known)
        return cls(**keywords)

    # ------------------------------------------------------------------------------------------ names

    def names(self) -> list[str]:
        """Return the layers' names, in order."""
        return [layer.name for layer in self.layers]

    def __getitem__(self, which) -> "layers.Layer":
        """Return a layer by name or position."""
        if isinstance(which, int | np.integer):
            try:
                return self.layers[which]
            except IndexError:
                raise UnknownNameError(f"layer {which}: there are layers 0 to {len(self.layers) - 1}") from None
        for layer in self.layers:
            if layer.name == which:
                return layer
        raise unknown("layer", which, self.names())

    @property
    def inputs(self) -> list[Input]:
        """The input layers, in order."""
        return [layer for layer in self.layers if isinstance(layer, Input)]

    def input_variables(self) -> dict:
        """Return the input variables by layer name, and the mask, if there is one."""
        variables = {layer.name: layer.variable for layer in self.inputs}
        return variables if self.mask is None else variables | {MASK: self.mask}

    def hidden_names(self) -> list[str]:
        """Return the main outputs of all layers that are neither input nor last."""
        return [f"{la.name}:out" for la in self.layers[:-1] if not isinstance(la, Input)]

    def output_names(self) -> list[str]:
        """Return the main output of every layer."""
        return [f"{layer.name}:out" for layer in self.layers]

    def place(self, place: str) -> list[str]:
        """Return the names of the outputs at a place: 'input', 'hidden' or 'output'."""
        if place == "input":
            return [f"{layer.name}:out" for layer in self.inputs]
        return self.hidden_names() if place == "hidden" else [f"{self.layers[-1].name}:out"]

    # ------------------------------------------------------------------------------------------ parameters

    @property
    def parameters(self) -> dict:
        """Every parameter by full name, 'hid1.w', in the order of the layers."""
        return {shared.name: shared for layer in self.layers for shared in layer.params.values()}

    def weights(self) -> dict:
        """Return the parameters that weight penalties mean: those that join units, no biases, no activation's own."""
        return {f"{la.name}.{n}": la.params[n] for la in self.layers for n in la.params if n in la.weight_names}

    def find(self, which, param):
        """Return a parameter as a shared variable: layer by name or position, parameter by name or position."""
        layer = self[which]
        short = list(layer.params)
        if isinstance(param, int | np.integer) and -len(short) <= param < len(short):
            return layer.params[short[param]]
        if param in layer.params:
            return layer.params[param]
        raise unknown(f"parameter of layer {layer.name!r}:", param, short)

    # ------------------------------------------------------------------------------------------ expressions

    @property
    def differs_in_training(self) -> bool:
        """Whether some layer makes something else of its inputs in training, without any noise of the options."""
        plain = layers.Layer.connect_in_training
        return any(type(layer).connect_in_training is not plain for layer in self.layers)

    def outputs(self, noises=(), seed: int = 0, replace: dict | None = None, training: bool = False):
        """Return every layer's expressions by name, 'hid1:out', and the updates of random generators.

        Without noise they are made once, and again when anything in a layer changes: its activation, say.

        Parameters
        ----------
        noises : sequence of Regularizer
            Those with `on_graph`, which change the outputs they match, in training only.
        seed : int
            Of the noises' generators.
        replace : dict
            Expressions that take the place of layers' main outputs, by full name.
        training : bool
            Whether layers may make something else of their inputs than they do in prediction.
        """
        training = training and self.differs_in_training
        if noises or replace or training:
            return self._expressions(noises, seed, replace or {}, training)
        state = tuple(layer.fingerprint() for layer in self.layers)
        if self._remembered is None or self._remembered[0] != state:
            values, _ = self._expressions()
            self._remembered = None if _draws(values) else (state, dict(values))
            return values, {}
        return dict(self._remembered[1]), {}

    def _expressions(self, noises=(), seed=0, replace=None, training=False):
        values: dict = {}
        updates: dict = {}
        for layer in self.layers:
            made = _connected(layer, [values[f"{name}:out"] for name in layer.inputs], training)
            if training:
                moved = (v for v in ancestors(made.values()) if getattr(v, "default_update", None) is not None)
                updates |= {v: v.default_update for v in moved}
            for short, value in made.items():
                full = f"{layer.name}:{short}"
                value = (replace or {}).get(full, value)
                for noise in noises:
                    if noise.matches(full):
                        _refuse_sparse(layer, noise)
                        rng = pytensor.shared(np.random.default_rng([seed, len(updates)]), name=f"noise of {full}")
                        value, updates[rng] = noise.modify(full, value, rng)
                values[full] = value
        _make_room(values)
        return values, updates

    def __getstate__(self):
        return vars(self) | {"_remembered": None}  # a copy makes its own: following expressions, it would recurse

    def to_spec(self) -> list[dict]:
        """Return the dicts that rebuild the layers."""
        return [layer.to_spec() for layer in self.layers]
