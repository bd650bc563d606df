"""Compiled libraries on the disk. Each has a folder of its own, which is made elsewhere and put in place whole.

The folder ``<name>-<key>`` holds the C text, the library and its checksum. A library is loaded only if its checksum is
right: loading a damaged one would end the process.
"""

import atexit
import contextlib
import dataclasses
import errno
import hashlib
import os
import pathlib
import re
import shutil
import tempfile
import time
import uuid
import warnings

import pytensor

from ...errors import SymlossWarning
from .compilers import SUFFIX, ZIG_FOLDER

MOST = 256e6  # bytes that are kept
DAYS = 90  # after which a library that nobody used is removed
UNFINISHED = 3600  # seconds after which nobody works any more in a folder that was not put in place
LOOK = 3600  # seconds from one look at the size of the cache to the next
CHECKSUM, LOOKED = "sha256", ".looked"
OURS = re.compile(rf"[A-Za-z0-9_-]+-[0-9a-f]{{24}}|{ZIG_FOLDER}")  # the folder may hold what is somebody else's
WORK = re.compile(r"\.symloss-[0-9a-f]{32}")

_unusable: set[pathlib.Path] = set()
_temporary: dict[int, pathlib.Path] = {}  # by process


def folder() -> pathlib.Path:
    """Return where libraries are kept: $SYMLOSS_CACHE, else a folder beside PyTensor's own."""
    named = os.environ.get("SYMLOSS_CACHE")
    found = pathlib.Path(named).expanduser() if named else pathlib.Path(pytensor.config.compiledir).parent / "symloss"
    return pathlib.Path(os.path.abspath(found))


def place() -> pathlib.Path:
    """Return where new libraries go: `folder`, or one for this process alone if that cannot be used."""
    return temporary() if folder() in _unusable else folder()


def temporary() -> pathlib.Path:
    """Return a folder for this process alone, which is removed when it ends."""
    process = os.getpid()
    if process not in _temporary:  # a child of a fork gets its own
        made = pathlib.Path(tempfile.mkdtemp(prefix="symloss-"))
        atexit.register(_remove_temporary, process, made)
        _temporary.setdefault(process, made)
    return _temporary[process]


def _remove_temporary(process, made):
    if process == os.getpid():
        shutil.rmtree(made, ignore_errors=True)


def refuse(why: str) -> None:
    """Note that `folder` cannot be used, and say so once."""
    if folder() not in _unusable:
        _unusable.add(folder())
        warnings.warn(f"the cache {folder()} cannot be used ({why}), so compiled code is only kept for this process. "
                      "Set SYMLOSS_CACHE to a folder in which you may write.",
                      SymlossWarning, stacklevel=4)


# --------------------------------------------------------------------------------------------------- reading, writing


def find(entry: str) -> pathlib.Path | None:
    """Return the library of an entry, if it is there and undamaged."""
    library = folder() / entry / f"{entry}{SUFFIX}"
    if not _is_whole(library):
        return None
    with contextlib.suppress(OSError):  # what cannot be written can be read all the same
        os.utime(library.parent)
    return library


def _is_whole(library: pathlib.Path) -> bool:
    try:
        wanted = (library.parent / CHECKSUM).read_text(encoding="utf-8").split()[:1]
        return wanted == [_checksum(library)]
    except (OSError, UnicodeDecodeError):
        return False


def _checksum(file: pathlib.Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextlib.contextmanager
def work(where: pathlib.Path):
    """Make a folder to work in, and remove afterwards what is still there of it."""
    try:
        where.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, "a file is in its place", str(where / "file")) from error
    made = where / f".symloss-{uuid.uuid4().hex}"
    made.mkdir()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def seal(library: pathlib.Path) -> None:
    """Write the checksum of a library that was compiled without a fault."""
    (library.parent / CHECKSUM).write_text(f"{_checksum(library)}  {library.name}\n", encoding="utf-8")


def put(made: pathlib.Path, entry: str) -> pathlib.Path:
    """Put a folder in place as an entry, and return its library: that of another process if it was faster."""
    target = made.parent / entry
    library = target / f"{entry}{SUFFIX}"
    try:
        os.rename(made, target)
    except OSError:  # there is one already, or the disk does not allow it
        if not _is_whole(library):
            shutil.rmtree(target, ignore_errors=True)
            os.rename(made, target)
    return library


# -------------------------------------------------------------------------------------------------- looking, removing


@dataclasses.dataclass(frozen=True)
class Entry:
    """A folder of the cache.

    Parameters
    ----------
    folder : Path
    size : int
        Bytes of the files in it.
    used : float
        When it was used last, in seconds as `time.time` counts them.
    """

    folder: pathlib.Path
    size: int
    used: float


def entries() -> list[Entry]:
    """Return what is in the cache, in the order of last use."""
    found = []
    for path in _folders(OURS):
        with contextlib.suppress(OSError):  # just removed
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            found.append(Entry(path, size, path.stat().st_mtime))
    return sorted(found, key=lambda entry: entry.used)


def _folders(pattern) -> list[pathlib.Path]:
    try:
        return [path for path in folder().iterdir() if pattern.fullmatch(path.name) and path.is_dir()]
    except OSError:
        return []


def discard(entry: str) -> None:
    """Remove an entry."""
    shutil.rmtree(folder() / entry, ignore_errors=True)


def clear(days: float = 0) -> list[Entry]:
    """Remove what was not used for so many days, and what killed processes left; return what was removed."""
    _remove_unfinished()
    return _remove([entry for entry in entries() if entry.used <= time.time() - days * 86400])


def trim() -> None:
    """Remove what is old, and what was used least recently if the cache is too large; look only now and then."""
    looked = folder() / LOOKED
    with contextlib.suppress(OSError):
        if looked.exists() and 0 <= time.time() - looked.stat().st_mtime < LOOK:
            return
        looked.touch()
        clear(DAYS)
        left = entries()
        excess = sum(entry.size for entry in left) - MOST
        for entry in left:
            if excess <= 0:
                break
            _remove([entry])
            excess -= entry.size


def _remove(several: list[Entry]) -> list[Entry]:
    """Remove entries, and return those that are gone: Windows keeps libraries that a process uses."""
    for entry in several:
        shutil.rmtree(entry.folder, ignore_errors=True)
    return [entry for entry in several if not entry.folder.exists()]


def _remove_unfinished() -> None:
    for path in _folders(WORK):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > UNFINISHED:
                shutil.rmtree(path, ignore_errors=True)
