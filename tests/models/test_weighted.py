"""Weighted targets: every model, every loss, and what weights are for."""

import functools

import numpy as np
import pytest
import scipy.special

import symloss
from symloss import Autoencoder, Classifier, Regressor, losses

STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}
N = 23  # no multiple of any batch size below


def soft(x):
    return scipy.special.softmax(x, axis=1)


# One of every kind of target, unit and reduction; what weights do to each loss alone is tested where the losses are.
LOSSES = ["squared_error", "absolute_error", "huber", "cross_entropy", "label_cross_entropy",
          "categorical_cross_entropy", "binary_cross_entropy", "kl_divergence", "hinge", "binary_hinge",
          "multiclass_hinge", "maximum_mean_discrepancy"]
TARGETS = {
    "same": lambda rng, k: rng.normal(size=(N, k)),
    "sign": lambda rng, k: rng.choice([-1.0, 1.0], size=(N, k)),
    "label": lambda rng, k: rng.integers(0, k, size=N),
}
PROBABILITIES = {"softmax": soft, "sigmoid": scipy.special.expit}


@functools.cache
def model(name, k=3):
    """A weighted model of 4 inputs and k outputs with this loss alone, and the parameters it starts with."""
    labels = losses.get(name).target.startswith("label")
    activation = "softmax" if labels else losses.get(name).activation or "linear"
    net = (Classifier if labels else Regressor)([4, (k, activation)], loss=None, weighted=True)
    net.add_loss(name)
    return net, [p.get_value() for p in net.params]


def model_and_data(name, rng, k=3):
    """The model of this loss as it starts (compiled once for all tests), and (x, y) that fit."""
    net, start = model(name, k)
    for p, value in zip(net.params, start, strict=True):
        p.set_value(value)
    spec = losses.get(name)
    labels = spec.target.startswith("label")
    target = TARGETS["label" if labels else spec.target.split()[0]](rng, k)
    if not labels and spec.activation in PROBABILITIES:
        target = PROBABILITIES[spec.activation](target)
    return net, rng.normal(size=(N, 4)), target


def everything(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_of_zero_weights_has_loss_zero_and_moves_nothing(name, rng):
    net, x, y = model_and_data(name, rng)
    before = everything(net)
    record = net.train([x, y, np.zeros(N)], algo="sgd", learning_rate=1.0, epochs=2, batch_size=10, verbose=0)[-1]
    assert record["loss"] == 0
    assert np.array_equal(everything(net), before)


@pytest.mark.parametrize("name", LOSSES)
def test_a_zero_weight_takes_an_item_out_of_a_step(name, rng):
    """Parameters after a step are those after a step on the other items alone."""
    net, x, y = model_and_data(name, rng)
    w = np.arange(N) % 3 != 0
    options = {"algo": "sgd", "learning_rate": 0.5, "epochs": 1, "batch_size": 0, "verbose": 0}
    start = [p.get_value() for p in net.params]
    net.train([x, y, w], **options)
    moved = everything(net)
    for p, value in zip(net.params, start, strict=True):
        p.set_value(value)
    net.train([x[w], y[w], np.ones(w.sum())], **options)
    np.testing.assert_allclose(moved, everything(net), rtol=1e-9, atol=1e-12)
    assert not np.allclose(moved, np.concatenate([v.ravel() for v in start]))


@pytest.mark.parametrize("name", ["squared_error", "cross_entropy", "hinge", "maximum_mean_discrepancy"])
def test_weights_of_one_are_no_weights(name, rng):
    net, x, y = model_and_data(name, rng)
    with_ones = net.train([x, y, np.ones(N)], batch_size=5, **STILL)[-1]["loss"]
    plain = type(net)(net._described, loss=name)
    np.testing.assert_allclose(plain.train([x, y], batch_size=5, **STILL)[0]["loss"], with_ones, rtol=1e-9)


@pytest.mark.parametrize("batch_size", [0, 1, 4, 5, 23, 100])
def test_the_epoch_figure_is_the_weighted_mean_of_the_data_set(batch_size, rng, backend):
    x, y, w = rng.normal(size=(N, 4)), rng.normal(size=(N, 3)), rng.uniform(0, 5, size=(N, 3)) ** 3
    net = Regressor([4, 3], weighted=True, mode=backend)
    wanted = np.average((net.predict(x) - y) ** 2, weights=w)
    record = net.train([x, y, w], [x, y, w], batch_size=batch_size, **STILL)[0]
    np.testing.assert_allclose(record["loss"], wanted)
    np.testing.assert_allclose(record["valid_loss"], wanted)


def test_the_epoch_figure_without_weights_is_the_mean_of_the_data_set(rng, backend):
    x, y = rng.normal(size=(N, 4)), rng.normal(size=(N, 3))
    net = Regressor([4, 3], loss="mae", mode=backend)
    record = net.train([x, y], batch_size=10, **STILL)[0]
    np.testing.assert_allclose(record["loss"], np.abs(net.predict(x) - y).mean())


def test_the_epoch_figure_of_a_classifier(rng):
    net = Classifier([4, 3], weighted=True)
    x, y, w = rng.normal(size=(N, 4)), rng.integers(0, 3, size=N), rng.uniform(0, 5, size=N)
    record = net.train([x, y, w], batch_size=4, **STILL)[0]
    p = net.predict_proba(x)
    np.testing.assert_allclose(record["xe"], np.average(-np.log(p[np.arange(N), y]), weights=w))
    np.testing.assert_allclose(record["acc"], np.average(p.argmax(1) == y, weights=w))


def test_the_epoch_figure_of_an_autoencoder(rng):
    net = Autoencoder([4, 2, 4], weighted=True)
    x, w = rng.normal(size=(N, 4)), rng.uniform(0, 5, size=(N, 4))
    record = net.train([x, w], batch_size=4, **STILL)[0]
    np.testing.assert_allclose(record["loss"], np.average((net.predict(x) - x) ** 2, weights=w))


@pytest.mark.parametrize("shape", [(N,), (N, 1), (N, 3)])
def test_weights_one_a_sample_or_of_the_targets_shape(shape, rng):
    x, y, w = rng.normal(size=(N, 4)), rng.normal(size=(N, 3)), rng.uniform(size=shape)
    net = Regressor([4, 3], weighted=True)
    full = np.broadcast_to(w.reshape(N, -1), (N, 3))
    wanted = np.average((net.predict(x) - y) ** 2, weights=full)
    np.testing.assert_allclose(net.train([x, y, w], batch_size=6, **STILL)[0]["loss"], wanted)


@pytest.mark.parametrize("shape", [(N, 2), (N, 3, 1, 1), (3,), ()])
def test_weights_of_another_shape_are_refused(shape, rng):
    net = Regressor([4, 3], weighted=True)
    with pytest.raises(symloss.SymlossError, match="weights"):
        net.train([rng.normal(size=(N, 4)), rng.normal(size=(N, 3)), np.ones(shape)], **STILL)


def test_missing_weights_are_asked_for(rng):
    net = Regressor([4, 3], weighted=True)
    with pytest.raises(symloss.DataError, match="in, target, weights"):
        net.train([rng.normal(size=(N, 4)), rng.normal(size=(N, 3))], **STILL)


@pytest.mark.parametrize("name", [n for n in LOSSES if not losses.get(n).target.startswith(("label", "sign"))])
def test_a_nan_behind_a_zero_weight_is_harmless(name, rng):
    net, x, y = model_and_data(name, rng)
    w = (np.arange(N) % 4 != 0).astype(float)
    y[w == 0] = np.nan
    history = net.train([x, y, w], algo="sgd", learning_rate=0.1, epochs=2, batch_size=6, verbose=0)
    assert all(np.isfinite(r["loss"]) for r in history)
    assert np.isfinite(everything(net)).all()


def test_a_nan_in_one_element_behind_a_zero_weight_is_harmless(rng):
    x, y, w = rng.normal(size=(N, 4)), rng.normal(size=(N, 3)), rng.uniform(size=(N, 3))
    y[5, 1], w[5, 1] = np.inf, 0
    y[6, 2], w[6, 2] = np.nan, 0
    net = Regressor([4, 3], weighted=True)
    record = net.train([x, y, w], **STILL)[0]
    np.testing.assert_allclose(record["loss"], np.average((net.predict(x) - np.where(w, y, 0)) ** 2, weights=w))


def test_a_double_weight_is_the_item_twice(rng):
    x, y = rng.normal(size=(N, 4)), rng.normal(size=(N, 3))
    one, two = Regressor([4, 3], weighted=True), Regressor([4, 3])
    w = np.where(np.arange(N) < 5, 2, 1)
    options = {"algo": "sgd", "learning_rate": 0.1, "epochs": 3, "batch_size": 0, "verbose": 0}
    one.train([x, y, w], **options)
    two.train([np.r_[x, x[:5]], np.r_[y, y[:5]]], **options)
    np.testing.assert_allclose(everything(one), everything(two))


def test_a_weighted_model_validates_with_weights(rng):
    x, y, w = rng.normal(size=(N, 4)), rng.normal(size=(N, 3)), rng.uniform(size=N)
    net = Regressor([4, 3], weighted=True)
    record = net.train([x, y, np.ones(N)], [x, y, w], batch_size=4, **STILL)[0]
    wanted = np.average(((net.predict(x) - y) ** 2).mean(axis=1), weights=w)
    np.testing.assert_allclose(record["valid_loss"], wanted)


# ------------------------------------------------------------------------------------------------- what weights are for


def test_an_autoencoder_completes_a_matrix_better_than_column_means(rng):
    whole = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 12)) + 3 * rng.normal(size=12)
    known = rng.uniform(size=whole.shape) < 0.8
    means = np.nanmean(np.where(known, whole, np.nan), axis=0)
    filled = np.where(known, whole, means)
    net = Autoencoder([12, (2, "linear"), 12], weighted=True)
    centred = filled - means
    net.train([centred, known], algo="adam", learning_rate=0.05, epochs=60, patience=None, verbose=0)
    error = (net.predict(centred) + means - whole)[~known]
    assert np.sqrt(np.mean(error**2)) < 0.6 * np.sqrt(np.mean((filled - whole)[~known] ** 2))


def test_a_rare_class_is_found_with_large_weights_and_missed_without(rng):
    """One item in a thousand is of class 1, and lies beside the others, not apart from them."""
    n = 5000
    y = np.zeros(n, int)
    y[:5] = 1
    x = rng.normal(size=(n, 2)) + 2.0 * y[:, None]
    options = {"algo": "adam", "learning_rate": 0.05, "epochs": 15, "batch_size": 250, "patience": None, "verbose": 0}
    plain, weighted = Classifier([2, 2]), Classifier([2, 2], weighted=True)
    plain.train([x, y], **options)
    weighted.train([x, y, np.where(y == 1, 1000.0, 1.0)], **options)
    assert plain.predict(x)[y == 1].mean() < 0.5
    assert weighted.predict(x)[y == 1].mean() >= 0.8
    assert weighted.predict(x)[y == 0].mean() < 0.2


def test_a_score_of_targets_too_large_to_be_squared_is_infinitely_bad_and_warns_of_nothing(rng, recwarn):
    x = rng.normal(size=(6, 2))
    targets = 1e300 * np.arange(1, 7)[:, None]
    assert symloss.Regressor([2, 1], mode="PYTHON").score(x, targets) == -np.inf
    assert not recwarn.list


def test_a_metric_of_targets_too_large_to_be_squared_warns_of_nothing(rng, recwarn):
    net = symloss.Regressor([3, 2], loss="mae", mode="PYTHON")
    net.train([rng.normal(size=(5, 3)), 1e300 * rng.normal(size=(5, 2))], metrics=["r_squared"], epochs=1, verbose=0)
    assert not [w for w in recwarn if "overflow" in str(w.message) and "pytensor" not in w.filename]
