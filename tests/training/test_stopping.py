"""What ends a training besides patience, what may not happen while it runs, and what newcomers type."""

import copy
import gc
import threading

import numpy as np
import pytest

import symloss
from symloss import Classifier, Regressor, SymlossError, SymlossWarning
from symloss.training import Checkpoint

QUIET = {"algo": "sgd", "verbose": 0, "patience": None}


def model(**options):
    return Regressor([5, 3], mode="PYTHON", **options)


# --------------------------------------------------------------------------------------------------- data that run dry


@pytest.mark.parametrize(("train", "valid", "options", "epochs"), [
    (5, None, {"train_batches": 2}, 3),  # the last epoch is a short one
    (4, None, {"train_batches": 2}, 2),
    (3, None, {}, 1),
    (None, 1, {}, 1),
    (None, 4, {"valid_batches": 2}, 2),
    (None, 1, {"validate_every": 3}, 3),
], ids=str)
def test_an_iterator_that_runs_dry_ends_the_training_and_says_why(train, valid, options, epochs, points):
    train, valid = (data if n is None else iter([points] * n) for n, data in ((train, points), (valid, None)))
    net = model()
    with pytest.warns(SymlossWarning, match="no more batches.*pass a function") as caught:
        history = net.train(train, valid, **QUIET, **options, epochs=20)
    assert len(caught) == 1 and len(history) == epochs
    assert "no more batches" in history[-1]["stopped"] and not history[-1]["partial"]
    assert not any("stopped" in record for record in history[:-1])


@pytest.mark.parametrize("which", ["train", "valid"])
def test_an_iterator_that_is_empty_from_the_beginning_is_an_error(which, points, orders):
    data = {"train": points, "valid": points} | {which: iter([])}
    with pytest.raises(symloss.DataError, match="exhausted.*pass a function"):
        model().train(data["train"], data["valid"], **QUIET, epochs=3)
    assert not orders


def test_an_iterator_that_is_just_enough_is_no_surprise(points, recwarn):
    history = model().train(iter([points] * 4), **QUIET, train_batches=2, epochs=2)
    assert "stopped" not in history[-1] and not recwarn.list


@pytest.mark.parametrize("stream", [False, True])
def test_validation_data_of_which_nothing_counts_are_an_error(stream, points):
    x, y = points
    nothing = (x, y, np.zeros_like(y))
    valid = (lambda: nothing) if stream else nothing
    with pytest.raises(symloss.DataError, match="no validation item counts"):
        model(weighted=True).train((x, y, np.ones_like(y)), valid, **QUIET, valid_batches=1 if stream else None)


def test_validation_labels_that_are_all_ignored_are_an_error(labelled):
    x, y = labelled
    net = Classifier([4, 3], loss={"form": "xe", "ignore_index": -1}, mode="PYTHON")
    with pytest.raises(symloss.DataError, match="no validation item counts"):
        net.train((x, y), (x, np.full_like(y, -1)), **QUIET, epochs=1)


# --------------------------------------------------------------------------------------------- one training at a time


def test_interleaved_trainings_of_one_model_are_refused_until_one_is_closed(points):
    net = model()
    first, second = net.itertrain(points, **QUIET, epochs=3), net.itertrain(points, **QUIET, epochs=3)
    next(first)
    for train in (lambda: next(second), lambda: net.train(points, **QUIET)):
        with pytest.raises(SymlossError, match="being trained already.*close"):
            train()
    model().train(points, **QUIET, epochs=1)
    copy.deepcopy(net).train(points, **QUIET, epochs=1)
    first.close()
    net.train(points, **QUIET, epochs=1)


@pytest.mark.parametrize("algo", ["layerwise", "pretrain"])
def test_a_model_that_is_trained_in_stages_is_being_trained(points, algo):
    net = symloss.Regressor([points[0].shape[1], 4, 3, points[1].shape[1]], mode="PYTHON")
    staged = net.itertrain(points, algo=algo, epochs=2, verbose=0)
    next(staged)
    for other in ("sgd", "layerwise", "pretrain", "sample"):
        with pytest.raises(SymlossError, match="being trained already"):
            list(net.itertrain(points, algo=other, epochs=1))
    list(staged)
    net.train(points, algo="sgd", epochs=1, verbose=0)


def test_a_generator_that_is_finished_or_forgotten_releases_its_model(points):
    net = model()
    list(net.itertrain(points, **QUIET, epochs=2))
    for _ in net.itertrain(points, **QUIET, epochs=2):
        break
    gc.collect()
    with pytest.raises(ZeroDivisionError):
        net.train(points, **QUIET, epochs=3, callbacks=lambda record: 1 / 0)
    with pytest.raises(symloss.TrainingError):
        net.train(points, **QUIET | {"learning_rate": 1e200}, epochs=3)
    for p in net.params:
        p.set_value(np.zeros_like(p.get_value()))
    net.train(points, **QUIET, epochs=1)


def test_a_second_training_in_a_thread_or_a_callback_is_refused(points):
    net, found, waits = model(), [], threading.Event()

    def train():
        try:
            net.train(points, **QUIET, epochs=1)
        except SymlossError as error:
            found.append(error)
        waits.set()

    def both(record):
        threading.Thread(target=train).start()
        assert waits.wait(60)
        train()

    net.train(points, **QUIET, epochs=1, callbacks=both)
    assert len(found) == 2


# --------------------------------------------------------------------------------------------- changes while it trains


@pytest.mark.parametrize("change", [
    lambda net: net.add_loss("mae"), lambda net: net.losses.append(symloss.Loss("mae")),
    lambda net: net.losses.clear(), lambda net: net.set_loss("mae"),
    lambda net: setattr(net, "stable", False),
], ids=["add_loss", "append", "clear", "set_loss", "stable"])
@pytest.mark.parametrize("moment", ["batch", "epoch"])
def test_losses_that_change_while_the_model_trains_are_refused(change, moment, points):
    net = model()
    spoiler = type("Spoiler", (), {moment: lambda self, record: change(net)})()
    with pytest.raises(SymlossError, match="while the model trains.*End the training first"):
        net.train(points, **QUIET, epochs=3, callbacks=spoiler)


def test_weights_and_parameters_may_change_while_the_model_trains(points):
    net = model()

    def move(record):
        net.losses[0].weight = 2
        net.params[0].set_value(net.params[0].get_value() * 0.9)

    assert len(net.train(points, **QUIET, epochs=3, callbacks=move)) == 3


# --------------------------------------------------------------------------------------------------- what people type


@pytest.mark.parametrize("form", [lambda a: a, lambda a: a.tolist()], ids=["array", "list"])
def test_targets_that_are_passed_second_say_where_they_go(form, points):
    x, y = points
    with pytest.raises(symloss.DataError, match=r"validation data.*net.train\(\[x, y\]\)"):
        model().train(form(x), form(y), **QUIET, epochs=1)


def test_wrong_data_beside_validation_data_that_are_a_function_say_what_is_wrong(points):
    x, y = points
    with pytest.raises(symloss.DataError, match="train: got 1 array"):
        model().train(x, lambda: [x, y], **QUIET, epochs=1)


def test_a_share_is_set_aside_for_validation_and_the_seed_says_which(points, orders):
    nets = [model() for _ in range(3)]
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        net.train(points, **QUIET, epochs=1, validation_split=0.25, seed=seed)
    losses = [net.history[-1]["valid_loss"] for net in nets]
    assert losses[0] == losses[1] != losses[2]
    assert max(map(max, orders)) == 29 and sum(map(len, orders)) == 3 * 30


def test_what_is_set_aside_is_not_trained_on(points):
    x, y = points
    net = model()
    net.train([x, y], **QUIET, epochs=2, learning_rate=0.0, batch_size=0, validation_split=0.5)
    whole = ((net.predict(x) - y) ** 2).mean()
    record = net.history[-1]
    np.testing.assert_allclose((record["loss"] + record["valid_loss"]) / 2, whole)
    assert record["loss"] != record["valid_loss"]


@pytest.mark.parametrize(("data", "options"), [("both", {"validation_split": 0.1}), ("one", {"validation_split": 1.0}),
                                               ("function", {"validation_split": 0.1}),
                                               ("one", {"validation_split": "x"})])
def test_a_split_that_cannot_be_is_refused(data, options, points):
    train, valid = {"both": (points, points), "one": (points, None), "function": (lambda: points, None)}[data]
    with pytest.raises(SymlossError, match="validation_split"):
        model().train(train, valid, **QUIET, **options)


def test_no_split_is_none(points):
    assert "valid_loss" not in model().train(points, **QUIET, epochs=1, validation_split=0.0)[-1]


# ----------------------------------------------------------------------------------------------------- full batches


def test_full_batch_methods_take_callbacks_and_write_checkpoints(points, tmp_path):
    moments = []
    net = model()
    noted = {m: lambda self, given, m=m: moments.append(m) for m in ("start", "epoch", "end")}
    listener = type("Listener", (), noted)()
    net.train(points, algo="lbfgs", epochs=3, verbose=0, callbacks=[Checkpoint(tmp_path / "c"), listener])
    assert moments[0] == "start" and moments[-1] == "end" and moments.count("epoch") == len(net.history)
    loaded = symloss.load(tmp_path / "c")
    assert np.array_equal(loaded.predict(points[0]), net.predict(points[0]))
    with pytest.raises(SymlossError, match="algo changed from 'lbfgs'"):
        loaded.train(points, **QUIET, epochs=9, resume=True)
    with pytest.raises(SymlossError, match="no learning rate"):
        net.train(points, algo="cg", epochs=3, verbose=0, callbacks=symloss.training.ReduceLearningRate())


@pytest.mark.parametrize("algo", ["lbfgs", "cg"])
def test_the_tolerance_is_that_of_the_gradient_and_nothing_ends_it_earlier(algo, labelled):
    net, steps = Classifier([4, 3], mode="PYTHON", seed=3), []
    spy = type("Spy", (), {"start": lambda self, training: steps.append(training.step)})()
    net.train(labelled, algo=algo, epochs=500, tolerance=1e-11, weight_l2=1e-2, verbose=0, callbacks=spy)
    assert len(net.history) < 500
    assert np.linalg.norm(steps[0].value_and_gradient(steps[0].get())[1]) <= 1e-11
