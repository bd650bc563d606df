"""Seeds: one stream for all that asks for none, which `set_random_seed` starts again."""

import numpy as np

from ...errors import SpecError

_stream = [np.random.default_rng()]


def set_random_seed(seed: int) -> None:
    """Start the stream of seeds again, so that what is drawn afterwards repeats: initial weights, shuffling, dropout.

    numpy's and Python's own global generators are not changed: seed them yourself if your script draws from them.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise SpecError(f"set_random_seed: seed={seed!r} is not valid; it must be an integer of at least 0")
    _stream[0] = np.random.default_rng(int(seed))


def next_seed() -> int:
    """Return the next seed of the stream."""
    return int(_stream[0].integers(2**31 - 1))


def generator(seed=None) -> np.random.Generator:
    """Return a generator for a seed: an integer, something with Keras' `seed` in it, or None for one of the stream."""
    seed = getattr(seed, "seed", seed)
    return np.random.default_rng(next_seed() if seed is None else int(seed))
