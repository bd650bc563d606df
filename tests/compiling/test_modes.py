"""Backends: which is chosen, and that all give the same trained parameters."""

import errno
import os
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.sparse
from pytensor.compile.mode import Mode
from pytensor.link.c.exceptions import CompileError

import symloss
from symloss import Classifier, Regressor
from symloss.compiling import Backend, compiler_failures, function, modes, resolve
from symloss.compiling.ccode import building, compilers, program


def flat(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


def trained(net, y, noise=True):
    """Parameters, figures and predictions of a weighted model with a penalty and noise after two trainings."""
    more = [{"hidden_dropout": rate} for rate in (0.3, 0.1)] if noise else [{}, {}]
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(30, 3)), rng.uniform(size=30)
    options = {"algo": "sgd", "learning_rate": 0.05, "batch_size": 7, "verbose": 0, "patience": None}
    net.train([x, y, w], [x, y, w], epochs=3, weight_l2=0.01, **more[0], **options)
    net.losses[0].weight = 2
    net.train([x, y, w], [x, y, w], epochs=2, weight_l2=0.02, **more[1], **options)
    return flat(net), [r["loss"] for r in net.history], [r["valid_loss"] for r in net.history], net.feed_forward(x)


def same(one, other, rtol):
    for a, b in zip(one[:3], other[:3], strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol)
    for name in one[3]:
        np.testing.assert_allclose(one[3][name], other[3][name], rtol=rtol, atol=1e-12)


def test_many_steps_in_one_call_are_the_same_steps(many_steps):
    y = np.arange(30) % 4
    same(*(trained(Classifier([3, 5, 4], weighted=True, mode=mode), y) for mode in ("PYTHON", many_steps)), rtol=1e-9)


@pytest.mark.c
def test_c_gives_the_parameters_of_python(compilations):
    y = np.random.default_rng(4).normal(size=(30, 2))
    found = trained(Regressor([3, 4, 2], weighted=True, mode="C"), y, noise=False)  # it draws other numbers
    assert not compilations  # PyTensor has compiled nothing
    same(found, trained(Regressor([3, 4, 2], weighted=True, mode="PYTHON"), y, noise=False), rtol=1e-8)


@pytest.mark.cvm
def test_pytensors_c_compiles_step_evaluation_and_prediction_once(compilations):
    y = np.random.default_rng(4).normal(size=(30, 2))
    found = trained(Regressor([3, 4, 2], weighted=True, mode="CVM"), y)
    assert len(compilations) == 3  # another weight or strength needed no compiling
    same(found, trained(Regressor([3, 4, 2], weighted=True, mode="PYTHON"), y), rtol=1e-8)


@pytest.mark.parametrize("mode", ["NUMBA", "JAX"])
def test_other_backends_give_the_parameters_of_python(mode):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(10, 2)), rng.normal(size=(10, 1))
    nets = [Regressor([2, 1], mode=m) for m in ("PYTHON", mode)]
    for net in nets:
        net.train([x, y], algo="sgd", epochs=3, batch_size=4, learning_rate=0.1, verbose=0)
    np.testing.assert_allclose(flat(nets[0]), flat(nets[1]), rtol=1e-10)
    assert flat(nets[1]).any()


@pytest.mark.jax
def test_jax_trains_without_a_warning_and_hands_over_what_numpy_knows(labelled):
    x, y = labelled
    with pytensor.config.change_flags(floatX="float32"), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        nets = [Classifier([4, (6, "relu"), 12], mode=m) for m in ("PYTHON", "JAX")]
        for net in nets:
            net.train([x, y], [x, y], algo="adam", epochs=2, batch_size=25, verbose=0)
    np.testing.assert_allclose(flat(nets[1]), flat(nets[0]), rtol=1e-3, atol=1e-5)
    assert {type(p.get_value()) for p in nets[1].params} == {np.ndarray}
    assert {p.get_value().dtype.name for p in nets[1].params} == {"float32"}


@pytest.mark.jax
def test_jax_takes_no_sparse_inputs_and_says_so():
    net = Regressor([{"size": 3, "sparse": "csr"}, 1], mode="JAX")
    with pytest.raises(symloss.SpecError, match="'in' is sparse|in is sparse.*mode='C'"):
        net.train([scipy.sparse.eye(3, format="csr"), np.ones((3, 1))], algo="sgd", epochs=1, verbose=0)


@pytest.mark.c
def test_c_is_the_default_where_there_is_a_compiler():
    with pytensor.config.change_flags(mode="Mode"):
        backend = resolve(None)
    assert backend.name == "C" and backend.many_steps


@pytest.fixture
def no_compiler(monkeypatch):
    """A machine without a C compiler."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(compilers, "_zig", lambda: None)
    compilers._candidates.cache_clear()
    yield
    compilers._candidates.cache_clear()


def test_no_compiler_means_numba_and_is_said_once(monkeypatch, no_compiler):
    pytest.importorskip("numba")
    monkeypatch.setattr(modes, "_told", set())
    with pytensor.config.change_flags(mode="Mode", cxx=""):
        with pytest.warns(symloss.SymlossWarning, match="no C compiler.*install gcc.*NUMBA") as caught:
            net = Regressor([2, 1])
        assert len(caught) == 1
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Regressor([2, 1])
            assert resolve(net.mode).name == "NUMBA"
            assert "NUMBA" in str(net.explain())


def test_c_without_a_compiler_says_the_way_out(no_compiler):
    with pytest.raises(symloss.SpecError, match="mode 'C': no C compiler.*install gcc.*NUMBA"):
        Regressor([2, 1], mode="C")
    with pytensor.config.change_flags(cxx=""), pytest.raises(symloss.SpecError, match="mode 'CVM': no C.. compiler"):
        Regressor([2, 1], mode="CVM")


def test_a_c_compiler_that_fails_means_numba_unless_the_user_chose_c(monkeypatch, no_compiler, points):
    pytest.importorskip("numba")
    monkeypatch.setattr(modes, "_told", set())
    monkeypatch.setattr(compilers, "_passed_over", {})
    monkeypatch.setenv("CC", sys.executable)  # which is no compiler
    x = pt.vector("x")
    with pytensor.config.change_flags(mode="Mode"):
        chosen, default = resolve("C"), resolve(None)
        assert chosen.name == default.name == "C"
        with pytest.warns(symloss.SymlossWarning, match="no C compiler works.*functions compile with NUMBA"):
            assert function([x], [x * 2.5], default)([2])[0] == 5
        assert resolve(None).name == "NUMBA"
        with pytest.raises(symloss.SpecError, match="no C compiler works"):
            function([x], [x * 3.5], chosen)([2])


@pytest.mark.c
def test_a_mistake_of_the_compiler_is_told_and_the_program_goes_on(monkeypatch, points):
    def fail(*arguments):
        raise KeyError(60)

    monkeypatch.setattr(program, "planned", fail)
    monkeypatch.setattr(program.plans, "find", lambda name: None)
    monkeypatch.setattr(Backend, "otherwise", lambda self: resolve("PYTHON"))
    net = Regressor([5, 3], mode="C")
    with pytest.warns(symloss.SymlossWarning, match=r"made a mistake \(KeyError: 60\).*report"):
        net.train(points, epochs=1, verbose=0)
    assert "a bug in the compiler" in str(net.explain())


@pytest.mark.c
def test_c_text_that_does_not_compile_is_told_and_the_program_goes_on(monkeypatch, points):
    monkeypatch.setattr(program.plans, "find", lambda name: None)
    monkeypatch.setattr(building, "load", lambda text, *rest, before=building.load: before(
        text.replace("(int64_t i = 0;", "(int64_t i = nobody;"), *rest))
    monkeypatch.setattr(Backend, "otherwise", lambda self: resolve("PYTHON"))
    net = Regressor([5, 3], mode="C")
    with pytest.warns(symloss.SymlossWarning, match="does not compile.*report it.*PyTensor is used instead"):
        net.train(points, epochs=1, verbose=0)
    assert "C that compiles" in str(net.explain())


@pytest.mark.parametrize("name", ["NUMBA", "JAX"])
def test_a_backend_that_is_not_installed_says_the_way_out(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name.lower(), None)
    monkeypatch.setattr(modes.importlib.util, "find_spec", lambda package: None)
    with pytest.raises(symloss.SpecError, match=f"pip install {name.lower()}"):
        resolve(name)
    assert name.lower() in modes.available()[name]


def test_an_unknown_mode_names_the_nearest():
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'NUMBA'"):
        resolve("NUMBAA")


@pytest.mark.parametrize("name", ["python", "Python", "PYTHON", "FAST_COMPILE"])
def test_names_in_any_case(name):
    assert resolve(name).name == "PYTHON"


def test_the_mode_that_the_user_set_for_all_of_pytensor_is_taken():
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        assert resolve(None).name == "PYTHON"


def test_a_mode_of_the_users_own(points):
    net = Regressor([5, 3], mode=Mode(linker="py", optimizer=None))
    other = Regressor([5, 3], mode="PYTHON")
    for model in (net, other):
        model.train(points, algo="sgd", epochs=2, verbose=0)
    np.testing.assert_allclose(flat(net), flat(other))


def test_every_backend_is_available_or_says_why():
    found = modes.available()
    assert set(found) == {"C", "CVM", "NUMBA", "JAX", "PYTHON"}
    assert found["PYTHON"] == "works"
    assert all(text == "works" or "install" in text for text in found.values())


def test_changing_the_mode_of_a_model_acts_at_the_next_call(points, many_steps):
    net = Regressor([5, 3], mode="PYTHON")
    net.train(points, epochs=1, verbose=0)
    net.mode = many_steps
    net.train(points, epochs=1, verbose=0)
    assert len({key for key in map(str, net._compiled)}) == 2


# --------------------------------------------------------------------------------------- compilers and caches that fail


@pytest.fixture
def by_default(monkeypatch):
    """What is chosen where nobody chooses, as if nothing had been tried or said yet."""
    monkeypatch.setattr(modes, "_told", set())
    monkeypatch.setattr(modes, "_fails", modes.threads.cached(8)(modes._fails.__wrapped__))
    monkeypatch.setattr(compiler_failures, "absent", [])
    with pytensor.config.change_flags(mode="Mode"):
        yield


@pytest.mark.c
def test_a_compiler_that_works_is_taken_without_a_word(by_default):
    with warnings.catch_warnings():
        warnings.simplefilter("error", symloss.SymlossWarning)
        assert resolve(None).name == "C"


@pytest.mark.cvm
@pytest.mark.parametrize(("flags", "words"), [
    ({"cxx": "/bin/false"}, r"/bin/false failed.*install a compiler that works"),
    ({"cxx": "/nowhere/g++"}, r"/nowhere/g\+\+ does not exist"),
    ({"gcc__cxxflags": "-fnonsense"}, r"failed \(.*-fnonsense.*correct PYTENSOR_FLAGS"),
], ids=["compiler fails", "no such compiler", "wrong flag"])
def test_where_pytensors_c_fails_numba_takes_the_rest_which_is_said_once(flags, words, by_default):
    x = pt.vector("x")
    with pytensor.config.change_flags(**flags):
        with pytest.warns(symloss.SymlossWarning, match=f"{words}.*NUMBA") as caught:
            assert resolve(None).otherwise().name == "NUMBA"
        assert sum(issubclass(one.category, symloss.SymlossWarning) for one in caught) == 1
        with warnings.catch_warnings():
            warnings.simplefilter("error", symloss.SymlossWarning)
            assert resolve(None).otherwise().name == "NUMBA"
        with pytest.raises(symloss.SpecError, match=f"mode 'CVM': .*{words}.*mode='"):
            function([x], [pt.tanh(x * 1.2345)], resolve("CVM"))


@pytest.mark.parametrize(("error", "words"), [
    (OSError(errno.ENOSPC, "full"), "cannot be used .the disk is full.*base_compiledir=FOLDER"),
    (PermissionError(errno.EACCES, "no"), "cannot be used .permission denied.*base_compiledir=FOLDER"),
    (ImportError("/x.so: invalid ELF header"), "cannot be used .ImportError: /x.so.*delete it"),
    (TimeoutError("locked"), "another process has held the cache.*end it"),
    (EOFError("Ran out of input"), "cannot be used .EOFError.*delete it"),
    (CompileError("Failed\nmod.cpp:1:10: fatal error: Python.h: No such file"), "Python.h.*install python3-dev"),
], ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "")
def test_a_cache_that_cannot_be_used_says_the_way_out(error, words, monkeypatch):
    def fail(*arguments, **keywords):
        raise error

    monkeypatch.setattr(pytensor, "function", fail)
    with pytest.raises(symloss.SpecError, match=f"mode 'PYTHON': .*{words}"):
        function([], [pt.constant(1.0)], resolve("PYTHON"))


def test_what_fails_once_beside_another_process_on_the_same_cache_is_compiled_again(monkeypatch):
    calls, original = [], pytensor.function

    def fail_once(*arguments, **keywords):
        calls.append(1)
        if len(calls) == 1:
            raise ModuleNotFoundError("No module named 'tmpabc'")  # the other process removed it
        return original(*arguments, **keywords)

    monkeypatch.setattr(pytensor, "function", fail_once)
    assert function([], [pt.constant(1.0)], resolve("PYTHON"))() == [1.0]
    assert len(calls) == 2


def test_half_a_shared_object_is_removed_before_it_kills_the_process(tmp_path):
    whole = next(pathlib.Path(np.__file__).parent.rglob("_multiarray_umath*.so"), None)
    if whole is None or sys.platform != "linux":
        pytest.skip("no shared object of Linux")
    content = whole.read_bytes()
    half = content[: len(content) // 2]
    for name, part in {"whole": content, "half": half, "none": b"", "foreign": b"no", "being written": half}.items():
        (tmp_path / f"tmp{name}").mkdir()
        (tmp_path / f"tmp{name}" / "m.so").write_bytes(part)
        if name != "being written":
            (tmp_path / f"tmp{name}" / "key.pkl").write_bytes(b"key")
    compiler_failures.remove_damaged.__wrapped__(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tmpbeing written", "tmpwhole"]


@pytest.mark.parametrize("flag", ["compiledir", "base_compiledir"])
def test_a_cache_without_rights_is_replaced_by_a_folder_for_temporary_files_which_is_said_once(flag, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    environment = os.environ | {"PYTENSOR_FLAGS": f"{flag}={tmp_path / 'file' / 'sub'}", "TMPDIR": str(tmp_path)}
    code = "import symloss, pytensor; print(pytensor.config.compiledir)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False,
                          cwd=pathlib.Path(symloss.__file__).parents[1], env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "symloss-"))
    assert done.stderr.count("SymlossWarning") == 1 and "PYTENSOR_FLAGS=base_compiledir=FOLDER" in done.stderr
