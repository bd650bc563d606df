"""What a model that minimizes a loss predicts: the minimizer of the expected loss, over known distributions of targets.

A loss *elicits* a functional, the mean or a quantile, if the best constant prediction is that functional, whatever the
distribution. A loss of probabilities is a *proper scoring rule* if the best prediction for a Bernoulli variable is its
probability.
"""

import dataclasses
import itertools

import numpy as np
from scipy.special import ndtri

from .probe import SCORE, Probe

ATOMS = 201  # of a distribution, with equal weights: quantiles in the middle of equal steps
CHANCES = (0.1, 0.25, 0.4, 0.6, 0.75, 0.9)
TOLERANCE = 2e-3
NOT_PROPER = ": not a proper scoring rule"
LEVELS = (np.arange(ATOMS) + 0.5) / ATOMS
DISTRIBUTIONS = {  # all greater than 0, for losses of rates; two are skewed to the right, one to the left
    "Gaussian (4, 0.7)": 4 + 0.7 * ndtri(LEVELS),
    "exponential (1)": -np.log1p(-LEVELS),
    "exponential (2)": -2 * np.log1p(-LEVELS),
    "lognormal (0.3, 0.7)": np.exp(0.3 + 0.7 * ndtri(LEVELS)),
    "7 - exponential (1)": 7 + np.log1p(-LEVELS),
}


def _weighted_median(t):
    """Return the median of targets with the weights 1 / t."""
    t = np.sort(t)
    shares = np.cumsum(1 / t) / np.sum(1 / t)
    return t[np.searchsorted(shares, 0.5)]


MEANS = {  # functionals with a name
    "mean": np.mean,
    "logarithm of the mean": lambda t: np.log(np.mean(t)),
    "geometric mean": lambda t: np.exp(np.mean(np.log(t))),
    "exp(mean of log(1 + t)) - 1": lambda t: np.expm1(np.mean(np.log1p(t))),
    "harmonic mean": lambda t: 1 / np.mean(1 / t),
    "root of the mean square": lambda t: np.sqrt(np.mean(t**2)),
    "median with the weights 1 / t": _weighted_median,
}
LINKS = {"the logit": lambda q: np.log(q / (1 - q)), "half the logit": lambda q: 0.5 * np.log(q / (1 - q)),
         "2 q - 1, the centred value,": lambda q: 2 * q - 1, "the probability": lambda q: q}


@dataclasses.dataclass(frozen=True)
class Minimiser:
    """The minimum of an expected loss, from `low` to `high`, which are equal if a single prediction is the best."""

    low: float
    high: float
    at_end: bool = False  # of the predictions that were tried: there may be no least value

    @property
    def middle(self) -> float:
        """The middle of the best predictions."""
        return (self.low + self.high) / 2


def minimiser(probe: Probe, targets, weights) -> Minimiser:
    """Return the best constant prediction for a discrete distribution of targets."""
    if probe.domain.high == 1:
        low, high = 0.0, 1.0
    elif probe.domain.binary or len(targets) == 2:
        low, high = (1e-9 if probe.domain.low == 0 else -8.0), 8.0
    else:
        low, high = max(probe.domain.low + 1e-9, targets.min() - 2), targets.max() + 2
    first = low, high
    for _ in range(9):
        x = np.linspace(low, high, 401 if (low, high) == first else 41)
        risk = _risk(probe, x, targets, weights)
        best = np.flatnonzero(risk <= risk.min() + 1e-11 * (1 + abs(risk.min())))
        wide = best[-1] - best[0] > 2
        if wide:
            break
        low, high = x[max(best[0] - 1, 0)], x[min(best[-1] + 1, len(x) - 1)]
    middle = (x[best[0]] + x[best[-1]]) / 2
    found = (float(x[best[0]]), float(x[best[-1]])) if wide else (float(middle), float(middle))
    ends = first if probe.domain.high != 1 else (-1.0, 2.0)
    return Minimiser(*found, bool(np.isclose(found[0], ends[0]) or np.isclose(found[1], ends[1])))


def _risk(probe, x, targets, weights):
    values = probe(x[:, None], targets[None, :])[0]
    with np.errstate(invalid="ignore"):
        risk = (values * weights).sum(axis=1)
    return np.where(np.isnan(risk), np.inf, risk)


def functional(probe: Probe) -> tuple[str | None, dict]:
    """Return the name of the functional that a loss of numbers elicits (None: none with a name), and its minimizers."""
    found = {name: minimiser(probe, t, np.full(ATOMS, 1 / ATOMS)) for name, t in DISTRIBUTIONS.items()}
    best = np.array([one.middle for one in found.values()])
    samples = list(DISTRIBUTIONS.values())
    shown = {name: one.middle for name, one in found.items()}
    if any(one.at_end or one.high - one.low > 0.5 for one in found.values()):
        return None, shown
    for name, functional_of in MEANS.items():
        if np.allclose(best, [functional_of(t) for t in samples], atol=TOLERANCE, rtol=TOLERANCE):
            return name, shown
    below = np.array([np.maximum(m - t, 0).sum() / np.abs(t - m).sum() for m, t in zip(best, samples, strict=True)])
    if np.ptp(below) < 5e-3:
        return f"expectile {np.mean(below):.2f}", shown
    level = np.array([np.mean(t < m - 1e-9) + 0.5 * np.mean(np.abs(t - m) <= 1e-9)
                      for m, t in zip(best, samples, strict=True)])
    if np.ptp(level) < 1.2 / ATOMS + 1e-9:
        return ("median" if abs(level.mean() - 0.5) < 0.5 / ATOMS else f"quantile {level.mean():.2f}"), shown
    ends = np.array([sorted((np.median(t), np.mean(t))) for t in samples])
    if np.all((best > ends[:, 0] - TOLERANCE) & (best < ends[:, 1] + TOLERANCE)):
        return "between the median and the mean", shown
    return None, shown


@dataclasses.dataclass(frozen=True)
class Scoring:
    """What a loss elicits for a Bernoulli variable.

    Parameters
    ----------
    proper : bool
        Whether the best prediction determines the probability: it is equal to it, or an increasing function of it.
    says : str
        In words.
    minimisers : dict
        The best prediction for each probability.
    """

    proper: bool
    says: str
    minimisers: dict


def bernoulli(probe: Probe) -> Scoring:
    """Return what a loss elicits of a Bernoulli variable with the targets of its domain, or 0 and 1."""
    scoring = _bernoulli(probe, probe.domain.binary or (0.0, 1.0))
    if not scoring.proper and probe.spec.target == "any" and probe.domain.name == "value":
        signed = _bernoulli(Probe(probe.spec, probe.options, SCORE), SCORE.binary)
        if signed.proper:
            return dataclasses.replace(signed, says=f"with the targets -1 and 1, {signed.says}")
    return scoring


def _bernoulli(probe, targets) -> Scoring:
    chances = np.array(CHANCES)
    found = [minimiser(probe, np.array(targets), np.array([1 - q, q])) for q in chances]
    best = np.array([one.middle for one in found])
    shown = {q: one.middle for q, one in zip(CHANCES, found, strict=True)}
    unique = all(one.high - one.low < 1e-2 and not one.at_end for one in found)
    if unique and np.allclose(best, chances, atol=TOLERANCE):
        return Scoring(True, "the best prediction is the probability: a strictly proper scoring rule", shown)
    if probe.domain.binary and probe.domain.high != 1 and unique and all(
            b - a > 0.02 for a, b in itertools.pairwise(best)):
        link = next((name for name, f in LINKS.items() if np.allclose(best, f(chances), atol=5 * TOLERANCE)), None)
        how = f"the best score is {link} of the probability" if link else "the best score grows with the probability"
        return Scoring(True, f"{how}: a proper scoring rule of the probability that the score stands for", shown)
    if any(one.at_end for one in found):
        return Scoring(False, f"the expected loss has no minimum{NOT_PROPER}", shown)
    right = np.array([q > 0.5 for q in chances])
    middle = 0.5 * (targets[0] + targets[1]) if not (probe.domain.binary and probe.domain.high != 1) else 0.0
    sides = np.all((best > middle) == right) and np.all(np.abs(best - middle) > 1e-6)
    if sides and np.ptp(best[right]) < 1e-2 and np.ptp(best[~right]) < 1e-2:
        return Scoring(False, f"the best prediction tells only which class is likelier{NOT_PROPER}", shown)
    if sides:
        return Scoring(False, f"the best prediction is on the side of the likelier class, but is not the "
                       f"probability{NOT_PROPER}", shown)
    return Scoring(False, f"the best prediction is not the probability{NOT_PROPER}", shown)
