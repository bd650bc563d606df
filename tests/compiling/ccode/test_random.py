"""Random numbers by place: the cipher's own figures, their distribution, and their independence."""

import ctypes

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.special
import scipy.stats

import symloss
from symloss.compiling import function, modes
from symloss.compiling.ccode import building, random, vector
from symloss.compiling.ccode.program import Program
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
@pytest.mark.parametrize("name", ["uniform", "normal", "coin"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_c_draws_what_numpy_draws(name, dtype):
    function = f"{name}_row_{dtype.replace('float', 'f')}"
    kind = "float" if dtype == "float32" else "double"
    text = (HEADER + vector.source(["log_f64"]) + random.source([function]) +
            f"\nvoid draw({kind} *to, int64_t count, uint32_t row) {{ {function}(to, count, 7, 3, 11, row); }}\n")
    draw = building.load(text, "drawing").draw
    found = np.zeros((5, 192), dtype)
    for row, numbers in enumerate(found):
        draw(ctypes.c_void_p(numbers.ctypes.data), ctypes.c_int64(70), ctypes.c_uint32(row))
    wanted = getattr(random, name)(7, 3, 11, range(5), 70, dtype)
    exact = {"rtol": 0, "atol": 0} if name != "normal" else {"rtol": 2e-7 if dtype == "float32" else 1e-13}
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


@pytest.mark.parametrize("chance", [1e-5, 0.1, 0.5, 1 - 1e-5])
def test_coins_fall_with_their_chance_also_where_it_is_finer_than_their_16_bits(chance):
    fell = random.coin(1, 2, 3, range(20_000), 256, "float32") < np.float32(chance)
    count, spread = fell.size, chance * (1 - chance)
    assert abs(fell.sum() - count * chance) < 4.5 * np.sqrt(count * spread)
    excess = fell.sum(axis=1).var() / (256 * spread) - 1  # 0, if elements of a row do not fall together
    assert abs(excess) < 4.5 * np.sqrt(1 / (count * spread) + 2 / len(fell))
    both = (fell[:, :128] & fell[:, 128:]).mean()  # nor do the halves of the words
    assert abs(both - chance**2) < 4.5 * chance / np.sqrt(count / 2) + 1e-9


def test_coins_are_even_in_every_place_of_a_word():
    numbers = random.coin(5, 0, 9, range(4000), 128, "float64")
    assert numbers.min() >= 0 and numbers.max() < 1
    for place in (0, 15, 16, 31, 32, 47, 63, 64, 127):
        assert scipy.stats.kstest(numbers[:, place], "uniform").pvalue > 1e-4
    pairs = np.corrcoef(numbers.T) - np.eye(128)
    assert abs(pairs).max() < 5.2 / np.sqrt(len(numbers))


@pytest.mark.c
def test_numbers_that_are_only_compared_are_coins_and_others_are_not():
    def text(made):
        rng = pytensor.shared(np.random.default_rng(0))
        x = pt.matrix("x", shape=(None, 9))
        _, drawn = pt.random.uniform(0.0, 1.0, size=x.shape, rng=rng, return_next_rng=True)
        return Program([x], [made(x, drawn)]).c_source()

    assert "coin_row" in text(lambda x, u: x * (u >= 0.5)) and "coin_row" in text(lambda x, u: x * (u < 0.5))
    assert "uniform_row" in text(lambda x, u: x * u * (u >= 0.5)) and "uniform_row" in text(lambda x, u: u)


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


@pytest.mark.c
@pytest.mark.parametrize("shape", [(8, 1), (None, 1), (8, 3), (None, 3)])
def test_a_column_of_random_numbers_in_a_kernel_beside_rows_of_others(shape):
    """In a kernel beside others whose rows are numbers: once the place of a row was not declared there."""
    x, rng = pt.tensor("x", shape=shape), pytensor.shared(np.random.default_rng(3))
    _, drawn = pt.random.normal(size=x.shape, rng=rng, dtype=x.dtype, return_next_rng=True)
    labels = pt.ivector("labels")
    outputs = [0.1 * drawn, pt.switch(pt.ge(labels, 0), pt.log(abs(x).sum(axis=1)), np.nan).sum(), x + drawn]
    program = Program([x, labels], outputs)
    values = np.random.default_rng(0).normal(size=(8, shape[1]))
    noise, total, moved = program(values, np.arange(8, dtype="int32"))
    assert np.allclose(moved - values, 10 * noise) and len(np.unique(noise)) == noise.size
    assert np.isclose(total, np.log(abs(values).sum(axis=1)).sum())
    alone = Program([x], [drawn])(values)[0]
    assert np.array_equal(0.1 * alone, noise)


@pytest.mark.c
@pytest.mark.parametrize("shape", [(1,), (1, 1), (3, 1)])
@pytest.mark.parametrize("rows", [1, 64, 1000])
def test_items_of_a_single_column_draw_their_own_numbers(shape, rows):
    rng = pytensor.shared(np.random.default_rng(0))
    x = pt.tensor("x", dtype="float64", shape=(None, *shape))
    state, drawn = pt.random.normal(0.0, 1.0, size=x.shape, rng=rng, dtype="float64", return_next_rng=True)
    compiled = function([x], [x + drawn], modes.resolve("C"), updates={rng: state})
    zeros = np.zeros((rows, *shape))
    first, second = compiled(zeros)[0], compiled(zeros)[0]
    assert first.shape == zeros.shape
    assert len(np.unique(np.concatenate([first, second]))) == 2 * zeros.size
    if rows > 100:
        assert abs(first.mean()) < 0.15 and abs(first.std() - 1) < 0.1


@pytest.mark.c
@pytest.mark.parametrize("noise", ["input_noise", "input_dropout", "hidden_noise"])
def test_a_training_with_noise_on_a_single_unit_compiles(noise):
    x = np.random.default_rng(0).normal(size=(60, 1))
    net = symloss.Regressor([1, 1, 1], mode="C")
    history = net.train([x, x], algo="sgd", learning_rate=0.0, epochs=2, verbose=0, **{noise: 0.5})
    assert history["loss"][0] != history["loss"][1]
