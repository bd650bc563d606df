"""Metrics of models: in training, validation, full batches and scores; what is asked for, and what records show."""

import csv
import io
import json

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Autoencoder, Classifier, Regressor
from symloss.objective import measures
from symloss.training import CSVHistory, EarlyStopping, JSONHistory

STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}
N = 47


@pytest.fixture
def heaps(rng):
    """Inputs, labels of three classes, and weights some of which are 0."""
    y = rng.integers(0, 3, N)
    return rng.normal(size=(N, 4)) + np.eye(3, 4)[y], y, rng.integers(0, 3, N).astype(float)


def confusion(y, p, w=None, k=3):
    table = np.zeros((k, k))
    np.add.at(table, (y, p), 1 if w is None else w)
    return table


def area(y, scores, w):
    """The share of pairs in order, ties as half, counted pair by pair."""
    order = np.sign(scores[:, None] - scores[None, :]) / 2 + 0.5
    pairs = np.outer(w * (y == 1), w * (y == 0))
    return (order * pairs).sum() / pairs.sum()


def r_squared(y, p, w=None):
    return 1 - np.average((y - p) ** 2, axis=0, weights=w) / np.average(
        (y - np.average(y, axis=0, weights=w)) ** 2, axis=0, weights=w)


def same(found, expected):
    np.testing.assert_allclose(np.array(found), np.array(expected), rtol=1e-9, atol=1e-12)


# ----------------------------------------------------------------------------------------- figures of a whole data set


@pytest.mark.parametrize("size", [5, 46, 0])
def test_figures_of_a_classifier_are_those_of_its_predictions(heaps, size):
    x, y, w = heaps
    net = Classifier([4, 3], weighted=True)
    asked = ["confusion_matrix", "precision", {"form": "f_beta", "beta": 2, "average": None, "name": "f2"}, "auc",
             "perplexity", "brier", lambda p, t: pt.eq(pt.argmax(p, axis=1), 1)]
    record = net.train([x, y, w], [x, y, w], metrics=asked, batch_size=size, **STILL)[0]
    probability, predicted = net.predict_proba(x), net.predict(x)
    table = confusion(y, predicted, w)
    hits, said, there = np.diag(table), table.sum(0), table.sum(1)
    expected = {
        "acc": hits.sum() / w.sum(), "confusion_matrix": table, "precision": (hits / said).mean(),
        "f2": 5 * hits / (said + 4 * there),
        "auc": np.mean([area(y == k, probability[:, k], w) for k in range(3)]),
        "perplexity": np.exp(record["xe"]),
        "brier": np.average(((probability - np.eye(3)[y]) ** 2).sum(1), weights=w),
        "<lambda>": np.average(predicted == 1, weights=w),
    }
    assert [k for k in record if k in expected and k != "auc"] == [k for k in expected if k != "auc"]
    for name, value in expected.items():
        same(record[name], value)
        same(record[f"valid_{name}"], value)
    assert record["loss"] == record["xe"] and set(record["weighted"]) == {"xe"}


@pytest.mark.parametrize("size", [7, 0])
def test_figures_of_a_regressor_are_those_of_its_predictions(rng, size):
    x, w = rng.normal(size=(N, 5)), rng.integers(0, 3, (N, 3)).astype(float)
    y = 1000 + x[:, :3] + rng.normal(size=(N, 3))
    y[w == 0] = np.nan
    net = Regressor([5, 3], weighted=True)
    net.find("out", "b").set_value(np.full(3, 1000.0))
    asked = ["r2", "rmse", "mae", {"form": "r2", "average": None, "name": "each"}]
    record = net.train([x, y, w], metrics=asked, batch_size=size, **STILL)[0]
    p = net.predict(x)
    each = [r_squared(y[w[:, j] > 0, j], p[w[:, j] > 0, j], w[w[:, j] > 0, j]) for j in range(3)]
    same(record["each"], each)
    same(record["r2"], np.mean(each))
    kept = w > 0
    same(record["rmse"], np.sqrt(np.average((y - p)[kept] ** 2, weights=w[kept])))
    same(record["mae"], np.average(abs(y - p)[kept], weights=w[kept]))
    same(record["rmse"] ** 2, record["mse"])


def test_an_autoencoder_is_measured_against_its_input(rng):
    x = rng.normal(size=(N, 5))
    net = Autoencoder([5, 3, "tied"])
    record = net.train(x, x, metrics=["r2", "mae"], batch_size=6, **STILL)[0]
    p = net.predict(x)
    same(record["r2"], r_squared(x, p).mean())
    same(record["valid_mae"], abs(x - p).mean())
    same(net.score(x, metric="mae"), abs(x - p).mean())
    same(net.score(x, np.ones(N), metric="r2"), net.score(x))


def test_one_sigmoid_is_binary(rng):
    x = rng.normal(size=(N, 4))
    y = (x[:, 0] + rng.normal(size=N) > 0).astype(float)
    net = Regressor([4, (1, "sigmoid")], loss="bce")
    record = net.train([x, y], [x, y], metrics=["acc", "auc", "recall", "ap"], batch_size=10, **STILL)[0]
    p = net.predict(x)
    same(record["acc"], ((p > 0.5) == y).mean())
    same(record["recall"], (p > 0.5)[y == 1].mean())
    same(record["auc"], area(y, p, np.ones(N)))
    same(record["valid_auc"], record["auc"])
    order = np.argsort(-p)
    same(record["ap"], (np.cumsum(y[order]) / np.arange(1, N + 1))[y[order] == 1].mean())


def test_several_sigmoids_are_yes_and_no_each(rng):
    x = rng.normal(size=(N, 4))
    y = (x[:, :3] + rng.normal(size=(N, 3)) > 0).astype(float)
    net = Regressor([4, (3, "sigmoid")], loss="bce")
    record = net.train([x, y], metrics=["acc", "auc", "confusion_matrix"], batch_size=10, **STILL)[0]
    p = net.predict(x)
    same(record["acc"], ((p > 0.5) == y).mean())
    same(record["auc"], np.mean([area(y[:, j], p[:, j], np.ones(N)) for j in range(3)]))
    same(record["confusion_matrix"], [confusion(y[:, j].astype(int), (p[:, j] > 0.5).astype(int), k=2)
                                      for j in range(3)])


def test_targets_of_minus_one_and_one_are_decided_at_zero(rng):
    x = rng.normal(size=(N, 4))
    y = np.sign(x[:, :2] + rng.normal(size=(N, 2)))
    net = Regressor([4, 2], loss="binary_hinge")
    record = net.train([x, y], metrics=["acc", "auc"], **STILL)[0]
    p = net.predict(x)
    same(record["acc"], (np.sign(p) == y).mean())
    same(record["auc"], np.mean([area(y[:, j] > 0, p[:, j], np.ones(N)) for j in range(2)]))


def test_sequences_with_ignored_labels(rng):
    class Tagger(Classifier):
        input_ndim = 3

    x, y = rng.normal(size=(9, 5, 4)), rng.integers(0, 3, (9, 5))
    y[:, 3:] = -1
    net = Tagger([4, 3], loss={"form": "xe", "ignore_index": -1})
    record = net.train([x, y], [x, y], metrics=["confusion", "auc", "perplexity", "label_cross_entropy"], batch_size=2,
                       **STILL)[0]
    kept, p = y >= 0, net.predict(x)
    same(record["acc"], (p == y)[kept].mean())
    same(record["confusion"], confusion(y[kept], p[kept]))
    same(record["perplexity"], np.exp(record["xe"]))
    same(record["label_cross_entropy"], record["xe"])
    scores = net.predict_proba(x)[kept]
    same(record["valid_auc"], np.mean([area(y[kept] == k, scores[:, k], np.ones(kept.sum())) for k in range(3)]))


def test_weights_of_classes_and_of_losses_do_not_count(heaps):
    x, y, _ = heaps
    net = Classifier([4, 3], loss=None)
    net.add_loss("xe", weight=5)
    asked = ["xe", "precision", "auc"]
    record = net.train([x, y], metrics=asked, class_weight={0: 9.0, 1: 0.0}, **STILL)[0]
    plain = Classifier([4, 3]).train([x, y], metrics=asked, **STILL)[0]
    for name in ("acc", "precision", "auc"):
        same(record[name], plain[name])
    assert "xe#2" not in plain
    same(record["xe#2"], plain["xe"])
    assert record["xe"] != record["xe#2"]


def test_several_outputs(rng):
    x = rng.normal(size=(N, 4))
    y, z = rng.normal(size=(N, 2)), rng.normal(size=(N, 3))
    net = Regressor([4, {"size": 3, "name": "hid2", "activation": "linear"}, 2])
    net.add_loss("mse", output_name="hid2")
    asked = ["r2", {"form": "r2", "output_name": "hid2"}, {"form": "mae", "output_name": "hid2", "name": "off"}]
    record = net.train([x, y, z], metrics=asked, batch_size=9, **STILL)[0]
    found = net.feed_forward(x)
    same(record["r2"], r_squared(y, found["out:out"]).mean())
    same(record["r2(hid2)"], r_squared(z, found["hid2:out"]).mean())
    same(record["off"], abs(z - found["hid2:out"]).mean())


# ------------------------------------------------------------------------------------------------- what may be asked


def test_accuracy_stays_and_nothing_is_shown_twice(heaps):
    x, y, _ = heaps
    for asked in ("acc", ["acc"], ["accuracy", "ACC"], []):
        record = Classifier([4, 3]).train([x, y], metrics=asked, **STILL)[0]
        assert [k for k in record if "acc" in k.lower()] == ["acc"]
    record = Regressor([4, 3], loss="mae").train([x, np.eye(3)[y]], metrics=["mae", "l2"], **STILL)[0]
    assert "mae#2" not in record and "l2" in record


@pytest.mark.parametrize(("asked", "error", "says"), [
    ("precisoin", symloss.UnknownNameError, "precision"), ("hubber", symloss.UnknownNameError, "huber"),
    ({"form": "f1", "betta": 2}, symloss.UnknownNameError, "beta"), ({"beta": 2}, symloss.SpecError, "'form'"),
    ({"form": "huber", "delda": 2}, symloss.UnknownNameError, "delta"), (5, symloss.SpecError, "a name"),
    ({"form": "acc", "output_name": "hid9"}, symloss.UnknownNameError, "hid9"),
    ({"form": "acc", "output_name": "hid1"}, symloss.SpecError, "hid1:out has no loss"),
    ({"form": "auc", "name": "epoch"}, symloss.SpecError, "another meaning"),
    ({"form": "auc", "name": "valid_auc"}, symloss.SpecError, "another meaning"),
    (["precision", {"form": "precision", "average": "micro"}], symloss.SpecError, "'name'"),
    ({"form": "precision", "average": "binary"}, symloss.SpecError, "3 classes"),
    ("r_squared(", symloss.UnknownNameError, "r_squared"),
])
def test_mistakes_are_said_before_anything_is_compiled(heaps, compilations, asked, error, says):
    x, y, _ = heaps
    with pytest.raises(error, match=says):
        Classifier([4, 5, 3]).itertrain([x, y], metrics=asked)
    assert not compilations


def test_other_metrics_are_another_function_and_the_same_ones_are_not(heaps, compilations):
    x, y, _ = heaps
    net = Classifier([4, 3])
    net.train([x, y], metrics=["precision"], **STILL)
    before = len(compilations)
    net.train([x, y], metrics=["precision"], **STILL)
    assert len(compilations) == before
    net.train([x, y], metrics=[{"form": "precision", "average": "micro"}], **STILL)
    net.train([x, y], **STILL)
    assert len(compilations) == before + 2
    net.train([x, y], metrics=["precision"], **STILL)
    assert len(compilations) == before + 2


def test_metrics_cost_no_function_of_their_own_where_they_are_sums(heaps, compilations):
    x, y, _ = heaps
    Classifier([4, 3]).train([x, y], [x, y], metrics=["precision", "confusion", "perplexity", "r2"], **STILL)
    assert len(compilations) == 2  # the step and the evaluation


# -------------------------------------------------------------------------------------------- all scores at once


def test_what_is_no_sum_is_said_once_and_explained(heaps):
    x, y, _ = heaps
    net, said = Classifier([4, 3]), io.StringIO()
    net.train([x, y], [x, y], metrics=["auc", "precision"], **STILL | {"verbose": said, "epochs": 2})
    lines = [line for line in said.getvalue().splitlines() if "not a sum" in line]
    assert len(lines) == 1 and lines[0].startswith("auc is not a sum over batches: an extra pass")
    text = str(net.explain())
    assert "shows auc: of all scores at once" in text and "shows acc: a mean" in text
    assert "shows acc" in str(Classifier([4, 3]).explain()) and "shows" not in str(Regressor([4, 3]).explain())


def test_scores_are_collected_without_noise(heaps):
    x, y, _ = heaps
    net = Classifier([4, 6, 3])
    record = net.train([x, y], metrics=["auc", "perplexity"], input_noise=2.0, **STILL)[0]
    plain = net.train([x, y], metrics=["auc", "perplexity"], **STILL)[-1]
    same(record["auc"], plain["auc"])
    assert record["perplexity"] != plain["perplexity"]


def test_streams_are_collected_where_they_validate_and_read_once(heaps):
    x, y, _ = heaps
    calls = []

    def batch():
        calls.append(1)
        return x[:20], y[:20]

    record = Classifier([4, 3]).train(batch, batch, metrics=["auc"], train_batches=2, valid_batches=3, **STILL)[0]
    assert "valid_auc" in record and "auc" not in record and len(calls) == 5
    same(record["valid_auc"], Classifier([4, 3]).train([x[:20], y[:20]], metrics=["auc"], **STILL)[0]["auc"])
    with pytest.raises(symloss.SpecError, match="auc needs all scores"):
        Classifier([4, 3]).train(batch, metrics=["auc"], train_batches=2, **STILL)


def test_epochs_that_are_not_validated_take_no_extra_pass(heaps):
    x, y, _ = heaps
    net = Classifier([4, 3])
    net.train([x, y], [x, y], metrics=["auc"], **STILL | {"epochs": 5}, validate_every=2, patience=None)
    assert [("auc" in r, "valid_auc" in r) for r in net.history] == [(False, False), (True, True)] * 2 + [(True, True)]


def test_averaged_parameters_are_what_is_measured(heaps):
    x, y, _ = heaps
    net = Classifier([4, 3])
    record = net.train([x, y], metrics=["auc"], algo="sgd", learning_rate=0.5, epochs=1, average=0.9, verbose=0)[0]
    same(record["auc"], net.score(x, y, metric="auc"))


# ------------------------------------------------------------------------------------------------ ways of training


@pytest.mark.parametrize("algo", ["lbfgs", "cg"])
def test_full_batches(heaps, algo):
    x, y, _ = heaps
    net = Classifier([4, 3])
    net.train([x, y], [x, y], algo=algo, epochs=3, metrics=["confusion_matrix", "auc", "r2"], verbose=0, patience=None)
    last = net.history[-1]
    same(last["confusion_matrix"], last["valid_confusion_matrix"])
    same(last["auc"], last["valid_auc"])
    same(last["auc"], net.score(x, y, metric="auc"))
    assert last["acc"] == np.trace(last["confusion_matrix"]) / N


def test_figures_grow_within_an_epoch(heaps):
    x, y, _ = heaps
    seen = []

    class Watch:
        def batch(self, record):
            seen.append(np.sum(record["confusion_matrix"]))
            assert "auc" not in record

    Classifier([4, 3]).train([x, y], metrics=["confusion_matrix", "auc"], callbacks=Watch(), batch_size=10, **STILL)
    assert seen == [10, 20, 30, 40, 47]


def test_many_steps_in_one_call_are_the_same(heaps, many_steps):
    x, y, w = heaps
    asked = ["confusion_matrix", "r2", "auc", "rmse", {"form": "ece", "bins": 5}]
    records = [Classifier([4, 3], weighted=True, mode=mode).train([x, y, w], metrics=asked, batch_size=5, algo="sgd",
                                                                  epochs=3, verbose=0)[-1]
               for mode in (many_steps, "PYTHON")]
    for name in ("confusion_matrix", "r2", "auc", "rmse", "ece"):
        same(*(r[name] for r in records))


def test_a_metric_that_is_infinite_does_not_end_a_training(rng):
    def infinite(p, t):
        return abs(p - t) / 0.0

    x = rng.normal(size=(N, 4))
    record = Regressor([4, 1]).train([x, x[:, :1]], metrics=infinite, epochs=2, verbose=0)[-1]
    assert record["infinite"] == np.inf and record["epoch"] == 2


def test_early_stopping_watches_a_metric(heaps):
    x, y, _ = heaps
    net = Classifier([4, 3])
    stop = EarlyStopping("valid_auc", patience=2)
    net.train([x, y], [x, y], metrics=["auc"], callbacks=stop, algo="sgd", learning_rate=0.0, epochs=9, verbose=0)
    assert len(net.history) == 3 and stop.best == net.history[0]["valid_auc"]


# ------------------------------------------------------------------------------------------------ records and files


def test_tables_in_files_and_figures(heaps, tmp_path):
    x, y, _ = heaps
    net, said = Classifier([4, 3]), io.StringIO()
    files = [CSVHistory(tmp_path / "history.csv"), JSONHistory(tmp_path / "history.json")]
    net.train([x, y], [x, y], metrics=["confusion_matrix", "auc"], callbacks=files,
              **STILL | {"epochs": 2, "verbose": said})
    assert "confusion" not in said.getvalue().split("epoch 1/2", 1)[1] and "auc 0." in said.getvalue()
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[1]["valid_auc"]) == net.history[1]["valid_auc"] and "confusion_matrix" not in rows[0]
    lines = (tmp_path / "history.json").read_text().splitlines()
    assert json.loads(lines[1])["confusion_matrix"] == net.history[1]["confusion_matrix"]
    net.save(tmp_path / "net.safetensors")
    assert list(symloss.load(tmp_path / "net.safetensors").history) == list(net.history)
    pytest.importorskip("matplotlib")
    titles = [axes.get_ylabel() for axes in net.history.plot().axes]
    assert titles == ["loss", "acc", "auc"]


def test_a_training_is_resumed_with_other_metrics(heaps, tmp_path):
    x, y, _ = heaps
    path = tmp_path / "net.safetensors"
    options = {"algo": "adam", "verbose": 0, "batch_size": 10}
    net = Classifier([4, 3])
    net.train([x, y], metrics=["confusion", "precision"], epochs=2, **options)
    net.save(path, training=True)
    net.train([x, y], metrics=["confusion", "precision"], epochs=4, resume=True, **options)
    for asked in ([], ["r2"], ["confusion", "precision"]):
        again = symloss.load(path)
        record = again.train([x, y], metrics=asked, epochs=4, resume=True, **options)[-1]
        assert record["loss"] == net.history[-1]["loss"] and record["acc"] == net.history[-1]["acc"]
    assert record["confusion"] == net.history[-1]["confusion"]


def test_within_an_epoch_a_training_is_resumed_with_its_own_metrics(heaps):
    x, y, _ = heaps

    class Stop:
        def batch(self, record):
            return record["batch"] == 2

    options = {"algo": "sgd", "learning_rate": 0.1, "verbose": 0, "batch_size": 10, "epochs": 2}
    whole = Classifier([4, 3]).train([x, y], metrics=["confusion", "r2"], **options)
    net = Classifier([4, 3])
    net.train([x, y], metrics=["confusion", "r2"], callbacks=Stop(), **options)
    stopped = net._stopped
    with pytest.raises(symloss.DataError, match="other metrics"):
        net.train([x, y], resume=True, **options)
    net._stopped = stopped
    net.train([x, y], metrics=["confusion", "r2"], resume=True, **options)
    for name in ("confusion", "r2", "loss"):
        same([r[name] for r in net.history[-2:]], [r[name] for r in whole])


# ----------------------------------------------------------------------------------------------------------- scores


def test_a_score_is_any_metric(heaps):
    x, y, w = heaps
    for weighted in (False, True):
        net = Classifier([4, 3], weighted=weighted)
        p, predicted = net.predict_proba(x), net.predict(x)
        same(net.score(x, y, metric="acc"), net.score(x, y))
        same(net.score(x, y, w, metric="acc"), net.score(x, y, w))
        same(net.score(x, y, w, metric="confusion_matrix"), confusion(y, predicted, w))
        same(net.score(x, y, metric="xe"), -np.log(p[np.arange(N), y]).mean())
        same(net.score(x, y, w, metric={"form": "auc", "average": None}), [area(y == k, p[:, k], w) for k in range(3)])
        assert isinstance(net.score(x, y, metric="f1"), float)
    with pytest.raises(symloss.UnknownNameError):
        net.score(x, y, metric="accc")
    net = Classifier([4, 3], classes=["a", "b", "c"])
    same(net.score(x, np.array(list("abc"))[y], metric="recall"), Classifier([4, 3]).score(x, y, metric="recall"))


def test_a_score_of_numbers(points):
    x, y = points
    net = Regressor([5, 3])
    same(net.score(x, y, metric="r2"), net.score(x, y))
    same(net.score(x, y, np.arange(40), metric="r2"), net.score(x, y, np.arange(40)))
    same(net.score(x, y, metric=lambda p, t: abs(p - t)), net.score(x, y, metric="mae"))


def test_labels_as_words_are_measured(heaps):
    x, y, _ = heaps
    words = np.array(["ape", "bee", "cat"])[y]
    record = Classifier([4, 3]).train([x, words], [x, words], metrics=["confusion", "auc"], **STILL)[0]
    plain = Classifier([4, 3]).train([x, y], metrics=["confusion", "auc"], **STILL)[0]
    for name in ("confusion", "auc"):
        same(record[name], plain[name])


def test_a_measure_knows_what_is_the_same_figure():
    net = Classifier([4, 3])
    outputs = net.graph.outputs()[0]
    found = measures.bind(["acc", "accuracy", "xe", "ce"], net.losses, outputs, net.output_name)
    assert [m.name for m in found] == ["acc", "ce"]  # xe is the model's own term


# ---------------------------------------------------------------------------------------------------------- backends

@pytest.mark.parametrize("mode", ["C", "NUMBA", "JAX"])
def test_other_backends_show_the_same_figures(heaps, mode):
    x, y, w = heaps
    asked = ["confusion_matrix", "precision", "r2", "auc", {"form": "top_k", "k": 2}, "perplexity",
             {"form": "ece", "bins": 5}]
    asked = asked[-1:] if mode == "NUMBA" else asked  # seconds each; tests/test_hostile_inputs.py has others
    valid = None if mode == "NUMBA" else [x, y, w]
    records = [Classifier([4, 3], weighted=True, mode=m).train([x, y, w], valid, metrics=asked, batch_size=10,
                                                               algo="sgd", epochs=2, verbose=0)[-1]
               for m in (mode, "PYTHON")]
    for name in ("acc", *(a if isinstance(a, str) else a["form"] for a in asked)):
        for prefix in ("", "valid_") if valid else ("",):
            np.testing.assert_allclose(records[0][prefix + name], records[1][prefix + name], rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("name", ["acc", "auc", "confusion_matrix"])
def test_a_metric_is_no_loss(name):
    with pytest.raises(symloss.SpecError, match=f"{name}.*is a metric.*metrics="):
        symloss.Classifier([3, 2], loss=name)


@pytest.mark.parametrize("train", [
    lambda x: symloss.Autoencoder([8, 4, (8, "sigmoid")], loss="bce", mode="PYTHON").train([x], epochs=1, verbose=0),
    lambda x: symloss.recurrent.Autoencoder([8, (4, "rnn"), (8, "sigmoid")], loss="bce", mode="PYTHON").train(
        [x[None]], epochs=1, verbose=0),
    lambda x: symloss.Autoencoder([8, (8, "sigmoid")], mode="PYTHON").train([x], epochs=1, verbose=0, metrics=["bce"]),
    lambda x: symloss.Autoencoder([8, (8, "sigmoid")], mode="PYTHON").score(x, metric="bce"),
    lambda x: symloss.Regressor([8, (8, "sigmoid")], mode="PYTHON").train([x, x], epochs=1, verbose=0, metrics=["bce"]),
    lambda x: symloss.Regressor([8, (8, "sigmoid")], mode="PYTHON").score(x, x, metric="bce"),
    lambda x: symloss.Regressor([8, (8, "sigmoid")], mode="PYTHON").train([x / 255, x / 255], [x, x], epochs=1,
                                                                          verbose=0, metrics=["bce"]),
])
def test_targets_that_are_no_probabilities_are_refused_wherever_they_come_in(train, rng):
    with pytest.raises(symloss.DataError, match="0 and 1|0 to 1"):
        train(rng.integers(0, 256, size=(20, 8)).astype(float))
