"""Examples one by one, dicts and frames are the same data as arrays; what could be read in two ways is refused."""

import numpy as np
import pytest

import symloss
from symloss.data import Field, open_source, prepare
from symloss.data.columns import is_batches, named

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [0.5, 1.5, 2.5]])
Y = np.array([0, 1, 1, 0])
FIELDS = [Field("in", "input", (None, 3), "float64", also=("Input",)),
          Field("target", "label", (None,), "int32", classes=2, also=("out", "Output"))]
WIDE = [FIELDS[0], Field("target", "target", (None, 3), "float64")]
STEPS = [Field("in", "input", (None, None, 3), "float64"), Field("target", "target", (None, 1), "float64")]


class Series:
    """What is wanted of a column of a frame."""

    def __init__(self, values):
        self.values = values

    def to_list(self):
        return list(self.values)

    def __array__(self, dtype=None, copy=None):
        if any(isinstance(value, list) for value in self.values):
            array = np.empty(len(self.values), object)
            array[:] = self.values
            return array
        return np.asarray(self.values, dtype)


class Frame:
    """What frames of pandas and of polars have in common."""

    def __init__(self, columns):
        self.content, self.columns, self.dtypes = columns, list(columns), [None] * len(columns)
        self.shape = len(next(iter(columns.values()))), len(columns)

    def __getitem__(self, name):
        return Series(self.content[name])

    def __len__(self):
        return self.shape[0]


def check(data, fields=FIELDS, x=X, y=Y):
    found = prepare(data, fields, "train")
    np.testing.assert_array_equal(found[0], x)
    np.testing.assert_array_equal(found[1], y)


@pytest.mark.parametrize("data", [
    list(zip(X, Y, strict=True)), tuple(zip(X, Y, strict=True)), [[x, y] for x, y in zip(X, Y, strict=True)],
    [(x.tolist(), int(y)) for x, y in zip(X, Y, strict=True)], [(x, np.eye(2)[y]) for x, y in zip(X, Y, strict=True)],
    [(x, [y]) for x, y in zip(X, Y, strict=True)], [{"in": x, "target": y} for x, y in zip(X, Y, strict=True)],
    [{"Input": x, "Output": y} for x, y in zip(X, Y, strict=True)], {"in": X.tolist(), "target": Y.tolist()},
    {"Input": X, "Output": list(Y)}, {"in": list(X), "out": tuple(Y)}, (X, Y), [X.tolist(), Y.tolist()],
    Frame({"in": list(X), "target": Y}), Frame({"Output": Y.tolist(), "Input": X.tolist()}),
], ids=["pairs", "tuple of pairs", "lists of two", "lists", "one-hot", "columns of 1", "dicts", "Input and Output",
        "dict of lists", "dict of arrays", "by port", "arrays", "nested lists", "frame", "frame of lists"])
def test_every_form_is_the_same_data(data):
    check(data)
    columns = named(data, FIELDS)
    assert set(columns) == {"in", "target"}
    assert not is_batches(data, FIELDS)


@pytest.mark.parametrize("data", [
    (X[0], Y[0]), [X[0], Y[0]], (X[0].tolist(), 0), (X[0], [0]), (X[0], [1, 0]), {"in": X[0], "target": Y[0]},
    {"Input": X[0].tolist(), "Output": 0}, [(X[0], Y[0])], (X[:1], Y[:1]),
], ids=["tuple", "list", "lists", "column", "one-hot", "dict", "Input and Output", "a list of it", "arrays"])
def test_a_single_example_is_one_row(data):
    check(data, x=X[:1], y=Y[:1])


def test_sequences_are_told_from_arrays_of_them_by_their_axes():
    x, y = np.arange(24.0).reshape(2, 4, 3), np.array([[1.0], [2.0]])
    check([x, y], STEPS, x, y)
    check([(x[0], y[0]), (x[1], y[1])], STEPS, x, y)
    check((x[0], 1.0), STEPS, x[:1], y[:1])


def test_examples_with_weights_are_triples():
    fields = [*FIELDS, Field("weights", "weights", (None,), "float64", partner="target")]
    found = prepare(list(zip(X, Y, [1, 2, 0, 1], strict=True)), fields, "train")
    assert found[2].tolist() == [1, 2, 0, 1]


def test_a_list_of_batches_stays_one():
    batches = [(X[:2], Y[:2]), (X[2:], Y[2:])]
    assert is_batches(batches, FIELDS)
    dicts = [{"in": X[:2], "target": Y[:2]}, {"in": X[2:], "target": Y[2:]}]
    assert is_batches(dicts, FIELDS)
    assert open_source(batches, FIELDS, "train").count is None
    assert [len(batch[0]) for batch in open_source(dicts, FIELDS, "train").batches(9)] == [2, 2]


def test_tuples_that_may_be_examples_or_arrays_are_refused_with_both_readings():
    pairs = [([1, 2, 3], [4, 5, 6]), ([7, 8, 9], [10, 11, 12])]
    with pytest.raises(symloss.DataError, match=r"2 tuples of 2 are ambiguous: they may be 2 "
                                                r"examples \(in, target\), or the arrays in, target with 2 rows each"):
        prepare(pairs, WIDE, "train")
    check([*pairs, pairs[0]], WIDE, [[1, 2, 3], [7, 8, 9], [1, 2, 3]], [[4, 5, 6], [10, 11, 12], [4, 5, 6]])
    arrays = [np.array(item) for item in pairs]
    check(arrays, WIDE, *arrays)
    check([item.tolist() for item in arrays], WIDE, *arrays)  # nested lists are arrays


@pytest.mark.parametrize(("data", "words"), [
    ([(x, 0) for x in X[:3, :2]], "If these are 3 examples .in, target., the values of the first one"),
    ([(X[0], 0), (X[1],)], "train, item 1: the example has 1 values, but item 0 has 2"),
    ([{"in": X[0], "target": 0}, {"in": X[1]}], "item 1: it has in, but item 0 has in, target. Pass target for"),
    ([(X[0], 0), (X[1, :2], 1), (X[0], 1)], "in cannot be read.*rows of equal length"),
    (Frame({"age": [1, 2], "size": [3, 4]}), "data frame with the columns 'age', 'size'.*name the columns in, target"),
    (Frame({"in": X.tolist(), "kind": Y}), "array in train data: 'kind'"),
    (Frame({"in": X.tolist(), "target": Y, "more": Y}), "array in train data: 'more'"),
    ({"in": X, "Output": Y, "target": Y}, "got 'target' and another array, which are both for 'target'. Pass only one"),
])
def test_what_is_wrong_with_examples_and_frames_is_named(data, words):
    with pytest.raises(symloss.SymlossError, match=words):
        prepare(data, FIELDS, "train")


def test_a_frame_of_features_stays_an_array():
    alone = [Field("in", "input", (None, 2), "float64", also=("Input",))]
    found = prepare(Frame({"in": [1.0, 2.0], "size": [3.0, 4.0]}), alone, "predict")[0]
    assert found.tolist() == [[1, 3], [2, 4]]
    assert prepare(Frame({"Input": [[1.0, 3.0], [2.0, 4.0]]}), alone, "predict")[0].tolist() == [[1, 3], [2, 4]]


def test_a_missing_word_in_a_frame_is_missing_and_no_word():
    columns = named(Frame({"in": X.tolist(), "target": ["a", float("nan"), "b", None]}), FIELDS)
    assert [value for value in columns["target"] if isinstance(value, str)] == ["a", "b"]


def test_frames_of_pandas():
    pandas = pytest.importorskip("pandas")
    check(pandas.DataFrame({"in": list(X), "target": Y}))
    groups = pandas.DataFrame(np.column_stack([X, Y]), columns=pandas.MultiIndex.from_tuples(
        [("in", "a"), ("in", "b"), ("in", "c"), ("target", "")]))
    check(groups)
    texts = pandas.DataFrame({"Input": X.tolist(), "Output": pandas.Series(["a", "b", "b", "a"], dtype="string")})
    assert named(texts, FIELDS)["target"].tolist() == ["a", "b", "b", "a"]


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    check(polars.DataFrame({"in": X.tolist(), "target": Y}))
    check(polars.DataFrame({"in": X, "target": Y}))  # an array a row
    words = polars.DataFrame({"in": X.tolist(), "target": ["a", "b", "b", "a"]})
    assert named(words, FIELDS)["target"].tolist() == ["a", "b", "b", "a"]


OPTIONS = {"algo": "adam", "learning_rate": 0.1, "epochs": 2, "verbose": 0, "batch_size": 2}


def trained(data, **options):
    net = symloss.Network([3, (2, "softmax")], mode="PYTHON")
    net.train(data, **OPTIONS | options)
    return net.params[0].get_value()


@pytest.mark.parametrize("data", [list(zip(X, Y, strict=True)), Frame({"Input": X.tolist(), "Output": Y}),
                                  lambda: list(zip(X, Y, strict=True))], ids=["pairs", "frame", "function"])
def test_every_form_trains_the_same(data):
    few = {"batch_size": 4} | ({"train_batches": 1} if callable(data) else {})
    np.testing.assert_array_equal(trained(data, **few), trained([X, Y], batch_size=4))


def test_examples_are_split_for_validation():
    pairs = list(zip(X, Y, strict=True))
    np.testing.assert_array_equal(trained(pairs, validation_split=0.25), trained([X, Y], validation_split=0.25))


def test_a_network_of_two_inputs_takes_a_pair():
    distance = {"form": "distance", "name": "apart", "inputs": ["left", "right"]}
    net = symloss.Network([{"form": "input", "name": "left", "size": 3}, {"form": "input", "name": "right", "size": 3},
                           distance], mode="PYTHON")
    wanted = np.linalg.norm(X - X[::-1], axis=1)
    np.testing.assert_allclose(net.predict(list(zip(X, X[::-1], strict=True))).ravel(), wanted)
    np.testing.assert_allclose(net.predict((X[0], X[3])).ravel(), wanted[:1])
    with pytest.raises(symloss.DataError, match="2 tuples of 2 are ambiguous: they may be 2 examples"):
        net.predict([(X[0], X[1]), (X[2], X[3])])
