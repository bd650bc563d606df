"""Layers as plain data, and back."""

import numpy as np

from ....errors import SpecError, unknown

known: dict = {}  # class of layers by name; the definition of a subclass registers it


def register(cls) -> None:
    """Let files and configurations find a class of layers by its name."""
    known[cls.__name__] = cls


def serialize(layer) -> dict:
    """Return what `deserialize` makes such a layer of."""
    return {"class_name": type(layer).__name__, "config": plain(layer.get_config())}


def deserialize(described: dict, custom_objects: dict | None = None):
    """Return a new layer, or a model, of what `serialize` returned.

    Raises
    ------
    UnknownNameError
        For a class that has not been defined or imported.
    """
    if not isinstance(described, dict) or "class_name" not in described:
        raise SpecError(f"the description of a layer must be {{'class_name': ..., 'config': ...}}, got {described!r}")
    classes = known | {name: one for name, one in (custom_objects or {}).items() if isinstance(one, type)}
    name = described["class_name"]
    if name not in classes:
        raise unknown("class of layers (define or import it before you read the model, or pass "
                      "custom_objects):", name, classes)
    config = dict(described.get("config") or {})
    if custom_objects and "layers" in config:
        config["custom_objects"] = custom_objects
    return classes[name].from_config(config)


def plain(value):
    """Return a configuration without what JSON does not have: arrays as lists, objects by class and config."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(one) for one in value)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
