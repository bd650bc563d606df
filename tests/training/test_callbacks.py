"""Callbacks: their moments, early stopping, learning rates, histories in files, limits."""

import csv
import json

import numpy as np
import pytest

import symloss
from symloss import TrainingError
from symloss.training import (
    Checkpoint,
    CSVHistory,
    EarlyStopping,
    JSONHistory,
    ReduceLearningRate,
    TimeLimit,
)
from symloss.training.comparison import better


def data():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 3))
    return x, x[:, :1]


def train(callbacks, net=None, **options):
    net = net or symloss.Regressor([3, 1], seed=1)
    net.train(data(), **{"algo": "sgd", "epochs": 5, "batch_size": 10, "verbose": 0, "patience": None,
                         "callbacks": callbacks} | options)
    return net


def test_every_moment_comes_in_its_order():
    seen = []

    class Listener:
        def start(self, training):
            seen.append(("start", training.epoch))

        def batch(self, record):
            seen.append(("batch", record["epoch"], record["batch"]))

        def epoch(self, record):
            seen.append(("epoch", record["epoch"]))

        def end(self, record):
            seen.append(("end", record["epoch"]))

    train(Listener(), epochs=2)
    batches = [[("batch", e, b) for b in (1, 2, 3, 4)] + [("epoch", e)] for e in (1, 2)]
    assert seen == [("start", 1), *batches[0], *batches[1], ("end", 2)]


def test_the_record_of_a_batch_has_the_figures_so_far():
    losses = []

    class Listener:
        def batch(self, record):
            losses.append(record["loss"])

    net = train(Listener(), epochs=1, learning_rate=0.0)
    assert losses[-1] == net.history[-1]["loss"]


@pytest.mark.parametrize("moment, count", [("batch", 1), ("epoch", 1)])
def test_a_true_return_ends_the_training_and_says_who(moment, count):
    listener = type("Sentry", (), {moment: lambda self, argument: True})()
    net = train(listener)
    assert len(net.history) == count
    assert net.history[-1]["stopped"] == "callback Sentry"


def test_what_listens_to_nothing_is_refused():
    with pytest.raises(symloss.SpecError, match="a function of the record"):
        train(3)


def test_early_stopping_counts_from_the_best():
    figures = iter([3.0, 2.0, 2.5, 2.1, 1.0])

    def feed(record):
        record["figure"] = next(figures)

    net = train([feed, EarlyStopping("figure", patience=2)])
    assert len(net.history) == 4


def test_early_stopping_upwards():
    figures = iter([0.1, 0.5, 0.4, 0.6, 0.2])
    net = train([lambda r: r.update(figure=next(figures)), EarlyStopping("figure", patience=0, mode="max")])
    assert len(net.history) == 3


def test_a_figure_that_is_not_there_says_which_are():
    with pytest.raises(symloss.SpecError, match="no number 'accuracy' in the record.*loss"):
        train(EarlyStopping("accuracy"))


@pytest.mark.parametrize("value, best, improved", [(-9.95, -10, False), (-10.5, -10, False), (-11.5, -10, True),
                                                   (8.9, 10, True), (9.5, 10, False), (float("nan"), 10, False)])
def test_a_worse_negative_loss_is_no_improvement(value, best, improved):
    assert better(value, best, min_improvement=0.1) == improved


def test_the_learning_rate_falls_when_nothing_gets_better():
    rates = []

    class Spy:
        def start(self, training):
            self.step = training.step

        def epoch(self, record):
            rates.append(float(self.step.scalars["learning_rate"].get_value()))

    figures = iter([1.0, 2.0, 2.0, 2.0, 2.0])
    train([lambda r: r.update(figure=next(figures)), ReduceLearningRate(0.5, patience=2, monitor="figure"), Spy()],
          learning_rate=0.4)
    np.testing.assert_allclose(rates, [0.4, 0.4, 0.2, 0.2, 0.1], rtol=1e-6)


def test_histories_in_files(tmp_path):
    net = train([CSVHistory(tmp_path / "h.csv"), JSONHistory(tmp_path / "h.jsonl")], epochs=3)
    with (tmp_path / "h.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["loss"]) for r in rows] == net.history.column("loss")
    lines = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    assert lines == list(net.history)
    train([CSVHistory(tmp_path / "h.csv")], net=net, epochs=2)
    with (tmp_path / "h.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 5, "a second training appends to the file"


def test_a_time_limit():
    clock = iter([0.0, 1.0, 2.0, 99.0])
    net = train(TimeLimit(60, clock=lambda: next(clock)))
    assert net.history[-1]["stopped"] == "60 seconds have passed"


def test_checkpoints_every_so_many_epochs(tmp_path):
    net = train(Checkpoint(tmp_path / "at {epoch}", epochs=2))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["at 2", "at 4"]
    loaded = symloss.load(tmp_path / "at 4")
    assert len(loaded.history) == 3 or loaded.history[-1]["epoch"] <= 4
    train([], net=loaded, resume=True)
    x, _ = data()
    assert np.array_equal(loaded.predict(x), net.predict(x))


def test_a_checkpoint_of_the_best_epochs_alone(tmp_path):
    train(Checkpoint(tmp_path / "{epoch}", best=True), learning_rate=10.0, epochs=3)  # diverges after the first epoch
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_numbers_that_are_not_finite_are_not_written(tmp_path):
    x, y = data()
    net = symloss.Regressor([3, 1], seed=1)
    with np.errstate(all="ignore"), pytest.raises(TrainingError):  # in the second epoch: the first has a finite loss
        net.train((100 * x, y), algo="sgd", learning_rate=1e308, epochs=2, batch_size=0, verbose=0,
                  callbacks=Checkpoint(tmp_path / "{epoch}"))
    assert len(net.history) == 1
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_not_finite_ends_the_training_and_names_the_term():
    net = symloss.Regressor([3, 1], seed=1)
    net.add_loss(lambda p, t: np.nan * p)
    with pytest.raises(symloss.TrainingError, match=r"epoch 1.*lambda.*not finite"):
        train([], net=net)
    assert all(np.isfinite(p.get_value()).all() for p in net.params)


def test_a_loss_that_no_file_can_hold_is_told_before_the_training(tmp_path):
    net = symloss.Regressor([3, 1], loss=lambda p, t: abs(p - t), mode="PYTHON")
    for saver in ({"callbacks": [Checkpoint(tmp_path / "net", epochs=3)]}, {"save_progress": tmp_path / "net"}):
        with pytest.raises(symloss.SpecError, match="function"):
            net.train(data(), epochs=5, verbose=0, **saver)
        assert len(net.history) == 0
