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
    found = [re.fullmatch(r"(?:(\S+) \* )?(\w+) (\S+)", term).groups() for term in terms.split(" + ")]
    assert [(weight, name) for weight, name, _ in found] == [(None, "mae"), ("2", "mse"), ("0.1", "weight_l2")]
    assert [float(value) for *_, value in found] == pytest.approx([net.history[0][n] for _, n, _ in found], rel=1e-3)
    assert float(total) == pytest.approx(sum(float(w or 1) * float(v) for w, _, v in found), rel=2e-3)
    assert "valid" in lines[0] and "epoch 2/2" in lines[1]


def test_a_file_or_a_console_is_the_sink_and_zero_is_silence(points, capsys):
    sink = io.StringIO()
    Regressor([5, 3]).train(points, epochs=1, verbose=Console(file=sink))
    assert "epoch 1/1" in sink.getvalue()
    assert "epoch" not in sink.getvalue().split("compiled with")[0]
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
    assert re.search(r"epoch 1/2.*%.*0:00:\d\d.*loss [\d.]+ = mae [\d.]+ \+ 0\.5 \* mse [\d.]+.*[\d,]+ samples/s", text)


def test_one_line_says_before_the_first_step_that_it_compiles(points, monkeypatch):
    sink = io.StringIO()
    net = Regressor([5, 3], mode="PYTHON")
    seen, built = [], symloss.compiling.TrainingStep.__init__

    def watched(*arguments):
        seen.append(sink.getvalue())
        built(*arguments)

    monkeypatch.setattr(symloss.compiling.TrainingStep, "__init__", watched)
    net.train(points, epochs=1, verbose=sink)
    assert [text.count("\n") for text in seen] == [1]
    assert "compiling with PYTHON" in seen[0] and "less time" in seen[0]
    net.train(points, epochs=1, verbose=sink)
    assert sink.getvalue().count("compiling") == 1, "nothing is compiled the second time"


def test_a_file_gets_no_codes_of_a_terminal_even_where_colours_are_forced(points, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    sink = io.StringIO()
    net = Regressor([5, 3], mode="PYTHON")
    net.train(points, epochs=1, verbose=sink)
    assert "\x1b" not in sink.getvalue() + net.summary()


def test_a_learned_weight_is_shown_as_it_was_at_the_end_of_its_epoch(points):
    sink = io.StringIO()
    net = Regressor([5, 3], loss="mae", mode="PYTHON")
    net.add_loss("mse", weight=symloss.schedules.per_epoch(symloss.schedules.linear(0.0, 1.0, steps=2)))
    net.train(points, epochs=3, verbose=sink)
    shown = [(re.search(r"\+ (?:(\S+) \* )?mse (\S+)", text).groups()) for text in sink.getvalue().splitlines()
             if text.startswith("epoch")]
    assert [float(weight or 1) for weight, _ in shown] == [record["weights"]["mse"] for record in net.history]
    assert [float(value) for _, value in shown] == pytest.approx([r["mse"] for r in net.history], rel=1e-3)
