"""Figures of a training: losses, metrics and weights by epoch."""

import numpy as np

from ..errors import SymlossError, unknown
from ..objective.records import beside, has_terms, parts
from . import style

POINTS = 30  # fewer of them are marked
NOTES = 4  # at most so many changes of weights are written out


def history(records, path=None, *, ax=None, names=None, theme=None):
    """Plot the learning curves of a training and return the matplotlib figure, or `ax` if given.

    The panel of the loss also shows its terms, each times its weight, so that the lines add up to the total. Dotted
    lines mark changes of weights, and shaded ranges mark epochs in which weights changed all the time. Values of the
    validation data are dashed. Metrics that are not a single number are left out.

    Parameters
    ----------
    records : list of dict
    path : path or None
        File to save the figure to. Without a path, the figure belongs to pyplot, so notebooks and ``plt.show()`` show
        it.
    ax : matplotlib Axes, a sequence of them, or None
        The axes to draw in, one for each of `names`. For a single axes object, the default of `names` is 'loss'. None:
        a new figure.
    names : str, list of str or None
        The panels to draw: 'loss', and names of metrics. None: all of them.
    theme : 'light', 'dark' or None
        Colors for a light or a dark page. None: colors that are readable on both.

    Raises
    ------
    SymlossError
        If there are no records, or matplotlib is not installed.
    UnknownNameError
        For a name that no record has.
    """
    if not records:
        raise SymlossError("plot: the history is empty. Train first")
    names = _names(records, names, ax)
    with style.context(theme):
        figure, panels = style.panels(names, ax, path)
        for axes, name in zip(panels, names, strict=True):
            _panel(axes, records, name, style.colors(theme))
    return style.finished(figure, panels, path, ax)


def losses(epochs, by_epoch, validation=None, by_step=None, ends=(), path=None, *, ax=None, best=None,
           theme=None):
    """Plot losses in one panel: a thin line for steps, a line for epochs, and a dashed line for validations.

    Parameters
    ----------
    epochs : sequence of int
        Numbers of the epochs.
    by_epoch, validation, by_step : arrays or None
        Losses: one per epoch (NaN for epochs without validation), and one per step.
    ends : sequence of int
        Number of steps that were done by the end of each epoch.
    path, ax, theme
        As in `history`.
    best : int or None
        Number of the best epoch, to be marked.

    Returns
    -------
    Figure, or `ax` if given

    Raises
    ------
    SymlossError
        If there is no epoch, or matplotlib is not installed.
    """
    if not len(epochs):
        raise SymlossError("plot_losses: there are no epochs. Train first")
    with style.context(theme):
        figure, (axes,) = style.panels(["loss"], ax, path)
        palette = style.colors(theme)
        if by_step is not None and len(by_step):
            places = np.interp(np.arange(1, len(by_step) + 1), [0, *ends], [epochs[0] - 1, *epochs])
            axes.plot(places, by_step, color=palette[0], alpha=0.3, linewidth=0.8, label="step")
        marker = "." if len(epochs) < POINTS else None
        axes.plot(epochs, by_epoch, color=palette[0], marker=marker, label="epoch")
        if validation is not None:
            kept = np.isfinite(validation)
            axes.plot(np.asarray(epochs)[kept], validation[kept], "--", color=palette[1], marker=marker,
                      label="validation")
        if best is not None:
            axes.axvline(best, color="gray", linestyle=":", linewidth=1, label="best epoch")
        _finish(axes, "loss")
    return style.finished(figure, [axes], path, ax)


def weights_over_time(records, path=None, *, ax=None, theme=None):
    """Plot the weight of each term of the objective by epoch.

    Parameters
    ----------
    records : list of dict
        A history.
    path, ax, theme
        As in `history`.

    Returns
    -------
    Figure, or `ax` if given

    Raises
    ------
    SymlossError
        If there are no records, records have no weights, or matplotlib is not installed.
    """
    by_epoch = [record.get("weights") or {} for record in records]
    names = list(dict.fromkeys(name for weights in by_epoch for name in weights))
    if not names:
        raise SymlossError("weights_over_time: no record has weights. Train first, with at least one loss")
    with style.context(theme):
        figure, (axes,) = style.panels(["weights"], ax, path, way_out="pass one Axes")
        for number, name in enumerate(names):
            values = [float(w[name]) if name in w else None for w in by_epoch]
            _draw(axes, values, label=name, **style.line_style(number, theme))
        _finish(axes, "weight")
    return style.finished(figure, [axes], path, ax)


def _names(records, asked, ax) -> list[str]:
    known = list(dict.fromkeys(["loss", *(name for r in records for p in ("", "valid_") for name in beside(r, p))]))
    if asked is None:
        return ["loss"] if ax is not None and not hasattr(ax, "__len__") else known
    asked = [asked] if isinstance(asked, str) else list(asked)
    for name in asked:
        if name not in known:
            raise unknown("name to plot:", name, known)
    return asked


# -------------------------------------------------------------------------------------------------------------- panels


def _panel(axes, records, name, palette) -> None:
    terms = _terms(records) if name == "loss" else {}
    _draw(axes, [r.get(name) for r in records], palette[0], label="total" if terms else "training")
    for number, (term, label) in enumerate(terms.items(), start=2):
        for prefix, look in (("", {"label": label}), ("valid_", {"linestyle": "--"})):
            values = [r.get(f"{prefix}weighted", {}).get(term) for r in records]
            _draw(axes, values, palette[number % len(palette)], linewidth=1, **look)
    _draw(axes, [r.get(f"valid_{name}") for r in records], palette[1], label="validation", linestyle="--")
    if name == "loss":
        _mark_changes(axes, records)
    _finish(axes, name)


def _finish(axes, name) -> None:
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epoch")
    axes.set_ylabel(name)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def _draw(axes, values, color, **look) -> None:
    points = [(epoch, value) for epoch, value in enumerate(values, start=1) if isinstance(value, float)]
    if points:
        axes.plot(*zip(*points, strict=True), color=color, marker="." if len(points) < POINTS else None, **look)


def _terms(records) -> dict[str, str]:
    """Return the label of each term, or none where the total says it all."""
    found: dict = {}
    for part in (part for record in records if has_terms(parts(record)) for part in parts(record)):
        found.setdefault(part.name, []).append(part)
    return {name: same[0].title if len({part.weight for part in same}) == 1 else f"{name}, weighted"
            for name, same in found.items()}


def _mark_changes(axes, records) -> None:
    """Mark where weights changed: one line for a change, and a shaded stretch for several in a row."""
    weights = [{part.name: part.weight for part in parts(record)} for record in records]
    changes = [i for i in range(1, len(weights)) if weights[i] != weights[i - 1]]
    runs: list = []
    for i in changes:
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    for run in runs:
        first, last = run[0] + 0.5, run[-1] + 0.5  # between two epochs
        if first == last:
            axes.axvline(first, color="gray", linestyle=":", linewidth=1)
        else:
            axes.axvspan(first, last, color="gray", alpha=0.12, linewidth=0)
        if len(runs) <= NOTES:
            text = _change(weights[run[0] - 1], weights[run[-1]])
            axes.annotate(text, (first, 1), xycoords=("data", "axes fraction"), xytext=(0, 2), va="bottom",
                          ha="center", textcoords="offset points", fontsize="x-small", color="gray")


def _change(before: dict, after: dict) -> str:
    """Return what became of weights: ``mse 0.5 → 2``, and terms that came or went."""
    moved = [f"{n} {before[n]:.3g} → {w:.3g}" for n, w in after.items() if n in before and w != before[n]]
    came, went = [f"+ {n}" for n in after if n not in before], [f"- {n}" for n in before if n not in after]
    return ", ".join(moved + came + went)
