"""Registries: names and aliases, found whatever their case, hyphens and underscores; and functions that are entered."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from .errors import SpecError, SymlossError, unknown

T = TypeVar("T")


def normal(name: str) -> str:
    """Return `name` as it is compared: lower case, without hyphens, underscores and spaces."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def other_names(cls: type, attribute: str = "aliases") -> tuple[str, ...]:
    """Return the names that a class registers itself under beside its own; those of its parent stay the parent's."""
    if "__extra_registration_keys__" in cls.__dict__:
        raise SpecError(f"class {cls.__name__}: only symloss.compat.theanets reads __extra_registration_keys__. "
                        f"Write {attribute} = {tuple(cls.__extra_registration_keys__)!r}")
    return tuple(cls.__dict__.get(attribute, ()))


PREDICTIONS = {"prediction", "predictions", "predicted", "pred", "preds", "ypred", "yhat", "yscore", "output",
               "outputs", "logits", "p"}
TARGETS = {"target", "targets", "true", "truth", "ytrue", "label", "labels", "actual", "expected", "y", "t"}


def in_order(function: Callable) -> Callable:
    """Return a function of (prediction, target, ...) for one whose first two arguments are named otherwise.

    Keras and scikit-learn have (y_true, y_pred). What is named neither way is returned as it is.

    >>> in_order(lambda y_true, y_pred: y_true - y_pred)(5, 2)
    -3
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return function
    first = list(signature.parameters.values())[:2]
    names = [normal(p.name) for p in first if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
    if len(names) < 2 or [p.name for p in first] == ["prediction", "target"]:
        return function
    turned = names[0] in TARGETS and names[1] in PREDICTIONS
    if not turned and not (names[0] in PREDICTIONS and names[1] in TARGETS):
        return function

    @functools.wraps(function)
    def ordered(prediction, target, *rest, **options):
        return function(*((target, prediction) if turned else (prediction, target)), *rest, **options)

    renamed = [p.replace(name=name) for p, name in zip(first, ("prediction", "target"), strict=True)]
    ordered.__signature__ = signature.replace(parameters=[*renamed, *list(signature.parameters.values())[2:]])
    return ordered


def _is_again(before, now) -> bool:
    """Return whether two functions, classes, or specs of functions were defined in one place."""
    before, now = (getattr(entry, "function", entry) for entry in (before, now))
    places = [(getattr(one, "__module__", None), getattr(one, "__qualname__", None)) for one in (before, now)]
    return None not in places[0] and places[0] == places[1] and isinstance(before, type) == isinstance(now, type)


class Registry(Generic[T]):
    """Entries of one kind by name and alias.

    Parameters
    ----------
    kind : str
        What an entry is called in an error message.
    """

    def __init__(self, kind: str):
        self.kind = kind
        self._entries: dict[str, T] = {}
        self._names: dict[str, str] = {}  # normal form of a name or an alias -> name
        self._spelt: dict[str, str] = {}  # ... -> as it was written
        self.read: Callable = lambda text: None  # makes an entry of a text that is more than a name

    def add(self, name: str, entry: T, aliases: tuple[str, ...] = (), replace: bool = False) -> None:
        """Enter `entry` under `name` and `aliases`.

        A new definition replaces one of the same name and the same place, a notebook's cell that runs again; with
        `replace`, one of any place.
        """
        replace = replace or (name in self._entries and _is_again(self._entries[name], entry))
        for key in (name, *aliases):
            owner = self._names.get(normal(key), name)
            if owner != name or (not replace and name in self._entries):
                raise SpecError(f"{self.kind} {name!r}: the name {key!r} is taken by {owner!r}. Choose another name")
        self._entries[name] = entry
        for key in (name, *aliases):
            self._names[normal(key)] = name
            self._spelt[normal(key)] = key

    def get(self, name: str) -> T:
        """Return the entry called `name`, or raise UnknownNameError with the nearest names."""
        if not isinstance(name, str):
            raise SpecError(f"the name of a {self.kind} must be a string, but got {name!r} ({type(name).__name__})")
        try:
            return self._entries[self._names[normal(name)]]
        except KeyError:
            if (entry := self.read(name)) is not None:
                return entry
            raise unknown(self.kind, name, self._entries, self._spelt.values()) from None

    def aliases(self, name: str) -> list[str]:
        """Return the other names of the entry `name`."""
        return sorted(self._spelt[key] for key, owner in self._names.items() if owner == name and key != normal(name))

    def spellings(self) -> list[str]:
        """Return all names and aliases as they were written."""
        return sorted(self._spelt.values())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (normal(name) in self._names or self._reads(name))

    def _reads(self, text: str) -> bool:
        try:
            return self.read(text) is not None
        except SymlossError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
