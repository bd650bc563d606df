"""A loss over two of its arguments: ports, or a port and an option."""

import dataclasses

import numpy as np
import pytensor.tensor as pt

from ..compiling import function, resolve
from ..errors import SpecError, unknown
from ..stability.rewriting import stabilise
from . import style
from .curves import INFINITE, limits, require_numbers
from .lines import FAILURES, PORTS, drawn

POINTS = 121  # on each side
FEW_POINTS = 41  # on each side, where every value is computed by itself
LEVELS = 18


def loss_surface(loss, over=None, *, between=None, at=None, ax=None, path=None, theme=None, levels=LEVELS, **options):
    """Plot a loss against two of its ports or options, as a map with contour lines.

    Parameters
    ----------
    loss : str, function, LossSpec or Loss
        A loss of numbers. A loss of class labels has no second axis.
    over : (str, str) or None
        The horizontal and the vertical axis: ports, or options of the loss. None: its first two ports.
    between : dict or None
        Limits of the axes, by name: ``{"variance": (0.1, 4)}``.
    at : dict or None
        Values of the other ports. The default is 0, and 1 for variances and scales.
    ax, path, theme
        As in `loss_curve`.
    levels : int
        Number of contour lines.
    **options
        Hyperparameters of the loss.

    Returns
    -------
    Figure of matplotlib, or `ax` if given

    Raises
    ------
    UnknownNameError
        For an unknown loss, port or option.
    SpecError
        If the loss cannot be drawn as a function of these two numbers.

    >>> figure = loss_surface("gaussian_nll", ("mean", "variance"))  # doctest: +SKIP
    """
    require_numbers(at or {}, "loss_surface")
    found = drawn(loss, options, at=dict(at or {}))
    names = _names(found, over)
    for port in at or {}:
        if port not in found.names:
            raise unknown("port in at:", port, found.names)
    points = FEW_POINTS if found.alone else POINTS
    x, y = (np.linspace(*_span(found, name, between or {}), points) for name in names)
    z = _values(found, names, *np.meshgrid(x, y))
    with style.context(theme):
        figure, (axes,) = style.panels(["surface"], ax, path, way_out="pass one Axes")
        lowest, highest = limits(z.ravel()) or (0.0, 1.0)
        held = np.clip(z, lowest, highest)
        filled = axes.contourf(x, y, held, levels=levels, cmap="viridis", alpha=0.9)
        axes.contour(x, y, held, levels=levels, colors="white", linewidths=0.4, alpha=0.5)
        unit = "" if found.unit in ("unknown", "none") else f" ({found.unit})"
        axes.get_figure().colorbar(filled, ax=axes, label=f"{found.label}{unit}")
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
        axes.grid(visible=False)
    return style.finished(figure, [axes], path, ax)


def _names(found, over) -> list[str]:
    known = [*found.names, *(found.spec.options if found.spec is not None else {})]
    if len(known) < 2:
        raise SpecError(f"loss_surface: {found.label} has one port and no option, so there is no second axis; draw it "
                        f"with loss_curve")
    names = list(found.names[:2]) if over is None else [over] if isinstance(over, str) else list(over)
    for name in names:
        if name not in known:
            raise unknown(f"port or option of {found.label}:", name, known)
    if len(names) != 2 or names[0] == names[1] or not set(names) & set(found.names):
        raise SpecError(f"loss_surface: over={over!r} is not valid; pass two of {', '.join(known)}, one of them a port")
    return names


def _span(found, name, between) -> tuple[float, float]:
    for key in between:
        if key not in (*found.names, *(found.spec.options if found.spec else {})):
            raise unknown("axis in between:", key, found.names)
    if name in between:
        try:
            low, high = map(float, between[name])
        except (TypeError, ValueError):
            low = high = np.nan
        if not low < high or not np.isfinite([low, high]).all():
            raise SpecError(f"loss_surface: between={between!r} must be two finite numbers for each axis, the "
                            f"lower one first")
        return low, high
    if name in found.names:
        unit = found.spec is not None and found.spec.activation == "sigmoid"
        return (0.05, 3.0) if name in PORTS else (0.001, 0.999) if unit else (-3.0, 3.0)
    default = found.spec.options[name]
    if not isinstance(default, int | float) or isinstance(default, bool) or not default:
        raise SpecError(f"loss_surface: {name}={default!r} has no usual range. Pass between={{{name!r}: (low, high)}}")
    wanted = found.spec.ranges.get(name)
    low, high = getattr(wanted, "ends", (-np.inf, np.inf))
    return max(low + 1e-3, default * 0.1), min(high - 1e-3, default * 3)


def _values(found, names, x, y) -> np.ndarray:
    """Return the loss at all pairs of numbers, NaN where it is not finite."""
    first, second = (pt.tensor(name, dtype="float64", shape=(1 if found.alone else None,)) for name in names)
    moved = dict(zip(names, (first[:, None], second[:, None]), strict=True))
    ports = {port: pt.zeros_like(first[:, None]) + found.at.get(port, PORTS.get(port, 0.0)) for port in found.names}
    ports |= {name: tensor for name, tensor in moved.items() if name in found.names}
    options = {name: tensor for name, tensor in moved.items() if name not in found.names}
    wide = dataclasses.replace(found, options={**found.options, **options})
    try:
        values = wide.values(ports)
        if wide.stable:
            (values,), _ = stabilise([values])
        compiled = function([first, second], [values], resolve("PYTHON"))
        if wide.alone:
            z = [np.sum(compiled(a[None], b[None])[0]) for a, b in zip(x.ravel(), y.ravel(), strict=True)]
        else:
            (z,) = compiled(x.ravel(), y.ravel())
    except FAILURES as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise SpecError(f"loss_surface: {found.label} is not a function of {names[0]} and {names[1]} "
                        f"({reason})") from None
    z = np.asarray(z).reshape(x.shape)
    return np.where(np.abs(z) < INFINITE, z, np.nan)
