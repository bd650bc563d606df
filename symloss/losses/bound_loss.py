"""A loss that is bound to an output of a model."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from .._checks import is_number, signed, undo
from ..errors import ShapeError, SpecError
from .conventions import convention
from .masking import harmless_predictions, harmless_target
from .moving_weights import (
    LEARNED,
    GradNorm,
    OfStep,
    Uncertainty,
    learned,
)
from .reduction import (
    by_class,
    fraction,
    kept,
    reduce,
    rule,
)
from .registration import LossSpec, get, names, registry
from .user_functions import function_spec, prove_call


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
    weight : float, schedule, function of the step, 'uncertainty' or 'gradnorm'
        Factor of this term in the total. Assigning ``loss.weight = 2`` acts at the next step, without recompiling.
        A schedule of `schedules`, or a function such as ``lambda step: 0.1 * step``, moves it with the step or the
        epoch; `Uncertainty` and `GradNorm` learn it.
    weighted : bool
        Whether data carry a weight for each target.
    output_name : str or None
        Name of the layer or output that is the prediction; None: the last layer of the model it is added to.
    how : 'mean', 'count', 'batch mean', 'sum' or None
        The divisor, see `reduce`; None: 'mean', or that of `like`.
    like : str or None
        The system whose number is wanted, see `losses.conventions`: 'keras', 'torch', 'optax', 'sklearn', 'numpy_ml',
        'wolfram', 'lasagne' or 'theanets', with that system's options and their defaults.
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

    def __init__(self, form=None, *, target=None, weight=1.0, weighted=False, output_name=None, how=None,
                 like=None, ports=None, **options):
        self.form = type(self).__name__ if form is None else form
        self.spec = self._find_spec(form)
        self.like, self.usual = like, "mean"  # the reduction where none is asked for
        if like is not None:
            self._follow(like)
        how = self.usual if how is None else rule(how)
        if how == "none":
            raise SpecError(f"loss {self.name}: how='none' gives no scalar to minimise; "
                            f"mean, count, batch mean or sum is wanted")
        if self.spec is not None:
            self.spec.check_options(options)
        self.how, self.options, self.ports = how, options, dict(ports or {})
        self.output_name = None
        self.attach("out" if output_name is None else output_name)
        self.anywhere = output_name is None
        self.weighted = bool(weighted)
        self._weight = pytensor.shared(np.asarray(1.0, pytensor.config.floatX), name=f"weight of {self.name}", shape=())
        self.log_variance = None  # a shared scalar, where the weight is an uncertainty
        self.weight = weight
        self._class_weight = None
        self._target = self._weights = None
        self.owner = None  # the model that bound it
        if isinstance(target, int):
            label = self.spec is not None and self.spec.target.startswith("label")
            dtype = "int32" if label else pytensor.config.floatX
            target = pt.tensor(name="target", dtype=dtype, shape=(None,) * target)
        if target is not None:
            self.bind(target, weights_variable(target) if weighted else None)

    def _follow(self, like):
        """Take the function, the options and the reduction of another system."""
        if not isinstance(self.form, str | LossSpec) or self.spec is None:
            raise SpecError(f"loss {self.name}: like={like!r} goes with a registered loss, not with an own one")
        found = convention(self.spec.name, like)
        self.spec = found.spec
        self.usual = "count" if found.how == "none" else found.how  # its users take the mean

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
            return function_spec(form)
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
        if self.log_variance is not None:
            return float(0.5 * np.exp(-self.log_variance.get_value()))
        return self._weight.get_value().item()

    @weight.setter
    def weight(self, value):
        moving, value = self._read_weight(value)
        if not np.isfinite(value):
            raise SpecError(f"loss {self.name}: weight is {value}; a finite number is wanted")
        self.moving, self.log_variance = moving, None
        if isinstance(moving, Uncertainty):
            start = np.asarray(-np.log(2 * value), self._weight.type.dtype)
            self.log_variance = pytensor.shared(start, name=f"log variance of {self.name}", shape=())
        self._weight.set_value(np.asarray(value, self._weight.type.dtype))

    def _read_weight(self, value):
        """Return what moves the weight (None: nothing), and the number that it begins with."""
        if callable(value) and not isinstance(value, type):
            moving = value if hasattr(value, "to_spec") else OfStep(value)  # a schedule, or a plain function
            return moving, float(moving(0))
        if isinstance(value, dict | Uncertainty | GradNorm) or (isinstance(value, str) and value in LEARNED):
            moving = learned(value)
            return moving, moving.start
        try:
            return None, float(value)
        except (TypeError, ValueError):
            raise SpecError(f"loss {self.name}: weight is {value!r}; a number is wanted, a schedule, or one of "
                            f"{', '.join(LEARNED)}") from None

    @property
    def factor(self):
        """The weight as an expression."""
        return self._weight if self.log_variance is None else 0.5 * pt.exp(-self.log_variance)

    @property
    def class_weight(self):
        """Weights by class, or of no and yes by column; None: 1 each. They are shared: others recompile nothing."""
        return None if self._class_weight is None else self._class_weight.get_value()

    @class_weight.setter
    def class_weight(self, value):
        if value is None:
            self._class_weight = None
            return
        value = np.asarray(value, pytensor.config.floatX)
        if self._class_weight is None or self._class_weight.type.shape != value.shape:
            self._class_weight = pytensor.shared(value, name=f"class weights of {self.name}", shape=value.shape)
        self._class_weight.set_value(value)

    @property
    def weights(self):
        """The weights that count: the data's, times the classes', times 0 for what is ignored; None without any."""
        weights = self._weights_by_class()
        counts = None if self.spec is None else kept(self._target, self._option("ignore_index"))
        if counts is None:
            return weights
        return counts.astype(pytensor.config.floatX) if weights is None else pt.switch(counts, weights, 0)

    def _option(self, name):
        return self.options.get(name, self.spec.options.get(name))

    def _weights_by_class(self):
        if self._class_weight is None:
            return self._weights
        weights = by_class(self._target, self._class_weight)
        if self._weights is None:
            return weights
        return weights[(..., *(None,) * (self._weights.ndim - weights.ndim))] * self._weights

    @property
    def ignored(self) -> int | None:
        """The label that means: leave this out."""
        if self.spec is None:
            return None
        found = self._option("ignore_index")
        return self.spec.padding if found is None and "ignore_index" not in self.spec.options else found

    def classes(self, outputs) -> int | None:
        """Return how many classes the labels may name, or None for any integers."""
        if self.spec is None:
            return outputs[self.output_name].type.shape[-1]
        ports = zip(self.spec.predictions, self._predictions(outputs), strict=True)
        shapes = {port: tensor.type.shape for port, tensor in ports}
        return None if self.spec.classes is None else self.spec.classes(shapes, self.options)

    def domain(self, outputs) -> str | None:
        """Return what values a target of numbers may have, see `LossSpec.domain`."""
        found = None if self.spec is None else self.spec.domain
        if found == "distribution" and undo(self._predictions(outputs)[0], "sigmoid") is not None:
            return "unit"  # several yes and no, which need not sum to 1
        return found

    @property
    def variables(self) -> list[Variable]:
        """Target, and weights if there are any: what the data must bring for this loss."""
        return [v for v in (self._target, self._weights) if v is not None]

    @property
    def uses_items(self) -> bool:
        """Whether numerator and denominator are known (a subclass with its own ``__call__`` returns a mean)."""
        return type(self).__call__ is Loss.__call__

    def attach(self, output_name: str) -> None:
        """Make a layer's main output, or an output with its full name, the prediction."""
        self.output_name = output_name if ":" in output_name else f"{output_name}:out"

    def bind(self, target, weights=None) -> "Loss":
        """Take `target` and `weights` as this loss's own variables, and return the loss."""
        self._target, self._weights = target, weights
        self.weighted = weights is not None
        return self

    def values(self, outputs):
        """Return the unreduced loss: per element, per item, or per batch."""
        if self.spec is None:
            raise SpecError(f"loss {self.name}: only __call__ is defined, so there are no values per item")
        ports = self._clean_predictions(outputs)
        if "target" not in self.spec.ports:
            return self._apply(ports, None)
        try:
            return self._apply(ports, self._clean_target(ports[0]))
        except ShapeError as error:
            if self.spec.target != "any" or not self._has_labels(ports[0]):
                raise
            try:
                return self._apply(ports, one_hot(self._clean_target(ports[0]), ports[0]))  # a user's (p - t)**2, say
            except (ValueError, TypeError, IndexError):
                raise error from None

    def _apply(self, ports, target):
        extra = {"weights": self.weights} if self.spec.pairs else {}
        return self.spec.function(*self._arguments(ports, target), **self.options, **extra)

    def _arguments(self, ports, target):
        rest = iter(ports)
        return [target if port == "target" else next(rest) for port in self.spec.ports]

    def _averaged(self, outputs):
        """Return the values that are reduced, and what each of them counts in a mean's divisor (None: 1)."""
        values = self.values(outputs)
        if self.how not in ("mean", "count") or self.spec.averaged is None:
            return values, None
        ports = self._clean_predictions(outputs)
        target = self._clean_target(ports[0]) if "target" in self.spec.ports else None
        return self.spec.averaged(values, *self._arguments(ports, target), **self.options)

    def _has_labels(self, prediction) -> bool:
        return (self._target.dtype.startswith("int") and self._target.ndim == prediction.ndim - 1
                and prediction.type.shape[-1] != 1)

    def parts(self, outputs):
        """Return (numerator, denominator): two scalars whose sums over batches give the exact mean of a data set."""
        if not self.uses_items:
            prove_call(self, outputs)
            return self._whole_batch(self(outputs), outputs)
        values, counts = self._averaged(outputs)
        if values.ndim == 0 and self.how != "sum":
            return self._whole_batch(values, outputs)
        return fraction(values, self.weights, how=self.how, counts=counts)

    def _whole_batch(self, mean, outputs):
        """Return the parts of a batch's mean that comes as one scalar: it counts by its rows, or by their weights."""
        if not isinstance(mean, Variable) and not is_number(mean):
            raise SpecError(f"loss {self.name}: returned {mean!r}; return a scalar expression, also where "
                            f"self._weights is None")
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
        values, counts = self._averaged(outputs)
        return reduce(values, self.weights, how=self.how, counts=counts)

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

    def _clean_predictions(self, outputs):
        """Return the predictions with harmless values where their weight is 0."""
        ports = self._predictions(outputs)
        weights = self.weights
        if weights is None or self.spec.per == "batch":  # which is made of all items, whatever their weight
            return ports
        return harmless_predictions(ports, weights, self.spec)

    def _clean_target(self, prediction):
        """Return the target with harmless values where its weight is 0, and as the function wants it."""
        target = signed(self._target)
        if self._weights is not None and self.spec.per != "batch":
            target = harmless_target(target, self._weights)
        if self._has_labels(prediction) and self.spec.target == "same":
            return one_hot(target, prediction)
        return target

    def divisor(self) -> str:
        """Say what the sum of the values is divided by."""
        if not self.uses_items:
            return "its own"
        things = {"element": "elements", "item": "items", "batch": "values"}[self.spec.per]
        if self.how == "sum":
            return "1"
        if self.how in ("mean", "count") and self.spec.averaged is not None:
            return getattr(self.spec.averaged, "says", "number of what counts")
        if self.how == "mean" and self.weights is not None:
            return "sum of weights"
        if self.how == "batch mean":
            return "number of items"
        return f"number of {things}"

    def log(self) -> str:
        """Return one line about this loss."""
        return f"loss: {self.weight:g} * {self.name} (output {self.output_name}, divided by {self.divisor()})"

    def to_spec(self) -> dict:
        """Return what rebuilds this loss: a dict that `add_loss` takes."""
        weight = self.weight if self.moving is None else self.moving.to_spec()
        if self.log_variance is not None:
            weight["start"] = self.weight
        spec = {"form": self.label, "weight": weight, "weighted": self.weighted, "output_name": self.output_name}
        if self.like is not None:
            spec["like"] = self.like
        if self.how != self.usual:
            spec["how"] = self.how
        if self.ports:
            spec["ports"] = self.ports
        return spec | self.options

    def described(self, output_name: str, weighted: bool):
        """Return the shortest that a model with this main output takes for this loss: its name, or a dict."""
        plain = {"weight": 1.0, "weighted": weighted, "output_name": output_name}
        extra = {k: v for k, v in self.to_spec().items() if k != "form" and plain.get(k, ...) != v}
        return {"form": self.label} | extra if extra else self.label

    def __mul__(self, factor):
        if self.moving is not None:
            raise SpecError(f"loss {self.name}: its weight moves ({self.moving}), and cannot be multiplied")
        return self._copy(self.weight * factor)

    __rmul__ = __mul__

    def unbound(self) -> "Loss":
        """Return a twin with a weight of its own that no model has bound."""
        twin = self._copy(self.weight if self.moving is None else self.moving)
        twin._target = twin._weights = twin._class_weight = twin.owner = None
        return twin

    def _copy(self, weight):
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._weight = pytensor.shared(self._weight.get_value(), name=f"weight of {self.name}", shape=())
        twin.weight = weight
        return twin

    def __repr__(self):
        options = "".join(f", {k}={v!r}" for k, v in self.options.items())
        how = f", like={self.like!r}" if self.like is not None else ""
        how += f", how={self.how!r}" if self.how != self.usual else ""
        weighted = ", weighted=True" if self.weighted else ""
        head = f"Loss({self.name!r}" if type(self) is Loss else f"{type(self).__name__}("
        weight = f"{self.weight:g}" if self.moving is None else str(self.moving)
        text = f"{head}, weight={weight}{weighted}, output_name={self.output_name!r}{how}{options})"
        return f"{text.replace('(, ', '(')} / {self.divisor()}"


def one_hot(labels, prediction):
    """Return labels as a tensor of the shape of `prediction`: 1 at the label, 0 elsewhere."""
    return pt.eq(labels[..., None], pt.arange(prediction.shape[-1], dtype=labels.dtype)).astype(prediction.dtype)


def _replaceable(cls) -> bool:
    """A class may be defined again under its own name (a notebook cell run twice), but not over a function's name."""
    return cls.__name__ not in registry or not isinstance(registry.get(cls.__name__), LossSpec)
