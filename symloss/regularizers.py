"""Regularizers: penalties on parameters and activity, and noise.

``train(..., weight_l2=1e-4)`` adds one. ``{"pattern": "hid*", "weight": 0.1}`` selects what it applies to. Penalties on
parameters are true sums over all entries of those that match. Penalties on activity are sums over units, averaged only
over the items of the batch.
"""

import fnmatch

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.sparse import SparseTensorType

from ._checks import is_number
from ._registry import Registry, other_names
from .errors import ShapeError, SpecError, UnknownNameError

registry: Registry = Registry("regularizer")  # name -> subclass of Regularizer


def weight_l1(parameters):
    """Return the sum of absolute values, sum |w|, over all `parameters`."""
    return sum(pt.abs(w).sum() for w in parameters)


def weight_l2(parameters):
    """Return the sum of squares, sum w^2, over all `parameters`."""
    return sum(pt.sqr(w).sum() for w in parameters)


def hidden_l1(outputs):
    """Return the sum of absolute values over the units of all `outputs` (n, ...), averaged over the n items."""
    return sum(pt.abs(h).sum() / pt.cast(h.shape[0], h.dtype) for h in outputs)


def contractive(outputs, inputs):
    r"""Return the squared Frobenius norm of the Jacobian of `outputs` by `inputs`, averaged over items.

    .. math:: \frac1n \sum_i \sum_{kj} \left(\frac{\partial h_{ik}}{\partial x_{ij}}\right)^2

    Items must not depend on each other. See Rifai et al. (2011), "Contractive Auto-Encoders", ICML.
    """
    total = 0
    for h in outputs:
        units = h.sum(axis=0).flatten()  # items do not depend on each other, so d(sum of h)/dx_i is dh_i/dx_i
        for x in inputs:
            jacobian = pytensor.gradient.jacobian(units, x, disconnected_inputs="ignore", vectorize=True)
            total = total + pt.sqr(jacobian).sum() / pt.cast(h.shape[0], h.dtype)
    return total


def recurrent_state(outputs):
    """Return sum (h_t - h_(t-1))^2 over the units of all `outputs` (n, time, units), averaged over items and steps."""
    return sum(pt.sqr(h[:, 1:] - h[:, :-1]).sum(axis=-1).mean() for h in outputs)


def recurrent_norm(outputs):
    """Return (|h_t| - |h_(t-1)|)^2 of all `outputs` (n, time, units), averaged over items and steps.

    See Krueger & Memisevic (2016), "Regularizing RNNs by Stabilizing Activations", ICLR.
    """
    norms = [_norm(h) for h in outputs]
    return sum(pt.sqr(n[:, 1:] - n[:, :-1]).mean() for n in norms)


def _norm(h):
    squares = pt.sqr(h).sum(axis=-1)
    still = pt.eq(squares, 0)  # where the root has no gradient
    return pt.switch(still, 0, pt.sqrt(pt.switch(still, 1, squares)))


def gaussian_noise(x, std, rng):
    """Return x plus normal noise with standard deviation `std` (in the unit of x), and the next generator."""
    next_rng, draw = pt.random.normal(0.0, 1.0, size=x.shape, rng=rng, dtype=x.dtype, return_next_rng=True)
    return x + std * draw, next_rng


def dropout(x, probability, rng):
    """Return x with elements set to 0 with `probability` and the rest scaled, and the next generator."""
    next_rng, draw = pt.random.uniform(0.0, 1.0, size=x.shape, rng=rng, dtype=x.dtype, return_next_rng=True)
    return x * (pt.ge(draw, probability) * (1 / (1 - probability))), next_rng  # no switch: branching on chance is slow


class Regularizer:
    """A regularizer with a strength and a pattern of names. Subclasses are registered by their name and `aliases`.

    Parameters
    ----------
    pattern : str
        Glob pattern over names of parameters ('hid1.w') or outputs ('hid1:out'). A number in its place is the weight.
    weight : float
        Factor of the term, or strength of the noise. It is a shared scalar: you can change it without recompiling.
    """

    aliases: tuple[str, ...] = ()
    title = "regularizer"
    on_graph = False  # whether it changes outputs, and not the total
    default_pattern = "*"

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        if cls.__name__.startswith("_"):  # a base that has no meaning of its own
            return
        cls.title = cls.__dict__.get("title", cls.__name__)
        registry.add(cls.title, cls, other_names(cls), replace=True)

    def __init__(self, pattern: str | None = None, weight: float = 0.0):
        if is_number(pattern):  # Regularizer.build("weight_l2", 0.01)
            pattern, weight = None, pattern
        self.pattern = self.default_pattern if pattern is None else pattern
        if not isinstance(self.pattern, str):
            raise SpecError(f"{self.title}: pattern={pattern!r} is not valid; it must be a name such as 'hid1', or a "
                            "pattern such as 'hid*'")
        self._check(weight)
        value = np.asarray(weight, pytensor.config.floatX)
        self._weight = pytensor.shared(value, name=f"{self.title} weight", shape=())

    @staticmethod
    def build(form: str, *arguments, **keywords) -> "Regularizer":
        """Return the registered regularizer called `form`."""
        return registry.get(form)(*arguments, **keywords)

    def _check(self, weight):
        if not is_number(weight):
            raise SpecError(f"{self.title}: weight={weight!r} is not valid; it must be a finite number")
        if weight < 0:
            raise SpecError(f"{self.title}: weight={weight} is not valid; it must be a number of at least 0")

    @property
    def name(self) -> str:
        """The name of the term in records."""
        pattern = "" if self.pattern == self.default_pattern else f"({self.pattern})"
        return f"{self.title}{pattern}"

    @property
    def factor(self):
        """The weight as an expression."""
        return self._weight

    @property
    def weight(self) -> float:
        """Factor of the term, or strength of the noise."""
        return self._weight.get_value().item()

    @weight.setter
    def weight(self, value):
        self._check(value)
        self._weight.set_value(np.asarray(value, self._weight.type.dtype))

    def loss(self, graph, outputs):
        """Return the scalar of the term, before the weight. A subclass overrides this, or `modify`."""
        raise SpecError(f"{self.title}: the class defines no term. Override loss(self, graph, outputs), or set "
                        "on_graph = True and override modify(self, name, value, rng)")

    def modify(self, name, value, rng):
        """Return a changed output and the next state of the generator (only with on_graph)."""
        raise SpecError(f"{self.title}: the class changes no value. Override modify(self, name, value, rng)")

    def check(self, graph) -> None:
        """Try the methods that a subclass overrides, so that mistakes show before anything is compiled."""
        outputs = graph.outputs()[0]
        if not self.on_graph:
            term = self.loss(graph, outputs)
            if not isinstance(term, Variable) and not is_number(term):
                raise SpecError(f"{self.title}: loss returned {term!r}, but it must return a scalar expression")
            if getattr(term, "ndim", 0):
                raise ShapeError(f"{self.title}: loss returned a tensor with {term.ndim} axes. Return a scalar, for "
                                 "example with .sum()")
            return
        names = graph.output_names()
        for name in self._need([n for n in names if self.matches(n)], "output", names):
            if not _is_dense(outputs[name]):
                continue  # sparse, which the graph refuses
            if not outputs[name].dtype.startswith("float"):
                raise SpecError(f"{self.title}: {name} has dtype {outputs[name].dtype}, so no noise can be added to "
                                f"it. Name other outputs, such as {{'hid1': {self.weight:g}}}")
            changed = self.modify(name, outputs[name], pytensor.shared(np.random.default_rng(0)))
            if not isinstance(changed, tuple) or [isinstance(part, Variable) for part in changed] != [True, True]:
                raise SpecError(f"{self.title}: modify returned {changed!r}, but it must return (value, the next "
                                "state of rng)")

    def matches(self, name: str) -> bool:
        """Return whether the pattern matches this name of an output or parameter. 'hid1' means 'hid1:out'."""
        short = name.removesuffix(":out")
        return fnmatch.fnmatch(name, self.pattern) or fnmatch.fnmatch(short, self.pattern)

    def _need(self, found, kind, names):
        if not found:
            raise UnknownNameError(
                f"{self.title}: no {kind} matches {self.pattern!r}. There are {', '.join(names) or 'none'}"
            )
        return found

    def key(self) -> tuple:
        """Return what a compiled function depends on, without the weight."""
        return (type(self), self.pattern)

    def __repr__(self):
        return f"{self.title}(pattern={self.pattern!r}, weight={self.weight:g})"


class _OnParameters(Regularizer):
    penalty = None

    def loss(self, graph, outputs):
        named = graph.weights()
        if self.pattern != self.default_pattern:  # parameters of losses that are no weights, where they are named
            named = named | graph.lent_others
        found = [w for name, w in named.items() if self.matches(name)]
        return type(self).penalty(self._need(found, "weight", named))


class WeightL1(_OnParameters):
    """`weight_l1` of the weights that match."""

    title, aliases, penalty = "weight_l1", ("weight_sparsity",), staticmethod(weight_l1)


class WeightL2(_OnParameters):
    """`weight_l2` of the weights that match."""

    title, aliases, penalty = "weight_l2", ("weight_decay",), staticmethod(weight_l2)


class HiddenL1(Regularizer):
    """`hidden_l1` of the outputs that match. By default these are all layers between the first and the last."""

    title, aliases, default_pattern = "hidden_l1", ("hidden_sparsity",), "hidden"

    def loss(self, graph, outputs):
        return hidden_l1(_matching_outputs(self, graph, outputs))


class Contractive(Regularizer):
    """`contractive` of the outputs that match (by default the hidden ones) by the inputs that match `wrt`."""

    title, default_pattern = "contractive", "hidden"

    def __init__(self, pattern=None, weight=0.0, wrt="*"):
        super().__init__(pattern, weight)
        self.wrt = wrt

    def loss(self, graph, outputs):
        inputs = {name: v for name, v in graph.input_variables().items()
                  if _is_dense(v) and v.dtype.startswith("float")}
        wanted = [v for name, v in inputs.items() if fnmatch.fnmatch(name, self.wrt)]
        if not wanted:
            raise UnknownNameError(f"contractive: no input matches wrt={self.wrt!r}. The inputs are "
                                   f"{', '.join(inputs)}")
        return contractive(_matching_outputs(self, graph, outputs), wanted)

    def key(self):
        return (*super().key(), self.wrt)


class _OverTime(Regularizer):
    default_pattern, penalty = "hidden", None

    def loss(self, graph, outputs):
        hidden = graph.hidden_names()
        names = [n for n in outputs if n.endswith(":out") and _is_dense(outputs[n]) and outputs[n].ndim == 3]
        found = [n for n in names if (n in hidden if self.pattern == "hidden" else self.matches(n))]
        return type(self).penalty([outputs[n] for n in self._need(found, "output with a time", names)])


class RecurrentState(_OverTime):
    """`recurrent_state` of the outputs that match. By default these are all hidden layers with a time axis."""

    title, penalty = "recurrent_state", staticmethod(recurrent_state)


class RecurrentNorm(_OverTime):
    """`recurrent_norm` of the outputs that match. By default these are all hidden layers with a time axis."""

    title, penalty = "recurrent_norm", staticmethod(recurrent_norm)


def _is_dense(variable) -> bool:
    return isinstance(variable, pt.TensorVariable) and not isinstance(variable.type, SparseTensorType)


def _matching_outputs(regularizer, graph, outputs):
    hidden = graph.hidden_names()
    names = [n for n in outputs if n.endswith(":out") and _is_dense(outputs[n])]
    if regularizer.pattern == "hidden":
        return regularizer._need([outputs[n] for n in names if n in hidden], "hidden output", hidden)
    return regularizer._need([outputs[n] for n in names if regularizer.matches(n)], "output", names)


class _Noise(Regularizer):
    on_graph = True
    default_pattern = "*:out"


class GaussianNoise(_Noise):
    """Normal noise on the outputs that match, only in training. `weight` is its standard deviation."""

    title, aliases = "gaussian_noise", ("noise",)

    def modify(self, name, value, rng):
        return gaussian_noise(value, self._weight, rng)


class BernoulliDropout(_Noise):
    """Dropout of the outputs that match, only in training. `weight` is the probability."""

    title, aliases = "bernoulli_dropout", ("dropout",)

    def _check(self, weight):
        super()._check(weight)
        if weight >= 1:
            raise SpecError(f"dropout: the probability is {weight}, but it must be less than 1")

    def modify(self, name, value, rng):
        return dropout(value, self._weight, rng)


PLACES = ("input", "hidden", "output")  # input_noise, hidden_dropout, ... are patterns that the graph knows


def is_regularizer(option: str) -> bool:
    """Return whether `option` is a keyword for a regularizer."""
    return option in registry or option in _placed()


def option_names() -> list[str]:
    """Return every keyword for a regularizer."""
    return sorted([*registry, *_placed()])


def _placed():
    return {f"{place}_{kind}": (place, kind) for place in PLACES for kind in ("noise", "dropout")}


def _noises(option, cls, place, value, graph):
    patterns = graph.place(place)
    if not patterns:
        raise SpecError(f"{option}: the model has no {place} layers. Leave the option out")
    return [cls(pattern, value) for pattern in patterns if value]


def from_options(options: dict, graph) -> list[Regularizer]:
    """Return the regularizers for keywords such as ``weight_l2=1e-4, dropout={"hid1": 0.5}``.

    A value is a number, a dict with 'weight' and 'pattern' (and the other arguments of the class), or a dict of numbers
    by pattern. For the number 0 there is no regularizer.
    """
    made = []
    for option, value in options.items():
        if not isinstance(value, Regularizer | dict) and not is_number(value):
            raise SpecError(f"{option}={value!r} is not valid; it must be a number, or a dict with weight and pattern")
        place, kind = _placed().get(option, ("hidden", option))
        cls = registry.get(kind)
        if isinstance(value, Regularizer):
            if not isinstance(value, cls):
                raise SpecError(f"{option}={value!r} is not valid; it must be a {cls.title}. Write "
                                f"{value.title}={value!r}")
            made.append(value)
        elif option in _placed():
            if not is_number(value):
                raise SpecError(f"{option}={value!r} is not valid; it must be a number. To name outputs, write "
                                f"{kind}={value!r}")
            made += _noises(option, cls, place, value, graph)
        elif not isinstance(value, dict):
            if cls.on_graph:
                made += _noises(option, cls, place, value, graph)
            elif value != 0:
                made.append(cls(weight=value))
        elif value and not set(value) & {"weight", "pattern", "wrt"}:
            made += [cls(pattern=pattern, weight=weight) for pattern, weight in value.items()]
        else:
            try:
                made.append(cls(**value))
            except TypeError as error:
                raise SpecError(f"{option}={value!r} is not valid ({error}); it must be a number, or a dict with "
                                "weight and pattern") from None
    for regularizer in made:
        regularizer.check(graph)
    return made
