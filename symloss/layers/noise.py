"""Random layers. They draw in training. In prediction they draw only if you ask for it."""

import pytensor.tensor as pt

from .._checks import is_number
from ..errors import SpecError
from .base import Layer


class _Chance(Layer, abstract=True):
    """What all layers with chance have in common.

    Parameters
    ----------
    in_prediction : bool
        Whether validation and prediction draw, too. False: they use what comes out on average.
    """

    default_activation = "linear"
    sized = False

    def __init__(self, *, in_prediction=False, **options):
        super().__init__(**options)
        self.in_prediction = bool(in_prediction)

    def chances(self, context) -> bool:
        """Return whether random numbers are drawn."""
        return context.training or self.in_prediction

    def setup(self, sources):
        source = self.one_source(sources)
        if self.shape not in (None, source.shape, source.shape[-1:]):
            raise SpecError(f"layer {self.name!r}: got shape={self.shape}, but its input {source.name!r} has items of "
                            f"shape {source.shape}. Leave shape out")
        self.shape = source.shape

    def to_spec(self):
        return super().to_spec() | {"in_prediction": self.in_prediction}


class Noise(_Chance):
    """Adds normal noise to its input.

    Parameters
    ----------
    deviation : float
        Standard deviation of the noise, in the unit of the input.
    in_prediction : bool
        Whether to add the noise in validation and prediction, too.
    """

    forms = ("noise", "gaussian_noise")

    def __init__(self, *, deviation=0.1, **options):
        super().__init__(**options)
        if not is_number(deviation) or deviation < 0:
            raise SpecError(f"layer {self.name!r}: deviation={deviation!r} is not valid; it must be a number of at "
                            "least 0")
        self.deviation = float(deviation)

    def connect(self, values, context):
        x = values[0]
        if self.chances(context):
            x = x + self.deviation * context.normal(x.shape, x.dtype)
        return {"out": self.activate(x)}

    def to_spec(self):
        return super().to_spec() | {"deviation": self.deviation}


class Dropout(_Chance):
    """Sets random elements of its input to 0, and scales the rest to keep the mean.

    Parameters
    ----------
    probability : float
        Probability that an element is set to 0.
    in_prediction : bool
        Whether to drop elements in validation and prediction, too.
    """

    forms = ("dropout",)

    def __init__(self, *, probability=0.5, **options):
        super().__init__(**options)
        if not is_number(probability) or not 0 <= probability < 1:
            raise SpecError(f"layer {self.name!r}: probability={probability!r} is not valid; it must be at least 0 "
                            "and less than 1")
        self.probability = float(probability)

    def connect(self, values, context):
        x = values[0]
        if self.chances(context) and self.probability:
            kept = pt.ge(context.uniform(x.shape, x.dtype), self.probability)
            x = x * (kept * (1 / (1 - self.probability))).astype(x.dtype)
        return {"out": self.activate(x)}

    def to_spec(self):
        return super().to_spec() | {"probability": self.probability}


class Sample(_Chance):
    r"""A sample of a normal distribution, through which gradients pass.

    .. math:: z = \mu + e^{s / 2} \epsilon, \quad \epsilon \sim N(0, 1)

    Its two inputs are the mean :math:`\mu` and the logarithm of the variance :math:`s`. If it does not draw, its output
    is the mean.

    Parameters
    ----------
    in_prediction : bool
        Whether to draw in validation and prediction, too.

    References
    ----------
    Kingma & Welling (2014), "Auto-Encoding Variational Bayes", ICLR.
    """

    forms = ("sample",)
    compares = True

    def setup(self, sources):
        if len(sources) != 2 or sources[0].shape != sources[1].shape:
            found = ", ".join(f"{source.name} {source.shape}" for source in sources)
            raise SpecError(f"layer {self.name!r}: it needs two inputs of the same shape, the mean and the logarithm "
                            f"of the variance, but got {found or 'none'}")
        super().setup(sources[:1])

    def connect(self, values, context):
        mean, log_variance = values
        if not self.chances(context):
            return {"out": self.activate(mean)}
        return {"out": self.activate(mean + pt.exp(0.5 * log_variance) * context.normal(mean.shape, mean.dtype))}


class Random(_Chance):
    """Random numbers that depend on no input, such as the input of a generator.

    The inputs only determine the number of items.

    Parameters
    ----------
    size : int
        Number of values for each item.
    distribution : 'normal' or 'uniform'
        Normal with mean 0 and standard deviation 1, or uniform in [-1, 1].
    in_prediction : bool
        Whether to draw in validation and prediction, too. Otherwise these use the mean, 0.
    """

    forms = ("random", "latent")
    sized = True

    def __init__(self, *, distribution="normal", in_prediction=True, **options):
        super().__init__(in_prediction=in_prediction, **options)
        if distribution not in ("normal", "uniform"):
            raise SpecError(f"layer {self.name!r}: distribution={distribution!r} is not valid; it must be 'normal' or "
                            "'uniform'")
        self.distribution = distribution

    def setup(self, sources):
        if not sources:
            raise SpecError(f"layer {self.name!r}: it needs an input, which determines the number of items")
        if self.shape is None:
            raise SpecError(f"layer {self.name!r}: it has no size. Write how many random numbers each item gets, such "
                            "as size=64")

    def connect(self, values, context):
        size = (values[0].shape[0], *self.shape)
        dtype = values[0].dtype if str(values[0].dtype).startswith("float") else None
        if not self.chances(context):
            drawn = pt.zeros(size, dtype=dtype or "floatX")
        elif self.distribution == "normal":
            drawn = context.normal(size, dtype)
        else:
            drawn = 2 * context.uniform(size, dtype) - 1
        return {"out": self.activate(drawn)}

    def to_spec(self):
        return super().to_spec() | {"distribution": self.distribution}


class Interpolate(_Chance):
    r"""A random point on the line between two items, a new one for each pair, as gradient penalties use it.

    .. math:: x = u a + (1 - u) b, \quad u \sim U(0, 1)

    Its two inputs a and b have the same shape. If it does not draw, its output is their mean.

    Parameters
    ----------
    in_prediction : bool
        Whether to draw in validation and prediction, too.

    References
    ----------
    Gulrajani et al. (2017), "Improved Training of Wasserstein GANs", NIPS.
    """

    forms = ("interpolate",)
    compares = True

    def setup(self, sources):
        if len(sources) != 2 or sources[0].shape != sources[1].shape:
            found = ", ".join(f"{source.name} {source.shape}" for source in sources)
            raise SpecError(f"layer {self.name!r}: it needs two inputs of the same shape, but got {found or 'none'}")
        super().setup(sources[:1])

    def connect(self, values, context):
        one, other = values
        if not self.chances(context):
            return {"out": self.activate(0.5 * (one + other))}
        share = context.uniform((one.shape[0], *(1,) * (one.ndim - 1)), one.dtype)
        return {"out": self.activate(share * one + (1 - share) * other)}
