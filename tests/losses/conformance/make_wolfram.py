"""Write wolfram.json: ``python make_wolfram.py``.

The Wolfram Language is not at hand: these figures are computed in plain numpy from the formulas of its documentation
(reference.wolfram.com/language/ref: MeanSquaredLossLayer, MeanAbsoluteLossLayer, CrossEntropyLossLayer,
ContrastiveLossLayer, CTCLossLayer), CTC by adding up all paths. Labels count from 1 there, and from 0 here.
"""

import itertools
import json
import pathlib

import numpy as np

rng = np.random.default_rng(0)
CASES = []


def add(loss, own, ports, value, gradient=None, options=None, activation=None):
    ports = [np.asarray(p) for p in ports]
    CASES.append({
        "loss": loss, "own": own, "options": options or {}, "activation": activation,
        "ports": [p.tolist() for p in ports], "dtypes": [str(p.dtype) for p in ports], "weights": None, "how": None,
        "wrt": 0, "value": float(value), "gradient": None if gradient is None else np.asarray(gradient).tolist(),
    })


def paths_of(labels, steps, blank):
    """Yield all paths that give `labels` when repeats are merged and blanks are removed."""
    for path in itertools.product(range(blank + 1), repeat=steps):
        merged = [c for c, _ in itertools.groupby(path)]
        if [c for c in merged if c != blank] == list(labels):
            yield path


def main():
    p, t = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    add("squared_error", "MeanSquaredLossLayer", [p, t], np.mean((p - t) ** 2), 2 * (p - t) / p.size)
    add("absolute_error", "MeanAbsoluteLossLayer", [p, t], np.mean(abs(p - t)), np.sign(p - t) / p.size)
    z = rng.normal(size=(5, 4))
    p, labels = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rng.integers(0, 4, 5)
    hot, soft = np.eye(4)[labels], rng.dirichlet(np.ones(4), 5)
    for name in ("cross_entropy", "label_cross_entropy"):
        add(name, 'CrossEntropyLossLayer["Index"]', [p, labels], -np.mean(np.log(p[range(5), labels])), -hot / p / 5)
        add(name, 'CrossEntropyLossLayer["Index"]', [z, labels], -np.mean(np.log(p[range(5), labels])), (p - hot) / 5,
            activation="softmax")
    add("categorical_cross_entropy", 'CrossEntropyLossLayer["Probabilities"]', [p, soft],
        -np.mean((soft * np.log(p)).sum(axis=1)), -soft / p / 5)
    yes, s = rng.uniform(size=(4, 3)), rng.uniform(0.05, 0.95, (4, 3))
    add("binary_cross_entropy", 'CrossEntropyLossLayer["Binary"]', [s, yes],
        -np.mean(yes * np.log(s) + (1 - yes) * np.log(1 - s)), (-yes / s + (1 - yes) / (1 - s)) / s.size)
    distance, far = np.array([0.2, 0.9, 0.3, 1.4, 0.1]), np.array([1, 1, 0, 0, 1])
    value = np.where(far == 1, np.maximum(0, 0.5 - distance), distance)
    add("contrastive", "ContrastiveLossLayer", [distance, far], value.mean(),
        np.where(far == 1, -(distance < 0.5).astype(float), 1) / 5)
    value = np.where(far == 1, np.maximum(0, 1 - distance), distance)
    add("contrastive", "ContrastiveLossLayer", [distance, far], value.mean(),
        np.where(far == 1, -(distance < 1).astype(float), 1) / 5, options={"margin": 1.0})
    p = rng.dirichlet(np.ones(3), (2, 4))  # two classes, and the blank behind them
    targets = np.array([[0, 1], [1, 1]])
    sums, slope = np.zeros(2), np.zeros_like(p)  # of the probabilities of all paths
    for i, target in enumerate(targets):
        for path in paths_of(target, 4, 2):
            sums[i] += np.prod(p[i, range(4), path])
            slope[i, range(4), path] += np.prod(p[i, range(4), path]) / p[i, range(4), path]
    add("ctc", "CTCLossLayer", [p, targets], -np.mean(np.log(sums)), -slope / sums[:, None, None] / 2)
    file = {
        "made by": pathlib.Path(__file__).name,
        "versions": {"Wolfram Language": "formulas of the documentation of 14", "numpy": np.__version__},
        "public": ["MeanSquaredLossLayer", "MeanAbsoluteLossLayer", 'CrossEntropyLossLayer["Index"]',
                   'CrossEntropyLossLayer["Probabilities"]', 'CrossEntropyLossLayer["Binary"]',
                   "ContrastiveLossLayer", "CTCLossLayer"],
        "absent": {}, "no weights": "all", "options without figures": {"ctc": {
            "blank": "it is always the last class there",
            "steps": "a layer there sees each sequence at its own length"}},
        "cases": CASES,
    }
    pathlib.Path(__file__).with_name("wolfram.json").write_text(json.dumps(file))


if __name__ == "__main__":
    main()
