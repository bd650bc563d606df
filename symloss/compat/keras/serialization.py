"""Objects as plain data and back: names, configurations, and what users register."""

import contextlib
import inspect

from ...errors import SpecError
from .errors import no_such

_custom: dict = {}  # registered name, or name within a scope -> class or function


def register_keras_serializable(package: str = "Custom", name: str | None = None):
    """Register the decorated class or function as ``package>name``, so that configurations find it."""

    def register(target):
        if inspect.isclass(target) and not hasattr(target, "get_config"):
            raise SpecError(f"register_keras_serializable: {target.__name__} has no get_config; write the method")
        own = f"{package}>{name or target.__name__}"
        _custom[own] = target
        target.registered_keras_name = own
        return target

    return register


def get_custom_objects() -> dict:
    """Return the dict of registered objects by name, which may be changed."""
    return _custom


@contextlib.contextmanager
def custom_object_scope(custom_objects: dict):
    """Within a ``with`` block, find these objects by name, too."""
    before = dict(_custom)
    _custom.update(custom_objects)
    try:
        yield
    finally:
        _custom.clear()
        _custom.update(before)


CustomObjectScope = custom_object_scope


def get_registered_name(obj) -> str:
    """Return the name under which an object is registered, or its own."""
    return getattr(obj, "registered_keras_name", None) or obj.__name__


def get_registered_object(name: str, custom_objects: dict | None = None, module_objects: dict | None = None):
    """Return the object of this name, or None."""
    return _found(name, module_objects or {}, custom_objects)


def _found(name, module_objects, custom_objects=None):
    known = {**module_objects, **_custom, **(custom_objects or {})}
    if name in known:
        return known[name]
    return next((value for key, value in known.items() if key.endswith(f">{name}")), None)


def as_config(thing, module: str = "keras"):
    """Return an object as a dict with its class and configuration, a function as its name.

    >>> as_config(None) is None
    True
    """
    if thing is None or isinstance(thing, bool | int | float | str | dict):
        return thing
    if hasattr(thing, "get_config"):
        own = getattr(type(thing), "registered_keras_name", None)
        return {"module": module, "class_name": type(thing).__name__, "config": thing.get_config(),
                "registered_name": own}
    if callable(thing):
        return get_registered_name(thing)
    raise SpecError(f"serialize: {thing!r} is not a function and has no get_config; write the method get_config")


def from_config(config, kind: str, module_objects: dict, custom_objects: dict | None = None, make: bool = True):
    """Return the object that a name or a dict describes.

    Parameters
    ----------
    config : str or dict
    kind : str
        What it is, for errors: 'loss'.
    module_objects : dict
        Classes and functions by name.
    custom_objects : dict or None
        Further ones.
    make : bool
        Whether the name of a class stands for an instance of it.

    Raises
    ------
    BadNameError
        With the nearest names.
    SpecError
        For what is neither a name nor a dict with 'class_name' and 'config'.
    """
    if isinstance(config, str):
        found = _found(config, module_objects, custom_objects)
        if found is None:
            raise no_such(kind, config, [*module_objects, *_custom, *(custom_objects or {})])
        return found() if inspect.isclass(found) and make else found
    if not isinstance(config, dict) or "class_name" not in config:
        raise SpecError(f"{kind} {config!r} is not valid; pass a name, or a dict with 'class_name' and 'config'")
    name = config.get("registered_name") or config["class_name"]
    inner = config.get("config", {})
    if config["class_name"] == "function":
        return from_config(inner if isinstance(inner, str) else inner["name"], kind, module_objects, custom_objects)
    found = _found(name, module_objects, custom_objects) or _found(config["class_name"], module_objects, custom_objects)
    if found is None:
        raise no_such(kind, name, [*module_objects, *_custom, *(custom_objects or {})])
    return found.from_config(dict(inner))


def found(identifier, kind: str, base: str, deserialize):
    """Return the loss or metric that an identifier means: an object, a class, a function, a name or plain data.

    Parameters
    ----------
    identifier
        None stays None.
    kind, base : str
        What it is called in messages, and the name of its base class.
    deserialize : function of a name or of plain data
    """
    if identifier is None:
        return None
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if inspect.isclass(identifier):
        return identifier()
    if not callable(identifier):
        raise SpecError(f"{kind} {identifier!r} is not valid; pass a name, a function of (y_true, y_pred), a {base} or "
                        f"its configuration")
    return identifier


def serialize_keras_object(obj):
    """Return an object as plain data: a class as a dict, a function as its name."""
    return as_config(obj)
