"""The gallery of losses, by task and by name, and one page for each loss."""

import inspect
import re

import loss_curves
import loss_tasks
from pages import write, write_all

from symloss import losses
from symloss.losses.conventions import systems
from symloss.plotting.examples import example
from symloss.reports import page as report_page

TARGETS = {
    "same": "numbers in the shape of the prediction",
    "label": "class indices, with one axis less than the prediction",
    "label or distribution": "class indices with one axis less, or a probability for every class",
    "sign": "-1 or 1, in the shape of the prediction",
    "sign or label": "-1 or 1 in the shape of the prediction, or class indices with one axis less",
    "none": "none",
}
LONG = 90  # characters of a formula that is written in several lines
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "See Also", "Examples")
TITLES = {"elicits": "best constant prediction", "Bernoulli targets": "for targets 0 and 1", "not a number": "NaN",
          "slope of exactly 0": "zero gradient"}
SYSTEMS = {"keras": "Keras", "torch": "PyTorch", "optax": "optax", "sklearn": "scikit-learn", "numpy_ml": "numpy_ml",
           "wolfram": "Wolfram Language", "lasagne": "Lasagne", "theanets": "theanets"}


def sections(spec) -> dict:
    """Return a docstring in parts by heading; what stands before the first heading is ''."""
    found, name = {"": []}, ""
    lines = (inspect.getdoc(spec.function) or "").splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line in SECTIONS and set(below) == {"-"}:
            name = line
            found[name] = []
        elif line.startswith(">>> ") and name != "Examples":
            name = "Examples"
            found.setdefault(name, []).append(line)
        elif not (set(line) == {"-"} and line):
            found[name].append(line)
    return {title: "\n".join(part).strip() for title, part in found.items()}


def markdown(text: str) -> str:
    """Return a text of a docstring as Markdown: names in single quotes of reStructuredText become links or code."""
    def linked(match):
        name = match[1]
        return f"[`{name}`]({name}.md)" if name in losses.names() else f"`{name}`"

    text = re.sub(r"``(.+?)``", r"`\1`", re.sub(r"(?<!`)`([^`]+)`(?!`)", linked, text))
    return re.sub(r"(?<=[\w)])\*(?=[\w(])|\|", r"\\\g<0>", text)


def elsewhere(spec) -> dict:
    """Return the names that the loss has in other libraries, by their names for `like`."""
    return {name: systems.get(name).get(spec.name).own for name in systems if spec.name in set(systems.get(name))}


def names_of(spec) -> list[str]:
    """Return the other names of a loss here and elsewhere, each once."""
    found = [*losses.registry.aliases(spec.name), *elsewhere(spec).values()]
    return list(dict.fromkeys(name for name in found if name != spec.name))


# ------------------------------------------------------------------------------------------------------------ one page


def page(spec) -> str:
    """Return the page of a loss."""
    text, known = sections(spec), loss_curves.look(spec)
    other = [re.sub(r"[;!]", " ", name) for name in names_of(spec)]
    entries = [f"   single: {name}" for name in [spec.name, *other]]
    index = ["```{eval-rst}", ".. index::", *entries, "```", ""]
    parts = ["---", "orphan: true", "---", f"(loss-{spec.name})=", f"# {spec.name}", "", *index]
    parts += [markdown(first_sentence(spec)), ""]
    parts += [f"Also called {', '.join(f'`{name}`' for name in names_of(spec))}.", ""] if other else []
    formula = report_page.formula(spec)
    parts += ["```{math}", in_lines(formula) if len(formula) > LONG else formula, "```", ""] if formula else []
    parts += [markdown(behind(text[""])), ""] if behind(text[""]) else []
    parts += curve_of(spec, known)
    parts += ["## When to use it", "", *when(spec, text), ""]
    parts += ["## How it behaves", "", *behaviour(spec, known)]
    parts += ["## How to call it", "", *call(spec), "### Ports and options", "", "```{eval-rst}",
              f".. autofunction:: {path(spec)}", "```", ""]
    parts += other_libraries(spec)
    parts += ["## Reference", "", markdown(text["References"]), ""] if text.get("References") else []
    return "\n".join([*parts, "[All losses](../losses.md)", ""])


def first_sentence(spec) -> str:
    """Return the first line of the docstring, as a sentence about the loss."""
    return spec.summary


def behind(text: str) -> str:
    """Return what a docstring says after its first line, without the formula."""
    lines, kept, inside = text.splitlines()[1:], [], False
    for line in lines:
        if line.startswith(".. math::"):
            inside = True
        elif inside and line and not line.startswith(" "):
            inside = False
        if not inside:
            kept.append(line)
    return "\n".join(kept).strip()


def curve_of(spec, known) -> list[str]:
    """Return the figure of a loss, or why there is none."""
    if known["drawn"]:
        figure = [f"```{{image}} ../generated/curves/{spec.name}.svg", f":alt: {spec.name} and its gradient as curves",
                  ":class: curve", "```", ""]
        shown = example(spec)
        if shown is None:
            return figure
        said = f"This figure shows a small example in which one number moves: the {shown[1].label}."
        note = f" {shown[1].note[0].upper()}{shown[1].note[1:]}." if shown[1].note else ""
        return [*figure, said + note, ""]
    return ["There is no curve of it: it is not a function of one number, but of several inputs at once.", ""]


def when(spec, text) -> list[str]:
    """Return what a loss is for, and what to compare it with."""
    named = [task for task in loss_tasks.tasks(spec.name) if task != loss_tasks.OTHERS]
    said = [markdown(text["Notes"]), ""] if text.get("Notes") else []
    if named:
        links = ", ".join(f"[{task.lower()}](../losses.md#{anchor(task)})" for task in named)
        said += [f"Tasks: {links}.", ""]
    other, difference = loss_tasks.AGAINST.get(spec.name, (None, None))
    if other:
        said += [f"Compare it with [`{other}`]({other}.md), which {difference}.", ""]
    others = [name for name in loss_tasks.compared(spec.name) if name != other]
    if others:
        said += [f"Others for the same task: {', '.join(f'[`{name}`]({name}.md)' for name in others)}.", ""]
    return said


def anchor(task: str) -> str:
    """Return the anchor of a task's heading."""
    return task.lower().replace(" ", "-")


def behaviour(spec, known) -> list[str]:
    """Return a table of what is known of the values of a loss."""
    facts = {TITLES.get(title, title): said for title, said in known["facts"].items() if title != said}
    rows = {"unit": spec.unit, "one value for each": spec.per,
            "expected activation": spec.activation and f"{spec.activation}, from whose logits it is computed",
            "must be positive": ", ".join(f"`{port}`" for port in spec.positive) and (
                ", ".join(f"`{port}`" for port in spec.positive) + ": end the layer in softplus or exp"), **facts}
    cells = [f"| {name} | {markdown(said)} |" for name, said in rows.items() if said]
    note = [report_page.SAID, ""] if known["facts"] else []
    return ["| | |", "|---|---|", *cells, "", *note]


def call(spec) -> list[str]:
    """Return how a model is given the loss."""
    options = "".join(f", {name}={value!r}" for name, value in spec.options.items() if plain(value))
    lines = ["```python", f'net.add_loss("{spec.name}"{options})', "```", ""]
    rows = {"ports": ", ".join(f"`{port}`" for port in spec.ports), "target": TARGETS.get(spec.target, spec.target),
            "options": ", ".join(f"`{name}={value!r}`" for name, value in spec.options.items()) or "none"}
    return [*lines, "| | |", "|---|---|", *(f"| {name} | {said} |" for name, said in rows.items()), ""]


def plain(value) -> bool:
    """Return whether an option's default can be written down in a call."""
    return isinstance(value, bool | int | float | str)


def other_libraries(spec) -> list[str]:
    """Return a table of the names that the loss has in other libraries."""
    found = elsewhere(spec)
    if not found:
        return []
    rows = [f"| {SYSTEMS.get(name, name)} | `{own}` | `like=\"{name}\"` |" for name, own in found.items()]
    return ["## In other libraries", "",
            "With `like` you get the numbers of that library, including its options and its divisor:", "",
            "| library | its name | for its numbers |", "|---|---|---|", *rows, ""]


def path(spec) -> str:
    """Return where the function is found by a user."""
    public = getattr(losses, spec.name, None) is spec.function
    return f"symloss.losses.{spec.name}" if public else f"{spec.function.__module__}.{spec.name}"


# ------------------------------------------------------------------------------------------------------------- gallery


def cards(names) -> list[str]:
    """Return a grid of cards with formula and curve."""
    parts = ["::::{grid} 1 2 2 2", ":gutter: 2", ""]
    for name in names:
        spec = losses.get(name)
        known, formula = loss_curves.look(spec), report_page.formula(spec)
        parts += [f":::{{grid-item-card}} {name}", f":link: losses/{name}", ":link-type: doc", ":class-card: loss", ""]
        parts += ["```{raw} html", known["card"], "```", ""] if known["card"] else []
        parts += [cards_text(spec), ""]
        parts += ["```{math}", in_lines(formula), "```", ""] if formula else []
        parts += [":::", ""]
    return [*parts, "::::", ""]


def in_lines(formula: str) -> str:
    """Return a formula with a line for each of its clauses, so that it fits a card."""
    if r"\begin" in formula:
        return formula
    clauses = [one for one in re.split(r",?\s*\\q?quad\s*(?:\\text\{[^}]*\}\s*\\q?quad)?\s*", formula) if one.strip()]
    return r"\begin{gathered}" + r" \\ ".join(clauses) + r"\end{gathered}" if len(clauses) > 1 else formula


def cards_text(spec) -> str:
    """Return the summary of a loss for its card, where links cannot be."""
    return re.sub(r"\*", "", spec.summary)


def gallery() -> str:
    """Return all losses by task."""
    listed = {name for _, names in loss_tasks.TASKS.values() for name in names}
    others = [name for name in losses.names() if name not in listed]
    tasks = dict(loss_tasks.TASKS) | ({loss_tasks.OTHERS: ("", others)} if others else {})
    shown, parts = set(), []
    for task, (about, names) in tasks.items():
        new = [name for name in names if name not in shown]
        again = [name for name in names if name in shown]
        shown |= set(new)
        parts += [f"### {task}", "", about, "", *(cards(new) if new else [])]
        parts += [f"Also: {', '.join(f'[`{name}`](losses/{name}.md)' for name in again)}.", ""] if again else []
    return "\n".join(parts)


def by_name() -> str:
    """Return a table of all losses with their names here and elsewhere."""
    rows = []
    for name in losses.names():
        spec = losses.get(name)
        also = ", ".join(f"`{other}`" for other in names_of(spec))
        tasks = ", ".join(task.lower() for task in loss_tasks.tasks(name))
        rows.append(f"| [`{name}`](losses/{name}.md) | {also} | {tasks} |")
    rows = ["| loss | other names, also in other libraries | for |", "|---|---|---|", *rows]
    return "\n".join([":::{div} long-text", "", *rows, "", ":::", ""])


def generate() -> None:
    """Write the gallery and the pages."""
    write_all("losses", {name: page(losses.get(name)) for name in losses.names()})
    write("generated/losses_by_task.md", gallery())
    write("generated/losses_by_name.md", by_name())
