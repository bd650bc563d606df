"""The table that `Model.summary` prints."""

import io

import rich.box
import rich.console
import rich.table

from ....errors import SpecError


def summary(model, line_length, positions, print_fn, expand_nested, show_trainable, layer_range) -> None:
    """Print the table, or pass its text to `print_fn`."""
    for name, value in (("positions", positions), ("layer_range", layer_range)):
        if value is not None:
            raise SpecError(f"summary: {name}={value!r} is not supported; leave it out")
    linear = len(model.layers) == 0 or _is_chain(model)
    table = rich.table.Table(box=rich.box.HEAVY_HEAD, width=line_length or (80 if linear else 98), show_lines=True,
                             header_style="bold")
    heads = ["Layer (type)", "Output Shape", "Param #"] + ([] if linear else ["Connected to"]) \
        + (["Trainable"] if show_trainable else [])
    for head in heads:
        table.add_column(head, justify="right" if head == "Param #" else "center" if head == "Trainable" else "left",
                         ratio={"Layer (type)": 45, "Output Shape": 30, "Param #": 18}.get(head, 25))
    for layer in model.layers:
        for row in _rows(layer, model, linear, show_trainable, expand_nested):
            table.add_row(*row)
    name = "functional" if type(model).__name__ == "Model" else type(model).__name__.lower()
    sink = io.StringIO() if print_fn is not None else None
    console = rich.console.Console(file=sink, width=line_length or (80 if linear else 98), highlight=False)
    console.print(f'Model: "{model.name or name}"', markup=False)
    console.print(table)
    for text in _totals(model):
        console.print(text, markup=False)
    if print_fn is not None:
        print_fn(sink.getvalue())


def _is_chain(model) -> bool:
    """Return whether each layer has one input, the output of the one before."""
    from . import network

    if model._outputs is None:
        return True
    calls = network.calls_of(model.output_tensors, model.input_tensors)
    again = len({id(call.layer) for call in calls}) != len(calls)
    if again or len(model.input_tensors) != 1 or len(model.output_tensors) != 1:
        return False
    before = model.input_tensors[0]
    for call in calls:
        if len(call.inputs) != 1 or call.inputs[0] is not before or len(call.outputs) != 1:
            return False
        before = call.outputs[0]
    return True


def _rows(layer, model, linear, show_trainable, expand_nested, prefix="", depth=0):
    call = next((c for c in layer._calls), None)
    shape = _shape(layer, call)
    known = layer.built or not hasattr(layer, "add_weight")
    count = f"{layer.count_params():,}" if known else "0 (unbuilt)"
    row = [f"{prefix}{layer.name} ({_class(layer)})", shape, count]
    if not linear:
        row.append("-" if call is None else ", ".join(
            f"{t.name if t.call is None else t.call.layer.name}[0][{t.index}]" for t in call.inputs))
    if show_trainable:
        row.append("Y" if layer.trainable_weights else "N" if layer.weights else "-")
    yield row
    if expand_nested and hasattr(layer, "layers") and layer._layers:
        for one in layer.layers:
            yield from _rows(one, layer, linear, show_trainable, expand_nested, f"{prefix}    ", depth + 1)


def _class(layer) -> str:
    name = type(layer).__name__
    return "Functional" if name == "Model" else name


def _shape(layer, call) -> str:
    if hasattr(layer, "tensor"):
        return str(layer.tensor.shape)
    if call is None:
        return "?"
    shapes = [str(tensor.shape) for tensor in call.outputs]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _totals(model):
    """Return the lines below the table."""
    def told(weights):
        count = sum(int(w.get_value(borrow=True).size) for w in weights)
        size = sum(w.get_value(borrow=True).nbytes for w in weights)
        return f"{count:,} ({_size(size)})"

    yield f" Total params: {told(model.weights)}"
    yield f" Trainable params: {told(model.trainable_weights)}"
    yield f" Non-trainable params: {told(model.non_trainable_weights)}"


def _size(count: float) -> str:
    """Return a number of bytes as it is read.

    >>> _size(267160)
    '260.90 KB'
    """
    units = ("B", "KB", "MB", "GB")
    unit = 0
    while count >= 1024 and unit < len(units) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:.2f} {units[unit]}"
