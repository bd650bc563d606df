"""Recurrent layers whose units form modules, from fast to slow, in which the slower ones feed the faster ones."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..errors import SpecError
from .recurrent import Recurrent


class Modules(Recurrent, abstract=True):
    """A layer of modules of equal size. Connections from a faster module to a slower one are masked out of 'hh'."""

    def build(self, inputs, size):
        self.add_weights("xh", (inputs, size))
        self.add_recurrent("hh")
        self.add_bias("b", (size,))

    def spread(self, values) -> np.ndarray:
        """Return one value for each module as one value for each unit."""
        if self.size % len(values):
            raise SpecError(
                f"layer {self.name!r}: size={self.size} is not a multiple of its {len(values)} modules. Use "
                f"{self.size // len(values) * len(values) or len(values)}, for example"
            )
        return np.repeat(values, self.size // len(values))

    def masked(self, count: int):
        """Return hh without the connections from a faster module to a slower one, for this number of modules."""
        module = self.spread(np.arange(count))
        return self.params["hh"] * (module[:, None] >= module).astype(pytensor.config.floatX)


class Clockwork(Modules):
    r"""Modules with clocks: a module changes only when its period divides the time, and otherwise keeps its state.

    pre_t = x_t xh + h_{t-1} (hh * mask) + b where t % period = 0, else pre_{t-1}; h_t = act(pre_t). Time counts from 0
    in the direction of the layer. The parameters are 'xh', 'hh' and 'b', the outputs 'pre' and 'out'. See Koutnik et
    al. (2014), "A Clockwork RNN", arXiv:1402.3511.

    Parameters
    ----------
    periods : list of int
        One period for each module. The size must be a multiple of their number.
    """

    forms = ("clockwork",)

    def __init__(self, *, periods=None, **options):
        super().__init__(**options)
        if not isinstance(periods, list | tuple | np.ndarray) or not len(periods):
            raise SpecError(f"layer {self.name!r}: periods={periods!r} is not valid; it must be a list of integers of "
                            "at least 1, such as [1, 2, 4]")
        self.periods = sorted(self._positive("periods", period) for period in periods)

    def build(self, inputs, size):
        self._period = self.spread(self.periods)
        super().build(inputs, size)

    def run(self, x, starts):
        def step(x_t, ticks, pre_before, h, hh):
            pre = pt.switch(ticks, x_t + pt.dot(h, hh), pre_before)
            return pre, pt.switch(ticks, self.activate(pre), h)

        moved = pt.dot(x, self.params["xh"]) + self.params["b"]
        ticks = pt.eq(self._time(x)[..., None] % self._period.astype("int64"), 0)
        start = starts["h_0"]  # every clock ticks at 0, so what pre starts with is never seen
        pre, out = self.loop(step, [moved, ticks], [pt.zeros_like(start), start], [self.masked(len(self.periods))])
        return {"pre": pre, "out": out}

    def _time(self, x):
        """Return the time of every step, (1 or batch, time); backward, the last step of no padding is the first."""
        if self.direction == "forward":
            return pt.arange(x.shape[1])[None]
        return pt.neq(self.mask, 0).astype("int64").sum(axis=1)[:, None] - 1 - pt.arange(x.shape[1])[None]


class BCRNN(Modules):
    r"""Leaky modules: pre_t = r pre_{t-1} + (1 - r) (x_t xh + h_{t-1} (hh * mask) + b), h_t = act(pre_t).

    The rates r are not learned: they are 1 - 10^e, with e evenly spaced from -0.0001 (the fastest module) to -6. The
    parameters are 'xh', 'hh' and 'b', the outputs 'pre', 'rate' and 'out'.

    Parameters
    ----------
    num_modules : int
        Number of modules. The size must be a multiple of it.
    """

    forms = ("bcrnn",)

    def __init__(self, *, num_modules=1, **options):
        super().__init__(**options)
        self.num_modules = self._positive("num_modules", num_modules)

    def build(self, inputs, size):
        self._rate = self.spread(1 - np.logspace(-1e-4, -6, self.num_modules))
        super().build(inputs, size)

    def run(self, x, starts):
        def step(x_t, pre_before, h, hh, r):
            pre = r * pre_before + (1 - r) * (x_t + pt.dot(h, hh))
            return pre, self.activate(pre)

        moved = pt.dot(x, self.params["xh"]) + self.params["b"]
        rate = pt.constant(self._rate.astype(pytensor.config.floatX))
        start = starts["h_0"]
        constants = [self.masked(self.num_modules), rate]
        pre, out = self.loop(step, [moved], [pt.zeros_like(start), start], constants)
        return {"pre": pre, "rate": rate + pt.zeros_like(out), "out": out}
