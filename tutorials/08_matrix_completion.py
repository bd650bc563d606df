"""Matrix completion: a table of which most is missing, filled in from what is known.

Run it with ``python tutorials/08_matrix_completion.py``. It takes about half a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor
import scipy.sparse

import symloss

PEOPLE, FILMS, TASTES, NOISE = 300, 200, 5, 0.1


def ratings(rng):
    """Return a table of ratings (people, films), and which of them are known: a fifth.

    A rating is what a person thinks of five traits times how much the film has of each, and a little noise.
    """
    table = rng.normal(size=(PEOPLE, TASTES)) @ rng.normal(size=(TASTES, FILMS)) / np.sqrt(TASTES)
    return table + NOISE * rng.normal(size=table.shape), rng.uniform(size=table.shape) < 0.2


def main(epochs: int = 200, folder=None) -> float:
    """Train for so many `epochs`, draw a figure into `folder`, and return the error (RMS) of the unknown ratings."""
    pytensor.config.floatX = "float64"  # L-BFGS looks for small differences of the loss
    table, known = ratings(np.random.default_rng(0))
    print(f"{known.mean():.0%} of {table.size} ratings are known")

    # 1. The model. Each item is a person, whose input is 1 at the person's own place. So the first weights have a row
    # for each person, the last ones a column for each film, and the table is their product. The input stays sparse.
    net = symloss.Regressor([
        {"size": PEOPLE, "sparse": "csr"},
        {"name": "traits", "size": TASTES, "activation": "linear"},
        FILMS,
    ], weighted=True)

    # 2. The data. What is not known is NaN in the target, and has weight 0, so nothing is computed from it.
    person = scipy.sparse.identity(PEOPLE, format="csr")
    data = [person, np.where(known, table, np.nan), known]

    # 3. So small a problem is best solved on all the data at once: L-BFGS takes exact gradients, and chooses its steps
    # itself. Without the penalty, people with few ratings would be explained to the last digit, noise and all.
    net.train(data, algo="lbfgs", epochs=epochs, weight_l2=1e-5, patience=None, verbose=0)

    # 4. What is it worth? Of the ratings that the model has not seen, the mean says nothing, and noise cannot be known.
    found = net.predict(person)
    error = float(np.sqrt(np.square(found - table)[~known].mean()))
    print(f"error of the known ratings:   {np.sqrt(np.square(found - table)[known].mean()):.3f}")
    print(f"error of the unknown ratings: {error:.3f}; of always saying the mean: {table[~known].std():.3f}; "
          f"noise: {NOISE}")
    draw(table, known, found, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return error


def draw(table, known, found, folder):
    """Draw a corner of the table: what there is, what is known, what was found."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    pictures = {"all ratings": table, "those that are known": np.where(known, table, np.nan), "what was found": found}
    for axes, (title, picture) in zip(figure.subplots(1, 3), pictures.items(), strict=True):
        drawn = axes.imshow(picture[:50, :60], cmap="RdBu_r", vmin=-3, vmax=3)
        axes.set(title=title, xlabel="film", ylabel="person")
    figure.colorbar(drawn, ax=figure.axes)
    figure.savefig(folder / "08_matrix_completion.png", dpi=120)
    print(f"figure: {folder / '08_matrix_completion.png'}")


if __name__ == "__main__":
    main()
