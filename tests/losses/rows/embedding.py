"""Losses of embeddings: pairs and triplets."""

import numpy as np

from . import binary, positive, real, row, sign

distance = positive.but(name="distance", edges=lambda shape: [np.zeros(shape), np.full(shape, 1e4)])
DISTANCES = [{"margin": 0.3}, {"margin": 2.0}]


def relu(x):
    return np.where(x > 0, x, 0.0)


def wolfram(d, t, margin=0.5):
    return np.where(t == 1, relu(margin - d), d)


def hadsell(d, t, margin=1.0):
    return np.where(t == 1, d**2 / 2, relu(margin - d) ** 2 / 2)


def cosine(x, y):
    return np.einsum("...d,...d->...", x, y) / (np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1))


def cosine_embedding(x, y, t, margin=0.0):
    return np.where(t == 1, 1 - cosine(x, y), relu(cosine(x, y) - margin))


def triplet(a, p, n, margin=1.0, distance="euclidean", squared=False, swap=False):
    power = 2 if squared else 1
    between = {"euclidean": lambda x, y: np.linalg.norm(x - y, axis=-1), "cosine": lambda x, y: 1 - cosine(x, y),
               "manhattan": lambda x, y: np.abs(x - y).sum(axis=-1)}[distance]
    near, away, other = (between(x, y) ** power for x, y in ((a, p), (a, n), (p, n)))
    return relu(near - (np.where(other < away, other, away) if swap else away) + margin)


def ranking(x, y, t, margin=0.0):
    return relu(np.where(t == 1, y - x, x - y) + margin)


def hinge(d, t, margin=1.0):
    return np.where(t == 1, d, relu(margin - d))


ROWS = [
    row("contrastive", wolfram, prediction=distance, target=binary, options=DISTANCES,
        perfect=lambda fed: {"prediction": 60 * fed["target"]}),
    row("squared_contrastive", hadsell, prediction=distance, target=binary, options=DISTANCES,
        perfect=lambda fed: {"prediction": 60 * (1 - fed["target"])}),
    row("cosine_embedding", cosine_embedding, first=real, second=real, target=sign.per_item(),
        options=[{"margin": 0.5}, {"margin": -0.25}],
        perfect=lambda fed: {"first": fed["target"][..., None] * fed["second"]}),
    row("triplet", triplet, anchor=real, positive=real, negative=real,
        options=[{"margin": 3.0}, {"margin": 2.0, "squared": True}, {"margin": 2.5, "swap": True},
                 {"margin": 0.3, "distance": "cosine", "swap": True}, {"distance": "manhattan"},
                 {"distance": "cosine", "squared": True}],
        perfect=lambda fed: {"anchor": fed["positive"], "negative": fed["positive"] + 60}),
    row("margin_ranking", ranking, first=real, second=real, target=sign, options=[{"margin": 0.5}],
        perfect=lambda fed: {"first": fed["second"] + 60 * fed["target"]}),
    row("hinge_embedding", hinge, prediction=distance, target=sign, options=DISTANCES,
        perfect=lambda fed: {"prediction": 30 * (1 - fed["target"])}),
]
