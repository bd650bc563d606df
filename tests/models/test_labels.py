"""Labels of any kind, and weights by class."""

import numpy as np
import pytest

import symloss

STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}


def data(names=("cat", "dog", "eel")):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 3))
    index = x.argmax(axis=1)
    return x, index, np.array(names, dtype=object)[index]


@pytest.mark.parametrize("form", ["object", "str", "list"])
def test_strings_are_labels(form, tmp_path):
    x, index, labels = data()
    labels = {"object": labels, "str": labels.astype(str), "list": labels.tolist()}[form]
    net = symloss.Classifier([3, 3])
    net.train([x, labels], [x, labels], algo="adam", learning_rate=0.1, epochs=20, verbose=0)
    assert net.classes == ["cat", "dog", "eel"]
    assert net.score(x, labels) > 0.9
    assert (net.predict(x) == np.array(labels, object)).mean() == net.score(x, labels)
    assert (net.predict(x, indices=True) == index).mean() == net.score(x, labels)
    net.save(tmp_path / "net")
    loaded = symloss.load(tmp_path / "net")
    assert loaded.classes == net.classes
    assert loaded.score(x, labels) == net.score(x, labels)


def test_classes_may_be_given_in_any_order_and_be_any_hashable():
    x, index, _ = data()
    classes = [(1, 2), 30, None]  # None is a class where it is named as one
    labels = np.empty(len(x), object)
    labels[:] = [classes[i] for i in index]
    net = symloss.Classifier([3, 3], classes=classes)
    net.train([x, labels], **STILL)
    other = symloss.Classifier([3, 3])
    other.train([x, index], **STILL)
    assert net.history[-1]["loss"] == other.history[-1]["loss"]
    assert list(net.predict(x[:5])) == [classes[i] for i in net.predict(x[:5], indices=True)]


def test_numbers_that_are_no_indices_may_be_classes():
    x, index, _ = data()
    net = symloss.Classifier([3, 3], classes=[10, 20, 30])
    net.train([x, 10 * index + 10], **STILL)
    assert set(net.predict(x)) <= {10, 20, 30}
    assert net.predict(x).dtype.kind == net.classes_.dtype.kind == "i"


def test_an_unknown_label_is_named_with_its_row():
    x, _, labels = data()
    net = symloss.Classifier([3, 3])
    net.train([x, labels], **STILL)
    wrong = labels.copy()
    wrong[7] = "emu"
    with pytest.raises(symloss.DataError, match="row 7: 'emu'.*'cat'"):
        net.train([x, wrong], **STILL)
    with pytest.raises(symloss.DataError, match="row 7: 'emu'"):
        net.score(x, wrong)


def test_more_labels_than_outputs():
    x, _, labels = data()
    with pytest.raises(symloss.DataError, match="3 different labels.*2 outputs"):
        symloss.Classifier([3, 2]).train([x, labels], **STILL)


@pytest.mark.parametrize("classes, words", [
    (["a"], "1 classes, but .* 3 outputs"), (["a", "a", "b"], "twice"),
    (["a", "b", np.nan], "nan stands for a missing label"), ([b"a", b"b", b"c"], "Decode"),
    (np.array(["2020", "2021", "2022"], "M8[Y]"), "date, which a file cannot store")])
def test_wrong_classes(classes, words):
    with pytest.raises(symloss.SymlossError, match=words):
        symloss.Classifier([3, 3], classes=classes)


STRINGS = np.array(["cat", "dog", "eel"] * 10, dtype=object)
NUMBERS = np.array([0, 1, 2] * 10, dtype=object)


class NotAvailable:
    """What pandas' NA is: neither equal to anything nor different from it."""

    def __ne__(self, other):
        return self

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")


def small(outputs=3, **options):
    return symloss.Classifier([3, outputs], mode="PYTHON", **options), np.eye(3)[np.arange(30) % 3]


def replaced(labels, row, value):
    labels = labels.copy()
    labels[row] = value
    return labels


@pytest.mark.parametrize("loss, last, labels_of", [
    ("coral", (2, "sigmoid"), lambda p: (p > 0.5).sum(axis=1)),
    ("cumulative_logit", (2, "linear"), lambda p: (p < 0).sum(axis=1)),
])
def test_a_classifier_refuses_thresholds_between_classes_and_the_way_out_that_it_names_works(loss, last, labels_of):
    for layers in ([3, 3], [3, 2]):
        with pytest.raises(symloss.SpecError, match=rf"k - 1, '{last[1]}'.*net.predict") as refused:
            symloss.Classifier(layers, loss=loss)
        assert ("> 0.5" if loss == "coral" else "< 0") in str(refused.value)
    net = symloss.Classifier([3, 3])
    with pytest.raises(symloss.SpecError, match="thresholds between ordered classes"):
        net.add_loss(loss)
    x = np.random.default_rng(0).normal(size=(200, 3))
    grade = np.digitize(x.sum(axis=1), [-1, 1])
    net = symloss.Network([3, last], loss=loss)
    net.train([x, grade], algo="adam", learning_rate=0.1, epochs=40, batch_size=50, verbose=0)
    assert (labels_of(net.predict(x)) == grade).mean() > 0.9


@pytest.mark.parametrize("gap", [None, np.nan, NotAvailable(), np.datetime64("NaT")], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("labels", [STRINGS, NUMBERS], ids=["strings", "numbers"])
@pytest.mark.parametrize("outputs", [3, 4])
def test_a_missing_label_is_no_class_even_where_an_output_is_spare(gap, labels, outputs):
    net, x = small(outputs)
    with pytest.raises(symloss.DataError, match="row 1: .* is not a class.*missing.*weighted=True"):
        net.train([x, replaced(labels, 1, gap)], **STILL)
    assert net.classes == list(range(outputs))


@pytest.mark.parametrize("labels", [STRINGS, NUMBERS], ids=["strings", "numbers"])
@pytest.mark.parametrize("odd", [None, np.nan, "nobody knows"])
def test_what_stands_in_the_place_of_a_label_of_weight_0_is_no_class_and_changes_nothing(labels, odd):
    weights, losses = np.where(np.arange(30) == 1, 0.0, 1.0), []
    for given in (labels, replaced(labels, 1, odd)):
        net, x = small(weighted=True)
        losses.append(net.train([x, given, weights], **STILL)[-1]["loss"])
        assert net.classes == sorted(set(labels))
    assert losses[0] == losses[1]


def test_labels_of_several_kinds_are_refused():
    net, x = small()
    with pytest.raises(symloss.DataError, match=r"several types, 0 \(number\) and 'cat' \(str\)"):
        net.train([x, np.where(np.arange(30) < 9, STRINGS, NUMBERS)], **STILL)


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("kind", [str, object])
def test_a_model_trained_on_numbers_is_not_relabelled_by_strings(saved, kind, tmp_path):
    net, x = small()
    net.train([x, np.arange(30) % 3], **STILL)
    if saved:
        net.save(tmp_path / "net")
        net = symloss.load(tmp_path / "net")
    for labels in (STRINGS.astype(kind), (NUMBERS + 1).astype(str).astype(kind)):
        with pytest.raises(symloss.DataError, match=r"row 0: .* is not a class.*numbers 0 to 2.*classes=\[...\]"):
            net.train([x, labels], **STILL)
    assert net.predict(x).dtype.kind == "i"


def test_data_that_are_refused_leave_the_classes_as_they_were():
    net, x = small()
    with pytest.raises(symloss.ShapeError):
        net.train([x[:, :2], STRINGS], **STILL)
    net.train([x, np.arange(30) % 3], **STILL)
    assert net.classes == [0, 1, 2]
    net = symloss.Regressor([3, 1], mode="PYTHON")
    with pytest.raises(symloss.ShapeError):
        net.train([x[:, :2], x[:, 0]], **STILL)
    assert net.predict(x).shape == (30, 1)


def test_fewer_labels_than_outputs_are_refused_with_both_ways_out():
    net, x = small(4)
    with pytest.raises(symloss.DataError, match=r"3 different labels.*4 outputs.*layer 3 units, or .*classes=\[...\]"):
        net.train([x, STRINGS], **STILL)
    net, x = small(4, classes=["cat", "dog", "eel", "fox"])
    net.train([x, STRINGS], **STILL)
    assert set(net.predict(x)) <= {"cat", "dog", "eel", "fox"}


def test_an_ignored_label_stays_what_it_is_among_strings():
    net, x = small(classes=["cat", "dog", "eel"], loss={"form": "label_cross_entropy", "ignore_index": -100})
    net.train([x, replaced(STRINGS, slice(0, 30, 2), -100)], **STILL)
    want = item_losses(net, x, np.arange(30) % 3)[1::2].mean()
    np.testing.assert_allclose(net.history[-1]["loss"], want, rtol=1e-6)


def test_tuples_come_back_from_a_file_as_the_classes_they_were(tmp_path):
    classes = [(1, 2), (3, 4), (5, 6)]
    net, x = small(classes=classes)
    net.save(tmp_path / "net")
    assert symloss.load(tmp_path / "net").classes == classes
    assert set(net.predict(x)) <= set(classes)


def test_labels_of_sequences_are_predicted_in_the_users_words():
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(n, 2)) for n in (3, 5)]
    y = [np.array(["no", "yes"])[(s[:, 0] > 0).astype(int)] for s in x]
    net = symloss.recurrent.Classifier([2, (3, "rnn"), 2], mode="PYTHON")
    net.train([x, y], **STILL)
    found, positions = net.predict(x), net.predict(x, indices=True)
    assert [f.tolist() for f in found] == [net.classes_[p].tolist() for p in positions]
    right = np.mean(np.concatenate(found) == np.concatenate(y))
    np.testing.assert_allclose(net.score(x, y), right)


def item_losses(net, x, index):
    return -np.log(net.predict_proba(x)[np.arange(len(x)), index])


@pytest.mark.parametrize("weighted", [False, True])
def test_weights_by_class_multiply_those_of_the_data(weighted):
    x, index, _ = data()
    w = np.random.default_rng(1).uniform(0, 2, len(x))
    net = symloss.Classifier([3, 3], weighted=weighted)
    net.train([x, index, w] if weighted else [x, index], class_weight={0: 5.0, 2: 0.5}, **STILL)
    total = np.array([5.0, 1.0, 0.5])[index] * (w if weighted else 1)
    np.testing.assert_allclose(net.history[-1]["loss"], (total * item_losses(net, x, index)).sum() / total.sum(),
                               rtol=1e-6)
    assert "sum of weights" in net.explain()


def test_balanced_classes_count_the_same_in_sum():
    x, index, labels = data()
    keep = np.r_[np.flatnonzero(index == 0)[:4], np.flatnonzero(index > 0)]
    net = symloss.Classifier([3, 3])
    net.train([x[keep], labels[keep]], class_weight="balanced", **STILL)
    losses = item_losses(net, x[keep], index[keep])
    means = [losses[index[keep] == c].mean() for c in range(3)]
    np.testing.assert_allclose(net.history[-1]["loss"], np.mean(means), rtol=1e-6)


@pytest.mark.parametrize("ignored", [-100, 255, 2])
def test_balanced_classes_do_not_count_what_is_ignored(ignored):
    x, index, _ = data()
    marked = np.where(np.arange(len(index)) % 3 == 0, ignored, index)
    marked = np.where(marked == 2, ignored, marked) if ignored == 2 else marked
    net = symloss.Classifier([3, 3], loss={"form": "label_cross_entropy", "ignore_index": ignored})
    net.train([x, marked], class_weight="balanced", **STILL)
    seen = np.bincount(marked[marked != ignored], minlength=3)
    np.testing.assert_allclose(net.losses[0].class_weight, np.where(seen, seen.sum() / (3 * np.maximum(seen, 1)), 0))
    losses = item_losses(net, x, np.where(marked == ignored, 0, marked))
    means = [losses[marked == c].mean() for c in range(3) if seen[c]]
    np.testing.assert_allclose(net.history[-1]["loss"], np.mean(means), rtol=1e-6)


def test_balanced_classes_weigh_the_same_whatever_the_weights_of_items():
    x, index, _ = data()
    w = np.where(np.arange(len(index)) % 2, 0.0, np.random.default_rng(1).uniform(0.5, 2, len(x)))
    net = symloss.Classifier([3, 3], weighted=True)
    net.train([x, index, w], class_weight="balanced", **STILL)
    sums = np.bincount(index, w, minlength=3) * net.losses[0].class_weight
    np.testing.assert_allclose(sums, w.sum() / 3, rtol=1e-6)


def test_balanced_classes_do_not_count_what_fills_up_short_sequences():
    rng = np.random.default_rng(0)
    labels = [np.zeros(2, int), np.array([0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0])]
    net = symloss.recurrent.Classifier([3, (4, "rnn"), 2])
    net.train([[rng.normal(size=(len(y), 3)) for y in labels], labels], class_weight="balanced", **STILL)
    seen = np.array([10, 4])
    np.testing.assert_allclose(net.losses[0].class_weight, 14 / (2 * seen), rtol=1e-6)


def test_weights_by_class_of_one_hot_and_soft_targets():
    x, index, _ = data()
    soft = 0.8 * np.eye(3)[index] + 0.2 / 3
    weights = np.array([5.0, 1.0, 0.5])
    for target in (np.eye(3)[index], soft):
        net = symloss.Regressor([3, (3, "softmax")], loss="categorical_cross_entropy")
        net.train([x, target], class_weight={0: 5.0, 2: 0.5}, **STILL)
        total = (target * weights).sum(axis=1)
        values = -(target * np.log(net.predict(x))).sum(axis=1)
        np.testing.assert_allclose(net.history[-1]["loss"], (total * values).sum() / total.sum(), rtol=1e-6)
    net.train([x, soft], class_weight="balanced", **STILL)
    np.testing.assert_allclose(soft.sum(axis=0) * net.losses[0].class_weight, len(x) / 3, rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_weights_by_class_of_yes_and_no(weighted):
    x, index, _ = data()
    yes = np.stack([index == 0, index > 0], axis=1).astype(float)
    w = np.random.default_rng(1).uniform(0.5, 2, yes.shape) if weighted else np.ones(yes.shape)
    net = symloss.Regressor([3, (2, "sigmoid")], loss="bce", weighted=weighted)
    given = [x, yes, w] if weighted else [x, yes]
    net.train(given, class_weight={1: 4.0}, **STILL)
    total, p = np.where(yes == 1, 4.0, 1.0) * w, net.predict(x)
    values = -yes * np.log(p) - (1 - yes) * np.log(1 - p)
    np.testing.assert_allclose(net.history[-1]["loss"], (total * values).sum() / total.sum(), rtol=1e-6)
    net.train(given, class_weight="balanced", **STILL)
    no_and_yes = np.stack([(w * (1 - yes)).sum(axis=0), (w * yes).sum(axis=0)], axis=1)
    np.testing.assert_allclose(no_and_yes * net.losses[0].class_weight, np.repeat(w.sum(axis=0)[:, None], 2, 1) / 2,
                               rtol=1e-6)


def test_the_next_training_without_them_has_none():
    x, index, _ = data()
    net = symloss.Classifier([3, 3])
    net.train([x, index], class_weight={0: 100.0}, **STILL)
    net.train([x, index], **STILL)
    np.testing.assert_allclose(net.history[-1]["loss"], item_losses(net, x, index).mean(), rtol=1e-6)


def test_weights_by_class_for_each_output():
    x, index, _ = data()
    layers = [3, {"name": "side", "size": 2, "activation": "softmax"}, {"name": "out", "size": 3, "inputs": "in"}]
    net = symloss.Classifier(layers)
    net.add_loss("label_cross_entropy", output_name="side")
    side = (index > 0).astype(int)
    net.train([x, index, side], class_weight={"side": {0: 3.0}, "out": "balanced"}, **STILL)
    p = net.feed_forward(x)["side:out"]
    w = np.where(side == 0, 3.0, 1.0)
    wanted = (w * -np.log(p[np.arange(len(x)), side])).sum() / w.sum()
    raw = [v for k, v in net.history[-1].items() if k.startswith("label_cross_entropy")][0]
    np.testing.assert_allclose(raw, wanted, rtol=1e-6)


@pytest.mark.parametrize("given, words", [("even", "even"), ({7: 1.0}, "7"), ({0: -1.0}, "-1.0"),
                                          ({"sid": {0: 1}}, "sid")])
def test_wrong_weights_by_class(given, words):
    x, index, _ = data()
    with pytest.raises(symloss.SymlossError, match=words):
        symloss.Classifier([3, 3]).train([x, index], class_weight=given, **STILL)


def test_an_ignored_label_is_no_part_of_the_mean():
    x, index, _ = data()
    marked = index.copy()
    marked[::3] = -100
    net = symloss.Classifier([3, 3], loss={"form": "label_cross_entropy", "ignore_index": -100})
    net.train([x, marked], **STILL)
    np.testing.assert_allclose(net.history[-1]["loss"], item_losses(net, x, index)[marked >= 0].mean(), rtol=1e-6)
    assert "sum of weights" in net.explain()
    with pytest.raises(symloss.DataError, match="-5 is out of range"):
        net.train([x, np.where(marked < 0, -5, marked)], **STILL)


def test_a_regressor_has_no_classes():
    x, _, _ = data()
    with pytest.raises(symloss.SpecError, match="no loss of this model has labels"):
        symloss.Regressor([3, 3]).train([x, x], class_weight="balanced", **STILL)


@pytest.mark.parametrize("make", [list, np.array, lambda y: np.array(y, object)])
def test_labels_that_are_true_or_false_are_predicted_as_such(make, tmp_path):
    x = np.random.default_rng(0).normal(size=(30, 2))
    y = (x[:, 0] > 0).tolist()
    net = symloss.Classifier([2, 2], mode="PYTHON")
    net.train([x, make(y)], epochs=1, verbose=0)
    net.save(tmp_path / "net")
    for one in (net, symloss.load(tmp_path / "net")):
        assert one.predict(x).dtype == bool and one.classes == [False, True]
        assert one.predict(x, indices=True).dtype.kind == "i"
        np.testing.assert_allclose(one.score(x, make(y)), np.mean(one.predict(x) == y))
        one.train([x, np.array(y).astype(int)], epochs=1, verbose=0)  # 0 and 1 are the same
    three = symloss.Classifier([2, 3], mode="PYTHON")
    three.train([x, make(y)], epochs=1, verbose=0)
    assert three.classes == [0, 1, 2]


@pytest.mark.parametrize("split", [None, 0.3])
@pytest.mark.parametrize("labels", [[("a", 1), ("b", 2)], [(1, 2), (3, 4)]])
def test_a_list_of_tuples_is_a_list_of_labels(labels, split):
    x, y = np.random.default_rng(0).normal(size=(8, 2)), labels * 4
    known = None if isinstance(labels[0][0], str) else labels
    net = symloss.Classifier([2, 2], mode="PYTHON", classes=known)
    net.train([x, y], validation_split=split, epochs=1, verbose=0)
    assert net.classes == labels and set(net.predict(x)) <= set(labels)
    np.testing.assert_allclose(net.score(x, y), np.mean([a == b for a, b in zip(net.predict(x), y, strict=True)]))
