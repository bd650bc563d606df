"""The BLAS that C code gets, how many threads it uses, and that PyTensor's complaints stay inside."""

import os
import pathlib
import subprocess
import sys

import pytest

import symloss
from symloss.compiling import blas


def run(code, *python, mode="Mode", **environment):
    """Run code in a fresh Python with the compile cache of this one; return (standard output, standard error)."""
    flags = [f for f in os.environ["PYTENSOR_FLAGS"].split(",") if not f.startswith(("mode=", "blas__ldflags"))]
    flags = [*flags, f"mode={mode}", *environment.pop("flags", [])]
    path = os.pathsep.join([str(pathlib.Path(symloss.__file__).parents[1]), *filter(None, sys.path)])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment.setdefault(name, "")
    environment = os.environ | {"PYTENSOR_FLAGS": ",".join(flags), "PYTHONPATH": path} | environment
    done = subprocess.run([sys.executable, *python, "-c", code], capture_output=True, text=True, env=environment,
                          timeout=300, check=False, cwd=sys.prefix)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


TRAIN = """
import numpy as np, symloss
x = np.ones((8, 2))
net = symloss.Regressor([2, 1], mode="CVM")
net.train([x, x[:, :1]], algo="sgd", epochs=1, verbose=0)
print(net.predict(x).shape)
"""


@pytest.mark.c
@pytest.mark.parametrize("mode", ["C", pytest.param("CVM", marks=pytest.mark.cvm)])
def test_no_warning_reaches_the_user_who_trains(mode):
    quicker = "import precompiled_headers; precompiled_headers.precompiled()\n" if mode == "CVM" else ""
    assert run(quicker + TRAIN.replace("CVM", mode), "-W", "error") == ("(8, 1)", "")


@pytest.mark.cvm
def test_no_warning_reaches_the_user_who_imports():
    assert run("import symloss; symloss.Regressor([2, 1])", "-W", "error") == ("", "")


def test_nothing_is_said_of_g_plus_plus_where_there_is_none():
    """But for the one line of symloss itself, once."""
    pytest.importorskip("numba")
    code = "import symloss; [symloss.Regressor([2, 1]) for _ in range(3)]"
    out, err = run(code, flags=["cxx="], PATH="/nowhere")
    said = [line for line in err.splitlines() if line and not line.startswith(" ")]
    assert len(said) == 1 and "SymlossWarning: no C compiler works here" in said[0], err


SHOW = "import symloss, pytensor; b = symloss.compiling.blas.provide(); print(b.flags, pytensor.config.blas__ldflags)"


def test_flags_of_the_user_are_respected():
    out, _ = run(f"{SHOW}; print(b.library)", flags=["blas__ldflags=-lmine"])
    assert out.split() == ["-lmine", "-lmine", "None"]


@pytest.mark.cvm
def test_a_blas_is_found_from_pip_alone():
    found = blas.provide()
    assert found.flags
    if found.library:
        assert "openblas" in found.library and os.path.exists(found.library)
        assert found.threads() >= 1


def test_threads_are_restored(monkeypatch):
    if not blas.provide().library:
        pytest.skip("threads of this BLAS cannot be set")
    monkeypatch.setattr(blas, "crossover", lambda: 1000.0)
    monkeypatch.setattr(blas, "cores", lambda: 2)
    monkeypatch.setattr(blas, "user_set_threads", lambda: False)
    found = blas.provide()
    before = found.threads()
    for operations, count in ((10.0, 1), (1e6, 2)):
        with blas.threads_for(operations) as used:
            assert used == found.threads() == count
        assert found.threads() == before
    with pytest.raises(KeyError), blas.threads_for(10.0):
        raise KeyError
    assert found.threads() == before


@pytest.mark.parametrize(("cores", "operations", "count"), [(1, 1e12, 1), (4, 999, 1), (4, 1000, 4), (4, 1e12, 4)])
def test_small_products_run_on_one_core_and_large_ones_on_all(cores, operations, count, monkeypatch):
    monkeypatch.setattr(blas, "crossover", lambda: 1000.0)
    monkeypatch.setattr(blas, "cores", lambda: cores)
    assert blas.threads(operations) == count


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"])
def test_the_number_of_threads_that_the_user_set_is_kept(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    if not blas.provide().library:
        pytest.skip("threads of this BLAS cannot be set")
    monkeypatch.setattr(blas, "crossover", lambda: pytest.fail("measured"))
    before = blas.provide().threads()
    with blas.threads_for(1e12):
        assert blas.provide().threads() == before
