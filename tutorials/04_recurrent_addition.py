"""Adding two numbers that are far apart: batches made on the fly, and a loss that counts only the last step.

Run it with ``python tutorials/04_recurrent_addition.py``. It takes about a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss


def sequences(count: int, steps: int, rng) -> list:
    """Return inputs (count, steps, 2), targets (count, steps, 1) and weights of `count` sequences.

    Each step has a number from 0 to 1 and a mark, which is 1 at two of the steps and 0 at the others. The target of the
    last step is the sum of the two marked numbers (Hochreiter & Schmidhuber 1997). The other steps have no target
    (NaN), and their weight is 0.
    """
    numbers, marks = rng.uniform(size=(count, steps)), np.zeros((count, steps))
    rows = np.arange(count)
    marks[rows, rng.integers(0, steps // 2, size=count)] = 1
    marks[rows, rng.integers(steps // 2, steps, size=count)] = 1
    target = np.full((count, steps, 1), np.nan)
    target[:, -1, 0] = (numbers * marks).sum(axis=1)
    return [np.stack([numbers, marks], axis=-1), target, ~np.isnan(target)]


def main(epochs: int = 30, folder=None, batches: int = 100) -> float:
    """Train for `epochs` epochs of `batches` batches, save a figure in `folder` and return the mean squared error."""
    pytensor.config.floatX = "float32"
    rng = np.random.default_rng(0)

    # 1. A layer with gates can remember over many steps, because it learns when to write to its state. The last layer
    # sees the state at each step and predicts one number per step. `weighted=True` says that the data contain weights.
    # Where a weight is 0, the target may be NaN.
    net = symloss.recurrent.Regressor([2, (32, "gru"), 1], weighted=True)

    # 2. The data are a function that returns a batch. Here every batch consists of new sequences, so there is nothing
    # to memorize. Their length differs from batch to batch, so the model cannot rely on it. An epoch consists of
    # `train_batches` batches. Gradients that pass through many steps can become huge, so `max_gradient_norm` shortens
    # them. The learning rate reaches 0 at the last step.
    def batch():
        return sequences(64, rng.integers(10, 41), rng)

    rate = symloss.schedules.cosine(0.01, steps=epochs * batches)
    net.train(batch, sequences(500, 30, rng), algo="adam", learning_rate=rate, epochs=epochs, train_batches=batches,
              max_gradient_norm=1.0, patience=None)

    # 3. If you always predict 1, your error is 1/6, the variance of the sum of two numbers.
    errors = {}
    for steps in (30, 60):  # a model of sequences takes them at any length
        x, target, _ = sequences(1000, steps, rng)
        errors[steps] = float(np.square(net.predict(x)[:, -1] - target[:, -1]).mean())
        print(f"mean squared error with {steps} steps: {errors[steps]:.6f}; always predicting 1 gives {1 / 6:.6f}")
    draw(net, rng, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return errors[30]


def draw(net, rng, folder):
    """Draw the loss per epoch, and the prediction at every step of a sequence."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in ("loss", "valid_loss"):
        left.semilogy([record["epoch"] for record in net.history], [record[name] for record in net.history], label=name)
    left.axhline(1 / 6, color="gray", linestyle=":", label="always predicting 1")
    left.set(xlabel="epoch", ylabel="mean squared error")
    left.legend()

    x, target, _ = sequences(1, 30, rng)
    numbers, marks = x[0].T
    colors = ["C1" if mark else "lightgray" for mark in marks]
    right.bar(range(30), numbers, color=colors, label="numbers; orange: marked")
    right.plot(net.predict(x)[0, :, 0], color="C0", label="prediction")
    right.plot(29, target[0, -1, 0], "o", color="C3", label="the sum")
    right.set(xlabel="step")
    right.legend()
    figure.savefig(folder / "04_recurrent_addition.png", dpi=120)
    print(f"figure: {folder / '04_recurrent_addition.png'}")


if __name__ == "__main__":
    main()
