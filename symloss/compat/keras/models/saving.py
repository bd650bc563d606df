"""Files: those of symloss, with what Keras needs to know beside it."""

import os
import pathlib
import warnings

import numpy as np

from .... import _files
from ....errors import DataError, SpecError, SymlossWarning, UnknownNameError
from ....models import saving as core
from .. import optimizers
from ..layers import serialization
from ..precision import in_floatx

STATE = "optimizer "
ENDINGS = (".h5", ".hdf5", ".tf")
_told: set = set()


def _checked(path, who: str, overwrite=True) -> pathlib.Path:
    """Return a path, and say once that its ending is that of another format."""
    path = pathlib.Path(os.fspath(path))
    if path.suffix in ENDINGS and path.suffix not in _told:
        _told.add(path.suffix)
        warnings.warn(f"{who}: {path.name} is written as a file of symloss (safetensors), whatever its suffix is. "
                      f"Keras cannot read it", SymlossWarning, stacklevel=5)
    if path.exists() and not overwrite:
        raise DataError(f"{who}: {path} already exists; pass overwrite=True or another path")
    return path


@in_floatx
def save(model, path, overwrite, include_optimizer, save_format, zipped) -> None:
    """Write a model, what it was compiled with, and the state of its optimizer."""
    for name, value in (("save_format", save_format), ("zipped", zipped)):
        if value is not None:
            raise SpecError(f"save: {name}={value!r} is not supported, since the file is always a safetensors file; "
                            f"leave it out")
    path = _checked(path, "save", overwrite)
    model._need_graph("save")
    network = model.network
    notes = {"keras": serialization.serialize(model)}
    if model._asked is not None:
        notes["compile"] = model._asked.config()
    if include_optimizer:
        notes |= {f"{STATE}{name}": value for name, value in _state(model).items()}
    losses, before = network.losses, network.notes
    try:
        network.losses, network.notes = [], before | notes
        content = core.to_bytes(network)
    finally:
        network.losses, network.notes = losses, before
    _files.write(path, content)


def _state(model) -> dict:
    """Return what the optimizer remembers, by name; nothing before its first step."""
    built = model._built_model
    return {} if built is None or built._step is None else {v.name: v.get_value() for v in built._step._states}


@in_floatx
def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    """Return the model in a file that `Model.save` wrote, compiled as it was, with the state of its optimizer.

    Parameters
    ----------
    filepath : path
    custom_objects : dict or None
        Classes and functions by name, of losses, metrics and layers of your own.
    compile : bool
    safe_mode : bool
        Is accepted: files hold no code.

    Raises
    ------
    DataError
        If the file is missing, damaged, or of another program.
    """
    from ..serialization import custom_object_scope

    with custom_object_scope(custom_objects or {}):
        network = core.from_bytes(_files.read(pathlib.Path(os.fspath(filepath))), where=f"load_model: {filepath}")
        if "keras" not in network.notes:
            raise DataError(f"load_model: {filepath} contains a model of symloss that was not made with the Keras "
                            f"classes; use symloss.load")
        model = serialization.deserialize(network.notes["keras"], custom_objects)
        _take(model, network)
        asked = network.notes.get("compile")
        if compile and asked is not None:
            _compile(model, asked, custom_objects)
            _put_state(model, network.notes)
    return model


def _compile(model, asked: dict, custom_objects) -> None:
    """Compile a model as it was; DataError for names of functions and classes that are not known."""
    try:
        model.compile(optimizer=optimizers.deserialize(asked["optimizer"], custom_objects),
                      **{key: value for key, value in asked.items() if key != "optimizer"})
    except UnknownNameError as error:
        raise DataError(f"load_model: {error}. Pass your own functions and classes as custom_objects={{name: "
                        f"function}}, or pass compile=False") from error


def _take(model, network):
    """Give a model the weights of the network in a file."""
    own, found = model.network.graph.parameters, network.graph.parameters
    if set(own) != set(found):
        odd = ", ".join(sorted(set(own) ^ set(found)))
        raise DataError(f"load_model: the weights do not fit the layers: {odd}")
    for name, parameter in own.items():
        parameter.set_value(found[name].get_value())


def _put_state(model, notes: dict):
    arrays = {name.removeprefix(STATE): value for name, value in notes.items() if name.startswith(STATE)}
    if not arrays or model.loss is None:
        return
    step = model._built_model.step
    model.optimizer.compiled = step
    for variable in step._states:
        if variable.name in arrays:
            variable.set_value(np.asarray(arrays[variable.name], variable.dtype))


def save_model(model, filepath, overwrite=True, **keywords) -> None:
    """Write a model to a file; see `Model.save`."""
    model.save(filepath, overwrite=overwrite, **keywords)


def save_weights(model, path, overwrite) -> None:
    """Write the weights of a model, by their places."""
    from safetensors.numpy import save as bytes_of

    path = _checked(path, "save_weights", overwrite)
    _files.write(path, bytes_of({f"{number:04d} {w.path}": np.array(w.numpy(), order="C")
                                 for number, w in enumerate(model.weights)}))


def load_weights(model, path, skip_mismatch, by_name) -> None:
    """Give a model the weights of a file, in their order."""
    from safetensors.numpy import load as tensors_of

    for name, value in (("skip_mismatch", skip_mismatch), ("by_name", by_name)):
        if value:
            raise SpecError(f"load_weights: {name}={value!r} is not supported. Make a model with the same layers, and "
                            f"copy the weights that fit: layer.set_weights(other.get_weights())")
    path = pathlib.Path(os.fspath(path))
    content = _files.read(path)
    try:
        tensors = tensors_of(content)
    except Exception as error:
        raise DataError(f"load_weights: {path} was not written by save_weights ({error}). For a whole model, use "
                        f"keras.models.load_model") from None
    if any(name.startswith("model/") for name in tensors):
        values = load_model(path, compile=False).get_weights()
    else:
        values = [tensors[name] for name in sorted(tensors)]
    model.set_weights(values)
