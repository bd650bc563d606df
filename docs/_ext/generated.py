"""What is written anew at every build, into ``docs/generated``: the catalogue of losses, tables, tutorial figures.

It also makes docstrings fit reStructuredText where they are written for people first: ``|x|`` is a size, no
substitution, and ``valid_`` is a word, no link.
"""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

from sphinx.util import logging

import symloss
from symloss import (
    _options,
    activations,
    initializers,
    losses,
    regularizers,
    updates,
)
from symloss.training import options

HERE = Path(__file__).parent.parent
TARGETS = {
    "same": "the prediction's shape",
    "label": "class indices, with one axis less",
    "label or distribution": "class indices with one axis less, or a probability for every class",
    "sign": "-1 or 1, in the prediction's shape",
    "sign or label": "-1 or 1 in the prediction's shape, or class indices with one axis less",
    "none": "none",
}
MARKUP = re.compile(r"""(?<=\w)_(?!\w)|(?<!\\)\||(?<=['"])\*|\*(?=['"])""")
log = logging.getLogger(__name__)


def write(name: str, text: str) -> None:
    """Write a generated file, unless it already says so: what is unchanged is not read again."""
    path = HERE / "generated" / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------- the losses


def catalogue() -> str:
    """Return every registered loss, one family a section."""
    families: dict[str, list] = {}
    for name in losses.names():
        spec = losses.get(name)
        families.setdefault(spec.function.__module__, []).append(spec)
    return "\n".join(family(module, specs) for module, specs in sorted(families.items()))


def family(module: str, specs: list) -> str:
    """Return the section of one module of losses."""
    title = module.rpartition(".")[2].capitalize()
    about = inspect.getdoc(importlib.import_module(module)) or ""
    return "\n".join([f"## {title}", "", about, "", *(entry(spec) for spec in specs)])


def entry(spec) -> str:
    """Return the section of one loss: what the registry knows of it, and its docstring."""
    aliases = ", ".join(f"`{alias}`" for alias in losses.registry.aliases(spec.name)) or "none"
    options = ", ".join(f"`{name}={value!r}`" for name, value in spec.options.items())
    facts = {
        "names": f"`{spec.name}`, {aliases}" if aliases != "none" else f"`{spec.name}`",
        "ports": ", ".join(spec.ports),
        "target": TARGETS.get(spec.target, spec.target),
        "activation": spec.activation and f"{spec.activation}, from whose logits it is computed",
        "one value per": spec.per,
        "unit": spec.unit,
        "options": options,
    }
    rows = [f"| {name} | {text} |" for name, text in facts.items() if text]
    public = getattr(losses, spec.name, None) is spec.function
    path = f"symloss.losses.{spec.name}" if public else f"{spec.function.__module__}.{spec.name}"
    return "\n".join([
        f"(loss-{spec.name})=", "", f"### {spec.name}", "", "| | |", "|---|---|", *rows, "",
        "```{eval-rst}", f".. autofunction:: {path}", "```", "",
    ])


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
    return "\n".join(rows) + "\n"


def hyperparameters() -> str:
    """Return a table of the hyperparameters of all update rules: name, what it may be, meaning."""
    found = {name: one for rule in updates.registry
             for name, one in updates.hyperparameters(updates.registry.get(rule)).items() if rule != "rprop"}
    found |= {name: one for name, one in updates.hyperparameters(updates.rprop).items() if name not in found}
    rows = [f"| `{name}` | {one.check.wanted} | {one.text.replace('``', '`')} |" for name, one in found.items()]
    return "\n".join(["| hyperparameter | wanted | |", "|---|---|---|", *rows]) + "\n"


# -------------------------------------------------------------------------------- tutorials: figures, and what they say


def run_tutorials() -> None:
    """Run each tutorial that is newer than its files.

    It leaves ``<name>.png`` in the folder that it gets; ``<name>.txt`` is what it printed.
    """
    for path in sorted((HERE.parent / "tutorials").glob("*.py")):
        figure = HERE / "generated" / f"{path.stem}.png"
        made = [figure, figure.with_suffix(".txt")]
        if all(file.exists() and file.stat().st_mtime > path.stat().st_mtime for file in made):
            continue
        log.info(f"running {path.name}")
        code = "import runpy, sys; runpy.run_path(sys.argv[1])['main'](folder=sys.argv[2])"
        command = [sys.executable, "-X", "utf8", "-c", code, str(path), str(figure.parent)]
        answer = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, encoding="utf-8")
        if answer.returncode:
            log.warning(f"{path.name} failed:\n{answer.stderr}")
        else:
            figure.with_suffix(".txt").write_text(answer.stdout, encoding="utf-8")


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
    write("losses.md", catalogue())
    write("activations.md", table(activations.registry))
    write("initializers.md", table(initializers.registry))
    write("updates.md", table(updates.registry, updates.options))
    write("training_options.md", _options.table(options.DECLARED, options.DEFAULTS))
    write("hyperparameters.md", hyperparameters())
    write("regularizers.md", table(regularizers.registry))
    run_tutorials()


def setup(app):
    """Enter this extension in Sphinx."""
    app.connect("builder-inited", generate)
    app.connect("autodoc-process-docstring", plain, priority=1000)
    return {"version": symloss.__version__, "parallel_read_safe": True}
