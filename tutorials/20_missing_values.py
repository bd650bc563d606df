"""What can you do if values are missing?

Half of the targets were never measured, and some inputs are missing, too. If you dropped all incomplete rows, almost
nothing would be left. Weights of 0 leave out exactly the values that are missing. Run it with ``python
tutorials/20_missing_values.py``. It takes ten seconds.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np

import symloss


def measured(count: int, rng):
    """Return complete inputs (count, 5) and targets (count, 4)."""
    x = rng.normal(size=(count, 5))
    mix = np.random.default_rng(7).normal(size=(5, 4))
    return x, np.tanh(x @ mix) + 0.05 * rng.normal(size=(count, 4))


def with_holes(values, share, rng):
    """Return a copy in which a share of the values is NaN."""
    return np.where(rng.uniform(size=values.shape) < share, np.nan, values)


def main(epochs: int = 60, folder=None, count: int = 2000) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the error with weights."""
    rng = np.random.default_rng(0)
    x, y = measured(count, rng)
    x_test, y_test = measured(1000, rng)
    x_holes, y_holes = with_holes(x, 0.1, rng), with_holes(y, 0.5, rng)

    # 1. Only complete rows: with 4 targets, half of which are missing, and 5 inputs, few rows are left.
    complete = ~(np.isnan(x_holes).any(axis=1) | np.isnan(y_holes).any(axis=1))
    options = dict(algo="adam", learning_rate=0.01, epochs=epochs, patience=None, verbose=0)
    few = symloss.Regressor([5, (32, "tanh"), 4], seed=1)
    few.train([x_holes[complete], y_holes[complete]], **options)

    # 2. All rows. A weight of 0 leaves out a single target: it adds nothing to the loss or to its gradient, and it may
    # be NaN. Missing inputs need a number. We use their mean, and five additional inputs tell the network where values
    # are missing.
    weights = (~np.isnan(y_holes)).astype(float)
    net = symloss.Regressor([10, (32, "tanh"), 4], weighted=True, seed=1)
    net.train([filled(x_holes), y_holes, weights], **options)

    # 3. Both models are compared on new, complete data.
    errors = {"complete rows only": error(few.predict(x_test), y_test),
              "all known values": error(net.predict(filled(x_test)), y_test)}
    print(f"{complete.sum()} of {count} rows are complete; {weights.mean():.0%} of the targets are known")
    for name, value in errors.items():
        print(f"{name:20} error {value:.3f}")

    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(y_test, {"complete rows only": few.predict(x_test), "all known values": net.predict(filled(x_test))},
             folder / "20_missing_values.png")
    return errors["all known values"]


def filled(x):
    """Return inputs whose missing values are 0, their mean, and as many columns that say where values are missing."""
    missing = np.isnan(x)
    return np.concatenate([np.where(missing, 0.0, x), missing], axis=1)


def error(found, wanted) -> float:
    """Return the root mean squared error."""
    return float(np.sqrt(np.mean((found - wanted) ** 2)))


def draw(wanted, found, path):
    """Draw predictions over true values."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    for axes, (name, values) in zip(figure.subplots(1, 2, sharex=True, sharey=True), found.items(), strict=True):
        axes.plot(wanted.ravel(), values.ravel(), ".", markersize=2)
        axes.plot([-1.2, 1.2], [-1.2, 1.2], color="black", linewidth=0.8)
        axes.set(title=f"{name}: {error(values, wanted):.2f}", xlabel="true value", ylabel="prediction")
    figure.savefig(path, dpi=110)
    print(f"figure: {path}")


if __name__ == "__main__":
    main()
