"""Loss: a loss that is bound to an output of a model, with a weight. The one class of losses that users subclass."""

import inspect
import typing
import warnings

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from .._checks import is_number, undo
from .._fingerprint import fingerprint
from .._registry import other_names
from ..errors import ShapeError, SpecError, SymlossWarning, unknown
from . import description, loss_inputs, loss_terms
from .finding import found_spec
from .formula import HasFormula, loss_formula
from .item_weights import ClassWeight, ignore_index, item_weights
from .moving_weights import LossWeight
from .option_values import OptionValues
from .reduction import added, divide, fraction, reduce, scalar_rule
from .registration import LossSpec, registry
from .user_functions import checked_parameters, in_words, prove_call, real, refuse_reduced, without_effect


class Loss(HasFormula):
    """A loss that is bound to an output of a model, with a weight.

    Parameters
    ----------
    form : str or callable
        Name of a registered loss, or a function of (prediction, target). A subclass does not pass it.
    target : int, variable or None
        Number of axes of the target, or the target variable itself. With None the model creates the target.
    weight : float, schedule, function of the step, 'uncertainty' or 'gradnorm'
        Factor of this term in the total. You can assign ``loss.weight = 2`` at any time: nothing is recompiled. A
        schedule of `schedules`, or a function such as ``lambda step: 0.1 * step``, changes the weight with the step or
        the epoch. `Uncertainty` and `GradNorm` learn it.
    weighted : bool
        Whether the data contain a weight for each target.
    output_name : str or None
        Name of the layer or output that is the prediction. None means the last layer of the model.
    how : 'mean', 'count', 'batch mean', 'sum' or None
        The divisor, see `losses.reduce`. None means 'mean', or the divisor of `like`.
    like : str or None
        The library whose values you want: 'keras', 'torch', 'optax', 'sklearn', 'numpy_ml',
        'wolfram', 'lasagne' or 'theanets'. The options and their defaults are those of that library.
    ports : dict
        Outputs by port, a named input of the loss, for several predictions: ``{"mean": "mu", "variance": "var"}``. A
        port that is not named uses the layer of its own name. The first one uses `output_name`.
    parameters : dict or None
        Shared variables, by name, that the function uses. Training updates them with the parameters of the model.
    **options
        Hyperparameters of the function.

    Notes
    -----
    In a subclass, override ``__call__(self, outputs)``, which returns a scalar expression of
    ``outputs[self.output_name]``, ``self._target`` and ``self._weights`` (None unless weighted). The subclass is
    registered by its class name. It does not inherit ``aliases``.

    A subclass may override `terms` instead, to show what its sum consists of. Parameters of its own belong in
    ``self.parameters``, as shared variables by name: they are trained and saved with the model.
    """

    aliases: tuple[str, ...] = ()
    parameters: typing.ClassVar[dict] = {}  # its own, by short name, which training moves
    with_tables: typing.ClassVar[dict] = {}  # by name of a function: the class that has the weights of its classes
    fixed_variables: tuple = ()  # shared variables that it computes with, and that training is to leave as they are
    numbers_an_item = 1  # how many an evaluation computes for each item: many rows at once take as much memory
    takes_target = True
    differs_in_training = False  # whether its terms are others in training than in validation
    reason = None  # why 'auto' has chosen it
    labels = True  # whether targets are labels, where the function takes them and probabilities

    def __init_subclass__(cls, registered=True, **keywords):
        super().__init_subclass__(**keywords)
        if not registered:  # of the library, made in ways of its own
            return
        registry.add(cls.__name__, cls, other_names(cls), replace=_replaceable(cls))

    def __new__(cls, *arguments, **keywords):
        loss = super().__new__(cls)
        try:
            given = inspect.signature(cls.__init__).bind(loss, *arguments, **keywords).arguments
        except TypeError:
            given = {}  # __init__ is about to say what is wrong
        loss.__dict__["_given"] = {k: v for k, v in list(given.items())[1:] if k not in (*description.OWN, "options")}
        return loss

    def __init__(self, form=None, *, target=None, weight=1.0, weighted=False, output_name=None, how=None,
                 like=None, ports=None, parameters=None, **options):
        if form is None and type(self) is Loss:
            raise SpecError("Loss: got no loss. Pass its name, such as Loss('mse'); symloss.losses.names() lists all")
        self.form, self.like = type(self).__name__ if form is None else form, like
        self.spec, self.usual = found_spec(form, like, self.name)  # the reduction where none is asked for
        self.how = self.usual if how is None else how
        self.options, self.ports = OptionValues(self.spec, options), dict(ports or {})
        self.output_name = None
        self.attach("out" if output_name is None else output_name)
        self.anywhere = output_name is None
        self.weighing = LossWeight(self.name, weight)
        if parameters is not None:
            self.parameters = checked_parameters(self.name, parameters)
        self._class_weight = None
        self.owner = None  # the model that bound it
        self.weighted = self.asks_for_weights = bool(weighted)
        self.negative_weights = False  # whether data may have weights below 0: the divisor is then the sum of sizes
        self.given_target = target if isinstance(target, Variable) else None
        self.target_axes = target if isinstance(target, int | np.integer) else None
        self._target = self._weights = None
        self.step_mask = None  # (batch, time), where the function wants to know how many steps each sequence has
        if target is not None and self.given_target is None and self.target_axes is None:
            raise SpecError(f"loss {self.name}: target={target!r} must be a variable or a number of axes")
        if target is not None:
            own = loss_inputs.target_of_rank(self.spec, target) if self.given_target is None else target
            self.bind(own, loss_inputs.weights_variable(own) if weighted else None)
        self.__dict__["_complete"] = True

    def __setattr__(self, name, value):
        if name == "output_name" and value is not None:
            self.attach(value)
            self.anywhere = False
            return
        if name == "how":
            value = scalar_rule(f"loss {self.name}", value)
        if type(self) is Loss and "_complete" in self.__dict__ and name not in self.__dict__:
            if self.spec is not None and name in self.spec.options:
                self.options[name] = value
                return
            if not hasattr(Loss, name):
                known = ["weight", "class_weight", "how", "output_name", *(self.spec.options if self.spec else ())]
                raise unknown(f"attribute of loss {self.name!r}:", name, known)
        object.__setattr__(self, name, value)

    def __getattr__(self, name):
        spec = self.__dict__.get("spec")
        if spec is not None and name in spec.options:
            return self.options.get(name, spec.options[name])
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @classmethod
    def build(cls, form, target=None, **keywords) -> "Loss":
        """Return the loss called `form`: a `Loss` of a function, or an instance of a subclass.

        An ``__init__`` with fewer keywords than that of `Loss` gets those. Weight and output are set afterwards.
        """
        keywords |= {} if target is None else {"target": target}
        entry = registry.get(form) if isinstance(form, str) else form
        if isinstance(entry, LossSpec):
            with_tables = Loss.with_tables.get(entry.name) if "classes" in keywords else None
            return Loss(form, **keywords) if with_tables is None else with_tables(**keywords)
        taken = inspect.signature(entry.__init__).parameters
        if any(p.kind is p.VAR_KEYWORD for p in taken.values()):
            return entry(**keywords)
        later = {k: keywords.pop(k) for k in ("weight", "weighted", "output_name") if k in keywords and k not in taken}
        loss = entry(**keywords)
        if "output_name" in later:
            loss.attach(later["output_name"])
        loss.weight = later.get("weight", loss.weight)
        loss.asks_for_weights = loss.asks_for_weights or later.get("weighted", False)
        return loss

    # ------------------------------------------------------------------------------------------ names and weights

    @property
    def name(self) -> str:
        """Name of the function or the class."""
        return self.spec.name if self.__dict__.get("spec") is not None else type(self).__name__

    @property
    def label(self) -> str:
        """The name that the user gave, which records show."""
        formula = self.spec is not None and self.spec.definition is not None
        return self.form if isinstance(self.form, str) and not formula else self.name

    @property
    def weight(self) -> float:
        """Factor of this term in the total."""
        return self.weighing.value

    @weight.setter
    def weight(self, value):
        self.weighing.set(value)

    @property
    def moving(self):
        """The schedule, the function or the rule that changes the weight, or None for a constant."""
        return self.weighing.moving

    @property
    def factor(self):
        """The weight as an expression."""
        return self.weighing.factor

    class_weight = ClassWeight()

    @property
    def weights(self):
        """The weights of the data times those of the classes, and 0 for ignored items. None without weights."""
        return item_weights(self)

    # ------------------------------------------------------------------------------------------ binding

    def attach(self, output_name: str) -> None:
        """Make the main output of a layer, or an output given by its full name, the prediction."""
        if not isinstance(output_name, str):
            raise SpecError(f"loss {self.name}: output_name={output_name!r} must be the name of a layer")
        object.__setattr__(self, "output_name", output_name if ":" in output_name else f"{output_name}:out")

    def meet(self, output, rng) -> None:
        """Create what the loss needs, such as parameters, from its output (a tensor) and a random generator."""

    def bind(self, target, weights=None) -> "Loss":
        """Use `target` and `weights` as the variables of this loss, and return the loss."""
        self._target, self._weights = target, weights
        self.weighted = weights is not None
        return self

    @property
    def variables(self) -> list[Variable]:
        """The target, and the weights if there are any: what the data must contain for this loss."""
        return [v for v in (self._target, self._weights, self.step_mask) if v is not None]

    # ------------------------------------------------------------------------------------------ what targets may be

    @property
    def has_own_length(self) -> bool:
        """Whether targets are sequences of another length than the predictions, like those of ctc."""
        return self.spec is not None and self.spec.padding is not None

    @property
    def ignored(self) -> int | None:
        """The label of items to ignore."""
        if self.spec is None:
            return None
        found = ignore_index(self)
        return self.spec.padding if found is None and "ignore_index" not in self.spec.options else found

    def classes(self, outputs) -> int | None:
        """Return the number of classes that labels may name, or None for any integers."""
        if self.spec is None:
            return outputs[self.output_name].type.shape[-1]
        ports = zip(self.spec.predictions, loss_inputs.predictions(self, outputs), strict=True)
        shapes = {port: tensor.type.shape for port, tensor in ports}
        return None if self.spec.classes is None else self.spec.classes(shapes, dict(self.options))

    def domain(self, outputs) -> str | None:
        """Return the range of values that a numeric target may have, see `LossSpec.domain`."""
        found = None if self.spec is None else self.spec.domain_of(dict(self.options))
        if found == "distribution" and undo(loss_inputs.predictions(self, outputs)[0], "sigmoid") is not None:
            return "unit"  # several yes and no, which need not sum to 1
        return found

    # ------------------------------------------------------------------------------------------ expressions

    @property
    def uses_items(self) -> bool:
        """Whether numerator and denominator are known (a subclass with its own ``__call__`` returns a mean)."""
        return type(self).__call__ is Loss.__call__ and not self.own_terms

    def values(self, outputs):
        """Return the unreduced loss: per element, per item, or per batch."""
        if self.spec is None:
            raise SpecError(f"loss {self.name}: its class defines only __call__, so it has no values per item")
        ports = loss_inputs.clean_predictions(self, outputs)
        if "target" not in self.spec.ports:
            return self._apply(self.spec.function, ports, None)
        try:
            return self._apply(self.spec.function, ports, loss_inputs.clean_target(self, ports[0]))
        except ShapeError as error:
            if self.spec.target != "any" or not loss_inputs.has_labels(self, ports[0]):
                raise
            try:
                labels = loss_inputs.clean_target(self, ports[0])
                target = loss_inputs.one_hot(labels, ports[0])  # a user's (p - t)**2, say
                return self._apply(self.spec.function, ports, target)
            except (ValueError, TypeError, IndexError):
                raise error from None

    def _apply(self, function, ports, target, *first):
        """Return what a function makes of `first`, the ports in their order, and the options."""
        rest = iter(ports)
        arguments = [target if port == "target" else next(rest) for port in self.spec.ports]
        extra = {"weights": self.weights} if self.spec.pairs and not first else {}
        if self.step_mask is not None:
            extra["steps"] = pt.neq(self.step_mask, 0).sum(axis=1)
        return self.options.for_function(lambda options: function(*first, *arguments, **options, **extra))

    def _averaged(self, outputs):
        """Return the values that are reduced, and what each of them counts in a mean's divisor (None: 1)."""
        values = self.values(outputs)
        if self.weights is not None:
            refuse_reduced(self.spec, values, self._target, description.weighed_by(self))
        if self.how not in ("mean", "count") or self.spec.averaged is None:
            return values, None
        ports = loss_inputs.clean_predictions(self, outputs)
        target = None
        if "target" in self.spec.ports:  # what a weight of 0 takes away is there to be counted
            given = "target" in self.spec.absent
            target = self._target if given else loss_inputs.clean_target(self, ports[0])
        return self._apply(self.spec.averaged, ports, target, values)

    def parts(self, outputs):
        """Return (numerator, denominator): two scalars whose sums over batches give the exact mean of a data set."""
        if self.own_terms:
            return added(list(self.named_terms(outputs).values()))
        if not self.uses_items:
            prove_call(self, outputs)
            with in_words(self.name):
                mean = self(outputs)
            mean = real(mean) if isinstance(mean, Variable) else mean
            self._warn_once(without_effect(self, mean))
            return loss_terms.whole_batch(self, mean, outputs)
        values, counts = self._averaged(outputs)
        if values.ndim == 0 and self.how != "sum":
            return loss_terms.whole_batch(self, values, outputs)
        return fraction(values, self.weights, how=self.how, counts=counts, negative=self.negative_weights)

    def terms(self, outputs) -> dict:
        """Return the parts of the loss by name. The weight multiplies their sum.

        Each is a numerator and a denominator, see `parts`. In a subclass that overrides this, a term may also be a
        scalar, the mean of the batch, or a tensor whose first axis is that of the items. Its other axes are summed, and
        it is averaged over the items with their weights.
        """
        return {self.label: self.parts(outputs)}

    def named_terms(self, outputs, context=None) -> dict:
        """Return the same as `terms`, each term as a numerator and a denominator."""
        return loss_terms.named_terms(self, outputs, context)

    @property
    def own_terms(self) -> bool:
        """Whether a subclass defines the terms of its sum."""
        return type(self).terms is not Loss.terms

    def term_name(self, main: str) -> str:
        """Return the name of the loss in records of a model with this main output: its label if ``ports`` names all."""
        output = self.output_name.removesuffix(":out")
        fed = self.spec is not None and all(port in self.ports for port in self.spec.predictions)
        return self.label if fed or self.output_name == main else f"{self.label}({output})"

    def own_target(self):
        """Return a target variable of the kind that this loss takes, or None if the model decides."""
        return None

    def class_outputs(self, outputs: dict) -> dict:
        """Return the outputs with class probabilities, where metrics of classes look for them."""
        return outputs

    def described(self, outputs) -> str:
        """Return a description of what is minimized, for a subclass."""
        return f"the class {type(self).__name__} on {self.output_name}"

    def own_weights(self) -> dict:
        """Return those parameters of the loss that weight penalties apply to, by short name."""
        return {}

    def owned(self) -> dict:
        """Return every parameter that training updates with this loss, by short name."""
        return {**self.parameters, **self.weighing.parameters}

    def _warn_once(self, message: str | None) -> None:
        if message not in (None, self.__dict__.get("_told")):
            self.__dict__["_told"] = message
            warnings.warn(message, SymlossWarning, stacklevel=2)

    def __call__(self, outputs):
        """Return the scalar expression of this loss (not multiplied by its weight).

        Parameters
        ----------
        outputs : dict
            Expressions by name: ``{"hid1:out": ..., "out:pre": ..., "out:out": ...}``.
        """
        if self.own_terms:
            return divide(*self.parts(outputs))
        values, counts = self._averaged(outputs)
        return reduce(values, self.weights, how=self.how, counts=counts, negative=self.negative_weights)

    # ------------------------------------------------------------------------------------------ words, data, copies

    def divisor(self) -> str:
        """Return a description of the divisor of the sum."""
        return description.divisor(self)

    def log(self) -> str:
        """Return a description of this loss in one line."""
        return f"loss: {self.weight:g} * {self.name} (output {self.output_name}, divided by {self.divisor()})"

    def to_spec(self) -> dict:
        """Return a dict from which `add_loss` can rebuild this loss."""
        return description.to_spec(self)

    def key(self) -> tuple:
        """Return what a compiled function depends on: everything except shared numbers."""
        apart = ("_target", "_weights", "_class_weight", "step_mask", "owner", "weighing", "options", "spec", "_given",
                 "_complete", "_told", "graph")
        settings = {name: value for name, value in sorted(vars(self).items()) if name not in apart}
        return (id(self), self.weighing.fingerprint(), self.options.fingerprint(), fingerprint(settings),
                id(self._target), id(self._weights), id(self._class_weight), id(self.step_mask))

    def __mul__(self, factor):
        """Return the loss with its weight multiplied by a number, a schedule or a shared scalar."""
        if is_number(factor) and self.weighing.moving is None:
            return self._copy(self.weight * factor)
        if self.weighing.moving is not None:
            raise SpecError(f"loss {self.name}: its weight changes during training ({self.weighing}), so it cannot be "
                            "multiplied. Set the whole weight: loss.weight = ...")
        if self.weight != 1:
            raise SpecError(f"loss {self.name}: its weight is {self.weighing}, which cannot be multiplied by "
                            f"{factor!r}. Set the whole weight: loss.weight = ...")
        return self._copy(factor)

    __rmul__ = __mul__

    def unbound(self) -> "Loss":
        """Return a copy with a weight of its own that is not bound to a model."""
        twin = self._copy()
        twin._class_weight = twin.owner = None
        target = self.given_target
        if target is None and self.target_axes is not None:
            target = loss_inputs.target_of_rank(self.spec, self.target_axes)
        weights = loss_inputs.weights_variable(target) if target is not None and self.asks_for_weights else None
        twin.bind(target, weights).weighted = self.asks_for_weights
        return twin

    def _copy(self, weight=None):
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.__dict__["weighing"] = self.weighing.copy()
        twin.__dict__["options"] = self.options.copy()
        if weight is not None:
            twin.weight = weight
        return twin

    def formula(self):
        """Return the ``Formula`` of a value of the loss, with its options as numbers."""
        return loss_formula(self)

    def __repr__(self):
        return description.text(self)


def _replaceable(cls) -> bool:
    """A class may be defined again under its own name (a notebook cell run twice), but not over a function's name."""
    return cls.__name__ not in registry or not isinstance(registry.get(cls.__name__), LossSpec)
