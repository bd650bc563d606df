"""`symloss predict`: what `symloss train` saved is applied to another table."""

import csv
import io
import os
import subprocess
import sys

import numpy as np
import pytensor
import pytest

import symloss
from symloss.__main__ import main
from symloss.command import coding

TRAIN = ["area,town,kind,price", *(f"{30 + 2 * i},{'north' if i % 3 else 'south'},{'12a'[i % 3]},{100 + 5 * i}"
                                   for i in range(30))]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("\n".join(TRAIN) + "\n", encoding="utf-8")
    usual = symloss.models.network.Network.__init__

    def make(self, *arguments, **options):
        usual(self, *arguments, **options)
        self.mode = "PYTHON"

    monkeypatch.setattr(symloss.models.network.Network, "__init__", make)
    with pytensor.config.change_flags(mode="FAST_COMPILE", floatX="float64"):
        yield tmp_path


def train(text):
    with open("model.toml", "w", encoding="utf-8") as file:
        file.write(f"{text}\nepochs = 1\nlayers = [3]\n")
    assert main(["train", "model.toml", "data.csv"]) == 0


@pytest.fixture
def prices(here, capsys):
    train('target = "price"')
    capsys.readouterr()


def predict(text, *options, capsys):
    """Return the predictions by column, and what else was said."""
    with open("new.csv", "w", encoding="utf-8") as file:
        file.write(text)
    code = main(["predict", "model.safetensors", "new.csv", *options])
    out, err = capsys.readouterr()
    if code:
        return err.replace("\n", " ")
    return list(csv.DictReader(io.StringIO(out))), err


def test_columns_may_come_in_any_order_and_words_that_look_like_numbers_stay_words(prices, capsys):
    rows, said = predict("kind;note;town;area\n2;x;south;44\n1;y;north;70.5\n", capsys=capsys)
    net, known = coding.load("model.safetensors")
    assert known.names == ["area", "town=north", "town=south", "kind=1", "kind=2", "kind=a"]
    x = [[44.0, 0, 1, 0, 1, 0], [70.5, 1, 0, 1, 0, 0]]
    assert [float(row["price"]) for row in rows] == net.predict(x)[:, 0].tolist()
    assert said == ""


def test_classes_have_names_and_probabilities(here, capsys):
    train('target = "town"\nignore = ["kind"]')
    capsys.readouterr()
    rows, said = predict("area,price,town\n44,100,south\n70,200,north\n80,200,\n", "--score", capsys=capsys)
    chances = symloss.load("model.safetensors").predict_proba([[44.0, 100], [70, 200], [80, 200]])
    assert [[float(row["P(north)"]), float(row["P(south)"])] for row in rows] == chances.tolist()
    assert [row["town"] for row in rows] == np.array(["north", "south"])[chances.argmax(axis=1)].tolist()
    hits = np.mean([row["town"] == town for row, town in zip(rows, ["south", "north"], strict=False)])
    assert f"accuracy              {hits:.4f}, against 0.5000 for always 'north'" in said
    assert "scores (2 rows)" in said
    assert f"{-np.log([chances[0, 1], chances[1, 0]]).mean():.4g}" in said  # cross-entropy


def test_classes_may_be_whole_numbers(here, capsys):
    text = (here / "data.csv").read_text(encoding="utf-8").replace("north,a", "north,3")
    (here / "data.csv").write_text(text, encoding="utf-8")
    train('target = "kind"\nignore = ["town"]\nkind = "classification"')
    capsys.readouterr()
    rows, said = predict("area,price,kind\n44,100,2.0\n", "--score", capsys=capsys)
    assert list(rows[0]) == ["kind", "P(1)", "P(2)", "P(3)"]
    assert f"accuracy              {float(rows[0]['kind'] == '2'):.4f}" in said
    assert "unknown class in 'kind': '4'" in predict("area,price,kind\n44,100,4\n", "--score", capsys=capsys)


def test_a_quantile_is_in_the_name_of_its_column(here, capsys):
    train('target = "price"\ninputs = ["area", "town"]\nkind = "regression"\nloss = {form = "quantile", q = 0.9}')
    capsys.readouterr()
    rows, said = predict("area,town,price\n44,south,100\n", "--score", capsys=capsys)
    assert list(rows[0]) == ["price_q0.9"]
    assert "price_q0.9: rows below" in said


def test_several_quantiles_are_named_and_ordered_as_the_loss_has_them(here, capsys):
    train('target = "price"\ninputs = ["area"]\nloss = {form = "multi_quantile", q = [0.1, 0.9]}')
    capsys.readouterr()
    rows, _ = predict("area\n44\n", capsys=capsys)
    assert {name: float(value) for name, value in rows[0].items()} == dict(
        zip(["price_q0.1", "price_q0.9"], symloss.load("model.safetensors").predict([[44.0]])[0].tolist(), strict=True))


def test_scores_are_those_of_the_rows_with_a_target(prices, here, capsys):
    text = "area,town,kind,price\n44,south,1,120\n50,north,2,\n60,north,a,210\n"
    assert predict(text, "--score", "-o", "out.csv", capsys=capsys)[1] == ""
    with open("out.csv", encoding="utf-8", newline="") as file:
        p = [float(row["price"]) for row in csv.DictReader(file)]
    assert len(p) == 3
    main(["predict", "model.safetensors", "new.csv", "--score", "-o", "out.csv"])
    error = np.mean([abs(p[0] - 120), abs(p[2] - 210)])
    assert f"price: absolute error  {error:.4g} on average" in capsys.readouterr().out


def test_rows_with_missing_inputs_are_refused_or_keep_their_place(prices, capsys):
    text = "area,town,kind\n,north,1\n44,?,1\n50,north,1\n"
    assert "area (row 2), town (row 3). Fill them in" in predict(text, capsys=capsys)
    rows, said = predict(text, "--missing", "empty", capsys=capsys)
    assert [row["price"] == "" for row in rows] == [True, True, False]
    assert "2 rows have missing inputs" in said
    assert "every row has missing" in predict("area,town,kind\n,north,1\n", "--missing", "empty", capsys=capsys)


@pytest.mark.parametrize(("text", "options", "words"), [
    ("area,twon,kind\n1,north,1\n", [], "no column 'town', but the model was trained with it"),
    ("area,twon,kind\n1,north,1\n", [], "did you mean 'twon'"),
    ("area,town,kind\n1,nort,1\n", [], "row 2: unknown word in the column 'town': 'nort'; did you mean 'north'"),
    ("area,town,kind\n1,north,1\nbig,north,1\n", [], "row 3: the column 'area' has 'big'"),
    ("area;town;kind\n1,5;north;1\n", [], "write a point before the decimals"),
    ("area,town,kind\ninf,north,1\n", [], "finite numbers"),
    ("area,town,kind\n", [], "has 1 lines"),
    ("", [], "has 0 lines"),
    ("area,town,kind\n1,north,1\n", ["--score"], "no column 'price', which --score compares"),
    ("area,town,kind,price\n1,north,1,\n", ["--score"], "no row has a value in price"),
    ("area,town,kind\n1,north,1\n", ["-o", "new.csv"], "is the table itself"),
    ("area,town,kind\n1,north,1\n", ["-o", "model.safetensors"], "is the model itself"),
    ("area,town,kind\n1,north,1\n", ["-o", "nowhere/out.csv"], "does not exist"),
], ids=str)
def test_what_does_not_fit_is_refused_with_the_way_out(text, options, words, prices, capsys):
    assert words in predict(text, *options, capsys=capsys)
    assert os.path.getsize("model.safetensors") > 100


def test_files_that_are_no_models_of_tables(prices, capsys):
    symloss.Regressor([2, 1]).save("other.safetensors")
    for arguments, words in ((["other.safetensors", "data.csv"], "was not made by symloss train"),
                             (["data.csv", "model.safetensors"], "is not a model. Write symloss predict MODEL"),
                             (["none.safetensors", "data.csv"], "there is no file none.safetensors"),
                             (["model.safetensors", "none.csv"], "none.csv cannot be read")):
        assert main(["predict", *arguments]) == 1
        assert words in capsys.readouterr().err


def test_predictions_alone_go_to_a_pipe(prices, here):
    (here / "new.csv").write_text("area,town,kind\n,north,1\n44,north,1\n", encoding="utf-8")
    flags = os.environ.get("PYTENSOR_FLAGS", "") + ",mode=FAST_COMPILE"
    done = subprocess.run([sys.executable, "-m", "symloss", "predict", "model.safetensors", "new.csv", "--missing",
                           "empty"], capture_output=True, text=True, timeout=120, check=True,
                          env=os.environ | {"PYTENSOR_FLAGS": flags.lstrip(",")})
    assert len(done.stdout.splitlines()) == 3
    assert "1 rows have missing inputs" in done.stderr
