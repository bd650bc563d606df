"""Compiled libraries on the disk. Each has a folder of its own, which is made elsewhere and put in place whole.

The folder ``<name>-<key>`` holds the C text, the library and its checksum. A library is loaded only if its checksum is
right: loading a damaged one would end the process.
"""

import atexit
import contextlib
import dataclasses
import hashlib
import os
import pathlib
import shutil
import tempfile
import time
import uuid
import warnings

import pytensor

from ..._files import reason
from ...errors import SymlossWarning
from .compilers import SUFFIX

MOST = 256e6  # bytes that are kept
DAYS = 90  # after which a library that nobody used is removed
UNFINISHED = 3600  # seconds after which nobody is at work any more in a folder that was not put in place
CHECKSUM = "sha256"

_unusable: set[pathlib.Path] = set()
_temporary: dict[int, pathlib.Path] = {}  # by process


def folder() -> pathlib.Path:
    """Return where libraries are kept: $SYMLOSS_CACHE, else a folder beside PyTensor's own."""
    named = os.environ.get("SYMLOSS_CACHE")
    found = pathlib.Path(named).expanduser() if named else pathlib.Path(pytensor.config.base_compiledir) / "symloss"
    return pathlib.Path(os.path.abspath(found))


def place() -> pathlib.Path:
    """Return where new libraries go: `folder`, or one for this process alone if that cannot be used."""
    return temporary() if folder() in _unusable else folder()


def temporary() -> pathlib.Path:
    """Return a folder for this process alone, which is removed when it ends."""
    process = os.getpid()
    if process not in _temporary:  # a child of a fork gets its own
        _temporary.clear()
        _temporary[process] = pathlib.Path(tempfile.mkdtemp(prefix="symloss-"))
        atexit.register(_remove_temporary, process)
    return _temporary[process]


def _remove_temporary(process):
    if process == os.getpid():
        shutil.rmtree(_temporary.pop(process), ignore_errors=True)


def refuse(why: str) -> None:
    """Note that `folder` cannot be used, and say so."""
    _unusable.add(folder())
    warnings.warn(f"the cache {folder()} cannot be used ({why}); compiled code is kept for this process only. Set "
                  f"SYMLOSS_CACHE to a folder in which you may write.", SymlossWarning, stacklevel=6)


# ------------------------------------------------------------------------------------------------------------ entries


def find(entry: str) -> pathlib.Path | None:
    """Return the library of an entry, if it is there and undamaged."""
    for where in dict.fromkeys((folder(), place())):
        library = where / entry / f"{entry}{SUFFIX}"
        if _is_whole(library):
            with contextlib.suppress(OSError):  # a folder that cannot be written can be read all the same
                os.utime(library.parent)
            return library
    return None


def _is_whole(library: pathlib.Path) -> bool:
    try:
        wanted = (library.parent / CHECKSUM).read_text(encoding="utf-8").split()[:1]
        return wanted == [hashlib.sha256(library.read_bytes()).hexdigest()]
    except (OSError, UnicodeDecodeError):
        return False


@contextlib.contextmanager
def work(where: pathlib.Path):
    """Make a folder to work in, and remove what is still there of it afterwards."""
    where.mkdir(parents=True, exist_ok=True)
    made = where / f".{uuid.uuid4().hex}"
    made.mkdir()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def put(made: pathlib.Path, entry: str) -> pathlib.Path:
    """Put a folder in place as an entry, and return its library: that of another process if it was faster."""
    library = made / f"{entry}{SUFFIX}"
    if library.exists():
        checksum = hashlib.sha256(library.read_bytes()).hexdigest()
        (made / CHECKSUM).write_text(f"{checksum}  {library.name}\n", encoding="utf-8")
    target = made.parent / entry
    for _ in range(3):
        if _is_whole(target / library.name):
            break
        shutil.rmtree(target, ignore_errors=True)
        with contextlib.suppress(FileExistsError, OSError):
            os.rename(made, target)
            break
    else:
        os.rename(made, target)
    return target / library.name
