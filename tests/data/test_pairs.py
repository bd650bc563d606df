"""Pairs and triplets of labelled items."""

import numpy as np
import pytest
from scipy import sparse

from symloss.data import pairs, triplets
from symloss.errors import DataError, SpecError

LABELS = np.array(["a", "b", "a", "c", "b", "a", "a"])  # 'c' is alone
ITEMS = np.arange(7)


def test_half_of_the_pairs_have_one_label():
    for count in (2, 7, 1000):
        found = pairs(ITEMS, LABELS, count)
        same = LABELS[found["left"]] == LABELS[found["right"]]
        assert found["same"].dtype == bool and np.array_equal(found["same"], same)
        assert same.sum() == (count + 1) // 2
        assert not np.any(found["left"] == found["right"])


def test_target_is_called_by_what_true_means():
    same, far = pairs(ITEMS, LABELS, 50, seed=3), pairs(ITEMS, LABELS, 50, seed=3, target="far")
    assert np.array_equal(same["left"], far["left"])
    assert np.array_equal(same["same"], ~far["far"]) and "same" not in far


def test_every_pair_of_its_kind_is_as_likely_as_the_others():
    count = 40_000
    found = pairs(ITEMS, LABELS, count, seed=1)
    table = np.zeros((7, 7))
    np.add.at(table, (found["left"], found["right"]), 1)
    same = (LABELS[:, None] == LABELS) & ~np.eye(7, dtype=bool)
    for kind in (same, LABELS[:, None] != LABELS):
        expected = count / 2 / kind.sum()
        assert np.all(abs(table[kind] - expected) < 5 * np.sqrt(expected))
    assert table[np.eye(7, dtype=bool)].sum() == 0


def test_triplets_are_an_anchor_one_like_it_and_another():
    found = triplets(ITEMS, LABELS, 30_000, seed=2)
    anchor, positive, negative = (LABELS[found[name]] for name in ("anchor", "positive", "negative"))
    assert np.all(anchor == positive) and np.all(anchor != negative)
    assert not np.any(found["anchor"] == found["positive"])
    counts = np.bincount(found["anchor"], minlength=7)
    assert counts[3] == 0 and np.all(abs(counts[[0, 1, 2, 4, 5, 6]] - 5000) < 350)
    assert set(found["negative"]) == set(range(7))
    assert set(found["positive"][found["anchor"] == 0]) == {2, 5, 6}


@pytest.mark.parametrize("draw", [pairs, triplets])
def test_a_seed_repeats_and_another_differs(draw):
    first, again, other = (draw(ITEMS, LABELS, 40, seed=seed) for seed in (0, np.random.default_rng(0), 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_items_keep_their_form_and_there_are_as_many_pairs_as_items():
    images = np.arange(7 * 6, dtype="uint8").reshape(7, 2, 3)
    found = pairs(images, LABELS)
    assert found["left"].shape == (7, 2, 3) and found["left"].dtype == "uint8"
    table = sparse.csr_matrix(np.eye(7))
    assert sparse.issparse(pairs(table, LABELS)["left"]) and triplets(table, LABELS, 3)["negative"].shape == (3, 7)


def test_labels_of_any_kind():
    found = pairs(ITEMS, [1, "1", 1, None.__class__, 1, "1", None.__class__], 100)
    kinds = np.array([0, 1, 0, 2, 0, 1, 2])
    assert np.array_equal(kinds[found["left"]] == kinds[found["right"]], found["same"])


@pytest.mark.parametrize("draw", [pairs, triplets])
@pytest.mark.parametrize(("y", "words"), [
    (np.zeros(7), "in 1 class"), (np.arange(7), "two items in one of them"), (np.arange(6), "one label per item"),
    (np.eye(7), "argmax"), ([1, 1, 2, 2, np.nan, 1, np.nan], "2 items, the first in row 4"), ([], "one label"),
])
def test_labels_that_make_no_pairs(draw, y, words):
    with pytest.raises(DataError, match=words):
        draw(ITEMS, y)


@pytest.mark.parametrize("count", [0, 1, 2.5, True, -3])
def test_counts_that_are_none(count):
    with pytest.raises(SpecError, match="count="):
        pairs(ITEMS, LABELS, count)


def test_unknown_target_is_refused():
    with pytest.raises(SpecError, match="'same' or 'far'"):
        pairs(ITEMS, LABELS, target="near")
