"""What the data of a model must bring: one `Field` for each input, target and array of weights, in order."""

from pytensor.graph.traversal import ancestors

from ..data import Field


def input_fields(model) -> list[Field]:
    """Return the fields of a model's inputs."""
    return [Field(la.name, "input", la.batch_shape, la.dtype, sparse=la.sparse, timed=timed(model, la.batch_shape))
            for la in model.graph.inputs]


def timed(model, shape) -> bool:
    """Return whether arrays of a shape are sequences, of as many steps as the inputs: if all layers keep those."""
    sequences = any(len(la.batch_shape) > 2 and la.batch_shape[1] is None for la in model.graph.inputs)
    return sequences and shape[1:2] == (None,) and all(la.keeps_time for la in model.layers)


def all_fields(model, inputs: list[Field], also=()) -> list[Field]:
    """Return the fields of inputs, targets and weights; `also` are measures that use some of them."""
    fields = list(inputs)
    variables, outputs = set(model.inputs), model.graph.outputs()[0]
    used = _used_variables(model) | {v for measure in also for v in measure.variables}
    for loss in model.losses:
        output = outputs[loss.output_name]
        target, weights = loss._target, loss._weights
        if target not in variables and target.name not in {f.name for f in fields}:
            fields.append(target_field(model, loss, output, optional=target not in used))
        if weights is not None and weights.name not in {f.name for f in fields}:
            fields.append(Field(weights.name, "weights", weights.type.shape, weights.dtype,
                                optional=weights not in used, partner=target.name))
    return fields


def target_field(model, loss, output, optional) -> Field:
    """Return the field of a loss' target: what all losses that share it allow."""
    target, outputs = loss._target, model.graph.outputs()[0]
    sharing = [x for x in model.losses if x._target is target]
    if target.dtype.startswith("int"):
        apart = any(x.spec is not None and x.spec.padding is not None for x in sharing)  # label sequences, of ctc
        ignored = {x.ignored for x in sharing}
        counts = [x.classes(outputs) for x in sharing]
        return Field(target.name, "label", target.type.shape, target.dtype,
                     timed=not apart and timed(model, target.type.shape),
                     classes=min((n for n in counts if n is not None), default=None),
                     optional=optional, ignored=ignored.pop() if len(ignored) == 1 else None)
    domain = next(filter(None, (x.domain(outputs) for x in sharing)), None)
    alike = [outputs[x.output_name].type.shape for x in sharing if x.spec is not None and x.spec.alike]
    shapes = [target.type.shape, *(shape for shape in alike if len(shape) == target.ndim)]
    shape = tuple(next((n for n in lengths if n is not None), None) for lengths in zip(*shapes, strict=True))
    return Field(target.name, "target", shape, target.dtype, domain=domain, optional=optional,
                 timed=timed(model, shape))


def _used_variables(model) -> set:
    outputs = model.graph.outputs()[0]
    parts = [part for loss in model.losses for part in loss.parts(outputs)]
    return set(ancestors(parts))
