"""Where NaN and infinity come from: a batch is computed once more, node by node, and walked back from what is wrong."""

import dataclasses

import numpy as np
import pytensor
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Constant
from pytensor.link.vm import VMLinker
from pytensor.tensor.elemwise import Elemwise

from ..losses import divide

WORDS = {
    "log": "log of {}", "log1p": "log1p of {}", "log2": "log2 of {}", "log10": "log10 of {}", "exp": "exp of {}",
    "expm1": "expm1 of {}", "sqrt": "square root of {}", "sqr": "square of {}", "reciprocal": "1 / {}",
    "true_div": "{} / {}", "mul": "{} * {}", "add": "{} + {}", "sub": "{} - {}", "pow": "{} ** {}",
}
POSITIVE = ("log", "log1p", "log2", "log10", "sqrt")
LARGE = 1e6  # a parameter of this size has run away


@dataclasses.dataclass(frozen=True)
class Finding:
    """The first thing that is not finite.

    Parameters
    ----------
    term : str
        The term of the objective that it spoils.
    output : str or None
        The output that the term is computed from.
    row : int or None
        Of the batch.
    what : str
        The operation and its operand: 'log of -0.2'.
    hint : str
        What usually helps.
    """

    term: str
    output: str | None
    row: int | None
    what: str
    hint: str

    def __str__(self):
        where = f"in term {self.term}" + ("" if self.row is None else f", row {self.row}")
        return f"{self.what} {where}" + ("" if self.output is None else f" (output {self.output})")


def diagnose(objective, arrays: list) -> Finding | None:
    """Return what is not finite first in a batch, or None if the losses and their gradients are finite.

    The losses are looked at before their gradients. Parameters and generators are used as they stand.
    """
    terms = [t for t in objective.training_terms if t.source is not None]
    parameters = list(objective.parameters.values())
    watched = []  # (term, what is computed)
    for term in terms:
        watched.append((term, term.numerator))
    for term in terms:
        if term.source.weight:
            slopes = pytensor.grad(divide(term.numerator, term.denominator), parameters, disconnected_inputs="ignore",
                                   return_disconnected="ignore")
            watched += [(term, slope) for slope in slopes if slope is not None]
    values = _computed([tensor for _, tensor in watched], objective.variables, arrays)
    rows = arrays[0].shape[0] if arrays else 0
    for (term, tensor) in watched:
        if not _is_finite(values[tensor]):
            return _finding(term, tensor, values, rows)
    return None


def _computed(outputs, inputs, arrays) -> dict:
    """Return the value of every variable that `outputs` are made of, computed without any rewrite."""
    storage: dict = {}
    linker = VMLinker(use_cloop=False, c_thunks=False, allow_gc=False,
                      callback=lambda node, thunk, storage_map, compute_map: storage.update(storage_map))
    compiled = pytensor.function(inputs, outputs, mode=Mode(linker=linker, optimizer=None), on_unused_input="ignore")
    with np.errstate(all="ignore"):
        compiled(*arrays)
    copies = {v: cell[0] for v, cell in storage.items()}
    graph = compiled.maker.fgraph
    twins = dict(zip(outputs, graph.outputs, strict=True))
    return _Values(copies, twins)


class _Values(dict):
    """Values by variable; the outputs that were asked for stand for those of the compiled graph."""

    def __init__(self, values, twins):
        super().__init__(values)
        self.twins = twins

    def __missing__(self, variable):
        return self[self.twins[variable]] if variable in self.twins else None


def _is_finite(value) -> bool:
    return not (isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f") or np.isfinite(value).all()


def _finding(term, tensor, values, rows) -> Finding:
    """Walk back from a value that is not finite to the node whose operands still were."""
    variable = values.twins[tensor]
    row = None
    while variable.owner is not None:
        row = _row(values[variable], rows, row)
        wrong = [v for v in variable.owner.inputs if not isinstance(v, Constant) and not _is_finite(values[v])]
        if not wrong:
            break
        nan = np.isnan(values[variable]).any()
        wrong.sort(key=lambda v: not (nan and np.isnan(values[v]).any()))  # NaN comes from NaN, where there is any
        variable = wrong[0]
    row = _row(values[variable], rows, row)
    what, operation, operands = _in_words(variable, values, rows, row)
    output = getattr(term.source, "output_name", None)
    return Finding(term.name, output, row, what, _hint(operation, operands, values))


def _row(value, rows, known):
    """Return the first row that is not finite, where the first axis counts the items of the batch."""
    if np.ndim(value) == 0 or len(value) != rows:
        return known
    wrong = ~np.isfinite(value.reshape(rows, -1)).all(axis=1)
    if known is not None and wrong[known]:
        return known
    return int(np.argmax(wrong)) if wrong.any() else known


def _in_words(variable, values, rows, row):
    """Return what a node did, in words, its operation's name, and its operands at the place that is wrong."""
    value = values[variable]
    place = _place(value, rows, row)
    if variable.owner is None:
        return f"{_number(value[place])} in {variable.name or 'the data'}", "data", [value[place]]
    op = variable.owner.op
    if not isinstance(op, Elemwise):
        name = getattr(op, "name", None) or type(op).__name__
        sizes = [float(np.abs(values[v]).max()) for v in variable.owner.inputs
                 if isinstance(values[v], np.ndarray) and values[v].dtype.kind == "f" and values[v].size]
        return f"{name} of values up to {_number(max(sizes, default=0.0))}", name, sizes
    name = op.scalar_op.name or type(op.scalar_op).__name__.lower()
    operands = [_at(v.data if isinstance(v, Constant) else values[v], value, place) for v in variable.owner.inputs]
    texts = [_number(o) for o in operands]
    pattern = WORDS.get(name)
    if pattern is None or pattern.count("{}") > len(texts):
        return f"{name} of {', '.join(texts)}", name, operands
    if name in ("mul", "add"):
        return {"mul": " * ", "add": " + "}[name].join(texts), name, operands
    return pattern.format(*texts), name, operands


def _place(value, rows, row):
    wrong = np.argwhere(~np.isfinite(value))
    if np.ndim(value) and row is not None and len(value) == rows:
        wrong = wrong[wrong[:, 0] == row] if (wrong[:, 0] == row).any() else wrong
    return tuple(wrong[0]) if len(wrong) else (0,) * np.ndim(value)


def _at(operand, value, place):
    return np.broadcast_to(operand, np.shape(value))[place]


def _number(value) -> str:
    return f"{float(value):.4g}"


def _hint(operation, operands, values) -> str:
    largest = max((np.abs(v).max() for k, v in values.items() if _is_parameter(k, v)), default=0.0)
    if operation == "data":
        return "clean the data, or give what is wrong a weight of 0"
    if not np.isfinite(largest) or largest > LARGE:
        return "the parameters have run away: a lower learning_rate, or max_gradient_norm=1, usually helps"
    if operation in POSITIVE and float(operands[0]) <= 0:
        return f"a {operation} wants more than 0: end the layer in a softplus or an exponential, say"
    if operation in ("true_div", "reciprocal") and float(operands[-1]) == 0:
        return "a divisor is 0: add something to it, or give such items a weight of 0"
    return "a lower learning_rate, max_gradient_norm=1, or data scaled to about 1 usually help"


def _is_parameter(variable, value) -> bool:
    shared = isinstance(variable, pytensor.compile.sharedvalue.SharedVariable)
    return shared and isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0
