"""Callbacks of Keras, called by symloss' loop, and what fit shows."""

import csv

import numpy as np
import pytest

import symloss
from symloss.compat import keras
from symloss.compat.keras import callbacks, layers


@pytest.fixture(autouse=True)
def python_mode(monkeypatch):
    monkeypatch.setattr(keras.Model, "mode", "PYTHON")


@pytest.fixture(scope="module")
def made():
    """A model that is compiled once; tests give it its weights back."""
    before, keras.Model.mode = keras.Model.mode, "PYTHON"
    model = keras.Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 3)).astype("float32")
    yield model, x, x @ np.array([[1.0], [2.0], [3.0]], "float32"), model.get_weights()
    keras.Model.mode = before


@pytest.fixture
def fit(made):
    model, x, y, start = made

    def fit(*some, **options):
        model.set_weights(start)
        model.optimizer.learning_rate = 0.1
        return model.fit(x, y, **{"verbose": 0, "epochs": 4, "batch_size": 10, "callbacks": list(some)} | options)

    fit.model = model
    return fit


def scripted(values, name="val_loss"):
    """Return a callback that makes an epoch show the values of a list."""
    return callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update({name: values[epoch]}))


def test_callbacks_are_called_in_the_order_of_keras(fit):
    calls = []

    class Told(callbacks.Callback):
        def __getattribute__(self, name):
            if name.startswith("on_") and not name.startswith(("on_batch", "on_predict")):
                return lambda *a, **k: calls.append((name, *a[:-1]))
            return super().__getattribute__(name)

    class Batches(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            assert set(logs) == {"loss", "mae"}

    x = np.zeros((4, 3), "float32")
    fit(Told(), Batches(), epochs=2, validation_data=(x, x[:, :1]))
    epoch = [*(("on_train_batch_begin", 0), ("on_train_batch_end", 0), ("on_train_batch_begin", 1)),
             ("on_train_batch_end", 1), ("on_test_begin",), ("on_test_batch_begin", 0), ("on_test_batch_end", 0),
             ("on_test_end",)]
    assert calls == [("on_train_begin",), ("on_epoch_begin", 0), *epoch, ("on_epoch_end", 0), ("on_epoch_begin", 1),
                     *epoch, ("on_epoch_end", 1), ("on_train_end",)]


def test_a_callback_ends_the_training_after_the_epoch_or_the_batch(fit):
    class Enough(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    assert len(fit(Enough()).history["loss"]) == 2

    class Now(callbacks.Callback):
        seen = 0

        def on_batch_end(self, batch, logs=None):
            self.seen += 1
            self.model.stop_training = self.seen == 3

    now = Now()
    assert len(fit(now).history["loss"]) == 2 and now.seen == 3


@pytest.mark.parametrize(("options", "values", "stopped", "best"), [
    ({"patience": 1}, [3, 2, 2, 1], 3, None),
    ({"patience": 1, "min_delta": 0.6}, [3, 2, 1.5, 1], 3, None),
    ({"patience": 1, "mode": "max"}, [1, 2, 3, 4], 4, None),
    ({"patience": 3, "baseline": 0.5}, [3, 2, 2, 1], 3, None),
    ({"patience": 1, "start_from_epoch": 2}, [1, 2, 3, 4], 4, None),
    ({"patience": 2, "restore_best_weights": True}, [3, 1, 2, 2], 4, 1),
    ({"patience": 9, "restore_best_weights": True}, [3, 1, 2, 2], 4, 1),
], ids=range(7))
def test_early_stopping_as_in_keras(options, values, stopped, best, fit):
    weights = []
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(fit.model.get_weights()[0]))
    history = fit(scripted(values), keep, callbacks.EarlyStopping(**options))
    assert len(history.history["loss"]) == stopped
    np.testing.assert_array_equal(fit.model.get_weights()[0], weights[-1 if best is None else best])


def test_the_learning_rate_is_set_by_schedules_plateaus_and_by_hand(fit):
    history = fit(callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5 if epoch else rate)).history
    np.testing.assert_allclose(history["learning_rate"], [0.1, 0.05, 0.025, 0.0125], rtol=1e-6)
    plateau = callbacks.ReduceLROnPlateau(factor=0.1, patience=2, cooldown=0, min_lr=0.005)
    history = fit(scripted([1, 1, 1, 1, 1, 1]), plateau, epochs=6).history
    np.testing.assert_allclose(history["learning_rate"], [0.1, 0.1, 0.1, 0.01, 0.01, 0.005], rtol=1e-5)
    still = fit.model.get_weights()
    fit.model.optimizer.learning_rate.assign(0.0)
    fit.model.fit(np.ones((4, 3)), np.ones(4), verbose=0)
    np.testing.assert_array_equal(still[0], fit.model.get_weights()[0])


def test_checkpoints_csv_and_history(fit, tmp_path):
    best = callbacks.ModelCheckpoint(tmp_path / "best_{epoch:02d}.keras", save_best_only=True)
    history = fit(scripted([3, 1, 2, 0.5]), best, callbacks.CSVLogger(tmp_path / "log.csv"))
    assert sorted(p.name for p in tmp_path.glob("*.keras")) == ["best_01.keras", "best_02.keras", "best_04.keras"]
    loaded = keras.models.load_model(tmp_path / "best_04.keras")
    np.testing.assert_array_equal(loaded.get_weights()[0], fit.model.get_weights()[0])
    rows = list(csv.DictReader((tmp_path / "log.csv").open(encoding="utf-8")))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"] and rows[3]["val_loss"] == "0.5"
    assert float(rows[2]["loss"]) == pytest.approx(history.history["loss"][2])
    assert history.epoch == [0, 1, 2, 3] and history.params["steps"] == 2


def test_a_loss_that_is_not_finite_raises_or_ends_the_training_quietly(fit, capsys):
    x, y = np.full((4, 3), 1e30, "float32"), np.ones(4)
    with pytest.raises(symloss.TrainingError, match="mean_squared_error"):
        fit.model.fit(x, y, verbose=0)
    fit.model.fit(x, y, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert "Invalid loss, terminating training" in capsys.readouterr().out
    assert np.isfinite(fit.model.get_weights()[0]).all()


def test_progress_lines_read_like_those_of_keras(fit, capsys):
    fit(epochs=1, verbose=1, validation_split=0.25)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "Epoch 1/1" and second.startswith("2/2 ━━━━━━━━━━━━━━━━━━━━ ")
    assert [part.split(":")[0] for part in second.split(" - ")[1:]] == ["loss", "mae", "val_loss", "val_mae"]
    fit(epochs=1, verbose=2)
    assert capsys.readouterr().out.splitlines()[1].startswith("2/2 - ")
    fit(epochs=1, verbose=0)
    assert capsys.readouterr().out == ""


def test_batches_come_from_generators_and_sequences(made):
    model, x, y, start = made

    class Batches:
        def __len__(self):
            return 2

        def __getitem__(self, number):
            return x[number * 10 : number * 10 + 10], y[number * 10 : number * 10 + 10]

    def forever():
        while True:
            yield from (Batches()[0], Batches()[1])

    figures = []
    for source, options in ((Batches(), {}), (forever(), {"steps_per_epoch": 2})):
        model.set_weights(start)
        model.optimizer.learning_rate = 0.1
        figures.append(model.fit(source, epochs=2, verbose=0, **options).history["loss"])
    model.set_weights(start)
    figures.append(model.fit(x, y, epochs=2, batch_size=10, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(figures[1:], [figures[0]] * 2, rtol=1e-6)
    assert model.predict(iter([x[:4], x[4:9]]), verbose=0).shape == (9, 1)
    with pytest.raises(symloss.SymlossError, match="must be part of each batch"):
        model.fit(Batches(), y, verbose=0)


def test_steps_limit_the_batches_of_arrays(made):
    model, x, y, start = made
    model.set_weights(start)
    errors = np.square(model.predict(x, verbose=0) - y)[:, 0]
    assert model.evaluate(x, y, batch_size=7, steps=2, verbose=0)[0] == pytest.approx(errors[:14].mean(), rel=1e-5)
    model.optimizer.learning_rate = 0.0
    history = model.fit(x, y, batch_size=5, steps_per_epoch=2, shuffle=False, verbose=0, validation_data=(x, y),
                        validation_steps=1).history
    assert history["loss"] == pytest.approx([errors[:10].mean()], rel=1e-5)
    assert history["val_loss"] == pytest.approx([errors[:5].mean()], rel=1e-5)
    with pytest.warns(symloss.SymlossWarning, match="4 batches of 5"):
        model.fit(x, y, batch_size=5, steps_per_epoch=9, verbose=0)


def test_mnist_from_local_files_or_the_shipped_digits(monkeypatch, tmp_path):
    from symloss.compat.keras.datasets import mnist

    monkeypatch.setattr(mnist, "_told", [])
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("MNIST_FOLDER", raising=False)
    with pytest.warns(symloss.SymlossWarning, match="10,000 digits that come with symloss"):
        (x, y), (x_test, y_test) = mnist.load_data()
    assert x.shape == (8000, 28, 28) and y_test.shape == (2000,) and x.dtype == np.uint8
    np.savez(tmp_path / "mnist.npz", x_train=x[:5], y_train=y[:5], x_test=x_test[:2], y_test=y_test[:2])
    (x, _), _ = mnist.load_data(tmp_path / "mnist.npz")
    assert x.shape == (5, 28, 28)
