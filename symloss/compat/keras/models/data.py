"""The data of `fit`, `evaluate` and `predict`, as arrays by input and by output."""

import inspect
from collections.abc import Iterator

import numpy as np

from ....data import as_array
from ....data.sources import Again
from ....errors import DataError, ShapeError, SpecError, unknown
from ..losses import functions
from ..losses.binding import CROSSENTROPY

BINARY = (functions.binary_crossentropy, functions.binary_focal_crossentropy)
ONE_COLUMN = ("needs an output column for each class, but the output has 1 column. For two classes, use "
              "loss='binary_crossentropy' with Dense(1, activation='sigmoid'), or Dense(2, activation='softmax')")


def by_input(model, x) -> dict:
    """Return the arrays of the inputs by the names of the network's input layers."""
    tensors, names = model.input_tensors, model.input_names
    core = [layer.name for layer in model.network.graph.inputs]
    if isinstance(x, dict) or (hasattr(x, "keys") and not hasattr(x, "iloc")):
        missing = [name for name in names if name not in x]
        if missing:
            raise DataError(f"{model.name}: x lacks the inputs {', '.join(missing)}; the model has the inputs "
                            f"{', '.join(names)}")
        extra = [key for key in x if key not in names]
        if extra:
            raise unknown("input:", extra[0], names)
        values = [x[name] for name in names]
    elif len(tensors) > 1:
        if not isinstance(x, list | tuple) or len(x) != len(tensors):
            raise DataError(f"{model.name}: the model has {len(tensors)} inputs: {', '.join(names)}. Pass x as a list "
                            f"with one array per input, or as a dict by these names")
        values = list(x)
    else:
        one = isinstance(x, list | tuple) and len(x) == 1 and np.ndim(x[0]) == len(tensors[0].shape)
        values = [x[0] if one else x]
    return {name: _ranked(value, tensor, model.name) for name, value, tensor in zip(core, values, tensors, strict=True)}


def _ranked(value, tensor, who):
    """Return an input with as many axes as the model wants: (n, 28, 28) and (n, 28, 28, 1) are read as each other."""
    if value is None:
        raise DataError(f"{who}: x is None; pass the inputs")
    array = value if hasattr(value, "shape") else as_array(value, f"{who}: {tensor.name}")
    if getattr(getattr(array, "dtype", None), "kind", "") == "b":
        array = np.asarray(array).astype(tensor.dtype)
    have, want = len(array.shape), len(tensor.shape)
    if have == want - 1 and tensor.shape[-1] == 1:
        return np.asarray(array)[..., None]
    if have == want + 1 and array.shape[-1] == 1:
        return np.asarray(array)[..., 0]
    if have != want or any(w is not None and n != w for n, w in zip(array.shape[1:], tensor.shape[1:], strict=True)):
        one = ". For a single item, pass x[None]" if tuple(array.shape) == tensor.shape[1:] else ""
        raise ShapeError(f"{who}: the input {tensor.name!r} takes items of shape {tensor.shape[1:]}, but x has shape "
                         f"{tuple(array.shape)}{one}")
    return array


def by_output(names: list, y, what: str, who: str) -> list:
    """Return what is for each output, of an array, a list or a dict by their names; None for what is missing."""
    if y is None:
        return [None] * len(names)
    if isinstance(y, dict) or (hasattr(y, "keys") and not hasattr(y, "iloc")):
        for key in y:
            if key not in names:
                raise unknown(f"output in {what}:", key, names)
        return [y.get(name) for name in names]
    if len(names) == 1:
        one = isinstance(y, list | tuple) and len(y) == 1 and np.ndim(y[0]) >= 1
        return [y[0] if one else y]
    if not isinstance(y, list | tuple) or len(y) != len(names):
        raise DataError(f"{who}: the model has {len(names)} outputs: {', '.join(names)}. Pass {what} as a list with "
                        f"one array per output, or as a dict by these names")
    return list(y)


def as_targets(y: list) -> list:
    """Return targets whose yes and no are 1 and 0."""
    found = []
    for one in y:
        array = one if one is None or hasattr(one, "shape") else np.asarray(one)
        found.append(array.astype("float32") if getattr(getattr(array, "dtype", None), "kind", "") == "b" else array)
    return found


def check_kind(losses: list, outputs: dict, y: list, who: str) -> None:
    """Raise ShapeError for labels where a loss takes vectors, and for vectors where it takes labels.

    Keras raises these errors, too, or trains something else in silence. The messages say what its users write.
    """
    for some, one in zip(losses, y, strict=True):
        for loss in some if hasattr(one, "shape") else ():
            if loss._target is None:
                continue
            width = outputs[loss.output_name].type.shape[-1]
            kind = getattr(getattr(one, "dtype", None), "kind", "")
            if loss._target.dtype.startswith("int"):
                said = _not_labels(loss, tuple(one.shape), width)
            else:
                said = _not_vectors(loss, tuple(one.shape), width, kind)
            if said is not None:
                raise ShapeError(f"{who}: {loss.label} {said}")


def _not_labels(loss, shape, width) -> str | None:
    """Return what to say of targets of a shape where integer labels are wanted, or None if they fit."""
    if loss.has_own_length or (isinstance(loss.keras, str) and loss.keras.lower() in CROSSENTROPY):
        return None  # labels of sequences; or labels and one-hot vectors alike
    if len(shape) == loss._target.ndim + 1 and shape[-1] > 1:
        return (f"needs one integer label per item, but y has shape {shape}. For one-hot vectors, use "
                f"loss='categorical_crossentropy', or pass y.argmax(axis=-1)")
    return ONE_COLUMN if width == 1 and _is(loss, functions.sparse_categorical_crossentropy) else None


def _not_vectors(loss, shape, width, kind) -> str | None:
    """Return what to say of targets of a shape where they must have that of the output, or None if they fit."""
    target, yes_or_no = loss._target, loss.spec is not None and _is(loss, *BINARY)
    if width == 1 and _is(loss, functions.categorical_crossentropy):
        return ONE_COLUMN
    if width in (1, None) and not (width == 1 and yes_or_no) or target.type.shape[-1] != width:
        return None
    if len(shape) == target.ndim and shape[-1] != width and yes_or_no and width == 1:
        return (f"needs one 0 or 1 per item, because the output has 1 column, but y has shape {shape}. For two "
                f"classes, pass y[:, 1]; otherwise give the output {shape[-1]} columns: Dense({shape[-1]})")
    flat = len(shape) == target.ndim - 1 or (len(shape) == target.ndim and shape[-1] == 1)
    if not flat or width == 1 or kind not in ("i", "u"):
        return None
    way = f"For labels, use loss='sparse_categorical_crossentropy', or pass keras.utils.to_categorical(y, {width})"
    if yes_or_no:
        way = (f"For 0 and 1, end the model in Dense(1, activation='sigmoid'); for labels, pass "
               f"keras.utils.to_categorical(y, {width})")
    elif "categorical" not in loss.label and not _is(loss, functions.kl_divergence):
        way = f"For one number per item, end the model in Dense(1). {way}"
    return f"needs targets with {width} columns, but y has shape {shape}. {way}"


def _is(loss, *known) -> bool:
    """Return whether a loss of a model is one of Keras' functions, or of the classes that stand for these."""
    return getattr(loss.keras, "fn", loss.keras) in known


def weights_of(names: list, y: list, sample_weight, class_weight, who: str) -> list:
    """Return the weights of the items for each output, of the data times of their classes; None without any."""
    if class_weight is None:
        found = by_output(names, sample_weight, "sample_weight", who) if not _is_flat(sample_weight, names) \
            else [sample_weight] * len(names)
        return [None if one is None else np.asarray(one) for one in found]
    given = weights_of(names, y, sample_weight, None, who)
    by_class = _class_weights(names, class_weight)
    return [w if c is None else _times(w, _of_classes(target, c, name, who))
            for name, target, w, c in zip(names, y, given, by_class, strict=True)]


def _is_flat(weights, names) -> bool:
    """Return whether weights are one array, which counts for all outputs."""
    return len(names) > 1 and hasattr(weights, "shape") and not hasattr(weights, "keys")


def _times(weights, more):
    return more if weights is None else weights.reshape(len(weights), -1)[:, 0] * more if np.ndim(more) == 1 else \
        weights * more


def _class_weights(names, class_weight) -> list:
    """Return the weight of each class for each output that has some."""
    if not isinstance(class_weight, dict):
        raise SpecError(f"fit: class_weight={class_weight!r} is not valid. Pass a dict such as {{0: 1.0, 1: 5.0}}, or "
                        f"one such dict per output, by name")
    if any(key in names for key in class_weight):
        for key in class_weight:
            if key not in names:
                raise unknown("output in class_weight:", key, names)
        return [class_weight.get(name) for name in names]
    return [class_weight] * len(names)


def _of_classes(y, weights: dict, name: str, who: str) -> np.ndarray:
    """Return the weight of each item by its class: an index, or the largest of a row."""
    if y is None:
        raise DataError(f"{who}: class_weight contains the output {name!r}, which has no y")
    array = np.asarray(y)
    flat = array.reshape(len(array), -1).astype("float64")
    vectors = array.ndim == 2 and array.shape[1] > 1
    if vectors:
        known = ((flat >= 0) & (flat <= 1)).all() and np.allclose(flat.sum(axis=1), 1, atol=0.01)
    else:
        known = flat.shape[1] == 1 and (flat % 1 == 0).all()
    if not known:
        raise DataError(f"{who}: class_weight needs targets with one class per item, which those of {name!r} are not. "
                        f"Pass sample_weight, or a dict of class weights by output for the outputs that have classes")
    labels = flat.argmax(axis=1) if vectors else flat[:, 0]
    found = np.ones(len(labels), "float32")
    for label, weight in weights.items():
        found[labels == int(label)] = weight
    return found


def split(data: list, share: float, who: str = "fit") -> tuple[list, list]:
    """Return (what to train on, the last `share` of the items), of arrays and nested lists and dicts of them."""
    if not 0 < share < 1:
        raise SpecError(f"{who}: validation_split={share!r} is not valid; it must be a number between 0 and 1")
    count = len(next(one for one in _leaves(data)))
    at = int(count * (1 - share) + 1e-9)
    if at in (0, count):
        raise DataError(f"{who}: validation_split={share} of {count} items leaves no items for training or validation")
    return _sliced(data, slice(0, at)), _sliced(data, slice(at, None))


def _leaves(data):
    for one in data.values() if isinstance(data, dict) else data:
        if isinstance(one, dict) or (isinstance(one, list | tuple) and one and hasattr(one[0], "shape")):
            yield from _leaves(one)
        elif one is not None:
            yield one


def _sliced(data, rows):
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: _sliced(one, rows) for key, one in data.items()}
    if isinstance(data, list | tuple) and data and (hasattr(data[0], "shape") or data[0] is None
                                                    or isinstance(data[0], dict | list | tuple) and not
                                                    np.isscalar(data[0]) and _holds_arrays(data)):
        return [_sliced(one, rows) for one in data]
    return data.iloc[rows] if hasattr(data, "iloc") else data[rows]


def _holds_arrays(data) -> bool:
    return any(hasattr(leaf, "shape") for leaf in _leaves(data))


def is_batches(x) -> bool:
    """Return whether x gives batches one after another, and is no array, list or frame."""
    if isinstance(x, np.ndarray | list | tuple | dict) or hasattr(x, "iloc") or hasattr(x, "tocsr"):
        return False
    return isinstance(x, Iterator) or inspect.isgeneratorfunction(x) or (
        hasattr(x, "__iter__") or hasattr(x, "__getitem__")) and not hasattr(x, "shape")


def batches(source, convert):
    """Return what gives converted batches, for `symloss.data`: an iterator as such, else something that starts anew."""
    if isinstance(source, Iterator):
        return map(convert, source)

    def made():
        if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
            for number in range(len(source)):
                yield convert(source[number])
            getattr(source, "on_epoch_end", lambda: None)()
            return
        for batch in source() if callable(source) else source:
            yield convert(batch)

    return Again(made)


def unpacked(batch) -> tuple:
    """Return (x, y, sample_weight) of a batch or of validation data."""
    if not isinstance(batch, tuple | list) or len(batch) > 3:
        return batch, None, None
    if isinstance(batch, list) and len(batch) == 1:
        return batch[0], None, None
    return (*batch, *[None] * (3 - len(batch)))
