"""Random PyTensor graphs as C, against PyTensor's Python code. More of them: SYMLOSS_RANDOM_GRAPHS=5000."""

import os
import random

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from symloss.compiling.ccode.ir import Unsupported

from .random_graphs import WAYS, Maker, judge, unsteady, with_zeros

pytestmark = pytest.mark.c
COUNT = int(os.environ.get("SYMLOSS_RANDOM_GRAPHS", 200))
PARTS = 4  # for as many processes


@pytest.mark.parametrize("part", range(PARTS))
def test_random_graphs_compute_what_pytensor_computes(part):
    @settings(max_examples=COUNT // PARTS, deadline=None, derandomize=COUNT == 200, database=None,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.randoms(use_true_random=False, note_method_calls=False), st.integers(1, 10))
    def search(chance, operations):
        maker = Maker(chance.randrange)
        maker.grow(operations + part)
        try:
            wrong = judge(maker, maker.outputs())
        except Unsupported:
            reject()
        assert not wrong, wrong

    search()


def test_every_way_of_making_an_operation_makes_some():
    made = set()
    for seed in range(40):
        maker = Maker(random.Random(seed).randrange)
        maker.grow(5)
        made |= {way.__name__ for way in WAYS if way(maker) is not None}
    assert made == {way.__name__ for way in WAYS}


def test_a_jump_by_rounding_alone_is_seen():
    x = pt.dvector("x")
    whole = pytensor.function([x], [pt.floor(x.sum() / 0.1), x.max()], mode=unsteady())
    found = [whole([0.1, 0.2]) for _ in range(20)]
    assert {int(jumped) for jumped, _ in found} == {2, 3}
    assert {float(greatest) for _, greatest in found} == {0.2}


def test_zero_times_and_zero_over_anything_can_be_zero():
    x, y = pt.dvector("x"), pt.dvector("y")
    found = pytensor.function([x, y], [x * y, x / y], mode=with_zeros())([0, 0, 2], [np.inf, 0, 0])
    np.testing.assert_array_equal(found, [[0, 0, 0], [0, 0, np.inf]])
