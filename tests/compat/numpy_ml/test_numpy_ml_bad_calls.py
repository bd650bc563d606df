"""Calls that cannot be meant: each raises an error in words, which is still of the kind that numpy_ml's users catch."""

import numpy as np
import pytest

from symloss.compat.numpy_ml.neural_nets.activations import Tanh
from symloss.compat.numpy_ml.neural_nets.layers import Softmax
from symloss.compat.numpy_ml.neural_nets.losses import CrossEntropy, NCELoss, SquaredError, VAELoss, WGAN_GPLoss
from symloss.compat.numpy_ml.utils.data_structures import DiscreteSampler
from symloss.errors import SymlossError

HOT, P = np.eye(3)[[0, 2]], np.full((2, 3), 1 / 3)
CODE, IMAGE = np.zeros((2, 2)), np.full((2, 4), 0.5)


@pytest.mark.parametrize("call", [CrossEntropy.loss, CrossEntropy.grad, CrossEntropy()])
@pytest.mark.parametrize(("y", "p", "words"), [
    (np.array([0, 2]), P, r"y has shape \(2,\); it must contain one-hot rows, \(n, n_classes\)\. For labels .* np.eye"),
    (np.array([[0], [1]]), P, r"y has shape \(2, 1\), a column of labels, .*np.eye"),  # numpy_ml repeats it
    (np.array([[0], [2]]), P, "y must be binary, but it contains 2.0 at row 1, column 0"),
    (HOT * 0.9 + 0.1 / 3, P, "y must be binary, but it contains 0.93.* at row 0, column 0. .*For smoothed targets"),
    (np.array([[1, 1, 0], [0, 0, 1]]), P, "row 0 of y contains 2 ones, but a one-hot row has exactly one"),
    (np.zeros((2, 3)), P, "row 0 of y contains 0 ones, .* Leave out examples without a class"),
    (np.eye(4)[[0, 2]], P, r"y_pred has shape \(2, 3\), but y has shape \(2, 4\). Both must have the same shape"),
    (HOT, P[:1], r"y_pred has shape \(1, 3\), but y has shape \(2, 3\)"),
    (HOT, P * 0.9, r"y_pred must be stochastic, but row 0 sums to 0.9. Divide each row by its sum"),
    (HOT, np.log(P), "y_pred must be stochastic, but it contains -1.09.* the softmax of logits"),
    (HOT, P.T @ P, r"y_pred has shape \(3, 3\)"),
    (HOT, np.where(HOT, np.nan, P), "y_pred contains nan at row 0, column 0, but all numbers must be finite"),
    (np.where(HOT, np.nan, HOT), P, "y contains nan at row 0, column 0"),
    (HOT, np.where(HOT, np.inf, P), "y_pred contains inf at row 0, column 0"),
    (HOT, np.array([["a", "b", "c"]] * 2), "y_pred has dtype"),
    (HOT, P + 0j, "y_pred has dtype complex128, but it must contain real numbers"),
])
def test_cross_entropy(call, y, p, words):
    with pytest.raises(AssertionError, match=words) as caught:
        call(y, p)
    assert isinstance(caught.value, SymlossError) and isinstance(caught.value, ValueError)
    assert str(caught.value).startswith("CrossEntropy")


def test_predictions_and_targets_in_the_wrong_order():
    with pytest.raises(AssertionError, match="CrossEntropy: y must be binary, but it contains 0.33"):
        CrossEntropy()(P, HOT)


@pytest.mark.parametrize(("y", "p", "words"), [
    (np.zeros(3), np.zeros((3, 1)), r"y_pred has shape \(3, 1\), but y has shape \(3,\)..*nothing is broadcast"),
    (np.zeros((3, 2)), np.zeros((1, 2)), r"y_pred has shape \(1, 2\), but y has shape \(3, 2\)"),
    ([[0.0]], [[np.nan]], "y_pred contains nan at row 0, column 0"),
    (np.full((1, 1, 2), np.inf), np.zeros((1, 1, 2)), r"y contains inf at index \(0, 0, 0\)"),
    (np.inf, 0.0, "y contains inf at its only value"),
    ([["a"]], [["b"]], "y has dtype"),
    ([[1.0], [1.0, 2.0]], [[1.0]], "y"),
    (None, [[1.0]], "y"),
])
def test_squared_error(y, p, words):
    with pytest.raises(ValueError, match=words) as caught:
        SquaredError()(y, p)
    assert isinstance(caught.value, SymlossError) and str(caught.value).startswith("SquaredError")


def test_gradient_of_squared_error():
    z = np.array([[0.5, -0.5]])
    y, p = np.zeros((1, 2)), np.tanh(z)
    with pytest.raises(AssertionError, match=r"y_pred is not Tanh\(z\): it contains 0.5, but .* is 0.43.*and then z"):
        SquaredError.grad(y, z, p, Tanh())
    with pytest.raises(ValueError, match="act_fn='tanh' is not valid; pass an activation object"):
        SquaredError.grad(y, p, z, "tanh")
    with pytest.raises(ValueError, match="act_fn=None is not valid; pass an activation object"):
        SquaredError.grad(y, p, z, None)
    with pytest.raises(ValueError, match=r"SquaredError.grad: z has shape \(2,\), but y has shape \(1, 2\)"):
        SquaredError.grad(y, p, z[0], Tanh())


@pytest.mark.parametrize("call", [VAELoss.loss, VAELoss.grad, VAELoss()])
@pytest.mark.parametrize(("ports", "words"), [
    ((IMAGE * 510, IMAGE, CODE, CODE), r"y ranges from 0 to 255, but .*, so divide pixels by"),
    ((IMAGE, IMAGE - 1, CODE, CODE), "y_pred ranges from -0.5 to 0, .* let the decoder end in a sigmoid"),
    ((IMAGE[0], IMAGE[0], CODE, CODE), r"y has shape \(4,\); it must have two axes, .*: array.reshape"),
    ((IMAGE.reshape(2, 2, 2), IMAGE, CODE, CODE), r"y has shape \(2, 2, 2\); it must have two axes"),
    ((IMAGE, IMAGE[:, :3], CODE, CODE), r"y_pred has shape \(2, 3\), but y has shape \(2, 4\)"),
    ((IMAGE, IMAGE, CODE, CODE[:, :1]), r"t_log_var has shape \(2, 1\), but t_mean has shape \(2, 2\)"),
    ((IMAGE, IMAGE, CODE[:1], CODE[:1]), "t_mean has 1 rows, but y has 2; pass one code for each image"),
    ((IMAGE, IMAGE, CODE * np.nan, CODE), "t_mean contains nan at row 0, column 0"),
    ((IMAGE, IMAGE, CODE, CODE + np.inf), "t_log_var contains inf"),
    ((IMAGE[:0], IMAGE[:0], CODE[:0], CODE[:0]), "y has shape .0, 4., which contains no examples; pass at least one"),
])
def test_vae_loss(call, ports, words):
    with pytest.raises(ValueError, match=words) as caught:
        call(*ports)
    assert isinstance(caught.value, SymlossError) and str(caught.value).startswith("VAELoss")


@pytest.mark.parametrize("method", ["loss", "grad", "__call__"])
@pytest.mark.parametrize(("arguments", "words"), [
    (([1.0], "C"), r"the loss of the critic needs Y_real and gradInterp, got None; pass loss\(Y_fake, 'C', Y"),
    (([1.0], "C", [1.0]), "needs gradInterp, got None"),
    (([1.0], "critic"), r"unknown module of WGAN_GPLoss.*'critic'.*known: C, G"),
    (([1.0], "g"), "did you mean 'G'"),
    ((None, "G"), "Y_fake"),
    (([[1.0, 2.0]], "G"), r"Y_fake has shape \(1, 2\); pass one score per example, \(n,\) or \(n, 1\)"),
    ((1.0, "G"), r"Y_fake has shape \(\); pass one score"),
    (([], "G"), r"Y_fake has shape \(0,\), which contains no examples; pass at least one"),
    (([np.nan], "G"), "Y_fake contains nan at row 0"),
    (([1.0], "C", [1.0], [1.0]), r"gradInterp has shape \(1,\); pass one row per example, \(n, features\)"),
    (([1.0], "C", [np.inf], [[1.0]]), "Y_real contains inf at row 0"),
])
def test_wgan_loss(method, arguments, words):
    with pytest.raises(ValueError, match=words) as caught:
        getattr(WGAN_GPLoss(), method)(*arguments)
    assert isinstance(caught.value, SymlossError)


def test_weights_of_the_penalty():
    for lambda_ in (-1, np.nan, "10", None, True):
        with pytest.raises(ValueError, match="WGAN_GPLoss: lambda_="):
            WGAN_GPLoss(lambda_)
    loss = WGAN_GPLoss()
    loss.lambda_ = -1
    with pytest.raises(ValueError, match="lambda_=-1 is not valid; it must be a finite number of at least 0"):
        loss([1.0], "C", [1.0], [[1.0]])


NOISE = np.full(4, 0.25)
X, TARGET = np.ones((2, 1, 3)), np.array([0, 3])


@pytest.mark.parametrize(("arguments", "words"), [
    ((X[:, 0], TARGET), r"X has shape \(2, 3\); it must be \(n_ex, n_c, n_in\). .*pass X\[:, None, :\]"),
    ((X, TARGET[:, None]), r"target has shape \(2, 1\), but it must be \(2,\); pass one class .*flatten"),
    ((X, np.eye(4)[TARGET]), r"target has shape \(2, 4\), but it must be \(2,\)"),
    ((X, TARGET[:1]), r"target has shape \(1,\), but it must be \(2,\)"),
    ((X, np.array([0.0, 3.0])), "target has dtype float64, but classes must be integers; pass target.astype"),
    ((X, np.array([True, False])), "target has dtype bool"),
    ((X, np.array([0, 4])), "target contains class 4 at row 1, but the classes are 0 to 3.*a larger n_classes"),
    ((X, np.array([0, -1])), "target contains class -1 at row 1"),  # numpy_ml takes the last class
    ((X, TARGET, np.array([1])), r"neg_samples has shape \(1,\), but it must be \(2,\); pass num_negative_samples"),
    ((X, TARGET, np.array([1, 9])), "neg_samples contains class 9"),
    ((X * np.nan, TARGET), r"X contains nan at index \(0, 0, 0\)"),
    ((X[:0], TARGET[:0]), r"X has shape \(0, 1, 3\), which contains no examples; pass at least one"),
])
def test_nce_loss(arguments, words):
    nce = NCELoss(4, DiscreteSampler(NOISE), 2)
    with pytest.raises(AssertionError, match=words) as caught:
        nce(*arguments)
    assert isinstance(caught.value, SymlossError) and str(caught.value).startswith("NCELoss")
    assert nce.X == []


def test_inputs_that_change_their_width():
    nce = NCELoss(4, DiscreteSampler(NOISE), 2)
    nce.loss(X, TARGET)
    with pytest.raises(AssertionError, match=r"W has shape \(4, 3\), b \(1, 4\) and X \(2, 1, 5\)"):
        nce.loss(np.ones((2, 1, 5)), TARGET)
    nce.parameters["b"] = np.zeros(4)
    with pytest.raises(AssertionError, match=r"b \(4,\).*b \(1, 4\) and X"):
        nce.loss(X, TARGET)


def test_noise_that_never_draws_a_target():
    """numpy_ml: infinite logits, and a target that costs nothing."""
    nce = NCELoss(4, DiscreteSampler([0.5, 0.5, 0, 0]), 2)
    with pytest.raises(AssertionError, match="class 3 has noise probability 0, so its logarithm cannot be subtracted"):
        nce.loss(X, TARGET)
    NCELoss(4, DiscreteSampler([0.5, 0.5, 0, 0]), 2, subtract_log_label_prob=False).loss(X, TARGET)


@pytest.mark.parametrize(("arguments", "options", "words"), [
    ((5, DiscreteSampler(NOISE), 2), {}, r"probabilities of shape \(4,\), but it needs one for each of 5 classes"),
    ((4, NOISE, 2), {}, r"noise_sampler=.* is not valid; pass a .* DiscreteSampler\(probs\)"),
    ((4, DiscreteSampler(NOISE), 0), {}, "num_negative_samples=0 is not valid; .* at least 1"),
    ((4, DiscreteSampler(NOISE), 1.5), {}, "num_negative_samples=1.5 is not valid; it must be a whole number"),
    ((4.5, DiscreteSampler(NOISE), 2), {}, "n_classes=4.5 is not valid; it must be a whole number"),
    ((4, DiscreteSampler(NOISE), 2), {"init": "glorot"}, "unknown initialization 'glorot'; did you mean"),
    ((4, DiscreteSampler(NOISE), 2), {"optimizer": "sdg"}, "unknown optimizer 'sdg'; did you mean 'SGD'"),
    ((4, DiscreteSampler(NOISE), 2), {"optimizer": 0.1}, "optimizer 0.1 is not valid; pass a text such as"),
])
def test_constructor_of_nce(arguments, options, words):
    with pytest.raises(ValueError, match=words) as caught:
        NCELoss(*arguments, **options)
    assert isinstance(caught.value, SymlossError)


def test_grad_and_update_before_any_loss():
    nce = NCELoss(4, DiscreteSampler(NOISE), 2)
    with pytest.raises(ValueError, match="no loss was retained"):
        nce.grad()
    with pytest.raises(ValueError, match="there are no parameters yet"):
        nce.update()
    nce.flush_gradients()


def test_no_argument_brings_the_wrong_numbers_back():
    with pytest.raises(TypeError):
        WGAN_GPLoss(10, like="numpy_ml")
    with pytest.raises(TypeError):
        NCELoss(4, DiscreteSampler(NOISE), 2, like="numpy_ml")


def test_softmax():
    layer = Softmax()
    with pytest.raises(ValueError, match=r"X has shape \(3,\); it must be \(n_ex, n_in\)"):
        layer.forward(np.zeros(3))
    with pytest.raises(ValueError, match="1 gradients for 0 inputs"):
        layer.backward(np.zeros((1, 3)))
    layer.forward(np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"dLdy has shape \(1, 2\), but X has shape \(1, 3\)"):
        layer.backward(np.zeros((1, 2)))
    layer.freeze()
    for call in (layer.flush_gradients, lambda: layer.backward(np.zeros((1, 3)))):
        with pytest.raises(AssertionError, match=r"frozen; call unfreeze\(\) first"):
            call()
    layer.unfreeze()
    layer.flush_gradients()
    assert layer.X == []
    with pytest.raises(ValueError, match="dim=2 is not valid; X has two axes, so dim must be -1, 0 or 1"):
        Softmax(dim=2).forward(np.zeros((1, 3)))
