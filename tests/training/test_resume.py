"""A training that was stopped, saved or killed goes on as if it had not been."""

import os
import pathlib
import signal
import time

import numpy as np
import pytest
from starting import lives, starter

import symloss
from symloss.training import Checkpoint, TimeLimit

OPTIONS = {"algo": "adam", "learning_rate": symloss.schedules.cosine(0.02, steps=60), "hidden_dropout": 0.2,
           "input_noise": 0.1, "average": 0.9, "batch_size": 32, "verbose": 0, "patience": None}


def digits(n=200):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 4))
    return x, x[:, :3].argmax(axis=1)


def model():
    return symloss.Classifier([4, (6, "tanh"), 3], seed=5)


def values(net):
    return [p.get_value() for p in net.params]


def same_bits(a, b):
    return all(np.array_equal(x, y) for x, y in zip(values(a), values(b), strict=True))


@pytest.fixture(scope="module")
def whole():
    """Return a model that was trained for 8 epochs without a stop."""
    net = model()
    x, y = digits()
    net.train([x, y], [x, y], epochs=8, **OPTIONS)
    return net


def test_training_goes_on_where_it_stopped(whole):
    x, y = digits()
    net = model()
    net.train([x, y], [x, y], epochs=3, **OPTIONS)
    net.train([x, y], [x, y], epochs=8, resume=True, **OPTIONS)
    assert same_bits(net, whole)
    assert [r["loss"] for r in net.history] == [r["loss"] for r in whole.history]


def test_without_resume_the_optimizer_starts_anew(whole):
    x, y = digits()
    net = model()
    net.train([x, y], [x, y], epochs=3, **OPTIONS)
    net.train([x, y], [x, y], epochs=8, **OPTIONS)
    assert not same_bits(net, whole)


def test_a_saved_training_goes_on_in_another_model(whole, tmp_path):
    x, y = digits()
    net = model()
    net.train([x, y], [x, y], epochs=5, **OPTIONS)
    net.save(tmp_path / "net", training=True)
    loaded = symloss.load(tmp_path / "net")
    loaded.train([x, y], [x, y], epochs=8, resume=True, **OPTIONS)
    assert same_bits(loaded, whole)


def test_a_stop_in_the_middle_of_an_epoch_loses_nothing(whole):
    x, y = digits()
    net = model()

    class Stop:
        seen = 0

        def batch(self, record):
            self.seen += 1
            return self.seen == 10  # 7 batches an epoch

    net.train([x, y], [x, y], epochs=8, callbacks=Stop(), **OPTIONS)
    assert net.history[-1]["partial"]
    net.train([x, y], [x, y], epochs=8, resume=True, **OPTIONS)
    assert same_bits(net, whole)
    assert [r["loss"] for r in net.history] == [r["loss"] for r in whole.history]


def test_a_state_of_another_training_is_refused(tmp_path):
    x, y = digits()
    net = model()
    net.train([x, y], epochs=2, algo="adam", verbose=0)
    net.save(tmp_path / "net", training=True)
    loaded = symloss.load(tmp_path / "net")
    with pytest.raises(symloss.DataError, match="another training"):
        loaded.train([x, y], epochs=3, algo="rprop", verbose=0, resume=True)


def test_resume_without_a_training_says_so():
    x, y = digits()
    with pytest.raises(symloss.SpecError, match="no training to continue"):
        model().train([x, y], epochs=3, verbose=0, resume=True)


def test_a_time_limit_ends_in_the_middle_and_resumes(whole):
    x, y = digits()
    net = model()
    clock = iter(range(1000))
    net.train([x, y], [x, y], epochs=8, callbacks=TimeLimit(4, clock=lambda: next(clock)), **OPTIONS)
    assert net.history[-1]["stopped"] == "4 seconds have passed"
    net.train([x, y], [x, y], epochs=8, resume=True, **OPTIONS)
    assert same_bits(net, whole)


def test_the_state_of_callbacks_is_saved(tmp_path):
    x, y = digits()
    watcher = symloss.training.EarlyStopping(patience=50)
    net = model()
    net.train([x, y], epochs=3, verbose=0, callbacks=[watcher, Checkpoint(tmp_path / "net")])
    again = symloss.training.EarlyStopping(patience=50)
    loaded = symloss.load(tmp_path / "net")
    loaded.train([x, y], epochs=3, verbose=0, resume=True, callbacks=[again, Checkpoint(tmp_path / "net")])
    assert again.best == watcher.best


def test_callbacks_of_a_loaded_model_go_on_in_a_new_training(tmp_path):
    x, y = digits()
    net = model()
    net.train([x, y], epochs=3, verbose=0, callbacks=[print, symloss.training.EarlyStopping(patience=50)])
    net.save(tmp_path / "net")
    loaded = symloss.load(tmp_path / "net")
    again = symloss.training.EarlyStopping(patience=50)

    def spy(record):
        seen.append(again.best)

    seen = []
    loaded.train([x, y], epochs=1, algo="sgd", learning_rate=1e-9, verbose=0, callbacks=[spy, again])
    assert seen == [min(net.history.column("loss"))]


SCRIPT = """
import pathlib, sys
import symloss
sys.path.insert(0, {folder!r})
from test_resume import OPTIONS, digits, model
path = pathlib.Path({path!r})

def train():
    x, y = digits(250)
    net = symloss.load(path) if path.exists() else model()
    check = symloss.training.Checkpoint(path, seconds=0.01)
    net.train([x, y], [x, y], epochs=30, resume=path.exists(), callbacks=check, **OPTIONS)
    net.save({path!r} + ".done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="starts processes as POSIX does")
def test_killed_at_ten_random_moments_it_ends_with_the_same_bits(tmp_path):
    rng = np.random.default_rng()
    x, y = digits(250)
    reference = model()
    reference.train([x, y], [x, y], epochs=30, **OPTIONS)
    seconds = sum(record["seconds"] for record in reference.history)
    path, done = tmp_path / "net", tmp_path / "net.done"
    kills = finished = 0
    script = SCRIPT.format(folder=str(pathlib.Path(__file__).parent), path=str(path))
    with starter(script) as process:
        for _ in range(80):  # each writes once before it is killed, and may end before that: then another run begins
            before = path.stat().st_mtime_ns if path.exists() else 0
            child = process.start()
            if kills < 10:
                # wait until this process has written once (it is training then), and kill it at a random moment after
                while lives(child) and (path.stat().st_mtime_ns if path.exists() else 0) == before:
                    time.sleep(0.001)
                time.sleep(rng.uniform(0, seconds / 10))
                if lives(child):
                    os.kill(child, signal.SIGKILL)
            code = process.code()
            kills += code == -signal.SIGKILL
            assert code in (0, -signal.SIGKILL), "the child failed, which its output explains"
            if code == 0:
                assert same_bits(symloss.load(done), reference)
                finished += 1
                path.unlink(missing_ok=True)
                done.unlink()
                if kills == 10:
                    break
    assert kills == 10 and finished
