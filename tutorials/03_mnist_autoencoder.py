"""An autoencoder of digits that shares its weights: what a network learns to see without any labels.

Run it with ``python tutorials/03_mnist_autoencoder.py``. It takes less than half a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss


def main(epochs: int = 30, folder=None) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the share of the variance that is kept."""
    pytensor.config.floatX = "float32"
    images, _ = symloss.data.mnist.digits()
    images = images / 255
    train, held_out = images[:8000], images[8000:]

    # 1. The model: 784 pixels, a code of 64 numbers, and 784 pixels again. 'tied' decodes with the transposed weights
    # of the encoder. Each unit therefore has one picture: the pattern that it detects is also the pattern that it
    # draws.
    net = symloss.Autoencoder([784, (64, "relu"), "tied"])
    print(net.summary())
    print()

    # 2. The data are only the images, because an Autoencoder uses its input as its target. Input dropout hides half of
    # the pixels from the model and doubles the others, but the loss compares all pixels. To reconstruct hidden pixels,
    # the model has to learn how strokes continue. Its filters therefore look like parts of digits.
    net.train([train], [held_out], algo="adam", batch_size=64, epochs=epochs, input_dropout=0.5)

    # 3. How much of the variance of the pixels can be reconstructed from the code?
    score = 1 - np.square(net.predict(held_out) - held_out).sum() / np.square(held_out - held_out.mean(axis=0)).sum()
    code = net.encode(held_out)
    assert np.allclose(net.decode(code), net.predict(held_out), atol=1e-5)
    print(f"{code.shape[1]} numbers keep {score:.1%} of the variance of the pixels")

    # 4. The model also reconstructs pixels that it does not see. Here half of the pixels are 0, and the others are
    # doubled as in training.
    seen = held_out * (np.random.default_rng(0).uniform(size=held_out.shape) < 0.5)
    error = np.square(net.predict(2 * seen) - held_out).mean() / np.square(seen - held_out).mean()
    print(f"if half of the pixels are missing, the reconstruction removes {1 - error:.0%} of the squared error")
    draw(net, held_out, seen, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return float(score)


def draw(net, images, seen, folder):
    """Draw the weights of every unit, and digits with their reconstructions."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2)
    left.suptitle("the 64 filters: red is positive, blue is negative")
    weights = net.find("hid1", "w").get_value()
    for axes, column in zip(left.subplots(8, 8).flat, weights.T, strict=True):
        size = abs(column).max()
        axes.imshow(column.reshape(28, 28), cmap="RdBu_r", vmin=-size, vmax=size)
    right.suptitle("digits and reconstructions; half of the pixels and reconstructions")
    rows = [images[:8], net.predict(images[:8]), seen[:8], net.predict(2 * seen[:8])]
    for axes, picture in zip(right.subplots(4, 8).flat, np.concatenate(rows), strict=True):
        axes.imshow(picture.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
    for axes in left.axes + right.axes:
        axes.set_axis_off()
    figure.savefig(folder / "03_mnist_autoencoder.png", dpi=120)
    print(f"figure: {folder / '03_mnist_autoencoder.png'}")


if __name__ == "__main__":
    main()
