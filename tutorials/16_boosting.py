"""Boosting with your own loss: how do you tell XGBoost what a mistake costs?

Run it with ``python tutorials/16_boosting.py``. It takes a few seconds. It needs XGBoost, and scikit-learn for its
data. You can install both with ``pip install 'symloss[boosting,sklearn]'``.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor.tensor as pt
import xgboost
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import symloss

SMOOTH = 25.0  # errors much smaller than this cost little, whatever their sign


@symloss.loss(unit="the unit of the target")
def shortage(prediction, target):
    """Cost of a plan, per element: a missing unit costs about 4, and a unit too many costs 1."""
    error = target - prediction
    return 2.5 * (pt.sqrt(error**2 + SMOOTH**2) - SMOOTH) + 1.5 * error


def main(epochs: int = 60, folder=None) -> float:
    """Grow `epochs` trees, save a figure in `folder` and return the cost of our loss, relative to squared error."""
    x, y = load_diabetes(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.3, random_state=0)
    train, test = xgboost.DMatrix(x, y), xgboost.DMatrix(x_test, y_test)
    settings = {"max_depth": 2, "eta": 0.1, "subsample": 0.8, "seed": 0, "nthread": 1}

    # 1. The squared error, which is built into XGBoost. It aims at the mean, so it is too low about as often as too
    # high.
    plain = xgboost.train(settings, train, epochs).predict(test)

    # 2. Our own loss. `export.xgboost` turns it into an objective, and derives the gradient and the second derivative
    # from the formula. XGBoost divides by the second derivative, which nearly vanishes for large errors. We therefore
    # pass a number instead: its largest value, which it has at an error of 0. Boosting starts from the best constant.
    curvature = symloss.evaluate.hessian_diagonal("shortage", [[0.0]], [[0.0]]).item()
    objective = symloss.export.xgboost("shortage", hessian=curvature)
    changes = {"base_score": objective.initial_score(y), "eta": 0.3}  # slopes of at most 4 make small steps
    own = xgboost.train(settings | changes, train, epochs, obj=objective).predict(test)

    # 3. The cost on new data, measured by our loss itself.
    print(f"{'':15} mean cost   too low in")
    for name, prediction in (("squared error", plain), ("own loss", own)):
        print(f"{name:15} {objective.value(prediction, y_test):9.1f} {(prediction < y_test).mean():12.0%}")

    # 4. A loss with two inputs, mean and variance, each with its own trees. The variance is the exponential of a raw
    # score, so any raw score is allowed. `predictions` applies the exponential. Variances overfit soon, so we set data
    # aside and use the metric that comes with the objective for early stopping. XGBoost assumes that two columns are
    # two classes, and its default metric for classes does not fit these targets. We therefore switch that metric off.
    center, scale = y.mean(), y.std()
    x, x_valid, y, y_valid = train_test_split(x, (y - center) / scale, test_size=0.3, random_state=0)
    train, valid = xgboost.DMatrix(x, y), xgboost.DMatrix(x_valid, y_valid)
    both = symloss.export.xgboost("gaussian_nll")
    columns = {"num_class": 2, "base_score": 0.0, "disable_default_eval_metric": True}
    model = xgboost.train(settings | columns, train, epochs, obj=both, custom_metric=both.metric,
                          evals=[(valid, "valid")], early_stopping_rounds=5, verbose_eval=False)
    best = (0, model.best_iteration + 1)
    found = both.predictions(model.predict(test, output_margin=True, iteration_range=best))
    mean, deviation = center + scale * found["mean"], scale * np.sqrt(found["variance"])
    within = (abs(y_test - mean) < 1.64 * deviation).mean()
    print(f"{within:.0%} of new targets are within 1.64 standard deviations; 90% would be correct")
    draw({"squared error": plain, "own loss": own}, (mean, deviation), y_test,
         pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return objective.value(own, y_test) / objective.value(plain, y_test)


def draw(predictions, interval, y, folder):
    """Draw predictions against targets for both losses, and intervals."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for name, prediction in predictions.items():
        left.plot(prediction, y, ".", label=name)
    left.plot([25, 350], [25, 350], color="gray")
    left.set(xlabel="prediction", ylabel="target", title="one number: predictions are too low above the line")
    left.legend()
    mean, deviation = interval
    order = np.argsort(mean)
    right.fill_between(np.arange(len(y)), (mean - 1.64 * deviation)[order], (mean + 1.64 * deviation)[order],
                       color="C2", alpha=0.25, label="90% interval")
    right.plot(y[order], ".", color="C0")
    right.set(xlabel="items, sorted by predicted mean", title="a mean and a variance")
    right.legend()
    figure.savefig(folder / "16_boosting.png", dpi=120)
    print(f"figure: {folder / '16_boosting.png'}")


if __name__ == "__main__":
    main()
