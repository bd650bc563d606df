"""The training loop: batches, patience, the best parameters, interrupts, and what stops it."""

import os
import signal
import threading
import time
import types

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Classifier, Regressor

QUIET = {"algo": "sgd", "verbose": 0}


def flat(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


# ------------------------------------------------------------------------------------------------------------ batches


def test_batches_are_reshuffled_by_sample_every_epoch(points, backend, orders):
    Regressor([5, 3], mode=backend).train(points, **QUIET, epochs=3, batch_size=10)
    epochs = [orders[i : i + 4] for i in (0, 4, 8)]
    for epoch in epochs:
        assert [len(rows) for rows in epoch] == [10] * 4
        assert sorted(np.concatenate(epoch).tolist()) == list(range(40))
    together = [{frozenset(rows.tolist()) for rows in epoch} for epoch in epochs]
    assert not together[0] & together[1] and not together[1] & together[2]


@pytest.mark.parametrize("batch_size", [1, 7, 40, 100, 0])
def test_a_training_is_gradient_descent_on_its_batches(batch_size, points, backend, orders):
    """Numpy walks the same path, the last and smaller batch included."""
    x, y = points
    net = Regressor([5, 3], mode=backend)
    w, b = (p.get_value() for p in net.params)
    history = net.train(points, **QUIET, learning_rate=0.05, epochs=2, batch_size=batch_size)
    sizes = {0: [40], 1: [1] * 40, 7: [7] * 5 + [5], 40: [40], 100: [40]}[batch_size]
    assert [len(rows) for rows in orders] == sizes * 2
    assert [r["updates"] for r in history] == [len(sizes), 2 * len(sizes)]
    for rows in orders:
        e = x[rows] @ w + b - y[rows]
        w, b = w - 0.05 * 2 * x[rows].T @ e / e.size, b - 0.05 * 2 * e.sum(axis=0) / e.size
    np.testing.assert_allclose(flat(net), np.r_[w.ravel(), b], rtol=1e-9)


def test_the_same_seed_gives_the_same_bits(points, backend):
    options = {"epochs": 3, "hidden_dropout": 0.3, "batch_size": 7, "verbose": 0}
    nets = [Regressor([5, 6, 3], mode=backend) for _ in range(4)]
    for net, seed in zip(nets, (None, None, 0, 5), strict=True):
        net.train(points, seed=seed, **options)
    assert np.array_equal(flat(nets[0]), flat(nets[1]))
    assert np.array_equal(flat(nets[0]), flat(nets[2]))
    assert not np.array_equal(flat(nets[0]), flat(nets[3]))


def test_training_draws_from_no_global_generator(points):
    found = []
    for seed in (1, 2):
        np.random.seed(seed)
        net = Regressor([5, 6, 3])
        net.train(points, epochs=2, hidden_noise=0.3, verbose=0)
        found.append(flat(net))
    assert np.array_equal(*found)


def test_data_are_not_changed(points):
    x, y = points[0].copy(), points[1].copy()
    Regressor([5, 3]).train([x, y], [x, y], epochs=2, batch_size=7, verbose=0)
    assert np.array_equal(x, points[0]) and np.array_equal(y, points[1])


# ------------------------------------------------------------------------------------------------------------ records


def test_itertrain_is_a_generator_of_records(points):
    net = Regressor([5, 3])
    steps = net.itertrain(points, points, epochs=3)
    assert isinstance(steps, types.GeneratorType)
    assert net.history == []
    first = next(steps)
    assert {"epoch", "updates", "seconds", "loss", "mse", "weighted", "valid_loss", "valid_mse", "best"} <= set(first)
    assert first["epoch"] == 1 and type(first) is dict
    assert [r["epoch"] for r in steps] == [2, 3]
    assert [r["epoch"] for r in net.history] == [1, 2, 3]


def test_itertrain_refuses_wrong_options_at_once(points):
    with pytest.raises(symloss.UnknownNameError):
        Regressor([5, 3]).itertrain(points, lerning_rate=0.1)


def test_leaving_itertrain_early_keeps_the_best(points):
    net = Regressor([5, 3])
    for record in net.itertrain(points, points, algo="sgd", learning_rate=0.1, epochs=50):
        if record["epoch"] == 3:
            break
    assert len(net.history) == 3
    np.testing.assert_allclose(((net.predict(points[0]) - points[1]) ** 2).mean(), net.history[2]["valid_loss"])


def test_a_record_is_of_plain_numbers(labelled):
    import json

    history = Classifier([4, 3]).train(labelled, labelled, epochs=2, verbose=0)
    assert json.loads(json.dumps(history)) == history


def test_history_grows_with_every_training(points):
    net = Regressor([5, 3])
    net.train(points, epochs=2, verbose=0)
    assert net.train(points, epochs=3, verbose=0) == net.history[2:], "a training returns its own records"
    assert len(net.history) == 5
    assert net.history.column("loss") == [r["loss"] for r in net.history]
    assert net.history.column("valid_loss") == [None] * 5


def test_history_plots(points, tmp_path):
    pytest.importorskip("matplotlib")
    net = Regressor([5, 3])
    with pytest.raises(symloss.SymlossError, match="empty"):
        net.history.plot()
    net.train(points, points, epochs=3, validate_every=2, verbose=0)
    figure = net.history.plot(tmp_path / "history.png")
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["training", "validation"]
    np.testing.assert_allclose(lines[0].get_ydata(), net.history.column("loss"))
    assert len(lines[1].get_ydata()) == 2
    assert (tmp_path / "history.png").stat().st_size > 1000


# -------------------------------------------------------------------------------------------------------- validation


def test_validation_every_so_many_epochs_and_at_the_end(points):
    history = Regressor([5, 3]).train(points, points, **QUIET, epochs=7, validate_every=3)
    assert [r["epoch"] for r in history if "valid_loss" in r] == [3, 6, 7]


def test_validation_comes_after_the_epoch(points):
    net = Regressor([5, 3])
    history = net.train(points, points, **QUIET, learning_rate=0.1, epochs=1)
    np.testing.assert_allclose(history[0]["valid_loss"], ((net.predict(points[0]) - points[1]) ** 2).mean())


def scripted(monkeypatch, losses):
    """Let validations give these losses in turn; return a list that takes the parameters at each of them."""
    seen, wanted = [], iter(losses)

    def run(self, batches):
        seen.append([p.get_value() for p in self.objective.parameters.values()])
        return np.array([[next(wanted), 1.0]])

    monkeypatch.setattr(symloss.compiling.Evaluation, "run", run)
    return seen


@pytest.mark.parametrize(
    ("losses", "options", "epochs", "best"),
    [
        ([5, 4, 3, 2, 1], {"patience": 2}, 5, 5),
        ([5, 4, 6, 7, 8, 1], {"patience": 2}, 4, 2),
        ([5, 4, 6, 3, 8, 9, 1], {"patience": 2}, 6, 4),
        ([5, 6, 7, 8, 9, 10], {"patience": None, "epochs": 6}, 6, 1),
        ([5, 5, 5, 5, 5], {"patience": 2}, 3, 1),
        ([5, 4, 4, 3], {"patience": 0}, 3, 2),
        ([10, 9.5, 9.2, 8.95, 8.9], {"patience": 2, "min_improvement": 0.1}, 3, 1),
        ([10, 8.9, 8.8, 8.7, 1], {"patience": 2, "min_improvement": 0.1}, 4, 2),
        ([-10, -9.5, -9, -8.7], {"patience": 2, "min_improvement": 0.1}, 3, 1),
        ([-10, -10.5, -10.9, -20], {"patience": 2, "min_improvement": 0.1}, 3, 1),
        ([-10, -11.5, -10, -10, -10], {"patience": 2, "min_improvement": 0.1}, 4, 2),
        ([0, -1, -2, -1, -1], {"patience": 2, "min_improvement": 0.1}, 5, 3),
        ([5, float("nan"), 4, float("nan"), float("inf"), 3], {"patience": 2}, 5, 3),
    ],
)
def test_patience_and_the_best_parameters(losses, options, epochs, best, points, monkeypatch):
    """A training ends after `patience` validations without improvement."""
    seen = scripted(monkeypatch, losses)
    net = Regressor([5, 3])
    history = net.train(points, points, **QUIET, **{"epochs": len(losses), "learning_rate": 0.1, **options})
    assert len(history) == epochs
    assert [r["epoch"] for r in history if r["best"]][-1] == best
    for p, value in zip(net.params, seen[best - 1], strict=True):
        assert np.array_equal(p.get_value(), value)


def test_patience_without_validation_counts_epochs(points):
    still = {"learning_rate": 0.0, "batch_size": 0, "min_improvement": 1e-9}  # sums in another order differ a little
    assert len(Regressor([5, 3]).train(points, **QUIET, **still, epochs=20, patience=3)) == 4


def test_the_initial_parameters_do_not_come_back(points):
    """Even if every epoch is worse than the start, the best of the epochs is kept, and not the start."""
    net = Regressor([5, 3])
    start = flat(net)
    history = net.train(points, points, **QUIET, learning_rate=5.0, epochs=3, batch_size=0, patience=None)
    assert history[0]["valid_loss"] > history[0]["loss"]
    assert not np.array_equal(flat(net), start)
    np.testing.assert_allclose(((net.predict(points[0]) - points[1]) ** 2).mean(), history[0]["valid_loss"])


@pytest.mark.parametrize("options", [{"epochs": 1}, {"epochs": 2, "validate_every": 10}])
def test_a_short_training_keeps_what_it_learnt(options, points):
    net = Regressor([5, 3])
    start = flat(net)
    net.train(points, points, **QUIET, learning_rate=0.1, **options)
    assert not np.array_equal(flat(net), start)
    assert net.history[-1]["best"]


def test_without_validation_the_last_parameters_stay(points):
    net = Regressor([5, 3])
    seen = []
    net.train(points, **QUIET, learning_rate=5.0, epochs=3, batch_size=0, patience=None,
              callbacks=lambda r: seen.append(flat(net)))
    assert np.array_equal(flat(net), seen[-1])


# ------------------------------------------------------------------------------------------------------- what stops it


def test_callbacks_see_every_record_and_stop(points):
    seen, other = [], []
    stop = [seen.append, lambda record: record["epoch"] == 2, other.append]
    history = Regressor([5, 3]).train(points, epochs=9, callbacks=stop, verbose=0)
    assert seen == other == history and len(history) == 2


def test_one_callback_alone_is_enough(points):
    assert len(Regressor([5, 3]).train(points, epochs=9, callbacks=lambda record: True, verbose=0)) == 1


def test_a_nan_loss_names_the_term(points, backend):
    net = Regressor([5, 3], loss="mae", mode=backend)
    net.add_loss(lambda prediction, target: pt.log(prediction - 1000))
    with pytest.raises(symloss.TrainingError, match=r"epoch 1.*lambda.* is not finite") as caught:
        net.train(points, **QUIET, epochs=3)
    assert "mae" not in str(caught.value)


def test_a_nan_in_the_data_is_found(points):
    x = points[0].copy()
    x[3, 2] = np.nan
    with pytest.raises(symloss.SymlossError, match="nan|finite"):
        Regressor([5, 3]).train([x, points[1]], **QUIET, epochs=3)


def test_a_divergence_keeps_the_parameters_before_it(points):
    net = Regressor([5, 3])
    seen = []
    with pytest.raises(symloss.TrainingError, match="mse is not finite.*learning_rate"):
        net.train(points, points, **QUIET, learning_rate=1e6, epochs=300, batch_size=0, patience=None,
                  callbacks=lambda r: seen.append(flat(net)))
    assert np.array_equal(flat(net), seen[-1])
    assert np.isfinite(flat(net)).all()


def test_a_divergence_in_the_first_epoch_leaves_finite_parameters(points):
    net = Regressor([5, 3])
    with pytest.raises(symloss.TrainingError):
        net.train(points, **QUIET, learning_rate=1e200, batch_size=1, epochs=3)
    assert np.isfinite(flat(net)).all()


def test_gradients_are_scaled_to_their_greatest_norm_together(points, backend):
    net = Regressor([5, 4, 3], mode=backend)
    other = Regressor([5, 4, 3], mode=backend)
    start = flat(net)
    net.train(points, **QUIET, learning_rate=1.0, batch_size=0, epochs=1, max_gradient_norm=0.01)
    other.train(points, **QUIET, learning_rate=1.0, batch_size=0, epochs=1)
    np.testing.assert_allclose(np.linalg.norm(flat(net) - start), 0.01)
    step = flat(other) - start
    np.testing.assert_allclose(flat(net) - start, 0.01 * step / np.linalg.norm(step), rtol=1e-9)


def test_small_gradients_are_left_alone(points):
    net, other = Regressor([5, 3]), Regressor([5, 3])
    net.train(points, **QUIET, epochs=2, max_gradient_norm=1e6)
    other.train(points, **QUIET, epochs=2)
    np.testing.assert_allclose(flat(net), flat(other), rtol=1e-12)


# ---------------------------------------------------------------------------------------------------------- interrupts


@pytest.fixture
def ctrl_c():
    """A function that presses Ctrl-C once after some seconds."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    timers = []

    def press(seconds):
        timers.append(threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)))
        timers[-1].start()

    yield press
    for timer in timers:
        timer.cancel()
    signal.signal(signal.SIGINT, before)


def slowly(monkeypatch):
    """Let every run of steps take some time, in Python."""
    original = symloss.compiling.TrainingStep.run

    def run(self, order, batch):
        time.sleep(0.02)
        return original(self, order, batch)

    monkeypatch.setattr(symloss.compiling.TrainingStep, "run", run)


@pytest.mark.parametrize("validated", [False, True])
def test_ctrl_c_ends_the_training_and_keeps_what_was_learnt(validated, points, monkeypatch, ctrl_c):
    slowly(monkeypatch)
    net = Regressor([5, 3])
    net.train(points, points, **QUIET, epochs=1, learning_rate=0.0)
    start = flat(net)
    ctrl_c(0.3)
    history = net.train(points, points if validated else None, **QUIET, learning_rate=0.05, epochs=100000)
    assert history[-1]["stopped"] == "interrupted" and 1 < len(history) < 1000
    assert not any("stopped" in r for r in history[:-1])
    assert not np.array_equal(flat(net), start)
    if validated:
        best = min(r["valid_loss"] for r in history if "valid_loss" in r)
        np.testing.assert_allclose(((net.predict(points[0]) - points[1]) ** 2).mean(), best)


def test_ctrl_c_works_as_before_after_a_training(points, ctrl_c):
    Regressor([5, 3]).train(points, **QUIET, epochs=1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_in_a_callback_ends_the_training_and_keeps_its_record(points, ctrl_c):
    net = Regressor([5, 3])
    try:
        net.train(points, **QUIET, epochs=9, callbacks=lambda record: os.kill(os.getpid(), signal.SIGINT))
    except KeyboardInterrupt:
        pytest.fail("KeyboardInterrupt")
    assert len(net.history) == 1


def test_a_training_in_a_thread_leaves_signals_alone(points):
    found = []
    net = Regressor([5, 3])
    thread = threading.Thread(target=lambda: found.append(net.train(points, **QUIET, epochs=2)))
    thread.start()
    thread.join()
    assert len(found[0]) == 2
