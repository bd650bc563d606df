"""Samplers of classes: each draws labels from its own distribution, at a cost that does not grow with the classes.

A sampler turns uniform random numbers into labels, and knows the probability of each label. Both are expressions.
`probability` also takes NumPy arrays.
"""

import abc

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from .._checks import is_number
from ..errors import SpecError, unknown


class Counts(np.ndarray):
    """How often each class occurs: an array that is displayed by its length."""

    def __repr__(self):
        return f"<{self.size:,} counts>"

    __str__ = __repr__


class Sampler(abc.ABC):
    """Draws labels from 0 to ``classes - 1``.

    Attributes
    ----------
    classes : int
    shared : tuple of shared variable
        Tables of the sampler, which never change.
    """

    shared: tuple = ()

    def __init__(self, classes: int):
        self.classes = classes

    @abc.abstractmethod
    def labels(self, numbers):
        """Return an int64 label for each of `numbers`, which are float64, uniform, at least 0 and less than 1."""

    @abc.abstractmethod
    def probability(self, labels):
        """Return the probability of each of `labels`, as float64."""

    def log_probability(self, labels):
        """Return the logarithm of the probability of each of `labels`, in nats, as float64."""
        found = self.probability(labels)
        return pt.log(found) if isinstance(found, Variable) else np.log(found)


class Uniform(Sampler):
    """Every class is equally probable."""

    def labels(self, numbers):
        return pt.minimum(pt.floor(numbers * self.classes), self.classes - 1).astype("int64")

    def probability(self, labels):
        return labels * 0.0 + 1 / self.classes


class LogUniform(Sampler):
    r"""The probability of a class falls about as 1 / (class + 1), as word frequencies do by Zipf's law.

    .. math:: q_c = \frac{\log(c + 2) - \log(c + 1)}{\log(n + 1)}

    The classes must be in the order of their frequency, the most frequent first. TensorFlow calls this sampler
    log_uniform_candidate_sampler.
    """

    def labels(self, numbers):
        found = pt.floor(pt.exp(numbers * np.log(self.classes + 1.0))) - 1
        return pt.clip(found, 0, self.classes - 1).astype("int64")

    def probability(self, labels):
        log1p = pt.log1p if isinstance(labels, Variable) else np.log1p
        return log1p(1.0 / (labels + 1.0)) / np.log(self.classes + 1.0)


class Unigram(Sampler):
    """The probability of a class is proportional to a power of its count.

    It uses Walker's alias method, which makes one label from one uniform number: the whole part of ``number * classes``
    selects a class, and the fraction decides between this class and its alias.

    Parameters
    ----------
    counts : array (classes,)
        How often each class occurs, greater than 0.
    power : float
        1 is the distribution of the data. word2vec uses 0.75.
    """

    def __init__(self, counts, power: float):
        super().__init__(len(counts))
        weights = np.asarray(counts, "float64") ** power
        probabilities = weights / weights.sum()
        thresholds, aliases = alias_tables(probabilities)
        self._thresholds = pytensor.shared(thresholds, name="thresholds of the sampler", shape=thresholds.shape)
        self._aliases = pytensor.shared(aliases, name="aliases of the sampler", shape=aliases.shape)
        self._probabilities = pytensor.shared(probabilities, name="q of the sampler", shape=probabilities.shape)
        self.shared = (self._thresholds, self._aliases, self._probabilities)

    def labels(self, numbers):
        scaled = numbers * self.classes
        first = pt.minimum(pt.floor(scaled), self.classes - 1).astype("int64")
        return pt.switch(pt.lt(scaled - first, self._thresholds[first]), first, self._aliases[first])

    def probability(self, labels):
        known = self._probabilities
        return known[labels] if isinstance(labels, Variable) else known.get_value(borrow=True)[labels]


def alias_tables(probabilities) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of each class in its own column, and the class that has the rest of the column.

    Columns have the mean height. Classes that are less probable than the mean are filled up, in order, by the more
    probable ones, in their order. Cumulative sums determine which one fills which (Huebschle-Schneider & Sanders 2022,
    "Parallel Weighted Random Sampling", ACM Trans. Math. Softw. 48(3)).

    Returns
    -------
    float64 array, int64 array

    >>> [table.tolist() for table in alias_tables(np.array([0.75, 0.25]))]
    [[1.0, 0.5], [0, 0]]
    """
    heights = probabilities * len(probabilities)
    aliases = np.arange(len(heights))
    thresholds = np.minimum(heights, 1.0)
    light, heavy = np.flatnonzero(heights < 1), np.flatnonzero(heights >= 1)
    missing, spare = np.cumsum(1 - heights[light]), np.cumsum(heights[heavy] - 1)
    before = np.concatenate([[0.0], missing])[: len(light)]
    filler = np.minimum(np.searchsorted(spare, before, side="right"), len(heavy) - 1)
    aliases[light] = heavy[filler]
    # a heavy class that gave away more than its surplus, with the last light one that it filled, is filled by the next
    last = np.searchsorted(missing, spare, side="right")  # the first light class at which its surplus is used up
    short = np.flatnonzero((last < len(light))[:-1])
    owed = missing[last[short]] - spare[short]
    thresholds[heavy[short]] = np.clip(1 - owed, 0.0, 1.0)
    aliases[heavy[short]] = heavy[short + 1]
    return thresholds, aliases


def build(name: str, classes: int, counts, power: float, who: str) -> Sampler:
    """Return the sampler called `name`, or raise an error if its options are wrong.

    Raises
    ------
    UnknownNameError
        If the name is unknown.
    SpecError
        If counts are missing or have the wrong form, or are not used by this sampler.
    """
    kinds = {"uniform": Uniform, "log_uniform": LogUniform, "unigram": Unigram}
    if name not in kinds:
        raise unknown(f"sampler of loss {who}:", name, kinds)
    if name != "unigram":
        if counts is not None:
            raise SpecError(f"loss {who}: got counts, but the sampler {name!r} takes none. Write sampler='unigram', "
                            "or leave counts out")
        return kinds[name](classes)
    if counts is None:
        raise SpecError(f"loss {who}: the sampler 'unigram' needs to know how often each class occurs. Pass counts, "
                        f"for example counts=np.bincount(labels, minlength={classes}) + 1")
    if not is_number(power) or not 0 <= power < np.inf:
        raise SpecError(f"loss {who}: power={power!r} is not valid; it must be a finite number of at least 0")
    return Unigram(checked_counts(counts, classes, who), power)


def checked_counts(counts, classes: int, who: str) -> Counts:
    """Return counts as a float64 array with an entry for each class, or raise SpecError."""
    try:
        array = np.array(counts, "float64")
    except (TypeError, ValueError):
        raise SpecError(f"loss {who}: counts={counts!r} is not valid; it must be an array of {classes} "
                        "numbers") from None
    if array.shape != (classes,):
        raise SpecError(f"loss {who}: counts has shape {array.shape}, but there are {classes} classes. Pass one count "
                        "per class")
    wrong = ~(np.isfinite(array) & (array > 0))
    if wrong.any():
        where = int(wrong.argmax())
        raise SpecError(f"loss {who}: the count of class {where} is {array[where]:g}, but all counts must be greater "
                        f"than 0 ({wrong.sum()} are not). Pass counts + 1")
    return array.view(Counts)
