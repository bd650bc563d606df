"""The loss registry: what the decorator records about a loss function."""

import dataclasses
import inspect
from collections.abc import Callable

from .._registry import Registry, in_order
from .._repr import Summarised
from ..errors import SpecError, UnknownNameError, unknown
from .formula import HasFormula, spec_formula
from .option_ranges import check, completed

SUPPORTS = ("nonnegative", "positive", "above -1")  # of targets that are numbers
TARGETS = ("same", "label", "label or distribution", "sign", "sign or label", "none")


def last_axis(shapes, options):
    """Return the number of classes, if the first port has one entry for each class."""
    return next(iter(shapes.values()))[-1]


def one_column(shapes, options):
    """Return the shape of a target with one column, where the first port has several."""
    return (*next(iter(shapes.values()))[:-1], 1)


def by_item(shapes, options):
    """Return the shape of a target with one number for each item, or each step, of the first port."""
    return next(iter(shapes.values()))[:-1]


@dataclasses.dataclass(frozen=True, repr=False)
class LossSpec(HasFormula, Summarised):
    """The description of a loss function, which the decorator records.

    Parameters
    ----------
    name : str
    function : callable
        The mathematics: ``function(*ports, **hyperparameters)`` takes tensors and returns a tensor per element or per
        item.
    ports : tuple of str
        Positional arguments, in order. The data provide ``target``, and outputs of the model provide the others.
    target : str
        Kind of target, one of ``TARGETS``.
    activation : str or None
        The activation that the prediction is expected to come from.
    per : 'element', 'item' or 'batch'
        What one value of the result belongs to.
    unit : str
    options : dict
        Hyperparameters with their defaults.
    pairs : bool
        Whether the function applies the weights itself, because its values come from pairs of items, or are means over
        the places of an item.
    averaged : callable or None
        What the reductions 'mean' and 'count' average: ``averaged(values, *ports, **options)`` returns those values,
        and how much each of them counts in the divisor. None means the function's own values, each counted once.
    classes : callable or None
        The number of classes that labels may name: ``classes(shapes by port, options)``. With None labels are any
        integers.
    padding : int or None
        The label that pads short sequences.
    ranges : dict
        Allowed values of each hyperparameter, by name: a ``Range``, a ``Choice``, or None for anything.
    shape : callable or None
        Shape of the target, if it does not follow from the first port in the usual way: ``shape(shapes by port,
        options)``. None means the shape of the first port, without its last axis for labels.
    fits : callable or None
        Check of arrays before training: ``fits(target, steps, who, counts, classes, rows=..., **options)`` raises
        DataError for a target that no prediction of that many steps and classes can have. ``rows`` are the numbers of
        its rows in the user's data. With None every target fits.
    absent : dict
        For losses whose items have several elements: the number, by port, that replaces an element with weight 0, so
        that it adds nothing to the loss of the item.
    definition : str or None
        The text of the formula that defines the loss, if there is one. Files contain it instead of a name.
    support : str, callable or None
        Range of a numeric target for which the loss is defined, one of ``SUPPORTS``; or a function of the options that
        returns it. None: any number, unless `target` and `activation` say something else, see `domain`.
    positive : tuple of str
        Ports whose values must be positive, such as a mean of counts or a variance.
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
    averaged: Callable | None = None
    classes: Callable | None = last_axis
    padding: int | None = None
    ranges: dict = dataclasses.field(default_factory=dict, hash=False)
    shape: Callable | None = None
    fits: Callable | None = None
    absent: dict = dataclasses.field(default_factory=dict, hash=False)
    definition: str | None = None
    support: str | Callable | None = None
    positive: tuple[str, ...] = ()

    def __call__(self, *ports, **options):
        """Return the values of the loss for tensors, one for each port."""
        return self.function(*ports, **options)

    def target_shape(self, shapes: dict, options: dict) -> tuple:
        """Return the shape of the target for predictions of known shapes, by port. None is any length.

        >>> get("multi_quantile").target_shape({"prediction": (None, 3)}, {})
        (None, 1)
        """
        if self.shape is not None:
            return tuple(self.shape(shapes, options))
        first = next(iter(shapes.values()))
        return first[:-1] if self.target == "label" and len(first) > 1 else first

    def __mul__(self, factor) -> dict:
        """Return this loss with a weight, for `add_loss`: ``0.3 * losses.get("mae")``."""
        registered = self.name in registry and registry.get(self.name) is self
        return {"form": self.name if registered else self, "weight": factor}

    __rmul__ = __mul__

    @property
    def alike(self) -> bool:
        """Whether the target has the shape of the prediction: one number for each number."""
        return self.per == "element" and self.target in ("same", "sign")

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return inspect.getdoc(self.function).splitlines()[0]

    @property
    def domain(self) -> str | None:
        """The range of a numeric target with the default options, see `domain_of`."""
        return self.domain_of({})

    def domain_of(self, options: dict) -> str | None:
        """Return the range of a numeric target with these options.

        It is 'sign', 'unit' ([0, 1]), 'distribution', one of ``SUPPORTS``, or None for any values.
        """
        if self.support is not None:
            return self.support(self.options | options) if callable(self.support) else self.support
        if self.target.startswith("sign"):
            return "sign"
        if self.activation == "softmax" and self.target != "label" and self.per == "item":
            return "distribution"
        return "unit" if self.activation == "sigmoid" and self.target == "same" else None

    @property
    def predictions(self) -> tuple[str, ...]:
        """The ports that get outputs of the model."""
        return tuple(port for port in self.ports if port != "target")

    def ending(self, port: str | None = None) -> str:
        """Return the activation that a layer for a port usually ends in; for the first port if you name none.

        >>> get("bce").ending(), get("gaussian_nll").ending(), get("gaussian_nll").ending("variance")
        ('sigmoid', 'linear', 'exp')
        """
        first = self.predictions[0] if self.predictions else None
        if port in (None, first) and self.activation is not None:
            return self.activation
        return "exp" if (port or first) in self.positive else "linear"

    def _facts(self) -> dict:
        ranges = {name: f"{name}={value!r}" + (f" ({self.ranges[name]})" if self.ranges.get(name) else "")
                  for name, value in self.options.items()}
        return {"names": ", ".join([self.name, *(registry.aliases(self.name) if self.name in registry else [])]),
                "ports": ", ".join(self.ports), "target": self.target, "activation": self.activation or "",
                "must be positive": ", ".join(self.positive),
                "one value per": self.per, "unit": self.unit, "options": ", ".join(ranges.values())}

    def formula(self, **options):
        """Return the ``Formula`` of the loss. Options that you do not pass stay symbols if possible."""
        return spec_formula(self, options)

    def check_options(self, given) -> None:
        """Raise UnknownNameError for an option that the function does not take, SpecError for a value out of range."""
        for option, value in given.items():
            if option not in self.options:
                if option in ELSEWHERE:
                    raise UnknownNameError(f"option of loss {self.name!r}: {option!r}; {ELSEWHERE[option]}")
                raise unknown(f"option of loss {self.name!r}:", option, self.options or ["none"])
            check(f"loss {self.name}", option, value, self.ranges.get(option))


ELSEWHERE = {  # options of losses in other libraries that are no options here -> what to write
    "mean_name": "write ports={'mean': 'layer'}, or call the layer 'mean'",
    "covar_name": "write ports={'variance': 'layer'}, or call the layer 'variance'",
    "covar_eps": "write eps; covar_eps only works with like='theanets'",
    "classes": "the options belong to sampled_softmax, nce and negative_sampling: write "
               "symloss.losses.SampledSoftmax(classes=50000), or {'form': 'nce', 'classes': 50000}",
    "kernel": "write bandwidth; a kernel only works with like='theanets'",
}

registry: Registry = Registry("loss")  # name -> LossSpec, or a subclass of Loss


def loss(*aliases: str, target="same", activation=None, per="element", unit="the unit of the target",
         classes=last_axis, padding=None, ranges=None, shape=None, fits=None, absent=None, support=None,
         positive=()):
    """Register a loss function under its own name and `aliases`.

    Without parentheses, ``@symloss.loss`` registers nothing. The function becomes a `LossSpec`, which models,
    `evaluate` and `report` accept like any loss. To save a model with it in a file, register it: write
    ``@symloss.loss()``.

    Positional arguments of the function are ports, keyword-only arguments are hyperparameters. The keyword-only
    argument ``weights`` is special: with it the function applies the weights of pairs of items, or of places of an
    item, itself.

    `ranges` gives the allowed values of hyperparameters: ``{"delta": "(0, inf)"}``, see ``Range``. A hyperparameter
    that is not listed takes finite numbers if its default is a number, and True or False if its default is one of them.
    `shape` gives the shape of a target that differs from the prediction's, `fits` refuses impossible targets, and
    `absent` gives numbers that add nothing to the loss of an item, see `LossSpec`. `support` says for which targets the
    loss is defined: 'nonnegative' for counts and amounts, 'positive', or 'above -1'. Other targets raise an error.
    `positive` names the ports that must be positive: ``("variance",)``. A model whose output for such a port can be
    negative is refused.
    """
    if len(aliases) == 1 and callable(aliases[0]):
        return _described(in_order(aliases[0]), f"@loss {aliases[0].__name__}", "any", None, per, "unknown")
    if target not in TARGETS:
        raise SpecError(f"@loss: target={target!r} is not valid; it must be one of {', '.join(TARGETS)}")
    if not callable(support) and support not in (None, *SUPPORTS):
        raise SpecError(f"@loss: support={support!r} must be one of {', '.join(SUPPORTS)}, or None")

    def register(given):
        function = in_order(given)
        spec = _described(function, f"@loss {function.__name__}", target, activation, per, unit, ranges or {},
                          classes=classes, padding=padding, shape=shape, fits=fits, absent=absent or {},
                          support=support, positive=positive)
        registry.add(spec.name, spec, aliases)
        return given

    return register


def _described(function, who, target, activation, per, unit, ranges=None, **more) -> LossSpec:
    ports, options, pairs = signature(function, who)
    if isinstance(more.get("positive"), str):
        raise SpecError(f"{who}: positive={more['positive']!r} must be a tuple, such as ({more['positive']!r},)")
    if wrong := [port for port in more.get("positive", ()) if port not in ports]:
        raise unknown(f"{who}: port in positive:", wrong[0], ports)
    return LossSpec(function.__name__, function, ports, target, activation, per, unit, options, pairs,
                    ranges=completed(ranges or {}, options, who), **more)


def signature(function, who: str) -> tuple[tuple[str, ...], dict, bool]:
    """Return the ports of a loss function, its options with their defaults, and whether it applies the weights itself.

    Raises
    ------
    SpecError
        If an argument with a default is not keyword-only: it would be passed a tensor.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise SpecError(f"{who}: symloss cannot read its arguments. Write a function of (prediction, target)") from None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    starless = [p for p in positional if p.default is not p.empty]
    if starless:
        ports = ", ".join(p.name for p in positional if p not in starless)
        raise SpecError(f"{who}: {starless[0]} is an option, so it must come after a *. Write ({ports}, *, "
                        f"{', '.join(map(str, starless))})")
    pairs = "weights" in options
    options.pop("weights", None)
    return tuple(p.name for p in positional), options, pairs


def get(name: str | LossSpec) -> LossSpec:
    """Return the LossSpec of a registered loss by name or alias, or of a formula. A LossSpec is returned unchanged.

    >>> get("mae").name
    'absolute_error'
    """
    entry = name if isinstance(name, LossSpec) else registry.get(name)
    if not isinstance(entry, LossSpec):
        raise SpecError(f"loss {name!r} is the class {entry.__name__}, not a function. Write "
                        f"symloss.Loss.build({name!r})")
    return entry


def names() -> list[str]:
    """Return the names of all registered loss functions."""
    return [name for name in registry if isinstance(registry.get(name), LossSpec)]
