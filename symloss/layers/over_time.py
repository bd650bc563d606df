"""Layers that reduce all steps of a sequence to one value: the last one, their mean, or their maximum."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..errors import SpecError
from .base import Layer


class _OverTime(Layer, abstract=True):
    """What `Last`, `Mean` and `Max` have in common: (batch, time, ...) in, (batch, ...) out, whatever the padding."""

    default_activation = "linear"
    keeps_time = False

    def setup(self, sources):
        source = self.one_source(sources)
        if self.shape not in (None, source.shape):
            raise SpecError(f"layer {self.name!r}: got size={self.size}, but it keeps the {source.size} units of its "
                            f"input {source.name!r}. Leave size out")
        self.shape = source.shape
        self.wants_mask = source.follows_input  # where there are other steps than in the data, no mask fits
        self._backward = source.backward_units

    def connect(self, values):
        x = values[0]
        if x.ndim != len(self.shape) + 2:
            raise SpecError(f"layer {self.name!r}: its input {self.inputs[0]!r} has {x.ndim} axes, but it needs "
                            f"(batch, time, {', '.join(map(str, self.shape))}). Use it once, in a model of "
                            "symloss.recurrent")
        real = pt.ones(x.shape[:2], dtype="bool") if self.mask is None else pt.neq(self.mask, 0)
        return {"out": self.activate(self.reduced(x, real))}

    def reduced(self, x, real):
        """Return one value for all steps of `x`. `real`, (batch, time), is true for steps that are not padding."""
        raise NotImplementedError


def _spread(real, x):
    """Return a mask (batch, time) with the axes of `x`."""
    return real.dimshuffle(0, 1, *["x"] * (x.ndim - 2))


class Last(_OverTime):
    """The last step of a sequence before the padding.

    For a backward layer this is the first step, and so it is for the backward units of a bidirectional layer.
    """

    forms = ("last",)

    def reduced(self, x, real):
        ends = (real * pt.arange(x.shape[1])).max(axis=1)
        last, first = x[pt.arange(x.shape[0]), ends], x[:, 0]
        forward = self.size - self._backward
        return pt.concatenate([last[..., :forward], first[..., forward:]], axis=-1) if self._backward else last


class Mean(_OverTime):
    """The mean over all steps that are not padding."""

    forms = ("mean", "mean_over_time", "average")

    def reduced(self, x, real):
        count = pt.maximum(real.sum(axis=1), 1).astype(pytensor.config.floatX)
        total = pt.switch(_spread(real, x), x, 0).sum(axis=1)
        return total / count.dimshuffle(0, *["x"] * (total.ndim - 1))


class Max(_OverTime):
    """The maximum of each unit over all steps that are not padding."""

    forms = ("max", "max_over_time", "maximum")

    def reduced(self, x, real):
        greatest = pt.switch(_spread(real, x), x, np.asarray(-np.inf, x.dtype)).max(axis=1)
        there = real.any(axis=1).dimshuffle(0, *["x"] * (greatest.ndim - 1))
        return pt.switch(there, greatest, 0)  # of a sequence without steps
