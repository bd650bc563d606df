"""Metrics against scikit-learn, whatever the batches; weights, masks, ties, and figures that are not defined."""

import json
import pathlib

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import losses, metrics
from symloss.compiling import Tally, function, resolve
from symloss.objective import Term, measures

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "losses/conformance/metrics_sklearn.json").read_text())
DATA = {name: np.array(value) for name, value in GOLDEN["data"].items()}
ARRAYS = {
    "labels": ("probabilities", "labels"), "few labels": ("probabilities", "few_labels"),
    "binary": ("binary", "yes"), "columns": ("columns", "several"), "values": ("prediction", "target"),
}
SIZES = ([61], [1, 20, 7, 33], [60, 1])
NAMES = [name for name in metrics.names() if name != "concordance"]  # whose targets are times and events


def arrays_of(kind):
    prediction, target = (DATA[name] for name in ARRAYS[kind])
    if kind == "few labels":
        prediction = np.eye(4)[np.where(prediction.argmax(1) == 3, 2, prediction.argmax(1))]
    return prediction[:, None] if kind == "binary" else prediction, target


def figures(asked, prediction, target, weights=None, sizes=None, backend="PYTHON"):
    """The figures of [(form, options), ...] on arrays that come in batches of these sizes."""
    arrays = [np.asarray(a) for a in (prediction, target, weights) if a is not None]
    ports = [pt.tensor(f"port{i}", dtype=a.dtype, shape=(None, *a.shape[1:])) for i, a in enumerate(arrays)]
    terms = [Term(f"{form}{i}", measures.figure(form, *ports, **options)) for i, (form, options) in enumerate(asked)]
    tally = Tally(terms)
    compiled = function(ports, tally.expressions, resolve(backend))
    ends = np.cumsum(sizes or [len(arrays[0])])
    batches = [[a[start:end] for a in arrays] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    parts = tally.by_term(tally.over(compiled(*batch) for batch in batches))
    return [term.value(p) for term, p in zip(terms, parts, strict=True)]


def figure(form, prediction, target, weights=None, sizes=None, **options):
    return figures([(form, options)], prediction, target, weights, sizes)[0]


def same(found, expected, rtol=1e-9):
    np.testing.assert_allclose(np.array(found, dtype=float), np.array(expected, dtype=float), rtol=rtol, atol=1e-14)


# ------------------------------------------------------------------------------------------------------- scikit-learn


def test_the_golden_figures_say_where_they_are_from():
    assert GOLDEN["made by"].startswith("scikit-learn 1.")
    covered = {case[1] for case in GOLDEN["cases"]}
    forms = {"binary_accuracy", "categorical_accuracy"}  # of accuracy, see below
    assert set(metrics.names()) - covered == forms | {"concordance"}  # which scikit-learn does not have


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ARRAYS)
def test_figures_are_those_of_scikit_learn_whatever_the_batches(kind, weighted):
    cases = [case for case in GOLDEN["cases"] if (case[0], case[3]) == (kind, weighted)]
    extra = {"multilabel": True} if kind == "columns" else {}
    asked = [(name, options | extra) for _, name, options, _, _ in cases]
    assert len(asked) > 7
    for sizes in SIZES:
        found = figures(asked, *arrays_of(kind), DATA["weights"] if weighted else None, sizes)
        for (name, options), value, case in zip(asked, found, cases, strict=True):
            np.testing.assert_allclose(value, case[4], rtol=1e-9, atol=1e-12, err_msg=f"{name} {options} {sizes}")


@pytest.mark.parametrize("kind", ["labels", "columns", "values"])
def test_weights_of_one_are_no_weights_and_those_of_two_are_items_twice(kind):
    prediction, target = arrays_of(kind)
    classes = [n for n in metrics.names() if metrics.get(n).target != "values"]
    values = [n for n in NAMES if metrics.get(n).target == "values"]
    names = values if kind == "values" else classes
    if kind == "columns":
        names = [n for n in names if n not in ("top_k_accuracy", "balanced_accuracy", "categorical_accuracy")]
    names = [n for n in names if (kind, n) != ("labels", "binary_accuracy")]
    extra = {"multilabel": True} if kind == "columns" else {}
    asked = [(n, {k: v for k, v in extra.items() if k in metrics.get(n).options}) for n in names]
    twice = DATA["weights"] * 2
    times = twice.astype(int)
    heavy = figures(asked, prediction, target, twice)
    repeated = figures(asked, np.repeat(prediction, times, axis=0), np.repeat(target, times, axis=0))
    ones = figures(asked, prediction, target, np.ones(len(target)))
    plain = figures(asked, prediction, target)
    for name, *pair in zip(names, heavy, repeated, strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-9, err_msg=name)
    for name, *pair in zip(names, ones, plain, strict=True):
        np.testing.assert_allclose(*pair, rtol=1e-12, err_msg=name)


# ------------------------------------------------------------------------------------------------- forms of a target


@pytest.mark.parametrize("name", ["accuracy", "precision", "roc_auc", "perplexity", "calibration_error",
                                  "confusion_matrix", "top_k_accuracy"])
def test_labels_one_hot_and_sequences_are_the_same(name):
    prediction, labels = (a[:60] for a in arrays_of("labels"))
    options = {"k": 2} if name == "top_k_accuracy" else {}
    expected = figure(name, prediction, labels, **options)
    same(figure(name, prediction, np.eye(4)[labels], **options), expected)
    same(figure(name, prediction, labels[:, None], **options), expected)
    same(figure(name, prediction.reshape(12, 5, 4), labels.reshape(12, 5), **options), expected)
    weights = np.tile(DATA["weights"][:12, None], (1, 5))
    expected = figure(name, prediction, labels, weights.ravel(), **options)
    same(figure(name, prediction.reshape(12, 5, 4), labels.reshape(12, 5), weights[:, 0], **options), expected)
    same(figure(name, prediction, np.eye(4)[labels], np.repeat(weights.reshape(60, 1), 4, axis=1), **options), expected)


@pytest.mark.parametrize("name", ["accuracy", "f1", "roc_auc", "perplexity", "ece", "confusion_matrix", "mae", "r2"])
def test_a_column_and_a_vector_are_the_same(name):
    p, y = DATA["binary"], DATA["yes"].astype(float)
    p = np.clip(p, 0.05, 0.95)
    expected = figure(name, p, y)
    for prediction, target in ((p[:, None], y), (p[:, None], y[:, None]), (p[:, None], y.astype(int)), (p, y[:, None])):
        same(figure(name, prediction, target), expected)


def test_two_outputs_are_binary_of_class_one():
    p, y = DATA["binary"], DATA["yes"]
    two = np.stack([1 - p, p], axis=1)
    for name in ("roc_auc", "average_precision"):
        same(figure(name, two, y), figure(name, p, y))
    keep = p != 0.5
    for name in ("accuracy", "precision", "recall", "f1"):
        same(figure(name, two[keep], y[keep]), figure(name, p[keep], y[keep]))


def test_several_columns_are_yes_and_no_where_they_come_out_of_a_sigmoid():
    z, y = pt.matrix("z", shape=(None, 3)), np.eye(3)
    measure = measures.figure("accuracy", pt.sigmoid(z), pt.as_tensor_variable(y))
    one_hot = measures.figure("accuracy", pt.special.softmax(z, axis=-1), pt.as_tensor_variable(y))
    compiled = function([z], [*measure.parts, *one_hot.parts], resolve("PYTHON"))
    values = [v.tolist() for v in compiled(np.ones((3, 3)))]
    assert values == [3, 9, 1, 3]


def test_forms_of_accuracy():
    p, y = arrays_of("labels")
    same(figure("categorical_accuracy", p, y), figure("acc", p, y))
    p, y = arrays_of("columns")
    same(figure("binary_accuracy", p, y, threshold=0.3), ((p > 0.3) == y).mean())
    same(figure("acc", p, y, multilabel=False), (p.argmax(1) == y.argmax(1)).mean())


# ------------------------------------------------------------------------------------------------------ ties, extremes


def test_of_equal_scores_the_first_classes_come_first():
    p = np.array([[0.2, 0.4, 0.4], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0]])
    one, two = [[0, 1, 0], [1, 0, 0], [1, 0, 0]], [[0, 1, 1], [1, 1, 0], [1, 1, 0]]
    for k, hits in ((1, one), (2, two), (3, np.ones((3, 3)))):
        for label in range(3):
            same(figure("top_k", p, np.full(3, label), k=k), np.mean(hits, axis=0)[label])
    same(figure("acc", p, [1, 0, 0]), 1)
    same(figure("top_k", p, [1, 0, 0], k=1), 1)


def test_a_score_that_is_nan_is_no_hit():
    assert figure("top_k", np.full((3, 4), np.nan), [0, 1, 2], k=2) == 0
    assert np.isnan(figure("auc", np.full(4, np.nan), [0.0, 1, 0, 1]))


@pytest.mark.parametrize("name", ["acc", "f1", "auc", "average_precision", "confusion", "perplexity", "ece"])
def test_a_target_that_is_nan_is_no_no(name):
    assert np.isnan(figure(name, np.array([0.2, 0.7, 0.4]), np.array([np.nan, 1.0, 0.0]))).all()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_with_a_weight_of_zero_counts(name):
    values = metrics.get(name).target == "values"
    prediction, target = arrays_of("values" if values else "binary" if name != "top_k_accuracy" else "labels")
    options = {"k": 2} if name == "top_k_accuracy" else {}
    target = target.astype(float) if name != "top_k_accuracy" else target
    keep = np.arange(61) % 3 > 0
    expected = figure(name, prediction[keep], target[keep], **options)
    broken = np.where(keep[:, None], prediction, np.nan)
    if target.dtype.kind == "f":
        target = np.where(keep.reshape(-1, *(1,) * (target.ndim - 1)), target, np.nan)
    same(figure(name, broken, target, keep.astype(float), sizes=[1, 20, 40], **options), expected)


@pytest.mark.parametrize("name", NAMES)
def test_without_any_weight_a_figure_is_zero_or_not_defined(name):
    values = metrics.get(name).target == "values"
    prediction, target = arrays_of("values" if values else "labels" if name != "binary_accuracy" else "binary")
    found = np.array(figure(name, prediction, target, np.zeros(61)))
    assert np.isnan(found).all() if name == "roc_auc" else (found == 0).all()


def test_what_is_not_defined():
    p = np.array([0.1, 0.2, 0.3])
    assert figure("precision", p, [0.0, 1, 1]) == 0 == figure("f1", p, [0.0, 1, 1])
    assert figure("recall", p, np.zeros(3)) == 0 == figure("average_precision", p, np.zeros(3))
    assert np.isnan(figure("auc", p, np.zeros(3))) and np.isnan(figure("auc", p, np.ones(3)))
    three = DATA["probabilities"][:6, :3]
    assert np.isnan(figure("auc", three, np.zeros(6, int)))
    only = figure("auc", three, [0, 0, 0, 1, 1, 1])  # class 2 has nothing to compare, and is left out
    same(only, np.mean(figure("auc", three, [0, 0, 0, 1, 1, 1], average=None)[:2]))
    assert np.isnan(figure("auc", three, [0, 0, 0, 1, 1, 1], average=None)[2])


def test_a_column_without_spread_is_explained_exactly_or_not_at_all():
    flat = np.full((31, 1), 0.1)
    weights = np.r_[0.0, np.ones(30)]
    for w in (None, weights):
        for name in ("r2", "explained_variance"):
            assert figure(name, flat, flat, w, sizes=[10, 20, 1]) == 1
        assert figure("r2", flat + 1, flat, w, sizes=[10, 20, 1]) == 0


def test_targets_far_from_zero_lose_nothing():
    rng = np.random.default_rng(3)
    noise, wrong = rng.normal(size=(5000, 1)), rng.normal(size=(5000, 1))
    for offset in (0, 1e3, 1e6):
        t = offset + noise
        error, spread = t - (t + 0.3 * wrong), t - offset
        exact = 1 - (error**2).sum() / ((spread - spread.mean()) ** 2).sum()
        for sizes in ([5000], [1] * 7 + [4993], [500] * 10):
            same(figure("r2", t + 0.3 * wrong, t, sizes=sizes), exact)


def test_sums_of_float32_are_kept_in_float64():
    p, t = (a.astype("float32") for a in arrays_of("values"))
    same(figure("r2", p, t, sizes=[10, 51]), figure("r2", p.astype(float), t.astype(float)), rtol=1e-12)


def test_the_perplexity_of_certainty_is_finite():
    z = pt.as_tensor_variable(np.array([[800.0, 0.0], [0.0, 800.0]]))
    found = measures.figure("perplexity", pt.special.softmax(z, axis=-1), pt.as_tensor_variable([0, 0]))
    value = function([], list(found.parts), resolve("PYTHON"))()[0]
    assert np.isclose(value[0], 800) and value[1] == 2
    sigmoid = measures.figure("perplexity", pt.sigmoid(z[:, :1]), pt.as_tensor_variable([0.0, 0.0]))
    assert np.isclose(function([], list(sigmoid.parts), resolve("PYTHON"))()[0][0], 800 + np.log(2))


@pytest.mark.parametrize(("name", "options"), [
    ("precision", {"average": "none"}), ("precision", {"average": "binary"}), ("f1", {"beta": -1}),
    ("auc", {"average": "samples"}), ("ece", {"bins": 0}), ("ece", {"norm": "l2"}), ("top_k", {"k": 0}),
    ("confusion", {"normalize": "rows"}), ("accuracy", {}),
])
def test_mistakes_are_said_at_once(name, options):
    prediction, target = arrays_of("labels")
    target = target if options else target.astype(float)
    with pytest.raises((symloss.SpecError, symloss.ShapeError), match=metrics.get(name).name):
        figure(name, prediction, target, **options)


def test_mistakes_with_numbers_are_said_at_once():
    for name, options in (("r2", {"average": "mean"}), ("rmse", {"average": "mean"})):
        with pytest.raises(symloss.SpecError, match="it must be"):
            figure(name, *arrays_of("values"), **options)
    with pytest.raises(symloss.ShapeError):
        figure("rmse", DATA["prediction"], DATA["target"], np.ones((61, 3)))


# ------------------------------------------------------------------------------------------------------------ registry


def test_metrics_and_losses_are_two_registries():
    assert "acc" not in losses.registry and "mse" not in metrics.registry
    with pytest.raises(symloss.UnknownNameError):
        symloss.Loss("acc")
    assert metrics.get("F1").name == "f_beta" and metrics.get("ROC-AUC").name == "roc_auc"
    with pytest.raises(symloss.UnknownNameError, match="precision"):
        metrics.get("precisoin")


def test_every_metric_says_what_it_is():
    for name in metrics.names():
        spec = metrics.get(name)
        assert len(spec.summary) > 20 and getattr(metrics, name) is spec.function
        assert spec.kind in metrics.KINDS and spec.best in ("max", "min", None)


def test_the_guide_has_a_row_for_every_metric_with_all_its_options():
    guide = (pathlib.Path(__file__).parents[2] / "docs/guide/metrics.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in guide.splitlines() if line.startswith("| `")}
    assert sorted(rows) == metrics.names()
    for name, row in rows.items():
        assert all(f"`{option}" in row for option in metrics.get(name).options), name
        assert {"max": "higher", "min": "lower", None: "| |"}[metrics.get(name).best] in row


def test_a_metric_of_the_users_is_one_by_its_decorator(registered):
    @metrics.metric("off", target="values", best="min")
    def far_off(prediction, target, *, by=1.0):
        """Share of predictions that are off by more than `by`."""
        return pt.gt(abs(prediction - target), by)

    p, t = arrays_of("values")
    same(figure("off", p, t, by=0.5), (abs(p - t) > 0.5).mean())
    weighted = np.average(abs(p - t) > 0.5, axis=0, weights=DATA["weights"]).mean()
    same(figure("off", p, t, DATA["weights"], by=0.5), weighted)
    with pytest.raises(symloss.UnknownNameError, match="by"):
        figure("off", p, t, buy=1)
    with pytest.raises(symloss.SpecError, match="kind"):
        metrics.metric(kind="sum")


def test_a_loss_is_a_metric_too():
    p, t = arrays_of("values")
    expected = np.average((p - t) ** 2, axis=0, weights=DATA["weights"]).mean()
    same(figure("mse", p, t, DATA["weights"], sizes=[20, 41]), expected)
    same(figure("huber", p, t, delta=0.2), symloss.evaluate.value("huber", p, t, delta=0.2).mean())
    for name in ("mae", "mape"):
        same(figure(name, p, t), symloss.evaluate.value(name, p, t).mean())


def test_a_function_is_a_metric_too():
    p, t = arrays_of("values")
    same(figure(lambda prediction, target: abs(prediction - target) ** 3, p, t), (abs(p - t) ** 3).mean())
