"""Parts of a network, which are networks that share its parameters; and which of its layers are outputs."""

from ..errors import SpecError
from ..layers import Input, Shared, Subnetwork, cutting
from . import encoding
from .registry import registry


class Composed:
    """Outputs of a network, and its parts as networks of their own."""

    @property
    def output_name(self) -> str:
        """Name of the main output: the last layer, or the last of the outputs that you named."""
        return f"{self.graph.main_name}:out"

    @property
    def outputs(self) -> list[str]:
        """Names of the layers whose outputs are predictions: no losses, unless all are; then what these compare."""
        return self.graph.predictions()

    def __getitem__(self, name):
        """Return one layer, or a network within this one, as a network that shares its parameters."""
        layer = self.graph[name]
        if isinstance(layer, Subnetwork):
            return self._part(layer.graph)
        if isinstance(layer, Shared):
            return self[layer.of]
        if isinstance(name, str) and "." in name and name not in self.graph.names():
            outer, _, inner = name.partition(".")
            return self[outer][inner]
        if isinstance(layer, Input):
            raise SpecError(f"{layer.name!r} is an input, so it computes nothing. Name a layer after it")
        return self._part(cutting.part(self.graph, list(layer.inputs), [layer.name]))

    def take(self, start: str, end: str):
        """Return the layers from `start` to `end`, both included, as a network that shares their parameters.

        Parameters
        ----------
        start, end : str
            Names of layers. The part also contains other inputs that `end` needs.
        """
        return self._part(cutting.take(self.graph, start, end))

    def part(self, inputs, outputs):
        """Return the part of the network between the given layers, as a network that shares their parameters.

        Parameters
        ----------
        inputs : str or list of str
            Names of the layers whose outputs are the inputs of the part.
        outputs : str or list of str
            Names of the layers whose outputs are the outputs of the part.

        Raises
        ------
        SpecError
            If the outputs also depend on other inputs.
        """
        inputs, outputs = ([names] if isinstance(names, str) else list(names) for names in (inputs, outputs))
        return self._part(cutting.part(self.graph, inputs, outputs))

    def _part(self, graph):
        made = registry.get("Network")(graph=graph, loss=None, seed=self.seed, mode=self.mode)
        made.encoders = encoding.of_part(self, graph)
        return made
