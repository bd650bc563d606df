"""Layers by name and edges between them, sorted so that each layer comes after its inputs."""

import graphlib

from ..errors import SpecError, unknown
from .base import registry


def in_order(specs, edges=None) -> tuple[list, list, list]:
    """Return the layers as a list of descriptions with 'name' and 'inputs', and the names of two kinds of layers.

    The first kind feeds no other layer. The second kind feeds only layers that compare numbers or compute with them:
    losses, distances, samples and functions. These are linear, unless their descriptions name another activation.

    Parameters
    ----------
    specs : dict
        Descriptions in the layer language, by name.
    edges : list or None
        ``"in -> hid -> out"``, or tuples of names, ``("in", "hid", "out")``. A layer with several inputs takes them in
        the order of the edges. A list of names in a tuple stands for all of them: ``(["left", "right"], "distance")``.
        With None each layer feeds the next.

    Raises
    ------
    SpecError
        If the edges form a cycle, or a description has inputs of its own as well.
    UnknownNameError
        If an edge names a layer that does not exist.
    """
    if not isinstance(specs, dict):
        raise SpecError(f"edges={edges!r}: edges join layers by name, so the layers must be a dict, such as {{'in': "
                        "10, 'out': 3}")
    for name in specs:
        if not isinstance(name, str):
            raise SpecError(f"layer {name!r}: the keys of a dict of layers must be names")
        if "." in name or ":" in name or "->" in name:
            raise SpecError(f"layer {name!r}: a name cannot contain '.', ':' or '->', which stand for inner layers, "
                            "outputs and edges. Give the layer another name")
    inputs = _chained(specs) if edges is None else _inputs(list(specs), edges)
    for name, description in specs.items():
        if isinstance(description, dict) and "inputs" in description:
            if inputs[name] and edges is not None:
                raise SpecError(f"layer {name!r}: got the inputs {description['inputs']!r} and edges from "
                                f"{', '.join(inputs[name])}. Write either inputs or edges")
            given = description["inputs"]
            inputs[name] = [given] if isinstance(given, str) else list(given)
    try:
        order = graphlib.TopologicalSorter(_sorted_like(specs, inputs)).static_order()
        order = [name for name in order if name in specs]  # the graph names those that it does not know
    except graphlib.CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise SpecError(f"edges: {circle} is a cycle, but a layer cannot depend on itself. Remove one of these "
                        "edges") from None
    described = [_described(name, specs[name], inputs[name]) for name in order]
    read = {name for some in inputs.values() for name in some}
    fed = {name for layer, some in inputs.items() if not _compares(specs[layer]) for name in some}
    return described, [n for n in order if n not in read], [n for n in order if n in read - fed]


def _compares(description) -> bool:
    form = description.get("form") if isinstance(description, dict) else None
    return isinstance(form, str) and form in registry and registry.get(form).compares


def _sorted_like(specs, inputs) -> dict:
    """Return what has to come before each layer: its inputs, and the layer whose parameters it shares."""
    return {name: [first for source in (*inputs[name], *_partners(specs[name]))
                   if (first := source.split(".")[0]) in specs] for name in specs}


def _partners(description) -> list:
    if not isinstance(description, dict):
        return []
    return [name for name in map(description.get, ("of", "partner")) if isinstance(name, str)]


def _chained(specs) -> dict[str, list]:
    """Return each layer's predecessor as its input; further inputs of the whole have none."""
    names = list(specs)
    enters = {name for name in names if isinstance(specs[name], dict) and specs[name].get("form") == "input"}
    return {name: [] if name in (*enters, *names[:1]) else [before]
            for before, name in zip([None, *names], names, strict=False)}


def _inputs(names, edges) -> dict[str, list]:
    found: dict[str, list] = {name: [] for name in names}
    if isinstance(edges, str) or not isinstance(edges, list | tuple):
        raise SpecError(f"edges={edges!r} is not valid; it must be a list, such as ['in -> hid', ('hid', 'out')]")
    for edge in edges:
        chain = [part.strip() for part in edge.split("->")] if isinstance(edge, str) else edge
        if not isinstance(chain, list | tuple) or len(chain) < 2:
            raise SpecError(f"edge {edge!r}: an edge needs at least two names, as in 'in -> hid' or ('in', 'hid')")
        for first, second in zip(chain, chain[1:], strict=False):
            for source in first if isinstance(first, list | tuple) else [first]:
                for target in second if isinstance(second, list | tuple) else [second]:
                    _join(found, source, target, edge)
    return found


def _join(found, source, target, edge):
    for name in (source, target):
        if not isinstance(name, str) or name.split(".")[0] not in found:
            raise unknown(f"layer in the edge {edge!r}:", name, list(found))
    if target not in found:
        raise SpecError(f"edge {edge!r}: {target!r} is a layer inside another one. Let the edge lead to the outer "
                        "layer")
    found[target].append(source)


def _described(name, description, inputs) -> dict:
    """Return a description as a dict with its name and its inputs; a layer without inputs is an input."""
    if isinstance(description, dict):
        made = dict(description)
    elif isinstance(description, str | int | tuple | list):
        made = {"described": description}
    else:
        made = {"form": "network", "network": description}
    made["name"] = name
    if inputs:
        return made | {"inputs": inputs}
    made = {"form": "input"} | made
    if made["form"] != "input" or any(isinstance(word, str) for word in _words(made.get("described"))):
        raise SpecError(f"layer {name!r}: no edge leads to it, and {description!r} does not describe an input. Add an "
                        f"edge, ('...', {name!r}), or describe an input with a size or a shape")
    return made


def _words(description):
    return description if isinstance(description, tuple | list) else [description]
