"""Every registered loss as somebody who uses torch would write it, with the kind and shape of what both are given.

`torch.nn.functional` where it has the loss, else its formula, eagerly. A function gets what is fed: logits, where a
kind says that the loss is given their sigmoid or softmax. Functions return values, or their mean.
"""

import dataclasses
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812

ELEMENTS, ITEMS = (10_000, 100), (100_000, 10)  # 1e6 numbers each
TABLES = ((256, 10), (256, 1000), (64, 32_000))


@dataclasses.dataclass(frozen=True)
class Case:
    """A loss as torch computes it, and the kinds of its ports (see `losses.draw`)."""

    name: str
    torch: Callable
    ports: dict
    shape: tuple[int, ...]
    prepare: Callable | None = None  # once, before the time is taken: targets in the form that torch wants


def many(names_and_functions: dict, ports: dict, shape=ELEMENTS) -> list[Case]:
    """Return cases with the same ports and shape."""
    return [Case(name, function, ports, shape) for name, function in names_and_functions.items()]


def square(x):
    return x * x


def picked(scores, t):
    return scores.gather(-1, t[:, None])[:, 0]


def log_softmax_of(z, t):
    return picked(F.log_softmax(z, -1), t)


# ---------------------------------------------------------------------------------------------------- of real numbers


def pinball(p, t, q=0.5):
    e = t - p
    return torch.maximum(q * e, (q - 1) * e)


def pinballs(p, t):
    return pinball(p, t[:, None], torch.tensor([0.1, 0.5, 0.9])).mean(-1)


def tukey(p, t, c=4.685):
    u = square((p - t) / c)
    return torch.where(u < 1, c**2 / 6 * (1 - (1 - u) ** 3), c**2 / 6)


def symmetric_percentage(p, t):
    return 200 * (p - t).abs() / (p.abs() + t.abs()).clamp(min=1e-7)


def log_cosh(p, t):
    e = p - t
    return e + F.softplus(-2 * e) - math.log(2)


def insensitive(p, t):
    return ((p - t).abs() - 0.1).clamp(min=0)


REAL = many({
    "squared_error": F.mse_loss,
    "half_squared_error": lambda p, t: 0.5 * F.mse_loss(p, t),
    "absolute_error": F.l1_loss,
    "huber": F.huber_loss,
    "smooth_l1": F.smooth_l1_loss,
    "absolute_percentage_error": lambda p, t: 100 * (p - t).abs() / t.abs().clamp(min=1e-7),
    "symmetric_percentage_error": symmetric_percentage,
    "cosine_distance": lambda p, t: 1 - F.cosine_similarity(p, t),
    "pseudo_huber": lambda p, t: torch.sqrt(1 + square(p - t)) - 1,
    "log_cosh": log_cosh,
    "charbonnier": lambda p, t: torch.sqrt(square(p - t) + 1e-6),
    "fair": lambda p, t: (p - t).abs() - torch.log1p((p - t).abs()),
    "cauchy": lambda p, t: 0.5 * torch.log1p(square(p - t)),
    "tukey": tukey,
    "general_robust": lambda p, t: torch.sqrt(square(p - t) + 1) - 1,
    "quantile": pinball,
    "expectile": lambda p, t: 0.5 * square(t - p),
    "epsilon_insensitive": insensitive,
    "squared_epsilon_insensitive": lambda p, t: square(insensitive(p, t)),
    "wasserstein_1d": lambda p, t: (p.sort(-1).values - t.sort(-1).values).abs().mean(-1),
}, {"prediction": "real", "target": "real"})
REAL.append(Case("multi_quantile", pinballs, {"prediction": "real", "target": "real of items"}, (333_333, 3)))


# ------------------------------------------------------------------------------------------------ of positive numbers


def negative_binomial(m, r, t):
    ways = torch.lgamma(r) + torch.lgamma(t + 1) - torch.lgamma(t + r)
    return ways + r * torch.log1p(m / r) + t * torch.log1p(r / m)


def student_t(m, s, t, nu=4.0):
    constant = math.lgamma(nu / 2) - math.lgamma((nu + 1) / 2) + 0.5 * math.log(math.pi * nu)
    return constant + torch.log(s) + (nu + 1) / 2 * torch.log1p(square((t - m) / s) / nu)


def gaussian(m, v, t, reduction="mean"):
    return F.gaussian_nll_loss(m, t, v, full=True, reduction=reduction)


def crps(m, v, t):
    s = torch.sqrt(v)
    u = (t - m) / s
    spread = math.sqrt(2 / math.pi) * torch.exp(-0.5 * square(u)) - 1 / math.sqrt(math.pi)
    return s * (u * torch.erf(u / math.sqrt(2)) + spread)


def mixture(z, m, v, t):
    logs = F.log_softmax(z, -1) - 0.5 * (math.log(2 * math.pi) + torch.log(v) + square(t[:, None] - m) / v)
    return -torch.logsumexp(logs, -1)


def code(m, v):
    return -0.5 * (1 + v - square(m) - torch.exp(v)).sum(-1)


def vae(z, m, v, t):
    return F.binary_cross_entropy_with_logits(z, t, reduction="none").sum(-1) + code(m, v)


SPREAD = {"mean": "real", "scale": "positive", "target": "real"}
POSITIVE = many({
    "squared_log_error": lambda p, t: square(torch.log1p(p) - torch.log1p(t)),
    "poisson_nll": lambda p, t: F.poisson_nll_loss(p, t, log_input=False),
    "gamma_nll": lambda p, t: torch.log(p) + t / p,
    "gamma_deviance": lambda p, t: 2 * (t / p - 1 - torch.log(t / p)),
    "tweedie": lambda p, t: p**0.5 / 0.5 + t * p**-0.5 / 0.5,
    "inverse_gaussian": lambda p, t: 0.5 * square(t / p - 1) / t,
    "generalised_kl": lambda p, t: (t * torch.log(t / p) - t + p).sum(-1),
}, {"prediction": "positive", "target": "positive"}) + many({
    "laplace_nll": lambda m, s, t: math.log(2) + torch.log(s) + (t - m).abs() / s,
    "student_t_nll": student_t,
}, SPREAD) + many({
    "gaussian_nll": gaussian,
    "beta_nll": lambda m, v, t: v.detach() ** 0.5 * gaussian(m, v, t, "none"),
    "crps_gaussian": crps,
}, {"mean": "real", "variance": "positive", "target": "real"}) + [
    Case("negative_binomial_nll", negative_binomial,
         {"mean": "positive", "concentration": "positive", "target": "count"}, ELEMENTS),
    Case("gaussian_kl", code, {"mean": "real", "log_variance": "real"}, ELEMENTS),
    Case("vae", vae, {"prediction": "sigmoid", "mean": "real of 20", "log_variance": "real of 20", "target": "binary"},
         (1000, 1000)),
    Case("mixture_density", mixture,
         {"mixture": "softmax", "mean": "real", "variance": "positive", "target": "real of items"}, ITEMS),
]


# ----------------------------------------------------------------------------------------------------------- of classes


def brier(z, t):
    return square(F.softmax(z, -1) - F.one_hot(t, z.shape[-1])).sum(-1)


def focal(z, t):
    log_p = log_softmax_of(z, t)
    return -((1 - log_p.exp()) ** 2) * log_p


def symmetric_cross_entropy(z, t):
    log_p = log_softmax_of(z, t)
    return -0.1 * log_p + 4 * (1 - log_p.exp())


def poly1(z, t):
    log_p = log_softmax_of(z, t)
    return -log_p + 2 * (1 - log_p.exp())


def sparsemax(z, t):
    with torch.no_grad():
        falling = z.sort(-1, descending=True).values
        over = falling.cumsum(-1) - 1
        size = (torch.arange(1, z.shape[-1] + 1) * falling > over).sum(-1, keepdim=True)
        tau = over.gather(-1, size - 1) / size
        p = (z - tau).clamp(min=0)
    return (p * z).sum(-1) - 0.5 * square(p).sum(-1) - picked(z, t) + 0.5  # the gradient by p is 0


def multiclass_hinge(z, t):
    wrong = z.scatter(-1, t[:, None], -math.inf).max(-1).values
    return (1 + wrong - picked(z, t)).clamp(min=0)


def categorical_hinge(z, t):
    return (1 + ((1 - t) * z).max(-1).values - (t * z).sum(-1)).clamp(min=0)


def cumulative_logit(b, t):
    below = torch.sigmoid(b)
    ends = below.new_zeros(len(b), 1), below.new_ones(len(b), 1)
    return -torch.log(picked(torch.diff(torch.cat([ends[0], below, ends[1]], -1)), t))


def coral(z, t):
    steps = (t[:, None] > torch.arange(z.shape[-1])).to(z.dtype)
    return F.binary_cross_entropy_with_logits(z, steps, reduction="none").sum(-1)


def ctc(z, t, steps, lengths):
    return F.ctc_loss(F.log_softmax(z, -1).transpose(0, 1), t, steps, lengths, reduction="none")


def lengths_of(z, t):
    return z, t, torch.full((len(z),), z.shape[1]), torch.full((len(z),), t.shape[1])


def kl(log_p, t):
    return F.kl_div(log_p, t, reduction="batchmean")


def reverse_kl(z, t):
    log_p = F.log_softmax(z, -1)
    return (log_p.exp() * (log_p - torch.log(t))).sum(-1)


def jensen_shannon(z, t):
    p = F.softmax(z, -1)
    m = torch.log(0.5 * (p + t))
    return 0.5 * (p * (torch.log(p) - m) + t * (torch.log(t) - m)).sum(-1)


LABELS = {"prediction": "softmax", "target": "label"}
SCORES = {"prediction": "real", "target": "label"}
CLASSES = [case for shape in TABLES for case in (
    *many({"cross_entropy": F.cross_entropy, "label_cross_entropy": F.cross_entropy}, LABELS, shape),
    Case("categorical_cross_entropy", F.cross_entropy, {"prediction": "softmax", "target": "simplex"}, shape),
    Case("negative_log_likelihood", lambda z, t: F.nll_loss(F.log_softmax(z, -1), t),
         {"prediction": "log_softmax", "target": "label"}, shape),
)] + many({
    "brier": brier,
    "categorical_focal": focal,
    "poly1": poly1,
    "generalized_cross_entropy": lambda z, t: 2 * (1 - torch.sqrt(picked(F.softmax(z, -1), t))),
    "symmetric_cross_entropy": symmetric_cross_entropy,
}, LABELS, ITEMS) + many({
    "sparsemax": sparsemax,
    "multiclass_hinge": multiclass_hinge,
    "multiclass_perceptron": lambda z, t: z.max(-1).values - picked(z, t),
    "weston_watkins": F.multi_margin_loss,
}, SCORES, ITEMS) + many({
    "kl_divergence": lambda z, t: kl(F.log_softmax(z, -1), t),
    "reverse_kl": reverse_kl,
    "jensen_shannon": jensen_shannon,
    "total_variation": lambda z, t: 0.5 * (t - F.softmax(z, -1)).abs().sum(-1),
    "squared_hellinger": lambda z, t: 0.5 * square(torch.sqrt(t) - torch.sqrt(F.softmax(z, -1))).sum(-1),
}, {"prediction": "softmax", "target": "simplex"}, ITEMS) + [
    Case("kl_from_logs", kl, {"prediction": "real", "target": "simplex"}, ITEMS),
    Case("categorical_hinge", categorical_hinge, {"prediction": "real", "target": "one hot"}, ITEMS),
    Case("cumulative_logit", cumulative_logit, {"prediction": "rising", "target": "grade"}, ITEMS),
    Case("coral", coral, {"prediction": "sigmoid", "target": "grade"}, ITEMS),
    Case("ctc", ctc, {"prediction": "softmax", "target": "sequence"}, (100, 100, 100), lengths_of),
]


# ----------------------------------------------------------------------------------------------------- of yes and no


def binary_focal(z, t):
    p = torch.sigmoid(z)
    surprise = F.binary_cross_entropy_with_logits(z, t, reduction="none")
    return surprise * (1 - (p * t + (1 - p) * (1 - t))) ** 2


def asymmetric(z, t):
    p = torch.sigmoid(z)
    q = (1 - p + 0.05).clamp(max=1)
    values = t * torch.log(p.clamp(min=1e-8)) + (1 - t) * torch.log(q.clamp(min=1e-8))
    return -values * (1 - p * t - q * (1 - t)) ** (t + 4 * (1 - t))


def binary_sparsemax(z, t):
    lead = (2 * t - 1) * z
    return torch.where(lead >= 1, 0, torch.where(lead <= -1, -lead, 0.25 * square(lead - 1)))


def hinge(z, t):
    return (1 - t * z).clamp(min=0)


def modified_huber(z, t):
    lead = t * z
    return torch.where(lead >= -1, square((1 - lead).clamp(min=0)), -4 * lead)


def rights(z, t):
    """Return the labels that hold, first and then -1, as `multilabel_margin_loss` wants them."""
    order = torch.argsort(t, dim=-1, descending=True, stable=True)
    return z, torch.where(t.gather(-1, order) > 0, order, -1)


def overlap(z, t):
    """Return sums over each region: of both, of the prediction, of the target."""
    p = torch.sigmoid(z)
    return (p * t).sum((1, 2)), p.sum((1, 2)), t.sum((1, 2))


def dice(z, t):
    both, p, t = overlap(z, t)
    return 1 - (2 * both + 1) / (p + t + 1)


def tversky(z, t, alpha=0.5, beta=0.5):
    both, p, t = overlap(z, t)
    return 1 - (both + 1) / (both + alpha * (p - both) + beta * (t - both) + 1)


def jaccard(z, t):
    both, p, t = overlap(z, t)
    return 1 - (both + 1) / (p + t - both + 1)


def generalised_dice(z, t):
    p = F.softmax(z, -1)
    w = 1 / square(t.sum(1))
    return 1 - 2 * (w * (p * t).sum(1)).sum(-1) / (w * (p + t).sum(1)).sum(-1)


YES_NO = many({
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    "binary_focal": binary_focal,
    "asymmetric": asymmetric,
    "binary_sparsemax": binary_sparsemax,
    "multilabel_soft_margin": F.multilabel_soft_margin_loss,
}, {"prediction": "sigmoid", "target": "binary"}) + many({
    "hinge": hinge,
    "binary_hinge": hinge,
    "soft_margin": F.soft_margin_loss,
    "exponential": lambda z, t: torch.exp(-t * z),
    "perceptron": lambda z, t: (-t * z).clamp(min=0),
    "squared_hinge": lambda z, t: square(hinge(z, t)),
    "modified_huber": modified_huber,
}, {"prediction": "real", "target": "sign"}) + many({
    "dice": dice,
    "tversky": tversky,
    "focal_tversky": lambda z, t: tversky(z, t, 0.3, 0.7) ** 0.75,
    "jaccard": jaccard,
}, {"prediction": "sigmoid", "target": "binary"}, (100, 100, 100)) + [
    Case("generalised_dice", generalised_dice, {"prediction": "softmax", "target": "one hot"}, (10, 10_000, 10)),
    Case("multilabel_margin", F.multilabel_margin_loss, {"prediction": "real", "target": "binary"}, (10_000, 10),
         rights),
]


# ------------------------------------------------------------------------------------ of embeddings, and of two outputs


def critic(x):
    return (x * torch.tanh(x)).sum(-1)


def squared_slope(x, _):
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return square(slope).sum(-1)


TWO = {"real": "sigmoid", "fake": "sigmoid"}
CRITIC = {"prediction": "critic", "at": "itself"}
REST = many({
    "contrastive": lambda d, t: (1 - t) * d + t * (0.5 - d).clamp(min=0),
    "squared_contrastive": lambda d, t: 0.5 * (t * square(d) + (1 - t) * square((1 - d).clamp(min=0))),
}, {"prediction": "positive", "target": "binary"}) + many({
    "minimax": lambda r, f: F.softplus(-r) + F.softplus(f),
}, TWO) + many({
    "lsgan": lambda r, f: 0.5 * (square(r - 1) + square(f)),
    "hinge_gan": lambda r, f: F.relu(1 - r) + F.relu(1 + f),
    "wasserstein_critic": lambda r, f: f - r,
}, {"real": "real", "fake": "real"}) + many({
    "lsgan_generator": lambda f: 0.5 * square(f - 1),
    "wasserstein_generator": lambda f: -f,
}, {"fake": "real"}) + many({
    "r1": lambda x, _: 5 * squared_slope(x, _),
    "gradient_penalty": lambda x, _: 10 * square(torch.sqrt(squared_slope(x, _)) - 1),
}, CRITIC) + [
    Case("non_saturating", lambda f: F.softplus(-f), {"fake": "sigmoid"}, ELEMENTS),
    Case("hinge_embedding", F.hinge_embedding_loss, {"prediction": "positive", "target": "sign"}, ELEMENTS),
    Case("cosine_embedding", F.cosine_embedding_loss,
         {"first": "real", "second": "real", "target": "sign of items"}, ELEMENTS),
    Case("margin_ranking", F.margin_ranking_loss, {"first": "real", "second": "real", "target": "sign"}, ELEMENTS),
    Case("triplet", F.triplet_margin_loss, {"anchor": "real", "positive": "real", "negative": "real"}, ELEMENTS),
    Case("bpr", lambda p, n: -F.logsigmoid(p - n), {"positive": "real", "negative": "real"}, ELEMENTS),
]

CASES = REAL + POSITIVE + CLASSES + YES_NO + REST
