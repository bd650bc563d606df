"""Figures of a history: what is drawn, and where it is shown."""

import math
import subprocess
import sys

import numpy as np
import pytest

import symloss
from symloss.training import History

pytest.importorskip("matplotlib")


def record(epoch, weights=None, **beside):
    weights = weights or {"mse": 0.5, "mae": 1.0}
    raw = {name: 10.0 / (epoch + place) for place, name in enumerate(weights)}
    weighted = {name: weights[name] * raw[name] for name in weights}
    return {"epoch": epoch, "loss": sum(weighted.values()), **raw, "weighted": weighted, "weights": weights, **beside}


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


@pytest.fixture
def axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_the_terms_drawn_add_up_to_the_total(axes):
    History(record(epoch) for epoch in range(1, 6)).plot(ax=axes)
    drawn = {label: line.get_ydata() for label, line in lines(axes).items()}
    assert set(drawn) == {"total", "0.5 * mse", "mae"}
    np.testing.assert_allclose(drawn["0.5 * mse"] + drawn["mae"], drawn["total"])


def test_terms_of_the_validation_add_up_too(axes):
    records = [r | {f"valid_{k}": v for k, v in r.items() if k not in ("epoch", "weights")}
               for r in (record(1), record(2))]
    History(records).plot(ax=axes)
    dashed = [line.get_ydata() for line in axes.get_lines() if line.get_linestyle() == "--"]
    np.testing.assert_allclose(sum(dashed[:-1]), dashed[-1])


@pytest.mark.parametrize(("weights", "marks", "shaded"), [
    ([0.5, 0.5, 0.5, 0.5], [], 0),
    ([0.5, 0.5, 2.0, 2.0], [2.5], 0),
    ([0.5, 2.0, 2.0, 0.1], [1.5, 3.5], 0),
    ([0.5, 1.0, 1.5, 2.0], [], 1),
])
def test_a_change_of_weights_is_marked_where_it_happened(axes, weights, marks, shaded):
    History(record(e, {"mse": w, "mae": 1.0}) for e, w in enumerate(weights, start=1)).plot(ax=axes)
    found = [line.get_xdata()[0] for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert found == marks
    assert len(axes.patches) == shaded
    assert len(axes.texts) == len(marks) + shaded
    if marks:
        assert axes.texts[0].get_text() == f"mse 0.5 → {weights[math.ceil(marks[0]) - 1]:g}"


def test_terms_that_come_later_are_marked(axes):
    History([record(1, {"mse": 1.0}), record(2, {"mse": 1.0, "mae": 1.0})]).plot(ax=axes)
    assert [text.get_text() for text in axes.texts] == ["+ mae"]


@pytest.mark.parametrize("count", [1, 2, 5, 20, 36])
def test_many_metrics_fit_a_page(count, tmp_path):
    history = History([record(1, **{f"metric{i}": 0.5 for i in range(count - 1)})])
    figure = history.plot(tmp_path / "figure.png")
    assert len(figure.axes) == count
    assert figure.get_figwidth() <= 10 and figure.get_figheight() <= 14


def test_axes_of_the_users_own_take_the_panels_that_are_named(tmp_path):
    from matplotlib.figure import Figure

    history = History(record(epoch, acc=0.1 * epoch) for epoch in (1, 2))
    one, pair = Figure().subplots(), Figure().subplots(1, 2)
    assert history.plot(ax=one) is one and one.get_ylabel() == "loss"
    history.plot(ax=one, names="acc")
    history.plot(tmp_path / "pair.png", ax=pair)
    assert [axes.get_ylabel() for axes in pair] == ["loss", "acc"]
    assert (tmp_path / "pair.png").exists()
    with pytest.raises(symloss.SymlossError, match="one matplotlib Axes for each of loss, acc"):
        history.plot(ax=pair[:1])
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'acc'"):
        history.plot(ax=one, names="accc")


def test_in_a_script_pyplot_shows_the_figure_and_one_that_is_written_needs_no_closing(tmp_path):
    script = ("import symloss, matplotlib; matplotlib.use('agg')\n"
              "from symloss.training import History\n"
              "h = History([{'epoch': 1, 'loss': 2.0}])\n"
              f"for _ in range(30): h.plot({str(tmp_path / 'h.png')!r})\n"
              "figure = h.plot()\n"
              "import matplotlib.pyplot as plt\n"
              "assert plt.get_fignums() == [figure.number]\n")
    subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", script], check=True)
