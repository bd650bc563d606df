"""Training steps, evaluations and predictions as compiled functions that say nothing of their backend."""

import time
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt

from .. import updates as rules
from ..errors import SymlossWarning
from . import blas, gradients
from .modes import Backend


def function(inputs, outputs, backend: Backend, updates=None, givens=None):
    """Return a compiled PyTensor function; inputs that nothing uses are accepted."""
    return pytensor.function(
        inputs, outputs, updates=updates, givens=givens, mode=backend.mode, on_unused_input="ignore"
    )


def _scalar(value, name):
    return pytensor.shared(np.asarray(value, pytensor.config.floatX), name=name, shape=())


class TrainingStep:
    """A compiled training step: data in, parameters moved, sums of terms kept.

    Parameters
    ----------
    objective : Objective
    rule : callable
        An update rule of `symloss.updates`.
    options : dict
        The rule's hyperparameters. Each is a shared scalar: `set` changes it without recompiling.
    backend : Backend
    max_gradient_norm : float or None
        Gradients whose total norm is greater are scaled down to it.
    """

    def __init__(self, objective, rule, options: dict, backend: Backend, max_gradient_norm=None, seed: int = 0):
        start = time.perf_counter()
        self.backend, self.objective = backend, objective
        self.options = {name: _scalar(value, name) for name, value in (rules.options(rule) | options).items()}
        if max_gradient_norm is not None:
            self.options["max_gradient_norm"] = _scalar(max_gradient_norm, "max_gradient_norm")
        self.variables = objective.variables
        parts = [part for term in objective.training_terms for part in (term.numerator, term.denominator)]
        self._sums = pytensor.shared(np.zeros(len(parts)), name="sums of terms", shape=(len(parts),))
        changes = self._parameter_updates(rule, seed)
        changes |= objective.generator_updates
        own = [v for v in changes if v not in set(objective.parameters.values())]
        self._generators = [v for v in own if not isinstance(v.type, pt.TensorType)]
        self._fresh = [(v, v.get_value()) for v in own if isinstance(v.type, pt.TensorType)]
        total = pt.stack([p.astype(pytensor.config.floatX) for p in parts]).astype("float64")
        changes[self._sums] = self._sums + total
        self._compile(changes)
        self.compile_seconds = time.perf_counter() - start

    def _parameter_updates(self, rule, seed):
        objective = self.objective
        parameters = list(objective.parameters.values())
        total = objective.total
        still = [p for p in parameters if p not in gradients.reachable(total)]
        if still:
            names = ", ".join(p.name for p in still)
            what = "no parameter" if len(still) == len(parameters) else f"the parameters {names}"
            warnings.warn(
                f"the gradient of the total loss is zero everywhere for {names}: {what} can move; "
                f"use a loss that varies with its prediction (a comparison, a rounding or an argmax does not)",
                SymlossWarning,
                stacklevel=2,
            )
        slopes = dict(zip(parameters, pytensor.grad(total, parameters, disconnected_inputs="ignore"), strict=True))
        options = {name: value for name, value in self.options.items() if name in rules.options(rule)}
        if "max_gradient_norm" in self.options:
            slopes = gradients.clip_total_norm(slopes, self.options["max_gradient_norm"])
        if rules.registry.get("esgd") is rule:
            options["hessian_vector"] = lambda ps: gradients.hessian_vector(slopes, ps, seed)
        return rule(slopes, **options)

    def _compile(self, changes):
        if not self.backend.many_steps:
            self._function = function(self.variables, [], self.backend, updates=changes)
            return
        self._order = pytensor.shared(np.zeros((0, 1), "int64"), name="rows by step", shape=(None, None))
        self._position = pytensor.shared(np.asarray(0, "int64"), name="position", shape=())
        rows = self._order[self._position]  # a row of a matrix: a slice would cost a dozen nodes for its length
        self._window = {v: _window(v) for v in self.variables}
        givens = {v: window[rows] for v, window in self._window.items()}
        changes[self._position] = self._position + 1
        self._function = function([], [], self.backend, updates=changes, givens=givens)

    def set(self, **options) -> None:
        """Change hyperparameters without recompiling."""
        for name, value in options.items():
            self.options[name].set_value(np.asarray(value, pytensor.config.floatX))

    def reset(self, seed: int) -> None:
        """Forget what the rule remembers of earlier steps, and start the generators anew."""
        for variable, value in self._fresh:
            variable.set_value(value)
        for index, generator in enumerate(self._generators):
            generator.set_value(np.random.default_rng([seed, 2, index]))
        self.take_sums()

    def load(self, arrays: list) -> None:
        """Take the rows that `run` will pick from: one array for each of the objective's variables, in their dtype."""
        self._arrays = arrays
        if self.backend.many_steps:
            for variable, array in zip(self.variables, arrays, strict=True):
                self._window[variable].set_value(array, borrow=True)

    def run(self, order: np.ndarray, batch: int) -> None:
        """Train on the loaded rows in this `order`, `batch` at a time; the last batch may be smaller."""
        order = np.ascontiguousarray(order, dtype="int64")
        if not self.backend.many_steps:
            for start in range(0, len(order), batch):
                rows = order[start : start + batch]
                self._function(*(array[rows] for array in self._arrays))
            return
        whole = len(order) // batch * batch
        with blas.threads_for(self.objective.largest_product(batch)):
            for rows in (order[:whole].reshape(-1, batch), order[None, whole:]):
                if rows.size:
                    self._order.set_value(rows, borrow=True)
                    self._position.set_value(np.asarray(0, "int64"))
                    self._function.vm(n_calls=len(rows))

    def take_sums(self) -> np.ndarray:
        """Return (terms, 2): numerator and denominator of every term since the last call, and start anew."""
        sums = self._sums.get_value().reshape(-1, 2)
        self._sums.set_value(np.zeros(sums.size))
        return sums


def _window(variable):
    shape = variable.type.shape
    empty = np.zeros([n or 0 for n in shape], variable.dtype)
    return pytensor.shared(empty, name=f"data of {variable.name}", shape=shape, borrow=True)


class Evaluation:
    """Compiled terms of an objective without noise: sums of numerators and denominators over a data set."""

    def __init__(self, objective, backend: Backend):
        start = time.perf_counter()
        self.backend, self.objective = backend, objective
        parts = [part for term in objective.evaluation_terms for part in (term.numerator, term.denominator)]
        outputs = [pt.stack([p.astype(pytensor.config.floatX) for p in parts])]
        self._function = function(objective.variables, outputs, backend)
        self.compile_seconds = time.perf_counter() - start

    def run(self, batches) -> np.ndarray:
        """Return (terms, 2): numerator and denominator of every term, over all `batches` of arrays."""
        total = np.zeros((len(self.objective.evaluation_terms), 2))
        for arrays in batches:
            with blas.threads_for(self.objective.largest_product(len(arrays[0])), self.backend.many_steps):
                total += np.asarray(self._function(*arrays)[0], dtype="float64").reshape(-1, 2)
        return total
