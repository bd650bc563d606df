"""Initial values of parameters: functions of (shape, rng) that return a float64 array."""

import numpy as np

from ._registry import Registry
from .errors import SpecError

registry: Registry = Registry("initializer")


def initializer(*aliases: str):
    """Register an initializer under its own name and `aliases`."""

    def register(function):
        registry.add(function.__name__, function, aliases)
        return function

    return register


def fans(shape) -> tuple[int, int]:
    """Return how many inputs and outputs a weight of this shape connects: its last two axes times the others.

    >>> fans((784, 84))
    (784, 84)
    """
    field = int(np.prod(shape[:-2])) if len(shape) > 2 else 1
    return (field * shape[-2], field * shape[-1]) if len(shape) > 1 else (shape[0], shape[0])


@initializer("he_normal")
def he(shape, rng):
    """Normal with variance 2 / inputs, for units that cut off half of their input (He et al. 2015)."""
    return rng.normal(size=shape) * np.sqrt(2 / fans(shape)[0])


@initializer("glorot_uniform", "xavier")
def glorot(shape, rng):
    """Uniform with variance 2 / (inputs + outputs) (Glorot & Bengio 2010)."""
    limit = np.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-limit, limit, size=shape)


@initializer("lecun_normal")
def lecun(shape, rng):
    """Normal with variance 1 / inputs (LeCun et al. 1998)."""
    return rng.normal(size=shape) / np.sqrt(fans(shape)[0])


@initializer()
def orthogonal(shape, rng):
    """Orthogonal rows or columns of length 1 (Saxe et al. 2014)."""
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    tall = rng.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return (q if rows >= columns else q.T).reshape(shape)


@initializer()
def zeros(shape, rng):
    """All 0."""
    return np.zeros(shape)


@initializer()
def ones(shape, rng):
    """All 1."""
    return np.ones(shape)


def draw(shape, rng, default="glorot", init=None, mean=None, std=None, sparsity=0.0, diagonal=None):
    """Return initial values for one parameter.

    Parameters
    ----------
    shape : tuple of int
    rng : numpy Generator
    default : str
        Initializer to use if you do not choose one.
    init : str or callable or array or None
        Name of an initializer, a function of (shape, rng), or the values themselves.
    mean, std : float or None
        Draw from a normal distribution with these instead. If you pass only one, `mean` is 0 and `std` is
        1/sqrt(inputs).
    sparsity : float in [0, 1)
        Share of the values that are set to 0.
    diagonal : float or None
        Value of the diagonal. All other values are 0.

    >>> draw((2, 2), np.random.default_rng(0), diagonal=3).tolist()
    [[3.0, 0.0], [0.0, 3.0]]
    """
    shape = tuple(int(n) for n in shape)
    if diagonal is not None:
        if len(shape) != 2:
            raise SpecError(f"diagonal={diagonal!r}: it needs a parameter with 2 axes, but this one has shape {shape}")
        return np.eye(*shape) * diagonal
    if isinstance(init, np.ndarray | list | tuple):
        values = np.array(init, dtype=float)
        if values.shape != shape:
            raise SpecError(f"init: the array has shape {values.shape}, but the parameter has {shape}. Pass an array "
                            "of this shape")
    elif mean is not None or std is not None:
        deviation = 1 / np.sqrt(fans(shape)[0]) if std is None else std
        values = rng.normal(0 if mean is None else mean, deviation, size=shape)
    else:
        function = init if callable(init) else registry.get(init or default)
        values = np.asarray(function(shape, rng), dtype=float)
    if not 0 <= sparsity < 1:
        raise SpecError(f"sparsity={sparsity!r} is not valid; it must be at least 0 and less than 1")
    if sparsity:
        values = values * (rng.uniform(size=shape) >= sparsity)
    return values
