"""The cache of compiled code: `symloss cache` shows it, and `symloss cache clear` removes it."""

import contextlib
import pathlib

import pytensor
from rich.console import Console

from ..compiling.ccode import building, cache
from ..errors import SpecError, unknown
from .console import rows, say


def run(console: Console, action: str | None, days: int | None) -> int:
    """Print the folder and size of the cache, or remove the code that symloss compiled, and return the exit code.

    Parameters
    ----------
    console : Console
    action : str or None
        'clear' to remove it.
    days : int or None
        Keep code that was used within this many days.
    """
    if action not in (None, "clear"):
        raise unknown("action of cache", action, ["clear"])
    if action is None and days is not None:
        raise SpecError(f"cache: --older-than {days} only works with clear. Write symloss cache clear --older-than "
                        f"{days}")
    if action is None:
        rows(console, table())
        return 0
    removed = building.clear(days or 0)
    say(console, f"Removed {_amount(removed)} from {cache.folder()}.")
    say(console, "`pytensor-cache purge` empties the cache of PyTensor.")
    return 0


def table() -> dict[str, str]:
    """Return what is kept, and where, by what it is of."""
    return {
        "symloss": f"{_amount(building.libraries())}, in {cache.folder()}",
        "PyTensor": f"{_pytensors()}, in {pytensor.config.compiledir}",
    }


def _amount(entries) -> str:
    count = len(entries)
    size = sum(entry.size for entry in entries)
    return f"{count:,} {'entry' if count == 1 else 'entries'}, {_megabytes(size)}"


def _pytensors() -> str:
    sizes = []
    for file in pathlib.Path(pytensor.config.compiledir).rglob("*"):
        with contextlib.suppress(OSError):  # just removed
            sizes += [file.stat().st_size] if file.is_file() else []
    return f"{len(sizes):,} files, {_megabytes(sum(sizes))}"


def _megabytes(size) -> str:
    return f"{size / 1e6:.{0 if size >= 10e6 else 1}f} MB"
