"""A BLAS for PyTensor's C code: the user's own flags first, else the OpenBLAS of the wheel ``scipy-openblas32``."""

import contextlib
import ctypes
import dataclasses
import functools
import json
import os
import pathlib
import sys
import threading
import time
import warnings

import numpy as np
import pytensor

ROUTINES = tuple(
    f"{kind}{name}_"
    for kinds, names in (
        ("sd", "gemm gemv ger dot axpy scal nrm2 copy swap asum syr syrk symv symm trmm trsm trsv"),
        ("cz", "gemm gemv axpy scal copy swap"),
    )
    for kind in kinds
    for name in names.split()
) + ("cdotu_", "zdotu_", "isamax_", "idamax_", "cgerc_", "cgeru_", "zgerc_", "zgeru_")


@dataclasses.dataclass(frozen=True)
class Blas:
    """The BLAS that C code is linked with.

    Parameters
    ----------
    origin : str
        Where it comes from, in words.
    flags : str
        What the compiler gets; empty: none was found, and PyTensor's own slow products serve.
    library : str or None
        File whose number of threads this module can set.
    """

    origin: str
    flags: str
    library: str | None = None

    @functools.cached_property
    def _handle(self):
        return ctypes.CDLL(self.library) if self.library else None

    def threads(self) -> int | None:
        """Return how many threads it uses now, or None if that is unknown."""
        return self._handle.scipy_openblas_get_num_threads() if self._handle else None

    def set_threads(self, count: int) -> None:
        """Set the number of threads that it uses, if that is possible."""
        if self._handle:
            self._handle.scipy_openblas_set_num_threads(ctypes.c_int(count))


@functools.cache
def provide() -> Blas:
    """Give PyTensor a BLAS, once, and say which; to be called before the first compilation."""
    with warnings.catch_warnings():  # PyTensor's own search ends in a long warning where pip installed it
        warnings.simplefilter("ignore")
        found = pytensor.config.blas__ldflags
    if found:
        return Blas("flags of the user, or found by PyTensor", found)
    blas = shipped()
    if blas is None:
        return Blas("none found: pip install scipy-openblas32", "")
    import scipy_openblas32

    folder, name = scipy_openblas32.get_lib_dir(), scipy_openblas32.get_library()
    defines = " ".join(f"-D{routine}=scipy_{routine}" for routine in ROUTINES)
    flags = f'-L{folder} -l{name} {_run_path(folder)} {defines}'.replace("  ", " ")
    pytensor.config.blas__ldflags = flags
    return dataclasses.replace(blas, flags=flags)


@functools.cache
def shipped() -> Blas | None:
    """Return the OpenBLAS of the wheel, which needs no compiler to be found; None where it is not installed."""
    try:
        with _short_waits():
            import scipy_openblas32
    except ImportError:
        return None
    folder, name = scipy_openblas32.get_lib_dir(), scipy_openblas32.get_library()
    found = [p for p in pathlib.Path(folder).glob(f"*{name}.*") if p.suffix in (".so", ".dylib", ".dll")]
    return Blas(f"OpenBLAS of scipy-openblas32 {scipy_openblas32.__version__}", "", str(found[0]) if found else None)


@contextlib.contextmanager
def _short_waits():
    """Let an OpenBLAS that is loaded in this context end its waiting threads after half a millisecond.

    They wait for more work by running, for some 30 ms if nobody says otherwise, and keep a processor from others.
    """
    name = "OPENBLAS_THREAD_TIMEOUT"  # the logarithm to base 2 of the number of cycles
    if name in os.environ:
        yield
        return
    os.environ[name] = "20"
    try:
        yield
    finally:
        del os.environ[name]


def used(own: bool) -> Blas | None:
    """Return the BLAS of the compiler of our own, or that of PyTensor's C code."""
    return shipped() if own else provide()


@functools.cache
def product(dtype: str) -> int:
    """Return the address of the function that multiplies matrices: of the wheel, or else of scipy."""
    name, blas = "sgemm" if dtype == "float32" else "dgemm", shipped()
    if blas is not None and blas.library:
        return ctypes.cast(getattr(blas._handle, f"scipy_{name}_"), ctypes.c_void_p).value
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__[name]
    called = ctypes.pythonapi.PyCapsule_GetName
    called.restype, called.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return pointer(capsule, called(capsule))


def _run_path(folder: str) -> str:
    if sys.platform == "win32":
        os.add_dll_directory(folder)
        return ""
    return f"-Wl,-rpath,{folder}"


def cores() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def user_set_threads() -> bool:
    """Return whether the user says in the environment how many threads there are."""
    return any(os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GOTO_NUM_THREADS"))


_users: list = []  # of a number of threads that is chosen here, from one thread of the program each
_changing = threading.Lock()


@contextlib.contextmanager
def threads_for(operations: float, wanted: bool = True, own: bool = False, shared: bool = False):
    """In this context, the BLAS uses the fastest number of threads for products of this many multiplications.

    `own`: the BLAS is that of the compiler of our own. `shared`: its caller shares the work among so many threads, and
    the BLAS uses one for each of them.

    The number belongs to the whole process. Where several threads of the program are in here, each sets its own, and
    the last one to leave restores what was there before the first.
    """
    blas = used(own)
    if not wanted or blas is None or blas.threads() is None or (user_set_threads() and not shared):
        yield blas.threads() if wanted and blas else None
        return
    count = min(cores(), blas.threads()) if user_set_threads() else threads(operations)
    with _changing:
        _users.append(blas.threads() if not _users else _users[0])
        blas.set_threads(1 if shared else count)
    try:
        yield count
    finally:
        with _changing:
            before = _users.pop()
            if not _users:
                blas.set_threads(before)


def threads(operations: float) -> int:
    """Return 1, or all cores if products of this many multiplications were measured to be faster with them."""
    return cores() if cores() > 1 and operations >= crossover() else 1


@functools.cache
def crossover() -> float:
    """Return from how many multiplications on a product is faster on all cores: measured once, kept in the cache."""
    path = pathlib.Path(pytensor.config.compiledir) / f"symloss-threads-{cores()}.json"
    try:
        return float(json.loads(path.read_text())["multiplications"])
    except (OSError, ValueError, KeyError, TypeError):
        found = _measure_crossover()
        if np.isfinite(found):  # a busy machine hides what its cores can do: then the next process measures again
            with contextlib.suppress(OSError):
                temporary = path.with_suffix(f".{os.getpid()}")
                temporary.write_text(json.dumps({"multiplications": found}))
                temporary.replace(path)
        return found


def _measure_crossover() -> float:
    blas = shipped()
    if blas is None or not blas.library:
        return float("inf")
    before = blas.threads()
    best = float("inf")
    try:
        for size in (1024, 768, 512, 384, 256, 192, 128, 96, 64):
            times = [[_seconds(blas, size, count) for count in (1, cores())] for _ in range(4)]
            alone, together = map(min, zip(*times, strict=True))
            if together > 0.8 * alone:
                break
            best = float(size) ** 3
    finally:
        blas.set_threads(before)
    return best


def _seconds(blas: Blas, size: int, count: int) -> float:
    """Return the least time of a square single-precision product with this number of threads."""
    blas.set_threads(count)
    a, b, c = (np.ones((size, size), np.float32) for _ in range(3))
    pointer = ctypes.POINTER(ctypes.c_float)
    n, one = ctypes.byref(ctypes.c_int(size)), ctypes.byref(ctypes.c_float(1))
    no = ctypes.c_char_p(b"N")
    data = [m.ctypes.data_as(pointer) for m in (a, b, c)]
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        blas._handle.scipy_sgemm_(no, no, n, n, n, one, data[0], n, data[1], n, one, data[2], n)
        best = min(best, time.perf_counter() - start)
    return best
