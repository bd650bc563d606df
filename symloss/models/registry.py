"""Model classes by name. Defining a subclass of `Network` registers it, as with losses and layers.

Files name the class of a model, and pre-training names the autoencoder that goes with one; both find it here, so that
neither has to import the models.
"""

from .._registry import Registry
from ..errors import SpecError

registry: Registry[type] = Registry("class of models")


def register(cls: type, name: str | None) -> None:
    """Register a class of models under `name` (None: its own name).

    You may define a class again under its name, for example when a notebook cell runs twice. A class whose name already
    belongs to a model of another module is not registered: you can train it, but not save it, and `name_of` says why.
    """
    name = cls.__name__ if name is None else name
    if name in registry and not _same_place(registry.get(name), cls):
        return
    registry.add(name, cls, replace=True)


def _same_place(one: type, other: type) -> bool:
    """Return whether two classes are definitions of the same class, for example in a notebook cell that ran twice."""
    return one.__module__ == other.__module__


def name_of(cls: type) -> str:
    """Return the name under which a class of models, or the definition that has taken its place, is registered.

    Raises
    ------
    SpecError
        If its name belongs to a class of another module.
    """
    for name in registry:
        found = registry.get(name)
        if found is cls or (_same_place(found, cls) and found.__qualname__ == cls.__qualname__):
            return name
    taken = registry.get(cls.__name__) if cls.__name__ in registry else None
    owner = "" if taken is None else f", {taken.__module__}.{taken.__qualname__}"
    raise SpecError(f"save: the class {cls.__module__}.{cls.__qualname__} is not registered, because another class of "
                    f"models has its name{owner}. Rename it, or give it a name for files: class "
                    f"{cls.__name__}({cls.__bases__[0].__name__}, registered='my-{cls.__name__.lower()}')")
