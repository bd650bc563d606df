"""How a step moves the parameters: the rule, its hyperparameters, and what is done to gradients before it."""

import dataclasses
import fnmatch
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pytensor
import pytensor.tensor as pt

from .. import updates as rules
from .._options import FLAG, NONE, PATTERNS, Check, integer, number, option
from ..errors import SpecError, UnknownNameError
from ..losses import divide
from ..schedules import Schedule
from . import gradients, names
from . import weight_updates as weights
from .table_rows import Tables

# as in downhill, 0 means no limit
LIMIT = Check("a finite number of at least 0 or None", lambda value: value is None or number(0).accepts(value),
              lambda value: value or None)


@dataclasses.dataclass(frozen=True)
class Plan:
    """A description of the updates. The compiled code depends only on `key`.

    Parameters
    ----------
    rule : callable
        An update rule of `symloss.updates`.
    options : dict
        The rule's hyperparameters: numbers, or schedules. 'learning_rate' may be a dict of them by pattern.
    """

    rule: Callable
    options: dict
    freeze: tuple = option(
        "str or list of str", "Patterns of parameters that are not trained, such as 'hid1' or '*.b'.",
        PATTERNS, default=(),
        resumed="the same", also={"params": "write freeze, with patterns of the parameters that do not move"})
    max_gradient_norm: float | None = option(
        "float or None", "Maximum norm of all gradients together. Larger gradients are scaled down.", LIMIT,
        goes_with="steps", resumed="as before",
        also=dict.fromkeys(("global_clipnorm", "max_grad_norm"), "write max_gradient_norm"))
    max_parameter_gradient_norm: float | None = option(
        "float or None", "Maximum norm of the gradient of each parameter. Larger gradients are scaled down.",
        LIMIT, goes_with="steps", resumed="as before",
        also={"clipnorm": "write max_parameter_gradient_norm"})
    max_gradient_element: float | None = option(
        "float or None", "Maximum absolute value of each element of a gradient. Larger elements are clipped.", LIMIT,
        goes_with="steps", resumed="as before",
        also=dict.fromkeys(("max_gradient_clip", "max_gradient_elem", "clipvalue"), "write max_gradient_element"))
    accumulate: int = option(
        "int", "Number of batches whose gradients are accumulated for one update. The update is exactly that of one "
        "large batch.", integer(1),
        default=1, goes_with="steps", off=1, resumed="the same",
        also={"gradient_accumulation_steps": "write accumulate"})
    average: float | None = option(
        "float or None", "Decay factor of an exponential moving average of the parameters, for example 0.999. "
        "Validation and prediction then use the averages.",
        number(0, below=1) | NONE, goes_with="steps", resumed="the same",
        also=dict.fromkeys(("ema_momentum", "use_ema"), "write average=0.999"))
    lazy: bool = option(
        "bool", "Whether rules with a memory, such as adam, update only those rows of an embedding table that a step "
        "reads. The other rows, and the state of the rule for them, do not change until they are read again.",
        FLAG, default=False, goes_with="steps", off=False, resumed="the same",
        also=dict.fromkeys(("sparse", "sparse_gradients"), "write lazy=True"))

    LIMITS: ClassVar = ("max_gradient_norm", "max_parameter_gradient_norm", "max_gradient_element")

    def limits(self) -> dict:
        """Return those limits of gradients that are set."""
        return {name: getattr(self, name) for name in self.LIMITS if getattr(self, name) is not None}

    def rates(self) -> dict:
        """Return learning rates by pattern."""
        rate = self.options.get("learning_rate", rules.options(self.rule).get("learning_rate"))
        return dict(rate) if isinstance(rate, dict) else {"*": rate}

    def numbers(self) -> dict:
        """Return every shared scalar's value by name; of a schedule, the factor it is multiplied by."""
        found = {k: v for k, v in (rules.options(self.rule) | self.options).items() if k != "learning_rate"}
        found |= {_rate_name(pattern): rate for pattern, rate in self.rates().items() if rate is not None}
        found |= self.limits()
        if self.average is not None:
            found["average"] = self.average
        return {name: 1.0 if isinstance(value, Schedule) else float(value) for name, value in found.items()}

    def key(self) -> tuple:
        """Return what a compiled function depends on: plain numbers are none of it."""
        moving = tuple((k, repr(v)) for k, v in sorted(self.options.items()) if isinstance(v, Schedule))
        rates = tuple((p, repr(r) if isinstance(r, Schedule) else None) for p, r in self.rates().items())
        return (self.rule, moving, rates, tuple(self.freeze), tuple(self.limits()), self.accumulate,
                self.average is not None, self.lazy)


def _rate_name(pattern: str) -> str:
    return "learning_rate" if pattern == "*" else f"learning_rate of {pattern}"


def matches(name: str, pattern: str) -> bool:
    """Return whether a pattern means a parameter: by its whole name, or by that of its layer."""
    return fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name, f"{pattern}.*")


def movable(parameters: dict, freeze) -> list:
    """Return the parameters (by name) that no pattern of `freeze` matches."""
    for pattern in freeze:
        if not any(matches(name, pattern) for name in parameters):
            raise UnknownNameError(f"freeze: no parameter matches {pattern!r}. There are {', '.join(parameters)}")
    free = [p for name, p in parameters.items() if not any(matches(name, pattern) for pattern in freeze)]
    if not free:
        raise SpecError(f"freeze={freeze!r} leaves no parameter to train. Freeze fewer parameters")
    return free


class Updates:
    """The expressions of a plan: new values by shared variable, and what is shared.

    Attributes
    ----------
    changes : dict
        New value by shared variable: parameters, the rule's state, counters.
    scalars : dict
        Shared scalar by name, for changing hyperparameters.
    averages : dict
        Shared moving average by parameter, where the plan asks for it.
    still : list
        Parameters that could move, but that no gradient reaches.
    tables : Tables
        Parameters of which the total reads some rows.
    """

    def __init__(self, plan: Plan, objective, seed: int):
        self.plan, self.objective, self.seed = plan, objective, seed
        self.scalars = {name: _shared(value, name) for name, value in plan.numbers().items()}
        self.updates = pytensor.shared(np.asarray(0, "int64"), name="updates", shape=())
        self._step = self.updates.astype(pytensor.config.floatX)
        self.passes = _shared(0.0, "passes over the data")
        parameters = movable(objective.parameters, plan.freeze)
        reached = gradients.reachable(objective.total)
        self.still = [p for p in parameters if p not in reached]
        self.movable = parameters
        self.tables = Tables(objective.total, parameters, plan)
        self.changes: dict = {}
        names.call_parts(objective)
        slopes, last = self._slopes(parameters, reached)
        for name in plan.limits():
            slopes = getattr(gradients, name)(slopes, self.scalars[name])
        moved = self.tables.only_rows(self._apply_rule(slopes), self._of_rows)
        moved |= weights.changes(objective, self._step)
        self.averages = self._averages(moved)
        moved[self.updates] = self.updates + 1
        if last is not None:
            moved = {v: pt.switch(last, new, v) if isinstance(v.type, pt.TensorType) else new
                     for v, new in moved.items()}
        self.changes |= moved

    def _slopes(self, parameters, reached):
        """Return gradients by parameter, and a flag that says whether this batch ends in an update (None: always)."""
        if self.plan.accumulate == 1:
            inner = [v for v in self.objective.outputs.values() if v.owner is not None and v in reached]
            whole = [p for p in parameters if p not in self.tables.by_rows]
            wanted = list(dict.fromkeys([*whole, *self.tables.parts(), *inner]))  # the latter for their names alone
            slopes = pytensor.grad(self.objective.total, wanted, disconnected_inputs="ignore")
            self._of_rows = dict(zip(wanted, slopes, strict=True))
            names.call_slopes(self._of_rows)
            known = self._of_rows | self.tables.slopes()
            return {p: known[p] for p in parameters}, None
        self._of_rows = {}
        seen = pytensor.shared(np.asarray(0, "int64"), name="batches since the last update", shape=())
        last = pt.ge(seen + 1, self.plan.accumulate)
        self.changes[seen] = pt.switch(last, 0, seen + 1)
        slopes = dict.fromkeys(parameters, 0)
        for place, (numerator, denominator) in enumerate(self._fractions()):
            total = _shared(0.0, f"sum of denominators {place}")
            sums = total + denominator
            self.changes[total] = pt.switch(last, 0, sums).astype(total.dtype)
            for p, g in zip(parameters, pytensor.grad(numerator, parameters, disconnected_inputs="ignore"),
                            strict=True):
                value = np.zeros_like(p.get_value(borrow=True))
                held = pytensor.shared(value, name=f"{p.name}|sum of gradients {place}", shape=value.shape)
                self.changes[held] = pt.switch(last, 0, held + g).astype(held.dtype)
                slopes[p] = slopes[p] + divide(held + g, sums)
        return slopes, last

    def _fractions(self):
        """Return (weighted numerators, denominator) of the total, terms of one denominator together."""
        groups: list[list] = []
        for term in self.objective.training_terms:
            if term.source is None:
                continue
            part = term.source.factor * term.numerator
            for group in groups:
                if pytensor.graph.basic.equal_computations([group[1]], [term.denominator]):
                    group[0] = group[0] + part
                    break
            else:
                groups.append([part, term.denominator])
        return groups

    def _apply_rule(self, slopes):
        """Return the rule's updates, parameter group by group where learning rates differ."""
        plan = self.plan
        options = {name: self._moving(name, plan.options.get(name)) for name in rules.options(plan.rule)
                   if name != "learning_rate"}
        if rules.registry.get("esgd") is plan.rule:
            options["hessian_vector"] = lambda ps: gradients.hessian_vector(slopes, ps, self.seed)
        moved, left = {}, dict(slopes)
        for pattern, rate in plan.rates().items():
            group = {p: left.pop(p) for p in list(left) if matches(p.name, pattern)}
            if not group:
                names = ", ".join(p.name for p in slopes)
                raise UnknownNameError(f"learning_rate: no parameter (left) matches {pattern!r}. There are {names}")
            if rate is not None:
                options["learning_rate"] = self._moving(_rate_name(pattern), rate)
            moved |= plan.rule(group, **options)
        if left:
            names = ", ".join(p.name for p in left)
            raise SpecError(f"learning_rate: no pattern matches {names}. Add '*' as the last pattern")
        return moved

    def _moving(self, name, value):
        scalar = self.scalars[name]
        if not isinstance(value, Schedule):
            return scalar
        return scalar * value(self.passes if value.by_pass else self._step).astype(scalar.dtype)

    def _averages(self, moved):
        if self.plan.average is None:
            return {}
        averages, factor = {}, self.scalars["average"]
        predicting = set(self.objective.graph.parameters.values())  # learned weights of losses do not predict
        for p in (p for p in self.movable if p in predicting):
            value = p.get_value()
            averages[p] = pytensor.shared(value, name=f"{p.name}|average", shape=value.shape)
            moved[averages[p]] = (factor * averages[p] + (1 - factor) * moved[p]).astype(p.dtype)
        return averages


def _shared(value, name):
    return pytensor.shared(np.asarray(value, pytensor.config.floatX), name=name, shape=())
