"""An autoencoder of digits that shares its weights: what a network sees when nobody tells it what to look for.

Run it with ``python tutorials/03_mnist_autoencoder.py``. It takes less than half a minute, and has no use for labels.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss


def main(epochs: int = 30, folder=None) -> float:
    """Train for so many `epochs`, draw a figure into `folder`, and return the share of variance that comes back."""
    pytensor.config.floatX = "float32"
    images, _ = symloss.data.mnist.digits()
    images = images / 255
    train, held_out = images[:8000], images[8000:]

    # 1. The model: 784 pixels, a code of 64 numbers, 784 pixels again. 'tied' goes back through the transposed weights
    # of the layer that came, so each unit has one picture: what it looks for is what it paints.
    net = symloss.Autoencoder([784, (64, "relu"), "tied"])
    print(net.summary())
    print()

    # 2. The data are the images alone: an Autoencoder takes its input as target. Input dropout hides half of the pixels
    # from the model, and doubles the others; the loss sees all of them. To paint what is hidden, the model has to know
    # how strokes go on. So its filters are parts of digits.
    net.train([train], [held_out], algo="adam", batch_size=64, epochs=epochs, input_dropout=0.5)

    # 3. How much of the pixels' variance comes back from the code.
    score = 1 - np.square(net.predict(held_out) - held_out).sum() / np.square(held_out - held_out.mean(axis=0)).sum()
    code = net.encode(held_out)
    assert np.allclose(net.decode(code), net.predict(held_out), atol=1e-5)
    print(f"share of the variance that {code.shape[1]} numbers keep: {score:.3f}")

    # 4. What was hidden comes back, too: half of the pixels are 0 here, and the others doubled as in training.
    seen = held_out * (np.random.default_rng(0).uniform(size=held_out.shape) < 0.5)
    error = np.square(net.predict(2 * seen) - held_out).mean() / np.square(seen - held_out).mean()
    print(f"digits with half of their pixels, from the code: {error:.0%} of the squared error that they had")
    draw(net, held_out, seen, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return float(score)


def draw(net, images, seen, folder):
    """Draw the weights of every unit, and digits with what the model makes of them."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2)
    left.suptitle("the 64 filters: red adds, blue takes away")
    weights = net.find("hid1", "w").get_value()
    for axes, column in zip(left.subplots(8, 8).flat, weights.T, strict=True):
        size = abs(column).max()
        axes.imshow(column.reshape(28, 28), cmap="RdBu_r", vmin=-size, vmax=size)
    right.suptitle("digits, from the code; half of the pixels, from the code")
    rows = [images[:8], net.predict(images[:8]), seen[:8], net.predict(2 * seen[:8])]
    for axes, picture in zip(right.subplots(4, 8).flat, np.concatenate(rows), strict=True):
        axes.imshow(picture.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
    for axes in left.axes + right.axes:
        axes.set_axis_off()
    figure.savefig(folder / "03_mnist_autoencoder.png", dpi=120)
    print(f"figure: {folder / '03_mnist_autoencoder.png'}")


if __name__ == "__main__":
    main()
