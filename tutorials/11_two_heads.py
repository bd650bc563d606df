"""Two heads: a network that predicts which digit a picture shows, and by how much the digit is rotated.

Run it with ``python tutorials/11_two_heads.py``. It takes about half a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss

LIMIT = 60  # largest angle by which digits are rotated in either direction, in degrees


def turned(images, degrees):
    """Return images (n, 784), each rotated to the left by its own angle, with linear interpolation."""
    cosine, sine = np.cos(np.deg2rad(degrees))[:, None, None], np.sin(np.deg2rad(degrees))[:, None, None]
    rows, columns = np.mgrid[:28, :28] - 13.5
    from_row = np.clip(cosine * rows + sine * columns + 13.5, 0, 26.999)
    from_column = np.clip(cosine * columns - sine * rows + 13.5, 0, 26.999)
    row, column = from_row.astype(int), from_column.astype(int)
    down, right = from_row - row, from_column - column
    item, images = np.arange(len(images))[:, None, None], images.reshape(-1, 28, 28)
    upper = images[item, row, column] * (1 - right) + images[item, row, column + 1] * right
    lower = images[item, row + 1, column] * (1 - right) + images[item, row + 1, column + 1] * right
    return (upper * (1 - down) + lower * down).reshape(-1, 784)


def load(count: int):
    """Return training, validation and test data: dicts of pictures, digits and angles, named after layers."""
    images, digits = symloss.data.mnist.digits()
    images, digits = images[:count] / 255, digits[:count]
    degrees = np.random.default_rng(0).uniform(-LIMIT, LIMIT, len(images))
    whole = {"picture": turned(images, degrees), "digit": digits, "angle": degrees}
    cuts = [0, int(0.7 * len(images)), int(0.8 * len(images)), len(images)]
    return [{name: column[a:b] for name, column in whole.items()} for a, b in zip(cuts, cuts[1:], strict=False)]


def trained(weight, train, valid, epochs):
    """Return a network with two heads, trained with `weight` as the weight of the angle's loss."""
    # 1. The layers have names, and edges connect them. A layer that feeds no other layer is an output, so this network
    # has two outputs, 'digit' and 'angle'. We name no losses. The softmax then gets a cross-entropy, and the angle gets
    # a squared error.
    net = symloss.Network(
        {"picture": 784, "hid1": (256, "relu"), "hid2": (128, "relu"), "digit": (10, "softmax"), "angle": 1},
        edges=["picture -> hid1 -> hid2 -> digit", "hid2 -> angle"])

    # 2. Each loss gets a weight. The data are named after the outputs.
    net.set_loss({"digit": 1, "angle": {"form": "auto", "weight": weight}})
    steps = epochs * -(-len(train["digit"]) // 128)
    net.train(train, valid, algo="adam", learning_rate=symloss.schedules.one_cycle(0.003, steps=steps), batch_size=128,
              epochs=epochs, patience=None, hidden_dropout=0.2)
    return net


def main(epochs: int = 30, folder=None, count: int = 10_000) -> float:
    """Train for `epochs` epochs on `count` digits, save a figure in `folder` and return the accuracy of the digits."""
    pytensor.config.floatX = "float32"
    train, valid, test = load(count)

    # 3. The cross-entropy is in nats, and the squared error is in squared degrees, which is about a thousand times
    # larger. With equal weights, the network would learn almost nothing but the angle. The weight `Uncertainty` is
    # learned. It settles at 1 / (2 L), where L is the squared error that the network cannot avoid. A target that is
    # hard to predict therefore gets a small weight, whatever its unit is.
    equal = trained(1, train, valid, epochs)
    net = trained(symloss.losses.Uncertainty(start=0.002), train, valid, epochs)
    print(net.explain())

    # 4. A prediction is a dict with one array for each output.
    for name, one in (("equal weights", equal), ("learned weight", net)):
        found = one.predict(test["picture"])
        accuracy = float((found["digit"].argmax(axis=1) == test["digit"]).mean())
        error = np.abs(found["angle"][:, 0] - test["angle"]).mean()
        print(f"{name} ({one.losses[1].weight:.2g}): accuracy {accuracy:.3f}, error of the angle {error:.1f} degrees")
    print(f"always predicting 0 gives an error of {np.abs(test['angle']).mean():.1f} degrees")

    # 5. Each head, together with the layers before it, is a network of its own that shares the parameters.
    protractor = net.part("picture", "angle")
    assert np.allclose(protractor.predict(test["picture"]), found["angle"], atol=1e-3)
    draw(test, found, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return accuracy


def draw(test, found, folder):
    """Draw digits as they are and rotated back by the predicted angle, and predicted against true angles."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.0), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[2.1, 1])
    shown = min(10, len(test["digit"]))
    upright = turned(test["picture"][:shown], -found["angle"][:shown, 0])
    axes = left.subplots(2, shown, squeeze=False)
    for index in range(shown):
        said = found["digit"][index].argmax()
        color = "gray" if said == test["digit"][index] else "C3"
        for row, picture in enumerate((test["picture"][index], upright[index])):
            axes[row, index].imshow(picture.reshape(28, 28), cmap="gray_r")
            axes[row, index].set(xticks=[], yticks=[])
        axes[0, index].set_title(f"{test['angle'][index]:.0f}°", fontsize=9)
        axes[1, index].set_title(f"{said}, {found['angle'][index, 0]:.0f}°", fontsize=9, color=color)
    left.suptitle("as they came, with their angles; turned back by what the network says", fontsize=10)
    axes = right.subplots()
    for digit in range(10):
        mine = test["digit"] == digit
        axes.plot(test["angle"][mine], found["angle"][mine, 0], ".", markersize=2, alpha=0.6, label=digit)
    axes.plot([-LIMIT, LIMIT], [-LIMIT, LIMIT], color="gray", linewidth=0.8)
    axes.set(xlabel="angle in degrees", ylabel="what the network says")
    axes.legend(fontsize=7, markerscale=4, ncol=2)
    figure.savefig(folder / "11_two_heads.png", dpi=120)
    print(f"figure: {folder / '11_two_heads.png'}")


if __name__ == "__main__":
    main()
