"""What symloss raises and warns.

::

    SymlossError (Exception)
        UnknownNameError   a name nobody registered, or an option nobody takes   (also a LookupError)
        ShapeError         ranks or shapes that can never agree                  (also a ValueError)
        SpecError          a model, layer or loss described wrongly              (also a ValueError)
        DataError          arrays or files that cannot be used                   (also a ValueError)
        TrainingError      a training that cannot go on                          (also a RuntimeError)
    SymlossWarning (UserWarning)

Every message says who speaks, what it got, what it wants, and the way out.
"""

import difflib
from collections.abc import Iterable

NEAREST = 5  # names in an error, at most


class SymlossError(Exception):
    """The root of all that symloss raises."""


class UnknownNameError(SymlossError, LookupError):
    """A name that is not registered, or an option that nothing takes."""


class ShapeError(SymlossError, ValueError):
    """Ranks or shapes that can never agree."""


class SpecError(SymlossError, ValueError):
    """A model, layer or loss that is described wrongly."""


class DataError(SymlossError, ValueError):
    """Arrays or files that cannot be used as they are."""


class TrainingError(SymlossError, RuntimeError):
    """A training that cannot go on."""


class SymlossWarning(UserWarning):
    """Something that works, but hardly as meant."""


def unknown(kind: str, name: object, known: Iterable[str], aliases: Iterable[str] = ()) -> UnknownNameError:
    """Return the error for an unknown `name`, with those of the `known` names and their `aliases` it may stand for.

    Where no name is near and there are more than `NEAREST`, those that are nearest are listed.

    >>> str(unknown("loss", "hubber", ["huber", "mae"]))
    "unknown loss 'hubber'; did you mean 'huber'? (known: huber, mae)"
    """
    known = sorted(set(known))
    lowered = {key.lower(): key for key in [*aliases, *known]}
    near = [lowered[k] for k in difflib.get_close_matches(str(name).lower(), lowered, n=3, cutoff=0.6)]
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    if len(known) <= NEAREST:
        return UnknownNameError(f"unknown {kind} {name!r}{hint} (known: {', '.join(known)})")
    if near:
        return UnknownNameError(f"unknown {kind} {name!r}{hint} ({len(known)} are known)")
    nearest = difflib.get_close_matches(str(name).lower(), known, n=NEAREST, cutoff=0)
    return UnknownNameError(f"unknown {kind} {name!r}; the nearest of {len(known)}: {', '.join(nearest)}")
