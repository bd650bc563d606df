"""Write metrics_sklearn.json: figures of scikit-learn on small data, with and without weights and ties.

Run it by hand, where scikit-learn is installed: ``python tests/losses/conformance/make_metrics_sklearn.py``.
"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import calibration, metrics
from sklearn.preprocessing import label_binarize

warnings.simplefilter("ignore")
CLASSES = 4
AVERAGES = ["macro", "micro", "weighted", None]


def data():
    rng = np.random.default_rng(5)
    n = 61
    logits = rng.normal(size=(n, CLASSES))
    labels = rng.integers(0, CLASSES, n)
    logits[np.arange(n), labels] += 1
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    binary = np.round(rng.beta(2, 2, size=n), 1)  # many ties, and scores on the edges of bins
    yes = (rng.uniform(size=n) < binary).astype(int)
    columns = np.round(rng.uniform(size=(n, 3)), 2)
    several = (rng.uniform(size=(n, 3)) < columns).astype(int)
    target = 1000 + rng.normal(size=(n, 2)) * [1, 3]
    prediction = target + rng.normal(size=(n, 2)) * [0.5, 1] + [0.1, -0.4]
    return {
        "weights": rng.integers(0, 4, n).astype(float) / 2,
        "probabilities": probabilities, "labels": labels, "few_labels": np.where(labels == 3, 2, labels),
        "binary": binary, "yes": yes, "columns": columns, "several": several,
        "target": target, "prediction": prediction,
    }


def of_decisions(predicted, actual, w, averages):
    scores = {"precision": metrics.precision_score, "recall": metrics.recall_score}
    rows = [[name, {"average": a}, score(actual, predicted, average=a, sample_weight=w, zero_division=0)]
            for name, score in scores.items() for a in averages]
    rows += [["f_beta", {"average": a, "beta": beta},
              metrics.fbeta_score(actual, predicted, beta=beta, average=a, sample_weight=w, zero_division=0)]
             for a in averages for beta in (0.5, 1, 2)]
    return rows


def confusions(predicted, actual, w):
    return [["confusion_matrix", {"normalize": how},
             metrics.confusion_matrix(actual, predicted, normalize=how, sample_weight=w)]
            for how in (None, "true", "pred", "all")]


def expected_error(p, hit, w, bins, norm):
    """The calibration error from scikit-learn's curve; weighted items are items that come twice as often."""
    if w is not None:
        times = (2 * w).astype(int)
        p, hit = np.repeat(p, times), np.repeat(hit, times)
    hits, confidence = calibration.calibration_curve(hit, p, n_bins=bins)
    edges = np.linspace(0, 1, bins + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], p), minlength=bins)
    gaps, counts = abs(hits - confidence), counts[counts > 0]
    return gaps.max() if norm == "max" else (gaps * counts).sum() / counts.sum()


def figures(d, w):
    """Yield [kind of data, metric, options, figure]."""
    p, labels = d["probabilities"], d["labels"]
    predicted = p.argmax(axis=1)
    rows = [["accuracy", {}, metrics.accuracy_score(labels, predicted, sample_weight=w)],
            ["balanced_accuracy", {}, metrics.balanced_accuracy_score(labels, predicted, sample_weight=w)],
            ["per_class_accuracy", {}, metrics.recall_score(labels, predicted, average=None, sample_weight=w)],
            ["perplexity", {}, np.exp(metrics.log_loss(labels, p, sample_weight=w))]]
    rows += [["top_k_accuracy", {"k": k}, metrics.top_k_accuracy_score(labels, p, k=k, sample_weight=w)]
             for k in (1, 2, 3)]
    rows += of_decisions(predicted, labels, w, AVERAGES) + confusions(predicted, labels, w)
    rows += [["roc_auc", {"average": a},
              metrics.roc_auc_score(labels, p, multi_class="ovr", average=a, sample_weight=w)] for a in AVERAGES]
    one_hot = label_binarize(labels, classes=range(CLASSES))
    rows += [["average_precision", {"average": a},
              metrics.average_precision_score(one_hot, p, average=a, sample_weight=w)] for a in AVERAGES]
    rows += [["calibration_error", {"bins": bins, "norm": norm},
              expected_error(p.max(axis=1), predicted == labels, w, bins, norm)]
             for bins in (5, 10) for norm in ("mean", "max")]
    yield from (["labels", *row] for row in rows)

    few = np.where(predicted == 3, 2, predicted)  # one class is neither there nor predicted
    rows = of_decisions(few, d["few_labels"], w, ["macro", "weighted"])
    yield from (["few labels", *row] for row in rows)

    said = (d["binary"] > 0.5).astype(int)
    yes = d["yes"]
    rows = [["accuracy", {}, metrics.accuracy_score(yes, said, sample_weight=w)],
            ["balanced_accuracy", {}, metrics.balanced_accuracy_score(yes, said, sample_weight=w)],
            ["roc_auc", {}, metrics.roc_auc_score(yes, d["binary"], sample_weight=w)],
            ["average_precision", {}, metrics.average_precision_score(yes, d["binary"], sample_weight=w)]]
    rows += of_decisions(said, yes, w, ["binary", "macro", "micro", "weighted", None]) + confusions(said, yes, w)
    rows += [[name, {}, value] for name, options, value in rows if options.get("average") == "binary"
             and options.get("beta", 1) == 1]  # what is meant where nothing is said
    rows += [["calibration_error", {"bins": bins, "norm": norm}, expected_error(d["binary"], yes, w, bins, norm)]
             for bins in (5, 10) for norm in ("mean", "max")]
    yield from (["binary", *row] for row in rows)

    said, several = (d["columns"] > 0.5).astype(int), d["several"]
    rows = [["accuracy", {}, metrics.accuracy_score(several.ravel(), said.ravel(),
                                                    sample_weight=None if w is None else np.repeat(w, 3))],
            ["confusion_matrix", {}, metrics.multilabel_confusion_matrix(several, said, sample_weight=w)]]
    rows += of_decisions(said, several, w, AVERAGES)
    rows += [["roc_auc", {"average": a}, metrics.roc_auc_score(several, d["columns"], average=a, sample_weight=w)]
             for a in AVERAGES]
    rows += [["average_precision", {"average": a},
              metrics.average_precision_score(several, d["columns"], average=a, sample_weight=w)] for a in AVERAGES]
    yield from (["columns", *row] for row in rows)

    t, p = d["target"], d["prediction"]
    names = {"uniform": "uniform_average", "variance": "variance_weighted", None: "raw_values"}
    scores = {"r_squared": metrics.r2_score, "explained_variance": metrics.explained_variance_score}
    rows = [[name, {"average": a}, score(t, p, multioutput=theirs, sample_weight=w)]
            for name, score in scores.items() for a, theirs in names.items()]
    rows += [["root_squared_error", {"average": a},
              metrics.root_mean_squared_error(t, p, multioutput=theirs, sample_weight=w)]
             for a, theirs in (("columns", "uniform_average"), (None, "raw_values"))]
    rows += [["root_squared_error", {}, metrics.mean_squared_error(t, p, sample_weight=w) ** 0.5],
             ["absolute_error", {}, metrics.mean_absolute_error(t, p, sample_weight=w)],
             ["absolute_percentage_error", {}, 100 * metrics.mean_absolute_percentage_error(t, p, sample_weight=w)]]
    yield from (["values", *row] for row in rows)


def main():
    found = data()
    cases = [[*row[:3], weighted, np.asarray(row[3]).tolist()]
             for weighted in (False, True) for row in figures(found, found["weights"] if weighted else None)]
    text = {"made by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, make_metrics_sklearn.py",
            "data": {name: value.tolist() for name, value in found.items()}, "cases": cases}
    path = pathlib.Path(__file__).parent / "metrics_sklearn.json"
    parts = [f'"{key}": {json.dumps(value)}' for key, value in text.items() if key != "cases"]
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text("{" + ",\n".join(parts) + ',\n"cases": [\n' + lines + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
