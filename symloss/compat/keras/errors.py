"""Errors of this package: kinds of symloss that are also of the kinds that users of Keras catch."""

import inspect

from ...errors import UnknownNameError, unknown


class BadNameError(UnknownNameError, ValueError):
    """An unknown name of a loss, a metric, an initializer or the like."""


class BadArgumentError(UnknownNameError, TypeError):
    """An unknown argument."""


class NoSuchAttributeError(UnknownNameError, AttributeError):
    """A name that a module does not have."""


def no_such(kind: str, name: object, known) -> BadNameError:
    """Return the error for an unknown name, with the nearest known names."""
    return BadNameError(str(unknown(kind, name, known)))


def lookup(module: str, known, elsewhere=()):
    """Return a module's ``__getattr__``, whose error suggests the nearest names, or what to write instead.

    Parameters
    ----------
    module : str
        Name of the module for users.
    known : iterable of str
    elsewhere : dict
        Names of Keras that are not supported -> what to write instead.
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
    """Raise BadArgumentError for a keyword that a class does not take, with the nearest names."""
    parameters = inspect.signature(cls.__init__).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for keyword in keywords:
        if keyword not in parameters:
            known = [name for name in parameters if name != "self"]
            raise BadArgumentError(str(unknown(f"argument of {cls.__name__}:", keyword, known or ["none"])))


class Configured:
    """Shared code of losses, metrics, initializers and regularizers: checked keywords, and a configuration."""

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
