"""The type in which targets come changes no bit of what is learnt, in any mode and precision."""

import itertools

import numpy as np
import pytensor
import pytest

import symloss

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "uint64", "float16", "float32",
          "float64", "longdouble", ">i4", ">f8", "object"]
SIGNED = [d for d in DTYPES if d != "bool" and "uint" not in d]

# kind: (model, numbers that every type among `dtypes` holds, shape of the target)
KINDS = {
    "mse": (symloss.Regressor, [4, 2], "mse", [0, 1], 2),
    "huber": (symloss.Regressor, [4, 2], "huber", [0, 1], 2),
    "bce": (symloss.Regressor, [4, (2, "sigmoid")], "bce", [0, 1], 2),
    "xe": (symloss.Classifier, [4, 2], "xe", [0, 1], None),
    "multiclass hinge": (symloss.Classifier, [4, (2, "linear")], "multiclass_hinge", [0, 1], None),
    "mse of larger numbers": (symloss.Regressor, [4, 2], "mse", [0, 1, 7, 100], 2),
    "xe of many": (symloss.Classifier, [4, 120], "xe", [0, 1, 7, 119], None),
    "hinge": (symloss.Regressor, [4, 1], "hinge", [-1, 1], 1),
}


def cases():
    for kind, (_, _, _, numbers, _) in KINDS.items():
        dtypes = SIGNED if min(numbers) < 0 else DTYPES if max(numbers) < 2 else [d for d in DTYPES if d != "bool"]
        yield kind, dtypes


def after_one_step(kind, mode, dtypes):
    """Return the parameters after one step on the same numbers, for each dtype of the target."""
    form, layers, loss, numbers, columns = KINDS[kind]
    rng = np.random.default_rng(4)
    x = rng.normal(size=(12, 4))
    y = rng.choice(numbers, (12,) if columns is None else (12, columns))
    net = form(layers, loss=loss, seed=2, mode=mode)
    start, found = [p.get_value() for p in net.params], {}
    for dtype in dtypes:
        for p, value in zip(net.params, start, strict=True):
            p.set_value(value)
        net.train([x, y.astype(dtype)], algo="sgd", learning_rate=0.1, epochs=1, batch_size=0, verbose=0)
        found[dtype] = [p.get_value() for p in net.params], net.history[-1]["loss"]
    assert all(np.any(a != b) for a, b in zip(start, found[dtypes[0]][0], strict=True)), "nothing was learnt"
    return found


def agree(found, precision):
    (first, loss), *others = found.values()
    for dtype, (values, other_loss) in zip(list(found)[1:], others, strict=True):
        assert other_loss == loss, dtype
        for value, expected in zip(values, first, strict=True):
            assert value.dtype == precision
            assert value.tobytes() == expected.tobytes(), dtype


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind, dtypes", list(cases()), ids=list(KINDS))
def test_a_step_is_the_same_for_every_type_of_target(kind, dtypes, precision):
    with pytensor.config.change_flags(floatX=precision):
        agree(after_one_step(kind, "PYTHON", dtypes), precision)


@pytest.mark.parametrize("mode, precision, kind", [
    *itertools.product(("C", "JAX"), ("float32", "float64"), ("bce", "xe")),
    ("CVM", "float32", "xe"), ("NUMBA", "float32", "xe")])  # these compile for 5 s each
def test_a_step_is_the_same_in_compiled_code(kind, precision, mode):
    with pytensor.config.change_flags(floatX=precision):
        agree(after_one_step(kind, mode, DTYPES), precision)


def test_numbers_that_a_type_cannot_hold_are_other_numbers():
    found = after_one_step("mse of larger numbers", "PYTHON", ["int64", "bool"])
    assert found["int64"][1] != found["bool"][1], "which shows that the tests above can fail"


PLAIN = {  # loss: (targets that all types hold, predictions)
    "mse": ([[0], [1], [1]], [[0.2], [0.5], [3.0]]), "mae": ([[0], [1], [1]], [[0.2], [0.5], [3.0]]),
    "huber": ([[0], [1], [1]], [[0.2], [0.5], [3.0]]), "bce": ([[0], [1], [1]], [[0.2], [0.5], [0.9]]),
    "poisson_nll": ([[0], [1], [1]], [[0.2], [0.5], [3.0]]), "quantile": ([[0], [1], [1]], [[0.2], [0.5], [3.0]]),
    "dice": ([[0, 1], [1, 1]], [[0.2, 0.5], [0.9, 0.1]]), "log_cosh": ([[0], [1], [1]], [[0.2], [0.5], [3.0]]),
    "xe": ([0, 1, 1], [[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]),
    "multiclass_hinge": ([0, 1, 1], [[0.2, 3], [1, 2], [0, 1]]),
    "focal": ([[0], [1], [1]], [[0.2], [0.5], [0.9]]), "contrastive": ([[0], [1], [1]], [[0.2], [0.5], [3.0]]),
    "hinge": ([[-1], [1], [1]], [[0.2], [0.5], [3.0]]), "squared_hinge": ([[-1], [1], [1]], [[0.2], [0.5], [3.0]]),
    "soft_margin": ([[-1], [1], [1]], [[0.2], [0.5], [3.0]]),
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_plain_arrays_give_the_prediction_s_type_whatever_the_target_s(name, precision):
    target, prediction = PLAIN[name]
    prediction = np.array(prediction, precision)
    whole = [d for d in (SIGNED if np.min(target) < 0 else DTYPES) if d != "object"]
    if np.ndim(target) < prediction.ndim:  # labels, which are integers there
        whole = [d for d in whole if np.dtype(d).kind in "biu"]
    for of in (symloss.evaluate.value, symloss.evaluate.grad):
        expected = of(name, prediction, np.array(target, whole[0]))
        assert expected.dtype == precision
        for dtype in whole[1:]:
            found = of(name, prediction, np.array(target, dtype))
            assert found.dtype == precision, dtype
            assert found.tobytes() == expected.tobytes(), dtype
