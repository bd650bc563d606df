"""Digits out of random numbers: a Wasserstein GAN with a gradient penalty (WGAN-GP).

Run it with ``python tutorials/17_wgan.py``. It takes about two minutes with the digits that come with symloss. If you
have the four files of the full MNIST data set, pass their folder: ``python tutorials/17_wgan.py folder/of/the/files``.
"""

import importlib.util
import pathlib
import sys
import tempfile

import numpy as np
import pytensor

import symloss
from symloss import Loss, Network

LATENT, BATCH, CRITIC_STEPS = 64, 64, 5


def load(data=None, count=None):
    """Return images of digits with values from 0 to 1."""
    images = symloss.data.mnist.digits()[0] if data is None else symloss.data.mnist.load(data)[0][0]
    return (images[:count] / 255).astype("float32")


def main(epochs: int = 60, folder=None, data=None, count: int | None = None) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the estimated distance at the end.

    `data` is the folder with the four MNIST files. Without it, the digits that come with symloss are used. `count` is
    the number of digits to use, or None for all.
    """
    pytensor.config.floatX = "float32"
    real = load(data, count)

    # 1. A generator makes an image out of 64 random numbers. A critic gives a score to any image. The critic has no
    # output activation and no batch normalization, because the penalty needs the slope of each score with respect to
    # its own image.
    generator = Network([LATENT, (256, "relu"), (512, "relu"), (784, "sigmoid")], loss=None, seed=1)
    critic = Network([784, (512, "leaky relu"), (256, "leaky relu"), (1, "linear")], loss=None, seed=2)

    # 2. The critic sees real images, generated images, and images at a random point between the two.
    game = Network(
        {"real": 784, "z": {"form": "random", "size": LATENT}, "fake": generator, "on_real": critic, "on_fake": critic,
         "between": {"form": "interpolate"}, "on_between": critic},
        edges=["real -> z -> fake -> on_fake", "real -> on_real", (["real", "fake"], "between"),
               "between -> on_between"],
        outputs=["fake", "on_real", "on_fake", "on_between"],
        loss=[Loss("wasserstein_critic", ports={"real": "on_real", "fake": "on_fake"}),
              Loss("gradient_penalty", ports={"prediction": "on_between", "at": "between"}, penalty=10.0),
              Loss("wasserstein_generator", ports={"fake": "on_fake"})])

    # 3. The critic takes five steps for each step of the generator. The critic's loss contains a gradient, so training
    # needs a second derivative. It is derived symbolically like every other gradient.
    turns = [(["wasserstein_critic", "gradient_penalty"], CRITIC_STEPS, {"moves": critic}),
             ("wasserstein_generator", 1, {"moves": generator})]
    history = game.train([real], turns=turns, algo="adam", learning_rate=3e-4, beta1=0.5, beta2=0.9, batch_size=BATCH,
                         epochs=epochs, patience=None)

    # 4. The negative loss of the critic estimates how far generated images are from real ones. It falls to a plateau as
    # the generator catches up.
    distances = [-record["wasserstein_critic"] for record in history]
    print(f"distance: {max(distances):.2f} at most, {distances[-1]:.2f} at the end")
    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(history, distances, generator, real, folder / "17_wgan.png")
    return float(distances[-1])


def draw(history, distances, generator, real, path):
    """Draw the estimated distance, generated digits, and real digits beside them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4.8), layout="constrained")
    curve, fakes, reals = figure.subplots(1, 3)
    curve.plot([record["epoch"] for record in history], distances, label="distance, by the critic")
    curve.plot([record["epoch"] for record in history], [record["gradient_penalty"] for record in history],
               label="gradient penalty")
    curve.set(xlabel="epoch", ylim=(0, None))
    curve.legend()
    made = generator.predict(np.random.default_rng(1).normal(size=(100, LATENT)))
    for place, images, title in ((fakes, made, "generated"), (reals, real[:100], "real")):
        images = np.concatenate([images, np.zeros((100 - len(images), 784))])
        place.imshow(images.reshape(10, 10, 28, 28).swapaxes(1, 2).reshape(280, 280), cmap="gray_r", vmin=0, vmax=1)
        place.set(title=title)
        place.set_axis_off()
    figure.savefig(path, dpi=120)
    print(f"figure: {path}")


if __name__ == "__main__":
    main(data=sys.argv[1] if len(sys.argv) > 1 else None)
