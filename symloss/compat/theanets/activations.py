"""Activations of theanets, with the same values and the same initial parameters."""

import pytensor
import pytensor.tensor as pt

from .util import Registrar

# Functions that have names can be pickled.


def _linear(x):
    return x


def _softmax(x):
    powers = pt.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _relu(x):
    return (x + abs(x)) / 2


def _below_one(x):
    return (x + 1 - abs(x - 1)) / 2


def _between(x):
    return (abs(x) + 1 - abs(x - 1)) / 2


def _deviation(x):
    return x.std(axis=-1, keepdims=True) + 1e-8


def _centred(x):
    return x - x.mean(axis=-1, keepdims=True)


def _by_greatest(x):
    return x / (abs(x).max(axis=-1, keepdims=True) + 1e-8)


def _by_deviation(x):
    return x / _deviation(x)


def _standardised(x):
    return _centred(x) / _deviation(x)


COMMON = {
    "linear": _linear,
    "tanh": pt.tanh,
    "logistic": pt.sigmoid,
    "sigmoid": pt.sigmoid,
    "softmax": _softmax,
    "softplus": pt.softplus,
    "relu": _relu,
    "rect:max": _relu,
    "rect:min": _below_one,
    "rect:minmax": _between,
    "norm:mean": _centred,
    "norm:max": _by_greatest,
    "norm:std": _by_deviation,
    "norm:z": _standardised,
}


def build(name, layer, **kwargs):
    """Return the activation called `name` for a layer.

    Parameters
    ----------
    name : str or Activation
        A name in `COMMON`, the name of a subclass, 'maxout:k', or several names joined by '+', applied from left to
        right.
    layer : Layer
        Layer with the size and the random numbers for the parameters.
    """
    if not isinstance(name, str):
        return name if isinstance(name, Activation) else Common(getattr(name, "__name__", "activation"), layer, name)
    if "+" in name:
        first, *others = (build(part, layer, **kwargs) for part in name.split("+"))
        for other in others:
            first = Compose(first, other)
        return first
    if name in COMMON:
        return Common(name, layer, COMMON[name])
    if name.lower().startswith("maxout:"):
        name, _, pieces = name.partition(":")
        kwargs["pieces"] = int(pieces)
    return Activation.build(name, name=name, layer=layer, **kwargs)


class Activation(metaclass=Registrar):
    """A function that is applied to the weighted sums of a layer.

    Parameters
    ----------
    name : str
    layer : Layer

    Notes
    -----
    A subclass overrides ``__call__(self, x)``, and appends its parameters to ``self.params``.
    """

    def __init__(self, name, layer, **kwargs):
        self.name, self.layer, self.kwargs = name, layer, kwargs
        self.params = []

    def __call__(self, x):
        raise NotImplementedError

    def _add(self, short, *more, scale=None):
        """Make a parameter (size, *more) of normal numbers, or of `scale` times their sizes."""
        draws = self.layer.rng.randn(self.layer.output_size, *more)
        value = (draws if scale is None else scale * abs(draws)).astype(pytensor.config.floatX)
        shared = pytensor.shared(value, name=self.layer._fmt(short), shape=value.shape)
        self.params.append(shared)
        return shared


class Common(Activation):
    """A function without parameters."""

    def __init__(self, name, layer, function):
        super().__init__(name, layer)
        self.function = function

    def __call__(self, x):
        return self.function(x)


class Compose(Activation):
    """`g` of `f`."""

    def __init__(self, f, g):
        super().__init__(f"{g.name}({f.name})", g.layer)
        self.f, self.g = f, g
        self.params = g.params + f.params

    def __call__(self, x):
        return self.g(self.f(x))


class Prelu(Activation):
    """x for x >= 0, and exp(leak) x otherwise."""

    __extra_registration_keys__ = ("leaky-relu",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.leak = self._add("leak", scale=0.1)

    def __call__(self, x):
        return (x + abs(x)) / 2 + pt.exp(self.leak) * (x - abs(x)) / 2


class LGrelu(Activation):
    """exp(gain) x for x >= 0, and exp(leak) x otherwise."""

    __extra_registration_keys__ = ("leaky-gain-relu",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.gain = self._add("gain", scale=0.1)
        self.leak = self._add("leak", scale=0.1)

    def __call__(self, x):
        return pt.exp(self.gain) * (x + abs(x)) / 2 + pt.exp(self.leak) * (x - abs(x)) / 2


class Elu(Activation):
    """x for x >= 0, and exp(gain) (exp(x) - 1) otherwise."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.gain = self._add("gain", scale=0.1)

    def __call__(self, x):
        below = pt.exp(self.gain) * (pt.exp(x) - 1)
        return x * pt.ge(x, 0).astype(x.dtype) + below * pt.lt(x, 0).astype(x.dtype)


class Maxout(Activation):
    """The maximum of `pieces` lines, slope * x + intercept."""

    def __init__(self, *args, pieces, **kwargs):
        super().__init__(*args, **kwargs)
        self.pieces = pieces
        self.slope = self._add("slope", pieces)
        self.intercept = self._add("intercept", pieces)

    def __call__(self, x):
        return (x[..., None] * self.slope + self.intercept).max(axis=-1)
