"""Losses of pairs, lists and drawn classes, as somebody who uses torch would write them; see `losses_in_torch`."""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from losses_in_torch import Case, many, square

VECTORS, LISTS, LAYER = (1000, 64), (400, 50), (1000, 64)  # 1e6 pairs or scores each


def cosines(x, y):
    return F.normalize(x, dim=-1) @ F.normalize(y, dim=-1).T


def info_nce(q, k):
    return F.cross_entropy(cosines(q, k) / 0.07, torch.arange(len(q)))


def nt_xent(a, b):
    views = torch.cat([a, b])
    s = (cosines(views, views) / 0.5).fill_diagonal_(-math.inf)
    return F.cross_entropy(s, torch.arange(2 * len(a)).roll(len(a)))


def supervised_contrastive(x, t):
    s, itself = cosines(x, x) / 0.1, torch.eye(len(x), dtype=torch.bool)
    logs = s - s.masked_fill(itself, -math.inf).logsumexp(1, keepdim=True)
    mates = (t[:, None] == t) & ~itself
    return -(logs * mates).sum(1) / mates.sum(1)


def circle(x, t):
    c, same = cosines(x, x), t[:, None] == t
    mates = same & ~torch.eye(len(x), dtype=torch.bool)
    pull = -80 * (1.4 - c.detach()).clamp(min=0) * (c - 0.6)
    push = 80 * (c.detach() + 0.4).clamp(min=0) * (c - 0.4)
    pull, push = pull.masked_fill(~mates, -math.inf), push.masked_fill(same, -math.inf)
    return F.softplus(pull.logsumexp(1) + push.logsumexp(1))


def arcface(x, centers, t):
    c = cosines(x, centers)
    right = c.gather(1, t[:, None])
    turned = right * math.cos(0.5) - torch.sqrt(1 - square(right)) * math.sin(0.5)
    turned = torch.where(right < -math.cos(0.5), right - 0.5 * math.sin(0.5), turned)
    return F.cross_entropy(64 * c.scatter(1, t[:, None], turned), t)


def cosface(x, centers, t):
    c = cosines(x, centers)
    return F.cross_entropy(64 * (c - 0.35 * F.one_hot(t, len(centers))), t)


def discrepancy(p, t):
    def kernel(x, y):
        squares = square(x).sum(1)[:, None] + square(y).sum(1) - 2 * x @ y.T
        return torch.exp(-squares.clamp(min=0))

    return (kernel(t, t) - 2 * kernel(t, p) + kernel(p, p)).mean(1)


def energy(p, t):
    across = torch.cdist(p, t)
    return (across + across.T - torch.cdist(p, p) - torch.cdist(t, t)).mean(1)


def sinkhorn(p, t, epsilon=0.1, iterations=50):
    def answer(costs, potential, epsilon):
        return epsilon * (math.log(len(costs)) - ((potential - costs) / epsilon).logsumexp(1))

    costs = square(p[:, None] - t).sum(-1)
    with torch.no_grad():
        columns, heat = torch.zeros(len(p)), (costs.max() / epsilon).clamp(min=1)
        for i in range(1, iterations + 1):
            now = epsilon * heat ** max(0, 1 - 2 * i / iterations)
            columns = answer(costs.T, answer(costs, columns, now), now)
    return answer(costs, columns, epsilon) + columns


def table(s):
    return s[:, None, :] - s[:, :, None]  # [i, j]: s_j - s_i


def ranknet(s, t):
    return ((table(t) < 0) * F.softplus(table(s))).sum((1, 2))


def listnet(s, t):
    return -(F.softmax(t, -1) * F.log_softmax(s, -1)).sum(-1)


def listmle(s, t):
    s = s.gather(-1, t.argsort(dim=-1, descending=True, stable=True))
    return (s.flip(-1).logcumsumexp(-1).flip(-1) - s).sum(-1)


def ranks(s):
    return s.argsort(dim=-1, descending=True, stable=True).argsort(-1) + 1.0


def lambdarank(s, t):
    gain, discount = torch.exp2(t) - 1, 1 / torch.log2(1 + ranks(s.detach()))
    best = (gain / torch.log2(1 + ranks(t))).sum(-1)
    change = (table(gain) * table(discount)).abs() / best[:, None, None]
    return ((table(t) < 0) * change * F.softplus(table(s))).sum((1, 2))


def drawn(x, matrix, bias, samples, t):
    return (x * matrix[t]).sum(1) + bias[t], x @ matrix[samples].T + bias[samples]


def negative_sampling(x, matrix, bias, samples, t):
    right, wrong = drawn(x, matrix, bias, samples, t)
    return F.softplus(-right) + F.softplus(wrong).sum(1)


def nce(x, matrix, bias, samples, log_noise, t):
    right, wrong = drawn(x, matrix, bias, samples, t)
    log_k = math.log(len(samples))
    return F.softplus(log_k + log_noise[t] - right) + F.softplus(wrong - log_k - log_noise[samples]).sum(1)


def sampled_softmax(x, matrix, bias, samples, log_noise, t):
    right, wrong = drawn(x, matrix, bias, samples, t)
    right, wrong = right - log_noise[t], wrong - log_noise[samples]
    wrong = wrong.masked_fill(samples == t[:, None], -math.inf)
    return F.cross_entropy(torch.cat([right[:, None], wrong], 1), torch.zeros(len(x), dtype=torch.long))


CENTERS = {"prediction": "real", "centers": "parameter of 1000", "target": "label of 1000"}
DRAWN = {"prediction": "real", "matrix": "parameter of 10000", "bias": "bias of 10000", "samples": "samples of 10000"}
PAIRS = many({"info_nce": info_nce}, {"query": "real", "key": "real"}, VECTORS) + many({
    "supervised_contrastive": supervised_contrastive,
    "circle": circle,
}, {"prediction": "real", "target": "label of 10"}, VECTORS) + many({
    "arcface": arcface,
    "cosface": cosface,
}, CENTERS, VECTORS) + many({
    "maximum_mean_discrepancy": discrepancy,
    "energy_distance": energy,
}, {"prediction": "small", "target": "small"}, (600, 8)) + many({
    "pairwise_logistic": ranknet,
    "listmle": listmle,
    "lambdarank": lambdarank,
}, {"prediction": "real", "target": "count"}, LISTS) + many({
    "nce": nce,
    "sampled_softmax": sampled_softmax,
}, DRAWN | {"log_noise": "log noise of 10000", "target": "label of 10000"}, LAYER) + [
    Case("sinkhorn", sinkhorn, {"prediction": "real", "target": "real"}, (100, 8)),
    Case("nt_xent", nt_xent, {"first": "real", "second": "real"}, (500, 64)),
    Case("listnet", listnet, {"prediction": "real", "target": "count"}, (20_000, 50)),
    Case("negative_sampling", negative_sampling, DRAWN | {"target": "label of 10000"}, LAYER),
]
