"""Two networks against each other: a generator learns eight clusters of points from the answers of a discriminator.

Run it with ``python tutorials/14_gan.py``. It takes about a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss
from symloss import Loss, Network

CENTERS = 2 * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)
WIDTH = 0.1  # standard deviation of a cluster
LATENT = 16  # random numbers that the generator turns into a point


def mixture(count: int, rng):
    """Return points from eight clusters on a circle."""
    points = CENTERS[rng.integers(8, size=count)] + WIDTH * rng.normal(size=(count, 2))
    return points.astype("float32")


def covered(points) -> tuple[int, float]:
    """Return the number of covered clusters, and the share of points within 4 standard deviations of a cluster.

    A cluster is covered if it gets at least a quarter of the points that it should get.
    """
    distances = np.linalg.norm(points[:, None] - CENTERS, axis=2)
    good = distances.min(axis=1) < 4 * WIDTH
    counts = np.bincount(distances.argmin(axis=1)[good], minlength=8)
    return int((counts >= len(points) / 8 / 4).sum()), float(good.mean())


def main(epochs: int = 150, folder=None, count: int = 20_000) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the share of points that lie in a cluster."""
    pytensor.config.floatX = "float32"
    rng = np.random.default_rng(0)
    real = mixture(count, rng)

    # 1. The two networks. The discriminator ends in a sigmoid, which is the probability that a point is real.
    generator = Network([LATENT, (128, "tanh"), (128, "tanh"), (2, "linear")], loss=None, seed=1)
    discriminator = Network([2, (128, "tanh"), (128, "tanh"), (1, "sigmoid")], loss=None, seed=2)

    # 2. One model that contains both networks. `z` draws new random numbers in every step, with as many rows as there
    # are real points. The discriminator appears twice, and both uses share the same parameters.
    game = Network(
        {"real": 2, "z": {"form": "random", "size": LATENT}, "fake": generator,
         "on_real": discriminator, "on_fake": discriminator},
        edges=["real -> z -> fake -> on_fake", "real -> on_real"], outputs=["fake", "on_real", "on_fake"],
        loss=[Loss("minimax", ports={"real": "on_real", "fake": "on_fake"}),
              Loss("non_saturating", ports={"fake": "on_fake"})])

    # 3. The losses take turns: one step for the discriminator, then one for the generator. Each turn moves only its own
    # parameters and has its own optimizer state.
    turns = [("minimax", 1, {"moves": discriminator}), ("non_saturating", 1, {"moves": generator})]
    rate = symloss.schedules.cosine(1e-3, steps=1 + epochs * count // 256)  # every second batch of 128 is its turn
    history = game.train([real], turns=turns, algo="adam", learning_rate=rate, beta1=0.5, batch_size=128,
                         epochs=epochs, patience=None)

    # 4. The generator is a network like any other. How many of the clusters has it learned?
    fake = generator.predict(rng.normal(size=(5000, LATENT)))
    modes, share = covered(fake)
    print(f"{modes} of 8 clusters are covered; {share:.0%} of the generated points lie in one of them")
    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(history, real, fake, discriminator, folder / "14_gan.png")
    return share


def draw(history, real, fake, discriminator, path):
    """Draw both losses, real and generated points, and the output of the discriminator over the plane."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4), layout="constrained")
    losses, points, plane = figure.subplots(1, 3)
    for name in ("minimax", "non_saturating"):
        losses.plot([record["epoch"] for record in history], [record[name] for record in history],
                    label={"minimax": "discriminator", "non_saturating": "generator"}[name])
    losses.axhline(np.log(4), color="gray", linewidth=0.8, linestyle=":", label="log 4: it cannot tell")
    losses.set(xlabel="epoch", ylabel="loss (nats)")
    losses.legend()
    points.scatter(*real[:2000].T, s=4, linewidths=0, color="lightgray", label="real")
    points.scatter(*fake[:2000].T, s=4, linewidths=0, label="generated")
    points.set(aspect="equal", title="points", xlim=(-3, 3), ylim=(-3, 3))
    points.legend()
    grid = np.stack(np.meshgrid(np.linspace(-3, 3, 80), np.linspace(-3, 3, 80)), axis=-1).reshape(-1, 2)
    said = discriminator.predict(grid.astype("float32")).reshape(80, 80)
    image = plane.imshow(said, origin="lower", extent=(-3, 3, -3, 3), vmin=0, vmax=1, cmap="RdBu")
    plane.set(title="what the discriminator says")
    figure.colorbar(image, ax=plane, label="probability of being real")
    figure.savefig(path, dpi=120)
    print(f"figure: {path}")


if __name__ == "__main__":
    main()
