"""`symloss` alone, `symloss losses` and `symloss report`: what they print."""

import pytest

import symloss
from symloss.__main__ import COMMANDS, main
from symloss.command import losses, overview


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


def test_symloss_alone_says_what_it_can_do_with_an_example_each(capsys):
    assert main([]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"symloss {command}" in text
    assert "--help" in text


def test_the_examples_of_the_overview_are_read(capsys):
    for example in overview.EXAMPLES:
        words = [word.strip("'") for word in example.split()[1:]]
        with pytest.raises(SystemExit) as end:
            main([words[0], "--help"])
        assert end.value.code == 0


@pytest.mark.parametrize("name", ["huber", "HuberLoss"])
def test_the_name_of_a_loss_shows_its_page(name, capsys):
    assert main(["losses", name]) == 0
    text = capsys.readouterr().out
    assert text.startswith("huber: Huber loss, per element")
    for part in ("HuberLoss", r"\min(|e|, \delta)", "delta=1.0", "the unit of target", "pseudo_huber",
                 '{"form": "huber", "delta": 1.0}'):
        assert part in text


def test_a_word_that_is_no_name_searches(capsys):
    assert main(["losses", "outliers"]) == 0
    assert "absolute_error" in capsys.readouterr().out
    assert main(["losses", "reg:squarederror"]) == 0
    assert capsys.readouterr().out.startswith("squared_error")
    assert main(["losses", "hubber"]) == 1
    assert "huber" in capsys.readouterr().err


ALL = sorted({spec.name for spec in map(symloss.losses.registry.get, symloss.losses.registry)
              if isinstance(spec, symloss.losses.LossSpec)})


@pytest.mark.parametrize("name", ALL)
def test_the_example_of_a_page_runs(name):
    spec = symloss.losses.get(name)
    lines = losses.example(spec)
    if len(spec.predictions) > 1:
        assert ", ".join(f'"{port}": "layer_{port}"' for port in spec.predictions) in lines[1]
        return
    scope = {"symloss": symloss}
    exec(lines[0].replace("[10, 20,", "[4, 5,"), scope)
    assert scope["net"].losses[0].spec is spec


def test_every_page_tells_its_options(capsys):
    for name in symloss.losses.names():
        spec = symloss.losses.get(name)
        missing = set(spec.options) - set(losses.described(spec))
        assert not missing, (name, missing)


def test_a_report_is_printed_and_written(tmp_path, capsys):
    path = tmp_path / "page.html"
    assert main(["report", "huber", "delta=0.5", "--no-speed", "--html", str(path)]) == 0
    text = capsys.readouterr().out
    assert "the slope is at most 0.5" in text
    assert f"page: {path}" in text.replace("\n  ", "")
    assert "<title>huber - symloss</title>" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("arguments", "words"), [
    (["hubber"], "did you mean 'huber'"), (["huber", "dleta=1"], "did you mean 'delta'"),
    (["huber", "delta"], "is not an option"), (["huber", "delta=x"], "is not an option"), (["abs(e"], "never closed"),
    (["huber", "--html", "/nowhere/page.html"], "nowhere"),
], ids=str)
def test_wrong_reports_end_in_words(arguments, words, capsys):
    assert main(["report", *arguments, "--no-speed"]) == 1
    assert words in capsys.readouterr().err
