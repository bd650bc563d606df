"""Softmax as a layer that remembers its inputs. For models, use the layers of symloss."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from .....errors import SpecError
from ...compiled import floats, require_equal, require_rank, run
from ...errors import BadShapeError, FrozenError
from ..initializers import OptimizerInitializer

__all__ = ["Softmax"]


def probabilities(z):
    """Return the softmax of the rows."""
    return [pt.special.softmax(z, axis=-1)]


def slope_of_probabilities(z, slope):
    """Return the gradient with respect to z for a gradient with respect to its softmax."""
    return [pytensor.grad(None, z, known_grads={probabilities(z)[0]: slope})]


class Softmax:
    """Exponentials over their sum, for logits of any size.

    Parameters
    ----------
    dim : int
        The axis that sums to 1.
    optimizer : str, optimizer, dict or None
        Has no effect, because there are no parameters; it is shown among the hyperparameters.

    >>> Softmax().forward(np.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, dim=-1, optimizer=None):
        self.dim, self.optimizer = dim, OptimizerInitializer(optimizer)()
        self.X, self.n_in, self.trainable = [], None, True
        self.parameters, self.gradients, self.derived_variables = {}, {}, {}

    @property
    def hyperparameters(self) -> dict:
        """Sizes, and the optimizer."""
        return {"layer": "SoftmaxLayer", "n_in": self.n_in, "n_out": self.n_in,
                "optimizer": {"cache": self.optimizer.cache, "hyperparameters": self.optimizer.hyperparameters}}

    def forward(self, X, retain_derived=True):  # noqa: N803
        """Return the probabilities of logits (n_ex, n_in); with `retain_derived`, the logits are remembered."""
        X = floats("Softmax", X=X)["X"]  # noqa: N806
        require_rank("Softmax", "X", X, 2, wanted="it must be (n_ex, n_in)")
        if self.dim not in (-1, 0, 1):
            raise BadShapeError(f"Softmax: dim={self.dim!r} is not valid; X has two axes, so dim must be -1, 0 or 1")
        self.n_in = X.shape[1]
        if retain_derived:
            self.X.append(X)
        return self._turned(run(probabilities, {"z": self._turned(X)})[0])

    def backward(self, dLdy, retain_grads=True):  # noqa: N803
        """Return the gradient with respect to the remembered logits.

        Parameters
        ----------
        dLdy : array (n_ex, n_in), or list of them
            The gradient with respect to the probabilities, one for each `forward`.
        retain_grads : bool
            Has no effect, because there are no parameters.

        Returns
        -------
        array, or list of them
        """
        if not self.trainable:
            raise FrozenError("Softmax.backward: the layer is frozen; call unfreeze() first")
        slopes = dLdy if isinstance(dLdy, list) else [dLdy]
        if len(slopes) != len(self.X):
            raise SpecError(f"Softmax.backward: got {len(slopes)} gradients for {len(self.X)} inputs; pass one for "
                            f"each forward(X, retain_derived=True) since the last flush_gradients()")
        found = [self._by_input(X, slope) for X, slope in zip(self.X, slopes, strict=True)]
        return found[0] if len(found) == 1 else found

    def _by_input(self, X, slope):  # noqa: N803
        arrays = floats("Softmax.backward", X=X, dLdy=slope)
        require_equal("Softmax.backward", "dLdy", arrays["dLdy"], "X", arrays["X"])
        z, slope = (self._turned(array) for array in arrays.values())
        return self._turned(run(slope_of_probabilities, {"z": z, "slope": slope})[0])

    def _turned(self, array):
        """Return an array with the axis that sums to 1 as its last."""
        return np.ascontiguousarray(array.T) if self.dim == 0 else array

    def freeze(self):
        """Freeze the layer, so that `backward` raises an error."""
        self.trainable = False

    def unfreeze(self):
        """Undo `freeze`."""
        self.trainable = True

    def flush_gradients(self):
        """Forget all inputs."""
        if not self.trainable:
            raise FrozenError("Softmax.flush_gradients: the layer is frozen; call unfreeze() first")
        self.X = []
