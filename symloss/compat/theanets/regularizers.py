"""Regularizers of theanets: with means instead of the core's sums, averaged over everything that matches."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ...regularizers import dropout as _dropout
from ...regularizers import gaussian_noise as _gaussian_noise
from .util import (
    ConfigurationError,
    Registrar,
    log,
    outputs_matching,
    params_matching,
)

PLACES = ("input", "hidden", "output")


def from_kwargs(graph, **kwargs):
    """Return the regularizers that keyword arguments ask for; other arguments are ignored.

    Parameters
    ----------
    graph : Network
    regularizers : list or dict
        A list is returned as it is. A dict contains further keyword arguments.
    rng : int
        Seed of noise and dropout. The default is 13.
    input_dropout, hidden_dropout, output_dropout, input_noise, hidden_noise, output_noise : float
    dropout, noise : dict of float by pattern
    **kwargs
        Strengths by registered name, ``weight_l2=0.1``, or dicts with 'weight', 'pattern' and further arguments.
    """
    given = kwargs.get("regularizers")
    if isinstance(given, list | tuple):
        return list(given)
    kwargs = kwargs | (given or {})
    made = [r for kind in (BernoulliDropout, GaussianNoise) for r in _noises(graph, kind, kwargs)]
    for key, value in kwargs.items():
        if Regularizer.is_registered(key) and key not in ("noise", "dropout"):
            made.append(Regularizer.build(key, **(value if isinstance(value, dict) else {"weight": value})))
    return made


def _noises(graph, kind, kwargs):
    """Yield the noises of one kind, by place and by pattern."""
    by_place = zip(PLACES, (graph.inputs_layers(), graph.layers[1:-1], graph.layers[-1:]), strict=True)
    strengths = {tuple(la.output_name for la in ls): kwargs.get(f"{place}_{kind.KEY}", 0) for place, ls in by_place}
    by_pattern = kwargs.get(kind.KEY, {})
    if not isinstance(by_pattern, dict):
        raise ConfigurationError(f"{kind.KEY}={by_pattern!r} is not valid; pass strengths by pattern, "
                                 f"{kind.KEY}={{'hid*:out': {by_pattern!r}}}, or hidden_{kind.KEY}={by_pattern!r}")
    for pattern, weight in (strengths | by_pattern).items():
        if weight:
            yield kind(pattern=pattern, weight=weight, rng=kwargs.get("rng", 13))


class Regularizer(metaclass=Registrar):
    """Base class of regularizers, which change outputs of a model or add a term to its loss.

    Parameters
    ----------
    pattern : str
        Glob over names of parameters or outputs.
    weight : float
        Factor of the term. You can also pass it in place of the pattern, which failed in theanets.
    """

    EVERYTHING = "*"

    def __init__(self, pattern="*", weight=0.0):
        if isinstance(pattern, int | float):
            pattern, weight = self.EVERYTHING, pattern
        self.pattern, self.weight = pattern, weight

    def log(self):
        """Write a line about this regularizer."""
        log("regularizer: {} * {}({})", self.weight, type(self).__name__, self.pattern)

    def modify_graph(self, outputs):
        """Change the dict of a layer's outputs in place."""

    def loss(self, layers, outputs):
        """Return a scalar expression, before it is multiplied by the weight."""
        return 0.0

    def _matching(self, outputs):
        return [expression for _, expression in outputs_matching(outputs, self.pattern)]

    def _hidden(self, layers, outputs):
        """Return the outputs that match; '*' means the main ones of hidden layers."""
        return [outputs[la.output_name] for la in layers[1:-1]] if self.pattern == "*" else self._matching(outputs)


def _average(terms):
    terms = list(terms)
    return sum(terms) / len(terms) if terms else 0.0


class WeightL2(Regularizer):
    """The average over parameters with more than one axis of mean(w^2)."""

    __extra_registration_keys__ = ("weight_l2", "weight_decay")

    def loss(self, layers, outputs):
        return _average((p * p).mean() for _, p in params_matching(layers, self.pattern) if p.ndim > 1)


class WeightL1(Regularizer):
    """The average over parameters with more than one axis of mean(|w|)."""

    __extra_registration_keys__ = ("weight_l1", "weight_sparsity")

    def loss(self, layers, outputs):
        return _average(abs(p).mean() for _, p in params_matching(layers, self.pattern) if p.ndim > 1)


class HiddenL1(Regularizer):
    """The average over outputs, of hidden layers unless a pattern says otherwise, of mean(|h|)."""

    __extra_registration_keys__ = ("hidden_l1", "hidden_sparsity")

    def loss(self, layers, outputs):
        return _average(abs(h).mean() for h in self._hidden(layers, outputs))


class _OverTime(Regularizer):
    def _sequences(self, outputs):
        matching = self._matching(outputs)
        found = [h for h in matching if h.ndim >= 3]  # a vector of rates has no time
        if matching and not found:
            raise ConfigurationError(f"{type(self).__name__}: the outputs that match {self.pattern!r} have no time "
                                     f"axis. Name outputs of recurrent layers, such as {{'pattern': 'hid1:out', "
                                     f"'weight': ...}}")
        return found


class RecurrentNorm(_OverTime):
    """The average over outputs of mean(n_t - n_(t+1)), with n the squared norm at each step, signed as in theanets."""

    __extra_registration_keys__ = ("recurrent_norm",)

    def loss(self, layers, outputs):
        norms = [(h * h).sum(axis=-1) for h in self._sequences(outputs)]
        return _average((n[:, :-1] - n[:, 1:]).mean() for n in norms)


class RecurrentState(_OverTime):
    """The average over outputs of mean((h_t - h_(t+1))^2)."""

    __extra_registration_keys__ = ("recurrent_state",)

    def loss(self, layers, outputs):
        return _average(pt.sqr(h[:, :-1] - h[:, 1:]).mean() for h in self._sequences(outputs))


class Contractive(Regularizer):
    """The average over outputs, as for `HiddenL1`, of mean((d mean(h) / d x)^2), for the inputs x that match `wrt`."""

    __extra_registration_keys__ = ("contractive",)

    def __init__(self, pattern=None, weight=0.0, wrt="*"):
        super().__init__("*" if pattern is None else pattern, weight)
        self.wrt = wrt

    def log(self):
        log("regularizer: {} * {}({} wrt {})", self.weight, type(self).__name__, self.pattern, self.wrt)

    def loss(self, layers, outputs):
        sources = [(la.name, la.input) for la in layers if hasattr(la, "input")]
        sources = [x for _, x in outputs_matching(sources, self.wrt)]
        hidden = self._hidden(layers, outputs)
        slopes = [pytensor.grad(h.mean(), sources, disconnected_inputs="ignore") for h in hidden]
        return _average(sum(pt.sqr(g).mean() for g in each) for each in slopes)


class _Noise(Regularizer):
    KEY = BEFORE = ""
    EVERYTHING = "*:out"

    def __init__(self, pattern="*:out", weight=0.0, rng=13):
        super().__init__(pattern, weight)
        self.rng = rng
        self.updates = []  # (generator, its next state), for every output that was changed

    def modify_graph(self, outputs):
        for name, x in list(outputs_matching(outputs, self.pattern)):
            seed = self.rng if isinstance(self.rng, int | np.integer) else self.rng.randint(2**31 - 1)
            rng = pytensor.shared(np.random.default_rng([seed, *name.encode()]), name=f"{self.KEY} of {name}")
            outputs[f"{name}-{self.BEFORE}"] = x
            strength = np.asarray(self.weight, x.dtype)
            outputs[name], next_rng = self._noisy(x, strength, rng)
            self.updates.append((rng, next_rng))


class GaussianNoise(_Noise):
    """Normal noise with standard deviation `weight` on the outputs that match."""

    __extra_registration_keys__ = ("noise",)
    KEY, BEFORE = "noise", "prenoise"

    def _noisy(self, x, strength, rng):
        return _gaussian_noise(x, strength, rng)


class BernoulliDropout(_Noise):
    """Outputs that match are 0 with probability `weight`; the others are scaled up to keep the mean."""

    __extra_registration_keys__ = ("dropout",)
    KEY, BEFORE = "dropout", "predrop"

    def log(self):
        log("regularizer: BernoulliDropout({}) ~ B({})", self.pattern, self.weight)

    def _noisy(self, x, strength, rng):
        return _dropout(x, strength, rng)
