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
import warnings

from ...errors import SymlossWarning

TIMEOUT = 180  # seconds that a compiler may take for one file
WINDOWS, MAC = sys.platform == "win32", sys.platform == "darwin"
SUFFIX = ".dll" if WINDOWS else ".so"  # dlopen takes any on macOS

NEEDED = ("-O3", "-std=gnu11", "-ffp-contract=off", "-shared", "-w")
NEEDED += ("-static-libgcc",) if WINDOWS else ("-fPIC",)  # Windows and macOS: written so that they should work, untried
NEEDED += ("-Wl,-undefined,dynamic_lookup",) if MAC else ()
OPTIONAL = ("-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd")
PROCESSOR = {  # by machine: how a compiler is told to use all of this processor
    **dict.fromkeys(("x86_64", "amd64", "i686", "i386", "x86", "s390x"), "-march=native"),
    **dict.fromkeys(("aarch64", "arm64", "ppc64le"), "-mcpu=native"),
}
UNROLLING = "--param=max-completely-peel-times=8"  # halves the time gcc takes; the code is as fast

passed_over: dict[tuple, str] = {}  # commands that do not work, with the reason
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
    """

    command: tuple[str, ...]
    kind: str

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags it gets for a shared library, without those that it refused."""
        refused = _refused.get(self.command, ())
        return NEEDED + tuple(flag for flag in self._optional() if flag not in refused)

    def _optional(self):
        """Return the flags that make code faster, or its compilation."""
        processor = PROCESSOR.get(platform.machine().lower())
        if processor and self.kind == "zig":
            processor = "-mcpu=native"
        return (*OPTIONAL, *filter(None, [processor]), *([UNROLLING] if self.kind == "gcc" else []))

    @functools.cached_property
    def identity(self) -> str:
        """What tells it from other compilers and other versions, without running it."""
        program = pathlib.Path(self.command[0]).resolve()
        found = program.stat()
        return repr((str(program), found.st_size, found.st_mtime_ns, self.command[1:], NEEDED, self._optional()))

    @functools.cached_property
    def name(self) -> str:
        """Its name with its version, for which it is run."""
        with contextlib.suppress(OSError, subprocess.SubprocessError, IndexError):
            answer = subprocess.run([*self.command, "--version"], capture_output=True, timeout=30, check=True,
                                    stdin=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C"})
            line = answer.stdout.decode(errors="replace").splitlines()[0]
            kind = "zig" if self.kind == "zig" else "clang" if "clang" in line else self.kind
            version = re.search(r"\d+(\.\d+)+", line)
            return f"{kind} {version[0]}" if version else f"{kind} ({line.strip()})"
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
            refused = [flag for flag in self._optional() if flag in self.flags and _is_named(flag, complaints)]
            if not refused:
                return said
            _refused[self.command] = _refused.get(self.command, frozenset()) | set(refused)
            warnings.warn(f"the compiler {shlex.join(self.command)} does not take {' '.join(refused)}; compiled code may "
                          "be slower. Set CC to another compiler for full speed.", SymlossWarning, stacklevel=6)

    def _environment(self, folder):
        environment = os.environ | {"LC_ALL": "C"}
        if self.kind == "zig":  # which keeps its C library compiled
            environment.setdefault("ZIG_GLOBAL_CACHE_DIR", str(folder.parent / "zig"))
        return environment


def _is_named(flag, complaints) -> bool:
    """Return whether complaints are of a flag, which compilers name in whole, or by its name or its value alone."""
    name, _, value = flag.removeprefix("--param=").partition("=")
    return name in complaints or bool(re.search(f"unknown target CPU '{value}'", complaints) if value else False)


def _run(command, folder, environment) -> str | None:
    """Run a command in `folder`; return None, or what it said when it failed. Whatever ends this, ends the command."""
    own_group = {} if WINDOWS else {"process_group": 0}  # so that what it starts can be ended as well
    try:
        with (folder / "compiler.txt").open("w+b") as output:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, close_fds=False, **own_group)
            try:
                process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                return f"error: it took longer than {TIMEOUT} s"
            finally:
                _end(process)
            if process.returncode == 0:
                return None
            output.seek(0)
            said = output.read(1_000_000).decode(errors="replace").strip()
    except OSError as error:
        if pathlib.Path(error.filename or "").name == "compiler.txt":
            raise  # the folder's fault
        return f"error: it cannot be run ({error.strerror or error})"
    code = process.returncode
    return said or (f"error: it was ended by signal {-code}" if code < 0 else f"error: it ended with code {code}")


def _end(process) -> None:
    """End a process with all that it started, if it still runs."""
    if process.poll() is None:
        for sent in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):  # the first lets it tidy up
            with contextlib.suppress(OSError):
                process.terminate() if WINDOWS else os.killpg(process.pid, sent)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
                return


# ------------------------------------------------------------------------------------------------------------ finding


def find() -> Compiler | None:
    """Return the compiler in use: the first of $CC, gcc, clang, cc and zig that exists and was not passed over."""
    return next((found for found in candidates() if found.command not in passed_over), None)


def candidates() -> tuple[Compiler, ...]:
    """Return all compilers that exist here, in the order in which they are tried."""
    return _candidates(os.environ.get("CC", "").strip(), os.environ.get("PATH"))


@functools.lru_cache(maxsize=8)
def _candidates(wanted, path) -> tuple[Compiler, ...]:
    found = [*_wanted(wanted), *(_at(shutil.which(name, path=path)) for name in ("gcc", "clang", "cc")), _zig()]
    several: dict[tuple, Compiler] = {}
    for compiler in filter(None, found):  # cc is mostly another name of the first
        several.setdefault((os.path.realpath(compiler.command[0]), *compiler.command[1:]), compiler)
    return tuple(several.values())


def _wanted(words) -> list:
    """Return the compiler that $CC names, or note why it is none."""
    if not words:
        return []
    if shutil.which(words):  # a path with spaces
        return [_at(shutil.which(words))]
    try:
        program, *arguments = shlex.split(words, posix=not WINDOWS)
        found = _at(shutil.which(program), arguments)
    except ValueError:  # an open quote
        found = None
    if found is None:
        passed_over[words,] = "CC names no program that exists"
    return [found]


def _at(path, arguments=()) -> Compiler | None:
    """Return the compiler at a path, if there is one."""
    if path is None or not os.path.exists(path):
        return None
    path = os.path.abspath(path)
    file = os.path.basename(os.path.realpath(path)).lower()
    named_gcc = "gcc" in file and not (MAC and re.fullmatch(r"gcc(\.exe)?", file))  # which is clang there
    kind = "zig" if file.startswith("zig") else "gcc" if named_gcc else "clang"
    return Compiler((path, *arguments), kind)


def _zig() -> Compiler | None:
    """Return the compiler of the package `ziglang`, if it is installed."""
    try:
        places = importlib.util.find_spec("ziglang").submodule_search_locations
    except (AttributeError, ImportError, ValueError):
        return None
    found = next((shutil.which("zig", path=place) for place in places or ()), None)
    return _at(found, ["cc"])


def none_works() -> str:
    """Say why there is no compiler, and how to get one."""
    reasons = "; ".join(f"{shlex.join(command)}: {reason}" for command, reason in passed_over.items())
    return (f"no C compiler works here ({reasons or 'none was found: gcc, clang, cc'}). Install gcc or clang, or run "
            f"pip install ziglang")
