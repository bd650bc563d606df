"""Can you train with a loss of your own?

A shop orders goods for tomorrow. A missing unit costs five times as much as a unit that is left over, and a small error
costs next to nothing. This tutorial writes that down as a formula, looks at it, and trains with it. Run it with
``python tutorials/21_invent_a_loss.py``. It takes ten seconds.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np

import symloss
from symloss import plotting


def demand(count: int, rng):
    """Return inputs (count, 2) and the demand of each day, which varies more on busy days."""
    x = rng.uniform(-1, 1, size=(count, 2))
    mean = 3 + 2 * x[:, :1] + np.sin(3 * x[:, 1:])
    return x, mean + (0.3 + 0.5 * (x[:, :1] + 1)) * rng.normal(size=(count, 1))


def main(epochs: int = 80, folder=None, count: int = 3000) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the cost of a day with our loss."""
    rng = np.random.default_rng(0)
    (x, y), (x_test, y_test) = demand(count, rng), demand(3000, rng)

    # 1. The loss is a formula of the error e = prediction - target. An order that is too small costs five times as much
    # as one that is too large. softplus rounds off the corner, so the gradient changes smoothly, and `width` says how
    # wide the rounded part is.
    cost = symloss.loss_from("under * softplus(-e / width) * width + softplus(e / width) * width", under=5.0, width=0.1,
                             name="cost")

    # 2. What kind of loss is it? The report answers numerically: Is it convex? Is its gradient bounded? Which property
    # of the data does it estimate? Here it is close to a quantile: about 5 / (5 + 1) of the days should be covered.
    print(symloss.report(cost, speed=False))

    # 3. Train with it. The text becomes a symbolic expression, then its gradient is derived, and both become C.
    options = dict(algo="adam", learning_rate=0.01, epochs=epochs, patience=None, verbose=0)
    ours = symloss.Regressor([2, (32, "tanh"), 1], loss=cost, seed=1)
    ours.train([x, y], **options)
    usual = symloss.Regressor([2, (32, "tanh"), 1], loss="mse", seed=1)
    usual.train([x, y], **options)

    # 4. The cost of a day, and the share of days on which there is enough.
    found = {"mse": usual.predict(x_test), "cost": ours.predict(x_test)}
    prices = {name: price(values, y_test) for name, values in found.items()}
    for name, values in found.items():
        print(f"trained with {name:5} a day costs {prices[name]:.3f}; the supply is enough on "
              f"{np.mean(values >= y_test):.0%} of the days")

    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(cost, found, y_test, folder / "21_invent_a_loss.png")
    return prices["cost"]


def price(found, wanted) -> float:
    """Return the mean cost of errors: 5 for each missing unit, and 1 for each unit that is left over."""
    return float(np.mean(np.where(found < wanted, 5 * (wanted - found), found - wanted)))


def draw(cost, found, wanted, path):
    """Draw the loss and its gradient beside the squared error, and the errors of both models."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    loss, gradient, errors = figure.subplots(1, 3)
    plotting.loss_curve([cost, "mse"], against="error", what=["loss", "gradient"], between=(-2, 2), ax=[loss, gradient])
    for name, values in found.items():
        errors.hist((values - wanted).ravel(), bins=np.linspace(-4, 4, 60), alpha=0.5, label=f"trained with {name}")
    errors.axvline(0, color="black", linewidth=0.8)
    errors.set(title="errors on new days", xlabel="prediction - demand")
    errors.legend()
    figure.savefig(path, dpi=110)
    print(f"figure: {path}")


if __name__ == "__main__":
    main()
