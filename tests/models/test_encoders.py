"""Classes of any kind on any output: given or learned, checked, decoded, saved; and labels that begin with 1."""

import copy
import pickle

import numpy as np
import pytest

import symloss
from symloss import Classifier, Network, Regressor

TRAINING = {"algo": "adam", "learning_rate": 0.1, "epochs": 25, "batch_size": 0, "verbose": 0}
STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}
X = np.random.default_rng(0).normal(size=(40, 2))
LESS = X[:, 0] < X[:, 1]
WORDS = np.where(LESS, "Less", "Greater")


def softmax(**options):
    return Network([2, (2, "softmax")], mode="PYTHON", **options)


def sigmoid(**options):
    return Network([2, (1, "sigmoid")], mode="PYTHON", **options)


def heads(**options):
    """A network that ends in classes, in yes or no, and in a number; with its data."""
    net = Network({"in": 2, "hid": (4, "tanh"), "cls": (2, "softmax"), "yes": (1, "sigmoid"), "num": (1, "linear")},
                  edges=["in -> hid", "hid -> cls", "hid -> yes", "hid -> num"], mode="PYTHON", **options)
    return net, {"in": X, "cls": WORDS, "yes": X[:, 0] > 0, "num": X[:, 1]}


def values(labels, kinds):
    """Return labels as an array of objects, also where these are tuples."""
    found = np.empty(len(labels), object)
    found[:] = [kinds[int(label)] for label in labels]
    return found


# ------------------------------------------------------------------------------------------------- learned and decoded


@pytest.mark.parametrize("make", [softmax, sigmoid])
@pytest.mark.parametrize("kinds", [("Greater", "Less"), (False, True), ((1, "a"), (2, "b"))],
                         ids=["str", "bool", "tuple"])
@pytest.mark.parametrize("form", ["array", "list"])
def test_the_first_training_learns_classes_and_predictions_are_such(make, kinds, form):
    labels = values(LESS, kinds)
    net = make()
    net.train([X, labels if form == "array" else labels.tolist()], **TRAINING)
    assert net.encoders["out"].classes == list(kinds)
    found = net.predict(X)
    assert found.shape == (40,)
    assert [type(v) for v in found.tolist()[:1]] == [type(kinds[0])]
    assert np.mean([a == b for a, b in zip(found, labels, strict=True)]) > 0.9
    assert net.score(X, labels) == np.mean([a == b for a, b in zip(found, labels, strict=True)])


@pytest.mark.parametrize(("make", "numbers"), [(softmax, LESS.astype(int)), (sigmoid, LESS.astype(float))])
def test_words_train_as_the_numbers_do_that_they_stand_for(make, numbers):
    by_words, by_numbers = make(), make()
    by_words.train([X, WORDS], **TRAINING)
    by_numbers.train([X, numbers], **TRAINING)
    for ours, theirs in zip(by_words.params, by_numbers.params, strict=True):
        np.testing.assert_array_equal(ours.get_value(), theirs.get_value())
    probabilities = by_words.predict(X, decode=False)
    np.testing.assert_array_equal(probabilities, by_numbers.predict(X))  # numbers stay probabilities
    assert probabilities.shape == (40, 2 if make is softmax else 1)


def test_every_output_has_classes_of_its_own():
    net, data = heads()
    net.train(data, data, **TRAINING, metrics=[{"form": "acc", "output_name": "cls"}])
    assert {name: labels.classes for name, labels in net.encoders.items()} == {"cls": ["Greater", "Less"],
                                                                              "yes": [False, True]}
    found = net.predict(X)
    assert (found["cls"] == WORDS).mean() == net.history[-1]["valid_acc(cls)"] > 0.8
    assert (found["yes"] == (X[:, 0] > 0)).mean() > 0.8
    assert found["num"].shape == (40, 1)
    raw = net.predict(X, decode=False)
    np.testing.assert_array_equal(raw["cls"].argmax(axis=1), found["cls"] == "Less")
    np.testing.assert_array_equal(raw["yes"][:, 0] > 0.5, found["yes"])


# ------------------------------------------------------------------------------------------------------------- given


def test_given_classes_have_their_order():
    net = softmax(classes=["Less", "Greater"])
    p = net.predict(X, decode=False)
    np.testing.assert_array_equal(net.predict(X), np.where(p[:, 0] >= p[:, 1], "Less", "Greater"))
    record = net.train([X, WORDS], **STILL)[0]
    np.testing.assert_allclose(record["loss"], -np.log(np.where(LESS, p[:, 0], p[:, 1])).mean())
    assert net.encoders["out"].classes == ["Less", "Greater"]


def test_the_second_class_of_a_sigmoid_is_its_probability():
    net = sigmoid(classes={"out": ["Less", "Greater"]})
    p = net.predict(X, decode=False)[:, 0]
    record = net.train([X, WORDS], **STILL)[0]
    np.testing.assert_allclose(record["loss"], -np.log(np.where(LESS, 1 - p, p)).mean())
    np.testing.assert_array_equal(net.predict(X), np.where(p > 0.5, "Greater", "Less"))


def test_given_numbers_that_are_tuples_are_classes():
    kinds = [(1, 2), (3, 4)]
    net = softmax(classes=kinds)
    net.train([X, [kinds[int(v)] for v in LESS]], **TRAINING)
    assert np.mean([a == kinds[int(b)] for a, b in zip(net.predict(X), LESS, strict=True)]) > 0.9


def test_classes_reach_batches_that_cannot_be_looked_at():
    net = softmax(classes=["Less", "Greater"])
    net.train(lambda: [X, WORDS], train_batches=1, **TRAINING)
    assert (net.predict(X) == WORDS).mean() > 0.9
    with pytest.raises(symloss.DataError, match=r"batch 0.*is not a class of this model.*classes=\[...\]"):
        softmax().train(lambda: [X, WORDS], train_batches=1, **TRAINING)


@pytest.mark.parametrize(("classes", "error", "words"), [
    (["Less", "Greater"], symloss.SpecError, "2 outputs could have them. Write which one, for example classes={'cls'"),
    ({"clz": ["a", "b"]}, symloss.UnknownNameError, "output in classes: 'clz'.*did you mean 'cls'"),
    ({"cls": ["a", "b", "c"]}, symloss.SpecError, "3 classes for 'cls', which distinguishes 2"),
    ({"yes": ["a"]}, symloss.SpecError, r"1 classes for 'yes', which distinguishes 2.*\[no, yes\]"),
    ({"cls": "ab"}, symloss.SpecError, "classes of 'cls' are 'ab', but .* a list"),
    ({"cls": ["a", "a"]}, symloss.DataError, "names a class twice"),
])
def test_classes_that_cannot_be(classes, error, words):
    def two():
        return Network([2, {"name": "cls", "size": 2, "activation": "softmax"},
                        {"name": "other", "size": 2, "activation": "softmax", "inputs": "in"},
                        {"name": "yes", "size": 1, "activation": "sigmoid", "inputs": "in"}], classes=classes)

    with pytest.raises(error, match=words):
        two()


def test_a_regressor_predicts_numbers():
    with pytest.raises(symloss.SpecError, match="a Regressor predicts numbers. Use a Classifier or a Network"):
        Regressor([2, (1, "sigmoid")], loss="bce", classes=["a", "b"])
    net = Regressor([2, (1, "sigmoid")], loss="bce", mode="PYTHON")
    net.train([X, LESS], **STILL)
    assert net.predict(X).dtype.kind == "f"


# ----------------------------------------------------------------------------------------------------------- checked


@pytest.mark.parametrize("make", [softmax, sigmoid])
def test_an_unknown_label_is_named_with_its_row_in_training_validation_and_score(make):
    net = make()
    net.train([X, WORDS], **STILL)
    odd = WORDS.astype(object)
    odd[7] = "Equal"
    uses = {"train": lambda: net.train([X, odd], **STILL), "valid": lambda: net.train([X, WORDS], [X, odd], **STILL),
            "measure": lambda: net.measure([X, odd]), "score": lambda: net.score(X, odd)}
    for who, use in uses.items():
        with pytest.raises(symloss.DataError, match=f"{who}: target, row 7: 'Equal' is not a class.*'Greater', 'Less'"):
            use()


@pytest.mark.parametrize("make", [softmax, sigmoid])
def test_what_was_learned_from_refused_data_is_forgotten(make):
    net = make()
    with pytest.raises(symloss.DataError):
        net.train([X, WORDS], [X[:3], ["Less", "Equal", "Less"]], **STILL)
    assert net.encoders == {}


@pytest.mark.parametrize(("make", "labels", "words"), [
    (softmax, ["a", "b", "c", "d"] * 10, "4 different labels .*model has 2 outputs"),
    (sigmoid, ["a", "b", "c", "d"] * 10, "4 different labels.*a sigmoid of one unit distinguishes two.*softmax"),
    (sigmoid, ["a"] * 40, r"1 different label \('a'\).*Name both, classes=\[no, yes\]"),
    (softmax, ["a", 1] * 20, "labels have several types"),
    (softmax, ["a", None] * 20, "row 1: None is not a class.*missing"),
    (sigmoid, ["a", None] * 20, "row 1: None is not a class.*missing"),
    (softmax, ["a", float("nan")] * 20, "row 1: nan is not a class.*missing"),
    (softmax, [[0.5, 0.6]] * 40, "row 0: 1.1 is not 1. Divide each row by its sum"),
    (softmax, [0.5, 1] * 20, "0.5 is not a class index"),
    (softmax, [1, 2] * 20, "2 is out of range. Pass labels from 0 to 1. Yours seem to begin with 1: pass y - 1"),
    (softmax, [10, 20] * 20, r"10 is out of range.*If your classes are other numbers, name them: classes=\[...\]"),
    (sigmoid, [0.5, 1.5] * 20, "row 1.*1.5 is not a probability"),
])
def test_targets_that_cannot_be(make, labels, words):
    labels = labels if isinstance(labels[0], str) or None in labels else np.array(labels)
    with pytest.raises(symloss.DataError, match=words):
        make().train([X, labels], **STILL)


@pytest.mark.parametrize("form", ["index", "column", "one-hot", "booleans", "probabilities"])
def test_index_one_hot_and_probabilities_are_the_same_targets(form):
    index = LESS.astype(int)
    given = {"index": index, "column": index[:, None], "one-hot": np.eye(2, dtype=int)[index],
             "booleans": np.eye(2, dtype=bool)[index], "probabilities": np.eye(2)[index]}[form]
    net = softmax()
    p = net.predict(X)
    np.testing.assert_allclose(net.train([X, given], **STILL)[0]["loss"], -np.log(p[np.arange(40), index]).mean())
    assert net.predict(X).shape == (40, 2)


def test_a_network_with_classes_takes_probabilities_of_them():
    net = softmax(classes=["Less", "Greater"])
    p, soft = net.predict(X, decode=False), np.tile([0.2, 0.8], (40, 1))
    np.testing.assert_allclose(net.train([X, soft], **STILL)[0]["loss"], -(soft * np.log(p)).sum(axis=1).mean())
    assert set(net.predict(X)) <= {"Less", "Greater"}


@pytest.mark.parametrize("make", [softmax, sigmoid])
def test_a_missing_label_of_weight_0_is_no_class(make):
    labels = WORDS.astype(object)
    labels[3] = None
    net = make(weighted=True)
    net.train([X, labels, np.arange(40) != 3], **STILL)
    other = make(weighted=True)
    other.train([X, WORDS, np.arange(40) != 3], **STILL)
    assert net.encoders["out"].classes == ["Greater", "Less"]
    assert net.history[-1]["loss"] == other.history[-1]["loss"]


def test_class_weights_go_by_the_names_of_classes():
    net, data = heads(loss={"cls": "xe"})
    p = net.predict(X, decode=False)["cls"]
    each = -np.log(np.where(LESS, p[:, 1], p[:, 0]))
    w = np.where(LESS, 3.0, 1.0)
    record = net.train({"in": X, "cls": WORDS}, class_weight={"cls": {"Less": 3}}, **STILL)[0]
    np.testing.assert_allclose(record["loss"], (w * each).sum() / w.sum())


# -------------------------------------------------------------------------------------------------------------- kept


@pytest.mark.parametrize("way", ["file", "pickle", "copy"])
def test_classes_are_kept(way, tmp_path):
    net, data = heads(classes={"cls": ["Less", "Greater"]})
    net.train(data, **STILL)
    if way == "file":
        net.save(tmp_path / "net")
        kept = symloss.load(tmp_path / "net")
    else:
        kept = pickle.loads(pickle.dumps(net)) if way == "pickle" else copy.deepcopy(net)
    assert {name: labels.classes for name, labels in kept.encoders.items()} == {"cls": ["Less", "Greater"],
                                                                               "yes": [False, True]}
    for name, found in net.predict(X).items():
        np.testing.assert_array_equal(kept.predict(X)[name], found)
    kept.encoders.clear()
    assert net.encoders.keys() == {"cls", "yes"}


def test_parts_have_the_classes_of_their_outputs():
    net, data = heads()
    net.train(data, **TRAINING)
    whole = net.predict(X)
    np.testing.assert_array_equal(net.part("in", "cls").predict(X), whole["cls"])
    np.testing.assert_array_equal(net.take("in", "yes").predict(X), whole["yes"])
    hidden = net.feed_forward(X)["hid:out"]
    np.testing.assert_array_equal(net["cls"].predict(hidden), whole["cls"])
    assert net["hid"].encoders == {}


def test_a_network_within_another_has_the_classes_of_the_whole():
    inner = symloss.Network([2, (2, "softmax")], loss=None)
    net = Network([2, {"form": "network", "network": inner, "name": "judge"}], mode="PYTHON", classes=["a", "b"])
    np.testing.assert_array_equal(net["judge"].predict(X), net.predict(X))
    assert set(net.predict(X)) <= {"a", "b"}


def test_repr_makes_the_network_again():
    net = softmax(classes=["Less", "Greater"])
    again = eval(repr(net), {"Network": Network})
    assert again.encoders["out"].classes == ["Less", "Greater"]


def test_a_classifier_learns_with_the_same_implementation():
    net = Classifier([2, 2], mode="PYTHON")
    net.train([X, WORDS], **TRAINING)
    assert net.encoder is net.encoders["out"]
    assert net.classes == ["Greater", "Less"]
    assert (net.predict(X) == WORDS).mean() > 0.9
    np.testing.assert_array_equal(net.predict(X, indices=True), net.predict_proba(X).argmax(axis=1))


def test_a_check_of_gradients_takes_classes():
    net = sigmoid()
    net.train([X, WORDS], **STILL)
    assert symloss.check(net, [X[:4], WORDS[:4]])


# ----------------------------------------------------------------------------------------- labels that begin with 1


def like_wolfram(kind):
    if kind == "classifier":
        return Classifier([2, 3], loss=symloss.Loss("xe", like="wolfram"), mode="PYTHON")
    return Network([2, (3, "softmax")], loss=symloss.Loss("xe", like="wolfram"), mode="PYTHON")


FROM_1 = "out of range. Pass labels from 0 to 2. Yours seem to begin with 1: pass y - 1"


@pytest.mark.parametrize("kind", ["classifier", "network"])
def test_labels_from_1_are_refused_like_wolfram(kind):
    labels = np.arange(40) % 3 + 1
    with pytest.raises(symloss.DataError, match=f"row 2: 3 is {FROM_1}"):
        like_wolfram(kind).train([X, labels], **STILL)
    assert np.isfinite(like_wolfram(kind).train([X, labels - 1], **STILL)[0]["loss"])


@pytest.mark.parametrize("name", ["xe", "label_cross_entropy"])
def test_labels_from_1_are_refused_like_wolfram_on_arrays(name):
    p = np.full((3, 3), 1 / 3)
    with pytest.raises(symloss.DataError, match=f"row 2: 3 is {FROM_1}"):
        symloss.evaluate.value(name, p, [1, 2, 3], like="wolfram")
    np.testing.assert_allclose(symloss.evaluate.value(name, p, [0, 1, 2], like="wolfram"), np.log(3))


def test_labels_from_1_are_refused_as_an_input_of_a_loss_within_a_network():
    net = Network({"in": 2, "p": (3, "softmax"), "label": {"form": "input", "size": 1, "dtype": "int32"},
                   "loss": {"form": "loss", "loss": "xe", "like": "wolfram"}},
                  edges=["in -> p -> loss", "label -> loss"], loss="loss", mode="PYTHON")
    labels = (np.arange(40) % 3)[:, None]
    assert np.isfinite(net.train({"in": X, "label": labels}, **STILL)[0]["loss"])
    for use in (lambda: net.train({"in": X, "label": labels + 1}, **STILL),
                lambda: net.feed_forward({"in": X, "label": labels + 1})):
        with pytest.raises(symloss.DataError, match=f"label, row 2, column 0: 3 is {FROM_1}"):
            use()
