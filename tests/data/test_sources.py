"""Data of every kind train alike; large ones are read by the window, and memory stays flat."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse

import symloss
from symloss.data import (
    Arrays,
    ExhaustedError,
    Field,
    Stream,
    ahead,
    open_source,
)

N = 60
OPTIONS = {"algo": "adam", "epochs": 3, "batch_size": 16, "verbose": 0}


def arrays():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, (N, 4)).astype("float64")
    return x, x[:, :3].argmax(axis=1)


def trained(data, **options):
    net = symloss.Classifier([4, (5, "tanh"), 3])
    net.train(data, **OPTIONS | options)
    return [p.get_value() for p in net.params]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


class Frame:
    """What numpy knows of a data frame: an object with __array__ and a shape."""

    def __init__(self, values):
        self.values, self.shape = values, values.shape

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)

    def __len__(self):
        return len(self.values)


@pytest.mark.parametrize("kind", ["tuple", "lists", "dict", "uint8", "int64", "float32", "sparse csr", "sparse coo",
                                  "memory map", "frame", "big"])
def test_the_same_numbers_train_the_same_bits_in_whatever_form(kind, tmp_path, monkeypatch):
    x, y = arrays()
    wanted = trained([x, y])
    if kind == "memory map":
        mapped = np.memmap(tmp_path / "x", dtype="uint8", mode="w+", shape=x.shape)
        mapped[:] = x
        mapped.flush()
        data = [np.memmap(tmp_path / "x", dtype="uint8", mode="r", shape=x.shape), y]
    elif kind == "big":
        monkeypatch.setattr("symloss.data.sources.RESIDENT_BYTES", 100)
        monkeypatch.setattr("symloss.training.batching.WINDOW_BYTES", 2000)
        data = [x.astype("uint8"), y]
    else:
        data = {"tuple": (x, y), "lists": [x.tolist(), y.tolist()], "dict": {"target": y, "in": x},
                "uint8": [x.astype("uint8"), y.astype("uint8")], "int64": [x.astype("int64"), y.astype("int64")],
                "float32": [x.astype("float32"), y.astype("float32")],
                "sparse csr": [scipy.sparse.csr_matrix(x), y], "sparse coo": [scipy.sparse.coo_array(x), y],
                "frame": [Frame(x), Frame(y)]}[kind]
    assert same(trained(data), wanted)


def test_a_pandas_frame():
    pandas = pytest.importorskip("pandas")
    x, y = arrays()
    frame = pandas.DataFrame(x, columns=list("abcd"))
    assert same(trained([frame, pandas.Series(y)]), trained([x, y]))


def test_a_function_gives_a_hundred_batches_an_epoch_or_as_many_as_said():
    x, y = arrays()
    calls = []

    def batch():
        calls.append(1)
        return [x[:8], y[:8]]

    trained(batch, epochs=2)
    assert 200 <= len(calls) <= 202  # the loader may be one ahead
    calls.clear()
    trained(batch, epochs=2, train_batches=7)
    assert len(calls) == 14


def test_batches_of_an_iterable_are_trained_in_order_and_again_each_epoch():
    x, y = arrays()

    class Batches:
        def __iter__(self):
            for start in range(0, N, 16):
                yield [x[start : start + 16], y[start : start + 16]]

    records = []
    trained(Batches(), callbacks=records.append)
    assert [r["samples"] for r in records] == [N, N, N]


def test_an_iterator_ends_the_training_when_it_ends():
    x, y = arrays()
    records = []
    with pytest.warns(symloss.errors.SymlossWarning, match="no more batches after epoch 3"):
        trained(iter([[x, y]] * 5), epochs=10, train_batches=2, callbacks=records.append)
    assert len(records) == 3


def test_a_stream_says_whether_it_is_dry_before_the_next_pass_begins():
    field = [Field("in", "input", (None, 2), "float64")]
    stream = Stream(iter([np.full((1, 2), i) for i in range(5)]), field, "train", calls=2)
    seen = []
    while not stream.dry:
        seen.append([int(batch[0][0, 0]) for batch in stream.once()])
    assert seen == [[0, 1], [2, 3], [4]]
    with pytest.raises(ExhaustedError, match="exhausted; pass a function .*generator function"):
        next(stream.once())
    assert not Stream(lambda: 0, field, "train").dry


def batches_of(x, y):
    for start in range(0, N, 16):
        yield [x[start : start + 16], y[start : start + 16]]


class ByNumber:
    """A data set as those of Keras, which gives batches by number, or those of torch, which gives items."""

    def __init__(self, x, y, each):
        self.x, self.y, self.each, self.ends = x, y, each, 0

    def __len__(self):
        return (N + self.each - 1) // self.each

    def __getitem__(self, number):
        rows = number if self.each == 1 else slice(number * self.each, (number + 1) * self.each)
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        self.ends += 1


class Named:
    """A mapping that is no dict."""

    def __init__(self, **columns):
        self.columns = columns

    def keys(self):
        return self.columns.keys()

    def __getitem__(self, name):
        return self.columns[name]


@pytest.mark.parametrize("kind", ["generator function", "list of tuples", "list of lists", "list of dicts",
                                  "by number"])
def test_batches_in_every_form_train_alike_and_again_each_epoch(kind):
    x, y = arrays()
    numbered = ByNumber(x, y, 16)
    data = {"generator function": lambda: batches_of(x, y), "list of tuples": [tuple(b) for b in batches_of(x, y)],
            "list of lists": list(batches_of(x, y)), "by number": numbered,
            "list of dicts": [dict(zip(("in", "target"), b, strict=True)) for b in batches_of(x, y)]}[kind]
    if kind == "generator function":
        def data():
            yield from batches_of(x, y)
    records = []
    found = trained(data, callbacks=records.append)

    class Batches:
        def __iter__(self):
            return batches_of(x, y)

    assert same(found, trained(Batches()))
    assert [r["samples"] for r in records] == [N, N, N]
    assert numbered.ends == (3 if kind == "by number" else 0)


def test_a_data_set_that_gives_items_says_what_makes_batches_of_it():
    with pytest.raises(symloss.DataError, match="ByNumber gives one item at a time.*DataLoader"):
        trained(ByNumber(*arrays(), 1))


def test_a_function_that_returns_a_generator_says_what_to_pass():
    x, y = arrays()
    with pytest.raises(symloss.DataError, match="returned a generator.*the generator function itself"):
        trained(lambda: batches_of(x, y))


@pytest.mark.parametrize("kind", ["npz", "keys alone", "HDF5"])
def test_mappings_that_are_no_dict(kind, tmp_path):
    x, y = arrays()
    columns = {"in": x, "target": y}
    if kind == "npz":
        np.savez(tmp_path / "data.npz", **columns)
        data = np.load(tmp_path / "data.npz")
    elif kind == "HDF5":
        data = pytest.importorskip("h5py").File(tmp_path / "data", "w")
        for name, column in columns.items():
            data[name] = column
    else:
        data = Named(**columns)
    assert same(trained(data), trained([x, y]))


def test_an_npz_file_of_objects_says_which_array_cannot_be_read(tmp_path):
    x, y = arrays()
    np.savez(tmp_path / "data.npz", **{"in": x, "target": y.astype(object)})
    with pytest.raises(symloss.DataError, match="'target' cannot be read.*NpzFile"):
        trained(np.load(tmp_path / "data.npz"))


def test_an_iterator_over_items_names_the_batch_and_says_that_batches_are_wanted():
    with pytest.raises(symloss.ShapeError, match=r"batch 0: train: target has shape \(\).* For a single item, pass"):
        trained(zip(*arrays(), strict=True))


def test_rows_of_different_widths_are_no_sequences():
    with pytest.raises(symloss.DataError, match="in cannot be read as an array.*rows of equal length"):
        trained([[[1, 2, 3, 4], [1, 2]], [0, 1]])


def test_a_list_of_examples_of_the_wrong_shape_says_what_it_was_taken_for():
    x, y = arrays()
    with pytest.raises(symloss.DataError, match=r"got 60 arrays.*If these are 60 examples \(in, target\), the values"):
        trained(list(zip(x[:, :3], y, strict=True)))


class Stored:
    """An array in a file, as h5py and zarr have them: rows are read in order, each once, or not at all."""

    chunks = None

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.most = array, array.shape, array.dtype, 0

    def __getitem__(self, rows):
        assert isinstance(rows, slice) or (np.diff(rows) > 0).all()
        found = self.array[rows]
        self.most = max(self.most, len(found))
        return found


def test_columns_in_files_are_read_by_the_window(monkeypatch):
    x, y = arrays()
    monkeypatch.setattr("symloss.training.batching.WINDOW_BYTES", 16 * 40)
    monkeypatch.setattr("symloss.data.reading.DENSE", 1)
    stored = Stored(x)
    assert same(trained([stored, y]), trained([x, y]))
    assert stored.most < N


def test_object_arrays_of_sequences_are_sequences():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 3)) for n in (4, 7, 2)]
    boxed = np.empty(3, object)
    boxed[:] = sequences
    found = []
    for given in (sequences, boxed):
        net = symloss.recurrent.Autoencoder([3, (2, "rnn"), 3], mode="PYTHON")
        net.train(given, algo="sgd", epochs=1, verbose=0)
        found.append([p.get_value() for p in net.params])
        assert [p.shape for p in net.predict(given)] == [s.shape for s in sequences]
    assert same(*found)


def test_an_object_array_of_rows_is_a_table():
    x, y = arrays()
    rows = np.empty(N, object)
    rows[:] = list(x)
    assert same(trained([rows, y]), trained([x, y]))


@pytest.mark.parametrize("kind", ["weights", "labels"])
def test_validation_data_of_which_nothing_counts_are_refused(kind):
    x, y = arrays()
    if kind == "weights":
        net, data, valid = symloss.Classifier([4, 3], weighted=True), [x, y, np.ones(N)], [x, y, np.zeros(N)]
    else:
        net = symloss.Classifier([4, 3], loss={"form": "xe", "ignore_index": -1})
        data, valid = [x, y], [x, np.full(N, -1)]
    with pytest.raises(symloss.DataError, match="valid: no validation item counts"):
        net.train(data, valid, **OPTIONS)


def test_an_empty_iterator_says_so():
    with pytest.raises(ExhaustedError, match="no more batches|exhausted"):
        trained(iter([]))


def test_an_error_in_a_batch_names_the_batch_and_the_row():
    x, y = arrays()
    bad = y.copy()
    bad[5] = 9
    with pytest.raises(symloss.DataError, match="batch 2.*row 5.*9"):
        trained(iter([[x, y], [x, y], [x, bad]]))


def test_an_error_in_a_window_names_the_row_of_the_data_set(monkeypatch):
    monkeypatch.setattr("symloss.data.sources.RESIDENT_BYTES", 100)
    x, y = arrays()
    x[37, 2] = np.nan
    with pytest.raises(symloss.DataError, match="in, row 37, column 2: nan"):
        trained([x, y])


def test_an_error_of_the_users_own_in_the_loader_comes_out_as_it_is():
    def broken():
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        trained(broken)


def test_the_loader_thread_ends_when_nobody_asks_for_more():
    made = []

    def numbers():
        for i in range(1000):
            made.append(i)
            yield i

    taken = ahead(numbers)
    assert next(taken) == 0
    taken.close()
    assert len(made) < 10


def test_open_source_tells_arrays_from_streams():
    field = [Field("in", "input", (None, 2), "float64")]
    assert isinstance(open_source(np.zeros((3, 2)), field, "train"), Arrays)
    assert isinstance(open_source([[1.0, 2.0]], field, "train"), Arrays)
    assert isinstance(open_source(lambda: 0, field, "train"), Stream)
    assert isinstance(open_source(iter([]), field, "train"), Stream)


SCRIPT = """
import resource, sys
import numpy as np
import symloss
class Stop:
    def tick(self, training):
        return training.position >= 100
for rows in (400, 200_000):
    x = np.memmap(f"{sys.argv[1]}/{rows}", dtype="float32", mode="r", shape=(rows, 65536))
    y = np.zeros((rows, 1), "float32")
    net = symloss.Regressor([65536, 1])
    net.train([x, y], algo="sgd", learning_rate=1e-6, batch_size=4, epochs=1, verbose=0, callbacks=Stop())
    assert net.history[-1]["samples"] >= 200
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peaks_of(script, *arguments):
    """Return the peak memory in MB that a script prints, first and last."""
    run = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    first, last = (int(peak) / 1024 for peak in run.stdout.split())
    return first, last


@pytest.mark.skipif(sys.platform != "linux", reason="measures peak memory as Linux does")
def test_a_file_larger_than_the_machines_memory_trains_in_the_memory_of_a_small_one(tmp_path):
    for rows in (400, 200_000):  # 0.1 and 52 GB, holes alone
        with (tmp_path / f"{rows}").open("wb") as file:
            file.truncate(rows * 65536 * 4)
    small, large = peaks_of(SCRIPT, str(tmp_path))
    assert large - small < 60, f"peak memory {small:.0f} MB with 0.1 GB of data, {large:.0f} MB with 52"


STREAM = """
import resource
import numpy as np
import symloss
def batches(count):
    for i in range(count):
        yield [np.full((4, 65536), i / 1e6, "float32"), np.zeros((4, 1), "float32")]
for count in (10, 200):
    net = symloss.Regressor([65536, 1])
    net.train(batches(count), algo="sgd", learning_rate=1e-9, epochs=1, train_batches=10**9, verbose=0)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures peak memory as Linux does")
def test_a_generator_of_many_batches_trains_in_the_memory_of_few():
    few, many = peaks_of(STREAM)
    assert many - few < 50, f"peak memory {few:.0f} MB with 10 MB of data, {many:.0f} MB with 200"


@pytest.mark.parametrize("weights", [None, "own"])
def test_ragged_sequences_are_filled_up_and_what_fills_them_counts_nothing(weights):
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(t, 3)) for t in (4, 7, 2)]
    ys = [x[:, :2] for x in xs]
    net = symloss.Regressor([{"size": 3, "ndim": 3}, 2], weighted=True)
    own = [] if weights is None else [[np.full(y.shape, 1.0) for y in ys]]
    net.train([xs, ys, *own], algo="sgd", learning_rate=0.0, epochs=1, verbose=0)
    error = np.concatenate([(net.predict(x[None])[0] - y) ** 2 for x, y in zip(xs, ys, strict=True)])
    np.testing.assert_allclose(net.history[-1]["loss"], error.mean(), rtol=1e-6)


def test_ragged_sequences_without_weights_are_refused():
    xs = [np.zeros((t, 3)) for t in (4, 7)]
    with pytest.raises(symloss.DataError, match="weighted=True"):
        symloss.Regressor([{"size": 3, "ndim": 3}, 3]).train([xs, xs], epochs=1, verbose=0)


# ---------------------------------------------------------------------------------------------- bytes stay bytes

@pytest.mark.parametrize("sizes", [(4, 6, 3), (40, 30, 3)], ids=["by column", "by row"])
def test_inputs_of_bytes_train_as_the_same_numbers(backend, sizes):
    pixels = np.random.default_rng(0).integers(0, 256, (N, sizes[0])).astype("uint8")
    labels = pixels[:, :3].argmax(axis=1)
    nets = [symloss.Classifier([sizes[0], (sizes[1], "tanh"), 3], mode=backend) for _ in range(2)]
    histories = [net.train([x, labels], **OPTIONS | {"valid": [x[:9], labels[:9]]})
                 for net, x in zip(nets, (pixels, pixels.astype("float64")), strict=True)]
    assert histories[0]["loss"] == histories[1]["loss"] and histories[0]["valid_loss"] == histories[1]["valid_loss"]
    assert same(*([p.get_value() for p in net.params] for net in nets))


def test_inputs_of_bytes_are_kept_as_bytes_and_taken_as_numbers():
    pixels = np.arange(12, dtype="uint8").reshape(4, 3)
    source = Arrays([pixels], [Field("x", "input", (None, 3), "float32")], "train", keep_bytes=True)
    assert source.arrays[0].dtype == "uint8" and np.shares_memory(source.arrays[0], pixels)
    (taken,) = source.take(np.array([2, 0]))
    assert taken.dtype == "float32" and np.array_equal(taken, pixels[[2, 0]])


def test_inputs_of_bytes_for_a_full_batch_method_and_for_an_autoencoder():
    pixels = np.random.default_rng(0).integers(0, 256, (N, 4)).astype("uint8")
    for net, data, options in [
        (symloss.Regressor([4, 1], mode="PYTHON"), [pixels, pixels[:, :1] / 255], {"algo": "lbfgs"}),
        (symloss.Autoencoder([4, 2, 4], mode="PYTHON"), [pixels], {"algo": "sgd", "learning_rate": 1e-9}),
    ]:
        assert np.isfinite(net.train(data, epochs=2, verbose=0, **options)["loss"]).all()


def test_inputs_of_bytes_that_make_a_loss_infinite_are_found():
    pixels = np.ones((8, 1), "uint8")
    pixels[5] = 0
    net = symloss.Regressor([1, 1], loss=lambda p, t: (t - 1 / p) ** 2, mode="PYTHON")
    net.find("out", "w").set_value(np.ones((1, 1)))
    with pytest.raises(symloss.TrainingError, match="row 5"):
        net.train([pixels, np.ones((8, 1))], algo="sgd", learning_rate=0.0, epochs=1, batch_size=4, verbose=0)
