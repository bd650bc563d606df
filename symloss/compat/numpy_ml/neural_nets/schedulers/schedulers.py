"""Learning rates: constant, exponential, Noam's, and King's, which watches the loss."""

from abc import ABC, abstractmethod
from copy import deepcopy
from math import erf, isfinite

import numpy as np

from .....errors import SpecError
from ...errors import no_such
from ..options import nothing_else, number, parsed

__all__ = ["ConstantScheduler", "ExponentialScheduler", "KingScheduler", "NoamScheduler", "SchedulerBase",
           "SchedulerInitializer", "gaussian_cdf"]


def gaussian_cdf(x, mean, var):
    """Return the probability that a normal number with this mean and variance is at most `x`."""
    return (1 + erf((x - mean) / np.sqrt(2 * (var + np.finfo(float).eps)))) / 2


class SchedulerBase(ABC):
    """A learning rate by step. Your own subclass defines `learning_rate`."""

    def __init__(self):
        self.hyperparameters = {}

    def __call__(self, step=None, cur_loss=None):
        return self.learning_rate(step=step, cur_loss=cur_loss)

    def copy(self):
        """Return a copy."""
        return deepcopy(self)

    def set_params(self, hparam_dict):
        """Set hyperparameters from a dict; they act from the next step on. Other keys, such as 'id', are ignored."""
        for name, value in (hparam_dict or {}).items():
            if name in self.hyperparameters and name != "id":
                self.hyperparameters[name] = value
                setattr(self, name, value)

    @abstractmethod
    def learning_rate(self, step=None, cur_loss=None):
        """Return the learning rate of a step."""

    def _become(self, name, **options):
        self.hyperparameters = {"id": name, **options}
        for option, value in options.items():
            setattr(self, option, value)

    def __str__(self):
        options = ", ".join(f"{name}={value}" for name, value in self.hyperparameters.items() if name != "id")
        return f"{type(self).__name__}({options})"


class ConstantScheduler(SchedulerBase):
    """The same learning rate at every step.

    Parameters
    ----------
    lr : float
    """

    def __init__(self, lr=0.01, **kwargs):
        super().__init__()
        nothing_else("ConstantScheduler", ["lr"], kwargs)
        self._become("ConstantScheduler", lr=number("ConstantScheduler", "lr", lr))

    def learning_rate(self, step=None, cur_loss=None):
        return self.lr


class ExponentialScheduler(SchedulerBase):
    r"""A learning rate that decays, :math:`\eta_0 d^{t / l}`.

    Parameters
    ----------
    initial_lr : float
        At step 0.
    stage_length : int
        Number l of steps in which it decays by `decay`.
    staircase : bool
        Whether it only changes between stages.
    decay : float
        Factor d of a stage.

    >>> round(ExponentialScheduler(0.1, stage_length=10, decay=0.5)(20), 6)
    0.025
    """

    def __init__(self, initial_lr=0.01, stage_length=500, staircase=False, decay=0.1, **kwargs):
        super().__init__()
        who = "ExponentialScheduler"
        nothing_else(who, ["initial_lr", "stage_length", "staircase", "decay"], kwargs)
        self._become("StepScheduler", initial_lr=number(who, "initial_lr", initial_lr),
                     stage_length=number(who, "stage_length", stage_length, above=True), staircase=bool(staircase),
                     decay=number(who, "decay", decay))

    def learning_rate(self, step, cur_loss=None):
        stage = step / self.stage_length
        return self.initial_lr * self.decay ** (np.floor(stage) if self.staircase else stage)


class NoamScheduler(SchedulerBase):
    r"""A learning rate that grows from 0 and then decays, :math:`s\, m^{-1/2} \min(t^{-1/2}, t\, w^{-3/2})`.

    Parameters
    ----------
    model_dim : int
        Number m of a layer's outputs.
    scale_factor : float
        Factor s.
    warmup_steps : int
        Number w of steps in which it grows.

    References
    ----------
    Vaswani et al. (2017), "Attention Is All You Need", NIPS.
    """

    def __init__(self, model_dim=512, scale_factor=1, warmup_steps=4000, **kwargs):
        super().__init__()
        who = "NoamScheduler"
        nothing_else(who, ["model_dim", "scale_factor", "warmup_steps"], kwargs)
        self._become(who, model_dim=number(who, "model_dim", model_dim, above=True),
                     scale_factor=number(who, "scale_factor", scale_factor),
                     warmup_steps=number(who, "warmup_steps", warmup_steps, above=True))

    def learning_rate(self, step, cur_loss=None):
        growing = step * self.warmup_steps**-1.5
        return self.scale_factor * self.model_dim**-0.5 * (min(step**-0.5, growing) if step > 0 else 0.0)


class KingScheduler(SchedulerBase):
    """A learning rate that decays when the loss has probably not fallen for `patience` steps.

    A line is fitted to the last losses, once to all of them and once without the largest tenth. If the probability of
    a negative slope is less than 0.51 both times, the rate is multiplied by `decay`.

    Parameters
    ----------
    initial_lr : float
    patience : int
        Number of steps, at least 2: a line through fewer losses has no deviation.
    decay : float
        Factor of the learning rate.

    References
    ----------
    King (2018), "Automatic Learning Rate Scheduling That Really Works", blog.dlib.net.
    """

    def __init__(self, initial_lr=0.01, patience=1000, decay=0.99, **kwargs):
        super().__init__()
        who = "KingScheduler"
        nothing_else(who, ["initial_lr", "patience", "decay"], kwargs)
        self.loss_history = []
        self._become(who, initial_lr=number(who, "initial_lr", initial_lr),
                     patience=number(who, "patience", patience, 2), decay=number(who, "decay", decay))
        self.current_lr = initial_lr

    def set_params(self, hparam_dict):
        """Set hyperparameters from a dict; a new `initial_lr` restarts the schedule."""
        super().set_params(hparam_dict)
        if "initial_lr" in (hparam_dict or {}):
            self.current_lr = self.initial_lr

    @property
    def max_history(self) -> int:
        """Number of losses that are kept."""
        return int(np.ceil(1.1 * (self.patience + 1)))

    def learning_rate(self, step=None, cur_loss=None):
        """Return the learning rate after one more loss.

        Raises
        ------
        SpecError
            Without a loss; it is a ValueError.
        """
        if cur_loss is None or not isfinite(cur_loss):
            raise SpecError(f"KingScheduler: cur_loss must be a finite number, got {cur_loss!r}; pass the loss with "
                            f"each update: update(cur_loss=loss)")
        self.loss_history = [*self.loss_history, float(cur_loss)][-self.max_history:]
        if len(self.loss_history) > self.patience and self._stands_still():
            self.current_lr *= self.decay
        return self.current_lr

    def _stands_still(self) -> bool:
        """Return whether more than `patience` losses do not fall, with and without their greatest tenth."""
        losses = np.array(self.loss_history)
        robust = losses[losses <= np.quantile(losses, 0.9)]
        return all(len(some) > self.patience and _probably_falls(some[-int(self.patience) - 1:]) < 0.51
                   for some in (losses, robust))


def _probably_falls(losses) -> float:
    """Return the probability that the slope of the least squares line through losses is negative."""
    n = len(losses)
    slope, start = np.polyfit(np.arange(n), losses, 1)
    deviation = np.sum((losses - slope * np.arange(n) - start) ** 2) / (n - 2)
    return gaussian_cdf(0, slope, 12 * deviation / (n**3 - n))


SCHEDULERS = {cls.__name__.lower(): cls
              for cls in (ConstantScheduler, ExponentialScheduler, NoamScheduler, KingScheduler)}
SCHEDULERS |= {name.removesuffix("scheduler"): cls for name, cls in SCHEDULERS.items()}
SCHEDULERS["stepscheduler"] = ExponentialScheduler


class SchedulerInitializer:
    """Makes a scheduler from its description.

    Parameters
    ----------
    param : str, SchedulerBase, dict or None
        Its text, as ``str`` gives it; a scheduler; a dict with its 'hyperparameters'; None: constant.
    lr : float or None
        The learning rate of a constant one.
    """

    def __init__(self, param=None, lr=None):
        if lr is None and param is None:
            raise SpecError("SchedulerInitializer: lr and param are both None; pass one of them")
        self.param, self.lr = param, lr

    def __call__(self) -> SchedulerBase:
        if self.param is None:
            return ConstantScheduler(self.lr)
        if isinstance(self.param, SchedulerBase):
            return self.param
        if isinstance(self.param, str):
            name, options = parsed("scheduler", self.param)
            if SCHEDULERS.get(name) is ConstantScheduler and self.lr is not None:
                options.setdefault("lr", self.lr)
            return _named(name)(**options)
        if isinstance(self.param, dict) and "hyperparameters" in self.param:
            found = dict(self.param["hyperparameters"])
            return _named(str(found.pop("id", None)).lower())(**found)
        raise SpecError(f"scheduler {self.param!r} is not valid; pass a text such as "
                        f"'NoamScheduler(warmup_steps=100)', a scheduler, a dict with 'hyperparameters', or None")


def _named(name):
    if name not in SCHEDULERS:
        raise no_such("scheduler", name, [cls.__name__ for cls in dict.fromkeys(SCHEDULERS.values())])
    return SCHEDULERS[name]
