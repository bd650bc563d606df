"""Choices that depend on the number of a draw alone, and that cover evenly what there is to choose."""

import zlib

import numpy as np


class Chance:
    """The choices of one draw.

    Parameters
    ----------
    seed : int
        Number of the draw, from 0.
    """

    def __init__(self, seed: int):
        self.seed = seed
        self.rng = np.random.default_rng(seed)

    def even(self, name: str, choices, every: int = 1):
        """Return one of the choices, such that as many draws in a row as there are choices take each of them once.

        Where one draw in `every` asks, so many times as many draws do.

        >>> sorted(Chance(seed).even("letter", "abc") for seed in range(3, 6))
        ['a', 'b', 'c']
        """
        choices = list(choices)
        turn, place = divmod(self.seed // every, len(choices))
        order = np.random.default_rng([zlib.crc32(name.encode()), turn]).permutation(len(choices))
        return choices[order[place]]

    def of(self, choices):
        """Return one of the choices."""
        choices = list(choices)
        return choices[self.rng.integers(len(choices))]

    def some(self, choices, most: int) -> list:
        """Return several different choices, at most so many."""
        choices = list(choices)
        count = min(int(self.rng.integers(most + 1)), len(choices))
        return [choices[i] for i in self.rng.permutation(len(choices))[:count]]

    def so(self, probability: float) -> bool:
        """Return whether something of this probability happens."""
        return bool(self.rng.uniform() < probability)

    def whole(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))
