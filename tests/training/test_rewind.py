"""What remembering costs, and what it remembers from epoch to epoch."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import TrainingError
from symloss.training.rewind import Rewind


def log_of_prediction(prediction, target):
    return -target * pt.log(prediction)


@pytest.fixture
def short(backend):
    """A model that falls by its steps until its prediction is below 0, and one batch of data."""
    net = symloss.Regressor([1, 1], loss=lambda p, t: t * pt.sqrt(p), mode=backend)
    net.find("out", "w").set_value(np.zeros((1, 1)))
    net.find("out", "b").set_value(np.ones(1))
    return net, np.ones((4, 1)), np.ones((4, 1))


@pytest.fixture
def copies(monkeypatch):
    """A list that grows by one with every copy that is kept."""
    made, original = [], Rewind._state
    monkeypatch.setattr(Rewind, "_state", lambda self: made.append(1) or original(self))
    return made


def test_short_epochs_share_a_copy(short, copies, monkeypatch):
    monkeypatch.setattr("symloss.training.rewind.SHARE", 1e-9)  # never again
    net, x, y = short
    net.train([x, y], algo="sgd", learning_rate=1e-3, epochs=20, patience=None, verbose=0)
    assert len(copies) == 1


def test_short_epochs_look_at_parameters_only_at_the_end(short, monkeypatch):
    looks, original = [], Rewind.wrong
    monkeypatch.setattr(Rewind, "wrong", lambda self: looks.append(1) or original(self))
    monkeypatch.setattr("symloss.training.rewind.SHARE", 1e-9)
    net, x, y = short
    net.train([x, y], algo="sgd", learning_rate=1e-3, epochs=20, patience=None, verbose=0)
    assert len(looks) == 1


def test_batches_that_come_and_go_are_not_kept_for_long(short, copies, monkeypatch):
    monkeypatch.setattr("symloss.training.rewind.SHARE", 1e-9)
    monkeypatch.setattr("symloss.training.rewind.HELD_BYTES", 10 * 64)
    net, x, y = short
    net.train(lambda: [x.copy(), y.copy()], algo="sgd", learning_rate=1e-9, epochs=1, train_batches=45, verbose=0)
    assert 4 <= len(copies) <= 6  # 64 bytes a batch


def test_nobody_is_shown_a_term_that_is_not_finite(short, monkeypatch):
    monkeypatch.setattr("symloss.training.rewind.SHARE", 1e-9)
    net, x, y = short
    seen = []

    class Listener:
        def batch(self, record):
            seen.append(record["loss"])

        def tick(self, training):
            seen.append(training.step.sums()[0][0])

    with pytest.raises(TrainingError):
        net.train([x, y], algo="sgd", learning_rate=0.2, epochs=50, batch_size=1, patience=None, verbose=0,
                  callbacks=Listener())
    assert seen and np.isfinite(seen).all()


def test_a_value_that_is_set_between_two_epochs_makes_a_new_copy(short, copies, monkeypatch):
    monkeypatch.setattr("symloss.training.rewind.SHARE", 1e-9)
    net, x, y = short
    for record in net.itertrain([x, y], algo="sgd", learning_rate=1e-3, epochs=4, patience=None):
        if record["epoch"] == 2:
            net.find("out", "b").set_value(np.full(1, 0.5))
        if record["epoch"] == 3:
            net.losses[0].weight = 2.0
    assert len(copies) == 3


def test_a_learning_rate_that_is_changed_between_two_epochs_makes_a_new_copy(short, copies, monkeypatch):
    monkeypatch.setattr("symloss.training.rewind.SHARE", 1e-9)
    net, x, y = short

    class Slower:
        def start(self, training):
            self.step = training.step

        def epoch(self, record):
            if record["epoch"] == 2:
                self.step.scale_learning_rate(0.5)

    net.train([x, y], algo="sgd", learning_rate=1e-3, epochs=4, patience=None, verbose=0, callbacks=Slower())
    assert len(copies) == 2


@pytest.mark.parametrize("share", [1e-9, 1.0])
def test_the_epoch_and_the_batch_are_named_however_long_ago_the_copy_was_made(short, monkeypatch, share):
    monkeypatch.setattr("symloss.training.rewind.SHARE", share)
    net, x, y = short
    seen = []
    with pytest.raises(TrainingError) as caught:
        for record in net.itertrain([x, y], algo="sgd", learning_rate=0.2, epochs=50, batch_size=2, patience=None):
            seen.append((record["epoch"], net.find("out", "b").get_value()[0]))
    b, steps = 1.0, 0
    w = 0.0
    while w + b >= 0:
        last = (w, b)
        slope = 0.5 / np.sqrt(w + b) if w + b > 0 else np.inf
        w, b, steps = w - 0.2 * slope, b - 0.2 * slope, steps + 1
    epoch, batch = divmod(steps, 2)
    assert f"epoch {epoch + 1}, batch {batch + 1}: " in str(caught.value)
    np.testing.assert_allclose(net.find("out", "b").get_value(), b)
    assert last != (w, b) and seen


def test_validation_data_that_are_not_finite_are_warned_of_once():
    net = symloss.Regressor([1, 1], loss=log_of_prediction)
    net.find("out", "w").set_value(np.ones((1, 1)))
    net.find("out", "b").set_value(np.zeros(1))
    x, valid = np.full((4, 1), 2.0), np.array([[1.0], [-0.2], [1.0]])
    with pytest.warns(symloss.SymlossWarning, match=r"epoch 1: .*log of -0.2 .*row 1 of the data") as caught:
        net.train([x, np.ones((4, 1))], [valid, np.ones((3, 1))], algo="sgd", learning_rate=0.0, epochs=3, verbose=0)
    assert len(caught) == 1
    assert np.isnan(net.history[-1]["valid_loss"]) and np.isfinite(net.history[-1]["loss"])
