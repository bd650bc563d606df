"""Parts of terms over batches: what a compiled function makes of one batch, and what becomes of many."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..errors import SpecError
from .names import call


class Tally:
    """The parts of several terms, in the order in which they are kept.

    Parameters
    ----------
    terms : list of Term

    Attributes
    ----------
    expressions : list
        Of one batch: all scalars as one vector, then every table in float64, then what is joined row by row.

    Notes
    -----
    Values, where a method takes or returns some, are a list of arrays in the order of `expressions`.
    """

    def __init__(self, terms):
        self.terms = list(terms)
        every = [(t, part) for t in self.terms for part in t.figure.parts]
        scalars = [part for t, part in every if _is_scalar(t, part)]
        tables = [(t, part) for t, part in every if not t.whole and part.ndim]
        self._merges = [None, *(t.figure.merge for t, _ in tables)]
        self._shapes = [(len(scalars),), *(_known_shape(t, part) for t, part in tables)]
        self._joined = [part for t, part in every if t.whole]
        # one vector of all scalars costs a step less than many of them
        vector = pt.stack([part.astype(pytensor.config.floatX) for part in scalars]) if scalars else np.zeros(0)
        vector = pt.as_tensor_variable(vector)
        call(vector, "sums of this batch")
        self.expressions = [vector, *(part.astype("float64") for _, part in tables), *self._joined]

    def zeros(self) -> list[np.ndarray]:
        """Return the values of no batch, without those that are joined."""
        return [np.zeros(shape) for shape in self._shapes]

    def shared(self) -> list:
        """Return shared variables for the values, which start at zero; none are joined in a compiled step."""
        names = ["sums of terms", *(f"table {i} of metrics" for i in range(1, len(self._shapes)))]
        return [pytensor.shared(zeros, name=name, shape=zeros.shape)
                for name, zeros in zip(names, self.zeros(), strict=True)]

    def minimized(self) -> list[int]:
        """Return the places among the summed scalars of what belongs to the total."""
        scalars = [t for t in self.terms for part in t.figure.parts if _is_scalar(t, part)]
        return [place for place, term in enumerate(scalars) if term.source is not None]

    def updates(self, shared: list) -> dict:
        """Return the new value of each shared variable after a batch."""
        vector, *tables = self.expressions
        changes = {shared[0]: shared[0] + vector.astype("float64")}
        for variable, merge, table in zip(shared[1:], self._merges[1:], tables, strict=True):
            changes[variable] = merge(variable, table)
        return changes

    def over(self, batches) -> list[np.ndarray]:
        """Return the values of all `batches`, each a list as the compiled expressions give it."""
        total, rows = self.zeros(), [[] for _ in self._joined]
        for batch in batches:
            summed, joined = batch[: len(total)], batch[len(total) :]
            total[0] = total[0] + np.asarray(summed[0], dtype="float64")
            for index in range(1, len(total)):
                total[index] = self._merges[index](total[index], np.asarray(summed[index]))
            for kept, part in zip(rows, joined, strict=True):
                kept.append(np.asarray(part))
        return total + [np.concatenate(kept) for kept in rows]

    def by_term(self, values: list) -> list[tuple]:
        """Return the parts of each term."""
        scalars, rest = iter(values[0].tolist()), iter(values[1:])
        summed = [None if t.whole else tuple(next(scalars) if _is_scalar(t, part) else next(rest)
                                             for part in t.figure.parts) for t in self.terms]
        return [tuple(next(rest) for _ in t.figure.parts) if parts is None else parts
                for t, parts in zip(self.terms, summed, strict=True)]


def _is_scalar(term, part) -> bool:
    return not term.whole and part.ndim == 0


def _known_shape(term, part) -> tuple:
    if None in part.type.shape:
        raise SpecError(
            f"metric {term.name!r}: its table has the shape {part.type.shape}, but it can only be summed up if all "
            "lengths are known. Use a layer with a known size as its output"
        )
    return part.type.shape
