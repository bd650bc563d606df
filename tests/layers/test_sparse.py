"""Sparse inputs: the numbers of dense ones, in every way data can come, and never made dense."""

import numpy as np
import pytest
import scipy.sparse

import symloss

MAKE = {"csr": scipy.sparse.csr_matrix, "csc": scipy.sparse.csc_matrix}


def model(sparse, seed=1, **options):
    return symloss.Regressor([{"size": 30, "sparse": sparse}, (6, "tanh"), 2], seed=seed, **options)


@pytest.fixture
def data(rng):
    """Inputs (50, 30) of which nine tenths are 0, and targets (50, 2)."""
    x = np.where(rng.uniform(size=(50, 30)) < 0.1, rng.normal(size=(50, 30)), 0)
    return x, np.tanh(x @ rng.normal(size=(30, 2)))


@pytest.fixture
def never_dense(monkeypatch):
    """Make every way from a sparse matrix to a dense array fail."""

    def refuse(self, *arguments, **keywords):
        raise AssertionError("a sparse matrix was made dense")

    for cls in (scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.coo_matrix):
        monkeypatch.setattr(cls, "toarray", refuse)
        monkeypatch.setattr(cls, "todense", refuse)


@pytest.mark.parametrize("form", MAKE)
def test_training_on_sparse_data_is_training_on_dense_data(form, data, backend, never_dense):
    """Every update has the same gradients; noise and shuffling are the same as well."""
    x, y = data
    found = []
    for sparse, given in ((None, x), (form, MAKE[form](x))):
        net = model(sparse, mode=backend)
        options = dict(algo="adam", epochs=4, batch_size=16, hidden_dropout=0.2, weight_l2=0.01, verbose=0)
        history = net.train([given, y], [given[:20], y[:20]], **options)
        found.append([*(p.get_value() for p in net.params), net.predict(given), history[-1]["loss"],
                      history[-1]["valid"]["loss"] if "valid" in history[-1] else 0.0])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.c
def test_c_trains_on_sparse_data(data):
    x, y = data
    found = []
    for sparse, given in ((None, x), ("csr", MAKE["csr"](x))):
        net = model(sparse, mode="C")
        net.train([given, y], algo="sgd", learning_rate=0.1, epochs=3, batch_size=16, verbose=0)
        found.append([*(p.get_value() for p in net.params), net.predict(given)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_the_gradient_of_the_first_weights_is_right(data):
    """A step of sgd moves w by x.T times the slope, in numpy."""
    x, y = data
    net = symloss.Regressor([{"size": 30, "sparse": "csr"}, 2])
    w = net.find("out", "w").get_value()
    net.train([scipy.sparse.csr_matrix(x), y], algo="sgd", learning_rate=0.5, batch_size=0, epochs=1, verbose=0)
    np.testing.assert_allclose(net.find("out", "w").get_value(), w - 0.5 * x.T @ (2 * (x @ w - y) / y.size))


def test_sparse_batches_of_a_stream_and_full_batches(data):
    x, y = data
    matrix = scipy.sparse.csr_matrix(x)
    net, other = model("csr"), model("csr")
    batches = [(matrix[i : i + 10], y[i : i + 10]) for i in range(0, 50, 10)]
    first = net.train(AgainAndAgain(batches), algo="adam", epochs=5, learning_rate=0.02, verbose=0)
    assert first[-1]["loss"] < first[0]["loss"]
    full = other.train([matrix, y], algo="lbfgs", epochs=20, verbose=0)
    assert full[-1]["loss"] < 0.2 * full[0]["loss"]


class AgainAndAgain:
    """An iterable of batches that starts anew each epoch."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def test_a_dense_and_a_sparse_input_side_by_side(data, rng):
    x, y = data
    side = rng.normal(size=(50, 3))
    layers = [{"size": 30, "sparse": "csr"}, {"form": "input", "size": 3, "name": "side"},
              {"size": 4, "inputs": ["in", "side"]}, 2]
    net = symloss.Regressor(layers)
    net.train([scipy.sparse.csr_array(x), side, y], epochs=1, verbose=0)
    got = net.feed_forward([scipy.sparse.csr_matrix(x), side])
    pre = x @ net.find("hid2", "w_in").get_value() + side @ net.find("hid2", "w_side").get_value()
    np.testing.assert_allclose(got["hid2:pre"], pre + net.find("hid2", "b").get_value())
    assert scipy.sparse.issparse(got["in:out"]) and abs(got["in:out"] - x).max() == 0


def test_rows_beyond_one_prediction_are_joined(data, monkeypatch):
    x, _ = data
    net = model("csc")
    whole = net.predict(scipy.sparse.csc_matrix(x))
    monkeypatch.setattr(symloss.models.predicting, "PREDICTION_ROWS", 7)
    np.testing.assert_allclose(net.predict(x), whole)  # a dense array is taken too
    assert abs(net.feed_forward(x)["in:out"] - x).max() == 0


def test_a_model_of_sparse_inputs_is_saved(data, tmp_path):
    x, y = data
    net = model("csr")
    net.train([scipy.sparse.csr_matrix(x), y], epochs=1, verbose=0)
    net.save(tmp_path / "net")
    again = symloss.load(tmp_path / "net")
    assert again.graph.inputs[0].sparse == "csr"
    assert np.array_equal(again.predict(scipy.sparse.csr_matrix(x)), net.predict(scipy.sparse.csr_matrix(x)))


@pytest.mark.parametrize(("make", "words"), [
    (lambda m: m[:, :9], r"\(50, 9\).*\(n, 30\)"),
    (lambda m: m * np.nan, "train: in, row .*nan is not finite"),
    (lambda m: m.astype(complex), "complex128"),
    (lambda m: m[:0], "differ in length"),
    (lambda m: [["a"]] * 50, "sparse matrix|dtype"),
])
def test_wrong_sparse_data_are_refused(make, words, data):
    x, y = data
    with pytest.raises(symloss.SymlossError, match=words):
        model("csr").train([make(scipy.sparse.csr_matrix(x)), y], epochs=1, verbose=0)


def test_the_row_of_a_wrong_number_is_named(data):
    x, y = data
    x[17] = 0
    x[17, 4] = np.inf
    with pytest.raises(symloss.DataError, match="row 17, column 4: inf"):
        model("csr").train([scipy.sparse.csr_matrix(x), y], epochs=1, verbose=0)


@pytest.mark.parametrize("build, words", [
    (lambda: model("coo"), "'csr', 'csc'"),
    (lambda: symloss.Regressor([{"shape": (3, 4), "sparse": "csr"}, 1]), "Write a size"),
    (lambda: symloss.Regressor([{"size": 4, "sparse": "csr"}, {"form": "reshape", "shape": (2, 2)}, 1]), "is sparse"),
    (lambda: symloss.Autoencoder([{"size": 4, "sparse": "csr"}, 2, 4]), "dense array"),
    (lambda: model("csr").train([np.zeros((3, 30)), np.zeros((3, 2))], input_noise=0.1, verbose=0), "is sparse"),
    (lambda: model("csr").add_loss("gp", ports={"at": "in"}), "gradient_penalty: in:out is sparse.*ports"),
    (lambda: model("csr").train([np.zeros((3, 30)), np.zeros((3, 2))], hidden_l1={"in*": 0.1}, verbose=0),
     "no output matches 'in\\*'. There are hid1:out"),
    (lambda: model("csr").train([np.zeros((3, 30)), np.zeros((3, 2))], contractive=0.1, verbose=0), "no input matches"),
])
def test_what_sparse_matrices_cannot_do_is_said(build, words):
    with pytest.raises((symloss.SpecError, symloss.UnknownNameError), match=words):
        build()
