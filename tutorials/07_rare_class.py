"""A rare class: weights make two in a hundred items count as much as all the others.

Run it with ``python tutorials/07_rare_class.py``. It takes about half a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss


def points(count: int, rng):
    """Return points (count, 2) and labels. One point in fifty has label 1 and lies near an arc among the others."""
    labels = (rng.uniform(size=count) < 0.02).astype(int)
    angle = rng.uniform(0, np.pi, size=count)
    arc = 1.5 * np.stack([np.cos(angle), np.sin(angle) - 0.5], axis=1) + 0.3 * rng.normal(size=(count, 2))
    return np.where(labels[:, None] == 1, arc, 1.5 * rng.normal(size=(count, 2))), labels


def main(epochs: int = 40, folder=None) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the balanced accuracy with weights."""
    pytensor.config.floatX = "float32"
    rng = np.random.default_rng(0)
    (x, y), test = points(10000, rng), points(20000, rng)

    # 1. Without weights. If you always predict 0, you are right 98 times in a hundred. The model finds that out.
    plain = symloss.Classifier([2, (32, "relu"), (32, "relu"), 2])
    options = dict(algo="adam", learning_rate=0.01, batch_size=256, epochs=epochs, patience=None, verbose=0)
    plain.train([x, y], **options)

    # 2. With weights. The data are (input, target, weights), and the loss is sum(w l) / sum(w). The weight of each item
    # is one over the size of its class, so both classes count the same. `train(..., class_weight="balanced")` is a
    # short form of this that needs no `weighted=True`. Your own weights can differ from item to item, for example by
    # how certain the label is.
    weights = np.where(y == 1, 0.5 / (y == 1).mean(), 0.5 / (y == 0).mean())
    print(f"class 1: {(y == 1).mean():.1%} of the items; each has weight {weights.max():.1f}, and each of the others "
          f"{weights.min():.2f}")
    weighted = symloss.Classifier([2, (32, "relu"), (32, "relu"), 2], weighted=True)
    weighted.train([x, y, weights], **options)

    # 3. What you lose and what you gain. Under class imbalance, accuracy alone tells you nothing. Balanced accuracy is
    # the mean recall of the classes. It is 0.5 for a model that ignores its input, and at most 0.821 here, because the
    # classes overlap.
    print(f"{'':12} accuracy  balanced  recall of class 1")
    for name, net in (("no weights", plain), ("weights", weighted)):
        shares = confusion_shares(net, test)
        print(f"{name:12} {net.score(*test):8.3f}  {shares.mean():8.3f}  {shares[1]:17.3f}")
    draw({"no weights": plain, "weights": weighted}, test, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return float(confusion_shares(weighted, test).mean())


def confusion_shares(net, test) -> np.ndarray:
    """Return the recall of each class."""
    confusion = np.array(net.score(*test, metric="confusion_matrix"))
    return np.diag(confusion) / confusion.sum(axis=1)


def draw(models, test, folder):
    """Draw the region in which each model predicts the rare class."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    x, y = test
    line = np.linspace(-4, 4, 120)
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    for axes, (name, net) in zip(figure.subplots(1, 2), models.items(), strict=True):
        chance = net.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(120, 120)
        filled = axes.contourf(line, line, chance, levels=np.linspace(0, 1, 11), cmap="Oranges")
        axes.contour(line, line, chance, levels=[0.5], colors="C3")
        axes.plot(*x[:3000][y[:3000] == 0].T, ".", markersize=1, color="gray")
        axes.plot(*x[:3000][y[:3000] == 1].T, ".", markersize=5, color="C0")
        axes.set(title=name, xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
    figure.colorbar(filled, ax=figure.axes, label="probability of class 1")
    figure.savefig(folder / "07_rare_class.png", dpi=120)
    print(f"figure: {folder / '07_rare_class.png'}")


if __name__ == "__main__":
    main()
