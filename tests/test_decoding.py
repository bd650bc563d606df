"""Decoding against the enumeration of all alignments; edit distances against the recursion that defines them."""

import functools
import itertools
import math

import numpy as np
import pytest

import symloss
from symloss.decoding import ctc_align, ctc_beam, ctc_greedy, edit_distance, label_error_rate

EVERYTHING = 10**6  # a width that drops nothing


def collapsed(path, blank):
    """Return the labels of a path and the runs that they were merged from."""
    return tuple(label for label, _ in itertools.groupby(path) if label != blank)


def by_enumeration(p, blank):
    """Return {labels: (probability of all paths, that of the best path)} of one sequence."""
    found = {}
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        labels, chance = collapsed(path, blank), float(np.prod(p[range(len(p)), path]))
        total, best = found.get(labels, (0.0, 0.0))
        found[labels] = total + chance, max(best, chance)
    return found


@pytest.fixture(params=[0, 1, -1])
def blank(request):
    return request.param


@pytest.fixture
def chances(rng):
    return rng.dirichlet([0.4] * 3, size=(5, 6))


# ------------------------------------------------------------------------------------------ decoding


def test_a_beam_that_drops_nothing_finds_the_probability_of_every_sequence_of_labels(chances, blank):
    for p, found in zip(chances, ctc_beam(chances, blank=blank, width=EVERYTHING), strict=True):
        wanted = by_enumeration(p, blank % 3)
        assert {tuple(h.labels) for h in found} == set(wanted)
        for labels, log_probability in found:
            np.testing.assert_allclose(np.exp(log_probability), wanted[tuple(labels)][0], rtol=1e-10)
        logs = [h.log_probability for h in found]
        assert logs == sorted(logs, reverse=True)


def test_a_beam_never_claims_more_than_there_is_and_a_wider_one_claims_no_less(chances, blank):
    best = []
    for width in (1, 2, 4, 8, EVERYTHING):
        found = ctc_beam(chances, blank=blank, width=width)
        assert all(1 <= len(hypotheses) <= width for hypotheses in found)
        for p, hypotheses in zip(chances, found, strict=True):
            truth = by_enumeration(p, blank % 3)
            assert all(np.exp(h.log_probability) <= truth[tuple(h.labels)][0] * (1 + 1e-10) for h in hypotheses)
        best.append(sum(hypotheses[0].log_probability for hypotheses in found))
    assert best[0] < best[-1] and best[-2] <= best[-1]


def test_the_probability_of_a_beam_is_the_loss(chances, blank):
    best = [hypotheses[0] for hypotheses in ctc_beam(chances, blank=blank, width=EVERYTHING)]
    labels = [(h.labels + [-1] * 6)[:6] for h in best]
    losses = symloss.evaluate.value("ctc", chances, labels, blank=blank, mode="PYTHON")
    np.testing.assert_allclose([h.log_probability for h in best], -losses, rtol=1e-6)


def test_greedy_decoding_collapses_the_most_probable_path(chances, blank):
    wanted = [list(collapsed(p.argmax(axis=1).tolist(), blank % 3)) for p in chances]
    assert ctc_greedy(chances, blank=blank) == wanted
    assert any(wanted)


def test_the_beam_adds_up_paths_where_greedy_decoding_takes_one():
    p = [[[0.6, 0.4], [0.6, 0.4]]]
    assert ctc_greedy(p) == [[]]
    (first, second), = ctc_beam(p)
    assert first.labels == [1] and second.labels == []
    np.testing.assert_allclose(np.exp([first.log_probability, second.log_probability]), [0.64, 0.36])


def test_equal_labels_need_a_blank_between_them():
    path = np.eye(3)[[1, 1, 0, 1, 2, 2]]
    assert ctc_greedy([path]) == [[1, 1, 2]]
    assert ctc_beam([path]) == [[([1, 1, 2], 0.0)]]


@pytest.mark.parametrize("decode", [ctc_greedy, lambda *a, **k: [h[0].labels for h in ctc_beam(*a, **k)]])
def test_lengths_say_what_counts_of_padded_arrays(decode, chances):
    lengths, padded = [6, 3, 1, 0, 5], chances.copy()
    for row, length in zip(padded, lengths, strict=True):
        row[length:] = np.nan
    cut = [p[:length] for p, length in zip(chances, lengths, strict=True)]
    assert decode(padded, lengths) == decode(cut) != decode(chances)


def test_a_long_sequence_does_not_underflow():
    """Of 2 ** n paths of a blank and a label, binomial(n + 1, 2 m) have m runs of the label."""
    n = 1500  # 0.5 ** 1500 is 0 in double precision
    found = ctc_beam([np.full((n, 2), 0.5)], width=100)[0][0]
    m = len(found.labels)
    count = math.lgamma(n + 2) - math.lgamma(2 * m + 1) - math.lgamma(n + 2 - 2 * m)
    assert 2 * m in (n // 2, n // 2 + 1)
    np.testing.assert_allclose(found.log_probability, count - n * math.log(2), rtol=1e-6)


def test_no_sequences_are_no_labels():
    assert ctc_greedy([]) == ctc_beam([]) == []


def test_alignments_are_the_best_paths_of_the_labels(chances, blank):
    rows = []
    for p in chances:
        for labels, (_, best) in by_enumeration(p, blank % 3).items():
            places = ctc_align([p], [labels], blank=blank)[0]
            path = [blank % 3 if place < 0 else labels[place] for place in places]
            assert collapsed(path, blank % 3) == labels
            merged = [place for place, _ in itertools.groupby(places.tolist()) if place >= 0]
            assert merged == list(range(len(labels)))
            rows.append((np.prod(p[range(len(p)), path]), best))
    np.testing.assert_allclose(*zip(*rows, strict=True))


@pytest.mark.parametrize("labels, words", [
    ([1, 1], r"no path of 2 steps gives its 2 labels"), ([0], r"\[0\], .* integers from 0 to 2 without 0, the blank"),
    ([3], r"\[3\]"), ([-1], r"\[-1\]"), ([1.0], r"\[1.0\]")])
def test_labels_that_cannot_be_aligned_are_refused(labels, words):
    with pytest.raises(symloss.DataError, match=words):
        ctc_align(np.full((1, 2, 3), 1 / 3), [labels])


@pytest.mark.parametrize("decode", [ctc_greedy, ctc_beam])
@pytest.mark.parametrize("given, options, error, words", [
    ([[0.5, 0.5]], {}, symloss.ShapeError, r"2 axes .* For a single sequence, pass p\[None\]"),
    ([np.ones((2, 1)), np.full((2, 2), 0.5)], {}, symloss.ShapeError, r"\(2, 1\), \(2, 2\)"),
    (["ab"], {}, symloss.ShapeError, "cannot be read as numbers"),
    ([[[0.5, 0.5], [2.0, -1.0]]], {}, symloss.DataError, r"item 0, step 1: \[2.0, -1.0\] are not probabilities"),
    ([[[0.5, 0.5]], [[np.nan, 1.0]]], {}, symloss.DataError, "item 1, step 0: .*nan"),
    (np.log([[[0.5, 0.5]]]), {}, symloss.DataError, r"np.exp\(...\)"),
    ([[[0.5, 0.5]]], {"lengths": [2]}, symloss.ShapeError, r"lengths=\[2\] for sequences of \[1\] steps"),
    ([[[0.5, 0.5]]], {"lengths": [0.5]}, symloss.ShapeError, "one integer for "),
    ([[[0.5, 0.5]]], {"lengths": [1, 1]}, symloss.ShapeError, "one integer for "),
    ([[[0.5, 0.5]]], {"blank": 2}, symloss.SpecError, "blank=2 .* must be one of the 2 classes"),
    ([[[0.5, 0.5]]], {"blank": None}, symloss.SpecError, "blank=None"),
])
def test_what_holds_no_probabilities_is_refused(decode, given, options, error, words):
    with pytest.raises(error, match=f"{decode.__name__}: .*{words}"):
        decode(given, **options)


@pytest.mark.parametrize("width", [0, -1, 1.5, True, None])
def test_a_width_is_an_integer_of_at_least_1(width):
    with pytest.raises(symloss.SpecError, match="width="):
        ctc_beam([[[0.5, 0.5]]], width=width)


# ------------------------------------------------------------------------------------------ distances


def by_recursion(a, b):
    @functools.cache
    def distance(i, j):
        if not i or not j:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return distance(len(a), len(b))


def test_edit_distances_are_those_of_the_recursion(rng):
    for _ in range(60):
        a, b = (rng.integers(0, 3, size=rng.integers(0, 9)).tolist() for _ in range(2))
        assert edit_distance(a, b) == by_recursion(tuple(a), tuple(b)) == edit_distance(b, a)


def test_edit_distances_are_of_labels_of_any_kind():
    assert edit_distance("kitten", "sitting") == edit_distance(list("kitten"), np.array(list("sitting"))) == 3
    assert edit_distance([1, 2], np.array([1.0, 2.0])) == 0
    assert edit_distance([("a", 1), None], [None]) == 1
    with pytest.raises(symloss.DataError, match="edit_distance"):
        edit_distance([[1]], [[1]])
    with pytest.raises(symloss.DataError, match="edit_distance"):
        edit_distance(3, [3])


def test_a_label_error_rate_counts_labels_and_not_sequences():
    assert label_error_rate([[1, 2], [3]], [[1, 2, 4], [3]]) == 0.25
    assert label_error_rate([[1, 2], [3]], np.array([[1, 2, 4], [3, -1, -1]])) == 0.25
    assert label_error_rate(["ab", "c"], [["a", "b", "x"], ["c"]], weights=[1, 5]) == 1 / 8
    assert label_error_rate([[], []], ["ab", "c"]) == 1
    assert label_error_rate(["abc"], ["a"]) == 2
    assert label_error_rate([[]], [[]]) == 0 and label_error_rate(["a"], [[]]) == float("inf")


@pytest.mark.parametrize("arguments, error, words", [
    (([[1]], [[1], [2]]), symloss.ShapeError, "1 predictions, 2 targets"),
    (([[1]], [[1]], [1, 2]), symloss.ShapeError, r"weights of shape \(2,\)"),
    (([[1]], [[1]], [-1]), symloss.DataError, "at least 0"),
    (([], []), symloss.DataError, "no sequences"),
    (([1, 2], [[1], [2]]), symloss.DataError, "predictions are not a list of sequences"),
    (([[1]], None), symloss.DataError, "targets are not a list of sequences"),
])
def test_what_has_no_label_error_rate_is_said(arguments, error, words):
    with pytest.raises(error, match=words):
        label_error_rate(*arguments)
