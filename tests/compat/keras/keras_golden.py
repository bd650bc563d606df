"""Write golden.json: ``KERAS_BACKEND=jax JAX_ENABLE_X64=1 python keras_golden.py``, with Keras 3 and JAX.

What Keras makes of small arrays in float64: losses with gradients, metrics over two batches, activations, regularizers,
initializers that are not random, and operations.
"""

import json
import pathlib
from importlib.metadata import version

import jax
import keras
import numpy as np

rng = np.random.default_rng(0)
N, K = 6, 4
LABELS = rng.integers(K, size=N)
ONE_HOT = np.eye(K)[LABELS]
SOFT = rng.dirichlet(np.ones(K), size=N)
P = rng.dirichlet(np.ones(K), size=N)
Z = rng.normal(size=(N, K)) * 2
YES = rng.integers(2, size=(N, K)).astype(float)
UNIT = rng.uniform(0.02, 0.98, size=(N, K))
REAL = rng.normal(size=(N, K))
POSITIVE = rng.uniform(0.1, 3, size=(N, K))
ROWS = Z / np.linalg.norm(Z, axis=1, keepdims=True)
STEPS = rng.normal(size=(3, 7, 5))
SEQUENCES = np.array([[1, 2, 2, 4], [3, 1, 0, 0], [4, 0, 0, 0]])
W = rng.uniform(0.2, 2, size=N)

LOSSES = [  # class, options, y_true, y_pred
    ("MeanSquaredError", {}, REAL, Z),
    ("MeanAbsoluteError", {}, REAL, Z),
    ("MeanAbsolutePercentageError", {}, REAL, Z),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, UNIT),
    ("CosineSimilarity", {}, REAL, Z),
    ("CosineSimilarity", {"axis": 0}, REAL, Z),
    ("Huber", {}, REAL, Z),
    ("Huber", {"delta": 0.3}, REAL, Z),
    ("LogCosh", {}, REAL, Z),
    ("Hinge", {}, 2 * YES - 1, Z),
    ("Hinge", {}, YES, Z),
    ("SquaredHinge", {}, YES, Z),
    ("CategoricalHinge", {}, ONE_HOT, Z),
    ("KLDivergence", {}, SOFT, P),
    ("Poisson", {}, POSITIVE, UNIT),
    ("BinaryCrossentropy", {}, YES, UNIT),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, YES, Z),
    ("BinaryCrossentropy", {"axis": 0}, YES, UNIT),
    ("BinaryFocalCrossentropy", {}, YES, UNIT),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5, "label_smoothing": 0.2},
     YES, UNIT),
    ("BinaryFocalCrossentropy", {"from_logits": True}, YES, Z),
    ("CategoricalCrossentropy", {}, ONE_HOT, P),
    ("CategoricalCrossentropy", {}, ONE_HOT, UNIT),
    ("CategoricalCrossentropy", {"from_logits": True}, SOFT, Z),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, ONE_HOT, P),
    ("CategoricalCrossentropy", {"axis": 0}, SOFT, UNIT),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT, P),
    ("CategoricalFocalCrossentropy", {"alpha": 0.5, "gamma": 1.0, "from_logits": True, "label_smoothing": 0.1},
     SOFT, Z),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4]}, ONE_HOT, P),
    ("SparseCategoricalCrossentropy", {}, LABELS, P),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": int(LABELS[0])}, LABELS, Z),
    ("SparseCategoricalCrossentropy", {}, LABELS[:, None], UNIT),
    ("CTC", {}, SEQUENCES, STEPS),
    ("Dice", {}, YES, UNIT),
    ("Dice", {"axis": 1}, YES, UNIT),
    ("Tversky", {"alpha": 0.3, "beta": 0.6}, YES, UNIT),
    ("Circle", {}, LABELS, ROWS),
    ("Circle", {"gamma": 4.0, "margin": 0.25, "remove_diagonal": False}, LABELS, ROWS),
    ("CategoricalGeneralizedCrossEntropy", {}, LABELS, P),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.8}, LABELS, P),
]
REDUCTIONS = ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
METRICS = [  # class, options, y_true, y_pred
    ("MeanSquaredError", {}, REAL, Z), ("RootMeanSquaredError", {}, REAL, Z), ("MeanAbsoluteError", {}, REAL, Z),
    ("MeanAbsolutePercentageError", {}, REAL, Z), ("MeanSquaredLogarithmicError", {}, POSITIVE, UNIT),
    ("LogCoshError", {}, REAL, Z), ("CosineSimilarity", {}, REAL, Z), ("R2Score", {}, REAL, Z),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, REAL, Z),
    ("R2Score", {"class_aggregation": None}, REAL, Z), ("PearsonCorrelation", {}, REAL, Z),
    ("ConcordanceCorrelation", {}, REAL, Z), ("Hinge", {}, YES, Z), ("SquaredHinge", {}, YES, Z),
    ("CategoricalHinge", {}, ONE_HOT, Z), ("KLDivergence", {}, SOFT, P), ("Poisson", {}, POSITIVE, UNIT),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, YES, UNIT),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, Z),
    ("SparseCategoricalCrossentropy", {"ignore_class": int(LABELS[1])}, LABELS, P),
    ("Accuracy", {}, LABELS, P.argmax(1)), ("BinaryAccuracy", {"threshold": 0.6}, YES, UNIT),
    ("CategoricalAccuracy", {}, ONE_HOT, P), ("SparseCategoricalAccuracy", {}, LABELS[:, None], P),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, P), ("SparseTopKCategoricalAccuracy", {"k": 3}, LABELS, P),
    ("TruePositives", {"thresholds": [0.2, 0.7]}, YES, UNIT), ("FalsePositives", {}, YES, UNIT),
    ("TrueNegatives", {}, YES, UNIT), ("FalseNegatives", {"thresholds": [0.7, 0.2]}, YES, UNIT),
    ("Precision", {}, YES, UNIT), ("Precision", {"top_k": 2, "class_id": 1}, YES, UNIT),
    ("Recall", {"thresholds": [0.1, 0.4, 0.9]}, YES, UNIT), ("AUC", {}, YES, UNIT),
    ("AUC", {"curve": "PR", "num_thresholds": 20}, YES, UNIT),
    ("AUC", {"curve": "PRGAIN", "summation_method": "minoring"}, YES, UNIT),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 2.0, 0.5, 0.1], "summation_method": "majoring"}, YES, UNIT),
    ("AUC", {"from_logits": True, "thresholds": [0.3, 0.8]}, YES, Z),
    ("PrecisionAtRecall", {"recall": 0.6}, YES, UNIT), ("RecallAtPrecision", {"precision": 0.6}, YES, UNIT),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, YES, UNIT),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5, "num_thresholds": 30}, YES, UNIT),
    ("F1Score", {}, YES, UNIT), ("F1Score", {"average": "weighted", "threshold": 0.4}, YES, UNIT),
    ("FBetaScore", {"beta": 2.0, "average": "micro", "threshold": 0.5}, YES, UNIT),
    ("IoU", {"num_classes": K, "target_class_ids": [0, 2], "sparse_y_pred": False, "dtype": "float32"}, LABELS, P),
    ("MeanIoU", {"num_classes": K, "sparse_y_pred": False, "ignore_class": 1, "dtype": "float32"}, LABELS, P),
    ("OneHotMeanIoU", {"num_classes": K, "dtype": "float32"}, ONE_HOT, P),
    ("BinaryIoU", {"threshold": 0.4, "dtype": "float32"}, YES[:, 0], UNIT[:, 0]),
]
ACTIVATIONS = ["celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
               "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
               "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax",
               "squareplus", "tanh", "tanh_shrink", "glu"]


def plain(x):
    return np.asarray(x).tolist()


def loss_case(name, options, y_true, y_pred):
    y_true = np.asarray(y_true)
    values, slopes = {}, {}
    for reduction in REDUCTIONS:
        for weighted in (False, True):
            if weighted and (name in ("Dice", "Tversky") or options.get("axis") == 0):
                continue
            weights = W[:len(y_true)] if weighted else None
            loss = getattr(keras.losses, name)(**options, reduction=reduction, dtype="float64")
            key = f"{reduction}{', weighted' if weighted else ''}"
            values[key] = plain(loss(y_true, y_pred, sample_weight=weights))
            if reduction == "sum_over_batch_size" and np.ndim(values[key]) == 0:
                slopes[key] = plain(jax.grad(lambda p, f=loss, w=weights: f(y_true, p, sample_weight=w))(y_pred))
    return {"name": name, "options": options, "y_true": plain(y_true), "y_pred": plain(y_pred), "values": values,
            "slopes": slopes, "config": getattr(keras.losses, name)(**options).get_config()}


def metric_case(name, options, y_true, y_pred):
    found = {}
    for weighted in (False, True):
        if weighted and name == "AUC" and options.get("multi_label"):
            continue
        metric = getattr(keras.metrics, name)(**{"dtype": "float64"} | options)
        for part in (slice(0, 4), slice(4, N)):
            metric.update_state(y_true[part], y_pred[part], sample_weight=W[part] if weighted else None)
        found["weighted" if weighted else "plain"] = plain(metric.result())
    return {"name": name, "options": options, "y_true": plain(y_true), "y_pred": plain(y_pred), "results": found}


keras.config.set_floatx("float64")
x = np.linspace(-3, 3, 12).reshape(2, 6)
matrix = rng.normal(size=(3, 4))
golden = {
    "made by": "keras_golden.py", "versions": {n: version(n) for n in ("keras", "jax", "numpy")}, "weights": plain(W),
    "losses": [loss_case(*case) for case in LOSSES],
    "metrics": [metric_case(*case) for case in METRICS],
    "x": plain(x), "activations": {name: plain(getattr(keras.activations, name)(x)) for name in ACTIVATIONS},
    "relu": plain(keras.activations.relu(x, negative_slope=0.1, max_value=1.5, threshold=0.5)),
    "matrix": plain(matrix),
    "regularizers": {text: plain(eval(text, {"r": keras.regularizers})(keras.ops.array(matrix))) for text in (
        "r.L1(0.1)", "r.L2(0.2)", "r.L1L2(0.1, 0.2)", "r.OrthogonalRegularizer(0.5)",
        "r.OrthogonalRegularizer(0.5, mode='columns')")},
    "initializers": {text: plain(eval(text, {"i": keras.initializers})) for text in (
        "i.Zeros()((2, 3))", "i.Constant(0.5)((2,))", "i.Identity(2.0)((2, 3))", "i.STFT()((4, 1, 3))",
        "i.STFT('imag', 'hamming', 'spectrum', True)((4, 1, 3))")},
    "deviations": {name: float(np.std(getattr(keras.initializers, name)(seed=1)((200, 300)))) for name in (
        "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal", "RandomNormal",
        "RandomUniform", "TruncatedNormal", "Orthogonal")},
    "circle of others": plain(keras.losses.circle(LABELS[:2], ROWS[:2], LABELS, ROWS, remove_diagonal=False, gamma=5)),
}
path = pathlib.Path(__file__).parent / "golden.json"
path.write_text(json.dumps(golden) + "\n", encoding="utf-8")
