"""Activations, schedulers, optimizers and initial weights by name."""

import numpy as np

from .....errors import SpecError
from ...errors import no_such
from ...random import get_rng
from .. import activations, optimizers, utils
from ..options import parsed
from ..schedulers import SchedulerInitializer

__all__ = ["ActivationInitializer", "OptimizerInitializer", "SchedulerInitializer", "WeightInitializer"]

ACTIVATIONS = {name.lower(): getattr(activations, name) for name in activations.__all__ if name != "ActivationBase"}
OPTIMIZERS = {name.lower(): getattr(optimizers, name) for name in optimizers.__all__ if name != "OptimizerBase"}


class ActivationInitializer:
    """Makes an activation from its description.

    Parameters
    ----------
    param : str, ActivationBase or None
        A name or text such as 'relu' or 'Leaky ReLU(alpha=0.1)'; an activation; None: the identity.

    >>> str(ActivationInitializer("leaky relu(alpha=0.1)")())
    'Leaky ReLU(alpha=0.1)'
    """

    def __init__(self, param=None):
        self.param = param

    def __call__(self):
        if self.param is None:
            return activations.Identity()
        if isinstance(self.param, activations.ActivationBase):
            return self.param
        name, options = parsed("activation", self.param) if isinstance(self.param, str) else (self.param, {})
        if not isinstance(name, str) or name not in ACTIVATIONS:
            raise no_such("activation", self.param, [cls.__name__ for cls in ACTIVATIONS.values()])
        return ACTIVATIONS[name](**options)


class OptimizerInitializer:
    """Makes an optimizer from its description.

    Parameters
    ----------
    param : str, OptimizerBase, dict or None
        A name or text such as 'adam' or 'SGD(lr=0.1, momentum=0.9)'; an optimizer; a dict with 'hyperparameters' and
        optionally the state, 'cache'; None: SGD.

    >>> str(OptimizerInitializer("SGD(lr=0.1, momentum=0.9)")())
    'SGD(lr=0.1, momentum=0.9, clip_norm=None, lr_scheduler=ConstantScheduler(lr=0.1))'
    """

    def __init__(self, param=None):
        self.param = param

    def __call__(self):
        if self.param is None:
            return optimizers.SGD()
        if isinstance(self.param, optimizers.OptimizerBase):
            return self.param
        if isinstance(self.param, str):
            name, options = parsed("optimizer", self.param)
            return self._named(name)(**options)
        if isinstance(self.param, dict) and "hyperparameters" in self.param:
            options = self.param["hyperparameters"]
            made = self._named(str(options.get("id")).lower())
            return made().set_params(options, self.param.get("cache"))
        raise SpecError(f"optimizer {self.param!r} is not valid; pass a text such as 'SGD(lr=0.1)', an optimizer, a "
                        f"dict with 'hyperparameters', or None")

    def _named(self, name):
        if name not in OPTIMIZERS:
            raise no_such("optimizer", name, [cls.__name__ for cls in OPTIMIZERS.values()])
        return OPTIMIZERS[name]


class WeightInitializer:
    """Draws initial weights.

    Parameters
    ----------
    act_fn_str : str
        The activation after these weights; the gain of 'glorot_uniform' and 'glorot_normal' depends on it.
    mode : str
        'he_normal', 'he_uniform', 'glorot_normal', 'glorot_uniform', 'std_normal' or 'trunc_normal'.
    """

    modes = ("he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "std_normal", "trunc_normal")

    def __init__(self, act_fn_str, mode="glorot_uniform"):
        if mode not in self.modes:
            raise no_such("initialization", mode, self.modes)
        self.act_fn, self.mode = act_fn_str, mode

    def __call__(self, weight_shape):
        if self.mode == "std_normal":
            return get_rng().normal(size=weight_shape)
        if self.mode == "trunc_normal":
            return utils.truncated_normal(0, 1, weight_shape)
        draw = getattr(utils, self.mode)
        return draw(weight_shape, self._gain()) if "glorot" in self.mode else draw(weight_shape)

    def _gain(self):
        """Return the factor that an activation asks for (He et al. 2015)."""
        act_fn = ActivationInitializer(self.act_fn)()
        if isinstance(act_fn, activations.Tanh):
            return 5 / 3
        if isinstance(act_fn, activations.ReLU):
            return np.sqrt(2)
        return np.sqrt(2 / (1 + act_fn.alpha**2)) if isinstance(act_fn, activations.LeakyReLU) else 1.0
