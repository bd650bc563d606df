"""Whole fits on three real tables: seconds and score of symloss, scikit-learn's MLP, XGBoost, and Keras if it is there.

Run it on a quiet machine: ``OMP_NUM_THREADS=1 python tests/benchmarks/sklearn_mlp.py``. Networks have the same layers,
epochs, batches, rule and learning rate, and inputs of size 1. Seconds are of the processor: of the first fit in this
process, which compiles, and of the second one. Scores (R^2, or the share of right classes) are of a third of the items,
which was set aside.
"""

import importlib.util
import os
import warnings

import numpy as np
from sklearn import datasets
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from symloss.sklearn import SymlossClassifier, SymlossRegressor

HIDDEN, EPOCHS, BATCH, RATE = (64,), 50, 64, 0.003
TABLES = {"diabetes": False, "breast_cancer": True, "digits": True}  # whether targets are classes


def processor() -> float:
    """Return the seconds that this process and its compilers have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def table(name, classes):
    """Return training and test data, scaled."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    y = y if classes else (y - y.mean()) / y.std()
    x, x_test, y, y_test = train_test_split(x, y, test_size=1 / 3, random_state=0)
    scaler = StandardScaler().fit(x)
    return scaler.transform(x), y, scaler.transform(x_test), y_test


def symloss_model(classes):
    """Return an estimator of symloss."""
    cls = SymlossClassifier if classes else SymlossRegressor
    return cls(HIDDEN, epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE, random_state=0)


def sklearn_model(classes):
    """Return scikit-learn's network."""
    cls = MLPClassifier if classes else MLPRegressor
    return cls(hidden_layer_sizes=HIDDEN, max_iter=EPOCHS, batch_size=BATCH, learning_rate_init=RATE, alpha=0,
               n_iter_no_change=EPOCHS, random_state=0)


def xgboost_model(classes):
    """Return XGBoost's trees, as many as there are epochs."""
    import xgboost

    return (xgboost.XGBClassifier if classes else xgboost.XGBRegressor)(n_estimators=EPOCHS, n_jobs=1)


class Keras:
    """A network of Keras with the methods that are needed here."""

    def __init__(self, classes):
        self.classes = classes

    def fit(self, x, y):
        """Build, compile and fit it."""
        import keras

        keras.utils.set_random_seed(0)
        last = keras.layers.Dense(int(y.max()) + 1, "softmax") if self.classes else keras.layers.Dense(1)
        self.model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(HIDDEN[0], "relu"), last])
        self.model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy" if self.classes else "mse")
        self.model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)

    def predict(self, x):
        """Return classes, or numbers."""
        found = self.model.predict(x, verbose=0)
        return found.argmax(axis=1) if self.classes else found[:, 0]


def main():
    """Print a line for each table and library."""
    models = {"symloss": symloss_model, "scikit-learn": sklearn_model}
    models |= {"XGBoost": xgboost_model} if importlib.util.find_spec("xgboost") else {}
    if importlib.util.find_spec("keras"):
        os.environ.setdefault("KERAS_BACKEND", "jax" if importlib.util.find_spec("jax") else "torch")
        models["Keras"] = Keras
    print(f"{'':14} {'':13} first fit  second fit    score")
    for name, classes in TABLES.items():
        x, y, x_test, y_test = table(name, classes)
        for library, make in models.items():
            seconds = []
            for _ in range(2):
                model, start = make(classes), processor()
                model.fit(x, y)
                seconds.append(processor() - start)
            score = (accuracy_score if classes else r2_score)(y_test, np.asarray(model.predict(x_test)))
            print(f"{name:14} {library:13} {seconds[0]:8.2f} s {seconds[1]:9.2f} s {score:8.3f}")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
