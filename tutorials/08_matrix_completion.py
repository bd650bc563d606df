"""Matrix completion: fill in a table from the few entries that are known.

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
    """Return a table of ratings (people, films), and which of them are known (a fifth).

    A person has an opinion of five traits, and a film has some of each trait. A rating is the sum of the products, plus
    a little noise.
    """
    table = rng.normal(size=(PEOPLE, TASTES)) @ rng.normal(size=(TASTES, FILMS)) / np.sqrt(TASTES)
    return table + NOISE * rng.normal(size=table.shape), rng.uniform(size=table.shape) < 0.2


def main(epochs: int = 200, folder=None) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the RMS error of the unknown ratings."""
    pytensor.config.floatX = "float64"  # L-BFGS looks for small differences of the loss
    table, known = ratings(np.random.default_rng(0))
    print(f"{known.mean():.0%} of {table.size} ratings are known")

    # 1. The model. Each item is a person, encoded as a one-hot input. The first weights therefore have one row for each
    # person, the last weights have one column for each film, and the predicted table is their product. The input stays
    # sparse.
    net = symloss.Regressor([
        {"size": PEOPLE, "sparse": "csr"},
        {"name": "traits", "size": TASTES, "activation": "linear"},
        FILMS,
    ], weighted=True)

    # 2. The data. Unknown ratings are NaN in the target and have weight 0, so they are ignored.
    person = scipy.sparse.identity(PEOPLE, format="csr")
    data = [person, np.where(known, table, np.nan), known]

    # 3. Such a small problem is best solved on all the data at once. L-BFGS uses exact gradients and chooses the size
    # of its steps itself. Without the penalty, the model would fit people with few ratings perfectly, including the
    # noise.
    net.train(data, algo="lbfgs", epochs=epochs, weight_l2=1e-5, patience=None, verbose=0)

    # 4. The result. We compare the error of the ratings that the model has not seen with the error of the mean, and
    # with the noise, which no model can predict.
    found = net.predict(person)
    error = float(np.sqrt(np.square(found - table)[~known].mean()))
    print(f"error of the known ratings:   {np.sqrt(np.square(found - table)[known].mean()):.3f}")
    print(f"error of the unknown ratings: {error:.3f}; always predicting the mean: {table[~known].std():.3f}; "
          f"noise: {NOISE}")
    draw(table, known, found, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return error


def draw(table, known, found, folder):
    """Draw a corner of the table: the full table, the known entries, and the predictions."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    pictures = {"all ratings": table, "known ratings": np.where(known, table, np.nan), "predicted ratings": found}
    for axes, (title, picture) in zip(figure.subplots(1, 3), pictures.items(), strict=True):
        drawn = axes.imshow(picture[:50, :60], cmap="RdBu_r", vmin=-3, vmax=3)
        axes.set(title=title, xlabel="film", ylabel="person")
    figure.colorbar(drawn, ax=figure.axes)
    figure.savefig(folder / "08_matrix_completion.png", dpi=120)
    print(f"figure: {folder / '08_matrix_completion.png'}")


if __name__ == "__main__":
    main()
