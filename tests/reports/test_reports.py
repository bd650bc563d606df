"""Reports about losses say what is known of them from the literature."""

import functools
import math
import os
import re
import shutil
import subprocess

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import SpecError, UnknownNameError
from symloss.reports import curve, elicitation, page
from symloss.reports.probe import Probe


@functools.cache
def found(name, **options):
    return symloss.report(name, speed=False, **options)


INF = math.inf
#        options          domain  elicits  proper  robust  convex  range  kinks
KNOWN = {
    "mse": ({}, "value", "mean", True, "unbounded", True, (0, INF), []),
    "mae": ({}, "value", "median", False, "bounded", True, (0, INF), [1]),
    "quantile": ({"q": 0.9}, "value", "quantile 0.90", False, "bounded", True, (0, INF), [1]),
    "expectile": ({"q": 0.8}, "value", "expectile 0.80", False, "unbounded", True, (0, INF), []),
    "huber": ({"delta": 0.5}, "value", "between the median and the mean", False, "bounded", True, (0, INF), []),
    "cauchy": ({}, "value", None, False, "redescending", False, (0, INF), []),
    "tukey": ({"c": 2.0}, "value", None, False, "redescending", False, (0, 4 / 6), []),
    "squared_log_error": ({}, "value", "exp(mean of log(1 + t)) - 1", False, "bounded", False, (0, INF), []),
    "mape": ({}, "value", "median with the weights 1 / t", False, "bounded", True, (0, INF), [1]),
    "poisson_nll": ({}, "positive value", "mean", True, "unbounded", True, (None, INF), []),
    "binary_hinge": ({}, "score", None, False, "bounded", True, (0, INF), [1]),
    "soft_margin": ({}, "score", None, True, "bounded", True, (0, INF), []),
    "bce": ({}, "probability", None, True, "unbounded", True, (0, INF), []),
    "binary_focal": ({}, "probability", None, False, "unbounded", True, (0, INF), []),
    "brier": ({}, "class probability", None, True, "bounded", True, (0, 2), []),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_of_a_loss_is_found(name):
    options, domain, elicits, proper, robust, convex, (low, high), kinks = KNOWN[name]
    report = found(name, **options)
    assert report.domain == domain
    assert (report.elicits, report.proper, report.robust, report.convex) == (elicits, proper, robust, convex)
    assert low is None or np.isclose(report.range[0], low, atol=1e-8)
    assert np.isclose(report.range[1], high, atol=1e-8)
    assert np.allclose(report.kinks, kinks, atol=1e-6)
    assert not report.jumps
    assert report.minimum_at_target is (None if domain == "score" else True)
    assert str(report).startswith(name)


def test_the_best_score_of_a_proper_loss_is_the_logit():
    best = found("soft_margin").scoring.minimisers
    assert np.allclose(list(best.values()), [math.log(q / (1 - q)) for q in best], atol=1e-4)
    assert "the logit" in found("soft_margin").scoring.says
    assert "likelier" in found("binary_hinge").scoring.says


def test_minimisers_are_those_of_the_functional():
    best = found("mse").elicited
    assert np.allclose(list(best.values()), [t.mean() for t in elicitation.DISTRIBUTIONS.values()], atol=1e-5)
    assert set(best) == set(elicitation.DISTRIBUTIONS)


def test_curvature_that_jumps_slopes_that_vanish_and_places_without_a_number_are_told():
    assert np.allclose(found("huber", delta=0.5).curvature_jumps, [0.5, 1.5], atol=1e-3)
    flat = found("binary_hinge").flat
    assert [(one.target, round(one.low), round(one.high)) for one in flat] == [(1, 1, 7), (-1, -7, -1)]
    report = found("sqrt(p + 1) * abs(e)")
    assert report.nowhere[0].target == 1
    assert np.allclose([report.nowhere[0].low, report.nowhere[0].high], [-5, -1], atol=0.02)
    assert str(report.nowhere[0]).endswith("for the target 1")
    assert found("exp(p) - t*p").minimum_at_target is False


def test_a_jump_is_told_from_a_steep_slope():
    x = np.linspace(-3, 3.1, 301)
    assert np.allclose(curve.jumps(lambda at: np.where(at > 0.5, 1.0, 0.0) + at, x), [0.5], atol=1e-9)
    assert curve.jumps(lambda at: np.tanh(300 * (at - 0.5)), x) == []
    assert found("where(p > t, 1, 0) + e**2").jumps == pytest.approx([1.0], abs=1e-9)


def test_single_precision_overflows_where_it_does():
    assert found("mse").overflow == 1e20
    assert found("mae").overflow is None
    assert found("exp(p) - t*p").overflow == 100
    assert [one["prediction"] for one in found("bce").extremes][::4] == [0.0, 1.0]


def test_a_formula_and_a_function_are_examined_like_a_name():
    report = found("softplus(-t*p)")
    assert report.proper
    assert report.scoring.says.startswith("with the targets -1 and 1, the best score is the logit")
    assert report.formula == "softplus(-t*p)"

    def cubic(prediction, target):
        return pt.abs(prediction - target) ** 3

    assert symloss.report(cubic, speed=False).convex
    bound = symloss.Loss("huber", delta=0.5)
    assert symloss.report(bound, speed=False).greatest_slope == 0.5


def test_a_convex_loss_stays_convex_and_the_place_where_another_one_is_not_is_right():
    wrong = found("cauchy").not_convex
    assert wrong.target == 1
    assert np.isclose(wrong.high, 0, atol=0.02)  # 1 + (e / c)**2 bends at |e| = c


def test_losses_of_several_things_say_why_they_are_not_looked_at():
    for name, words in {"cox": "compares items", "gaussian_nll": "has the ports mean, variance, target"}.items():
        report = found(name)
        assert report.domain is None
        assert words in report.reason
        assert "not looked at" in str(report)
        assert name in report.html()


def test_a_loss_of_lists_is_looked_at_with_two_scores():
    assert found("listnet").domain == "class score"
    assert found("listnet").range[1] == INF


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_infinite_values_are_no_reason_for_warnings():
    assert found("exp(exp(p)) - t").robust == "unbounded"
    assert "thresholds" in found("coral").reason


def test_wrong_subjects_and_options_are_refused():
    with pytest.raises(UnknownNameError, match="huber"):
        symloss.report("hubber")
    with pytest.raises(UnknownNameError, match="delta"):
        symloss.report("huber", dleta=1.0)
    with pytest.raises(SpecError, match="Set the options there"):
        symloss.report(symloss.Loss("huber"), delta=1.0)
    with pytest.raises(SpecError, match="averages its items"):
        Probe(symloss.losses.finding.found_spec(lambda p, t: ((p - t) ** 2).mean(), None, "")[0], {})


def test_plain_data_hold_every_field():
    plain = found("huber", delta=0.5).to_dict()
    assert plain["options"] == {"delta": 0.5}
    assert plain["scoring"]["proper"] is False
    assert plain["flat"] == []


def test_speed_is_a_ratio():
    assert 0.05 < symloss.report("mse", mode="PYTHON").speed < 20


# ----------------------------------------------------------------------------------------------------------- pages


def test_the_page_needs_nothing_else_and_escapes_what_it_is_given(tmp_path):
    report = found("where(p < t, 2, 1) * abs(e)")
    text = report.html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text
    assert "where(p &lt; t, 2, 1)" in text
    assert not re.findall(r'(?:src|href)="(?!#)', text)
    assert not re.search(r"<script|url\((?!#)|@import", text)
    assert "symloss-report" in report._repr_html_()


def test_formulas_and_curves_are_drawn_in_the_page():
    pytest.importorskip("matplotlib")
    text = found("huber", delta=0.5).html()
    assert text.count("<svg") == 1 + 3 + len(found("huber", delta=0.5).derivatives[1:])
    for label in ("loss of huber", "gradient of huber", "curvature of huber"):
        assert f'aria-label="{label}"' in text


def test_derivatives_are_formulas_that_have_the_slopes_of_the_loss():
    pytest.importorskip("sympy")
    loss, slope, curvature = found("huber", delta=0.5).derivatives
    assert (loss.name, slope.name) == ("loss", "d loss / d p")
    assert slope.tex.startswith(r"\frac{\partial \ell}{\partial p}")
    x, t = np.array([[2.0], [0.3], [-0.2]]), np.array([[0.5], [0.1], [0.1]])
    given = {"mode": "PYTHON", "delta": 0.5}
    assert np.allclose(symloss.evaluate.value(slope.text, x, t, mode="PYTHON"),
                       symloss.evaluate.grad("huber", x, t, **given))
    assert "d2 loss / d p2 = where(" in str(found("huber", delta=0.5))
    assert curvature.text.endswith("1, 0)")


def test_the_formula_of_every_loss_is_read_from_its_documentation():
    missing = [name for name in symloss.losses.names() if not page.formula(symloss.losses.get(name))]
    assert len(missing) <= 3, missing


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs the browser chromium")
def test_a_browser_shows_the_page_without_errors(tmp_path):
    found("huber", delta=0.5).html(tmp_path / "page.html")
    shown = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=420,900", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True, text=True, timeout=120, env=os.environ | {"HOME": str(tmp_path)}, check=True)
    assert "between the median and the mean" in shown.stdout
    assert "CONSOLE" not in shown.stderr  # messages of the page
