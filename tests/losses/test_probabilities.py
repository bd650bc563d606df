"""Infinite logits: masked actions are -inf before a softmax, and a sigmoid may be certain."""

import functools

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import entr, rel_entr, softmax, xlogy

from symloss import evaluate, losses
from symloss.compiling import function, resolve
from symloss.losses.probabilities import binary_surprise, times
from symloss.stability import stabilise

from .case import AS_WRITTEN

INF = np.inf
MASKED = np.array([[-INF, 0, 1], [0.5, -INF, -INF], [2, -INF, -1]])
SHARES = np.array([[0, 0.4, 0.6], [1, 0, 0], [0.25, 0, 0.75]])
CERTAIN = np.array([[-INF, 0, INF], [INF, -INF, 0.5]])
RIGHT = np.array([[0, 0.25, 1], [1, 0, 1]])
P = softmax(MASKED, axis=-1)
SURPRISE = -np.log(np.where(P > 0, P, 1))

BY_SCIPY = {
    "jensen_shannon": jensenshannon(P, SHARES, axis=-1) ** 2,
    "kl_divergence": rel_entr(SHARES, P).sum(axis=-1),
    "categorical_cross_entropy": (rel_entr(SHARES, P) + entr(SHARES)).sum(axis=-1),
    "cross_entropy": -xlogy(SHARES, P).sum(axis=-1),
    "categorical_focal": (SHARES * (1 - P) ** 2 * SURPRISE).sum(axis=-1),
    "poly1": -xlogy(SHARES, P).sum(axis=-1) + 2 * (1 - (SHARES * P).sum(axis=-1)),
    "squared_hellinger": 0.5 * ((np.sqrt(P) - np.sqrt(SHARES)) ** 2).sum(axis=-1),
    "total_variation": 0.5 * np.abs(P - SHARES).sum(axis=-1),
    "brier": ((P - SHARES) ** 2).sum(axis=-1),
}


def of(activation, *targets):
    """Return the names of the losses of one prediction that take such an activation and such a target."""
    specs = [losses.get(name) for name in losses.names()]
    return [s.name for s in specs if s.activation == activation and s.target in targets and len(s.ports) == 2
            and s.name not in ("ctc", "generalised_dice")]  # of sequences, of images


CASES = [("softmax", MASKED, SHARES, name) for name in of("softmax", "same", "label or distribution")]
CASES += [("softmax", MASKED, np.array([2, 0, 0], "int32"), name) for name in of("softmax", "label",
                                                                                 "label or distribution")]
CASES += [("sigmoid", CERTAIN, RIGHT, name) for name in of("sigmoid", "same")]
PLAIN = ["sparsemax", "generalised_kl", "listnet", "listmle", "pairwise_logistic", "lambdarank"]  # activation optional


@functools.cache
def derivatives(name, activation, labels, rewritten):
    """Return f(logits, target, direction) -> (values, slopes by the logits, slopes of those along the direction)."""
    z, v = pt.matrix("z"), pt.matrix("v")
    t = pt.ivector("t") if labels else pt.matrix("t")
    made = {"softmax": functools.partial(pt.special.softmax, axis=-1), "sigmoid": pt.sigmoid}[activation](z)
    value = losses.get(name).function(made, t)
    (value,) = stabilise([value])[0] if rewritten else [value]
    slope = pytensor.grad(value.sum(), z)
    outputs = [value, slope, pytensor.grad((slope * v).sum(), z)]
    if rewritten:
        return function([z, t, v], outputs, resolve("PYTHON"))
    return pytensor.function([z, t, v], outputs, mode=AS_WRITTEN)


def far(z):
    """Return logits so large that exp of the difference is exactly 0, in the place of those that are infinite."""
    return np.where(np.isinf(z), np.sign(z) * 3000, z)


@pytest.mark.parametrize("rewritten", [False, True], ids=["as written", "rewritten"])
@pytest.mark.parametrize(("activation", "z", "t", "name"), CASES,
                         ids=[f"{name}-{'labels' if t.ndim == 1 else a}" for a, _, t, name in CASES])
def test_a_masked_logit_is_a_probability_of_0(name, activation, z, t, rewritten):
    f = derivatives(name, activation, t.ndim == 1, rewritten)
    v = np.random.default_rng(0).normal(size=z.shape)
    for found, wanted in zip(f(z, t, v), f(far(z), t, v), strict=True):
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", BY_SCIPY)
def test_value_with_masked_logits_is_that_of_scipy(name):
    found = evaluate.value(name, MASKED, SHARES, activation="softmax")
    np.testing.assert_allclose(found, BY_SCIPY[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", PLAIN)
def test_a_masked_score_that_does_not_count(name):
    """It is padding, or outside of the support, or nothing is wanted there."""
    t = np.where(np.isinf(MASKED), -1.0, SHARES) if name not in ("sparsemax", "generalised_kl") else SHARES
    t = np.array([2, 0, 0], "int32") if name == "sparsemax" else t
    for rewritten in (False, True):
        f = derivatives(name, "softmax", t.ndim == 1, rewritten)
        v = np.random.default_rng(0).normal(size=MASKED.shape)
        for found, wanted in zip(f(MASKED, t, v), f(far(MASKED), t, v), strict=True):
            assert np.isfinite(found).all()
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["categorical_cross_entropy", "kl_divergence", "label_cross_entropy"])
def test_a_masked_class_that_is_wanted_costs_infinity_and_has_a_slope(name):
    labels = name == "label_cross_entropy"
    t = np.array([0, 1, 1], "int32") if labels else np.array([[0.5, 0.5, 0], [0, 1, 0], [0, 1, 0.0]])
    value, slope, _ = derivatives(name, "softmax", labels, False)(MASKED, t, np.zeros_like(MASKED))
    assert (value == INF).all()
    np.testing.assert_allclose(slope, P - (np.eye(3)[t] if labels else t), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_yes_and_no_from_any_logit(dtype):
    z, yes, no = (pt.vector(dtype=dtype) for _ in range(3))
    value = binary_surprise(z, yes, no)
    slope = pytensor.grad(value.sum(), z)
    curvature = pytensor.grad(slope.sum(), z)
    f = pytensor.function([z, yes, no], [value, slope, curvature], mode=AS_WRITTEN)
    given = [(-INF, 0, 1), (INF, 1, 0), (-INF, 1, 0), (INF, 0.5, 0.5), (0, 1, 0), (0, 0, 1), (30, 1, 0), (-30, 3, 1)]
    found = f(*np.array(given, dtype).T)
    small = np.exp(-30) / (1 + np.exp(-30)) ** 2
    np.testing.assert_allclose(found[0], [0, 0, INF, INF, np.log(2), np.log(2), np.log1p(np.exp(-30)),
                                          90 + 4 * np.log1p(np.exp(-30))], rtol=1e-6 if dtype == "float32" else 1e-14)
    np.testing.assert_allclose(found[1], [0, 0, -1, 0.5, -0.5, 0.5, -np.exp(-30) / (1 + np.exp(-30)), -3], rtol=1e-6)
    np.testing.assert_allclose(found[2], [0, 0, 0, 0, 0.25, 0.25, small, 4 * small], rtol=1e-6)


def test_a_product_with_a_weight_of_0_keeps_the_slope_by_the_weight():
    w, log = pt.vectors("w", "log")
    value = times(w, log)
    found = pytensor.function([w, log], [value, *pytensor.grad(value.sum(), [w, log])], mode=AS_WRITTEN)(
        [0.0, 0, 2], [-INF, -3, -4])
    np.testing.assert_array_equal(found, [[0, 0, -8], [0, -3, -4], [0, 0, 2]])


ORDERS = [  # scores, relevances, value of ListMLE and of RankNet
    ([1.0, -INF, 0.0], [2.0, 0.0, 1.0], np.log1p(np.exp(-1)), np.log1p(np.exp(-1))),  # what is last is certain
    ([1.0, -INF, 0.0], [2.0, 1.0, 0.0], INF, INF),
    ([1.0, -INF, 0.0], [2.0, -1.0, 0.0], np.log1p(np.exp(-1)), np.log1p(np.exp(-1))),
    ([1.0, -INF, -INF], [2.0, 0.0, 1.0], None, np.log(2)),  # nobody knows which of two comes first
]


@pytest.mark.parametrize("scores, relevances, listmle, pairs", ORDERS)
def test_a_thing_that_is_never_chosen_has_a_place_in_an_order(scores, relevances, listmle, pairs):
    for name, value in (("listmle", listmle), ("pairwise_logistic", pairs), ("lambdarank", None), ("listnet", None)):
        found = evaluate.value(name, [scores], [relevances])
        slope = evaluate.grad(name, [scores], [relevances])
        assert not np.isnan(found).any() and np.isfinite(slope).all()
        if value is not None:
            np.testing.assert_allclose(found, [value], rtol=1e-12)


@pytest.mark.parametrize("thresholds", [[0.0, INF, INF], [-INF, -INF, 0.0], [-INF, INF, INF], [-INF, 0.0, INF]])
def test_a_grade_between_infinite_thresholds_has_probability_0_or_1_and_a_slope(thresholds):
    steps = 1 / (1 + np.exp(-np.array([-INF, *thresholds, INF])))
    for grade in range(4):
        with np.errstate(divide="ignore"):
            right = -np.log(steps[grade + 1] - steps[grade])
        found, slope = (f("cumulative_logit", [thresholds], [grade]) for f in (evaluate.value, evaluate.grad))
        np.testing.assert_allclose(found, [right], atol=1e-12)
        assert abs(slope).max() <= 1


@pytest.mark.parametrize("gap", [-2.0, -1e-3, 1e-3])
def test_thresholds_that_cross_are_pushed_apart_by_no_more_than_their_distance(gap):
    at = np.array([[0.3, 0.3 + gap]])
    slope = evaluate.grad("cumulative_logit", at, [1])
    step = 1e-6 * np.eye(2)[:, None]
    apart = [evaluate.value("cumulative_logit", at + e, [1]) - evaluate.value("cumulative_logit", at - e, [1])
             for e in step]
    np.testing.assert_allclose(slope[0], np.ravel(apart) / 2e-6, rtol=1e-4)
    assert slope[0, 0] > 0 > slope[0, 1]
    assert abs(slope).max() < (2 if gap < 0 else 2 / gap)
