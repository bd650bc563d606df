"""The losses of single steps, read from the sums that a compiled step keeps."""

import numpy as np


class StepLosses:
    """The contribution of each step to the sums of the terms, and the weights of the terms in that step.

    Nothing is compiled for it. The loop runs one step a call, where it otherwise runs many, and the sums are read after
    each of them.

    Parameters
    ----------
    step : TrainingStep
    """

    def __init__(self, step):
        self._step, terms = step, step.objective.training_terms
        self._places = [i for i, t in enumerate(terms) if all(part.ndim == 0 for part in t.figure.parts)]
        self._terms = [terms[i] for i in self._places]
        self._added: list[list[tuple]] = []
        self._weights: list[list] = []

    def __len__(self):
        return len(self._added)

    def each(self, calls):
        """Pass on `calls` of one step each, and keep what each of them adds."""
        before, weights = self._sums(), self._weights_now()
        for call in calls:
            now = self._sums()
            self._added.append([tuple(a - b for a, b in zip(*parts, strict=True))
                                for parts in zip(now, before, strict=True)])
            self._weights.append(weights)
            yield call
            before, weights = now, self._weights_now()  # a callback may have changed a weight

    def _sums(self) -> list[tuple]:
        sums = self._step.sums()
        return [sums[i] for i in self._places]

    def _weights_now(self) -> list:
        return [term.weight for term in self._terms]

    def totals(self) -> np.ndarray:
        """Return the total that each step minimized."""
        values, total = self.by_name(), np.zeros(len(self))
        for place, term in enumerate(self._terms):
            if term.source is not None:
                value = values[term.name] * [weights[place] for weights in self._weights]
                total += np.where(np.isnan(value), 0, value) if self._step.objective.in_turn else value
        return total

    def by_name(self) -> dict[str, np.ndarray]:
        """Return the value of each term (before its weight) and of each metric that is a quotient of sums, by step."""
        return {term.name: np.array([self._value(term, parts[place]) for parts in self._added], "float64")
                for place, term in enumerate(self._terms)}

    def _value(self, term, parts) -> float:
        """Return the value of a term in a step; NaN if it was not the term's turn."""
        left_out = self._step.objective.in_turn and term.source is not None and not parts[1]
        return np.nan if left_out else term.value(parts)
