"""Whatever is passed in, a call ends in a result or in an error of symloss: no crash, no hang, no foreign traceback."""

import contextlib
import inspect
import signal
import tempfile
import warnings

import numpy as np
import pytensor.tensor as pt
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symloss
from symloss.compiling import Tally, function, resolve
from symloss.objective import Term, measures

LIMIT = 60  # seconds after which a call is taken for hanging
ROWS = 5


def often(count):
    """Return the settings of a test with `count` examples, the same ones in every run."""
    return settings(max_examples=count, derandomize=True, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck))


@contextlib.contextmanager
def within(seconds):
    def late(number, frame):
        raise AssertionError(f"still not back after {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def ends_well(call, *arguments, **keywords):
    """Return (result, None), or (None, what was raised): an error of symloss with a message that speaks."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), within(LIMIT):
        warnings.simplefilter("ignore")
        try:
            return call(*arguments, **keywords), None
        except symloss.SymlossError as error:
            assert len(str(error)) > 20, f"hardly a message: {error}"
            return None, error


# ------------------------------------------------------------------------------------------------------- what is passed

SIZES = st.sampled_from([ROWS, ROWS, ROWS, 0, 1, 2, 3, 4])
SHAPES = (st.sampled_from([(ROWS, 3), (ROWS, 3), (ROWS, 2), (ROWS, 1), (ROWS,), (ROWS,)])
          | st.lists(SIZES, max_size=4).map(tuple))
NUMBERS = ["float64", "float32", "float16", "longdouble", ">f8", "bool", "int8", "uint8", "int16", ">i2", "uint16",
           "int32", "int64", "uint64"]
OTHERS = ["complex128", "datetime64[s]", "timedelta64[s]", "U3", "S3", "object", "i4,f8", "V4"]
DTYPES = st.sampled_from(NUMBERS * 2 + OTHERS)
POISON = [np.nan, np.inf, -np.inf, 1e308, -1e308, 3e38, 1e-310, -0.0, -1, 7, 2**31, 2**62, 2**63, -(2**63), 0.5, 1e20]
OBJECTS = [None, "a", "", b"x", object(), [1], {}, 10**400, 1j, np.nan, True, ValueError("no number")]
CONTENT = ["normal", "class", "sign", "unit", "weight", "zero", "row sums 1"]


def fill(content, shape, rng):
    """Return an array of what a target, a weight or an input would be."""
    if content == "class":
        return rng.integers(0, 3, shape)
    if content == "sign":
        return 2 * rng.integers(0, 2, shape) - 1
    if content == "row sums 1":
        values = np.asarray(rng.random(shape) + 0.1)
        return values / values.sum(axis=-1, keepdims=True) if values.ndim else values
    if content == "zero":
        return np.zeros(shape)
    return rng.normal(size=shape) if content == "normal" else rng.random(shape)


def cast(array, dtype):
    if dtype == "object" or dtype in ("i4,f8", "V4"):
        return array.astype(object) if dtype == "object" else np.zeros(array.shape, dtype)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return array.astype("int64").astype(dtype) if dtype[0] in "dt" else array.astype(dtype)


def ragged(array):
    return [row[: 1 + i % 3] if row.ndim else row for i, row in enumerate(array)]


class Shy:
    """What says that it is an array, and is none."""

    shape, dtype, ndim = (ROWS, 3), np.dtype("float64"), 2

    def __array__(self, *arguments, **keywords):
        raise ValueError("not today")

    def __len__(self):
        return ROWS


def strided(array):
    return np.repeat(array, 2, axis=0)[::2] if array.ndim else array


def readonly(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def mapped(array):
    """Return the array as a memory map of a file."""
    with tempfile.TemporaryFile() as file:
        file.write(np.ascontiguousarray(array).tobytes())
        file.flush()
        return np.memmap(file, array.dtype, "r", shape=array.shape)


def framed(array):
    try:
        import pandas
    except ImportError:
        return array.tolist()
    return pandas.DataFrame(array) if array.ndim == 2 else pandas.Series(array) if array.ndim == 1 else array


FORMS = {  # of an array; one that cannot have a form stays as it is
    "list": lambda a: a.tolist(), "tuple": lambda a: tuple(a.tolist()), "ragged": ragged, "fortran": np.asfortranarray,
    "transposed": np.transpose, "strided": strided, "reversed": np.flipud, "read only": readonly,
    "repeated": lambda a: np.broadcast_to(a[:1], a.shape), "unmasked": np.ma.masked_array,
    "masked": lambda a: np.ma.masked_array(a, np.arange(a.size).reshape(a.shape) % 3 == 0),
    "sparse": scipy.sparse.csr_matrix, "coo": scipy.sparse.coo_array, "frame": framed,
    "buffer": lambda a: memoryview(np.ascontiguousarray(a)), "mapped": mapped, "shy": lambda a: Shy(),
    "none": lambda a: None, "text": lambda a: "x", "set": lambda a: set(range(ROWS)), "number": lambda a: 3,
    "function": lambda a: len, "iterator": lambda a: iter(a.tolist()), "dict": lambda a: {0: a},
}


@st.composite
def arrays(draw, shape=None, content=None):
    """Arrays and what may pass for one; often near to what is wanted: `shape`, `content`."""
    near = shape is not None and draw(st.integers(0, 9)) > 0
    shape = shape if near else draw(SHAPES)
    content = content if near and content is not None else draw(st.sampled_from(CONTENT))
    array = np.asarray(fill(content, shape, np.random.default_rng(draw(st.integers(0, 99)))))
    if draw(st.integers(0, 3)) == 0:
        array = cast(array.astype("float64"), draw(DTYPES))
    if array.size and array.dtype.kind in "biufO" and draw(st.integers(0, 5)) == 0:
        place = draw(st.integers(0, array.size - 1))
        value = draw(st.sampled_from(OBJECTS if array.dtype == object else POISON))
        array = array.astype("float64") if isinstance(value, float) and array.dtype.kind in "biu" else array.copy()
        if array.dtype == object:
            flat = np.empty(array.size, object)
            flat[:] = array.ravel().tolist()
            flat[place] = value
            array = flat.reshape(array.shape)
        else:
            with contextlib.suppress(OverflowError), np.errstate(all="ignore"):
                array[np.unravel_index(place, array.shape)] = value
    if draw(st.integers(0, 4)) == 0:
        with contextlib.suppress(Exception):  # of what makes the form: no frames of 3 axes, no sparse float16
            return FORMS[draw(st.sampled_from(sorted(FORMS)))](array)
    return array


# -------------------------------------------------------------------------------------------------------------- models

X, VECTOR, LABELS = ((ROWS, 3), "normal"), ((ROWS, 2), "normal"), ((ROWS,), "class")
KINDS = {  # how the model is made, and what its data are
    "regressor": (lambda mode: symloss.Regressor([3, 2], mode=mode), [X, VECTOR]),
    "column": (lambda mode: symloss.Regressor([3, 1], loss="mae", mode=mode), [X, ((ROWS,), "normal")]),
    "weighted": (lambda mode: symloss.Regressor([3, 2], weighted=True, mode=mode), [X, VECTOR, ((ROWS, 2), "weight")]),
    "classifier": (lambda mode: symloss.Classifier([3, 3], mode=mode), [X, LABELS]),
    "weighted classifier": (lambda mode: symloss.Classifier([3, 3], weighted=True, mode=mode),
                            [X, LABELS, ((ROWS,), "weight")]),
    "hinge": (lambda mode: symloss.Classifier([3, (3, "linear")], loss="multiclass_hinge", mode=mode), [X, LABELS]),
    "signs": (lambda mode: symloss.Regressor([3, 1], loss="hinge", mode=mode), [X, ((ROWS, 1), "sign")]),
    "yes or no": (lambda mode: symloss.Regressor([3, (2, "sigmoid")], loss="bce", mode=mode), [X, ((ROWS, 2), "unit")]),
    "shares": (lambda mode: symloss.Regressor([3, (3, "softmax")], loss="xe", mode=mode),
               [X, ((ROWS, 3), "row sums 1")]),
    "autoencoder": (lambda mode: symloss.Autoencoder([3, 2, 3], mode=mode), [X]),
    "sequences": (lambda mode: symloss.recurrent.Regressor([3, ("rnn", 2), 2], weighted=True, mode=mode),
                  [((ROWS, 4, 3), "normal"), ((ROWS, 4, 2), "normal"), ((ROWS, 4, 2), "weight")]),
    "sparse": (lambda mode: symloss.Regressor([{"size": 3, "sparse": "csr"}, 2], mode=mode), [X, VECTOR]),
}
OFTEN = ["regressor", "column", "weighted", "classifier", "classifier", "weighted classifier"]
names = st.sampled_from(OFTEN * 4 + sorted(KINDS))  # sequences take their time
QUIET = {"algo": "sgd", "learning_rate": 0.01, "epochs": 1, "verbose": 0, "batch_size": 3}


@pytest.fixture(scope="module")
def models():
    """Return a function from the name of a kind to its model, which is compiled once and starts anew each time."""
    made, starts = {}, {}

    def model(kind, mode="PYTHON"):
        if (kind, mode) not in made:
            made[kind, mode] = KINDS[kind][0](mode)
            starts[kind, mode] = [p.get_value() for p in made[kind, mode].params]
        net = made[kind, mode]
        for p, value in zip(net.params, starts[kind, mode], strict=True):
            p.set_value(value)
        if hasattr(net, "encoder"):
            net.encoder = None
        del net.history[:]
        return net

    return model


def is_whole(net):
    """Return whether all parameters of a model are numbers still."""
    return all(np.isfinite(p.get_value()).all() for p in net.params)


@st.composite
def data(draw, kind):
    """What `train` is given for a kind of model: mostly its arrays, in any container."""
    columns = [draw(arrays(shape, content)) for shape, content in KINDS[kind][1]]
    right, wrong = ["list"] * 3 + ["tuple", "dict"], ["more", "less", "wrong", "alone", "junk"]
    container = draw(st.sampled_from(right if draw(st.integers(0, 5)) else wrong))
    called = ["in", "target", "weights"]
    return {
        "list": columns, "tuple": tuple(columns), "dict": dict(zip(called, columns, strict=False)),
        "more": [*columns, columns[0]], "less": columns[:-1], "alone": columns[0],
        "wrong": dict(zip(["in", "targets", 3], columns, strict=False)),
        "junk": draw(st.sampled_from([None, 3, "x", {}, [], (), [None], object(), [[], []], {"in": None}, np.nan])),
    }[container]


@often(550)
@given(plan=st.data())
def test_train(models, plan):
    kind = plan.draw(names)
    net, given = models(kind), plan.draw(data(kind))
    valid = plan.draw(data(kind)) if plan.draw(st.integers(0, 3)) == 0 else None
    ends_well(net.train, given, valid, allow_nan=plan.draw(st.sampled_from([False] * 7 + [True])), **QUIET)
    assert is_whole(net)


@often(120)
@given(plan=st.data())
def test_train_by_streams(models, plan):
    kind = plan.draw(names)
    net, batches = models(kind), plan.draw(st.lists(data(kind), max_size=3))
    source = plan.draw(st.sampled_from(["iterator", "function", "anew", "raises"]))
    if source == "raises":
        batches.append(ZeroDivisionError)

    def walk():
        for batch in batches:
            if batch is ZeroDivisionError:
                raise ZeroDivisionError
            yield batch

    class Anew:
        def __iter__(self):
            return walk()

    stream = {"iterator": walk(), "raises": walk(), "anew": Anew(),
              "function": lambda: batches[0] if batches else None}[source]
    with contextlib.suppress(*[ZeroDivisionError] * (source == "raises")):  # the user's own error stays what it is
        ends_well(lambda: list(net.itertrain(stream, train_batches=2, **QUIET)))
    assert is_whole(net)


@often(300)
@given(plan=st.data())
def test_predict(models, plan):
    kind = plan.draw(names)
    net, x = models(kind), plan.draw(arrays(*KINDS[kind][1][0]))
    others = [getattr(net, name, net.predict) for name in ("predict_proba", "predict_logit", "encode", "feed_forward")]
    call = plan.draw(st.sampled_from([net.predict, *others]))
    found, error = ends_well(call, [x, x, x, [x], {"in": x}][plan.draw(st.integers(0, 4))])
    if error is None:
        assert isinstance(found, np.ndarray | dict)


METRICS = [None, None, "mse", "mae", "acc", "auc", "f1", "confusion_matrix", "xe", "huber", "brier", "nonsense", 3, {},
           {"form": 3},
           {"form": "f_beta", "beta": "x"}, {"form": "huber", "delta": -1}, {"form": "mse", "output_name": "nowhere"},
           lambda p, t: (p - t) ** 2, lambda p: p, {"form": "mse", "name": 3}, "r2", {"form": "top_k", "k": "x"}]


@often(250)
@given(plan=st.data())
def test_score(models, plan):
    kind = plan.draw(names)
    net, columns = models(kind), [plan.draw(arrays(*column)) for column in KINDS[kind][1]]
    columns = columns[:1] if kind == "autoencoder" else columns[:2]
    weights = plan.draw(arrays((ROWS,), "weight")) if plan.draw(st.booleans()) else None
    ends_well(net.score, *columns, w=weights, metric=plan.draw(st.sampled_from(METRICS)))


JUNK = [None, True, -1, 0, 0.5, 2, 1e308, np.nan, np.inf, 2**70, "a", "", b"a", (), [], {}, {"a": 1}, [1, "a"], object,
        len, np.zeros(3), np.zeros((2, 0)), np.array("a"), 1j, set(), ..., np.float32(0.1), np.int8(-3), Shy(), [None],
        "auto", {"*": "x"}]
OPTION_NAMES = ["epochs", "batch_size", "learning_rate", "momentum", "patience", "min_improvement", "validate_every",
                "seed", "train_batches", "valid_batches", "max_gradient_norm", "max_parameter_gradient_norm",
                "max_gradient_element",
                "accumulate", "average", "freeze", "class_weight", "callbacks", "metrics", "resume", "tolerance",
                "weight_l2", "hidden_l1", "hidden_dropout", "input_noise", "algo", "epoch", "allow_nan", "valid",
                "verbose"]
junk = st.integers(0, len(JUNK) - 1).map(JUNK.__getitem__)


def first_record(net, given, options):
    """Check and open as a training does, without compiling: what is wrong with an option shows before."""
    options = {"algo": "sgd", "verbose": 0} | options
    records = net.itertrain(given, options.pop("valid", None), options.pop("algo"), **options)
    records.close()


@often(250)
@given(plan=st.data())
def test_options_of_train(models, plan):
    kind = plan.draw(st.sampled_from(["regressor", "classifier", "autoencoder"]))
    options = {plan.draw(st.sampled_from(OPTION_NAMES)): plan.draw(junk) for _ in range(plan.draw(st.integers(1, 2)))}
    rng = np.random.default_rng(0)
    ends_well(first_record, models(kind), [fill(content, shape, rng) for shape, content in KINDS[kind][1]], options)


RUN = ["epochs", "batch_size", "learning_rate", "patience", "min_improvement", "validate_every", "seed",
       "callbacks", "resume"]


@often(150)
@given(plan=st.data())
def test_a_first_epoch_with_any_options(models, plan):
    kind = plan.draw(st.sampled_from(["regressor", "classifier"]))
    values = plan.draw(st.sampled_from([junk, st.integers(-1, 9), st.floats(), st.integers()]))
    options = {plan.draw(st.sampled_from(RUN)): plan.draw(values) for _ in range(plan.draw(st.integers(1, 2)))}
    rng, net = np.random.default_rng(0), models(kind)
    given = [fill(content, shape, rng) for shape, content in KINDS[kind][1]]
    ends_well(lambda: next(net.itertrain(given, **QUIET | options), None))
    assert is_whole(net)


CLASSES = [0, 1, 2, 3, -1, "a", "b", 0.5, 1.0, None, (0, 1), np.nan, True, "out", 2**70, np.int64(1)]


@often(120)
@given(plan=st.data())
def test_class_weight(models, plan):
    keys = plan.draw(st.lists(st.integers(0, len(CLASSES) - 1), max_size=4))
    by_class = {CLASSES[k]: plan.draw(junk) if plan.draw(st.booleans()) else 0.5 for k in keys}
    weight = plan.draw(st.sampled_from([by_class, {"out": by_class}, list(by_class.values()), "balanced"])
                       if by_class else junk)
    net, labels = models("hinge"), plan.draw(st.sampled_from([[0, 1, 2, 0, 1], ["a", "b", "b", "c", "a"]]))
    ends_well(net.train, [np.ones((ROWS, 3)), labels], class_weight=weight, **QUIET)
    assert is_whole(net)


SCHEDULES = [of for name, of in sorted(vars(symloss.schedules).items())
             if inspect.isclass(of) and name[0].islower()]


@often(120)
@given(plan=st.data())
def test_schedules(models, plan):
    make, values = plan.draw(st.sampled_from(SCHEDULES)), plan.draw(st.lists(junk, max_size=4))
    def rate():
        try:
            return make(*values)
        except TypeError as error:  # too many values, or too few of them, as Python says it itself
            if "argument" not in str(error):
                raise
            return 0.1

    rate, error = ends_well(rate)
    if error is None:
        net = models("regressor")
        ends_well(first_record, net, [np.ones((ROWS, 3)), np.ones((ROWS, 2))], {"learning_rate": rate})
        ends_well(rate, 3) if callable(rate) else None


# ------------------------------------------------------------------------------------------------------------ evaluate

LOSSES = symloss.losses.names()
PLAIN = ["mse", "mae", "huber", "bce", "xe", "hinge", "kl", "quantile", "cosine_distance", "ctc", "dice",
         "multiclass_hinge"]
SETTINGS = {"how": ["mean", "sum", "count", "batch mean", "none", "mode", 3, None],
            "like": ["torch", "keras", "nobody", 3],
            "activation": ["softmax", "sigmoid", "relu", "nothing", 3], "wrt": [0, 1, 2, -1, "a", None, 0.5],
            "mode": ["PYTHON", "nothing", 3]}


def asked(plan, name):
    """Return settings of `evaluate`, and options of the loss with junk for values."""
    found = {}
    for key in plan.draw(st.lists(st.sampled_from(sorted(SETTINGS)), max_size=1)):
        found[key] = plan.draw(st.sampled_from(SETTINGS[key]))
    if plan.draw(st.integers(0, 3)) == 0:
        known = [*symloss.losses.get(name).options, "nothing"]
        found[plan.draw(st.sampled_from(known))] = plan.draw(junk)
    return found


FITTING = {"label": ((ROWS,), "class"), "sign": ((ROWS, 1), "sign"), "sign or label": ((ROWS,), "class"),
           "label or distribution": ((ROWS,), "class")}


def ports_of(plan, name):
    spec = symloss.losses.get(name)
    first = (ROWS, 1) if spec.target == "sign" else (ROWS, 3)
    content = "row sums 1" if spec.activation == "softmax" else "unit" if spec.activation == "sigmoid" else "normal"
    return [plan.draw(arrays(*(FITTING.get(spec.target, (first, content)) if port == "target" else (first, content))))
            for port in spec.ports]


@often(350)
@given(plan=st.data())
def test_evaluate_value(plan):
    name = plan.draw(st.sampled_from(PLAIN * 3 + LOSSES))
    settings = asked(plan, name)
    settings.pop("wrt", None)
    weights = plan.draw(arrays((ROWS,), "weight")) if plan.draw(st.integers(0, 3)) == 0 else None
    found, error = ends_well(symloss.evaluate.value, name, *ports_of(plan, name), weights=weights, **settings)
    if error is None:
        assert found.dtype.kind == "f"


@often(120)
@given(plan=st.data())
def test_evaluate_gradients(plan):
    name = plan.draw(st.sampled_from(PLAIN[:6]))
    of = plan.draw(st.sampled_from([symloss.evaluate.grad, symloss.evaluate.grad, symloss.evaluate.hessian_diagonal]))
    ends_well(of, name, *ports_of(plan, name), **asked(plan, name))


@often(60)
@given(plan=st.data())
def test_evaluate_metric(plan):
    name = plan.draw(st.sampled_from(["acc", "auc", "f1", "mse", "r2", "brier", "huber", "nonsense"]))
    weights = plan.draw(arrays((ROWS,), "weight")) if plan.draw(st.integers(0, 3)) == 0 else None
    columns = plan.draw(arrays((ROWS, 3), "unit")), plan.draw(arrays((ROWS,), "class"))
    ends_well(symloss.evaluate.metric, name, *columns, weights)


NAMES = ["mse", "", "nothing", None, 3, b"mse", ("mse",), object, np.array("mse"), [], {}, "Loss", "mse ", "MSE"]


@often(60)
@given(plan=st.data())
def test_descriptions_of_a_model(plan):
    layers = plan.draw(st.lists(junk | st.sampled_from([3, 2, (2, "tanh")]), max_size=3))
    loss = NAMES[plan.draw(st.integers(0, len(NAMES) - 1))]
    layers = [3, 2] if plan.draw(st.booleans()) else [3, *layers]
    form = plan.draw(st.sampled_from([symloss.Regressor, symloss.Classifier, symloss.Autoencoder]))
    ends_well(form, layers, loss=loss)


# --------------------------------------------------------------------------------------------------------------- files


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "net"
    symloss.Classifier([3, (4, "prelu"), 2]).save(path)
    return path.read_bytes()


@often(80)
@given(plan=st.data())
def test_load(content, tmp_path_factory, plan):
    folder = tmp_path_factory.getbasetemp()
    broken = bytearray(content)
    for place in plan.draw(st.lists(st.integers(0, len(content) - 1), max_size=3)):
        broken[place] = plan.draw(st.integers(0, 255))
    broken = broken[: plan.draw(st.sampled_from([None, None, 0, 7, 8, 9, 100, -1]))]
    broken += plan.draw(st.sampled_from([b"", b"", b"\0", content]))
    (folder / "broken").write_bytes(broken)
    path = plan.draw(st.sampled_from([folder / "broken"] * 12 + [folder, folder / "missing", "\0", "", None, 3.5]))
    found, error = ends_well(symloss.load, path)
    assert error is not None or found.num_params == 3 * 4 + 4 + 4 + 4 * 2 + 2


# ------------------------------------------------------------------------------------- compiled code that reads memory


OUTSIDE = [-1, 3, 100, 2**31, 2**40, 2**62, -(2**31), -(2**63)]


every_mode = pytest.mark.parametrize("mode", ["PYTHON", "C", "NUMBA", "JAX"])


def wrong_labels():
    """Return labels of which one is no class of three, in every dtype that holds them."""
    made = [np.array([0, 1, bad, 2, 1]) for bad in OUTSIDE]
    made += [np.array([0, 1, bad, 2, 1], dtype) for bad, dtype in
             [(7, "uint8"), (-1, "int8"), (40000, "uint16"), (2**64 - 1, "uint64"), (2**63, "uint64"), (3.0, "float32"),
              (0.5, "float64"), (np.nan, "float64"), (np.inf, "float16"), (1e300, "float64"), (-3.0, "longdouble")]]
    made += [np.array([0, 1, None, 2, 1], object), np.array([0, 1, 2**70, 2, 1], object), [0, 1, "x", 2, 1]]
    return made


@every_mode
def test_no_label_reaches_memory_that_is_not_its_own(models, mode):
    net, x = models("classifier", mode), np.random.default_rng(0).normal(size=(ROWS, 3))
    assert net.train([x, [0, 1, 2, 2, 1]], **QUIET)[-1]["loss"] < 10
    before = [p.get_value() for p in net.params]
    for labels in wrong_labels():
        with pytest.raises(symloss.DataError, match="labels|class|numbers"):
            net.train([x, labels], **QUIET)
        with pytest.raises(symloss.DataError, match="labels|class|numbers"):
            net.train([x, [0, 1, 2, 2, 1]], [x, labels], **QUIET)
        with pytest.raises(symloss.DataError, match="labels|class|numbers"):
            list(net.itertrain(iter([(x, labels)]), **QUIET))
    for p, value in zip(net.params, before, strict=True):
        assert np.array_equal(p.get_value(), value), "a refused batch moved a parameter"


@every_mode
def test_no_label_of_plain_arrays_reads_another_items_score(mode):
    scores = np.full((ROWS, 3), 1 / 3)
    right = symloss.evaluate.value("xe", scores, np.array([0, 1, 2, 2, 1]), mode=mode)
    np.testing.assert_allclose(right, np.log(3))
    for labels in wrong_labels():
        found, error = ends_well(symloss.evaluate.value, "xe", scores, labels, mode=mode)
        assert error is not None or np.isnan(found[2]), labels
    for labels in ([0, 1, 2], [0, 1, 2, 2, 1, 0], [[0, 1], [1, 2]], 0, []):
        with pytest.raises(symloss.SymlossError):
            symloss.evaluate.value("xe", scores, labels, mode=mode)
    for pair in (((5, 3), (4, 3)), ((5,), (4,)), ((5, 3), (5, 2)), ((5, 1), (4,)), ((5, 3), (5, 1))):
        with pytest.raises(symloss.ShapeError):
            symloss.evaluate.value("mse", *map(np.zeros, pair), mode=mode)
        with pytest.raises(symloss.ShapeError):
            symloss.evaluate.grad("mse", *map(np.zeros, pair), mode=mode)


CLASS_METRICS = [n for n in symloss.metrics.names() if symloss.metrics.get(n).target == "classes"]


@every_mode
def test_no_label_of_a_metric_reaches_memory_that_is_not_its_own(mode):
    scores = np.full((ROWS, 3), 1 / 3)
    names = CLASS_METRICS if mode == "PYTHON" else ["f1", "confusion_matrix", "auc", "xe"]
    for name in [*names, "xe", "mse", "mae"]:
        for labels in wrong_labels() if mode == "PYTHON" else [[0, 1, 3, 2, 1], [0, 1, 10**8, 2, 1], [0, 1, -1, 2, 1]]:
            with pytest.raises((symloss.DataError, symloss.ShapeError)) as error:
                symloss.evaluate.metric(name, scores, labels, mode=mode)
            if isinstance(labels, list) and "x" not in labels:
                assert f"row 2: {labels[2]} is out of range" in str(error.value)


@every_mode
def test_a_wrong_label_in_a_graph_of_the_users_gives_nan_and_no_crash(mode):
    z, y, w = pt.tensor("z", shape=(None, 3)), pt.lvector("y"), pt.dvector("w")
    names = CLASS_METRICS if mode == "PYTHON" else ["f1", "confusion_matrix", "acc", "auc"]
    options = {"top_k_accuracy": {"k": 2}}
    terms = [Term(name, measures.figure(name, z, y, w, **options.get(name, {}))) for name in names]
    tally = Tally(terms)
    compiled = function([z, y, w], tally.expressions, resolve(mode))
    scores, right = np.random.default_rng(0).dirichlet(np.ones(3), 6), np.array([0, 1, 0, 2, 1, 2])

    def figures(labels, weights):
        parts = tally.by_term(tally.over([compiled(scores, labels, weights)]))
        return [np.array(term.value(p)) for term, p in zip(terms, parts, strict=True)]

    for bad in (3, -1, 10**8, -(10**8)):
        wrong = np.where(np.arange(6) == 2, bad, right)
        for name, found in zip(names, figures(wrong, np.ones(6)), strict=True):
            assert np.isnan(found).all(), name
        silent = np.array([1.0, 1, 0, 1, 1, 1])
        for name, found, expected in zip(names, figures(wrong, silent), figures(right, silent), strict=True):
            np.testing.assert_array_equal(found, expected, err_msg=name)


@pytest.mark.parametrize(("name", "scores", "target", "words"), [
    ("auc", [0.1, 0.7, 0.4], [-1, 1, 1], "row 0: -1 is not a probability.*are -1 and 1, pass"),
    ("acc", [[0.1], [0.7], [0.4]], [0.0, 1.0, -1.0], "row 2: -1.0 is not a probability"),
    ("acc", [0.1, 0.7, 0.4], [0, 10**8, 1], "row 1: 100000000 is not a probability"),
    ("acc", [[0.1, 0.9], [0.7, 0.3]], [-1, 1], "row 0: -1 is out of range.*are -1 and 1, pass"),
    ("f1", [[0.1, 0.9], [0.7, 0.3]], [[0.0, 1.0], [0.5, 1.5]], "row 1, column 1: 1.5 is not a probability"),
    ("perplexity", [[0.1, 0.9], [0.7, 0.3]], [[0.0, 1.0], [1.0, 1.0]], "row 1: 2.0 is not 1"),
    ("binary_cross_entropy", [[0.1], [0.7]], [[0.0], [2.0]], "row 1"),
    ("hinge", [[0.1], [0.7]], [[0.0], [1.0]], "row 0"),
])
def test_signs_and_probabilities_of_a_metric_are_checked_where_they_count(name, scores, target, words):
    scores, target = np.array(scores), np.array(target)
    with pytest.raises(symloss.DataError, match=words):
        symloss.evaluate.metric(name, scores, target)
    weights = np.array([f"row {row}" not in words for row in range(len(scores))], float)
    symloss.evaluate.metric(name, scores, target, weights)
    symloss.evaluate.metric(name, scores, target, np.stack([weights, weights], axis=1) if scores.ndim > 1 and
                            target.shape == scores.shape and scores.shape[1] == 2 else weights)


def test_several_yes_and_no_are_a_target_of_metrics_that_are_told_so():
    scores, several = np.array([[0.1, 0.9], [0.7, 0.3]]), np.array([[1, 1], [0, 0]])
    assert symloss.evaluate.metric("binary_accuracy", scores, several) == 0.5
    assert symloss.evaluate.metric("acc", scores, several, multilabel=True) == 0.5
    with pytest.raises(symloss.DataError, match="sum over classes"):
        symloss.evaluate.metric("acc", scores, several)


@pytest.mark.c
@often(100)
@given(plan=st.data())
def test_train_and_predict_in_c(models, plan):
    kind = plan.draw(st.sampled_from(["regressor", "weighted classifier"]))
    net = models(kind, "C")
    ends_well(net.train, plan.draw(data(kind)), **QUIET)
    assert is_whole(net)
    ends_well(net.predict, plan.draw(arrays(*KINDS[kind][1][0])))
