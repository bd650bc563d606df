"""Loss functions: pure functions of tensors, registered by name.

Every loss takes (prediction, target) and returns a value per element or per item. It never reduces them itself:
`reduce` does that, with one rule for all losses: **sum(w l) / sum(w)**, the weighted mean over everything that has a
weight. Without weights it is the mean. If everything in a batch is masked, the loss is 0, with a gradient of 0.

Inside: one module for each family (`regression.py`, `classification.py`, ...); `registration.py` (@loss),
`bound_loss.py` (Loss, which binds a function to a model), `reduction.py` (weights and divisors), `conventions/` (how
other libraries compute the same losses).
May import `_checks`, `_registry` and what lies below them; it knows no layers, no data and no training.
Start reading at `regression.py`, then `registration.py`.
"""

from ..errors import SpecError
from . import (
    adversarial,
    classification,
    deviance,
    distribution,
    divergence,
    embedding,
    focal,
    generative,
    likelihood,
    margin,
    margin_binary,
    margin_multilabel,
    noisy,
    ordinal,
    quantiles,
    ranking,
    regression,
    robust,
    sampled,
    segmentation,
    sequence,
    similarity,
    survival,
    transport,
)
from .bound_loss import Loss
from .distribution import nll
from .formulas import loss_from
from .loss_inputs import target_variable, weights_variable
from .moving_weights import GradNorm, Regret, Uncertainty
from .option_ranges import Choice, Range
from .output_loss import OutputLoss
from .reduction import (
    divide,
    fraction,
    kept,
    reduce,
    rule,
)
from .registration import (
    LossSpec,
    get,
    loss,
    names,
    registry,
)
from .sampled_losses import NCE, NegativeSampling, SampledSoftmax

__all__ = ["NCE", "Choice", "GradNorm", "Loss", "LossSpec", "NegativeSampling", "OutputLoss", "Range", "Regret",
           "SampledSoftmax", "Uncertainty", "divide", "fraction", "get", "kept", "loss", "loss_from", "names", "nll",
           "reduce", "registry", "rule", "target_variable", "weights_variable"]

_families = (adversarial, classification, deviance, distribution, divergence, embedding, focal, generative,
             likelihood, margin, margin_binary, margin_multilabel, noisy, ordinal, quantiles, ranking, regression,
             robust, sampled, segmentation, sequence, similarity, survival, transport)
for _module in _families:
    for _name, _value in vars(_module).items():
        if _name in registry and callable(_value) and _value.__module__ == _module.__name__:
            globals()[_name] = _value
            __all__.append(_name)
del _families, _module, _name, _value


class _Maker:
    """Makes the loss of a class name; a subclass of it says what to write."""

    def __init__(self, name: str):
        self.__name__ = name

    def __call__(self, target=None, weight=1.0, weighted=False, output_name=None, **options):
        return Loss.build(self.__name__, target=target, weight=weight, weighted=weighted, output_name=output_name,
                          **options)

    def __mro_entries__(self, bases):
        raise SpecError(f"losses.{self.__name__} is a function of tensors, not a class. Derive from symloss.Loss and "
                        f"call symloss.losses.{registry.get(self.__name__).name} in its __call__")

    def __repr__(self):
        return f"losses.{self.__name__}"


def __getattr__(name: str):
    """Return a maker of losses for a class name or a capitalised alias: ``losses.MeanSquaredError(target=2)``."""
    if not name[:1].isupper() or name not in registry:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    return _Maker(name)
