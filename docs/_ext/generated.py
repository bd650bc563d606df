"""What is written anew at every build: tables into ``docs/generated``, and pages of tutorials and losses.

It also makes docstrings fit reStructuredText where they are written for people first: ``|x|`` is a size, no
substitution, and ``valid_`` is a word, no link.
"""

import inspect
import re

import api_pages
import loss_pages
import names
import tutorial_pages
from pages import write

import symloss
from symloss import (
    _options,
    activations,
    initializers,
    regularizers,
    updates,
)
from symloss.training import options

MARKUP = re.compile(r"""(?<=\w)_(?!\w)|(?<!\\)\||(?<=['"])\*|\*(?=['"])""")


# ---------------------------------------------------------------------------------------------------------- the tables


def first_line(thing) -> str:
    """Return the first line of a docstring, fit for a cell of a table."""
    return (inspect.getdoc(thing) or "").splitlines()[0].replace("|", "\\|").replace("*", "\\*")


def table(registry, defaults=None) -> str:
    """Return a table of a registry's entries: names, aliases, options, meaning."""
    rows = ["| name | also | options | |" if defaults else "| name | also | |",
            "|---|---|---|---|" if defaults else "|---|---|---|"]
    for name in registry:
        thing = registry.get(name)
        also = ", ".join(f"`{alias}`" for alias in registry.aliases(name))
        cells = [f"`{name}`", also, first_line(thing)]
        if defaults:
            cells.insert(2, ", ".join(f"`{k}={v!r}`" for k, v in defaults(thing).items()))
        rows.append(f"| {' | '.join(cells)} |")
    return long_text("\n".join(rows) + "\n")


def hyperparameters() -> str:
    """Return a table of the hyperparameters of all update rules: name, what it may be, meaning."""
    found = {name: one for rule in updates.registry
             for name, one in updates.hyperparameters(updates.registry.get(rule)).items() if rule != "rprop"}
    found |= {name: one for name, one in updates.hyperparameters(updates.rprop).items() if name not in found}
    rows = [f"| `{name}` | {one.check.wanted} | {one.text.replace('``', '`')} |" for name, one in found.items()]
    return long_text("\n".join(["| hyperparameter | wanted | |", "|---|---|---|", *rows]) + "\n")


def long_text(rows: str) -> str:
    """Return a table whose last column is a text, which gets a line of its own on narrow screens."""
    return f":::{{div}} long-text\n\n{rows}\n:::\n"


# ---------------------------------------------------------------------------------------------------------- docstrings


def headed(app, what, name, thing, options, lines) -> None:
    """Put the heading *Examples* over an example that follows another section, which would swallow it."""
    ruled = [index for index, line in enumerate(lines) if index and line and set(line) == {"-"}]
    first = next((index for index, line in enumerate(lines) if line.startswith(">>> ")), None)
    before = [index for index in ruled if first is not None and index < first]
    if before and lines[before[-1] - 1].strip() != "Examples":
        lines[first:first] = ["Examples", "--------", ""]


def shortened(app, what, name, thing, options, lines) -> None:
    """Leave to the pages of losses what they show themselves: summary, formula, notes and references.

    And keep a colon in the first line of a property from being read as the end of a type.
    """
    if what in ("attribute", "property") and ": " in lines[0]:  # what stands before a colon would be its type
        lines[:1] = lines[0].replace(": ", ":\n", 1).split("\n")
    if what != "function" or not app.env.current_document.docname.startswith("losses/"):
        return
    kept, keeping = [], False
    for line, below in zip(list(lines), [*lines[1:], ""], strict=True):
        if set(below) == {"-"} and len(below) == len(line):
            keeping = line in ("Parameters", "Returns", "Raises", "Examples")
        elif line.startswith(">>> "):
            keeping = True
        kept += [line] * keeping
    lines[:] = kept


def plain(app, what, name, thing, options, lines) -> None:
    """Escape bars, ``word_`` and quoted stars in docstrings, outside of formulas and literals."""
    formula = None
    for index, line in enumerate(lines):
        margin = len(line) - len(line.lstrip())
        if ".. math::" in line:
            formula = margin
        elif formula is not None and line.strip() and margin <= formula:
            formula = None
        if formula is None:
            parts = line.split("``")
            parts[::2] = [re.sub(MARKUP, r"\\\g<0>", part) for part in parts[::2]]
            lines[index] = "``".join(parts)


def generate(app) -> None:
    """Write everything, before Sphinx looks for pages."""
    api_pages.generate()
    loss_pages.generate()
    write("generated/activations.md", table(activations.registry))
    write("generated/initializers.md", table(initializers.registry))
    write("generated/updates.md", table(updates.registry, updates.options))
    write("generated/training_options.md", long_text(_options.table(options.DECLARED, options.DEFAULTS)))
    write("generated/hyperparameters.md", hyperparameters())
    write("generated/regularizers.md", table(regularizers.registry))
    tutorial_pages.generate()


def setup(app):
    """Enter this extension in Sphinx."""
    app.connect("builder-inited", generate)
    for change in (headed, names.quoted, shortened):
        app.connect("autodoc-process-docstring", change, priority=100)  # before napoleon reads it
    app.connect("autodoc-process-docstring", plain, priority=1000)
    app.connect("missing-reference", names.resolve)
    return {"version": symloss.__version__, "parallel_read_safe": True}
