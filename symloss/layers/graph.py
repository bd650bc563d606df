"""Graph: layers in order, their parameters by name, and the expressions that they compute from the inputs."""

import contextlib
import sys
import threading

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.traversal import ancestors

from .. import layers
from ..activations import registry as activation_registry
from ..errors import SpecError, UnknownNameError, unknown
from . import hints, spec, wiring
from .context import Context, connected, draws, own_updates
from .feedforward import Input

MASK = "mask"
ROOM, FRAMES = 1000, 3  # calls that may be open at once: of everything else, and for each variable of a graph


def _is_activation(name: str) -> bool:
    for part in name.split("+"):
        if not part.strip().lower().startswith("maxout:") and part.strip() not in activation_registry:
            known, also = (*activation_registry, *layers.registry), activation_registry.spellings()
            raise hints.unknown("layer form or activation", part.strip(), known, also)
    return True


def _make_room(values: dict) -> None:
    """Let Python's functions call one another as deeply as PyTensor does when it takes gradients of all this.

    The limit stays: what users do with deep models, such as gradients of their own, recurses as well.
    """
    count = sum(1 for _ in ancestors(values.values()))
    sys.setrecursionlimit(max(sys.getrecursionlimit(), ROOM + FRAMES * count))


class Graph:
    """Layers, and the connections between them.

    Parameters
    ----------
    specs : sequence or dict
        Layers in the layer language (see `spec.parse`). The first one is an input, the last one is called 'out'. You
        can also pass a dict of layers by name.
    output_activation : str
        Activation of the last layer, unless its spec names another one.
    input_ndim : int
        Number of axes of a batch of inputs.
    seed : int
        Each layer has its own random stream, which depends on this seed and the position of the layer.
    edges : list or None
        The connections, if `specs` is a dict: ``["in -> hid -> out", ("hid", "other")]``. With None each layer feeds
        the next.
    outputs : str, list of str or None
        Names of the layers whose outputs are those of the graph. None means the layers that feed no other layer.
    """

    def __init__(self, specs, output_activation: str = "linear", input_ndim: int = 2, seed: int = 0, edges=None,
                 outputs=None):
        ends, compared = (), ()
        if isinstance(specs, dict) or edges is not None:
            specs, ends, compared = wiring.in_order(specs, edges)
        if not isinstance(specs, list | tuple) or len(specs) < 2:
            raise SpecError(f"layers={specs!r} is not valid; it must be a list of at least an input and an output, "
                            "such as [10, 20, 3]")
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise SpecError(f"seed={seed!r} is not valid; it must be an integer of at least 0")
        self._begin(seed, input_ndim, output_activation)
        for index, description in enumerate(specs):
            name = description.get("name") if isinstance(description, dict) else None
            self.add_layer(description, name in ends or index == len(specs) - 1, name in compared)
        self.chosen = None if outputs is None else self._checked(outputs)

    def _begin(self, seed, input_ndim, output_activation, mask=None):
        self.seed, self.input_ndim, self.output_activation = seed, input_ndim, output_activation
        self.layers: list[layers.Layer] = []
        self.mask = mask  # a variable (batch, time), where a layer has to know how long sequences are
        self.lent, self.lent_others = {}, {}  # of losses by name: weights, which penalties mean, and other parameters
        self._seen: dict | None = None  # by thread: what it has looked at, while the layers stay as they are
        self._flat: tuple = None, False  # the layers, and whether none of them contains others
        self._remembered = None  # (state of the layers, their expressions, the next states of generators)

    def add_layer(self, description, last: bool = False, plain: bool = False, **options) -> "layers.Layer":
        """Append a layer described in the layer language, and return it. A `plain` one is linear by default."""
        if isinstance(description, layers.Layer):
            form = layers.base.form_of(description)
            raise SpecError(f"layer {description!r}: a model makes its layers from descriptions. Write {{'form': "
                            f"{form!r}, 'name': {description.name!r}, 'size': ...}} instead")
        index = len(self.layers)
        if is_network(description):
            description = {"form": "network", "network": description}
        if isinstance(description, dict) and "described" in description:  # of a dict of layers by name
            options = {k: v for k, v in description.items() if k != "described"} | options
            description = description["described"]
        keywords = spec.parse(description, layers.registry.__contains__, _is_activation) | options
        form = keywords.pop("form", "input" if index == 0 else "feedforward")
        if index == 0 and form != "input":
            raise SpecError(f"layer {description!r}: the first layer must be the input, but got the form {form!r}")
        if isinstance(form, str) and form not in layers.registry:
            raise hints.unknown("layer form", form, layers.registry, layers.registry.spellings())
        cls = layers.registry.get(form)
        self._fill(keywords, cls, index, last, plain)
        twin = self._embedded(keywords.get("network")) if cls is layers.Subnetwork else None
        if twin is not None:
            cls, keywords = layers.Shared, {k: v for k, v in keywords.items() if k != "network"} | {"of": twin}
        layer = self._make(cls, keywords, description)
        if layer.name in self:
            raise SpecError(f"layer {layer.name!r}: two layers have this name. Give one of them another name with "
                            "'name'")
        sources = [self[name] for name in layer.inputs]
        layer.meet(self)
        layer.bind(sources, np.random.default_rng([self.seed, index]))
        layer.follows_input = layer.keeps_time and all(source.follows_input for source in sources)
        self.layers.append(layer)
        if layer.wants_mask:
            self.mask = pt.tensor(name=MASK, dtype="int8", shape=(None, None)) if self.mask is None else self.mask
            layer.mask = self.mask
        if self.mask is not None and MASK in self.names():
            raise SpecError(f"layer {MASK!r}: symloss uses this name for the lengths of sequences. Give the layer "
                            "another name")
        return layer

    def _embedded(self, network) -> str | None:
        """Return the name of the layer that is made of the same network already."""
        graph = graph_of(network)
        return next((la.name for la in self.layers if isinstance(la, layers.Subnetwork) and la.graph is graph), None)

    def made_of(self, network, who: str) -> "Graph":
        """Return the graph in a layer called `who`: that of a network, or of its description."""
        if is_network(network):
            return graph_of(network)
        try:
            if isinstance(network, dict) and "layers" in network:
                return Graph.rebuilt(network)
            return Graph(network, seed=self.seed + len(self.layers))
        except SpecError as error:
            raise SpecError(f"layer {who!r}: its network cannot be used: {error}") from error

    def _fill(self, keywords, cls, index, last, plain):
        """Put defaults where the description is silent."""
        keywords.setdefault("name", "in" if index == 0 else "out" if last else f"hid{index}")
        default = self.output_activation if last else "linear" if plain else "relu"
        keywords.setdefault("activation", cls.chosen_activation(keywords) or default)
        if isinstance(keywords["activation"], str):
            _is_activation(keywords["activation"])
        if issubclass(cls, Input):
            keywords.setdefault("ndim", self.input_ndim)
        else:
            keywords["inputs"] = layers.base.input_names(keywords["name"], keywords.get("inputs", self.layers[-1].name))

    def _make(self, cls, keywords, description):
        known, keywords = set(cls.options()), cls.arranged(keywords)
        for option in keywords:
            if option not in known and not any(option.startswith(f"{draw}_") for draw in layers.base.DRAWS):
                raise hints.unknown(f"option of layer {description!r}:", option, known)
        return cls(**keywords)

    # ------------------------------------------------------------------------------------------ names

    def names(self) -> list[str]:
        """Return the names of the layers, in order."""
        return [layer.name for layer in self.layers]

    def __getitem__(self, which) -> "layers.Layer":
        """Return a layer by name or position."""
        if isinstance(which, int | np.integer):
            try:
                return self.layers[which]
            except IndexError:
                raise UnknownNameError(f"layer {which} does not exist; there are layers 0 to "
                                       f"{len(self.layers) - 1}") from None
        for layer in self.layers:
            if layer.name == which:
                return layer
        outer, _, inner = which.partition(".") if isinstance(which, str) else ("", "", "")
        if inner and outer in self.names() and hasattr(self[outer], "graph"):
            return self[outer].graph[inner]
        raise unknown("layer", which, self.names())

    def __contains__(self, name) -> bool:
        """Return whether there is a layer of this name, including layers within another one."""
        try:
            return self[name] is not None
        except UnknownNameError:
            return False

    @property
    def inputs(self) -> list[Input]:
        """The input layers, in order."""
        return [layer for layer in self.layers if isinstance(layer, Input)]

    def input_variables(self) -> dict:
        """Return the input variables by layer name, and the mask, if there is one."""
        variables = {layer.name: layer.variable for layer in self.inputs}
        return variables if self.mask is None else variables | {MASK: self.mask}

    def hidden_names(self) -> list[str]:
        """Return the main outputs of all layers that are neither inputs, outputs of the graph, nor predictions."""
        found = [[*la.hidden_names(), f"{la.name}:out"] for la in self.layers if not isinstance(la, Input)]
        ends = {f"{name}:out" for name in (*self.output_layers(), *self.predictions())}
        return [name for some in found for name in some if name not in ends]

    def output_names(self) -> list[str]:
        """Return the main output of every layer."""
        return [name for layer in self.layers for name in (*layer.hidden_names(), f"{layer.name}:out")]

    def every_layer(self) -> list:
        """Return all layers, including those within other layers, each of them once."""
        found: dict = {}
        for layer in self.layers:
            for one in (layer, *layer.inner_layers):
                inner = one.graph.every_layer() if hasattr(one, "graph") else []
                found |= dict.fromkeys((one, *inner))
        return list(found)

    def activations(self) -> tuple:
        """Return a value that shows whether the activation of a layer, or of one within it, was changed."""
        if self._flat[0] != self.layers:
            nested = any(layer.inner_layers or hasattr(layer, "graph") for layer in self.layers)
            self._flat = list(self.layers), not nested
        return tuple([id(layer.activate) for layer in (self.layers if self._flat[1] else self.every_layer())])

    def sinks(self) -> list[str]:
        """Return the names of the layers that feed no other layer."""
        used = {name.split(".")[0] for layer in self.layers for name in layer.inputs}
        used |= {name for layer in self.layers for name in layer.inputs}
        found = [la.name for la in self.layers if la.name not in used and not isinstance(la, Input)]
        return found or [self.layers[-1].name]

    def output_layers(self) -> list[str]:
        """Return the names of the layers whose outputs are those of the graph."""
        return self.sinks() if self.chosen is None else list(self.chosen)

    def predictions(self) -> list[str]:
        """Return the names of the outputs that are not losses. If all are, return the layers that these compare."""
        names = self.output_layers()
        losses = [self[name] for name in names if self[name].is_loss]
        compared = [name for layer in losses for name in layer.inputs if not isinstance(self[name], Input)]
        return [name for name in names if self[name] not in losses] or list(dict.fromkeys(compared)) or names

    @property
    def main(self) -> "layers.Layer":
        """The layer with the main output of the graph: the last of the output layers."""
        return self[self.main_name]

    @property
    def main_name(self) -> str:
        """The name of that layer. If it is within another one, the name is like 'encoder.hid1'."""
        return self.layers[-1].name if self.chosen is None else self.chosen[-1]

    def top(self, name: str) -> "layers.Layer":
        """Return the layer of this name, or the layer of this graph that contains it."""
        return self[name if name in self.names() or name not in self else name.partition(".")[0]]

    def _checked(self, outputs) -> tuple[str, ...]:
        names = (outputs,) if isinstance(outputs, str) else outputs
        if not isinstance(names, list | tuple) or not names:
            raise SpecError(f"outputs={outputs!r} is not valid; it must be the name of a layer, or a list of names")
        return tuple(map(self._known, names))

    def _known(self, name):
        if not isinstance(name, str) or name not in self:
            raise unknown("layer among the outputs:", name, self.names())
        return name

    def place(self, place: str) -> list[str]:
        """Return the names of the outputs at a place: 'input', 'hidden' or 'output'."""
        if place == "input":
            return [f"{layer.name}:out" for layer in self.inputs]
        return self.hidden_names() if place == "hidden" else [f"{name}:out" for name in self.predictions()]

    # ------------------------------------------------------------------------------------------ parameters

    @property
    def parameters(self) -> dict:
        """Every parameter by full name, 'hid1.w', in the order of the layers. A shared one appears once."""
        return self._once((la, short) for la in self.layers for short in la.params)

    def _once(self, places) -> dict:
        """Return parameters by full name, each under the first of its names."""
        found: dict = {}
        for layer, short in places:
            found.setdefault(layer.params[short], f"{layer.name}.{short}")
        return {name: shared for shared, name in found.items()}

    def weights(self) -> dict:
        """Return the parameters for weight penalties: those that connect units, not those of biases or activations."""
        own = self._once((la, short) for la in self.layers for short in la.params if short in la.weight_names)
        return own | self.lent

    def share(self, name: str, parameter) -> None:
        """Replace the parameter of this full name by a shared variable, wherever it is used."""
        old, self._remembered = self.parameters[name], None
        for layer in self.every_layer():
            layer.take_instead(old, parameter)

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
        """Whether some layer has other outputs in training than in prediction, even without regularizers."""
        return any(layer.differs_in_training for layer in self.layers)

    def outputs(self, noises=(), seed: int = 0, replace: dict | None = None, training: bool = False):
        """Return the expressions of every layer by name, 'hid1:out', and the updates of random generators.

        Without noise they are built once, and built again when something in a layer changes, such as its activation.

        Parameters
        ----------
        noises : sequence of Regularizer
            Those with `on_graph`, which change the outputs that they match, only in training.
        seed : int
            Seed for the generators of the noises.
        replace : dict
            Expressions that replace the main outputs of layers, by full name.
        training : bool
            Whether the outputs of layers may differ from those in prediction.
        """
        if noises or replace or (training and self.differs_in_training):
            return self._expressions(Context(training, seed, noises, replace))
        values, updates = self._plain()
        return values, updates | own_updates(values) if training else updates

    @contextlib.contextmanager
    def still(self):
        """Within it, this thread changes no layer, so that `outputs` looks for changes only once."""
        before = self._seen
        self._seen = before or {}
        try:
            yield
        finally:
            self._seen = before

    def _plain(self):
        """Return what `outputs` does without noise; it is made again when anything in a layer has changed."""
        kept, seen, me = self._remembered, self._seen, threading.get_ident()
        if kept is not None and seen is not None and seen.get(me) is kept:
            return dict(kept[1]), dict(kept[2])
        found = self._looked_at()
        if seen is not None and self._remembered is not None:
            seen[me] = self._remembered
        return found

    def _looked_at(self):
        state = tuple(layer.fingerprint() for layer in self.layers)
        if self._remembered is None or self._remembered[0] != state:
            values, updates = self._expressions(Context(seed=self.seed))
            self._remembered = None if draws(values) else (state, dict(values), updates)
            return values, updates
        return dict(self._remembered[1]), dict(self._remembered[2])

    def _expressions(self, context):
        values = self.values(context)
        if context.training:
            context.updates |= own_updates(values)
        _make_room(values)
        return values, context.updates

    def values(self, context, given: dict | None = None) -> dict:
        """Return the expressions of every layer by name.

        Parameters
        ----------
        context : Context
        given : dict or None
            Expressions that replace the inputs, by name.
        """
        values: dict = {}
        for layer in self.layers:
            at = context.within(layer.name)
            if given is not None and layer.name in given:
                made = {"out": given[layer.name]}
            else:
                made = connected(layer, [values[f"{name}:out"] for name in layer.inputs], at)
            for short, value in made.items():
                if ":" in short:  # of a layer within it, with its noise
                    values[f"{layer.name}.{short}"] = value
                    continue
                full = f"{layer.name}:{short}"
                outer = f"{context.name}." if context.name else ""
                values[full] = context.changed(layer, outer + full, value)
        return values

    def of(self, some: list, outputs, mask=None) -> "Graph":
        """Return a graph of layers that are already bound, with the settings of this one."""
        made = object.__new__(Graph)
        made._begin(self.seed, self.input_ndim, self.output_activation, mask)
        made.layers = some
        made.chosen = made._checked(outputs)
        return made

    def with_outputs(self, outputs) -> "Graph":
        """Return a graph of the same layers with other outputs."""
        return self.of(self.layers, outputs, self.mask)

    def __repr__(self):
        return f"Graph({' -> '.join(self.names())})"

    def __getstate__(self):
        kept = {"_remembered": None, "_seen": None}  # a copy makes its own: following expressions, it would recurse
        return vars(self) | kept

    def to_spec(self) -> list[dict]:
        """Return the dicts from which the layers can be rebuilt."""
        names = {layer.name for layer in self.layers}
        alone = [isinstance(layer, layers.Shared) and layer.of.split(".")[0] not in names for layer in self.layers]
        return [layer.partner.to_spec() | {"name": layer.name, "inputs": list(layer.inputs)} if alone[i]
                else layer.to_spec() for i, layer in enumerate(self.layers)]

    @classmethod
    def rebuilt(cls, described: dict) -> "Graph":
        """Return the graph that `described` describes."""
        return cls(described["layers"], **{key: value for key, value in described.items() if key != "layers"})

    def described(self) -> dict:
        """Return the arguments of `Graph` from which it can be rebuilt, with 'layers' for the first one."""
        found = {"layers": self.to_spec(), "output_activation": self.output_activation, "input_ndim": self.input_ndim,
                 "seed": self.seed}
        return found if self.chosen is None else found | {"outputs": list(self.chosen)}


def is_network(value) -> bool:
    """Return whether something is a graph of layers, or a network that contains one."""
    return isinstance(graph_of(value), Graph)


def graph_of(value):
    """Return the graph of a network. Anything else is returned unchanged."""
    return getattr(value, "graph", value)
