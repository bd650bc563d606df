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


def annealed(monkeypatch, weights, losses, callbacks=(), **options):
    """Train while the weight of mae takes these values, and (mse, mae) of the validations these; return the model."""
    figures, moving = iter(losses), iter(weights)
    net = Regressor([4, 1], loss=["mse", {"form": "mae", "weight": next(moving)}], mode="PYTHON")

    def move(record):
        net.losses[1].weight = next(moving, 0.0)

    monkeypatch.setattr(symloss.compiling.Evaluation, "run",
                        lambda self, batches: [(value, 1.0) for value in next(figures)])
    x = np.zeros((4, 4))
    data = [x, x[:, 0]]
    net.train(data, data, algo="sgd", epochs=len(losses), verbose=0, callbacks=[callbacks, move] if callbacks else move,
              **{"patience": None} | options)
    return net


KL = [(4.0, 1.0), (3.6, 0.9), (3.2, 0.8), (2.8, 0.7), (2.4, 0.6), (2.0, 0.5)]  # both losses fall in each epoch
RISING = [0.0, 1.0, 3.0, 6.0, 10.0, 15.0]  # but the total rises: 4, 4.5, 5.6, 7, 8.4, 9.5


@pytest.mark.parametrize("watch", [
    lambda: {"callbacks": EarlyStopping(patience=1)},
    lambda: {"callbacks": EarlyStopping("valid_loss", patience=1)},
    lambda: {"stop": {"metric": "loss", "patience": 1}},
    lambda: {"stop": {"metric": "mae", "patience": 1}},
    lambda: {"patience": 1},
], ids=["early stopping", "by name", "stop", "a single loss", "patience"])
def test_a_weight_that_rises_does_not_look_like_a_model_that_gets_worse(watch, monkeypatch):
    net = annealed(monkeypatch, RISING, KL, **watch())
    assert [r["valid_loss"] for r in net.history] == pytest.approx([4, 4.5, 5.6, 7, 8.4, 9.5])
    assert all(r["best"] for r in net.history)


def test_a_weight_that_falls_does_not_look_like_a_model_that_gets_better(monkeypatch):
    """Both losses rise in each epoch."""
    watcher = EarlyStopping(patience=3)
    net = annealed(monkeypatch, RISING[::-1], KL[::-1], callbacks=watcher)
    assert len(net.history) == 4
    assert watcher.best == pytest.approx(2 + 3 * 0.5)  # the first epoch, with the weight of the last one
    assert [r["best"] for r in net.history] == [True, False, False, False]


def test_the_learning_rate_is_not_reduced_by_a_weight_that_rises(monkeypatch):
    callback = ReduceLearningRate(0.5, patience=1)
    annealed(monkeypatch, RISING, KL, callbacks=callback)
    assert callback.product == 1
    annealed(monkeypatch, RISING, KL[:1] * 6, callbacks=(worse := ReduceLearningRate(0.5, patience=1)))
    assert worse.product == 0.5**5


def test_what_was_best_is_weighed_again_after_a_training_is_resumed(monkeypatch):
    watcher = EarlyStopping(patience=5)
    annealed(monkeypatch, RISING, KL, callbacks=watcher)
    again = EarlyStopping(patience=5)
    again.restore(watcher.state())
    record = {"valid_loss": 2.6, "valid_mse": 2.0, "valid_mae": 0.6, "valid_weighted": {"mse": 2.0, "mae": 0.6},
              "weights": {"mse": 1.0, "mae": 1.0}, "loss": 0.0}
    again._followed, again._validates = "valid_loss", True
    assert not again.watch(record)
    assert again.best == 2.5  # it was 2 + 15 * 0.5
    assert again.waited == 1
    with pytest.raises(ValueError, match="terms"):
        again.restore(watcher.state() | {"terms": [3]})


def test_weights_that_are_learned_are_the_same_on_both_sides(points):
    """The weight of a loss that falls rises by itself, and so does its log variance fall."""
    for weight in ("uncertainty", "gradnorm"):
        seen = []

        class Spy(EarlyStopping):
            def epoch(self, record, seen=seen):
                before = dict(self._best.terms or {})
                found = super().epoch(record)
                seen.append((before, record, self.best))
                return found

        net = Regressor([5, 3], loss=[{"form": "mse", "weight": weight}, {"form": "mae", "weight": weight}],
                        mode="PYTHON")
        net.train(points, algo="sgd", learning_rate=0.01, epochs=3, verbose=0, callbacks=Spy("loss", min_improvement=9))
        for before, record, best in seen[1:]:
            assert record["weights"] != seen[0][1]["weights"]
            shared = {name: record[name] for name in record["weights"] if name.startswith("log variance")}
            assert bool(shared) == (weight == "uncertainty")
            terms = before | shared
            assert best == pytest.approx(sum(record["weights"][name] * value for name, value in terms.items()))
