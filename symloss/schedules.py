"""Hyperparameters that change during training: functions of the step, symbolic or plain.

``learning_rate=symloss.schedules.cosine(0.01, steps=2000)``. The step counts updates from 0. A schedule is a frozen
dataclass. You can call it with a number or with an expression, and it becomes part of the compiled training step.
"""

import dataclasses

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ._checks import is_number
from .errors import SpecError, unknown


def _where(condition, yes, no):
    if isinstance(condition, Variable):
        return pt.switch(condition, yes, no)
    return yes if condition else no


def _least(a, b):
    return pt.minimum(a, b) if isinstance(a, Variable) else min(a, b)


def _cos(x):
    return pt.cos(x) if isinstance(x, Variable) else np.cos(x)


def _floor(x):
    return pt.floor(x) if isinstance(x, Variable) else np.floor(x)


@dataclasses.dataclass(frozen=True)
class Schedule:
    """A value that depends on the step. Subclasses define ``__call__(step)``."""

    by_pass = False  # whether it is called with the number of passes over the data, and not with that of updates

    def __call__(self, step):
        raise NotImplementedError

    def values_known(self) -> list:
        """Return values that it takes at some time, for checks: its first one, and the ends of its range."""
        inner = [v for f in dataclasses.fields(self) if isinstance(v := getattr(self, f.name), Schedule)]
        ends = [getattr(self, name) for name in ("value", "start", "end", "top") if hasattr(self, name)]
        return [float(self(0)), *ends, *(value for one in inner for value in one.values_known())]

    def to_spec(self) -> dict:
        """Return a dict of plain numbers from which `build` can rebuild it."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values = {k: v.to_spec() if isinstance(v, Schedule) else v for k, v in values.items()}
        return {"schedule": type(self).__name__} | values

    def _numbers(self, **numbers):
        for name, value in numbers.items():
            if not is_number(value):
                raise SpecError(f"schedule {type(self).__name__}: {name}={value!r} is not valid; it must be a finite "
                                "number")

    def _positive(self, **numbers):
        for name, value in numbers.items():
            if not is_number(value) or not value > 0:
                raise SpecError(f"schedule {type(self).__name__}: {name}={value!r} is not valid; it must be a number "
                                "greater than 0")


@dataclasses.dataclass(frozen=True)
class constant(Schedule):  # noqa: N801 (reads as a function)
    """Always `value`."""

    value: float

    def __post_init__(self):
        self._numbers(value=self.value)

    def __call__(self, step):
        return self.value + 0 * step


@dataclasses.dataclass(frozen=True)
class linear(Schedule):  # noqa: N801
    """From `start` to `end` in the given number of `steps`, then `end`."""

    start: float
    end: float
    steps: int

    def __post_init__(self):
        self._numbers(start=self.start, end=self.end)
        self._positive(steps=self.steps)

    def __call__(self, step):
        return self.start + (self.end - self.start) * _least(step / self.steps, 1.0)


@dataclasses.dataclass(frozen=True)
class stepwise(Schedule):  # noqa: N801
    """`start`, multiplied by `factor` each time `every` steps have passed."""

    start: float
    factor: float
    every: int

    def __post_init__(self):
        self._numbers(start=self.start)
        self._positive(factor=self.factor, every=self.every)

    def __call__(self, step):
        return self.start * self.factor ** _floor(step / self.every)


@dataclasses.dataclass(frozen=True)
class exponential(Schedule):  # noqa: N801
    """`start`, falling smoothly by `factor` in the given number of `steps`, without end."""

    start: float
    factor: float
    steps: int

    def __post_init__(self):
        self._numbers(start=self.start)
        self._positive(factor=self.factor, steps=self.steps)

    def __call__(self, step):
        return self.start * self.factor ** (step / self.steps)


@dataclasses.dataclass(frozen=True)
class cosine(Schedule):  # noqa: N801
    """From `start` to `end` along half a cosine in the given number of `steps`, then `end` (Loshchilov & Hutter 2017).

    >>> round(float(cosine(1.0, steps=10)(5)), 6)
    0.5
    """

    start: float
    steps: int
    end: float = 0.0

    def __post_init__(self):
        self._numbers(start=self.start, end=self.end)
        self._positive(steps=self.steps)

    def __call__(self, step):
        share = _least(step / self.steps, 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1 + _cos(np.pi * share))


@dataclasses.dataclass(frozen=True)
class warm_up(Schedule):  # noqa: N801
    """From 0 up to the first value of `then` (a number or a schedule) in the given number of `steps`, then `then`."""

    steps: int
    then: object

    def __post_init__(self):
        self._positive(steps=self.steps)
        if not isinstance(self.then, Schedule):
            self._positive(then=self.then)
            object.__setattr__(self, "then", constant(float(self.then)))

    def __call__(self, step):
        top = self.then(0.0) * (step + 1) / self.steps
        return _where(step < self.steps if not isinstance(step, Variable) else pt.lt(step, self.steps),
                      top, self.then(step - self.steps))


@dataclasses.dataclass(frozen=True)
class one_cycle(Schedule):  # noqa: N801
    """Up to `top` and down again in the given number of `steps`, along cosines (Smith 2018).

    It starts at top / `divide`, reaches `top` after the share `rise` of the steps, and ends at top / `final_divide`.
    """

    top: float
    steps: int
    rise: float = 0.3
    divide: float = 25.0
    final_divide: float = 1e4

    def __post_init__(self):
        self._positive(top=self.top, steps=self.steps, divide=self.divide, final_divide=self.final_divide)
        if not is_number(self.rise) or not 0 < self.rise < 1:
            raise SpecError(f"schedule one_cycle: rise={self.rise!r} is not valid; it must be between 0 and 1")

    def __call__(self, step):
        climb = self.rise * self.steps
        up = cosine(self.top / self.divide, steps=climb, end=self.top)(step)
        down = cosine(self.top, steps=self.steps - climb, end=self.top / self.final_divide)(step - climb)
        return _where(pt.lt(step, climb) if isinstance(step, Variable) else step < climb, up, down)


@dataclasses.dataclass(frozen=True)
class cyclic(Schedule):  # noqa: N801
    """From `start` to `end` during the share `rise` of every `period` of steps, then `end` until the next period.

    Use it for KL annealing of a variational autoencoder (Fu et al. 2019): ``cyclic(0.0, 1.0, period=1000)``.

    >>> [float(cyclic(0.0, 1.0, period=4)(step)) for step in range(6)]
    [0.0, 0.5, 1.0, 1.0, 0.0, 0.5]
    """

    start: float
    end: float
    period: int
    rise: float = 0.5

    def __post_init__(self):
        self._numbers(start=self.start, end=self.end)
        self._positive(period=self.period)
        if not is_number(self.rise) or not 0 < self.rise <= 1:
            raise SpecError(f"schedule cyclic: rise={self.rise!r} is not valid; it must be greater than 0 and at most "
                            "1")

    def __call__(self, step):
        place = step / self.period - _floor(step / self.period)
        return self.start + (self.end - self.start) * _least(place / self.rise, 1.0)


@dataclasses.dataclass(frozen=True)
class per_epoch(Schedule):  # noqa: N801
    """A schedule that counts epochs instead of updates: ``per_epoch(linear(0.0, 1.0, steps=10))``.

    >>> per_epoch(linear(0.0, 1.0, steps=10))(5)
    0.5
    """

    then: Schedule
    by_pass = True

    def __post_init__(self):
        if not isinstance(self.then, Schedule):
            raise SpecError(f"schedule per_epoch: {self.then!r} is not a schedule. Pass one, such as linear(0.0, 1.0, "
                            "steps=10)")

    def __call__(self, step):
        return self.then(step)


def build(spec: dict) -> Schedule:
    """Return the schedule that `Schedule.to_spec` describes.

    >>> build({"schedule": "linear", "start": 0.0, "end": 1.0, "steps": 10})
    linear(start=0.0, end=1.0, steps=10)
    """
    options = {k: build(v) if isinstance(v, dict) else v for k, v in spec.items() if k != "schedule"}
    known = {cls.__name__: cls for cls in Schedule.__subclasses__()}
    name = spec.get("schedule")
    if name not in known:
        raise unknown("schedule", name, known)
    try:
        return known[name](**options)
    except TypeError as error:
        raise SpecError(f"schedule {name}: {error}") from None
