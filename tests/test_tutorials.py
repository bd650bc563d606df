"""Every tutorial runs, with one small epoch and nothing compiled to C."""

import importlib.util
import inspect
import math
import pathlib

import pytensor
import pytest

TUTORIALS = sorted((pathlib.Path(__file__).parent.parent / "tutorials").glob("*.py"))
SMALL = {"epochs": 1, "batches": 2, "characters": 5, "count": 64}  # of these a tutorial gets what it takes


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytensor.config.change_flags(mode="FAST_COMPILE", floatX=pytensor.config.floatX):
        yield


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_runs_and_draws(path, registered, tmp_path):
    spec = importlib.util.spec_from_file_location(f"tutorial_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    takes = inspect.signature(module.main).parameters
    merit = module.main(folder=tmp_path, **{name: value for name, value in SMALL.items() if name in takes})
    assert isinstance(merit, float) and math.isfinite(merit)
    assert (tmp_path / f"{path.stem}.png").exists() or not importlib.util.find_spec("matplotlib")


def test_there_are_tutorials():
    assert len(TUTORIALS) >= 11
