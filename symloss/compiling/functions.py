"""Training steps, evaluations and full-batch functions, compiled, that say nothing of their backend."""

import time
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..errors import SymlossWarning
from . import blas
from .modes import Backend
from .plan import Plan, Updates, movable


def function(inputs, outputs, backend: Backend, updates=None, givens=None):
    """Return a compiled PyTensor function; inputs that nothing uses are accepted."""
    return pytensor.function(
        inputs, outputs, updates=updates, givens=givens, mode=backend.mode, on_unused_input="ignore"
    )


class TrainingStep:
    """A compiled training step: data in, parameters moved, sums of terms kept.

    Parameters
    ----------
    objective : Objective
    plan : Plan
    backend : Backend
    seed : int
        Of random directions, for rules that want some.
    """

    def __init__(self, objective, plan: Plan, backend: Backend, seed: int = 0):
        start = time.perf_counter()
        self.backend, self.objective = backend, objective
        self.variables = objective.variables
        made = Updates(plan, objective, seed)
        self.scalars, self.updates, self.averages = made.scalars, made.updates, made.averages
        self._warn_still(made)
        parts = [part for term in objective.training_terms for part in (term.numerator, term.denominator)]
        self._sums = pytensor.shared(np.zeros(len(parts)), name="sums of terms", shape=(len(parts),))
        changes = made.changes | objective.generator_updates
        own = [v for v in changes if v not in set(objective.parameters.values())]
        self._generators = [v for v in own if not isinstance(v.type, pt.TensorType)]
        self._own = [v for v in own if isinstance(v.type, pt.TensorType)]
        self._fresh = [v.get_value() for v in self._own]
        changes[self._sums] = self._sums + pt.stack([p.astype(pytensor.config.floatX) for p in parts]).astype("float64")
        self._compile(changes)
        if backend.many_steps:
            blas.threads(objective.largest_product(1))  # measures the machine's cores, if nobody has yet
        self.compile_seconds = time.perf_counter() - start

    def _warn_still(self, made):
        if not made.still:
            return
        names = ", ".join(p.name for p in made.still)
        what = "no parameter can move" if len(made.still) == len(made.movable) else "they cannot move"
        warnings.warn(
            f"the gradient of the total loss is zero everywhere for {names}: {what}; "
            f"use a loss that varies with its prediction (a comparison, a rounding or an argmax does not)",
            SymlossWarning,
            stacklevel=2,
        )

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

    # ------------------------------------------------------------------------------------------ hyperparameters

    def set(self, numbers: dict) -> None:
        """Change hyperparameters (see `Plan.numbers`) without recompiling."""
        for name, value in numbers.items():
            self.scalars[name].set_value(np.asarray(value, pytensor.config.floatX))

    def scale_learning_rate(self, factor: float) -> None:
        """Multiply every learning rate, scheduled or not."""
        for name, scalar in self.scalars.items():
            if name.startswith("learning_rate"):
                scalar.set_value(np.asarray(scalar.get_value() * factor, scalar.dtype))

    # ------------------------------------------------------------------------------------------ state

    def reset(self, seed: int) -> None:
        """Forget what the rule remembers of earlier steps, and start the generators anew."""
        for variable, value in zip(self._own, self._fresh, strict=True):
            variable.set_value(value)
        for index, generator in enumerate(self._generators):
            generator.set_value(np.random.default_rng([seed, 2, index]))
        for parameter, average in self.averages.items():
            average.set_value(parameter.get_value())
        self.take_sums()

    def state(self) -> tuple[dict, list]:
        """Return what the next step depends on besides the parameters: arrays by name, and the generators' states."""
        arrays = {v.name: v.get_value() for v in self._own} | {"sums of terms": self._sums.get_value()}
        arrays |= {f"scalar {name}": s.get_value() for name, s in self.scalars.items()}
        return arrays, [g.get_value().bit_generator.state for g in self._generators]

    def set_state(self, arrays: dict, generators: list) -> None:
        """Take a state that `state` returned; KeyError if it is of another step."""
        for variable in [*self._own, self._sums]:
            variable.set_value(np.asarray(arrays[variable.name], variable.dtype))
        for name, scalar in self.scalars.items():
            scalar.set_value(np.asarray(arrays[f"scalar {name}"], scalar.dtype))
        for variable, state in zip(self._generators, generators, strict=True):
            generator = np.random.default_rng()
            generator.bit_generator.state = state
            variable.set_value(generator)

    # ------------------------------------------------------------------------------------------ running

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

    def sums(self) -> np.ndarray:
        """Return (terms, 2): numerator and denominator of every term since the last `take_sums`."""
        return self._sums.get_value().reshape(-1, 2)

    def take_sums(self) -> np.ndarray:
        """Return what `sums` does, and start anew."""
        sums = self.sums()
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


class FullBatch:
    """Total, gradient and Hessian-vector product of an objective over a whole data set, as functions of one vector."""

    def __init__(self, objective, backend: Backend, freeze=()):
        start = time.perf_counter()
        self.objective, self.backend = objective, backend
        self.parameters = movable(objective.parameters, freeze)
        slopes = pytensor.grad(objective.total, self.parameters, disconnected_inputs="ignore")
        parts = [part for term in objective.training_terms for part in (term.numerator, term.denominator)]
        sums = pt.stack([p.astype(pytensor.config.floatX) for p in parts])
        self._value = function(objective.variables, [objective.total, sums, *slopes], backend)
        directions = [p.type(f"direction of {p.name}") for p in self.parameters]
        along = sum((g * v).sum() for g, v in zip(slopes, directions, strict=True))
        products = pytensor.grad(along, self.parameters, disconnected_inputs="ignore")
        self._make_product = lambda: function([*objective.variables, *directions], products, backend)
        self._product = None
        self.compile_seconds = time.perf_counter() - start

    def load(self, arrays: list) -> None:
        """Take the data set."""
        self._arrays = arrays

    def get(self) -> np.ndarray:
        """Return all parameters as one float64 vector."""
        return np.concatenate([p.get_value().ravel().astype("float64") for p in self.parameters])

    def set(self, vector: np.ndarray) -> None:
        """Set all parameters from one vector."""
        for p, value in zip(self.parameters, self._split(vector), strict=True):
            p.set_value(value)

    def _split(self, vector):
        start, parts = 0, []
        for p in self.parameters:
            value = p.get_value(borrow=True)
            parts.append(np.asarray(vector[start : start + value.size].reshape(value.shape), p.dtype))
            start += value.size
        return parts

    def value_and_gradient(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the total and its gradient at `vector`."""
        self.set(vector)
        total, self.sums, *slopes = self._value(*self._arrays)
        return float(total), np.concatenate([np.ravel(g).astype("float64") for g in slopes])

    def product(self, vector: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Return the Hessian at `vector` times `direction`, exactly."""
        if self._product is None:
            self._product = self._make_product()
        self.set(vector)
        return np.concatenate(
            [np.ravel(h).astype("float64") for h in self._product(*self._arrays, *self._split(direction))]
        )
