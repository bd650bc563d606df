"""numpy_ml's documentation of its losses, sentence by sentence: each is quoted above or in the test that holds it."""

import inspect

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from symloss.compat.numpy_ml.neural_nets import losses
from symloss.compat.numpy_ml.neural_nets.activations import Tanh
from symloss.compat.numpy_ml.neural_nets.losses import CrossEntropy, NCELoss, SquaredError, VAELoss, WGAN_GPLoss
from symloss.compat.numpy_ml.neural_nets.optimizers import SGD, RMSProp
from symloss.compat.numpy_ml.utils.data_structures import DiscreteSampler

TIGHT = {"rtol": 1e-10, "atol": 1e-10}
rng = np.random.default_rng(4)


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def arguments(function):
    """Return names and defaults of arguments, as the documentation writes them."""
    return str(inspect.signature(function)).replace("self, ", "")


@pytest.mark.parametrize(("function", "documented"), [
    (CrossEntropy.loss, "(y, y_pred)"),
    (CrossEntropy.grad, "(y, y_pred)"),
    (SquaredError.loss, "(y, y_pred)"),
    (SquaredError.grad, "(y, y_pred, z, act_fn)"),
    (NCELoss.__init__, "(n_classes, noise_sampler, num_negative_samples, optimizer=None, init='glorot_uniform', "
                       "subtract_log_label_prob=True)"),
    (NCELoss.freeze, "(self)"),
    (NCELoss.unfreeze, "(self)"),
    (NCELoss.flush_gradients, "(self)"),
    (NCELoss.update, "(cur_loss=None)"),
    (NCELoss.loss, "(X, target, neg_samples=None, retain_derived=True)"),
    (NCELoss.grad, "(retain_grads=True, update_params=True)"),
    (VAELoss.loss, "(y, y_pred, t_mean, t_log_var)"),
    (VAELoss.grad, "(y, y_pred, t_mean, t_log_var)"),
    (WGAN_GPLoss.__init__, "(lambda_=10)"),
    (WGAN_GPLoss.loss, "(Y_fake, module, Y_real=None, gradInterp=None)"),
    (WGAN_GPLoss.grad, "(Y_fake, module, Y_real=None, gradInterp=None)"),
])
def test_signatures(function, documented):
    assert arguments(function) == documented


@pytest.mark.parametrize("name", ["CrossEntropy", "SquaredError", "VAELoss"])
@pytest.mark.parametrize("method", ["loss", "grad"])
def test_static_methods(name, method):
    assert isinstance(inspect.getattr_static(getattr(losses, name), method), staticmethod)


# ------------------------------------------------------------------------------------------ CrossEntropy


def test_for_a_one_hot_target_and_predicted_class_probabilities_the_cross_entropy_is_a_sum_over_classes():
    """L(y, y_hat) = sum_i y_i log y_hat_i: the documentation leaves out the minus that its code has."""
    y, p = np.array([[0.0, 0.0, 1.0]]), np.array([[0.2, 0.3, 0.5]])
    np.testing.assert_allclose(CrossEntropy()(y, p), -(y * np.log(p)).sum(), **TIGHT)


def test_this_method_returns_the_sum_not_the_average_of_the_losses_for_each_sample():
    y, p = np.eye(4)[[0, 2, 1]], softmax(rng.normal(size=(3, 4)))
    apart = [CrossEntropy.loss(y[i : i + 1], p[i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(CrossEntropy.loss(y, p), sum(apart), **TIGHT)


def test_the_gradient_goes_through_both_the_cross_entropy_and_the_softmax(slope):
    """dL/dz = softmax(z) - y = y_hat - y, with L(z) = cross_entropy(softmax(z)), of shape (n, m)."""
    y, z = np.eye(4)[[0, 2, 1]], rng.normal(size=(3, 4))
    found = CrossEntropy.grad(y, softmax(z))
    np.testing.assert_allclose(found, slope(lambda z: CrossEntropy.loss(y, softmax(z)), z), atol=1e-9)
    np.testing.assert_allclose(found, softmax(z) - y, **TIGHT)
    rather = slope(lambda p: -(y * np.log(p)).sum(), softmax(z), 1e-4)  # "rather than dL/dsoftmax(z)"
    assert found.shape == (3, 4) and not np.allclose(found, rather, atol=0.1)


# ------------------------------------------------------------------------------------------ SquaredError


def test_for_real_valued_target_and_predictions_the_squared_error_is_half_a_squared_norm():
    """L(y, y_hat) = 0.5 ||y_hat - y||_2^2; "the sum of the squared error across dimensions and examples"."""
    y, p = rng.normal(size=(2, 3, 4))
    np.testing.assert_allclose(SquaredError()(y, p), 0.5 * np.linalg.norm(p - y) ** 2, **TIGHT)


def test_gradient_of_the_squared_error_with_respect_to_the_pre_nonlinearity_input(slope):
    """dL/dz = (g(z) - y) (dg/dz), where L(z) = squared_error(y, g(z)) and g(z) = act_fn(z)."""
    y, z = rng.normal(size=(2, 3, 4))
    found = SquaredError.grad(y, np.tanh(z), z, Tanh())
    np.testing.assert_allclose(found, (np.tanh(z) - y) * (1 - np.tanh(z) ** 2), **TIGHT)
    np.testing.assert_allclose(found, slope(lambda z: SquaredError.loss(y, np.tanh(z)), z), atol=1e-9)


# ------------------------------------------------------------------------------------------ NCELoss

Q = np.array([0.1, 0.2, 0.3, 0.15, 0.25])
X, TARGETS, SAMPLES = rng.normal(size=(3, 2, 4)), np.array([4, 0, 2]), np.array([1, 3, 1])


def nce_loss(**options):
    nce = NCELoss(5, DiscreteSampler(Q), 3, **options)
    np.random.seed(0)
    nce.loss(X, TARGETS, SAMPLES, retain_derived=False)  # which makes the parameters
    nce.parameters["b"] = rng.normal(size=(1, 5))
    return nce


def test_nce_is_a_cross_entropy_of_targets_and_one_of_noise():
    """NCE = cross_entropy(y_targets, y_hat_targets) + cross_entropy(y_noise, y_hat_noise), with
    y_hat = sigma(W[c] X + b[c] - log Q(c)), "where sigma is the logistic sigmoid function, and Q(x) corresponds to the
    probability of the values in x under Q": here of how often they come among the k samples, log(k Q).
    """
    nce = nce_loss()
    w, b = nce.parameters["W"], nce.parameters["b"][0]
    target = sigmoid((X * w[TARGETS][:, None]).sum(axis=-1) + (b[TARGETS] - np.log(3 * Q[TARGETS]))[:, None])
    noise = sigmoid(X @ w[SAMPLES].T + b[SAMPLES] - np.log(3 * Q[SAMPLES]))
    loss, y_pred = nce.loss(X, TARGETS, SAMPLES)
    np.testing.assert_allclose(loss, -np.log(target).sum() - np.log(1 - noise).sum(), **TIGHT)  # "summed over the
    # minibatch and samples"
    np.testing.assert_allclose(y_pred, target, **TIGHT)


def test_it_proceeds_by_training_a_logistic_regression_to_discriminate_data_from_noise():
    """The log-odds of a class are log p - log(k Q): at its minimum, scores are log p. Data and noise come as often as
    expected.
    """
    p = np.array([0.4, 0.1, 0.2, 0.05, 0.25])
    data, noise = (np.repeat(np.arange(5), np.round(20 * share).astype(int)) for share in (p, Q))
    nce, one = NCELoss(5, DiscreteSampler(Q), 20, optimizer="SGD(lr=0.004)"), np.ones((20, 1, 1))
    far = []
    for _ in range(60):
        nce.loss(one, data, noise)
        nce.grad()
        far.append(np.abs(np.exp(nce.parameters["W"][:, 0] + nce.parameters["b"][0]) - p).max())
    assert far[-1] < 0.1 * far[0]
    nce.parameters = {"W": np.log(p)[:, None], "b": np.zeros((1, 5))}
    nce.loss(one, data, noise)
    nce.grad(update_params=False)
    np.testing.assert_allclose(nce.gradients["W"], 0, atol=1e-10)


def test_as_the_ratio_of_negative_samples_goes_to_infinity_the_gradient_becomes_that_of_the_softmax():
    nce = nce_loss()
    x, w = X[:1, :1], nce.parameters["W"]
    b = nce.parameters["b"] - np.log(np.exp(w @ x[0, 0] + nce.parameters["b"][0]).sum())
    p = np.exp(w @ x[0, 0] + b[0])
    errors = []
    for k in (20, 2_000, 200_000):
        many = NCELoss(5, DiscreteSampler(Q), k)
        many.loss(x, TARGETS[:1], np.repeat(np.arange(5), np.round(k * Q).astype(int)), retain_derived=False)
        many.parameters = {"W": w, "b": b}
        many.loss(x, TARGETS[:1], np.repeat(np.arange(5), np.round(k * Q).astype(int)))
        errors.append(np.abs(many.grad(update_params=False)[0, 0] - (p @ w - w[TARGETS[0]])).max())
    assert errors[1] < errors[0] / 50 and errors[2] < errors[1] / 50


def test_num_negative_samples_are_drawn_for_each_batch_of_targets():
    """"noise_sampler: the negative sampler. Defines a distribution over all classes in the dataset.\""""
    nce = nce_loss()
    nce.loss(X, TARGETS)
    assert nce.derived_variables["noise_samples"][0][0].shape == (3,)
    assert nce.n_classes == nce.noise_sampler.N


@pytest.mark.parametrize("init", ["glorot_normal", "glorot_uniform", "he_normal", "he_uniform"])
def test_the_weight_initialization_strategy(init):
    """"Default is 'glorot_uniform'.\""""
    nce = nce_loss(init=init)
    limit = {"glorot_normal": 2 * np.sqrt(2 / 9), "glorot_uniform": np.sqrt(6 / 9), "he_normal": 2 * np.sqrt(2 / 5),
             "he_uniform": np.sqrt(6 / 5)}[init]
    assert 0.5 * limit < np.abs(nce.parameters["W"]).max() <= limit
    assert np.array_equal(nce_loss().parameters["W"], nce.parameters["W"]) == (init == "glorot_uniform")


def test_the_optimization_strategy_to_use_when_performing_gradient_updates():
    """"str, Optimizer object, or None: if None, use the SGD optimizer with default parameters.\""""
    own = RMSProp()
    assert nce_loss(optimizer=own).optimizer is own
    assert str(nce_loss(optimizer="RMSProp(lr=0.5)").optimizer) == str(RMSProp(lr=0.5))
    assert str(nce_loss().optimizer) == str(SGD())


def test_set_to_false_for_negative_sampling_true_for_nce():
    """"Whether to subtract the log of the probability of each label under the noise distribution from its logit.\""""
    logits = {}
    for subtract in (True, False):
        nce = nce_loss(subtract_log_label_prob=subtract)
        nce.parameters = {"W": np.ones((5, 4)), "b": np.zeros((1, 5))}
        nce.loss(X, TARGETS, SAMPLES)
        logits[subtract] = nce.derived_variables["noise_logits"][0]
    wanted = np.broadcast_to(np.log(3 * Q[SAMPLES]), (3, 2, 3))
    np.testing.assert_allclose(logits[False] - logits[True], wanted, **TIGHT)


def test_gradients_parameters_hyperparameters_and_derived_variables_are_dicts():
    nce = nce_loss()
    nce.loss(X, TARGETS)
    assert {name: value.shape for name, value in nce.parameters.items()} == {"W": (5, 4), "b": (1, 5)}
    assert {name: value.shape for name, value in nce.gradients.items()} == {"W": (5, 4), "b": (1, 5)}
    assert set(nce.hyperparameters) == {"id", "n_in", "init", "n_classes", "noise_sampler", "num_negative_samples",
                                        "subtract_log_label_prob", "optimizer"}
    assert set(nce.derived_variables) == {"y_pred", "target", "true_w", "true_b", "sampled_b", "sampled_w",
                                          "out_labels", "target_logits", "noise_samples", "noise_logits"}
    assert all(len(values) == 1 for values in nce.derived_variables.values())


def test_freeze_the_loss_parameters_at_their_current_values_so_they_can_no_longer_be_updated():
    nce = nce_loss()
    nce.loss(X, TARGETS)
    nce.grad(update_params=False)
    nce.freeze()
    before = {name: value.copy() for name, value in nce.parameters.items()}
    with pytest.raises(AssertionError, match="NCELoss is frozen"):
        nce.update()
    for name, value in before.items():
        np.testing.assert_array_equal(nce.parameters[name], value)
    nce.unfreeze()  # "Unfreeze the layer parameters so they can be updated."
    nce.update()
    assert not np.array_equal(nce.parameters["W"], before["W"])


def test_erase_all_the_layers_derived_variables_and_gradients():
    nce = nce_loss()
    nce.loss(X, TARGETS)
    nce.grad(update_params=False)
    nce.flush_gradients()
    assert not any(nce.derived_variables.values()) and not any(value.any() for value in nce.gradients.values())


def test_update_the_loss_parameters_using_the_accrued_gradients_and_optimizer():
    """"Flush all gradients once the update is complete.\""""
    nce = nce_loss(optimizer=SGD(lr=0.5))
    nce.loss(X, TARGETS)
    nce.grad(update_params=False)
    wanted = {name: nce.parameters[name] - 0.5 * nce.gradients[name] for name in ("W", "b")}
    nce.update()
    for name, value in wanted.items():
        np.testing.assert_allclose(nce.parameters[name], value, **TIGHT)
        assert not nce.gradients[name].any()


def test_optional_negative_samples_are_used_instead_of_samples_drawn_from_the_noise_sampler():
    nce = nce_loss()

    class Silent:
        probs = Q

        def __call__(self, n_samples):
            raise RuntimeError("it was asked")

    nce.noise_sampler = Silent()
    with pytest.raises(RuntimeError, match="it was asked"):
        nce.loss(X, TARGETS)
    nce.loss(X, TARGETS, neg_samples=SAMPLES)
    np.testing.assert_array_equal(nce.derived_variables["noise_samples"][0][0], SAMPLES)


def test_whether_to_retain_the_variables_calculated_during_the_forward_pass():
    nce = nce_loss()
    nce.loss(X, TARGETS, retain_derived=False)
    assert not any(nce.derived_variables.values())
    nce.loss(X, TARGETS)
    assert all(nce.derived_variables.values())


def test_entry_i_j_gives_the_predicted_probability_of_target_i_under_context_vector_j():
    nce = nce_loss()
    _, y_pred = nce.loss(X, TARGETS, SAMPLES)
    for i in range(3):
        for j in range(2):
            alone = nce.loss(X[i : i + 1, j : j + 1], TARGETS[i : i + 1], SAMPLES, retain_derived=False)[1]
            np.testing.assert_allclose(y_pred[i, j], alone[0, 0], **TIGHT)


def test_compute_the_gradient_with_regard_to_the_inputs_weights_and_biases(slope):
    """Of the inputs in their shape (n_ex, n_c, n_in), or a list of arrays."""
    nce = nce_loss()
    nce.loss(X, TARGETS, SAMPLES)
    found = nce.grad(retain_grads=True, update_params=False)

    def value(x=X, **parameters):
        other = nce_loss()
        other.parameters = nce.parameters | parameters
        return other.loss(x, TARGETS, SAMPLES)[0]

    np.testing.assert_allclose(found, slope(lambda x: value(x), X), atol=1e-8)
    np.testing.assert_allclose(nce.gradients["W"], slope(lambda w: value(W=w), nce.parameters["W"]), atol=1e-8)
    np.testing.assert_allclose(nce.gradients["b"], slope(lambda b: value(b=b), nce.parameters["b"]), atol=1e-8)
    nce.loss(X, TARGETS, SAMPLES)
    assert [one.shape for one in nce.grad()] == [X.shape, X.shape]


def test_if_retain_grads_is_false_update_params_is_ignored():
    """"and the parameter gradients are not updated.\""""
    nce = nce_loss()
    nce.loss(X, TARGETS)
    before = nce.parameters["W"].copy()
    nce.grad(retain_grads=False, update_params=True)
    np.testing.assert_array_equal(nce.parameters["W"], before)
    assert not nce.gradients["W"].any() and not nce.gradients["b"].any()


# ------------------------------------------------------------------------------------------ VAELoss

IMAGES, MADE = rng.uniform(size=(4, 6)), rng.uniform(0.05, 0.95, size=(4, 6))
MEAN, LOG_VAR = rng.normal(size=(2, 4, 3))


def test_the_bound_is_the_sum_of_the_reconstruction_loss_and_the_divergence():
    """VAELoss = cross_entropy(y, y_hat) + KL[q || p], "averaged across the batch"; q normal, "the prior, p, assumed to
    be a unit Gaussian": integrated here on a grid.
    """
    reconstruction = -(IMAGES * np.log(MADE) + (1 - IMAGES) * np.log(1 - MADE)).sum(axis=1)
    t = np.linspace(-40, 40, 400_001)
    log_p = -0.5 * t**2 - 0.5 * np.log(2 * np.pi)
    divergence = np.zeros(4)
    for i, j in np.ndindex(4, 3):
        log_q = -0.5 * ((t - MEAN[i, j]) ** 2 / np.exp(LOG_VAR[i, j]) + LOG_VAR[i, j] + np.log(2 * np.pi))
        divergence[i] += np.sum(np.exp(log_q) * (log_q - log_p)) * (t[1] - t[0])
    np.testing.assert_allclose(VAELoss()(IMAGES, MADE, MEAN, LOG_VAR), (reconstruction + divergence).mean(), rtol=1e-9)


def test_the_gradient_of_the_bound_with_regard_to_the_network_parameters(slope):
    """dY_pred (n_ex, N), dLogVar (n_ex, T), dMean (n_ex, T), in this order."""
    by_made, by_log_var, by_mean = VAELoss.grad(IMAGES, MADE, MEAN, LOG_VAR)
    np.testing.assert_allclose(by_made, slope(lambda x: VAELoss.loss(IMAGES, x, MEAN, LOG_VAR), MADE, 1e-4), atol=1e-7)
    np.testing.assert_allclose(by_log_var, slope(lambda x: VAELoss.loss(IMAGES, MADE, MEAN, x), LOG_VAR), atol=1e-9)
    np.testing.assert_allclose(by_mean, slope(lambda x: VAELoss.loss(IMAGES, MADE, x, LOG_VAR), MEAN), atol=1e-9)


# ------------------------------------------------------------------------------------------ WGAN_GPLoss


def test_with_an_optimal_critic_the_loss_is_the_earth_mover_distance():
    """"Assuming an optimal critic, minimizing this quantity wrt. the generator parameters corresponds to minimizing the
    Wasserstein-1 distance between the fake and real data distributions": D(x) = x is optimal for real above fake.
    """
    real, fake = rng.normal(size=50) + 9, rng.normal(size=50)
    slopes = np.ones((50, 1))  # of D at every x, so that the penalty is 0
    loss = WGAN_GPLoss()
    np.testing.assert_allclose(-loss(fake, "C", real, slopes), wasserstein_distance(real, fake), **TIGHT)
    moved = fake - 3 * 50 * loss.grad(fake, "G")  # down the generator's gradient, by 3
    np.testing.assert_allclose(wasserstein_distance(real, moved), wasserstein_distance(real, fake) - 3, **TIGHT)


def test_the_formula_of_the_critics_loss():
    """WGANLossGP = WGANLoss + lambda (||grad D(X_interp)||_2 - 1)^2, X_interp = alpha X_real + (1 - alpha) X_fake. Of
    WGANLoss the documentation has the sign of what the critic maximizes; the loss is minimized.
    """
    x_real, x_fake, alpha = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.uniform(size=(6, 1))

    def critic(x):
        return (np.tanh(x) * [1.0, 2.0, 3.0]).sum(axis=1)

    x_interp = alpha * x_real + (1 - alpha) * x_fake
    slopes = (1 - np.tanh(x_interp) ** 2) * [1.0, 2.0, 3.0]
    found = WGAN_GPLoss(lambda_=7)(critic(x_fake), "C", critic(x_real), slopes)
    penalty = 7 * ((np.sqrt((slopes**2).sum(axis=1)) - 1) ** 2).mean()  # "averaged over examples in the minibatch"
    np.testing.assert_allclose(found, critic(x_fake).mean() - critic(x_real).mean() + penalty, **TIGHT)


def test_the_gradient_penalty_coefficient_is_10_by_default():
    assert WGAN_GPLoss().lambda_ == 10


def test_whether_to_calculate_the_loss_for_the_critic_or_the_generator():
    """"If calculating loss for the critic, Y_real and gradInterp must not be None.\""""
    fake, real, slopes = rng.normal(size=4), rng.normal(size=4), rng.normal(size=(4, 2))
    loss = WGAN_GPLoss()
    assert loss(fake, "G") == loss.loss(fake, module="G", Y_real=None) == -fake.mean()
    for missing in ({"Y_real": real}, {"gradInterp": slopes}, {}):
        with pytest.raises(ValueError, match="got None"):
            loss(fake, "C", **missing)
        with pytest.raises(ValueError, match="got None"):
            loss.grad(fake, "C", **missing)


def test_grads_of_the_critic_are_a_3_tuple_and_of_the_generator_an_array(slope):
    """By (Y_fake, Y_real, gradInterp), and by Y_fake."""
    fake, real, slopes = rng.normal(size=4), rng.normal(size=4), rng.normal(size=(4, 2))
    loss = WGAN_GPLoss()
    found = loss.grad(fake, "C", real, slopes)
    assert isinstance(found, tuple) and len(found) == 3
    np.testing.assert_allclose(found[0], slope(lambda x: loss(x, "C", real, slopes), fake), atol=1e-8)
    np.testing.assert_allclose(found[1], slope(lambda x: loss(fake, "C", x, slopes), real), atol=1e-8)
    np.testing.assert_allclose(found[2], slope(lambda x: loss(fake, "C", real, x), slopes), atol=1e-7)
    np.testing.assert_allclose(loss.grad(fake, "G"), slope(lambda x: loss(x, "G"), fake), atol=1e-8)
