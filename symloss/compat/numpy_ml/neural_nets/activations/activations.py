"""Activation functions of arrays as objects, with first and second derivatives that PyTensor computes."""

from abc import ABC, abstractmethod

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..... import activations
from ....._checks import is_number
from .....errors import SpecError
from ...compiled import floats, run

__all__ = ["ELU", "GELU", "SELU", "ActivationBase", "Affine", "Exponential", "HardSigmoid", "Identity", "LeakyReLU",
           "ReLU", "Sigmoid", "SoftPlus", "Tanh"]


class ActivationBase(ABC):
    """A function of each number of an array. Your own subclass defines `fn` and `grad` for arrays."""

    def __init__(self, **kwargs):
        if kwargs:
            raise SpecError(f"{type(self).__name__}: the argument {', '.join(kwargs)} is not supported; leave it out")

    def __call__(self, z):
        z = np.asarray(z)
        return self.fn(z.reshape(1, -1) if z.ndim == 1 else z)

    @abstractmethod
    def fn(self, z):
        """Return the function of an array, in its shape."""

    @abstractmethod
    def grad(self, x, **kwargs):
        """Return the derivative at each number of an array, in its shape."""


class Symbolic(ActivationBase):
    """An activation of symloss: a subclass only defines `expression`, and PyTensor computes the derivatives."""

    options: tuple[str, ...] = ()  # attributes that `expression` takes

    @staticmethod
    @abstractmethod
    def expression(z, *options):
        """Return the expression of a tensor z."""

    def fn(self, z):
        """Return the function of an array, in its shape."""
        return self._of(z, _value)

    def grad(self, x):
        """Return the derivative at each number of an array, in its shape."""
        return self._of(x, _slope)

    def grad2(self, x):
        """Return the second derivative at each number of an array, in its shape."""
        return self._of(x, _curvature)

    @property
    def built_in(self) -> tuple:
        """What a formula with this activation depends on: the class' expression, and its options."""
        return (type(self).expression, *(getattr(self, name) for name in self.options))

    def _of(self, z, formula):
        z = floats(str(self), z=z)["z"]
        return run(formula, {"z": z.ravel()}, *self.built_in)[0].reshape(z.shape)

    def __str__(self):
        return type(self).__name__


def _value(z, expression, *options):
    return [expression(z, *options)]


def _slope(z, expression, *options):
    return [pytensor.grad(expression(z, *options).sum(), z, disconnected_inputs="ignore")]


def _curvature(z, expression, *options):
    return [pytensor.grad(_slope(z, expression, *options)[0].sum(), z, disconnected_inputs="ignore")]


def _number(who, name, value):
    if not is_number(value):
        raise SpecError(f"{who}: {name}={value!r} is not valid; it must be a finite number")
    return value


class Sigmoid(Symbolic):
    r"""Logistic sigmoid, :math:`1 / (1 + e^{-z})`."""

    def __init__(self):
        super().__init__()

    expression = staticmethod(activations.sigmoid)


class Tanh(Symbolic):
    """Hyperbolic tangent."""

    def __init__(self):
        super().__init__()

    expression = staticmethod(activations.tanh)


class ReLU(Symbolic):
    r"""Rectifier, :math:`\max(0, z)`, whose derivative at 0 is 0."""

    def __init__(self):
        super().__init__()

    expression = staticmethod(activations.relu)


class SoftPlus(Symbolic):
    r"""Smooth rectifier, :math:`\log(1 + e^z)`, stable for any z."""

    def __init__(self):
        super().__init__()

    expression = staticmethod(activations.softplus)


class Exponential(Symbolic):
    r"""Exponential function, :math:`e^z`."""

    def __init__(self):
        super().__init__()

    expression = staticmethod(activations.exp)


class SELU(Symbolic):
    """Self-normalizing exponential unit (Klambauer et al. 2017)."""

    def __init__(self):
        super().__init__()
        self.alpha, self.scale = 1.6732632423543772, 1.0507009873554805

    @staticmethod
    def expression(z):
        """Return the unit, whose derivative at 0 is that from above."""
        return 1.0507009873554805 * pt.switch(z >= 0, z, 1.6732632423543772 * pt.expm1(pt.minimum(z, 0)))


class HardSigmoid(Symbolic):
    """The line 0.2 z + 0.5, cut at 0 and 1."""

    def __init__(self):
        super().__init__()

    @staticmethod
    def expression(z):
        """Return the line, with its derivative also at the ends."""
        return pt.clip(0.2 * z + 0.5, 0.0, 1.0)

    def __str__(self):
        return "Hard Sigmoid"


class Affine(Symbolic):
    """The line ``slope * z + intercept``.

    Parameters
    ----------
    slope, intercept : float
    """

    options = ("slope", "intercept")

    def __init__(self, slope=1, intercept=0):
        super().__init__()
        self.slope, self.intercept = _number("Affine", "slope", slope), _number("Affine", "intercept", intercept)

    @staticmethod
    def expression(z, slope, intercept):
        """Return the line."""
        return slope * z + intercept

    def __str__(self):
        return f"Affine(slope={self.slope}, intercept={self.intercept})"


class Identity(Affine):
    """The identity."""

    def __init__(self):
        super().__init__(slope=1, intercept=0)

    def __str__(self):
        return "Identity"


class LeakyReLU(Symbolic):
    """z for z > 0, and ``alpha * z`` otherwise; the derivative at 0 is 1.

    Parameters
    ----------
    alpha : float
    """

    options = ("alpha",)

    def __init__(self, alpha=0.3):
        super().__init__()
        self.alpha = _number("LeakyReLU", "alpha", alpha)

    @staticmethod
    def expression(z, alpha):
        """Return the two lines."""
        return pt.switch(z < 0, alpha * z, z)

    def __str__(self):
        return f"Leaky ReLU(alpha={self.alpha})"


class ELU(Symbolic):
    r"""z for z > 0, and :math:`\alpha (e^z - 1)` otherwise (Clevert et al. 2016).

    Parameters
    ----------
    alpha : float
    """

    options = ("alpha",)

    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = _number("ELU", "alpha", alpha)

    @staticmethod
    def expression(z, alpha):
        """Return the unit; exp cannot overflow where it is not taken."""
        return pt.switch(z > 0, z, alpha * pt.expm1(pt.minimum(z, 0)))

    def __str__(self):
        return f"ELU(alpha={self.alpha})"


class GELU(Symbolic):
    r"""z times the normal distribution function of z (Hendrycks & Gimpel 2016).

    Parameters
    ----------
    approximate : bool
        Whether :math:`\tfrac12 z (1 + \tanh(\sqrt{2/\pi} (z + 0.044715 z^3)))` takes its place. Derivatives are those
        of the function that is computed.
    """

    options = ("approximate",)

    def __init__(self, approximate=True):
        super().__init__()
        self.approximate = bool(approximate)

    @staticmethod
    def expression(z, approximate):
        """Return the unit, or its approximation."""
        if not approximate:
            return activations.gelu(z)
        return 0.5 * z * (1 + pt.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))

    def __str__(self):
        return f"GELU(approximate={self.approximate})"
