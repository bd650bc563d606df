"""Metrics of Keras: its numbers over several batches, state, and what users write."""

import numpy as np
import pytest

import symloss.compat.keras as keras
from symloss.compat.keras import metrics, ops
from symloss.errors import ShapeError, SpecError, UnknownNameError


def test_results_are_those_of_keras(golden):
    weights = np.array(golden["weights"])
    for case in golden["metrics"]:
        y_true, y_pred = np.array(case["y_true"]), np.array(case["y_pred"])
        metric = getattr(metrics, case["name"])(**{"dtype": "float64"} | case["options"])
        for key, wanted in case["results"].items():
            metric.reset_state()
            for part in (slice(0, 4), slice(4, None)):
                metric.update_state(y_true[part], y_pred[part],
                                    sample_weight=weights[part] if key == "weighted" else None)
            np.testing.assert_allclose(metric.result(), wanted, rtol=1e-6, atol=1e-7,
                                       err_msg=f"{case['name']} {case['options']} {key}")


def test_configurations_make_equal_metrics(golden):
    for case in golden["metrics"]:
        metric = getattr(metrics, case["name"])(**case["options"])
        again = metrics.deserialize(metrics.serialize(metric))
        assert type(again) is type(metric)
        assert again.get_config() == metric.get_config()


def test_means_and_sums():
    mean = metrics.Mean()
    mean.update_state([1, 3, 5, 7])
    mean.update_state([9.0], sample_weight=[3.0])
    assert float(mean.result()) == pytest.approx(43 / 7)
    mean.reset_state()
    assert float(mean.result()) == 0
    assert float(metrics.Sum()([1, 2, 3])) == 6
    assert [v.name for v in mean.variables] == ["total", "count"]


def test_a_wrapper_takes_a_function():
    wrapped = metrics.MeanMetricWrapper(keras.losses.mean_absolute_error, name="off")
    assert float(wrapped([[1.0], [2.0]], [[2.0], [4.0]])) == 1.5
    again = metrics.deserialize(metrics.serialize(wrapped))
    assert again.fn is keras.losses.mean_absolute_error and again.name == "off"


def test_a_users_metric():
    class Positive(keras.Metric):
        def __init__(self, name="positive"):
            super().__init__(name=name)
            self.count = self.add_weight(name="count", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.count.assign_add(ops.sum(ops.cast(ops.greater(y_pred, 0), "float32")))

        def result(self):
            return self.count

    metric = Positive()
    metric.update_state([0.0], [[1.0, -1.0]])
    metric.update_state([0.0], [[2.0, 3.0]])
    assert float(metric.result()) == 3
    before = metric.stateless_reset_state()
    after = metric.stateless_update_state(before, [0.0], [[1.0]])
    assert float(metric.stateless_result(after)) == 1 and float(metric.result()) == 3


@pytest.mark.parametrize("wrong, error, words", [
    (lambda: metrics.get("acuracy"), UnknownNameError, "accuracy"),
    (lambda: metrics.AUC(curve="RCO"), UnknownNameError, "ROC"),
    (lambda: metrics.Precision(threshold=0.5), UnknownNameError, "thresholds"),
    (lambda: metrics.Precision(thresholds=1.5), SpecError, r"\[0, 1\]"),
    (lambda: metrics.F1Score()([0.0, 1.0], [0.2, 0.3]), ShapeError, "2D"),
    (lambda: metrics.Recall(class_id=2)([0, 1], [0.2, 0.3]), ShapeError, "class_id"),
], ids=["name", "curve", "argument", "threshold", "vector", "class"])
def test_mistakes_are_told(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()
