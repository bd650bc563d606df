"""Activation functions, by name. ``'a+b'`` applies a, then b.

Each is a function of a tensor, or a subclass of `Activation`. Keyword arguments with a default are trainable
parameters, with one value for each unit, which start at the default. ``'maxout:3'`` is the maximum of three learned
lines.
"""

import inspect
from collections.abc import Callable

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ._checks import is_number
from ._registry import Registry, other_names
from .errors import ShapeError, SpecError, SymlossError

CHAINED = 100  # activations in one name
PIECES = 1000  # of a maxout
registry: Registry = Registry("activation")


def activation(*aliases: str):
    """Register an activation function under its own name and `aliases`."""

    def register(function):
        registry.add(function.__name__, function, aliases)
        return function

    return register


class Activation:
    """An activation that is bound to a layer: one function or several in sequence, with their parameters.

    Parameters
    ----------
    name : str or callable
        A registered name, several names joined by '+', 'maxout:k', a function of a tensor, or a subclass.
    size : int
        Number of units, which is the length of each parameter.
    rng : numpy Generator
        Random generator for parameters with random initial values.
    prefix : str
        Prefix of the names of the parameters.

    Notes
    -----
    A subclass overrides ``__call__(self, x)`` and is registered by its class name. Keyword arguments with a default are
    parameters there, too. Create those with another shape or another initial value in `setup`. A subclass does not
    inherit aliases: list its own in ``aliases``.
    """

    aliases: tuple[str, ...] = ()

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        again = cls.__name__ in registry and inspect.isclass(registry.get(cls.__name__))  # a notebook's cell run twice
        registry.add(cls.__name__, cls, other_names(cls), replace=again)

    def __init__(self, name: str | Callable, size: int, rng: np.random.Generator, prefix: str = ""):
        self.name = name if isinstance(name, str) else getattr(name, "__name__", type(name).__name__)
        self.custom = not isinstance(name, str)
        self.size, self.rng, self.prefix = size, rng, prefix
        self.params: dict[str, object] = {}
        self.steps = []
        self.setup()
        if type(self) is Activation:
            parts = [name] if self.custom else [part.strip() for part in name.split("+")]
            if len(parts) > CHAINED:
                raise SpecError(f"activation '{name[:30]}...': it chains {len(parts)} activations, but at most "
                                f"{CHAINED} are allowed. Put layers between them")
            self.steps = [self._bind(part) for part in parts]
        elif type(self).__call__ is Activation.__call__:
            raise SpecError(f"activation {type(self).__name__}: the class computes nothing. Override __call__(self, x)")

    def setup(self) -> None:
        """Create parameters with `add`, using ``size`` and ``rng``. Subclasses may override this."""

    def add(self, name: str, start):
        """Return a new shared parameter. `start` is its initial value: an array, or one number for every unit."""
        value = np.array(start if np.ndim(start) else np.full(self.size, start), pytensor.config.floatX)
        return self._enter(name, pytensor.shared(value, shape=value.shape))

    def _enter(self, name, parameter):
        name = name if name not in self.params else f"{name}{len(self.params)}"
        parameter.name = f"{self.prefix}{name}"
        self.params[name] = parameter
        return parameter

    def _bind(self, part):
        """Return a function of a tensor and its parameters."""
        if isinstance(part, str) and part.lower().startswith("maxout:"):
            pieces = part.split(":", 1)[1]
            if not pieces.isdecimal() or not pieces.strip("0"):
                raise SpecError(f"activation {part!r}: the colon must be followed by the number of pieces, as in "
                                "'maxout:3'")
            if len(pieces) > 9 or int(pieces) > PIECES:
                raise SpecError(f"activation 'maxout:{pieces[:9]}': at most {PIECES} pieces are allowed. Use fewer")
            shape = (self.size, int(pieces))
            return maxout, {key: self.add(key, self.rng.normal(size=shape)) for key in ("slope", "intercept")}
        function = registry.get(part) if isinstance(part, str) else part
        if function is maxout:
            raise SpecError("activation 'maxout': it needs a number of pieces, as in 'maxout:3'")
        if inspect.isclass(function) and issubclass(function, Activation):
            function = function(function.__name__, self.size, self.rng, self.prefix)
            for name, parameter in function.params.items():
                self._enter(name, parameter)
        elif function is part:  # whose defaults are its own affair
            return function, {}
        return function, {name: self.add(name, start) for name, start in _starts(function).items()}

    @property
    def rectifies(self) -> bool:
        """Whether it cuts off about half of its input, so that initial weights should be larger."""
        return self.name.split("+")[0].strip().lower() in ("relu", "rect:max", "prelu", "leaky-relu", "lgrelu", "elu")

    def __call__(self, x):
        """Return the expression of the activation of `x`, in the shape of `x`. A subclass overrides this."""
        for function, params in self.steps:
            try:
                made = function(x, **params)
            except SymlossError:
                raise
            except Exception as error:
                raise SpecError(f"activation {_name(function)}: building its graph raised {type(error).__name__} "
                                f"({error}). Write it with pytensor.tensor, as a function of a tensor") from error
            x = _shaped(function, made, x)
        return x


def _name(function) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _starts(function) -> dict:
    """Return where the parameters of an activation start, by name."""
    starts = {p.name: p.default for p in list(inspect.signature(function).parameters.values())[1:]}
    for name, start in starts.items():
        if not is_number(start):
            raise SpecError(f"activation {_name(function)}: the default of {name} is not a number. Write its initial "
                            f"value, such as {name}=0.25")
    return starts


def _shaped(function, value, x):
    if not isinstance(value, Variable):
        raise SpecError(f"activation {_name(function)}: the function returned {value!r}, but it must return an "
                        "expression of x")
    if value.ndim != x.ndim:
        raise ShapeError(f"activation {_name(function)}: the function returned {value.ndim} axes, but x has {x.ndim}. "
                         "Keep the shape of x")
    return value


@activation()
def linear(x):
    """Return x."""
    return x


@activation()
def tanh(x):
    """Hyperbolic tangent, from -1 to 1."""
    return pt.tanh(x)


@activation("logistic")
def sigmoid(x):
    """1 / (1 + exp(-x)), from 0 to 1."""
    return pt.sigmoid(x)


@activation()
def softmax(x):
    """exp(x) / sum(exp(x)) over the last axis: at least 0, with sum 1."""
    return pt.special.softmax(x, axis=-1)


@activation("logsoftmax")
def log_softmax(x):
    """x - log(sum(exp(x))) over the last axis: logarithms of probabilities."""
    return pt.special.log_softmax(x, axis=-1)


@activation()
def softplus(x):
    """log(1 + exp(x)), greater than 0."""
    return pt.softplus(x)


@activation("rect:max", "rectify")
def relu(x):
    """max(0, x). Its gradient at 0 is 0."""
    return x * pt.gt(x, 0).astype(x.dtype)  # no switch: C code that branches on data is many times slower


@activation("rect:min")
def rect_min(x):
    """min(x, 1)."""
    return pt.minimum(x, 1)


@activation("rect:minmax", "hard_sigmoid01")
def rect_minmax(x):
    """x, clipped to [0, 1]."""
    return pt.clip(x, 0, 1)


@activation("norm:mean")
def norm_mean(x):
    """x minus its mean over the last axis."""
    return x - x.mean(axis=-1, keepdims=True)


@activation("norm:max")
def norm_max(x):
    """x divided by its greatest absolute value along the last axis. Where all are 0, it stays 0."""
    return x / (pt.abs(x).max(axis=-1, keepdims=True) + 1e-8)


@activation("norm:std")
def norm_std(x):
    """x divided by its standard deviation along the last axis."""
    return x / _deviation(x)


@activation("norm:z")
def norm_z(x):
    """x minus its mean, divided by its standard deviation, along the last axis."""
    return norm_mean(x) / _deviation(x)


def _deviation(x):
    return pt.sqrt(x.var(axis=-1, keepdims=True) + 1e-16) + 1e-8  # the root has a gradient at 0 too


@activation("leaky-relu", "leakyrelu")
def prelu(x, leak=0.25):
    """x above 0 and leak * x below, with one learned leak per unit (He et al. 2015)."""
    return pt.switch(pt.gt(x, 0), x, leak * x)


@activation("leaky-gain-relu")
def lgrelu(x, gain=1.0, leak=0.25):
    """gain * x above 0 and leak * x below, with both learned per unit."""
    return pt.switch(pt.gt(x, 0), gain * x, leak * x)


@activation()
def elu(x, gain=1.0):
    """x above 0 and gain * (exp(x) - 1) below, with one learned gain per unit (Clevert et al. 2016)."""
    return pt.switch(pt.gt(x, 0), x, gain * pt.expm1(pt.minimum(x, 0)))


@activation()
def maxout(x, slope=None, intercept=None):
    """The maximum of several learned lines slope * x + intercept, per unit (after Goodfellow et al. 2013)."""
    return (x[..., None] * slope + intercept).max(axis=-1)


@activation("swish")
def silu(x):
    """x * sigmoid(x)."""
    return x * pt.sigmoid(x)


@activation()
def gelu(x):
    """x times the normal distribution function of x (Hendrycks & Gimpel 2016)."""
    return 0.5 * x * pt.erfc(-x / np.sqrt(2).astype(x.dtype))


@activation()
def selu(x):
    """The self-normalizing exponential unit (Klambauer et al. 2017)."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return scale * pt.switch(pt.gt(x, 0), x, alpha * pt.expm1(pt.minimum(x, 0)))


@activation()
def exp(x):
    """exp(x), greater than 0."""
    return pt.exp(x)


@activation()
def softsign(x):
    """x / (1 + |x|), from -1 to 1."""
    return x / (1 + pt.abs(x))
