"""What is monitored decides which parameters are kept, when patience ends, and what a checkpoint of the best writes."""

import numpy as np
import pytest

import symloss
from symloss import Classifier, Regressor, SymlossError
from symloss.training import Checkpoint, EarlyStopping, ReduceLearningRate

LOSSES, ACCURACIES = [3.0, 1.0, 2.0, 2.5, 2.6], [0.5, 0.4, 0.9, 0.8, 0.7]


@pytest.fixture
def scripted(monkeypatch):
    """Validations give these losses and accuracies in turn; a list takes the parameters at each of them."""
    seen, figures = [], iter(zip(LOSSES, ACCURACIES, strict=True))

    def run(self, batches):
        seen.append([p.get_value() for p in self.objective.parameters.values()])
        loss, accuracy = next(figures)
        return [(loss, 1.0), (accuracy, 1.0)]

    monkeypatch.setattr(symloss.compiling.Evaluation, "run", run)
    return seen


def train(labelled, **options):
    net = Classifier([4, 3], mode="PYTHON")
    net.train(labelled, labelled, **{"algo": "sgd", "epochs": 5, "patience": None, "verbose": 0} | options)
    return net


def kept(net, seen):
    """Return the number of the epoch whose parameters the model has."""
    return [all(np.array_equal(p.get_value(), v) for p, v in zip(net.params, values, strict=True))
            for values in seen].index(True) + 1


@pytest.mark.parametrize(("options", "epoch"), [
    ({}, 2),
    ({"best": "valid_loss"}, 2),
    ({"best": "valid_acc"}, 3),
    ({"best": ("valid_acc", "min")}, 2),
    ({"callbacks": EarlyStopping("valid_acc", mode="max", patience=9)}, 3),
    ({"callbacks": EarlyStopping("valid_acc", patience=9)}, 3),
    ({"callbacks": EarlyStopping("valid_acc", patience=9), "best": "valid_loss"}, 2),
], ids=str)
def test_what_is_monitored_decides_what_is_kept(options, epoch, labelled, scripted):
    net = train(labelled, **options)
    assert kept(net, scripted) == epoch
    assert max(r["epoch"] for r in net.history if r["best"]) == epoch


def test_a_checkpoint_of_the_best_follows_what_is_monitored(labelled, scripted, tmp_path):
    train(labelled, callbacks=[EarlyStopping("valid_acc", patience=9), Checkpoint(tmp_path / "{epoch}", best=True)])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "3"]


@pytest.mark.parametrize(("options", "epochs"), [
    ({"patience": 1, "best": "valid_acc"}, 2),
    ({"patience": 2, "best": "valid_acc"}, 5),
    ({"patience": 2}, 4),
    ({"callbacks": EarlyStopping(patience=2)}, 4),
    ({"callbacks": EarlyStopping(patience=2), "best": "valid_acc"}, 5),
    ({"callbacks": EarlyStopping("valid_acc", patience=1)}, 2),
], ids=str)
def test_patience_of_every_kind_counts_validations_without_improvement_of_it(options, epochs, labelled, scripted):
    net = train(labelled, **options)
    assert len(net.history) == epochs


def test_epochs_without_validation_are_no_validations(labelled, scripted):
    net = train(labelled, epochs=9, validate_every=2, callbacks=EarlyStopping("valid_acc", patience=1))
    assert [r["epoch"] for r in net.history if "valid_acc" in r] == [2, 4]


@pytest.mark.parametrize(("best", "words"), [
    ("valid_accuracy", "valid_acc"), ("valid_mine", r"\('valid_mine', 'max'\)"), (3, "best=3"),
    (("loss", "up"), "best="),
])
def test_what_cannot_be_monitored_is_refused_before_the_first_step(best, words, labelled, orders):
    def mine(prediction, target):
        return prediction[:, 0]

    with pytest.raises(SymlossError, match=words):
        train(labelled, best=best, metrics=[mine])
    assert not orders


def test_without_validation_data_the_best_is_kept_if_it_is_asked_for(points):
    seen, net = [], Regressor([5, 3], mode="PYTHON")
    net.train(points, algo="sgd", learning_rate=5.0, epochs=3, batch_size=0, patience=None, verbose=0, best="loss",
              callbacks=lambda record: seen.append([p.get_value() for p in net.params]))
    assert kept(net, seen) == 1


@pytest.mark.parametrize("make", [
    lambda: EarlyStopping(patience=-1), lambda: EarlyStopping(monitor=3), lambda: EarlyStopping(mode="up"),
    lambda: EarlyStopping(min_improvement="x"), lambda: ReduceLearningRate(factor=2), lambda: Checkpoint(3),
    lambda: Checkpoint("f", seconds="x"), lambda: Checkpoint("f", epochs=0), lambda: symloss.training.TimeLimit("x"),
])
def test_a_callback_that_cannot_be_is_refused_where_it_is_made(make):
    with pytest.raises(SymlossError):
        make()


class Keras:
    def on_epoch_end(self, epoch, logs=None):
        """Called by Keras."""


@pytest.mark.parametrize("callback", [Keras(), EarlyStopping], ids=["of another library", "a class"])
def test_what_listens_at_other_moments_says_what_to_pass(callback, points):
    with pytest.raises(symloss.SpecError, match="another library.*EarlyStopping|Pass an object"):
        Regressor([5, 3]).train(points, epochs=1, verbose=0, callbacks=callback)


def test_while_a_weight_moves_totals_are_compared_with_the_weights_of_today(labelled, monkeypatch):
    """The total of an epoch with a small weight is small, whatever its parameters: mse 3, 2, 1 and mae 1, 1, 1.8."""
    figures = iter([(3.0, 1.0), (2.0, 1.0), (1.0, 1.8)])
    monkeypatch.setattr(symloss.compiling.Evaluation, "run",
                        lambda self, batches: [(value, 1.0) for value in next(figures)])
    x = labelled[0]
    net = Regressor([4, 1], loss=["mse", {"form": "mae", "weight": symloss.schedules.per_epoch(
        symloss.schedules.linear(0.0, 10.0, steps=3))}], mode="PYTHON")
    data = [x, x[:, 0]]
    net.train(data, data, algo="sgd", epochs=3, patience=None, verbose=0)
    assert net.history[0]["valid_loss"] < net.history[1]["valid_loss"]  # whose weight is larger
    assert [record["best"] for record in net.history] == [True, True, False]
