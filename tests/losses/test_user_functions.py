"""Losses that users write: what they reduce, what they repeat, and the words that their mistakes get."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss.losses import registration
from symloss.losses.user_functions import function_spec, in_words, reduces, refuse_reduced, without_effect


def tensor(name, *shape, dtype="float64"):
    return pt.tensor(name=name, dtype=dtype, shape=shape)


def made(function, prediction, target):
    """Return the spec of a user's function, and its values."""
    spec = function_spec(function)
    return spec, spec.function(prediction, target)


P, T, LABELS = tensor("p", None, 3), tensor("t", None, 3), tensor("labels", None, dtype="int32")
STEPS, OF_STEPS, LABELS_OF_STEPS = (tensor("p", None, None, 3), tensor("t", None, None, 3),
                                    tensor("labels", None, None, dtype="int32"))


# ---------------------------------------------------------------------------------------------------- what is reduced


@pytest.mark.parametrize("function, prediction, target, expected", [
    (lambda p, t: ((p - t) ** 2).mean(), P, T, True),
    (lambda p, t: ((p - t) ** 2).mean(axis=-1), P, T, False),
    (lambda p, t: (p - t) ** 2, P, T, False),
    (lambda p, t: -pt.log(p[pt.arange(t.shape[0]), t]), P, LABELS, False),
    (lambda p, t: -pt.log(p[pt.arange(t.shape[0]), t]).mean(), P, LABELS, True),
    (lambda p, t: ((p - t) ** 2).mean(axis=(1, 2)), STEPS, OF_STEPS, True),  # over steps, which a mask must reach
    (lambda p, t: ((p - t) ** 2).mean(axis=-1), STEPS, OF_STEPS, False),
    (lambda p, t: pt.take_along_axis(p, t[..., None], axis=-1)[..., 0].mean(axis=1), STEPS, LABELS_OF_STEPS, True),
])
def test_mean_of_a_users_own_is_known_and_refused_where_weights_must_reach_its_items(function, prediction, target,
                                                                                    expected):
    spec, values = made(function, prediction, target)
    assert reduces(spec, values, target) == expected
    if not expected:
        refuse_reduced(spec, values, target, "weights")
        return
    with pytest.raises(symloss.SpecError, match=r"class weights can have no effect.* its .mean\(\).*weights=None"):
        refuse_reduced(spec, values, target, "class weights")


def test_function_that_says_it_is_of_the_batch_or_takes_the_weights_reduces_rightly():
    def own(p, t, *, weights=None):
        values = (p - t) ** 2
        return values.mean() if weights is None else (weights * values).sum() / weights.sum()

    spec = function_spec(own)
    assert spec.pairs and spec.options == {}
    w = tensor("w", None, 3)
    values = spec.function(P, T, weights=w)
    assert not reduces(spec, values, T)
    found = values.eval({P: np.full((2, 3), 2.0), T: np.zeros((2, 3)), w: np.eye(3)[:2]})
    assert found == 4
    with pytest.raises(symloss.SpecError, match="takes weights but returned 2 axes"):
        function_spec(lambda p, t, *, weights=None: abs(p - t)).function(P, T, weights=w)
    mmd = symloss.losses.get("mmd")
    assert not reduces(mmd, mmd.function(P, T), T)


def test_class_that_does_not_use_the_weights_of_its_model_is_told():
    class Loss:
        name, _class_weight, _weights = "step", None, tensor("w", None, 3)

    assert without_effect(Loss, (Loss._weights * P).sum()) is None
    assert "step: its __call__ does not use self._weights, so weights have no effect" in without_effect(Loss, P.mean())
    assert "weights have no effect" in without_effect(Loss, 3.0)
    Loss._weights, Loss._class_weight = None, pytensor.shared(np.ones(3))
    assert "class weights have no effect" in without_effect(Loss, P.mean())


# ---------------------------------------------------------------------------------------------------- what is flattened


@pytest.mark.parametrize("function, target, expected", [
    (lambda p, t: -pt.log(p.reshape((-1, 3))[pt.arange(t.size), t.ravel()]), LABELS_OF_STEPS, [[1, 3], [3, 2]]),
    (lambda p, t: -pt.log(p.reshape((-1, 3)))[pt.arange(t.shape[0] * t.shape[1]), t.reshape((-1,))], LABELS_OF_STEPS,
     [[1, 3], [3, 2]]),
    (lambda p, t: -pt.log(pt.take_along_axis(p, t[..., None], axis=-1)), LABELS_OF_STEPS, [[[1], [3]], [[3], [2]]]),
    (lambda p, t: p.ravel() - t.ravel(), OF_STEPS, None),
    (lambda p, t: p.reshape((-1, 3)) - t.reshape((-1, 3)), OF_STEPS, None),
])
def test_flattened_steps_are_no_repetition_and_come_back_to_their_items(function, target, expected):
    _, values = made(function, STEPS, target)
    p = np.exp(-np.arange(1.0, 4)) * np.ones((2, 2, 1))
    labels = np.array([[0, 2], [2, 1]], "int32")
    fed = labels if target is LABELS_OF_STEPS else np.zeros((2, 2, 3))
    np.testing.assert_allclose(values.eval({STEPS: p, target: fed}), p if expected is None else expected)


@pytest.mark.parametrize("function", [
    lambda p, t: (p.reshape((-1, 3)) - t.reshape((-1, 1))) ** 2,
    lambda p, t: -pt.log(p.reshape((-1, 3))[:, t.ravel()]),
    lambda p, t: -pt.log(p.reshape((-1, 3))[:, t.ravel()]).mean(),
])
def test_flattened_steps_that_are_repeated_are_refused(function):
    with pytest.raises(symloss.ShapeError, match="broadcasts the shapes"):
        made(function, STEPS, LABELS_OF_STEPS)


def test_mean_over_items_is_not_called_a_repetition():
    with pytest.raises(symloss.ShapeError, match="Keep the axis of the items"):
        made(lambda p, t: abs(p - t).mean(axis=0), P, T)


# ------------------------------------------------------------------------------------------------------ words


@pytest.mark.parametrize("function, words", [
    (lambda p, t: np.where(p > t, p - t, 2 * (t - p)), "pt.switch"),
    (lambda p, t: p - t if p > 0 else t - p, "pt.switch"),
    (lambda p, t: max(p, t), "pt.maximum"),
    (lambda p, t: np.maximum(p, t), "pt.maximum"),
    (lambda p, t: np.clip(p - t, 0, 1), "pt.clip"),
    (lambda p, t: p > 0 and t > 0, "& and |"),
    (lambda p, t: np.mean((p - t) ** 2, axis=-1), "pt.mean for np.mean"),
    (lambda p, t: np.linalg.norm(p - t, axis=-1), "pytensor.tensor"),
    (lambda p, t: float(p) - t, "is not a number"),
    (lambda p, t: sum(abs(a - b) for a, b in zip(p, t, strict=True)), "cannot loop over"),
    (lambda p, t: (p - t).sum() / len(p), r"x.shape\[0\]"),
    (lambda p, t: (p - t).detach(), "'TensorVariable' object has no attribute 'detach'.*pytensor.tensor"),
])
def test_numpy_and_python_that_tensors_do_not_know_get_the_word_they_need(function, words):
    with pytest.raises(symloss.SpecError, match=f"loss <lambda>:[0-9]+: .*{words}"):
        made(function, P, T)


def test_what_a_class_raises_gets_the_same_words():
    with pytest.raises(symloss.SpecError, match="loss step: .*pt.switch") as caught, in_words("step"):
        bool(P.mean() > 0)
    assert isinstance(caught.value.__cause__, TypeError)
    with pytest.raises(symloss.ShapeError, match="mine"), in_words("step"):
        raise symloss.ShapeError("mine")


def test_option_without_a_star_is_told_and_never_fed_with_a_tensor():
    def shifted(p, t, delta=1.0):
        return abs(p - t) - delta

    def scaled(p, factor=2.0):
        return p * factor

    with pytest.raises(symloss.SpecError, match=r"loss shifted: delta=1.0 .* Write \(p, t, \*, delta=1.0\)"):
        function_spec(shifted)
    with pytest.raises(symloss.SpecError, match=r"Write \(p, \*, factor=2.0\)"):
        function_spec(scaled)
    with pytest.raises(symloss.SpecError, match=r"@loss shifted: .*\*, delta=1.0"):
        registration.loss()(shifted)
    assert "shifted" not in registration.registry


@pytest.mark.parametrize("axis", [-1, 1])
def test_norm_of_the_error_trains(axis):
    net = symloss.Regressor([2, 3], loss=lambda p, t: pt.linalg.norm(p - t, axis=axis), mode="PYTHON")
    x = np.random.default_rng(0).normal(size=(8, 2))
    record = net.train([x, np.zeros((8, 3))], epochs=1, verbose=0)[-1]
    assert np.isfinite(record["loss"])
