"""Threads that share the larger parts of a step: the numbers, who computes them, and when they do."""

import re
import threading

import numpy as np
import pytest

import symloss
from symloss.compiling import blas
from symloss.compiling.ccode import running
from symloss.compiling.ccode.c_names import Names
from symloss.compiling.ccode.ir import Graph
from symloss.compiling.ccode.team import Pace

pytestmark = pytest.mark.c
ROWS, INPUTS, UNITS = 512, 400, 90  # 36,000 weights


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (ROWS, INPUTS)).astype("uint8"), rng.integers(0, 5, ROWS)]


@pytest.fixture
def cores(monkeypatch):
    """Let a process believe in so many cores, on which products are faster, and count its helpers."""
    helpers, original = [], running.threading.Thread.start

    def start(thread):
        helpers.append(thread.name == "symloss helper")
        original(thread)

    def believe(count):
        monkeypatch.setattr(blas, "cores", lambda: count)
        monkeypatch.setattr(blas, "crossover", lambda: 1.0)
        monkeypatch.setattr(blas, "user_set_threads", lambda: False)
        monkeypatch.setattr(running.threading.Thread, "start", start)
        return helpers

    return believe


def trained(data, batch=256, **options):
    net = symloss.Classifier([INPUTS, (UNITS, "tanh"), 5], seed=3, mode="C")
    options = {"algo": "adam", "epochs": 4, "batch_size": batch, "verbose": 0, "patience": None} | options
    history = net.train(data, **options)
    return history["loss"], [p.get_value() for p in net.params], net


def test_threads_that_share_steps_compute_what_one_computes(data, cores):
    alone, _, _ = trained(data, hidden_dropout=0.3)
    helpers = cores(2)
    shared, _, net = trained(data, hidden_dropout=0.3)
    assert any(helpers)
    np.testing.assert_allclose(shared, alone, rtol=1e-9)
    assert "parts that threads share" in net.explain()


def test_what_is_computed_does_not_depend_on_who_computes_it(data, cores, monkeypatch):
    cores(4)
    first = trained(data)
    again = trained(data)

    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "symloss helper":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(running.threading.Thread, "start", refuse)
    without = trained(data)
    for other in (again, without):
        assert first[0] == other[0]
        assert all(np.array_equal(a, b) for a, b in zip(first[1], other[1], strict=True))


def test_helpers_are_gone_when_steps_are_over(data, cores):
    helpers = cores(3)
    trained(data)
    assert any(helpers) and not any(t.name == "symloss helper" for t in threading.enumerate())


@pytest.mark.parametrize("batch", [64, 127])
def test_small_batches_are_not_shared(data, cores, batch):
    helpers = cores(2)
    trained(data, batch=batch, epochs=1)
    assert not any(helpers)


def test_small_models_are_not_shared():
    net = symloss.Classifier([10, 20, 3], mode="C")
    assert "struct team" not in net.c_source() and "threads" not in net.explain()


def test_shared_steps_that_diverge_end_before_their_first_wrong_batch(data, cores):
    helpers = cores(2)
    net = symloss.Classifier([INPUTS, (UNITS, "linear"), 5], seed=3, mode="C")
    with pytest.raises(symloss.TrainingError, match="not finite"):
        net.train(data, algo="sgd", learning_rate=1e200, epochs=9, batch_size=256, verbose=0)
    assert any(helpers) and all(np.isfinite(p.get_value()).all() for p in net.params)


@pytest.mark.parametrize("name", ["team", "begin", "together", "PAUSE", "product_f64"])
def test_a_layer_may_be_called_as_something_in_the_c_file(data, recwarn, name):
    layers = [INPUTS, {"size": UNITS, "activation": "tanh", "name": name}, 5]
    net = symloss.Classifier(layers, mode="C")
    net.train(data, algo="adam", batch_size=256, epochs=1, verbose=0)
    assert not [w for w in recwarn if issubclass(w.category, symloss.SymlossWarning)]
    assert "parts that threads share" in net.explain()


def test_no_buffer_has_the_name_of_a_function_or_a_macro():
    text = symloss.Classifier([INPUTS, (UNITS, "tanh"), 5], mode="C").c_source("adam", hidden_dropout=0.5)
    functions = re.findall(r"^(?:static|INLINE|int|void)[^;={]*?\b(\w+)\(", text, re.M)
    defined = {*re.findall(r"#define (\w+)", text), *functions}
    assert {"PAUSE", "together", "coin_row_f64"} <= defined
    value = Graph().number(1.0, "float64")
    assert [name for name in sorted(defined) if Names().give(value, name) == name] == []


def test_helpers_that_a_busy_machine_keeps_waiting_are_left_out_for_a_while():
    pace = Pace()
    calls = [pace.wants_help(), pace.wants_help()]
    pace.learn(False, 1.0)
    for seconds in (0.5, 2.0):  # they pay, and then they do not
        calls.append(pace.wants_help())
        pace.learn(True, seconds)
    for _ in range(8):
        calls.append(pace.wants_help())
        pace.learn(calls[-1], 2.0 if calls[-1] else 1.0)
    assert calls == [False, False, True, True, False, True, False, False, True, False, False, False]
