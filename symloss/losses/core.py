"""The loss registry, the bound loss term, and the one rule for weights and divisors."""

import dataclasses
import functools
import inspect
import operator
from collections.abc import Callable

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from .._checks import shape_text
from .._registry import Registry
from ..errors import ShapeError, SpecError, unknown

HOW = ("mean", "count", "sum", "none")
TARGETS = ("same", "label", "label or distribution", "sign", "sign or label", "none")


@dataclasses.dataclass(frozen=True)
class LossSpec:
    """What the decorator knows of a loss function.

    Parameters
    ----------
    name : str
    function : callable
        The mathematics: ``function(*ports, **hyperparameters)``, tensors in, a tensor per element or per item out.
    ports : tuple of str
        Positional arguments, in order. ``target`` is fed from the data, the others from outputs of the model.
    target : str
        Kind of target, one of ``TARGETS``.
    activation : str or None
        The activation that a prediction is expected to have passed through.
    per : 'element', 'item' or 'batch'
        What one value of the result belongs to.
    unit : str
    options : dict
        Hyperparameters with their defaults.
    pairs : bool
        Whether the function takes the weights itself, because its values are made of pairs of items.
    """

    name: str
    function: Callable
    ports: tuple[str, ...]
    target: str
    activation: str | None
    per: str
    unit: str
    options: dict = dataclasses.field(hash=False)
    pairs: bool

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return inspect.getdoc(self.function).splitlines()[0]

    @property
    def predictions(self) -> tuple[str, ...]:
        """The ports that outputs of the model feed."""
        return tuple(port for port in self.ports if port != "target")

    def check_options(self, given) -> None:
        """Raise UnknownNameError for an option that the function does not take."""
        for option in given:
            if option not in self.options:
                raise unknown(f"option of loss {self.name!r}:", option, self.options or ["none"])


registry: Registry = Registry("loss")  # name -> LossSpec, or a subclass of Loss


def loss(*aliases: str, target="same", activation=None, per="element", unit="the unit of the target"):
    """Register a loss function under its own name and `aliases`.

    Positional arguments of the function are ports, keyword-only ones are hyperparameters. A keyword-only argument
    ``weights`` is no hyperparameter: it says that the function weights pairs of items itself.
    """
    if target not in TARGETS:
        raise SpecError(f"@loss: target={target!r}; one of {', '.join(TARGETS)} is wanted")

    def register(function):
        parameters = inspect.signature(function).parameters.values()
        options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        pairs = "weights" in options
        options.pop("weights", None)
        spec = LossSpec(
            name=function.__name__,
            function=function,
            ports=tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD),
            target=target,
            activation=activation,
            per=per,
            unit=unit,
            options=options,
            pairs=pairs,
        )
        registry.add(spec.name, spec, aliases)
        return function

    return register


def get(name: str) -> LossSpec:
    """Return the LossSpec of a registered loss function by name or alias.

    >>> get("mae").name
    'absolute_error'
    """
    entry = registry.get(name)
    if not isinstance(entry, LossSpec):
        raise SpecError(f"loss {name!r} is a class, {entry.__name__}, no function; use symloss.Loss.build({name!r})")
    return entry


def names() -> list[str]:
    """Return the names of all registered loss functions."""
    return [name for name in registry if isinstance(registry.get(name), LossSpec)]


# ---------------------------------------------------------------------------------------------- weights and divisors


def fraction(values, weights=None, mask=None, how: str = "mean"):
    """Return numerator and denominator of the reduction of `values`, two scalars; see `reduce`."""
    if how not in HOW[:3]:
        raise SpecError(f"reduce: how={how!r}; one of {', '.join(HOW[:3])} is wanted here")
    weights = _weights_like(values, weights, mask)
    kept = values if weights is None else pt.switch(pt.neq(weights, 0), values * weights, 0)
    numerator = kept.sum()
    if how == "sum":
        return numerator, pt.ones((), dtype=numerator.dtype)
    if how == "mean" and weights is not None:
        return numerator, weights.sum()
    return numerator, _count(values).astype(numerator.dtype)


def _count(values):
    """Return how many values there are: the lengths that are known are multiplied here, and not in every step."""
    free = [values.shape[axis] for axis, length in enumerate(values.type.shape) if length is None]
    known = np.prod([length for length in values.type.shape if length is not None], dtype="int64")
    return pt.as_tensor_variable(int(known) if not free else functools.reduce(operator.mul, free) * known)


def divide(numerator, denominator):
    """Return the quotient, and 0 with a gradient of 0 where the denominator is 0."""
    empty = pt.eq(denominator, 0)
    return pt.switch(empty, 0, numerator) / pt.switch(empty, 1, denominator)


def reduce(values, weights=None, mask=None, how: str = "mean"):
    """Return a scalar of many values: the single home of weights and divisors.

    Parameters
    ----------
    values : float tensor
        A loss per element or per item.
    weights : float tensor or None
        Of the values' shape, or with fewer axes (one a sample, say), which then count for all that belongs to them;
        with more axes they are averaged over those.
    mask : tensor or None
        Where it is 0, a value does not count, whatever it is.
    how : str
        'mean': sum(w l) / sum(w). 'count': sum(w l) / number of values. 'sum': sum(w l). 'none': w l, not reduced.

    Returns
    -------
    float scalar
        An empty or wholly masked batch gives 0, and a gradient of 0. With 'none' a tensor of the values' shape.

    >>> float(reduce(pt.constant([1.0, 5.0]), weights=pt.constant([3.0, 1.0])).eval())
    2.0
    """
    if how not in HOW:
        raise SpecError(f"reduce: how={how!r}; one of {', '.join(HOW)} is wanted")
    if how == "none":
        weights = _weights_like(values, weights, mask)
        return values if weights is None else pt.switch(pt.neq(weights, 0), values * weights, 0)
    numerator, denominator = fraction(values, weights, mask, how)
    if how == "sum":
        return numerator
    if weights is None and mask is None:
        return numerator / denominator if values.ndim else numerator
    return divide(numerator, denominator)


def _weights_like(values, weights, mask):
    """Return weights (times mask) in the shape of `values`, or None where there are none."""
    parts = [_spread(part, values) for part in (weights, mask) if part is not None]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else pt.switch(pt.neq(parts[1], 0), parts[0] * parts[1], 0)


def _spread(weights, values):
    weights = pt.as_tensor_variable(weights).astype(values.dtype)
    if weights.ndim > values.ndim:
        weights = weights.mean(axis=tuple(range(values.ndim, weights.ndim)))
    missing = values.ndim - weights.ndim
    for v, w in zip(values.type.shape, weights.type.shape, strict=False):
        if None not in (v, w) and v != w:
            raise ShapeError(
                f"reduce: weights have shape {shape_text(weights)}, the loss {shape_text(values)}; "
                f"pass weights in the loss's shape, or one a sample"
            )
    if missing:
        weights = weights[(..., *(None,) * missing)] * pt.ones_like(values)
    return weights


# ------------------------------------------------------------------------------------------------------- a bound term


class Weights(TensorVariable):
    """A weight variable that is true, so that ``if self._weights:`` asks whether a model is weighted."""

    def __bool__(self):
        return True


def target_variable(spec_target: str, output) -> Variable:
    """Return a fresh target for an `output`: int32 labels for 'label', else a float of the output's shape."""
    if spec_target == "label":
        return pt.tensor(name="target", dtype="int32", shape=output.type.shape[:-1])
    return pt.tensor(name="target", dtype=pytensor.config.floatX, shape=output.type.shape)


def weights_variable(target) -> Variable:
    """Return a fresh weight variable of the target's shape."""
    kind = pt.TensorType(pytensor.config.floatX, shape=target.type.shape)
    return Weights(kind, None, None, name="weights")


class Loss:
    """A loss that is bound to an output of a model, with a weight.

    Parameters
    ----------
    form : str or callable
        Name of a registered loss, or a function of (prediction, target). A subclass leaves it out.
    target : int, variable or None
        Number of axes of the target, or the target variable itself; None: the model binds its own.
    weight : float
        Factor of this term in the total. Assigning ``loss.weight = 2`` acts at the next step, without recompiling.
    weighted : bool
        Whether data carry a weight for each target.
    output_name : str
        Name of the layer or output that is the prediction.
    how : 'mean', 'count' or 'sum'
        The divisor, see `reduce`.
    ports : dict
        Output by port, for losses with several predictions: ``{"mean": "mu", "variance": "var"}``. A port that is not
        named takes the layer of its own name; the first one takes `output_name`.
    **options
        Hyperparameters of the function.

    Notes
    -----
    The one open class: a subclass overrides ``__call__(self, outputs)``, returns a scalar expression made of
    ``outputs[self.output_name]``, ``self._target`` and ``self._weights`` (None unless weighted), and is thereby
    registered by its class name. It does not inherit its parent's aliases; its own stand in ``aliases``.
    """

    aliases: tuple[str, ...] = ()

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        registry.add(cls.__name__, cls, tuple(cls.__dict__.get("aliases", ())), replace=_replaceable(cls))

    def __init__(self, form=None, *, target=None, weight=1.0, weighted=False, output_name="out", how="mean",
                 ports=None, **options):
        self.form = type(self).__name__ if form is None else form
        self.spec = self._find_spec(form)
        if how not in HOW[:3]:
            raise SpecError(f"loss {self.name}: how={how!r}; one of {', '.join(HOW[:3])} is wanted")
        if self.spec is not None:
            self.spec.check_options(options)
        self.how, self.options, self.ports = how, options, dict(ports or {})
        self.output_name = output_name if ":" in output_name else f"{output_name}:out"
        self.weighted = bool(weighted)
        self._weight = pytensor.shared(np.asarray(1.0, pytensor.config.floatX), name=f"weight of {self.name}", shape=())
        self.weight = weight
        self._target = self._weights = None
        if isinstance(target, int):
            label = self.spec is not None and self.spec.target.startswith("label")
            dtype = "int32" if label else pytensor.config.floatX
            target = pt.tensor(name="target", dtype=dtype, shape=(None,) * target)
        if target is not None:
            self.bind(target, weights_variable(target) if weighted else None)

    def _find_spec(self, form):
        if form is None:
            if type(self) is Loss:
                raise SpecError(f"Loss: which one? Loss('mse'), say; known: {', '.join(names())}")
            return None
        if isinstance(form, LossSpec):
            return form
        if isinstance(form, str):
            return get(form)
        if callable(form):
            return _function_spec(form)
        raise SpecError(f"Loss: {form!r} is no loss; pass a name, or a function of (prediction, target)")

    @classmethod
    def build(cls, form: str, **keywords) -> "Loss":
        """Return the registered loss called `form`: a function's term, or an instance of a subclass."""
        entry = registry.get(form)
        return Loss(form, **keywords) if isinstance(entry, LossSpec) else entry(**keywords)

    @property
    def name(self) -> str:
        """Name of the function or the class."""
        return self.spec.name if getattr(self, "spec", None) is not None else type(self).__name__

    @property
    def label(self) -> str:
        """The name by which the user asked for it: what records show."""
        return self.form if isinstance(self.form, str) else self.name

    @property
    def weight(self) -> float:
        """Factor of this term in the total."""
        return self._weight.get_value().item()

    @weight.setter
    def weight(self, value):
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise SpecError(f"loss {self.name}: weight is {value!r}; a number is wanted") from None
        if not np.isfinite(value):
            raise SpecError(f"loss {self.name}: weight is {value}; a finite number is wanted")
        self._weight.set_value(np.asarray(value, self._weight.type.dtype))

    @property
    def variables(self) -> list[Variable]:
        """Target, and weights if there are any: what the data must bring for this loss."""
        return [v for v in (self._target, self._weights) if v is not None]

    @property
    def uses_items(self) -> bool:
        """Whether numerator and denominator are known (a subclass with its own ``__call__`` returns a mean)."""
        return type(self).__call__ is Loss.__call__

    def bind(self, target, weights=None) -> "Loss":
        """Take `target` and `weights` as this loss's own variables, and return the loss."""
        self._target, self._weights = target, weights
        self.weighted = weights is not None
        return self

    def values(self, outputs):
        """Return the unreduced loss: per element, per item, or per batch."""
        if self.spec is None:
            raise SpecError(f"loss {self.name}: only __call__ is defined, so there are no values per item")
        ports = self._predictions(outputs)
        rest = iter(ports)
        arguments = [self._clean_target(ports[0]) if port == "target" else next(rest) for port in self.spec.ports]
        extra = {"weights": self._weights} if self.spec.pairs else {}
        return self.spec.function(*arguments, **self.options, **extra)

    def parts(self, outputs):
        """Return (numerator, denominator): two scalars whose sums over batches give the exact mean of a data set."""
        if not self.uses_items:
            return self._whole_batch(self(outputs), outputs)
        values = self.values(outputs)
        if values.ndim == 0 and self.how != "sum":
            return self._whole_batch(values, outputs)
        return fraction(values, self._weights, how=self.how)

    def _whole_batch(self, mean, outputs):
        """Return the parts of a batch's mean that comes as one scalar: it counts by its rows, or by their weights."""
        mean = pt.as_tensor_variable(mean)
        if mean.ndim != 0:
            raise ShapeError(f"loss {self.name}: returned a tensor with {mean.ndim} axes; return a scalar, .mean() say")
        mean = mean.astype(pytensor.config.floatX)
        if self.weighted:
            total = self._weights.sum()
            return pt.switch(pt.eq(total, 0), 0, mean * total), total
        rows = pt.cast(next(iter(outputs.values())).shape[0], mean.dtype)
        return mean * rows, rows

    def __call__(self, outputs):
        """Return the scalar expression of this loss (not multiplied by its weight).

        Parameters
        ----------
        outputs : dict
            Expression by name: ``{"hid1:out": ..., "out:pre": ..., "out:out": ...}``.
        """
        return reduce(self.values(outputs), self._weights, how=self.how)

    def _predictions(self, outputs):
        found = []
        for index, port in enumerate(self.spec.predictions):
            name = self.ports.get(port, self.output_name if index == 0 and len(self.spec.predictions) == 1 else None)
            candidates = [name] if name else [port, *([self.output_name] if index == 0 else [])]
            full = [c if ":" in c else f"{c}:out" for c in candidates]
            match = next((c for c in full if c in outputs), None)
            if match is None:
                raise SpecError(
                    f"loss {self.name}: no output for port {port!r} (looked for {', '.join(full)}; there are "
                    f"{', '.join(k for k in outputs if k.endswith(':out'))}); name a layer {port!r}, "
                    f"or pass ports={{{port!r}: 'layer'}}"
                )
            found.append(outputs[match])
        return found

    def _clean_target(self, prediction):
        """Return the target with harmless values where its weight is 0, and as the function wants it."""
        target = self._target
        if self._weights is not None:  # a NaN behind a weight of 0 must not reach the arithmetic: 0 * NaN is NaN
            target = pt.switch(pt.neq(self._weights, 0), target, pt.zeros((), dtype=target.dtype))
        labels = target.dtype.startswith("int") and target.ndim == prediction.ndim - 1
        if labels and self.spec.target == "same" and prediction.ndim > 1 and prediction.type.shape[-1] != 1:
            classes = pt.arange(prediction.shape[-1], dtype=target.dtype)
            target = pt.eq(target[..., None], classes).astype(prediction.dtype)  # one-hot
        return target

    def divisor(self) -> str:
        """Say what the sum of the values is divided by."""
        if not self.uses_items:
            return "its own"
        things = {"element": "elements", "item": "items", "batch": "values"}[self.spec.per]
        if self.how == "sum":
            return "1"
        if self.how == "mean" and self.weighted:
            return "sum of weights"
        return f"number of {things}"

    def log(self) -> str:
        """Return one line about this loss."""
        return f"loss: {self.weight:g} * {self.name} (output {self.output_name}, divided by {self.divisor()})"

    def to_spec(self) -> dict:
        """Return what rebuilds this loss: a dict that `add_loss` takes."""
        spec = {"form": self.name, "weight": self.weight, "weighted": self.weighted, "output_name": self.output_name}
        if self.how != "mean":
            spec["how"] = self.how
        if self.ports:
            spec["ports"] = self.ports
        return spec | self.options

    def __mul__(self, factor):
        return self._copy(self.weight * factor)

    __rmul__ = __mul__

    def _copy(self, weight):
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._weight = pytensor.shared(self._weight.get_value(), name=self._weight.name, shape=())
        twin.weight = weight
        return twin

    def __repr__(self):
        options = "".join(f", {k}={v!r}" for k, v in self.options.items())
        how = f", how={self.how!r}" if self.how != "mean" else ""
        weighted = ", weighted=True" if self.weighted else ""
        head = f"Loss({self.name!r}" if type(self) is Loss else f"{type(self).__name__}("
        text = f"{head}, weight={self.weight:g}{weighted}, output_name={self.output_name!r}{how}{options})"
        return f"{text.replace('(, ', '(')} / {self.divisor()}"


def _replaceable(cls) -> bool:
    """A class may be defined again under its own name (a notebook cell run twice), but not over a function's name."""
    return cls.__name__ not in registry or not isinstance(registry.get(cls.__name__), LossSpec)


def _function_spec(function) -> LossSpec:
    """Return a spec for a user's plain function of (prediction, target)."""
    name = getattr(function, "__name__", type(function).__name__)
    parameters = [p for p in inspect.signature(function).parameters.values()]
    ports = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    if len(ports) not in (1, 2):
        raise SpecError(
            f"loss {name}: a function of (prediction, target) is wanted, this one takes ({', '.join(ports)}); "
            f"for more ports, register it with @symloss.loss()"
        )

    def checked(*tensors, **keywords):
        values = function(*tensors, **keywords)
        if not isinstance(values, Variable):
            raise SpecError(f"loss {name}: returned {type(values).__name__}, no PyTensor expression")
        biggest = max(t.ndim for t in tensors)
        if values.ndim > biggest:
            raise ShapeError(
                f"loss {name}: returned {values.ndim} axes from {biggest}: target and prediction were repeated against "
                f"each other; bring them to one shape"
            )
        return values if values.dtype.startswith("float") else values.astype(pytensor.config.floatX)

    checked.__name__, checked.__doc__ = name, function.__doc__ or f"{name}, a function of the user's."
    wired = ("prediction", "target")[: len(ports)]
    return LossSpec(name, checked, wired, "any", None, "element", "unknown", options, False)
