"""Reduction, bound losses, alignment, and what is seen in the graph of a prediction."""

import itertools

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Loss, losses
from symloss._checks import align, shape_text, undo
from symloss.losses import divide, fraction, reduce
from symloss.losses.user_functions import prove

from .case import compiled, gradient


def run(graph, **arrays):
    """Return the value of a graph of variables, which are found by name."""
    several = isinstance(graph, list | tuple)
    outputs = list(graph) if several else [graph]
    inputs = {v.name: v for v in pytensor.graph.traversal.explicit_graph_inputs(outputs) if v.name in arrays}
    found = compiled(list(inputs.values()), outputs)(*(np.asarray(arrays[n], v.dtype) for n, v in inputs.items()))
    return [np.asarray(f) for f in found] if several else np.asarray(found[0])


def tensor(name, *shape, dtype="float64"):
    return pt.tensor(name=name, dtype=dtype, shape=shape)


# -------------------------------------------------------------------------------------------------------------- reduce

VALUES = np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
WEIGHTS = np.array([[1.0, 0.0, 2.0], [0.5, 3.0, 1.0]])


@pytest.mark.parametrize("how, expected", [
    ("mean", (VALUES * WEIGHTS).sum() / WEIGHTS.sum()),
    ("count", (VALUES * WEIGHTS).sum() / 6),
    ("sum", (VALUES * WEIGHTS).sum()),
    ("none", VALUES * WEIGHTS),
])
def test_every_how_with_weights(how, expected):
    values, weights = tensor("v", None, None), tensor("w", None, None)
    np.testing.assert_allclose(run(reduce(values, weights, how=how), v=VALUES, w=WEIGHTS), expected, rtol=1e-14)


@pytest.mark.parametrize("how, expected", [
    ("mean", VALUES.mean()), ("count", VALUES.mean()), ("sum", VALUES.sum()), ("none", VALUES),
])
@pytest.mark.parametrize("shape", [(None, None), (2, 3), (None, 3)])
def test_every_how_without_weights(how, expected, shape):
    np.testing.assert_allclose(run(reduce(tensor("v", *shape), how=how), v=VALUES), expected, rtol=1e-15)


def test_another_how_raises_with_what_there_is():
    with pytest.raises(symloss.UnknownNameError, match="average.*batch mean, count, mean, none, sum"):
        reduce(tensor("v", None), how="average")
    with pytest.raises(symloss.SpecError, match="how='mean', 'count', 'batch mean' or 'sum'"):
        fraction(tensor("v", None), how="none")


@pytest.mark.parametrize("how", ["mean", "count", "batch mean", "sum", "none"])
def test_weights_one_a_sample_count_for_all_of_it(how):
    values, weights = tensor("v", None, None), tensor("w", None)
    w = np.array([2.0, 0.5])
    expected = run(reduce(values, pt.constant(np.repeat(w[:, None], 3, 1)), how=how), v=VALUES)
    np.testing.assert_allclose(run(reduce(values, weights, how=how), v=VALUES, w=w), expected, rtol=1e-15)


def test_weights_one_a_sample_are_no_weights_of_columns_in_a_square():
    values, weights = tensor("v", None, None), tensor("w", None)
    found = run(reduce(values, weights, how="none"), v=np.ones((3, 3)), w=[1, 2, 3])
    np.testing.assert_array_equal(found, [[1, 1, 1], [2, 2, 2], [3, 3, 3]])


def test_weights_of_more_axes_are_averaged_over_them_without_zeros():
    values, weights = tensor("v", None), tensor("w", None, None)
    np.testing.assert_allclose(run(reduce(values, weights), v=[1, 5], w=[[2, 4], [0, 2]]), (3 * 1 + 2 * 5) / 5)


def test_weights_as_plain_lists_and_of_integers():
    values = tensor("v", None)
    for weights in ([1, 3], [1.0, 3.0], np.array([1, 3], "uint8"), np.array([1, 3], "int64")):
        assert run(reduce(values, weights), v=[4, 8]) == 7


def test_weights_of_another_known_length_raise_and_show_both_shapes():
    with pytest.raises(symloss.ShapeError, match=r"\(4,\).*\(3, 2\)"):
        reduce(tensor("v", 3, 2), tensor("w", 4))


@pytest.mark.parametrize("lengths", [(1, 4), (4, 1), (4, 3)])
def test_weights_of_another_unknown_length_raise_when_it_runs(lengths):
    n, m = lengths
    with pytest.raises((ValueError, AssertionError)):
        run(reduce(tensor("v", None), tensor("w", None)), v=np.ones(n), w=np.ones(m))


@pytest.mark.parametrize("how", ["mean", "count", "batch mean", "sum"])
@pytest.mark.parametrize("through", ["weights", "mask"])
def test_wholly_masked_batch_is_0_with_a_gradient_of_0(how, through):
    x = tensor("x", None)
    loss = reduce(pt.log(x), how=how, **{through: tensor("m", None)})
    for bad in ([1.0, 2.0], [np.nan, np.inf]):
        value, slope = run([loss, gradient(loss, x)], x=bad, m=[0, 0])
        assert value == 0
        if np.isfinite(bad).all():
            np.testing.assert_array_equal(slope, 0)


@pytest.mark.parametrize("name, expected", [
    ("bce", [1, 1, 1]), ("multilabel_soft_margin", [1 / 3, 1 / 3, 1 / 3]), ("asymmetric", [0, 0, 2]),
    ("xe", [0, 0, 1]), ("kl", [0, 0, 1]), ("poly1", [0, 0, 1]), ("categorical_focal", [0, 0, 0]),
])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_second_derivative_at_probabilities_of_0_and_1_that_are_right(name, expected, dtype):
    p = np.array([[0, 0, 1]], dtype)
    np.testing.assert_allclose(symloss.evaluate.hessian_diagonal(name, p, p), [expected], atol=1e-9)


@pytest.mark.parametrize("how", ["mean", "count", "batch mean", "sum"])
def test_empty_batch_is_not_nan(how):
    values = tensor("v", None, 3)
    total = reduce(values, how=how)
    found, slope = run([total, gradient(total, values)], v=np.zeros((0, 3)))
    assert found == 0 and slope.shape == (0, 3)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name, activation", [("xe", "softmax"), ("label_cross_entropy", "softmax"),
                                              ("nll", "log_softmax")])
def test_what_is_ignored_counts_in_no_divisor_of_plain_arrays(name, activation, weighted, rng):
    z, labels = rng.normal(size=(5, 3)), np.array([0, -100, 2, 1, -100])
    z[4] = np.nan  # nor in a gradient
    keep = labels >= 0
    w = rng.uniform(0.5, 2, 5)
    options = dict(how="mean", activation=None if name == "nll" else activation, ignore_index=-100)
    every, some = ({"weights": w}, {"weights": w[keep]}) if weighted else ({}, {})
    found = symloss.evaluate.value_and_grad(name, z, labels, **every, **options)
    expected = symloss.evaluate.value_and_grad(name, z[keep], labels[keep], **some, **options)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(found[1][keep], expected[1], rtol=1e-12)
    assert np.all(found[1][~keep] == 0)


def test_empty_batch_is_not_nan_with_weights():
    x = tensor("x", None)
    assert run(reduce(x, tensor("w", None)), x=[], w=[]) == 0


@pytest.mark.parametrize("how", ["mean", "count", "batch mean", "sum", "none"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_behind_a_mask_does_not_leak(how, bad):
    v, m = tensor("v", None), tensor("m", None, dtype="bool")
    loss = reduce(v, mask=m, how=how)
    value, slope = run([loss, gradient(loss.sum(), v)], v=[bad, 2.0, 4.0], m=[False, True, True])
    expected = {"mean": 3.0, "count": 2.0, "batch mean": 2.0, "sum": 6.0, "none": [0, 2, 4]}[how]
    np.testing.assert_allclose(value, expected)
    assert slope[0] == 0 and np.isfinite(slope).all()


def test_mask_and_weights_multiply_and_nan_weights_behind_a_mask_do_not_leak():
    v, w, m = tensor("v", None), tensor("w", None), tensor("m", None)
    assert run(reduce(v, w, m), v=[1, 2, 9], w=[1, 3, np.nan], m=[1, 1, 0]) == 1.75
    assert run(reduce(v, w, m, how="sum"), v=[1, 2, np.nan], w=[1, 3, np.nan], m=[1, 1, 0]) == 7


@pytest.mark.parametrize("how", ["mean", "count", "batch mean", "sum"])
@pytest.mark.parametrize("weighted", [True, False])
def test_fractions_of_batches_add_up_to_the_data_set(how, weighted, rng):
    v, w = tensor("v", None, None), tensor("w", None)
    parts = list(fraction(v, w if weighted else None, how=how))
    whole = reduce(v, w if weighted else None, how=how)
    values, weights = rng.normal(size=(11, 3)), rng.integers(0, 3, 11)
    function = compiled([v, w], [*parts, whole])
    sums = np.zeros(2)
    for start in range(0, 11, 4):
        sums += function(values[start : start + 4], weights[start : start + 4].astype(float))[:2]
    expected = function(values, weights.astype(float))[2]
    np.testing.assert_allclose(sums[0] / (1 if how == "sum" else sums[1]), expected, rtol=1e-13)


def test_divide_by_0_is_0_with_a_gradient_of_0():
    n, d = tensor("n"), tensor("d")
    q = divide(n, d)
    np.testing.assert_array_equal(run([q, *gradient(q, [n, d])], n=3.0, d=0.0), [0, 0, 0])
    np.testing.assert_allclose(run([q, *gradient(q, [n, d])], n=3.0, d=2.0), [1.5, 0.5, -0.75])


@pytest.mark.parametrize("how", ["mean", "count", "batch mean", "sum", "none"])
@pytest.mark.parametrize("weights", [None, "float64", "int64", "bool"])
def test_reduction_keeps_float32(how, weights):
    w = None if weights is None else tensor("w", None, dtype=weights)
    assert reduce(tensor("v", None, None, dtype="float32"), w, how=how).dtype == "float32"


def test_float32_mean_of_a_million_values_does_not_drift():
    v = np.full(1_000_000, 0.1, "float32")
    found = run(reduce(tensor("v", None, dtype="float32")), v=v)
    assert abs(float(found) - 0.1) < 1e-6


# ---------------------------------------------------------------------------------------------------------- bound loss


def bound(form="mse", shape=(None, None), weighted=False, **keywords):
    """Return (loss, outputs) for an output "out" called x."""
    x = tensor("x", *shape)
    loss = form if isinstance(form, Loss) else Loss(form, **keywords)
    target = tensor("target", *shape)
    loss.bind(target, losses.weights_variable(target) if weighted else None)
    return loss, {"out:out": x}


def test_binding_makes_variables_of_its_own():
    loss, outputs = bound("mae", weighted=True)
    assert [v.name for v in loss.variables] == ["target", "weights"] and loss.weighted
    x, t, w = [[1.0, 2.0]], [[0.0, 4.0]], [[3.0, 1.0]]
    assert run(loss(outputs), x=x, target=t, weights=w) == 5 / 4
    numerator, denominator = loss.parts(outputs)
    assert run([numerator, denominator], x=x, target=t, weights=w) == [5, 4]


def test_target_by_its_number_of_axes():
    loss = Loss("xe", target=1, weighted=True)
    assert loss._target.ndim == 1 and loss._target.dtype == "int32" and loss._weights.ndim == 1
    loss = Loss("mse", target=2)
    assert loss._target.ndim == 2 and loss._target.dtype == "float64" and loss._weights is None


def test_weight_moves_without_recompiling():
    loss, outputs = bound()
    function = compiled([outputs["out:out"], loss._target], [loss.weighing.scalar * loss(outputs)])
    one, zero = np.ones((2, 2)), np.zeros((2, 2))
    assert function(one, zero)[0] == 1
    loss.weight = 2.5
    assert function(one, zero)[0] == 2.5 and loss.weight == 2.5


@pytest.mark.parametrize("bad", ["much", None, np.nan, np.inf, [1, 2], "nan"])
def test_weight_that_is_no_finite_number_raises_and_changes_nothing(bad):
    loss = Loss("mse", weight=3)
    with pytest.raises(symloss.SpecError, match="must be a (finite )?number"):
        loss.weight = bad
    assert loss.weight == 3
    with pytest.raises(symloss.SpecError):
        Loss("mse", weight=bad)


def test_weight_takes_what_is_a_number():
    loss = Loss("mse")
    for good in (2, 2.0, np.float32(2), np.array(2), True):
        loss.weight = good
        assert loss.weight == float(good)


def test_factor_times_a_loss_scales_it_and_leaves_the_loss_alone():
    loss, outputs = bound("mae", weight=4)
    half = 0.5 * loss
    assert half.weight == 2 and (loss * 3).weight == 12 and loss.weight == 4
    loss.weight = 7
    assert half.weight == 2 and half.name == loss.name and half._target is loss._target
    assert run(half.weighing.scalar * half(outputs), x=[[3.0]], target=[[0.0]]) == 6


def test_unknown_names_raise_with_near_ones():
    with pytest.raises(symloss.UnknownNameError, match="huber"):
        Loss("hubber")
    with pytest.raises(symloss.UnknownNameError, match="delta"):
        Loss("huber", dleta=3)
    with pytest.raises(symloss.SpecError, match="got no loss"):
        Loss()
    with pytest.raises(symloss.SpecError, match="3"):
        Loss(3)
    with pytest.raises(symloss.SpecError, match="how"):
        Loss("mse", how="none")


def test_options_reach_the_function():
    loss, outputs = bound("huber", delta=2.0)
    assert run(loss(outputs), x=[[5.0]], target=[[0.0]]) == 8
    assert "delta=2.0" in repr(loss) and loss.to_spec()["delta"] == 2.0


def test_loss_is_rebuilt_from_its_spec():
    loss = Loss("huber", weight=0.25, delta=2.0, how="sum", output_name="mu")
    spec = loss.to_spec()
    twin = Loss.build(spec.pop("form"), **spec)
    assert repr(twin) == repr(loss)


@pytest.mark.parametrize("how, weighted, divisor", [
    ("mean", False, "number of elements"), ("mean", True, "sum of weights"), ("count", True, "number of elements"),
    ("sum", True, "1"),
])
def test_divisor_is_shown(how, weighted, divisor):
    loss, _ = bound("mse", weighted=weighted, how=how)
    assert loss.divisor() == divisor and repr(loss).endswith(f"/ {divisor}") and divisor in loss.log()


def test_divisor_of_another_system_is_said_in_words():
    assert str(Loss("xe", target=1, like="torch")).endswith("/ sum of the labels' class weights, or number of values")
    assert Loss("mse", like="torch", how="sum").divisor() == "1"


def test_ports_are_found_by_name_or_named_or_said_to_be_missing():
    mu, var, t = tensor("mu", None, None), tensor("var", None, None), tensor("target", None, None)
    by_name = Loss("gll").bind(t)({"mean:out": mu, "variance:out": var})
    named = Loss("gll", ports={"mean": "a", "variance": "b"}).bind(t)({"a:out": mu, "b:out": var})
    first = Loss("gll", ports={"variance": "b"}).bind(t)({"out:out": mu, "b:out": var})
    arrays = {"mu": [[1.0]], "var": [[2.0]], "target": [[3.0]]}
    expected = 0.5 * np.log(2 * np.pi * 2) + 1
    np.testing.assert_allclose(run([by_name, named, first], **arrays), expected)
    with pytest.raises(symloss.SpecError, match="variance.*out:out"):
        Loss("gll").bind(t)({"out:out": mu})


def test_nan_in_target_or_prediction_behind_a_weight_of_0_does_not_leak():
    for name, bad in itertools.product(("mse", "mae", "huber", "hinge"), (np.nan, np.inf)):
        loss, outputs = bound(name, weighted=True)
        total = loss(outputs)
        value, slope = run([total, gradient(total, outputs["out:out"])], x=[[0.5], [0.5]], target=[[1.0], [bad]],
                           weights=[[1.0], [0.0]])
        assert np.isfinite(value) and np.isfinite(slope).all() and slope[1] == 0, name


def test_nan_in_a_prediction_of_a_class_with_a_weight_of_0_does_not_leak():
    z, t = tensor("z", None, 2), tensor("t", None, dtype="int32")
    loss = Loss("xe").bind(t)
    loss.class_weight = [0.0, 2.0]
    found = loss({"out:out": softmax(z)})
    value, slope = run([found, gradient(found, z)], z=[[np.nan, np.inf], [0.0, 0.0]], t=[0, 1])
    np.testing.assert_allclose(value, np.log(2))
    np.testing.assert_allclose(slope, [[0, 0], [0.5, -0.5]])


def test_one_weight_a_sample_counts_for_the_whole_row_of_a_target():
    x, t, w = tensor("x", None, None), tensor("t", None, None), tensor("w", None)
    loss = Loss("mse").bind(t, w)
    targets = np.array([[0.0, 0, 0], [1, 1, 1], [np.nan, np.nan, np.nan]])
    assert run(loss({"out:out": x}), x=np.full((3, 3), 2.0), t=targets, w=[1, 3, 0]) == (1 * 4 + 3 * 1) / 4


def test_column_of_weights_counts_for_a_vector_of_labels():
    z, t, w = tensor("z", None, 3), tensor("t", None, dtype="int32"), tensor("w", None, 1)
    total = Loss("xe").bind(t, w)({"out:out": pt.special.softmax(z, axis=-1)})
    logits = np.log([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [1.0, 1.0, 1.0]])
    expected = (-np.log(0.3) - 3 * np.log(0.8)) / 4
    np.testing.assert_allclose(run(total, z=logits, t=[1, 2, -7], w=[[1], [3], [0]]), expected)


def test_labels_behind_a_weight_of_0_may_be_anything():
    z, t, w = tensor("z", None, 3), tensor("t", None, dtype="int32"), tensor("w", None)
    total = Loss("xe").bind(t, w)({"out:out": pt.special.softmax(z, axis=-1)})
    value, slope = run([total, gradient(total, z)], z=np.zeros((2, 3)), t=[1, -100], w=[1, 0])
    np.testing.assert_allclose(value, np.log(3))
    np.testing.assert_array_equal(slope[1], 0)


def test_labels_become_one_hot_for_a_loss_of_distributions():
    p, t = tensor("p", None, 3), tensor("t", None, dtype="int32")
    found = run(Loss("kl").bind(t)({"out:out": p}), p=[[0.2, 0.5, 0.3]], t=[1])
    np.testing.assert_allclose(found, -np.log(0.5))


def test_weights_of_a_weighted_model_are_true():
    loss, _ = bound(weighted=True)
    assert loss._weights
    assert bool(Loss("mse")._weights) is False


# --------------------------------------------------------------------------------------- the user's classes, functions


@pytest.fixture
def clean(registered):
    """Names that a test registers are taken back after it."""


def test_subclass_is_registered_by_its_name_and_knows_its_variables(clean):
    class StepForTest(Loss):
        def __call__(self, outputs):
            step = outputs[self.output_name] > 0
            if self._weights:
                return (self._weights * step).sum() / self._weights.sum()
            return step.mean()

    for weighted, expected in ((False, 0.5), (True, 0.25)):
        loss = Loss.build("step_for_test")
        assert type(loss) is StepForTest and loss.name == "StepForTest" and not loss.uses_items
        loss, outputs = bound(loss, weighted=weighted)
        found = run(loss(outputs), x=[[1.0], [-1.0]], target=[[0.0], [0.0]], weights=[[1.0], [3.0]])
        assert found == expected
        numerator, denominator = run(loss.parts(outputs), x=[[1.0], [-1.0]], target=[[0.0]] * 2,
                                     weights=[[1.0], [3.0]])
        assert numerator / denominator == expected and denominator == (4 if weighted else 2)


def test_subclass_is_no_loss_function(clean):
    before = losses.names()
    type("OddForTest", (Loss,), {})
    assert losses.names() == before
    with pytest.raises(symloss.SpecError, match="class"):
        losses.get("OddForTest")


def test_subclass_does_not_inherit_aliases(clean):
    class FirstForTest(Loss):
        aliases = ("first_alias",)

    class SecondForTest(FirstForTest):
        pass

    assert losses.registry.get("first-alias") is FirstForTest
    assert losses.registry.aliases("SecondForTest") == []


def test_subclass_may_be_defined_again_but_not_over_a_function(clean):
    def define():
        return type("AgainForTest", (Loss,), {})

    define()
    assert define() is losses.registry.get("AgainForTest")
    with pytest.raises(symloss.SpecError, match="huber"):
        type("Huber", (Loss,), {})
    assert losses.get("huber").name == "huber"


def test_two_losses_of_one_name_raise(clean):
    def huber(prediction, target):
        return prediction - target

    with pytest.raises(symloss.SpecError, match="huber"):
        losses.loss()(huber)
    with pytest.raises(symloss.SpecError, match="sort"):
        losses.loss(target="sort")


def test_decorator_reads_ports_and_options_from_the_signature(clean):
    @losses.loss("alias for test", target="none", per="item", unit="none")
    def triple_for_test(anchor, positive, negative, *, margin=0.5, weights=None):
        """Return a thing, per item."""
        return anchor

    spec = losses.get("ALIAS-for_test")
    assert spec.ports == spec.predictions == ("anchor", "positive", "negative")
    assert spec.options == {"margin": 0.5} and spec.pairs and spec.summary == "Return a thing, per item."
    with pytest.raises(symloss.UnknownNameError, match="margin"):
        spec.check_options({"marginn": 1})


def test_plain_functions_are_losses():
    def cubed(prediction, target, *, power=3):
        return abs(prediction - target) ** power

    loss, outputs = bound(cubed, power=2)
    assert loss.name == "cubed" and run(loss(outputs), x=[[3.0]], target=[[1.0]]) == 4
    loss, outputs = bound(lambda prediction: prediction**2)
    assert run(loss(outputs), x=[[3.0]], target=[[1.0]]) == 9
    loss, outputs = bound(lambda p, t: p > t)
    assert loss(outputs).dtype == "float64"
    with pytest.raises(symloss.UnknownNameError, match="power"):
        Loss(cubed, powr=2)


def test_several_lambdas_have_several_names():
    first = Loss(lambda p, t: abs(p - t))
    second = Loss(lambda p, t: (p - t) ** 2)
    assert first.name.startswith("<lambda>:") and first.name != second.name


def test_plain_function_that_reduces_counts_by_its_rows():
    loss, outputs = bound(lambda p, t: abs(p - t).mean())
    assert run(list(loss.parts(outputs)), x=[[1.0, 3.0]] * 5, target=[[0.0, 0.0]] * 5) == [10, 5]


@pytest.mark.parametrize("function", [lambda: 0, lambda a, b, c: a])
def test_plain_function_of_another_arity_raises(function):
    with pytest.raises(symloss.SpecError, match="prediction, target"):
        Loss(function)


def test_plain_function_that_returns_no_expression_raises():
    loss, outputs = bound(lambda p, t: 3.0)
    with pytest.raises(symloss.SpecError, match="must return a PyTensor expression"):
        loss(outputs)


def test_plain_function_that_makes_a_table_raises():
    t, x = tensor("t", None), tensor("x", None)
    with pytest.raises(symloss.ShapeError, match="returned 2 axes"):
        Loss(lambda p, t: p - t[:, None]).bind(t)({"out:out": x})


REPEATING = {
    "column minus vector": (lambda p, t: pt.mean((p[:, 0] - t) ** 2), 1, "float64"),
    "flat prediction": (lambda p, t: (p.flatten() - t).mean(), 1, "float64"),
    "flat target": (lambda p, t: (p - t.flatten()).mean(), 1, "float64"),
    "sum over classes": (lambda p, t: ((p.sum(axis=1) - t) ** 2).mean(), 1, "float64"),
    "values times column": (lambda p, t: (abs(p - t)[:, 0] * t).mean(), 1, "float64"),
    "columns of labels": (lambda p, t: -pt.log(p)[:, t].mean(), 3, "int32"),
    "labels along classes": (lambda p, t: (p - t[:, None]) ** 2, 3, "int32"),
    "labels along classes, reduced": (lambda p, t: ((p - t[:, None]) ** 2).mean(), 3, "int32"),
    "transposed": (lambda p, t: ((p.T - t) ** 2).mean(), 3, "int32"),
}
BY_CLASS = pt.constant(np.array([1.0, 2.0, 3.0]))
ON_PURPOSE = {
    "pairs of predictions": (lambda p, t: ((p[:, None] - p[None, :]) ** 2).mean(), "int32"),
    "pairs of one label": (lambda p, t: (pt.eq(t[:, None], t) * (p[:, None] - p).sum(axis=-1)).mean(), "int32"),
    "products of pairs": (lambda p, t: (pt.eq(t[:, None], t[None, :]) * (p @ p.T)).mean(), "int32"),
    "prediction times target": (lambda p, t: pt.special.log_softmax(p @ t.T, axis=1).mean(), "float64"),
    "one-hot": (lambda p, t: -(pt.eq(t[:, None], pt.arange(p.shape[1])) * p).sum(axis=1), "int32"),
    "weights by class": (lambda p, t: BY_CLASS[None, :] * (p - t) ** 2, "float64"),
    "weights of labels": (lambda p, t: BY_CLASS[t][:, None] * p**2, "int32"),
    "keepdims": (lambda p, t: (p - pt.logsumexp(p, axis=1, keepdims=True))[pt.arange(t.shape[0]), t].mean(), "int32"),
    "centred": (lambda p, t: (p - p.mean(axis=1, keepdims=True) - t) ** 2, "float64"),
    "by the target's sum": (lambda p, t: p / t.sum(axis=1, keepdims=True), "float64"),
    "by the target's spread": (lambda p, t: ((p - t) / t.std(axis=0)) ** 2, "float64"),
    "margin to the label": (lambda p, t: pt.maximum(0, 1 + p - p[pt.arange(t.shape[0]), t][:, None]), "int32"),
    "masked": (lambda p, t: pt.switch(pt.neq(t, -1)[:, None], p, 0), "int32"),
    "along an axis": (lambda p, t: pt.take_along_axis(p, t[:, None], axis=1).mean(), "int32"),
}


def of_user(function, columns, dtype):
    """Return the term of a user's function on an output of so many columns."""
    t = tensor("t", None, dtype=dtype) if dtype == "int32" else tensor("t", None, columns)
    return Loss(function).bind(t)({"out:out": tensor("x", None, columns)})


@pytest.mark.parametrize("case", REPEATING)
def test_function_that_repeats_prediction_against_target_and_reduces_raises(case):
    with pytest.raises(symloss.ShapeError, match=r"(broadcasts the shapes|do not fit together).*@symloss.loss\(\)"):
        of_user(*REPEATING[case])


@pytest.mark.parametrize("case", ON_PURPOSE)
def test_function_that_repeats_on_purpose_passes(case):
    function, dtype = ON_PURPOSE[case]
    of_user(function, 3, dtype)


@pytest.mark.parametrize("family", ["embedding", "similarity", "ranking", "margin", "ordinal"])
def test_what_the_catalogue_does_with_labels_and_pairs_is_no_accident(family):
    specs = [losses.get(name) for name in losses.names()]
    specs = [s for s in specs if s.ports == ("prediction", "target") and s.function.__module__.endswith(f".{family}")]
    assert specs
    for spec in specs:
        labels = "label" in spec.target
        target = tensor("t", None, dtype="int32") if labels else tensor("t", None, 1 if spec.target == "sign" else 3)
        prediction = tensor("p", None, 1 if spec.target == "sign" else 3)
        assert prove(spec.name, spec.function, [prediction, target], spec.ports) is not None, spec.name


def test_repetition_is_shown_with_the_shapes_that_met():
    with pytest.raises(symloss.ShapeError, match=r"shapes \(\?, 1\) and \(\?, 1\) .*as \(1, \?\)"):
        of_user(*REPEATING["column minus vector"])


def test_registered_function_may_repeat_what_it_likes(clean):
    @losses.loss()
    def table(prediction, target):
        return (prediction[:, 0] - target) ** 2

    assert of_user("table", 1, "float64").ndim == 0


# --------------------------------------------------------------------------------------------------------------- align


ALIGNED = [
    ((None,), (None,)), ((None, 1), (None,)), ((None, None), (None,)), ((None,), (None, 1)), ((4, 1), (4,)),
    ((4,), (4, 1)), ((None, 1), (None, 1)), ((None, 1), (None, None)), ((None, None), (None, 1)),
    ((None, None, 1), (None, None)), ((2, 2, 1), (2, 2)), ((), ()),
]
REFUSED = [
    ((None, 3), (None,)), ((None,), (None, 3)), ((None,), (None, None)), ((None, 3), (None, 4)), ((5,), (4,)),
    ((5, 1), (4,)), ((None,), ()), ((None, 1), ()), ((None, None, 3), (None, 3)), ((4, 4), (4,)), ((3, 1), (3, 4)),
    ((None, None, None), (None,)),
]


@pytest.mark.parametrize("first, second", ALIGNED)
def test_column_minus_vector_is_not_a_table(first, second):
    p, t = tensor("p", *first), tensor("t", *second)
    lengths = {0: (), 1: (4,), 2: (4, 1), 3: (2, 2, 1)}
    size = 1 if not first else 4
    shape_p = lengths[len(first)] if len(first) < 3 else (2, 2, 1)
    shape_t = (2, 2) if len(first) == 3 else lengths[len(second)]
    a, b = align(p, t, "test")
    assert a.ndim == b.ndim == len(first) and (a - b).ndim == len(first)
    found = run(a - b, p=np.arange(size).reshape(shape_p), t=np.ones(shape_t))
    np.testing.assert_array_equal(found.ravel(), np.arange(size) - 1)


@pytest.mark.parametrize("first, second", REFUSED)
def test_shapes_that_never_agree_raise_and_are_shown(first, second):
    p, t = tensor("p", *first), tensor("t", *second)
    with pytest.raises(symloss.ShapeError, match="test: ") as caught:
        align(p, t, "test")
    assert shape_text(p) in str(caught.value) and shape_text(t) in str(caught.value)


@pytest.mark.parametrize("first, second, p, t", [
    ((None, None), (None, None), (4, 3), (4, 1)), ((None, None), (None, None), (4, 1), (4, 3)),
    ((None, None), (None, None), (1, 3), (4, 3)), ((None, None), (None,), (4, 4), (4,)),
    ((None, None), (None,), (4, 3), (4,)), ((None,), (None,), (4,), (1,)), ((None,), (None,), (1,), (4,)),
    ((None,), (None, 1), (4,), (1, 1)), ((None, 3), (None, 3), (1, 3), (4, 3)),
    ((None, 1), (None, None), (4, 1), (4, 3)),
])
def test_unknown_lengths_that_differ_raise_when_it_runs(first, second, p, t):
    a, b = align(tensor("p", *first), tensor("t", *second), "test")
    with pytest.raises((ValueError, AssertionError, TypeError)):
        run(a - b, p=np.zeros(p), t=np.zeros(t))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "uint64", "int32", "float32", "float64"])
def test_aligned_dtype_is_the_predictions(dtype):
    for mine in ("float32", "float64"):
        a, b = align(tensor("p", None, dtype=mine), tensor("t", None, dtype=dtype), "test")
        assert a.dtype == b.dtype == mine
    a, b = align(tensor("p", None, dtype=dtype), tensor("t", None, dtype="float32"), "test")
    assert a.dtype == b.dtype == (dtype if dtype.startswith("float") else "float64")


def test_align_takes_lists_and_refuses_what_is_no_number():
    a, b = align([1, 2], np.array([1.0, 2.0]), "test")
    assert a.dtype == b.dtype == "float64"
    for bad in (tensor("p", None, dtype="complex128"), [[1], [1, 2]], object()):
        with pytest.raises(symloss.ShapeError, match="test: "):
            align(bad, tensor("t", None), "test")


# ---------------------------------------------------------------------------------------------------------------- undo


def softmax(z, axis=-1):
    return pt.special.softmax(z, axis=axis)


@pytest.mark.parametrize("shape", [(None,), (None, None), (None, 3), (None, None, 4)])
@pytest.mark.parametrize("axis", [-1, "last"])
def test_softmax_over_the_last_axis_is_seen(shape, axis):
    z = tensor("z", *shape)
    assert undo(softmax(z, len(shape) - 1 if axis == "last" else axis), "softmax") is z


@pytest.mark.parametrize("axis", [0, None, (0, 1)])
def test_softmax_over_another_axis_is_not_taken(axis):
    assert undo(softmax(tensor("z", None, None), axis), "softmax") is None


def test_other_functions_are_not_taken():
    z = tensor("z", None, None)
    for other in (z, pt.tanh(z), pt.sigmoid(z) + 1, 0.5 * softmax(z), pt.special.log_softmax(z, axis=-1)):
        assert undo(other, "softmax") is None and undo(other, "sigmoid") is None
    assert undo(softmax(z), "sigmoid") is None and undo(pt.sigmoid(z), "softmax") is None


VIEWS = {
    "itself": lambda p: p,
    "flat": lambda p: p.ravel(),
    "reshaped": lambda p: p.reshape((3, 2)),
    "transposed": lambda p: p.T,
    "more axes": lambda p: p[..., None],
    "declared": lambda p: pt.specify_shape(p, (2, None)),
    "several": lambda p: pt.specify_shape(p.T, (3, 2)).ravel()[None, :],
}


@pytest.mark.parametrize("view", VIEWS)
def test_sigmoid_is_seen_through_changes_of_shape(view):
    z = tensor("z", None, None)
    p = VIEWS[view](pt.sigmoid(z))
    logits = undo(p, "sigmoid")
    assert logits is not None
    found = run([p, pt.sigmoid(logits)], z=np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(*found)


def test_softmax_is_seen_through_a_declared_shape_and_transposing_it_never_gives_wrong_logits():
    z = tensor("z", None, None)
    logits = undo(pt.specify_shape(softmax(z), (2, None)), "softmax")
    np.testing.assert_array_equal(run(logits, z=np.arange(6.0).reshape(2, 3)), np.arange(6.0).reshape(2, 3))
    for view in ("flat", "reshaped", "transposed", "more axes"):
        p = VIEWS[view](softmax(z))
        logits = undo(p, "softmax")
        if logits is not None:
            np.testing.assert_allclose(*run([p, softmax(logits)], z=np.arange(6.0).reshape(2, 3)))


# ------------------------------------------------------------------------------------------------------ masked classes


@pytest.mark.parametrize("name", ["xe", "label_cross_entropy", "categorical_cross_entropy", "kl"])
@pytest.mark.parametrize("classes", [3, None])
def test_class_with_a_logit_of_minus_infinity_and_no_target_adds_nothing(name, classes):
    z = tensor("z", None, classes)
    t = pt.constant(np.array([1, 0], "int32")) if name.startswith(("xe", "label")) else pt.constant(np.eye(3)[[1, 0]])
    values = losses.get(name).function(softmax(z), t)
    found, slope = run([values, gradient(values.sum(), z)], z=[[0.0, 0.0, -np.inf], [1.0, -np.inf, -np.inf]])
    np.testing.assert_allclose(found, [np.log(2), 0], atol=1e-15)
    np.testing.assert_allclose(slope, [[0.5, -0.5, 0], [0, 0, 0]], atol=1e-15)


# ------------------------------------------------------------------------------------------------------------ evaluate


def test_loss_of_plain_arrays():
    value, grad = symloss.evaluate.value, symloss.evaluate.grad
    np.testing.assert_allclose(value("mae", [[1.0, 4.0]], [[2.0, 2.0]]), [[1, 2]])
    np.testing.assert_allclose(grad("mse", [[1.0, 4.0]], [[2.0, 2.0]]), [[-2, 4]])
    np.testing.assert_allclose(grad("mse", [[1.0, 4.0]], [[2.0, 2.0]], wrt=1), [[2, -4]])
    np.testing.assert_allclose(value("huber", [[3.0]], [[0.0]], delta=2.0), [[4]])
    with pytest.raises(symloss.SpecError, match="got 1 array, .* takes 2"):
        value("mse", [1.0])
    with pytest.raises(symloss.DataError, match="target"):
        value("mse", [1.0], ["a"])
    with pytest.raises(symloss.UnknownNameError, match="huber"):
        value("hubber", [1.0], [1.0])
    with pytest.raises(symloss.UnknownNameError, match="delta"):
        value("huber", [1.0], [1.0], detla=1)


def test_loss_of_plain_arrays_is_compiled_once(compilations):
    symloss.evaluate.value("mae", [1.0], [2.0])
    compilations.clear()
    assert symloss.evaluate.value("mae", [1.0, 5.0], [2.0, 2.0]).tolist() == [1, 3]
    assert not compilations


@pytest.mark.parametrize("labels", [[-1, 0], [3, 0], [10**6, 0], [-(10**9), 0]])
def test_label_out_of_range_is_refused_on_plain_arrays(labels):
    with pytest.raises(symloss.DataError, match=f"row 0: {labels[0]} is out of range"):
        symloss.evaluate.value("xe", [[0.2, 0.3, 0.5]] * 2, labels)


def test_a_function_without_a_name_is_evaluated_and_keeps_the_order_of_its_arguments():
    def mine(y_true, y_pred):
        return pt.sqr(y_true - y_pred) * (y_true + 10)

    assert symloss.evaluate.value(mine, [[0.0]], [[1.0]]).tolist() == [[11.0]]
    assert symloss.evaluate.grad(mine, [[0.0]], [[1.0]]).tolist() == [[-22.0]]
    assert symloss.evaluate.value(lambda p, t: abs(p - t), [[0.0]], [[1.0]], weights=[[2.0]], how="sum") == 2
