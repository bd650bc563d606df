"""Numbers that Keras made."""

import json
import pathlib

import pytest


@pytest.fixture(scope="session")
def golden():
    return json.loads((pathlib.Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
