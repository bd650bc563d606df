"""What symloss finds on this machine: versions, compiler, BLAS and its speed, threads, cache, and working modes."""

import contextlib
import importlib.metadata
import platform
import shlex
import subprocess
import time
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
from rich.console import Console

from .. import __version__
from ..compiling import blas, compiler_failures, function, modes, resolve
from ..compiling.ccode import building
from ..errors import SymlossError
from . import cache
from .console import rows, say

PACKAGES = ("pytensor", "numpy", "scipy", "scipy-openblas32", "rich", "safetensors", "matplotlib", "numba", "jax")
SIZE, REPEATS = 1024, 5  # of the square single-precision product whose speed is measured


def run(console: Console) -> int:
    """Print what is found on `console`, and return the exit code: 0 if models compile here, else 1."""
    working = {name: _try(name) for name in modes.NAMES}
    sections = {
        "versions": _versions(),
        "compiler": _compilers(),
        "BLAS": _blas(working["C"].startswith("works")),
        "threads": _threads(),
        "cache": cache.table(),
        "modes": working,
    }
    for title, table in sections.items():
        console.print()
        rows(console, table, title)
    if not any(text.startswith("works") for text in working.values()):
        say(console, "\nNo mode works here; install a C compiler (gcc or clang).")
        return 1
    say(console, f"\nModels compile with {resolve().name}, unless mode=... says otherwise.")
    return 0


def _versions() -> dict[str, str]:
    found = {"symloss": __version__, "python": f"{platform.python_version()} on {platform.platform()}"}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _compilers() -> dict[str, str]:
    return _c_compiler() | _cpp_compiler()


def _c_compiler() -> dict[str, str]:
    try:
        seconds = building.seconds()
    except SymlossError as error:
        return {"C": str(error)}
    found = building.find()
    return {"C": f"{found.name}, {shlex.join(found.command)}; compiles and loads one line in {seconds:.2f} s",
            "its flags": " ".join(found.flags)}


def _cpp_compiler() -> dict[str, str]:
    command = pytensor.config.cxx
    if not command:
        return {"C++": f"{compiler_failures.no_compiler()}; install g++, or clang++ with Xcode's command line tools on "
                       f"macOS"}
    resolve("CVM")  # adds its flags
    version = "its version cannot be told"
    with contextlib.suppress(OSError, subprocess.SubprocessError, IndexError):
        answer = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=30, check=True)
        version = answer.stdout.splitlines()[0]
    return {"C++": f"{version}, {command}", "flags": pytensor.config.gcc__cxxflags.strip()}


# --------------------------------------------------------------------------------------------------------------- BLAS


def _blas(compiles: bool) -> dict[str, str]:
    blas_found = blas.used(own=True) or blas.provide()
    found = {"from": blas_found.origin}
    if blas_found.library:
        found["library"] = blas_found.library
    elif blas_found.flags:
        found["flags"] = blas_found.flags
    if compiles:
        found |= _speeds(blas_found)
    found["numpy"] = f"{_gigaflops(_numpy_product()):.0f} GFLOP/s with its own BLAS and threads"
    found["measured on"] = f"a float32 product of {SIZE} x {SIZE} matrices, the best of {REPEATS}"
    return found


def _speeds(blas_found) -> dict[str, str]:
    """Return the speed of compiled C code, on one core and on all where that can be set."""
    product = _compiled_product()
    before = blas_found.threads()
    if before is None or blas.user_set_threads():
        return {"compiled C": f"{_gigaflops(product):.0f} GFLOP/s"}
    found = {}
    try:
        for count in sorted({1, blas.cores()}):
            blas_found.set_threads(count)
            found[f"C, {_cores(count)}"] = f"{_gigaflops(product):.0f} GFLOP/s"
    finally:
        blas_found.set_threads(before)
    return found


def _cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"


def _matrix():
    return np.random.default_rng(0).normal(size=(SIZE, SIZE)).astype("float32")


def _compiled_product():
    """Return a function of nothing that multiplies two matrices in compiled C, and keeps the result where it is."""
    a, b, c = (pytensor.shared(_matrix(), name=name, shape=(SIZE, SIZE)) for name in "abc")
    return function([], [], resolve("C"), updates={c: pt.dot(a, b)})


def _numpy_product():
    """Return a function of nothing that multiplies two matrices with numpy, and keeps the result where it is."""
    a, b, c = _matrix(), _matrix(), _matrix()
    return lambda: np.matmul(a, b, out=c)


def _gigaflops(product) -> float:
    product()  # the first call wakes threads and fills caches
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - start)
    return 2 * SIZE**3 / best / 1e9


# -------------------------------------------------------------------------------------------------- threads and modes


def _threads() -> dict[str, str]:
    found, cores = {"cores": str(blas.cores())}, blas.cores()
    now = blas.provide().threads()
    if now is None:
        return found | {"chosen": "as the BLAS decides; symloss sets them for scipy-openblas32 only"}
    if blas.user_set_threads():
        return found | {"chosen": f"{now}, as OPENBLAS_NUM_THREADS or OMP_NUM_THREADS in the environment says"}
    if cores == 1:
        return found | {"chosen": "1, there is one core"}
    crossover = blas.crossover()
    if crossover > 1e15:
        return found | {"chosen": "1 always: all cores were not measured to be faster for any size"}
    return found | {
        "chosen": f"1 for products of fewer than {crossover / 1e6:.2g} million multiplications, else {cores}",
        "why": "measured once, and kept in the cache folder",
    }


def _try(name: str) -> str:
    """Return 'works', with the time of a small compilation, or why this mode does not work."""
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            backend = resolve(name)
            x = pt.vector("x", dtype="float32")
            total = function([x], [pt.tanh(x).sum()], backend)(np.ones(3, "float32"))
        if not np.allclose(total, 3 * np.tanh(1), rtol=1e-4):
            return f"compiles, but computes {total} for 3 tanh(1)"
    except SymlossError as error:
        return str(error)
    except Exception as error:  # a broken installation raises what it likes; the doctor reports it and goes on
        return f"fails: {type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
    return f"works (compiles and runs a small function in {time.perf_counter() - start:.1f} s)"
