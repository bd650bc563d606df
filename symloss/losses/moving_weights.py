"""Weights of losses that a function of the user changes, or that are learned during training."""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import io_toposort

from .._checks import is_number
from ..errors import SpecError, unknown


def _positive(who, **numbers):
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
            raise SpecError(f"weight {who}: {name}={value!r} is not valid; it must be a number greater than 0")


@dataclasses.dataclass(frozen=True)
class Uncertainty:
    r"""A weight that is learned with the parameters from the size of the loss.

    With this weight, a loss L contributes to the total

    .. math:: \tfrac{1}{2} e^{-s} L + \tfrac{1}{2} s

    where s, the logarithm of the variance of the loss, is an additional parameter. At the minimum the weight is
    1 / (2 L).

    Parameters
    ----------
    start : float > 0
        Initial weight.

    References
    ----------
    Kendall, Gal & Cipolla (2018), "Multi-Task Learning Using Uncertainty to Weigh Losses", CVPR.
    """

    start: float = 0.5
    name = "uncertainty"

    def __post_init__(self):
        _positive(self.name, start=self.start)

    def to_spec(self) -> dict:
        """Return the description from which it can be rebuilt."""
        return {"form": self.name} | dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class GradNorm:
    r"""Weights that balance the gradients of several losses at the last shared layer, learned during training.

    .. math:: w_i \leftarrow w_i \left(\bar G r_i^\alpha / G_i\right)^\eta

    where :math:`G_i` is the norm of the gradient of weight times loss i by the parameters of that layer, :math:`\bar G`
    is the mean of these norms, and :math:`r_i` is the loss divided by its first value, relative to the mean over
    losses. The sum of the weights stays the same. They converge to the fixed point of the paper,
    :math:`G_i = \bar G r_i^\alpha`. The paper itself follows the gradient of the difference, which does not settle if
    gradients differ by a factor of a hundred.

    Parameters
    ----------
    alpha : float > 0
        How strongly to favor losses that learn slowly.
    rate : float > 0
        eta, the fraction of the distance, in logarithms, that each step covers.
    start : float > 0
        Initial weight.

    References
    ----------
    Chen et al. (2018), "GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep Multitask Networks", ICML.
    """

    alpha: float = 1.5
    rate: float = 0.025
    start: float = 1.0
    name = "gradnorm"

    def __post_init__(self):
        _positive(self.name, alpha=self.alpha, rate=self.rate, start=self.start)

    def to_spec(self) -> dict:
        """Return the description from which it can be rebuilt."""
        return {"form": self.name} | dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class OfStep:
    """A weight that a function of the step returns: ``lambda step: 0.1 * step``.

    The function gets the step as an expression, and becomes part of the compiled training step. Use ``pt.switch`` to
    choose, because an ``if`` cannot depend on the step. It cannot be saved in a file.

    >>> OfStep(lambda step: 0.5 * step)(5)
    2.5
    """

    rule: Callable
    serial: int = dataclasses.field(default_factory=itertools.count().__next__, init=False)  # no two have one repr
    by_pass = False

    def __post_init__(self):
        try:
            made = self(pt.scalar("step", dtype="int64"))
        except Exception as error:
            raise SpecError(f"weight by {self}: it cannot be computed from a symbolic step ({error}). Use functions "
                            "of pytensor.tensor, such as pt.switch(step < 10, 0.0, 1.0)") from None
        if made.ndim:
            raise SpecError(f"weight by {self}: it returned an array with {made.ndim} axes, but it must return a "
                            "single number")

    def __call__(self, step):
        if isinstance(step, Variable):
            return pt.as_tensor_variable(self.rule(step))
        return _number(self(pt.constant(np.asarray(step))))

    def to_spec(self) -> Callable:
        """Return the description from which it can be rebuilt."""
        return self.rule

    def __str__(self):
        return f"function {getattr(self.rule, '__name__', type(self.rule).__name__)} of the step"


def _number(expression) -> float:
    """Return the value of an expression of constants."""
    known = {}
    for node in io_toposort([], [expression]):
        cells = [[None] for _ in node.outputs]
        with np.errstate(all="ignore"):
            node.op.perform(node, [v.data if isinstance(v, Constant) else known[v] for v in node.inputs], cells)
        known |= {out: cell[0] for out, cell in zip(node.outputs, cells, strict=True)}
    return float(expression.data if isinstance(expression, Constant) else known[expression])


class LossWeight:
    """The weight of one loss: a shared scalar, and what changes it.

    Parameters
    ----------
    who : str
        Name of the loss, for messages.
    value : float, schedule, function of the step, 'uncertainty', 'gradnorm', a dict with 'form', or an instance

    Attributes
    ----------
    scalar : shared scalar
    moving : schedule, OfStep, Uncertainty, GradNorm or None
    log_variance : shared scalar or None
        The parameter behind the weight, if it is an uncertainty.
    """

    def __init__(self, who: str, value):
        self.who, self.moving, self.log_variance = who, None, None
        self.users = False  # whether the scalar is the user's
        self.scalar = pytensor.shared(np.asarray(1.0, pytensor.config.floatX), name=f"weight of {who}", shape=())
        self.set(value)

    def set(self, value) -> None:
        """Set a new weight. A number takes effect at the next step."""
        users = isinstance(value, SharedVariable) and value.ndim == 0  # of the user's, who may set it
        moving, number = self._read(value.get_value() if users else value)
        if not np.isfinite(number):
            raise SpecError(f"loss {self.who}: weight={number} is not valid; it must be a finite number")
        self.moving, self.log_variance = moving, None
        if users:
            self.scalar, self.users = value, True
        if isinstance(moving, Uncertainty):
            start = np.asarray(-np.log(2 * number), self.scalar.type.dtype)
            self.log_variance = pytensor.shared(start, name=f"log variance of {self.who}", shape=())
        self.scalar.set_value(np.asarray(number, self.scalar.type.dtype))

    def _read(self, value):
        """Return what moves the weight (None: nothing), and the number that it begins with."""
        if callable(value) and not isinstance(value, type):
            moving = value if hasattr(value, "to_spec") else OfStep(value)  # a schedule, or a plain function
            return moving, float(moving(0))
        if isinstance(value, dict | Uncertainty | GradNorm) or (isinstance(value, str) and value in LEARNED):
            moving = learned(value)
            return moving, moving.start
        try:
            return None, float(value)
        except (TypeError, ValueError):
            raise SpecError(f"loss {self.who}: weight={value!r} is not valid; it must be a number, a schedule, or one "
                            f"of {', '.join(LEARNED)}") from None

    @property
    def value(self) -> float:
        """The current weight."""
        if self.log_variance is not None:
            with np.errstate(over="ignore"):  # where the loss is 0, the weight grows beyond all numbers
                return float(0.5 * np.exp(-self.log_variance.get_value()))
        return self.scalar.get_value().item()

    @property
    def factor(self):
        """The weight as an expression."""
        return self.scalar.astype(pytensor.config.floatX) if self.log_variance is None else \
            0.5 * pt.exp(-self.log_variance)

    @property
    def parameters(self) -> dict:
        """What training updates with the parameters of the model, by name: the log variance of an uncertainty."""
        return {} if self.log_variance is None else {"log variance": self.log_variance}

    @property
    def variable(self):
        """The variable that changes: the log variance of an uncertainty, otherwise the weight itself."""
        return self.scalar if self.log_variance is None else self.log_variance

    def put(self, number: float) -> None:
        """Set the variable back to a number that it had before, to the last bit."""
        if not is_number(number):
            raise SpecError(f"loss {self.who}: the saved weight is {number!r}, but it must be a finite number. Take "
                            "another copy of the file")
        self.variable.set_value(np.asarray(number, self.variable.type.dtype))

    def copy(self) -> "LossWeight":
        """Return the same weight with a scalar of its own, unless the user passed the scalar."""
        if self.users:
            return LossWeight(self.who, self.scalar)
        return LossWeight(self.who, self.value if self.moving is None else self.moving)

    def fingerprint(self):
        """Return what a compiled function depends on, without the number."""
        return id(self.scalar), id(self.log_variance), repr(self.moving)

    def to_spec(self):
        """Return the description from which it can be rebuilt, or the function itself, which no file can hold."""
        if self.moving is None:
            return self.value
        found = self.moving.to_spec()
        return found | {"start": self.value} if self.log_variance is not None else found

    def __str__(self):
        return f"{self.value:g}" if self.moving is None else str(self.moving)


class Regret:
    """The term s / 2 that belongs to an uncertainty s. Its weight is 1.

    Parameters
    ----------
    of : Loss
        The loss with this uncertainty.
    """

    weight = factor = 1.0
    output_name = None

    def __init__(self, of):
        self.of = of


LEARNED = {"uncertainty": Uncertainty, "gradnorm": GradNorm}


def learned(value):
    """Return the learned weight that a name or a dict describes, or `value` itself if it is one."""
    if isinstance(value, Uncertainty | GradNorm):
        return value
    options = dict(value) if isinstance(value, dict) else {"form": value}
    form = options.pop("form", None)
    if not isinstance(form, str) or form.lower() not in LEARNED:
        raise unknown("weight of a loss:", form, [*LEARNED, "a number", "a schedule"])
    cls = LEARNED[form.lower()]
    fields = {f.name for f in dataclasses.fields(cls)}
    for name in options:
        if name not in fields:
            raise unknown(f"option of weight {form!r}:", name, fields)
    return cls(**options)
