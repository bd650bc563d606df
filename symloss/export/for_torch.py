"""Losses for PyTorch: functions of tensors that autograd can differentiate once or twice."""

import functools

import numpy as np

from .._packages import needed
from ..errors import SpecError
from .port_loss import PortLoss


class TorchLoss:
    """A loss as a function of tensors; see `torch`."""

    def __init__(self, loss="mse", *, how=None, activation=None, mode=None, **options):
        self._made_of = {"loss": loss, "how": how, "activation": activation, "mode": mode, **options}
        self.loss = PortLoss(loss, options, "export.torch", how, activation, mode)
        needed("torch", "export.torch", "torch")

    @property
    def __name__(self):
        return self.loss.name

    def __call__(self, *tensors, weights=None):
        """Return the loss of tensors, one for each port, as a tensor that has a gradient."""
        library = needed("torch", "export.torch", "torch")
        given = [*tensors, *([] if weights is None else [weights])]
        if any(not isinstance(t, library.Tensor) for t in given):
            raise SpecError("export.torch: some arguments are not tensors. Pass torch.as_tensor(array)")
        given = [t.float() if t.dtype in (library.float16, library.bfloat16) else t for t in given]
        count = len(tensors)
        arrays = self.loss.arrays([_array(t) for t in given[:count]], *map(_array, given[count:]))
        checked = [t if t.is_floating_point() else library.as_tensor(np.array(a))
                   for t, a in zip(given, arrays, strict=True)]
        wrt = tuple(i for i, t in enumerate(checked) if t.requires_grad)
        return _functions()[0].apply(self.loss, wrt, *checked)

    def __reduce__(self):
        return _made, (self._made_of,)

    def __repr__(self):
        return f"<{', '.join(self.loss.ports)} -> {self.loss.name} ({self.loss.how}), for PyTorch>"


def torch(loss="mse", *, how=None, activation=None, mode=None, **options) -> TorchLoss:
    """Return a loss as a function of PyTorch's tensors: ``f(prediction, target, weights=None)``.

    symloss computes the value and the gradients on the CPU; tensors on other devices are copied there and back.
    Autograd can differentiate the loss, and its gradient once more, with respect to all floating-point tensors that
    require a gradient: predictions, targets and weights.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
        The loss. A list is a sum of losses; pass a dict to give one a weight, ``{"form": "mae", "weight": 0.5}``.
    how : str or None
        The reduction: 'mean', 'count', 'batch mean', 'sum', or 'none' for one value per item; see `losses.reduce`.
        None: 'mean', or the default of the library that you name with ``like=``.
    activation : str or None
        Activation that is applied to the first tensor before the loss: 'softmax' or 'sigmoid', for logits.
    mode : str or None
        The backend; see `compiling.resolve`.
    **options
        Hyperparameters of the loss, and ``like=``.

    Returns
    -------
    TorchLoss
        A function of one tensor for each port of the loss: (prediction, target), (mean, variance, target), ...

    Raises
    ------
    ImportError
        If PyTorch is not installed: ``pip install 'symloss[torch]'``.
    SpecError, UnknownNameError
        For a loss that has no value for each single item, and for unknown names.
    """
    return TorchLoss(loss, how=how, activation=activation, mode=mode, **options)


def _made(arguments):
    return TorchLoss(**arguments)


def _array(tensor):
    return tensor.detach().cpu().numpy()


@functools.cache
def _functions():
    """Return two functions of autograd: a loss, and its gradients, which have a derivative of their own."""
    import torch as library

    def like(array, tensor):
        return library.as_tensor(np.array(array), device=tensor.device)

    def spread(found, wrt, before, count):
        """Return what backward returns: None for what has no gradient."""
        at = dict(zip(wrt, found, strict=True))
        return (*before, *(at.get(i) for i in range(count)))

    class Value(library.autograd.Function):
        @staticmethod
        def forward(ctx, loss, wrt, *tensors):
            ctx.loss, ctx.wrt = loss, wrt
            ctx.save_for_backward(*tensors)
            arrays = [_array(t) for t in tensors]
            return like(loss.function("value", arrays)(*arrays)[0], tensors[0])

        @staticmethod
        def backward(ctx, u):
            tensors = ctx.saved_tensors
            found = Slopes.apply(ctx.loss, ctx.wrt, u, *tensors)
            return spread(found, ctx.wrt, (None, None), len(tensors))

    class Slopes(library.autograd.Function):
        @staticmethod
        def forward(ctx, loss, wrt, u, *tensors):
            ctx.loss, ctx.wrt = loss, wrt
            ctx.save_for_backward(u, *tensors)
            arrays = [_array(t) for t in tensors]
            found = loss.function("slopes", arrays, wrt)(*arrays, _array(u))
            return tuple(like(slope, tensors[i]) for slope, i in zip(found, wrt, strict=True))

        @staticmethod
        @library.autograd.function.once_differentiable
        def backward(ctx, *v):
            u, *tensors = ctx.saved_tensors
            arrays = [_array(t) for t in tensors]
            found = ctx.loss.function("products", arrays, ctx.wrt)(*arrays, _array(u), *map(_array, v))
            first, *others = (like(a, u) for a in found)
            return spread(others, ctx.wrt, (None, None, first), len(tensors))

    return Value, Slopes
