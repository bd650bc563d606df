"""Figures, with matplotlib (the extra 'plot')."""

from .errors import SymlossError


def _pyplot():
    try:
        import matplotlib.figure
    except ImportError:
        raise SymlossError("plot: matplotlib is not installed; pip install 'symloss[plot]'") from None
    return matplotlib.figure


def history(records, path=None):
    """Draw loss and metrics of training and validation by epoch, and return the matplotlib figure.

    Metrics that are no single number are left out.

    Parameters
    ----------
    records : list of dict
    path : path or None
        Where to write the figure to, if at all.
    """
    if not records:
        raise SymlossError("plot: the history is empty; train first")
    names = list(dict.fromkeys(["loss", *(name for record in records for name in _metrics(record))]))
    figure = _pyplot().Figure(figsize=(5 * len(names), 3.6), layout="constrained")
    epochs = range(1, len(records) + 1)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, label in ((name, "training"), (f"valid_{name}", "validation")):
            points = [(e, r[key]) for e, r in zip(epochs, records, strict=True) if isinstance(r.get(key), float)]
            if points:
                axes.plot(*zip(*points, strict=True), label=label, marker="." if len(points) < 30 else None)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
        axes.legend()
    if path is not None:
        figure.savefig(path, dpi=120)
    return figure


def _metrics(record):
    """Yield the names of the figures that are no part of the total."""
    terms = {"loss", "seconds", *record.get("weighted", ()), *record.get("valid_weighted", ())}
    for key, value in record.items():
        name = key.removeprefix("valid_")
        if isinstance(value, float) and name not in terms:
            yield name
