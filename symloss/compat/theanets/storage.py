"""Networks in files: parameters as safetensors, everything else as JSON. theanets' own files were pickles."""

import gzip
import json
import zlib

import numpy as np
import pytensor.tensor as pt
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as bytes_of

from ... import _files
from ..._files import write
from ...errors import DataError, SymlossError
from ...models import foreign_files
from . import binding, layers, losses
from .util import ConfigurationError, log, options

MODELS: dict[str, type] = {}  # classes of models by submodule and name, 'feedforward.Regressor'; see `register`


def register(cls: type) -> None:
    """Register a class of models by its submodule and name, when it is defined."""
    MODELS[f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"] = cls


def to_bytes(network) -> bytes:
    """Return a network as the bytes of a safetensors file."""
    description = {
        "class": next((name for name, cls in MODELS.items() if cls is type(network)), None),
        "layers": [_plain(layer.arguments(), f"layer {layer.name!r}") for layer in network.layers],
        "losses": [_loss(network, loss) for loss in binding.bind(network)],
        "weighted": network._weighted,
        "rng": _plain(network._rng, "rng"),
    }
    tensors = {f"{index}": np.array(p.get_value(), order="C") for index, p in enumerate(network.params)}
    for index, p in enumerate(_fixed(network)):
        tensors[f"fixed {index}"] = np.array(p.get_value(), order="C")
    return bytes_of(tensors, metadata={"theanets": json.dumps(description)})


def _fixed(network) -> list:
    """Return the shared variables that were drawn and do not learn."""
    return [variable for layer in network.layers for variable in layer.fixed]


def _plain(value, who):
    """Return a value as JSON takes it, with a note on what `_restored` makes of it; `who` has the value."""
    if isinstance(value, dict) and all(isinstance(key, str) and key != "is" for key in value):
        return {key: _plain(one, f"{who}, {key}") for key, one in value.items()}
    if isinstance(value, dict):
        return {"is": "dict", "of": [[_plain(key, who), _plain(one, who)] for key, one in value.items()]}
    if isinstance(value, list):
        return [_plain(one, who) for one in value]
    if isinstance(value, tuple):
        return {"is": "tuple", "of": [_plain(one, who) for one in value]}
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufU":
        return {"is": "array" if isinstance(value, np.ndarray) else "scalar", "of": value.tolist(),
                "dtype": value.dtype.str}
    if isinstance(value, np.random.RandomState):
        kind, keys, *rest = value.get_state()
        return {"is": "random state", "of": [kind, keys.tolist(), *rest]}
    if value is None or isinstance(value, str | int | float):
        return value
    raise ConfigurationError(f"save: {who} is {value!r}, which cannot be written to a file. Use numbers, strings, "
                             f"lists and arrays, or a subclass that sets it in its code")


def _restored(value):
    """Return the value that `_plain` made plain."""
    if isinstance(value, list):
        return [_restored(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "is" not in value:
        return {key: _restored(one) for key, one in value.items()}
    kind, of = value["is"], value["of"]
    if kind == "tuple":
        return tuple(map(_restored, of))
    if kind == "dict":
        return {_restored(key): _restored(one) for key, one in of}
    if kind == "random state":
        made = np.random.RandomState()
        made.set_state(tuple(of))
        return made
    array = np.array(of, value["dtype"])
    return array if kind == "array" else array[()]


def _loss(network, loss) -> dict:
    """Return the arguments of a loss: its own, and those that a network gives it."""
    name, chosen = type(loss).__name__, loss._of_model
    common = {"weight": loss.weight, "weighted": loss._weights is not None, "output_name": loss.output_name,
              "target": _target(network, loss)}
    own = {key: value for key, value in options(loss).items() if key not in common}
    spec = {"form": name, "of_model": sorted(chosen)} | common
    return _plain(own | spec, f"loss {name}")


def _target(network, loss):
    """Return the number of axes of a target; of one that a user passed, the name, and the place among the variables."""
    if loss._made[0] is not None:
        return loss._target.ndim
    names = {layer.input: layer.name for layer in network.inputs_layers()}
    target = loss._target
    place = names.get(target, network.variables.index(target))
    return {"variable": place, "name": target.name, "dtype": target.dtype, "axes": target.ndim}


def _target_from(described, variables: dict):
    """Return what a loss of a file takes as its target; `variables` are those that there are, by name or place."""
    if not isinstance(described, dict):
        return variables.get(described, described)  # older files name the input
    place = described["variable"]
    if place not in variables:
        kind = pt.TensorType(described["dtype"], shape=(None,) * described["axes"])
        variables[place] = kind(described["name"])
    return variables[place]


def from_bytes(content: bytes, cls, where: str = "load"):
    """Return the network in the bytes of a file; or raise DataError if it is another file or damaged."""
    try:
        tensors, length = tensors_of(content), int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
    except Exception as error:
        raise DataError(f"{where} is {foreign_files.told(content, error)}") from None
    if "theanets" not in metadata:
        raise DataError(f"{where} contains tensors, but no network of symloss.compat.theanets. Try symloss.load, or "
                        f"{foreign_files.TAKE_OVER}")
    try:
        return _build(json.loads(metadata["theanets"]), tensors, cls)
    except Exception as error:
        reason = str(error) if isinstance(error, SymlossError) else f"{type(error).__name__}: {error}"
        raise DataError(f"{where} is damaged, or needs a class that is not defined in this program: "
                        f"{reason}") from error


def _build(description, tensors, cls):
    cls = MODELS.get(description["class"], cls)
    network = cls.__new__(cls)
    network._forget()
    network._rng, network._weighted = _restored(description["rng"]), description["weighted"]
    network._rng = 13 if network._rng is None else network._rng
    network.layers, network.losses = [], []
    for keywords in map(_restored, description["layers"]):
        network.layers.append(layers.Layer.build(keywords.pop("form"), **keywords))
    for layer in network.layers:
        layer.bind(network)
    variables = {layer.name: layer.input for layer in network.inputs_layers()}
    for keywords in map(_restored, description["losses"]):
        of_model = keywords.pop("of_model", ())
        keywords["target"] = _target_from(keywords["target"], variables)
        network.losses.append(losses.Loss.build(keywords.pop("form"), **keywords))
        network.losses[-1]._of_model = frozenset(of_model)
    for index, parameter in enumerate(network.params):
        parameter.set_value(tensors[f"{index}"].astype(parameter.dtype))
    for index, variable in enumerate(_fixed(network)):
        variable.set_value(tensors.get(f"fixed {index}", variable.get_value()))
    return network


def save(network, filename) -> None:
    """Write a network to a path, compressed if it ends in .gz, or to a file that is open."""
    content = to_bytes(network)
    if hasattr(filename, "write"):
        filename.write(content)
        return
    write(filename, gzip.compress(content) if str(filename).lower().endswith(".gz") else content)
    log("saved model to {}", filename)


def load(filename, cls):
    """Return the network in a file, by path or open."""
    if hasattr(filename, "read"):
        return from_bytes(filename.read(), cls)
    content = _files.read(filename)
    if str(filename).lower().endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"load: {filename} is not a compressed file, or is damaged ({error})") from None
    return from_bytes(content, cls, where=f"load: {filename}")
