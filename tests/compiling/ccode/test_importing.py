"""Operations of PyTensor as C, against PyTensor's Python code without any rewrite."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.vm import VMLinker

from symloss.compiling.ccode.ir import Unsupported
from symloss.compiling.ccode.program import Program
from symloss.compiling.own import OwnFunction

pytestmark = pytest.mark.c
AS_WRITTEN = Mode(VMLinker(use_cloop=False, c_thunks=False), None)

# of matrices x and y (n, 4), a cube c (3, n, 2), a vector v (4,), labels i (n,), ints k (4,)


def parts(x, y, c, v, i, k):
    return [
        x[::-1], x[:, ::-2], x[1:, 1], x[-1], x[:, -2:], x[:-1] - x[1:], c[1, :, ::-1], c[..., 0],
        v[None, :, None], x[pt.arange(x.shape[0]), i], x[:, k], v[i], c[:, :, pt.stack([0, 1, 1, 0])], x[i % 2, i],
        c[pt.stack([0, 2]), :, pt.stack([1, 1])], x[k[0]], pt.diagonal(pt.dot(x.T, x)), pt.diag(v),
    ]


def setting(x, y, c, v, i, k):
    return [
        pt.set_subtensor(x[:, 1:3], 0.5), pt.inc_subtensor(x[::2], 1.5), pt.inc_subtensor(v[i], 1.0),
        pt.set_subtensor(x[0], v), pt.inc_subtensor(x[pt.arange(x.shape[0]), i], y[:, 0]),
        pt.inc_subtensor(x[:, k], y), pt.set_subtensor(v[k[1]], 9.0), pt.set_subtensor(c[:, :, 1], 0.0),
    ]


def shapes(x, y, c, v, i, k):
    return [
        x.reshape((-1,)), c.reshape((-1, 6)), c.transpose(2, 0, 1).reshape((2, -1)), pt.concatenate([x, y], 1),
        pt.concatenate([x, y[1:], x]), pt.stack([x, y], axis=1), pt.split(x, [1, 3], n_splits=2, axis=1)[1],
        pt.tile(v, (2, 3)), pt.repeat(x, 2, axis=0), pt.zeros_like(x) + v, pt.alloc(v, x.shape[0], 4),
        pt.eye(4) * v, x.shape[0] * 2 + pt.arange(x.shape[0]), x.size / x.shape[1], pt.tril(pt.dot(x.T, x)),
        pt.arange(1, 9, 3) * 1.5, x.flatten(), pt.roll(x, 1, axis=1),
    ]


def sums(x, y, c, v, i, k):
    return [
        x.sum(), c.sum(axis=1), c.max(axis=(0, 2)), x.prod(axis=0), c.min(axis=-1), x.mean(axis=0),
        pt.gt(x, 0).sum(axis=1), x.argmax(axis=1), c.argmax(axis=0), pt.all(x > -9), pt.any(x > 1, axis=0),
        pt.cumsum(x, axis=0), pt.cumprod(c, axis=2), x.var(axis=1), pt.sort(x, axis=0), pt.argsort(x, axis=1),
        i.sum(), pt.special.softmax(x, axis=0), pt.special.log_softmax(c, axis=1), pt.logsumexp(x, axis=1),
        pt.max(i), c.sum(axis=(0, 1)),
    ]


def products(x, y, c, v, i, k):
    return [
        pt.dot(x, v), pt.dot(v, x.T), pt.dot(v, v), pt.dot(x.T, y), pt.dot(x, y.T).sum(axis=1),
        pt.matmul(c, c[0].T), pt.matmul(c, c.transpose(0, 2, 1)), pt.outer(v, v),
        pt.tensordot(c, c, [[1, 2], [1, 2]]), pt.dot(x[:, ::2], v[:2]), pt.dot(x[::-1].T, y),
    ]


def pointwise(x, y, c, v, i, k):
    return [
        pt.switch(pt.lt(x, y), x, 0), pt.clip(x, -0.5, 0.5), pt.maximum(x, y) - pt.minimum(x, 0),
        x**2 + abs(y) ** 1.5 + x**-1, i // 3 - i % 3, (k - 5) // 2 * ((k - 5) % 3), x // 0.7, x % 0.7,
        pt.sgn(x) * pt.round(x * 3), pt.floor(x) + pt.ceil(y), (x * 10).astype("int32"), pt.isnan(pt.log(x)),
        pt.softplus(x * 50) + pt.sigmoid(y * 50), pt.log1p(pt.exp(x)) - pt.expm1(y), pt.erf(x) + pt.erfc(y),
        pt.gammaln(abs(x) + 0.1) + pt.psi(abs(y) + 0.1), pt.sin(x) * pt.cos(y) + pt.tanh(x) / pt.cosh(y),
        pt.arctan2(x, y), pt.eq(i, 2) & pt.neq(i, 3) | pt.ge(i, 1), ~pt.gt(x, 0), 0 * pt.log(pt.zeros_like(x)),
        -x / -y + (-x) * y - (-x), pt.sqrt(abs(x)) * pt.log2(abs(y) + 1) + pt.exp2(x), k / 3 + v,
    ]


FORMS = {f.__name__: f for f in (parts, setting, shapes, sums, products, pointwise)}
UNLIKE = {"pointwise": {20}}  # 0 * infinity: 0 here, as after PyTensor's rewrites


def inputs(dtype):
    return [pt.tensor("x", dtype=dtype, shape=(None, 4)), pt.tensor("y", dtype=dtype, shape=(None, 4)),
            pt.tensor("c", dtype=dtype, shape=(3, None, 2)), pt.tensor("v", dtype=dtype, shape=(4,)),
            pt.tensor("i", dtype="int64", shape=(None,)), pt.tensor("k", dtype="int32", shape=(4,))]


def arrays(rows, dtype):
    rng = np.random.default_rng(rows)
    return [rng.normal(size=(rows, 4)).astype(dtype), rng.normal(size=(rows, 4)).astype(dtype),
            rng.normal(size=(3, rows, 2)).astype(dtype), rng.normal(size=4).astype(dtype),
            rng.integers(0, 4, rows), np.array([3, 0, 2, 2], "int32")]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("family", sorted(FORMS))
def test_operations_are_those_of_pytensor(family, dtype):
    with pytensor.config.change_flags(floatX=dtype):
        roots = inputs(dtype)
        outputs = FORMS[family](*roots)
        smooth = [o for o in outputs if str(o.dtype).startswith("float") and family != "pointwise"]
        if smooth:
            total = sum(pt.sqr(o).sum() for o in smooth)
            outputs += pytensor.grad(total, roots[:4], disconnected_inputs="ignore")
        program = Program(roots, outputs)
        plain = pytensor.function(roots, outputs, mode=AS_WRITTEN, on_unused_input="ignore")
    near = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"rtol": 3e-4, "atol": 1e-4}
    for rows in (5, 4, 9):
        given = arrays(rows, dtype)
        with np.errstate(all="ignore"):
            wanted = plain(*given)
        for place, (found, exact) in enumerate(zip(program(*given), wanted, strict=True)):
            assert found.dtype == exact.dtype and found.shape == exact.shape, place
            if place not in UNLIKE.get(family, ()):
                np.testing.assert_allclose(found, exact, err_msg=f"{family} {place}, {rows} rows", **near)


class Doubled(Op):
    """An operation of a user's own."""

    __props__ = ()

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def perform(self, node, given, storage):
        storage[0][0] = 2 * given[0]


def test_an_operation_of_ones_own_goes_to_the_other_compiler():
    x = pt.vector("x")
    function = OwnFunction([x], [Doubled()(x) + 1], None, lambda: pytensor.function([x], [Doubled()(x) + 1]))
    np.testing.assert_array_equal(function(np.arange(3.0))[0], [1, 3, 5])
    assert "Doubled" in function.why


@pytest.mark.parametrize("make, names", [
    (lambda x: pytensor.scan(lambda a, b: a + b, [x], outputs_info=[pt.zeros(())])[0], "loops through time"),
    (lambda x: x[x > 0], "mask"), (lambda x: pt.linalg.inv(pt.outer(x, x)), "MatrixInverse"),
])
def test_what_is_not_known_is_named(make, names):
    x = pt.vector("x")
    with pytest.raises(Unsupported, match=names):
        Program([x], [make(x)])(np.arange(3.0))


def test_errors_of_a_run_are_those_of_pytensor():
    x, i = pt.vector("x"), pt.lvector("i")
    with pytest.raises(IndexError, match="out of range"):
        Program([x, i], [x[i]])(np.arange(3.0), np.array([0, 3]))
    checked = pytensor.raise_op.Assert("x is above 0")(x, pt.all(x > 0))
    program = Program([x], [checked * 2])
    np.testing.assert_array_equal(program(np.ones(2))[0], [2, 2])
    with pytest.raises(AssertionError, match="x is above 0"):
        program(-np.ones(2))
    with pytest.raises(ValueError, match="do not fit"):
        Program([x, i], [x + i])(np.ones(3), np.ones(2, "int64"))


def test_inputs_with_other_numbers_of_rows_each():
    x, y = pt.matrix("x"), pt.matrix("y")
    program = Program([x, y], [pt.dot(x, y.T), x.sum() + y.sum(axis=0)])
    for n, m in ((2, 3), (4, 1), (3, 3)):
        a, b = np.random.default_rng(n).normal(size=(n, 2)), np.random.default_rng(m).normal(size=(m, 2))
        product, total = program(a, b)
        np.testing.assert_allclose(product, a @ b.T)
        np.testing.assert_allclose(total, a.sum() + b.sum(axis=0))


def test_a_length_of_1_that_nobody_promised_is_not_stretched():
    x, y = pt.matrix("x"), pt.matrix("y")
    with pytest.raises(ValueError, match="do not fit"):
        Program([x, y], [x - y])(np.ones((3, 2)), np.ones((3, 1)))
    column = pt.col("column")
    assert Program([x, column], [x - column])(np.ones((3, 2)), np.ones((3, 1)))[0].shape == (3, 2)


@pytest.mark.parametrize("make, numpy_make", [
    (lambda v: v[1:] - v[:-1], lambda v: v[1:] - v[:-1]), (lambda v: v[-3:], lambda v: v[-3:]),
    (lambda v: v[:3].sum(), lambda v: v[:3].sum()), (lambda v: v[: v.shape[0] // 2], lambda v: v[: len(v) // 2]),
    (lambda v: pt.concatenate([v, v[::-1]]), lambda v: np.concatenate([v, v[::-1]])),
])
def test_parts_of_the_rows_are_right_for_every_number_of_them(make, numpy_make):
    v = pt.vector("v")
    program = Program([v], [make(v)])
    for rows in (9, 5, 1, 0, 9, 2):
        given = np.arange(float(rows))
        np.testing.assert_array_equal(program(given)[0], numpy_make(given))


def test_places_of_rows_that_are_not_there_are_errors():
    v = pt.vector("v")
    program = Program([v], [v[3], v[-2]])
    assert [a.tolist() for a in program(np.arange(5.0))] == [3, 3]
    with pytest.raises(IndexError, match="out of bounds"):
        program(np.arange(3.0))
    assert [a.tolist() for a in program(np.arange(7.0))] == [3, 5]
    with pytest.raises(ValueError, match="of nothing"):
        Program([v], [v.max()])(np.zeros(0))
    with pytest.raises(ValueError, match="cannot be split"):
        Program([v], pt.split(v, [1, 3], n_splits=2, axis=0))(np.arange(3.0))


def test_numbers_are_arguments_too():
    z = pt.scalar("z")
    assert float(Program([z], [z * 2])(3.0)[0]) == 6


def test_zero_in_a_switch_wins_over_infinity_through_axes_too():
    x, c = pt.matrix("x"), pt.vector("c")
    chosen = pt.switch(pt.gt(c, 0), 0, c)
    given = np.array([[np.inf, 1.0], [2.0, 3.0]]), np.array([1.0, -1.0])
    for product, exact in zip(Program([x, c], [x * chosen[:, None], (x * chosen[:, None]).T])(*given),
                              [[[0, 0], [-2, -3]], [[0, -2], [0, -3]]], strict=True):
        np.testing.assert_array_equal(product, exact)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_division_with_rest_is_pythons(dtype):
    numbers = [0.0, -0.0, 1.0, -1.0, 0.1, -0.1, 5.0, -5.0, 7.3, np.inf, -np.inf, np.nan]
    a, b = (x.ravel().astype(dtype) for x in np.meshgrid(numbers, numbers))
    x, y = pt.vector("x", dtype=dtype), pt.vector("y", dtype=dtype)
    quotient, rest = Program([x, y], [x // y, x % y])(a, b)
    with np.errstate(all="ignore"):
        for found, wanted in ((quotient, a // b), (rest, a % b)):
            np.testing.assert_array_equal(found, wanted)
            known = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(wanted[known]))
