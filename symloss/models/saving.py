"""Models in files: parameters as safetensors, everything else as JSON in the file's metadata. Nothing is pickled."""

import json
import os
import pathlib
import re
import tempfile
import zlib

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save as to_bytes

from ..errors import DataError, SpecError, SymlossError
from ..stability import switched_off
from .registry import name_of, registry

# forms whose sizes take no memory of their own: images may be larger than any tensor of the file
WITHOUT_PARAMETERS = ("input", "reshape", "flatten", "pool1", "pool2", "product", "concatenate")
FORMAT = 1  # raised when an older symloss could not read the file


def save(model, path, training=False) -> None:
    """Write `model` to `path`: first to a temporary file beside it, which then takes its place.

    Parameters
    ----------
    model : Network
    path : path
    training : bool or Training
        Whether the state of its training goes with it, for ``train(..., resume=True)``; the running one, if given.

    Raises
    ------
    SpecError
        If a loss or an activation is a plain function, of which a file can hold the name alone; or if a training
        state is asked for and there is none.
    """
    for layer in model.layers:
        if layer.activate.custom:
            raise SpecError(
                f"save: the activation of layer {layer.name!r} is a function; "
                f"register it with @symloss.activations.activation() and use its name"
            )
    description = {
        "format": FORMAT,
        "class": name_of(type(model)),
        "described": model._described,
        "layers": model.graph.to_spec(),
        "losses": [_loss_spec(loss) for loss in model.losses],
        "weighted": model.weighted,
        "seed": model.seed,
        "stable": model.stable if isinstance(model.stable, bool) else list(switched_off(model.stable)),
        "history": list(model.history),
        "callbacks": model._callbacks if training in (True, False) else training.callbacks.state(),
        "classes": getattr(model, "encoder", None) and model.encoder.classes,
    }
    tensors = {f"model/{name}": p.get_value() for name, p in model.graph.parameters.items()}
    if training:
        state = model._stopped if training is True else training.state()
        if state is None:
            raise SpecError("save: training=True, but the model has not been trained")
        description["training"], arrays = state
        tensors |= {f"training/{name}": value for name, value in arrays.items()}
    try:
        text = json.dumps(description, default=_plain)
    except TypeError as error:
        raise SpecError(f"save: {error}; use numbers, strings and lists as options and classes") from None
    tensors = {name: np.array(value, order="C") for name, value in tensors.items()}
    metadata = {"symloss": text, "checksum": _checksum(text, tensors)}
    write(path, to_bytes(tensors, metadata=metadata))


def _checksum(text: str, tensors: dict) -> str:
    total = zlib.crc32(text.encode())
    for name in sorted(tensors):
        value = tensors[name]
        total = zlib.crc32(f"{name} {value.dtype} {value.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(value).tobytes(), total)
    return f"{total:08x}"


def write(path, content: bytes) -> None:
    """Write `content` to `path` so that at any moment the old or the new file is there, whole."""
    path = pathlib.Path(path)
    if not path.parent.is_dir():
        raise DataError(f"save: the folder {path.parent} does not exist; make it first")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # as any new file, and not for its owner alone
        os.replace(temporary, path)
    except BaseException:
        pathlib.Path(temporary).unlink(missing_ok=True)
        raise


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot be written")


def _loss_spec(loss) -> dict:
    if not isinstance(loss.form, str):
        raise SpecError(
            f"save: the loss {loss.name!r} is a function; register it with @symloss.loss() and use its name"
        )
    spec = loss.to_spec()
    if callable(spec["weight"]):
        raise SpecError(f"save: the weight of loss {loss.name!r} is a function, which no file can hold; give it a "
                        f"number, or a schedule: loss.weight = symloss.schedules.linear(0, 1, 10), say")
    return spec


def load(path):
    """Return the model in a file that `save` wrote; it predicts the same bits, and can be trained on.

    Raises
    ------
    DataError
        If the file is missing, truncated, changed, foreign, or written by a newer version.
    """
    if not isinstance(path, str | os.PathLike):
        raise DataError(f"load: {path!r} is no path; a str or a Path is wanted")
    path = pathlib.Path(path)
    if not path.is_file():
        raise DataError(f"load: there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:
        raise DataError(f"load: {path} is no whole safetensors file ({type(error).__name__}: {error})") from None
    text = metadata.get("symloss")
    if text is None:
        raise DataError(f"load: {path} holds tensors, but no model of symloss")
    try:
        description = json.loads(text)
        newer = description["format"] > FORMAT
    except Exception as error:
        raise DataError(f"load: {path} does not describe a model ({type(error).__name__}: {error})") from None
    if newer:
        raise DataError(
            f"load: {path} has format {description['format']}, this version reads up to {FORMAT}; update symloss"
        )
    if metadata.get("checksum") != _checksum(text, tensors):
        raise DataError(f"load: {path} was changed after it was written (its checksum is wrong); take another copy")
    try:
        return _build(description, tensors)
    except Exception as error:
        reason = str(error) if isinstance(error, SymlossError) else f"{type(error).__name__}: {error}"
        raise DataError(f"load: {path}: {reason}") from error


def _build(description, tensors):
    if description["class"] not in registry:
        raise DataError(f"{description['class']!r} is no class of model; define or import it before you load the file; "
                        f"known: {', '.join(registry)}")
    cls = registry.get(description["class"])
    _check_sizes(description["layers"], tensors)
    extra = {"classes": description["classes"]} if description.get("classes") is not None else {}
    model = cls(description["layers"], loss=None, weighted=description["weighted"], seed=description["seed"], **extra)
    model._described = _tuples(description["described"])
    for spec in description["losses"]:
        model.add_loss(dict(spec))
    model.stable = description.get("stable", True)
    model.history.extend(description["history"])
    model._callbacks = model._loaded_callbacks = description["callbacks"]
    _fill(model, {n.removeprefix("model/"): t for n, t in tensors.items() if n.startswith("model/")})
    if "training" in description:
        arrays = {n.removeprefix("training/"): t for n, t in tensors.items() if n.startswith("training/")}
        model._stopped = description["training"], arrays
    return model


def _tuples(described):
    """Return a description of layers as it was before JSON made lists of its tuples."""
    return [tuple(layer) if isinstance(layer, list) else layer for layer in described]


def _check_sizes(layers, tensors):
    """Refuse layers larger than any tensor of the file before memory is taken for them."""
    largest = max((n for t in tensors.values() for n in t.shape), default=0)
    for layer in layers:
        parametric = layer.get("form") not in WITHOUT_PARAMETERS
        sizes = [layer.get("size") or 0, *(layer.get("shape") or ())] if parametric else [0]
        if layer.get("worker"):  # a bidirectional layer, whose units stand in two halves
            sizes = [n // 2 for n in sizes]
        windows = layer.get("filter_size") or 0
        sizes += windows if isinstance(windows, list) else [windows]
        sizes += [int(n) for n in re.findall(r"maxout:(\d+)", str(layer.get("activation")))]
        if max(sizes) > largest:
            raise DataError(f"layer {layer.get('name')!r} has size {max(sizes)}, and no tensor of the file has that")


def _fill(model, tensors):
    parameters = model.graph.parameters
    if set(tensors) != set(parameters):
        odd = ", ".join(sorted(set(tensors) ^ set(parameters)))
        raise DataError(f"parameters do not fit the layers: {odd}")
    for name, shared in parameters.items():
        if tensors[name].shape != shared.get_value(borrow=True).shape:
            raise DataError(f"{name} has shape {tensors[name].shape}, the layer {shared.type.shape}")
        shared.set_value(tensors[name].astype(shared.dtype))
