"""How sure is a prediction?

A prediction without its uncertainty is only half of an answer. This tutorial predicts quantiles with the quantile loss,
and a mean and a variance with the Gaussian likelihood. It then checks on new data how often the truth lies within the
bands. Run it with ``python tutorials/22_uncertainty.py``. It takes fifteen seconds.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np

import symloss
from symloss import Loss, Network

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def measured(count: int, rng):
    """Return places (count, 1) and measurements, whose noise grows from left to right."""
    x = rng.uniform(-2, 2, size=(count, 1))
    return x, np.sin(2 * x) + (0.05 + 0.15 * (x + 2)) * rng.normal(size=x.shape)


def main(epochs: int = 150, folder=None, count: int = 2000) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the share of new data within the band of 90 %."""
    rng = np.random.default_rng(0)
    (x, y), (x_test, y_test) = measured(count, rng), measured(5000, rng)
    options = dict(algo="adam", learning_rate=0.005, epochs=epochs, patience=None, verbose=0)

    # 1. Five quantiles at once: an output with five units, each of which is trained for its own level.
    quantiles = symloss.Regressor([1, (48, "tanh"), (48, "tanh"), len(LEVELS)], loss=Loss("multi_quantile", q=LEVELS),
                                  seed=1)
    quantiles.train([x, y], **options)

    # 2. A mean and a variance: two outputs that become the two inputs of one loss. `softplus` keeps the variance
    # positive.
    gaussian = Network({"in": 1, "hid1": (48, "tanh"), "hid2": (48, "tanh"), "mean": 1, "variance": (1, "softplus")},
                       edges=["in -> hid1 -> hid2 -> mean", "hid2 -> variance"], loss=Loss("gaussian_nll"), seed=1)
    gaussian.train([x, y], **options)

    # 3. Calibration: 5 % of new data should lie below the 5 % quantile, and so on.
    found = np.sort(quantiles.predict(x_test), axis=1)
    shares = np.mean(y_test <= found, axis=0)
    for level, share in zip(LEVELS, shares, strict=True):
        print(f"below the predicted quantile {level:4.0%}: {share:6.1%} of new data")
    predicted = gaussian.predict(x_test)
    mean, deviation = predicted["mean"], np.sqrt(predicted["variance"])
    within = float(np.mean(np.abs(y_test - mean) < 1.645 * deviation))
    print(f"within 1.645 standard deviations: {within:.1%} of new data; 90 % would be correct")

    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(x, y, quantiles, gaussian, shares, folder / "22_uncertainty.png")
    return within


def draw(x, y, quantiles, gaussian, shares, path):
    """Draw the bands of both models over the data, and how well the quantiles are calibrated."""
    from matplotlib.figure import Figure

    line = np.linspace(-2, 2, 200)[:, None]
    figure = Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for axes in (left, middle):
        axes.plot(x, y, ".", markersize=2, color="gray")
        axes.set(ylim=(-3, 3))
    found = np.sort(quantiles.predict(line), axis=1)
    left.fill_between(line.ravel(), found[:, 0], found[:, -1], alpha=0.3, label="90 %")
    left.fill_between(line.ravel(), found[:, 1], found[:, -2], alpha=0.3, label="50 %")
    left.plot(line, found[:, 2], label="median")
    left.set(title="quantile loss")
    left.legend()
    predicted = gaussian.predict(line)
    mean, deviation = predicted["mean"].ravel(), np.sqrt(predicted["variance"]).ravel()
    middle.fill_between(line.ravel(), mean - 1.645 * deviation, mean + 1.645 * deviation, alpha=0.3, label="90 %")
    middle.plot(line, mean, label="mean")
    middle.set(title="Gaussian likelihood")
    middle.legend()
    right.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    right.plot(LEVELS, shares, "o-")
    right.set(title="calibration of the quantiles", xlabel="level", ylabel="share of new data below", aspect="equal")
    figure.savefig(path, dpi=110)
    print(f"figure: {path}")


if __name__ == "__main__":
    main()
