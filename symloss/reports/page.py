"""A report as a page: text for a terminal, and HTML with figures in it that needs no other file."""

import dataclasses
import html as markup
import importlib.util
import inspect
import io
import math
import re

from .. import plotting
from ..errors import SymlossError
from ..losses.formulas.from_sympy import text_of
from ..plotting import style

SMOOTH = {"jumps": "the value jumps", "kinks": "a kink", "curvature_jumps": "the curvature jumps"}
INK = "#010203"  # the color of formulas while they are drawn
STYLE = """
.symloss-report { font: 15px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.symloss-report h1 { font-size: 1.6rem; margin-bottom: 0; }
.symloss-report .names { opacity: 0.75; margin-top: 0.2rem; }
.symloss-report table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
.symloss-report td, .symloss-report th { text-align: left; vertical-align: top; padding: 0.35rem 0.9rem 0.35rem 0;
  border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
.symloss-report th { font-weight: 600; white-space: nowrap; }
.symloss-report td.number { font-variant-numeric: tabular-nums; }
.symloss-report pre { overflow-x: auto; padding: 0.7rem; background: rgba(128, 128, 128, 0.12); border-radius: 6px; }
.symloss-report svg { max-width: 100%; height: auto; }
.symloss-report .figures { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.symloss-report .figures svg { flex: 1 1 17rem; max-width: 24rem; }
@media (max-width: 40rem) { .symloss-report th { white-space: normal; } }
.symloss-report footer { opacity: 0.7; font-size: 0.85rem; }
"""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root {{ color-scheme: light dark; }} body {{ background: Canvas; color: CanvasText; margin: 0; }}</style>
</head><body>{body}</body></html>
"""
LONG = 160  # characters of a formula in a terminal
SAID = "Found with numbers on dense grids around the target in double precision; nothing is proven."


def formula(spec) -> str:
    """Return the formula of a loss: the text of a formula, or what its documentation has, in TeX."""
    if spec.definition is not None:
        return spec.definition.partition(" = ")[2]
    lines = (inspect.getdoc(spec.function) or "").splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith(".. math::")), None)
    if start is None:
        return ""
    found = [lines[start].removeprefix(".. math::").strip()]
    for line in lines[start + 1 :]:
        if line and not line.startswith(" "):
            break
        found.append(line.strip())
    return re.sub(r"\s+", " ", " ".join(found)).strip()


@dataclasses.dataclass(frozen=True)
class Written:
    """A formula in three ways: what it is, as plain text, and in TeX."""

    name: str
    text: str
    tex: str


def written(loss) -> list[Written]:
    """Return a `Loss` and its first two derivatives as formulas; none without the extra 'formulas'."""
    found = []
    try:
        formula_of = loss.formula()
        for order, name in enumerate(("loss", "d loss / d p", "d2 loss / d p2")):
            one = formula_of.differentiated(None, order) if order else formula_of
            found.append(Written(name, _plain(one.expression), one.latex()))
    except SymlossError:  # sympy is not there, or an operation has no formula
        pass
    return found


def _plain(expression) -> str:
    """Return an expression of sympy as the text of a formula where it can be one."""
    try:
        return text_of(expression)
    except SymlossError:
        return str(expression)


# ---------------------------------------------------------------------------------------------------------- facts


def _number(x) -> str:
    if x is None:
        return "none"
    return {math.inf: "infinity", -math.inf: "-infinity"}.get(x, f"{x:.4g}")


def _places(numbers) -> str:
    shown = ", ".join(f"{round(x, 3):g}" for x in numbers[:6])
    return shown + (", ..." if len(numbers) > 6 else "")


def facts(report) -> dict[str, str]:
    """Return the findings in words, by title."""
    options = ", ".join(f"{name}={value!r}" for name, value in report.options.items()) or "none"
    found = {"options": options, "unit": report.unit}
    if report.domain is None:
        return found | {"not looked at": report.reason}
    low, high = report.range
    found["prediction"] = report.axis
    found["range"] = f"{_number(low)} to {_number(high)}"
    found["smooth"] = _smooth(report)
    found["convex in the prediction"] = "yes" if report.convex else f"no, not from {report.not_convex}"
    found["minimum"] = _minimum(report)
    if report.domain in ("value", "positive value"):
        found["elicits"] = _elicits(report)
    if report.scoring is not None:
        found["Bernoulli targets"] = report.scoring.says
    found["large errors"] = _robust(report)
    found["single precision"] = _precision(report)
    found["not a number"] = "; ".join(map(str, report.nowhere)) or "nowhere"
    found["slope of exactly 0"] = "; ".join(map(str, report.flat)) or "in no interval"
    if report.speed is not None:
        found["time with gradient"] = f"{report.speed:.2g} times that of mse"
    return found


def _smooth(report) -> str:
    found = {words: getattr(report, field) for field, words in SMOOTH.items()}
    said = [f"{words} at {_places(places)}" for words, places in found.items() if places]
    return f"{'; '.join(said)} (target {report.target:g})" if said else "yes, value, slope and curvature have no jumps"


def _minimum(report) -> str:
    if report.minimum_at_target is None:
        return "scores have no target"
    if report.minimum_at_target:
        return "at the target"
    away = ", ".join(f"{best:.3g} for {target:g}" for target, best in report.minima.items() if best != target)
    return f"not at the target: the best prediction is {away}"


def _elicits(report) -> str:
    best = "the best constant prediction"
    return f"the {report.elicits}" if report.elicits and not report.elicits.startswith("between") else \
        f"{best} is {report.elicits}" if report.elicits else f"{best} has no name here"


def _robust(report) -> str:
    if report.robust == "unbounded":
        return "not robust: the slope grows without bound"
    most = f"the slope is at most {report.greatest_slope:.4g}"
    return f"robust, redescending: {most}, and vanishes for large errors" if report.robust == "redescending" else \
        f"robust: {most}"


def _precision(report) -> str:
    if report.overflow is not None:
        return f"overflows at predictions of about {report.overflow:.0e}"
    wrong = [one["prediction"] for one in report.extremes if not math.isfinite(one["value"] + one["slope"])]
    return f"not finite at the prediction {_places(wrong)}" if wrong else "stays finite"


def text(report) -> str:
    """Return the page as text."""
    title = report.name + (f" ({', '.join(report.aliases)})" if report.aliases else "")
    lines = [title, "=" * len(title), report.summary.replace("`", "")]
    formulas = {one.name: one.text if len(one.text) <= LONG else "(long, see report.derivatives)"
                for one in report.derivatives}
    formulas = {"loss": report.formula, **formulas} if report.subject.spec.definition or not formulas else formulas
    lines += ["", *(f"  {name} = {one}" for name, one in formulas.items() if one)]
    shown = facts(report)
    width = max(map(len, shown)) + 2
    lines += ["", *(f"{name.ljust(width)}{said}" for name, said in shown.items())]
    if report.domain is not None:
        lines += ["", SAID]
    return "\n".join(lines)


# ----------------------------------------------------------------------------------------------------------- HTML


def html(report) -> str:
    """Return a whole page."""
    return PAGE.format(title=markup.escape(f"{report.name} - symloss"), body=body(report))


def body(report) -> str:
    """Return the part of a page that a notebook shows."""
    names = f'<p class="names">{markup.escape(", ".join(report.aliases))}</p>' if report.aliases else ""
    rows = "".join(f"<tr><th>{markup.escape(name)}</th><td>{markup.escape(said)}</td></tr>"
                   for name, said in facts(report).items())
    formulas = "".join(_formula(one) for one in _shown(report) if one)
    summary = markup.escape(report.summary.replace("`", ""))
    parts = [f"<h1>{markup.escape(report.name)}</h1>{names}<p>{summary}</p>", formulas,
             _figure(report), f"<table>{rows}</table>", _extremes(report)]
    footer = f"<footer>{SAID}</footer>" if report.domain is not None else ""
    return f'<style>{STYLE}</style><article class="symloss-report">{"".join(parts)}{footer}</article>'


def _shown(report) -> list[str]:
    """Return the formulas of a page: that of the documentation, or of the user, and the derivatives."""
    found = [one.tex for one in report.derivatives]
    return [report.formula, *(found if report.subject.spec.definition else found[1:])]


def _formula(tex: str) -> str:
    """Return a formula as a picture in the color of the text, or as text where it cannot be drawn."""
    picture = _drawn(tex) if "\\" in tex else None
    return picture or f"<pre>{markup.escape(tex)}</pre>"


def _drawn(tex: str) -> str | None:
    if not importlib.util.find_spec("matplotlib"):
        return None
    from matplotlib import mathtext

    sink = io.StringIO()
    try:
        with style.context(None):  # transparent
            mathtext.math_to_image(f"${_simple(tex)}$", sink, format="svg", dpi=150, color=INK)
    except (ValueError, RuntimeError):
        return None  # TeX that matplotlib does not know
    return f"<p>{_inline(sink.getvalue(), f'formula: {tex}').replace(INK, 'currentColor')}</p>"


SPELT = ((r"\tfrac", r"\frac"), (r"\bigl", ""), (r"\bigr", ""), (r"\Bigl", ""), (r"\Bigr", ""), (r"\big", ""),
         (r"\Big", ""), (r"\left|", "|"), (r"\right|", "|"), (r"\lvert", "|"), (r"\rvert", "|"), (r"\lVert", r"\|"),
         (r"\rVert", r"\|"), (r"\operatorname{", r"\mathrm{"))


def _simple(tex: str) -> str:
    """Return TeX with what matplotlib does not know spelt otherwise."""
    tex = re.sub(r"\\begin{cases}(.*?)\\end{cases}", _cases, tex)
    tex = re.sub(r"\\t?frac\s*(\w)\s*(\w)", r"\\frac{\1}{\2}", tex)
    tex = re.sub(r"\\(le|ge|ne)(?![a-zA-Z])", r"\\\1q", tex)
    tex = re.sub(r"\\sqrt(\\\w+)", r"\\sqrt{\1}", tex)
    tex = re.sub(r"\\text{([^}]*)}", lambda found: r"\mathrm{" + found[1].replace(" ", r"\ ") + "}", tex)
    for old, new in SPELT:
        tex = tex.replace(old, new)
    return tex


def _cases(found) -> str:
    """Return cases in one line: matplotlib does not know several."""
    pieces = [piece.replace("&", r"\;").strip() for piece in found[1].split(r"\\")]
    return r"\{" + r";\;\; ".join(pieces) + r"\}"


def _figure(report) -> str:
    """Return loss, gradient and curvature as drawings, where matplotlib is there and the loss can be drawn."""
    if report.domain is None or not importlib.util.find_spec("matplotlib"):
        return ""
    from matplotlib.figure import Figure

    found = []
    for panel in plotting.curves.PANELS:
        sink = io.StringIO()
        with style.context(None):  # colors that can be read on light and dark pages
            figure = Figure(figsize=(3.7, 3.2), layout="constrained")
            try:
                plotting.loss_curve(report.subject, what=panel, ax=figure.subplots())
            except (SymlossError, TypeError, ValueError, AssertionError, IndexError):
                return ""
            figure.savefig(sink, format="svg", transparent=True)
        found.append(_inline(sink.getvalue(), f"{panel} of {report.name}"))
    return f'<div class="figures">{"".join(found)}</div>'


def _inline(svg: str, label: str) -> str:
    """Return a drawing as a part of a page: without its head, and with a name for those who cannot see it."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return svg.replace("<svg", f'<svg role="img" aria-label="{markup.escape(label)}"', 1)


def _extremes(report) -> str:
    if not report.extremes:
        return ""
    head = "<tr><th>prediction, in single precision</th><th>loss</th><th>slope</th></tr>"
    rows = "".join(f'<tr><td class="number">{one["prediction"]:.7g}</td><td class="number">{one["value"]:.4g}</td>'
                   f'<td class="number">{one["slope"]:.4g}</td></tr>' for one in report.extremes)
    return f"<table>{head}{rows}</table>"
