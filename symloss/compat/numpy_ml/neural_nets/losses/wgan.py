"""WGAN_GPLoss: the losses of a Wasserstein GAN's critic and generator."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from .....errors import SpecError
from ...compiled import core, floats, require_rank, require_rows, run
from ...errors import BadShapeError, no_such
from ..options import number
from .base import ObjectiveBase


def of_critic(Y_fake, Y_real, gradInterp, lambda_):  # noqa: N803
    """Return the critic's loss: difference of mean scores, and mean penalty of the given gradients.

    The penalty is that of a linear critic with these gradients as its slopes.
    """
    at = pt.zeros_like(gradInterp)
    penalty = core("gradient_penalty")((gradInterp * at).sum(axis=1), at, penalty=lambda_)
    return [core("wasserstein_critic")(Y_real.mean(), Y_fake.mean()) + penalty.mean()]


def slopes_of_critic(Y_fake, Y_real, gradInterp, lambda_):  # noqa: N803
    """Return the gradients of the critic's loss."""
    return pytensor.grad(of_critic(Y_fake, Y_real, gradInterp, lambda_)[0], [Y_fake, Y_real, gradInterp])


def of_generator(Y_fake):  # noqa: N803
    """Return the generator's loss."""
    return [core("wasserstein_generator")(Y_fake).mean()]


def slope_of_generator(Y_fake):  # noqa: N803
    """Return its gradient."""
    return [pytensor.grad(of_generator(Y_fake)[0], Y_fake)]


class WGAN_GPLoss(ObjectiveBase):  # noqa: N801
    r"""Losses of a Wasserstein GAN with gradient penalty: of the critic ('C') and of the generator ('G').

    .. math:: L_C = \overline{D(x_f)} - \overline{D(x_r)} + \lambda \overline{(\|\nabla_x D(x_i)\|_2 - 1)^2}, \quad
              L_G = -\overline{D(x_f)}

    Parameters
    ----------
    lambda_ : float, at least 0
        Weight of the penalty.

    References
    ----------
    Gulrajani et al. (2017), "Improved Training of Wasserstein GANs", NIPS.

    >>> loss = WGAN_GPLoss(lambda_=10)
    >>> float(loss([1.0], "C", Y_real=[3.0], gradInterp=[[2.0]])), float(loss([1.0], "G"))
    (8.0, -1.0)
    >>> [slope.tolist() for slope in loss.grad([1.0], "C", Y_real=[3.0], gradInterp=[[2.0]])]
    [[1.0], [-1.0], [[20.0]]]
    """

    def __init__(self, lambda_=10):
        self.lambda_ = number("WGAN_GPLoss", "lambda_", lambda_)

    def __call__(self, Y_fake, module, Y_real=None, gradInterp=None):  # noqa: N803
        return self.loss(Y_fake, module, Y_real=Y_real, gradInterp=gradInterp)

    def __str__(self):
        return f"WGANLossGP(lambda_={self.lambda_})"

    def loss(self, Y_fake, module, Y_real=None, gradInterp=None):  # noqa: N803
        """Return the loss of the critic or of the generator, averaged over examples.

        Parameters
        ----------
        Y_fake : array (n,) or (n, 1)
            The critic's scores of generated examples.
        module : 'C' or 'G'
            Whether to compute the loss of the critic or of the generator. The critic needs the other two arrays.
        Y_real : array (m,) or (m, 1), or None
            The critic's scores of real examples; m need not be n.
        gradInterp : array (k, features) or None
            The gradient of the critic's score of each interpolated example with respect to that example.

        Returns
        -------
        float
            In the unit of the scores.

        Raises
        ------
        SpecError
            For another `module`, or a critic's loss without the other arrays; both are ValueErrors.
        BadShapeError, BadArrayError
            For other ranks, no examples, and NaN or infinity.
        """
        arrays = self._arrays("WGAN_GPLoss", Y_fake, module, Y_real, gradInterp)
        return run(of_critic if module == "C" else of_generator, arrays)[0][()]

    def grad(self, Y_fake, module, Y_real=None, gradInterp=None):  # noqa: N803
        """Return the gradient of `loss` with respect to its arrays.

        Parameters
        ----------
        Y_fake, module, Y_real, gradInterp
            As `loss` takes them.

        Returns
        -------
        tuple of 3 arrays, or array
            For the critic, with respect to (Y_fake, Y_real, gradInterp); for the generator, to Y_fake.
        """
        arrays = self._arrays("WGAN_GPLoss.grad", Y_fake, module, Y_real, gradInterp)
        return tuple(run(slopes_of_critic, arrays)) if module == "C" else run(slope_of_generator, arrays)[0]

    def _arrays(self, who, y_fake, module, y_real, slopes):
        if module not in ("C", "G"):
            raise no_such(f"module of {who}:", module, ("C", "G"))
        given = {"Y_fake": y_fake}
        if module == "C":
            given |= {"Y_real": y_real, "gradInterp": slopes}
            missing = [name for name, array in given.items() if array is None]
            if missing:
                raise SpecError(f"{who}: the loss of the critic needs {' and '.join(missing)}, got None; pass "
                                f"loss(Y_fake, 'C', Y_real, gradInterp)")
        arrays = floats(who, **given)
        for name, array in arrays.items():
            if name == "gradInterp":
                require_rank(who, name, array, 2, wanted="pass one row per example, (n, features)")
            elif array.ndim != 1 and (array.ndim != 2 or array.shape[1] != 1):
                raise BadShapeError(f"{who}: {name} has shape {array.shape}; pass one score per example, (n,) or (n, "
                                    f"1)")
            require_rows(who, name, array)
        if module == "C":
            weight = number("WGAN_GPLoss", "lambda_", self.lambda_)
            arrays["lambda_"] = np.asarray(weight, arrays["Y_fake"].dtype)
        return arrays
