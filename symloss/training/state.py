"""The state of a training: everything that the next step depends on, so that it can be saved and resumed."""

import dataclasses

import numpy as np

from .._checks import is_number
from ..errors import DataError, SpecError
from .callbacks import Callbacks
from .comparison import BestValue, restored_terms
from .reasons import Reason, not_improved


@dataclasses.dataclass(frozen=True)
class Monitored:
    """The value of the records that decides which epoch is the best.

    Parameters
    ----------
    name : str
    mode : 'min' or 'max'
        Which values are the good ones.
    """

    name: str = "loss"
    mode: str = "min"

    @property
    def sign(self) -> int:
        """1 where less is better, -1 where more is."""
        return 1 if self.mode == "min" else -1


@dataclasses.dataclass
class Best:
    """The best value so far, the parameters that gave it, and how many validations ago that was."""

    found: BestValue = dataclasses.field(default_factory=BestValue)
    waited: int = 0
    values: dict = dataclasses.field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """The best value so far."""
        return self.found.value

    def update(self, record: dict, monitored: Monitored, objective, min_improvement: float) -> bool:
        """Take a new record, and return whether its monitored value is better than all before."""
        improved = self.found.improves(record, monitored.name, min_improvement, sign=monitored.sign,
                                       objective=objective)
        self.waited = 0 if improved else self.waited + 1
        if improved:
            self.values = {name: p.get_value() for name, p in objective.parameters.items()}
        return improved

    def restore(self, parameters: dict) -> None:
        """Put the best parameters back."""
        for name, value in self.values.items():
            parameters[name].set_value(value)


class Training:
    """A running training and its state. Callbacks receive it in ``start(training)``.

    Attributes
    ----------
    step : TrainingStep
    epoch : int
        Number of the current epoch, from 1.
    position, items : int
        Number of batches and items done in this epoch.
    batches : int
        Number of batches done since the very beginning, including the training before it was resumed.
    examples, step_seconds : int and float
        Number of items used, and time spent on steps, since the training was resumed.
    by_step : StepLosses or None
        The losses of each step, if you asked for them. Steps then run one by one.
    saved : list of str
        Files that the training was saved to.
    seed : int
        Seed for shuffling. Epoch number e is shuffled with the seed (seed, e), so no state of a generator has to be
        saved.
    shuffles : bool
        Whether the items are shuffled in each epoch.
    reason : Reason or None
        Why the training stopped. None if all epochs are done.
    save, check : functions of a path
        `save` writes the model and this state. `check` raises what `save` would raise.
    history : list
        The records so far. A record is added before the callbacks receive it.
    monitored : Monitored
        The value that decides which epoch is the best.
    modes : dict
        For each value of the records, by name, whether low ('min') or high ('max') values are better. None if unknown.
    asked : dict
        The options of the training as plain data, for resuming it.
    resumed : bool
        Whether the training continues an earlier one.
    unchanged : function
        Raises an error if the model no longer matches the compiled functions. It is called after the callbacks.
    """

    def __init__(self, step, callbacks, seed: int, save=None, history=None, *, monitored=None, modes=None, asked=None,
                 unchanged=lambda: None, check=lambda path: None):
        self.monitored, self.modes, self.asked = monitored or Monitored(), dict(modes or {}), dict(asked or {})
        self.unchanged, self.check, self.resumed = unchanged, check, False
        self.step, self.seed, self._save = step, seed, save
        self.history = [] if history is None else history
        self.objective = step.objective
        self.callbacks = Callbacks(callbacks)
        self.best = Best()
        self.epoch, self.position, self.batches, self.items = 1, 0, 0, 0
        self.chunk = 1  # steps that the next call may run
        self.seconds = self.step_seconds = 0.0
        self.examples, self.by_step, self.saved = 0, None, []
        self.reason: Reason | None = None
        self.shuffles = True
        self.warned = False  # of validation data that are not finite

    def save(self, path) -> None:
        """Write the model and this state to a file."""
        if self._save is not None:
            self._save(path)
            self.saved.append(str(path))

    def judge(self, record: dict, min_improvement: float, complete: bool) -> None:
        """Enter into a record whether it is the best so far, where it has what is monitored.

        Raises
        ------
        SpecError
            If it has not, although it is `complete`, or if that is not a number.
        """
        name = self.monitored.name
        if name not in record and not complete:
            return
        if not isinstance(record.get(name), int | float) or isinstance(record[name], bool):
            numbers = [k for k, v in record.items() if is_number(v)]
            raise SpecError(f"train: best={name!r} is not a number in the record. Choose one of {', '.join(numbers)}")
        record["best"] = self.best.update(record, self.monitored, self.objective, min_improvement)

    def tell(self, moment: str, argument):
        """Call all callbacks that listen to a moment, and return the first reason to end, or None."""
        reason = self.callbacks.call(moment, argument)
        self.unchanged()
        return reason

    def out_of_patience(self, patience: int | None) -> Reason | None:
        """Return the reason to end if `patience` validations, or more, have passed without improvement."""
        waited, what = self.best.waited, "validation" if "valid_loss" in self.modes else "epoch"
        if patience is None or not waited or waited < patience:
            return None
        return not_improved(self.monitored.name, waited, what, self.best.value)

    def permutation(self, count: int) -> np.ndarray:
        """Return the order of the items in the present epoch."""
        if not self.shuffles:
            return np.arange(count)
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
            "seconds": self.seconds, "seed": self.seed, "best": [self.best.value, self.best.waited],
            "best terms": self.best.found.terms,
            "monitored": dataclasses.astuple(self.monitored), "asked": self.asked,
            "callbacks": self.callbacks.state(), "generators": generators,
        }
        return plain, found

    def restore(self, plain: dict, arrays: dict, numbers: dict, changed: dict) -> None:
        """Stand where a run stood that `state` describes.

        Parameters
        ----------
        plain, arrays : dict
            From `state`.
        numbers : dict
            Hyperparameters, for those that the run did not have.
        changed : dict
            Those that were passed again, which apply from now on.
        """
        groups: dict = {"step": {}, "now": {}, "best": {}}
        try:
            for name, value in arrays.items():
                group, _, short = name.partition("/")
                groups[group][short] = value
            parameters = self.objective.parameters
            for name, p in parameters.items():
                p.set_value(np.asarray(groups["now"][name], p.dtype))
            known = {f"scalar {name}": value for name, value in numbers.items()}
            self.step.set_state(known | groups["step"], plain["generators"])
            self.step.set(changed)
            self.epoch, self.position = int(plain["epoch"]), int(plain["position"])
            self.batches, self.items, self.seed = int(plain["batches"]), int(plain["items"]), int(plain["seed"])
            self.seconds = float(plain["seconds"])
            value, waited = plain["best"]
            found = BestValue(None if value is None else float(value), restored_terms(plain.get("best terms")))
            best = Best(found, int(waited),
                        {n: np.asarray(v, parameters[n].dtype) for n, v in groups["best"].items()})
            same = tuple(plain.get("monitored", ("valid_loss", "min"))) == dataclasses.astuple(self.monitored)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise DataError(
                f"resume: the saved state belongs to another training ({type(error).__name__}: {error}). Pass the "
                "same algo, losses and regularizers, or leave resume out"
            ) from None
        self.best = best if same else Best()  # of another value: nothing is known of its best
        self.resumed = True
        self.callbacks.restore(plain.get("callbacks"))
