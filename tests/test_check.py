"""symloss.check: gradients against finite differences, with a verdict."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.gradient import disconnected_grad

import symloss


def half_hearted(prediction, target):
    return pt.sqr(prediction - 0.5 * disconnected_grad(prediction) - target)


def clipped(prediction, target):
    return pt.clip(prediction, 100, 200) - target


def verdicts(report, term):
    return {row.parameter: row.verdict for row in report.rows if row.term == term}


@pytest.mark.parametrize("name", ["mse", "huber", "log_cosh", "xe", "bce", "focal"])
def test_models_of_many_losses_are_right(name, points, labelled):
    if name in ("xe", "focal"):
        loss = "xe" if name == "xe" else "categorical_focal"
        net, data = symloss.Classifier([4, (6, "tanh"), 3], loss=loss), labelled
    elif name == "bce":
        net, data = symloss.Regressor([5, (6, "tanh"), (3, "sigmoid")], loss="bce"), (points[0], points[1] > 0)
    else:
        net, data = symloss.Regressor([5, (6, "tanh"), 3], loss=name), points
    report = symloss.check(net, data)
    assert report and not report.wrong and not report.unreached
    assert {row.verdict for row in report.rows} == {"right"}
    assert max(row.error for row in report.rows) < 1e-7
    assert "all gradients are right" in str(report)


def test_a_wrong_gradient_is_named_with_term_and_parameter(points):
    net = symloss.Regressor([5, (4, "tanh"), 3], loss=["mse", half_hearted])
    report = symloss.check(net, points)
    assert not report
    assert set(verdicts(report, "mse").values()) == {"right"}
    assert set(verdicts(report, "half_hearted").values()) == {"wrong"}
    assert "wrong: half_hearted by hid1.w" in str(report)


def test_a_parameter_that_no_loss_reaches_is_named(points):
    sides = [{"name": name, "size": size, "inputs": "in"} for name, size in (("side", 2), ("main", 3))]
    net = symloss.Regressor([5, *sides])
    report = symloss.check(net, points)
    assert report.unreached == ["side.w", "side.b"] and not report
    assert verdicts(report, "mse")["side.w"] == "no path"
    assert "no loss moves side.w, side.b" in str(report)


def test_a_slope_of_zero_is_no_missing_path(points):
    report = symloss.check(symloss.Regressor([5, 3], loss=clipped), points)
    assert verdicts(report, "clipped") == {"out.w": "zero", "out.b": "zero"}
    assert not report and "is 0 in 100 % of the places" in str(report)


def test_a_kink_is_told_from_a_wrong_gradient(points):
    x, y = points
    net = symloss.Regressor([5, 3], loss="mae")
    net.train(points, algo="sgd", learning_rate=0.0, epochs=1, verbose=0)
    report = symloss.check(net, [x, net.predict(x)])  # every error is 0: the middle of the bend
    assert set(verdicts(report, "mae").values()) <= {"kink met", "right"} and not report.wrong
    assert "kink met" in verdicts(report, "mae").values()


@pytest.mark.parametrize("count", [1, 1000])
def test_one_kink_among_many_numbers_is_met(count, rng):
    prediction, target = rng.normal(size=(2, count, 3))
    prediction[count // 2] = target[count // 2]
    report = symloss.check("mae", [prediction, target], items=count)
    assert {row.verdict for row in report.rows} == {"kink met"}
    smooth = symloss.check("mse", [prediction, target], items=count)  # which has its least value there
    assert {row.verdict for row in smooth.rows} == {"zero" if count == 1 else "right"}


def test_a_class_of_the_users_is_checked(points, registered):
    class Clipped(symloss.Loss):
        def __call__(self, outputs):
            return pt.sqr(pt.clip(outputs[self.output_name], 100, 200) - self._target).mean()

    assert "is 0 in 100 % of the places" in str(symloss.check(symloss.Regressor([5, 3], loss=Clipped()), points))


def test_where_a_loss_is_still_is_told():
    report = symloss.check(lambda p, t: pt.sqr(pt.clip(p, 0, 1) - t), [[[0.5, 3.0, -1.0, 0.2]], [[1.0, 0.0, 0.0, 0.0]]])
    assert "slope by prediction is 0 in 50 % of the places" in str(report)
    assert "is 0 in" not in str(symloss.check("xe", [[[0.2, 0.8], [0.5, 0.5]], [0, 1]]))
    assert "is 0 in 50 % of the items" in str(symloss.check("multiclass_hinge", [[[2.0, 0.0], [0.5, 0.0]], [0, 0]]))


def test_regularizers_are_terms_as_well(points):
    report = symloss.check(symloss.Regressor([5, (4, "tanh"), 3]), points, weight_l2=0.1, hidden_l1=0.1)
    assert report
    assert verdicts(report, "weight_l2") == {"hid1.w": "right", "hid1.b": "no path", "out.w": "right",
                                             "out.b": "no path"}


def test_a_float32_model_is_checked_in_float64_and_not_changed(points):
    import pytensor

    with pytensor.config.change_flags(floatX="float32"):
        net = symloss.Regressor([5, (4, "tanh"), 3], loss=["mse", lambda p, t: pt.sqr(p - t) ** 2], weighted=True)
        before = [p.get_value() for p in net.params]
        report = symloss.check(net, [*points, np.ones(40)])
    assert report and max(row.error for row in report.rows) < 1e-7
    for p, value in zip(net.params, before, strict=True):
        assert p.get_value().dtype == "float32"
        np.testing.assert_array_equal(p.get_value(), value)


@pytest.mark.parametrize("loss, arrays", [
    ("huber", ([[0.3, 2.0]], [[0.0, 0.0]])),
    ("xe", ([[0.2, 0.8]], [1])),
    (lambda p, t: pt.sqr(p - t), ([[1.0]], [[2.0]])),
])
def test_a_loss_is_checked_by_its_ports(loss, arrays):
    report = symloss.check(loss, arrays)
    assert report and report.rows[0].parameter == "prediction"


@pytest.mark.parametrize(("loss", "target", "words"), [
    ("label_cross_entropy", [0, 99], "check: target, row 1: 99 is out of range"),
    (lambda p, t: -np.log(1) * p[:, 0] + t, [-1, 0], "check: target, row 0: -1 is out of range"),
    ("binary_cross_entropy", [[0.0, 1.0], [1.0, 7.0]], "row 1, column 1: 7.0 is not a probability"),
])
def test_labels_and_probabilities_that_are_none_are_no_zero_gradient(loss, target, words):
    with pytest.raises(symloss.DataError, match=words):
        symloss.check(loss, ([[0.2, 0.8], [0.5, 0.5]], target))


def test_a_wrong_loss_is_found():
    report = symloss.check(half_hearted, ([[1.0, 2.0]], [[2.0, 0.5]]))
    assert report.wrong[0].parameter == "prediction"


def test_options_of_a_loss_go_along_and_misspelt_ones_are_refused():
    assert symloss.check("huber", ([[3.0]], [[0.0]]), delta=2.0)
    with pytest.raises(symloss.UnknownNameError, match="delta"):
        symloss.check("huber", ([[3.0]], [[0.0]]), detla=2.0)
    with pytest.raises(symloss.DataError, match="2 arrays"):
        symloss.check("huber", [[3.0]])
    with pytest.raises(symloss.SpecError, match="no loss"):
        symloss.check(symloss.Regressor([2, 1], loss=None), ([[1.0, 1.0]], [[1.0]]))
