"""A report as a page: text for a terminal, and HTML with figures in it that needs no other file."""

import html as markup
import importlib.util
import inspect
import io
import math
import re

from .. import plotting
from ..errors import SymlossError
from ..plotting import style

SMOOTH = {"jumps": "the value jumps", "kinks": "a kink", "curvature_jumps": "the curvature jumps"}
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
.symloss-report footer { opacity: 0.7; font-size: 0.85rem; }
"""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root {{ color-scheme: light dark; }} body {{ background: Canvas; color: CanvasText; margin: 0; }}</style>
</head><body>{body}</body></html>
"""
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


def derivatives(loss) -> list[str]:
    """Return first and second derivative in TeX, where they can be had."""
    return []


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
    lines += ["", f"  {report.formula}"] if report.formula else []
    lines += [f"  {one}" for one in report.derivatives]
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
    formulas = "".join(_formula(one) for one in [report.formula, *report.derivatives] if one)
    summary = markup.escape(report.summary.replace("`", ""))
    parts = [f"<h1>{markup.escape(report.name)}</h1>{names}<p>{summary}</p>", formulas,
             _figure(report), f"<table>{rows}</table>", _extremes(report)]
    footer = f"<footer>{SAID}</footer>" if report.domain is not None else ""
    return f'<style>{STYLE}</style><article class="symloss-report">{"".join(parts)}{footer}</article>'


def _formula(tex: str) -> str:
    """Return a formula as a picture in the colour of the text, or as text where it cannot be drawn."""
    picture = _drawn(tex) if "\\" in tex else None
    return picture or f"<pre>{markup.escape(tex)}</pre>"


def _drawn(tex: str) -> str | None:
    if not importlib.util.find_spec("matplotlib"):
        return None
    from matplotlib import mathtext

    sink = io.StringIO()
    try:
        mathtext.math_to_image(f"${_simple(tex)}$", sink, format="svg", dpi=150)
    except (ValueError, RuntimeError):
        return None  # TeX that matplotlib does not know
    return _inline(sink.getvalue(), f"formula: {tex}", "#000000")


def _simple(tex: str) -> str:
    """Return TeX with what matplotlib does not know spelt otherwise."""
    tex = re.sub(r"\\tfrac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", tex)
    for old, new in ((r"\tfrac", r"\frac"), (r"\bigl", ""), (r"\bigr", ""), (r"\Bigl", ""), (r"\Bigr", ""),
                     (r"\big", ""), (r"\Big", ""), (r"\lvert", "|"), (r"\rvert", "|"), (r"\lVert", r"\|"),
                     (r"\rVert", r"\|"), (r"\text{", r"\mathrm{"), (r"\operatorname{", r"\mathrm{"),
                     (r"\le ", r"\leq ")):
        tex = tex.replace(old, new)
    return tex


def _figure(report) -> str:
    """Return loss, gradient and curvature as a drawing, where matplotlib is there and the loss can be drawn."""
    if report.domain is None or not importlib.util.find_spec("matplotlib"):
        return ""
    from matplotlib.figure import Figure

    sink = io.StringIO()
    with style.context(None):  # colours that can be read on light and dark pages
        figure = Figure(figsize=(11, 3.4), layout="constrained")
        try:
            plotting.loss_curve(report.subject, ax=figure.subplots(1, 3))
        except (SymlossError, TypeError, ValueError, AssertionError, IndexError):
            return ""
        figure.savefig(sink, format="svg", transparent=True)
    return _inline(sink.getvalue(), f"loss, gradient and curvature of {report.name}")


def _inline(svg: str, label: str, black: str | None = None) -> str:
    """Return a drawing as a part of a page: without its head, and with a name for those who cannot see it."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{markup.escape(label)}"', 1)
    return f'<p style="color: inherit">{svg.replace(black, "currentColor") if black else svg}</p>'


def _extremes(report) -> str:
    if not report.extremes:
        return ""
    head = "<tr><th>prediction, in single precision</th><th>loss</th><th>slope</th></tr>"
    rows = "".join(f'<tr><td class="number">{one["prediction"]:.7g}</td><td class="number">{one["value"]:.4g}</td>'
                   f'<td class="number">{one["slope"]:.4g}</td></tr>' for one in report.extremes)
    return f"<table>{head}{rows}</table>"
