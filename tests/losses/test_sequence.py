"""CTC where sequences have lengths of their own: against torch, and what no alignment has."""

import json
import pathlib

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss.losses.sequence import check_alignment

TORCH = json.loads((pathlib.Path(__file__).parent / "conformance/ctc_steps.json").read_text(encoding="utf-8"))
LOGITS, LABELS = np.array(TORCH["logits"]), np.array(TORCH["labels"], "int32")


@pytest.fixture(scope="module")
def with_steps():
    """Return f(logits, labels, steps, zero_infinity) -> values, gradient by the logits."""
    z, t, steps = pt.tensor3(dtype="float64"), pt.imatrix(), pt.lvector()
    compiled = {}
    for zero in (False, True):
        values = symloss.losses.ctc(pt.special.softmax(z, axis=-1), t, steps=steps, zero_infinity=zero)
        slope = pytensor.grad(pt.switch(pt.isinf(values), 0, values).sum(), z)
        compiled[zero] = pytensor.function([z, t, steps], [values, slope], mode="FAST_COMPILE")
    return lambda z, t, steps, zero=False: compiled[zero](z, t, steps)


@pytest.mark.parametrize("case", TORCH["cases"].values(), ids=TORCH["cases"])
@pytest.mark.parametrize("behind", [None, np.nan, 1e30])
def test_steps_behind_the_end_of_a_sequence_do_not_count(with_steps, case, behind):
    logits = LOGITS.copy()
    for row, steps in zip(logits, case["steps"], strict=True):
        row[steps:] = row[steps:] if behind is None else behind
    values, slope = with_steps(logits, LABELS, case["steps"], case["zero_infinity"])
    np.testing.assert_allclose(values, [float(v) for v in case["values"]], rtol=1e-10)
    np.testing.assert_allclose(slope, case["gradient"], atol=1e-10)


def test_no_label_in_no_step_costs_nothing(with_steps):
    values, slope = with_steps(LOGITS, np.full((3, 2), -1, "int32"), [0, 0, 1])
    assert values[:2].tolist() == [0, 0] and values[2] > 0 and np.isfinite(slope).all()


def test_steps_and_zero_infinity_are_options_of_plain_arrays():
    p = np.full((2, 3, 4), 0.25)
    found = symloss.evaluate.value("ctc", p, [[1, 1], [1, 2]], steps=[2, 3])
    assert np.isinf(found[0]) and np.isfinite(found[1])
    found = symloss.evaluate.value("ctc", p, [[1, 1], [1, 2]], steps=[2, 3], zero_infinity=True)
    assert found[0] == 0
    with pytest.raises(symloss.SpecError, match=r"steps=\[\[2\], \[3\]\] .*must be an integer tensor \(n,\)"):
        symloss.evaluate.value("ctc", p, [[1, 1], [1, 2]], steps=[[2], [3]])


@pytest.mark.parametrize("labels, steps, row, words", [
    ([[1, 2, 3], [1, 2, -1]], 2, 0, "3 labels, but only 2 steps"),
    ([[1, 2, -1], [1, 1, -1]], [2, 2], 1, "2 labels and 1 blanks between equal ones, but only 2 steps"),
    ([[1, -1], [2, -1]], [1, 0], 1, "1 labels, but only 0 steps"),
])
def test_alignment_that_is_impossible_is_named_with_its_row(labels, steps, row, words):
    with pytest.raises(symloss.DataError, match=rf"train: target: row {row} has {words}, .*zero_infinity"):
        check_alignment(np.array(labels), steps, "train: target")
    counts = np.arange(2) != row
    check_alignment(np.array(labels), steps, "train: target", counts)
    assert symloss.losses.get("ctc").fits is check_alignment
    values = symloss.evaluate.value("ctc", np.full((2, 3, 4), 0.25), labels, steps=np.broadcast_to(steps, 2).tolist())
    np.testing.assert_array_equal(np.isinf(values), ~counts)


def test_alignment_that_is_just_possible_passes():
    check_alignment(np.array([[1, 1], [1, 2], [-1, -1]]), [3, 2, 0])


@pytest.mark.parametrize("blank, row", [(0, 1), (-1, 0)])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_a_label_that_is_the_blank_is_named_before_training(blank, row, zero_infinity, rng):
    loss = {"form": "ctc", "blank": blank, "zero_infinity": zero_infinity}
    net = symloss.recurrent.Classifier([2, 3], loss=loss, mode="PYTHON")
    with pytest.raises(symloss.DataError, match=rf"target: row {row} has the label {blank % 3}, which is the blank"):
        net.train([rng.normal(size=(2, 4, 2)), np.array([[1, 2], [1, 0]])], epochs=1, verbose=0)
