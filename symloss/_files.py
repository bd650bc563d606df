"""Files on the disk: read and written whole, and refused with the way out where the disk or a folder forbids it."""

import contextlib
import errno
import os
import pathlib
import time
import uuid

from .errors import DataError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

UNFINISHED = ".symloss-", ".part"  # how the name of a file that is being written begins and ends


def reason(error: OSError, path: pathlib.Path) -> str:
    """Say what an error of the operating system means for a file at `path`, and what to do."""
    elsewhere = "choose a folder in which you may write"
    known = {
        errno.ENOSPC: "the disk is full; make room, or choose another one",
        errno.EDQUOT: "your share of the disk is used up; make room, or choose another one",
        errno.EFBIG: "the file system takes no file of this size; choose another one",
        errno.EACCES: f"permission denied; {elsewhere}, or change the permissions",
        errno.EPERM: f"this is not permitted; {elsewhere}, or change the permissions",
        errno.EROFS: f"the file system is read-only; {elsewhere}",
        errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
        errno.EISDIR: "this is a folder; add the name of a file",
        errno.ENOTDIR: f"{path.parent} is a file, not a folder; choose another one",
        errno.ENOENT: (f"no file can be made in this folder; {elsewhere}" if path.parent.is_dir() else
                       f"the folder {path.parent} does not exist; make it first"),
        errno.ELOOP: "its links lead in a circle; choose another path",
        errno.EMFILE: "too many files are open; close some",
        errno.EIO: "the disk cannot be read or written (input/output error); choose another one",
    }
    return known.get(error.errno, f"{type(error).__name__}: {error.strerror or error}")


@contextlib.contextmanager
def explained(who: str, path):
    """Within, an error of the operating system becomes a DataError that says the way out.

    Parameters
    ----------
    who : str
        Who speaks: 'save', say.
    path : path
        The file that is meant.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{who}: {path}: {reason(error, pathlib.Path(path))}") from error


def as_path(path, who: str) -> pathlib.Path:
    """Return `path` as a Path, or raise DataError for what is none."""
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise DataError(f"{who}: {path!r} is not a path. Pass a str or a pathlib.Path")
    if "\0" in os.fspath(path) or not os.fspath(path):
        raise DataError(f"{who}: {os.fspath(path)!r} is not a path. Pass the name of a file")
    return pathlib.Path(path)


def check_path(path, who: str = "save") -> pathlib.Path:
    """Return `path` if a file can be written there; for those who write later, and had better know now.

    Raises
    ------
    DataError
        If the folder does not exist or is read-only, the disk is full, the name is too long or that of a folder.

    >>> check_path("no-such-folder/model")
    Traceback (most recent call last):
    symloss.errors.DataError: save: no-such-folder/model: the folder no-such-folder does not exist; make it first
    """
    path = as_path(path, who)
    with explained(who, path):
        temporary = _begin(path)
        try:
            temporary.write_bytes(b"\0")
        finally:
            temporary.unlink(missing_ok=True)
    return path


def _begin(path: pathlib.Path) -> pathlib.Path:
    """Make the file beside `path` that will take its place, and return where it is."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a folder", str(path))
    with contextlib.suppress(FileNotFoundError):
        path.lstat()  # which also refuses a name that is too long
    temporary = path.parent / uuid.uuid4().hex.join(UNFINISHED)
    temporary.open("xb").close()
    return temporary


def write(path, content: bytes, who: str = "save") -> None:
    """Write `content` to `path` so that at any moment, killed or not, the old or the new file is there, whole.

    Raises
    ------
    DataError
        If that is impossible, as in `check_path`; then the old file is still there.
    """
    path = as_path(path, who)
    with explained(who, path):
        _remove_unfinished(path.parent)
        temporary = _begin(path)
        try:
            with temporary.open("wb") as file:
                _lock(file)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if os.name == "posix":  # while it is locked, nobody takes it for a rest
                    os.replace(temporary, path)
            if os.name != "posix":
                os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _lock(file, wait: bool = True) -> bool:
    """Lock a file for this process, which a kill ends as well; return whether that was possible."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # another process has it, or the file system knows no locks
        return False
    return True


def _remove_unfinished(folder: pathlib.Path) -> None:
    """Remove what processes left in a folder that were killed while they wrote."""
    begin, end = UNFINISHED
    for rest in folder.glob(f"{begin}*{end}") if folder.is_dir() else ():
        with contextlib.suppress(OSError), rest.open("rb") as file:
            found = rest.stat()
            begun = not found.st_size and time.time() - found.st_mtime < 60  # and its writer is about to lock it
            if not begun and _lock(file, wait=False):
                rest.unlink()


def read(path, who: str = "load") -> bytes:
    """Return the content of a file.

    Raises
    ------
    DataError
        If there is none, or it cannot be read.
    """
    path = as_path(path, who)
    with explained(who, path):
        if path.is_dir():
            raise DataError(f"{who}: {path} is a folder. Add the name of the file")
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise DataError(f"{who}: there is no file {path}") from None
