"""The records of a training, as columns, text and tables."""

import re

import numpy as np
import pytest

import symloss
from symloss import Regressor
from symloss.objective.records import flat, line, parts
from symloss.training import History, table

TWO = {"epoch": 1, "seconds": 0.5, "samples": 10, "loss": 4.991, "mse": 7.382, "mae": 1.3, "acc": 0.5,
       "weighted": {"mse": 3.691, "mae": 1.3}, "weights": {"mse": 0.5, "mae": 1.0}}


@pytest.fixture
def trained(points):
    net = Regressor([5, 3], loss="mae", mode="PYTHON")
    net.add_loss("mse", weight=0.5)
    net.train(points, points, epochs=3, patience=None, verbose=0, metrics=["r2"], weight_l2=0.1)
    return net


# ---------------------------------------------------------------------------------------------- one name, one number


def test_a_name_has_the_number_of_the_record_and_its_weight_before_it():
    assert line(TWO) == "loss 4.991 = 0.5 * mse 7.382 + mae 1.3  acc 0.5"


@pytest.mark.parametrize(("change", "text"), [
    ({"weights": {"mse": -0.5, "mae": 1.0}, "loss": -2.391}, "loss -2.391 = -0.5 * mse 7.382 + mae 1.3"),
    ({"weights": {"mse": 0.5, "mae": -1.0}, "loss": 2.391}, "loss 2.391 = 0.5 * mse 7.382 - 1 * mae 1.3"),
    ({"weights": {"mse": 0.0, "mae": 1.0}, "loss": 1.3}, "loss 1.3 = 0 * mse 7.382 + mae 1.3"),
])
def test_weights_of_either_sign_and_none_at_all(change, text):
    record = TWO | change
    record["weighted"] = {name: weight * record[name] for name, weight in record["weights"].items()}
    assert line(record).split("  ")[0] == text


def test_records_without_weights_say_what_the_factors_were():
    old = {key: value for key, value in TWO.items() if key != "weights"}
    assert line(old) == line(TWO)
    assert line({"loss": 0.0, "mse": 0.0, "weighted": {"mse": 0.0}}) == "loss 0"


def test_a_single_weighted_term_shows_its_weight():
    assert line({"loss": 1.0, "mse": 2.0, "weighted": {"mse": 1.0}, "weights": {"mse": 0.5}}) == "loss 1 = 0.5 * mse 2"


def test_a_term_with_the_name_of_something_else_in_the_record():
    record = {"epoch": 7, "loss": 6.0, "weighted": {"loss": 4.0, "epoch": 2.0}, "weights": {"loss": 2.0, "epoch": 1.0}}
    assert [(part.name, part.value) for part in parts(record)] == [("loss", 2.0), ("epoch", 2.0)]


def test_what_is_shown_of_a_real_training_adds_up(trained):
    for record in trained.history:
        for prefix in ("", "valid_"):
            found = parts(record, prefix)
            assert [part.value for part in found] == [record[f"{prefix}{part.name}"] for part in found]
            np.testing.assert_allclose(sum(p.weight * p.value for p in found), record[f"{prefix}loss"])


def test_columns_of_a_file_have_the_weights():
    assert flat(TWO)["weight(mse)"] == 0.5 and flat(TWO)["mse"] == 7.382
    assert not any(isinstance(value, dict) for value in flat(TWO).values())


# ----------------------------------------------------------------------------------------------------------- history


def test_a_name_is_a_column_and_a_slice_a_history(trained):
    history = trained.history
    assert history["loss"] == [record["loss"] for record in history]
    assert history[0] is list(history)[0]
    assert isinstance(history[1:], History) and len(history[1:]) == 2
    assert "valid_r2" in history._ipython_key_completions_()
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'loss'"):
        history["los"]
    with pytest.raises(symloss.UnknownNameError, match="no records yet"):
        History()["loss"]


@pytest.mark.parametrize("show", [repr, History._repr_html_], ids=["text", "html"])
def test_a_history_is_short_however_long_the_training_was(trained, show):
    history = History(trained.history * 100)
    for number, record in enumerate(history, start=1):
        history[number - 1] = record | {"epoch": number, "best": number == 200}
    text = show(history)
    assert "300 epochs" in text
    assert "{" not in re.sub("<style>.*</style>", "", text)
    assert len(re.findall(r"<tr>|\n", text)) <= 4
    assert re.search(r"\b200\b", text) and re.search(r"\b300\b", text)
    assert show(History()) and "no epochs" in show(History())


def test_each_training_returns_its_own_records(points):
    net = Regressor([5, 3], mode="PYTHON")
    first = net.train(points, epochs=2, verbose=0)
    second = net.train(points, epochs=3, verbose=0)
    assert (len(first), len(second)) == (2, 3)
    assert net.history == first + second


# ------------------------------------------------------------------------------------------------------------- tables


def test_a_weight_stands_in_the_title_until_it_changes():
    later = TWO | {"epoch": 2, "weights": {"mse": 2.0, "mae": 1.0}}
    assert "0.5 * mse" in table.rows([TWO, TWO])[0]
    titles, (first, second) = table.rows([TWO, later])
    place = titles.index("mse")
    assert (first[place], second[place]) == ("0.5 * 7.382", "2 * 7.382")


def test_columns_that_come_later_stand_beside_their_neighbours():
    validated = TWO | {"valid_loss": 2.0, "valid_mse": 1.0, "valid_weighted": {"mse": 0.5}, "best": True}
    titles, texts = table.rows([TWO, validated])
    assert titles == ["epoch", "loss", "0.5 * mse", "mae", "acc", "valid loss", "valid 0.5 * mse", "seconds"]
    assert texts[0][5] == "" and texts[1][5] == "2 *"


def test_text_stays_on_the_page_and_html_is_escaped():
    record = TWO | {f"metric {i}": 0.5 for i in range(30)} | {"<b>": 1.0}
    assert max(map(len, table.as_text([record]).splitlines())) <= 100
    assert table.as_text([record]).endswith("…")
    assert "&lt;b&gt;" in table.as_html([record]) and "overflow: auto" in table.as_html([record])
