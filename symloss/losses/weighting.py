"""Weights of losses that are learned while training."""

import dataclasses

import numpy as np

from ..errors import SpecError, unknown


def _positive(who, **numbers):
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
            raise SpecError(f"weight {who}: {name}={value!r}; a number greater than 0 is wanted")


@dataclasses.dataclass(frozen=True)
class Uncertainty:
    r"""The weight that a loss of this size deserves, learned with the parameters.

    Of a loss L with this weight the total has

    .. math:: \tfrac{1}{2} e^{-s} L + \tfrac{1}{2} s

    where s, the logarithm of the loss' variance, is one more parameter: at the minimum the weight is 1 / (2 L).

    Parameters
    ----------
    start : float > 0
        The weight to begin with.

    References
    ----------
    Kendall, Gal & Cipolla (2018), "Multi-Task Learning Using Uncertainty to Weigh Losses", CVPR.
    """

    start: float = 0.5
    name = "uncertainty"

    def __post_init__(self):
        _positive(self.name, start=self.start)

    def to_spec(self) -> dict:
        """Return what rebuilds it."""
        return {"form": self.name} | dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class GradNorm:
    r"""Weights by which all losses that have one move the last shared layer alike, learned while training.

    .. math:: w_i \leftarrow w_i \left(\bar G r_i^\alpha / G_i\right)^\eta

    with :math:`G_i` the norm of the gradient of weight times loss i by that layer's parameters, its mean
    :math:`\bar G`, and :math:`r_i` how much of its first value the loss still has, relative to the mean over losses.
    The weights keep their sum. They come to rest where those of the paper do, at :math:`G_i = \bar G r_i^\alpha`; the
    paper steps along the slope of the difference, which does not settle where gradients differ a hundredfold.

    Parameters
    ----------
    alpha : float > 0
        How strongly losses that learn slowly are favoured.
    rate : float > 0
        eta, the share of the way, in logarithms, that a step goes.
    start : float > 0
        The weight to begin with.

    References
    ----------
    Chen et al. (2018), "GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep Multitask Networks", ICML.
    """

    alpha: float = 1.5
    rate: float = 0.025
    start: float = 1.0
    name = "gradnorm"

    def __post_init__(self):
        _positive(self.name, alpha=self.alpha, rate=self.rate, start=self.start)

    def to_spec(self) -> dict:
        """Return what rebuilds it."""
        return {"form": self.name} | dataclasses.asdict(self)


class Regret:
    """The term s / 2 that goes with an uncertainty s: its weight is 1."""

    weight = factor = 1.0
    output_name = None


LEARNED = {"uncertainty": Uncertainty, "gradnorm": GradNorm}


def learned(value):
    """Return the learned weight that a name or a dict describes, or `value` itself if it is one."""
    if isinstance(value, Uncertainty | GradNorm):
        return value
    options = dict(value) if isinstance(value, dict) else {"form": value}
    form = options.pop("form", None)
    if not isinstance(form, str) or form.lower() not in LEARNED:
        raise unknown("weight of a loss:", form, [*LEARNED, "a number", "a schedule"])
    cls = LEARNED[form.lower()]
    fields = {f.name for f in dataclasses.fields(cls)}
    for name in options:
        if name not in fields:
            raise unknown(f"option of weight {form!r}:", name, fields)
    return cls(**options)
