"""Networks in files: parameters as safetensors, everything else as JSON. theanets' own files were pickles."""

import gzip
import json
import pathlib

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as bytes_of

from ...errors import DataError
from ...models.saving import write
from . import layers, losses
from .util import ConfigurationError, log

MODELS: dict[str, type] = {}  # classes of models by submodule and name, 'feedforward.Regressor'; see `register`


def register(cls: type) -> None:
    """Enter a class of models by its submodule and name: definition is registration."""
    MODELS[f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"] = cls


def to_bytes(network) -> bytes:
    """Return a network as the bytes of a safetensors file."""
    description = {
        "class": next((name for name, cls in MODELS.items() if cls is type(network)), None),
        "layers": [layer.arguments() for layer in network.layers],
        "losses": [_loss(network, loss) for loss in network.losses],
        "weighted": network._weighted,
        "rng": network._rng if isinstance(network._rng, int) else None,
    }
    try:
        text = json.dumps(description, default=_plain)
    except TypeError as error:
        raise ConfigurationError(f"save: {error}; use numbers, strings and lists to describe layers") from None
    tensors = {f"{index}": np.array(p.get_value(), order="C") for index, p in enumerate(network.params)}
    return bytes_of(tensors, metadata={"theanets": text})


def _plain(value):
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, np.random.RandomState):
        return None  # its numbers were drawn; the parameters are in the file
    raise TypeError(f"{value!r} cannot be written")


def _loss(network, loss) -> dict:
    """Return the arguments of a loss; its target is a number of axes, or the name of the input that it is."""
    names = {layer.input: layer.name for layer in network.inputs_layers()}
    spec = {"form": type(loss).__name__, "weight": loss.weight, "weighted": loss._weights is not None,
            "output_name": loss.output_name, "target": names.get(loss._target, loss._target.ndim)}
    options = ("mean_name", "covar_name", "covar_eps")
    return spec | {name: getattr(loss, name) for name in options if hasattr(loss, name)}


def from_bytes(content: bytes, cls):
    """Return the network in the bytes of a file."""
    try:
        tensors, length = tensors_of(content), int.from_bytes(content[:8], "little")
        description = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["theanets"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise DataError(f"load: this is no network of theanets ({type(error).__name__}: {error}); a pickle of the old "
                        f"library cannot be read, save parameters as arrays there") from None
    cls = MODELS.get(description["class"], cls)
    network = cls.__new__(cls)
    network._graphs, network._functions = {}, {}
    network._rng, network._weighted = description["rng"], description["weighted"]
    network._rng = 13 if network._rng is None else network._rng
    network.layers, network.losses = [], []
    for keywords in description["layers"]:
        keywords = {k: tuple(v) if isinstance(v, list) else v for k, v in keywords.items() if v is not None}
        network.layers.append(layers.Layer.build(keywords.pop("form"), **keywords))
    for layer in network.layers:
        layer.bind(network)
    inputs = {layer.name: layer.input for layer in network.inputs_layers()}
    for keywords in description["losses"]:
        target = keywords.pop("target")
        network.add_loss(losses.Loss.build(keywords.pop("form"), target=inputs.get(target, target), **keywords))
    for index, parameter in enumerate(network.params):
        parameter.set_value(tensors[f"{index}"].astype(parameter.dtype))
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
    path = pathlib.Path(filename)
    if not path.is_file():
        raise DataError(f"load: there is no file {path}")
    content = path.read_bytes()
    return from_bytes(gzip.decompress(content) if path.suffix.lower() == ".gz" else content, cls)
