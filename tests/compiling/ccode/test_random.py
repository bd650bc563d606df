"""Random numbers by place: the cipher's own figures, their distribution, and their independence."""

import ctypes

import numpy as np
import pytest
import scipy.special
import scipy.stats

from symloss.compiling.ccode import building, random, vector
from symloss.compiling.ccode.text import HEADER


@pytest.mark.parametrize("rounds, key, counter, found", [  # of Random123's kat_vectors
    (20, (0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    (20, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    (20, (0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    (13, (0, 0), (0, 0), (0x9D1C5EC6, 0x8BD50731)),
    (13, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
    (13, (0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xBA3E4725, 0xF27D669E)),
])
def test_the_cipher_gives_its_authors_figures(rounds, key, counter, found):
    assert tuple(map(int, random.threefry(key, counter, rounds))) == found


@pytest.mark.c
@pytest.mark.parametrize("name", ["uniform", "normal"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_c_draws_what_numpy_draws(name, dtype):
    function = f"{name}_row_{dtype.replace('float', 'f')}"
    kind = "float" if dtype == "float32" else "double"
    text = (HEADER + vector.source(["log_f64"]) + random.source([function]) +
            f"\nvoid draw({kind} *to, int64_t count, uint32_t row) {{ {function}(to, count, 7, 3, 11, row); }}\n")
    draw = building.load(text, "drawing").draw
    found = np.zeros((5, 128), dtype)
    for row, numbers in enumerate(found):
        draw(ctypes.c_void_p(numbers.ctypes.data), ctypes.c_int64(70), ctypes.c_uint32(row))
    wanted = getattr(random, name)(7, 3, 11, range(5), 70, dtype)
    exact = {"rtol": 0, "atol": 0} if name == "uniform" else {"rtol": 2e-7 if dtype == "float32" else 1e-13}
    np.testing.assert_allclose(found[:, :70], wanted, **exact)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_fill_the_interval_evenly(dtype):
    numbers = random.uniform(1, 2, 3, range(200), 500, dtype).ravel()
    assert numbers.min() >= 0 and numbers.max() < 1
    counts = np.histogram(numbers, 256, (0, 1))[0]
    assert 1e-4 < scipy.stats.chisquare(counts).pvalue < 1 - 1e-4
    assert len(np.unique(numbers)) > 0.99 * numbers.size
    low_bits = (numbers * 2**24).astype("int64") % 16
    assert scipy.stats.chisquare(np.bincount(low_bits, minlength=16)).pvalue > 1e-4


def test_normal_numbers_have_their_moments_and_tails():
    numbers = random.normal(1, 2, 3, range(400), 1000, "float64").ravel()
    count = numbers.size
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3), (6, 15)):
        spread = np.sqrt(np.prod(np.arange(2 * power - 1, 0, -2)) - moment**2)
        assert abs((numbers**power).mean() - moment) < 4.5 * spread / np.sqrt(count), power
    assert scipy.stats.kstest(numbers[:50000], "norm").pvalue > 1e-4
    expected = count * 2 * scipy.special.ndtr(-4)
    assert abs((np.abs(numbers) > 4).sum() - expected) < 5 * np.sqrt(expected)


@pytest.mark.parametrize("places", [  # (seed, layer, step, first row) that differ in one alone
    ((1, 0, 0, 0), (2, 0, 0, 0)), ((1, 0, 0, 0), (1, 1, 0, 0)), ((1, 0, 0, 0), (1, 0, 1, 0)),
    ((1, 0, 0, 0), (1, 0, 0, 100)), ((1, 1, 0, 0), (1, 0, 1, 0)), ((0, 1, 0, 0), (1, 0, 0, 0)),
])
def test_other_places_have_other_numbers(places):
    one, other = (random.uniform(s, la, st, range(row, row + 100), 100, "float32").ravel()
                  for s, la, st, row in places)
    assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(one.size)
    assert np.isin(one, other).mean() < 0.01
    together = np.histogram2d(one, other, 8, ((0, 1), (0, 1)))[0]
    assert scipy.stats.chisquare(together.ravel()).pvalue > 1e-4


def test_neighbours_in_a_row_are_independent():
    numbers = random.uniform(5, 0, 9, range(300), 300, "float32")
    for shift in (1, 2, 32):
        assert abs(np.corrcoef(numbers[:, :-shift].ravel(), numbers[:, shift:].ravel())[0, 1]) < 4.5 / np.sqrt(80000)
    assert abs(np.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]) < 4.5 / np.sqrt(80000)
