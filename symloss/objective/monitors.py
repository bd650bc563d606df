"""Monitors: values of layer outputs and parameters that a training shows, selected by patterns of names."""

import dataclasses
import fnmatch
from collections.abc import Callable

import numpy as np
import pytensor
import pytensor.tensor as pt

from .._checks import tensor
from ..errors import SpecError, UnknownNameError
from ..metrics import Figure


@dataclasses.dataclass(frozen=True)
class Monitor:
    """One value of an output or a parameter, which a training treats like a metric.

    Parameters
    ----------
    name : str
        What records show: 'hid1:out<0.1', 'hid1.w:norm'.
    source : str
        Full name of an output or a parameter.
    level : float or None
        If given, the monitor shows the fraction of values below this level.
    function : callable or None
        If given, the monitor shows the mean of what this function returns for the expression.
    parameter : shared variable or None
        The parameter, if `source` is not an output.
    """

    name: str
    source: str
    level: float | None = None
    function: Callable | None = None
    parameter: object = None

    kind = "mean"
    variables = ()

    def described(self) -> str:
        """Return in words how its figure comes about."""
        return f"of {self.source}, a mean, summed up in every step"

    def key(self) -> tuple:
        """Return what a compiled function depends on."""
        return self.name, self.source, self.level, self.function

    def figure(self, outputs) -> Figure:
        """Return the parts for the `outputs` of a graph: a mean over all numbers; for a parameter, over batches."""
        value = outputs[self.source] if self.parameter is None else self.parameter
        if self.function is None:
            value = pt.lt(value, self.level)
        else:
            value = tensor(self.function(value), f"monitor {self.name!r}", "what its function returned")
        value = value.astype(pytensor.config.floatX)
        if self.parameter is not None or value.ndim == 0:
            return Figure((value.mean(), pt.constant(1, dtype=value.dtype)))
        return Figure((value.sum(), value.size.astype(value.dtype)))


def build(asked, graph) -> tuple[Monitor, ...]:
    """Return the monitors that were asked for.

    Parameters
    ----------
    asked : dict, or list of (pattern, levels)
        Patterns of names of outputs ('hid1:out') and parameters ('hid1.w'), each with levels. Levels are one number,
        several numbers, or a dict of functions of the expression by label: ``{"hid*:out": (0.1, 0.9), "*.w": {"norm":
        lambda w: (w * w).sum()}}``.
    graph : Graph

    Raises
    ------
    UnknownNameError
        If a pattern matches nothing.
    SpecError
        If levels are neither.
    """
    outputs = graph.outputs()[0]
    sparse = {f"{layer.name}:out" for layer in graph.layers if layer.sparse}
    names = {name: None for name, value in outputs.items() if hasattr(value, "ndim") and name not in sparse}
    names |= graph.parameters
    found = {}
    for pattern, levels in _pairs(asked):
        matching = [name for name in names if fnmatch.fnmatch(name, pattern)]
        if not matching:
            raise UnknownNameError(f"monitors: nothing matches {pattern!r}. Choose among {', '.join(names)}")
        for name in matching:
            for label, options in _levels(pattern, levels):
                found[name + label] = Monitor(name + label, name, parameter=names[name], **options)
    for monitor in found.values():
        monitor.figure(outputs)  # so that a mistake shows here and not in training
    return tuple(found.values())


def _pairs(asked):
    """Return (pattern, levels) of what was asked for, or raise SpecError."""
    pairs = list(asked.items()) if isinstance(asked, dict) else asked
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
    ):
        raise SpecError(f"monitors={asked!r} is not valid; it must contain levels by pattern, such as {{'hid*:out': "
                        "(0.1, 0.9)}")
    return pairs


def _levels(pattern, levels):
    """Yield (what follows the name, options of a monitor)."""
    several = levels.items() if isinstance(levels, dict) else levels if isinstance(levels, list | tuple) else [levels]
    for level in several:
        labelled = isinstance(level, list | tuple) and len(level) == 2
        if labelled and isinstance(level[0], str) and callable(level[1]):
            yield f":{level[0]}", {"function": level[1]}
        elif isinstance(level, int | float | np.number) and not isinstance(level, bool):
            yield f"<{level:g}", {"level": float(level)}
        else:
            raise SpecError(f"monitors: {pattern!r} has the level {level!r}, but it must be a number, or a dict of "
                            f"functions by label. Write {{{pattern!r}: (0.1, 0.9)}}, for example")
