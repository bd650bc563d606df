"""lasagne.init: initial values of parameters, drawn from `lasagne.random`."""

import numpy as np

from .random import get_rng
from .utils import floatX

__all__ = ["Constant", "Glorot", "GlorotNormal", "GlorotUniform", "He", "HeNormal", "HeUniform", "Initializer",
           "Normal", "Orthogonal", "Sparse", "Uniform"]


class Initializer:
    """Base class of initializers, which return an array in floatX for a shape. A subclass defines `sample`."""

    def __call__(self, shape):
        return self.sample(shape)

    def sample(self, shape):
        """Return an array of this `shape` (a tuple of int)."""
        raise NotImplementedError(f"{type(self).__name__}: the method sample is missing; write sample(self, shape), "
                                  f"which returns an array")


class Normal(Initializer):
    """Normal values.

    Parameters
    ----------
    std, mean : float
        Standard deviation and mean.
    """

    def __init__(self, std=0.01, mean=0.0):
        self.std, self.mean = std, mean

    def sample(self, shape):
        return floatX(get_rng().normal(self.mean, self.std, size=shape))


class Uniform(Initializer):
    """Uniform values.

    Parameters
    ----------
    range : float or pair
        A number means from ``-range`` to ``range``; a pair means from the first to the second number.
    std : float or None
        If given, the limits are ``mean - sqrt(3) std`` and ``mean + sqrt(3) std``, and `range` is ignored.
    mean : float
        See `std`.
    """

    def __init__(self, range=0.01, std=None, mean=0.0):
        if std is not None:
            low, high = mean - np.sqrt(3) * std, mean + np.sqrt(3) * std
        else:
            low, high = range if np.ndim(range) else (-range, range)
        self.range = (low, high)

    def sample(self, shape):
        return floatX(get_rng().uniform(low=self.range[0], high=self.range[1], size=shape))


def _gain(gain):
    return np.sqrt(2) if isinstance(gain, str) and gain == "relu" else gain


def _refuse_vector(shape, least=2):
    if len(shape) < least:
        raise RuntimeError(f"This initializer only works with shapes of length >= {least}, but got {tuple(shape)}. Use "
                           f"Constant, Normal or Uniform")


def _refuse_other_than_four(shape):
    if len(shape) != 4:
        raise RuntimeError(f"If c01b is True, only shapes of length 4 are accepted, but got {tuple(shape)}")


class Glorot(Initializer):
    r"""Values with the variance of Glorot & Bengio (2010).

    .. math:: \sigma = g \sqrt{2 / ((n_1 + n_2) r)}

    n_1 and n_2 are the first two lengths of the shape, r is the product of the others.

    Parameters
    ----------
    initializer : class
        Class that is called with ``std=sigma``: `Normal`, `Uniform`, or your own.
    gain : float or 'relu'
        The factor g; 'relu' means sqrt(2).
    c01b : bool
        Whether shapes have the order (channels, rows, columns, filters).

    Raises
    ------
    RuntimeError
        If the shape has only one axis.
    """

    def __init__(self, initializer, gain=1.0, c01b=False):
        self.initializer, self.gain, self.c01b = initializer, _gain(gain), c01b

    def sample(self, shape):
        if self.c01b:
            _refuse_other_than_four(shape)
            joined, field = (shape[0], shape[3]), shape[1] * shape[2]
        else:
            _refuse_vector(shape)
            joined, field = shape[:2], np.prod(shape[2:])
        std = self.gain * np.sqrt(2.0 / (sum(joined) * field))
        return self.initializer(std=std).sample(shape)


class GlorotNormal(Glorot):
    """`Glorot` with normal values."""

    def __init__(self, gain=1.0, c01b=False):
        super().__init__(Normal, gain, c01b)


class GlorotUniform(Glorot):
    """`Glorot` with uniform values: the default of most layers' weights."""

    def __init__(self, gain=1.0, c01b=False):
        super().__init__(Uniform, gain, c01b)


class He(Initializer):
    r"""Values with the variance of He et al. (2015).

    .. math:: \sigma = g \sqrt{1 / n}

    n is the number of inputs of a unit: the first length of a matrix, the product of all but the first of the others.

    Parameters
    ----------
    initializer, gain, c01b
        As in `Glorot`. For rectifiers, the paper uses ``gain='relu'``.

    Raises
    ------
    RuntimeError
        If the shape has only one axis.
    """

    def __init__(self, initializer, gain=1.0, c01b=False):
        self.initializer, self.gain, self.c01b = initializer, _gain(gain), c01b

    def sample(self, shape):
        if self.c01b:
            _refuse_other_than_four(shape)
            inputs = np.prod(shape[:3])
        else:
            _refuse_vector(shape)
            inputs = shape[0] if len(shape) == 2 else np.prod(shape[1:])
        return self.initializer(std=self.gain * np.sqrt(1.0 / inputs)).sample(shape)


class HeNormal(He):
    """`He` with normal values."""

    def __init__(self, gain=1.0, c01b=False):
        super().__init__(Normal, gain, c01b)


class HeUniform(He):
    """`He` with uniform values."""

    def __init__(self, gain=1.0, c01b=False):
        super().__init__(Uniform, gain, c01b)


class Constant(Initializer):
    """One value everywhere.

    Parameters
    ----------
    val : float
    """

    def __init__(self, val=0.0):
        self.val = val

    def sample(self, shape):
        return floatX(np.ones(shape) * self.val)


class Sparse(Initializer):
    """A sparse matrix with a few normal values in each column.

    Parameters
    ----------
    sparsity : float
        Share of nonzero values in each column.
    std : float
        Standard deviation of the nonzero values.

    Raises
    ------
    RuntimeError
        If the shape is not that of a matrix.
    """

    def __init__(self, sparsity=0.1, std=0.01):
        self.sparsity, self.std = sparsity, std

    def sample(self, shape):
        if len(shape) != 2:
            raise RuntimeError(f"sparse initializer only works with shapes of length 2, but got {tuple(shape)}")
        weights, (inputs, outputs) = floatX(np.zeros(shape)), shape
        count = int(self.sparsity * inputs)
        for column in range(outputs):
            rows = np.arange(inputs)
            get_rng().shuffle(rows)
            weights[rows[:count], column] = get_rng().normal(0.0, self.std, size=count)
        return weights


class Orthogonal(Initializer):
    """An orthogonal matrix (Saxe et al. 2014), times `gain`; all axes except the first are joined.

    Parameters
    ----------
    gain : float or 'relu'
        Factor of the matrix; 'relu' means sqrt(2).

    Raises
    ------
    RuntimeError
        If the shape has only one axis.
    """

    def __init__(self, gain=1.0):
        self.gain = _gain(gain)

    def sample(self, shape):
        _refuse_vector(shape)
        flat = (shape[0], int(np.prod(shape[1:])))
        left, _, right = np.linalg.svd(get_rng().normal(0.0, 1.0, flat), full_matrices=False)
        basis = left if left.shape == flat else right
        return floatX(self.gain * basis.reshape(shape))
