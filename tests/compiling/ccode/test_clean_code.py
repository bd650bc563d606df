"""The C files are free of what compilers warn of, can be read, and are the same in every process."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytensor
import pytest

import symloss
from symloss.compiling.ccode import lowering, vector
from symloss.compiling.ccode.text import Writer

from .random_programs import Maker

MODELS = {
    "small": lambda: symloss.Regressor([10, 20, 3], loss="mae").c_source("sgd"),
    "large": lambda: symloss.Classifier([784, (84, "relu"), 10]).c_source("adam", weight_l2=1e-4, metrics=["accuracy"]),
    "noise": lambda: symloss.Classifier([784, 84, 10]).c_source("adam", input_dropout=0.2, hidden_noise=0.1),
    "weighted": lambda: symloss.Regressor([5, (80, "softplus"), 70], weighted=True).c_source(max_gradient_norm=1),
    "images": lambda: symloss.Autoencoder([30, 10, 30], loss="mse").c_source("rprop"),
}


def random_text(seed):
    rng = np.random.default_rng(seed)
    maker = Maker(rng, 8, "float32" if seed % 2 else "float64")
    outputs = lowering.lowered(maker.graph, maker.grow(12))
    return Writer(maker.graph, maker.arguments, outputs, {}, vector, "a random program").source().text


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_compiler_warns(compiler, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    texts = {name: make() for name, make in MODELS.items()} | {f"random{seed}": random_text(seed) for seed in range(12)}
    for name, text in texts.items():
        (tmp_path / f"{name}.c").write_text(text)
    found = subprocess.run([compiler, "-fsyntax-only", "-std=gnu11", "-Wall", "-Wextra", "-Werror",
                            *(f"{name}.c" for name in texts)], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr[:2000]


def test_the_file_names_what_the_user_named():
    text = MODELS["small"]()
    for piece in ("hid1_w", "out_b", "target", "learning_rate", "/* hid1_w = hid1_w - learning_rate * ",
                  "sum(abs(", "static int step(", "pick_columns_"):
        assert piece in text, piece


def test_the_text_is_the_same_in_every_process():
    code = ("import symloss; print(symloss.Classifier([7, 5, 3], weighted=True).c_source('adam', hidden_l1=0.1, "
            "metrics=['accuracy']))")
    found = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
             for _ in range(2)}
    assert len(found) == 1 and "static int step" in next(iter(found))


def test_a_full_batch_method_has_no_step():
    with pytest.raises(symloss.errors.SpecError, match="Pass an update rule"):
        symloss.Regressor([3, 2]).c_source("lbfgs")


def test_the_guide_shows_the_file_as_it_is():
    page = (Path(__file__).parents[3] / "docs" / "guide" / "compiled-code.md").read_text()
    with pytensor.config.change_flags(floatX="float64"):
        text = MODELS["small"]()
    lines = [line for block in re.findall(r"```c\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert len(lines) > 5
    for line in lines:
        assert line.rstrip() in text, line
