"""Harrell's C against the definition, pair by pair, and where it meets models and batches."""

import itertools

import numpy as np
import pytest

import symloss


def by_pairs(risks, times, events, weights):
    right = total = 0.0
    for i, j in itertools.permutations(range(len(risks)), 2):
        if events[i] and (times[i] < times[j] or (times[i] == times[j] and not events[j])):
            total += weights[i] * weights[j]
            right += weights[i] * weights[j] * (1.0 if risks[i] > risks[j] else 0.5 if risks[i] == risks[j] else 0.0)
    return right / total


@pytest.fixture(scope="module")
def watched():
    rng = np.random.default_rng(0)
    times, events = rng.integers(1, 8, 30).astype(float), rng.integers(0, 2, 30)
    return rng.integers(0, 6, 30).astype(float), np.stack([times, events], axis=1), rng.integers(0, 3, 30).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
def test_concordance_is_that_of_all_pairs(watched, weighted):
    risks, target, weights = watched
    expected = by_pairs(risks, *target.T, weights if weighted else np.ones(30))
    found = symloss.evaluate.metric("c_index", risks[:, None], target, weights if weighted else None)
    assert found == pytest.approx(expected, rel=1e-12)
    found = symloss.evaluate.metric("concordance", -risks, target, weights if weighted else None, times=True)
    assert found == pytest.approx(expected, rel=1e-12)


def test_weight_of_0_removes_what_is_no_number(watched):
    risks, target, _ = watched
    spoilt, weights = target.copy(), np.ones(30)
    spoilt[3], weights[3] = np.nan, 0
    others = weights > 0
    assert symloss.evaluate.metric("c_index", risks, spoilt, weights) == pytest.approx(
        symloss.evaluate.metric("c_index", risks[others], target[others]), rel=1e-12)


def test_nothing_to_compare_is_nan_and_another_target_is_refused():
    assert np.isnan(symloss.evaluate.metric("c_index", [1.0, 2.0], [[1.0, 0.0], [2.0, 0.0]]))
    with pytest.raises(symloss.ShapeError, match=r"concordance: the target has shape .*time and event"):
        symloss.evaluate.metric("c_index", [[1.0], [2.0]], [[1.0], [2.0]])
    with pytest.raises(symloss.SpecError, match="ties='exact' .* 'breslow' or 'efron'"):
        symloss.evaluate.value("cox", [[1.0], [2.0]], [[1.0, 1.0], [2.0, 1.0]], ties="exact")
