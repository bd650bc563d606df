"""Losses of survival: one time and one event an item."""

import numpy as np

from . import real, row


def _draw(rng, shape):
    times = rng.integers(1, 4, shape[0])  # with ties
    return np.stack([times, np.arange(shape[0]) % 3 != 1], axis=1).astype(float)


watched = real.sized(lambda shape: (shape[0], 2)).but(
    name="watched", draw=_draw, smooth=False,
    whole=lambda rng, shape: _draw(rng, shape).astype(int), dtypes=("int8", "uint8", "int32", "int64", "float32"),
    edges=lambda shape: [np.ones(shape), np.zeros(shape), np.full(shape, [1e4, 1.0])])


def cox(p, target, ties="breslow"):
    p = p.reshape(-1)
    (time, event), values = target.T, np.zeros(len(p))
    for i in np.flatnonzero(event):
        at_risk, tied = np.exp(p[time >= time[i]]).sum(), np.exp(p[(time == time[i]) & (event == 1)])
        shares = np.arange(len(tied)) / len(tied) if ties == "efron" else [0]
        values[i] = np.mean([np.log(at_risk - share * tied.sum()) for share in shares]) - p[i]
    return values


ROWS = [
    row("cox", cox, prediction=real, target=watched, shapes=[(7, 1), (7,)], options=[{"ties": "efron"}], coupled=True,
        free=["target"], perfect=None),
]
