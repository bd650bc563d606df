"""Graphs of Lasagne's layers as models of symloss: ``symloss.Classifier(lasagne.as_layers(l_out))``.

The model trains, predicts and scores like any other; its parameters are the shared variables of
the layers themselves. In training, layers put out what they do for ``deterministic=False``, else for
``deterministic=True``.
"""

import numpy as np
from pytensor.graph.traversal import ancestors

from ..._registry import Registry
from ...errors import SpecError
from ...layers import Layer as CoreLayer
from . import layers

__all__ = ["as_layers", "network"]

registry: Registry = Registry("network of Lasagne's layers")


def network(build):
    """Register a function without arguments that returns an output layer, under its name.

    You can then save and load a model of it: files hold the name, and the function makes the layers again.

    >>> from symloss.compat import lasagne
    >>> @lasagne.network
    ... def small_net():
    ...     return lasagne.layers.DenseLayer(lasagne.layers.InputLayer((None, 4)), 3)
    >>> [layer["name"] for layer in lasagne.as_layers("small_net")]
    ['in', 'out']
    """
    registry.add(build.__name__, build, replace=True)
    return build


def as_layers(output) -> list[dict]:
    """Return the description of a model that consists of a graph of Lasagne's layers.

    Parameters
    ----------
    output : Layer, str or function
        The output layer; or a function that `network` has registered, or its name.

    Returns
    -------
    list of dict
        An input for each of the graph's input layers, in their order, and the graph, a layer of the form 'lasagne'
        called 'out'. Layers that have a name can be named as outputs: ``output_name="out:hidden"``.

    Raises
    ------
    SpecError
        If the lengths of an input are not known.
    """
    chosen = _name(output)
    inputs = _inputs(registry.get(chosen)() if isinstance(chosen, str) else chosen)
    names = ["in"] if len(inputs) == 1 else [layer.name or f"in{i}" for i, layer in enumerate(inputs)]
    described = [_described(layer, name) for layer, name in zip(inputs, names, strict=True)]
    return [*described, {"form": "lasagne", "name": "out", "network": chosen, "inputs": names}]


def _name(output):
    """Return the name of what is registered, or the layer itself."""
    if isinstance(output, layers.Layer):
        return output
    if callable(output):
        output = next((name for name in registry if registry.get(name) is output), None)
        if output is None:
            raise SpecError("as_layers: the function is not registered; decorate it with @lasagne.network")
    if not isinstance(output, str):
        raise SpecError(f"as_layers: {output!r} is not valid; pass an output layer, or the name of a function "
                        f"decorated with @lasagne.network")
    registry.get(output)  # raises with near names
    return output


def _inputs(output) -> list:
    return [each for each in layers.get_all_layers(output) if isinstance(each, layers.InputLayer)]


def _described(layer, name) -> dict:
    """Return the description of an input: the lengths behind the last open one, and how many axes there are."""
    return {"form": "input", "name": name, "shape": _known(layer.shape, f"the input {name!r}"),
            "ndim": len(layer.shape), "dtype": layer.input_var.dtype}


def _known(shape, who) -> tuple[int, ...]:
    """Return the lengths of the axes behind the items, and behind time where that is open."""
    last = max((axis for axis, n in enumerate(shape) if n is None), default=0)
    if len(shape) < 2 or last == len(shape) - 1:
        raise SpecError(f"lasagne: {who} has shape {shape}, but it needs at least two axes, and the length of the last "
                        f"axis must be known")
    return tuple(int(n) for n in shape[max(last, 0) + 1 :])


class Lasagne(CoreLayer):
    """A graph of Lasagne's layers, as one layer of a model.

    Parameters
    ----------
    network : Layer or str
        Its output layer, or the name of a function that `network` has registered.
    statistics : dict of list of numbers, or None
        Values of parameters that are not trained, such as the averages of batch normalization, for loading files.
    """

    forms = ("lasagne",)
    default_activation = "linear"

    def __init__(self, *, network=None, statistics=None, **options):
        super().__init__(**options)
        self.network = _name(network)
        self.output = registry.get(self.network)() if isinstance(self.network, str) else self.network
        self.statistics = statistics

    def setup(self, sources):
        given = [layer.shape for layer in _inputs(self.output)]
        for source, shape in zip(sources, given, strict=False):
            if source.shape != _known(shape, f"an input of layer {self.name!r}"):
                raise SpecError(f"layer {self.name!r}: its input {source.name!r} has items of shape {source.shape}, "
                                f"but the layer of Lasagne is made for {tuple(shape)}; write lasagne.as_layers(output)")
        if len(sources) != len(given):
            raise SpecError(f"layer {self.name!r}: got {len(sources)} inputs, but the graph has {len(given)} input "
                            f"layers; write lasagne.as_layers(output)")
        self.shape = _known(layers.get_output_shape(self.output), f"the output of layer {self.name!r}")
        self._fixed = {}
        for short, layer, parameter in _parameters(self.output):
            tags = layer.params[parameter]
            parameter.name = f"{self.name}.{short}"
            (self.params if "trainable" in tags else self._fixed)[short] = parameter
            if {"trainable", "regularizable"} <= tags:
                self.weight_names.add(short)
        for short, value in (self.statistics or {}).items():
            self._fixed[short].set_value(np.asarray(value, self._fixed[short].dtype))

    def connect(self, values):
        return self._outputs(values, deterministic=True)

    def connect_in_training(self, values):
        made = self._outputs(values, deterministic=False)
        for number, (variable, owner) in enumerate(_moved(made.values())):
            variable.name = f"{self.name} {owner or 'state'} {number}"
        return made

    def _outputs(self, values, deterministic) -> dict:
        """Return the expressions of the output layer, and of all others that have a name."""
        named = {each.name: each for each in layers.get_all_layers(self.output)
                 if each.name and not isinstance(each, layers.InputLayer) and each is not self.output}
        inputs = dict(zip(_inputs(self.output), values, strict=True))
        found = layers.get_output([self.output, *named.values()], inputs, deterministic=deterministic)
        return dict(zip(["out", *named], found, strict=True))

    def fingerprint(self):
        return (id(self.output), id(self.activate))

    def to_spec(self):
        if not isinstance(self.network, str):
            raise SpecError(f"layer {self.name!r}: a file cannot describe a graph of Lasagne's layers. Write a "
                            f"function that returns the graph, decorate it with @lasagne.network, and pass its name to "
                            f"as_layers. To save only the parameters, use np.savez")
        statistics = {short: variable.get_value().tolist() for short, variable in self._fixed.items()}
        return {"form": "lasagne", "name": self.name, "inputs": list(self.inputs), "network": self.network,
                "statistics": statistics}


def _moved(expressions):
    """Yield (shared variable, its name) for all that have a default update."""
    for variable in ancestors(expressions):
        if getattr(variable, "default_update", None) is not None:
            yield variable, variable.name


def _parameters(output):
    """Yield (short name, layer, parameter) for each parameter of a graph, once; names tell layers apart."""
    seen, used = set(), set()
    for number, layer in enumerate(layers.get_all_layers(output)):
        label = layer.name or f"{type(layer).__name__.removesuffix('Layer').lower()}{number}"
        for parameter in layer.get_params(unwrap_shared=False):
            if parameter in seen or not hasattr(parameter, "set_value"):
                continue
            seen.add(parameter)
            own = (parameter.name or "parameter").rpartition(".")[2]
            short = next(name for name in _numbered(f"{label}.{own}") if name not in used)
            used.add(short)
            yield short, layer, parameter


def _numbered(name):
    yield name
    number = 2
    while True:
        yield f"{name}{number}"
        number += 1
