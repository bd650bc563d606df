"""The exceptions and warnings of symloss.

::

    SymlossError (Exception)
        UnknownNameError   an unknown name or option             (also a LookupError)
        ShapeError         shapes that do not fit together       (also a ValueError)
        SpecError          an invalid model, layer or option     (also a ValueError)
        DataError          arrays or files that cannot be used   (also a ValueError)
        TrainingError      a training that cannot continue       (also a RuntimeError)
    SymlossWarning (UserWarning)

Every message says where the error occurred, what was passed, what is expected, and how to fix it.
"""

import difflib
from collections.abc import Iterable

NEAREST = 5  # names in an error, at most


class SymlossError(Exception):
    """The base class of all exceptions of symloss."""


class UnknownNameError(SymlossError, LookupError):
    """A name or an option that symloss does not know."""


class ShapeError(SymlossError, ValueError):
    """Arrays or tensors whose shapes do not fit together."""


class SpecError(SymlossError, ValueError):
    """An invalid description of a model, a layer or a loss, or an invalid value of an option."""


class DataError(SymlossError, ValueError):
    """Arrays or files with content that cannot be used as it is."""


class TrainingError(SymlossError, RuntimeError):
    """A training that cannot continue, for example because the loss is not finite."""


class SymlossWarning(UserWarning):
    """Something works, but probably not as you intend."""


def unknown(kind: str, name: object, known: Iterable[str], aliases: Iterable[str] = ()) -> UnknownNameError:
    """Return the error for an unknown `name`, with those of the `known` names and their `aliases` it may stand for.

    Where no name is near and there are more than `NEAREST`, those that are nearest are listed.

    >>> str(unknown("loss", "hubber", ["huber", "mae"]))
    "unknown loss 'hubber'; did you mean 'huber'? (known: huber, mae)"
    """
    known = sorted(set(known))
    lowered = {key.lower(): key for key in [*aliases, *known]}
    near = [lowered[k] for k in difflib.get_close_matches(str(name).lower(), lowered, n=3, cutoff=0.6)]
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    if len(known) <= NEAREST:
        return UnknownNameError(f"unknown {kind} {name!r}{hint} (known: {', '.join(known)})")
    if near:
        return UnknownNameError(f"unknown {kind} {name!r}{hint} ({len(known)} are known)")
    nearest = difflib.get_close_matches(str(name).lower(), known, n=NEAREST, cutoff=0)
    return UnknownNameError(f"unknown {kind} {name!r}; the nearest of {len(known)}: {', '.join(nearest)}")
