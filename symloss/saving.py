"""Models in files: parameters as safetensors, everything else as JSON in the file's metadata. Nothing is pickled."""

import json
import os
import pathlib
import tempfile

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from . import models
from .errors import DataError, SpecError, SymlossError

FORMAT = 1  # raised when an older symloss could not read the file


def save(model, path) -> None:
    """Write `model` to `path`: first to a temporary file beside it, which then takes its place.

    Raises
    ------
    SpecError
        If a loss or an activation is a plain function, of which a file can hold the name alone.
    """
    description = {
        "format": FORMAT,
        "class": type(model).__name__,
        "layers": model.graph.to_spec(),
        "losses": [_loss_spec(loss) for loss in model.losses],
        "weighted": model.weighted,
        "seed": model.seed,
        "history": list(model.history),
    }
    for layer in model.layers:
        if layer.activate.custom:
            raise SpecError(
                f"save: the activation of layer {layer.name!r} is a function; "
                f"register it with @symloss.activations.activation() and use its name"
            )
    try:
        text = json.dumps(description, default=_plain)
    except TypeError as error:
        raise SpecError(f"save: {error}; use numbers, strings and lists as options") from None
    tensors = {name: np.ascontiguousarray(p.get_value()) for name, p in model.graph.parameters.items()}
    write(path, to_bytes(tensors, metadata={"symloss": text}))


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
    return loss.to_spec()


def load(path):
    """Return the model in a file that `save` wrote; it predicts the same bits, and can be trained on.

    Raises
    ------
    DataError
        If the file is missing, truncated, foreign, or written by a newer version.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise DataError(f"load: there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("symloss")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise DataError(f"load: {path} is no whole safetensors file ({error})") from None
    if text is None:
        raise DataError(f"load: {path} holds tensors, but no model of symloss")
    try:
        description = json.loads(text)
        if description["format"] > FORMAT:
            raise DataError(
                f"load: {path} has format {description['format']}, this version reads up to {FORMAT}; update symloss"
            )
        model = _build(description)
    except SymlossError as error:
        raise DataError(f"load: {path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DataError(f"load: {path} does not describe a model ({type(error).__name__}: {error})") from None
    _fill(model, tensors, path)
    return model


def _build(description):
    cls = {c.__name__: c for c in (models.Network, models.Regressor, models.Classifier, models.Autoencoder)}.get(
        description["class"]
    )
    if cls is None:
        raise DataError(f"an unknown class of model, {description['class']!r}")
    model = cls(description["layers"], loss=None, weighted=description["weighted"], seed=description["seed"])
    for spec in description["losses"]:
        model.add_loss(dict(spec))
    model.history.extend(description["history"])
    return model


def _fill(model, tensors, path):
    parameters = model.graph.parameters
    if set(tensors) != set(parameters):
        odd = ", ".join(sorted(set(tensors) ^ set(parameters)))
        raise DataError(f"load: {path}: parameters do not fit the layers: {odd}")
    for name, shared in parameters.items():
        if tensors[name].shape != shared.get_value(borrow=True).shape:
            raise DataError(f"load: {path}: {name} has shape {tensors[name].shape}, the layer {shared.type.shape}")
        shared.set_value(tensors[name].astype(shared.dtype))
