"""What `train(..., results=True)` returns, and why a training stopped."""

import copy
import itertools
import json
import pickle
import re
import signal

import numpy as np
import pytest

import symloss
from symloss import Classifier, Regressor, SpecError, SymlossError, UnknownNameError, schedules
from symloss.training import Checkpoint, EarlyStopping, Reason, ReduceLearningRate, Results, TimeLimit, results
from symloss.training.reasons import CODES


def named(value) -> str:
    """Return what a test is called after a value: the same in every process."""
    return re.sub(r" at 0x\w+", "", str(value))


QUIET = {"algo": "sgd", "verbose": 0, "patience": None, "learning_rate": 0.05}


def model(mode="PYTHON", **options):
    return Regressor([5, 3], mode=mode, **options)


def trained(points, valid=None, net=None, **options):
    """Return the results of a training."""
    return (model() if net is None else net).train(points, valid, **QUIET | {"epochs": 3, "results": True} | options)


def parameters(net):
    return [p.get_value() for p in net.params]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# --------------------------------------------------------------------------------------------------- losses by step


def by_hand(net, x, y, epochs, size, rate):
    """Return the loss of each step of gradient descent on the mean squared error of a linear model."""
    w, b = net.find("out", "w").get_value(), net.find("out", "b").get_value()
    found = []
    for epoch in range(1, epochs + 1):
        order = np.random.default_rng([net.seed, 1, epoch]).permutation(len(x))
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            error = x[rows] @ w + b - y[rows]
            found.append(np.mean(error**2))
            w, b = w - rate * 2 * x[rows].T @ error / error.size, b - rate * 2 * error.sum(axis=0) / error.size
    return found


def check_by_hand(mode, points):
    net = model(mode)
    wanted = by_hand(net, *points, epochs=3, size=16, rate=0.05)
    found = trained(points, net=net, batch_size=16)
    np.testing.assert_allclose(found.losses_by_step, wanted, rtol=1e-9)
    assert found.steps_by_epoch.tolist() == [3, 6, 9]
    sizes = np.array([16, 16, 8])
    np.testing.assert_allclose(found.losses_by_epoch, np.reshape(wanted, (3, 3)) @ sizes / 40, rtol=1e-9)


def test_losses_by_step_are_those_of_a_loop_by_hand(backend, points):
    check_by_hand(backend, points)


@pytest.mark.c
def test_losses_by_step_are_those_of_a_loop_by_hand_in_c(points):
    check_by_hand("C", points)


def test_the_loss_of_a_step_has_the_weights_of_that_step(points):
    net = model()
    net.add_loss("mae", weight=1.0)
    weights, numbers = [], itertools.count(2)

    class Moves:
        def batch(self, record):
            net.losses[1].weight = float(next(numbers))

    class Sees:
        def batch(self, record):
            weights.append(net.losses[1].weight)

    found = trained(points, net=net, batch_size=20, epochs=2, callbacks=[Moves(), Sees()])
    terms = found.measurements_by_step
    np.testing.assert_allclose(found.losses_by_step, terms["mse"] + terms["mae"] * [1.0, *weights[:-1]], rtol=1e-9)
    assert weights == [2.0, 3.0, 4.0, 5.0]


def test_a_weight_that_a_schedule_moves_is_that_of_the_step(points):
    net = model(loss={"form": "mse", "weight": schedules.linear(1.0, 5.0, 4)})
    found = trained(points, net=net, batch_size=20, epochs=2)
    np.testing.assert_allclose(found.losses_by_step / found.measurements_by_step["mse"], [1.0, 2.0, 3.0, 4.0])


def test_metrics_and_penalties_by_step(labelled):
    net = Classifier([4, 3], mode="PYTHON")
    found = trained(labelled, net=net, weight_l2=0.1, metrics=["acc", "confusion_matrix"], batch_size=20)
    steps = found.measurements_by_step
    np.testing.assert_allclose(found.losses_by_step, steps["xe"] + 0.1 * steps["weight_l2"], rtol=1e-9)
    np.testing.assert_allclose(steps["acc"].reshape(3, 3).mean(axis=1), found.measurements["acc"], rtol=1e-9)
    assert "confusion_matrix" not in steps and len(found.measurements["confusion_matrix"]) == 3


@pytest.mark.parametrize("wanted", [False, "epochs", True])
def test_steps_run_one_by_one_only_if_their_losses_are_wanted(wanted, points, many_steps, monkeypatch):
    counts, run = [], symloss.compiling.TrainingStep.run

    def counted(self, order, batch):
        counts.append(-(-len(order) // batch))
        return run(self, order, batch)

    monkeypatch.setattr(symloss.compiling.TrainingStep, "run", counted)
    net = model(many_steps)
    net.train(points, **QUIET, epochs=20, batch_size=4, results=wanted)
    assert (max(counts) == 1) == (wanted is True)


def test_a_training_with_results_is_the_same_to_the_last_bit(points, backend):
    plain, watched = model(backend), model(backend)
    history = plain.train(points, points, **QUIET, epochs=3, batch_size=8)
    found = trained(points, points, net=watched, batch_size=8)
    assert same(parameters(plain), parameters(watched))
    assert history["loss"] == found["loss"] and history["valid_loss"] == found["valid_loss"]


def test_without_losses_by_step_the_rest_is_there(points):
    found = trained(points, points, results="epochs")
    assert found.losses_by_step is None and found.measurements_by_step is None
    assert found.steps == 6 and len(found.example_losses) == 40 and found.steps_by_epoch.tolist() == [2, 4, 6]


# ---------------------------------------------------------------------------------------------- counts, rates, epochs


@pytest.mark.parametrize(("options", "size", "steps", "examples"), [
    ({"batch_size": 16}, 16, 9, 120),
    ({"batch_size": 0}, 40, 3, 120),
    ({"batch_size": 100}, 40, 3, 120),
    ({"batch_size": 8, "train_batches": 2}, 8, 6, 48),
    ({"batch_size": 8, "accumulate": 5}, 8, 15, 120),
    ({"validation_split": 0.25, "batch_size": 16}, 16, 6, 90),
    ({"algo": "lbfgs", "learning_rate": None}, 40, 3, 120),
], ids=named)
def test_steps_and_examples_are_counted(options, size, steps, examples, points):
    options = {k: v for k, v in (QUIET | options).items() if v is not None}
    found = model().train(points, **options, epochs=3, results=True)
    assert (found.batch_size, found.steps, found.examples) == (size, steps, examples)
    assert len(found.losses_by_step) == steps
    assert found.steps_per_second == pytest.approx(steps / found.step_seconds)
    assert found.examples_per_second == pytest.approx(examples / found.step_seconds)
    assert 0 < found.step_seconds <= found.seconds


def test_a_stream_has_no_size_and_no_examples_to_come_back_to(points):
    found = trained(lambda: points, train_batches=2)
    assert found.batch_size is None and found.training_examples is None and found.example_rows is None
    assert (found.steps, found.examples) == (6, 240) and len(found.losses_by_step) == 6
    with pytest.raises(symloss.DataError, match="in batches.*Pass arrays"):
        found.example_losses  # noqa: B018


@pytest.mark.parametrize(("options", "first", "last"), [
    ({}, 0.05, 0.05),
    ({"learning_rate": schedules.linear(0.1, 0.0, 10)}, 0.1, 0.05),
    ({"learning_rate": schedules.per_epoch(schedules.linear(0.1, 0.0, 4))}, 0.1, 0.05),
    ({"learning_rate": {"*.w": 0.01, "*": schedules.linear(0.1, 0.0, 10)}}, {"*.w": 0.01, "*": 0.1},
     {"*.w": 0.01, "*": 0.05}),
    ({"callbacks": ReduceLearningRate(factor=0.5, patience=1, monitor="loss", min_improvement=100.0)}, 0.05, 0.0125),
], ids=named)
def test_learning_rates_of_the_first_and_of_the_last_step(options, first, last, points):
    found = trained(points, batch_size=20, **options)
    assert found.initial_learning_rate == pytest.approx(first)
    assert found.learning_rate == pytest.approx(last)


def test_a_rule_of_ones_own_may_have_numbers_of_similar_names(points):
    def rule(gradients, *, learning_rate=0.1, learning_rate_floor=0.01):
        return {p: p - (learning_rate + learning_rate_floor) * g for p, g in gradients.items()}

    assert trained(points, algo=rule, learning_rate=0.2).learning_rate == pytest.approx(0.2)


def test_a_method_without_a_learning_rate_has_none(points):
    found = model().train(points, algo="lbfgs", verbose=0, epochs=2, results=True)
    assert found.learning_rate is None and found.initial_learning_rate is None
    assert found.losses_by_step.tolist() == found.losses_by_epoch.tolist()


def test_validations_and_the_best_epoch(points):
    x, y = points
    found = trained(points, (x[:10], y[:10]), epochs=5, validate_every=2, metrics="mae")
    assert np.isnan(found.validation_losses).tolist() == [True, False, True, False, False]
    assert found.validation_losses[1] == found.history[1]["valid_loss"]
    assert found.best_epoch == 5 and found.validation_examples == 10 and found.training_examples == 40
    assert list(found.validation_measurements) == list(found.measurements) == ["mse", "mae"]
    assert found.measurements["mae"].tolist() == found.history["mae"]
    without = trained(points)
    assert without.validation_losses is None and without.validation_measurements == {}


def test_the_trained_and_the_last_network(points):
    seen, net = [], model()
    found = trained(points, points, net=net, learning_rate=3.0, epochs=4, batch_size=0,
                    callbacks=lambda record: seen.append(parameters(net)))
    assert found.net is net and found.best_epoch == 1
    assert same(parameters(net), seen[0]) and same(parameters(found.last_net), seen[3])
    assert same(parameters(net), seen[0])  # making a copy of the last moved nothing
    assert found.last_net.predict(points[0]).shape == (40, 3)


def test_the_last_network_has_no_averages(points):
    net = model()
    found = trained(points, net=net, average=0.9, batch_size=0)
    plain = model()
    plain.train(points, **QUIET, epochs=3, batch_size=0)
    assert same(parameters(found.last_net), parameters(plain)) and not same(parameters(net), parameters(plain))


# ------------------------------------------------------------------------------------------------- losses by example


def test_example_losses_are_those_of_the_trained_network(points):
    x, y = points
    found = trained(points, points, learning_rate=3.0, batch_size=0)
    wanted = symloss.evaluate.value("mse", found.net.predict(x), y).mean(axis=1)
    found.net.train(points, **QUIET, epochs=1)  # moves the network, and not what the training left
    np.testing.assert_allclose(found.example_losses, wanted, rtol=1e-9)
    assert found.example_losses is found.example_losses


def test_example_losses_leave_the_network_as_it_is(points):
    net = model()
    found = trained(points, points, net=net, learning_rate=3.0, batch_size=0)
    net.params[0].set_value(0 * net.params[0].get_value())
    before = parameters(net)
    assert found.example_losses.shape == (40,) and same(before, parameters(net))


def test_example_losses_of_several_losses_without_noise_and_penalties(points):
    x, y = points
    net = Regressor([5, 4, 3], loss={"form": "mse", "weight": 2.0}, mode="PYTHON")
    net.add_loss("mae", weight=0.5)
    found = trained(points, net=net, weight_l2=1.0, hidden_dropout=0.5)
    net.losses[0].weight = 7.0
    value = symloss.evaluate.value
    wanted = 2.0 * value("mse", net.predict(x), y).mean(axis=1) + 0.5 * value("mae", net.predict(x), y).mean(axis=1)
    np.testing.assert_allclose(found.example_losses, wanted, rtol=1e-9)


def test_of_weights_those_within_an_item_act_and_those_of_an_item_cancel(points, rng):
    x, y = points
    w = rng.uniform(0.5, 2.0, size=y.shape) * rng.uniform(0.1, 10.0, size=(40, 1))
    w[7] = 0
    found = trained((x, y, w), net=model(weighted=True))
    values = symloss.evaluate.value("mse", found.net.predict(x), y)
    others = np.arange(40) != 7
    np.testing.assert_allclose(found.example_losses[others], np.average(values[others], weights=w[others], axis=1))
    assert np.isnan(found.example_losses[7])


def test_an_ignored_label_is_no_loss_of_zero(labelled):
    x, y = labelled
    y = np.where(np.arange(60) < 3, -1, y)
    net = Classifier([4, 3], loss={"form": "xe", "ignore_index": -1}, mode="PYTHON")
    losses = trained((x, y), net=net).example_losses
    probabilities = net.predict_proba(x)
    assert np.isnan(losses[:3]).all()
    np.testing.assert_allclose(losses[3:], -np.log(probabilities[np.arange(3, 60), y[3:]]), rtol=1e-9)


def test_example_losses_of_an_autoencoder_and_of_ragged_sequences(points, rng):
    x = points[0]
    net = symloss.Autoencoder([5, 3, 5], mode="PYTHON")
    losses = trained(x, net=net).example_losses
    np.testing.assert_allclose(losses, ((net.predict(x) - x) ** 2).mean(axis=1), rtol=1e-9)
    sequences = [rng.normal(size=(n, 2)) for n in (3, 5, 1)]
    targets = [s[:, :1] for s in sequences]
    net = symloss.recurrent.Regressor([2, (3, "rnn"), 1], mode="PYTHON")
    losses = trained((sequences, targets), net=net, epochs=1).example_losses
    alone = [((net.predict(s[None])[0] - t) ** 2).mean() for s, t in zip(sequences, targets, strict=True)]
    np.testing.assert_allclose(losses, alone, rtol=1e-7)


def test_items_that_were_set_aside_have_no_example_losses(points):
    x, y = points
    found = trained(points, validation_split=0.25)
    rows = found.example_rows
    assert len(rows) == 30 == len(found.example_losses)
    wanted = symloss.evaluate.value("mse", found.net.predict(x[rows]), y[rows]).mean(axis=1)
    np.testing.assert_allclose(found.example_losses, wanted, rtol=1e-9)


# ------------------------------------------------------------------------------------------------- why it stopped


def interrupts(record):
    if record["epoch"] == 2:
        signal.raise_signal(signal.SIGINT)


def enough(record):
    return record["epoch"] == 2


@pytest.mark.parametrize(("options", "code", "words"), [
    ({}, "epochs", "all 3 epochs are done"),
    ({"patience": 1, "min_improvement": 9.0}, "patience", "loss has not improved in 1 epoch; the best was"),
    ({"callbacks": EarlyStopping("loss", 1, min_improvement=9.0)}, "patience", "loss has not improved in 1 epoch"),
    ({"stop": {"monitor": "loss", "patience": 1, "min_improvement": 9.0}}, "patience", "loss has not improved"),
    ({"stop": enough}, "criterion", "stop: enough returned True"),
    ({"stop": lambda record: "good enough"}, "criterion", "good enough"),
    ({"callbacks": enough}, "callback", "callback enough"),
    ({"callbacks": lambda record: "good enough"}, "callback", "good enough"),
    ({"callbacks": TimeLimit(0)}, "time", "0 seconds have passed"),
    ({"callbacks": interrupts}, "interrupted", "interrupted"),
    ({"algo": "lbfgs", "epochs": 2}, "epochs", "2 iterations are done"),
    ({"algo": "lbfgs", "epochs": 200}, "converged", "CONVERGENCE"),
], ids=named)
def test_why_it_stopped_has_a_code_and_a_sentence(options, code, words, points):
    asked = {k: v for k, v in (QUIET | options).items() if k != "learning_rate" or "algo" not in options}
    found = model().train(points, **{"epochs": 3} | asked, results=True)
    assert found.stopped == code and code in CODES
    assert words in found.stopped_because and type(found.stopped_because) is str
    assert code in repr(found)
    if code not in ("epochs", "converged"):
        assert len(found) < 3 and found[-1]["stopped"].code == code


def test_an_iterator_without_more_batches_is_a_reason(points):
    with pytest.warns(symloss.SymlossWarning, match="no more batches"):
        found = trained(iter([points] * 3), train_batches=2, epochs=9)
    assert found.stopped == "data" and found.steps == 3


def test_a_reason_is_text_wherever_records_go():
    reason = Reason("valid_loss has not improved", "patience")
    assert json.loads(json.dumps({"stopped": reason})) == {"stopped": "valid_loss has not improved"}
    for twin in (pickle.loads(pickle.dumps(reason)), copy.deepcopy(reason)):
        assert twin == reason and twin.code == "patience"


class RefusedError(Exception):
    """What a callback raises."""


def fails(record):
    if record["epoch"] == 2:
        raise RefusedError("no more")


def test_what_an_exception_ends_is_in_the_network(points):
    net = model()
    with pytest.raises(RefusedError):
        trained(points, net=net, callbacks=fails)
    assert net.results.stopped == "error" and net.results.stopped_because == "RefusedError: no more"
    assert len(net.results.losses_by_step) == net.results.steps == 4 and len(net.results.example_losses) == 40


def test_losses_by_step_show_how_a_training_ran_away(points):
    net = model()
    with np.errstate(all="ignore"), pytest.raises(symloss.TrainingError):
        trained(points, net=net, learning_rate=1e3, epochs=500)
    losses = net.results.losses_by_step
    assert net.results.stopped == "error" and losses[10] > 1e6 * losses[0]
    assert not np.isfinite(losses[-1]) or losses[-1] > 1e100
    assert all(np.isfinite(p).all() for p in parameters(net.results.last_net))


def test_itertrain_has_results_that_grow(points):
    net = model()
    records = net.itertrain(points, points, **QUIET, epochs=9, results=True)
    next(records)
    growing = net.results
    assert growing.stopped is None and len(growing) == 1 and growing.steps == len(growing.losses_by_step) == 2
    assert "it is still running" in repr(growing)
    for name in ("example_losses", "last_net"):
        with pytest.raises(SpecError, match=f"{name}: the training is still running"):
            getattr(growing, name)
    next(records)
    records.close()
    assert growing.stopped == "closed" and len(growing) == 2 and len(growing.example_losses) == 40


def test_the_time_between_records_is_not_the_trainings(points, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(results.time, "perf_counter", lambda: now[0])
    net = model()
    for _ in net.itertrain(points, **QUIET, epochs=3, results=True):
        now[0] += 1000.0
    assert net.results.seconds < 1000


# ------------------------------------------------------------------------------------------- resuming, and other ways


def test_a_resumed_training_has_results_of_its_own_part(points):
    whole, halves = model(), model()
    wanted = trained(points, points, net=whole, epochs=4, learning_rate=0.5, batch_size=8)
    trained(points, points, net=halves, epochs=2, learning_rate=0.5, batch_size=8)
    found = trained(points, points, net=halves, epochs=4, learning_rate=0.5, batch_size=8, resume=True)
    assert (found.steps, found.examples, len(found)) == (10, 80, 2)
    np.testing.assert_array_equal(found.losses_by_step, wanted.losses_by_step[10:])
    assert found.best_epoch == wanted.best_epoch


def test_the_best_epoch_may_lie_before_a_training_was_resumed(points):
    net = model()
    trained(points, points, net=net, epochs=2, learning_rate=3.0, batch_size=0)
    found = trained(points, points, net=net, epochs=4, learning_rate=3.0, batch_size=0, resume=True)
    assert found.history[0]["epoch"] == 3 and found.best_epoch == 1 and not any(found["best"])


def test_in_the_middle_of_an_epoch_steps_are_counted_once(points):
    class Ends:
        def batch(self, record):
            return record["batch"] == 3

    net = model()
    first = trained(points, net=net, epochs=1, batch_size=8, callbacks=Ends())
    second = trained(points, net=net, epochs=1, batch_size=8, resume=True)
    assert first[-1]["partial"] and first.steps == 3 and second.steps == 2
    together = np.r_[first.losses_by_step, second.losses_by_step]
    np.testing.assert_allclose(together, by_hand(model(), *points, epochs=1, size=8, rate=0.05), rtol=1e-9)


def test_layer_by_layer_results_are_those_of_the_whole_model(points):
    net = Regressor([5, 4, 4, 3], mode="PYTHON")
    found = net.train(points, **QUIET | {"algo": "layerwise", "subalgo": "sgd"}, epochs=2, results=True)
    assert isinstance(found, Results) and len(found) == 2 and not any("stage" in record for record in found)
    assert len(net.history) == 4 and found.net is net


@pytest.mark.parametrize("algo", ["pretrain", "sample"])
def test_what_does_not_train_the_model_has_no_results(algo, points):
    net = Regressor([5, 4, 3], mode="PYTHON")
    with pytest.raises(SpecError, match="results"):
        net.train(points, algo=algo, verbose=0, results=True)


@pytest.mark.parametrize(("options", "words"), [
    ({"results": "steps"}, "results='steps' is not valid; it must be True, False or 'epochs'"),
    ({"results": 1}, "results=1"),
    ({"result": True}, "did you mean 'results'"),
    ({"return_results": True}, "write results=True"),
])
def test_what_is_no_option_of_results_is_refused(options, words, points):
    with pytest.raises(SymlossError, match=words):
        model().train(points, **QUIET, **options)


def test_copies_and_files_of_a_network_have_no_results(points, tmp_path):
    net = model()
    trained(points, net=net)
    net.save(tmp_path / "net")
    assert copy.deepcopy(net).results is None and symloss.load(tmp_path / "net").results is None
    assert model().train(points, **QUIET, epochs=1) == [net.history[0] | {"seconds": pytest.approx(0, abs=9)}]


def test_results_are_shown_in_short_and_are_like_their_history(points):
    found = trained(points, points)
    text = repr(found)
    assert "Results: 3 epochs, 6 steps, 120 examples" in text and "best epoch: 3, by valid_loss" in text
    assert text.count("\n") < 9 and "all 3 epochs are done (epochs)" in found._repr_html_()
    assert len(found) == 3 and list(found) == list(found.history) and found[-1] is found.history[-1]
    assert found["loss"] == found.history["loss"]
    with pytest.raises(UnknownNameError):
        found["los"]


def test_files_that_were_written_are_listed(points, tmp_path):
    found = trained(points, callbacks=Checkpoint(tmp_path / "{epoch}", epochs=2))
    assert found.checkpoints == [str(tmp_path / "2")] and found.algo == "sgd" and found.options["algo"] == "sgd"


def test_plots_show_steps_epochs_and_validations(points, tmp_path):
    axes = pytest.importorskip("matplotlib.figure").Figure().subplots()
    found = trained(points, points, validate_every=2)
    found.plot_losses(ax=axes)
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert set(lines) == {"step", "epoch", "validation", "best epoch"}
    np.testing.assert_allclose(lines["step"].get_xdata(), [0.5, 1, 1.5, 2, 2.5, 3])
    np.testing.assert_array_equal(lines["step"].get_ydata(), found.losses_by_step)
    np.testing.assert_array_equal(lines["epoch"].get_ydata(), found.losses_by_epoch)
    assert lines["validation"].get_xdata().tolist() == [2, 3]
    for draw, name in ((found.plot, "all.png"), (found.plot_losses, "losses.png")):
        draw(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000


# ------------------------------------------------------------------------------------------------ criteria of stopping

LOSSES = [3.0, 1.0, 2.0, 2.5, 2.6, 2.7, 2.8, 2.9, 2.9, 2.9]
ACCURACIES = [0.5, 0.4, 0.9, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]


@pytest.fixture
def scripted(monkeypatch):
    """Validations give these losses and accuracies in turn."""
    figures = iter(zip(LOSSES, ACCURACIES, strict=True))

    def run(self, batches):
        loss, accuracy = next(figures)
        return [(loss, 1.0), (accuracy, 1.0)]

    monkeypatch.setattr(symloss.compiling.Evaluation, "run", run)


def validated(labelled, net=None, **options):
    net = Classifier([4, 3], mode="PYTHON") if net is None else net
    return net.train(labelled, labelled, **{"algo": "sgd", "epochs": 10, "verbose": 0} | options)


@pytest.mark.parametrize(("stop", "epochs"), [
    ({"metric": "acc", "patience": 1}, 2),
    ({"metric": "valid_acc", "patience": 1}, 2),
    ({"metric": "acc", "patience": 2}, 5),
    ({"metric": "acc", "patience": 1, "initial_patience": 2}, 4),
    ({"metric": "acc", "patience": 1, "initial_patience": 7}, 8),
    ({"metric": "acc", "patience": 2, "min_absolute_improvement": 0.45}, 3),
    ({"metric": "acc", "patience": 2, "min_absolute_improvement": 0.35}, 5),
    ({"metric": "acc", "patience": 2, "min_improvement": 0.85}, 3),
    ({"metric": "acc", "patience": 2, "min_improvement": 0.75}, 5),
    ({"metric": "acc", "patience": 2, "mode": "min"}, 4),
    ("acc", 8),
    ("loss", 7),
    ({"patience": 3}, 5),
    ({"monitor": "valid_loss", "patience": 9}, 10),
    (lambda record: record["valid_acc"] > 0.85, 3),
    ([{"metric": "acc", "patience": 9}, lambda record: record["valid_loss"] == 2.5], 4),
    (EarlyStopping(metric="acc", patience=1), 2),
], ids=named)
def test_a_criterion_of_any_metric_ends_a_training(stop, epochs, labelled, scripted):
    history = validated(labelled, stop=stop)
    assert len(history) == epochs
    assert ("stopped" in history[-1]) == (epochs < 10)


@pytest.mark.parametrize(("options", "epochs"), [
    ({}, 7),
    ({"callbacks": EarlyStopping(patience=7)}, 9),  # and not the default of the option patience
    ({"callbacks": EarlyStopping(patience=7), "patience": 3}, 5),
    ({"stop": {"metric": "acc", "patience": 7}, "patience": 1}, 2),
    ({"stop": {"metric": "acc", "patience": 7}, "patience": 1, "best": "valid_loss"}, 3),
], ids=named)
def test_a_criterion_takes_the_place_of_the_default_patience(options, epochs, labelled, scripted):
    assert len(validated(labelled, **options)) == epochs


def test_a_criterion_decides_which_parameters_are_kept(labelled, scripted):
    history = validated(labelled, stop={"metric": "acc", "patience": 4})
    assert [record["epoch"] for record in history if record["best"]] == [1, 3]


def test_without_validation_data_a_criterion_warns_and_follows_the_training_data(labelled):
    net = Classifier([4, 3], mode="PYTHON")
    with pytest.warns(symloss.SymlossWarning, match="no validation data.*'acc' of the training data"):
        history = net.train(labelled, algo="sgd", verbose=0, epochs=9,
                            stop={"metric": "acc", "patience": 2, "min_absolute_improvement": 1.0})
    assert len(history) == 3 and "acc has not improved in 2 epochs" in history[-1]["stopped"]


def test_the_value_that_is_named_itself_needs_no_validation_data(points, recwarn):
    assert len(trained(points, stop={"monitor": "loss", "patience": 1, "min_improvement": 9.0})) == 2
    assert not recwarn.list


@pytest.mark.parametrize(("stop", "words"), [
    ({"metric": "acc", "patiense": 3}, "unknown key of stop 'patiense'; did you mean 'patience'"),
    ({"criterion": "acc"}, "'criterion'; write metric"),
    ({"absolute_change": 0.1}, "write min_absolute_improvement"),
    ({"relative_change": 0.1}, "write min_improvement"),
    ({"metric": "ac"}, "unknown metric of EarlyStopping: 'ac'; did you mean 'acc'.*pass metrics="),
    ({"metric": "auc"}, "'auc'.*pass metrics="),
    ({"metric": "acc", "monitor": "valid_acc"}, "Pass only one of them"),
    ({"metric": 3}, "metric=3"),
    ({"patience": -1}, "patience=-1"),
    ({"initial_patience": 1.5}, "initial_patience=1.5"),
    ({"min_absolute_improvement": "x"}, "min_absolute_improvement='x'"),
    ({"mode": "up"}, "mode='up'"),
    (3, "stop=3"),
    ("", "stop=''"),
    (EarlyStopping, "stop="),
    ([{"metric": "acc"}, 7], "stop=7"),
], ids=named)
def test_a_criterion_that_cannot_be_is_refused_before_the_first_step(stop, words, labelled, orders):
    with pytest.raises(SymlossError, match=words):
        validated(labelled, stop=stop)
    assert not orders


def test_of_a_metric_of_ones_own_a_criterion_wants_to_know_what_is_good(labelled, orders):
    def mine(prediction, target):
        return prediction[:, 0]

    with pytest.raises(SpecError, match="'valid_mine'.*Pass mode='max'"):
        validated(labelled, stop="mine", metrics=mine)
    assert not orders
    assert len(validated(labelled, stop={"metric": "mine", "mode": "max", "patience": 1, "min_improvement": 9.0},
                         metrics=mine)) == 2


def test_a_criterion_goes_on_where_a_training_was_resumed(labelled, scripted):
    net = Classifier([4, 3], mode="PYTHON")
    stop = {"metric": "acc", "patience": 3, "initial_patience": 4}
    validated(labelled, net, stop=stop, epochs=4)
    again = validated(labelled, net, resume=True)  # as before
    assert [record["epoch"] for record in again] == [5, 6] and "valid_acc" in again[-1]["stopped"]


def test_a_criterion_survives_a_file(labelled, scripted, tmp_path):
    net = Classifier([4, 3], mode="PYTHON")
    validated(labelled, net, stop={"metric": "acc", "patience": 3}, epochs=4,
              callbacks=Checkpoint(tmp_path / "net", epochs=1))
    again = validated(labelled, symloss.load(tmp_path / "net"), resume=True)
    assert [record["epoch"] for record in again] == [5, 6]


def test_a_function_that_stops_is_passed_again_when_a_training_is_resumed(labelled):
    net = Classifier([4, 3], mode="PYTHON")
    validated(labelled, net, stop=lambda record: False, epochs=1)
    with pytest.raises(symloss.DataError, match="pass stop again"):
        validated(labelled, net, resume=True, epochs=3)
    assert len(validated(labelled, net, stop=lambda record: True, resume=True, epochs=3)) == 1
