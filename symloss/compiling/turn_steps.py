"""Training steps of several objectives that take turns."""

import copy
import ctypes

import numpy as np

from . import blas
from .ccode import turns
from .ccode.program import told
from .ccode.running import Failed
from .functions import TrainingStep, step_counter

PLACE = "place in the round"


class TurnSteps:
    """Several compiled steps, each with its own objective, rule and state, that take turns batch by batch.

    You use it like a `TrainingStep`. In the mode C, a driver in C changes from one to the next, so many batches are
    one call.

    Parameters
    ----------
    objective : Objective
        Of all turns together.
    parts : list of (Objective, Plan, int)
        For each turn its share of the objective (see `Objective.only`), its plan, and its number of steps.
    backend : Backend
    seed : int
    """

    def __init__(self, objective, parts, backend, seed: int = 0):
        self.objective = copy.copy(objective)
        self.objective.in_turn = True
        counter = step_counter()
        self.steps = [TrainingStep(own, plan, backend, seed, counter) for own, plan, _ in parts]
        self.counts = [count for _, _, count in parts]
        self.backend, self.variables = backend, objective.variables
        self.compile_seconds = sum(step.compile_seconds for step in self.steps)
        self._place, self._stop = np.zeros(2, "int64"), ctypes.c_int(0)
        self._terms = [[step.objective.training_terms.index(t) if t in step.objective.training_terms else None
                        for t in objective.training_terms] for step in self.steps]

    def __iter__(self):
        """Iterate over pairs of a prefix of names and a step."""
        return ((prefix(i), step) for i, step in enumerate(self.steps))

    @property
    def scalars(self) -> dict:
        """The shared hyperparameters of all turns, by name."""
        return {f"{start}{name}": scalar for start, step in self for name, scalar in step.scalars.items()}

    @property
    def averages(self) -> dict:
        """The moving averages of parameters, where a plan asks for some."""
        return {parameter: average for step in self.steps for parameter, average in step.averages.items()}

    @property
    def told(self) -> int:
        """How often somebody has set what steps hand on to one another."""
        return sum(step.told for step in self.steps)

    @property
    def updates_made(self) -> int:
        """Number of updates of all turns since the training began."""
        return sum(step.updates_made for step in self.steps)

    def decisions(self) -> list[str]:
        """Return what the compiler decided of each turn, in words."""
        return [f"turn {i + 1}: {said}" for i, step in enumerate(self.steps) for said in step.decisions()]

    def c_source(self) -> str:
        """Return the C files of all turns, one after another, and of the driver."""
        texts = [f"/* ==== turn {i + 1} ==== */\n\n{step.c_source()}" for i, step in enumerate(self.steps)]
        return "\n".join([*texts, f"/* ==== the driver ==== */\n\n{turns.TEXT}"])

    # ------------------------------------------------------------------------------------------ settings and state

    def prepare(self, arrays: list, rows: int) -> None:
        """Compile now what is compiled for the shapes of the data."""
        for step in self.steps:
            step.prepare(arrays, rows)
        self.compile_seconds = sum(step.compile_seconds for step in self.steps)

    def set(self, numbers: dict) -> None:
        """Change hyperparameters without recompiling; their names begin with `prefix`."""
        for start, step in self:
            step.set(_of(numbers, start))

    def begin_pass(self, number: int) -> None:
        """Tell what moves with the passes over the data that `number` of them are done."""
        for step in self.steps:
            step.begin_pass(number)

    def scale_learning_rate(self, factor: float) -> None:
        """Multiply every learning rate of every turn."""
        for step in self.steps:
            step.scale_learning_rate(factor)

    def reset(self, seed: int) -> None:
        """Reset the state of the rules and of the random generators, and begin with the first turn."""
        for step in self.steps:
            step.reset(seed)
        self._place[:] = 0

    def settable(self) -> list:
        """Return the shared variables that others may set between two steps."""
        return list(dict.fromkeys(v for step in self.steps for v in step.settable()))

    def state(self) -> tuple[dict, list]:
        """Return what the next step depends on besides the parameters: arrays by name, and the generators' states."""
        arrays, generators = {PLACE: self._place.copy()}, []
        for start, step in self:
            own, states = step.state()
            arrays |= {f"{start}{name}": value for name, value in own.items()}
            generators += states
        return arrays, generators

    def set_state(self, arrays: dict, generators: list) -> None:
        """Take a state that `state` returned; KeyError if it is of another training."""
        left = list(generators)
        self._place[:] = arrays[PLACE]
        for start, step in self:
            own = _of(arrays, start)
            known = {f"scalar {name}": value for name, value in _of(arrays, f"scalar {start}").items()}
            count = len(step.state()[1])
            step.set_state(known | own, left[:count])
            left = left[count:]

    # ------------------------------------------------------------------------------------------ running

    def load(self, arrays: list) -> None:
        """Take the rows that `run` will pick from."""
        for step in self.steps:
            step.load(arrays)

    def run(self, order: np.ndarray, batch: int) -> bool:
        """Make a step on each `batch` rows of `order`, of the turn that is on; see `TrainingStep.run`."""
        order = np.ascontiguousarray(order, dtype="int64")
        whole = len(order) // batch * batch
        for rows in (order[:whole].reshape(-1, batch), order[None, whole:]):
            if rows.size and not self._run(np.ascontiguousarray(rows)):
                return False
        return True

    def _run(self, rows) -> bool:
        with blas.threads_for(self.objective.largest_product(rows.shape[1]), own=True):
            programs = [step.bound(rows.shape[1]) for step in self.steps]
            if None not in programs:
                try:
                    return turns.run(programs, self.counts, self._place, rows, self._stop) == len(rows)
                except Failed as failed:
                    raise told(failed) from None
        return self._one_turn_a_call(rows)

    def _one_turn_a_call(self, rows) -> bool:
        while len(rows):
            turn, made = self._place
            now, rows = np.split(rows, [min(self.counts[turn] - made, len(rows))])
            if not self.steps[turn].run(now.ravel(), now.shape[1]):
                return False
            made += len(now)
            self._place[:] = (turn, made) if made < self.counts[turn] else ((turn + 1) % len(self.counts), 0)
        return True

    def sums(self) -> list[tuple]:
        """Return the parts of every term since the last `take_sums`, summed up over the turns that have it."""
        return self._together([step.sums() for step in self.steps])

    def _together(self, of_steps) -> list[tuple]:
        found = []
        for place in range(len(self.objective.training_terms)):
            owners = [sums[terms[place]] for sums, terms in zip(of_steps, self._terms, strict=True)
                      if terms[place] is not None]
            found.append(tuple(sum(parts) for parts in zip(*owners, strict=True)))
        return found

    def sums_are_finite(self) -> bool:
        """Return whether every number of `sums` is finite."""
        return all(step.sums_are_finite() for step in self.steps)

    def take_sums(self) -> list[tuple]:
        """Return the same as `sums`, and reset the sums."""
        return self._together([step.take_sums() for step in self.steps])


def prefix(index: int) -> str:
    """Return what the names of hyperparameters and states of a turn begin with."""
    return f"turn {index + 1}/"


def _of(values: dict, start: str) -> dict:
    return {name.removeprefix(start): value for name, value in values.items() if name.startswith(start)}
