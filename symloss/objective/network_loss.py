"""NetworkLoss: a network whose outputs are minimized."""

import pytensor.tensor as pt

from ..errors import SpecError, unknown
from ..layers import Context
from ..layers.graph import Graph, graph_of, is_network
from ..losses import Loss

PREDICTION = ("input", "in", "prediction", "output")  # names of an input that takes the output of a model


class NetworkLoss(Loss, registered=False):
    """A network as a loss: the sum of its outputs is minimized, and each output is a term of the objective.

    An output of several numbers is summed for each item. The parameters of the network are trained together with those
    of the model.

    Parameters
    ----------
    network : Network, Graph, or dict
        The network. Its input takes the output of the model. It may have a second input called 'target', which takes
        the target of the data.
    ports : dict or None
        The source of each input of the network, either the name of an output of the model or 'target': ``{"x": "out",
        "y": "target"}``. None: 'input', or the only input, takes the output that the loss belongs to.
    name : str or None
        Name of the loss in the records.
    weight, weighted, output_name
        See `Loss`.

    Raises
    ------
    SpecError
        If it is not clear what an input of the network should take.
    """

    def __init__(self, network=None, *, ports=None, name=None, weight=1.0, weighted=False, output_name=None):
        super().__init__(weight=weight, weighted=weighted, output_name=output_name)
        if not is_network(network) and not isinstance(network, dict):
            raise SpecError(f"loss {network!r}: pass a network, such as symloss.Network([...])")
        self.graph = graph_of(network) if is_network(network) else Graph.rebuilt(network)
        self.given_name = name
        self.ports = dict(ports or {})
        self._wiring = self._wired()
        self.takes_target = "target" in self._wiring.values()

    def _wired(self) -> dict:
        """Return what each input takes, by name: 'target', the name of an output, or None for that of the loss."""
        names = [layer.name for layer in self.graph.inputs]
        for port in self.ports:
            if port not in names:
                raise unknown(f"input of the network of loss {self.label!r}:", port, names)
        left = [name for name in names if name not in self.ports]
        found = dict(self.ports)
        for name in list(left):
            if name.lower() == "target" or (name.lower() in PREDICTION and len(left) <= 2):
                found[name] = "target" if name.lower() == "target" else None
                left.remove(name)
        if len(left) == 1 and None not in found.values() and not set(found.values()) - {"target"}:
            found[left.pop()] = None
        if left:
            example = {name: way for name, way in zip(names, ("out", "target"), strict=False)}
            raise SpecError(f"loss {self.label!r}: its network has the inputs {', '.join(names)}, and symloss cannot "
                            f"tell what {', '.join(left)} should get. Name them 'input' and 'target', or pass "
                            f"ports={example!r}")
        return found

    @property
    def label(self):
        outputs = self.graph.output_layers()
        return self.given_name or (outputs[0] if len(outputs) == 1 else "network")

    @property
    def parameters(self):
        return self.graph.parameters

    def own_weights(self):
        return self.graph.weights()

    def own_target(self):
        name = next((name for name, way in self._wiring.items() if way == "target"), None)
        if name is None:
            return None
        kind = self.graph[name].variable.type
        if _is_label(kind):
            return pt.tensor(name="target", dtype="int32", shape=kind.shape[:-1])
        return kind("target")

    @property
    def differs_in_training(self):
        return self.graph.differs_in_training

    def terms(self, outputs, context=None):
        given = {name: self._taken(way, outputs) for name, way in self._wiring.items()}
        for name, value in given.items():
            self._check(name, value)
        values = self.graph.values(Context() if context is None else context.within(self.label), given)
        return {name: values[f"{name}:out"] for name in self.graph.output_layers()}

    def _taken(self, way, outputs):
        if way == "target":
            name = next(name for name, one in self._wiring.items() if one == "target")
            kind = self.graph[name].variable.type
            as_column = _is_label(kind) and self._target.ndim == kind.ndim - 1
            return pt.shape_padright(self._target).astype(kind.dtype) if as_column else self._target
        full = self.output_name if way is None else way if ":" in way else f"{way}:out"
        if full not in outputs:
            raise unknown(f"output for the network of loss {self.label!r}:", full, outputs)
        return outputs[full]

    def _check(self, name, value):
        wanted, have = self.graph[name].batch_shape, value.type.shape
        fits = len(wanted) == len(have) and all(None in pair or len(set(pair)) == 1
                                                for pair in zip(wanted, have, strict=True))
        if not fits:
            raise SpecError(f"loss {self.label!r}: its input {name!r} takes batches of shape {wanted}, but gets "
                            f"{have}. Give the input of the network this shape")

    def key(self):
        return (*super().key(), id(self.graph), tuple(layer.fingerprint() for layer in self.graph.layers))

    def to_spec(self):
        spec = {"form": "network", "network": self.graph.described(), "weight": self.weighing.to_spec(),
                "weighted": self.weighted, "output_name": self.output_name}
        spec |= {"ports": self.ports} if self.ports else {}
        return spec | ({"name": self.given_name} if self.given_name else {})


def _is_label(kind) -> bool:
    """Return whether an input takes one integer for each item: data have these as (n,)."""
    return kind.dtype.startswith(("int", "uint")) and kind.shape[-1] == 1
