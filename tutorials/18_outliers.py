"""Which loss is right for data with outliers?

One measurement in ten is wrong. This tutorial fits the same network with several losses, looks at their curves, and
compares what each of them learns with the truth. Run it with ``python tutorials/18_outliers.py``. It takes ten seconds.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np

from symloss import Loss, Regressor, plotting

LOSSES = {
    "mse": Loss("mse"),
    "mae": Loss("mae"),
    "huber": Loss("huber", delta=0.3),
    "cauchy": Loss("cauchy", c=0.3),
}


def truth(x):
    """Return the true value, without any error of measurement."""
    return np.sin(2 * x) + 0.5 * x


def measured(count: int, rng):
    """Return places (count, 1) and measurements, one in ten of which is far too large."""
    x = rng.uniform(-2, 2, size=(count, 1))
    y = truth(x) + 0.1 * rng.normal(size=x.shape)
    wrong = rng.uniform(size=x.shape) < 0.1
    return x, np.where(wrong, y + rng.uniform(2, 6, size=x.shape), y)


def main(epochs: int = 150, folder=None, count: int = 1000) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the error of the best loss."""
    x, y = measured(count, np.random.default_rng(0))
    line = np.linspace(-2, 2, 200)[:, None]

    # 1. The same model and the same data, with four losses. The squared error grows with the square of an error, so a
    # few large errors pull the curve towards them. The gradient of the absolute error has size 1, however large the
    # error is. Huber's loss is squared near 0 and absolute farther out. The gradient of Cauchy's loss becomes smaller
    # again for large errors, so it nearly ignores values that are far away.
    found = {}
    for name, loss in LOSSES.items():
        net = Regressor([1, (32, "tanh"), (32, "tanh"), 1], loss=loss, seed=1)
        net.train([x, y], algo="adam", learning_rate=0.01, epochs=epochs, patience=None, verbose=0)
        found[name] = net.predict(line)

    # 2. How far is each of them from the truth? The data themselves cannot tell you this: on them, mse has the lowest
    # mean squared error.
    errors = {name: float(np.sqrt(np.mean((values - truth(line)) ** 2))) for name, values in found.items()}
    for name, error in errors.items():
        print(f"{name:8} {error:.3f} from the truth (root mean square)")

    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(x, y, line, found, folder / "18_outliers.png")
    return min(errors.values())


def draw(x, y, line, found, path):
    """Draw the losses with their gradients, and what each of them learned."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    loss, gradient, fits = figure.subplots(1, 3)
    plotting.loss_curve(list(LOSSES.values()), against="error", what=["loss", "gradient"], between=(-3, 3),
                        ax=[loss, gradient])
    loss.set(ylim=(0, 4))
    gradient.set(ylim=(-3, 3))
    fits.plot(x, y, ".", markersize=3, color="lightgray")
    fits.plot(line, truth(line), color="black", linewidth=1, label="truth")
    for name, values in found.items():
        fits.plot(line, values, label=name)
    fits.set(title="what they learn", ylim=(-2.5, 4))
    fits.legend()
    figure.savefig(path, dpi=110)
    print(f"figure: {path}")


if __name__ == "__main__":
    main()
