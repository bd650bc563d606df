"""lasagne.objectives: every number that Lasagne made, every sentence of its documentation, and what is better here."""

import mpmath
import numpy as np
import pytensor
import pytest
from lasagne_golden import close, results

from symloss.compat import theano
from symloss.compat.lasagne import objectives
from symloss.compat.lasagne.objectives import (
    aggregate,
    binary_accuracy,
    binary_crossentropy,
    binary_hinge_loss,
    categorical_accuracy,
    categorical_crossentropy,
    huber_loss,
    multiclass_hinge_loss,
    squared_error,
)
from symloss.errors import SymlossError

T = theano.tensor
CASES = [(dtype, case["name"]) for dtype in ("float64", "float32") for case in results("objectives", dtype)]
BETTER = {  # by section 5 of the reference: what Lasagne could not do, or did against its own documentation
    "bh_default_log_odds": "Lasagne raised the warning that it documents",
    "mh_3d": "the rank is refused while the graph is built",
}


@pytest.fixture(scope="module")
def cases():
    return {(dtype, case["name"]): case for dtype in ("float64", "float32") for case in results("objectives", dtype)}


def arguments(case):
    """Return the arguments of a case, the variables among them, and their values."""
    passed, variables, values = [], [], []
    for position, argument in enumerate(case["args"]):
        if argument["kind"] == "python":
            passed.append(argument["value"])
            continue
        data = np.array(argument["data"], argument["dtype"]).reshape(argument["shape"])
        if argument["kind"] == "numpy":
            passed.append(data)
            continue
        variables.append(T.TensorType(argument["dtype"], argument["broadcastable"])(f"x{position}"))
        passed.append(variables[-1])
        values.append(data)
    return passed, variables, values


def run(variables, outputs, values, mode="PYTHON"):
    return theano.function(variables, outputs, mode=mode, on_unused_input="ignore")(*values)


@pytest.mark.parametrize(("dtype", "name"), CASES)
def test_numbers_that_lasagne_made(dtype, name, cases):
    with pytensor.config.change_flags(floatX=dtype):
        compare(dtype, name, cases)


def compare(dtype, name, cases):
    case = cases[dtype, name]
    passed, variables, values = arguments(case)
    function = getattr(objectives, case["func"])
    wanted = case["result"]
    if name in BETTER:
        pytest.skip(BETTER[name])
    if "error" in wanted:
        kind = {"ValueError": ValueError, "TypeError": TypeError, "IndexError": IndexError,
                "AttributeError": AttributeError}[wanted["error"]]
        if wanted["stage"] == "build":
            with pytest.raises(kind):
                function(*passed, **case["kwargs"])
        else:
            made = function(*passed, **case["kwargs"])
            with pytest.raises(kind):
                run(variables, made, values)
        return
    made = function(*passed, **case["kwargs"])
    told = case["out_type"]
    assert (made.dtype, made.ndim) == (told["dtype"], told["ndim"])
    assert list(made.broadcastable) == told["broadcastable"]
    outputs = [made]
    if "grad_of_sum_wrt_arg0" in case:
        outputs.append(theano.grad(made.sum(), variables[0]))
    found = run(variables, outputs, values)
    assert found[0].dtype == wanted["dtype"]
    close(found[0], wanted["data"], dtype)
    if len(found) > 1 and name != "cce_zero_prob_int":
        close(found[1], case["grad_of_sum_wrt_arg0"]["data"], dtype)


# ------------------------------------------------------------------------------------------ what is better here


def softmax(z):
    with mpmath.workdps(60):
        powers = [mpmath.exp(mpmath.mpf(float(v))) for v in z]
        return [p / sum(powers) for p in powers]


WAYS = {  # what scripts do between a softmax and the loss
    "nothing": lambda p: p,
    "clip": lambda p: T.clip(p, 1e-7, 1 - 1e-7),
    "epsilon": lambda p: p + 1e-12,
    "reshape": lambda p: p.reshape((-1, 3)),
    "slice": lambda p: p[:, :3],
    "flatten": lambda p: p.flatten(2),
    "dimshuffle": lambda p: p.dimshuffle(0, "x", 1)[:, 0],
}
LOGITS = np.array([[1e4, -1e4, 0], [-800, 3, 2], [0.5, 0.25, 0], [0, 0, 0]])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("target", ["labels", "one-hot", "uint8"])
def test_a_cross_entropy_after_a_softmax_is_exact_for_logits_of_any_size(way, target):
    z = T.matrix("z", dtype="float64")
    labels = np.array([1, 0, 2, 1])
    t = T.ivector("t") if target == "labels" else T.matrix("t", dtype="uint8" if target == "uint8" else "float64")
    loss = categorical_crossentropy(WAYS[way](T.nnet.softmax(z)), t)
    values = labels if target == "labels" else np.eye(3)[labels].astype(t.dtype)
    found, slope = run([z, t], [loss, theano.grad(loss.sum(), z)], [LOGITS, values.astype(t.dtype)])
    p = [softmax(row) for row in LOGITS]
    with mpmath.workdps(60):
        wanted = [float(-mpmath.log(row[label])) for row, label in zip(p, labels, strict=True)]
    close(found, wanted, "float64")
    close(slope, np.array(p, float) - np.eye(3)[labels], "float64")


SINGLE = {
    "nothing": lambda p: p,
    "flatten": lambda p: p.flatten(),
    "ravel": lambda p: p.ravel(),
    "column": lambda p: p[:, 0],
    "flatten and clip": lambda p: p.flatten().clip(0.00001, 0.99999),
    "reshape": lambda p: p.reshape((-1,)),
}


@pytest.mark.parametrize("way", SINGLE)
@pytest.mark.parametrize("dtype", ["float64", "int32", "uint8", "int8"])
def test_a_cross_entropy_after_a_sigmoid_is_exact_for_logits_of_any_size(way, dtype):
    z = T.TensorType("float64", (False, True))("z")
    t = T.vector("t", dtype=dtype)
    loss = binary_crossentropy(SINGLE[way](T.nnet.sigmoid(z)), t)
    logits, targets = np.array([[1000.0], [-1000], [0], [3], [-40]]), np.array([0, 1, 1, 0, 0])
    found, slope = run([z, t], [loss, theano.grad(loss.sum(), z)], [logits, targets.astype(dtype)])
    with mpmath.workdps(60):
        signs = [mpmath.mpf(float(v)) * (1 - 2 * int(y)) for v, y in zip(logits[:, 0], targets, strict=True)]
        wanted = [float(mpmath.log(1 + mpmath.exp(s))) for s in signs]
        steep = [float((1 - 2 * int(y)) / (1 + mpmath.exp(-s))) for s, y in zip(signs, targets, strict=True)]
    close(found.ravel(), wanted, "float64")
    close(slope[:, 0], steep, "float64")


def test_a_clip_that_is_more_than_a_guard_is_kept():
    z, t = T.matrix("z"), T.ivector("t")
    loss = categorical_crossentropy(T.clip(T.nnet.softmax(z), 0.2, 0.8), t)
    close(run([z, t], loss, [[[9.0, 0], [0, 9]], [1, 1]]), -np.log([0.2, 0.8]), "float64")


@pytest.mark.parametrize("mode", ["PYTHON", "C", "CVM", "NUMBA", "JAX"])
def test_a_label_out_of_range_is_an_error_with_row_and_label(mode):
    p, t = T.tensor("float64", shape=(None, 4), name="p"), T.ivector("t")
    loss = theano.function([p, t], categorical_crossentropy(T.nnet.softmax(p), t), mode=mode)
    close(loss(np.zeros((3, 4)), np.array([0, 3, 1], "int32")), np.log([4, 4, 4]), "float64")
    for label in (4, 10**8, -5):
        with pytest.raises(IndexError, match=rf"row 1 is {label}, but the labels of 4 classes are 0 to 3") as caught:
            loss(np.zeros((3, 4)), np.array([0, label, 1], "int32"))
        assert isinstance(caught.value, SymlossError | ValueError)


@pytest.mark.parametrize("mode", ["PYTHON", "JAX"])
def test_a_label_is_looked_at_where_the_number_of_classes_is_not_known_before(mode):
    p, t = T.matrix("p"), T.ivector("t")
    loss = theano.function([p, t], categorical_crossentropy(T.nnet.softmax(p), t + 1), mode=mode)
    with pytest.raises(Exception, match="the label in row 1 is 4, but the labels of 4 classes are 0 to 3"):
        np.asarray(loss(np.zeros((2, 4)), np.array([0, 3], "int32")))


def test_negative_labels_count_from_the_last_class_as_in_lasagne():
    p, t = T.matrix("p"), T.ivector("t")
    found = run([p, t], [categorical_crossentropy(p, t), multiclass_hinge_loss(p, t)], [[[0.1, 0.7, 0.2]], [-1]])
    close(found[0], -np.log([0.2]), "float64")
    close(found[1], [1.5], "float64")


def test_unsigned_targets_have_the_right_gradient():
    p, t = T.vector("p"), T.vector("t", dtype="uint8")
    slope = theano.grad(binary_crossentropy(p, t).sum(), p)
    close(run([p, t], slope, [[0.25], [1]], mode="C"), [-4], "float64")


@pytest.mark.parametrize("targets", [[[0, 0.5, 0.5]], [[0, 1, 1]], [[0, 0, 0]]])
def test_the_hinge_refuses_targets_that_name_no_single_class(targets):
    p, t = T.matrices("pt")
    with pytest.raises(ValueError, match="the target in row 0"):
        run([p, t], multiclass_hinge_loss(p, t), [[[1.0, 2, 3]], targets])


def test_the_hinge_of_a_sigmoid_is_that_of_its_logits():
    z, t = T.vector("z"), T.ivector("t")
    found = run([z, t], binary_hinge_loss(T.nnet.sigmoid(z), t, log_odds=False), [[40.0, -800], [0, 1]])
    close(found, [41, 801], "float64")


# ------------------------------------------------------------------------------------------ the documentation


def test_five_losses_one_convenience_two_measures():
    documented = {"binary_crossentropy", "categorical_crossentropy", "squared_error", "binary_hinge_loss",
                  "multiclass_hinge_loss", "aggregate", "binary_accuracy", "categorical_accuracy"}
    assert documented < set(objectives.__all__)


def test_binary_crossentropy_is_its_formula():
    p, t = np.array([[0.2, 0.9], [0.5, 0.01]]), np.array([[0, 1], [0.5, 0.3]])
    close(evaluated(binary_crossentropy, p, t), -t * np.log(p) - (1 - t) * np.log(1 - p), "float64")


def test_categorical_crossentropy_takes_a_matrix_or_classes():
    p, labels = np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([1, 0], "int32")
    close(evaluated(categorical_crossentropy, p, labels), -np.log([0.8, 0.6]), "float64")
    close(evaluated(categorical_crossentropy, p, np.eye(2)[labels]), -np.log([0.8, 0.6]), "float64")
    soft = np.array([[0.5, 0.5], [0.1, 0.9]])
    close(evaluated(categorical_crossentropy, p, soft), -(soft * np.log(p)).sum(axis=1), "float64")


def evaluated(function, *arrays, **keywords):
    variables = [T.TensorType(a.dtype, (False,) * a.ndim)() for a in map(np.asarray, arrays)]
    return run(variables, function(*variables, **keywords), arrays)


def test_squared_error_is_per_element_and_symmetric():
    a, b = np.array([[1.0, 2]]), np.array([[3.0, -1]])
    close(evaluated(squared_error, a, b), [[4, 9]], "float64")
    close(evaluated(squared_error, b, a), [[4, 9]], "float64")


def test_a_vector_meets_a_column_item_by_item():
    p, t = T.TensorType("float64", (False, True))("p"), T.vector("t")
    for function in (squared_error, binary_crossentropy, binary_accuracy, huber_loss):
        assert run([p, t], function(p, t), [[[0.5], [0.25]], [1, 0]]).shape == (2, 1)


def test_the_binary_hinge_without_log_odds_warns_and_takes_log_odds():
    p, t = T.vectors("pt")
    with pytest.warns(FutureWarning, match="log_odds"):
        loss = binary_hinge_loss(p, t)
    close(run([p, t], loss, [[0.5, -2], [1, 0]]), [0.5, 0], "float64")


def test_the_binary_hinge_takes_a_margin_and_either_kind_of_targets():
    z, t = np.array([0.5, -0.25]), np.array([1.0, 0])
    close(evaluated(binary_hinge_loss, z, t, log_odds=True, delta=2), [1.5, 1.75], "float64")
    close(evaluated(binary_hinge_loss, z, 2 * t - 1, log_odds=True, delta=2, binary=False), [1.5, 1.75], "float64")
    p = 1 / (1 + np.exp(-z))
    close(evaluated(binary_hinge_loss, p, t, log_odds=False, delta=2), [1.5, 1.75], "float64")


def test_the_multiclass_hinge_is_the_lead_of_the_best_wrong_class():
    p = np.array([[3.0, 1, 2.5], [0, 1, 5]])
    close(evaluated(multiclass_hinge_loss, p, np.array([0, 1], "int32")), [0.5, 5], "float64")
    close(evaluated(multiclass_hinge_loss, p, np.array([[1.0, 0, 0], [0, 1, 0]]), delta=2), [1.5, 6], "float64")


def test_aggregate_has_three_modes():
    loss, weights = np.array([1.0, 2, 6]), np.array([1.0, 0, 0.5])
    close(evaluated(lambda x: aggregate(x), loss), 3, "float64")
    close(evaluated(lambda x: aggregate(x, mode="sum"), loss), 9, "float64")
    close(evaluated(aggregate, loss, weights), 4 / 3, "float64")  # the mean divides by the count
    close(evaluated(aggregate, loss, weights, mode="sum"), 4, "float64")
    close(evaluated(aggregate, loss, weights, mode="normalized_sum"), 4 / 1.5, "float64")


def test_aggregate_masks_but_nan_propagates():
    assert np.isnan(evaluated(aggregate, np.array([np.nan, 1]), np.array([0.0, 1])))
    close(evaluated(aggregate, np.array([7.0, 1]), np.array([0.0, 1]), mode="normalized_sum"), 1, "float64")


def test_aggregate_wants_weights_to_normalize():
    with pytest.raises(ValueError, match="require weights for mode='normalized_sum'"):
        aggregate(T.vector(), mode="normalized_sum")
    with pytest.raises(ValueError, match="mode must be 'mean', 'sum' or 'normalized_sum', got 'median'"):
        aggregate(T.vector(), mode="median")


def test_aggregate_is_the_plain_expression():
    x = T.matrix("x")
    assert theano.gof.graph.is_same_graph(aggregate(x), x.mean())
    assert theano.gof.graph.is_same_graph(aggregate(x, x, "normalized_sum"), (x * x).sum() / x.sum())


def test_the_threshold_counts_as_positive():
    found = evaluated(binary_accuracy, np.array([0.5, 0.4, 0.6]), np.array([1, 1, 0], "int32"))
    assert found.tolist() == [True, False, False]
    assert evaluated(binary_accuracy, np.array([0.5]), np.array([0], "int32"), threshold=0.6).tolist() == [True]


def test_accuracy_among_the_most_probable_classes():
    p = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    assert evaluated(categorical_accuracy, p, np.array([3, 2], "int32")).tolist() == [True, False]
    assert evaluated(categorical_accuracy, p, np.array([2, 2], "int32"), top_k=2).tolist() == [True, False]
    assert evaluated(categorical_accuracy, p, np.eye(4)[[1, 2]], top_k=3).tolist() == [True, True]


def test_the_mean_of_an_accuracy_in_floatx():
    p, t = T.matrix("p"), T.ivector("t")
    mean = T.mean(categorical_accuracy(p, t), dtype=theano.config.floatX)
    assert mean.dtype == theano.config.floatX
    close(run([p, t], mean, [[[0.1, 0.9], [0.9, 0.1]], [1, 1]]), 0.5, "float64")


def test_accuracies_have_no_gradient():
    p, t = T.matrix("p"), T.ivector("t")
    slope = theano.grad(T.mean(categorical_accuracy(p, t)), p, disconnected_inputs="ignore")
    assert not run([p, t], slope, [[[0.1, 0.9]], [1]]).any()


def test_the_example_of_the_documentation():
    layers = pytest.importorskip("symloss.compat.lasagne.layers")
    from symloss.compat.lasagne.nonlinearities import rectify, softmax

    l_in = layers.InputLayer((100, 20))
    l_hid = layers.DenseLayer(l_in, num_units=30, nonlinearity=rectify)
    l_out = layers.DenseLayer(l_hid, num_units=3, nonlinearity=softmax)
    data, targets = theano.tensor.matrix("data"), theano.tensor.matrix("targets")
    predictions = layers.get_output(l_out, data)
    loss = categorical_crossentropy(predictions, targets)
    loss = aggregate(loss, mode="mean")
    test_predictions = layers.get_output(l_out, data, deterministic=True)
    test_loss = aggregate(categorical_crossentropy(test_predictions, targets))
    x, t = np.random.default_rng(0).normal(size=(100, 20)), np.eye(3)[np.arange(100) % 3]
    found = run([data, targets], [loss, test_loss, predictions], [x, t])
    close(found[0], -(t * np.log(found[2])).sum(axis=1).mean(), "float64")
    close(found[1], found[0], "float64")
