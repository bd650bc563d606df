"""Label sequences from the probabilities of every step, and their distance from the right ones, in plain numpy.

`ctc_greedy` and `ctc_beam` read what a model trained with the loss ``ctc`` predicts, `ctc_align` says which steps
belong to which label, `edit_distance` and `label_error_rate` compare sequences. A `symloss.recurrent.Classifier` calls
them in ``net.decode(x)`` and ``net.score(x, y, metric="label_error_rate")``, with its own blank and its own labels.
"""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np

from .errors import DataError, ShapeError, SpecError

TOLERANCE = 0.01  # by which probabilities of a step may sum to something else than 1

__all__ = ["Hypothesis", "ctc_align", "ctc_beam", "ctc_greedy", "edit_distance", "label_error_rate"]


class Hypothesis(NamedTuple):
    """A sequence of labels that a beam search found.

    Parameters
    ----------
    labels : list of int
    log_probability : float
        Log-probability of these labels, in nats, summed over all alignments that the search kept. It is a lower bound
        of the true log-probability, and equal to it if the beam never dropped a prefix of the labels.
    """

    labels: list
    log_probability: float


# ------------------------------------------------------------------------------------------ CTC


def ctc_greedy(probabilities, lengths=None, blank: int = 0) -> list[list[int]]:
    r"""Return the labels of the most probable path of each sequence: greedy (best path) decoding.

    .. math:: B(\pi^*), \quad \pi^*_\tau = \arg\max_k p_{\tau k}

    where B merges repeats and then removes blanks. The most probable path does not always give the most probable
    labels; `ctc_beam` adds up paths.

    Parameters
    ----------
    probabilities : array (n, steps, k), or list of n arrays (steps, k)
        Probabilities of the k classes, including the blank, at every step, as ``predict_proba`` returns them.
    lengths : int array (n,), or None
        Number of steps of each sequence. Later steps are ignored. None: all steps count.
    blank : int
        The class of the blank, as in the loss ``ctc``. -1 is the last class.

    Returns
    -------
    list of n lists of int
        Labels from 0 to k - 1, without blanks.

    Raises
    ------
    DataError
        If the steps that count are not probabilities.
    ShapeError
        If shapes or lengths do not match.
    SpecError
        If `blank` is not a class.

    References
    ----------
    Graves et al. (2006), "Connectionist Temporal Classification", ICML, section 3.2.

    >>> ctc_greedy([[[0.1, 0.9], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]]])
    [[1, 1]]
    """
    sequences, blank = _checked(probabilities, lengths, blank, "ctc_greedy")
    return [_collapsed(sequence.argmax(axis=1), blank) for sequence in sequences]


def ctc_beam(probabilities, lengths=None, blank: int = 0, width: int = 16) -> list[list[Hypothesis]]:
    r"""Return the most probable labels of each sequence by prefix beam search.

    .. math:: \log p(t) = \log \sum_{\pi \in B^{-1}(t)} \prod_\tau p_{\tau, \pi_\tau}

    At each step, the search keeps the `width` most probable prefixes of label sequences. The probabilities of paths
    that give the same prefix are added up, so the result is exact if `width` is at least the number of prefixes.

    Parameters
    ----------
    probabilities, lengths, blank :
        As in `ctc_greedy`.
    width : int, at least 1
        Number of prefixes that are kept after each step.

    Returns
    -------
    list of n lists of at most `width` Hypothesis
        The best one first. Hypotheses of probability 0 are left out.

    Raises
    ------
    DataError, ShapeError, SpecError
        As in `ctc_greedy`, and if `width` is not an integer of at least 1.

    Notes
    -----
    Logarithms in double precision are used, so long sequences do not underflow. The time is proportional to the number
    of steps times `width` times k.

    References
    ----------
    Graves (2012), "Supervised Sequence Labelling with Recurrent Neural Networks", section 7.5; Hannun et al. (2014),
    "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs".

    >>> p = [[[0.6, 0.4], [0.6, 0.4]]]
    >>> ctc_greedy(p), [(h.labels, round(float(np.exp(h.log_probability)), 2)) for h in ctc_beam(p)[0]]
    ([[]], [([1], 0.64), ([], 0.36)])
    """
    if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 1:
        raise SpecError(f"ctc_beam: width={width!r} is not valid; it must be an integer of at least 1")
    sequences, blank = _checked(probabilities, lengths, blank, "ctc_beam")
    return [_searched(_logs(sequence), blank, int(width)) for sequence in sequences]


def ctc_align(probabilities, labels, lengths=None, blank: int = 0) -> list[np.ndarray]:
    r"""Return the label that each step belongs to, on the most probable path that gives `labels`, for each sequence.

    .. math:: \arg\max_{\pi \in B^{-1}(t)} \prod_\tau p_{\tau, \pi_\tau}

    Parameters
    ----------
    probabilities, lengths, blank :
        As in `ctc_greedy`.
    labels : list of n sequences of int
        Labels from 0 to k - 1, without blanks.

    Returns
    -------
    list of n int arrays (steps,)
        For each step, the position in `labels`, from 0, of its label; -1 for a blank.

    Raises
    ------
    DataError
        As in `ctc_greedy`; also if a label is not a class or is the blank, or if no path gives the labels.
    ShapeError, SpecError
        As in `ctc_greedy`.

    >>> ctc_align([[[0.1, 0.9], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]]], [[1, 1]])[0].tolist()
    [0, 0, -1, 1]
    """
    sequences, blank = _checked(probabilities, lengths, blank, "ctc_align")
    if len(labels) != len(sequences):
        raise ShapeError(f"ctc_align: got {len(labels)} sequences of labels and {len(sequences)} of probabilities. "
                         "Pass one for each")
    found = []
    for item, (sequence, wanted) in enumerate(zip(sequences, labels, strict=True)):
        wanted = np.asarray(wanted if len(wanted) else np.zeros(0, int))
        classes = sequence.shape[1]
        if wanted.dtype.kind not in "iu" or ((wanted < 0) | (wanted >= classes) | (wanted == blank)).any():
            raise DataError(f"ctc_align: the labels of item {item} are {wanted.tolist()}, but they must be integers "
                            f"from 0 to {classes - 1} without {blank}, the blank")
        found.append(_aligned(_logs(sequence), wanted, blank, item))
    return found


def _checked(probabilities, lengths, blank, who) -> tuple[list[np.ndarray], int]:
    """Return what counts of each sequence as an array (steps, k) in double precision, and the class of the blank."""
    arrays = [_array(one, who) for one in probabilities]
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1 or any(len(shape) != 1 or not shape[0] for shape in shapes):
        ranks = sorted({array.ndim + 1 for array in arrays})
        raise ShapeError(f"{who}: the probabilities have {' or '.join(map(str, ranks))} axes and items of shapes "
                         f"{[array.shape for array in arrays[:3]]}. Pass (n, steps, classes), or a list of arrays "
                         "(steps, classes). For a single sequence, pass p[None]")
    if lengths is not None:
        arrays = _shortened(arrays, lengths, who)
    for item, array in enumerate(arrays):
        _check_distribution(array, item, who)
    classes = next(iter(shapes))[0] if shapes else None
    if isinstance(blank, bool) or not isinstance(blank, int | np.integer) or (
            classes is not None and not -classes <= blank < classes):
        raise SpecError(f"{who}: blank={blank!r} is not valid; it must be one of the {classes or ''} classes, or -1 "
                        "for the last one")
    return arrays, int(blank) if classes is None else int(blank) % classes


def _array(one, who):
    try:
        return np.asarray(one, "float64")
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{who}: the probabilities cannot be read as numbers (steps, classes) ({error})") from None


def _shortened(arrays, lengths, who):
    """Return the first steps of each array, up to its entry in `lengths`."""
    lengths = np.asarray(lengths)
    steps = [len(array) for array in arrays]
    integers = lengths.shape == (len(arrays),) and lengths.dtype.kind in "iu"
    if not integers or ((lengths < 0) | (lengths > steps)).any():
        raise ShapeError(f"{who}: got lengths={lengths.tolist()} for sequences of {steps} steps. Pass one integer for "
                         "each, from 0 to its number of steps")
    return [array[:length] for array, length in zip(arrays, lengths, strict=True)]


def _check_distribution(array, item, who) -> None:
    wrong = ~((array >= 0) & (array <= 1 + TOLERANCE)).all(axis=1) | (abs(array.sum(axis=1) - 1) > TOLERANCE)
    if wrong.any():
        step = int(wrong.argmax())
        raise DataError(f"{who}: item {item}, step {step}: {array[step].round(4).tolist()} are not probabilities of "
                        f"classes ({wrong.sum()} such steps). Pass what a softmax returns, or np.exp(...) of its "
                        "logarithm, and pass lengths if sequences are padded")


def _logs(probabilities):
    with np.errstate(divide="ignore"):  # the logarithm of 0 is minus infinity
        return np.log(probabilities)


def _collapsed(path, blank) -> list[int]:
    """Return the labels of a path: repeats merged, then blanks removed."""
    new = np.ones(len(path), bool)
    new[1:] = path[1:] != path[:-1]
    return path[new & (path != blank)].tolist()


class _Prefixes:
    """Beginnings of label sequences as a tree, so that each has one number however it was reached."""

    def __init__(self):
        self.parents, self.labels, self._children = [-1], [-1], {}  # number 0: no label so far

    def child(self, prefix: int, label: int) -> int:
        """Return the number of a prefix with one label more."""
        found = self._children.setdefault((prefix, label), len(self.parents))
        if found == len(self.parents):
            self.parents.append(prefix)
            self.labels.append(label)
        return found

    def spelled(self, prefix: int) -> list[int]:
        """Return the labels of a prefix."""
        labels = []
        while prefix:
            labels.append(self.labels[prefix])
            prefix = self.parents[prefix]
        return labels[::-1]


def _searched(logs, blank, width) -> list[Hypothesis]:
    """Return the hypotheses of one sequence from its log-probabilities (steps, k)."""
    tree, beam = _Prefixes(), [0]
    after_blank, after_label = np.zeros(1), np.full(1, -np.inf)  # of paths to a prefix, by what they end with
    for step in logs:
        stay_blank, stay_label, longer = _moved(step, tree, beam, after_blank, after_label, blank)
        scores = np.concatenate([np.logaddexp(stay_blank, stay_label), longer.ravel()])
        best = np.argsort(-scores, kind="stable")[:width]
        best = best[scores[best] > -np.inf]
        rows, labels = np.divmod(best - len(beam), len(step))
        stays = best < len(beam)
        after_blank = np.where(stays, stay_blank[best * stays], -np.inf)
        after_label = np.where(stays, stay_label[best * stays], scores[best])
        beam = [beam[one] if stay else tree.child(beam[row], label) for one, stay, row, label in
                zip(best.tolist(), stays.tolist(), rows.tolist(), labels.tolist(), strict=True)]
    totals = np.logaddexp(after_blank, after_label)
    order = np.argsort(-totals, kind="stable")
    return [Hypothesis(tree.spelled(beam[i]), float(totals[i])) for i in order]


def _moved(step, tree, beam, after_blank, after_label, blank):
    """Return log-probabilities after one more step: of each prefix, by its end, and of each with a label more."""
    last = np.array([tree.labels[prefix] for prefix in beam])
    total = np.logaddexp(after_blank, after_label)
    has_label = np.flatnonzero(last >= 0)
    stay_blank = total + step[blank]
    stay_label = np.where(last >= 0, after_label + step[last], -np.inf)  # the same label goes on
    longer = total[:, None] + step
    longer[has_label, last[has_label]] = after_blank[has_label] + step[last[has_label]]  # again, behind a blank
    longer[:, blank] = -np.inf
    places = {prefix: place for place, prefix in enumerate(beam)}
    for place in has_label.tolist():  # what grows into a prefix that is in the beam already is added to it
        parent = places.get(tree.parents[beam[place]])
        if parent is not None:
            stay_label[place] = np.logaddexp(stay_label[place], longer[parent, last[place]])
            longer[parent, last[place]] = -np.inf
    return stay_blank, stay_label, longer


def _aligned(logs, labels, blank, item) -> np.ndarray:
    """Return the best path through blank, label, blank, ..., blank (Viterbi), as positions of labels and -1."""
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = labels[1:] != labels[:-1]
    score = np.where(np.arange(len(states)) == 0, 0.0, -np.inf)
    came, places = np.zeros((len(logs), len(states)), int), np.arange(len(states))
    for step, emitted in enumerate(logs[:, states]):
        before = np.full((3, len(states)), -np.inf)  # from the same state, the one before, and over a blank
        before[0] = score
        before[1, 1:] = score[:-1]
        before[2, 2:] = np.where(may_skip[2:], score[:-2], -np.inf)
        came[step] = before.argmax(axis=0)
        score = before[came[step], places] + emitted
    ends = [len(states) - 1, len(states) - 2] if len(labels) else [0]
    state = max(ends, key=lambda end: score[end])
    if score[state] == -np.inf:
        raise DataError(f"ctc_align: item {item}: no path of {len(logs)} steps gives its {len(labels)} labels. Each "
                        "label needs a step where its probability is above 0, and equal labels in a row need a blank "
                        "between them")
    path = np.empty(len(logs), int)
    for step in range(len(logs) - 1, -1, -1):
        path[step] = (state - 1) // 2 if state % 2 else -1
        state -= came[step, state]
    return path


# ------------------------------------------------------------------------------------------ distances


def edit_distance(a: Iterable[Hashable], b: Iterable[Hashable]) -> int:
    r"""Return the number of labels to insert, delete or replace to turn `a` into `b` (Levenshtein distance).

    Parameters
    ----------
    a, b : sequences of labels, or strings
        Labels are numbers, strings or any hashable objects. The labels of a string are its characters.

    Returns
    -------
    int
        From 0 to the length of the longer sequence.

    Raises
    ------
    DataError
        If `a` or `b` is not a sequence, or if labels are not hashable.

    References
    ----------
    Levenshtein (1966), "Binary codes capable of correcting deletions, insertions, and reversals".

    >>> edit_distance("kitten", "sitting"), edit_distance([1, 2, 3], [])
    (3, 3)
    """
    numbers: dict = {}
    try:
        a, b = (np.array([numbers.setdefault(label, len(numbers)) for label in one], int) for one in (a, b))
    except TypeError as error:
        raise DataError(f"edit_distance: {error}. Pass sequences of labels, such as [1, 2] or 'ab'") from None
    places = np.arange(len(b) + 1)
    row = places  # distances of the beginning of a so far to each beginning of b
    for label in a:
        best = np.concatenate([row[:1] + 1, np.minimum(row[1:] + 1, row[:-1] + (b != label))])
        row = np.minimum.accumulate(best - places) + places  # insertions, any number of them
    return int(row[-1])


def label_error_rate(predictions, targets, weights=None) -> float:
    r"""Return the total edit distance of all sequences, divided by the total number of labels.

    .. math:: \frac{\sum_i w_i \, d(\hat t_i, t_i)}{\sum_i w_i \, |t_i|}

    For characters this is the character error rate (CER), for words the word error rate (WER).

    Parameters
    ----------
    predictions, targets : lists of n sequences of labels
        Decoded sequences and true sequences. An integer array (n, length) is padded with -1.
    weights : numbers (n,), or None
        Weights of the sequences, at least 0. None: all are 1.

    Returns
    -------
    float
        0 if all predictions are right, and 1 for empty predictions. With many insertions it can exceed 1. If the
        targets contain no labels, it is 0 or infinity.

    Raises
    ------
    ShapeError
        If the numbers of predictions, targets and weights differ.
    DataError
        If there are no sequences, if a weight is negative or not finite, or if an entry is not a sequence.

    References
    ----------
    Graves et al. (2006), "Connectionist Temporal Classification", ICML, section 2.1.

    >>> label_error_rate(["ab", "c"], ["abc", "c"])
    0.25
    """
    predictions, targets = _unpadded(predictions, "predictions"), _unpadded(targets, "targets")
    weights = np.ones(len(targets)) if weights is None else np.asarray(weights, "float64")
    if not len(predictions) == len(targets) == weights.size or weights.ndim != 1:
        raise ShapeError(f"label_error_rate: got {len(predictions)} predictions, {len(targets)} targets and weights "
                         f"of shape {weights.shape}. Pass one of each for every sequence")
    if not targets or not (np.isfinite(weights) & (weights >= 0)).all():
        raise DataError("label_error_rate: " + ("weights must be at least 0" if targets else "got no sequences"))
    edits = sum(w * edit_distance(p, t) for w, p, t in zip(weights, predictions, targets, strict=True))
    labels = sum(w * len(t) for w, t in zip(weights, targets, strict=True))
    return float(edits / labels) if labels else float("inf") if edits else 0.0


def _unpadded(sequences, name) -> list:
    """Return sequences as lists; those of a padded array without the padding."""
    if isinstance(sequences, np.ndarray) and sequences.ndim == 2 and sequences.dtype.kind in "iu":
        return [row[row >= 0].tolist() for row in sequences]
    try:
        return [list(one) for one in sequences]
    except TypeError as error:
        raise DataError(f"label_error_rate: {name} are not a list of sequences of labels ({error}). Pass [[1, 2], "
                        "[3]] or ['ab', 'c'], for example") from None
