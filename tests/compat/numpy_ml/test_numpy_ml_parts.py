"""What the losses of numpy_ml are made with: optimizers, schedulers, activations, initializers, samplers, checks."""

import numpy as np
import pytest

from symloss.compat import numpy_ml
from symloss.compat.numpy_ml.neural_nets import activations, initializers, optimizers, schedulers
from symloss.compat.numpy_ml.neural_nets.initializers import (
    ActivationInitializer,
    OptimizerInitializer,
    SchedulerInitializer,
    WeightInitializer,
)
from symloss.compat.numpy_ml.utils import testing
from symloss.compat.numpy_ml.utils.data_structures import DiscreteSampler

TIGHT = {"rtol": 1e-10, "atol": 1e-12}
rng = np.random.default_rng(3)


# ------------------------------------------------------------------------------------------ schedulers


def test_schedulers_are_those_of_numpy_ml(golden):
    assert {case["name"] for case in golden["schedulers"]} == {
        "ConstantScheduler", "ExponentialScheduler", "NoamScheduler", "KingScheduler"}
    for case in golden["schedulers"]:
        scheduler = getattr(schedulers, case["name"])(**case["options"])
        found = [scheduler(step=step, cur_loss=loss) for step, loss in enumerate(case["losses"], start=1)]
        np.testing.assert_allclose(found, case["rates"], err_msg=case["str"], **TIGHT)
        assert (str(scheduler), scheduler.hyperparameters) == (case["str"], case["hyperparameters"])
    king = next(case for case in golden["schedulers"] if case["options"].get("patience") == 6)
    assert len(set(king["rates"])) > 3  # it did decay


@pytest.mark.parametrize("text", ["ConstantScheduler(lr=0.2)",
                                  "NoamScheduler(model_dim=8, scale_factor=2, warmup_steps=5)",
                                  "ExponentialScheduler(initial_lr=0.1, stage_length=5, staircase=True, decay=0.5)",
                                  "KingScheduler(initial_lr=0.1, patience=5, decay=0.5)"])
def test_a_scheduler_comes_back_from_its_text_and_from_its_dict(text):
    """numpy_ml reads names of options without what is before an underscore, and finds no class for some dicts."""
    scheduler = SchedulerInitializer(text)()
    assert str(scheduler) == text
    again = SchedulerInitializer({"hyperparameters": scheduler.hyperparameters})()
    assert str(again) == text and type(again) is type(scheduler)
    assert SchedulerInitializer(scheduler)() is scheduler
    assert str(SchedulerInitializer(text.lower())()) == text


def test_short_names_of_schedulers():
    assert str(SchedulerInitializer(None, lr=0.3)()) == "ConstantScheduler(lr=0.3)"
    assert str(SchedulerInitializer("constant", lr=0.3)()) == "ConstantScheduler(lr=0.3)"
    assert isinstance(SchedulerInitializer("noam", lr=0.3)(), schedulers.NoamScheduler)
    with pytest.raises(ValueError, match="did you mean 'KingScheduler'"):
        SchedulerInitializer("kingscheduler2")()
    with pytest.raises(ValueError, match="both None"):
        SchedulerInitializer()
    with pytest.raises(ValueError, match="a text such as"):
        SchedulerInitializer(3)()


def test_hyperparameters_that_are_set_act():
    """numpy_ml shows them, and goes on with the old ones."""
    scheduler = schedulers.ConstantScheduler(0.1)
    copy = scheduler.copy()
    scheduler.set_params({"lr": 0.5, "id": "ConstantScheduler", "nothing": 3})
    assert scheduler(step=1) == 0.5 and copy(step=1) == 0.1 and not hasattr(scheduler, "nothing")
    king = schedulers.KingScheduler(initial_lr=0.1)
    king.set_params({"initial_lr": 0.2})
    assert king(step=1, cur_loss=1.0) == 0.2


def test_the_first_step_of_noam_is_0():
    assert schedulers.NoamScheduler()(step=0) == 0  # numpy_ml: ZeroDivisionError


# ------------------------------------------------------------------------------------------ optimizers


def test_optimizers_are_those_of_numpy_ml(golden):
    assert {case["name"] for case in golden["optimizers"]} == {"SGD", "AdaGrad", "RMSProp", "Adam"}
    for case in golden["optimizers"]:
        optimizer = getattr(optimizers, case["name"])(**case["options"])
        assert (str(optimizer), optimizer.hyperparameters) == (case["str"], case["hyperparameters"])
        value = np.array(case["start"])
        for gradient, wanted in zip(case["gradients"], case["steps"], strict=True):
            optimizer.step()
            value = optimizer(value, np.array(gradient), "W")
            np.testing.assert_allclose(value, wanted, err_msg=case["str"], **TIGHT)
        found, wanted = optimizer.cache["W"], case["cache"]["W"]
        if case["name"] == "Adam":
            assert found["t"] == wanted["t"] == 6
            found, wanted = [found["mean"], found["var"]], [wanted["mean"], wanted["var"]]
        np.testing.assert_allclose(found, wanted, **TIGHT)


@pytest.mark.parametrize("name", ["SGD", "AdaGrad", "RMSProp", "Adam"])
def test_an_optimizer_comes_back_with_its_state(name):
    """numpy_ml's text cannot be read by itself, and its dicts make no optimizer (or one without its state)."""
    optimizer = OptimizerInitializer(name.lower())()
    again = OptimizerInitializer(str(optimizer))()
    assert str(again) == str(optimizer) and type(again) is getattr(optimizers, name)
    value, gradients = rng.normal(size=3), rng.normal(size=(4, 3))
    for gradient in gradients[:3]:
        value = optimizer(value, gradient, "b")
    saved = {"hyperparameters": optimizer.hyperparameters, "cache": optimizer.cache}
    again = OptimizerInitializer(saved)()
    copy = optimizer.copy()
    wanted = optimizer(value, gradients[3], "b")
    np.testing.assert_array_equal(again(value, gradients[3], "b"), wanted)
    np.testing.assert_array_equal(copy(value, gradients[3], "b"), wanted)


def test_options_of_optimizers_that_are_set_act():
    sgd = optimizers.SGD()
    assert sgd.set_params({"lr": 1.0, "momentum": 0.5}) is sgd
    assert sgd(np.ones(1), np.ones(1), "b") == 0
    assert sgd(np.zeros(1), np.ones(1), "b") == -1.5
    sgd.set_params({"lr_scheduler": "ExponentialScheduler(initial_lr=4.0, stage_length=1, decay=0.5)"})
    assert sgd.hyperparameters["lr_scheduler"].startswith("Exponential") and sgd.lr_scheduler(step=1) == 2
    sgd.step()
    sgd.step()
    assert sgd.cur_step == 2
    sgd.reset_step()
    assert sgd.cur_step == 0


def test_hyperparameters_can_be_given_back():
    adam = optimizers.Adam(lr=0.5, lr_scheduler="noam")
    assert str(optimizers.Adam(**adam.hyperparameters)) == str(adam)
    with pytest.raises(ValueError, match="got the hyperparameters of 'Adam'; pass those of SGD"):
        optimizers.SGD(id="Adam")


def test_a_gradient_of_0_takes_no_step():
    for optimizer in (optimizers.AdaGrad(eps=0), optimizers.RMSProp(eps=0), optimizers.Adam(eps=0)):
        assert optimizer(np.ones(1), np.zeros(1), "b") == 1


def test_an_option_that_nothing_takes_is_refused():
    """numpy_ml takes any, and ignores it."""
    with pytest.raises(LookupError, match="'momentun'; did you mean 'momentum'"):
        optimizers.SGD(momentun=0.9)
    with pytest.raises(LookupError, match="unknown option of NoamScheduler: 'warmup'"):
        schedulers.NoamScheduler(warmup=3)
    with pytest.raises(ValueError, match="Adam: decay1=1 is not valid; it must be a finite number of at least 0"):
        optimizers.Adam(decay1=1)
    with pytest.raises(ValueError, match="SGD: clip_norm=0 is not valid; it must be a finite number above 0"):
        optimizers.SGD(clip_norm=0)
    with pytest.raises(ValueError, match="SGD: lr=-1"):
        optimizers.SGD(lr=-1)
    with pytest.raises(ValueError, match="SGD: b: param_grad contains nan at row 1"):
        optimizers.SGD()(np.zeros(2), np.array([0.0, np.nan]), "b")
    with pytest.raises(ValueError, match=r"SGD: b: param_grad has shape \(1,\), but param has shape \(2,\)"):
        optimizers.SGD()(np.zeros(2), np.zeros(1), "b")


@pytest.mark.parametrize("text", ["SGD(0.1)", "SGD(lr=0.1", "SGD(lr=open)", "SGD(**{})", "SGD)",
                                  "SGD(lr=__import__('os'))"])
def test_texts_that_describe_no_optimizer(text):
    with pytest.raises((ValueError, LookupError)):
        OptimizerInitializer(text)()


def test_unknown_optimizers():
    with pytest.raises(NotImplementedError, match="did you mean 'Adam'"):
        OptimizerInitializer("adams")()
    with pytest.raises(ValueError, match="a dict with 'hyperparameters'"):
        OptimizerInitializer({"cache": {}})()
    with pytest.raises(ValueError, match="unknown optimizer"):
        OptimizerInitializer({"hyperparameters": {}})()


def test_an_optimizer_of_the_users_own():
    class Signs(optimizers.OptimizerBase):
        def update(self, param, param_grad, param_name, cur_loss=None):
            return param - self.lr_scheduler(self.cur_step, cur_loss) * np.sign(param_grad)

    optimizer = OptimizerInitializer(Signs(0.5))()
    assert optimizer(np.zeros(2), np.array([3.0, -2.0]), "b").tolist() == [-0.5, 0.5]


# ------------------------------------------------------------------------------------------ activations


def test_activations_are_those_of_numpy_ml(golden):
    for case in golden["activations"]:
        act, z = getattr(activations, case["name"])(**case["options"]), np.array(case["z"])
        assert str(act) == case["str"]
        for method in ("fn", "grad", "grad2"):
            found, wanted = getattr(act, method)(z), np.array(case[method], dtype=float)
            # its second derivatives at a kink are of the other side than its first ones
            kink = (z == 0) & (method == "grad2") & (case["name"] in ("ELU", "SELU"))
            np.testing.assert_allclose(found[~kink], wanted[~kink], err_msg=case["str"], rtol=1e-9, atol=1e-9)
            assert not np.isclose(found[kink], wanted[kink]).any()


@pytest.mark.parametrize("approximate", [True, False])
def test_derivatives_of_gelu_are_those_of_its_function(approximate, slope):
    """numpy_ml's are of neither function, and its exact one takes no arrays."""
    act, z = activations.GELU(approximate=approximate), np.linspace(-3, 3, 7)
    np.testing.assert_allclose(act.grad(z), slope(lambda z: act.fn(z).sum(), z), atol=1e-8)
    np.testing.assert_allclose(act.grad2(z), slope(lambda z: act.grad(z).sum(), z), atol=1e-8)


def test_activations_of_large_numbers_do_not_overflow():
    z = np.array([-1000.0, 1000.0])
    with np.errstate(all="raise"):
        assert activations.SoftPlus().fn(z).tolist() == [0, 1000]
        assert activations.ELU().fn(z).tolist() == [-1, 1000]
        assert activations.Sigmoid().grad(z).tolist() == [0, 0]


@pytest.mark.parametrize("name", [name for name in activations.__all__ if name != "ActivationBase"])
def test_an_activation_comes_back_from_its_text(name):
    act = getattr(activations, name)()
    assert str(ActivationInitializer(str(act))()) == str(act) == str(ActivationInitializer(str(act).lower())())
    assert type(ActivationInitializer(act)()) is type(act)


def test_activations_by_name():
    assert isinstance(ActivationInitializer()(), activations.Identity)
    assert ActivationInitializer("elu(alpha=0.5)")().alpha == 0.5  # numpy_ml: NameError
    assert activations.ReLU()(np.array([1.0, -1.0])).tolist() == [[1, 0]]  # a vector is one example
    with pytest.raises(ValueError, match="unknown activation 'rely'; did you mean 'ReLU'"):
        ActivationInitializer("rely")()
    with pytest.raises(ValueError, match="unknown activation 3"):
        ActivationInitializer(3)()
    with pytest.raises(ValueError, match="LeakyReLU: alpha='a' is not valid; it must be a finite number"):
        activations.LeakyReLU(alpha="a")


# ------------------------------------------------------------------------------------------ what is drawn


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_the_sampler_draws_what_numpy_ml_draws(golden, log, again):
    noise = np.array(golden["draws"]["noise"])
    np.random.seed(3)
    found = DiscreteSampler(np.log(noise) if log else noise, log, with_replacement=again)(7)
    wanted = golden["draws"]["samples"][f"{log} {again}"]
    assert found.dtype.kind == "i"
    assert found.tolist() == wanted if again else sorted(found) == sorted(wanted)


@pytest.mark.parametrize("mode", ["he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "std_normal"])
def test_initial_weights_are_those_of_numpy_ml(golden, mode):
    np.random.seed(3)
    np.testing.assert_allclose(WeightInitializer("Tanh", mode)((4, 3)), golden["draws"]["weights"][mode], rtol=1e-14)


def test_draws_come_from_the_generator_that_is_set():
    numpy_ml.random.set_rng(np.random.RandomState(3))
    try:
        first = DiscreteSampler([0.2] * 5)(6).tolist()
        np.random.seed(0)
        numpy_ml.random.set_rng(np.random.RandomState(3))
        assert DiscreteSampler([0.2] * 5)(6).tolist() == first
    finally:
        numpy_ml.random.set_rng(np.random)


def test_the_sampler_draws_with_its_probabilities():
    np.random.seed(1)
    probs = np.array([0.1, 0.0, 0.6, 0.3])
    counts = np.bincount(DiscreteSampler(probs)(20_000), minlength=4)
    np.testing.assert_allclose(counts / 20_000, probs, atol=0.015)
    assert counts[1] == 0
    assert sorted(DiscreteSampler(probs, with_replacement=False)(3)) == [0, 2, 3]
    assert DiscreteSampler(probs).sample().shape == (1,)
    assert DiscreteSampler(probs)(0).shape == (0,)


def test_probabilities_that_sum_to_a_little_less_draw_nothing_that_is_impossible():
    """Of so many that 1 less their sum is the probability of some."""
    probs = np.tile([0.5, 1.5], 100_000) / 200_000 * (1 - 9e-6)
    probs[3] += probs[:2].sum()
    probs[:2] = 0
    sampler = DiscreteSampler(probs)
    drawn = np.where(sampler.prob_table[:2] > 0, [0, 1], sampler.alias_table[:2])  # of the slots of the first two
    assert (probs[drawn] > 0).all() and not np.isin(sampler.alias_table[sampler.prob_table < 1], [0, 1]).any()


@pytest.mark.parametrize(("probs", "log", "said"), [
    ([0.5, 0.6], False, "probs sum to 1.1 and the smallest is 0.5"),
    ([1.5, -0.5], False, "the smallest is -0.5"),
    ([[0.5, 0.5]], False, r"probs has shape \(1, 2\)"),
    ([], False, r"probs has shape \(0,\)"),
    ([np.nan, 1.0], False, "probs contains nan at row 0"),
    ([0.5, 0.5], True, "probs sum to 3.29"),
    (np.log([0.5, 0.5]), False, "or pass log=True for logarithms"),
])
def test_probabilities_that_are_none(probs, log, said):
    with pytest.raises(AssertionError, match=said):
        DiscreteSampler(probs, log=log)


def test_more_distinct_integers_than_there_are():
    """numpy_ml draws for ever."""
    with pytest.raises(ValueError, match="cannot draw 4 distinct integers, since only 3 have a probability above 0"):
        DiscreteSampler([0.1, 0.0, 0.6, 0.3], with_replacement=False)(4)
    with pytest.raises(ValueError, match="n_samples=1.5 is not valid; it must be a whole number"):
        DiscreteSampler([1.0])(1.5)


def test_initial_weights_have_the_deviation_that_is_named():
    np.random.seed(4)
    shape = (300, 200)
    assert abs(WeightInitializer("ReLU", "glorot_uniform")(shape).std() - np.sqrt(2 * 2 / 500)) < 1e-3
    assert abs(WeightInitializer("Sigmoid", "he_uniform")(shape).std() - np.sqrt(2 / 300)) < 1e-3
    assert abs(WeightInitializer("Leaky ReLU(alpha=2)", "glorot_uniform")(shape).std()
               - np.sqrt(2 / 5 * 2 / 500)) < 1e-3  # numpy_ml: sqrt(2 + alpha^2)
    drawn = WeightInitializer("Tanh", "trunc_normal")((2_000,))  # numpy_ml: TypeError
    assert abs(drawn).max() < 2 and drawn.std() > 0.8
    with pytest.raises(ValueError, match="unknown initialization 'glorot'"):
        WeightInitializer("Tanh", "glorot")
    with pytest.raises(ValueError, match="must have 2, 3 or 4 axes"):
        WeightInitializer("Tanh")((3,))
    assert initializers.WeightInitializer is WeightInitializer


# ------------------------------------------------------------------------------------------ checks


def test_checks_of_arrays():
    assert testing.is_binary(np.array([[0, 1]])) and testing.is_binary(np.array([True]))
    assert testing.is_stochastic(np.array([[0.25, 0.75]])) and testing.is_one_hot(np.eye(3))
    assert testing.is_symmetric(np.eye(2)) and not testing.is_symmetric(np.array([[0, 1], [0, 0]]))
    assert testing.is_symmetric_positive_definite(np.eye(2)) and not testing.is_symmetric_positive_definite(-np.eye(2))
    assert testing.is_number(3.5) and not testing.is_number("3")
    with pytest.raises(AssertionError, match="x must be binary, but it contains 0.5 at row 0, column 1"):
        testing.is_binary(np.array([[1, 0.5]]))
    with pytest.raises(AssertionError, match="row 1 sums to 0.9"):
        testing.is_stochastic(np.array([[0.25, 0.75], [0.4, 0.5]]))
    with pytest.raises(AssertionError, match="contains -0.5 at row 0, column 0"):
        testing.is_stochastic(np.array([[-0.5, 1.5]]))
    with pytest.raises(AssertionError, match="row 1 of x contains 2 ones"):
        testing.is_one_hot(np.array([[0, 1], [1, 1]]))


def test_random_arrays_are_what_they_say():
    testing.is_one_hot(testing.random_one_hot_matrix(20, 4))
    testing.is_stochastic(testing.random_stochastic_matrix(20, 4))
    testing.is_binary(testing.random_binary_tensor((5, 3), sparsity=0.3))
    values = testing.random_tensor((50, 3), standardize=True)
    np.testing.assert_allclose([values.mean(axis=0), values.std(axis=0)], [[0] * 3, [1] * 3], atol=1e-12)
    assert abs(testing.random_tensor((50, 3))).max() <= 300
