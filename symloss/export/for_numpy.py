"""Losses as plain functions of arrays."""

import numpy as np

from ..errors import SpecError
from .port_loss import PortLoss


class ArrayLoss:
    """A loss as a function of arrays; see `numpy`."""

    def __init__(self, loss="mse", *, gradient=False, how=None, activation=None, mode=None, **options):
        self._made_of = {"loss": loss, "gradient": gradient, "how": how, "activation": activation, "mode": mode,
                         **options}
        self.loss = PortLoss(loss, options, "export.numpy", how, activation, mode)
        self.returns_gradient = bool(gradient)

    @property
    def __name__(self):
        return self.loss.name

    def __call__(self, *arrays, weights=None):
        """Return the loss of arrays, one for each port; with ``gradient=True`` (loss, gradient)."""
        return (self.value_and_gradient if self.returns_gradient else self.value)(*arrays, weights=weights)

    def value(self, *arrays, weights=None):
        """Return the loss: a float, or an array with ``how="none"``."""
        arrays = self.loss.arrays(arrays, weights)
        return _plain(self.loss.function("value", arrays)(*arrays)[0])

    def gradient(self, *arrays, weights=None):
        """Return the gradient with respect to the prediction; a tuple if the loss has several prediction ports."""
        return self.value_and_gradient(*arrays, weights=weights)[1]

    def value_and_gradient(self, *arrays, weights=None):
        """Return the loss and its gradient, computed by one compiled function."""
        arrays = self.loss.arrays(arrays, weights)
        ports = self.loss.ports
        wrt = tuple(i for i, port in enumerate(ports) if port != "target")
        if whole := [ports[i] for i in wrt if arrays[i].dtype.kind != "f"]:
            raise SpecError(f"export.numpy: there is no gradient with respect to {whole[0]}, because its dtype is "
                            f"{arrays[wrt[0]].dtype}. Pass floats")
        value, *slopes = self.loss.function("both", arrays, wrt)(*arrays)
        return _plain(value), slopes[0] if len(slopes) == 1 else tuple(slopes)

    def __reduce__(self):
        return _made, (self._made_of,)

    def __repr__(self):
        return f"<{', '.join(self.loss.ports)} -> {self.loss.name} ({self.loss.how})>"


def numpy(loss="mse", *, gradient=False, how=None, activation=None, mode=None, **options) -> ArrayLoss:
    """Return a loss as a plain function of arrays: ``f(prediction, target, weights=None)``.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
        The loss. A list is a sum of losses; pass a dict to give one a weight, ``{"form": "mae", "weight": 0.5}``.
    gradient : bool
        Whether the function returns (value, gradient) instead of the value. ``f.value``, ``f.gradient`` and
        ``f.value_and_gradient`` are always available.
    how : str or None
        The reduction: 'mean', 'count', 'batch mean', 'sum', or 'none' for one value per item; see `losses.reduce`.
        None: 'mean', or the default of the library that you name with ``like=``. With 'none', the gradient is that of
        the sum.
    activation : str or None
        Activation that is applied to the first array before the loss: 'softmax' or 'sigmoid', for logits.
    mode : str or None
        The backend; see `compiling.resolve`.
    **options
        Hyperparameters of the loss, and ``like=``.

    Returns
    -------
    ArrayLoss
        A function of one array for each port of the loss: (prediction, target), (mean, variance, target), ...

    Raises
    ------
    SpecError, UnknownNameError
        For a loss that has no value for each single item, and for unknown names.

    >>> f = numpy("huber", delta=1.0, gradient=True)
    >>> value, slope = f([3.0, 0.5], [0.0, 0.0])
    >>> value, slope.tolist()
    (1.3125, [0.5, 0.25])
    """
    return ArrayLoss(loss, gradient=gradient, how=how, activation=activation, mode=mode, **options)


def _made(arguments):
    return ArrayLoss(**arguments)


def _plain(value):
    return value.item() if np.ndim(value) == 0 else value
