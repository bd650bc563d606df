"""Predictions against targets: confusion matrix, calibration of probabilities, and residuals."""

import numpy as np

from ..data import as_array
from ..errors import DataError, SpecError
from . import style

BINS = 10
FEW = 30  # classes up to which every cell has its number
OPAQUE = 300  # points up to which a cloud of points is opaque


def confusion(prediction, target, *, names=None, normalize=None, ax=None, path=None, theme=None):
    """Plot the confusion matrix: the number of items of each class, by predicted class.

    Parameters
    ----------
    prediction : array (n,) or (n, k)
        Predicted labels, or a score for each class. The class with the highest score is the predicted one.
    target : array (n,)
        True labels, or one-hot rows (n, k).
    names : sequence of str or None
        Names of the classes, in the order of their labels.
    normalize : 'target', 'prediction' or None
        'target' shows fractions of the items of each class, 'prediction' fractions of the items that were predicted as
        each class. None: show counts.
    ax, path, theme
        As in `loss_curve`.

    Returns
    -------
    Figure of matplotlib, or `ax` if given

    Raises
    ------
    DataError
        If the lengths differ, or there are no items.
    """
    found, wanted = _labels(prediction, "prediction"), _labels(target, "target")
    _same_length("confusion", found, wanted)
    classes = np.unique(np.concatenate([found, wanted, np.arange(len(names)) if names is not None else found[:0]]))
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(counts, (np.searchsorted(classes, wanted), np.searchsorted(classes, found)), 1)
    if normalize not in (None, "target", "prediction"):
        raise SpecError(f"confusion: normalize={normalize!r} is not valid; it must be 'target', 'prediction' or None")
    if normalize is not None:
        sums = counts.sum(axis=1 if normalize == "target" else 0, keepdims=True)
        counts = np.divide(counts, sums, out=np.zeros_like(counts), where=sums > 0)
    titles = [str(c) for c in classes] if names is None else list(map(str, names))
    if len(titles) != len(classes):
        raise DataError(f"confusion: got {len(titles)} names for {len(classes)} classes. Pass one name for each")
    with style.context(theme):
        figure, (axes,) = style.panels(["confusion"], ax, path, way_out="pass one Axes")
        _cells(axes, counts, titles, normalize, style.colors(theme)[0])
    return style.finished(figure, [axes], path, ax)


def _cells(axes, counts, titles, normalize, color) -> None:
    image = axes.imshow(counts, cmap=style.shades(color), vmin=0)
    axes.set_xticks(range(len(titles)), titles, rotation=45 if max(map(len, titles)) > 3 else 0)
    axes.set_yticks(range(len(titles)), titles)
    axes.set_xlabel("prediction")
    axes.set_ylabel("target")
    axes.grid(visible=False)
    if len(titles) <= FEW:
        for (row, column), value in np.ndenumerate(counts):
            text = f"{value:.2f}" if normalize else f"{value:.0f}"
            deep = value > 0.5 * counts.max()
            axes.text(column, row, text, ha="center", va="center", fontsize="small",
                      **({"color": "white"} if deep else {}))
    axes.get_figure().colorbar(image, ax=axes, label=f"share of the {normalize}" if normalize else "items")


def calibration(prediction, target, *, bins: int = BINS, ax=None, path=None, theme=None):
    """Plot a calibration curve: how often events happen, against the probability that was predicted for them.

    A model is calibrated if its points lie on the diagonal. The bars at the bottom show the number of predictions for
    each point. The legend shows the expected calibration error: the mean distance from the diagonal over all
    predictions.

    Parameters
    ----------
    prediction : array (n,), (n, 1) or (n, k)
        Probabilities of class 1, or of k classes. For k classes, only the highest probability of each item is used.
    target : array
        Targets of 0 and 1, or class labels (n,).
    bins : int
        Number of intervals from 0 to 1.
    ax, path, theme
        As in `loss_curve`.

    Returns
    -------
    Figure of matplotlib, or `ax` if given

    Raises
    ------
    DataError
        If predictions are not probabilities, or if the lengths differ.
    """
    p, true = _probabilities(prediction, target)
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise SpecError(f"calibration: bins={bins!r} is not valid; it must be an integer of at least 1")
    place = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    full = count > 0
    mean = np.bincount(place, p, bins)[full] / count[full]
    share = np.bincount(place, true, bins)[full] / count[full]
    error = np.sum(count[full] * np.abs(mean - share)) / len(p)
    with style.context(theme):
        figure, (axes,) = style.panels(["calibration"], ax, path, way_out="pass one Axes")
        palette = style.colors(theme)
        axes.plot([0, 1], [0, 1], color=style.INK[theme], linestyle=":", linewidth=1, label="calibrated")
        axes.bar((np.arange(bins) + 0.5) / bins, 0.25 * count / count.max(), 0.9 / bins, color=palette[0], alpha=0.2)
        axes.plot(mean, share, "o-", color=palette[0], label=f"predictions (error {error:.3f})")
        axes.set(xlabel="predicted probability", ylabel="share that comes true", xlim=(0, 1), ylim=(0, 1))
        axes.legend()
    return style.finished(figure, [axes], path, ax)


def residuals(prediction, target, *, names=None, ax=None, path=None, theme=None):
    """Plot the residuals, prediction - target, against the predictions.

    The dashed lines enclose 90 % of the residuals. A trend, or a growing spread, shows that a better model could learn
    more.

    Parameters
    ----------
    prediction, target : arrays (n,) or (n, d)
        Predictions and targets in the same unit. NaN in the target is left out.
    names : sequence of str or None
        Names of the d columns.
    ax, path, theme
        As in `loss_curve`.

    Returns
    -------
    Figure of matplotlib, or `ax` if given

    Raises
    ------
    DataError
        If the shapes differ.
    """
    p, t = (_table(a, who) for a, who in ((prediction, "prediction"), (target, "target")))
    if p.shape != t.shape:
        raise DataError(f"residuals: prediction has shape {p.shape}, but target has {t.shape}. Pass equal shapes")
    titles = [None] * p.shape[1] if names is None else list(names)
    if len(titles) != p.shape[1]:
        raise DataError(f"residuals: got {len(titles)} names for {p.shape[1]} columns. Pass one for each")
    with style.context(theme):
        figure, (axes,) = style.panels(["residuals"], ax, path, way_out="pass one Axes")
        kept = []
        for column, title in enumerate(titles):
            counts = np.isfinite(p[:, column]) & np.isfinite(t[:, column])
            error = (p - t)[counts, column]
            kept.append(error)
            axes.scatter(p[counts, column], error, s=10, alpha=0.9 if len(error) < OPAQUE else 0.35, linewidths=0,
                         color=style.line_style(column, theme)["color"], label=title)
        axes.axhline(0, color=style.INK[theme], linewidth=1)
        for edge in np.quantile(np.concatenate(kept), [0.05, 0.95]) if sum(map(len, kept)) else ():
            axes.axhline(edge, color=style.INK[theme], linewidth=1, linestyle="--")
        axes.set(xlabel="prediction (unit of the target)", ylabel="error: prediction − target")
        if names is not None:
            axes.legend()
    return style.finished(figure, [axes], path, ax)


# -------------------------------------------------------------------------------------------------------------- arrays


def _labels(values, who) -> np.ndarray:
    found = as_array(values, f"confusion: {who}")
    if found.ndim == 2 and found.shape[1] > 1:
        return found.argmax(axis=1)
    found = found.reshape(-1)
    if found.dtype.kind == "f" and not np.array_equal(found, found.astype("int64")):
        if found.size and np.nanmin(found) >= 0 and np.nanmax(found) <= 1:
            return (found > 0.5).astype("int64")  # probabilities of class 1
        raise DataError(f"confusion: {who} has numbers that are not labels. Pass labels, or a score for each class")
    return found.astype("int64") if found.dtype.kind in "fb" else found


def _same_length(who, a, b) -> None:
    if len(a) != len(b) or not len(a):
        raise DataError(f"{who}: got {len(a)} predictions for {len(b)} targets. Pass one for each, and at least one")


def _probabilities(prediction, target):
    p, t = as_array(prediction, "calibration: prediction"), as_array(target, "calibration: target")
    if p.ndim == 2 and p.shape[1] > 1:
        wanted = t.argmax(axis=1) if t.ndim == 2 and t.shape[1] > 1 else t.reshape(-1)
        p, true = p.max(axis=1), p.argmax(axis=1) == wanted if len(p) == len(wanted) else wanted
    else:
        p, true = p.reshape(-1), t.reshape(-1)
    _same_length("calibration", p, true)
    if not np.isfinite(p).all() or p.min() < 0 or p.max() > 1:
        raise DataError(f"calibration: predictions range from {np.min(p):.3g} to {np.max(p):.3g}, but must be "
                        f"probabilities. Pass the output of a sigmoid or a softmax")
    if not np.isin(true, (0, 1)).all():
        raise DataError("calibration: the targets are not 0 and 1. For several classes, pass a probability for each "
                        "class")
    return p.astype("float64"), true.astype("float64")


def _table(values, who) -> np.ndarray:
    found = as_array(values, f"residuals: {who}")
    if found.dtype.kind not in "biuf" or found.ndim not in (1, 2):
        raise DataError(f"residuals: {who} has dtype {found.dtype} and {found.ndim} axes. Pass numbers (n,) or (n, d)")
    return found.reshape(len(found), -1).astype("float64")
