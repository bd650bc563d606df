"""Streams of random numbers with the arguments of Theano's, drawn by numpy's generators."""

import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt

from ...errors import SpecError


class _Streams:
    """Draws, each from a generator of its own that moves on at every call of a compiled function.

    Parameters
    ----------
    seed : int, or sequence of ints
        Two streams of one seed draw the same. The numbers are not Theano's.
    """

    def __init__(self, seed=None):
        self.seed(seed)
        self._state_updates = []

    def seed(self, seed=None):
        """Start anew: what is drawn from now on depends on `seed`, and so does what was made before."""
        numbers = np.atleast_1d(0 if seed is None else seed).astype("int64")
        if numbers.ndim != 1 or (numbers < 0).any():
            raise SpecError(f"random streams: seed={seed!r} is not valid; it must be an integer of at least 0, or "
                            f"several")
        self._seed, self._made = [int(n) for n in numbers], 0
        for index, (state, _) in enumerate(getattr(self, "_state_updates", ())):
            state.set_value(self._generator(index))
            self._made = index + 1

    def _generator(self, index):
        return np.random.default_rng([*self._seed, index])

    @property
    def state_updates(self):
        """The generators' new states, as pairs; functions take them by themselves."""
        return list(self._state_updates)

    def updates(self):
        """Return the generators' new states, as pairs."""
        return list(self._state_updates)

    def _draw(self, distribution, *parameters, size, dtype):
        state = pytensor.shared(self._generator(self._made), name=f"stream {self._made}", borrow=True)
        self._made += 1
        size = None if size is None else _lengths(size)
        moved, drawn = distribution(*parameters, size=size, rng=state, dtype=dtype, return_next_rng=True)
        return self._noted(state, moved, drawn)

    def _noted(self, state, moved, drawn):
        """Return what was drawn; every function that draws it will move its generator on."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # PyTensor 4 may want it as an update of each function
            state.default_update = moved
        self._state_updates.append((state, moved))
        drawn.update = (state, moved)  # where Theano had it
        return drawn

    def uniform(self, size=None, low=0.0, high=1.0, ndim=None, dtype=None):
        """Return numbers from `low` up to `high`."""
        return self._draw(pt.random.uniform, low, high, size=size, dtype=_float(dtype))

    def normal(self, size=None, avg=0.0, std=1.0, ndim=None, dtype=None):
        """Return normal numbers."""
        return self._draw(pt.random.normal, avg, std, size=size, dtype=_float(dtype))

    def binomial(self, size=None, n=1, p=0.5, ndim=None, dtype="int64", prob=None):
        """Return how many of `n` trials succeed, each with probability `p`."""
        p = p if prob is None else prob
        if isinstance(n, int) and n == 1:  # one comparison: many times faster than numpy's binomial
            draws = self._draw(pt.random.uniform, pt.zeros_like(p, dtype=pytensor.config.floatX), 1.0, size=size,
                               dtype=pytensor.config.floatX)
            found = pt.lt(draws, p).astype(dtype)
            found.update = draws.update
            return found
        return self._draw(pt.random.binomial, n, p, size=size, dtype="int64").astype(dtype)

    def multinomial(self, size=None, n=1, pvals=None, ndim=None, dtype="int64"):
        """Return how often each class comes up in `n` trials, for each row of `pvals`."""
        pvals = pt.as_tensor_variable(pvals)
        double = pvals.astype("float64")
        double = double / double.sum(axis=-1, keepdims=True)  # numpy refuses rows that add up to a little over 1
        return self._draw(pt.random.multinomial, n, double, size=size, dtype="int64").astype(dtype)

    def choice(self, size=1, a=2, replace=True, p=None, ndim=None, dtype="int64"):
        """Return numbers below `a`, or entries of the vector `a`, with probabilities `p`."""
        a = pt.arange(a) if isinstance(a, int) or getattr(a, "ndim", 1) == 0 else pt.as_tensor_variable(a)
        state = pytensor.shared(self._generator(self._made), name=f"stream {self._made}", borrow=True)
        self._made += 1
        moved, drawn = pt.random.choice(a, size=_lengths(size), replace=replace, p=p, rng=state, return_next_rng=True)
        return self._noted(state, moved, drawn).astype(dtype)

    def __getstate__(self):
        return {"_seed": self._seed, "_made": 0, "_state_updates": []}


class MRG_RandomStreams(_Streams):  # noqa: N801 (Theano's name)
    """theano.sandbox.rng_mrg.MRG_RandomStreams; `nstreams` has no effect, because one generator fills an array."""

    def __init__(self, seed=12345):
        super().__init__(seed)

    def uniform(self, size, low=0.0, high=1.0, ndim=None, dtype=None, nstreams=None):
        """Return numbers from `low` up to `high`."""
        return super().uniform(size, low, high, ndim, dtype)

    def normal(self, size, avg=0.0, std=1.0, ndim=None, dtype=None, nstreams=None):
        """Return normal numbers."""
        return super().normal(size, avg, std, ndim, dtype)

    def binomial(self, size=None, n=1, p=0.5, ndim=None, dtype="int64", nstreams=None, prob=None):
        """Return how many of `n` trials succeed, each with probability `p`."""
        return super().binomial(size, n, p, ndim, dtype, prob)

    def multinomial(self, size=None, n=1, pvals=None, ndim=None, dtype="int64", nstreams=None):
        """Return how often each class comes up in `n` trials, for each row of `pvals`."""
        return super().multinomial(size, n, pvals, ndim, dtype)


class RandomStreams(_Streams):
    """theano.tensor.shared_randomstreams.RandomStreams."""

    def random_integers(self, size=None, low=0, high=1, ndim=None, dtype="int64"):
        """Return integers from `low` to `high`, both included."""
        return self._draw(pt.random.integers, low, high + 1, size=size, dtype="int64").astype(dtype)

    def poisson(self, size=None, lam=None, ndim=None, dtype="int64"):
        """Return Poisson numbers with mean `lam`."""
        return self._draw(pt.random.poisson, 1.0 if lam is None else lam, size=size, dtype="int64").astype(dtype)

    def permutation(self, size=None, n=1, ndim=None, dtype="int64"):
        """Return permutations of the numbers below `n`."""
        shape = () if size is None else _lengths(size)
        keys = self.uniform((*shape, n), dtype="float64")
        return pt.argsort(keys, axis=-1).astype(dtype)

    def shuffle_row_elements(self, input):
        """Return a matrix whose rows are each in an order of their own."""
        keys = self.uniform(input.shape, dtype="float64")
        return pt.take_along_axis(input, pt.argsort(keys, axis=-1), axis=-1)


def _lengths(size):
    return (size,) if isinstance(size, int | np.integer) else size if hasattr(size, "owner") else tuple(size)


def _float(dtype):
    return pytensor.config.floatX if dtype in (None, "floatX") else dtype
