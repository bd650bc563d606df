"""What this package raises: errors in symloss' words that are of the kinds that users of Keras catch, too."""

import inspect

from ...errors import UnknownNameError, unknown


class BadNameError(UnknownNameError, ValueError):
    """A name that stands for nothing: of a loss, a metric, an initializer."""


class BadArgumentError(UnknownNameError, TypeError):
    """An argument that nothing takes."""


class NoSuchAttributeError(UnknownNameError, AttributeError):
    """A name that a module does not have."""


def no_such(kind: str, name: object, known) -> BadNameError:
    """Return the error for an unknown name, with the nearest of those that are known."""
    return BadNameError(str(unknown(kind, name, known)))


def lookup(module: str, known, elsewhere=()):
    """Return a module's ``__getattr__``, which tells the nearest names, or that Keras' own name is not here.

    Parameters
    ----------
    module : str
        What users call it.
    known : iterable of str
    elsewhere : dict
        Names of Keras that are not here -> what to write instead.
    """
    known = sorted(known)

    def __getattr__(name):  # noqa: N807 - what Python calls it
        if name.startswith("__"):
            raise AttributeError(name)
        if name in elsewhere:
            raise NoSuchAttributeError(f"{module}.{name} is not available; {elsewhere[name]}")
        raise NoSuchAttributeError(str(unknown(f"name of {module}:", name, known)))

    return __getattr__


def check_keywords(cls, keywords) -> None:
    """Raise BadArgumentError for a keyword that a class does not take, with the nearest that it does."""
    parameters = inspect.signature(cls.__init__).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for keyword in keywords:
        if keyword not in parameters:
            known = [name for name in parameters if name != "self"]
            raise BadArgumentError(str(unknown(f"argument of {cls.__name__}:", keyword, known or ["none"])))


class Configured:
    """What losses, metrics, initializers and regularizers have in common: checked keywords, and a configuration."""

    def __new__(cls, *arguments, **keywords):
        check_keywords(cls, keywords)
        return super().__new__(cls)

    def get_config(self) -> dict:
        """Return the keywords that make an equal object."""
        return {}

    @classmethod
    def from_config(cls, config: dict):
        """Return the object that a configuration describes."""
        return cls(**config)
