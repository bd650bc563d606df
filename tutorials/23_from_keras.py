"""Does your Keras script run here?

The first half of this tutorial is a script for Keras in which only the imports have changed. The second half is the
same model in symloss' own API, with two features that Keras does not have. Run it with ``python
tutorials/23_from_keras.py``. It takes about ten seconds.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np

import symloss
import symloss.compat.keras as keras
from symloss.compat.keras.layers import Dense, Flatten, Input


def main(epochs: int = 10, folder=None, count: int | None = None) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the validation accuracy."""
    images, labels = symloss.data.mnist.digits()
    images, labels = images.reshape(-1, 28, 28)[:count], labels[:count]
    split = len(images) * 4 // 5
    (x_train, y_train), (x_test, y_test) = (images[:split], labels[:split]), (images[split:], labels[split:])

    # 1. A script for Keras.
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        Input(shape=(28, 28)),
        Flatten(),
        Dense(84, activation="relu"),
        Dense(10, activation="softmax"),
    ])
    model.summary()
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(), metrics=["acc"])
    history = model.fit(x_train / 255, y_train, batch_size=256, epochs=epochs, validation_data=(x_test / 255, y_test),
                        verbose=2)

    # 2. The same model in symloss' own API. `train` takes inputs and labels as one list, and the validation data as a
    # second list.
    net = symloss.Classifier([784, (84, "relu"), 10], seed=1)
    train, valid = [x_train.reshape(-1, 784) / 255, y_train], [x_test.reshape(-1, 784) / 255, y_test]
    net.train(train, valid, algo="adam", learning_rate=0.001, batch_size=256, epochs=epochs, patience=None, verbose=0)
    print(f"Keras' names: {history.history['val_acc'][-1]:.3f}, symloss' own: {net.score(*valid):.3f}")

    # 3. Two more features: several losses on one output, and the C file of the training step that you have just used.
    net.add_loss("brier", weight=0.5)
    net.train(train, valid, algo="adam", learning_rate=0.001, batch_size=256, epochs=epochs, patience=None, verbose=0)
    print(f"with a second loss: {net.score(*valid):.3f}")
    print(f"its training step is {len(net.c_source('adam').splitlines())} lines of C")

    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(history.history, folder / "23_from_keras.png")
    return float(history.history["val_acc"][-1])


def draw(history, path):
    """Draw the training history, as you would with Keras."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "acc"), strict=True):
        epochs = np.arange(1, len(history[name]) + 1)
        axes.plot(epochs, history[name], "o-", markersize=3, label="training")
        axes.plot(epochs, history[f"val_{name}"], "o-", markersize=3, label="validation")
        axes.set(title={"acc": "accuracy"}.get(name, name), xlabel="epoch")
        axes.legend()
    figure.savefig(path, dpi=110)
    print(f"figure: {path}")


if __name__ == "__main__":
    main()
