"""Arrays on their way into a model: what is taken as it is meant, and what is refused with which words."""

import numpy as np
import pytest

import symloss
from symloss import (
    Autoencoder,
    Classifier,
    DataError,
    Regressor,
    ShapeError,
)

STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}
N = 12


@pytest.fixture
def x(rng):
    return rng.normal(size=(N, 4))


def loss(net, *data):
    return net.train(list(data), **STILL)[-1]["loss"]


# -------------------------------------------------------------------------------------------------------------- taken


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "uint64", "float32", "float64", ">i4"])
def test_labels_of_any_number_type(dtype, x):
    y = np.arange(N) % 3
    wanted = loss(Classifier([4, 3]), x, y)
    assert loss(Classifier([4, 3]), x, y.astype(dtype)) == wanted
    assert loss(Classifier([4, 3]), x, y[:, None].astype(dtype)) == wanted


def test_labels_as_lists_booleans_and_one_hot(x):
    y = np.arange(N) % 2
    wanted = loss(Classifier([4, 2]), x, y)
    for given in (y.tolist(), tuple(y.tolist()), y.astype(bool), np.eye(2)[y], np.eye(2, dtype="uint8")[y],
                  np.eye(2, dtype=bool)[y], np.eye(2)[y].tolist()):
        assert loss(Classifier([4, 2]), x, given) == wanted


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64", "float32", "float64", "float16"])
def test_targets_of_any_number_type(dtype, x, rng):
    y = rng.integers(0, 2, size=(N, 3))
    np.testing.assert_allclose(loss(Regressor([4, 3]), x, y.astype(dtype)), loss(Regressor([4, 3]), x, y.astype(float)))


@pytest.mark.parametrize("order", ["F", "strided", "reversed"])
def test_inputs_of_any_memory_layout(order, x):
    given = {"F": np.asfortranarray(x), "strided": np.repeat(x, 2, axis=0)[::2], "reversed": x[::-1].copy()[::-1]}
    given = given[order]
    y = np.ones((N, 1))
    assert loss(Regressor([4, 1]), given, y) == loss(Regressor([4, 1]), x, y)


def test_lists_tuples_and_dicts(x):
    y = x[:, :3]
    wanted = loss(Regressor([4, 3]), x, y)
    assert Regressor([4, 3]).train((x, y), **STILL)[0]["loss"] == wanted
    assert Regressor([4, 3]).train([x.tolist(), y.tolist()], **STILL)[0]["loss"] == wanted
    assert Regressor([4, 3]).train({"target": y, "in": x}, **STILL)[0]["loss"] == wanted


def test_an_autoencoder_takes_its_array_alone_or_in_a_list(x):
    found = [Autoencoder([4, 2, 4]).train(d, **STILL)[0]["loss"] for d in (x, [x], (x,), {"in": x}, x.tolist())]
    assert len(set(found)) == 1


def test_a_vector_against_a_column_is_aligned(x, rng):
    y = rng.normal(size=N)
    net = Regressor([4, 1])
    wanted = ((net.predict(x)[:, 0] - y) ** 2).mean()
    np.testing.assert_allclose(loss(net, x, y), wanted)
    np.testing.assert_allclose(loss(net, x, y[:, None]), wanted)


def test_an_input_of_one_variable_may_be_a_vector(rng):
    x = rng.normal(size=N)
    net = Regressor([1, 2])
    np.testing.assert_allclose(net.predict(x), net.predict(x[:, None]))


# -------------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((N, 5), [f"({N}, 5)", "(n, 4)"]),
        ((N, 4, 1, 1), [f"({N}, 4, 1, 1)", "(n, 4)"]),
        ((4,), ["(4,)", "(n, 4)", "single item"]),
        ((N,), [f"({N},)", "(n, 4)"]),
        ((), ["()", "(n, 4)"]),
    ],
)
def test_inputs_of_another_shape_are_refused_with_both_shapes(given, words, compilations):
    net = Regressor([4, 3])
    uses = [net.predict, lambda d: net.train([d, np.zeros((len(d), 3))], **STILL)]
    for use in uses if given else uses[:1]:
        with pytest.raises(ShapeError) as caught:
            use(np.zeros(given))
        assert all(word in str(caught.value) for word in ["in", *words])
    assert not compilations


@pytest.mark.parametrize(
    ("model", "shape", "words"),
    [
        (Regressor([4, 3]), (N,), [f"({N},)", "(n, 3)"]),
        (Regressor([4, 3]), (N, 1), [f"({N}, 1)", "(n, 3)"]),
        (Regressor([4, 1]), (N, 3), [f"({N}, 3)", "(n, 1)"]),
        (Regressor([4, 3]), (N, 3, 2), [f"({N}, 3, 2)", "(n, 3)"]),
        (Classifier([4, 3]), (N, 2), [f"({N}, 2)", "(n,)"]),
        (Classifier([4, 3]), (N, 3, 3), [f"({N}, 3, 3)", "(n,)"]),
    ],
    ids=repr,
)
def test_targets_of_another_shape_are_refused_with_both_shapes(model, shape, words, x, compilations):
    before = [p.get_value() for p in model.params]
    with pytest.raises(ShapeError) as caught:
        model.train([x, np.zeros(shape)], epochs=1, verbose=0)
    assert all(word in str(caught.value) for word in ["target", *words])
    assert not compilations
    assert all(np.array_equal(p.get_value(), v) for p, v in zip(model.params, before, strict=True))


def test_validation_data_are_checked_before_anything_is_compiled(x, compilations):
    with pytest.raises(ShapeError, match="valid: target"):
        Regressor([4, 3]).train([x, x[:, :3]], [x, x], epochs=1, verbose=0)
    assert not compilations


def test_inputs_and_targets_of_different_length(x):
    with pytest.raises(DataError, match="in has 12, target has 11"):
        loss(Regressor([4, 3]), x, x[:11, :3])
    with pytest.raises(DataError, match="weights has 5"):
        loss(Regressor([4, 3], weighted=True), x, x[:, :3], np.ones(5))
    with pytest.raises(DataError, match="side has 5"):
        Regressor([4, {"form": "input", "size": 3, "name": "side"}, {"size": 1, "inputs": ["in", "side"]}]).predict(
            [x, x[:5, :3]])


def test_arrays_of_one_width_and_different_lengths_are_no_ragged_sequences(x):
    with pytest.raises(DataError, match="in has 12, target has 11"):
        loss(Regressor([4, 4]), x, x[:11])
    layers = [4, {"form": "input", "size": 4, "name": "side"}, {"size": 1, "inputs": ["in", "side"]}]
    with pytest.raises(DataError, match="side has 5"):
        Regressor(layers).predict([x, x[:5]])
    with pytest.raises(DataError, match="weights has 5"):
        loss(Autoencoder([4, 2, 4], weighted=True), x, x[:5])


@pytest.mark.parametrize("bad", [3, -1, 255])
@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_a_label_out_of_range_is_named_with_its_row(bad, dtype, x, compilations):
    y = np.zeros(N, dtype)
    y[7] = y[9] = bad
    with pytest.raises(DataError, match=rf"row 7: {bad}(\.0)? is out of range.*0 to 2.*values: 2"):
        loss(Classifier([4, 3]), x, y)
    assert not compilations


@pytest.mark.parametrize("bad", [0.5, np.nan, 1e-9])
def test_a_fractional_label_is_named_with_its_row(bad, x):
    y = np.zeros(N)
    y[7] = bad
    with pytest.raises(DataError, match="row 7.*not a class index"):
        loss(Classifier([4, 3]), x, y)


def test_soft_targets_for_a_classifier_are_refused_with_the_way_out(x):
    with pytest.raises(ShapeError, match="Regressor.*softmax"):
        loss(Classifier([4, 3]), x, np.full((N, 3), 1 / 3))


def test_labels_of_a_loss_on_another_output_say_how_they_are_taken(x):
    layers, labels = [4, {"size": 3, "activation": "softmax", "name": "c"}, 2], np.arange(N) % 3
    net = Regressor(layers, loss=None)
    net.add_loss("xe", output_name="c")
    with pytest.raises(ShapeError, match=r"c:target has shape .*For labels, make the loss with target=1"):
        net.train([x, labels], **STILL)
    net = Regressor(layers, loss=None)
    net.add_loss("xe", output_name="c", target=1)
    assert np.isfinite(loss(net, x, labels))


def test_signs_of_a_hinge_are_checked(x):
    net = Regressor([4, 1], loss="hinge")
    assert np.isfinite(loss(net, x, np.where(x[:, 0] > 0, 1, -1)))
    with pytest.raises(DataError, match="row 1.*2 . y - 1"):
        loss(net, x, np.where(np.arange(N) == 1, 0, 1))


@pytest.mark.parametrize("model", [Regressor([4, 3]), Classifier([4, 3]), Autoencoder([4, 2, 4])], ids=repr)
def test_an_empty_data_set_is_refused(model, x):
    targets = np.zeros(0 if isinstance(model, Classifier) else (0, 3))
    data = [x[:0]] if isinstance(model, Autoencoder) else [x[:0], targets]
    with pytest.raises(DataError, match="empty"):
        model.train(data, **STILL)
    with pytest.raises(DataError, match="empty"):
        model.predict(x[:0])


@pytest.mark.parametrize(
    "data", [[], [np.zeros((N, 4))], [np.zeros((N, 4))] * 3, np.zeros((N, 4)), (np.zeros((N, 4)),), {}], ids=len)
def test_missing_or_extra_arrays_say_what_is_wanted(data, compilations):
    with pytest.raises(DataError, match="in.*target|target.*in"):
        Regressor([4, 3]).train(data, **STILL)
    assert not compilations


def test_a_dict_with_a_misspelt_name(x):
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'target'"):
        Regressor([4, 3]).train({"in": x, "tagret": x[:, :3]}, **STILL)
    with pytest.raises(DataError, match="target is missing"):
        Regressor([4, 3]).train({"in": x}, **STILL)


@pytest.mark.parametrize(
    "given", [np.array([["a"] * 4] * N), [[1, 2, 3, 4], [1, 2]], np.zeros((N, 4), complex), None, "text",
              np.zeros((N, 4), dtype="M8[s]"), np.array([["1", "a", "2", "3"]] * N, dtype=object)],
    ids=lambda v: str(v)[:12])
def test_what_is_no_array_of_numbers_is_refused(given):
    with pytest.raises(symloss.SymlossError, match="in "):
        Regressor([4, 3]).train([given, np.zeros((N, 3))], **STILL)
    with pytest.raises(symloss.SymlossError):
        Regressor([4, 3]).predict(given)


@pytest.mark.parametrize("given, words", [
    (None, "in is None. Pass an array"),
    (np.zeros((N, 4), "M8[D]"), "contains dates.*days since"),
    (np.zeros(N, [("a", float), ("b", float)]), "structured_to_unstructured"),
    ([[1, 2, 3, "x"]] * N, "contains '1'|contains 'x'"),
], ids=["None", "dates", "structured", "text"])
def test_what_is_no_number_gets_a_hint(given, words):
    with pytest.raises(DataError, match=words):
        Regressor([4, 3]).predict(given)


def test_a_bfloat16_array_gets_a_hint():
    types = pytest.importorskip("ml_dtypes")
    with pytest.raises(DataError, match=r"bfloat16.*astype\('float32'\)"):
        Regressor([4, 3]).predict(np.zeros((N, 4), types.bfloat16))


def test_train_of_x_and_y_says_that_both_go_into_one_list(x):
    with pytest.raises(DataError, match=r"got 1 array, but the model needs 2 arrays: in.*train\(\[in, target\]\)"):
        Regressor([4, 3]).train(x, x[:, :3], **STILL)


def test_nan_in_targets_names_weights(x):
    with pytest.raises(DataError, match="row 2, column 1: nan is not finite.*weighted=True"):
        loss(Regressor([4, 3]), x, np.where((np.arange(N) == 2)[:, None] & (np.arange(3) == 1), np.nan, x[:, :3]))


def test_a_sparse_target_trains_as_a_dense_one(x):
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(x[:, :3])
    assert loss(Regressor([4, 3]), x, sparse) == loss(Regressor([4, 3]), x, x[:, :3])


@pytest.mark.parametrize("loss_name, bad, words", [("bce", 255.0, "255.0 is not a probability"),
                                                   ("hinge", 0.5, "0.5 is neither -1 nor 1")])
def test_the_inputs_of_an_autoencoder_are_checked_as_the_targets_they_are(loss_name, bad, words, compilations):
    given = np.ones((N, 4))
    given[3, 1] = bad
    net = Autoencoder([4, 2, (4, "sigmoid" if loss_name == "bce" else "linear")], loss=loss_name)
    wanted = f"in, row 3, column 1: {words}.*also a target"
    for data in ([given], [np.ones((N, 4)), given]):
        with pytest.raises(DataError, match=wanted):
            net.train(*data, **STILL)
    assert not compilations
    with pytest.raises(DataError, match=wanted):
        net.score(given, metric=loss_name)
    silent = Autoencoder([4, 2, (4, "sigmoid")], loss="bce", weighted=True)
    silent.train([given.clip(0), (given <= 1).astype(float)], **STILL)


@pytest.mark.parametrize("saved", [False, True])
def test_targets_minus_predictions_are_no_table(x, saved, tmp_path):
    y = x[:, 0]
    net = Regressor([4, 1])
    assert net.predict(x).shape == (N, 1)
    net.train([x, y], **STILL)
    if saved:
        net.save(tmp_path / "net")
        net = symloss.load(tmp_path / "net")
    assert (y - net.predict(x)).shape == (N,)
    net.train(iter([[x, y[:, None]]]), [x, y], train_batches=1, **STILL)
    assert (y[:, None] - net.predict(x)).shape == (N, 1)


def test_sequences_of_one_variable_need_no_axis_for_it():
    steps = [np.arange(n) / 5 for n in (3, 5)]
    net = symloss.recurrent.Regressor([1, (3, "rnn"), 1], mode="PYTHON")
    net.train([steps, steps], **STILL)
    assert [p.shape for p in net.predict(steps)] == [(3,), (5,)]


# -------------------------------------------------------------------------------------------------------------- frames


class Frame:
    """What pandas and polars have in common."""

    def __init__(self, **columns):
        self.columns, self.dtypes, self.values = list(columns), None, columns

    shape = property(lambda self: (N, len(self.columns)))

    def __getitem__(self, name):
        return self.values[name]

    def __array__(self, dtype=None, copy=None):
        return np.stack([np.asarray(v, object) for v in self.values.values()], axis=1)


@pytest.mark.parametrize("column, words", [
    (np.full(N, np.datetime64("2020-01-01")), "column 'when' contains dates"),
    (["Ulm"] * N, "column 'when' .*'Ulm'"),
    (np.where(np.arange(N) == 4, np.nan, 1.0), "row 4, column 'when': nan is not finite"),
    (np.array([None] + [1] * (N - 1), dtype=object), "row 0, column 'when': nan is not finite"),
], ids=["dates", "text", "nan", "None"])
def test_a_frame_names_the_column_that_is_no_number(column, words):
    given = Frame(a=np.ones(N), b=np.ones(N, int), when=column, c=np.ones(N, bool))
    with pytest.raises(DataError, match=words):
        Regressor([4, 3]).train([given, np.zeros((N, 3))], **STILL)


def test_a_frame_that_lacks_a_column_names_those_it_has():
    with pytest.raises(ShapeError, match="Its columns are 'a', 'b'"):
        Regressor([4, 3]).predict(Frame(a=np.ones(N), b=np.ones(N)))


@pytest.mark.parametrize("kind", ["category", "string", "object"])
def test_series_of_text_are_labels(kind, x):
    pandas = pytest.importorskip("pandas")
    names = pandas.Series(np.array(["a", "b", "c"])[np.arange(N) % 3], dtype=kind)
    net = Classifier([4, 3])
    net.train([pandas.DataFrame(x), names], **STILL)
    assert net.classes == ["a", "b", "c"]
    with pytest.raises(DataError, match="row 5: .*missing"):
        net.train([x, names.where(np.arange(N) != 5)], **STILL)


def test_predict_refuses_nothing_in_the_place_of_a_number():
    with pytest.raises(symloss.SymlossError):
        Regressor([4, 3]).predict(np.array([[None] * 4] * N))
