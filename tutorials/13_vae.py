"""A variational autoencoder: a network that has seen digits, and paints new ones.

Run it with ``python tutorials/13_vae.py``: less than half a minute with the 10,000 digits that come with symloss. With
the four files of the whole of MNIST it takes two minutes, and the bound of a test digit is 103 nats after 8 epochs:
``python tutorials/13_vae.py folder/of/the/files``.
"""

import importlib.util
import pathlib
import sys
import tempfile

import numpy as np
import pytensor

import symloss


def load(data=None, count=None):
    """Return (train, test, labels of test): digits of black and white pixels, of the files in `data` if given.

    A pixel of gray level g is black with probability g, drawn once. At most `count` digits are for training.
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
    """Return a variational autoencoder with a code of so many numbers.

    The encoder says where in the space of codes an image may be: `mean` and `log_variance` of a normal distribution.
    `z` is a sample of it, through which gradients pass. The decoder makes a probability for every pixel of that sample.
    """
    anneal = symloss.schedules.linear(0.0, 1.0, steps=warm_up)
    return symloss.Autoencoder(
        {"in": 784, "encoder": (400, "relu"), "mean": size, "log_variance": size,
         "z": {"form": "sample", "in_prediction": True}, "decoder": (400, "relu"), "image": (784, "sigmoid")},
        edges=["in -> encoder -> mean", "encoder -> log_variance", (["mean", "log_variance"], "z"),
               "z -> decoder -> image"],
        loss=[{"form": "bce", "how": "batch mean"}, {"form": "vae_kl", "weight": anneal}])


def main(epochs: int = 20, folder=None, data=None, count: int | None = None) -> float:
    """Train for so many `epochs`, draw a figure into `folder`, and return the nats for a test digit (20 a code).

    `data` is the folder of the four files of MNIST; without it, the digits that come with symloss serve. `count` is the
    number of digits to use; None: all.
    """
    pytensor.config.floatX = "float32"
    train, test, labels = load(data, count)
    steps = -(-len(train) // 128)
    nets = {}
    for size in (2, 20):
        # 1. The loss has two terms, and both are in nats for a whole digit. `bce` is what it takes to say the pixels if
        # the code is known: the sum over pixels, as 'batch mean' divides by the number of digits alone. `vae_kl` is
        # what it takes to say the code. Their sum is the negative evidence lower bound (ELBO): no less than what a
        # digit takes.
        nets[size] = net = model(size, warm_up=epochs * steps // 10 + 1)

        # 2. If the code costs its full price from the beginning, the model may learn to do without it. So the weight
        # of `vae_kl` grows from 0 to 1 within the first tenth of the steps. Records show the weight and both terms.
        net.train(train, test, algo="adam", learning_rate=symloss.schedules.cosine(0.002, steps=epochs * steps),
                  batch_size=128, epochs=epochs, patience=None)

        # 3. The bound of new digits, with weight 1, and what it consists of.
        found = net.measure(test)
        print(f"{size:2d} numbers a code: {found['loss']:.1f} nats for a test digit, {found['bce']:.1f} for the pixels "
              f"and {found['vae_kl']:.1f} for the code")

    # 4. Parts of a network are networks. The encoder says the mean of the code; the decoder paints any code, one drawn
    # from the normal distribution as well.
    rng = np.random.default_rng(1)
    samples = nets[20].part("z", "image").predict(rng.normal(size=(80, 20)))
    codes = nets[2].take("in", "mean").predict(test)
    draw(nets, test, labels, samples, codes, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return found["loss"]


def draw(nets, test, labels, samples, codes, folder):
    """Draw the plane of codes, what the decoder paints on it, digits painted again, and new digits."""
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
    """Return digits in rows, each above what the decoder makes of the mean of its code."""
    images = images[: len(images[:40]) // 8 * 8]
    found = net.part("z", "image").predict(net.take("in", "mean").predict(images))
    return np.stack([images.reshape(-1, 8, 784), found.reshape(-1, 8, 784)], axis=1).reshape(-1, 784)


def mosaic(images):
    """Return images side by side, as one: a square of them, or rows of 8."""
    columns = 16 if len(images) == 256 else 8
    return images.reshape(-1, columns, 28, 28).swapaxes(1, 2).reshape(-1, columns * 28)


if __name__ == "__main__":
    main(data=sys.argv[1] if len(sys.argv) > 1 else None)
