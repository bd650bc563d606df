"""Losses as curves: the loss, its gradient and its curvature against the prediction, the error and others."""

import numpy as np

from .._checks import is_number
from ..errors import SpecError, SymlossError, unknown
from . import style
from .examples import example
from .lines import Line, common, drawn, positive_only

CLASSES = 2  # of losses of classes, unless the user says
PANELS = ("loss", "gradient", "curvature")
POINTS = 401  # where a curve is computed, before jumps are looked for
ROUNDS = 40  # an interval is halved so often to tell a jump from a steep slope
PANEL = (4.0, 3.1)  # inches
INFINITE = 1e30  # losses that hold logarithms off 0 have such numbers instead of infinity
FAR = 20.0  # options below are thresholds that a picture of errors or margins may reach


def loss_curve(losses, *, against=None, target=None, what=None, between=None, at=None, classes=CLASSES, ax=None,
               path=None, theme=None, **options):
    """Plot losses, their gradients and their curvatures against the prediction, the error, the margin, and others.

    The values are computed by the compiled loss and its symbolic derivatives. Jumps are drawn as jumps, and curves end
    where values become infinite.

    Parameters
    ----------
    losses : str, function, LossSpec, Loss, or a list of these
        One or more losses. Several losses are drawn over each other.
    against : str or None
        The horizontal axis: ``'error'`` (prediction - target), ``'prediction'``, ``'margin'``, ``'probability'``,
        ``'logit'``, or a port of the loss. None: chosen from the declaration and the values of the loss. If targets
        are -1 and 1, the margin is the target times the score. For classes, it is the score of the target's class
        while all other scores are 0. Along a probability, the other classes share the rest equally. A loss that
        compares several items or steps is drawn in a small example, in which one number moves. The label of the axis
        says what moves and what does not.
    target : float or None
        The target, or the label of the class. None: 0 against the error, 1 against the prediction, or the first class.
    what : 'loss', 'gradient', 'curvature', a sequence of these, or None
        The panels. None: all three, or only the loss if `ax` is a single axes object.
    between : (float, float) or None
        Limits of the horizontal axis.
    at : dict or None
        Values of the other ports: ``{"variance": 0.5}``.
    classes : int
        Number of classes, for losses of classes.
    ax : matplotlib Axes, a sequence of them, or None
        The axes to draw in, one for each panel. None: a new figure.
    path : path or None
        File to save the figure to. Its extension chooses the format ('.svg', '.png', '.pdf').
    theme : 'light', 'dark' or None
        Colors for a light or a dark page. None: colors that are readable on both. Backgrounds are transparent.
    **options
        Hyperparameters of the losses, by name. Each loss receives those that it has.

    Returns
    -------
    Figure of matplotlib, or `ax` if given

    Raises
    ------
    UnknownNameError
        For an unknown loss, option, axis or panel.
    SpecError
        If a loss cannot be drawn as a function of one number, or if the losses have no axis in common.
    SymlossError
        If matplotlib is not installed.

    >>> figure = loss_curve(["mse", "mae", "huber"], delta=0.5)  # doctest: +SKIP
    """
    names = _panels(what, ax)
    require_numbers({"target": target, **(at or {})} if target is not None else at or {}, "loss_curve")
    lines = _lines(losses, options, against, target, names, at or {}, classes)
    low, high = _between(lines, between)
    with style.context(theme):
        layout = {"columns": len(names), "panel": PANEL} if len(names) > 1 else {}
        figure, panels = style.panels(names, ax, path, way_out="choose what to draw with what=...", **layout)
        for axes, name in zip(panels, names, strict=True):
            for number, line in enumerate(lines):
                look = style.line_style(number, theme)
                _draw(axes, *traced(line, PANELS.index(name), low, high), line.loss.label, look)
            _finish(axes, name, lines, (low, high))
        style.legend(figure, panels)
    return style.finished(figure, panels, path, ax)


def require_numbers(values: dict, who: str) -> None:
    """Raise SpecError unless targets and ports are finite numbers."""
    for name, value in values.items():
        if not is_number(value):
            raise SpecError(f"{who}: {name}={value!r} is not valid; it must be a finite number")


def _panels(what, ax) -> list[str]:
    if what is None:
        return ["loss"] if ax is not None and not hasattr(ax, "__len__") else list(PANELS)
    found = [what] if isinstance(what, str) else list(what)
    for name in found:
        if name not in PANELS:
            raise unknown("panel", name, PANELS)
    if not found:
        raise SpecError(f"loss_curve: what={what!r} is not valid; pass one or several of {', '.join(PANELS)}")
    return found


def _lines(forms, options, against, target, names, at, classes) -> list[Line]:
    """Return a line for each loss, all along one direction."""
    forms = list(forms) if isinstance(forms, list | tuple) else [forms]
    if not forms:
        raise SpecError("loss_curve: got no loss. Pass a name, such as 'huber', or a list of names")
    if not isinstance(classes, int) or classes < 2:
        raise SpecError(f"loss_curve: classes={classes!r} is not valid; it must be an integer of at least 2")
    orders = max(PANELS.index(name) for name in names)
    shared = [drawn(form, own, at=at, classes=classes) for form, own in _with_options(forms, options)]
    for loss in shared:
        if example(loss.spec) is not None and (target is not None or at or classes != CLASSES):
            raise SpecError(f"loss_curve: {loss.label} is drawn in a small example of its own; leave out target, at "
                            f"and classes")
    for port in at:
        known = sorted({name for loss in shared for name in loss.names if name != "target"})
        if port not in known:
            raise unknown("port in at:", port, known)
    return common(shared, against, target, orders)


def _with_options(forms, options):
    """Return each loss with those options that it has."""
    specs = [drawn(form, {}).spec for form in forms]
    known = [set() if spec is None else set(spec.options) for spec in specs]
    for name in options:
        if not any(name in names for names in known):
            raise unknown("argument or option of the losses:", name, {*set().union(*known), *_arguments()})
    return [(form, {n: v for n, v in options.items() if n in names}) for form, names in zip(forms, known, strict=True)]


def _arguments():
    code = loss_curve.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _between(lines, between) -> tuple[float, float]:
    if between is not None:
        try:
            low, high = map(float, between)
        except (TypeError, ValueError):
            low = high = np.nan
        if not low < high or not np.isfinite([low, high]).all():
            raise SymlossError(f"loss_curve: between={between!r} must be two finite numbers, the lower one first")
        return low, high
    low, high = lines[0].direction.span
    if lines[0].direction.label == "prediction" and lines[0].direction.of_data:
        target = lines[0].target
        if all(map(positive_only, lines)):
            return 0.0, 3.0 * (target if target > 0 else 1.0)
        return target - 3.0, target + 3.0
    if lines[0].direction.symbol in ("error", "margin"):  # far enough for thresholds, such as the delta of huber
        numbers = [o for line in lines for o in {**_defaults(line), **line.loss.options}.values() if is_number(o)]
        reach = max([high, *(1.4 * o for o in numbers if o < FAR)])
        return -reach, reach
    return low, high


def _defaults(line) -> dict:
    return {} if line.loss.spec is None else line.loss.spec.options


# ------------------------------------------------------------------------------------------------------- one curve


def traced(line: Line, order: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Return places and numbers of a curve: NaN where it is not finite, and between both sides of a jump.

    Parameters
    ----------
    order : int
        0 for the loss, 1 for its gradient, 2 for its curvature.
    """
    x = np.linspace(low, high, POINTS)
    x[1:-1] += 0.382 * (x[1] - x[0])  # away from round numbers, where kinks are: a value there belongs to neither side
    y = line(x)[order]
    y = np.where(np.abs(y) < INFINITE, y, np.nan)
    extra = [_sides(line, order, *_halved(line, order, x[i], x[i + 1])) for i in _suspects(y)]
    extra = [sides for sides in extra if sides is not None]
    if not extra:
        return x, y
    places = np.concatenate([[a, (a + b) / 2, b] for (a, b), _ in extra])
    numbers = np.concatenate([[ya, np.nan, yb] for _, (ya, yb) in extra])
    order_of = np.argsort(np.concatenate([x, places]), kind="stable")
    return np.concatenate([x, places])[order_of], np.concatenate([y, numbers])[order_of]


def _suspects(y) -> np.ndarray:
    """Return the intervals over which a curve changes far more than over those beside them."""
    step = np.abs(np.diff(y))
    around = np.fmax(np.r_[0, step[:-1]], np.r_[step[1:], 0])
    size = np.nanmax(y) - np.nanmin(y) if np.isfinite(y).any() else 0.0
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((step > 1e-3 * size) & (step > 2 * around + 1e-12) | (step > 0.2 * size))


def _halved(line, order, a, b) -> tuple[float, float]:
    """Return the ends of a tiny interval that has most of the change between `a` and `b`."""
    for _ in range(ROUNDS):
        middle = (a + b) / 2
        if not a < middle < b:
            break
        left, between, right = line([a, middle, b])[order]
        if not np.isfinite([left, between, right]).all():
            break
        a, b = (a, middle) if abs(between - left) >= abs(right - between) else (middle, b)
    return a, b


def _sides(line, order, a, b):
    """Return places and numbers of both sides of a jump; None where there is none."""
    values = line([a, b])[order]
    ends = line([a - 1e-6 * (1 + abs(a)), b + 1e-6 * (1 + abs(b))])[order]
    if not np.isfinite([*values, *ends]).all() or b - a > 1e-7 * (1 + abs(a)):
        return None
    if abs(ends[1] - ends[0]) < 100 * max(1e-9, abs(ends[1] - values[1]) + abs(values[0] - ends[0])):
        return None
    return (a, b), values


def _draw(axes, x, y, label, look) -> None:
    size = np.nanmax(y) - np.nanmin(y) if np.isfinite(y).any() else 0.0
    below = [np.interp(x, *line.get_data()) for line in axes.get_lines() if not line.get_label().startswith("_")]
    if any(np.allclose(y, other, rtol=1e-3, atol=1e-6 * size, equal_nan=True) for other in below):
        look = {**look, "linestyle": (0, (4, 4))}  # over a curve that is the same, which stays to be seen
    axes.plot(x, y, label=label, **look)
    for i in np.flatnonzero(np.isnan(y[1:-1])) + 1:
        if x[i + 1] - x[i - 1] < 1e-6 * (1 + abs(x[i])) and np.isfinite(y[[i - 1, i + 1]]).all():  # a jump
            axes.plot(x[[i - 1, i + 1]], y[[i - 1, i + 1]], color=look["color"], linestyle=":", linewidth=1, alpha=0.6)


def _finish(axes, name, lines, span) -> None:
    direction = lines[0].direction
    units = {line.loss.unit for line in lines}
    unit = units.pop() if len(units) == 1 else "unknown"
    symbol = direction.symbol
    text = {"loss": "loss", "gradient": f"gradient: d loss / d {symbol}",
            "curvature": f"curvature: d² loss / d {symbol}²"}[name]
    axes.set_ylabel(text + (f" ({unit})" if name == "loss" and unit not in ("unknown", "none") else ""))
    targets = {line.target for line in lines}
    beside = f", target {targets.pop():g}" if direction.symbol == "prediction" and len(targets) == 1 else ""
    note = f"\n({direction.note})" if direction.note else ""
    axes.set_xlabel(direction.label + beside + (" (unit of the target)" if direction.of_data else "") + note)
    axes.set_xlim(*span)
    drawn_numbers = np.concatenate([line.get_ydata() for line in axes.get_lines()])
    found = limits(drawn_numbers.astype(float))
    if found is not None:
        axes.set_ylim(*found)


def limits(y: np.ndarray) -> tuple[float, float] | None:
    """Return where an axis is cut, so that a pole leaves the rest of a curve to be seen; None: matplotlib's choice."""
    y = y[np.isfinite(y)]
    if not len(y):
        return None
    least, most = y.min(), y.max()
    low, high = np.percentile(y, [8, 92])
    room = max(high - low, 0.3 * max(abs(low), abs(high)), 1e-9)
    least, most = max(least, low - 1.3 * room), min(most, high + 1.3 * room)
    margin = 0.06 * max(most - least, 1e-9)
    return (least - margin, most + margin) if most - least > 1e-12 else (least - 1, most + 1)
