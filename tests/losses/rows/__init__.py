"""What a row of the reference table says of a loss, and the kinds of tensors that a loss can be given.

A family's file, ``rows/<module of symloss.losses>.py``, holds a list ``ROWS``::

    ROWS = [
        row("huber", lambda p, t, delta=1.0: scipy.special.huber(delta, p - t),
            prediction=real, target=real, options=[{"delta": 0.3}]),
    ]

Every keyword that is a port of the loss names its kind, or a list of kinds that are all tried. A loss that behaves in
two ways (labels per item, signs per element) has two rows. The rest of the keywords is described at `Row`.
"""

import dataclasses
import itertools
import zlib
from collections.abc import Callable

import numpy as np
import pytensor.tensor as pt
import scipy.special

INTEGERS = ("int8", "uint8", "uint16", "int32", "int64")


# ------------------------------------------------------------------------------------------------------ kinds of port


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a port is fed with.

    Parameters
    ----------
    name : str
        Part of the test's name.
    draw : callable
        (rng, shape) -> array: what is fed, away from kinks and edges.
    apply : callable or None
        From the tensor that is fed to the tensor that the loss is given (softmax, say).
    plain : callable or None
        The same in numpy, for the reference.
    edges : callable
        shape -> list of arrays at the edge of the domain, where float32 value and gradient are to be finite.
    whole : callable or None
        (rng, shape) -> array of integers that are a legal value, for targets of every dtype in `dtypes`.
    dtypes : tuple of str
        In which `whole` can be written down.
    shaped : callable
        Shape of the first prediction -> shape that `draw` and `edges` are given (labels drop its last axis themselves).
    smooth : bool
        Whether gradients by this port are checked.
    label : bool
        Whether it indexes; its dtype is then int32, else a float.
    items : bool
        Whether its first axis counts the items of a batch (a weight matrix has none).
    """

    name: str
    draw: Callable
    apply: Callable | None = None
    plain: Callable | None = None
    edges: Callable = lambda shape: []
    whole: Callable | None = None
    dtypes: tuple[str, ...] = ()
    shaped: Callable = lambda shape: shape
    smooth: bool = True
    label: bool = False
    items: bool = True

    def but(self, **changes) -> "Kind":
        """Return this kind with other fields: ``real.but(edges=lambda shape: [np.full(shape, 30.0)])``."""
        return dataclasses.replace(self, **changes)

    def per_item(self) -> "Kind":
        """Return this kind with one number an item: the prediction's shape without its last axis."""
        return self.but(shaped=lambda shape: shape[:-1])

    def sized(self, shaped) -> "Kind":
        """Return this kind in another shape: ``real.sized(lambda s: (s[0], 4, s[1]))``."""
        return self.but(shaped=shaped)

    def scores(self) -> "Kind":
        """Return this kind for a loss of raw scores, which takes the logits back: its reference is given them too."""
        return self.but(plain=None)

    def within(self, low, high) -> "Kind":
        """Return this kind with values between `low` and `high`, and edges at both."""
        return self.but(
            draw=lambda rng, shape: rng.uniform(low, high, shape), edges=lambda shape: _full(shape, low, high)
        )


def _full(shape, *values):
    return [np.full(shape, float(v)) for v in values]


def _corners(value):
    """Return a function that puts `value` on one class and 0 on the rest: the first class, and each in turn."""

    def edges(shape):
        k = shape[-1]
        first, turns = np.zeros(k), np.eye(k)[np.arange(int(np.prod(shape[:-1]))) % k]
        first[0] = 1
        return [value * np.broadcast_to(first, shape).copy(), value * turns.reshape(shape)]

    return edges


def _softmax(z):
    return scipy.special.softmax(z, axis=-1)


def _dirichlet(rng, shape):
    return 0.8 * rng.dirichlet(np.ones(shape[-1]), shape[:-1]) + 0.2 / shape[-1]


ZERO_ONE = {"whole": lambda rng, shape: rng.integers(0, 2, shape), "dtypes": ("bool", *INTEGERS, "float32", "float64")}
ONE_TWO = {"whole": lambda rng, shape: rng.integers(1, 3, shape), "dtypes": (*INTEGERS, "float32", "float64")}

real = Kind("real", lambda rng, shape: 2 * rng.standard_normal(shape),
            edges=lambda shape: [*_full(shape, 0, 1e4, -1e4), *_corners(1e4)(shape)[:1]], **ZERO_ONE)
positive = Kind("positive", lambda rng, shape: rng.uniform(0.3, 3, shape),
                edges=lambda shape: _full(shape, 1e-6, 1e4), **ONE_TWO)
count = Kind("count", lambda rng, shape: rng.integers(0, 6, shape).astype(float), smooth=False,
             edges=lambda shape: _full(shape, 0, 1e4), **ZERO_ONE)
unit = Kind("unit", lambda rng, shape: rng.uniform(0.05, 0.95, shape),
            edges=lambda shape: _full(shape, 0, 1, 0.5), **ZERO_ONE)
binary = Kind("binary", lambda rng, shape: rng.integers(0, 2, shape).astype(float), smooth=False,
              edges=lambda shape: _full(shape, 0, 1), **ZERO_ONE)
sign = Kind("sign", lambda rng, shape: rng.choice([-1.0, 1.0], shape), smooth=False,
            edges=lambda shape: _full(shape, -1, 1), whole=lambda rng, shape: rng.choice([-1, 1], shape),
            dtypes=("int8", "int16", "int32", "int64", "float32", "float64"))
sigmoid = Kind("sigmoid", lambda rng, shape: 2 * rng.standard_normal(shape), pt.sigmoid, scipy.special.expit,
               edges=lambda shape: _full(shape, 0, 30, -30, 1e4, -1e4))
simplex = Kind("simplex", _dirichlet, edges=_corners(1.0), whole=lambda rng, shape: _one_hot(rng, shape).astype(int),
               dtypes=("bool", *INTEGERS, "float32", "float64"))
softmax = Kind("softmax", lambda rng, shape: 2 * rng.standard_normal(shape),
               lambda z: pt.special.softmax(z, axis=-1), _softmax,
               edges=lambda shape: [*_full(shape, 0), *_corners(1e4)(shape), *_corners(-1e4)(shape),
                                    *_corners(30.0)(shape)])
label = Kind("label", lambda rng, shape: _labels(rng, shape), smooth=False, label=True,
             edges=lambda shape: [np.zeros(shape[:-1], int), np.full(shape[:-1], shape[-1] - 1)],
             whole=lambda rng, shape: _labels(rng, shape), dtypes=("int8", "uint8", "uint16", "int32", "int64"))


def _labels(rng, shape):
    return rng.integers(0, shape[-1], shape[:-1])


def _one_hot(rng, shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def pick(scores, labels):
    """Return the entry of `scores` at each label: for references."""
    return np.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]


# --------------------------------------------------------------------------------------------------------------- rows


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of a loss, independently of its graph.

    Parameters
    ----------
    name : str
        Of the registered function.
    reference : callable
        ``reference(*arrays, **options)`` in numpy, float64, for any number of leading axes: what the function returns.
    ports : dict
        Kinds by port, in the function's order; all combinations of kinds are tried.
    options : tuple of dict
        Hyperparameters that are tried. The defaults always come first.
    shapes : tuple of shapes
        Of the first prediction. The first one serves most tests.
    by : tuple of str or None
        Ports that gradients are taken for; None: every smooth one.
    perfect : callable or None
        ``perfect(fed) -> {port: array}``: what to feed for the least value, given what is fed. Left out: made from the
        target's kind. None: the loss has no minimum.
    least : float, callable or None
        Value at the perfect prediction; ``least(*arrays, **options)`` where it depends on the target. None: not stated.
    per : str or None
        'element', 'item' or 'batch', where it is not what the registry says.
    coupled : bool or None
        Whether a value depends on other items than its own, so that a weight of 0 cannot remove an item. None: it does
        if the loss takes the weights itself.
    free : tuple of str
        Ports whose shape need not fit the first one's.
    twice : bool
        Whether the second derivative is checked.
    column : bool or None
        Whether (n, 1) may meet (n,); None: per element with a target in the prediction's shape.
    logits : callable or None
        ``logits(z, target, **options)``: the exact value from the logits of a softmax or a sigmoid, for logits +-1e4.
    moving : callable or None
        ``moving(arrays, still, **options)``: the reference whose derivative is the gradient, where some part of the
        loss is held still (``still`` has the unmoved arrays). Both are dicts by port.
    """

    name: str
    reference: Callable
    ports: dict[str, tuple[Kind, ...]]
    options: tuple[dict, ...] = ({},)
    shapes: tuple[tuple[int, ...], ...] = ((5, 3), (2, 3, 4))
    by: tuple[str, ...] | None = None
    perfect: Callable | str | None = "derived"
    least: float | Callable | None = 0.0
    per: str | None = None
    coupled: bool | None = None
    free: tuple[str, ...] = ()
    twice: bool = True
    column: bool | None = None
    logits: Callable | None = None
    moving: Callable | None = None

    def forms(self) -> list[dict[str, Kind]]:
        """Return every combination of kinds, by port."""
        return [dict(zip(self.ports, kinds, strict=True)) for kinds in itertools.product(*self.ports.values())]


FIELDS = {field.name for field in dataclasses.fields(Row)}


def row(name: str, reference: Callable, options=(), shapes=None, by=None, free=(), **rest) -> Row:
    """Return a row: keywords that are no field of `Row` are ports, with a kind or a list of kinds each."""
    fields = {key: value for key, value in rest.items() if key in FIELDS}
    kinds = {key: value for key, value in rest.items() if key not in FIELDS}
    ports = {key: (value,) if isinstance(value, Kind) else tuple(value) for key, value in kinds.items()}
    if shapes is not None:
        fields["shapes"] = tuple(shapes)
    return Row(name, reference, ports, options=({}, *options), by=None if by is None else tuple(by), free=tuple(free),
               **fields)


def ideal(prediction: Kind, target: Kind, values, classes: int):
    """Return what to feed as `prediction` for the least loss against `values` of the kind `target`."""
    if target.label:
        hot = np.eye(classes)[values]
        return hot if prediction.name in ("simplex", "unit") else 60 * hot
    if target.name == "sign":
        return 60 * values
    if prediction.name == "softmax":
        return np.log(values)
    if prediction.name == "sigmoid":
        return 60 * (2 * values - 1) if target.name == "binary" else scipy.special.logit(values)
    return values


def seed(text: str) -> np.random.Generator:
    """Return the random generator that belongs to a test's name."""
    return np.random.default_rng(zlib.crc32(text.encode()))
