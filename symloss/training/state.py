"""Where a training stands: everything that the next step depends on, so that it can be saved and resumed."""

import dataclasses

import numpy as np

from ..errors import DataError
from .callbacks import Callbacks, better


@dataclasses.dataclass
class Best:
    """The lowest loss so far, the parameters that gave it, and how many validations ago that was."""

    loss: float | None = None
    waited: int = 0
    values: dict = dataclasses.field(default_factory=dict)

    def update(self, loss: float, parameters: dict, min_improvement: float) -> bool:
        """Take a new loss, and return whether it is better than all before."""
        improved = better(loss, self.loss, min_improvement)
        self.waited = 0 if improved else self.waited + 1
        if improved:
            self.loss, self.values = loss, {name: p.get_value() for name, p in parameters.items()}
        return improved

    def restore(self, parameters: dict) -> None:
        """Put the best parameters back."""
        for name, value in self.values.items():
            parameters[name].set_value(value)


class Training:
    """A run: what it trains, and where it stands. Callbacks get it at their start.

    Attributes
    ----------
    step : TrainingStep
    epoch : int
        Number of the epoch that runs, from 1.
    position : int
        Batches done in it.
    seed : int
        Of shuffling: epoch number e is shuffled by (seed, e), so that no stream has to be kept.
    reason : str or None
        Why it ended.
    save : function of a path
        Writes the model and this state.
    history : list
        Gets every record, before the callbacks do.
    """

    def __init__(self, step, callbacks, seed: int, save=None, history=None):
        self.step, self.seed, self._save = step, seed, save
        self.history = [] if history is None else history
        self.objective = step.objective
        self.callbacks = Callbacks(callbacks)
        self.best = Best()
        self.epoch, self.position, self.batches, self.items = 1, 0, 0, 0
        self.seconds = 0.0
        self.reason: str | None = None
        self.warned = False  # of validation data that are not finite

    def save(self, path) -> None:
        """Write the model and this state to a file."""
        if self._save is not None:
            self._save(path)

    def permutation(self, count: int) -> np.ndarray:
        """Return the order of the items in the present epoch."""
        return np.random.default_rng([self.seed, 1, self.epoch]).permutation(count)

    def values(self) -> dict:
        """Return copies of all parameters."""
        return {name: p.get_value() for name, p in self.objective.parameters.items()}

    # what resuming needs: numbers and lists on one side, arrays on the other

    def state(self) -> tuple[dict, dict]:
        """Return (plain numbers, arrays by name) that `restore` takes."""
        arrays, generators = self.step.state()
        found = {f"step/{name}": value for name, value in arrays.items()}
        found |= {f"now/{name}": value for name, value in self.values().items()}
        found |= {f"best/{name}": value for name, value in self.best.values.items()}
        plain = {
            "epoch": self.epoch, "position": self.position, "batches": self.batches, "items": self.items,
            "seconds": self.seconds, "seed": self.seed, "best": [self.best.loss, self.best.waited],
            "callbacks": self.callbacks.state(), "generators": generators,
        }
        return plain, found

    def restore(self, plain: dict, arrays: dict) -> None:
        """Stand where a run stood that `state` describes."""
        groups: dict = {"step": {}, "now": {}, "best": {}}
        try:
            for name, value in arrays.items():
                group, _, short = name.partition("/")
                groups[group][short] = value
            parameters = self.objective.parameters
            for name, p in parameters.items():
                p.set_value(np.asarray(groups["now"][name], p.dtype))
            self.step.set_state(groups["step"], plain["generators"])
            self.epoch, self.position = int(plain["epoch"]), int(plain["position"])
            self.batches, self.items, self.seed = int(plain["batches"]), int(plain["items"]), int(plain["seed"])
            self.seconds = float(plain["seconds"])
            loss, waited = plain["best"]
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(
                f"resume: the saved state belongs to another training ({type(error).__name__}: {error}); pass the same "
                f"algo, losses and regularizers, or leave resume out"
            ) from None
        self.best = Best(loss, int(waited), {n: np.asarray(v, parameters[n].dtype) for n, v in groups["best"].items()})
        self.callbacks.restore(plain["callbacks"])
