"""What a training says."""

import io

import pytest
from rich.console import Console

import symloss
from symloss import Regressor
from symloss.training.progress import line


def test_the_total_shown_is_followed_by_its_terms(points):
    sink = io.StringIO()
    net = Regressor([5, 3], loss="mae")
    net.add_loss("mse", weight=2)
    net.train(points, points, epochs=2, verbose=sink, weight_l2=0.1)
    lines = [text for text in sink.getvalue().splitlines() if text.startswith("epoch")]
    assert len(lines) == 2
    shown = lines[0].split("  ")[1]
    total, terms = shown.removeprefix("loss ").split(" = ")
    parts = [float(term.split()[1]) for term in terms.split(" + ")]
    assert [term.split()[0] for term in terms.split(" + ")] == ["mae", "mse", "weight_l2"]
    assert float(total) == pytest.approx(sum(parts), rel=2e-3)
    assert "valid" in lines[0] and "epoch 2/2" in lines[1]


def test_a_file_or_a_console_is_the_sink_and_zero_is_silence(points, capsys):
    sink = io.StringIO()
    Regressor([5, 3]).train(points, epochs=1, verbose=Console(file=sink))
    assert "epoch 1/1" in sink.getvalue()
    assert "compiled" in sink.getvalue()
    Regressor([5, 3]).train(points, epochs=1, verbose=0)
    assert list(Regressor([5, 3]).itertrain(points, epochs=1))
    assert capsys.readouterr() == ("", "")


def test_records_go_to_standard_error(points, capsys):
    Regressor([5, 3]).train(points, epochs=1)
    out, err = capsys.readouterr()
    assert out == "" and "epoch 1/1" in err


def test_a_bar_is_drawn_on_a_terminal(points):
    sink = io.StringIO()
    Regressor([5, 3]).train(points, epochs=2, verbose=Console(file=sink, force_terminal=True, width=100))
    assert "samples/s" in sink.getvalue() and "\x1b[" in sink.getvalue()


def test_metrics_are_shown(labelled):
    record = symloss.Classifier([4, 3]).train(labelled, labelled, epochs=1, verbose=0)[0]
    assert "acc" in line(record) and "acc" in line(record, "valid_")
    assert "valid" not in line(record)
