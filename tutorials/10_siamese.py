"""Siamese pairs of digits: a network learns which images belong together, and so draws a map of all of them.

Run it with ``python tutorials/10_siamese.py``. It takes about half a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss


def main(epochs: int = 15, folder=None, count: int = 20000) -> float:
    """Train on `count` pairs for `epochs` epochs, save a figure, and return the accuracy of the nearest neighbors."""
    pytensor.config.floatX = "float32"
    images, labels = symloss.data.mnist.digits()
    images = (images / 255).astype("float32")
    known, new = slice(0, 8000), slice(8000, 10000)

    # 1. The data are pairs. Half of them show the same digit twice, and the other half show two different digits. The
    # network is never told which digits these are. The target is called 'same', and it is True if a pair belongs
    # together.
    pairs = symloss.data.pairs(images[known], labels[known], count, seed=0, target="same")
    print(", ".join(f"{name} {array.shape}" for name, array in pairs.items()))

    # 2. One network embeds both images, and the output is the distance between the two embeddings. 'hadsell' pulls
    # pairs that belong together to the same place, and pushes other pairs apart up to the margin. In this loss, the
    # label 1 means "same". In the default loss, which is Wolfram's, it means "different". explain() tells you which of
    # them applies.
    net = symloss.PairEmbedding([784, 128, 64, 2], loss="hadsell", margin=1.0)
    print(net.summary())
    print()
    print(net.explain())
    print()

    # 3. Noise on the inputs keeps the network from memorizing its pairs.
    rate = symloss.schedules.cosine(0.002, steps=epochs * -(-count // 128))
    net.train(pairs, algo="adam", learning_rate=rate, epochs=epochs, batch_size=128, input_dropout=0.2, patience=None)

    # 4. How far apart are new pairs of both kinds?
    tested = symloss.data.pairs(images[new], labels[new], 2000, seed=1)
    distances = net.predict([tested["left"], tested["right"]])
    right = np.mean((distances < 0.5) == tested["same"])
    print(f"new pairs: if half of the margin is the threshold, {right:.1%} are classified correctly")

    # 5. You can take the embedding out of the model. Each new image gets the most frequent digit among its 15 nearest
    # known images. Two numbers are enough to replace 784 pixels.
    places, digits = net.embed(images[known]), labels[known]
    encoder = net["embedding"]  # a network of its own, with the same parameters
    accuracy = float(np.mean(nearest(places, digits, encoder.predict(images[new])) == labels[new]))
    print(f"nearest neighbors on the map: {accuracy:.1%} of the new digits are correct")

    # 6. A triplet says which of two images is closer to a third, the anchor. With 16 numbers instead of two, there is
    # room for all digits.
    triplets = symloss.data.triplets(images[known], labels[known], count, seed=0)
    other = symloss.TripletEmbedding([784, 128, 64, 16], margin=1.0)
    other.train(triplets, algo="adam", learning_rate=rate, epochs=epochs, batch_size=128, input_dropout=0.2,
                patience=None)
    found = nearest(other.embed(images[known]), digits, other.embed(images[new]))
    print(f"nearest neighbors among 16 numbers, from triplets: {np.mean(found == labels[new]):.1%}")
    draw(net, images[new], labels[new], distances, tested["same"],
         pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return accuracy


def nearest(places, digits, asked, k: int = 15) -> np.ndarray:
    """Return the most frequent digit among the `k` nearest known places, for each place in `asked`."""
    squares = np.square(asked).sum(1)[:, None] + np.square(places).sum(1) - 2 * asked @ places.T
    neighbors = digits[np.argpartition(squares, k, axis=1)[:, :k]]
    return np.array([np.bincount(row, minlength=10).argmax() for row in neighbors])


def draw(net, images, labels, distances, same, folder):
    """Draw the map with some of the images on it, and the distances of pairs of both kinds."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    chart, histogram = figure.subplots(1, 2, width_ratios=[2, 1])
    places = net.embed(images)
    spots = chart.scatter(*places.T, c=labels, cmap="tab10", s=6, vmin=-0.5, vmax=9.5)
    figure.colorbar(spots, ax=chart, ticks=range(10), label="digit")
    taken = np.full((1, 2), np.inf)
    width = np.ptp(places, axis=0) / 45
    for image, place in zip(images, places, strict=True):  # where there is room
        if np.all(np.any(abs(taken - place) > 2.4 * width, axis=1)):
            taken = np.concatenate([taken, place[None]])
            (left, bottom), (right, top) = place - width, place + width
            chart.imshow(np.ma.masked_less(image.reshape(28, 28), 0.3), cmap="gray_r", vmin=0, vmax=1,
                         extent=(left, right, bottom, top), zorder=2)
    chart.set(aspect="auto", xlim=_range(places[:, 0]), ylim=_range(places[:, 1]), title="new digits on the map")
    for kind, label in ((same, "same digit"), (~same, "different digits")):
        histogram.hist(distances[kind], bins=np.linspace(0, distances.max(), 40), alpha=0.6, label=label)
    histogram.axvline(0.5, color="gray", linestyle=":")
    histogram.set(xlabel="distance", ylabel="new pairs", title="which pairs belong together")
    histogram.legend()
    figure.savefig(folder / "10_siamese.png", dpi=120)
    print(f"figure: {folder / '10_siamese.png'}")


def _range(values):
    room = np.ptp(values) / 20
    return values.min() - room, values.max() + room


if __name__ == "__main__":
    main()
