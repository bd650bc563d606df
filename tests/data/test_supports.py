"""Losses of counts and amounts refuse targets for which they are not defined, in training and on plain arrays alike."""

import numpy as np
import pytest

import symloss
from symloss import DataError, evaluate
from symloss.models.fields import narrowest

ONE = np.full((3, 1), 0.7)



@pytest.mark.parametrize(("name", "low"), [  # -1 is outside of every support, and low is the first number outside or in
    ("poisson_nll", 0.0), ("gamma_nll", 0.0), ("tweedie", 0.0), ("squared_log_error", 0.0), ("generalised_kl", 0.0),
    ("gamma_deviance", None), ("inverse_gaussian", None), ("kl_from_logs", 0.0),
])
def test_negative_targets_are_refused_with_row_and_value(name, low):
    target = np.array([[1.0], [2.0], [-1.0]])
    with pytest.raises(DataError, match=r"target, row 2.*: -1.0 is (negative|not positive).*weight of 0.*'huber'"):
        evaluate.value(name, ONE, target)
    with pytest.raises(DataError, match="row 2"):
        evaluate.metric(name, ONE, target)
    zero = np.array([[1.0], [2.0], [0.0]])
    if low is None:
        with pytest.raises(DataError, match="row 2.*: 0.0 is not positive.*'tweedie' if amounts may be 0"):
            evaluate.value(name, ONE, zero)
    else:
        assert np.isfinite(evaluate.value(name, ONE, zero)).all()


def test_every_port_but_the_target_may_be_negative():
    with pytest.raises(DataError, match="row 0"):
        evaluate.value("negative_binomial_nll", ONE, ONE, -ONE)


def train(target, loss="poisson_nll", weighted=False, **options):
    net = symloss.Regressor([2, (1, "exp")], loss=loss, weighted=weighted, mode="PYTHON")
    data = [np.zeros((3, 2)), target, np.array([1.0, 1.0, 0.0])][: 3 if weighted else 2]
    net.train(data, algo="sgd", learning_rate=0.0, epochs=1, verbose=0, **options)
    return net


def test_training_refuses_the_same():
    target = np.array([1.0, 2.0, -3.0])
    with pytest.raises(DataError, match="train: target, row 2.*-3.0 is negative"):
        train(target)
    with pytest.raises(DataError, match="train: target, row 2.*-3.0 is negative"):
        train(target, "mse", metrics=["poisson_nll"])
    with pytest.raises(DataError, match="train: target, row 2.*-3.0 is not positive"):
        train(target, ["poisson_nll", "gamma_deviance"])
    with pytest.raises(DataError, match="measure: target, row 0.*-3.0 is negative"):
        train(abs(target)).measure([np.zeros((1, 2)), [-3.0]])
    with pytest.raises(DataError, match="input is also a target"):
        symloss.Autoencoder([2, 1, (2, "exp")], loss="generalised_kl", mode="PYTHON").train(
            [np.full((3, 2), -1.0)], epochs=1, verbose=0)


@pytest.mark.parametrize("missing", [-3.0, np.nan])
def test_targets_with_weight_0_are_not_looked_at(missing):
    target = np.array([1.0, 2.0, missing])
    assert train(target, weighted=True).history[-1]["loss"] == pytest.approx(np.mean([1, 1]))
    found = evaluate.value("poisson_nll", ONE[:, 0], target, weights=[1.0, 1, 0], how="mean")
    assert found == pytest.approx(evaluate.value("poisson_nll", ONE[:2, 0], target[:2], how="mean"))


def test_missing_targets_stay_missing():
    assert np.isnan(evaluate.value("poisson_nll", ONE, [[np.nan], [1.0], [2.0]])[0, 0])


@pytest.mark.parametrize(("loss", "expected"), [
    ({"form": "tweedie"}, "nonnegative"), ({"form": "tweedie", "power": 0.0}, None),
    ({"form": "tweedie", "power": -1.0, "like": "sklearn"}, None),
    ({"form": "poisson_nll", "like": "torch", "log_input": True}, "nonnegative"),
    ({"form": "kl_from_logs", "like": "torch"}, "nonnegative"),
    ({"form": "kl_from_logs", "like": "torch", "log_target": True}, None),
    ({"form": "squared_log_error", "like": "keras"}, None),  # which clips targets at 0
    ({"form": "squared_log_error", "like": "sklearn"}, "above -1"),
    ({"form": "log_cosh"}, None), ({"form": "huber"}, None),
], ids=str)
def test_options_and_conventions_decide(loss, expected):
    net = symloss.Regressor([2, (1, "exp")], loss=loss, mode="PYTHON")
    assert net.losses[0].domain(net.graph.outputs()[0]) == expected


def test_the_narrowest_of_several_counts():
    assert narrowest(["nonnegative", None, "positive", "above -1"]) == "positive"
    assert narrowest(["nonnegative", "unit", "sign"]) == "unit"
    assert narrowest([]) is None


def test_the_padding_of_sequences_is_a_valid_target():
    net = symloss.recurrent.Regressor([1, (2, "rnn"), (1, "exp")], loss="gamma_deviance", mode="PYTHON")
    x = [np.zeros((2, 1)), np.zeros((3, 1))]
    net.train([x, [np.ones((2, 1)), np.ones((3, 1))]], epochs=1, algo="sgd", verbose=0)
    with pytest.raises(DataError, match="-1"):
        net.train([x, [np.ones((2, 1)), -np.ones((3, 1))]], epochs=1, algo="sgd", verbose=0)


def test_a_loss_of_the_users_may_say_for_which_targets_it_is_defined():
    def counts(prediction, target):
        return prediction - target

    spec = symloss.losses.registration._described(counts, "counts", "same", None, "element", "none", support="positive")
    assert spec.domain == "positive"
    with pytest.raises(symloss.SpecError, match="support='negative' must be one of nonnegative"):
        symloss.loss(support="negative")


@pytest.mark.parametrize(("positive", "error", "said"), [
    ("spread", symloss.SpecError, r"positive='spread' must be a tuple, such as \('spread',\)"),
    (("sprad",), symloss.UnknownNameError, "'sprad'; did you mean 'spread'"),
])
def test_ports_that_must_be_positive_are_ports_of_the_loss(positive, error, said):
    def of_two(mean, spread, target):
        return (mean - target) ** 2 / spread

    with pytest.raises(error, match=said):
        symloss.loss(positive=positive)(of_two)
