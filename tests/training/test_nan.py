"""Training that stops being finite stops at that batch, and says what it was."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import TrainingError
from symloss.training.rewind import Rewind


def log_of_prediction(prediction, target):
    return -target * pt.log(prediction)


def distance(prediction, target):
    return pt.sqrt(abs(prediction - target).sum(axis=-1))


def quotient(prediction, target):
    return prediction / target


@pytest.fixture
def falling():
    """A model whose one output is its one input, and inputs whose row 37 alone is below 0."""

    def make(loss, mode, **options):
        net = symloss.Regressor([1, 1], loss=loss, mode=mode, **options)
        net.find("out", "w").set_value(np.ones((1, 1)))
        net.find("out", "b").set_value(np.zeros(1))
        return net

    x = np.linspace(1, 2, 60)[:, None]
    x[37] = -0.2
    return make, x, np.ones((60, 1))


STILL = {"algo": "sgd", "learning_rate": 0.0, "verbose": 0}


def test_the_node_its_operand_and_the_row_are_named(falling, backend):
    make, x, y = falling
    with pytest.raises(TrainingError) as caught:
        make(log_of_prediction, backend).train([x, y], epochs=3, batch_size=8, **STILL)
    message = str(caught.value)
    assert "log_of_prediction is not finite: log of -0.2 in term log_of_prediction, row " in message
    assert "which is row 37 of the data" in message
    assert "(output out:out)" in message and "softplus" in message


def test_it_stops_at_that_batch_with_the_parameters_before_it(falling, backend, orders):
    make, x, y = falling
    net = make(log_of_prediction, backend)
    with pytest.raises(TrainingError) as caught:
        net.train([x, y], algo="sgd", learning_rate=0.01, epochs=1, batch_size=8, verbose=0)
    number = 1 + next(i for i, rows in enumerate(orders) if 37 in rows)
    assert f"epoch 1, batch {number}:" in str(caught.value)
    other = make(log_of_prediction, backend)
    for rows in orders[: number - 1]:
        other.train([x[rows], y[rows]], algo="sgd", learning_rate=0.01, epochs=1, batch_size=0, verbose=0)
    for mine, theirs in zip(net.params, other.params, strict=True):
        np.testing.assert_allclose(mine.get_value(), theirs.get_value(), rtol=1e-9)


def test_a_gradient_that_is_not_finite_is_found_where_the_loss_is(falling):
    make, x, _ = falling
    net = make(distance, "PYTHON")
    y = np.zeros_like(x)
    y[5] = x[5]  # an error of 0, where the root has no slope
    before = [p.get_value() for p in net.params]
    with pytest.raises(TrainingError, match=r"out\.\w.* is not finite: .*row 5.*of the data") as caught:
        net.train([x, y], algo="sgd", learning_rate=0.01, epochs=2, batch_size=0, verbose=0)
    assert "epoch 1, batch 1" in str(caught.value)
    for p, value in zip(net.params, before, strict=True):
        np.testing.assert_array_equal(p.get_value(), value)


def test_rows_are_numbered_as_in_the_data_that_were_split(falling):
    make, x, y = falling
    with pytest.raises(TrainingError, match="which is row 37 of the data"):
        make(log_of_prediction, "PYTHON", seed=1).train([x, y], validation_split=0.2, algo="sgd", epochs=1, verbose=0)
    x[37], y[37] = 1, np.nan
    with pytest.raises(symloss.DataError, match="row 37"):
        make("mse", "PYTHON", seed=1).train([x, y], validation_split=0.2, algo="sgd", epochs=1, verbose=0)


def test_a_divisor_of_0_is_named(falling):
    make, x, y = falling
    y[11] = 0
    with pytest.raises(TrainingError, match=r"/ 0 in term quotient, row \d+.*row 11 of the data; a divisor is 0"):
        make(quotient, "PYTHON").train([x, y], epochs=1, batch_size=8, **STILL)


def test_a_term_that_does_not_reach_every_parameter(points):
    """A penalty has no gradient by biases; once the search for what is wrong died of that."""
    net = symloss.Regressor([5, (4, "tanh"), 3], mode="PYTHON")
    with pytest.raises(TrainingError, match="is not finite.*learning_rate"):
        net.train(points, algo="sgd", verbose=0, weight_l2=1e308)
    assert all(np.isfinite(p.get_value()).all() for p in net.params)


def log_of_inner(mu, target):
    return -target * pt.log(mu)


def test_a_loss_of_an_inner_output_is_named(falling):
    """It reaches no parameter of the layers above."""
    _, x, y = falling
    layers = [1, {"name": "mu", "size": 1, "activation": "linear"}, (1, "tanh")]
    net = symloss.Network(layers, loss="mse", mode="PYTHON")
    net.find("mu", "w").set_value(np.ones((1, 1)))
    net.add_loss(log_of_inner, output_name="mu")
    with pytest.raises(TrainingError, match=r"log of -0.2 in term log_of_inner.*row \d+ \(output mu:out\)") as caught:
        net.train([x, y, y], epochs=1, batch_size=8, **STILL)
    assert "row 37 of the data" in str(caught.value)


def root_of_what_is_above_0(prediction, target):
    return pt.sqrt(prediction * pt.gt(prediction, 0))


def log_in_a_loop(prediction, target):
    return pytensor.scan(pt.log, sequences=prediction.T, return_updates=False).T


def root_in_a_loop(prediction, target):
    return pytensor.scan(lambda p: root_of_what_is_above_0(p, None), sequences=prediction.T, return_updates=False).T


@pytest.mark.parametrize(("loss", "message"), [
    (lambda p, t: pt.arccos(p * 6), r"arccos of -1\.2 in .*row 37.*arccos needs a value from -1 to 1.* in a tanh"),
    (lambda p, t: pt.arcsin(6 * p), r"arcsin of -1\.2 in .*row 37.*arcsin needs a value from -1 to 1.* in a tanh"),
    (lambda p, t: p**0.5, r"-0.2 \*\* 0.5 in .*row 37.*pow needs a base greater than 0.*softplus"),
    (lambda p, t: pt.log1p(6 * p), r"log1p of -1.2 in .*row 37.*log1p needs a value greater than -1"),
    (root_of_what_is_above_0, r" / 0 \(square root of 0\) in .*row 37.*no gradient at 0. Add a small number"),
    (log_in_a_loop, r"log of -0.2 at step 0 of a loop in term log_in_a_loop, row \d.*row 37.*log needs a value"),
    (root_in_a_loop, " / 0 at step 0 of a loop in .*row 37.*a divisor is 0"),
], ids=["arccos", "arcsin", "power", "log1p", "root", "loop", "root in a loop"])
def test_the_way_out_fits_the_operation(falling, loss, message):
    make, x, y = falling
    x = x.copy()
    x[x > 0] = 0.15
    with pytest.raises(TrainingError, match=message):
        make(loss, "PYTHON").train([x, y], epochs=1, batch_size=8, **STILL)


def test_one_of_several_losses_is_named(falling):
    make, x, y = falling
    net = make(["mae", log_of_prediction], "PYTHON")
    with pytest.raises(TrainingError, match="1: log_of_prediction is not finite.*in term log_of_prediction") as caught:
        net.train([x, y], epochs=1, batch_size=0, **STILL)
    assert "mae" not in str(caught.value)


def test_numbers_in_the_data_are_named(falling):
    make, x, y = falling
    x[20] = np.nan
    with pytest.raises(TrainingError, match="nan in in in term mse, row .*row 20 of the data; clean the data"):
        make("mse", "PYTHON").train([x, y], epochs=1, batch_size=8, allow_nan=True, **STILL)


def test_a_training_that_runs_away_is_told_what_helps(points, backend):
    net = symloss.Regressor([5, 8, 3], mode=backend)
    with pytest.raises(TrainingError, match="mse is not finite.*learning_rate") as caught:
        net.train(points, algo="sgd", learning_rate=50.0, epochs=99, batch_size=8, verbose=0)
    assert all(np.isfinite(p.get_value()).all() for p in net.params)
    assert "the parameters have diverged" in str(caught.value)


def test_an_update_that_is_too_large_is_told(points):
    def leap(gradients, *, learning_rate=0.1):
        return {p: p - learning_rate * np.inf * g for p, g in gradients.items()}

    net = symloss.Regressor([5, 3], mode="PYTHON")
    with pytest.raises(TrainingError, match="out.b is not finite: the update is too large"):
        net.train(points, algo=leap, epochs=1, verbose=0)
    assert all(np.isfinite(p.get_value()).all() for p in net.params)


def test_streams_and_several_epochs(falling):
    make, x, y = falling
    good, calls = np.delete(x, 37, axis=0)[:8], iter(range(99))

    def batch():
        return (x[32:40] if next(calls) == 6 else good), y[:8]

    with pytest.raises(TrainingError, match="epoch 2, batch 2: .*log of -0.2 in term log_of_prediction, row 5 "):
        make(log_of_prediction, "PYTHON").train(batch, epochs=3, train_batches=5, **STILL)


def test_noise_is_drawn_again_as_it_was(rng):
    x, y = rng.uniform(0.5, 1, (200, 3)), np.ones((200, 1))

    def failed():
        net = symloss.Regressor([3, 1], loss=log_of_prediction, mode="PYTHON", seed=3)
        net.find("out", "w").set_value(np.full((3, 1), 0.2))
        with pytest.raises(TrainingError) as caught:
            net.train([x, y], epochs=50, batch_size=10, input_noise=0.7, **STILL)
        return str(caught.value)

    assert failed() == failed()
    assert "log of -" in failed()


def test_a_parameter_that_was_not_finite_to_begin_with_is_named():
    net = symloss.Regressor([2, 3, 1])
    net.find("hid1", "w").set_value(np.full((2, 3), np.nan))
    with pytest.raises(TrainingError, match=r"batch 1: .*nan in hid1\.w .*before this batch. Set it with"):
        net.train([np.ones((4, 2)), np.ones((4, 1))], algo="sgd", epochs=1, verbose=0)


def test_what_it_keeps_takes_a_hundredth_of_the_time_at_most():
    """A copy is made only when a hundred times what the last one took has gone by."""
    clock = [0.0]

    class Slow:
        objective = symloss.Regressor([2, 1], mode="PYTHON").graph
        copies = 0

        def load(self, arrays):
            pass

        def run(self, rows, size):
            clock[0] += 0.5

        def sums_are_finite(self):
            return True

        def state(self):
            clock[0] += 0.1
            self.copies += 1
            return {}, []

    import symloss.training.rewind as module

    step, real = Slow(), module.time.perf_counter
    module.time.perf_counter = lambda: clock[0]
    try:
        rewind = Rewind(step)
        rewind.load([])
        for _ in range(400):
            rewind.run(np.arange(4), 4)
    finally:
        module.time.perf_counter = real
    assert step.copies * 0.1 <= 0.01 * clock[0] and step.copies > 5


@pytest.mark.parametrize("algo", ["cg", "sgd"])
def test_a_learned_weight_of_a_loss_that_is_0_grows_until_it_is_named(algo, rng):
    net = symloss.Regressor([2, 1], loss=[lambda p, t: 0 * p, "mse"], mode="PYTHON")
    net.losses[0].weight = "uncertainty"
    x, y = rng.normal(size=(8, 2)), rng.normal(size=(8, 1))
    options = {"learning_rate": 1000.0, "freeze": "out"} if algo == "sgd" else {"freeze": "out"}
    with pytest.raises(TrainingError, match="not finite"):
        net.train([x, y], algo=algo, epochs=50, verbose=0, **options)
