"""SGD, AdaGrad, RMSProp and Adam, called with an array, its gradient and its name."""

from abc import ABC, abstractmethod
from copy import deepcopy

import numpy as np

from .....updates import downhill, running_mean, without_bias
from ...compiled import floats, require_equal
from ..options import nothing_else, number
from ..schedulers import ConstantScheduler, SchedulerInitializer

__all__ = ["SGD", "AdaGrad", "Adam", "OptimizerBase", "RMSProp"]


class OptimizerBase(ABC):
    """An update rule with its state: ``optimizer(param, grad, name)`` returns the new value of a parameter.

    Your own subclass defines `update`.

    Parameters
    ----------
    lr : float
        The learning rate.
    scheduler : str, scheduler or None
        Schedule of the learning rate. None means a constant rate.
    """

    def __init__(self, lr, scheduler=None):
        self.cache, self.cur_step, self.hyperparameters = {}, 0, {}
        self.lr_scheduler = SchedulerInitializer(scheduler, lr=number(type(self).__name__, "lr", lr))()

    def __call__(self, param, param_grad, param_name, cur_loss=None):
        return self.update(param, param_grad, param_name, cur_loss)

    def step(self):
        """Increase the number of steps by one."""
        self.cur_step += 1

    def reset_step(self):
        """Set the number of steps to 0."""
        self.cur_step = 0

    def copy(self):
        """Return a copy, with its state."""
        return deepcopy(self)

    def set_params(self, hparam_dict=None, cache_dict=None):
        """Set hyperparameters and state from dicts, and return the optimizer.

        Parameters
        ----------
        hparam_dict : dict or None
            In the form of `hyperparameters`. A learning rate without a scheduler is constant.
        cache_dict : dict or None
            In the form of `cache`.
        """
        known = {name: value for name, value in (hparam_dict or {}).items() if name in self.hyperparameters}
        self.hyperparameters |= known
        if "lr_scheduler" in known:
            self._schedule(SchedulerInitializer(known["lr_scheduler"], lr=self.hyperparameters["lr"])())
        elif "lr" in known and isinstance(self.lr_scheduler, ConstantScheduler):
            self._schedule(ConstantScheduler(known["lr"]))
        self.cache |= deepcopy(cache_dict or {})
        return self

    def _schedule(self, scheduler):
        self.lr_scheduler = scheduler
        self.hyperparameters["lr_scheduler"] = str(scheduler)

    @abstractmethod
    def update(self, param, param_grad, param_name, cur_loss=None):
        """Return the new value of a parameter."""

    def __str__(self):
        options = ", ".join(f"{name}={value}" for name, value in self.hyperparameters.items() if name != "id")
        return f"{type(self).__name__}({options})"


class Rule(OptimizerBase):
    """What the four rules share: hyperparameters, clipping, and the place of each parameter's state."""

    def _begin(self, lr, lr_scheduler, others, clip_norm, **options):
        """Keep options, in numpy_ml's order; `others` are what nothing takes."""
        super().__init__(lr, lr_scheduler)
        who = type(self).__name__
        nothing_else(who, ["lr", *options, "clip_norm", "lr_scheduler"], others)
        if clip_norm is not None:
            number(who, "clip_norm", clip_norm, above=True)
        self.hyperparameters = {"id": who, "lr": lr, **options, "clip_norm": clip_norm,
                                "lr_scheduler": str(self.lr_scheduler)}

    def update(self, param, param_grad, param_name, cur_loss=None):
        """Return the new value of a parameter.

        Parameters
        ----------
        param, param_grad : arrays of one shape
        param_name : str
            Name under which `cache` keeps the state.
        cur_loss : float or None
            The loss, which KingScheduler needs.

        Raises
        ------
        BadArrayError
            For a gradient that is not finite.
        BadShapeError
            If the shapes differ.
        """
        who = f"{type(self).__name__}: {param_name}"
        arrays = floats(who, param=param, param_grad=param_grad)
        require_equal(who, "param_grad", arrays["param_grad"], "param", arrays["param"])
        rate = self.lr_scheduler(self.cur_step, cur_loss)
        step = self._step(self._clipped(arrays["param_grad"]), param_name, rate)
        return downhill(arrays["param"], step, 1)

    def _clipped(self, gradient):
        greatest, length = self.hyperparameters["clip_norm"], np.linalg.norm(gradient)
        return gradient if greatest is None or length <= greatest else gradient * (greatest / length)

    def _mean(self, kept, value, factor):
        """Return the running mean of a value, which starts at 0."""
        return running_mean(np.zeros_like(value) if kept is None else kept, value, factor)

    @abstractmethod
    def _step(self, gradient, name, rate):
        """Return what is taken off a parameter, and keep the state in `cache`."""


class SGD(Rule):
    r"""Gradient descent with momentum, :math:`v \leftarrow \mu v + \eta g`, :math:`\theta \leftarrow \theta - v`.

    Parameters
    ----------
    lr : float
    momentum : float from 0 to 1
    clip_norm : float or None
        Largest Euclidean norm of the gradient of a parameter; longer gradients are shortened.
    lr_scheduler : str, scheduler or None

    >>> float(SGD(lr=0.5)(np.array([1.0]), np.array([1.0]), "W")[0])
    0.5
    """

    def __init__(self, lr=0.01, momentum=0.0, clip_norm=None, lr_scheduler=None, **kwargs):
        self._begin(lr, lr_scheduler, kwargs, clip_norm, momentum=number("SGD", "momentum", momentum, 0, 1))

    def _step(self, gradient, name, rate):
        last = self.cache.get(name, np.zeros_like(gradient))
        self.cache[name] = self.hyperparameters["momentum"] * last + rate * gradient
        return self.cache[name]


class AdaGrad(Rule):
    r"""Steps divided by the root of the sum of squared gradients, :math:`\eta g / (\sqrt{\sum g^2} + \epsilon)`.

    Parameters
    ----------
    lr, eps : float
    clip_norm : float or None
        Largest Euclidean norm of the gradient of a parameter; longer gradients are shortened.
    lr_scheduler : str, scheduler or None
    """

    def __init__(self, lr=0.01, eps=1e-7, clip_norm=None, lr_scheduler=None, **kwargs):
        self._begin(lr, lr_scheduler, kwargs, clip_norm, eps=number("AdaGrad", "eps", eps))

    def _step(self, gradient, name, rate):
        self.cache[name] = self.cache.get(name, np.zeros_like(gradient)) + gradient**2
        return _over(rate * gradient, self.cache[name], self.hyperparameters["eps"])


class RMSProp(Rule):
    r"""Steps divided by the root of the mean squared gradient, :math:`\eta g / (\sqrt{\overline{g^2}} + \epsilon)`.

    Parameters
    ----------
    lr, eps : float
    decay : float from 0 to 1
        Factor of the running mean.
    clip_norm : float or None
        Largest Euclidean norm of the gradient of a parameter; longer gradients are shortened.
    lr_scheduler : str, scheduler or None
    """

    def __init__(self, lr=0.001, decay=0.9, eps=1e-7, clip_norm=None, lr_scheduler=None, **kwargs):
        self._begin(lr, lr_scheduler, kwargs, clip_norm, eps=number("RMSProp", "eps", eps),
                    decay=number("RMSProp", "decay", decay, 0, 1))

    def _step(self, gradient, name, rate):
        self.cache[name] = self._mean(self.cache.get(name), gradient**2, self.hyperparameters["decay"])
        return _over(rate * gradient, self.cache[name], self.hyperparameters["eps"])


class Adam(Rule):
    r"""Mean gradient divided by the root of the mean squared gradient, both with bias correction (Kingma & Ba 2015).

    Parameters
    ----------
    lr, eps : float
    decay1, decay2 : float of at least 0 and below 1
        Factors of the running means of gradients and of their squares.
    clip_norm : float or None
        Largest Euclidean norm of the gradient of a parameter; longer gradients are shortened.
    lr_scheduler : str, scheduler or None
    """

    def __init__(self, lr=0.001, decay1=0.9, decay2=0.999, eps=1e-7, clip_norm=None, lr_scheduler=None, **kwargs):
        below = np.nextafter(1, 0)
        self._begin(lr, lr_scheduler, kwargs, clip_norm, decay1=number("Adam", "decay1", decay1, 0, below),
                    decay2=number("Adam", "decay2", decay2, 0, below), eps=number("Adam", "eps", eps))

    def _step(self, gradient, name, rate):
        state, options = self.cache.get(name, {"t": 0, "mean": None, "var": None}), self.hyperparameters
        t, first, second = state["t"] + 1, options["decay1"], options["decay2"]
        self.cache[name] = {"t": t, "mean": self._mean(state["mean"], gradient, first),
                            "var": self._mean(state["var"], gradient**2, second)}
        mean, var = self.cache[name]["mean"], self.cache[name]["var"]
        return _over(rate * mean / without_bias(first, t), var / without_bias(second, t), options["eps"])


def _over(step, squares, eps):
    """Return a step over the root of squares; 0 where both are 0, also without `eps`."""
    below = np.sqrt(squares) + eps
    return np.divide(step, below, out=np.zeros_like(step), where=below != 0)
