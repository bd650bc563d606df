"""A good classifier of digits: dropout, a learning rate schedule, and separate data for validation and for testing.

Run it with ``python tutorials/02_mnist_classifier.py``. It takes less than half a minute with the 10,000 digits that
come with symloss. If you have the four files of the full MNIST data set, pass their folder: ``python
tutorials/02_mnist_classifier.py folder/of/the/files``. The model then reaches a test accuracy of more than 0.98 in one
or two minutes.
"""

import importlib.util
import pathlib
import sys
import tempfile

import pytensor

import symloss


def load(data=None):
    """Return (train, valid, test), each a pair (images, labels), from the four MNIST files in `data` if it is given."""
    if data is None:
        images, labels = symloss.data.mnist.digits()
        images = images / 255
        parts = [slice(0, 7000), slice(7000, 8000), slice(8000, None)]
        return [(images[part], labels[part]) for part in parts]
    (images, labels), (test_images, test_labels) = symloss.data.mnist.load(data)
    images = images / 255
    return (images[:55000], labels[:55000]), (images[55000:], labels[55000:]), (test_images / 255, test_labels)


def main(epochs: int = 30, folder=None, data=None, seed: int = 0) -> float:
    """Train for `epochs` epochs, save a figure in `folder` and return the test accuracy.

    `data` is the folder with the four MNIST files. Without it, the digits that come with symloss are used.
    """
    pytensor.config.floatX = "float32"

    # 1. The data have three parts. The model learns from the first. The second part, the validation data, measures the
    # model after every epoch, and the best parameters are kept. The accuracy on the validation data is therefore too
    # optimistic, because these data took part in a choice. Only the third part, the test data, gives a fair result.
    train, valid, test = load(data)

    # 2. The model has two hidden layers. The more parameters a model has, the more it can memorize.
    net = symloss.Classifier([784, (256, "relu"), (64, "relu"), 10], seed=seed)

    # 3. Dropout prevents that. In every step, a tenth of the pixels and a fifth of the hidden units are set to 0, so no
    # unit can rely on another one. Validation and prediction run without dropout.
    #
    # 4. The learning rate rises during the first three tenths of the steps and then falls to almost 0. Large steps find
    # the right region, and small steps find the best place in it. The schedule counts steps, so it needs the number of
    # steps. Early stopping is off (`patience=None`), because an epoch in the middle of the schedule may well be worse
    # than the one before.
    batch_size = 128
    steps = epochs * -(-len(train[0]) // batch_size)
    rate = symloss.schedules.one_cycle(0.003, steps=steps)
    net.train(train, valid, algo="adam", learning_rate=rate, batch_size=batch_size, epochs=epochs, patience=None,
              input_dropout=0.1, hidden_dropout=0.2)

    # 5. The result: the test accuracy, and which digits the model confuses with each other.
    accuracy = net.score(*test)
    confusion = net.score(*test, metric="confusion_matrix")
    print(f"test accuracy: {accuracy:.4f}")
    draw(net, test, confusion, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return accuracy


def draw(net, test, confusion, folder):
    """Draw the confusion matrix and the wrong predictions of which the model was most certain."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    images, labels = test
    chances = net.predict_proba(images)
    found = chances.argmax(axis=1)
    wrong = sorted((found != labels).nonzero()[0], key=lambda i: -chances[i].max())[:15]

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2)
    axes = left.subplots()
    axes.imshow(confusion, cmap="Blues", vmax=20)
    for row in range(10):
        for column in range(10):
            color = "white" if confusion[row][column] > 10 else "black"
            axes.text(column, row, f"{confusion[row][column]:.0f}", ha="center", va="center", fontsize=7, color=color)
    axes.set(xlabel="predicted digit", ylabel="true digit", xticks=range(10), yticks=range(10))
    right.suptitle("most confident mistakes: true digit, predicted digit")
    for place, i in zip(right.subplots(3, 5).flat, wrong, strict=False):
        place.imshow(images[i].reshape(28, 28), cmap="gray_r")
        place.set_title(f"{labels[i]}, {found[i]}", fontsize=9)
    for place in right.axes:
        place.set_axis_off()
    figure.savefig(folder / "02_mnist_classifier.png", dpi=120)
    print(f"figure: {folder / '02_mnist_classifier.png'}")


if __name__ == "__main__":
    main(data=sys.argv[1] if len(sys.argv) > 1 else None)
