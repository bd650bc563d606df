"""The command line: what it prints, what it writes, how it ends."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytensor
import pytest

import symloss
from symloss.__main__ import main
from symloss.command import demo
from symloss.compiling import TrainingStep
from symloss.compiling.ccode import building
from symloss.explain import losses_table


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def command(*arguments, **environment):
    """Run the command in a process of its own, without a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "symloss", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"COLUMNS": "80"} | environment,
    )


def train(folder, *options):
    return main(["demo", "--mode", "PYTHON", "--output", str(folder), *options])


# ---------------------------------------------------------------------------------------------------------------- demo


def test_demo_trains_saves_and_ends_with_its_figures(tmp_path, capsys):
    floatx = pytensor.config.floatX
    assert train(tmp_path / "new" / "folder", "--epochs", "6") == 0
    text = capsys.readouterr().out
    assert "1 * xe: Cross-entropy, per item" in text
    assert "epoch 6/6  loss" in text
    name, accuracy, *_ = text.strip().splitlines()[-1].split()
    assert name == "accuracy"
    assert float(accuracy) >= demo.WANTED
    assert pytensor.config.floatX == floatx

    model = symloss.load(tmp_path / "new" / "folder" / "model.safetensors")
    model.mode = "PYTHON"
    images, labels = demo.digits()[1]
    assert len(images) == 2000
    assert images.max() == 1
    assert np.isclose(model.score(images, labels), float(accuracy), atol=5e-5)


def test_demo_draws_its_history(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    train(tmp_path, "--epochs", "1")
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")
    assert "history.png" in capsys.readouterr().out


def test_demo_without_matplotlib_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    train(tmp_path, "--epochs", "1")
    assert "pip install 'symloss[plot]'" in " ".join(capsys.readouterr().out.split())
    assert not (tmp_path / "history.png").exists()


def test_demo_that_learns_too_little_says_so_and_fails(tmp_path, capsys):
    assert train(tmp_path, "--epochs", "1") == 1
    assert "symloss demo --epochs 20" in " ".join(capsys.readouterr().out.split())


def test_demo_gives_the_same_model_for_the_same_seed(tmp_path):
    for folder, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        train(tmp_path / folder, "--epochs", "1", "--seed", seed)
    a, b, c = (symloss.load(tmp_path / name / "model.safetensors").find("out", "w").get_value() for name in "abc")
    assert (a == b).all()
    assert (a != c).any()


def test_demo_interrupted_while_it_trains_keeps_what_was_learnt(tmp_path, capsys, monkeypatch):
    run, calls = TrainingStep.run, []

    def interrupted(self, *arguments):
        run(self, *arguments)
        calls.append(1)
        if len(calls) == 12:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TrainingStep, "run", interrupted)
    assert train(tmp_path, "--epochs", "500") == 130
    assert "accuracy" in capsys.readouterr().out
    assert (tmp_path / "model.safetensors").exists()


def test_demo_interrupted_while_it_compiles_ends_without_a_traceback(tmp_path, capsys, monkeypatch):
    def pressed(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingStep, "__init__", pressed)
    assert train(tmp_path) == 130
    assert capsys.readouterr().err == "symloss: stopped\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mode", "NUMBBA"], "unknown mode 'NUMBBA'"),
        (["--output", os.path.join(os.devnull, "x")], "Pass another --output"),
    ],
)
def test_mistakes_are_told_in_one_line_before_anything_is_trained(tmp_path, capsys, options, message):
    assert main(["demo", "--output", str(tmp_path), *options]) == 1
    output = capsys.readouterr()
    assert message in output.err
    assert output.err.startswith("symloss: ")
    assert output.err.count("\n") == 1
    assert "epoch" not in output.out


@pytest.mark.parametrize("options", [["--epochs", "0"], ["--epochs", "many"], ["--seed", "-1"], ["--epoch-s", "3"]])
def test_arguments_that_make_no_sense_end_with_the_usage(options, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["demo", *options])
    assert ended.value.code == 2
    assert "usage: symloss" in capsys.readouterr().err


@pytest.mark.c
def test_demo_in_c_without_a_terminal(tmp_path):
    process = command("demo", "--epochs", "6", "--mode", "C", "--output", str(tmp_path))
    output, errors = (part.decode() for part in process.communicate(timeout=600))
    assert process.returncode == 0, errors
    assert errors == ""
    assert "\x1b" not in output
    assert "compiled with C in" in output
    assert "compiler: " in output
    assert "threads: " in output


# -------------------------------------------------------------------------------------------------------- info, losses


def test_info_names_versions_compiler_blas_threads_cache_and_modes(capsys):
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    for title in ("versions", "compiler", "BLAS", "threads", "cache", "modes"):
        assert f"\n{title}\n" in text
    assert "GFLOP/s" in text
    assert building.find() is None or "compiles and loads one line in" in " ".join(text.split())
    assert str(pytensor.config.compiledir) in text
    assert "PYTHON  works" in text


def test_info_reports_a_mode_that_breaks_and_goes_on(capsys, monkeypatch):
    from symloss.command import doctor

    whole = doctor.resolve

    def broken(name=None):
        if name == "NUMBA":
            raise ImportError("numba: libsvml is missing\nmore lines")
        return whole("PYTHON")  # the modes themselves are asked above

    monkeypatch.setattr(doctor, "resolve", broken)
    monkeypatch.setattr(doctor, "SIZE", 64)
    assert main(["info"]) == 0
    assert "fails: ImportError: numba: libsvml is missing" in " ".join(capsys.readouterr().out.split())


def test_losses_lists_every_loss_with_its_ports(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    assert main(["losses"]) == 0
    text = capsys.readouterr().out
    for name in symloss.losses.names():
        spec = symloss.losses.get(name)
        assert name in text
        assert ", ".join(spec.ports) in text
        assert spec.summary in text


@pytest.mark.parametrize(("words", "found"), [
    (["smooth", "L1Loss"], {"smooth_l1"}),
    (["squared", "HINGE"], {"squared_hinge", "modified_huber"}),
    (["Koenker"], {"multi_quantile", "quantile"}),
])
def test_losses_are_found_by_any_of_their_names_or_words(capsys, monkeypatch, words, found):
    monkeypatch.setenv("COLUMNS", "1000")
    assert main(["losses", *words]) == 0
    shown = {row.split()[0] for row in capsys.readouterr().out.splitlines() if row.strip() and "━" not in row}
    assert found <= shown - {"loss"} <= set(symloss.losses.names())
    assert len(shown) < 8


def test_every_alias_finds_its_loss():
    for name in symloss.losses.names():
        for alias in symloss.losses.registry.aliases(name):
            assert name in list(losses_table([alias]).columns[0].cells)


def test_a_loss_that_is_not_found_names_the_nearest(capsys):
    assert main(["losses", "hubber"]) == 1
    assert "did you mean 'huber'" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "message"), [
    (["losse"], "unknown command 'losse'; did you mean 'losses'?"),
    (["Demo"], "did you mean 'demo'?"),
    (["learn"], "the nearest of 8"),
    (["demo", "--sed", "3"], "unknown option of demo: '--sed'; did you mean '--seed'?"),
    (["--verson"], "did you mean '--version'?"),
    (["info", "cache"], "info does not take 'cache'"),
    (["cache", "--older-then", "3"], "did you mean '--older-than'?"),
])
def test_a_word_that_is_misspelt_gets_the_nearest(capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_losses_fit_eighty_columns_of_a_pipe(encoding):
    output, errors = command("losses", PYTHONIOENCODING=encoding).communicate(timeout=120)
    assert errors == b""
    assert max(map(len, output.decode(encoding).splitlines())) <= 80


def test_a_pipe_that_closes_early_is_no_crash():
    process = command("losses", PYTHONUNBUFFERED="1")
    process.stdout.close()
    errors = process.stderr.read()
    process.wait(timeout=120)
    assert b"Traceback" not in errors


# --------------------------------------------------------------------------------------------------------------- cache


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """A cache with one library."""
    monkeypatch.setenv("SYMLOSS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(building, "_handles", {})
    if building.find() is None:
        pytest.skip("no C compiler")
    building.load("int one(void) { return 1; }\n")
    (entry,) = building.libraries()
    return entry.folder


def shown(capsys):
    return " ".join(capsys.readouterr().out.split())


def test_cache_shows_what_is_kept_and_where(capsys, compiled):
    assert main(["cache"]) == 0
    text = shown(capsys)
    assert f"symloss 1 entry, 0.0 MB, in {compiled.parent}" in text
    assert str(pytensor.config.compiledir) in text


def test_cache_clear_removes_what_is_old_or_everything(capsys, compiled):
    assert main(["cache", "clear", "--older-than", "3"]) == 0
    assert "Removed 0 entries" in shown(capsys)
    os.utime(compiled, (0, 0))
    assert main(["cache", "clear", "--older-than", "3"]) == 0
    text = shown(capsys)
    assert "Removed 1 entry" in text
    assert "pytensor-cache purge" in text
    assert not compiled.exists()
    assert main(["cache", "clear"]) == 0


@pytest.mark.parametrize(("arguments", "message"), [
    (["claer"], "did you mean 'clear'?"),
    (["--older-than", "3"], "Write symloss cache clear --older-than 3"),
])
def test_what_cache_does_not_understand_removes_nothing(capsys, compiled, arguments, message):
    assert main(["cache", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert compiled.exists()


# ---------------------------------------------------------------------------------------------------------------- rest


def test_no_command_prints_the_help(capsys):
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("demo", "info", "losses", "cache"))


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"symloss {symloss.__version__}\n"


def test_c_source_prints_the_step_of_a_saved_model(tmp_path, capsys):
    path = tmp_path / "model.safetensors"
    symloss.Regressor([4, 3, 2], loss="mae").save(path)
    assert main(["c-source", str(path), "--algo", "sgd"]) == 0
    printed = capsys.readouterr().out
    assert "static int step(" in printed and "hid1_w = hid1_w - learning_rate" in printed
    assert main(["c-source", str(path), "--algo", "lbfgs"]) == 1
    assert "has no steps" in capsys.readouterr().err
