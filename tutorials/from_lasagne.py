"""From Lasagne to symloss: three classifiers of digits, each trained twice from the same initial parameters.

The first half trains them as a Lasagne script does, with expressions, updates and its own training loop. Only the two
imports have changed. The second half trains them with the models of symloss, and its code is a quarter as long. Run it
with ``python tutorials/from_lasagne.py``. It takes a few minutes with the 10,000 digits that come with symloss.
"""

import importlib.util
import pathlib
import tempfile
import time

import numpy as np
import pytensor

import symloss
from symloss.compat import lasagne, theano

T = theano.tensor
SIZE = 128


def load():
    """Return (train, valid, test), each a pair (images, labels)."""
    images, labels = symloss.data.mnist.digits()
    images, labels = np.asarray(images / 255, "float32"), labels.astype("int32")
    return [(images[part], labels[part]) for part in (slice(0, 7000), slice(7000, 8000), slice(8000, None))]


# ------------------------------------------------------------------------------------------ 1. as a Lasagne script


def build_mlp(x):
    """Build a network with two hidden layers."""
    net = lasagne.layers.InputLayer((None, 784), input_var=x)
    net = lasagne.layers.DenseLayer(net, 256, nonlinearity=lasagne.nonlinearities.rectify)
    net = lasagne.layers.DenseLayer(net, 128, nonlinearity=lasagne.nonlinearities.rectify)
    return lasagne.layers.DenseLayer(net, 10, nonlinearity=lasagne.nonlinearities.softmax)


def build_dropout(x):
    """Build a network with two hidden layers, and dropout before each layer."""
    net = lasagne.layers.InputLayer((None, 784), input_var=x)
    net = lasagne.layers.DropoutLayer(net, p=0.1)
    net = lasagne.layers.DenseLayer(net, 256, nonlinearity=lasagne.nonlinearities.rectify)
    net = lasagne.layers.DropoutLayer(net, p=0.2)
    net = lasagne.layers.DenseLayer(net, 128, nonlinearity=lasagne.nonlinearities.rectify)
    net = lasagne.layers.DropoutLayer(net, p=0.2)
    return lasagne.layers.DenseLayer(net, 10, nonlinearity=lasagne.nonlinearities.softmax)


def build_cnn(x):
    """Build two convolutional layers, each followed by pooling, and a hidden layer."""
    net = lasagne.layers.InputLayer((None, 784), input_var=x)
    net = lasagne.layers.ReshapeLayer(net, ([0], 1, 28, 28))
    net = lasagne.layers.Conv2DLayer(net, 16, 5, nonlinearity=lasagne.nonlinearities.rectify)
    net = lasagne.layers.MaxPool2DLayer(net, 2)
    net = lasagne.layers.Conv2DLayer(net, 32, 5, nonlinearity=lasagne.nonlinearities.rectify)
    net = lasagne.layers.MaxPool2DLayer(net, 2)
    net = lasagne.layers.DenseLayer(net, 64, nonlinearity=lasagne.nonlinearities.rectify)
    return lasagne.layers.DenseLayer(net, 10, nonlinearity=lasagne.nonlinearities.softmax)


def minibatches(images, labels, rng):
    """Yield full mini-batches for one epoch, in a new order."""
    order = rng.permutation(len(images))
    for start in range(0, len(images) - SIZE + 1, SIZE):
        rows = order[start : start + SIZE]
        yield images[rows], labels[rows]


def with_lasagne(build, train, valid, test, epochs, seed):
    """Train as a Lasagne script does, and return the test accuracy and the initial parameters."""
    lasagne.random.set_rng(np.random.RandomState(seed))
    x, t = T.matrix("x"), T.ivector("t")
    network = build(x)
    start = lasagne.layers.get_all_param_values(network)

    prediction = lasagne.layers.get_output(network)
    loss = lasagne.objectives.categorical_crossentropy(prediction, t).mean()
    params = lasagne.layers.get_all_params(network, trainable=True)
    updates = lasagne.updates.nesterov_momentum(loss, params, learning_rate=0.03, momentum=0.9)

    test_prediction = lasagne.layers.get_output(network, deterministic=True)
    test_loss = lasagne.objectives.categorical_crossentropy(test_prediction, t).mean()
    accuracy = T.mean(T.eq(T.argmax(test_prediction, axis=1), t), dtype=theano.config.floatX)

    train_step = theano.function([x, t], loss, updates=updates)
    validate = theano.function([x, t], [test_loss, accuracy])

    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        losses = [float(train_step(*batch)) for batch in minibatches(*train, rng)]
        valid_loss, valid_accuracy = validate(*valid)
        print(f"  epoch {epoch + 1}: loss {np.mean(losses):.4f}, validation loss {float(valid_loss):.4f}, "
              f"accuracy {float(valid_accuracy):.4f}")
    return float(validate(*test)[1]), start


# ------------------------------------------------------------------------------------ 2. with symloss' own models

LAYERS = {
    "mlp": [784, 256, 128, 10],
    "dropout": [784, 256, 128, 10],
    "cnn": [784, {"form": "reshape", "shape": (28, 28, 1)}, {"form": "conv2", "size": 16, "filter_size": 5}, "pool2",
            {"form": "conv2", "size": 32, "filter_size": 5}, "pool2", "flatten", 64, 10],
}
NOISE = {"dropout": {"input_dropout": 0.1, "hidden_dropout": 0.2}}


def with_the_core(name, start, train, valid, test, epochs, seed):
    """Train a model of symloss from the same initial parameters, and return the test accuracy."""
    net = symloss.Classifier(LAYERS[name], seed=seed)
    for parameter, value in zip(net.params, start, strict=True):
        parameter.set_value(moved(value, parameter.get_value().shape))
    net.train(train, valid, algo="nag", learning_rate=0.03, momentum=0.9, batch_size=SIZE, epochs=epochs,
              patience=None, **NOISE.get(name, {}))
    return net.score(*test)


def moved(value, shape):
    """Return Lasagne's values in symloss' layout, in which filters and images have their channels last."""
    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0)
    if value.shape == (512, 64):  # of the layer behind the images, 32 channels of 4 x 4
        return value.reshape(32, 4, 4, 64).transpose(1, 2, 0, 3).reshape(shape)
    return value


# ------------------------------------------------------------------------------------------ side by side


def main(epochs: int = 5, batches=None, folder=None, seed: int = 0) -> float:
    """Train each model twice, print and draw accuracies and times, and return the worst accuracy.

    `batches` is the number of mini-batches per epoch, or None for all.
    """
    pytensor.config.floatX = "float32"
    train, valid, test = load()
    train = tuple(part[: None if batches is None else batches * SIZE] for part in train)
    found = {}
    for name, build in (("mlp", build_mlp), ("dropout", build_dropout), ("cnn", build_cnn)):
        begin = time.perf_counter()
        print(f"{name} with compat.lasagne")
        old, start = with_lasagne(build, train, valid, test, epochs, seed)
        between = time.perf_counter()
        print(f"{name} with symloss")
        new = with_the_core(name, start, train, valid, test, epochs, seed)
        found[name] = {"compat.lasagne": (old, between - begin), "symloss": (new, time.perf_counter() - between)}
    print("test accuracy, and seconds with compiling:")
    for name, both in found.items():
        print(f"  {name:8}" + "".join(f"  {way} {merit:.4f} in {seconds:5.1f} s"
                                      for way, (merit, seconds) in both.items()))
    draw(found, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return float(min(merit for both in found.values() for merit, _ in both.values()))


def draw(found, folder):
    """Draw the accuracies and times of both ways, side by side."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for which, (axes, label) in enumerate(zip(figure.subplots(1, 2), ("test accuracy", "seconds"), strict=True)):
        for place, way in enumerate(("compat.lasagne", "symloss")):
            values = [both[way][which] for both in found.values()]
            axes.bar(np.arange(len(found)) + 0.4 * place - 0.2, values, 0.4, label=way)
        axes.set_xticks(range(len(found)), list(found))
        axes.set_ylabel(label)
    axes.legend()
    figure.savefig(folder / "from_lasagne.png")
    print(f"figure: {folder / 'from_lasagne.png'}")


if __name__ == "__main__":
    main()
