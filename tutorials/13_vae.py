"""A variational autoencoder: a network that learns from digits and generates new ones.

Run it with ``python tutorials/13_vae.py``. It takes less than half a minute with the 10,000 digits that come with
symloss. If you have the four files of the full MNIST data set, pass their folder: ``python tutorials/13_vae.py
folder/of/the/files``. Training then takes two minutes, and the bound of a test digit is 103 nats after 8 epochs.
"""

import importlib.util
import pathlib
import sys
import tempfile

import numpy as np
import pytensor

import symloss


def load(data=None, count=None):
    """Return (train, test, labels of test): digits of black and white pixels, from the files in `data` if it is given.

    A pixel with gray level g is black with probability g, drawn once. At most `count` digits are used for training.
    """
    if data is None:
        images, labels = symloss.data.mnist.digits()
        train, test, labels = images[:9000], images[9000:], labels[9000:]
    else:
        (train, _), (test, labels) = symloss.data.mnist.load(data)
    rng = np.random.default_rng(0)
    train, test = ((rng.uniform(size=x.shape) < x / 255).astype("float32") for x in (train[:count], test[:count]))
    return train, test, labels[:count]


def model(size: int, warm_up: int):
    """Return a variational autoencoder whose code has `size` numbers.

    The encoder predicts where in the space of codes an image may lie: the `mean` and `log_variance` of a normal
    distribution. `z` is a sample from it that gradients can pass through. The decoder turns that sample into one
    probability for each pixel.
    """
    anneal = symloss.schedules.linear(0.0, 1.0, steps=warm_up)
    return symloss.Autoencoder(
        {"in": 784, "encoder": (400, "relu"), "mean": size, "log_variance": size,
         "z": {"form": "sample", "in_prediction": True}, "decoder": (400, "relu"), "image": (784, "sigmoid")},
        edges=["in -> encoder -> mean", "encoder -> log_variance", (["mean", "log_variance"], "z"),
               "z -> decoder -> image"],
        loss=[{"form": "bce", "how": "batch mean"}, {"form": "vae_kl", "weight": anneal}])


def main(epochs: int = 20, folder=None, data=None, count: int | None = None) -> float:
    """Train for `epochs` epochs, save a figure, and return the nats per test digit with a code of 20 numbers.

    `data` is the folder with the four MNIST files. Without it, the digits that come with symloss are used. `count` is
    the number of digits to use, or None for all.
    """
    pytensor.config.floatX = "float32"
    train, test, labels = load(data, count)
    steps = -(-len(train) // 128)
    nets = {}
    for size in (2, 20):
        # 1. The loss has two terms, and both are in nats per digit. `bce` is the cost of describing the pixels once the
        # code is known. It is a sum over the pixels, because 'batch mean' divides only by the number of digits.
        # `vae_kl` is the cost of describing the code. Their sum is the negative evidence lower bound (ELBO), an upper
        # bound on the negative log-likelihood of a digit.
        nets[size] = net = model(size, warm_up=epochs * steps // 10 + 1)

        # 2. If the code has its full cost from the beginning, the model may learn to do without it. The weight of
        # `vae_kl` therefore grows from 0 to 1 during the first tenth of the steps. The history shows the weight and
        # both terms.
        net.train(train, test, algo="adam", learning_rate=symloss.schedules.cosine(0.002, steps=epochs * steps),
                  batch_size=128, epochs=epochs, patience=None)

        # 3. The bound on new digits, with weight 1, and its two terms.
        found = net.measure(test)
        print(f"{size:2d} numbers per code: {found['loss']:.1f} nats per test digit, {found['bce']:.1f} for the pixels "
              f"and {found['vae_kl']:.1f} for the code")

    # 4. Parts of a network are networks, too. The encoder predicts the mean of the code. The decoder draws a digit for
    # any code, including codes drawn from the normal distribution.
    rng = np.random.default_rng(1)
    samples = nets[20].part("z", "image").predict(rng.normal(size=(80, 20)))
    codes = nets[2].take("in", "mean").predict(test)
    draw(nets, test, labels, samples, codes, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return found["loss"]


def draw(nets, test, labels, samples, codes, folder):
    """Draw the plane of codes, the digits that the decoder draws on it, reconstructed digits, and new digits."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure
    from scipy.stats import norm

    figure = Figure(figsize=(11, 10.5), layout="constrained")
    axes = figure.subplots(2, 2).flat
    points = axes[0].scatter(*codes.T, c=labels, cmap="tab10", vmin=-0.5, vmax=9.5, s=4, alpha=0.6, linewidths=0)
    figure.colorbar(points, ax=axes[0], ticks=range(10), label="digit")
    axes[0].set(title="test digits on the plane of two numbers", aspect="equal")
    places = norm.ppf(np.linspace(0.03, 0.97, 16))  # equally many codes of the normal distribution between them
    plane = np.stack(np.meshgrid(places, places[::-1]), axis=-1).reshape(-1, 2)
    pictures = {"what the decoder paints on this plane": nets[2].part("z", "image").predict(plane),
                "test digits, and what 20 numbers keep of them": again(nets[20], test),
                "new digits, from 20 random numbers": samples}
    for place, (title, images) in zip(list(axes)[1:], pictures.items(), strict=True):
        place.imshow(mosaic(images), cmap="gray_r", vmin=0, vmax=1)
        place.set_title(title)
        place.set_axis_off()
    figure.savefig(folder / "13_vae.png", dpi=120)
    print(f"figure: {folder / '13_vae.png'}")


def again(net, images):
    """Return rows of digits, each row above its reconstructions from the mean of the codes."""
    images = images[: len(images[:40]) // 8 * 8]
    found = net.part("z", "image").predict(net.take("in", "mean").predict(images))
    return np.stack([images.reshape(-1, 8, 784), found.reshape(-1, 8, 784)], axis=1).reshape(-1, 784)


def mosaic(images):
    """Return one image made of many: a square of 16 x 16 images, or rows of 8."""
    columns = 16 if len(images) == 256 else 8
    return images.reshape(-1, columns, 28, 28).swapaxes(1, 2).reshape(-1, columns * 28)


if __name__ == "__main__":
    main(data=sys.argv[1] if len(sys.argv) > 1 else None)
