"""Model classes by name: defining a subclass of `Network` registers it, as it does for losses and layers.

Files name the class of a model, and pre-training names the autoencoder that goes with one; both find it here, so that
neither has to import the models.
"""

from .._registry import Registry
from ..errors import SpecError

registry: Registry[type] = Registry("class of models")


def register(cls: type, name: str | None) -> None:
    """Enter a class of models under `name` (None: its own).

    A class may be defined again under its name, as when a notebook cell runs twice. A class that has the name of one of
    the models of another module is not entered: it trains and predicts, and `name_of` says why it cannot be saved.
    """
    name = cls.__name__ if name is None else name
    if name in registry and registry.get(name).__module__ != cls.__module__:
        return
    registry.add(name, cls, replace=True)


def name_of(cls: type) -> str:
    """Return the name under which a class of models is registered.

    Raises
    ------
    SpecError
        If its name belongs to another class, or if the class was defined again since.
    """
    found = next((name for name in registry if registry.get(name) is cls), None)
    if found is None:
        raise SpecError(f"save: the class {cls.__module__}.{cls.__qualname__} is not registered, because another class "
                        f"of models has its name; give the class a name of its own")
    return found
