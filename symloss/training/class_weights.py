"""Class weights: the option of `train` as an array for each loss that has classes."""

import numpy as np

from .._checks import is_number
from ..errors import SpecError, unknown


def weigh_classes(model, class_weight, train) -> None:
    """Set the class weights of every loss of classes; see `Network.train`."""
    outputs = model.graph.outputs()[0]
    sizes = {loss: found for loss in model.losses if (found := _classes(loss, outputs)) is not None}
    if class_weight is not None and not sizes:
        raise SpecError("train: class_weight has no effect, because no loss of this model has labels or probabilities "
                        "of classes as targets. Leave it out")
    by_output = isinstance(class_weight, dict) and any(isinstance(v, dict | str) for v in class_weight.values())
    names = {loss.output_name.removesuffix(":out") for loss in sizes}
    for name in set(class_weight) - names if by_output else ():
        raise unknown("output in class_weight:", name, names)
    for loss in model.losses:
        asked = class_weight.get(loss.output_name.removesuffix(":out")) if by_output else class_weight
        loss.class_weight = _class_weights(asked, loss, sizes[loss], train) if loss in sizes else None


def _classes(loss, outputs) -> tuple | None:
    """Return the shape of a loss' class weights: (classes,), or (columns, 2) for questions of yes and no; or None."""
    columns = outputs[loss.output_name].type.shape[-1] if loss.spec is not None else loss.classes(outputs)
    if loss._target is None or loss.spec is None and not loss._target.dtype.startswith("int"):
        return None
    if loss._target.dtype.startswith("int"):
        return (columns,)
    return {"distribution": (columns,), "unit": (columns, 2)}.get(loss.domain(outputs))


def _class_weights(asked, loss, shape, train):
    if asked is None:
        return None
    names = [field.name for field in train.fields]
    index = names.index(loss._target.name)
    if isinstance(asked, str):
        weighing = None if loss._weights is None else names.index(loss._weights.name)
        return _balanced(asked, index, weighing, shape, loss.ignored, train)
    asked = asked.tolist() if isinstance(asked, np.ndarray) else asked
    if not isinstance(asked, dict | list | tuple):
        raise SpecError(f"train: class_weight={asked!r} must be 'balanced', a dict of weights by class, or a list")
    encoder, count = train.fields[index].encoder, shape[-1]
    weights = np.ones(count)
    for label, weight in asked.items() if isinstance(asked, dict) else enumerate(asked):
        position = encoder.encode([label], "class_weight")[0] if encoder is not None else label
        if not isinstance(position, int | np.integer) or not 0 <= position < count:
            raise SpecError(f"train: class_weight contains the class {label!r}, but the classes are 0 to {count - 1}")
        if not is_number(weight) or weight < 0:
            raise SpecError(f"train: class_weight of {label!r} is {weight!r}, but it must be at least 0")
        weights[position] = weight
    return np.broadcast_to(weights, shape)


def _balanced(asked, index, weighing, shape, ignored, train):
    """Return weights by which all classes count the same in sum: all weight / (classes * weight of the class).

    Items without weight, ignored labels and padding are not counted.
    """
    if asked != "balanced":
        raise SpecError(f"train: class_weight={asked!r} is not valid; pass 'balanced' or a weight by class")
    if train.count is None:
        raise SpecError("train: class_weight='balanced' needs arrays, because it counts the classes. Pass a weight by "
                        "class for a stream")
    seen = np.zeros(shape)
    for arrays in train.batches(65536):
        target = arrays[index]
        weights = np.ones(target.shape) if weighing is None else np.asarray(arrays[weighing], "float64")
        if target.dtype.kind == "i":
            counts = (weights != 0) if ignored is None else (weights != 0) & (target != ignored)
            seen += np.bincount(target[counts], weights[counts], minlength=shape[0])
        else:
            target = np.where(weights != 0, target, 0) * weights
            leading = tuple(range(target.ndim - 1))
            yes = target.sum(axis=leading)
            seen += yes if len(shape) == 1 else np.stack([weights.sum(axis=leading) - yes, yes], axis=-1)
    total = seen.sum(axis=-1, keepdims=True)
    return np.where(seen > 0, total / (shape[-1] * np.where(seen > 0, seen, 1)), 0.0)
