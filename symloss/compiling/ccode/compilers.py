"""C compilers: which ones there are, the flags they get, and what they say when they are run.

No compiler is run before something has to be compiled. One that turns out not to work is passed over, and the reason is
kept for the message in case none works.
"""

import contextlib
import dataclasses
import functools
import importlib.util
import os
import pathlib
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings

from ...errors import SpecError, SymlossWarning

TIMEOUT = 180  # seconds that a compiler may take for one file
WINDOWS, MAC = sys.platform == "win32", sys.platform == "darwin"
SUFFIX = ".dll" if WINDOWS else ".so"  # dlopen takes any on macOS

NEEDED = ("-O2", "-std=gnu11", "-ffp-contract=off", "-shared", "-w")
NEEDED += ("-static-libgcc",) if WINDOWS else ("-fPIC",)  # Windows and macOS: written so that they should work, untried
NEEDED += ("-Wl,-undefined,dynamic_lookup",) if MAC else ()
OPTIONAL = ("-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd")
PROCESSOR = {  # by machine: how a compiler is told to use all of this processor
    **dict.fromkeys(("x86_64", "amd64", "i686", "i386", "x86", "s390x"), "-march=native"),
    **dict.fromkeys(("aarch64", "arm64", "ppc64le"), "-mcpu=native"),
}
# gcc vectorizes what can be, as with -O3, and does none of the copying and unrolling that doubles its time for nothing;
# nor does it make calls of memcpy of loops, for which vectors would leave their registers
GCC = ("-pipe", "-ftree-vectorize", "-fvect-cost-model=unlimited", "-fno-tree-loop-distribute-patterns",
       "--param=vect-epilogues-nomask=0", "--param=max-completely-peel-times=8")

SAID = "compiler.txt"  # the file for what a compiler says
ZIG_FOLDER = "symloss-zig"  # beside the libraries: what zig keeps
ABSENT = "there is no such program"


class NoCompilerError(SpecError):
    """No C compiler works; the text says why, and how to get one."""


class RefusedTextError(SpecError):
    """A compiler that works does not compile a text; it says what the compiler said."""


_passed_over: dict[tuple, str] = {}  # commands that do not work, with the reason
_refused: dict[tuple, frozenset] = {}  # flags that a command does not take


@dataclasses.dataclass(frozen=True)
class Compiler:
    """A C compiler.

    Parameters
    ----------
    command : tuple of str
        The program's absolute path, and arguments that always come first.
    kind : str
        'gcc', 'clang' or 'zig', as far as the name tells.
    file : tuple
        Real path, name, size and time of the program, which tell it from other versions without running it.
    """

    command: tuple[str, ...]
    kind: str
    file: tuple

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags it gets for a shared library, without those that it refused."""
        refused = _refused.get(self.command, ())
        return NEEDED + tuple(flag for flag in self.optional_flags if flag not in refused)

    @property
    def optional_flags(self) -> tuple[str, ...]:
        """The flags that make code faster, or its compilation."""
        processor = PROCESSOR.get(platform.machine().lower())
        if processor and self.kind == "zig":
            processor = "-mcpu=native"
        return (*OPTIONAL, *([processor] if processor else []), *(GCC if self.kind == "gcc" else ()))

    @property
    def identity(self) -> str:
        """What a library depends on of the compiler: its version, its arguments and its flags."""
        return repr((self.file, self.command[1:], NEEDED, self.optional_flags))

    @functools.cached_property
    def name(self) -> str:
        """Its name with its version, for which it is run."""
        with contextlib.suppress(OSError, subprocess.SubprocessError, IndexError):
            answer = subprocess.run([*self.command, "--version"], capture_output=True, timeout=30, check=True,
                                    stdin=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C"})
            line = answer.stdout.decode(errors="replace").splitlines()[0]
            kind, version = "clang" if "clang" in line else self.kind, re.search(r"\d+(\.\d+)+", line)
            return f"{kind} {version[0]}{' of zig' * (self.kind == 'zig')}" if version else line.strip()
        return f"{self.kind} (its version cannot be told)"

    def compile(self, folder: pathlib.Path, source: str, library: str) -> str | None:
        """Compile a file in `folder` to a library there; return None, or what the compiler said when it failed.

        Flags that it refuses and that can be missed are left out from then on, with a warning.
        """
        while True:
            command = [*self.command, *self.flags, "-o", library, "-x", "c", source]
            said = _run(command, folder, self._environment(folder))
            if said is None:
                return None
            complaints = "\n".join(line for line in said.splitlines() if "error" in line)
            refused = [flag for flag in self.optional_flags if flag in self.flags and _is_named(flag, complaints)]
            if not refused:
                return said
            _refused[self.command] = _refused.get(self.command, frozenset()) | set(refused)
            warnings.warn(f"the C compiler {shlex.join(self.command)} does not accept {' '.join(refused)}, so its "
                          "code may be slower. Set CC to another compiler for full speed.",
                          SymlossWarning, stacklevel=5)

    def _environment(self, folder):
        environment = os.environ | {"LC_ALL": "C"}
        if self.kind == "zig":  # which keeps its C library compiled
            environment.setdefault("ZIG_GLOBAL_CACHE_DIR", str(folder.parent / ZIG_FOLDER))
        return environment


def _is_named(flag, complaints) -> bool:
    """Return whether complaints are of a flag, which compilers name in whole, or by its name or its value alone."""
    name, _, value = flag.removeprefix("--param=").partition("=")
    return name in complaints or bool(re.search(f"unknown target CPU '{value}'", complaints) if value else False)


def _run(command, folder, environment) -> str | None:
    """Run a command in `folder`; return None, or what it said when it failed. Whatever ends this, ends the command."""
    own_group = {} if WINDOWS else {"process_group": 0}  # so that what it starts can be ended as well
    process = None
    start = time.monotonic()
    with (folder / SAID).open("w+b") as output:
        try:
            with _interrupts_wait():  # a process that has just been started, and that nobody knows, cannot be ended
                process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                           stdout=output, stderr=output, **own_group)
                alarm = threading.Timer(TIMEOUT, _end, [process])  # wait(TIMEOUT) would look 20 times a second
                alarm.daemon = True
                alarm.start()
            process.wait()
        except OSError as error:
            return f"it cannot be run ({error.strerror or error})"
        finally:
            if process is not None:
                alarm.cancel()
                _end(process)
        output.seek(0)
        said = output.read(1_000_000).decode(errors="replace").strip()
    if process.returncode == 0:
        (folder / SAID).unlink()
        return None
    if time.monotonic() - start >= TIMEOUT:
        return f"it took longer than {TIMEOUT} s"
    code = process.returncode
    return said or (f"it was ended by signal {-code}" if code < 0 else f"it ended with code {code}")


@contextlib.contextmanager
def _interrupts_wait():
    """Within, Ctrl-C waits; at the end it does what it would have done."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    pressed = []
    signal.signal(signal.SIGINT, lambda *press: pressed.append(press))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if pressed:
            handler(*pressed[-1])


def _end(process) -> None:
    """End a process with all that it started, if it still runs."""
    for sent in ("SIGTERM", "SIGKILL"):  # the first lets it tidy up
        if process.poll() is None:
            with contextlib.suppress(OSError):
                process.terminate() if WINDOWS else os.killpg(process.pid, getattr(signal, sent))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)


# ------------------------------------------------------------------------------------------------------------ finding


def find() -> Compiler | None:
    """Return the compiler in use: the first of $CC, gcc, clang, cc and zig that exists and was not passed over."""
    return next((found for found in candidates() if found.command not in _passed_over), None)


def candidates() -> tuple[Compiler, ...]:
    """Return all compilers that exist here, in the order in which they are tried."""
    return _candidates(_wish(), os.environ.get("PATH"))


def pass_over(compiler: Compiler, why: str) -> None:
    """Note that a compiler does not work, and say so if another one takes its place."""
    _passed_over[compiler.command] = why
    other = find()
    if other is not None:
        _say_passed_over(shlex.join(compiler.command), why, other)


def none_works() -> str:
    """Say why there is no compiler, and how to get one."""
    reasons = [f"{shlex.join(found.command)}: {_passed_over.get(found.command, 'not tried')}" for found in candidates()]
    if _wish() and not _wanted(_wish()):
        reasons.insert(0, f"CC={_wish()}: {ABSENT}")
    return (f"no C compiler works here ({'; '.join(reasons) or 'there is no gcc, clang or cc'}); install gcc or clang, "
            f"or run pip install ziglang")


def _wish() -> str:
    return os.environ.get("CC", "").strip()


def _say_passed_over(what, why, other):
    warnings.warn(f"the C compiler {what} does not work ({why}), so symloss uses {shlex.join(other.command)} instead. "
                  "Set CC to a compiler that works.",
                  SymlossWarning, stacklevel=4)


@functools.lru_cache(maxsize=8)
def _candidates(wish, path) -> tuple[Compiler, ...]:
    wanted = _wanted(wish)
    found = [wanted, *(_at(shutil.which(name, path=path)) for name in ("gcc", "clang", "cc")), _zig()]
    several: dict[tuple, Compiler] = {}
    for compiler in filter(None, found):
        several.setdefault((compiler.file, compiler.command[1:]), compiler)  # cc is mostly another name of the first
    if wish and not wanted and several:
        _say_passed_over(f"CC={wish}", ABSENT, next(iter(several.values())))
    return tuple(several.values())


def _wanted(words) -> Compiler | None:
    """Return the compiler that $CC names, which may be a path with spaces, or a program with arguments."""
    if not words or shutil.which(words):
        return _at(shutil.which(words)) if words else None
    try:
        program, *arguments = shlex.split(words, posix=not WINDOWS)
    except ValueError:  # an open quote
        return None
    return _at(shutil.which(program), arguments)


def _at(path, arguments=()) -> Compiler | None:
    """Return the compiler at a path, if there is one."""
    try:
        path = os.path.abspath(path)
        real = os.path.realpath(path)
        found = os.stat(real)
    except (TypeError, OSError):
        return None
    names = [os.path.basename(file).lower() for file in (real, path)]
    name = next((name for name in names if re.search("gcc|clang|zig", name)), names[1])  # ccache acts as it is called
    named_gcc = "gcc" in name and not (MAC and name == "gcc")  # which is clang there
    kind = "zig" if name.startswith("zig") else "gcc" if named_gcc else "clang"
    return Compiler((path, *arguments), kind, (real, name, found.st_size, found.st_mtime_ns))


def _zig() -> Compiler | None:
    """Return the compiler of the package `ziglang`, if it is installed."""
    try:
        places = importlib.util.find_spec("ziglang").submodule_search_locations or ()
    except (AttributeError, ImportError, ValueError):
        return None
    return next(filter(None, (_at(shutil.which("zig", path=place), ["cc"]) for place in places)), None)
