"""Layers that contain layers: a network as a layer of another, one mapped over an axis, and one that is used again."""

from ..errors import SpecError, unknown
from .base import Layer
from .context import Context, made_by, put_in_place


class Subnetwork(Layer):
    """A network as a layer of another one. It shares its parameters with the original network.

    Parameters
    ----------
    network : Network, Graph, list or dict
        The network, or its description in the layer language.

    Notes
    -----
    Its output is that of the network. Outputs and parameters of the inner layers have its own name as a prefix:
    ``encoder.hid1:out``, ``encoder.hid1.w``.
    """

    forms = ("network", "net", "subnetwork")
    default_activation = "linear"
    sized = False

    def __init__(self, *, network=None, **options):
        super().__init__(**options)
        if network is None:
            raise SpecError(f"layer {self.name!r}: it has no network. Write {{'form': 'network', 'network': net}}, or "
                            "put the network itself into the list of layers")
        self.network = network

    def meet(self, graph):
        self.graph = graph.made_of(self.network, self.name)

    def setup(self, sources):
        wanted = self.graph.inputs
        if len(sources) != len(wanted):
            names = ", ".join(layer.name for layer in wanted)
            raise SpecError(f"layer {self.name!r}: it has {len(sources)} inputs, but its network has {len(wanted)}: "
                            f"{names}. Name as many earlier layers in 'inputs', in this order")
        for source, layer in zip(sources, wanted, strict=True):
            self._check_input(source, layer)
        inner = self.graph.main
        self.shape = self._output_shape(sources, inner.shape)
        self.keeps_time = all(layer.keeps_time for layer in self.graph.layers)
        self.wants_mask = self.graph.mask is not None
        self.params = dict(self.graph.parameters)
        self.weight_names = set(self.graph.weights())

    def _check_input(self, source, layer):
        if source.shape != layer.shape:
            raise SpecError(f"layer {self.name!r}: its input {source.name!r} has items of shape {source.shape}, but "
                            f"the input {layer.name!r} of its network takes {layer.shape}")

    def _output_shape(self, sources, shape):
        return shape

    def connect(self, values, context):
        made = self.inner_values(values, context)
        main = f"{self.graph.main_name}:"
        own = {name.removeprefix(main): value for name, value in made.items() if name.startswith(main)}
        inner = {name: value for name, value in made.items() if not name.startswith(main)}
        return {**inner, **own, "out": self.activate(own["out"])}

    def inner_values(self, values: list, context: Context) -> dict:
        """Return the expressions of the inner layers, by their names in the network."""
        given = {layer.name: value for layer, value in zip(self.graph.inputs, values, strict=True)}
        made = self.graph.values(context, given)
        made = {name: value for name, value in made.items() if name.split(":")[0] not in given}
        if self.graph.mask is not None:
            put_in_place([*made.values(), *context.updates.values()], {self.graph.mask: self.mask})
        return made

    @property
    def differs_in_training(self):
        return self.graph.differs_in_training

    @property
    def inner_layers(self):
        return self.graph.layers

    def hidden_names(self) -> list[str]:
        return [f"{self.name}.{name}" for name in self.graph.hidden_names()
                if name.split(":")[0] != self.graph.main_name]

    def fingerprint(self):
        return (type(self), self.inputs, id(self.activate), tuple(layer.fingerprint() for layer in self.graph.layers))

    def to_spec(self):
        return super().to_spec() | {"network": self.graph.described()}


class Mapped(Subnetwork):
    """A network that is applied to each element of a sequence or set: along the first axis of the items of its inputs.

    Parameters
    ----------
    network : Network, Graph, list or dict
        The network, or its description in the layer language.
    """

    forms = ("map", "mapped")

    def _check_input(self, source, layer):
        if source.shape != layer.shape and source.shape[1:] != layer.shape:
            raise SpecError(f"layer {self.name!r}: its input {source.name!r} has items of shape {source.shape}, but "
                            f"the network takes elements of shape {layer.shape}. Pass sequences of such elements")

    def _output_shape(self, sources, shape):
        before = {source.shape[: len(source.shape) - len(layer.shape)]
                  for source, layer in zip(sources, self.graph.inputs, strict=True)}
        if len(before) > 1:
            raise SpecError(f"layer {self.name!r}: its inputs must have equal numbers of elements, but have shapes "
                            f"{', '.join(str(source.shape) for source in sources)}")
        return (*before.pop(), *shape)

    def setup(self, sources):
        super().setup(sources)
        if self.wants_mask:
            raise SpecError(f"layer {self.name!r}: a network that reads sequences cannot be mapped. Put it directly "
                            "into the list of layers")

    def connect(self, values, context):
        for value, layer in zip(values, self.graph.inputs, strict=True):
            if value.ndim != len(layer.batch_shape) + 1:
                raise SpecError(f"layer {self.name!r}: it needs batches with {len(layer.batch_shape) + 1} axes, "
                                f"(item, element, ...), but got {value.ndim}")
        leading = (values[0].shape[0], values[0].shape[1])
        flat = [value.reshape((-1, *(value.shape[axis] for axis in range(2, value.ndim))), ndim=value.ndim - 1)
                for value in values]
        made = super().connect(flat, context)
        return {name: value.reshape((*leading, *(value.shape[axis] for axis in range(1, value.ndim))),
                                    ndim=value.ndim + 1) for name, value in made.items()}


class Shared(Layer):
    """An earlier layer, or a network in it, applied again to other inputs, with the same parameters.

    Parameters
    ----------
    of : str
        Name of the earlier layer.
    """

    forms = ("shared",)
    default_activation = "linear"
    sized = False

    def __init__(self, *, of=None, **options):
        super().__init__(**options)
        self.of = of

    def meet(self, graph):
        if not isinstance(self.of, str):
            raise SpecError(f"layer {self.name!r}: of={self.of!r} is not valid; it must be the name of an earlier "
                            "layer")
        if self.of not in graph:
            raise unknown(f"layer that {self.name!r} shares:", self.of, graph.names())
        partner = graph[self.of]
        while isinstance(partner, Shared):
            partner = partner.partner
        self.partner = partner
        self.takes_sparse, self.wants_mask = partner.takes_sparse, partner.wants_mask

    def setup(self, sources):
        wanted = self.partner.source_shapes
        if len(sources) != len(wanted):
            raise SpecError(f"layer {self.name!r}: it has {len(sources)} inputs, but the layer {self.of!r} that it "
                            f"shares has {len(wanted)}. Name as many in 'inputs'")
        for source, (name, shape) in zip(sources, wanted, strict=True):
            if source.shape != shape:
                raise SpecError(f"layer {self.name!r}: its input {source.name!r} has items of shape {source.shape}, "
                                f"but the layer {self.of!r} that it shares takes {shape} of {name!r}")
        if self.shape not in (None, self.partner.shape, self.partner.shape[-1:]):
            raise SpecError(f"layer {self.name!r}: got size={self.size}, but the layer {self.of!r} that it shares has "
                            f"{self.partner.size} units. Leave size out")
        self.shape, self.sparse, self.keeps_time = self.partner.shape, self.partner.sparse, self.partner.keeps_time
        self.backward_units = self.partner.backward_units
        self.params, self.weight_names = dict(self.partner.params), set(self.partner.weight_names)

    def connect(self, values, context):
        made = made_by(self.partner, values, context)
        if self.mask is not None and self.partner.mask is not None and self.mask is not self.partner.mask:
            put_in_place(list(made.values()), {self.partner.mask: self.mask})
        return made | {"out": self.activate(made["out"])}

    @property
    def differs_in_training(self):
        return self.partner.differs_in_training

    @property
    def inner_layers(self):
        return [self.partner]

    def hidden_names(self) -> list[str]:
        return [name.replace(self.partner.name, self.name, 1) for name in self.partner.hidden_names()]

    def fingerprint(self):
        return (type(self), self.inputs, id(self.activate), self.partner.fingerprint())

    def to_spec(self):
        return super().to_spec() | {"of": self.of}
