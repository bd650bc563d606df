"""The arrays that a model needs as data: one `Field` for each input, target and array of weights, in order."""

import dataclasses

from pytensor.graph.traversal import ancestors

from ..data import Field
from ..layers import Embedding, Shared, Subnetwork
from ..objective.loss_layer import LossLayer


def input_fields(model) -> list[Field]:
    """Return the fields of a model's inputs, and of the mask, where a layer wants one."""
    fields = [Field(la.name, "input", la.batch_shape, la.dtype, sparse=la.sparse, timed=timed(model, la.batch_shape),
                    also=("Input",) if len(model.graph.inputs) == 1 else ())
              for la in model.graph.inputs]
    fields = [dataclasses.replace(f, **_as_labels(model, f.name)) for f in fields]
    return fields if model.graph.mask is None else [*fields, mask_field(model.graph.mask, fields)]


def _as_labels(model, name: str) -> dict:
    """Return what a field must know of an input of ids, or of labels of a loss within the network."""
    ids = _ids(model.graph, name)
    if ids:
        return {"classes": min(ids), "ids": True}
    for layer in model.graph.layers:
        if not isinstance(layer, LossLayer) or layer.inputs_by_port.get("target") != name:
            continue
        if "label" not in layer.spec.target or not model.graph[name].dtype.startswith(("int", "uint")):
            continue
        outputs = model.graph.outputs()[0]
        shapes = {port: outputs[f"{one}:out"].type.shape for port, one in layer.inputs_by_port.items()}
        count = None if layer.spec.classes is None else layer.spec.classes(shapes, layer.options)
        return {"classes": count, "ignored": layer.options.get("ignore_index")}
    return {}


def _ids(graph, name: str) -> list[int]:
    """Return how many ids the embeddings know that read an input, also those within other layers."""
    found = []
    for layer in graph.layers:
        inner = getattr(layer, "partner", layer) if isinstance(layer, Shared) else layer
        if name in layer.inputs and isinstance(inner, Embedding):
            found.append(inner.ids)
        elif isinstance(inner, Subnetwork):
            within = zip(layer.inputs, inner.graph.inputs, strict=True)
            found += [n for outer, source in within if outer == name for n in _ids(inner.graph, source.name)]
    return found


def mask_field(mask, fields: list[Field]) -> Field:
    """Return the field of a mask (batch, time), which belongs to the first sequences among the `fields`."""
    partner = next(f.name for f in fields if len(f.shape) == 3)
    return Field(mask.name, "mask", (None, None), mask.dtype, optional=True, partner=partner)


def timed(model, shape) -> bool:
    """Return whether arrays of a shape are sequences with the steps of the inputs: if all layers keep them."""
    sequences = any(len(la.batch_shape) > 2 and la.batch_shape[1] is None for la in model.graph.inputs)
    return sequences and shape[1:2] == (None,) and all(la.keeps_time for la in model.layers)


def all_fields(model, inputs: list[Field], also=()) -> list[Field]:
    """Return the fields of inputs, targets and weights; `also` are measures that use some of them."""
    fields = [_as_target(model, field, also) for field in inputs]
    variables, outputs = set(model.inputs), model.graph.outputs()[0]
    used = _used_variables(model) | {v for measure in also for v in measure.variables}
    for loss in model.losses:
        output = outputs[loss.output_name]
        target, weights = loss._target, loss._weights
        if target not in variables and target.name not in {f.name for f in fields}:
            fields.append(target_field(model, loss, output, optional=target not in used, also=also))
        if weights is not None and weights.name not in {f.name for f in fields}:
            fields.append(Field(weights.name, "weights", weights.type.shape, weights.dtype,
                                optional=weights not in used, partner=target.name, negative=loss.negative_weights,
                                alike_from=_alike_from(loss, outputs)))
        if loss.step_mask is not None and loss.step_mask.name not in {f.name for f in fields}:
            fields.append(Field(loss.step_mask.name, "mask", (None, None), loss.step_mask.dtype, optional=True,
                                partner=inputs[0].name))
    return fields


def _alike_from(loss, outputs) -> int | None:
    """Return the axis from which on weights must be equal: a function of the user's has one value for the rest."""
    if loss.spec is None or loss.spec.target != "any":
        return None
    axes = loss.values(outputs).ndim
    return axes if 0 < axes < loss._weights.ndim else None


def _as_target(model, field, measures) -> Field:
    """Return the field of an input with the values that it may have where it is a target, as in an autoencoder."""
    variable = model.graph.input_variables().get(field.name)
    return dataclasses.replace(field, domain=_domain(model, variable, measures)) if variable is not None else field


def _domain(model, target, measures) -> str | None:
    """Return what values a target may have, by the losses and the measures that compare something with it."""
    outputs = model.graph.outputs()[0]
    sources = [x for x in (*model.losses, *measures) if getattr(x, "_target", getattr(x, "target", None)) is target]
    return narrowest(x.domain(outputs) for x in sources)


def narrowest(domains) -> str | None:
    """Return the domain that a target of several losses must keep to: 0 to 1 before other limits; the first of equals.

    >>> narrowest([None, "nonnegative", "positive"])
    'positive'
    """
    order = [None, "above -1", "nonnegative", "positive"]
    return max(domains, key=lambda one: order.index(one) if one in order else len(order), default=None)


def target_field(model, loss, output, optional, also=()) -> Field:
    """Return the field of the target of a loss, with the values that all losses and measures on it allow."""
    target, outputs = loss._target, model.graph.outputs()[0]
    sharing = [x for x in model.losses if x._target is target]
    if target.dtype.startswith("int"):
        padding = next((x.spec.padding for x in sharing if x.has_own_length), None)
        ignored = {x.ignored for x in sharing}
        counts = [x.classes(outputs) for x in sharing]
        return Field(target.name, "label", target.type.shape, target.dtype,
                     timed=padding is None and timed(model, target.type.shape), padding=padding,
                     classes=min((n for n in counts if n is not None), default=None),
                     optional=optional, ignored=ignored.pop() if len(ignored) == 1 else None,
                     also=_names_of(model, loss))
    domain = _domain(model, target, also)
    alike = [outputs[x.output_name].type.shape for x in sharing if x.spec is not None and x.spec.alike]
    shapes = [target.type.shape, *(shape for shape in alike if len(shape) == target.ndim)]
    shape = tuple(next((n for n in lengths if n is not None), None) for lengths in zip(*shapes, strict=True))
    return Field(target.name, "target", shape, target.dtype, domain=domain, optional=optional,
                 timed=timed(model, shape), also=_names_of(model, loss))


def _names_of(model, loss) -> tuple[str, ...]:
    """Return the names by which a dict of data may call a target: those of its output."""
    output = loss.output_name.removesuffix(":out")
    alone = ["Output"] if len(model.graph.output_layers()) == 1 else []
    return (output, f"{output}:target", *alone, *(["target"] if loss.output_name == model.output_name else []))


def check_fit(model, source, who: str) -> None:
    """Raise DataError for targets in memory that no prediction can have, such as more labels than there are steps."""
    if source.arrays is None:
        return
    arrays = {field.name: array for field, array in zip(source.fields, source.arrays, strict=True)}
    for loss in model.losses:
        if loss.spec is None or loss.spec.fits is None:
            continue
        steps = arrays[model.graph.inputs[0].name].shape[1]
        mask = None if loss.step_mask is None else arrays.get(loss.step_mask.name)
        if mask is not None and mask.shape[1] == steps:
            steps = (mask != 0).sum(axis=1)
        weights = None if loss._weights is None else arrays.get(loss._weights.name)
        counts = None if weights is None else weights.reshape(len(weights), -1).any(axis=1)
        classes = loss.classes(model.graph.outputs()[0])
        options = {name: value for name, value in (loss.spec.options | dict(loss.options)).items() if name != "steps"}
        loss.spec.fits(arrays[loss._target.name], steps, f"{who}: {loss._target.name}", counts, classes,
                       rows=source.numbers, **options)


def _used_variables(model) -> set:
    outputs = model.graph.outputs()[0]
    parts = [part for loss in model.losses for both in loss.named_terms(outputs).values() for part in both]
    return set(ancestors(parts))
