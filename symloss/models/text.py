"""Batches of short windows from long sequences, and text as sequences of characters."""

import collections

import numpy as np

from ..errors import DataError, SpecError


def batches(arrays, steps: int = 100, batch_size: int = 64, rng=0):
    """Return a function that draws a batch of windows from long sequences. Pass it to `train` as data.

    Parameters
    ----------
    arrays : array or list of arrays (time, ...)
        The input, and the target and weights if there are any. All have the same length.
    steps : int
        Length of a window, in steps. All positions where it fits are equally likely.
    batch_size : int
        Number of windows in a batch.
    rng : numpy Generator or int
        Generator of random numbers, or its seed.

    Returns
    -------
    callable
        A function without arguments. It returns a list with one array (batch_size, steps, ...) for each of `arrays`.

    Raises
    ------
    DataError
        If the arrays differ in length, or are shorter than a window.

    >>> x, y = batches([np.arange(10.0)[:, None], np.arange(10)], steps=4, batch_size=2)()
    >>> x.shape, y.shape, bool((x[..., 0] == y).all())
    ((2, 4, 1), (2, 4), True)
    """
    arrays = [np.asarray(a) for a in (arrays if isinstance(arrays, list | tuple) else [arrays])]
    _check_count("steps", steps)
    _check_count("batch_size", batch_size)
    found = sorted({len(a) for a in arrays})
    if len(found) != 1:
        raise DataError(f"batches: the arrays have different numbers of steps, {', '.join(map(str, found))}. Pass "
                        "arrays of equal length")
    if found[0] < steps:
        raise DataError(f"batches: got steps={steps}, but the arrays have only {found[0]}. Use fewer steps, or longer "
                        "arrays")
    rng = np.random.default_rng(rng)

    def batch():
        rows = rng.integers(found[0] - steps + 1, size=batch_size)[:, None] + np.arange(steps)
        return [a[rows] for a in arrays]

    return batch


def _check_count(name, value):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise SpecError(f"batches: {name}={value!r} is not valid; it must be an integer of at least 1")


class Text:
    r"""Text as a sequence of classes: one for each character of an alphabet, and class 0 for all other characters.

    Parameters
    ----------
    text : str
    alpha : str or None
        The alphabet. None: all characters that occur at least `min_count` times, ordered by their codes.
    min_count : int
    unknown : str
        A character that stands for all characters outside the alphabet. It must not be part of the alphabet.

    Attributes
    ----------
    text : str
        The text, with `unknown` in place of characters outside the alphabet.
    alpha : str
    size : int
        Number of classes: the length of the alphabet plus one.

    >>> text = Text("hello, hello", min_count=3, unknown="_")
    >>> text.alpha, text.text, text.encode("all"), text.decode([1, 0])
    ('l', '__ll_____ll_', [0, 1, 1], 'l_')
    """

    def __init__(self, text: str, alpha: str | None = None, min_count: int = 2, unknown: str = "\0"):
        if len(unknown) != 1:
            raise SpecError(f"Text: unknown={unknown!r} is not valid; it must be one character")
        if alpha is None:
            counts = collections.Counter(text)
            alpha = "".join(sorted(c for c, n in counts.items() if c != unknown and n >= min_count))
        if unknown in alpha:
            raise SpecError(f"Text: unknown={unknown!r} is in the alphabet. Choose a character that is not")
        if len(set(alpha)) < len(alpha):
            raise SpecError(f"Text: alpha={alpha!r} contains a character twice. Remove one of them")
        self.alpha = alpha
        self._characters = unknown + alpha
        self._index = {c: i for i, c in enumerate(self._characters)}
        self.text = "".join(c if c in self._index else unknown for c in text)

    @property
    def size(self) -> int:
        """Number of classes."""
        return len(self._characters)

    def encode(self, text: str) -> list[int]:
        """Return the class of every character."""
        return [self._index.get(c, 0) for c in text]

    def decode(self, classes) -> str:
        """Return the characters of `classes`."""
        return "".join(self._characters[c] for c in classes)

    def classifier_batches(self, steps: int, batch_size: int, rng=0):
        """Return a function that draws batches for predicting the next character.

        Parameters
        ----------
        steps, batch_size, rng
            As in `batches`.

        Returns
        -------
        callable
            A function without arguments. It returns one-hot inputs (batch_size, steps, size) and labels (batch_size,
            steps).
        """
        codes = np.array(self.encode(self.text), dtype="int32")
        if len(codes) < steps + 1:
            raise DataError(f"classifier_batches: got steps={steps}, but the text has only {len(codes)} characters. "
                            "Use fewer steps")
        windows = batches([codes[:-1], codes[1:]], steps, batch_size, rng)
        table = np.eye(self.size, dtype="float32")

        def batch():
            now, after = windows()
            return [table[now], after]

        return batch
