"""Models of sequences: data of one length and of many, training, prediction, files; windows and text."""

import numpy as np
import pytest

import symloss
from symloss import DataError, SpecError, recurrent

COUNTS = (3, 6, 1, 4)
STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "batch_size": 0, "verbose": 0}


@pytest.fixture
def ragged(rng):
    """Sequences of different lengths, and the running sums of their first column."""
    xs = [rng.normal(size=(count, 2)) for count in COUNTS]
    return xs, [x[:, :1].cumsum(axis=0) for x in xs]


@pytest.fixture
def registered_layers():
    """Forms that a test registers are taken back after it."""
    registry = symloss.layers.registry
    before = dict(registry._entries), dict(registry._names)
    yield
    registry._entries, registry._names = before


def rows(sequences):
    return np.concatenate(list(sequences))


def everything(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


# ------------------------------------------------------------------------------------------------- the three models


def test_a_weighted_autoencoder_trains_on_triples(rng):
    """Sample, target and weight; the target counts, and need not be the sample."""
    net = recurrent.Autoencoder([3, (10, "rnn"), 3], weighted=True)
    x, y, w = rng.normal(size=(8, 5, 3)), rng.normal(size=(8, 5, 3)), rng.uniform(size=(8, 5, 3))
    wanted = np.average((net.predict(x) - y) ** 2, weights=w)
    np.testing.assert_allclose(net.train([x, y, w], [x, y, w], **STILL)[-1]["valid_loss"], wanted)
    wanted = np.average((net.predict(x) - x) ** 2, weights=w)
    np.testing.assert_allclose(net.train([x, x, w], **STILL)[-1]["loss"], wanted)
    np.testing.assert_allclose(net.train([x, w], **STILL)[-1]["loss"], wanted)
    assert net.train([x, x, w], algo="adam", epochs=30, verbose=0)[-1]["loss"] < 0.9 * wanted


def test_an_autoencoder_encodes_and_decodes_sequences(ragged):
    net = recurrent.Autoencoder([2, (4, "bilstm"), 2])
    xs = ragged[0]
    codes = net.encode(xs)
    assert [c.shape for c in codes] == [(count, 4) for count in COUNTS]
    for ours, theirs in zip(net.decode(codes), net.predict(xs), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    x = np.stack([xs[1], xs[1][::-1]])
    np.testing.assert_allclose(net.decode(net.encode(x)), net.predict(x), rtol=1e-12)


def test_a_regressor_learns_a_running_sum(rng):
    x = rng.normal(size=(60, 8, 1))
    net = recurrent.Regressor([1, {"form": "rnn", "size": 4, "activation": "linear"}, 1])
    net.train([x, x.cumsum(axis=1)], algo="adam", learning_rate=0.02, epochs=60, patience=None, verbose=0)
    assert net.score(x, x.cumsum(axis=1)) > 0.98
    longer = rng.normal(size=(5, 12, 1))
    assert net.score(longer, longer.cumsum(axis=1)) > 0.95


def test_a_classifier_learns_what_was_two_steps_ago(rng):
    labels = rng.integers(0, 2, size=(80, 10))
    x = 1.0 * labels[..., None]
    y = np.concatenate([np.zeros((80, 2), int), labels[:, :-2]], axis=1)
    net = recurrent.Classifier([1, (12, "gru"), 2])
    net.train([x, y], algo="adam", learning_rate=0.03, epochs=50, patience=None, verbose=0)
    assert net.score(x, y) > 0.95
    assert net.predict(x).shape == (80, 10)
    assert net.predict_proba(x).shape == (80, 10, 2) == net.predict_logit(x).shape


def test_noise_and_penalties_reach_recurrent_layers(rng):
    x = rng.normal(size=(6, 4, 2))
    net = recurrent.Autoencoder([2, (5, "gru"), 2])
    hidden = np.abs(net.feed_forward(x)["hid1:out"]).sum() / 6
    record = net.train(x, hidden_l1=0.5, weight_l2=0.1, **STILL)[-1]
    np.testing.assert_allclose(record["hidden_l1"], hidden)
    weights = [p for p in net.params if p.name.rpartition(".")[2] in ("hh", "hr", "hz", "w")]
    np.testing.assert_allclose(record["weight_l2"], sum((p.get_value() ** 2).sum() for p in weights))
    clean = record["mse"]
    assert net.train(x, hidden_dropout=0.5, input_noise=1.0, **STILL)[-1]["mse"] != clean
    assert net.train(x, x, hidden_dropout=0.5, **STILL)[-1]["valid_mse"] == pytest.approx(clean)


# ------------------------------------------------------------------------------------------------- ragged sequences


@pytest.mark.parametrize("layer", ["rnn", "bigru"])
@pytest.mark.parametrize("weighted", [False, True])
def test_what_fills_sequences_up_counts_nowhere(layer, weighted, ragged):
    """Loss, score and predictions are those of each sequence alone."""
    xs, ys = ragged
    net = recurrent.Regressor([2, (4, layer), 1], weighted=weighted)
    alone = [net.predict(x[None])[0] for x in xs]
    for ours, theirs in zip(net.predict(xs), alone, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    wanted = ((rows(alone) - rows(ys)) ** 2).mean()
    record = net.train([xs, ys], [xs, ys], **STILL)[-1]
    np.testing.assert_allclose([record["loss"], record["valid_loss"]], wanted)
    spread = ((rows(ys) - rows(ys).mean()) ** 2).mean()
    np.testing.assert_allclose(net.score(xs, ys), 1 - wanted / spread)
    np.testing.assert_allclose(net.score(xs, ys, metric="mse"), wanted)


def test_a_step_on_ragged_sequences_is_that_of_weights(ragged):
    """One model gets lists, the other arrays and weights of its own making; both end with the same parameters."""
    xs, ys = ragged
    x, y, w = np.full((4, 6, 2), 7.0), np.full((4, 6, 1), -5.0), np.zeros((4, 6))
    for row, count in enumerate(COUNTS):
        x[row, :count], y[row, :count], w[row, :count] = xs[row], ys[row], 1
    plain, weighted = recurrent.Regressor([2, (4, "rnn"), 1]), recurrent.Regressor([2, (4, "rnn"), 1], weighted=True)
    options = {"algo": "sgd", "learning_rate": 0.3, "epochs": 2, "batch_size": 3, "verbose": 0}
    plain.train([xs, ys], **options)
    weighted.train([x, y, w], **options)
    np.testing.assert_allclose(everything(plain), everything(weighted), rtol=1e-10)


def test_the_mask_and_not_the_weights_says_where_a_sequence_ends(ragged):
    """A backward layer begins with what fills a sequence up, unless it is told so."""
    xs, ys = ragged
    x, y, there = np.full((4, 6, 2), 7.0), np.full((4, 6, 1), -5.0), np.zeros((4, 6))
    for row, count in enumerate(COUNTS):
        x[row, :count], y[row, :count], there[row, :count] = xs[row], ys[row], 1
    net = recurrent.Regressor([2, (4, "bigru"), 1], weighted=True)
    wanted = net.train([xs, ys], **STILL)[-1]["loss"]
    masked = net.train({"in": x, "mask": there, "target": y, "weights": there}, **STILL)[-1]["loss"]
    np.testing.assert_allclose(masked, wanted)
    assert abs(net.train([x, y, there], **STILL)[-1]["loss"] - wanted) > 1e-3


def test_weights_of_ragged_sequences_are_ragged_as_well(ragged, rng):
    xs, ys = ragged
    ws = [rng.uniform(size=y.shape) for y in ys]
    net = recurrent.Regressor([2, (4, "rnn"), 1], weighted=True)
    wanted = np.average((rows(net.predict(xs)) - rows(ys)) ** 2, weights=rows(ws))
    np.testing.assert_allclose(net.train([xs, ys, ws], **STILL)[-1]["loss"], wanted)
    np.testing.assert_allclose(net.train({"in": xs, "target": ys, "weights": ws}, **STILL)[-1]["loss"], wanted)
    one_each = np.arange(4.0)
    wanted = np.average((rows(net.predict(xs)) - rows(ys)) ** 2, weights=np.repeat(one_each, COUNTS)[:, None])
    np.testing.assert_allclose(net.train([xs, ys, one_each], **STILL)[-1]["loss"], wanted)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_ragged_sequences_are_weighed_one_by_one_step_by_step_or_value_by_value(outputs, ragged, rng):
    xs, ys = ragged[0], [rng.normal(size=(count, outputs)) for count in COUNTS]
    net = recurrent.Regressor([2, (4, "rnn"), outputs], weighted=True)
    errors = (rows(net.predict(xs)) - rows(ys)) ** 2
    by_sequence, by_step = np.arange(4.0), [rng.uniform(size=count) for count in COUNTS]
    table = np.full((4, 6), 5.0)  # what stands behind the end of a sequence does not count
    for row, weights in zip(table, by_step, strict=True):
        row[: len(weights)] = weights
    for given, wanted in [
        (by_sequence, np.repeat(by_sequence, COUNTS)), (by_sequence.tolist(), np.repeat(by_sequence, COUNTS)),
        (by_step, rows(by_step)), ([w.tolist() for w in by_step], rows(by_step)), (table, rows(by_step)),
        ([w[:, None] for w in by_step], rows(by_step)),
    ]:
        wanted = np.average(errors.mean(axis=-1), weights=wanted)
        np.testing.assert_allclose(net.train([xs, ys, given], **STILL)[-1]["loss"], wanted)
        np.testing.assert_allclose(net.score(xs, ys, given, metric="mse"), wanted)
        assert net.score(xs, ys, given) < 1


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([np.ones(3), np.ones(6), np.ones(1), np.ones(3)], "train, item 3: weights has 3 steps, but target has 4"),
        (np.ones((4, 5)), r"train: weights has shape \(4, 5\).*at most 6 steps"),
        (np.ones(3), r"train: weights has shape \(3,\).*4 sequences"),
    ],
)
def test_weights_that_do_not_go_with_ragged_sequences(weights, words, ragged):
    with pytest.raises(symloss.SymlossError, match=words):
        recurrent.Regressor([2, (4, "rnn"), 1], weighted=True).train([*ragged, weights], **STILL)


@pytest.mark.parametrize("outputs", [2, 3])
def test_weights_one_a_step(outputs, rng):
    """Whatever number of outputs there is; two were once taken for the two axes of the weights."""
    x, y, w = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 5, outputs)), rng.uniform(size=(4, 5))
    net = recurrent.Regressor([2, (4, "rnn"), outputs], weighted=True)
    wanted = np.average(((net.predict(x) - y) ** 2).mean(axis=-1), weights=w)
    for given in (w, w[..., None]):
        np.testing.assert_allclose(net.train([x, y, given], **STILL)[-1]["loss"], wanted)
    with pytest.raises(symloss.ShapeError, match=r"weights has shape \(4, 3\)"):
        net.train([x, y, w[:, :3]], **STILL)


def test_ragged_and_plain_data_take_turns(ragged):
    """A model remembers nothing of the mask: it is the same one afterwards, and takes plain arrays as before."""
    xs, ys = ragged
    x, y = np.stack([xs[1]] * 2), np.stack([ys[1]] * 2)
    net = recurrent.Regressor([2, (4, "rnn"), 1])
    plain = net.train([x, y], **STILL)[-1]["loss"]
    mixed = net.train([xs, ys], [x, y], **STILL)[-1]
    assert [v.name for v in net.variables] == ["in", "target"]
    assert "weighted" not in repr(net)
    np.testing.assert_allclose(mixed["valid_loss"], plain)
    np.testing.assert_allclose(net.train([x, y], [xs, ys], **STILL)[-1]["valid_loss"], mixed["loss"])
    np.testing.assert_allclose(net.train([x, y], **STILL)[-1]["loss"], plain)


def test_an_abandoned_training_leaves_no_mask(ragged):
    net = recurrent.Regressor([2, (4, "rnn"), 1])
    records = net.itertrain(list(ragged), epochs=3)
    next(records)
    records.close()
    net.itertrain(list(ragged), epochs=3)  # never begun
    assert [v.name for v in net.variables] == ["in", "target"]


def test_ragged_labels_of_any_kind(ragged):
    xs, ys = ragged
    labels = [np.where(y[:, 0] > 0, "up", "down") for y in ys]
    net = recurrent.Classifier([2, (4, "rnn"), 2])
    proba = net.predict_proba(xs)
    record = net.train([xs, labels], **STILL)[-1]
    assert net.classes == ["down", "up"]
    right = rows(proba)[np.arange(sum(COUNTS)), (rows(labels) == "up").astype(int)]
    np.testing.assert_allclose(record["loss"], -np.log(right).mean())
    predicted = net.predict(xs, labels=True)
    assert [p.shape for p in predicted] == [(count,) for count in COUNTS]
    share = (rows(predicted) == rows(labels)).mean()
    np.testing.assert_allclose([record["acc"], net.score(xs, labels)], share)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda xs, ys: [xs, [*ys[:3], ys[3][:2]]], "train, item 3: target has 2 steps, but in has 4"),
        (lambda xs, ys: [xs, ys[:3]], "target has 3 sequences, but in has 4"),
        (lambda xs, ys: [[*xs[:3], xs[3][:0]], [*ys[:3], ys[3][:0]]], "item 3: the sequence is empty"),
        (lambda xs, ys: [xs, np.zeros((4, 6, 1))], "in differ in length, but those of target do not"),
    ],
)
def test_sequences_that_do_not_go_together_are_named(change, words, ragged):
    net = recurrent.Regressor([2, (4, "rnn"), 1])
    with pytest.raises(DataError, match=words):
        net.train(change(*ragged), verbose=0)


@pytest.mark.parametrize("use", ["train", "predict", "score", "metric"])
@pytest.mark.parametrize("port", [0, 1])
def test_steps_of_mixed_width_are_named(use, port, ragged):
    """numpy's words for it were once all there was."""
    data = [list(column) for column in ragged]
    data[port][2] = np.zeros((1, 5))
    net = recurrent.Regressor([2, (4, "rnn"), 1])
    calls = {"train": lambda: net.train(data, **STILL), "predict": lambda: net.predict(data[port]),
             "score": lambda: net.score(*data), "metric": lambda: net.score(*data, metric="mse")}
    with pytest.raises(DataError, match=r"item 2: its steps have shape \(5,\), but those of item 0 have shape"):
        calls[use]()


@pytest.mark.parametrize(
    ("model", "target", "words"),
    [
        (recurrent.Regressor, np.zeros((6, 5, 4)), "target has 5 steps, but in has 7"),
        (recurrent.Regressor, np.zeros((6, 1, 4)), "target has 1 step, but in has 7"),
        (recurrent.Classifier, np.zeros((6, 5), int), "target has 5 steps, but in has 7"),
        (recurrent.Autoencoder, np.zeros((6, 3, 4)), "target has 3 steps, but in has 7"),
    ],
)
def test_targets_of_another_number_of_steps_are_refused(model, target, words, rng, compilations):
    x, triples = rng.normal(size=(6, 7, 4)), model is recurrent.Autoencoder
    net = model([4, (5, "rnn"), 4], weighted=triples)
    data = [x, target, np.ones(target.shape)] if triples else [x, target]
    for given in (data, [column.tolist() for column in data], *([] if triples else [lambda: data])):
        with pytest.raises(DataError, match=words):
            net.train(given, **STILL)
    right = [x, x, np.ones(x.shape)] if triples else [x, x if target.ndim == 3 else np.zeros((6, 7), int)]
    with pytest.raises(DataError, match=f"valid: {words}"):
        net.train(right, data, **STILL)


def test_label_sequences_of_ctc_have_a_length_of_their_own(rng):
    x, y = rng.normal(size=(6, 7, 4)), np.array([[1, 2, -1], [2, -1, -1], [1, 1, 2], [1, -1, -1], [2, 2, 1], [1, 2, 1]])
    net = recurrent.Regressor([4, (9, "rnn"), (3, "softmax")], loss="ctc", mode="PYTHON")
    net.train([x, y], [x, y], algo="adam", learning_rate=0.02, epochs=60, verbose=0)
    assert net.history[-1]["loss"] < net.history[0]["loss"] / 10


@pytest.mark.parametrize("metric", [None, "mse"])
def test_a_score_of_as_many_steps_in_another_shape_is_refused(metric, rng):
    net = recurrent.Regressor([4, (5, "rnn"), 2])
    with pytest.raises(DataError, match="target has 5|differ in length"):
        net.score(rng.normal(size=(6, 5, 4)), rng.normal(size=(5, 6, 2)), metric=metric)
    labels = recurrent.Classifier([4, (5, "rnn"), 2])
    with pytest.raises(DataError, match="target has 5 sequences, but the prediction has 6"):
        labels.score(rng.normal(size=(6, 5, 4)), np.zeros((5, 6), int))


def test_inputs_of_different_numbers_of_steps_are_refused(rng):
    start = {"form": "input", "name": "start", "size": 4, "ndim": 3}
    net = recurrent.Regressor([2, start, {"form": "rnn", "size": 4, "inputs": "in", "h_0": "start"}, 1])
    with pytest.raises(DataError, match="predict: start has 3 steps, but in has 5"):
        net.predict([rng.normal(size=(6, 5, 2)), rng.normal(size=(6, 3, 4))])


def test_a_layer_that_makes_something_else_of_time_may_have_other_targets(rng, registered_layers):
    class Halves(symloss.Layer):
        keeps_time = False

        def setup(self, sources):
            self.shape = self.one_source(sources).shape

        def connect(self, values):
            return {"out": values[0][:, ::2]}

    net = recurrent.Regressor([2, (4, "rnn"), {"form": "halves", "activation": "linear"}, 1])
    x, y = rng.normal(size=(6, 8, 2)), rng.normal(size=(6, 4, 1))
    wanted = ((net.predict(x) - y) ** 2).mean()
    np.testing.assert_allclose(net.train([x, y], **STILL)[-1]["loss"], wanted)


def test_a_stream_of_ragged_batches_wants_a_weighted_model(ragged):
    xs, ys = ragged
    with pytest.raises(DataError, match="1 to 6.*weighted=True"):
        recurrent.Regressor([2, (4, "rnn"), 1]).train(lambda: [xs, ys], train_batches=1, **STILL)
    net = recurrent.Regressor([2, (4, "birnn"), 1], weighted=True)
    wanted = ((rows(net.predict(xs)) - rows(ys)) ** 2).mean()
    np.testing.assert_allclose(net.train(lambda: [xs, ys], train_batches=1, **STILL)[-1]["loss"], wanted)


# ------------------------------------------------------------------------------------------------- files


LAYERS = [
    "rnn", "lstm", "gru", "mut1", "scrn", "mrnn", "bilstm",
    {"form": "rrnn", "rate": "log"}, {"form": "clockwork", "periods": [1, 2]}, {"form": "bcrnn", "num_modules": 2},
    {"form": "bidirectional", "worker": "rrnn", "rate": "uniform", "bptt_limit": 3},
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_a_loaded_model_predicts_the_same(layer, rng, tmp_path):
    layer = {"size": 4, **layer} if isinstance(layer, dict) else (4, layer)
    net = recurrent.Regressor([2, layer, 1], seed=3)
    for shared in net.params:
        shared.set_value(rng.normal(size=shared.get_value().shape))
    net.save(tmp_path / "model")
    again = recurrent.Regressor.load(tmp_path / "model")
    x = rng.normal(size=(3, 5, 2))
    assert type(again) is recurrent.Regressor
    assert np.array_equal(again.predict(x), net.predict(x))


def test_a_bidirectional_layer_may_be_the_last(rng, tmp_path):
    """No tensor of such a file is as long as the layer, only as its halves."""
    net = recurrent.Regressor([2, (12, "birnn", "tanh")])
    net.save(tmp_path / "model")
    x = rng.normal(size=(3, 5, 2))
    assert np.array_equal(symloss.load(tmp_path / "model").predict(x), net.predict(x))


def test_a_loaded_model_is_the_recurrent_one_and_trains_on(ragged, tmp_path):
    net = recurrent.Classifier([2, (4, "gru"), 2], classes=["down", "up"])
    labels = [np.where(y[:, 0] > 0, "up", "down") for y in ragged[1]]
    net.train([ragged[0], labels], epochs=2, verbose=0)
    net.save(tmp_path / "model", training=True)
    again = symloss.load(tmp_path / "model")
    assert type(again) is recurrent.Classifier
    records = [n.train([ragged[0], labels], epochs=4, resume=True, verbose=0)[-1]["loss"] for n in (net, again)]
    assert records[0] == records[1]
    with pytest.raises(DataError, match="Classifier"):
        symloss.Regressor.load(tmp_path / "model")


# ------------------------------------------------------------------------------------------------- windows and text


def test_batches_are_windows_of_all_arrays_at_once():
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20)
    draw = recurrent.batches([x, y], steps=5, batch_size=3, rng=7)
    a, b = draw()
    assert a.shape == (3, 5, 2)
    assert b.shape == (3, 5)
    assert np.array_equal(a[..., 0], 2 * b)
    assert np.array_equal(np.diff(b, axis=1), np.ones((3, 4)))
    again = recurrent.batches([x, y], steps=5, batch_size=3, rng=7)
    assert all(np.array_equal(p, q) for p, q in zip((a, b), again(), strict=True))
    assert not np.array_equal(draw()[1], b)


def test_the_last_window_is_drawn_as_well():
    """A window may be as long as the data, and one at the very end is as likely as others."""
    y = np.arange(6)
    assert recurrent.batches(y, steps=6, batch_size=1)()[0].tolist() == [[0, 1, 2, 3, 4, 5]]
    starts = recurrent.batches([y], steps=4, batch_size=3000)()[0][:, 0]
    assert np.allclose(np.bincount(starts) / 3000, 1 / 3, atol=0.05)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([np.ones((9, 1)), np.ones((8, 1))], 3), DataError, "numbers of steps, 8, 9"),
        (([np.ones((9, 1))], 10), DataError, "steps=10, but the arrays have only 9"),
        (([np.ones((9, 1))], 0), SpecError, "steps=0"),
        (([np.ones((9, 1))], 3, 0), SpecError, "batch_size=0"),
    ],
)
def test_windows_that_cannot_be_drawn(arguments, error, words):
    with pytest.raises(error, match=words):
        recurrent.batches(*arguments)


def test_text_is_a_sequence_of_classes():
    text = recurrent.Text("abracadabra-^]", min_count=2)
    assert text.alpha == "abr"
    assert text.text == "abra\0a\0abra\0\0\0"
    assert text.encode("bad") == [2, 1, 0]
    assert text.decode(text.encode("abba!")) == "abba\0"
    assert text.size == 4
    x, y = text.classifier_batches(steps=5, batch_size=8, rng=1)()
    assert x.shape == (8, 5, 4)
    assert y.shape == (8, 5)
    assert np.array_equal(x.sum(axis=-1), np.ones((8, 5)))
    assert np.array_equal(x.argmax(axis=-1)[:, 1:], y[:, :-1])
    assert {text.decode(row) for row in y} <= {text.text[i : i + 5] for i in range(1, 10)}


def test_an_alphabet_may_have_any_characters():
    assert recurrent.Text("a]b^c-d\\", alpha="^-]\\").text == "\0]\0^\0-\0\\"


@pytest.mark.parametrize(
    ("options", "words"),
    [({"alpha": "ab", "unknown": "a"}, "is in the alphabet"), ({"alpha": "aba"}, "twice"), ({"unknown": ""}, "one ch")],
)
def test_an_alphabet_that_cannot_be(options, words):
    with pytest.raises(SpecError, match=words):
        recurrent.Text("some text", **options)


# ------------------------------------------------------------------------------------------------- going on


def copying_model():
    """A model that is certain: the next label is the one after the last, whatever came before."""
    net = recurrent.Classifier([4, {"form": "rnn", "size": 4, "activation": "linear"}, 4])
    for name, value in (("xh", np.eye(4)), ("hh", np.zeros((4, 4)))):
        net.find("hid1", name).set_value(value)
    net.find("out", "w").set_value(100 * np.roll(np.eye(4), 1, axis=1))
    return net


def test_a_sequence_goes_on_from_its_last_step():
    """What is read is the prediction at the last label, and no step that is still empty."""
    net = copying_model()
    assert list(net.predict_sequence([3, 1], 6)) == [2, 3, 0, 1, 2, 3]
    assert list(net.predict_sequence([0], 2, streams=3)) == [[1, 1, 1], [2, 2, 2]]
    assert list(net.predict_sequence([0], 0)) == []


def test_labels_are_drawn_by_their_probability():
    net = copying_model()
    net.find("out", "w").set_value(np.zeros((4, 4)))
    net.find("out", "b").set_value(np.log([0.5, 0.25, 0.125, 0.125]))
    drawn = next(iter(net.predict_sequence([0], 1, streams=8000, rng=np.random.default_rng(4))))
    assert np.allclose(np.bincount(drawn) / 8000, [0.5, 0.25, 0.125, 0.125], atol=0.02)
    one, two = (list(net.predict_sequence([0], 20, rng=rng)) for rng in (1, 2))
    assert one != two
    assert one == list(net.predict_sequence([0], 20, rng=1))


def test_a_sequence_of_the_models_own_labels():
    net = copying_model()
    net.encoder = symloss.data.Labels("abcd")
    assert "".join(net.predict_sequence("da", 5)) == "bcdab"


@pytest.mark.parametrize(
    ("labels", "options", "words"),
    [([], {"steps": 1}, "at least one label"), ([1], {"steps": -1}, "steps=-1"), ([4], {"steps": 1}, "out of range")],
)
def test_a_sequence_that_cannot_go_on(labels, options, words):
    with pytest.raises(symloss.SymlossError, match=words):
        copying_model().predict_sequence(labels, **options)


@pytest.mark.parametrize("labels, options", [(3, {}), ([1], {"steps": "3"}), ([1], {"streams": 1.5}),
                                             ([1], {"steps": None}), ([1], {"streams": True})])
def test_a_sequence_of_what_is_no_number_of_steps_cannot_go_on(labels, options):
    with pytest.raises(SpecError, match="predict_sequence: .*a list of at least one label, at least 0 steps"):
        copying_model().predict_sequence(labels, **({"steps": 2} | options))


def test_a_model_that_reads_something_else_cannot_go_on():
    with pytest.raises(SpecError, match="4 classes, but inputs of shape"):
        recurrent.Classifier([3, (5, "rnn"), 4]).predict_sequence([0], 1)


# ------------------------------------------------------------------------------------------------- backends


@pytest.mark.c
def test_ragged_training_in_c(ragged):
    """Some steps leave the parameters where plain Python leaves them."""
    options = {"algo": "sgd", "learning_rate": 0.05, "epochs": 3, "batch_size": 3, "verbose": 0}
    nets = [recurrent.Regressor([2, (4, "lstm"), 1], mode=mode) for mode in ("PYTHON", "C")]
    for net in nets:
        net.train(list(ragged), **options)
    np.testing.assert_allclose(everything(nets[1]), everything(nets[0]), rtol=1e-6, atol=1e-9)


# ------------------------------------------------------------------------------------------ sequences of labels (ctc)

LABELS = [[1, 2], [3], [1, 1, 4], [2]]
ONCE = dict(epochs=1, learning_rate=0, algo="sgd", verbose=0, batch_size=0)


def of_lengths(rng, *steps):
    return [rng.normal(size=(n, 2)) for n in steps]


@pytest.mark.parametrize("layer", [(4, "rnn"), {"form": "bidirectional", "worker": "rnn", "size": 4}])
def test_ctc_counts_no_padding_of_inputs_or_labels(rng, layer):
    xs = of_lengths(rng, 8, 5, 7, 4)
    net = symloss.recurrent.Classifier([2, layer, 5], loss="ctc", mode="PYTHON")
    found = net.train([xs, LABELS], **ONCE)[-1]["loss"]
    each = [symloss.evaluate.value("ctc", net.predict_proba(x[None]), [y])[0] for x, y in zip(xs, LABELS, strict=True)]
    np.testing.assert_allclose(found, np.mean(each))
    np.testing.assert_allclose(net.score(xs, LABELS, metric="ctc"), np.mean(each))


def test_ctc_takes_ragged_labels_of_inputs_of_one_length_and_weights(rng):
    x, w = np.stack(of_lengths(rng, 8, 8, 8, 8)), np.array([1.0, 0.0, 1.0, 2.0])
    padded = np.array([[1, 2, -1], [3, -1, -1], [1, 1, 4], [2, -1, -1]])
    net = symloss.recurrent.Classifier([2, (4, "rnn"), 5], loss="ctc", weighted=True, mode="PYTHON")
    each = symloss.evaluate.value("ctc", net.predict_proba(x), padded)
    for data in ([x, LABELS, w], [list(x), LABELS, w], [x, padded, w]):
        np.testing.assert_allclose(net.train(data, **ONCE)[-1]["loss"], (w * each).sum() / w.sum())


@pytest.mark.parametrize(("call", "message"), [
    (lambda net, x: net.train([[*x[:2], x[2][:3], x[3]], LABELS], **ONCE), "row 2 has 3 labels and 1 blanks"),
    (lambda net, x: net.train([x, LABELS], [[v[:2] for v in x], LABELS], **ONCE), "valid: target: row 2"),
    (lambda net, x: net.train([x, LABELS], **ONCE, metrics=["acc"]), r"Pass metrics=\['ctc'\]"),
    (lambda net, x: net.score(x, LABELS), "metric='ctc'")])
def test_what_ctc_cannot_do_is_said_before_training(rng, call, message):
    net = symloss.recurrent.Classifier([2, (4, "rnn"), 5], loss="ctc", mode="PYTHON")
    with pytest.raises(symloss.SymlossError, match=message):
        call(net, of_lengths(rng, 8, 5, 7, 4))


@pytest.mark.parametrize("end", [["last", 2], [2, "mean"], [2, {"form": "max"}]])
def test_an_autoencoder_that_ends_in_one_output_for_a_sequence_is_told_what_to_do(end):
    with pytest.raises(symloss.SpecError, match="Leave out the layer over time .* recurrent.Regressor"):
        symloss.recurrent.Autoencoder([2, (3, "rnn"), *end])
