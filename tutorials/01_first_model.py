"""A first model: handwritten digits, from the images to a saved classifier.

Run it with ``python tutorials/01_first_model.py``. It takes about a minute, most of which is spent compiling.
"""

import importlib.util
import pathlib
import tempfile

import pytensor
import pytensor.tensor as pt

import symloss


# A loss is a function of the prediction and the target that returns one value per item. Once you register it under a
# name, you can use it like the losses that come with symloss, and you can save a model that uses it. This loss is the
# probability of an error: the probability that the model assigns to all classes except the correct one.
@symloss.loss("doubt", target="label", per="item", unit="a probability")
def doubt(prediction, target):
    """Probability that the prediction assigns to the wrong classes, per item."""
    classes = pt.arange(prediction.shape[-1], dtype=target.dtype)
    return 1 - pt.switch(pt.eq(target[:, None], classes), prediction, 0).sum(axis=-1)


def main(epochs: int = 10, folder=None) -> float:
    """Train for `epochs` epochs, save the model and a figure in `folder`, and return the held-out accuracy."""
    pytensor.config.floatX = "float32"  # half the memory of float64, and twice the speed

    # 1. The data: 10,000 images of 28 x 28 gray values from 0 to 255, each with a label from 0 to 9. Networks learn
    # best from inputs of about 1, so we divide by 255. The last 2,000 images are held out: the model never learns from
    # them.
    images, labels = symloss.data.mnist.digits()
    images = images / 255
    train, held_out = (images[:8000], labels[:8000]), (images[8000:], labels[8000:])

    # 2. The model: 784 inputs, a hidden layer of 84 units, and one output for each digit. A Classifier ends in a
    # softmax and minimizes the cross-entropy ('xe') by default.
    net = symloss.Classifier([784, (84, "relu"), 10])

    # 3. A second loss. Training minimizes the weighted sum of both losses.
    net.add_loss("doubt", weight=0.5)
    print(net.summary())
    print()
    print(net.explain())
    print()

    # 4. Training. Every epoch prints the total loss and the terms that add up to it. A star marks the best epoch so
    # far; its parameters are restored at the end. `weight_l2` penalizes large weights and adds one more term.
    net.train(train, held_out, algo="adam", batch_size=256, epochs=epochs, weight_l2=1e-5)

    # 5. You can change the weight of a loss at any time. Nothing is recompiled, and training continues from where it
    # stopped.
    net.losses[1].weight = 2
    net.train(train, held_out, algo="adam", batch_size=256, epochs=max(epochs // 2, 1), weight_l2=1e-5)

    # 6. The result: the accuracy on the held-out images, and the prediction for one of them.
    accuracy = net.score(*held_out)
    first = net.predict_proba(held_out[0][:1])[0]
    print()
    print(f"held-out accuracy: {accuracy:.4f}")
    print(f"the first held-out digit is a {held_out[1][0]}; the model says {first.argmax()}, p = {first.max():.3f}")

    # 7. Saving. One file holds the layers, the losses and the parameters. The loaded model makes the same predictions.
    folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
    net.save(folder / "digits.safetensors")
    again = symloss.load(folder / "digits.safetensors")
    assert (again.predict(held_out[0]) == net.predict(held_out[0])).all()
    print(f"model: {folder / 'digits.safetensors'}")

    # 8. A figure of the training history, if matplotlib is installed (pip install 'symloss[plot]').
    if importlib.util.find_spec("matplotlib"):
        net.history.plot(folder / "01_first_model.png")
        print(f"figure: {folder / '01_first_model.png'}")
    return accuracy


if __name__ == "__main__":
    main()
