"""Initializers: objects that make the initial values of parameters, ``initializer(shape, dtype=None)``.

One with a seed makes the same numbers at every call; without a seed it draws one from the stream of `set_random_seed`.
The distributions are Keras', the random numbers are numpy's.
"""

import inspect
import math

import numpy as np
from scipy import signal, stats

from ...errors import ShapeError, SpecError
from .backend import standardize_dtype
from .errors import Configured, no_such
from .seeds import generator, next_seed
from .serialization import as_config, from_config
from .tensors import Tensor, as_tensor

TRUNCATED = 0.8796256610342398  # standard deviation of a normal distribution that is cut off at two of its own
MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal", "normal")


class Initializer(Configured):
    """Base class: a subclass overrides ``__call__(self, shape, dtype=None)`` and `get_config`."""

    def __call__(self, shape, dtype=None) -> Tensor:
        raise SpecError(f"{type(self).__name__}: the method __call__(self, shape, dtype=None) is missing; write one "
                        f"that returns an array")

    def clone(self):
        """Return an equal initializer; one without a seed draws its own."""
        return type(self).from_config(self.get_config())


class Constant(Initializer):
    """One number everywhere, or an array that is repeated to the shape."""

    def __init__(self, value=0.0):
        self.value = value

    def __call__(self, shape, dtype=None) -> Tensor:
        return as_tensor(np.broadcast_to(np.asarray(as_tensor(self.value)), tuple(shape)), standardize_dtype(dtype))

    def get_config(self) -> dict:
        return {"value": self.value.tolist() if isinstance(self.value, np.ndarray) else self.value}


class Zeros(Initializer):
    """Zeros."""

    def __call__(self, shape, dtype=None) -> Tensor:
        return as_tensor(np.zeros(tuple(shape)), standardize_dtype(dtype))


class Ones(Initializer):
    """Ones."""

    def __call__(self, shape, dtype=None) -> Tensor:
        return as_tensor(np.ones(tuple(shape)), standardize_dtype(dtype))


class Identity(Initializer):
    """An identity matrix times `gain`."""

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None) -> Tensor:
        if len(shape) != 2:
            raise ShapeError(f"Identity: shape {tuple(shape)} is not that of a matrix; it must have two axes")
        return as_tensor(self.gain * np.eye(*shape), standardize_dtype(dtype))

    def get_config(self) -> dict:
        return {"gain": self.gain}


class STFT(Initializer):
    """Windowed waves: the kernel (frame_length, 1, frequencies) of a short-time Fourier transform.

    Parameters
    ----------
    side : 'real' or 'imag'
        Cosines or sines.
    window : str, array or None
        Name of a window of scipy, or the window itself.
    scaling : 'density', 'spectrum' or None
        Whether the window is divided by the root of its sum of squares, or by its sum.
    periodic : bool
        Whether the window is that of a spectrum, or a symmetric one.
    """

    def __init__(self, side="real", window="hann", scaling="density", periodic=False):
        checked = ("side", side, ("real", "imag")), ("scaling", scaling, ("density", "spectrum", None))
        for name, value, known in checked:
            if value not in known:
                raise no_such(f"{name} of STFT:", value, [str(one) for one in known])
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape, dtype=None) -> Tensor:
        length, _, frequencies = shape
        waves = -2 * np.pi * np.arange(length)[:, None, None] * np.arange(frequencies) / (2 * (frequencies - 1))
        kernel = np.cos(waves) if self.side == "real" else np.sin(waves)
        if self.window is not None:
            named = isinstance(self.window, str)
            window = signal.get_window(self.window, length, self.periodic) if named else np.asarray(self.window)
            if window.shape != (length,):
                raise ShapeError(f"STFT: the window has shape {window.shape}, but it must have {length} numbers")
            size = {"density": np.sqrt(np.square(window).sum()), "spectrum": np.abs(window).sum(), None: 1.0}
            kernel = kernel * window[:, None, None] / size[self.scaling]
        return as_tensor(kernel, standardize_dtype(dtype))

    def get_config(self) -> dict:
        return {"side": self.side, "window": self.window, "scaling": self.scaling, "periodic": self.periodic}


class RandomInitializer(Initializer):
    """Shared code of random initializers: a seed."""

    def __init__(self, seed=None):
        if not isinstance(seed, int | np.integer | None) and not hasattr(seed, "seed"):
            raise SpecError(f"{type(self).__name__}: seed={seed!r} is not valid; it must be an integer or None")
        self._given = seed
        self.seed = next_seed() if seed is None else seed

    def get_config(self) -> dict:
        return {"seed": self._given}

    def _rng(self) -> np.random.Generator:
        return generator(self.seed)


class RandomNormal(RandomInitializer):
    """A normal distribution."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape, dtype=None) -> Tensor:
        return as_tensor(self._rng().normal(self.mean, self.stddev, tuple(shape)), standardize_dtype(dtype))

    def get_config(self) -> dict:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """A normal distribution, truncated at two standard deviations from its mean."""

    def __call__(self, shape, dtype=None) -> Tensor:
        drawn = truncated(self._rng(), tuple(shape)) * self.stddev + self.mean
        return as_tensor(drawn, standardize_dtype(dtype))


class RandomUniform(RandomInitializer):
    """A uniform distribution from `minval` to `maxval`."""

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape, dtype=None) -> Tensor:
        return as_tensor(self._rng().uniform(self.minval, self.maxval, tuple(shape)), standardize_dtype(dtype))

    def get_config(self) -> dict:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


def truncated(rng, shape) -> np.ndarray:
    """Return numbers of a standard normal distribution that is cut off at -2 and 2."""
    return stats.norm.ppf(rng.uniform(*stats.norm.cdf([-2, 2]), shape))


def fans(shape, input_axes=None, output_axes=None) -> tuple[int, int]:
    """Return (fan in, fan out): the number of inputs of one output of a layer, and of outputs of one input.

    >>> fans((3, 3, 8, 16))
    (72, 144)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    places = math.prod(shape[:-2])
    return shape[-2] * places, shape[-1] * places


class VarianceScaling(RandomInitializer):
    """A distribution of variance scale / n, where n is a layer's fan in, fan out, or the mean of both."""

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None, input_axes=None,
                 output_axes=None):
        if not scale > 0:
            raise SpecError(f"VarianceScaling: Argument `scale` must be positive float. Received: scale={scale!r}")
        if mode not in MODES:
            raise no_such("mode of VarianceScaling (Invalid `mode` argument:)", mode, MODES)
        if str(distribution).lower() not in DISTRIBUTIONS:
            raise no_such("distribution of VarianceScaling (Invalid `distribution` argument:)", distribution,
                          DISTRIBUTIONS)
        self.scale, self.mode, self.distribution = scale, mode, distribution.lower()
        self.distribution = "truncated_normal" if self.distribution == "normal" else self.distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape, dtype=None) -> Tensor:
        shape = tuple(shape)
        ways = fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": ways[0], "fan_out": ways[1], "fan_avg": sum(ways) / 2}[self.mode]
        deviation, rng = math.sqrt(self.scale / max(1.0, n)), self._rng()
        if self.distribution == "uniform":
            limit = math.sqrt(3) * deviation
            drawn = rng.uniform(-limit, limit, shape)
        elif self.distribution == "truncated_normal":
            drawn = truncated(rng, shape) * (deviation / TRUNCATED)
        else:
            drawn = rng.normal(0, deviation, shape)
        return as_tensor(drawn, standardize_dtype(dtype))

    def get_config(self) -> dict:
        axes = {"input_axes": self.input_axes, "output_axes": self.output_axes}
        if type(self) is not VarianceScaling:
            return {**super().get_config(), **axes}
        own = {"scale": self.scale, "mode": self.mode, "distribution": self.distribution}
        return {**super().get_config(), **own, **axes}


def _scaled(name: str, author: str, scale: float, mode: str, distribution: str):
    def __init__(self, seed=None, input_axes=None, output_axes=None):  # noqa: N807 - what Python calls it
        VarianceScaling.__init__(self, scale, mode, distribution, seed, input_axes, output_axes)

    text = f"{author}'s: `VarianceScaling` with scale={scale}, mode={mode!r}, distribution={distribution!r}."
    return type(name, (VarianceScaling,), {"__init__": __init__, "__doc__": text, "__module__": __name__})


GlorotUniform = _scaled("GlorotUniform", "Glorot & Bengio (2010)", 1.0, "fan_avg", "uniform")
GlorotNormal = _scaled("GlorotNormal", "Glorot & Bengio (2010)", 1.0, "fan_avg", "truncated_normal")
LecunUniform = _scaled("LecunUniform", "LeCun et al. (1998)", 1.0, "fan_in", "uniform")
LecunNormal = _scaled("LecunNormal", "LeCun et al. (1998)", 1.0, "fan_in", "truncated_normal")
HeUniform = _scaled("HeUniform", "He et al. (2015)", 2.0, "fan_in", "uniform")
HeNormal = _scaled("HeNormal", "He et al. (2015)", 2.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """An orthogonal matrix times `gain`, drawn evenly; of other shapes, rows or columns of one."""

    def __init__(self, gain=1.0, seed=None):
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape, dtype=None) -> Tensor:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal: shape {tuple(shape)} must have at least two axes")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(self._rng().normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        q = q.T if rows < columns else q
        return as_tensor(self.gain * q.reshape(tuple(shape)), standardize_dtype(dtype))

    def get_config(self) -> dict:
        return {**super().get_config(), "gain": self.gain}


IdentityInitializer, OrthogonalInitializer, STFTInitializer, stft = Identity, Orthogonal, STFT, STFT
constant, zeros, ones, identity, orthogonal = Constant, Zeros, Ones, Identity, Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal, variance_scaling = LecunUniform, LecunNormal, VarianceScaling

_ALL = {
    "constant": Constant, "zeros": Zeros, "zero": Zeros, "ones": Ones, "one": Ones, "identity": Identity,
    "random_normal": RandomNormal, "normal": RandomNormal, "random_uniform": RandomUniform, "uniform": RandomUniform,
    "truncated_normal": TruncatedNormal, "variance_scaling": VarianceScaling, "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal, "lecun_uniform": LecunUniform, "lecun_normal": LecunNormal, "he_uniform": HeUniform,
    "he_normal": HeNormal, "orthogonal": Orthogonal, "OrthogonalInitializer": Orthogonal,
    "IdentityInitializer": Identity, "stft": STFT, "STFTInitializer": STFT,
}
_ALL |= {cls.__name__: cls for cls in _ALL.values()}


def get(identifier):
    """Return an initializer: an object, found by its name or configuration, a function of (shape, dtype), or an array.

    Raises
    ------
    BadNameError
        If the name is unknown. The message suggests the nearest names.
    """
    if identifier is None:
        return None
    if isinstance(identifier, np.ndarray):
        return _of_array(as_tensor(identifier))
    if inspect.isclass(identifier):
        return identifier()
    return identifier if callable(identifier) else deserialize(identifier)


def _of_array(array):
    def made(shape, dtype=None):
        if tuple(shape) != array.shape:
            raise ShapeError(f"initializer: the array has shape {array.shape}, but the parameter has shape "
                             f"{tuple(shape)}; pass an array of this shape")
        return as_tensor(array, dtype)

    return made


def serialize(initializer):
    """Return an initializer as plain data."""
    return as_config(initializer, "keras.initializers")


def deserialize(config, custom_objects=None):
    """Return the initializer that a name or a configuration describes."""
    return from_config(config, "initializer", _ALL, custom_objects)
