"""`like=` and `how=`: other systems' numbers in models and on plain arrays. Their figures are in conformance/."""

import json
import pathlib

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import evaluate, losses
from symloss.losses.conventions import System, systems

EVERY = [(system, name) for system in systems for name in systems.get(system)]


@pytest.fixture
def arrays(rng):
    return rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.uniform(0.5, 2, size=(6, 3))


# ------------------------------------------------------------------------------------------------------------ reduction


def test_batch_mean_divides_by_the_number_of_items(arrays):
    p, t, w = arrays
    expected = (w * (p - t) ** 2).sum() / 6
    for how in ("batch mean", "batch_mean", "batchmean"):
        np.testing.assert_allclose(evaluate.value("mse", p, t, weights=w, how=how), expected)


@pytest.mark.parametrize("how, divisor", [("mean", "weights"), ("count", 18), ("sum over batch size", 18), ("sum", 1)])
def test_reductions_divide_as_they_say(how, divisor, arrays):
    p, t, w = arrays
    divisor = w.sum() if divisor == "weights" else divisor
    np.testing.assert_allclose(evaluate.value("mae", p, t, weights=w, how=how), (w * abs(p - t)).sum() / divisor)


def test_one_weight_an_item_counts_for_all_of_it(arrays):
    p, t, w = arrays
    found = evaluate.value("mse", p, t, weights=w[:, 0], how="mean")
    np.testing.assert_allclose(found, np.average((p - t) ** 2, weights=np.repeat(w[:, :1], 3, axis=1)))
    np.testing.assert_allclose(evaluate.value("mse", p, t, weights=w[:, 0]), (p - t) ** 2 * w[:, :1])


def test_weights_that_pairs_take_themselves_are_taken_once(arrays):
    p, t, _ = arrays
    keep = np.array([1.0, 1, 0, 1, 1, 1])
    found = evaluate.value("mmd", p, t, weights=keep, how="mean")
    np.testing.assert_allclose(found, evaluate.value("mmd", p[keep > 0], t[keep > 0], how="mean"))


def test_an_unknown_reduction_is_refused_with_those_that_are_known():
    with pytest.raises(symloss.UnknownNameError, match="batch mean"):
        symloss.Loss("mse", how="batch men")
    with pytest.raises(symloss.SpecError, match="no scalar"):
        symloss.Loss("mse", how="none")


def test_batch_mean_trains_and_shows(points):
    x, y = points
    net = symloss.Regressor([5, 3], loss=None, mode="PYTHON")
    net.add_loss("mse", how="batch mean")
    assert "number of items" in net.explain()
    (record,) = net.itertrain([x, y], algo="sgd", learning_rate=0, epochs=1, batch_size=7)
    np.testing.assert_allclose(record["mse"], ((net.predict(x) - y) ** 2).sum() / len(x), rtol=1e-6)


# ----------------------------------------------------------------------------------------------------------------- like


@pytest.mark.parametrize("system, name", EVERY, ids=lambda value: value)
def test_a_convention_has_the_losses_ports_and_can_be_asked_for(system, name):
    loss = symloss.Loss(name, like=system)
    assert loss.spec.ports == losses.get(name).ports
    assert f"like={system!r}" in repr(loss)
    assert loss.to_spec()["like"] == system
    assert systems.get(system).get(name).own


def test_like_in_a_model_is_that_systems_number(points):
    x, y = points
    net = symloss.Regressor([5, 3], loss=None, weighted=True, mode="PYTHON")
    net.add_loss("huber", like="torch", delta=0.5)
    w = np.random.default_rng(1).uniform(size=y.shape)
    (record,) = net.itertrain([x, y, w], algo="sgd", learning_rate=0, epochs=1, batch_size=9)
    e = abs(net.predict(x) - y)
    values = np.where(e <= 0.5, 0.5 * e**2, 0.5 * (e - 0.25))
    np.testing.assert_allclose(record["huber"], (w * values).sum() / w.size, rtol=1e-6)  # torch divides by the number
    assert "as torch computes it" in net.explain()


def test_like_is_saved_with_a_model(points, tmp_path):
    net = symloss.Regressor([5, 3], loss={"form": "mse", "like": "numpy_ml"}, mode="PYTHON")
    assert "like" in repr(net)
    net.save(tmp_path / "net.safetensors")
    loaded = symloss.load(tmp_path / "net.safetensors")
    assert loaded.losses[0].like == "numpy_ml" and loaded.losses[0].how == "sum"


def test_options_are_that_systems_own():
    assert symloss.Loss("gaussian_nll", like="theanets", covar_eps=0.1).options == {"covar_eps": 0.1}
    with pytest.raises(symloss.UnknownNameError, match="covar_eps"):
        symloss.Loss("gaussian_nll", like="theanets", eps=0.1)


def test_unknown_systems_and_losses_they_do_not_have_are_refused():
    with pytest.raises(symloss.UnknownNameError, match="torch"):
        symloss.Loss("mse", like="pytroch")
    with pytest.raises(symloss.UnknownNameError, match="the nearest of 8: .*huber"):
        symloss.Loss("lambdarank", like="lasagne")
    with pytest.raises(symloss.SpecError, match="registered"):
        symloss.Loss(lambda p, t: abs(p - t), like="torch")


def test_a_convention_with_other_ports_is_refused():
    system = object.__new__(System)
    system.name = "another"
    with pytest.raises(symloss.SpecError, match="ports"):
        system.differs("squared_error", "Other")(lambda first, second: first)


def test_labels_of_theanets_wrap_and_those_out_of_range_are_nan():
    p = [[0.2, 0.3, 0.5]] * 3
    found = evaluate.value("xe", p, np.array([-1, 0, 7]), like="theanets", how="none")
    np.testing.assert_allclose(found, [-np.log(0.5), -np.log(0.2), np.nan])


def test_penalty_of_numpy_ml_is_of_its_norms():
    figures = json.loads((pathlib.Path(__file__).parent / "conformance" / "numpy_ml.json").read_text())["penalty"]
    x = pt.matrix("x", dtype="float64")
    slopes = np.array(figures["slopes"])
    spec = systems.get("numpy_ml").get("gradient_penalty").spec
    made = spec.function((x * slopes).sum(axis=1), x).mean()  # a critic whose gradients are these
    found = pytensor.function([x], made, mode="FAST_COMPILE")(np.zeros_like(slopes))
    np.testing.assert_allclose(found, figures["value"], rtol=1e-10)


# ------------------------------------------------------------------------------------------------------------- evaluate


def test_logits_are_taken_through_an_activation():
    z = np.array([[30.0, 0.0, -10.0], [1e4, 0.0, -1e4]])
    np.testing.assert_allclose(evaluate.value("xe", z, [1, 2], activation="softmax"), [30, 2e4], rtol=1e-12)
    slopes = evaluate.grad("xe", z, [1, 2], activation="softmax")
    np.testing.assert_allclose(slopes, [[1, -1, 0], [1, 0, -1]], atol=1e-9)


def test_lists_and_arrays_are_options():
    p, t = np.zeros((2, 3)), np.ones(2)
    for q in ([0.1, 0.5, 0.9], np.array([0.1, 0.5, 0.9])):
        np.testing.assert_allclose(evaluate.value("multi_quantile", p, t, q=q), [0.5, 0.5])


@pytest.mark.parametrize("name, options, second", [
    ("mse", {}, lambda e: 2 + 0 * e),
    ("log_cosh", {}, lambda e: 1 / np.cosh(e) ** 2),
    ("huber", {"delta": 0.7}, lambda e: (abs(e) < 0.7) * 1.0),
    ("pseudo_huber", {}, lambda e: (1 + e**2) ** -1.5),
])
def test_hessian_diagonal_is_the_second_derivative(name, options, second, arrays):
    p, t, _ = arrays
    np.testing.assert_allclose(evaluate.hessian_diagonal(name, p, t, **options), second(p - t), rtol=1e-9, atol=1e-12)


def test_hessian_diagonal_of_a_softmax_is_its_variance(rng):
    z, labels = rng.normal(size=(5, 4)), [0, 1, 2, 3, 0]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    found = evaluate.hessian_diagonal("xe", z, labels, activation="softmax")
    np.testing.assert_allclose(found, p * (1 - p), rtol=1e-10)
    found = evaluate.hessian_diagonal("xe", z, labels, activation="softmax", how="mean")
    np.testing.assert_allclose(found, p * (1 - p) / 5, rtol=1e-10)


def test_hessian_diagonal_of_pairs_is_that_of_finite_differences(rng):
    p, t = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    found, step = evaluate.hessian_diagonal("mmd", p, t), 1e-4
    for where in np.ndindex(p.shape):
        ahead, behind = p.copy(), p.copy()
        ahead[where] += step
        behind[where] -= step
        slope = evaluate.grad("mmd", ahead, t)[where] - evaluate.grad("mmd", behind, t)[where]
        np.testing.assert_allclose(found[where], slope / (2 * step), rtol=1e-5, atol=1e-8)


def test_a_port_that_is_not_there_is_refused():
    with pytest.raises(symloss.SpecError, match="wrt=2"):
        evaluate.grad("mse", [1.0], [1.0], wrt=2)


def test_the_clips_of_other_systems_are_not_rewritten(labelled):
    x, y = labelled
    net = symloss.Classifier([4, 3], loss={"form": "xe", "like": "theanets"}, mode="PYTHON")
    for p in net.params:
        p.set_value(1e3 * p.get_value())  # sure, and often wrong: theanets' gradient is dead there
    (record,) = net.itertrain([x, y], algo="sgd", learning_rate=0, epochs=1, batch_size=0)
    p = net.predict_proba(x)[np.arange(60), y]
    np.testing.assert_allclose(record["xe"], -np.log(np.clip(p, 1e-8, 1)).mean(), rtol=1e-6)
    assert "rewritten" not in net.explain()


def test_a_users_own_loss_is_stable_on_plain_arrays(registered):
    @symloss.loss("surprise of a label", target="label", activation="softmax", per="item", unit="nats")
    def surprise(prediction, target):
        return -pt.log(prediction[pt.arange(target.shape[0]), target])

    z = np.array([[1e4, 0.0, -1e4]])
    np.testing.assert_allclose(evaluate.value("surprise", z, [2], activation="softmax", mode="PYTHON"), [2e4])
    np.testing.assert_allclose(evaluate.grad("surprise", z, [2], activation="softmax", mode="PYTHON"), [[1, 0, -1]])


# ------------------------------------------------------------------------------------- what else these systems take


def test_lasagnes_crossentropy_takes_labels_and_one_hot_targets():
    p = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    expected = -np.log([0.2, 0.1])
    for target in ([0, 2], np.eye(3)[[0, 2]]):
        found = symloss.evaluate.value("categorical_crossentropy", p, target, like="lasagne")
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_gradient_of_numpy_mls_clipped_bound_passes():
    z, one = np.zeros((1, 1)), np.ones((1, 1))
    slope = symloss.evaluate.grad("vae", z, z, z, one, like="numpy_ml")
    np.testing.assert_allclose(slope, -1 / np.finfo(float).eps)  # -4.5e15, as numpy_ml 0.1.2 has it


def test_kernel_of_theanets_may_be_a_function():
    x, y = np.random.default_rng(0).normal(size=(2, 4, 3))
    kernel = lambda a, b: a @ b.T  # noqa: E731
    found = symloss.evaluate.value("mmd", x, y, like="theanets", kernel=kernel)
    np.testing.assert_allclose(found, (y @ y.T).mean() - 2 * (y @ x.T).mean() + (x @ x.T).mean(), rtol=1e-10)
    with pytest.raises(symloss.SpecError, match="kernel='rbf'"):
        symloss.evaluate.value("mmd", x, y, like="theanets", kernel="rbf")


def test_subclass_of_a_function_says_what_to_write():
    with pytest.raises(symloss.SpecError, match=r"losses.MeanSquaredError .* Derive from symloss.Loss"):
        type(symloss.losses.MeanSquaredError).__mro_entries__(symloss.losses.MeanSquaredError, ())
    with pytest.raises(symloss.SpecError, match="squared_error"):
        class My(symloss.losses.MeanSquaredError):
            pass
    assert symloss.losses.MeanSquaredError(target=2).name == "squared_error"
