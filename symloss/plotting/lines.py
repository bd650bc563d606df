"""A loss along a line: what it can be drawn against, and its value, gradient and curvature there."""

import dataclasses
import functools

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..compiling import function, resolve
from ..errors import SpecError, SymlossError, unknown
from ..losses import Loss, LossSpec
from ..stability.rewriting import stabilise
from .directions import Direction
from .examples import example

MOST_COLUMNS = 6  # outputs that an element is tried with, for losses that want several
PORTS = {"variance": 1.0, "scale": 1.0, "concentration": 1.0}  # ports that are held still, where it is not at 0
FAILURES = (SymlossError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError)


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A loss that is drawn: its function with its options, and what its name in the legend is."""

    label: str
    spec: LossSpec | None
    options: dict
    bound: Loss | None = None
    stable: bool = True
    at: dict = dataclasses.field(default_factory=dict)
    classes: int = 2
    columns: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its ports."""
        return ("prediction", "target") if self.spec is None else self.spec.ports

    @property
    def first(self) -> str:
        """The port that is drawn against, unless the user says."""
        return next(port for port in self.names if port != "target")

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return "unknown" if self.spec is None else self.spec.unit

    @property
    def alone(self) -> bool:
        """Whether each value must be computed in a batch of its own, because it depends on all items of a batch."""
        return self.spec is None or self.spec.pairs or self.spec.per == "batch" or self.spec.target == "any"

    def values(self, ports):
        """Return the loss of tensors by port: a number for each row, or one for all."""
        if self.spec is None:
            twin = self.bound.unbound().bind(ports.get("target"))
            found = twin({twin.output_name: ports["prediction"]})
        else:
            found = self.spec.function(*(ports[name] for name in self.names), **self.options)
        return found if found.ndim < 2 else found.sum(axis=tuple(range(1, found.ndim)))


def drawn(form, options: dict, **settings) -> Drawn:
    """Return what is drawn for a name, a function, a spec or a `Loss`.

    Raises
    ------
    SpecError
        If it is none of these.
    UnknownNameError
        For a name or an option that is not known.
    """
    if isinstance(form, Loss) and options:
        raise SpecError(f"loss_curve: {form.name} is a Loss with options of its own. Pass the options to it: "
                        f"Loss({form.label!r}, {', '.join(f'{k}={v!r}' for k, v in options.items())})")
    if isinstance(form, Loss):
        bound = form
    else:
        bound = Loss.build(form, **options) if isinstance(form, str | type) else Loss(form, **options)
    if bound.own_terms:
        raise SpecError(f"loss_curve: {bound.name} is a sum of several terms. Draw a function of them instead")
    given = dict(bound.options)
    shown = ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v!r}" for k, v in given.items())
    given = {k: float(v(0)) if callable(v) else v for k, v in given.items()}
    text = ", ".join(filter(None, [shown, f"like={bound.like!r}" if bound.like else ""]))
    label = bound.label + (f" ({text})" if text else "")
    return Drawn(label, bound.spec, given, None if bound.spec is not None else bound, bound.like is None, **settings)


# ---------------------------------------------------------------------------------------------------- directions


def _columns(x, loss):
    return pt.repeat(x[:, None], loss.columns, axis=1) if loss.columns > 1 else x[:, None]


def _constant(x, number, columns: int = 1):
    return pt.zeros_like(pt.repeat(x[:, None], columns, axis=1) if columns > 1 else x[:, None]) + number


def _still(x, loss, port):
    """Return a port that does not move."""
    usual = PORTS.get(port, 0.5 if loss.spec is not None and loss.spec.activation == "sigmoid" else 0.0)
    return _constant(x, loss.at.get(port, usual), loss.columns)


def _with_first(x, loss, first, target):
    found = {port: _still(x, loss, port) for port in loss.names if port != "target"}
    found[loss.first] = first
    return {**found, "target": target}


def _error(x, loss, target):
    return _with_first(x, loss, _columns(x, loss) + target, _constant(x, target, _target_columns(loss)))


def _prediction(x, loss, target):
    return _with_first(x, loss, _columns(x, loss), _constant(x, target, _target_columns(loss)))


def _target_columns(loss) -> int:
    if loss.spec is None or loss.spec.shape is None:
        return loss.columns
    shapes = {port: (None, loss.columns) for port in loss.spec.predictions}
    return (*loss.spec.target_shape(shapes, loss.options), 1)[1]


def _port(x, loss, target, port):
    found = _with_first(x, loss, _still(x, loss, loss.first), _constant(x, target or 0.0, _target_columns(loss)))
    return {**found, port: _columns(x, loss)}


def _signed(x, loss, target):
    return _with_first(x, loss, _columns(x, loss) * target, _constant(x, target))


def _through_sigmoid(x, loss, target):
    return _with_first(x, loss, pt.sigmoid(_columns(x, loss)), _constant(x, target))


def _margin_of_logits(x, loss, target):
    return _through_sigmoid(x * (2 * target - 1), loss, target)


def _class(x, loss, label):
    """Return the target of items of one class, as labels or as a row with a 1."""
    if loss.spec is not None and "label" in loss.spec.target:
        return pt.zeros_like(x, dtype="int64") + int(label)
    return pt.zeros_like(x)[:, None] + _hot(loss, label)


def _hot(loss, label) -> np.ndarray:
    """Return a row with a 1 for the class of a label."""
    if label not in range(loss.classes):
        raise SpecError(f"target={label:g} is not valid; it must be a label from 0 to {loss.classes - 1}. Pass "
                        "classes=... to change the number of classes")
    return np.eye(loss.classes)[int(label)]


def _scores(x, loss, label):
    return pt.zeros_like(x)[:, None] + _hot(loss, label) * x[:, None]


def _margin_of_classes(x, loss, label):
    scores = _scores(x, loss, label)
    activation = loss.spec.activation if loss.spec is not None else None
    if activation in ("softmax", "log_softmax"):
        scores = getattr(pt.special, activation)(scores, axis=-1)
    return _with_first(x, loss, scores, _class(x, loss, label))


def _probability_of_class(x, loss, label):
    hot = _hot(loss, label)
    shares = hot * x[:, None] + (1 - hot) * (1 - x[:, None]) / (loss.classes - 1)
    if loss.spec is not None and loss.spec.activation == "log_softmax":
        shares = pt.log(shares)
    return _with_first(x, loss, shares, _class(x, loss, label))


def _thresholds(x, loss, label):
    wide = dataclasses.replace(loss, columns=loss.classes - 1)
    return _with_first(x, loss, pt.sigmoid(_columns(x, wide)), _class(x, loss, label))


def _angle(x, loss, target):
    """Return two vectors of length 1 with an angle between them, in degrees; the other axes of the data are apart."""
    turned = pt.stack([pt.cos(x * np.pi / 180), pt.sin(x * np.pi / 180)], axis=1)
    still = pt.zeros_like(turned) + np.array([1.0, 0.0])
    found = {port: still for port in loss.names}
    if loss.spec is not None and "label" in loss.spec.target:
        found |= {"centers": pt.as_tensor(np.eye(2)), "target": _class(x, loss, target or 0)}
    elif loss.spec is not None and loss.spec.target == "sign":
        found["target"] = pt.zeros_like(x) + (1.0 if target is None else target)
    return {**found, loss.first: turned}


ERROR = Direction("error: prediction − target", "error", (-3.0, 3.0), 0.0, _error, of_data=True)
PREDICTION = Direction("prediction", "prediction", (-2.0, 4.0), 1.0, _prediction, of_data=True)
SIGNED_MARGIN = Direction("margin: target · score", "margin", (-3.0, 3.0), 1.0, _signed)
ANGLE = Direction("angle between both", "angle", (-180.0, 180.0), None, _angle)
ALL_LOGITS = Direction("logit of every threshold", "logit", (-5.0, 5.0), 0.0, _thresholds)
YES = Direction("probability of class 1", "probability", (0.0, 1.0), 1.0, _prediction)
YES_LOGIT = Direction("logit of class 1", "logit", (-5.0, 5.0), 1.0, _through_sigmoid)
YES_MARGIN = Direction("margin: ± logit of class 1", "margin", (-3.0, 3.0), 1.0, _margin_of_logits)
PROBABILITY = Direction("probability of the target's class", "probability", (0.0, 1.0), 0.0, _probability_of_class)
LOGIT = Direction("logit of the target's class, others 0", "logit", (-5.0, 5.0), 0.0, _margin_of_classes)
MARGIN = Direction("margin: score of the target's class − others", "margin", (-3.0, 3.0), 0.0, _margin_of_classes)
LIST_MARGIN = dataclasses.replace(MARGIN, label="margin: score of the one relevant entry − others")


def directions(loss: Drawn) -> dict[str, Direction]:
    """Return what a loss may be drawn against, by name, what it is likely to be a function of first."""
    kind, activation = ("any", None) if loss.spec is None else (loss.spec.target, loss.spec.activation)
    prediction = dataclasses.replace(PREDICTION, label=loss.first, symbol=loss.first)
    shown = example(loss.spec)
    if shown is not None:
        return dict([shown])
    if kind.startswith("sign"):
        prediction = dataclasses.replace(prediction, span=(-3.0, 3.0))
        found = {"margin": SIGNED_MARGIN, "prediction": prediction, "angle": ANGLE}
    elif activation in ("softmax", "log_softmax"):
        found = {"probability": PROBABILITY, "logit": LOGIT, "margin": MARGIN}
    elif activation == "sigmoid" and "label" in kind:
        found = {"logit": ALL_LOGITS}
    elif "label" in kind:
        found = {"margin": MARGIN, "angle": ANGLE}
    elif activation == "sigmoid" and kind != "none":
        found = {"probability": YES, "logit": YES_LOGIT, "margin": YES_MARGIN}
    elif kind == "none":
        found = {}
    elif loss.spec is not None and loss.spec.per == "item":
        ranking = LIST_MARGIN if loss.spec.absent.get("target", 0) < 0 else MARGIN
        found = {"angle": ANGLE, "error": ERROR, "prediction": prediction, "margin": ranking}
    else:
        found = {"error": ERROR, "prediction": prediction, "margin": MARGIN, "probability": PROBABILITY}
    span = (0.0, 1.0) if activation == "sigmoid" else (-3.0, 3.0)
    for port in loss.names:
        if port not in ("target", *found) and not (found and port == loss.first):
            low = 0.05 if port in PORTS else span[0]
            moved = functools.partial(_port, port=port)
            found[port] = Direction(port, port, (low, span[1]), 0.0, moved, of_data=kind == "same")
    return found


# ------------------------------------------------------------------------------------------------------- numbers


class Line:
    """Loss, gradient and curvature along a direction: compiled once, called with any numbers.

    Parameters
    ----------
    loss : Drawn
    direction : Direction
    target : float
    orders : int
        How often it is differentiated, up to 2.
    """

    def __init__(self, loss: Drawn, direction: Direction, target: float, orders: int = 2):
        self.loss, self.direction, self.target = loss, direction, target
        x = pt.tensor("x", dtype="float64", shape=(1 if loss.alone else None,))
        values = loss.values(direction.ports(x, loss, target))
        if direction.item is not None:
            values = values[direction.item : direction.item + 1]
        if loss.stable:
            (values,), _ = stabilise([values])
        found = [values]
        for _ in range(orders):
            found.append(pytensor.grad(found[-1].sum(), x, disconnected_inputs="ignore"))
        self._function = function([x], found, resolve("PYTHON"))

    def __call__(self, x) -> np.ndarray:
        """Return a row for the loss, and one for each derivative."""
        x = np.asarray(x, "float64")
        with np.errstate(all="ignore"):
            if not self.loss.alone:
                return np.array(self._function(x))
            rows = [[np.sum(part) for part in self._function(x[i : i + 1])] for i in range(len(x))]
        return np.array(rows).T


def common(drawn_losses: list[Drawn], against: str | None, target: float | None, orders: int) -> list[Line]:
    """Return a line for each loss, all in one direction: the one asked for, or what all losses are functions of.

    Raises
    ------
    UnknownNameError
        For a direction that a loss does not have.
    SpecError
        If there is none.
    """
    known = [directions(loss) for loss in drawn_losses]
    for loss, names in zip(drawn_losses, known, strict=True):
        if against is not None and against not in names:
            raise unknown(f"direction of {loss.label}:", against, names)
    reasons: dict[str, list] = {loss.label: [] for loss in drawn_losses}
    for name in known[0] if against is None else [against]:
        found = []
        for loss, names in zip(drawn_losses, known, strict=True):
            try:
                found.append(_line(loss, name, names, target, orders, chosen=against is not None))
            except FAILURES as error:
                reasons[loss.label].append(f"{name}: {next(iter(str(error).splitlines()), type(error).__name__)}")
                break
        if len(found) == len(drawn_losses):
            return found
    raise SpecError(_no_line(drawn_losses, reasons))


def _no_line(drawn_losses, reasons) -> str:
    said = "; ".join(f"{label}: {', '.join(texts)}" for label, texts in reasons.items() if texts)
    if len(drawn_losses) > 1:
        return f"loss_curve: these losses are not functions of one and the same number ({said}). Draw them one by one"
    ports = ", ".join(drawn_losses[0].names)
    return (f"loss_curve: {drawn_losses[0].label} is not a function of one number ({said}); its ports are {ports}. "
            "Draw values of evaluate.value yourself")


def _line(loss, name, known, target, orders, chosen) -> Line:
    """Return a line in a direction, with the number of columns that the loss needs.

    Raises
    ------
    SpecError
        If the loss is not a function of that number, unless the user chose the direction.
    """
    if name not in known:
        raise SpecError("it is not a direction of this loss")
    direction, failure = known[name], None
    target = direction.target if target is None else target
    for columns in range(1, MOST_COLUMNS):
        wide = dataclasses.replace(loss, columns=columns)
        try:
            first = Line(wide, direction, target, 0)
            probed = first(_probes(direction))[0]
            break
        except FAILURES as error:
            failure = failure or error
    else:
        raise failure
    if not chosen and len(set(probed[np.isfinite(probed)].round(12))) < 2:
        raise SpecError("the loss is flat")
    if not chosen and not _is_function_of(first, probed):
        raise SpecError("the loss depends on more numbers")
    return Line(wide, direction, target, orders) if orders else first


def _probes(direction) -> np.ndarray:
    low, high = direction.span
    return low + (high - low) * np.array([0.07, 0.23, 0.41, 0.62, 0.78, 0.93])


def _is_function_of(line: Line, values) -> bool:
    """Return whether a loss is a function of an error or a margin: whether other targets change nothing."""
    direction, kept = line.direction, {ERROR: (1.0, -2.5), SIGNED_MARGIN: (-1.0,), YES_MARGIN: (0.0,)}
    others = [(direction, target) for target in kept.get(direction, ())]
    if direction is ANGLE:
        def longer(*arguments):
            found = ANGLE.ports(*arguments)
            return {**found, line.loss.first: 2 * found[line.loss.first]}

        others = [(dataclasses.replace(ANGLE, ports=longer), line.target)]
    moved = [Line(line.loss, where, target, 0)(_probes(direction))[0] for where, target in others]
    return all(np.allclose(values, found, rtol=1e-7, atol=1e-9) for found in moved)


def positive_only(line: Line) -> bool:
    """Return whether nothing happens at numbers below 0, as of a loss of rates or of counts."""
    slope = Line(line.loss, line.direction, line.target, 1)
    low, high = slope(-np.array([0.3, 1.1, 2.4]))[1], slope(np.array([0.3, 1.1, 2.4]))[1]
    return bool(np.all(~np.isfinite(low) | (low == 0)) and np.any(np.isfinite(high) & (high != 0)))
