"""Losses for PyTorch: functions of tensors that autograd differentiates, twice if it is asked to."""

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
            raise SpecError("export.torch: arguments that are no tensors; pass torch.as_tensor(array)")
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

    Value and gradients are computed by symloss on the CPU, with tensors of other devices copied there and back.
    Autograd goes through it, and through its gradient once more; gradients reach every tensor of floats that wants
    one: predictions, targets and weights.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
        A list is a sum; a weight stands in a dict, ``{"form": "mae", "weight": 0.5}``.
    how : str or None
        The reduction: 'mean', 'count', 'batch mean', 'sum', or 'none' for a value an item; see `losses.reduce`. None:
        'mean', or what is usual in the system that ``like=`` names.
    activation : str or None
        What the first tensor goes through before the loss: 'softmax' or 'sigmoid', for logits.
    mode : str or None
        What compiles; see `compiling.resolve`.
    **options
        Hyperparameters of the loss, and ``like=``.

    Returns
    -------
    TorchLoss
        A function of one tensor for each port of the loss: (prediction, target), (mean, variance, target), ...

    Raises
    ------
    ImportError
        Without PyTorch: ``pip install 'symloss[torch]'``.
    SpecError, UnknownNameError
        For a loss that has no values for single items, and for unknown names.
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
