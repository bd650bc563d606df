"""The cost of a loss: the time of its value and gradient relative to that of the squared error."""

import time

import numpy as np

from .. import evaluate
from ..errors import SymlossError
from .probe import CLASS_SCORE, CLASSES, Probe

ROWS = 50_000
ROUNDS = 5


def against_mse(probe: Probe, mode=None) -> float | None:
    """Return how many times as long a loss takes as `mse`, with its gradient; None where it cannot be measured.

    Parameters
    ----------
    probe : Probe
    mode : str, Mode or None
        What both are compiled with.
    """
    rng = np.random.default_rng(0)
    low, high = max(probe.domain.low, -2.0), min(probe.domain.high, 3.0)
    x = rng.uniform(low + 0.01, high - 0.01, (ROWS, 1))
    t = rng.choice(probe.targets(), (ROWS, 1))
    if probe.domain in (CLASSES, CLASS_SCORE):
        x = np.hstack([1 - x if probe.domain is CLASSES else 0 * x, x])
        x = np.log(x) if probe.spec.activation == "log_softmax" else x
        t = t[:, 0].astype(int) if "label" in probe.spec.target else np.hstack([1 - t, t])
    given = {name: value for name, value in probe.options.items() if probe.spec.options[name] is not value}
    try:
        own = _seconds(probe.spec, x, t, mode, given)
    except (SymlossError, ValueError, TypeError):
        return None
    return own / _seconds("mse", x, x if t.shape != x.shape else t, mode, {})


def _seconds(loss, x, t, mode, options) -> float:
    x, t = x.astype("float32"), t if t.dtype.kind == "i" else t.astype("float32")

    ports = [x, t] if loss == "mse" or "target" in loss.ports else [x]

    def once():
        start = time.perf_counter()
        evaluate.value_and_grad(loss, *ports, mode=mode, **options)
        return time.perf_counter() - start

    once()
    return min(once() for _ in range(ROUNDS))
