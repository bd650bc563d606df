"""numpy_ml.utils.data_structures: the sampler of the noise of NCELoss."""

import numpy as np

from ..compiled import floats
from ..errors import BadArrayError, BadShapeError
from ..random import get_rng

__all__ = ["DiscreteSampler"]


class DiscreteSampler:
    """Draws integers from 0 to N - 1 with given probabilities, in constant time (Vose's alias method).

    Parameters
    ----------
    probs : array (N,)
        Probability of each integer, or its logarithm.
    log : bool
        Whether `probs` are logarithms, in nats.
    with_replacement : bool
        Whether one call may return an integer several times. The estimator behind NCE wants independent draws, with
        replacement; with distinct draws, it is only an approximation.

    Notes
    -----
    The numbers come from `symloss.compat.numpy_ml.random`; after ``np.random.seed(0)`` they are numpy_ml's (without
    replacement: the same ones in another order).

    References
    ----------
    Vose (1991), "A linear algorithm for generating random numbers with a given distribution", IEEE Transactions on
    Software Engineering 17(9).

    >>> np.random.seed(0)
    >>> DiscreteSampler([0.5, 0.0, 0.5])(4).tolist()
    [0, 2, 0, 2]
    """

    def __init__(self, probs, log=False, with_replacement=True):
        self.log, self.with_replacement = log, with_replacement
        self.probs = _checked(probs, log)
        self.N = len(self.probs)
        self._numbers = np.exp(self.probs) if log else self.probs
        kept, self.alias_table = _tables(self._numbers)
        with np.errstate(divide="ignore"):
            self.prob_table = np.log(kept) if log else kept
        self._kept = kept

    def __call__(self, n_samples=1):
        return self.sample(n_samples)

    def __str__(self):
        return f"DiscreteSampler(N={self.N}, log={self.log}, with_replacement={self.with_replacement})"

    def sample(self, n_samples=1):
        """Return `n_samples` draws, an integer array (n_samples,).

        Raises
        ------
        BadShapeError
            If there are fewer integers with a probability above 0 than distinct draws.
        """
        if isinstance(n_samples, bool) or not isinstance(n_samples, int | np.integer) or n_samples < 0:
            raise BadShapeError(f"DiscreteSampler: n_samples={n_samples!r} is not valid; it must be a whole number of "
                                f"at least 0")
        possible = int(np.count_nonzero(self._numbers))
        if not self.with_replacement and n_samples > possible:
            raise BadShapeError(f"DiscreteSampler: cannot draw {n_samples} distinct integers, since only {possible} "
                                f"have a probability above 0. Draw fewer, or pass with_replacement=True")
        return self._draw(n_samples)

    def _draw(self, count):
        slots = get_rng().randint(0, self.N, count)
        stays = get_rng().binomial(1, self._kept[slots])
        drawn = np.where(stays, slots, self.alias_table[slots])
        if self.with_replacement:
            return drawn
        distinct = set(drawn.tolist())
        while len(distinct) < count:
            distinct |= set(self._draw(count - len(distinct)).tolist())
        return np.array(list(distinct), dtype=int)


def _checked(probs, log):
    """Return probabilities, or their logarithms, as an array of numbers that sum to 1."""
    given = np.asarray(probs, dtype=float)
    finite = np.where(np.isneginf(given), 0, given) if log else given  # the logarithm of 0 is one
    floats("DiscreteSampler", probs=finite)
    if given.ndim != 1 or not len(given):
        raise BadShapeError(f"DiscreteSampler: probs has shape {given.shape}, but it must be a vector with one "
                            f"probability for each integer")
    numbers = np.exp(given) if log else given
    if numbers.min() < 0 or not np.isclose(numbers.sum(), 1):
        raise BadArrayError(f"DiscreteSampler: probs sum to {numbers.sum():.6g} and the smallest is "
                            f"{numbers.min():.6g}, but they must be at least 0 and sum to 1. Divide them by their sum"
                            + ("" if log or numbers.max() > 0 else ", or pass log=True for logarithms"))
    return given


def _tables(probs):
    """Return, for each slot, the probability of the slot itself and the alternative that is drawn otherwise."""
    kept, alias = np.zeros(len(probs)), np.zeros(len(probs), dtype=int)
    heights = probs * len(probs)
    small = np.flatnonzero(heights < 1).tolist()
    large = np.flatnonzero(heights >= 1).tolist()
    while small and large:
        low, high = small.pop(), large.pop()
        alias[low], kept[low] = high, heights[low]
        heights[high] = heights[high] + heights[low] - 1
        (small if heights[high] < 1 else large).append(high)
    kept[small + large] = 1  # what is left is 1 up to rounding
    never = [slot for slot in small if probs[slot] == 0]  # sums a little below 1 leave some of these
    kept[never], alias[never] = 0, np.argmax(probs)
    return kept, alias
