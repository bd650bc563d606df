"""An autoencoder of digits that shares its weights: what a network sees when nobody tells it what to look for.

Run it with ``python tutorials/03_mnist_autoencoder.py``. It takes about a minute, and has no use for labels.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss


def main(epochs: int = 40, folder=None) -> float:
    """Train for so many `epochs`, draw a figure into `folder`, and return R^2 of held-out reconstructions."""
    pytensor.config.floatX = "float32"
    images, _ = symloss.data.mnist.digits()
    images = images / 255
    train, held_out = images[:8000], images[8000:]

    # 1. The model: 784 pixels, a code of 64 numbers, 784 pixels again. 'tied' goes back through the transposed weights
    # of the layer that came, so each unit has one picture: what it looks for is what it paints.
    net = symloss.Autoencoder([784, (64, "sigmoid"), ("tied", "sigmoid")], loss="binary_crossentropy")

    # 2. The data are the images alone: an Autoencoder takes its input as target. Input dropout hides three tenths of
    # the pixels from the model, but not from the loss. To paint what it does not see, it has to know how strokes go on.
    net.train([train], [held_out], algo="adam", learning_rate=0.003, batch_size=128, epochs=epochs, input_dropout=0.3)

    # 3. How good it is. R^2 is the share of the pixels' variance that comes back from the code.
    score = net.score(held_out)
    code = net.encode(held_out)
    assert np.allclose(net.decode(code), net.predict(held_out), atol=1e-5)
    print(f"R^2 of held-out digits from {code.shape[1]} numbers each: {score:.4f}")

    # 4. What was hidden comes back: half of the pixels are 0 here.
    hidden = held_out * (np.random.default_rng(0).uniform(size=held_out.shape) < 0.5)
    error = np.square(net.predict(hidden) - held_out).mean() / np.square(hidden - held_out).mean()
    print(f"squared error of digits with half of their pixels: {error:.2f} of what it was")
    draw(net, held_out, hidden, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return score


def draw(net, images, hidden, folder):
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
    right.suptitle("digits, from their code; with half of the pixels, from that code")
    rows = [images[:8], net.predict(images[:8]), hidden[:8], net.predict(hidden[:8])]
    for axes, picture in zip(right.subplots(4, 8).flat, np.concatenate(rows), strict=True):
        axes.imshow(picture.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
    for axes in figure.get_axes() + left.axes + right.axes:
        axes.set_axis_off()
    figure.savefig(folder / "03_mnist_autoencoder.png", dpi=120)
    print(f"figure: {folder / '03_mnist_autoencoder.png'}")


if __name__ == "__main__":
    main()
