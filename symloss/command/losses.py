"""`symloss losses`: a table of losses that match some words, or everything about one loss."""

import inspect
import re

from rich.console import Console

from .. import losses
from ..explain import losses_table
from ..losses import LossSpec
from ..reports.page import formula
from .console import rows, say


def run(console: Console, words) -> int:
    """Print a table of the losses that match all `words`, or the page of the loss that they name."""
    entry = losses.registry.get(words[0]) if len(words) == 1 and words[0] in losses.registry else None
    if not isinstance(entry, LossSpec):
        console.print(losses_table(words))
        return 0
    page(console, entry)
    found = losses_table(words).columns[0].cells if entry.definition is None else []
    others = [one for one in found if one != entry.name]
    if others:
        say(console, f"\nThe name also occurs in the descriptions of {', '.join(others)}, too.")
    return 0


def page(console: Console, spec: LossSpec) -> None:
    """Print names, formula, ports, options and an example of a loss."""
    say(console, f"{spec.name}: {spec.summary.replace('`', '')}")
    known = spec.name in losses.registry
    aliases = losses.registry.aliases(spec.name) if known else []
    console.print()
    facts = {"other names": ", ".join(aliases) or "none", "formula": formula(spec) or "see its documentation",
             "ports": ", ".join(spec.ports), "one value per": spec.per, "unit": spec.unit}
    endings = {port: spec.ending(port) for port in spec.predictions}
    needed = [end if len(endings) == 1 else f"{end} for {port}" for port, end in endings.items() if end != "linear"]
    if needed:
        facts["output"] = f"needs a layer that ends in {' and '.join(needed)}"
    rows(console, {name: text for name, text in facts.items() if name != "unit" or text != "unknown"})
    if spec.options:
        meanings = described(spec)
        console.print()
        rows(console, {f"{name}={value!r}": meanings.get(name, "a number") for name, value in spec.options.items()},
             "options")
    console.print()
    console.print("example\n" + "\n".join(f"  {line}" for line in example(spec)), markup=False, highlight=False,
                  soft_wrap=True)
    if len(spec.predictions) == 1 and spec.per != "batch":
        say(console, f"\nsymloss report {spec.name} shows how it behaves.")


def described(spec: LossSpec) -> dict[str, str]:
    """Return what the documentation of a loss says of its options: ``name : kind`` and the lines below.

    >>> described(losses.get("quantile"))["q"]
    'float in (0, 1). Share of targets that should fall below the prediction.'
    """
    found: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(spec.function) or "").splitlines():
        head = re.fullmatch(r"(\w[\w, ]*) : (.*)", line)
        if head:
            names = [name.strip() for name in head[1].split(",")]
            found |= dict.fromkeys(names, f"{head[2].rstrip('.')}.")
        elif line.startswith("    ") and names:
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
        elif line.strip():
            names = []
    return {name: text.replace("`", "") for name, text in found.items() if name in spec.options}


def example(spec: LossSpec) -> list[str]:
    """Return lines of Python that train with a loss."""
    options = "".join(f", {name!r}: {value!r}" for name, value in list(spec.options.items())[:1]
                      if isinstance(value, int | float) and not isinstance(value, bool))
    loss = f'"{spec.name}"' if not options else f'{{"form": "{spec.name}"{options}}}'.replace("'", '"')
    if spec.definition is not None:
        loss = repr(spec.definition)
    if len(spec.predictions) > 1:
        ports = ", ".join(f'"{port}": "layer_{port}"' for port in spec.predictions)
        return ["net = symloss.Network(...)     # with a layer for each port",
                f'net.add_loss("{spec.name}", ports={{{ports}}})']
    if spec.padding is not None:
        return [f'net = symloss.recurrent.Classifier([10, (20, "gru"), 4], loss={loss})', "net.train([x, y])"]
    plain = spec.ending() == "linear" and spec.target != "label"
    columns = spec.target_shape({"prediction": (None, 3)}, spec.options)[-1]
    width = 3 if columns in (None, 1, 3) else 1  # a time and an event belong to one score
    kind, size = "Regressor", str(width) if plain else f'({width}, "{spec.ending()}")'
    if spec.activation == "softmax" and "label" in spec.target:
        kind, size = "Classifier", "3"
    return [f"net = symloss.{kind}([10, 20, {size}], loss={loss})", "net.train([x, y])"]
