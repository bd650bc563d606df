"""From C text to a library that is loaded: compiled, or from the cache."""

import contextlib
import ctypes
import functools
import hashlib
import os
import pathlib
import platform
import re
import shlex
import struct
import sys
import time

from ..._files import reason
from ...errors import SpecError
from . import cache, compilers
from .compilers import SUFFIX, Compiler, find

__all__ = ["find", "load"]

VERSION = 1  # to be raised when the same text has to be compiled anew
TRIAL = "int symloss_trial(void) { return 42; }\n"

_handles: dict[str, ctypes.CDLL] = {}


class Failure(Exception):  # noqa: N818 - a message to this module
    """A library could not be made or not be loaded; the text is what was said."""


def load(text: str, name: str = "step") -> ctypes.CDLL:
    """Return the library of a C text: compiled, or from the cache. The same text gives the same library.

    Parameters
    ----------
    text : str
        Everything that is compiled; it includes no file of the user's.
    name : str
        What its files are called in the cache.

    Raises
    ------
    SpecError
        If no compiler works, no folder can be written, or the text has a mistake.
    """
    name = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:40]
    while (compiler := find()) is not None:
        key = _key(text, compiler)
        if key not in _handles:
            try:
                handle = _kept(f"{name}-{key}") or _fresh(text, f"{name}-{key}", compiler)
            except Failure as failure:
                compilers.passed_over[compiler.command] = _first(str(failure))
                continue
            _handles.setdefault(key, handle)
        return _handles[key]
    raise SpecError(compilers.none_works())


def _key(text: str, compiler: Compiler) -> str:
    """Return what tells this text, compiled here, from all others."""
    parts = repr((VERSION, compiler.identity, machine()))
    return hashlib.sha256(f"{parts}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


@functools.cache
def machine() -> str:
    """Return what compiled code depends on besides its text and the compiler: system and processor."""
    libc = ""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        libc = os.confstr("CS_GNU_LIBC_VERSION")
    return repr((sys.platform, platform.machine(), struct.calcsize("P"), libc, _processor()))


def _processor() -> str:
    """Return model and abilities of the processor."""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", "rb", buffering=0) as file:
        first = file.read(16384).split(b"\n\n")[0].decode(errors="replace")  # the whole takes long with many cores
        wanted = ("vendor_id", "cpu family", "model", "model name", "flags", "Features", "CPU part", "cpu", "isa")
        return "\n".join(line for line in first.splitlines() if line.partition(":")[0].strip() in wanted)
    with contextlib.suppress(AttributeError, OSError):  # macOS
        size = ctypes.c_size_t(256)
        brand = ctypes.create_string_buffer(size.value)
        ctypes.CDLL(None).sysctlbyname(b"machdep.cpu.brand_string", brand, ctypes.byref(size), None, 0)
        return brand.value.decode(errors="replace")
    return os.environ.get("PROCESSOR_IDENTIFIER", "")  # Windows


# ------------------------------------------------------------------------------------------------------------ building


def _kept(entry: str) -> ctypes.CDLL | None:
    """Return the library of an entry of the cache, if it is there and can be loaded."""
    library = cache.find(entry)
    if library is not None:
        with contextlib.suppress(OSError):  # made on another system, or just removed
            return ctypes.CDLL(str(library))
    return None


def _build(text: str, entry: str, compiler: Compiler, place: pathlib.Path) -> ctypes.CDLL:
    """Compile a text and load it; raise Failure or OSError."""
    with cache.work(place) as folder:
        (folder / f"{entry}.c").write_bytes(text.encode("utf-8", "surrogatepass"))
        said = compiler.compile(folder, f"{entry}.c", f"{entry}{SUFFIX}")
        library = cache.put(folder, entry)
        if said is not None:
            raise Failure(said)
        try:
            return ctypes.CDLL(str(library))
        except OSError as error:
            raise Failure(f"error: {error}") from error


def works(compiler: Compiler, place: pathlib.Path) -> bool:
    """Return whether a compiler can compile one line in a folder to what runs here."""
    try:
        return _build(TRIAL, "trial", compiler, place).symloss_trial() == 42
    except (Failure, OSError, AttributeError):
        return False


def _fresh(text: str, entry: str, compiler: Compiler) -> ctypes.CDLL:
    """Compile a text. If that fails, find out whether the folder, the compiler or the text is at fault.

    Raises
    ------
    Failure
        If the compiler does not work.
    SpecError
        If the text does not compile though the compiler works, or no folder can be written.
    """
    try:
        return _build(text, entry, compiler, cache.place())
    except (Failure, OSError) as error:
        failed = error
    if isinstance(failed, OSError) or not works(compiler, cache.place()):
        if isinstance(failed, Failure) and not works(compiler, cache.temporary()):
            raise failed
        cache.refuse(_why(failed))
    try:
        return _build(text, entry, compiler, cache.place())
    except OSError as error:
        raise SpecError(f"no folder for compiled code can be written ({_why(error)}); set SYMLOSS_CACHE or TMPDIR to a "
                        f"folder in which you may write") from error
    except Failure as failure:
        raise SpecError(_mistake(str(failure), compiler, cache.place() / entry / f"{entry}.c")) from failure


def _why(error) -> str:
    if isinstance(error, OSError):
        return reason(error, pathlib.Path(error.filename or cache.place() / "file"))
    return _first(str(error))


def _first(said: str) -> str:
    """Return the first line of what was said that speaks of an error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), (lines or ["it says nothing"])[0])


def _mistake(said: str, compiler: Compiler, source: pathlib.Path) -> str:
    """Say that a text does not compile."""
    return (f"{compiler.name} cannot compile {source}: {_first(said)}. This is a mistake of symloss; pass another mode, "
            f"such as mode='NUMBA', and report it with this file. The command was: "
            f"{shlex.join([*compiler.command, *compiler.flags])}")
