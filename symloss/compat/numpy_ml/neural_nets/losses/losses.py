"""SquaredError, CrossEntropy and VAELoss: losses of symloss, in numpy_ml's conventions.

Each formula below is a loss of symloss on variables; PyTensor differentiates it.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt

from .....errors import SpecError
from ...compiled import core, floats, require_equal, require_rank, require_rows, run
from ...errors import BadArrayError, BadShapeError
from ...utils.testing import is_one_hot, is_stochastic
from ..activations.activations import Symbolic
from .base import ObjectiveBase
from .nce import NCELoss
from .wgan import WGAN_GPLoss

__all__ = ["CrossEntropy", "NCELoss", "ObjectiveBase", "SquaredError", "VAELoss", "WGAN_GPLoss"]


# ------------------------------------------------------------------------------------------ squared error


def half_squared_error(y, y_pred):
    """Return half the sum of squares."""
    return [core("half_squared_error")(y_pred, y).sum()]


def slope_of_squares(y, y_pred):
    """Return the gradient of half the sum of squares with respect to the predictions."""
    return [pytensor.grad(half_squared_error(y, y_pred)[0], y_pred)]


def slope_before(y, y_pred, z, expression, *options):
    """Return the gradient of half the sum of squares with respect to z, and the predictions for z."""
    out = expression(z, *options)
    return [pytensor.grad(None, z, known_grads={out: slope_of_squares(y, y_pred)[0]}), out]


class SquaredError(ObjectiveBase):
    r"""Half the squared error, summed over all examples and dimensions.

    .. math:: L(y, \hat y) = \tfrac12 \|\hat y - y\|_2^2

    >>> float(SquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
    5.0
    """

    @staticmethod
    def loss(y, y_pred):
        """Return half the sum of squares.

        Parameters
        ----------
        y, y_pred : arrays of the same shape, such as (n, m)
            Ground truth, and predictions.

        Returns
        -------
        float

        Raises
        ------
        BadShapeError
            If the shapes differ.
        BadArrayError
            For NaN and infinity.
        """
        arrays = _pair("SquaredError", y=y, y_pred=y_pred)
        return run(half_squared_error, {name: array.ravel() for name, array in arrays.items()})[0][()]

    @staticmethod
    def grad(y, y_pred, z, act_fn):
        r"""Return the gradient with respect to the input of the activation, :math:`(g(z) - y) g'(z)`.

        Parameters
        ----------
        y, y_pred, z : arrays of the same shape, such as (n, m)
            Ground truth, predictions ``act_fn(z)``, and the input of `act_fn`.
        act_fn : activation
            An object of `numpy_ml.neural_nets.activations`, or one with methods `fn` and `grad` of arrays.

        Returns
        -------
        array in the shape of `z`

        Raises
        ------
        BadShapeError
            If the shapes differ.
        BadArrayError
            For NaN and infinity, and if `y_pred` is not ``act_fn(z)``.
        """
        who = "SquaredError.grad"
        arrays = _pair(who, y=y, y_pred=y_pred, z=z)
        if isinstance(act_fn, Symbolic):
            flat = {name: array.ravel() for name, array in arrays.items()}
            slope, out = (found.reshape(arrays["z"].shape) for found in run(slope_before, flat, *act_fn.built_in))
        elif callable(getattr(act_fn, "fn", None)) and callable(getattr(act_fn, "grad", None)):
            slope = run(slope_of_squares, {"y": arrays["y"], "y_pred": arrays["y_pred"]})[0] * act_fn.grad(arrays["z"])
            out = act_fn.fn(arrays["z"])
        else:
            raise SpecError(f"{who}: act_fn={act_fn!r} is not valid; pass an activation object such as "
                            f"ActivationInitializer('tanh')(), or an object with the methods fn and grad")
        far = ~np.isclose(out, arrays["y_pred"], rtol=1e-3, atol=1e-3)
        if far.any():
            raise BadArrayError(f"{who}: y_pred is not {act_fn}(z): it contains {arrays['y_pred'][far][0]:g}, but "
                                f"act_fn(z) is {out[far][0]:g}. Pass y_pred = act_fn.fn(z) first, and then z")
        return slope


def _pair(who, **given):
    """Return arrays of one shape."""
    arrays = floats(who, **given)
    for name in list(arrays)[1:]:
        require_equal(who, name, arrays[name], "y", arrays["y"])
    return arrays


# ------------------------------------------------------------------------------------------ cross-entropy


def summed_cross_entropy(y, y_pred):
    """Return the sum of the cross-entropies."""
    return [core("categorical_cross_entropy")(y_pred, y).sum()]


def slope_before_softmax(y, y_pred):
    """Return the gradient with respect to an input z whose softmax gives these probabilities."""
    z = pt.log(pt.maximum(y_pred, np.finfo(y_pred.dtype).tiny))
    return [pytensor.grad(summed_cross_entropy(y, pt.special.softmax(z, axis=-1))[0], z)]


class CrossEntropy(ObjectiveBase):
    r"""Cross-entropy of one-hot classes, summed over classes and examples, in nats.

    .. math:: L(y, \hat y) = -\sum_i y_i \log \hat y_i

    >>> round(float(CrossEntropy()([[0.0, 1.0]], [[0.75, 0.25]])), 6)
    1.386294
    """

    @staticmethod
    def loss(y, y_pred):
        """Return the sum (not the mean) of the losses of all examples.

        Parameters
        ----------
        y : array (n, m)
            One-hot classes.
        y_pred : array (n, m)
            Probabilities of the classes; each row sums to 1.

        Returns
        -------
        float
            In nats, at least 0. A class with probability 0 costs 707 nats (86 in float32), the negative logarithm of
            the smallest number by which one can divide.

        Raises
        ------
        BadArrayError
            If `y` is not one-hot or `y_pred` is not a distribution; it is an AssertionError.
        BadShapeError
            If the shapes differ, for example for labels; it is an AssertionError.
        """
        return run(summed_cross_entropy, _classes("CrossEntropy", y, y_pred))[0][()] + 0.0  # no -0.0

    @staticmethod
    def grad(y, y_pred):
        r"""Return the gradient with respect to the input z of the softmax, :math:`\hat y - y`.

        Parameters
        ----------
        y, y_pred : arrays (n, m)
            As `loss` takes them.

        Returns
        -------
        array (n, m)
            Summed, not divided by n.
        """
        return run(slope_before_softmax, _classes("CrossEntropy.grad", y, y_pred))[0]


def _classes(who, y, y_pred):
    arrays = floats(who, y=y, y_pred=y_pred)
    is_one_hot(arrays["y"], who, "y")
    require_equal(who, "y_pred", arrays["y_pred"], "y", arrays["y"])
    is_stochastic(arrays["y_pred"], who, "y_pred")
    return arrays


# ------------------------------------------------------------------------------------------ variational bound


def negative_bound(y, y_pred, t_mean, t_log_var):
    """Return the mean over the batch of reconstruction loss and divergence."""
    return [core("vae")(y_pred, t_mean, t_log_var, y).mean()]


def slopes_of_bound(y, y_pred, t_mean, t_log_var):
    """Return its gradients with respect to predictions, logarithms of variances, and means."""
    return pytensor.grad(negative_bound(y, y_pred, t_mean, t_log_var)[0], [y_pred, t_log_var, t_mean])


class VAELoss(ObjectiveBase):
    r"""Negative variational lower bound of an autoencoder with Bernoulli units, averaged over the batch, in nats.

    .. math:: L = \frac1n \sum_n \Big(-\sum_i y_i \log \hat y_i + (1 - y_i) \log(1 - \hat y_i)
              - \tfrac12 \sum_j 1 + v_j - \mu_j^2 - e^{v_j}\Big)

    Binary cross-entropy, plus the divergence of q, normal with mean :math:`\mu` and variance :math:`e^v`, from a unit
    Gaussian p.

    References
    ----------
    Kingma & Welling (2014), "Auto-Encoding Variational Bayes", ICLR.

    >>> round(float(VAELoss()([[1.0]], [[0.5]], [[1.0]], [[0.0]])), 6)
    1.193147
    """

    def __call__(self, y, y_pred, t_mean, t_log_var):
        return self.loss(y, y_pred, t_mean, t_log_var)

    @staticmethod
    def loss(y, y_pred, t_mean, t_log_var):
        """Return the negative bound, averaged over the batch.

        Parameters
        ----------
        y, y_pred : arrays (n, N)
            Images and their reconstructions, in [0, 1].
        t_mean, t_log_var : arrays (n, T)
            Mean of q(t | x), and the logarithm of its variance.

        Returns
        -------
        float
            In nats, at least 0. A reconstruction of exactly 0 or 1 on the wrong side costs 707 nats (86 in float32).

        Raises
        ------
        BadArrayError
            For NaN, infinity, and images or reconstructions outside [0, 1].
        BadShapeError
            If ranks or lengths do not fit.
        """
        return run(negative_bound, _images("VAELoss", y, y_pred, t_mean, t_log_var))[0][()]

    @staticmethod
    def grad(y, y_pred, t_mean, t_log_var):
        """Return the gradients with respect to `y_pred`, `t_log_var` and `t_mean`, in this order.

        Parameters
        ----------
        y, y_pred, t_mean, t_log_var : arrays
            As `loss` takes them.

        Returns
        -------
        dY_pred : array (n, N)
        dLogVar, dMean : arrays (n, T)
        """
        return tuple(run(slopes_of_bound, _images("VAELoss.grad", y, y_pred, t_mean, t_log_var)))


def _images(who, y, y_pred, t_mean, t_log_var):
    arrays = floats(who, y=y, y_pred=y_pred, t_mean=t_mean, t_log_var=t_log_var)
    for name, array in arrays.items():
        require_rank(who, name, array, 2, wanted="it must have two axes, with the examples first: "
                                                 "array.reshape(len(array), -1)")
    require_equal(who, "y_pred", arrays["y_pred"], "y", arrays["y"])
    require_equal(who, "t_log_var", arrays["t_log_var"], "t_mean", arrays["t_mean"])
    if len(arrays["t_mean"]) != len(arrays["y"]):
        raise BadShapeError(f"{who}: t_mean has {len(arrays['t_mean'])} rows, but y has {len(arrays['y'])}; pass one "
                            f"code for each image")
    require_rows(who, "y", arrays["y"])
    for name in ("y", "y_pred"):
        low, high = arrays[name].min(initial=0), arrays[name].max(initial=0)
        if low < 0 or high > 1:
            way = "divide pixels by 255" if name == "y" else "let the decoder end in a sigmoid"
            raise BadArrayError(f"{who}: {name} ranges from {low:g} to {high:g}, but all numbers must be in [0, 1], so "
                                f"{way}")
    return arrays
