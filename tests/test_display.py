"""How objects show themselves."""

import csv
import inspect

import pytest

import symloss
from symloss.training import (
    Checkpoint,
    CSVHistory,
    EarlyStopping,
    JSONHistory,
    ReduceLearningRate,
    TimeLimit,
)


@pytest.mark.parametrize(("make", "text"), [
    (lambda: EarlyStopping(), "EarlyStopping()"),
    (lambda: EarlyStopping("valid_acc", patience=3, mode="max"),
     "EarlyStopping(monitor='valid_acc', patience=3, mode='max')"),
    (lambda: ReduceLearningRate(0.1), "ReduceLearningRate(factor=0.1)"),
    (lambda: Checkpoint("run", best=True), "Checkpoint('run', epochs=1, best=True)"),
    (lambda: CSVHistory("h.csv"), "CSVHistory('h.csv')"),
    (lambda: JSONHistory("h.jsonl"), "JSONHistory('h.jsonl')"),
    (lambda: TimeLimit(60), "TimeLimit(60)"),
])
def test_a_callback_shows_the_call_that_makes_it(make, text):
    assert repr(make()) == text
    assert text.split("(")[0] in make()._repr_html_()


def test_a_table_in_a_file_has_the_weight_beside_its_term(points, tmp_path):
    from symloss import Regressor

    net = Regressor([5, 3], loss=None, mode="PYTHON")
    net.add_loss("mse", weight=0.5)
    net.train(points, epochs=2, verbose=0, callbacks=CSVHistory(tmp_path / "h.csv"))
    with (tmp_path / "h.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    for row in rows:
        assert float(row["weight(mse)"]) * float(row["mse"]) == pytest.approx(float(row["loss"]))


def test_what_notebooks_show_is_escaped_and_has_the_colours_of_the_page():
    from xml.etree import ElementTree

    import symloss

    net = symloss.Regressor([2, {"size": 1, "name": "a<b"}], loss="mae", mode="PYTHON")
    x = [[0.1, 0.2], [0.3, 0.5]]
    report = symloss.check(net, [x, [[1.0], [2.0]]])
    shown = [net, net.summary(), net.explain(), report, symloss.losses.get("mae"), net.losses[0]]
    for page in (one._repr_html_() for one in shown):
        assert "a<b" not in page
        ElementTree.fromstring(f"<div>{page.replace('class=number', '')}</div>")  # every tag is closed
        assert "#" not in page.replace("&#", "")  # no colour of its own
    assert "a&lt;b" in net._repr_html_() and "<td>right</td>" in report._repr_html_()
    assert r"$\displaystyle \ell = \left|e\right|" in shown[-2]._repr_html_()


def test_help_shows_the_parameters_of_a_model_and_of_a_subclass_with_an_init_of_its_own():
    class Mine(symloss.Regressor):
        def __init__(self, width, *, deep=False):
            super().__init__([2, width, 1])

    assert str(inspect.signature(symloss.Regressor)).startswith("(layers=None, loss='default'")
    assert str(inspect.signature(Mine)) == "(width, *, deep=False)"
