"""When is a value better than the best one so far? The one place that compares values of different epochs.

Totals of different epochs can only be compared if they are sums with the same weights. While a schedule moves the
weight of a loss, or while weights are learned, `BestValue` therefore computes the best total again with the present
weights.
"""

import numpy as np

from ..losses import Regret
from ..objective.records import parts, reweighed

TOTALS = ("loss", "valid_loss")  # values of records that are sums of weighted terms


def better(value: float, best: float | None, min_improvement: float = 0.0, least: float = 0.0, sign: int = 1) -> bool:
    """Return whether `value` improves on `best` by more than both minimum amounts (by being higher, if sign is -1)."""
    if value is None or not np.isfinite(value):
        return False
    return best is None or sign * value < sign * best - max(abs(best) * min_improvement, least)


class BestValue:
    """The best value so far, and the terms that it was the sum of, if it is a total.

    Parameters
    ----------
    value : float or None
    terms : dict or None
        The values of its terms by name, before their weights.
    """

    def __init__(self, value: float | None = None, terms: dict | None = None):
        self.value, self.terms = value, terms

    def improves(self, record: dict, name: str, min_improvement: float = 0.0, least: float = 0.0, sign: int = 1,
                 objective=None) -> bool:
        """Take a record, and return whether its value `name` is better than all before.

        Parameters
        ----------
        record : dict
        name : str
        min_improvement, least : float
            Minimum relative and absolute changes that count as an improvement.
        sign : 1 or -1
            1 if low values are better.
        objective : Objective or None
            What the terms of the record belong to.
        """
        if name in TOTALS:
            self._reweigh(record, name.removesuffix("loss"), objective)
        improved = better(record[name], self.value, min_improvement, least, sign)
        if improved:
            self.value, self.terms = record[name], _terms(record, name)
        return improved

    def _reweigh(self, record, prefix, objective) -> None:
        """Compute the value again with the weights of a new record."""
        if self.value is None or self.terms is None or "weights" not in record:
            return
        now = {part.name: part.value for part in parts(record, prefix)}
        if set(now) != set(self.terms):
            return  # the terms of another training
        shared = {} if objective is None else {
            term.name: now[term.name] for term in objective.evaluation_terms
            if isinstance(term.source, Regret) and term.name in now}  # they belong to the weights, not to the model
        self.value = reweighed(self.terms | shared, record["weights"])


def restored_terms(saved) -> dict | None:
    """Return terms as they were saved; ValueError if they are damaged."""
    if saved is None:
        return None
    if not isinstance(saved, dict) or not all(isinstance(value, int | float) for value in saved.values()):
        raise ValueError(f"terms is {saved!r}")
    return {name: float(value) for name, value in saved.items()}


def _terms(record, name) -> dict | None:
    return {part.name: part.value for part in parts(record, name.removesuffix("loss"))} if name in TOTALS else None
