"""Losses of sequences: one sequence an item."""

import itertools

import numpy as np

from . import label, row, simplex, softmax


def _draw(rng, shape):
    labels = rng.integers(1, 3, shape)  # of four classes, the first or the last one is the blank
    labels[np.arange(shape[1]) >= rng.integers(0, shape[1] + 1, shape[0])[:, None]] = -1
    return labels


labels = label.sized(lambda shape: (shape[0], 2)).but(
    name="labels", draw=_draw, whole=None, edges=lambda shape: [np.full(shape, 1), np.full(shape, -1)])


def collapse(path, blank):
    merged = [c for c, _ in itertools.groupby(path)]
    return [c for c in merged if c != blank]


def by_enumeration(p, t, blank=0):
    blank, values = blank % p.shape[-1], []
    for q, wanted in zip(p, t, strict=True):
        wanted = [c for c in wanted if c >= 0]
        paths = itertools.product(range(p.shape[-1]), repeat=len(q))
        values.append(-np.log(sum(np.prod([q[i, c] for i, c in enumerate(path)]) for path in paths
                                  if collapse(path, blank) == wanted)))
    return np.array(values)


ROWS = [
    row("ctc", by_enumeration, prediction=[simplex, softmax], target=labels, shapes=[(5, 4, 4), (3, 5, 4)],
        options=[{"blank": -1}], free=["target"], coupled=True, perfect=None),
]
