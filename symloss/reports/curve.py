"""How a loss behaves as a curve: where it is smooth, convex, flat or no number, and what happens far out.

Everything here is found with numbers on dense grids; nothing is proven.
"""

import dataclasses

import numpy as np

from .probe import Probe

LARGE = 10.0 ** np.arange(1, 39)  # predictions in float32
NEAR_ENDS = 10.0 ** -np.arange(1.0, 38)  # probabilities in float32
SUSPECTS = 24


@dataclasses.dataclass(frozen=True)
class Interval:
    """Predictions from `low` to `high` for one target; an end of the grid is open."""

    target: float
    low: float
    high: float

    def __str__(self):
        low, high = (float(f"{round(x, 3):.4g}") for x in (self.low, self.high))
        return f"{low:g} to {high:g} for the target {self.target:g}"


def value_range(probe: Probe) -> tuple[float, float]:
    """Return the least and the greatest value; infinity where values grow without end."""
    low, high = np.inf, -np.inf
    for target in probe.targets():
        values = probe(np.append(probe.grid(target), target), target)[0]
        ends = [probe(far, target)[0] for far in _far(probe, target)]
        moves = [_move(end) for end in ends]
        values = np.concatenate([values, *ends])
        values = values[~np.isnan(values)]
        low = -np.inf if min(moves) < 0 else min(low, values.min(initial=np.inf))
        high = np.inf if max(moves) > 0 else max(high, values.max(initial=-np.inf))
    return float(low), float(high)


def _move(end) -> int:
    """Return 1 if values still grow where they are farthest out, -1 if they fall, else 0."""
    if not np.isfinite(end[-1]):
        return 0 if np.isnan(end[-1]) else int(np.sign(end[-1]))
    step, last = 0.05 * np.nanmax(np.abs(end)), end[-1] - end[-2]
    return 0 if not abs(last) > step else int(np.sign(last))


def _far(probe, target) -> list[np.ndarray]:
    """Return predictions that go away from the target, as far as makes sense in double precision: once a direction."""
    if probe.domain.high == 1:
        near = np.array([1e-5, 1e-10, 1e-15])
        return [near, 1 - near]
    far = np.array([1e2, 1e3, 1e6, 1e12])
    return [target + far, 1 / far[:3]] if probe.domain.low == 0 else [target - far, target + far]


def kinks(probe: Probe, target: float) -> tuple[list, list, list]:
    """Return where the value, the slope and the curvature jump, each as a list of predictions."""
    x = probe.grid(target)
    width = 1e-5 * (x[-1] - x[0])

    def curvature(at):
        return (probe(at + width / 2, target)[1] - probe(at - width / 2, target)[1]) / width

    of_values = jumps(lambda at: probe(at, target)[0], x)
    of_slopes = jumps(lambda at: probe(at, target)[1], x)
    inner = (x > x[0] + width) & (x < x[-1] - width)
    of_curvature = jumps(curvature, x[inner], until=2 * width)
    known = [*of_values, *of_slopes]
    of_curvature = [at for at in of_curvature if all(abs(at - one) > 4 * width for one in known)]
    return of_values, [at for at in of_slopes if all(abs(at - one) > width for one in of_values)], of_curvature


def jumps(function, x, until: float = 0.0) -> list[float]:
    """Return where a function jumps: intervals with most of a change are halved until nothing but a jump is left.

    >>> [round(at, 6) for at in jumps(np.sign, np.linspace(-1, 1.1, 50))]
    [-0.0]
    """
    y = function(x)
    step = np.abs(np.diff(y))
    step[~np.isfinite(step)] = 0
    beside = np.fmax(np.r_[0, step[:-1]], np.r_[step[1:], 0])
    size = np.ptp(y[np.isfinite(y)]) if np.isfinite(y).any() else 0.0
    found = np.flatnonzero((step > 1.5 * np.fmin(np.r_[np.inf, step[:-1]], np.r_[step[1:], np.inf]) + 1e-9)
                           & (step > 1e-4 * size) & (step >= beside))
    found = found[np.argsort(-step[found], kind="stable")[:SUSPECTS]]
    if not len(found) or size <= 1e-12:
        return []
    low, high, before = x[found], x[found + 1], step[found]
    for _ in range(45):
        middle = (low + high) / 2
        if not np.all((low < middle) & (middle < high)) or np.all(high - low < until):
            break
        a, b, c = (function(at) for at in (low, middle, high))
        left = np.abs(b - a) >= np.abs(c - b)
        low, high = np.where(left, low, middle), np.where(left, middle, high)
    gap = np.abs(function(high) - function(low))
    return sorted({float(at) for at in ((low + high) / 2)[(gap > 0.3 * before) & (gap > 1e-6 * (1 + size))]})


def convexity(probe: Probe) -> tuple[bool, Interval | None]:
    """Return whether the loss is convex in the prediction, and where it is not first."""
    for target in probe.targets():
        x = probe.grid(target)
        values, slopes = probe(x, target)
        fine = np.isfinite(values) & np.isfinite(slopes)
        x, values, slopes = x[fine], values[fine], slopes[fine]
        if len(x) < 3:
            continue
        falls = np.diff(slopes) < -1e-7 * (1e-3 * np.abs(slopes).max(initial=0) + np.abs(slopes[1:]) + 1e-12)
        chord = (values[:-2] * (x[2:] - x[1:-1]) + values[2:] * (x[1:-1] - x[:-2])) / (x[2:] - x[:-2])
        above = values[1:-1] > chord + 1e-8 * (1e-3 * np.abs(values).max() + np.abs(values[1:-1]) + 1e-12)
        wrong = np.flatnonzero(falls[:-1] | above)
        if len(wrong):
            end = wrong[0] + np.argmin(np.r_[np.diff(wrong) == 1, False])
            return False, Interval(target, float(x[wrong[0]]), float(x[min(end + 2, len(x) - 1)]))
    return True, None


def minima(probe: Probe) -> dict[float, float]:
    """Return for each target the prediction with the least loss: the target itself, if none is better."""
    found = {}
    for target in probe.targets():
        x = np.append(probe.grid(target), target)
        values = probe(x, target)[0]
        least = np.nanmin(np.where(np.isnan(values), np.inf, values))
        own = values[-1] <= least + 1e-9 * (1 + abs(least))
        found[target] = float(target if own else x[np.nanargmin(np.where(np.isnan(values), np.inf, values))])
    return found


def robustness(probe: Probe) -> tuple[str, float]:
    """Return 'unbounded', 'bounded' or 'redescending', and the greatest slope: what an outlier can do."""
    target = probe.targets()[0]
    if probe.domain.high == 1:
        distances = 10.0 ** -np.array([2.0, 4, 6, 8])
        places = [distances if target == 1 else 1 - distances]
    else:
        distances = 10.0 ** np.array([2.0, 3, 4, 6])
        wrong_side = [target - distances] if probe.domain.binary else [target - distances, target + distances]
        places = [target + distances, 1 / distances] if probe.domain.low == 0 else wrong_side
    slopes = np.max([np.nan_to_num(np.abs(probe(x, target)[1]), nan=np.inf, posinf=np.inf) for x in places], axis=0)
    near = np.abs(probe(probe.grid(target), target)[1])
    most = max(near[np.isfinite(near)].max(initial=0), slopes.max())
    if not np.isfinite(slopes[-1]) or slopes[-1] > 1.2 * slopes[1]:
        return "unbounded", np.inf
    return ("redescending" if slopes[-1] < 0.05 * most else "bounded"), float(most)


def regions(probe: Probe) -> tuple[list, list]:
    """Return the intervals of predictions without a number, and those with a slope of exactly 0."""
    nowhere, flat = [], []
    for target in probe.targets():
        x = probe.grid(target)
        values, slopes = probe(x, target)
        nowhere += _runs(x, np.isnan(values) | np.isnan(slopes), target)
        flat += _runs(x, np.isfinite(values) & (slopes == 0), target)
    return nowhere, flat


def _runs(x, wanted, target) -> list[Interval]:
    edges = np.flatnonzero(np.diff(np.r_[0, wanted.astype(int), 0]))
    return [Interval(target, float(x[a]), float(x[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)
            if b - a > 3]


def extremes(probe: Probe) -> list[dict]:
    """Return what single precision makes of extreme predictions: dicts of prediction, target, value and slope."""
    target = probe.targets()[0]
    if probe.domain.high == 1:
        x = np.array([0.0, 1e-30, 1e-7, 1 - 6e-8, 1.0])
    else:
        x = np.array([1e3, 1e10, 1e20, 1e38])
        x = np.concatenate([-x[::-1], x]) if probe.domain.low < 0 else np.concatenate([[0.0], x])
    values, slopes = probe(x, target, dtype="float32")
    return [{"prediction": float(a), "target": target, "value": float(v), "slope": float(s)}
            for a, v, s in zip(x, values, slopes, strict=True)]


def overflow(probe: Probe) -> float | None:
    """Return the least size of a prediction, a power of 10, at which single precision overflows; None if none does."""
    if probe.domain.high == 1:
        return None
    for sign in (-1, 1) if probe.domain.low < 0 else (1,):
        values, slopes = probe(sign * LARGE, probe.targets()[0], dtype="float32")
        wrong = ~np.isfinite(values) | ~np.isfinite(slopes)
        if wrong.any():
            return float(LARGE[np.argmax(wrong)])
    return None
