"""Losses of theanets, with their numbers; the symbolic forms are those of ``like='theanets'`` in the core."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ...losses.conventions import theanets as forms
from ...losses.loss_inputs import weights_variable
from .util import (
    FLOAT_CONTAINERS,
    INT_CONTAINERS,
    ConfigurationError,
    Registrar,
    log,
)


class Loss(metaclass=Registrar):
    """A loss on one output of a model.

    Parameters
    ----------
    target : int or variable
        Number of axes of the target, or the variable itself.
    weight : float
        Factor of this loss in the sum of all. Calling the loss does not apply it.
    weighted : bool
        Whether the data contain a weight for each target.
    output_name : str
        The output that is compared with the target; 'out' stands for 'out:out'.

    Notes
    -----
    A subclass overrides ``__call__(self, outputs)``, and is registered under its name.
    """

    CONTAINERS = FLOAT_CONTAINERS
    LABELS = 0  # axes that a target has less than the output

    _target = _weights = None
    _made: tuple = (None, None)  # target and weights that were made here; those that a user passes are the user's
    _bound: tuple = (None, None)  # those that a model gave it last; see `binding`
    _of_model = frozenset()  # which of 'target' and 'output_name' a model has chosen

    def __init__(self, target, weight=1.0, weighted=False, output_name="out"):
        self.weight = weight
        self.output_name = output_name if ":" in output_name else f"{output_name}:out"
        self._target = target if isinstance(target, Variable) else self._new_target(target)
        self._weights = weights_variable(self._target) if weighted else None
        self._made = (None if isinstance(target, Variable) else self._target), self._weights

    def _new_target(self, axes):
        if not isinstance(axes, int | np.integer) or isinstance(axes, bool) or not 0 <= axes < len(self.CONTAINERS):
            raise ConfigurationError(f"loss {type(self).__name__}: target={axes!r} is not valid; it must be the number "
                                     f"of its axes, 0 to {len(self.CONTAINERS) - 1}, or a variable")
        return self.CONTAINERS[axes]("target")

    @property
    def variables(self):
        """The target, and the weights if there are any."""
        return [v for v in (self._target, self._weights) if v is not None]

    def log(self):
        """Write a line about this loss."""
        log("using loss: {} * {} (output {})", self.weight, type(self).__name__, self.output_name)

    def __call__(self, outputs):
        """Return the scalar expression of this loss for a dict of outputs."""
        raise ConfigurationError(f"loss {type(self).__name__}: the method __call__ is missing. Write __call__(self, "
                                 f"outputs), which returns a scalar expression of outputs[self.output_name] and "
                                 f"self._target")

    def _compared(self, outputs):
        """Return the output and the target, or raise ConfigurationError where they do not have axes that fit."""
        output = outputs[self.output_name]
        axes = output.ndim - self.LABELS
        if self._target.ndim != axes:
            labels = " (labels have one axis fewer than the output)" if self.LABELS else ""
            one_hot = ". Turn labels into rows of 0 and 1" if self._target.ndim == axes - 1 and not self.LABELS else ""
            raise ConfigurationError(f"loss {type(self).__name__}: the output {self.output_name!r} has {output.ndim} "
                                     f"axes, but its target has {self._target.ndim}. Pass target={axes} for this "
                                     f"loss{labels}, and data with as many axes{one_hot}")
        return output, self._target

    def _mean(self, values, weighted=None):
        """Return the mean, or the weighted mean; `weighted` are the products, where they are not w * values."""
        if self._weights is None:
            return values.mean()
        return (self._weights * values if weighted is None else weighted).sum() / self._weights.sum()


def value(loss, outputs):
    """Return the expression of a loss, or raise ConfigurationError if it is not a scalar expression."""
    found, name = loss(outputs), type(loss).__name__
    if found is None:
        given = "with weights" if loss._weights is not None else "without weights (weighted=False)"
        raise ConfigurationError(f"loss {name}: __call__ returned None {given}, but every branch of it must return a "
                                 f"scalar expression, such as `return values.mean()` after an `if self._weights:`")
    if getattr(found, "ndim", 0):
        raise ConfigurationError(f"loss {name}: __call__ returned an expression with {found.ndim} axes, but it must "
                                 f"return a scalar; take its mean()")
    return found


class MeanSquaredError(Loss):
    """mean((x - t)^2), or sum(w (x - t)^2) / sum(w)."""

    __extra_registration_keys__ = ("mse",)

    def __call__(self, outputs):
        output, target = self._compared(outputs)
        error = output - target
        return self._mean(error * error)


class MeanAbsoluteError(Loss):
    """mean(|x - t|), or sum(|w (x - t)|) / sum(w)."""

    __extra_registration_keys__ = ("mae",)

    def __call__(self, outputs):
        output, target = self._compared(outputs)
        error = output - target
        return self._mean(abs(error), None if self._weights is None else abs(self._weights * error))


class GaussianLogLikelihood(Loss):
    """What theanets computed as a Gaussian likelihood of the outputs `mean_name` and `covar_name`, without weights."""

    __extra_registration_keys__ = ("gll",)

    def __init__(self, mean_name="mean", covar_name="covar", covar_eps=1e-3, **kwargs):
        self.mean_name = mean_name if ":" in mean_name else f"{mean_name}:out"
        self.covar_name = covar_name if ":" in covar_name else f"{covar_name}:out"
        self.covar_eps = covar_eps
        super().__init__(**kwargs)

    def log(self):
        log("using loss: {} * {} (mean {}, covar {})", self.weight, type(self).__name__, self.mean_name,
            self.covar_name)

    def __call__(self, outputs):
        mean, covar = outputs[self.mean_name], outputs[self.covar_name]
        if not mean.ndim == covar.ndim == self._target.ndim:
            raise ConfigurationError(f"loss {type(self).__name__}: {self.mean_name!r} has {mean.ndim} axes, "
                                     f"{self.covar_name!r} has {covar.ndim}, and the target has {self._target.ndim}. "
                                     f"Pass target={mean.ndim}, and use outputs with as many axes")
        return forms.gaussian_nll(mean, covar, self._target, covar_eps=self.covar_eps).mean()


class MaximumMeanDiscrepancy(Loss):
    """The distance between outputs and targets as samples; `kernel` is a bandwidth or a function of two samples."""

    __extra_registration_keys__ = ("mmd",)

    def __init__(self, kernel=1, **kwargs):
        super().__init__(**kwargs)
        self.kernel = kernel

    @staticmethod
    def gaussian(bandwidth):
        """Return the kernel exp(-|x - y|^2 / bandwidth)."""
        return forms._gaussian(bandwidth)

    def __call__(self, outputs):
        return forms.maximum_mean_discrepancy(*self._compared(outputs), kernel=self.kernel)


class KullbackLeiblerDivergence(Loss):
    """mean(|t log(t / x)|), both clipped to [1e-8, 1 - 1e-8]."""

    __extra_registration_keys__ = ("kl", "kld")

    def __call__(self, outputs):
        values = forms.kl_divergence(*self._compared(outputs))
        return self._mean(values, None if self._weights is None else abs(self._weights * values))


class CrossEntropy(Loss):
    """mean(-log(p of the label)), with p clipped to [1e-8, 1]; negative labels count from the last class."""

    __extra_registration_keys__ = ("xe",)
    CONTAINERS = INT_CONTAINERS
    LABELS = 1

    def __call__(self, outputs):
        return self._mean(forms.label_cross_entropy(*self._compared(outputs)))

    def accuracy(self, outputs):
        """Return the (weighted) share of labels with the largest output."""
        best = pt.argmax(outputs[self.output_name], axis=-1)
        return self._mean(pt.eq(best, self._target).astype(outputs[self.output_name].dtype))


class Hinge(CrossEntropy):
    """mean(max p - p of the label)."""

    def __call__(self, outputs):
        return self._mean(forms.hinge(*self._compared(outputs)))
