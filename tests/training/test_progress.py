"""What a training says."""

import io
import re
import time

import numpy as np
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


def test_the_bar_shows_every_term_the_pace_and_the_time_left():
    sink = io.StringIO()
    net = Regressor([3, 2], loss="mae")
    net.add_loss("mse", weight=0.5)
    x = np.random.default_rng(0).normal(size=(200, 3))

    class Slow:  # one step at a time, and slow enough for the bar to be drawn in between
        def batch(self, record):
            time.sleep(0.05)

    net.train([x, x[:, :2]], epochs=2, batch_size=50, callbacks=Slow(),
              verbose=Console(file=sink, force_terminal=True, width=160, color_system=None))
    text = sink.getvalue()
    assert re.search(r"epoch 1/2.*%.*0:00:\d\d.*loss [\d.]+ = mae [\d.]+ \+ mse [\d.]+.*[\d,]+ samples/s", text)
