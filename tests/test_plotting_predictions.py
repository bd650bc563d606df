"""Figures of predictions, of weights by epoch, and of losses over two numbers: what is drawn is what was counted."""

import numpy as np
import pytest

import symloss
from symloss import evaluate, plotting
from symloss.training import History

pytest.importorskip("matplotlib")


@pytest.fixture
def axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_confusion_counts_targets_in_rows_and_predictions_in_columns(axes):
    scores = np.array([[3, 1, 0], [0, 1, 0], [0, 2, 1], [5, 0, 0]])
    assert plotting.confusion(scores, [0, 1, 2, 2], names=["cat", "dog", "bird"], ax=axes) is axes
    np.testing.assert_array_equal(axes.images[0].get_array(), [[1, 0, 0], [0, 1, 0], [1, 1, 0]])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("prediction", "target")
    assert [t.get_text() for t in axes.get_xticklabels()] == ["cat", "dog", "bird"]
    figure = plotting.confusion([0, 1, 1], [0, 0, 1], normalize="target")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), [[0.5, 0.5], [0, 1]])
    figure = plotting.confusion(np.array(["a", "b", "b"]), np.array(["a", "a", "b"]), normalize="prediction")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), [[1, 0.5], [0, 0.5]])


def test_calibration_bins_probabilities(axes):
    p, t = [0.05, 0.15, 0.15, 0.95, 1.0], [0, 0, 1, 1, 1]
    plotting.calibration(p, t, ax=axes)
    x, y = axes.get_lines()[1].get_data()
    np.testing.assert_allclose(x, [0.05, 0.15, 0.975])
    np.testing.assert_allclose(y, [0, 0.5, 1])
    assert f"{(0.05 + 2 * 0.35 + 2 * 0.025) / 5:.3f}" in axes.get_lines()[1].get_label()
    axes.clear()
    plotting.calibration([[0.8, 0.2], [0.3, 0.7]], [0, 0], bins=2, ax=axes)
    np.testing.assert_allclose(np.transpose(axes.get_lines()[1].get_data()), [[0.75, 0.5]])


def test_residuals_are_predictions_less_targets(axes):
    plotting.residuals([[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [np.nan, 5.0]], names=["a", "b"], ax=axes)
    first, second = (c.get_offsets().data.tolist() for c in axes.collections)
    assert first == [[1.0, 1.0]] and second == [[2.0, 0.0], [4.0, -1.0]]


def test_weights_by_epoch(axes):
    records = [{"epoch": e, "loss": 1.0, "weights": {"mae": 1.0, "xe": 0.1 * e}} for e in (1, 2, 3)]
    plotting.weights_over_time(History(records), ax=axes)
    drawn = {line.get_label(): line.get_ydata().tolist() for line in axes.get_lines()}
    assert drawn == {"mae": [1.0, 1.0, 1.0], "xe": pytest.approx([0.1, 0.2, 0.3])}
    with pytest.raises(symloss.SymlossError, match="Train first"):
        plotting.weights_over_time([])


@pytest.mark.parametrize(("name", "over", "ports"), [
    ("gaussian_nll", ("mean", "variance"), lambda a, b: (a, b, 0 * a)),
    ("squared_error", None, lambda a, b: (a, b)),
])
def test_a_surface_has_the_numbers_of_the_loss(name, over, ports):
    from symloss.plotting import lines, surfaces

    found = lines.drawn(name, {})
    a, b = np.array([[0.3, 1.0]]), np.array([[0.5, 2.0]])
    z = surfaces._values(found, list(over or ("prediction", "target")), a, b)
    wanted = evaluate.value(name, *(p.reshape(-1, 1) for p in ports(a, b)), mode="PYTHON")
    np.testing.assert_allclose(z.ravel(), wanted.ravel())


def test_a_surface_of_a_function_of_the_users_own():
    from symloss.plotting import lines, surfaces

    found = lines.drawn(lambda p, t: ((p - t) ** 2).mean(), {})  # items meet in it: one by one
    z = surfaces._values(found, ["prediction", "target"], np.array([[3.0, 1.0]]), np.array([[1.0, 0.5]]))
    np.testing.assert_allclose(z, [[4.0, 0.25]])


def test_a_surface_over_an_option(axes):
    from symloss.plotting import lines, surfaces

    z = surfaces._values(lines.drawn("huber", {}), ["prediction", "delta"], np.array([[3.0, 3.0]]),
                         np.array([[1.0, 2.0]]))
    np.testing.assert_allclose(z, [[2.5, 4.0]])
    assert plotting.loss_surface("huber", ("prediction", "delta"), ax=axes) is axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("prediction", "delta")


@pytest.mark.parametrize(("draw", "error", "words"), [
    (lambda: plotting.loss_surface("huber", ("prediction", "dleta")), symloss.UnknownNameError, "did you mean 'delta'"),
    (lambda: plotting.loss_surface("huber", "prediction"), symloss.SpecError, "two of"),
    (lambda: plotting.loss_surface("huber", between={"target": (1,)}), symloss.SpecError, "the lower one first"),
    (lambda: plotting.loss_surface("huber", at={"target": None}), symloss.SpecError, "target=None"),
    (lambda: plotting.loss_surface("cross_entropy"), symloss.SpecError, "is not a function of"),
    (lambda: plotting.confusion([0, 1], [0]), symloss.DataError, "2 predictions for 1 targets"),
    (lambda: plotting.confusion([0.3, 1.7], [0, 1]), symloss.DataError, "not labels"),
    (lambda: plotting.confusion([0, 1], [0, 1], normalize="all"), symloss.SpecError, "normalize='all'"),
    (lambda: plotting.confusion([0, 1], [0, 1], names=["a"]), symloss.DataError, "1 names for 2 classes"),
    (lambda: plotting.calibration([-1.0, 2.0], [0, 1]), symloss.DataError, "output of a sigmoid"),
    (lambda: plotting.calibration([0.5, np.nan], [0, 1]), symloss.DataError, "must be probabilities"),
    (lambda: plotting.calibration([0.5, 0.6], [0, 2]), symloss.DataError, "not 0 and 1"),
    (lambda: plotting.calibration([0.5], [0], bins=0), symloss.SpecError, "at least 1"),
    (lambda: plotting.residuals([[1.0], [2.0]], [[1.0, 2.0]]), symloss.DataError, "Pass equal shapes"),
])
def test_what_is_wrong_is_said(draw, error, words):
    with pytest.raises(error, match=words):
        draw()
