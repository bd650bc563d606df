"""Registries: names and aliases, found whatever their case, hyphens and underscores."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from .errors import SpecError, unknown

T = TypeVar("T")


def normal(name: str) -> str:
    """Return `name` as it is compared: lower case, without hyphens, underscores and spaces."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def other_names(cls: type, attribute: str = "aliases") -> tuple[str, ...]:
    """Return the names that a class registers itself under beside its own; those of its parent stay the parent's."""
    if "__extra_registration_keys__" in cls.__dict__:
        raise SpecError(f"class {cls.__name__}: __extra_registration_keys__ is read by symloss.compat.theanets alone; "
                        f"write {attribute} = {tuple(cls.__extra_registration_keys__)!r}")
    return tuple(cls.__dict__.get(attribute, ()))


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

    def add(self, name: str, entry: T, aliases: tuple[str, ...] = (), replace: bool = False) -> None:
        """Enter `entry` under `name` and `aliases`; with `replace`, a new definition of the same name wins."""
        for key in (name, *aliases):
            owner = self._names.get(normal(key), name)
            if owner != name or (not replace and name in self._entries):
                raise SpecError(f"{self.kind} {name!r}: the name {key!r} is taken by {owner!r}; choose another name")
        self._entries[name] = entry
        for key in (name, *aliases):
            self._names[normal(key)] = name
            self._spelt[normal(key)] = key

    def get(self, name: str) -> T:
        """Return the entry called `name`, or raise UnknownNameError with the nearest names."""
        if not isinstance(name, str):
            raise SpecError(f"a {self.kind} is named by a string, got {name!r} ({type(name).__name__})")
        try:
            return self._entries[self._names[normal(name)]]
        except KeyError:
            raise unknown(self.kind, name, self._entries, self._spelt.values()) from None

    def aliases(self, name: str) -> list[str]:
        """Return the other names of the entry `name`."""
        return sorted(self._spelt[key] for key, owner in self._names.items() if owner == name and key != normal(name))

    def spellings(self) -> list[str]:
        """Return all names and aliases as they were written."""
        return sorted(self._spelt.values())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and normal(name) in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
