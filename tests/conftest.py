"""Settings and small data that the tests share."""

import gc
import os
import pathlib
import sys


def _set_by_user(option: str) -> bool:
    files = os.environ.get("PYTENSORRC", "~/.pytensorrc").split(os.pathsep)
    texts = [p.read_text() for p in (pathlib.Path(f).expanduser() for f in files) if p.is_file()]
    return any(option in text for text in (os.environ.get("PYTENSOR_FLAGS", ""), *texts))


def _set_flags() -> None:
    """Before PyTensor is imported: no C unless a test asks for it, and the cache of compiled code in the environment.

    What compiles to PyTensor's C, NUMBA or JAX is hardly optimized: that halves the time of it, or better, and the
    tutorials run as users' programs do. Variables do not remember the lines that made them. Workers of pytest-xdist set
    the same flags and share the cache; PyTensor locks it. The many programs that tests start read compiled modules of
    Python, without which each of them takes half a second more.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.environ.setdefault("NUMBA_OPT", "1")
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads of several workers would wait for each other
    flags = [os.environ.get("PYTENSOR_FLAGS", "")]
    if not _set_by_user("base_compiledir") and os.access(sys.prefix, os.W_OK):
        flags.append(f"base_compiledir={pathlib.Path(sys.prefix) / 'pytensor'}")
    for name, value in {"gcc__cxxflags": "-O0 -g0", "traceback__limit": "0"}.items():
        if not _set_by_user(name):
            flags.append(f"{name}={value}")
    if "mode=" not in flags[0]:
        flags.append("mode=FAST_COMPILE")
    os.environ["PYTENSOR_FLAGS"] = ",".join(filter(None, flags))


_set_flags()

import numpy as np  # noqa: E402
import precompiled_headers  # noqa: E402
import pytensor  # noqa: E402
import pytest  # noqa: E402
import quick_graphs  # noqa: E402
from pytensor.compile.mode import Mode, predefined_linkers, predefined_modes  # noqa: E402
from pytensor.link.vm import VMLinker  # noqa: E402

import symloss  # noqa: E402
from symloss.compiling import Backend  # noqa: E402
from symloss.compiling.backend_rewrites import FOR_PYTHON, NOT_FOR_PYTHON  # noqa: E402
from symloss.compiling.ccode import building  # noqa: E402

# as symloss' mode PYTHON: most of the time would go into rewriting. What is to be tested with rewrites names them.
predefined_modes["FAST_COMPILE"] = predefined_modes["FAST_COMPILE"].excluding(*NOT_FOR_PYTHON).register(*FOR_PYTHON)
# PyTensor 3.3 links with it what is inside of a softmax, even in functions that have no C otherwise
predefined_linkers["vm"] = VMLinker(use_cloop=False, c_thunks=False)

precompiled_headers.precompiled()
quick_graphs.quicken()

MARKERS = {"C": "c", "CVM": "cvm", "NUMBA": "numba", "JAX": "jax"}


def pytest_configure(config):
    for backend, marker in MARKERS.items():
        config.addinivalue_line("markers", f"{marker}: compiles with {backend}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of a mode, so that they can be chosen by it, and are skipped where there is none."""
    for item in items:
        mode = item.callspec.params.get("mode") if hasattr(item, "callspec") else None
        if isinstance(mode, str) and mode in MARKERS:
            item.add_marker(MARKERS[mode])


def pytest_collection_finish():
    """What is there when the tests begin stays: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def pytest_runtest_setup(item):
    if item.get_closest_marker("cvm") and not pytensor.config.cxx:
        pytest.skip("no C++ compiler")
    if item.get_closest_marker("c") and building.find() is None:
        pytest.skip("no C compiler")
    for package in ("numba", "jax"):
        if item.get_closest_marker(package):
            pytest.importorskip(package)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def points(rng):
    """Inputs (40, 5) and targets (40, 3) of a noisy line."""
    x = rng.normal(size=(40, 5))
    return x, x @ rng.normal(size=(5, 3)) + 0.1 * rng.normal(size=(40, 3))


@pytest.fixture
def labelled(rng):
    """Inputs (60, 4) in three heaps, and their labels."""
    y = np.arange(60) % 3
    return rng.normal(size=(60, 4)) + 4 * np.eye(3, 4)[y], y


@pytest.fixture
def many_steps():
    """A backend that runs many steps in one call, as C does, of thunks in Python that need no compiling."""
    if not pytensor.config.cxx:
        pytest.skip("no C++ compiler")
    linker = VMLinker(use_cloop=True, c_thunks=False, allow_gc=False)
    mode = Mode(linker=linker, optimizer=predefined_modes["FAST_COMPILE"].provided_optimizer)
    return Backend("PYTHON in one call", mode, many_steps=True)


@pytest.fixture(params=["step by step", "many steps"])
def backend(request):
    """Both ways in which a training runs its steps: what a model takes as `mode`."""
    return "PYTHON" if request.param == "step by step" else request.getfixturevalue("many_steps")


@pytest.fixture
def compilations(monkeypatch):
    """A list that grows by one with every call of pytensor.function."""
    calls, original = [], pytensor.function

    def counted(*arguments, **keywords):
        calls.append(arguments)
        return original(*arguments, **keywords)

    monkeypatch.setattr(pytensor, "function", counted)
    return calls


@pytest.fixture
def orders(monkeypatch):
    """The rows of every training step so far: a list of one array for each batch."""
    seen, original = [], symloss.compiling.TrainingStep.run

    def watched(self, order, batch):
        seen.extend(np.array(order[start : start + batch]) for start in range(0, len(order), batch))
        return original(self, order, batch)

    monkeypatch.setattr(symloss.compiling.TrainingStep, "run", watched)
    return seen


@pytest.fixture
def registered():
    """Names that a test registers are taken back after it."""
    from symloss import activations, layers, losses, metrics, regularizers

    registries = [losses.registry, metrics.registry, regularizers.registry, activations.registry, layers.registry]
    before = [(dict(r._entries), dict(r._names)) for r in registries]
    yield
    for registry, (entries, names) in zip(registries, before, strict=True):
        registry._entries, registry._names = entries, names


@pytest.fixture
def shared():
    """The folder of reference data beside the checkout; tests that need it are skipped without."""
    folder = pathlib.Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("no folder of reference data beside the checkout")
    return folder


@pytest.fixture(autouse=True)
def numbers_of_its_own(request):
    """Let the random numbers of a module begin anew in each test, so that they are the same in any order of tests."""
    if isinstance(getattr(request.module, "rng", None), np.random.Generator):
        request.module.rng = np.random.default_rng(1)
