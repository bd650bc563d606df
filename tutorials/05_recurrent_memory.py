"""Remembering through noise: a mask of weights says which steps of a sequence count.

Run it with ``python tutorials/05_recurrent_memory.py``. It takes about a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss

STEPS, KEPT, VARIABLES = 15, 3, 2  # steps of a sequence, those that are to be remembered, numbers in a step


def sequences(count: int, rng) -> list:
    """Return input, target and mask, each (count, steps, variables).

    All inputs are normal noise. The targets of the last three steps are the inputs of the first three steps. The
    predictions before that do not count, so the mask is 0 there.
    """
    x = rng.normal(size=(count, STEPS, VARIABLES))
    target, mask = np.zeros_like(x), np.zeros_like(x)
    target[:, -KEPT:] = x[:, :KEPT]
    mask[:, -KEPT:] = 1
    return [x, target, mask]


def main(epochs: int = 40, folder=None, batches: int = 100) -> float:
    """Train for `epochs` epochs of `batches` batches, save a figure in `folder` and return the mean squared error."""
    pytensor.config.floatX = "float32"
    rng = np.random.default_rng(0)

    # 1. With `weighted=True`, the data are (input, target, weights). The loss is sum(w l) / sum(w), which is the mean
    # over the steps that count, however few they are. Without the mask, twelve of the fifteen steps would train the
    # model to predict zeros.
    net = symloss.recurrent.Regressor([VARIABLES, (64, "lstm"), VARIABLES], weighted=True)
    print(net.explain())
    print()

    # 2. Every batch consists of new sequences. The learning rate reaches 0 at the last epoch.
    rate = symloss.schedules.cosine(0.01, steps=epochs * batches)
    net.train(lambda: sequences(64, rng), sequences(500, rng), algo="adam", learning_rate=rate, epochs=epochs,
              train_batches=batches, max_gradient_norm=1.0, patience=None)

    # 3. The numbers have a variance of 1. This is also the error of a model that remembers nothing and predicts 0.
    x, target, mask = sequences(2000, rng)
    errors = np.square(net.predict(x) - target)[:, -KEPT:].mean(axis=(0, 2))
    error = net.score(x, target, mask, metric="mse")
    print(f"mean squared error: {error:.4f}; always predicting 0 gives {np.square(target)[mask > 0].mean():.4f}")
    print(f"error of each step: {', '.join(f'{e:.4f}' for e in errors)}")
    draw(net, x, target, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return error


def draw(net, x, target, folder):
    """Draw a sequence with its predictions, and predictions against targets."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    found = net.predict(x)
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(x[0, :, 0], "o-", color="lightgray", label="input")
    left.plot(range(KEPT), x[0, :KEPT, 0], "o", color="C1", label="to be remembered")
    left.plot(found[0, :, 0], color="C0", alpha=0.4, label="prediction")
    left.plot(range(STEPS - KEPT, STEPS), found[0, -KEPT:, 0], "o", color="C0", label="prediction that counts")
    left.plot(range(STEPS - KEPT, STEPS), target[0, -KEPT:, 0], "x", color="C3", label="wanted")
    left.set(xlabel="step")
    left.legend(fontsize=8)
    for step in range(-KEPT, 0):
        points = target[:500, step].ravel(), found[:500, step].ravel()
        right.plot(*points, ".", markersize=3, label=f"step {STEPS + step}")
    right.plot([-3, 3], [-3, 3], color="gray", linewidth=0.8)
    right.set(xlabel="wanted", ylabel="predicted")
    right.legend()
    figure.savefig(folder / "05_recurrent_memory.png", dpi=120)
    print(f"figure: {folder / '05_recurrent_memory.png'}")


if __name__ == "__main__":
    main()
