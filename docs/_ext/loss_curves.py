"""Curves and findings of all losses, kept in ``docs/generated/curves`` until the source of a loss changes.

Everything is computed in this process, in Python, without a compiler.
"""

import hashlib
import inspect
import json
import logging
import math
import sys
import warnings

import pytensor
from pages import DOCS

import symloss
from symloss.errors import SymlossError
from symloss.plotting import directions, examples, loss_curve, style
from symloss.reports import curve, elicitation, page, probe

FOLDER = DOCS / "generated" / "curves"
logging.getLogger("pytensor").setLevel(logging.WARNING)  # not the flags of compilers that it finds
POINTS = 60  # of the curve on a card
CARD = (120.0, 60.0)  # its width and height


def key(spec) -> str:
    """Return a name of everything that a curve depends on: the module of the loss, and what draws and looks."""
    modules = [sys.modules[spec.function.__module__], sys.modules[__name__], sys.modules["symloss.plotting.curves"],
               sys.modules["symloss.plotting.lines"], directions, examples, style, curve, elicitation, page, probe]
    text = "".join(map(inspect.getsource, modules)) + spec.name + symloss.__version__
    return hashlib.sha256(text.encode()).hexdigest()


def look(spec) -> dict:
    """Return what is known of a loss: 'facts' in words, 'card' (SVG) or None, whether 'drawn' to ``NAME.svg``."""
    file = FOLDER / f"{spec.name}.json"
    if file.exists():
        known = json.loads(file.read_text(encoding="utf-8"))
        if known["key"] == key(spec) and (not known["drawn"] or file.with_suffix(".svg").exists()):
            return known
    FOLDER.mkdir(parents=True, exist_ok=True)
    with pytensor.config.change_flags(mode="FAST_COMPILE"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # poles are part of curves
        found = {"key": key(spec), "facts": facts(spec), **draw(spec)}
    file.write_text(json.dumps(found), encoding="utf-8")
    return found


def facts(spec) -> dict:
    """Return how a loss behaves, by title."""
    report = symloss.report(spec.name, speed=False)
    if report.domain is None:
        return {}
    found = page.facts(report)
    return {title: said for title, said in found.items() if title not in ("options", "unit", "single precision")}


def draw(spec) -> dict:
    """Draw the loss with its gradient, and return the small curve for a card; neither if it is no curve."""
    from matplotlib import pyplot, rc_context

    try:
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": spec.name, "path.simplify_threshold": 0.5,
                         "font.family": "sans-serif", "font.sans-serif": ["system-ui", "DejaVu Sans"]}):
            figure = loss_curve(spec.name, what=("loss", "gradient"))
            for axes in figure.axes:
                for line in axes.get_lines():
                    thin(line)
            for legend in figure.legends:
                legend.remove()
            figure.savefig(FOLDER / f"{spec.name}.svg", format="svg", metadata={"Date": None})
    except SymlossError:
        return {"drawn": False, "card": None}
    axes = figure.axes[0]
    drawn = {"drawn": True, "card": card(axes.get_lines()[0], axes.get_ylim())}
    pyplot.close(figure)
    return drawn


def thin(line) -> None:
    """Leave out points of a curve that lie on the line between their neighbors."""
    x, y = line.get_data()
    if len(x) < 3:
        return
    size = max((float(v) for v in y if math.isfinite(v)), default=1.0) - min((float(v) for v in y if math.isfinite(v)),
                                                                             default=0.0)
    kept = [0]
    for i in range(1, len(x) - 1):
        a, b = kept[-1], i + 1
        between = y[a] + (y[b] - y[a]) * (x[i] - x[a]) / (x[b] - x[a]) if x[b] > x[a] else math.nan
        if not abs(between - y[i]) < 5e-4 * size or i - a > 20:
            kept.append(i)
    kept.append(len(x) - 1)
    line.set_data([x[i] for i in kept], [y[i] for i in kept])


def card(line, limits) -> str:
    """Return a curve as a small SVG in the colors of its page."""
    x, y = line.get_data()
    (low, high), (width, height) = limits, CARD
    step = max(1, len(x) // POINTS)
    parts, pen = [], "M"
    for i in [*range(0, len(x) - 1, step), len(x) - 1]:
        level = (float(y[i]) - low) / (high - low)
        if not -0.02 <= level <= 1.02:  # also where it is no number
            pen = "M"
            continue
        across = (float(x[i]) - float(x[0])) / (float(x[-1]) - float(x[0]))
        parts.append(f"{pen}{3 + across * (width - 6):.1f} {height - 3 - level * (height - 6):.1f}")
        pen = "L"
    return (f'<svg class="loss-card" viewBox="0 0 {width:.0f} {height:.0f}" aria-hidden="true">'
            f'<path d="{"".join(parts)}"/></svg>')
