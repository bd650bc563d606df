"""Losses of several labels for each item."""

import numpy as np
from scipy.special import entr, xlog1py, xlogy

from . import binary, real, row, sigmoid, unit


def margin(z, t):
    values = []
    for scores, holds in zip(z.reshape(-1, z.shape[-1]), t.reshape(-1, t.shape[-1]) == 1, strict=True):
        leads = [right - wrong for right in scores[holds] for wrong in scores[~holds]]
        values.append(sum(1 - lead for lead in leads if lead < 1) / z.shape[-1])
    return np.reshape(np.asarray(values, float), z.shape[:-1])


def soft_margin(p, t):
    return -(xlogy(t, p) + xlog1py(1 - t, -p)).mean(axis=-1)


def soft_margin_from_logits(z, t):
    return (t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)).mean(axis=-1)


ROWS = [
    row("multilabel_margin", margin, prediction=[real, sigmoid.scores()], target=binary, shapes=[(5, 3), (2, 3, 4)],
        coupled=False),
    row("multilabel_soft_margin", soft_margin, prediction=[unit, sigmoid], target=[unit, binary],
        least=lambda p, t: (entr(t) + entr(1 - t)).mean(axis=-1), logits=soft_margin_from_logits, coupled=False),
]
