"""Models of theanets for sequences (batch, time, variables), and data for them."""

import collections

import numpy as np

from . import feedforward
from .util import random_state


def batches(arrays, steps=100, batch_size=64, rng=None):
    """Return a function that draws a batch of windows of `steps` from long arrays (time, ...)."""
    if batch_size < 2:
        raise AssertionError("batch_size must be at least 2!")
    if not isinstance(arrays, list | tuple):
        raise AssertionError("arrays must be a tuple or list!")
    rng = random_state(rng)

    def batch():
        starts = [rng.randint(len(arrays[0]) - steps) for _ in range(batch_size)]
        return [np.stack([array[start : start + steps] for start in starts]) for array in arrays]

    return batch


class Text:
    """A text as numbers of its characters; 0 stands for characters that are not in the alphabet.

    Parameters
    ----------
    text : str
    alpha : str or None
        The alphabet; None: the characters that occur at least `min_count` times, sorted.
    min_count : int
    unknown : str
        The character that replaces unknown ones.
    """

    def __init__(self, text, alpha=None, min_count=2, unknown="\0"):
        counts = collections.Counter(text)
        common = sorted(char for char, count in counts.items() if char != unknown and count >= min_count)
        self.alpha = "".join(common) if alpha is None else alpha
        if unknown in self.alpha:
            raise AssertionError(f"the alphabet must not contain the unknown character {unknown!r}")
        self.text = "".join(char if char in self.alpha else unknown for char in text)
        self._characters = unknown + self.alpha
        self._numbers = {char: number for number, char in enumerate(self._characters)}

    def encode(self, txt):
        """Return the numbers of the characters of a text."""
        return [self._numbers.get(char, 0) for char in txt]

    def decode(self, enc):
        """Return the text of numbers."""
        return "".join(self._characters[number] for number in enc)

    def classifier_batches(self, steps, batch_size, rng=None):
        """Return a function that draws windows as one-hot inputs, and the characters that follow as labels."""
        if batch_size < 2:
            raise AssertionError("batch_size must be at least 2!")
        rng = random_state(rng)
        codes, one_hot = np.array(self.encode(self.text)), np.eye(len(self._characters), dtype="f")

        def batch():
            starts = [rng.randint(len(self.text) - steps - 1) for _ in range(batch_size)]
            windows = np.stack([codes[start : start + steps + 1] for start in starts])
            return [one_hot[windows[:, :-1]], windows[:, 1:].astype("i")]

        return batch


class Autoencoder(feedforward.Autoencoder):
    """An autoencoder of sequences."""

    INPUT_NDIM = 3
    OUTPUT_NDIM = 3


class Regressor(feedforward.Regressor):
    """A regressor of sequences: a target for every step."""

    INPUT_NDIM = 3
    OUTPUT_NDIM = 3


class Classifier(feedforward.Classifier):
    """A classifier of sequences: a label for every step."""

    INPUT_NDIM = 3
    OUTPUT_NDIM = 2

    def predict_sequence(self, labels, steps, streams=1, rng=None):
        """Yield labels, each drawn from the prediction after all those before it; lists of them for several streams.

        As in theanets, each is drawn from the last step of the whole array, which is still 0.
        """
        rng = random_state(rng)
        rows, start = max(2, streams), len(labels)
        inputs = np.zeros((rows, start + steps, self.layers[0].output_size), "f")
        inputs[:, np.arange(start), labels] = 1
        for step in range(start, start + steps):
            drawn = [_draw(chances, rng) for chances in self.predict_proba(inputs)[:, -1]]
            inputs[np.arange(rows), step, drawn] = 1
            yield drawn[0] if streams == 1 else drawn


def _draw(chances, rng):
    try:
        return int(rng.multinomial(1, chances).argmax())
    except ValueError:  # rounding made their sum larger than 1
        return int(chances.argmax())
