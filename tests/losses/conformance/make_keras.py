"""Write keras.json: the losses of keras.losses on small arrays, and their gradients by the prediction.

Run ``python make_keras.py`` where Keras and torch are installed. Keras' torch backend lowers float64 to float32 where
two dtypes meet; its TensorFlow backend does not. Here neither does, so that the figures have all their digits.
"""

import inspect
import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes

HOW = {None: "sum_over_batch_size", "mean": "mean_with_sample_weight", "sum": "sum", "none": "none"}
FUNCTIONS = {
    "MeanSquaredError": "mean_squared_error", "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error", "CosineSimilarity": "cosine_similarity",
    "Huber": "huber", "LogCosh": "log_cosh", "Hinge": "hinge", "SquaredHinge": "squared_hinge",
    "CategoricalHinge": "categorical_hinge", "KLDivergence": "kl_divergence", "Poisson": "poisson",
    "BinaryCrossentropy": "binary_crossentropy", "BinaryFocalCrossentropy": "binary_focal_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "CategoricalFocalCrossentropy": "categorical_focal_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy", "CTC": "ctc", "Dice": "dice",
    "Tversky": "tversky", "Circle": "circle",
    "CategoricalGeneralizedCrossEntropy": "categorical_generalized_cross_entropy",
}
ACTIVATIONS = {None: lambda x: x, "softmax": lambda x: torch.softmax(x, -1), "sigmoid": torch.sigmoid}
cases = []


def run(own, function, prediction, target, keywords, through, weights, how):
    """Return value and gradient of a class of Keras, or of its function, after the activation `through`."""
    x = torch.tensor(prediction, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(target)
    if function:
        defaults = {"q": 0.5} if function == "categorical_generalized_cross_entropy" else {}
        value = getattr(keras.losses, function)(y, ACTIVATIONS[through](x), **(defaults | keywords))
    else:
        loss = getattr(keras.losses, own)(reduction=HOW[how], **keywords)
        value = loss(y, ACTIVATIONS[through](x), sample_weight=weights)
    assert value.dtype == torch.float64
    value.sum().backward()
    return value.detach().numpy(), x.grad.numpy()


def case(loss, own, prediction, target, options=None, keywords=None, activation=None, weights=None, how=None,
         function=None, gradient=True, digits=4, shown=None):
    """Add one case; `keywords` are Keras' names of `options`, with from_logits where it has it; `shown`: our target."""
    prediction, target = np.asarray(prediction, "float64").round(digits), np.asarray(target)
    target = target.round(4) if target.dtype == "float64" else target
    keywords = dict(options or {}) if keywords is None else keywords
    logits = "from_logits" in inspect.signature(getattr(keras.losses, own)).parameters
    raw = activation is not None and (logits or own == "CTC")
    if raw and logits:
        keywords = keywords | {"from_logits": True}
    value, slope = run(own, function, prediction, target, keywords, None if raw else activation, weights, how)
    target = target if shown is None else np.asarray(shown)
    cases.append({
        "loss": loss, "own": function or own, "options": options or {}, "activation": activation,
        "ports": [prediction.tolist(), target.tolist()], "dtypes": ["float64", str(target.dtype)],
        "weights": None if weights is None else np.asarray(weights).tolist(), "how": how, "wrt": 0,
        "value": value.tolist(), "gradient": slope.tolist() if gradient else None})


def every_reduction(loss, own, prediction, target, weights, **more):
    """Add a loss with and without weights, with each reduction of Keras."""
    twice(loss, own, prediction, target, weights, **more)
    for how in ("mean", "sum", "none"):
        case(loss, own, prediction, target, weights=weights, how=how, gradient=how == "mean", **more)
    case(loss, own, prediction, target, how="none", function=FUNCTIONS[own], gradient=False, **more)


def twice(loss, own, prediction, target, weights, **more):
    """Add a loss with and without weights."""
    case(loss, own, prediction, target, **more)
    case(loss, own, prediction, target, weights=weights, **more)


def of_numbers(rng, weights):
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    plain = {"squared_error": "MeanSquaredError", "absolute_error": "MeanAbsoluteError", "huber": "Huber",
             "absolute_percentage_error": "MeanAbsolutePercentageError", "log_cosh": "LogCosh",
             "squared_log_error": "MeanSquaredLogarithmicError", "cosine_distance": "CosineSimilarity"}
    for loss, own in plain.items():
        every_reduction(loss, own, x, y, weights)
    case("squared_error", "MeanSquaredError", x[:, 0], y[:, 0])
    case("squared_error", "MeanSquaredError", x[:, :1], y[:, :1], weights=weights)
    case("squared_error", "MeanSquaredError", rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 3, 2)), how="none")
    case("absolute_percentage_error", "MeanAbsolutePercentageError", x, np.where(y > 0, y, 0.0))
    case("absolute_error", "MeanAbsoluteError", x, np.where(y > 0, y, x))  # errors of 0
    case("log_cosh", "LogCosh", 300 * x, y)
    for delta in (0.3, 2.0):
        case("huber", "Huber", x, y, options={"delta": delta}, weights=weights)
    case("cosine_distance", "CosineSimilarity", x * [[1e-9], [1], [1], [1]], y, digits=12)
    case("cosine_distance", "CosineSimilarity", x * [[0], [1], [1], [1]], y, gradient=False)  # Keras': NaN
    mean, count = rng.uniform(0.1, 3, size=(4, 3)), rng.poisson(2.0, size=(4, 3)).astype(float)
    every_reduction("poisson_nll", "Poisson", mean, count, weights)
    case("poisson_nll", "Poisson", np.where(mean > 1, mean, 1e-9), count, digits=12)


def of_yes_or_no(rng, weights):
    z, yes = 2 * rng.normal(size=(4, 3)), rng.integers(0, 2, size=(4, 3))
    p = 1 / (1 + np.exp(-z))
    edges = np.where(p > 0.6, 1.0, np.where(p < 0.4, 0.0, p))
    for loss in ("binary_cross_entropy", "cross_entropy"):
        every_reduction(loss, "BinaryCrossentropy", z, yes, weights, activation="sigmoid")
        case(loss, "BinaryCrossentropy", 30 * z, yes, activation="sigmoid", options={"smoothing": 0.1},
             keywords={"label_smoothing": 0.1})
    every_reduction("binary_cross_entropy", "BinaryCrossentropy", p, yes, weights)
    case("binary_cross_entropy", "BinaryCrossentropy", edges, yes)
    case("binary_cross_entropy", "BinaryCrossentropy", p, rng.uniform(size=(4, 3)), options={"smoothing": 0.2},
         keywords={"label_smoothing": 0.2}, weights=weights)
    own = "BinaryFocalCrossentropy"
    every_reduction("binary_focal", own, p, yes, weights)
    for x, activation in ((p, None), (z, "sigmoid"), (edges, None), (20 * z, "sigmoid")):
        case("binary_focal", own, x, yes, activation=activation)
        case("binary_focal", own, x, yes, activation=activation, weights=weights,
             options={"gamma": 1.5, "alpha": 0.3, "apply_class_balancing": True, "label_smoothing": 0.1})
        case("binary_focal", own, x, yes, activation=activation, options={"apply_class_balancing": True})
    scores, sign = rng.normal(size=(4, 3)), 2 * yes - 1
    for loss, own in (("hinge", "Hinge"), ("binary_hinge", "Hinge"), ("squared_hinge", "SquaredHinge")):
        every_reduction(loss, own, scores, yes.astype(float), weights)
        for target in (sign, np.ones_like(sign)):
            case(loss, own, scores, target.astype(float))
        case(loss, own, scores.round(), sign.astype(float))  # some at the kink
    masks, images = rng.integers(0, 2, size=(3, 4, 2)).astype(float), rng.uniform(size=(3, 4, 2))
    for loss, own, options in (("dice", "Dice", {}), ("tversky", "Tversky", {"alpha": 0.3, "beta": 0.9})):
        twice(loss, own, images, masks, weights[:3])
        case(loss, own, images, masks, function=FUNCTIONS[own], how="none")
        case(loss, own, images, masks, weights=weights[:3], how="mean")
        case(loss, own, images, masks, options=options, weights=weights[:3])
        case(loss, own, images, 0 * masks)
        for how in HOW:
            case(loss, own, images, masks, options=options | {"axis": [1, 2]}, weights=weights[:3], how=how,
                 gradient=how is None)
        case(loss, own, images, masks, options={"axis": -1}, how="none")
        case(loss, own, rng.normal(size=(3, 4, 2)), masks, activation="sigmoid")


def of_classes(rng, weights):
    z, labels = 2 * rng.normal(size=(4, 3)), np.array([2, 0, 1, 2])
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    hot, soft = np.eye(3)[labels], rng.dirichlet(np.ones(3), size=4)
    edges = np.array([[0.0, 1.0, 0.0], [0.2, 0.8, 0.0], [0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    smoothing = {"options": {"smoothing": 0.1}, "keywords": {"label_smoothing": 0.1}}
    own = "CategoricalCrossentropy"
    focal = "CategoricalFocalCrossentropy"
    every_reduction("categorical_cross_entropy", own, p, hot, weights)
    every_reduction("categorical_focal", focal, p, soft, weights)
    every_reduction("kl_divergence", "KLDivergence", p, soft, weights)
    for x, activation in ((p, None), (z, "softmax"), (edges, None), (3 * p, None), (100 * z, "softmax")):
        twice("categorical_cross_entropy", own, x, hot, weights, activation=activation)
        for loss in ("categorical_cross_entropy", "cross_entropy"):
            case(loss, own, x, soft, activation=activation, **smoothing)
        case("categorical_focal", focal, x, soft, activation=activation)
        case("categorical_focal", focal, x, hot, activation=activation, weights=weights,
             options={"gamma": 1.5, "alpha": 0.7, "label_smoothing": 0.1})
        case("categorical_focal", focal, x, hot, activation=activation, options={"alpha": [0.2, 0.5, 1.0]})
        case("kl_divergence", "KLDivergence", x, soft, activation=activation)
        case("kl_divergence", "KLDivergence", x, hot, activation=activation)
        of_labels(x, labels, weights, activation)
    z = rng.normal(size=(2, 3, 4))
    case("label_cross_entropy", "SparseCategoricalCrossentropy", z, [[0, 1, 3], [2, 2, 1]], activation="softmax",
         weights=rng.uniform(size=(2, 3)))
    for x, activation in ((p, None), (z[0, :, :3], "softmax")):
        every_reduction("generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy", x, labels[: len(x)],
                        weights[: len(x)], activation=activation)
        case("generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy", x, labels[: len(x)],
             activation=activation, options={"q": 0.7})
    every_reduction("categorical_hinge", "CategoricalHinge", rng.normal(size=(4, 3)), hot, weights)
    equal = np.array([[0.0, 0.0, 0.0], [2.0, 1.0, 1.0], [1.0, 1.0, -1.0], [3.0, 3.0, 4.0]])
    case("categorical_hinge", "CategoricalHinge", equal, hot)


def of_labels(x, labels, weights, activation):
    own = "SparseCategoricalCrossentropy"
    some = {"activation": activation, "options": {"ignore_index": 2}, "keywords": {"ignore_class": 2}}
    if activation is None:
        every_reduction("label_cross_entropy", own, x, labels, weights, **some)
    for loss in ("label_cross_entropy", "cross_entropy"):
        twice(loss, own, x, labels, weights, activation=activation)
        twice(loss, own, x, labels, weights, **some)
        case(loss, own, x, 0 * labels, activation=activation, options={"ignore_index": 0}, keywords={"ignore_class": 0})


def of_batches(rng, weights):
    x = rng.normal(size=(6, 4))
    x, labels = x / np.linalg.norm(x, axis=1, keepdims=True), np.array([0, 1, 0, 2, 1, 0])
    weights = np.append(weights, [0.5, 1.5])
    every_reduction("circle", "Circle", x, labels, weights, digits=6)
    for options in ({"scale": 3.0, "margin": 0.2}, {"scale": 5.0, "remove_diagonal": False}):
        keywords = {"gamma" if name == "scale" else name: value for name, value in options.items()}
        twice("circle", "Circle", x, labels, weights, options=options, keywords=keywords, digits=6)
    z, words = rng.normal(size=(3, 6, 4)), np.array([[1, 2, 3], [3, 3, 0], [2, 0, 0]])
    every_reduction("ctc", "CTC", z, words, weights[:3], activation="softmax")
    case("ctc", "CTC", z[:, :3], np.array([[1, 2, 3], [3, 3, 3], [2, 0, 0]]), activation="softmax", how="none",
         gradient=False)  # too few steps: infinite


def of_labels_smoothed(rng, weights):
    """Labels as if they were one-hot; what is ignored has the weight 0."""
    own, labels = "CategoricalCrossentropy", np.array([2, 0, 1, 2])
    z, kept = 2 * rng.normal(size=(4, 3)), (labels != 2).astype(float)
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    smoothing = {"keywords": {"label_smoothing": 0.3}, "shown": labels}
    for x, activation in ((p, None), (3 * p, None), (z, "softmax")):
        twice("cross_entropy", own, x, np.eye(3)[labels], weights, activation=activation,
              options={"smoothing": 0.3}, **smoothing)
        keywords = smoothing["keywords"] | ({} if activation is None else {"from_logits": True})
        for how in ("sum", "mean"):
            value, slope = run(own, None, x.round(4), np.eye(3)[labels], keywords, None, kept, how)
            cases.append({
                "loss": "cross_entropy", "own": own, "options": {"smoothing": 0.3, "ignore_index": 2},
                "activation": activation, "ports": [x.round(4).tolist(), labels.tolist()],
                "dtypes": ["float64", "int64"], "weights": None, "how": how, "wrt": 0, "value": value.tolist(),
                "gradient": slope.tolist()})


def of_one_value(rng, weights):
    """Losses that are one number for all items: of whole batches, and of arrays without a last axis."""
    masks, images = rng.integers(0, 2, size=(4, 5)).astype(float), rng.uniform(size=(4, 5))
    for loss, own, options in (("dice", "Dice", {}), ("tversky", "Tversky", {"alpha": 0.3, "beta": 0.9})):
        for how in HOW:
            case(loss, own, images, masks, options=options, weights=weights, how=how)
            case(loss, own, images, masks, options=options, how=how)
            case(loss, own, images, masks, options=options, weights=rng.uniform(size=(4, 2)), how=how)
    x, y = rng.normal(size=4), rng.normal(size=4)
    yes, p = (y > 0).astype(float), 1 / (1 + np.exp(-x))
    for loss, own, prediction, target in (
            ("squared_error", "MeanSquaredError", x, y), ("huber", "Huber", x, y),
            ("binary_cross_entropy", "BinaryCrossentropy", p, yes), ("binary_hinge", "Hinge", x, yes),
            ("absolute_percentage_error", "MeanAbsolutePercentageError", x, y)):
        for how in HOW:
            case(loss, own, prediction, target, how=how)
            case(loss, own, prediction[:, None], target[:, None], weights=weights, how=how)


def losses_of_keras():
    """Return the names of all losses in keras.losses, classes and functions."""
    no_losses = ("Loss", "get", "serialize", "deserialize")
    return sorted(n for n in dir(keras.losses) if callable(getattr(keras.losses, n)) and n not in no_losses
                  and not n.startswith("_"))


def main():
    keras.config.set_floatx("float64")
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    rng = np.random.default_rng(31)
    weights = np.array([0.5, 2.0, 0.0, 1.25])
    for part in (of_numbers, of_yes_or_no, of_classes, of_batches, of_labels_smoothed, of_one_value):
        part(rng, weights)
    file = {"made by": "make_keras.py", "versions": {"keras": keras.__version__, "torch (its backend)":
            torch.__version__}, "public": losses_of_keras(), "absent": {}, "options without figures": {
                "ctc": {"steps": "Keras' class takes no lengths: in a model they are those of its sequences"}},
            "cases": cases}
    text = json.dumps(file, indent=None).replace('{"loss"', '\n{"loss"')
    pathlib.Path(__file__).with_name("keras.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
