"""`symloss train`: a table and a few lines of TOML become a model."""

import numpy as np
import pytensor
import pytest

import symloss
from symloss.__main__ import main
from symloss.command import recipes, tables


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    with pytensor.config.change_flags(mode="FAST_COMPILE", floatX="float64"):
        yield tmp_path


@pytest.fixture
def table(here):
    rng = np.random.default_rng(0)
    area, town = rng.uniform(30, 200, 80), rng.choice(["north", "south"], 80)
    price = np.round(2000 * area + np.where(town == "north", 50000, 0) + 1000 * rng.normal(size=80))
    lines = ["id,area,town,price", *(f"{i},{a:.1f},{t},{y:.0f}" for i, (a, t, y) in
                                     enumerate(zip(area, town, price, strict=True)))]
    (here / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines


@pytest.fixture
def python(monkeypatch):
    """Models compute in Python: nothing is compiled for a few rows."""
    usual = symloss.models.network.Network.__init__

    def make(self, *arguments, **options):
        usual(self, *arguments, **options)
        self.mode = "PYTHON"

    monkeypatch.setattr(symloss.models.network.Network, "__init__", make)


def train(text, data="data.csv"):
    with open("model.toml", "w", encoding="utf-8") as file:
        file.write(text)
    return main(["train", "model.toml", str(data)])


def test_a_model_of_numbers_takes_and_predicts_the_units_of_the_table(table, python, capsys):
    assert train('target = "price"\nignore = ["id"]\nepochs = 60\nlearning_rate = 0.02\nlayers = [8]\n'
                 'loss = {form = "huber", delta = 2.0}\n[options]\npatience = 100\n') == 0
    text = capsys.readouterr().out.replace("\n  ", " ")
    for part in ("64 rows to learn from, 16 for validation; 3 inputs; target: price", "absolute error", "R^2",
                 "standard deviations of the target", "model: model.safetensors",
                 "takes the columns area, town=north, town=south"):
        assert part in text
    net = symloss.load("model.safetensors")
    rows = [line.split(",") for line in table[1:]]
    x = np.array([[float(r[1]), r[2] == "north", r[2] == "south"] for r in rows], float)
    y = np.array([float(r[3]) for r in rows])
    assert np.abs(net.predict(x)[:, 0] - y).mean() < 0.2 * np.abs(y - y.mean()).mean()


def test_words_as_targets_are_classes(table, python, capsys):
    assert train('target = "town"\nignore = ["id"]\nepochs = 2\nvalidation = 0\n') == 0
    text = capsys.readouterr().out
    assert "target: 2 classes" in text
    assert "accuracy" in text
    assert "for always" in text
    assert set(symloss.load("model.safetensors").predict(np.ones((3, 2)))) <= {"north", "south"}


def test_a_loss_of_rates_keeps_the_unit_of_its_targets(table, python, capsys):
    assert train('target = "area"\ninputs = ["town"]\nepochs = 1\nloss = "poisson_nll"\nsave = "rates"\n') == 0
    assert "scale = false" not in capsys.readouterr().out
    assert symloss.load("rates").losses[0].name == "poisson_nll"


def test_rows_without_a_value_are_refused_or_left_out(table, here, python, capsys):
    (here / "gaps.csv").write_text("\n".join([*table, "80,,north,100000", "81,50,south,"]), encoding="utf-8")
    assert train('target = "price"\nepochs = 1\n', "gaps.csv") == 1
    assert "area (1 rows)" in capsys.readouterr().err
    assert train('target = "price"\nepochs = 1\nmissing = "drop"\n', "gaps.csv") == 0
    assert "2 rows with missing values are left out" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "words"), [
    ('target = "prise"\n', "did you mean 'price'"),
    ('targte = "price"\n', "did you mean 'target'"),
    ('targets = "price"\n', "called target here"),
    ('target = price\n', "is not valid TOML"),
    ("epochs = 3\n", "does not say what to predict"),
    ('target = "price"\nlayers = "20"\n', "write a list of the units"),
    ('target = "price"\nepochs = 0\n', "at least 1"),
    ('target = "price"\nvalidation = 1\n', "a share of the rows"),
    ('target = "price"\nloss = "hubber"\n', "did you mean 'huber'"),
    ('target = "price"\nloss = "abs(e"\n', "never closed"),
    ('target = "price"\noptimizer = "adma"\nepochs = 1\n', "did you mean 'adam"),
    ('target = "price"\n[options]\nepochs = 3\n', "does not belong to [options]"),
    ('target = "price"\n[options]\nweight_l3 = 1\n', "weight_l2"),
    ('target = "town"\nkind = "regression"\n', "classification"),
    ('target = "price"\nkind = "classification"\n', "different numbers"),
    ('target = "price"\ninputs = ["price"]\n', "an input and a target"),
    ('target = "price"\nsave = "nowhere/model"\n', "does not exist"),
    ('target = ["price", "town"]\nkind = "classification"\n', "Name one of"),
    ('target = "price"\nloss = "gaussian_nll"\n', "needs the outputs mean, variance"),
    ('target = "price"\nloss = "triplet"\n', "takes no target"),
    ('target = "price"\nloss = "cox"\n', "a form of their own"),
], ids=str)
def test_what_cannot_be_is_refused_with_what_to_write(text, words, table, python, capsys):
    assert train(text) == 1
    assert words in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(("content", "words"), [
    ("a,b\n", "1 lines"), ("1,2\n3,4\n", "names of the columns"), ("a,a\n1,2\n", "several columns"),
    ("a,b\n1,2\n3\n", "row 3 has 1 values"), (b"\xff\xfe\xff", "not a text file in UTF-8"),
], ids=str)
def test_tables_that_cannot_be_read_say_why(content, words, here):
    (here / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(symloss.DataError, match=words):
        tables.read(here / "bad.csv")


def test_the_number_of_each_row_is_no_input(here, python, capsys):
    (here / "data.csv").write_text("\n".join([",a,y", *(f"{i},{i % 7},{i % 2}" for i in range(20))]), encoding="utf-8")
    assert train('target = "y"\nepochs = 1\n') == 1
    assert "index=False" in capsys.readouterr().err
    assert train('target = "y"\nignore = [""]\nepochs = 1\n') == 0
    assert 'only the numbers 0, 1. If they are classes, write kind = "classification"' in capsys.readouterr().out
    assert train('target = "y"\nignore = [""]\nepochs = 1\nkind = "regression"\n') == 0
    assert "only the numbers" not in capsys.readouterr().out


def test_decimal_commas_are_no_words(here):
    (here / "data.csv").write_text("a;b\n1,5;x\n?;y\n2;z", encoding="utf-8")
    with pytest.raises(symloss.DataError, match="column 'a' has numbers with a comma, such as '1,5'"):
        tables.read(here / "data.csv")


def test_tables_may_have_semicolons_quotes_and_a_mark_of_their_order(here):
    (here / "data.csv").write_bytes('\ufeff"a b";c\n1;"x;y"\n?;z\n'.encode())
    found = tables.read(here / "data.csv")
    assert list(found) == ["a b", "c"]
    assert np.array_equal(found["a b"].values, [1, np.nan], equal_nan=True)
    assert found["c"].values.tolist() == ["x;y", "z"]


def test_the_example_is_a_recipe(here, capsys):
    assert main(["train", "--example"]) == 0
    text = capsys.readouterr().out
    (here / "model.toml").write_text(text, encoding="utf-8")
    assert recipes.read("model.toml").targets == ["price"]
    bare = text.replace("\n# ", "\n").replace("More optional keys:", "")
    (here / "model.toml").write_text(bare, encoding="utf-8")
    assert recipes.read("model.toml").options == {"weight_l2": 1e-4, "patience": 10}
    assert main(["train"]) == 1
    assert "symloss train model.toml data.csv" in capsys.readouterr().err
