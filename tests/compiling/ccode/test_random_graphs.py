"""Random PyTensor graphs as C, against PyTensor's Python code. More of them: SYMLOSS_RANDOM_GRAPHS=5000."""

import os
import random

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from symloss.compiling.ccode.ir import Unsupported

from .random_graphs import WAYS, Maker, judge

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
