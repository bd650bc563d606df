"""Names of theanets.util: errors, containers, random matrices, names by pattern."""

import fnmatch
import inspect
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt

from ...errors import SymlossError, unknown

FLOAT = pytensor.config.floatX

FLOAT_CONTAINERS = (pt.scalar, pt.vector, pt.matrix, pt.tensor3, pt.tensor4)

INT_CONTAINERS = (pt.iscalar, pt.ivector, pt.imatrix, pt.itensor3, pt.itensor4)


class Error(SymlossError):
    """The base class of theanets' errors."""


class ConfigurationError(Error):
    """A wrong description of a model."""


class UnregisteredError(Error, KeyError):
    """A name that no class of its family is registered under."""

    __str__ = Exception.__str__


class MissingOutputError(ConfigurationError, KeyError):
    """An output that does not exist in a network."""

    __str__ = Exception.__str__


class Outputs(dict):
    """Expressions by full name, as layers make them; the error for a missing name lists the existing ones."""

    def __missing__(self, name):
        raise MissingOutputError(f"output {name!r} does not exist. Give a layer that name, or choose the output with "
                                 f"output_name, mean_name or covar_name from {', '.join(self)}")


class Registrar(type):
    """Metaclass of families whose members are registered when they are defined.

    A class is registered under its name, and under ``__extra_registration_keys__`` that it defines itself: those of its
    parent stay the parent's.
    """

    def __init__(cls, name, bases, namespace):
        super().__init__(name, bases, namespace)
        if not hasattr(cls, "_registry"):
            cls._registry = {}
        for key in (name, *namespace.get("__extra_registration_keys__", ())):
            cls._registry[key.lower()] = cls

    def __call__(cls, *args, **kwargs):
        made = super().__call__(*args, **kwargs)
        made._arguments = _named(cls, made, args, kwargs)
        return made

    def build(cls, key, *args, **kwargs):
        """Return an instance of the class that is registered under `key`."""
        return cls.get_class(key)(*args, **kwargs)

    def get_class(cls, key):
        """Return the class that is registered under `key`, ignoring the case."""
        if not cls.is_registered(key):
            family = cls.__mro__[-2].__name__.lower()
            raise UnregisteredError(str(unknown(family, key, cls._registry)))
        return cls._registry[key.lower()]

    def is_registered(cls, key):
        """Return whether a class is registered under `key`."""
        return isinstance(key, str) and key.lower() in cls._registry


def _named(cls, made, args, kwargs):
    """Return arguments of an instance by name."""
    signature = inspect.signature(cls.__init__)
    found = dict(list(signature.bind(made, *args, **kwargs).arguments.items())[1:])
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            found |= found.pop(name, {})
        elif parameter.kind is parameter.VAR_POSITIONAL:
            found.pop(name, None)
    return found


def options(made) -> dict:
    """Return the arguments that build an equal instance of a family, by name.

    An attribute with the name of an argument of its ``__init__`` has that argument's value now.
    """
    parameters = inspect.signature(type(made).__init__).parameters.values()
    now = {p.name: vars(made)[p.name] for p in parameters
           if p.name in vars(made) and p.kind is not p.VAR_KEYWORD and vars(made)[p.name] is not p.default}
    return made._arguments | now


def typed(variable, array, who):
    """Return an array in the type of a variable, or raise ConfigurationError if its shape or values do not fit."""
    if hasattr(variable.type, "format"):
        return _of_lengths(variable, variable.type.filter(array, allow_downcast=True), who)
    try:
        array = np.asarray(array, variable.dtype)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{who}: {variable.name!r} must be an array of numbers ({error})") from None
    if array.ndim != variable.ndim:
        raise ConfigurationError(f"{who}: {variable.name!r} has shape {array.shape}, but it must have "
                                 f"{variable.ndim} axes")
    return _of_lengths(variable, array, who)


def _of_lengths(variable, array, who):
    """Return the array of an input, or raise ConfigurationError if its last axis does not fit the layer.

    The other axes may have any length, because a convolutional network takes images of any size.
    """
    lengths = getattr(variable.tag, "lengths", None) or variable.type.shape[1:]
    if lengths and array.ndim == variable.ndim and lengths[-1] not in (None, array.shape[-1]):
        text = ", ".join("n" if i == 0 else "?" if n is None else str(n) for i, n in enumerate((None, *lengths)))
        raise ConfigurationError(f"{who}: {variable.name!r} has shape {array.shape}, but it must have shape ({text})")
    return array


def random_state(rng):
    """Return `rng` itself, or a RandomState of this seed."""
    return np.random.RandomState(rng) if rng is None or isinstance(rng, int | np.integer) else rng


def random_matrix(rows, cols, mean=0, std=1, sparsity=0, radius=0, diagonal=0, rng=None):
    """Return a matrix of normal numbers.

    Parameters
    ----------
    rows, cols : int
    mean, std : float
    sparsity : float in (0, 1)
        Share of entries off the diagonal that are set to 0.
    radius : float
        Largest singular value, which theanets called the spectral radius. 0 leaves it as it is.
    diagonal : float
        If it is not 0, the diagonal has this value, and all other entries are 0.
    rng : RandomState or int
    """
    rng = random_state(rng)
    matrix = mean + std * rng.randn(rows, cols)
    if 0 < sparsity < 1:
        kept = rng.binomial(n=1, p=1 - sparsity, size=(rows, cols)) == 1
        matrix *= kept | np.eye(rows, cols, dtype=bool)
    if radius > 0:
        left, values, right = np.linalg.svd(matrix, full_matrices=False)
        matrix = left @ np.diag(radius * values / abs(values[0])) @ right
    if diagonal != 0:
        matrix = diagonal * np.eye(rows, cols)
    return matrix.astype(pytensor.config.floatX)


def random_vector(size, mean=0, std=1, rng=None):
    """Return a vector of normal numbers."""
    return (mean + std * random_state(rng).randn(size)).astype(pytensor.config.floatX)


def _matches(name, patterns):
    return any(fnmatch.fnmatch(name, p) for p in ((patterns,) if isinstance(patterns, str) else patterns))


def outputs_matching(outputs, patterns):
    """Yield (name, expression) of the outputs that match a glob, or one of several."""
    for name, expression in outputs.items() if isinstance(outputs, dict) else outputs:
        if _matches(name, patterns):
            yield name, expression


def params_matching(layers, patterns):
    """Yield (name, shared variable) of the layers' parameters that match a glob, or one of several."""
    for layer in layers:
        for parameter in layer.params:
            if _matches(parameter.name, patterns):
                yield parameter.name, parameter


def log(message, *args, **kwargs):
    """Write a line to the standard output, as theanets did. Without arguments, braces are not replaced."""
    sys.stdout.write((message.format(*args, **kwargs) if args or kwargs else message) + "\n")


def enable_detailed_callsite_logging():
    """Do nothing, because lines of `log` never name places in the code."""
