"""Learning rates that depend on the number of updates, counted from 0, under Keras' names."""

import dataclasses
import math

import numpy as np
import pytensor
import pytensor.tensor as pt

from ....errors import SpecError, unknown
from ....schedules import Schedule
from ..tensors import as_tensor, is_expression


class LearningRateSchedule:
    """A learning rate as a function of the step. A subclass defines ``__call__(self, step)``, with `keras.ops`."""

    known: dict = {}

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        LearningRateSchedule.known[cls.__name__] = cls

    def __call__(self, step):
        raise SpecError(f"{type(self).__name__} has no method __call__(self, step); write one that returns the "
                        f"learning rate")

    def get_config(self) -> dict:
        """Return the arguments that make such a schedule."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    @classmethod
    def from_config(cls, config):
        """Return the schedule that `get_config` describes."""
        return cls(**config)


@dataclasses.dataclass(frozen=True)
class InSteps(Schedule):
    """A schedule of Keras as one of symloss."""

    of: object

    def __call__(self, step):
        made = self.of(step)
        return made if is_expression(made) or not is_expression(step) else pt.as_tensor_variable(
            np.asarray(made, pytensor.config.floatX))


class _Own(LearningRateSchedule):
    """A schedule of this module: its formula is `at(step)`, an expression; of a number, it is a number."""

    def __call__(self, step):
        if is_expression(step):
            return self.at(step)
        step = np.asarray(as_tensor(step), "float64")
        return as_tensor(np.asarray(_computed(self, step), "float32"))

    def at(self, step):
        """Return the learning rate as an expression."""
        raise NotImplementedError


def _computed(schedule, step):
    from ....compiling import function, resolve

    x = pt.dscalar("step")
    return function([x], [schedule.at(x)], resolve("PYTHON"))(step)[0]


def _positive(who, name, value):
    if not isinstance(value, int | float | np.number) or not value > 0:
        raise SpecError(f"{who}: {name}={value!r} is not valid; it must be a number greater than 0")


class ExponentialDecay(_Own):
    """initial decay_rate^(step / decay_steps); with `staircase`, the quotient is rounded down."""

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="ExponentialDecay"):
        _positive("ExponentialDecay", "decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def at(self, step):
        share = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (pt.floor(share) if self.staircase else share)


class InverseTimeDecay(_Own):
    """initial / (1 + decay_rate step / decay_steps); with `staircase`, the quotient is rounded down."""

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="InverseTimeDecay"):
        _positive("InverseTimeDecay", "decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def at(self, step):
        share = step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (pt.floor(share) if self.staircase else share))


class PolynomialDecay(_Own):
    """From `initial` to `end_learning_rate` in decay_steps, along a polynomial; with `cycle`, again and again."""

    def __init__(self, initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False,
                 name="PolynomialDecay"):
        _positive("PolynomialDecay", "decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name

    def at(self, step):
        steps = self.decay_steps
        if self.cycle:
            steps = steps * pt.maximum(pt.ceil(step / steps), 1)
        share = pt.minimum(step / steps, 1)
        return (self.initial_learning_rate - self.end_learning_rate) * (1 - share) ** self.power \
            + self.end_learning_rate


class PiecewiseConstantDecay(_Own):
    """values[0] up to and including the step boundaries[0], then values[1], and so on."""

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise SpecError(f"PiecewiseConstantDecay: got {len(boundaries)} boundaries and {len(values)} values; pass "
                            f"one more value than boundaries")
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def at(self, step):
        made = pt.as_tensor_variable(np.asarray(self.values[-1], step.dtype))
        for boundary, value in reversed(list(zip(self.boundaries, self.values, strict=False))):
            made = pt.switch(pt.le(step, boundary), np.asarray(value, step.dtype), made)
        return made


class CosineDecay(_Own):
    """From `initial` to alpha times it along half a cosine, after a linear rise to `warmup_target` if there is one."""

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None,
                 warmup_steps=0):
        _positive("CosineDecay", "decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.alpha = initial_learning_rate, decay_steps, alpha
        self.name, self.warmup_target, self.warmup_steps = name, warmup_target, warmup_steps

    def at(self, step):
        if self.warmup_target is None:
            return self._falling(step, self.initial_learning_rate)
        rise = self.warmup_target - self.initial_learning_rate
        rising = self.initial_learning_rate + rise * step / max(self.warmup_steps, 1)
        return pt.switch(pt.lt(step, self.warmup_steps), rising,
                         self._falling(step - self.warmup_steps, self.warmup_target))

    def _falling(self, step, top):
        share = pt.minimum(step / self.decay_steps, 1)
        return top * ((1 - self.alpha) * 0.5 * (1 + pt.cos(math.pi * share)) + self.alpha)


class CosineDecayRestarts(_Own):
    """Half cosines again and again, each `t_mul` times as long and from `m_mul` times as high as the one before."""

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0,
                 name="SGDRDecay"):
        _positive("CosineDecayRestarts", "first_decay_steps", first_decay_steps)
        self.initial_learning_rate, self.first_decay_steps, self.alpha = initial_learning_rate, first_decay_steps, alpha
        self.t_mul, self.m_mul, self.name = t_mul, m_mul, name

    def at(self, step):
        share = step / self.first_decay_steps
        if self.t_mul == 1:
            number = pt.floor(share)
            share = share - number
        else:
            number = pt.floor(pt.log(1 - share * (1 - self.t_mul)) / math.log(self.t_mul))
            before = (1 - self.t_mul**number) / (1 - self.t_mul)
            share = (share - before) / self.t_mul**number
        fall = 0.5 * self.m_mul**number * (1 + pt.cos(math.pi * share))
        return self.initial_learning_rate * ((1 - self.alpha) * fall + self.alpha)


def serialize(schedule) -> dict:
    """Return a schedule as its class and its arguments."""
    return {"class_name": type(schedule).__name__, "config": schedule.get_config()}


def deserialize(config, custom_objects=None):
    """Return the schedule that `serialize` describes."""
    known = LearningRateSchedule.known | dict(custom_objects or {})
    if config["class_name"] not in known:
        raise unknown("learning rate schedule", config["class_name"], known)
    return known[config["class_name"]].from_config(config["config"])
