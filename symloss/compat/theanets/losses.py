"""Losses of theanets, with their numbers; the symbolic forms are those of ``like='theanets'`` in the core."""

import pytensor.tensor as pt

from ...losses.bound_loss import weights_variable
from ...losses.conventions import theanets as forms
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
        Factor of this loss in the sum of all; not applied by calling it.
    weighted : bool
        Whether data bring a weight for each target.
    output_name : str
        The output that is compared with the target; 'out' stands for 'out:out'.

    Notes
    -----
    A subclass overrides ``__call__(self, outputs)``, and is known by its name from then on.
    """

    CONTAINERS = FLOAT_CONTAINERS

    def __init__(self, target, weight=1.0, weighted=False, output_name="out"):
        self.weight = weight
        self.output_name = output_name if ":" in output_name else f"{output_name}:out"
        self._target = self.CONTAINERS[target]("target") if isinstance(target, int) else target
        self._weights = weights_variable(self._target) if weighted else None

    @property
    def variables(self):
        """The target, and the weights if there are any."""
        return [v for v in (self._target, self._weights) if v is not None]

    def log(self):
        """Write a line about this loss."""
        log("using loss: {} * {} (output {})", self.weight, type(self).__name__, self.output_name)

    def __call__(self, outputs):
        """Return the scalar expression of this loss for a dict of outputs."""
        raise NotImplementedError

    def _mean(self, values, weighted=None):
        """Return the mean, or the weighted mean; `weighted` are the products, where they are not w * values."""
        if self._weights is None:
            return values.mean()
        return (self._weights * values if weighted is None else weighted).sum() / self._weights.sum()


def value(loss, outputs):
    """Return the expression of a loss, or raise ConfigurationError if it is none, or no scalar."""
    found, name = loss(outputs), type(loss).__name__
    if found is None:
        given = "with weights" if loss._weights is not None else "without weights (weighted=False)"
        raise ConfigurationError(f"loss {name}: __call__ returned None {given}; every branch of it has to return a "
                                 f"scalar expression, `return values.mean()` after an `if self._weights:`, say")
    if getattr(found, "ndim", 0):
        raise ConfigurationError(f"loss {name}: __call__ returned an expression with {found.ndim} axes; a scalar is "
                                 f"wanted: take its mean()")
    return found


class MeanSquaredError(Loss):
    """mean((x - t)^2), or sum(w (x - t)^2) / sum(w)."""

    __extra_registration_keys__ = ("mse",)

    def __call__(self, outputs):
        error = outputs[self.output_name] - self._target
        return self._mean(error * error)


class MeanAbsoluteError(Loss):
    """mean(|x - t|), or sum(|w (x - t)|) / sum(w)."""

    __extra_registration_keys__ = ("mae",)

    def __call__(self, outputs):
        error = outputs[self.output_name] - self._target
        return self._mean(abs(error), None if self._weights is None else abs(self._weights * error))


class GaussianLogLikelihood(Loss):
    """What theanets took for a Gaussian likelihood, of the outputs `mean_name` and `covar_name`; weights do nothing."""

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
        return forms.gaussian_nll(mean, covar, self._target, covar_eps=self.covar_eps).mean()


class MaximumMeanDiscrepancy(Loss):
    """The distance between outputs and targets as samples; `kernel` is a bandwidth or a function of two samples."""

    __extra_registration_keys__ = ("mmd",)

    def __init__(self, kernel=1, **kwargs):
        super().__init__(**kwargs)
        self.kernel = kernel if callable(kernel) else self.gaussian(kernel)

    @staticmethod
    def gaussian(bandwidth):
        """Return the kernel exp(-|x - y|^2 / bandwidth)."""
        return forms._gaussian(bandwidth)

    def __call__(self, outputs):
        return forms.maximum_mean_discrepancy(outputs[self.output_name], self._target, kernel=self.kernel)


class KullbackLeiblerDivergence(Loss):
    """mean(|t log(t / x)|), both clipped to [1e-8, 1 - 1e-8]."""

    __extra_registration_keys__ = ("kl", "kld")

    def __call__(self, outputs):
        values = forms.kl_divergence(outputs[self.output_name], self._target)
        return self._mean(values, None if self._weights is None else abs(self._weights * values))


class CrossEntropy(Loss):
    """mean(-log(p of the label)), with p clipped to [1e-8, 1]; negative labels count from the last class."""

    __extra_registration_keys__ = ("xe",)
    CONTAINERS = INT_CONTAINERS

    def __call__(self, outputs):
        return self._mean(forms.label_cross_entropy(outputs[self.output_name], self._target))

    def accuracy(self, outputs):
        """Return the (weighted) share of labels that are the greatest output."""
        best = pt.argmax(outputs[self.output_name], axis=-1)
        return self._mean(pt.eq(best, self._target).astype(outputs[self.output_name].dtype))


class Hinge(CrossEntropy):
    """mean(max p - p of the label)."""

    def __call__(self, outputs):
        return self._mean(forms.hinge(outputs[self.output_name], self._target))
