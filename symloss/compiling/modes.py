"""Backends: C by default, NUMBA where there is no compiler, PyTensor's CVM, JAX and plain PYTHON on request."""

import contextlib
import dataclasses
import importlib.util
import io
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode, predefined_modes
from pytensor.link.jax.linker import JAXLinker
from pytensor.link.vm import VMLinker

from ..errors import SpecError, SymlossWarning, unknown
from . import backend_rewrites as rewrites
from . import blas, threads
from . import time_loops as loops
from .ccode import building, compilers
from .compiler_failures import explained, no_compiler, without_absent_compiler

NAMES = ("C", "CVM", "NUMBA", "JAX", "PYTHON")
OTHERS = {"FAST_RUN": "C", "FAST_COMPILE": "PYTHON"}  # names that PyTensor has for them

# Comparisons and roots may be computed several at a time. NaN, infinity and the order of sums stay as they are.
C_FLAGS = ("-fno-trapping-math", "-fno-math-errno")


@dataclasses.dataclass(frozen=True)
class Backend:
    """A backend: what compiles, and how its functions can be called.

    Parameters
    ----------
    name : str
    mode : Mode
    many_steps : bool
        Whether one call can run many steps on data that lie in shared variables.
    by_shape : bool
        Whether functions are compiled for each shape of their inputs.
    own : bool
        Whether the compiler of our own takes what it knows.
    chosen : bool
        Whether the user asked for it; if not, another one may take its place where it fails.
    """

    name: str
    mode: Mode | None
    many_steps: bool = False
    by_shape: bool = False
    own: bool = False
    chosen: bool = True

    def otherwise(self) -> "Backend":
        """Return the backend of what the compiler of our own does not know."""
        if not self.own:
            return self
        if not self.chosen and building.find() is None:
            return resolve(None)
        return _for_the_rest(self.chosen)


OWN = Backend("C", None, many_steps=True, own=True)
DEFAULT = Backend("C", None, many_steps=True, own=True, chosen=False)
_told: set[str] = set()


def resolve(mode=None) -> Backend:
    """Return the backend called `mode`.

    Parameters
    ----------
    mode : str, Mode or None
        'C', 'CVM' (PyTensor's own C backend), 'NUMBA', 'JAX', 'PYTHON', or a PyTensor mode. None: what
        ``pytensor.config.mode`` says if the user set it, else C; without a compiler that works NUMBA, which is said
        once.

    Raises
    ------
    UnknownNameError
        For another name.
    SpecError
        If what the backend needs is not installed.
    """
    if isinstance(mode, Backend):
        return mode
    if mode is None and pytensor.config.mode == "Mode":
        return _default()
    name = name_of(mode)
    if name == "C":
        if building.find() is None:
            raise compilers.NoCompilerError(f"mode 'C': {compilers.none_works()}, or pass mode='NUMBA'")
        return OWN
    without_absent_compiler()
    blas.provide()
    if isinstance(mode, Mode):
        jax = isinstance(mode.linker, JAXLinker)
        return Backend("a mode of the user's", _for_jax(mode) if jax else mode, by_shape=jax)
    if name == "CVM":
        if not _compiler():
            raise SpecError(f"mode 'CVM': {no_compiler()}. Install g++, or use mode='C' or mode='NUMBA'")
        return _cvm()
    if name == "PYTHON":
        # more rewriting would take more than half of the time until the first step
        mode = Mode(loops.PythonLinker(), "fast_compile").including("py_only").excluding(*rewrites.NOT_FOR_PYTHON)
        mode = mode.register(*rewrites.FOR_PYTHON)
        return Backend("PYTHON", mode.register(*loops.inside(name)))
    if name in ("NUMBA", "JAX"):
        package = name.lower()
        if importlib.util.find_spec(package) is None:
            raise SpecError(f"mode {name!r}: the package {package} is not installed. Run pip install {package}")
        if name == "JAX":
            return Backend(name, _for_jax(predefined_modes[name]), by_shape=True)
        return Backend(name, predefined_modes[name])
    raise unknown("mode", mode, NAMES)


def name_of(mode=None) -> str:
    """Return the name of the backend that `mode` asks for, without looking whether it works."""
    if isinstance(mode, Backend):
        return mode.name
    name = str(pytensor.config.mode if mode is None else mode)
    if name in NAMES:
        return name
    return OTHERS.get(name.upper(), "C" if mode is None and name == "Mode" else name.upper())


def _compiler() -> str:
    """Return the command of the C++ compiler, '' if there is none."""
    # '' for moments in which graphs are built
    return pytensor.config.cxx or threads.alone(lambda: pytensor.config.cxx)()


def _default() -> Backend:
    if building.find() is not None:
        return DEFAULT
    _tell(f"{compilers.none_works()}. Until then functions compile with NUMBA")
    return resolve("NUMBA")


def _for_the_rest(chosen: bool) -> Backend:
    """Return the backend of what the compiler of our own does not know: PyTensor's C where it works."""
    without_absent_compiler()
    blas.provide()
    compiler = _compiler()
    if not compiler:
        said = f"{no_compiler()}, so what the compiler of symloss does not know compiles with NUMBA; install g++ for " \
               f"faster functions"
    elif not chosen and (why := _fails(compiler, pytensor.config.gcc__cxxflags, str(pytensor.config.compiledir))):
        said = f"{why}. Until then what the compiler of symloss does not know compiles with NUMBA"
    else:
        return _cvm()
    _tell(said)
    return resolve("NUMBA")


def _tell(said: str) -> None:
    """Warn of something once."""
    if said not in _told:
        _told.add(said)
        warnings.warn(said, SymlossWarning, stacklevel=6)


@threads.cached(8)
def _fails(compiler, flags, cache) -> str | None:
    """Return why C code cannot be compiled with these, or None: tried with one product, so that the BLAS is met too."""
    matrix = pt.matrix("matrix", dtype="float32")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # PyTensor prints the code that could not be compiled
            product = explained("CVM", lambda: pytensor.function([matrix], pt.dot(matrix, matrix), mode=_cvm().mode))
        product(np.ones((2, 2), "float32"))
    except SpecError as error:
        return str(error)
    return None


def _cvm() -> Backend:
    have = pytensor.config.gcc__cxxflags.split()
    missing = [flag for flag in C_FLAGS if flag not in have]
    if missing:
        pytensor.config.gcc__cxxflags = " ".join([*have, *missing])
    # buffers are kept from step to step: allow_gc=False
    mode = Mode(linker=VMLinker(use_cloop=True, allow_gc=False), optimizer=predefined_modes["CVM"].provided_optimizer)
    mode = mode.excluding(*rewrites.NOT_FOR_C).register(*rewrites.FOR_C, *loops.inside("C"))
    return Backend("CVM", mode, many_steps=True)


def _for_jax(mode) -> Mode:
    mode = mode.register(*rewrites.FOR_JAX)
    return mode.register((loops.KnownShapes(mode), 1.65))  # after all that makes other loops of them


def available() -> dict[str, str]:
    """Return for each backend 'works', or why it does not."""
    found = {}
    for name in NAMES:
        try:
            resolve(name)
            found[name] = "works"
        except SpecError as error:
            found[name] = str(error)
    return found
