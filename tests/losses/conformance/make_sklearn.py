"""Write sklearn.json: the losses of scikit-learn on small arrays, and their gradients by the raw prediction.

Run ``python make_sklearn.py`` where scikit-learn is installed.
"""

import inspect
import json
import pathlib

import numpy as np
import sklearn
import sklearn._loss.loss as classes
import sklearn.linear_model._sgd_fast as sgd
from sklearn import metrics

NO_COUNTERPART = {
    "HalfBinomialLossArrayAPI": "HalfBinomialLoss, computed by another library",
    "HalfMultinomialLossArrayAPI": "HalfMultinomialLoss, computed by another library",
    "HalfPoissonLossArrayAPI": "HalfPoissonLoss, computed by another library",
    "hamming_loss": "counts wrong labels: no gradient",
    "zero_one_loss": "counts wrong labels: no gradient",
    "label_ranking_loss": "counts wrongly ordered pairs: no gradient",
    "coverage_error": "counts ranks: no gradient",
    "mean_poisson_deviance": "twice HalfTweedieLossIdentity(power=1)",
    "mean_tweedie_deviance": "twice HalfTweedieLossIdentity",
    "max_error": "the greatest error, of one item alone",
    "median_absolute_error": "the median error, of one or two items alone",
    "root_mean_squared_error": "the root of mean_squared_error",
    "root_mean_squared_log_error": "the root of mean_squared_log_error",
}
cases = []


def add(loss, own, ports, value, gradient=None, options=None, activation=None, weights=None, how=None):
    """Add one case of a prediction and a target."""
    cases.append({
        "loss": loss, "own": own, "options": options or {}, "activation": activation,
        "ports": [np.asarray(a).tolist() for a in ports], "dtypes": [str(np.asarray(a).dtype) for a in ports],
        "weights": None if weights is None else weights.tolist(), "how": how, "wrt": 0,
        "value": np.asarray(value).tolist(), "gradient": None if gradient is None else np.asarray(gradient).tolist()})


def of_class(loss, own, raw, target, weights, shown=None, options=None, activation=None, **keywords):
    """Add a class of sklearn._loss: per item, its mean, and its weighted mean. `shown` is our target."""
    one, y = getattr(classes, own)(**keywords), np.asarray(target, "float64")
    ports = [raw, target if shown is None else shown]
    more = {"options": options, "activation": activation}
    add(loss, own, ports, one.loss(y, raw), one.gradient(y, raw), how="none", **more)
    for w in (None, weights):
        part = np.full(len(y), 1 / len(y)) if w is None else w / w.sum()
        slope = one.gradient(y, raw, sample_weight=part)
        add(loss, own, ports, one(y, raw, sample_weight=w), slope, weights=w, **more)
    add(loss, own, ports, one.loss(y, raw, sample_weight=weights), how="none", weights=weights, **more)


def of_descent(loss, own, raw, target, weights, options=None, arguments=()):
    """Add a loss of SGDClassifier and SGDRegressor, an item at a time as they take it, and its weighted mean."""
    one = getattr(sgd, own)(*arguments)
    values = np.array([one.py_loss(p, y) for p, y in zip(raw, target, strict=True)])
    slopes = np.array([one.py_dloss(p, y) for p, y in zip(raw, target, strict=True)])
    add(loss, own, [raw, target], values, slopes, options=options, how="none")
    add(loss, own, [raw, target], np.average(values), slopes / len(values), options=options)
    add(loss, own, [raw, target], np.average(values, weights=weights), slopes * weights / weights.sum(),
        options=options, weights=weights)


def of_metric(loss, own, prediction, target, weights, options=None, shown=None, activation=None, raw=None, **keywords):
    """Add a function of sklearn.metrics: its mean and its weighted mean. It has no gradient."""
    for w in (None, weights):
        value = getattr(metrics, own)(target, prediction, sample_weight=w, **keywords)
        ports = [prediction if raw is None else raw, target if shown is None else shown]
        add(loss, own, ports, value, options=options, weights=w, activation=activation)


def regressions(rng, weights):
    p, t = rng.normal(size=5).round(4), rng.normal(size=5).round(4)
    at_kink = np.where(np.arange(5) == 2, t, p)
    of_class("half_squared_error", "HalfSquaredError", p, t, weights)
    of_class("absolute_error", "AbsoluteError", at_kink, t, weights)
    of_class("quantile", "PinballLoss", at_kink, t, weights)
    of_class("quantile", "PinballLoss", p, t, weights, options={"q": 0.8}, quantile=0.8)
    of_class("huber", "HuberLoss", p, t, weights)
    of_class("huber", "HuberLoss", p, t, weights, options={"delta": 1.5}, delta=1.5)
    for epsilon in (0.1, 1.0):
        options = {"epsilon": epsilon}
        of_descent("epsilon_insensitive", "EpsilonInsensitive", p, t, weights, options, (epsilon,))
        of_descent("squared_epsilon_insensitive", "SquaredEpsilonInsensitive", p, t, weights, options, (epsilon,))
    corners, even = np.array([1.0, 3.0, 2.25, 2.0]), np.full(4, 2.0)
    of_descent("epsilon_insensitive", "EpsilonInsensitive", corners, even, weights[:4], {"epsilon": 1.0}, (1.0,))
    table, truth = rng.normal(size=(5, 2)).round(4), rng.normal(size=(5, 2)).round(4)
    of_metric("squared_error", "mean_squared_error", table, truth, weights)
    of_metric("absolute_error", "mean_absolute_error", table, truth, weights)
    of_metric("absolute_percentage_error", "mean_absolute_percentage_error", table, truth, weights)
    of_metric("squared_log_error", "mean_squared_log_error", np.exp(table) - 0.9, np.exp(truth), weights)
    of_metric("quantile", "mean_pinball_loss", table, truth, weights, options={"q": 0.3}, alpha=0.3)


def deviances(rng, weights):
    raw, amount = rng.normal(size=5).round(4), rng.gamma(2.0, size=5).round(4)
    count = rng.poisson(1.5, size=5).astype(float)
    of_class("poisson_nll", "HalfPoissonLoss", raw, count, weights, activation="exp")
    of_class("gamma_nll", "HalfGammaLoss", raw, amount, weights, activation="exp")
    for power in (1.5, -1.0, 0.0, 1.0, 1.2, 2.0, 3.0):
        y = count if 1 <= power < 2 else amount
        options = {} if power == 1.5 else {"power": power}
        of_class("tweedie", "HalfTweedieLoss", raw, y, weights, options=options, activation="exp", power=power)
        of_class("tweedie", "HalfTweedieLossIdentity", np.exp(raw).round(4), y, weights, options=options, power=power)
    mean = np.exp(raw).round(4)
    of_class("inverse_gaussian", "HalfTweedieLossIdentity", mean, amount, weights, power=3.0)
    for x, activation in ((mean, None), (np.log(mean), "exp")):
        of_metric("gamma_deviance", "mean_gamma_deviance", mean, amount, weights, raw=x, activation=activation)


def classifications(rng, weights):
    z, yes = 2 * rng.normal(size=5).round(4), np.array([1, 0, 0, 1, 1])
    sign, p = 2 * yes - 1.0, (1 / (1 + np.exp(-z))).round(4)
    for raw in (z, 30 * z):
        of_class("binary_cross_entropy", "HalfBinomialLoss", raw, yes, weights, activation="sigmoid")
        of_class("soft_margin", "HalfBinomialLoss", raw, yes, weights, shown=sign)
    of_class("binary_cross_entropy", "HalfBinomialLoss", z, p[::-1].copy(), weights, activation="sigmoid")
    for target in (yes, sign, p[::-1].copy()):
        of_class("exponential", "ExponentialLoss", z, np.maximum(target, 0), weights, shown=target)
    corners = np.array([1.0, -1.0, 0.0, -0.5, 2.0])  # the kinks of all of them
    for raw in (z, corners):
        of_descent("binary_hinge", "Hinge", raw, sign, weights)
        of_descent("hinge", "Hinge", raw, sign, weights)
        of_descent("perceptron", "Hinge", raw, sign, weights, arguments=(0.0,))
        of_descent("squared_hinge", "SquaredHinge", raw, sign, weights)
        of_descent("modified_huber", "ModifiedHuber", raw, sign, weights)
    for loss in ("binary_hinge", "hinge"):
        of_descent(loss, "Hinge", z, sign, weights, {"margin": 0.5}, (0.5,))
    of_descent("squared_hinge", "SquaredHinge", z, sign, weights, {"margin": 0.5}, (0.5,))
    of_metric("binary_hinge", "hinge_loss", z, sign, weights)
    for x in (p, np.array([1.0, 0.0, 1.0, 0.5, 0.0])):
        of_metric("binary_cross_entropy", "log_loss", x, yes, weights)
        pair = np.stack([1 - x, x], axis=1)
        of_metric("brier", "brier_score_loss", pair, yes, weights)
        of_metric("brier", "brier_score_loss", pair, yes, weights, options={"scale_by_half": False},
                  scale_by_half=False)
    of_metric("cross_entropy", "log_loss", p, yes, weights, raw=np.log(p / (1 - p)), activation="sigmoid")


def several_classes(rng, weights):
    z, labels = 2 * rng.normal(size=(5, 3)).round(4), np.array([2, 0, 1, 2, 1])
    p, hot = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)), np.eye(3)[labels]
    for raw in (z, 100 * z):
        for loss in ("label_cross_entropy", "cross_entropy"):
            of_class(loss, "HalfMultinomialLoss", raw, labels, weights, activation="softmax", n_classes=3)
        of_class("categorical_cross_entropy", "HalfMultinomialLoss", raw, labels, weights, shown=hot,
                 activation="softmax", n_classes=3)
    for x in (p, np.eye(3)[[2, 1, 0, 2, 0]]):
        for loss in ("label_cross_entropy", "cross_entropy"):
            of_metric(loss, "log_loss", x, labels, weights)
        for loss in ("categorical_cross_entropy", "cross_entropy"):
            of_metric(loss, "log_loss", x, labels, weights, shown=hot)
        of_metric("brier", "brier_score_loss", x, labels, weights)
        of_metric("brier", "brier_score_loss", x, labels, weights, shown=hot, options={"scale_by_half": True},
                  scale_by_half=True)
    for loss in ("multiclass_hinge", "hinge"):
        of_metric(loss, "hinge_loss", z, labels, weights)


def losses_of_sklearn():
    """Return the losses of sklearn._loss, of stochastic gradient descent, and of sklearn.metrics."""
    found = [n for n, c in vars(classes).items() if inspect.isclass(c) and issubclass(c, classes.BaseLoss)]
    bases = (sgd.Regression, sgd.Classification)
    found += [n for n, c in vars(sgd).items() if inspect.isclass(c) and issubclass(c, bases) and c not in bases]
    found += [n for n in metrics.__all__ if n.endswith(("_loss", "_error", "_deviance"))]
    return sorted(n for n in found if n != "BaseLoss")


def main():
    rng = np.random.default_rng(32)
    weights = np.array([0.5, 2.0, 0.0, 1.25, 1.0])
    for part in (regressions, deviances, classifications, several_classes):
        part(rng, weights)
    file = {"made by": "make_sklearn.py", "versions": {"scikit-learn": sklearn.__version__},
            "public": losses_of_sklearn(), "absent": NO_COUNTERPART, "cases": cases}
    text = json.dumps(file).replace('{"loss"', '\n{"loss"')
    pathlib.Path(__file__).with_name("sklearn.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
