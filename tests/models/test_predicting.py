"""Predictions of one network, called again and again: what is kept from call to call never shows."""

import threading

import numpy as np
import pytensor
import pytest

import symloss
from symloss.compiling import name_of

pytestmark = pytest.mark.c
X = np.random.default_rng(0).normal(size=(3000, 4))


@pytest.fixture(scope="module")
def net():
    return symloss.Regressor([4, (5, "tanh"), 30], seed=1, mode="C")


def expected(net, x):
    """Return the prediction in numpy."""
    w1, b1, w2, b2 = (net.find(layer, name).get_value() for layer in ("hid1", "out") for name in ("w", "b"))
    return np.tanh(np.asarray(x, w1.dtype) @ w1 + b1) @ w2 + b2


def test_any_number_of_rows_in_any_order(net):
    for rows in (1, 2, 1, 3000, 7, 1):  # 3000 rows are too many to be copied
        np.testing.assert_allclose(net.predict(X[:rows]), expected(net, X[:rows]), rtol=1e-4, atol=1e-5)


def test_a_prediction_is_an_array_of_its_own(net):
    first = net.predict(X[:1])
    kept = first.copy()
    second = net.predict(X[1:2])
    np.testing.assert_array_equal(first, kept)
    second[...] = 0
    np.testing.assert_array_equal(net.predict(X[:1]), kept)


@pytest.mark.parametrize("change", [
    lambda x: x.tolist(), np.asfortranarray, lambda x: x.astype("float16"), lambda x: x.astype(">f8"),
    lambda x: x[::-1][::-1], lambda x: np.broadcast_to(x, x.shape),
], ids=["list", "fortran", "float16", "big-endian", "strided", "read-only"])
def test_other_arrays_between_two_equal_calls(net, change):
    x = np.round(X[:3] * 8) / 8
    before = net.predict(x)
    np.testing.assert_allclose(net.predict(change(x)), before, rtol=1e-6)
    np.testing.assert_array_equal(net.predict(x), before)


def test_read_only_data_of_the_right_kind(net):
    x = X[:2].astype(pytensor.config.floatX)
    before = net.predict(x)
    x.flags.writeable = False
    np.testing.assert_array_equal(net.predict(x), before)


@pytest.mark.parametrize("borrow", [False, True])
def test_new_parameters_count_at_once(net, borrow):
    bias = net.find("out", "b")
    old, before = bias.get_value(), net.predict(X[:1])
    bias.set_value(old + 1, borrow=borrow)
    np.testing.assert_allclose(net.predict(X[:1]), before + 1, rtol=1e-4, atol=1e-5)
    bias.get_value(borrow=True)[...] = old  # in place
    np.testing.assert_array_equal(net.predict(X[:1]), before)


def test_wrong_data_are_refused_after_right_ones(net):
    net.predict(X[:1])
    with pytest.raises(symloss.errors.ShapeError, match="4"):
        net.predict(X[:1, :3])
    with pytest.raises(symloss.errors.DataError):
        net.predict(X[:0])


def test_threads_that_predict_at_once_get_what_is_theirs(net):
    wanted = [net.predict(X[rows : rows + 1 + rows % 3]) for rows in range(30)]
    wrong = []

    def work():
        for _ in range(20):
            for rows, right in enumerate(wanted):
                if not np.array_equal(net.predict(X[rows : rows + 1 + rows % 3]), right):
                    wrong.append(rows)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_another_mode_compiles_anew(net):
    before = net.predict(X[:2])
    net.mode = "PYTHON"
    try:
        np.testing.assert_allclose(net.predict(X[:2]), before, rtol=1e-4, atol=1e-5)
        keys = [key for key in net._compiled if key[0] == "predict"]
        assert {"C", "PYTHON"} <= {mode for key in keys for mode in key if isinstance(mode, str)}
    finally:
        net.mode = "C"


@pytest.mark.parametrize(("mode", "name"), [(None, "C"), ("fast_run", "C"), ("FAST_COMPILE", "PYTHON"), ("cvm", "CVM")])
def test_names_of_modes(mode, name):
    with pytensor.config.change_flags(mode="Mode"):  # as it is unless the user sets it
        assert name_of(mode) == name
