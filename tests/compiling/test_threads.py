"""Compiled functions among threads, and how many of them are kept."""

import concurrent.futures
import copy
import gc
import sys
import threading
import weakref

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Regressor, compiling
from symloss.compiling import Cache, blas, resolve

THREADS = 8


@pytest.fixture
def hasty():
    """Threads take turns at almost every line."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(one, items):
    """Return what ``one(item)`` gives for each item, called by several threads that begin together."""
    begin = threading.Barrier(THREADS)

    def work(share):
        begin.wait()
        return [one(item) for item in share]

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        shares = list(pool.map(work, [items[i::THREADS] for i in range(THREADS)]))
    return [shares[i % THREADS][i // THREADS] for i in range(len(items))]


MODES = ["PYTHON", *(pytest.param(name, marks=getattr(pytest.mark, name.lower()))
                     for name in ("C", "CVM", "NUMBA", "JAX"))]


@pytest.mark.parametrize("mode", MODES)
def test_predictions_of_one_model_from_many_threads_are_each_ones_own(mode, hasty, rng):
    net = Regressor([20, (30, "tanh"), 2], mode=mode)
    inputs = [rng.normal(size=(rows % 3 + 2, 20)) for rows in range(240)]
    found = at_once(net.predict, inputs)  # the first calls compile
    assert len(net._compiled) == 1
    for x, y in zip(inputs, found, strict=True):
        assert np.array_equal(y, net.predict(x))


def test_scores_of_one_model_from_many_threads_are_each_ones_own(hasty, rng):
    net = Regressor([5, 2], mode="PYTHON")
    data = [(rng.normal(size=(6, 5)), rng.normal(size=(6, 2))) for _ in range(80)]
    found = at_once(lambda pair: net.score(*pair), data)
    assert found == [net.score(*pair) for pair in data]


@pytest.mark.parametrize("what", ["value", "grad", "metric"])
def test_losses_of_arrays_from_many_threads_are_each_ones_own_and_compiled_once(what, hasty, rng, compilations):
    call = getattr(symloss.evaluate, what)
    pairs = [(rng.normal(size=(4, 3)), rng.normal(size=(4, 3))) for _ in range(160)]
    found = at_once(lambda pair: call("huber", *pair, delta=0.777, mode="PYTHON"), pairs)
    assert len(compilations) == 1
    for pair, one in zip(pairs, found, strict=True):
        assert np.array_equal(one, call("huber", *pair, delta=0.777, mode="PYTHON"))


def test_models_that_are_made_and_trained_by_several_threads_are_those_of_one(hasty, points):
    def trained(seed):
        net = Regressor([5, 4, 3], seed=seed, mode="PYTHON")
        net.train(points, epochs=1, algo="adam", hidden_dropout=0.1, verbose=0)
        return net.predict(points[0])

    seeds = list(range(THREADS))
    for one, other in zip(at_once(trained, seeds), map(trained, seeds), strict=True):
        assert np.array_equal(one, other)


def test_no_graph_is_built_while_another_thread_builds_one(monkeypatch, points):
    """PyTensor takes the compiler away from the whole process while it does so; two at once would not give it back."""
    changing, began = type(pytensor.config.change_flags(cxx="")), []

    def begin(self, original=changing.__enter__):
        began.append(compiling.threads._building._is_owned())
        return original(self)

    monkeypatch.setattr(changing, "__enter__", begin)
    net = Regressor([5, (4, "relu"), 3], mode="PYTHON")
    net.train(points, points, epochs=1, hidden_dropout=0.1, verbose=0)
    net.predict(points[0])
    symloss.evaluate.value("huber", *[points[1]] * 2, mode="PYTHON")
    assert began and all(began)


def test_a_function_shows_what_is_inside():
    x = pt.vector("x")
    made = compiling.function([x], [x + 1], resolve("PYTHON"))
    made.trust_input = True
    assert made.maker.fgraph.outputs and made.vm is not None
    with pytest.raises(AttributeError):
        _ = copy.copy(made).nothing


def test_an_error_in_one_call_lets_the_next_one_in():
    x = pt.vector("x")
    made = compiling.function([x], [x[:3] + pt.arange(3)], resolve("PYTHON"))
    for _ in range(2):
        with pytest.raises(ValueError):
            made(np.ones(2))
    assert made(np.ones(3))[0].tolist() == [1, 2, 3]


def test_the_number_of_threads_of_the_blas_is_restored_when_several_use_it(monkeypatch):
    class Fake:
        count = 3

        def threads(self):
            return self.count

        def set_threads(self, count):
            self.count = count

    fake = Fake()
    monkeypatch.setattr(blas, "provide", lambda: fake)
    monkeypatch.setattr(blas, "user_set_threads", lambda: False)
    monkeypatch.setattr(blas, "threads", lambda operations: 1)
    first, second = blas.threads_for(1.0), blas.threads_for(1.0)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert fake.count == 3


# ------------------------------------------------------------------------------------------------------ what is kept


def test_a_cache_keeps_what_was_used_last_and_makes_each_entry_once():
    cache, made = Cache(2), []
    for key in "abacaab":
        cache.get(key, lambda key=key: made.append(key) or key)
    assert made == list("abcb") and list(cache) == ["a", "b"] and len(cache) == 2
    assert cache["a"] == "a" and "c" not in cache
    with pytest.raises(KeyError):
        cache["c"]


def test_what_fails_to_compile_is_tried_again():
    cache = Cache(2)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0)
    assert cache.get("a", lambda: 5) == 5


def test_losses_that_come_and_go_do_not_pile_up_functions(points, monkeypatch):
    monkeypatch.setattr(symloss.models.network, "FUNCTIONS", 3)
    net, losses = Regressor([5, 3], mode="PYTHON"), []
    for _ in range(8):
        losses.append(weakref.ref(net.set_loss("mse")))
        net.train(points, epochs=1, algo="sgd", verbose=0)
        net.predict(points[0])
    assert len(net._compiled) == 3
    gc.collect()
    assert sum(loss() is not None for loss in losses) <= 3
    assert len(Regressor([5, 3])._compiled) == 0
