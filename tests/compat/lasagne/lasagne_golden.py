"""Numbers that Lasagne made on Theano, from the files beside the tests."""

import json
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "golden"
TOLERANCE = {"float64": 1e-9, "float32": 3e-5}


def results(name, dtype):
    """Return what a golden file holds for a dtype."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["results"][dtype]


def close(found, wanted, dtype):
    """Assert that arrays agree to the tolerance of their dtype, NaN and infinity included."""
    np.testing.assert_allclose(np.asarray(found, "float64"), np.asarray(wanted, "float64"), rtol=TOLERANCE[dtype],
                               atol=TOLERANCE[dtype] * 1e-2)
