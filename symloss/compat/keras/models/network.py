"""From calls of layers to a network of symloss: models within models are opened, layers used again share weights."""

import re

from ....errors import SpecError
from ....layers.graph import Graph
from ....models import Network
from ..layers.base import Layer
from ..layers.basic import Identity
from ..layers.core_layer import ONE_INPUT
from ..layers.tensors import Call, KerasTensor, described


def calls_of(outputs: list, inputs: list) -> list[Call]:
    """Return the calls that lead from `inputs` to `outputs`, each behind those that feed it, as Keras orders layers.

    Raises
    ------
    SpecError
        If an output depends on a tensor that is no output of a layer and not among the inputs.
    """
    ends = {id(tensor) for tensor in inputs}
    order: list[Call] = []
    done: set = set()
    for output in outputs:
        waiting = [(output, False)]
        while waiting:
            tensor, ready = waiting.pop()
            if id(tensor) in ends or (tensor.call is not None and id(tensor.call) in done):
                continue
            if tensor.call is None:
                raise SpecError(f"Model: an output depends on the input {tensor.name!r}, which is not one of the "
                                f"inputs {', '.join(t.name for t in inputs)}; add it to them")
            if ready:
                done.add(id(tensor.call))
                order.append(tensor.call)
                continue
            waiting.append((tensor, True))
            waiting += [(one, False) for one in reversed(tensor.call.inputs)]
    return order


def layers_in_order(outputs: list, inputs: list) -> list[Layer]:
    """Return the layers of a model as Keras lists them: by their distance from the outputs, the farthest first."""
    order = calls_of(outputs, inputs)
    depth: dict = {}
    users: dict = {}
    for call in order:
        for tensor in call.inputs:
            users.setdefault(id(tensor), []).append(call)
    for call in reversed(order):
        used = [depth[id(user)] + 1 for tensor in call.outputs for user in users.get(id(tensor), ())]
        depth[id(call)] = max(used, default=0)
    found: dict = {}
    for tensor in inputs:
        used = [depth[id(user)] + 1 for user in users.get(id(tensor), ())]
        found[tensor.layer] = max(used, default=0)
    for call in order:
        found[call.layer] = max(found.get(call.layer, 0), depth[id(call)])
    places = {layer: place for place, layer in enumerate(found)}
    return sorted(found, key=lambda layer: (-found[layer], places[layer]))


class Opened:
    """A model as descriptions of the layers of a graph.

    Attributes
    ----------
    described : list of dict
    outputs : list of str
        Names of the layers that are the outputs of the model, in order.
    """

    def __init__(self, model):
        self.described: list[dict] = []
        self._names: set = set()
        self._first: dict = {}  # layer with weights -> (its name in the graph, its call)
        refs = {id(tensor): self._input(tensor) for tensor in model.input_tensors}
        self._open(model, refs, "")
        self.outputs = [self._as_layer(refs[id(tensor)]) for tensor in model.output_tensors]

    def _free(self, name: str) -> str:
        name = re.sub(r"[:.*?\[\]]", "_", name)
        found = next(n for n in (name, *(f"{name}_{i}" for i in range(1, 9999))) if n not in self._names)
        self._names.add(found)
        return found

    def _input(self, tensor: KerasTensor) -> str:
        name, shape = self._free(tensor.name), tensor.shape
        last = max(axis for axis, n in enumerate(shape) if n is None)
        if last == len(shape) - 1:
            raise SpecError(f"Input {tensor.name!r} has shape {shape[1:]}, but the length of the last axis must be "
                            f"known. For sequences of numbers, write keras.Input(shape=(None, 1))")
        self.described.append({"form": "input", "name": name, "shape": shape[last + 1 :], "ndim": len(shape),
                               "dtype": tensor.dtype})
        return name

    def _open(self, model, refs: dict, prefix: str) -> None:
        """Describe the layers of a model whose input tensors have `refs`, which get those of all others."""
        for call in calls_of(model.output_tensors, model.input_tensors):
            inputs = [refs[id(tensor)] for tensor in call.inputs]
            inner = call.layer
            if hasattr(inner, "output_tensors"):
                within = dict(zip(map(id, inner.input_tensors), inputs, strict=True))
                self._open(inner, within, f"{prefix}{inner.name}/")
                made = [within[id(tensor)] for tensor in inner.output_tensors]
                refs.update(zip(map(id, call.outputs), made, strict=True))
                continue
            name = self._free(prefix + inner.name)
            self.described.append(self._call(inner, call, name, inputs))
            for tensor in call.outputs:
                refs[id(tensor)] = name if not tensor.index else self._other(inner, call, name, inputs, tensor.index)

    def _call(self, layer, call, name, inputs) -> dict:
        how = described([call.arguments, call.keywords])
        first = self._first.get(layer)
        if first is not None and first[1] == how:
            return {"form": "shared", "name": name, "inputs": inputs, "of": first[0]}
        if layer.weights:
            self._first.setdefault(layer, (name, how))
        found = {"form": "keras", "name": name, "inputs": inputs, "layer": layer}
        return found if how == ONE_INPUT else found | {"call": how}

    def _other(self, layer, call, name, inputs, index) -> str:
        """Return the name of a further output of a layer."""
        own = self._free(f"{name}_{index}")
        how = described([call.arguments, call.keywords])
        self.described.append({"form": "keras", "name": own, "inputs": inputs, "layer": layer, "call": how,
                               "pick": index})
        return own

    def _as_layer(self, name: str) -> str:
        """Return the name of an output, behind a layer that repeats it where it is an input."""
        kind = next(one["form"] for one in self.described if one["name"] == name)
        if kind != "input":
            return name
        own = self._free(f"{name}_identity")
        self.described.append({"form": "keras", "name": own, "inputs": [name], "layer": Identity()})
        return own


def network_of(model, seed: int) -> tuple[Network, list[str]]:
    """Return the network of a model, without losses, and the names of its outputs in the model's order."""
    opened = Opened(model)
    graph = Graph(opened.described, seed=seed, outputs=list(dict.fromkeys(opened.outputs)))
    network = Network(graph=graph, loss=None, seed=seed)
    network.mode = model.mode
    return network, opened.outputs
