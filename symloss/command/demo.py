"""The demonstration: a classifier of real handwritten digits, from the shipped data to a saved model."""

import pathlib
import time

import numpy as np
import pytensor
from rich.console import Console

from .. import __version__
from ..compiling import blas, resolve
from ..compiling.ccode import building
from ..data import mnist
from ..errors import DataError, SymlossError
from ..models.feedforward import Classifier
from ..models.saving import load
from .console import rows, say

TRAINING, BATCH = 8000, 256
WANTED = 0.93  # held-out accuracy


def run(console: Console, epochs: int = 20, output="symloss-demo", seed: int = 0, mode: str | None = None) -> int:
    """Train a model, show the progress on `console`, save the model, and return the exit code.

    Parameters
    ----------
    console : rich Console
    epochs : int
        Number of epochs, each a pass over the 8,000 training digits.
    output : path
        Folder for the model and the figure. It is created if it does not exist.
    seed : int
        Seed for parameter initialization and shuffling.
    mode : str or None
        The backend: 'C', 'NUMBA', 'JAX' or 'PYTHON'. None: C, if a compiler is installed.

    Returns
    -------
    int
        0, or 1 if the held-out accuracy is below 0.93, or 130 if the training was interrupted.
    """
    folder = _folder(output)
    with pytensor.config.change_flags(floatX="float32"):
        train, held_out = digits()
        net = Classifier([784, (84, "relu"), 10], seed=seed, mode=mode)
        _introduce(console, net, train, held_out)
        start = time.perf_counter()
        interrupted = _train(net, train, held_out, epochs, console)
        seconds = time.perf_counter() - start
        accuracy = net.score(*held_out)
        path = _save(net, folder, held_out[0])
    figure = _draw(net, folder)
    _conclude(console, net, seconds, accuracy, len(held_out[0]), path, figure)
    if interrupted:
        return 130
    if accuracy < WANTED:
        say(console, f"The accuracy is below the {WANTED} that this demonstration is to reach: train for more epochs, "
                     f"symloss demo --epochs {2 * max(epochs, 10)}")
        return 1
    return 0


def digits() -> tuple[tuple, tuple]:
    """Return ((images, labels), (images, labels)): 8,000 digits for training and 2,000 held out, scaled to 0..1."""
    images, labels = mnist.digits()
    images = images.astype("float32") / 255
    return (images[:TRAINING], labels[:TRAINING]), (images[TRAINING:], labels[TRAINING:])


def _folder(output) -> pathlib.Path:
    folder = pathlib.Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"demo: the folder {folder} cannot be made ({error.strerror}). Pass another --output") from None
    return folder


def _introduce(console, net, train, held_out):
    say(console, f"symloss {__version__}: handwritten digits (MNIST's test images, 28 x 28 pixels, scaled to 0..1)")
    say(console, f"{len(train[0]):,} to train on, {len(held_out[0]):,} held out; adam, batches of {BATCH}, "
                 f"{pytensor.config.floatX}")
    say(console, "")
    say(console, net.explain())
    say(console, "\n".join(_machine(net)))
    say(console, "")


def _machine(net) -> list[str]:
    """Return what is chosen for this machine: compiler, and threads for the largest product."""
    if resolve(net.mode).name != "C":
        return []
    lines = [f"compiler: {building.find().name}"]
    operations = max(w.get_value(borrow=True).size for w in net.graph.weights().values()) * BATCH
    if blas.user_set_threads():
        return [*lines, "threads: as the environment says"]
    if (used := blas.used(own=True)) is None or used.threads() is None:
        return [*lines, "threads: as the BLAS decides"]
    count = blas.threads(operations)
    lines.append(f"threads: {count} of {blas.cores()} for products of {operations / 1e6:.1f} million multiplications "
                 f"({'all cores were' if count > 1 else 'one core was'} measured to be faster)")
    return lines


def _train(net, train, held_out, epochs, console) -> bool:
    """Train, and return whether Ctrl-C ended it; then what was learned so far is kept."""
    try:
        net.train(train, held_out, algo="adam", batch_size=BATCH, epochs=epochs, patience=None, verbose=console)
    except KeyboardInterrupt:  # between two epochs, when the training itself does not listen
        if not net.history:
            raise
        return True
    return net.history[-1].get("stopped") == "interrupted"


def _save(net, folder, images) -> pathlib.Path:
    """Save the model, and make sure that the file gives it back."""
    path = folder / "model.safetensors"
    net.save(path)
    again = load(path)
    again.mode = net.mode
    if not np.array_equal(net.predict(images[:100]), again.predict(images[:100])):
        raise DataError(f"demo: the model in {path} predicts something other than the model that was saved")
    return path


def _draw(net, folder) -> str:
    path = folder / "history.png"
    try:
        net.history.plot(path)
    except SymlossError as error:
        return str(error)
    return str(path)


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def _conclude(console, net, seconds, accuracy, count, path, figure):
    history = net.history
    training = sum(record["seconds"] for record in history)
    best = next((r["epoch"] for r in reversed(history) if r.get("best")), len(history))
    figures = {
        "compiling": f"{max(seconds - training, 0):.1f} s (with validation)",
        "training": f"{training:.1f} s for {_epochs(len(history))}, {training / len(history):.2f} s each on average",
        "kept": f"epoch {best}, the lowest held-out loss",
        "model": f"{path} (loaded again: the same predictions)",
        "figure": figure,
        "accuracy": f"{accuracy:.4f} of {count:,} held-out digits ({WANTED} wanted)",
    }
    say(console, "")
    rows(console, figures)
