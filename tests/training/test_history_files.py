"""Files of records: they agree with the checkpoint after a kill, whenever it comes."""

import csv
import json
import os
import signal
import time

import numpy as np
import pytest
from starting import lives, starter

import symloss
from symloss import Regressor
from symloss.training import Checkpoint, CSVHistory, JSONHistory

QUIET = {"algo": "sgd", "verbose": 0, "patience": None}


def read(path):
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line, parse_constant=lambda name: pytest.fail(name)) for line in path.read_text().splitlines()]


def epochs(path):
    return [int(record["epoch"]) for record in read(path)]


@pytest.fixture(params=[CSVHistory, JSONHistory], ids=["csv", "json"])
def make(request, tmp_path):
    """A function that returns a file of records, and its path."""
    path = tmp_path / ("history.csv" if request.param is CSVHistory else "history.jsonl")
    return lambda: request.param(path), path


def model():
    return Regressor([5, 3], mode="PYTHON")


def killed(points, tmp_path, make, lines, checkpoint=3):
    """Return a model as its checkpoint has it, beside a file to which so many lines were written."""
    net, (file, path) = model(), make
    callbacks = [file(), Checkpoint(tmp_path / "{epoch}")]
    net.train(points, points, **QUIET, epochs=5, validate_every=2, callbacks=callbacks)
    text = path.read_bytes().splitlines(keepends=True)
    whole = text[: lines + (path.suffix == ".csv")]
    path.write_bytes(b"".join(whole) if lines == int(lines) else b"".join(text)[: -len(text[-1]) // 2])
    return symloss.load(tmp_path / str(checkpoint))


@pytest.mark.parametrize("lines", [0, 1, 3, 4, 5])
def test_a_resumed_training_has_every_line_once(lines, points, tmp_path, make):
    net = killed(points, tmp_path, make, lines)
    net.train(points, points, **QUIET, epochs=6, validate_every=2, resume=True, callbacks=make[0]())
    assert epochs(make[1]) == [1, 2, 3, 4, 5, 6]
    assert [float(r["loss"]) for r in read(make[1])] == net.history.column("loss")


def test_a_line_that_a_kill_has_cut_is_written_anew(points, tmp_path, make):
    file, path = make
    net = killed(points, tmp_path, make, 5, checkpoint=5)
    path.write_bytes(path.read_bytes()[:-9])
    net.train(points, points, **QUIET, epochs=6, resume=True, callbacks=file())
    assert epochs(path) == [1, 2, 3, 4, 5, 6]


def test_lines_of_earlier_trainings_stay(points, tmp_path, make):
    file, path = make
    model().train(points, **QUIET, epochs=4, callbacks=file())
    net = model()
    net.train(points, **QUIET, epochs=3, callbacks=[file(), Checkpoint(tmp_path / "{epoch}")])
    loaded = symloss.load(tmp_path / "2")
    loaded.train(points, **QUIET, epochs=3, resume=True, callbacks=file())
    assert epochs(path) == [1, 2, 3, 4, 1, 2, 3]


def test_a_file_that_is_new_gets_the_whole_history(points, tmp_path, make):
    net = model()
    net.train(points, **QUIET, epochs=2)
    net.train(points, **QUIET, epochs=3)
    net.train(points, **QUIET, epochs=5, resume=True, callbacks=make[0]())
    assert epochs(make[1]) == [1, 2, 3, 4, 5]


def test_a_column_that_comes_later_is_not_lost(points, tmp_path):
    path = tmp_path / "history.csv"
    net = model()
    net.train(points, points, **QUIET, epochs=4, validate_every=2, callbacks=CSVHistory(path))
    rows = read(path)
    assert [row["valid_loss"] for row in rows[::2]] == ["", ""]
    assert [float(row["valid_loss"]) for row in rows[1::2]] == net.history.column("valid_loss")[1::2]
    assert path.read_text().splitlines()[0].count("epoch") == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, np.float32(0.5), np.arange(3), {"a": np.int64(1)}, object(), {1, 2}])
def test_whatever_a_callback_enters_is_valid_json(value, points, tmp_path):
    net = model()
    net.train(points, **QUIET, epochs=1, callbacks=[lambda r: r.update(mine=value), JSONHistory(tmp_path / "h")])
    assert "mine" in json.loads((tmp_path / "h").read_text(), parse_constant=lambda name: pytest.fail(name))


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "my notes\n", '{"a": 1}\n'])
def test_another_kind_of_file_is_left_alone(content, points, make):
    file, path = make
    path.write_text(content)
    with pytest.raises(symloss.DataError, match="Choose another path"):
        model().train(points, **QUIET, epochs=1, callbacks=file())
    assert path.read_text() == content


@pytest.mark.parametrize("callback", [CSVHistory, JSONHistory, Checkpoint])
def test_a_folder_that_is_missing_is_known_before_the_first_step(callback, points, tmp_path, orders):
    with pytest.raises(symloss.DataError, match="does not exist; make it first"):
        model().train(points, **QUIET, epochs=1, callbacks=callback(tmp_path / "no" / "file"))
    assert not orders


SCRIPT = """
import pathlib
import numpy as np
import symloss
folder = pathlib.Path({folder!r})
path = folder / "net"

def train():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5))
    net = symloss.load(path) if path.exists() else symloss.Regressor([5, 3], mode="PYTHON")
    net.mode = "PYTHON"
    callbacks = [symloss.training.CSVHistory(folder / "h.csv"), symloss.training.Checkpoint(path),
                 symloss.training.JSONHistory(folder / "h.json")]
    net.train([x, x[:, :3]], [x, x[:, :3]], algo="sgd", epochs=200, validate_every=3, patience=None, verbose=0,
              resume=path.exists(), callbacks=callbacks)
    (folder / "done").touch()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="starts processes as POSIX does")
def test_files_and_checkpoint_agree_after_real_kills(tmp_path):
    rng, kills = np.random.default_rng(), 0
    with starter(SCRIPT.format(folder=str(tmp_path))) as process:
        while not (tmp_path / "done").exists():
            before = (tmp_path / "net").stat().st_mtime_ns if (tmp_path / "net").exists() else 0
            child = process.start()
            while kills < 3 and lives(child):
                if (tmp_path / "net").exists() and (tmp_path / "net").stat().st_mtime_ns != before:
                    time.sleep(rng.uniform(0, 0.05))
                    os.kill(child, signal.SIGKILL)
                    kills += 1
                    break
                time.sleep(0.002)
            assert process.code() in (0, -signal.SIGKILL), "the child failed, which its output explains"
    assert epochs(tmp_path / "h.csv") == list(range(1, 201))
    assert [r["epoch"] for r in map(json.loads, (tmp_path / "h.json").read_text().splitlines())] == list(range(1, 201))
    begun = {p.name for p in tmp_path.glob(".symloss-*.part") if not p.stat().st_size}  # they stay for a minute
    assert {p.name for p in tmp_path.iterdir()} - begun == {"done", "h.csv", "h.json", "net"}
