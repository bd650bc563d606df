"""Training steps, evaluations and full-batch functions, compiled, that say nothing of their backend."""

import time
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.traversal import ancestors
from pytensor.sparse import SparseTensorType, get_item_list

from ..errors import SpecError, SymlossWarning
from . import blas, weight_updates
from .by_shape import ByShape
from .ccode import team
from .ccode.ir import Unsupported
from .compiler_failures import explained
from .modes import Backend
from .own import OwnFunction, OwnSteps, by_other
from .plan import Plan, Updates, movable
from .tally import Tally
from .threads import Function, alone


@alone
def function(inputs, outputs, backend: Backend, updates=None, givens=None) -> Function:
    """Return a compiled function, which any thread may call; inputs that nothing uses are accepted.

    Raises
    ------
    SpecError
        If the compiler or its cache fails.
    """
    if backend.own and not givens:
        return Function(OwnFunction(inputs, outputs, updates, lambda: _by_pytensor(inputs, outputs, backend, updates),
                                    backend.chosen))
    if backend.by_shape:
        return Function(ByShape(inputs, outputs, backend.mode, updates, givens))
    return Function(_by_pytensor(inputs, outputs, backend, updates, givens))


def _by_pytensor(inputs, outputs, backend, updates=None, givens=None):
    backend = backend.otherwise()
    return explained(backend.name, lambda: pytensor.function(
        inputs, outputs, updates=updates, givens=givens, mode=backend.mode, on_unused_input="ignore"))


class TrainingStep:
    """A compiled training step: data in, parameters moved, sums of terms kept.

    Parameters
    ----------
    objective : Objective
    plan : Plan
    backend : Backend
    seed : int
        Of random directions, for rules that want some.
    counter : shared int64 scalar or None
        Counts the steps that draw random numbers. Steps that share it never draw the same numbers.
    """

    def __init__(self, objective, plan: Plan, backend: Backend, seed: int = 0, counter=None):
        start = time.perf_counter()
        self.backend, self.objective, self.plan = backend, objective, plan
        self.variables = objective.variables
        made = Updates(plan, objective, seed)
        self.scalars, self.updates, self.averages = made.scalars, made.updates, made.averages
        self._passes, self._tables = made.passes, made.tables.told()
        self._warn_still(made)
        self._tally = Tally(objective.training_terms)
        self._sums = self._tally.shared()
        changes = made.changes | objective.generator_updates
        self._counter = self.why = None
        if backend.own and any(not isinstance(v.type, pt.TensorType) for v in changes):
            self._counter = step_counter() if counter is None else counter
            changes[self._counter] = self._counter + 1
        own = [v for v in changes if v not in set(objective.parameters.values())]
        self._generators = [v for v in own if not isinstance(v.type, pt.TensorType)]
        self._states = [v for v in own if isinstance(v.type, pt.TensorType)]
        self._fresh = [v.get_value() for v in self._states]
        changes |= self._tally.updates(self._sums)
        self._compile(changes)
        if backend.many_steps:
            blas.threads(objective.largest_product(1))  # measures the machine's cores, if nobody has yet
        self.told = 0  # how often somebody has set what steps hand on to one another, apart from parameters and weights
        self.compile_seconds = time.perf_counter() - start

    def _warn_still(self, made):
        still = made.still if len(made.still) == len(made.movable) else self._without(made.still)
        if not still:
            return
        names = ", ".join(p.name for p in still)
        what = "no parameter can move" if len(made.still) == len(made.movable) else "they cannot move"
        warnings.warn(
            f"the gradient of the total loss is zero everywhere for {names}: {what}. Use a loss that varies with its "
            "prediction (a comparison, a rounding or an argmax does not)",
            SymlossWarning,
            stacklevel=2,
        )

    def _without(self, still) -> list:
        """Return the parameters except those that lead only to outputs without a loss."""
        objective = self.objective
        reached = set(ancestors([objective.total]))
        outputs = [objective.outputs[f"{name}:out"] for name in objective.graph.output_layers()]
        idle = set(ancestors([output for output in outputs if output not in reached])) - reached
        return [p for p in still if p not in idle]

    def _compile(self, changes):
        self._own = None
        if self.backend.own:
            try:
                watched = {self._sums[0]: self._tally.minimized()}
                self._own = OwnSteps(self.variables, changes, "a training step", self._counter, watched,
                                     self.backend.chosen)
                self._changes = changes
            except Unsupported as met:
                self._leave_own(met, changes)
        else:
            self._compile_by_pytensor(changes)

    def _leave_own(self, met, changes):
        """Compile with the other backend, since the compiler of our own does not know something."""
        self.why, self._own = str(met), None
        self.backend = self.backend.otherwise()
        blas.threads(self.objective.largest_product(1))
        self._compile_by_pytensor(changes)

    def _compile_by_pytensor(self, changes):
        if not self.backend.many_steps:
            self._function = function(self.variables, [], self.backend, updates=changes)
            return
        self._order = pytensor.shared(np.zeros((0, 1), "int64"), name="rows by step", shape=(None, None))
        self._position = pytensor.shared(np.asarray(0, "int64"), name="position", shape=())
        rows = self._order[self._position]  # a row of a matrix: a slice would cost a dozen nodes for its length
        self._window = {v: _window(v) for v in self.variables}
        givens = {v: _rows(window, rows) for v, window in self._window.items()}
        changes[self._position] = self._position + 1
        self._function = function([], [], self.backend, updates=changes, givens=givens)

    def prepare(self, arrays: list, rows: int) -> None:
        """Compile for the shapes of the data now, and not when the first batch with this number of rows arrives."""
        if self._own is None:
            return
        start = time.perf_counter()
        try:
            self._own.prepare(arrays, rows)
        except Unsupported as met:
            self._leave_own(met, self._changes)
        self.compile_seconds += time.perf_counter() - start

    # ------------------------------------------------------------------------------------------ hyperparameters

    def set(self, numbers: dict) -> None:
        """Change hyperparameters (see ``Plan.numbers``) without recompiling."""
        self.told += 1
        for name, value in numbers.items():
            self.scalars[name].set_value(np.asarray(value, pytensor.config.floatX))

    def begin_pass(self, number: int) -> None:
        """Tell what moves with the passes over the data that `number` of them are done."""
        self._passes.set_value(np.asarray(number, self._passes.dtype))
        weight_updates.begin_pass(self.objective, number)

    def scale_learning_rate(self, factor: float) -> None:
        """Multiply every learning rate, scheduled or not."""
        self.told += 1
        for name, scalar in self.scalars.items():
            if name.startswith("learning_rate"):
                scalar.set_value(np.asarray(scalar.get_value() * factor, scalar.dtype))

    # ------------------------------------------------------------------------------------------ state

    def reset(self, seed: int) -> None:
        """Reset the state of the rule and of the random generators."""
        self.told += 1
        for variable, value in zip(self._states, self._fresh, strict=True):
            variable.set_value(value)
        weight_updates.begin(self.objective)
        for index, generator in enumerate(self._generators):
            generator.set_value(np.random.default_rng([seed, 2, index]))
        for parameter, average in self.averages.items():
            average.set_value(parameter.get_value())
        self.take_sums()

    def settable(self) -> list:
        """Return the shared variables that others may set between two steps: parameters, and weights of terms."""
        return [*self.objective.parameters.values(), *weight_updates.settable(self.objective)]

    def state(self) -> tuple[dict, list]:
        """Return what the next step depends on besides the parameters: arrays by name, and the generators' states."""
        arrays = {v.name: v.get_value() for v in [*self._states, *self._sums]}
        arrays |= {f"scalar {name}": s.get_value() for name, s in self.scalars.items()}
        return arrays, [g.get_value().bit_generator.state for g in self._generators]

    def set_state(self, arrays: dict, generators: list) -> None:
        """Take a state that `state` returned; KeyError if it is of another step."""
        self.told += 1
        for variable in self._states:
            variable.set_value(np.asarray(arrays[variable.name], variable.dtype))
        self._set_sums(arrays)
        for name, scalar in self.scalars.items():
            scalar.set_value(np.asarray(arrays[f"scalar {name}"], scalar.dtype))
        for variable, state in zip(self._generators, generators, strict=True):
            generator = np.random.default_rng()
            generator.bit_generator.state = state
            variable.set_value(generator)

    def _set_sums(self, arrays):
        """Take the sums of a saved step; between epochs they are 0, and then other metrics may be asked for."""
        saved = {name: a for name, a in arrays.items() if name == "sums of terms" or name.endswith(" of metrics")}
        fits = all(np.shape(saved.get(v.name)) == v.type.shape for v in self._sums) and len(saved) == len(self._sums)
        if not fits and any(np.any(a) for a in saved.values()):
            raise ValueError("it stands within an epoch, with other metrics")
        for variable in self._sums:
            value = saved[variable.name] if fits else np.zeros(variable.type.shape)
            variable.set_value(np.asarray(value, "float64"))

    def decisions(self) -> list[str]:
        """Return what was decided of tables, and by the compiler of our own if it compiled the step, in words."""
        if self._own is not None:
            return [*self._tables, *self._own.decisions()]
        return [*self._tables, *([by_other(self.why)] if self.why else [])]

    def c_source(self) -> str:
        """Return the C file of the step; SpecError if the compiler of our own does not make it."""
        if self._own is not None:
            try:
                return self._own.c_source()
            except Unsupported as met:
                self.why = str(met)
        raise SpecError(f"c_source: the compiler of symloss does not know {self.why}, so PyTensor compiles the step "
                        "and there is no such C file")

    # ------------------------------------------------------------------------------------------ running

    @property
    def updates_made(self) -> int:
        """Number of updates since the training began."""
        return int(self.updates.get_value())

    def load(self, arrays: list) -> None:
        """Take the rows that `run` will pick from: one array for each of the objective's variables.

        They have the dtypes of the variables, or are bytes (uint8).
        """
        self._arrays = arrays if self._own is not None else converted(arrays, self.variables)
        if self.backend.many_steps and self._own is None:
            for variable, array in zip(self.variables, self._arrays, strict=True):
                self._window[variable].set_value(array, borrow=True)

    def run(self, order: np.ndarray, batch: int) -> bool:
        """Train on the loaded rows in this `order`, `batch` at a time; the last batch may be smaller.

        Returns False where a sum of a term was not finite after a step, and no further one was made; a backend may go
        on and return True.
        """
        order = np.ascontiguousarray(order, dtype="int64")
        if self._own is not None:
            ran = self._run_own(order, batch)
            if ran is not None:
                return ran
        if not self.backend.many_steps:
            for start in range(0, len(order), batch):
                rows = order[start : start + batch]
                self._function(*(array[rows] for array in self._arrays))
            return True
        whole = len(order) // batch * batch
        with blas.threads_for(self.objective.largest_product(batch)):
            for rows in (order[:whole].reshape(-1, batch), order[None, whole:]):
                if rows.size:
                    self._order.set_value(rows, borrow=True)
                    self._position.set_value(np.asarray(0, "int64"))
                    self._function.vm(n_calls=len(rows))
        return True

    def _run_own(self, order, batch) -> bool | None:
        """Run what the compiler of our own made; None if it meets what it does not know, and another one takes over."""
        try:
            shared = blas.cores() > 1 and batch >= team.ROWS * blas.cores() and self._own.shares(self._arrays, batch)
            with blas.threads_for(self.objective.largest_product(batch), own=True, shared=shared) as threads:
                return self._own.run(self._arrays, order, batch, (threads or 1) if shared else 1)
        except Unsupported as met:
            self._leave_own(met, self._changes)
            self.load(self._arrays)
            return None

    def bound(self, batch: int):
        """Return the compiled steps for the loaded rows, for a driver in C; None if another compiler made them."""
        if self._own is None:
            return None
        try:
            return self._own.bound(self._arrays, batch)
        except Unsupported as met:
            self._leave_own(met, self._changes)
            self.load(self._arrays)
            return None

    def sums(self) -> list[tuple]:
        """Return the parts of every term since the last `take_sums`, summed up."""
        return self._tally.by_term([v.get_value() for v in self._sums])

    def sums_are_finite(self) -> bool:
        """Return whether every number of `sums` is finite."""
        return all(np.isfinite(v.get_value(borrow=True)).all() for v in self._sums)

    def take_sums(self) -> list[tuple]:
        """Return the same as `sums`, and reset the sums."""
        sums = self.sums()
        for variable, zeros in zip(self._sums, self._tally.zeros(), strict=True):
            variable.set_value(zeros)
        return sums


def step_counter():
    """Return a new counter of the steps that draw random numbers."""
    return pytensor.shared(np.asarray(0, "int64"), name="steps that drew", shape=())


def converted(arrays: list, variables: list) -> list:
    """Return the arrays in the dtypes of the variables."""
    return [a if a.dtype == v.dtype else a.astype(v.dtype) for a, v in zip(arrays, variables, strict=True)]


def _window(variable):
    shape = variable.type.shape
    if isinstance(variable.type, SparseTensorType):
        nothing = variable.type.format_cls[variable.type.format]((0, 0), dtype=variable.dtype)
        return pytensor.shared(nothing, name=f"data of {variable.name}")
    empty = np.zeros([n or 0 for n in shape], variable.dtype)
    return pytensor.shared(empty, name=f"data of {variable.name}", shape=shape, borrow=True)


def _rows(window, rows):
    return get_item_list(window, rows) if isinstance(window.type, SparseTensorType) else window[rows]


class Evaluation:
    """Compiled terms of an objective without noise over a data set, and the metrics that need all scores at once."""

    def __init__(self, objective, backend: Backend):
        start = time.perf_counter()
        self.backend, self.objective = backend, objective
        self._tally = Tally(objective.evaluation_terms)
        self._function = function(objective.variables, self._tally.expressions, backend,
                                  updates=objective.evaluation_updates)
        self.compile_seconds = time.perf_counter() - start

    def decisions(self) -> list[str]:
        """Return what the compiler of our own decided, in words."""
        return getattr(self._function, "decisions", list)()

    def run(self, batches) -> list[tuple]:
        """Return the parts of every term over all `batches` of arrays."""
        return self._tally.by_term(self._tally.over(map(self._one, batches)))

    def _one(self, arrays):
        with blas.threads_for(self.objective.largest_product(arrays[0].shape[0], training=False),
                              self.backend.many_steps, self.backend.own):
            return self._function(*arrays)


class FullBatch:
    """Total, gradient and Hessian-vector product of an objective over a whole data set, as functions of one vector."""

    def __init__(self, objective, backend: Backend, freeze=()):
        start = time.perf_counter()
        self.objective, self.backend = objective, backend
        moving = [one.what for one in weight_updates.moving(objective)]
        moving += [f"weight of {term.name}" for term in weight_updates.balanced(objective)]
        if moving:
            raise SpecError(f"the {moving[0]} changes with the step, but a full-batch method has no steps. Use "
                            "algo='adam', or pass a number")
        self.parameters = movable(objective.parameters, freeze)
        slopes = pytensor.grad(objective.total, self.parameters, disconnected_inputs="ignore")
        self._tally = Tally(objective.training_terms)
        # the total is made of the sums: with a mean as an output beside its gradient, values are computed twice
        self._value = function(objective.variables, [*slopes, *self._tally.expressions], backend)
        directions = [p.type(f"direction of {p.name}") for p in self.parameters]
        along = sum((g * v).sum() for g, v in zip(slopes, directions, strict=True))
        products = pytensor.grad(along, self.parameters, disconnected_inputs="ignore")
        self._make_product = lambda: function([*objective.variables, *directions], products, backend)
        self._product = None
        self.compile_seconds = time.perf_counter() - start

    def load(self, arrays: list) -> None:
        """Take the data set."""
        self.arrays = converted(arrays, self.objective.variables)

    def get(self) -> np.ndarray:
        """Return all parameters as one float64 vector."""
        return np.concatenate([p.get_value().ravel().astype("float64") for p in self.parameters])

    def set(self, vector: np.ndarray) -> None:
        """Set all parameters from one vector."""
        for p, value in zip(self.parameters, self._split(vector), strict=True):
            p.set_value(value)

    def state(self) -> tuple[dict, list]:
        """Return what the next iteration depends on besides the parameters, as far as it can be saved: nothing."""
        return {}, []

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
        found = self._value(*self.arrays)
        slopes, batch = found[: len(self.parameters)], found[len(self.parameters) :]
        self._parts = self._tally.over([batch])
        total = self.objective.figures(self.sums(), self.objective.training_terms)["loss"]
        return float(total), np.concatenate([np.ravel(g).astype("float64") for g in slopes])

    def sums(self) -> list[tuple]:
        """Return the parts of every term at the vector that was evaluated last."""
        return self._tally.by_term(self._parts)

    def product(self, vector: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Return the Hessian at `vector` times `direction`, exactly."""
        if self._product is None:
            self._product = self._make_product()
        self.set(vector)
        return np.concatenate(
            [np.ravel(h).astype("float64") for h in self._product(*self.arrays, *self._split(direction))]
        )
