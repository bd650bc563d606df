"""What do two losses trade?

A network has two outputs that share a small hidden layer. The more weight you give to one loss, the better its output
becomes, and the worse the other one. This tutorial draws the whole curve of possible trade-offs, and shows where
learned weights end up. Run it with ``python tutorials/19_trade_offs.py``. It takes half a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np

import symloss

SHARES = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)


def tasks(count: int, rng):
    """Return inputs (count, 6), an amount and a class to predict. The two depend on different inputs."""
    x = rng.normal(size=(count, 6))
    amount = np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    kind = (x[:, 3] * x[:, 4] + x[:, 5] > 0).astype(int)
    return x, amount, kind


def model():
    """Return a network with two outputs and a hidden layer that is too small for both."""
    return symloss.Network({"in": 6, "hid": (8, "tanh"), "amount": 1, "kind": (2, "softmax")},
                           edges=["in -> hid -> amount", "hid -> kind"], seed=1)


def main(epochs: int = 60, folder=None, count: int = 3000) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the accuracy with learned weights."""
    rng = np.random.default_rng(0)
    train, valid = ({"in": x, "amount": amount, "kind": kind}
                    for x, amount, kind in (tasks(count, rng), tasks(2000, rng)))
    options = dict(algo="adam", learning_rate=0.01, batch_size=64, epochs=epochs, patience=None, verbose=0)

    # 1. Every choice of the weights gives one point: the error of the amount, and the accuracy of the class. You can
    # set the weight of a loss at any time, before training or in a callback, and nothing is recompiled. Each training
    # starts with the same parameters.
    net = model()
    net.set_loss({"amount": "mse", "kind": "xe"})
    start = [p.get_value() for p in net.params]
    points = {}
    for share in SHARES:
        for parameter, value in zip(net.params, start, strict=True):
            parameter.set_value(value)
        net.losses[0].weight, net.losses[1].weight = 1 - share, share
        net.train(train, **options)
        points[share] = merits(net, valid)
        print(f"weight of the class loss {share:4.2f}: error {points[share][0]:.3f}, accuracy {points[share][1]:.3f}")

    # 2. Or let training find the weights: each loss is divided by an uncertainty that is learned with the parameters.
    learned = model()
    learned.set_loss({"amount": symloss.Loss("mse", weight="uncertainty"),
                      "kind": symloss.Loss("xe", weight="uncertainty")})
    record = learned.train(train, **options)[-1]
    error, accuracy = merits(learned, valid)
    print(f"learned weights {record['weights']}: error {error:.3f}, accuracy {accuracy:.3f}")

    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(points, (error, accuracy), folder / "19_trade_offs.png")
    return accuracy


def merits(net, data) -> tuple[float, float]:
    """Return the root mean squared error of the amount, and the accuracy of the class."""
    found = net.predict(data["in"])
    error = float(np.sqrt(np.mean((found["amount"] - data["amount"]) ** 2)))
    return error, float(np.mean(found["kind"].argmax(axis=1) == data["kind"]))


def draw(points, learned, path):
    """Draw the accuracy over the error, with one point for each choice of the weights."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(*zip(*points.values(), strict=True), "o-", label="fixed weights")
    for share, place in points.items():
        axes.annotate(f"{share:g}", place, textcoords="offset points", xytext=(6, -10), fontsize=8)
    axes.plot(*learned, "*", markersize=14, label="learned weights")
    axes.set(xlabel="error of the amount", ylabel="accuracy of the class", title="trade-offs between two losses")
    axes.legend()
    figure.savefig(path, dpi=110)
    print(f"figure: {path}")


if __name__ == "__main__":
    main()
