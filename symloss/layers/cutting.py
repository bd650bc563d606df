"""Parts of a graph: graphs of the same layers, which share their parameters."""

import numpy as np

from ..errors import SpecError
from .feedforward import Input
from .graph import Graph


def part(graph: Graph, inputs: list[str], outputs: list[str]) -> Graph:
    """Return the layers between inputs and outputs, as a graph that shares them.

    Parameters
    ----------
    graph : Graph
    inputs : list of str
        Layers whose outputs become the inputs of the part.
    outputs : list of str
        Layers whose outputs become its outputs.

    Raises
    ------
    UnknownNameError
        If no layer has one of the names.
    SpecError
        If the outputs depend on more than the inputs.
    """
    needed = _needed(graph, [graph.top(name) for name in outputs], set(inputs))
    missing = [layer.name for layer in needed if isinstance(layer, Input) and layer.name not in inputs]
    if missing:
        raise SpecError(f"part from {', '.join(inputs)} to {', '.join(outputs)}: it also needs {', '.join(missing)}. "
                        "Name it among the inputs")
    values = graph.outputs()[0]
    enters = [_entrance(name, graph[name], values[f"{name}:out"]) for name in inputs]
    inner = [layer for layer in graph.layers if layer in needed and layer.name not in inputs]
    return graph.of([*enters, *inner], outputs, graph.mask if any(layer.wants_mask for layer in needed) else None)


def take(graph: Graph, start: str, end: str) -> Graph:
    """Return the layers from one to another, including both, as a graph that shares them. See `part`."""
    first, last = graph[start], graph.top(end)
    if start not in graph.names():
        raise SpecError(f"take from {start!r}: this layer is inside another one. Begin with a layer of this network, "
                        f"or take a part of net[{start.partition('.')[0]!r}]")
    inputs = [start] if isinstance(first, Input) else list(first.inputs)
    reached = _needed(graph, [last], set(inputs))
    if first not in reached and start not in inputs:
        raise SpecError(f"take from {start!r} to {end!r}: {end!r} does not depend on {start!r}. Name the earlier "
                        "layer first")
    also = [layer.name for layer in reached if isinstance(layer, Input) and layer.name not in inputs]
    return part(graph, [*inputs, *also], [end])


def _needed(graph, wanted, stop) -> list:
    """Return the layers that some need, with these, back to the names in `stop`."""
    found, open_ends = [], list(wanted)
    while open_ends:
        layer = open_ends.pop()
        if layer in found:
            continue
        found.append(layer)
        if layer.name not in stop:
            open_ends += [graph.top(name) for name in layer.inputs if name not in stop]
    return found


def _entrance(name, layer, value) -> Input:
    """Return an input in the place of a layer's output; an input itself stays."""
    if isinstance(layer, Input):
        return layer
    made = Input(name=name, shape=layer.shape, ndim=value.ndim, dtype=value.dtype, sparse=layer.sparse)
    made.bind([], np.random.default_rng(0))
    return made
