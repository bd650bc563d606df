"""Messages and remedies for failures of a compiler, its flags or its cache."""

import contextlib
import functools
import pathlib
import shutil
import struct
import sys

import pytensor
from pytensor.link.c.cmodule import get_module_cache
from pytensor.link.c.exceptions import CompileError, MissingGXX

from .._files import reason
from ..errors import SpecError

FAILURES = (CompileError, MissingGXX, OSError, ImportError, EOFError)
absent: list[str] = []  # compilers that PyTensor was told to use, and that do not exist
OTHER = "PYTENSOR_FLAGS=base_compiledir=FOLDER"


def explained(name: str, compile_it):
    """Return ``compile_it()``; where the compiler or the cache fails, try once more, and then say the way out.

    The second attempt is for what passes: a file of the cache that another process has just removed or is about to
    write, and a damaged one, which is removed.

    Parameters
    ----------
    name : str
        The backend's.
    compile_it : function of nothing

    Raises
    ------
    SpecError
        If it fails twice.
    """
    remove_damaged(pytensor.config.compiledir)
    try:
        return compile_it()
    except (*FAILURES, AssertionError) as error:  # PyTensor asserts that its files are as it left them
        _mend_cache(error)
    try:
        return compile_it()
    except FAILURES as error:
        raise SpecError(f"mode {name!r}: {_told(error)}, or pass mode='NUMBA'. The command `symloss info` shows which "
                        "modes work") from error


def without_absent_compiler() -> None:
    """Let PyTensor know where its compiler does not exist: it would try to run it again and again."""
    command = pytensor.config.cxx
    if command and shutil.which(command) is None:
        absent.append(command)
        pytensor.config.cxx = ""


def no_compiler() -> str:
    """Say that there is no compiler."""
    return f"the C++ compiler {absent[-1]} does not exist" if absent else "no C++ compiler was found"


def _told(error) -> str:
    """Say in one line what failed, and what to do about it."""
    compiler, folder = pytensor.config.cxx, pathlib.Path(pytensor.config.compiledir)
    if isinstance(error, MissingGXX):
        return f"{no_compiler()}; install g++"
    if isinstance(error, CompileError):
        lines = [line.strip() for line in str(error).splitlines()]
        line = next((line for line in lines[1:] if "error" in line.lower() or "cannot find" in line), "")
        way = "install python3-dev" if "Python.h" in line else "correct PYTENSOR_FLAGS, install a compiler that works"
        return f"the compiler {compiler} failed ({line or 'it says nothing'}); {way}"
    if isinstance(error, TimeoutError):
        return f"another process has held the cache {folder} for too long; end it, choose another cache by {OTHER}"
    why = reason(error, folder / "file") if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    return f"the cache {folder} of compiled code cannot be used ({_first(why)}); delete it, choose another by {OTHER}"


def _first(text: str) -> str:
    return text.strip().splitlines()[0]


# ---------------------------------------------------------------------------------------------------------- the cache


def _mend_cache(error) -> None:
    """Remove a damaged file that an import has met, and let PyTensor look at its cache again."""
    folder = pathlib.Path(pytensor.config.compiledir)
    file = getattr(error, "path", None)
    if isinstance(error, ImportError) and file is not None and pathlib.Path(file).is_relative_to(folder):
        shutil.rmtree(pathlib.Path(file).parent, ignore_errors=True)
    with contextlib.suppress(*FAILURES):
        get_module_cache(folder).refresh(cleanup=False)


@functools.cache
def remove_damaged(folder) -> None:
    """Remove, once, what a full disk or a crash has left in the cache: a process that loads half a file is killed.

    Files without a key beside them stay: another process is writing them, and nobody loads them.
    """
    for key in pathlib.Path(folder).glob("tmp*/key.pkl"):
        for file in key.parent.glob("*.so"):
            with contextlib.suppress(OSError):
                if _is_whole(file):
                    continue
                shutil.rmtree(key.parent, ignore_errors=True)


def _is_whole(file: pathlib.Path) -> bool:
    """Return whether a shared object is as long as its header says: the table of its sections ends it."""
    with file.open("rb") as opened:
        head = opened.read(64)
    if sys.platform != "linux" or head[:5] != b"\x7fELF\x02":  # of 64 bits
        return bool(head) and (sys.platform != "linux" or head[:4] == b"\x7fELF")
    if len(head) < 64:
        return False
    (table,), (size, count) = struct.unpack_from("<Q", head, 0x28), struct.unpack_from("<HH", head, 0x3A)
    return file.stat().st_size >= table + size * count
