"""NCELoss: numpy_ml's numbers where they are right, an independent computation, finite differences, and its life."""

import numpy as np
import pytensor
import pytest

from symloss.compat.numpy_ml import compiled
from symloss.compat.numpy_ml.errors import FrozenError
from symloss.compat.numpy_ml.neural_nets.losses import NCELoss
from symloss.compat.numpy_ml.neural_nets.losses.nce import nce_values
from symloss.compat.numpy_ml.neural_nets.optimizers import SGD, Adam
from symloss.compat.numpy_ml.neural_nets.schedulers import KingScheduler
from symloss.compat.numpy_ml.utils.data_structures import DiscreteSampler

TIGHT = {"rtol": 1e-10, "atol": 1e-10}
rng = np.random.default_rng(2)
TARGET, CLEAR, HIT = np.array([1, 8, 8]), np.array([0, 4, 4, 6]), np.array([0, 8, 4, 8])
NOISE = np.array([0.05, 0.1, 0.2, 0.05, 0.1, 0.15, 0.1, 0.05, 0.2])
X = rng.normal(size=(3, 2, 5))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def independent(x, w, b, noise, target, samples, subtract):
    """Return loss and probabilities of targets, one number after the other."""
    loss, probabilities = 0, np.zeros(x.shape[:2])
    for i, vectors in enumerate(x):
        for j, vector in enumerate(vectors):
            for c, is_noise in [(target[i], False), *[(s, True) for s in samples]]:
                logit = w[c] @ vector + b[0, c] - (np.log(len(samples) * noise[c]) if subtract else 0)
                loss -= np.log(sigmoid(-logit if is_noise else logit))
                if not is_noise:
                    probabilities[i, j] = sigmoid(logit)
    return loss, probabilities


def made(samples=CLEAR, subtract=True, **options):
    """Return a loss with parameters that are not 0."""
    nce = NCELoss(9, DiscreteSampler(NOISE), len(samples), subtract_log_label_prob=subtract, **options)
    nce.n_in = 5
    nce._init_params()
    nce.parameters["b"] = rng.normal(size=(1, 9))
    return nce


# ------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize("subtract", [True, False])
@pytest.mark.parametrize("samples", [CLEAR, HIT])
@pytest.mark.parametrize("n_c", [1, 2, 4])
def test_loss_is_that_of_an_independent_computation(subtract, samples, n_c):
    nce, x = made(samples, subtract), rng.normal(size=(3, n_c, 5))
    loss, y_pred = nce.loss(x, TARGET, samples)
    wanted = independent(x, nce.parameters["W"], nce.parameters["b"], NOISE, TARGET, samples, subtract)
    assert isinstance(loss, float) and y_pred.shape == (3, n_c)
    np.testing.assert_allclose(loss, wanted[0], **TIGHT)
    np.testing.assert_allclose(y_pred, wanted[1], **TIGHT)


@pytest.mark.parametrize("subtract", [True, False])
@pytest.mark.parametrize("samples", [CLEAR, HIT], ids=["no accidental hit", "accidental hits"])
@pytest.mark.parametrize("n_c", [1, 3])
def test_gradients_by_finite_differences(subtract, samples, n_c, slope):
    """numpy_ml leaves a target out of dW and db that is among the samples, though its loss keeps it."""
    nce, x = made(samples, subtract), rng.normal(size=(3, n_c, 5))
    w, b = nce.parameters["W"], nce.parameters["b"]

    def value(x=x, w=w, b=b):
        return independent(x, w, b, NOISE, TARGET, samples, subtract)[0]

    nce.loss(x, TARGET, samples)
    by_x = nce.grad(update_params=False)
    np.testing.assert_allclose(by_x, slope(lambda moved: value(x=moved), x), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(nce.gradients["W"], slope(lambda moved: value(w=moved), w), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(nce.gradients["b"], slope(lambda moved: value(b=moved), b), rtol=1e-7, atol=1e-8)
    assert not nce.gradients["W"][[2, 3, 5, 7]].any()  # classes that took no part


@pytest.mark.parametrize("case", [0, 1, 2], ids=["log q", "negative sampling", "negative sampling with a hit"])
def test_numbers_of_numpy_ml(golden, case):
    """With log k Q in the place of its log Q: its biases are larger by log k. Of a hit only dW and db differ."""
    case = golden["nce"][case]
    x, target, samples = (np.array(case[name]) for name in ("X", "target", "samples"))
    nce = NCELoss(11, DiscreteSampler(case["noise"]), len(samples), optimizer="SGD(lr=0.1)",
                  subtract_log_label_prob=case["subtract"])
    shift = np.log(len(samples)) if case["subtract"] else 0
    np.random.seed(7)
    loss, y_pred = nce(x, target, samples)
    np.testing.assert_array_equal(nce.parameters["W"], case["start"]["W"])
    np.testing.assert_array_equal(nce.parameters["b"], case["start"]["b"])
    nce.flush_gradients()
    nce.parameters["b"] = nce.parameters["b"] + shift
    loss, y_pred = nce(x, target, samples)
    np.testing.assert_allclose(loss, case["loss"], **TIGHT)
    np.testing.assert_allclose(y_pred, case["y_pred"], **TIGHT)
    for name, value in case["derived"].items():
        np.testing.assert_allclose(nce.derived_variables[name][0], value, err_msg=name, **TIGHT)
    np.testing.assert_allclose(nce.grad(update_params=False), case["grad"], **TIGHT)
    same = all(np.allclose(nce.gradients[name], case["gradients"][name], **TIGHT) for name in ("W", "b"))
    assert same == (8 not in samples)
    found = {name: value for name, value in nce.hyperparameters.items() if name != "noise_sampler"}
    assert found == case["hyperparameters"]
    nce.update()
    if same:
        np.testing.assert_allclose(nce.parameters["W"], case["updated"]["W"], **TIGHT)
        np.testing.assert_allclose(nce.parameters["b"] - shift, case["updated"]["b"], **TIGHT)


def test_the_estimate_becomes_the_gradient_of_the_softmax_with_many_samples():
    """Which log Q alone, without k, does not. Samples come as often as expected, so nothing is random."""
    for k, error in ((100, 0.1), (100_000, 1e-4)):
        samples = np.repeat(np.arange(9), np.round(NOISE * k).astype(int))
        nce = made(samples)
        x, w = X[:1, :1], nce.parameters["W"]
        scores = w @ x[0, 0] + nce.parameters["b"][0]
        nce.parameters["b"] = nce.parameters["b"] - np.log(np.exp(scores).sum())  # so exp of scores sums to 1
        p = np.exp(w @ x[0, 0] + nce.parameters["b"][0])
        nce.loss(x, TARGET[:1], samples)
        found = nce.grad(update_params=False)[0, 0]
        assert np.abs(found - (p @ w - w[TARGET[0]])).max() < error


def test_logits_of_any_size_are_exact():
    """numpy_ml clips probabilities at 2.2e-16: 36 for a loss of 1,000, with a slope of 0 through the sigmoid."""
    nce = made(CLEAR, subtract=False)
    nce.parameters = {"W": np.zeros((9, 5)), "b": np.zeros((1, 9))}
    nce.parameters["b"][0, 1], nce.parameters["b"][0, 0] = -1000, 1000
    loss, _ = nce.loss(X[:1, :1], TARGET[:1], CLEAR)
    np.testing.assert_allclose(loss, 2000 + 3 * np.log(2), **TIGHT)
    nce.grad(update_params=False)
    np.testing.assert_allclose(nce.gradients["b"][0, :2], [1, -1], **TIGHT)


@pytest.mark.parametrize("mode", ["C"])
def test_compiled_to_c_it_is_the_same(mode):
    nce = made(HIT)
    plain = nce.loss(X, TARGET, HIT)
    slope = nce.grad(update_params=False)
    gradients = {name: value.copy() for name, value in nce.gradients.items()}
    nce.flush_gradients()
    with pytensor.config.change_flags(mode="FAST_RUN"):  # which is C
        fast = nce.loss(X, TARGET, HIT)
        np.testing.assert_allclose(fast[0], plain[0], **TIGHT)
        np.testing.assert_allclose(fast[1], plain[1], **TIGHT)
        np.testing.assert_allclose(nce.grad(update_params=False), slope, **TIGHT)
        for n, n_c in ((5, 1), (6, 3), (2, 2)):
            nce.loss(rng.normal(size=(n, n_c, 5)), np.arange(n), HIT, retain_derived=False)
    for name, value in gradients.items():
        np.testing.assert_allclose(nce.gradients[name], value, **TIGHT)
    made_of = [f for key, f in compiled._compiled.cache._entries.items() if key[0] is nce_values and "FAST_RUN" in key]
    assert [len(f.decisions()) for f in made_of] == [1]  # one C file for batches of all sizes


def test_probabilities_may_be_logarithms():
    """Of which numpy_ml takes the logarithm once more: NaN."""
    nce = made(CLEAR)
    plain = nce.loss(X, TARGET, CLEAR)[0]
    nce.noise_sampler = DiscreteSampler(np.log(NOISE), log=True)
    np.testing.assert_allclose(nce.loss(X, TARGET, CLEAR)[0], plain, **TIGHT)
    logs = np.array([-900.0, *np.log(np.full(8, 1 / 8))])  # exp(-900) is 0
    nce = NCELoss(9, DiscreteSampler(logs, log=True), 1)
    assert np.isfinite(nce.loss(X, np.zeros(3, int), np.array([5]))[0])


def test_one_function_for_all_batches_and_numbers_of_classes():
    for nce, x in ((made(CLEAR), X), (made(CLEAR), rng.normal(size=(7, 1, 5)))):
        kept = set(compiled._compiled.cache)
        nce.loss(x, np.arange(len(x)), CLEAR)
        nce.grad()
    large = NCELoss(50_000, DiscreteSampler(np.full(50_000, 1 / 50_000)), 4)
    large.loss(rng.normal(size=(2, 1, 3)), np.array([0, 49_999]))
    large.grad(update_params=False)
    assert set(compiled._compiled.cache) == kept
    assert np.count_nonzero(large.gradients["W"].any(axis=1)) <= 6


# ------------------------------------------------------------------------------------------ its life


def test_gradients_add_up_until_the_update_and_are_then_flushed():
    nce = made()
    nce.loss(X, TARGET, CLEAR)
    one = nce.grad(update_params=False)
    first = {name: value.copy() for name, value in nce.gradients.items()}
    nce.flush_gradients()
    assert not any(value.any() for value in nce.gradients.values()) and nce.X == []
    assert all(value == [] for value in nce.derived_variables.values())
    nce.loss(X, TARGET, CLEAR)
    nce.loss(2 * X, TARGET, CLEAR)
    slopes = nce.grad(update_params=False)
    assert isinstance(slopes, list) and len(slopes) == 2
    np.testing.assert_allclose(slopes[0], one, **TIGHT)
    second = nce.gradients["W"] - first["W"]
    nce.flush_gradients()
    nce.loss(2 * X, TARGET, CLEAR)
    nce.grad(update_params=False)
    np.testing.assert_allclose(nce.gradients["W"], second, **TIGHT)
    before = nce.parameters["W"]
    nce.update()
    np.testing.assert_allclose(nce.parameters["W"], before - 0.01 * second, **TIGHT)
    assert not nce.gradients["W"].any() and nce.X == []


def test_grad_updates_unless_told_otherwise():
    nce = made()
    before = nce.parameters["W"].copy()
    nce.loss(X, TARGET, CLEAR)
    nce.grad(retain_grads=False)  # update_params is ignored then
    np.testing.assert_array_equal(nce.parameters["W"], before)
    assert not nce.gradients["W"].any() and len(nce.X) == 1
    nce.grad(update_params=False)
    np.testing.assert_array_equal(nce.parameters["W"], before)
    nce.flush_gradients()
    nce.loss(X, TARGET, CLEAR)
    nce.grad()
    assert not np.array_equal(nce.parameters["W"], before) and nce.X == []


def test_what_is_not_retained_has_no_gradient():
    nce = made()
    nce.loss(X, TARGET, CLEAR, retain_derived=False)
    assert nce.X == [] and nce.derived_variables["y_pred"] == []
    with pytest.raises(ValueError, match=r"no loss was retained; call loss\(X, target\) with retain_derived"):
        nce.grad()


def test_derived_variables_are_what_was_computed():
    nce = made(HIT)
    nce.loss(X, TARGET, HIT)
    derived = {name: value[0] for name, value in nce.derived_variables.items()}
    w, b = nce.parameters["W"], nce.parameters["b"]
    np.testing.assert_array_equal(derived["target"], TARGET)
    np.testing.assert_array_equal(derived["true_w"], w[TARGET])
    np.testing.assert_array_equal(derived["true_b"], b[0, TARGET])
    np.testing.assert_array_equal(derived["sampled_w"], w[HIT])
    np.testing.assert_array_equal(derived["sampled_b"], b[0, HIT])
    samples, of_target, of_samples = derived["noise_samples"]
    np.testing.assert_array_equal(samples, HIT)
    np.testing.assert_allclose(of_target, [NOISE[TARGET]])
    np.testing.assert_allclose(of_samples, NOISE[HIT])
    wanted = X @ w[HIT].T + b[0, HIT] - np.log(4 * NOISE[HIT])
    np.testing.assert_allclose(derived["noise_logits"], wanted, **TIGHT)
    wanted = np.einsum("ijd,id->ij", X, w[TARGET]) + (b[0, TARGET] - np.log(4 * NOISE[TARGET]))[:, None]
    np.testing.assert_allclose(derived["target_logits"][..., 0], wanted, **TIGHT)
    logits = np.concatenate([derived["target_logits"], derived["noise_logits"]], axis=-1)
    np.testing.assert_allclose(derived["y_pred"], sigmoid(logits), **TIGHT)
    assert derived["out_labels"].shape == (3, 2, 5) and derived["out_labels"][0, 0].tolist() == [1, 0, 0, 0, 0]


def test_a_frozen_loss_changes_nothing_and_is_that_of_the_targets():
    nce = made()
    nce.loss(X, TARGET, CLEAR)
    nce.freeze()
    for method in (nce.grad, nce.update, nce.flush_gradients):
        with pytest.raises(AssertionError, match=r"NCELoss is frozen|frozen; call unfreeze\(\)"):
            method()
        with pytest.raises(FrozenError):
            method()
    loss, y_pred = nce.loss(X, TARGET, CLEAR)
    np.testing.assert_allclose(loss, -np.log(y_pred).sum(), **TIGHT)
    assert nce.derived_variables["y_pred"][-1].shape == (3, 2, 1)
    nce.unfreeze()
    wanted = independent(X, nce.parameters["W"], nce.parameters["b"], NOISE, TARGET, CLEAR, True)[0]
    np.testing.assert_allclose(nce.loss(X, TARGET, CLEAR)[0], wanted, **TIGHT)


def test_samples_are_drawn_anew_for_each_loss():
    nce = made()
    np.random.seed(5)
    losses = {float(nce.loss(X, TARGET)[0]) for _ in range(3)}
    drawn = [samples for samples, _, _ in nce.derived_variables["noise_samples"]]
    assert len(losses) == 3 and all(len(samples) == 4 for samples in drawn)
    np.random.seed(5)
    np.testing.assert_allclose(nce.loss(X, TARGET)[0], nce.loss(X, TARGET, drawn[0])[0], **TIGHT)


def test_numpy_mls_own_test_takes_it_apart_example_by_example():
    """As its test does: the sum over examples is the loss of the batch, and so are all gradients."""
    nce = made()
    whole, _ = nce(X, TARGET)
    by_x = nce.grad(update_params=False)
    gradients = {name: value.copy() for name, value in nce.gradients.items()}
    samples, of_target, of_samples = nce.derived_variables["noise_samples"][0]
    nce.gradients = {name: np.zeros_like(value) for name, value in nce.gradients.items()}
    total = 0
    for i, vectors in enumerate(X):
        nce.X = []
        for name in nce.derived_variables:
            nce.derived_variables[name] = []
        loss, _ = nce(vectors[None, :, :], TARGET[i : i + 1], neg_samples=samples)
        nce.derived_variables["noise_samples"] = [(samples, np.array([of_target[0, i]]), of_samples)]
        total += loss
        np.testing.assert_allclose(nce.grad(update_params=False)[0], by_x[i], **TIGHT)
    np.testing.assert_allclose(total, whole, **TIGHT)
    for name, value in gradients.items():
        np.testing.assert_allclose(nce.gradients[name], value, **TIGHT)


def test_it_learns_which_class_goes_with_which_vector():
    """Three classes of 200, told by a vector each."""
    np.random.seed(0)
    nce = NCELoss(200, DiscreteSampler(np.full(200, 1 / 200)), 20, optimizer=Adam(lr=0.05))
    vectors, target = np.eye(3)[:, None, :] * 3, np.array([7, 70, 150])
    first = nce.loss(vectors, target, retain_derived=False)[0]
    for _ in range(60):
        loss, _ = nce(vectors, target)
        nce.grad(update_params=False)
        nce.update(loss)
    assert nce.loss(vectors, target, retain_derived=False)[0] < 0.3 * first
    scores = vectors[:, 0] @ nce.parameters["W"].T + nce.parameters["b"]
    np.testing.assert_array_equal(scores.argmax(axis=1), target)
    assert nce.optimizer.cur_step == 60 and nce.hyperparameters["optimizer"]["cache"]["W"]["t"] == 60


def test_the_loss_reaches_a_scheduler_that_watches_it():
    nce = made(optimizer=SGD(lr_scheduler=KingScheduler(initial_lr=0.1, patience=2)))
    nce.loss(X, TARGET, CLEAR)
    nce.grad(update_params=False)
    with pytest.raises(ValueError, match="cur_loss must be a finite number"):
        nce.update()
    nce.update(cur_loss=1.5)
    assert nce.optimizer.lr_scheduler.loss_history == [1.5, 1.5]


def test_options_by_name():
    sampler = DiscreteSampler(NOISE)
    nce = NCELoss(9, sampler, 4)
    assert str(nce.optimizer) == str(SGD()) and nce.init == "glorot_uniform" and nce.subtract_log_label_prob is True
    assert nce.hyperparameters["n_in"] is None and nce.parameters == {} and nce.gradients == {}
    text = str(NCELoss(9, sampler, 4, optimizer="adam", init="he_normal", subtract_log_label_prob=False))
    assert text.startswith("NCELoss(n_in=None, init=he_normal, n_classes=9, noise_sampler=DiscreteSampler(N=9")
    assert text.endswith("lr_scheduler=ConstantScheduler(lr=0.001)))") and "optimizer=Adam(lr=0.001" in text
    again = NCELoss(9, sampler, 4, optimizer=nce.hyperparameters["optimizer"])
    assert str(again) == str(nce)
    for init in ("glorot_normal", "glorot_uniform", "he_normal", "he_uniform"):
        nce = NCELoss(9, sampler, 4, init=init)
        nce.loss(X, TARGET)
        assert nce.parameters["W"].shape == (9, 5) and nce.parameters["b"].tolist() == [[0] * 9]
        assert nce.hyperparameters["n_in"] == 5 and nce.parameters["W"].any()


def test_a_sampler_of_the_users_own_needs_probabilities_and_a_call():
    class Ahead:
        probs = NOISE

        def __call__(self, n_samples):
            return np.arange(n_samples)

    nce = NCELoss(9, Ahead(), 3)
    nce.loss(X, TARGET)
    np.testing.assert_array_equal(nce.derived_variables["noise_samples"][0][0], [0, 1, 2])
