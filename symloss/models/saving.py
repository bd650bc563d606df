"""Models as files and as bytes: parameters as safetensors, all else as JSON in the metadata. Nothing is pickled."""

import copy
import json
import re
import zlib

import numpy as np
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as bytes_of

from .. import _files
from .._files import check_path, write
from ..compiling import Cache
from ..data import Labels
from ..errors import DataError, SpecError, SymlossError
from ..losses import Loss
from ..objective.network_loss import NetworkLoss
from ..stability import switched_off
from . import foreign_files
from .registry import name_of, registry

__all__ = ["check", "check_path", "copied", "from_bytes", "load", "save", "to_bytes", "write"]

# forms whose sizes take no memory of their own: images may be larger than any tensor of the file
WITHOUT_PARAMETERS = ("input", "reshape", "flatten", "pool1", "pool2", "product", "concatenate")
FORMAT = 1  # raised when an older symloss could not read the file


def save(model, path, training=False) -> None:
    """Save `model` to `path`. The content is written to a temporary file first, which then replaces the old one.

    Parameters
    ----------
    model : Network
    path : path
    training : bool or Training
        Whether to save the state of the training, too, for ``train(..., resume=True)``; or the running training.

    Raises
    ------
    SpecError
        If the model contains a function that a file cannot hold, or if you ask for a training state and there is none.
    DataError
        If the file cannot be written, for example because the disk is full or the folder is read-only.
    """
    write(path, to_bytes(model, training))


def check(model, path) -> None:
    """Raise what `save` would raise for a model and a path, before you do work that would be lost.

    Parameters
    ----------
    model : Network
    path : path

    Raises
    ------
    SpecError, DataError
        See `save`.
    """
    check_path(path)
    _text(_describe(model))


def to_bytes(model, training=False) -> bytes:
    """Return a model as the content of a file; see `save`."""
    description = _describe(model, training)
    tensors = {f"model/{name}": p.get_value() for name, p in _parameters(model).items()}
    tensors |= {f"notes/{name}": value for name, value in model.notes.items() if isinstance(value, np.ndarray)}
    if training:
        state = model._stopped if training is True else training.state()
        if state is None:
            raise SpecError("save: training=True, but the model has not been trained. Train it first, or leave "
                            "training=True out")
        description["training"], arrays = state
        tensors |= {f"training/{name}": value for name, value in arrays.items()}
    text = _text(description)
    tensors = {name: np.array(value, order="C") for name, value in tensors.items()}
    return bytes_of(tensors, metadata={"symloss": text, "checksum": _checksum(text, tensors)})


def _describe(model, training=False) -> dict:
    """Return all of a model but its arrays, in the words that JSON has; SpecError for what no file can hold."""
    for layer in model.graph.every_layer():
        if layer.activate.custom:
            raise SpecError(
                f"save: the activation of layer {layer.name!r} is a function. Register it with "
                "@symloss.activations.activation() and use its name"
            )
    return {
        "format": FORMAT,
        "class": name_of(type(model)),
        "described": model._described if _is_plain(model._described) else None,
        "outputs": model.graph.chosen,
        "made with": _arguments(model),
        "layers": model.graph.to_spec(),
        "losses": [_loss_spec(loss) for loss in model.losses],
        "reasons": [loss.reason for loss in model.losses],
        "shared": _shared(model),
        "weights": [loss.weighing.variable.get_value().item() for loss in model.losses],
        "weighted": model.weighted,
        "seed": model.seed,
        "stable": model.stable if isinstance(model.stable, bool) else list(switched_off(model.stable)),
        "history": list(model.history),
        "callbacks": model._callbacks if training in (True, False) else training.callbacks.state(),
        "classes": getattr(model, "encoder", None) and model.encoder.classes,
        "encoders": {name: labels.classes for name, labels in model.encoders.items()},
        "flat_target": getattr(model, "flat_target", False),
        "notes": {name: value for name, value in model.notes.items() if not isinstance(value, np.ndarray)},
    }


def _arguments(model):
    """Return what the ``__init__`` of a user's class was given, in brackets that tell tuples from lists; else None."""
    return _marked(model._made_with) if _makes_itself(type(model)) else None


def _makes_itself(cls) -> bool:
    """Return whether a class has an ``__init__`` of its user's, with arguments of its own."""
    return not cls.__init__.__module__.startswith("symloss.")


def _marked(value):
    if isinstance(value, dict):
        return {"dict": {key: _marked(one) for key, one in value.items()}}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_marked(one) for one in value]}
    return value


def _unmarked(value):
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "dict":
        return {key: _unmarked(one) for key, one in content.items()}
    return {"list": list, "tuple": tuple}[kind](map(_unmarked, content))


def _text(description) -> str:
    try:
        return json.dumps(description, default=_plain)
    except TypeError as error:
        raise SpecError(f"save: {error}. Use numbers, strings and lists as options, arguments and classes") from None


def _checksum(text: str, tensors: dict) -> str:
    total = zlib.crc32(text.encode())
    for name in sorted(tensors):
        value = tensors[name]
        total = zlib.crc32(f"{name} {value.dtype} {value.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(value).tobytes(), total)
    return f"{total:08x}"


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot be written")


def _loss_spec(loss) -> dict:
    formula = loss.spec is not None and loss.spec.definition is not None
    if not isinstance(loss.form, str) and not formula:
        raise SpecError(
            f"save: the loss {loss.name!r} is a function. Register it with @symloss.loss() and use its name"
        )
    if type(loss) is Loss and loss.parameters:
        raise SpecError(f"save: the loss {loss.name!r} has parameters that only your program knows. Write a subclass "
                        "of symloss.Loss that makes them in its __init__ and keeps them in self.parameters")
    spec = loss.to_spec()
    if callable(spec["weight"]):
        raise SpecError(f"save: the weight of loss {loss.name!r} is a function, which a file cannot store. Give it a "
                        "number or a schedule, such as loss.weight = symloss.schedules.linear(0, 1, 10)")
    return spec


def load(path):
    """Load a model from a file that `save` wrote. Its predictions are the same to the bit, and you can train it on.

    Raises
    ------
    DataError
        If the file is missing, truncated or damaged, is not a symloss model, or was written by a newer version.
    """
    return from_bytes(_files.read(path), where=f"load: {path}")


def from_bytes(content: bytes, mode=None, where: str = "load"):
    """Return the model in the content of a file.

    Parameters
    ----------
    content : bytes
        From `to_bytes`.
    mode : str, Mode or None
        The backend of the model. It is not saved in the file.
    where : str
        What error messages begin with.

    Raises
    ------
    DataError
        As `load` does.
    """
    description, tensors = _opened(content, where)
    try:
        return _build(description, tensors, mode)
    except Exception as error:
        reason = str(error) if isinstance(error, SymlossError) else f"{type(error).__name__}: {error}"
        raise DataError(f"{where}: {reason}") from error


def _opened(content, where):
    """Return the description and the tensors in a file, or raise DataError if it is not whole, or not of symloss."""
    try:
        tensors = tensors_of(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
    except Exception as error:
        raise DataError(f"{where} is {foreign_files.told(content, error)}") from None
    text = metadata.get("symloss")
    if text is None:
        raise DataError(f"{where} contains tensors, but not a model of symloss; {foreign_files.TAKE_OVER}")
    try:
        description = json.loads(text)
        newer = description["format"] > FORMAT
    except Exception as error:
        raise DataError(f"{where} does not describe a model ({type(error).__name__}: {error})") from None
    if newer:
        raise DataError(
            f"{where} has format {description['format']}, but this version reads formats up to {FORMAT}. Update "
            "symloss"
        )
    if metadata.get("checksum") != _checksum(text, tensors):
        raise DataError(f"{where} was changed after it was written (its checksum is wrong). Use another copy")
    return description, tensors


def _build(description, tensors, mode=None):
    if description["class"] not in registry:
        raise DataError(f"the class {description['class']!r} is not known; the known classes are "
                        f"{', '.join(registry)}. Define or import it before you load the file")
    cls = registry.get(description["class"])
    _check_sizes(description["layers"], tensors)
    _check_sizes(description["losses"], tensors)
    if _makes_itself(cls):
        model = _remade(cls, description)
    else:
        extra = {"classes": description["classes"]} if description.get("classes") is not None else {}
        outputs = description.get("outputs")
        extra |= {} if outputs is None else {"outputs": outputs} if not cls.one_output else {}
        model = cls(description["layers"], loss=None, weighted=description["weighted"], seed=description["seed"],
                    **extra)
    model.mode = model.mode if mode is None else mode
    model.encoders |= {name: Labels(classes) for name, classes in description.get("encoders", {}).items()}
    if description["described"] is not None:
        model._described = _tuples(description["described"])
    for spec in description["losses"]:
        model.add_loss(dict(spec))
    for loss, reason in zip(model.losses, description.get("reasons", ()), strict=False):
        loss.reason = reason
    _share(model, description.get("shared", {}))
    for loss, number in zip(model.losses, description.get("weights", ()), strict=False):  # older files have none
        loss.weighing.put(number)
    model.stable = description.get("stable", True)
    if description.get("flat_target"):
        model.flat_target = True
    model.history.extend(description["history"])
    model._callbacks = model._loaded_callbacks = description["callbacks"]
    _fill(model, {n.removeprefix("model/"): t for n, t in tensors.items() if n.startswith("model/")})
    model.notes = description.get("notes", {}) | {
        name.removeprefix("notes/"): t for name, t in tensors.items() if name.startswith("notes/")}
    if "training" in description:
        arrays = {n.removeprefix("training/"): t for n, t in tensors.items() if n.startswith("training/")}
        model._stopped = description["training"], arrays
    return model


def _remade(cls, description):
    """Return a new model of a class that has an ``__init__`` of its user's, without its losses."""
    given = description.get("made with")
    if given is None:
        raise DataError(f"the file is of a class {cls.__name__} without an __init__ of its own, but your class has "
                        "one. Remove it, or give the class another name")
    arguments, options = _unmarked(given)
    model = cls(*arguments, **options)
    if json.loads(_text(model.graph.to_spec())) != description["layers"]:
        raise DataError(f"{cls.__name__}.__init__ makes other layers than those in the file")
    model.weighted, model.seed = description["weighted"], description["seed"]
    model.losses.clear()
    return model


def copied(model, memo: dict):
    """Return a model that is equal to `model` and shares nothing with it that moves; functions, which do not, stay.

    Parameters
    ----------
    model : Network
    memo : dict
        What `copy.deepcopy` has copied so far.
    """
    twin = memo[id(model)] = object.__new__(type(model))
    anew = {"_compiled": Cache(model._compiled.size), "_shown": [], "mode": model.mode, "results": None}
    vars(twin).update({name: anew[name] if name in anew else copy.deepcopy(value, memo)
                       for name, value in vars(model).items()})
    return twin


def _tuples(described):
    """Return a description of layers as it was before JSON made lists of its tuples."""
    if isinstance(described, dict):
        return dict(zip(described, _tuples(list(described.values())), strict=True))
    return [tuple(layer) if isinstance(layer, list) else layer for layer in described]


def _check_sizes(layers, tensors):
    """Refuse layers larger than any tensor of the file before memory is taken for them."""
    largest = max((n for t in tensors.values() for n in t.shape), default=0)
    for layer in layers:
        if isinstance(layer.get("network"), dict):
            _check_sizes(layer["network"]["layers"], tensors)
        parametric = layer.get("form") not in WITHOUT_PARAMETERS
        sizes = [layer.get("size") or 0, *(layer.get("shape") or ())] if parametric else [0]
        if layer.get("worker"):  # a bidirectional layer, whose units stand in two halves
            sizes = [n // 2 for n in sizes]
        windows = layer.get("filter_size") or 0
        sizes += windows if isinstance(windows, list) else [windows]
        sizes += [int(n) for n in re.findall(r"maxout:(\d+)", str(layer.get("activation")))]
        if max(sizes) > largest:
            raise DataError(f"layer {layer.get('name')!r} has size {max(sizes)}, but no tensor of the file has this "
                            "size")


def _is_plain(value) -> bool:
    """Return whether a description of layers holds nothing but words and numbers."""
    if isinstance(value, dict):
        return all(map(_is_plain, (*value, *value.values())))
    return all(map(_is_plain, value)) if isinstance(value, list | tuple) else \
        value is None or isinstance(value, str | int | float | np.generic | np.ndarray)


def _parameters(model) -> dict:
    """Return the parameters by name; what moves the weights of losses stands elsewhere in a file."""
    moving = {loss.weighing.variable for loss in model.losses}
    return {name: p for name, p in model.parameters_by_name.items() if p not in moving}


def _shared(model) -> dict:
    """Return which parameters of networks that are losses belong to layers, or to losses before: names by names."""
    names, owners, found = {id(p): name for name, p in _parameters(model).items()}, set(), {}
    owners |= {id(p) for p in model.graph.parameters.values()}
    for index, loss in enumerate(model.losses):
        own = loss.graph.parameters if isinstance(loss, NetworkLoss) else {}
        shared = {inner: names[id(p)] for inner, p in own.items() if id(p) in owners}
        if shared:
            found[str(index)] = shared
        owners |= {id(p) for p in loss.parameters.values()}
    return found


def _share(model, shared: dict) -> None:
    """Let networks that are losses have the parameters that they shared when the model was saved."""
    for index, names in shared.items():
        parameters = _parameters(model)
        for inner, name in names.items():
            model.losses[int(index)].graph.share(inner, parameters[name])


def _fill(model, tensors):
    parameters = _parameters(model)
    if set(tensors) != set(parameters):
        odd = ", ".join(sorted(set(tensors) ^ set(parameters)))
        raise DataError(f"parameters do not fit the layers: {odd}")
    for name, shared in parameters.items():
        if tensors[name].shape != shared.get_value(borrow=True).shape:
            raise DataError(f"{name} has shape {tensors[name].shape}, but the layer has {shared.type.shape}")
        shared.set_value(tensors[name].astype(shared.dtype))
