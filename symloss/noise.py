"""Noise that is put on tensors in training: pure functions of (tensor, strength, generator)."""

import pytensor.tensor as pt


def gaussian(x, std, rng):
    """Return x plus normal noise with standard deviation `std` (in x's unit), and the generator's next state."""
    next_rng, draw = pt.random.normal(0.0, 1.0, size=x.shape, rng=rng, dtype=x.dtype, return_next_rng=True)
    return x + std * draw, next_rng


def dropout(x, probability, rng):
    """Return x with each element 0 with `probability`, the rest scaled to keep the mean; and the next generator."""
    next_rng, draw = pt.random.uniform(0.0, 1.0, size=x.shape, rng=rng, dtype=x.dtype, return_next_rng=True)
    return pt.switch(pt.ge(draw, probability), x / (1 - probability), 0), next_rng
