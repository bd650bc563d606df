"""CTC as users meet it: lists of sequences and of labels in, lists of labels out."""

import numpy as np
import pytest

import symloss
from symloss import decoding, recurrent

LAST = {"form": "ctc", "blank": -1}
LABELS = [[0, 1], [2], [0, 0, 3], [1]]
STILL = dict(epochs=1, learning_rate=0, algo="sgd", verbose=0, batch_size=0)


@pytest.fixture
def xs(rng):
    return [rng.normal(size=(steps, 2)) for steps in (8, 5, 7, 4)]


def model(loss=LAST, layer=(4, "tanh"), **options):
    return recurrent.Classifier([2, layer, 5], loss=loss, mode="PYTHON", **options)


def loss_of(net, xs, labels):
    return net.train([xs, labels], **STILL)[-1]["loss"]


def by_hand(net, xs, positions, blank, lengths=1):
    """Return the mean loss of positions of labels, from predictions of each sequence by itself."""
    steps, longest = [len(x) for x in xs], max(1, *map(len, positions))
    probabilities = np.full((len(xs), max(steps), 5), np.nan)
    for row, x in zip(probabilities, xs, strict=True):
        row[: len(x)] = net.predict_proba(x[None])[0]
    padded = [(list(row) + [-1] * longest)[:longest] for row in positions]
    values = symloss.evaluate.value("ctc", probabilities, padded, blank=blank, steps=steps, mode="PYTHON")
    return np.mean(values / lengths)


def same(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


# ------------------------------------------------------------------------------------------ data


def test_sequences_may_have_no_label(xs):
    labels = [[0, 1], [], [0, 0, 3], [1]]
    net = model()
    same(loss_of(net, xs, labels), by_hand(net, xs, labels, -1))
    same(loss_of(net, xs, [[]] * 4), by_hand(net, xs, [[]] * 4, -1))


def test_a_sequence_without_labels_counts(xs):
    net = model()
    records = net.train([xs, LABELS], [xs[:2], [[], []]], **STILL)
    same(records[-1]["valid_loss"], by_hand(net, xs[:2], [[], []], -1))
    xs[1][0] = np.nan
    with pytest.raises(symloss.DataError, match="in, row 1.*nan is not finite"):
        net.train([xs, [[0], [], [1], [2]]], **STILL)


def test_a_wrong_number_of_arrays_is_told_without_the_mask(xs):
    for data in (xs, [xs], np.stack([xs[0]] * 2)):
        with pytest.raises(symloss.DataError, match=r"2 arrays: in, target. Pass them as one list"):
            model().train(data, **STILL)


@pytest.mark.parametrize("blank, classes, positions, labels", [
    (-1, [*"abcd", None], LABELS, [["a", "b"], ["c"], ["a", "a", "d"], ["b"]]),
    (-1, [*"abcd", None], LABELS, np.array(["ab", "c", "aad", "b"])),
    (0, [None, *"abcd"], [[i + 1 for i in row] for row in LABELS], ["ab", "c", "aad", "b"])])
def test_labels_may_be_strings_and_the_blank_takes_a_class_of_its_own(xs, labels, blank, classes, positions):
    loss = {"form": "ctc", "blank": blank}
    net = model(loss)
    found = loss_of(net, xs, labels)
    assert net.classes == classes
    same(found, by_hand(net, xs, positions, blank))
    assert model(loss, classes=classes).classes == model(loss, classes="abcd").classes == classes


def test_what_has_a_weight_of_0_teaches_no_class(xs):
    net = model(weighted=True)
    net.train([xs, [["a", "b"], ["c"], ["x"], ["d"]], [1, 1, 0, 1]], **STILL)
    assert net.classes == ["a", "b", "c", "d", None]


@pytest.mark.parametrize("labels, error, words", [
    ([["a", "b"], ["c"], ["a"], []], symloss.DataError, "3 different labels .* and the blank, .* last layer 4 units"),
    ([["a", "b"], ["c"], ["a", None, "d"], []], symloss.DataError, "not a class: the label is missing"),
    ([["a", "b"], ["c"], [1, "d"], []], symloss.DataError, "labels have several types"),
    ([[0, 1], [2], [0, 4], [1]], symloss.DataError, "row 2 has the label 4, which is the blank. .* from 0 to 3$"),
    ([[0, 1], [4], [0, 4], [1]], symloss.DataError, r"row 1 .* \(2 such rows\)"),
    ([[0, 1], [2], [0, 5], [1]], symloss.DataError, "row 2, column 1: 5 is out of range"),
    ([[0, 1], [2], [0, -1, 3], [1]], symloss.DataError, "row 2 has a label after a -1"),
    ([[0, 1], [2], [0, 0.5], [1]], symloss.DataError, "row 2, column 1: 0.5 is not a class index"),
    ([[0, 1], [2], [0, np.nan], [1]], symloss.DataError, "row 2, column 1: nan"),
    ([[0, 1], [2], [0, 0, 3], [0, 1, 2, 3, 0]], symloss.DataError, "row 3 has 5 labels, but only 4 steps"),
    ([[0, 1], [2], [0, 0, 3], [0, 0, 0]], symloss.DataError, "row 3 has 3 labels and 2 blanks .* but only 4 steps"),
    ([[0, 1], [2], [0]], symloss.DataError, "target has 3"),
    ([0, 1, 2, 3], symloss.ShapeError, "target has shape"),
])
def test_labels_that_cannot_be_are_named_before_training(xs, labels, error, words):
    with pytest.raises(error, match=f"train: .*{words}"):
        model().train([xs, labels], **STILL)


def test_a_label_that_no_class_is_called_is_named(xs):
    net = model(classes="abcd")
    with pytest.raises(symloss.DataError, match="row 2: 'x' is not a class of this model. It knows 'a', 'b',"):
        net.train([xs, ["ab", "c", "ax", "b"]], **STILL)
    with pytest.raises(symloss.DataError, match="row 1 has the label 4, which is the blank"):
        net.train([xs, [["a"], ["b", None], ["c"], ["d"]]], **STILL)
    with pytest.raises(symloss.SpecError, match="3 classes, but .* 5 outputs"):
        model(classes="abc")


@pytest.mark.parametrize("blank", [5, -6])
def test_a_blank_that_is_no_class_is_refused(blank):
    with pytest.raises(symloss.SpecError, match=f"blank={blank} .* 5 classes"):
        model({"form": "ctc", "blank": blank})


# ------------------------------------------------------------------------------------------ other systems, other models


@pytest.mark.parametrize("like, blank, labels", [
    ("wolfram", 4, LABELS), ("torch", 0, [[1, 2], [3], [1, 1, 4], [2]]), ("keras", 0, [[1, 2], [3], [1, 1, 4], [2]])])
def test_conventions_count_no_padding_and_know_their_blank(xs, like, blank, labels):
    net = model({"form": "ctc", "like": like, "how": "count"})
    lengths = [len(row) if like == "torch" else 1 for row in labels]
    same(loss_of(net, xs, labels), by_hand(net, xs, labels, blank, lengths))
    assert net.decode(xs) == decoding.ctc_greedy(net.predict_proba(xs), blank=blank)
    with pytest.raises(symloss.DataError, match=f"which is the blank|{blank} is out of range" if like != "keras" else
                       "label after a -1"):
        net.train([xs, [[1], [3], [blank, 1], [2]]], **STILL)


def test_a_convention_that_knows_no_lengths_says_so(xs):
    net = model({"form": "ctc", "like": "optax"})
    labels = [[1, 2], [3], [1, 1, 4], [2]]
    with pytest.raises(symloss.SpecError, match="differ in length, but ctc with like='optax' takes no lengths"):
        net.train([xs, labels], **STILL)
    with pytest.raises(symloss.DataError, match="the loss of target does not get them. .* leave out like="):
        net.train(lambda: [xs, labels], train_batches=1, **STILL)
    layers = [{"form": "input", "size": 2, "ndim": 3}, (5, "softmax")]
    with pytest.raises(symloss.DataError, match="Use a model of symloss.recurrent"):
        symloss.Regressor(layers, loss="ctc", mode="PYTHON").train([xs, labels], **STILL)


def test_batches_of_a_function_may_differ_in_length(xs):
    net = model()
    wanted = loss_of(net, xs, LABELS)
    same(net.train(lambda: [xs, LABELS], train_batches=1, **STILL)[-1]["loss"], wanted)
    same(net.train([(np.stack([x]), [row]) for x, row in zip(xs, LABELS, strict=True)], **STILL)[-1]["loss"], wanted)
    x, labels = [x[:4] for x in xs[:2]], [[0, 1], [2]]
    same(net.train(lambda: [np.stack(x), labels], train_batches=1, **STILL)[-1]["loss"], loss_of(net, x, labels))


# ------------------------------------------------------------------------------------------ decoding


def test_a_model_decodes_what_it_predicts(xs):
    net = model(classes="abcd")
    probabilities = net.predict_proba(xs)
    called = [["abcd"[i] for i in row] for row in decoding.ctc_greedy(probabilities, blank=-1)]
    assert net.decode(xs) == called and any(called)
    wanted = decoding.ctc_beam(probabilities, blank=-1, width=7)
    assert net.decode(xs, beam=7) == [["abcd"[i] for i in row[0].labels] for row in wanted]
    found = net.decode(xs, beam=7, top=3)
    assert [len(row) for row in found] == [3] * 4
    for row, hypotheses in zip(found, wanted, strict=True):
        assert [h.labels for h in row] == [["abcd"[i] for i in h.labels] for h in hypotheses[:3]]
        assert [h.log_probability for h in row] == [h.log_probability for h in hypotheses[:3]]
    assert net.decode(np.stack([xs[0], xs[0]])) == [called[0]] * 2
    assert net.predict(xs)[0].tolist() == [net.classes[i] for i in probabilities[0].argmax(axis=1)]


def test_a_saved_model_decodes_to_the_same_labels(xs, tmp_path):
    net = model(classes="abcd")
    net.save(tmp_path / "net")
    again = symloss.load(tmp_path / "net")
    assert again.classes == net.classes and again.decode(xs, beam=3) == net.decode(xs, beam=3)


def test_a_mask_says_where_sequences_end(xs):
    net = model(layer={"form": "bidirectional", "worker": "rnn", "size": 4})
    x, mask = np.full((4, 8, 2), 7.0), np.zeros((4, 8))
    for row, (one, there) in enumerate(zip(xs, mask, strict=True)):
        x[row, : len(one)], there[: len(one)] = one, 1
    assert net.decode({"in": x, "mask": mask}) == net.decode(xs) != net.decode(x)


@pytest.mark.parametrize("options, words", [
    (dict(top=2), "top=2, beam=None"), (dict(beam=2, top=3), "top=3, beam=2"), (dict(beam=2, top=0), "top=0"),
    (dict(beam=0), "width=0")])
def test_what_cannot_be_decoded_is_said(xs, options, words):
    with pytest.raises(symloss.SpecError, match=words):
        model().decode(xs, **options)


def test_a_model_of_classes_for_each_step_has_nothing_to_decode(xs):
    with pytest.raises(symloss.SpecError, match="decode: the model has no loss of label sequences"):
        model("xe").decode(xs)


# ------------------------------------------------------------------------------------------ scores


def test_scores_are_edit_distances_and_the_model_s_own_loss(xs):
    net = model(classes="abcd")
    words, weights = ["ab", "", "aad", "b"], [1.0, 2.0, 0.0, 1.0]
    found = net.decode(xs)
    distances = [decoding.edit_distance(one, word) for one, word in zip(found, words, strict=True)]
    assert net.score(xs, words, metric="edit_distance") == np.mean(distances) > 0
    assert net.score(xs, words, metric="label_error_rate") == sum(distances) / 6
    assert net.score(xs, words, weights, metric="edit_distance") == np.average(distances, weights=weights)
    assert net.score(xs, words, weights, metric="label_error_rate") == np.dot(distances, weights) / 3
    assert net.score(xs, found, metric="label_error_rate") == 0
    same(net.score(xs, words, metric="ctc"), by_hand(net, xs, [[0, 1], [], [0, 0, 3], [1]], -1))


def test_the_loss_as_a_metric_has_the_model_s_blank_and_counts_no_padding(xs):
    net = model()
    record = net.train([xs, LABELS], **STILL, metrics=["ctc", {"form": "ctc", "blank": 4, "name": "last"}])[-1]
    assert "ctc#2" not in record
    same(record["last"], record["loss"])
    convention = model({"form": "ctc", "like": "wolfram"})
    same(convention.score(xs, LABELS, metric="ctc"), by_hand(convention, xs, LABELS, -1))


def test_an_edit_distance_is_no_metric_of_a_training_step(xs):
    with pytest.raises(symloss.UnknownNameError, match=r"Call net.score\(x, y, metric='edit_distance'\)"):
        model().train([xs, LABELS], **STILL, metrics=["edit_distance"])


@pytest.mark.parametrize("labels, metric, words", [
    (["ab", "c", "aax", "b"], "edit_distance", "score: target, row 2: 'x' is not a class"),
    (["ab", "c"], "edit_distance", "target has 2"), (["ab", "c"], "label_error_rate", "4 predictions, 2 targets"),
    (["ab", "c", "d", "b"], None, "metric='label_error_rate'")])
def test_what_has_no_score_is_said(xs, labels, metric, words):
    with pytest.raises(symloss.SymlossError, match=words):
        model(classes="abcd").score(xs, labels, metric=metric)


# ------------------------------------------------------------------------------------------ all of it


def test_a_small_task_is_learnt(rng):
    """Steps show a label or silence; of so simple a task no label is wrong in the end."""
    labels = [rng.integers(0, 2, size=rng.integers(0, 4)) for _ in range(24)]
    xs = [np.concatenate([np.zeros((1, 2)), *([np.eye(2)[label]] * 2 + [[0, 0]] for label in row)]) for row in labels]
    words = [["no" if label == 0 else "yes" for label in row] for row in labels]
    net = recurrent.Classifier([2, (6, "tanh"), 3], loss=LAST, mode="PYTHON")
    net.train([xs, words], algo="adam", learning_rate=0.1, epochs=40, batch_size=0, verbose=0)
    assert net.classes == ["no", "yes", None]
    assert net.score(xs, words, metric="label_error_rate") == 0
    assert net.decode(xs, beam=4) == words
