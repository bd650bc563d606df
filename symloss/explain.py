"""Descriptions of a model and of what was chosen for it, in words and tables."""

import html
import io

from rich import box
from rich.console import Console
from rich.table import Table

from . import losses
from ._checks import undo
from ._registry import normal
from ._repr import Page, Text, html_lines, html_table
from .compiling import blas, resolve
from .errors import unknown
from .losses.loss_inputs import prediction_names
from .losses.user_functions import reduces
from .objective import Objective
from .stability import rewriting as stability


def table_text(table: Table, width: int = 100) -> Text:
    """Return a rich table as plain text."""
    sink = io.StringIO()
    Console(file=sink, width=width, force_terminal=False, force_jupyter=False, highlight=False).print(table)
    return Text(sink.getvalue().rstrip("\n"))


def summary(model) -> Text:
    """Return a table of a model's layers, with output shapes, parameters and inputs."""
    table = Table(box=box.SIMPLE_HEAVY, show_footer=True)
    table.add_column("layer (form)", footer="all")
    table.add_column("output", footer="")
    table.add_column("activation")
    table.add_column("parameters", justify="right", footer=f"{model.num_params:,}")
    table.add_column("from")
    counted: set = set()
    for layer in model.layers:
        _add_row(table, layer, layer.name, counted)
    for loss in model.losses:
        own = [p for p in loss.parameters.values() if p not in counted]
        if own:
            counted |= set(own)
            size = sum(p.get_value(borrow=True).size for p in own)
            table.add_row(f"{loss.label} (loss)", "", "", f"{size:,}", loss.output_name.removesuffix(":out"))
    return Page(f"{model!r}\n{table_text(table)}",
                f'<div class="symloss-page"><code>{html.escape(repr(model))}</code>{html_table(table)}</div>')


def _add_row(table, layer, name, counted) -> None:
    """Add a line for a layer, and one for each layer within it; parameters are counted where they come first."""
    own = [p for p in layer.params.values() if p not in counted]
    counted |= set(own)
    count = f"{sum(p.get_value(borrow=True).size for p in own):,}"
    if len(own) < len(layer.params):
        count = f"shared with {layer.of}" if hasattr(layer, "of") else "shared"
    shape = f"(n, {', '.join(map(str, layer.shape))})"
    table.add_row(f"{name} ({type(layer).__name__})", shape, layer.activate.name, count, ", ".join(layer.inputs))
    for inner in getattr(getattr(layer, "graph", None), "layers", ()):
        if inner.inputs:
            size = sum(p.get_value(borrow=True).size for p in inner.params.values())
            table.add_row(f"  {inner.name}", f"(n, {', '.join(map(str, inner.shape))})", inner.activate.name,
                          f"({size:,})", ", ".join(inner.inputs))


def explain(model) -> Text:
    """Return one line for each choice: losses with their form and divisor, data, terms, backend, BLAS."""
    outputs = model.graph.outputs()[0]
    lines = [repr(model), "", "minimizes the sum of"]
    for loss in model.losses:
        reason = f"; chosen because {loss.reason}" if loss.reason else ""
        lines.append(f"  {_weight_text(loss)} * {loss.label}: {_form(loss, outputs)}, {_mean(loss, outputs)}{reason}")
    objective = _objective(model) if model.losses else None
    if objective is not None and objective.idle_outputs:
        lines.append(f"has no loss for {', '.join(objective.idle_outputs)}")
    lines += [f"shows {measure.name}: {measure.described()}" for measure in model._shown or model._measures()]
    lines += ["", f"data, in order: {', '.join(_data_names(model))}"]
    lines += [] if objective is None else stable_forms(model, objective)
    backend = resolve(model.mode)
    used = blas.used(backend.own) if backend.many_steps else None
    lines.append(f"compiles with {backend.name}" + (f", BLAS: {used.origin}" if used else ""))
    lines += decisions(model)
    return Page("\n".join(lines), f'<div class="symloss-page"><code>{html.escape(lines[0])}</code>'
                                   f"{html_lines(lines[1:])}</div>")


def _data_names(model) -> list[str]:
    """Return what the data bring, in order; targets of several outputs by the names of these."""
    wanted = [field for field in model._fields() if not field.optional or field.kind == "mask"]
    by_port = len(model.graph.output_layers()) > 1 and not model.one_output
    return [field.also[0] if by_port and field.kind in ("target", "label") else field.name for field in wanted]


def decisions(model) -> list[str]:
    """Return the compiler's decisions about the functions that the model has compiled with it so far."""
    found = []
    for key in model._compiled:
        entry = model._compiled[key]
        named = {"training step": entry["step"], "validation": entry["evaluation"]} if isinstance(entry, dict) else {
            " ".join(map(str, key[:2])): entry}
        found += [f"  {name}: {said}" for name, one in named.items() for said in getattr(one, "decisions", list)()]
    return list(dict.fromkeys(found))


def _objective(model) -> Objective:
    return Objective(model.graph, model.losses, (), model._shown or model._measures(), model.seed)


def stable_forms(model, objective) -> list[str]:
    """Return one line for each rewrite that brings a term into a stable form before the gradient is computed."""
    found = stability.stable(objective, model.stable).applied
    off = stability.switched_off(model.stable)
    left = ["all rewrites for exact gradients are switched off"] if off is None else \
        [f"rewrites switched off: {', '.join(off)}"] if off else []
    return left + (["rewritten before the gradient is taken", *(f"  {one}" for one in found)] if found else [])


def _weight_text(loss) -> str:
    return f"{loss.weight:g}" if loss.weighing.moving is None else f"{loss.weighing.moving}"


def _mean(loss, outputs) -> str:
    """Return how the values of a loss become one number."""
    if loss.own_terms:
        return f"divided by the {loss.divisor()}"
    if not loss.uses_items:
        return "a mean of its own, as its __call__ returns it"
    if reduces(loss.spec, loss.values(outputs), loss._target):
        return "a mean of its own: the function reduces its values itself, so weights and masks have no effect on it"
    return f"divided by the {loss.divisor()}"


def _form(loss, outputs) -> str:
    if isinstance(loss, losses.OutputLoss):
        axes = outputs[loss.output_name].type.shape[1:]
        summed = ", whose values are summed up for each item" if any(n != 1 for n in axes) else ""
        return f"the output {loss.output_name} itself{summed}"
    if hasattr(loss, "graph"):
        found = ", ".join(loss.graph.output_layers())
        return f"what a network makes of {loss.output_name}{' and the target' * loss.takes_target}: {found}"
    if loss.spec is None:
        return loss.described(outputs)
    summary = loss.spec.summary if loss.like is None else losses.get(loss.name).summary
    fed = prediction_names(loss, outputs)
    text = f"{summary.rstrip('.')} (output{'s' * (len(fed) > 1)} {', '.join(fed)})"
    if loss.like is not None:
        text += f", as {loss.like} computes it"
    output = outputs.get(loss.output_name)
    for activation in ("softmax", "sigmoid"):
        from_logits = loss.spec.activation or loss.spec.target.startswith("sign")
        if from_logits and output is not None and undo(output, activation) is not None:
            text += f"; the output is a {activation}, so it is computed from the logits before it"
    return text


def losses_table(words=()) -> Table:
    """Return a rich table of registered losses: names, ports and a description.

    Parameters
    ----------
    words : sequence of str
        Words to search for. A loss must contain all of them in its name, aliases or summary. If there is no such loss,
        its whole documentation is searched. None means every loss.

    Raises
    ------
    UnknownNameError
        If nothing is found. The message suggests the nearest names.
    """
    table = Table(box=box.SIMPLE_HEAVY)
    for title in ("loss", "aliases", "ports", "what it is"):
        table.add_column(title, overflow="fold")
    for name in _found(words):
        spec = losses.get(name)
        table.add_row(name, ", ".join(losses.registry.aliases(name)), ", ".join(spec.ports), spec.summary)
    return table


def _found(words) -> list[str]:
    """Return the names of the losses that have all `words`, by what is closest to the eye."""
    wanted = [normal(word) for word in words]
    for text in (_headline, lambda name: losses.get(name).function.__doc__):
        found = [name for name in losses.names() if all(word in normal(text(name)) for word in wanted)]
        if found:
            return found
    raise unknown("loss or word", " ".join(words), losses.names(), losses.registry.spellings())


def _headline(name: str) -> str:
    return " | ".join([name, *losses.registry.aliases(name), losses.get(name).summary])
