"""From C text to a library that is loaded: compiled, or from the cache."""

import contextlib
import ctypes
import errno
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
from .cache import Entry
from .compilers import SUFFIX, Compiler, find

__all__ = ["clear", "find", "libraries", "load", "seconds", "size"]

VERSION = 1  # to be raised when the same text has to be compiled anew
ANSWER = 42
TRIAL = f"int symloss_trial(void) {{ return {ANSWER}; }}\n"

FULL = re.compile("No space left on device|Disk quota exceeded")
NO_CAUSE = re.compile("ld returned|linker command failed")  # the lines before such a line say more

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
    NoCompilerError
        If no compiler works.
    SpecError
        If no folder can be written, or the text has a mistake.
    """
    name = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:40]
    while (compiler := find()) is not None:
        key = _key(text, compiler)
        if key not in _handles:
            try:
                handle = _kept(f"{name}-{key}") or _fresh(text, f"{name}-{key}", compiler)
            except Failure as failure:
                compilers.pass_over(compiler, _first(str(failure)))
                continue
            _handles.setdefault(key, handle)
        return _handles[key]
    raise compilers.NoCompilerError(compilers.none_works())


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
    with contextlib.suppress(AttributeError, OSError, TypeError):  # macOS
        size = ctypes.c_size_t(256)
        brand = ctypes.create_string_buffer(size.value)
        ctypes.CDLL(None).sysctlbyname(b"machdep.cpu.brand_string", brand, ctypes.byref(size), None, 0)
        return brand.value.decode(errors="replace")
    return os.environ.get("PROCESSOR_IDENTIFIER", "")  # Windows


# ------------------------------------------------------------------------------------------------------------ building


def _kept(entry: str) -> ctypes.CDLL | None:
    """Return the library of an entry of the cache, if it is there and can be loaded."""
    library = cache.find(entry)
    if library is None:
        return None
    try:
        return ctypes.CDLL(str(library))
    except OSError:  # it was made on another system, or removed just now
        cache.discard(entry)
        return None


def _build(text: str, entry: str, compiler: Compiler, place: pathlib.Path) -> ctypes.CDLL:
    """Compile a text and load it; raise Failure or OSError."""
    with cache.work(place) as folder:
        source, library = folder / f"{entry}.c", folder / f"{entry}{SUFFIX}"
        source.write_bytes(text.encode("utf-8", "surrogatepass"))
        said = compiler.compile(folder, source.name, library.name)
        if said is None and library.exists():
            cache.seal(library)
        library = cache.put(folder, entry)  # the text also where it does not compile: somebody will want to read it
    if said is not None:
        raise OSError(errno.ENOSPC, said, str(source)) if FULL.search(said) else Failure(said)
    cache.trim()
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise Failure(str(error)) from error


def _works(compiler: Compiler, place) -> bool:
    """Return whether a compiler can compile one line, in the folder that ``place()`` returns, to what runs here."""
    try:
        return _build(TRIAL, f"trial-{_key(TRIAL, compiler)}", compiler, place()).symloss_trial() == ANSWER
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
    full = getattr(failed, "errno", None) in (errno.ENOSPC, errno.EDQUOT)  # one line may fit
    if full or not _works(compiler, cache.place):
        if isinstance(failed, Failure) and not _works(compiler, cache.temporary):
            raise failed
        cache.refuse(_why(failed))
    try:  # a second time, for what passes: somebody has emptied the cache, say
        return _build(text, entry, compiler, cache.place())
    except OSError as error:
        raise SpecError(f"no folder for compiled code is writable ({_why(error)}). Set SYMLOSS_CACHE and TMPDIR to "
                        "folders in which you may write") from error
    except Failure as failure:
        said = _mistake(str(failure), compiler, cache.place() / entry / f"{entry}.c")
        raise compilers.RefusedTextError(said) from failure


def _why(error) -> str:
    if isinstance(error, OSError):
        return reason(error, pathlib.Path(error.filename or cache.folder() / "file"))
    return _first(str(error))


def _first(said: str) -> str:
    """Return the first line of what was said that speaks of an error; linkers say it in the first two."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() and not NO_CAUSE.search(line)]
    return " ".join(errors[:1] or lines[:2]) or "it says nothing"


def _mistake(said: str, compiler: Compiler, source: pathlib.Path) -> str:
    """Say that a text does not compile."""
    return (f"{compiler.name} does not compile {source}: {_first(said)}. If nothing else explains that, it is a "
            f"mistake of symloss: report it with this file, and pass another mode, such as mode='NUMBA'. The command "
            f"was: {shlex.join([*compiler.command, *compiler.flags])}")


# ------------------------------------------------------------------------------------------------------------- telling


def seconds() -> float:
    """Return how long the compiler in use takes for one line of C.

    Raises
    ------
    SpecError
        As `load` does.
    """
    unique = f"{TRIAL}// {time.time_ns()}\n"
    start = time.perf_counter()
    load(unique, "trial")
    taken = time.perf_counter() - start
    cache.discard(f"trial-{_key(unique, find())}")
    return taken


def libraries() -> list[Entry]:
    """Return what is in the cache, in the order of last use."""
    return cache.entries()


def size() -> int:
    """Return how many bytes the cache holds."""
    return sum(entry.size for entry in libraries())


def clear(days: float = 0) -> list[Entry]:
    """Remove what was not used for so many days from the cache, and return it. What is loaded stays loaded."""
    return cache.clear(days)
