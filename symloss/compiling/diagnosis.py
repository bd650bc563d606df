"""Find the origin of NaN and infinity: compute a batch again, node by node, and go back from the wrong value."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytensor
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Constant
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.link.vm import VMLinker
from pytensor.tensor.elemwise import Elemwise

from ..losses import divide
from .functions import converted
from .time_loops import own_loop, put_loop

WORDS = {
    "log": "log of {}", "log1p": "log1p of {}", "log2": "log2 of {}", "log10": "log10 of {}", "exp": "exp of {}",
    "expm1": "expm1 of {}", "sqrt": "square root of {}", "sqr": "square of {}", "reciprocal": "1 / {}",
    "true_div": "{} / {}", "mul": "{} * {}", "add": "{} + {}", "sub": "{} - {}", "pow": "{} ** {}",
}
DIVISIONS = ("true_div", "reciprocal")
LARGE = 1e6  # a parameter of this size has run away


@dataclasses.dataclass(frozen=True)
class Domain:
    """The operands that an operation takes: a test of them, a description, and a hint for others."""

    holds: Callable
    wanted: str
    helps: str


_UP = "for example, end the layer in a softplus or an exponential"
_BETWEEN = "for example, end the layer in a tanh, or clip the value to a little less than 1"
DOMAINS = {
    "log": Domain(lambda x: x > 0, "a value greater than 0", _UP),
    "log2": Domain(lambda x: x > 0, "a value greater than 0", _UP),
    "log10": Domain(lambda x: x > 0, "a value greater than 0", _UP),
    "log1p": Domain(lambda x: x > -1, "a value greater than -1", _UP),
    "sqrt": Domain(lambda x: x >= 0, "a value of at least 0", _UP),
    "pow": Domain(lambda x, c: x > 0 or c == np.rint(c) and (x < 0 or c >= 0),
                  "a base greater than 0 with such an exponent", "use abs(x) + 1e-12, or end the layer in a softplus"),
    "arccos": Domain(lambda x: abs(x) <= 1, "a value from -1 to 1", _BETWEEN),
    "arcsin": Domain(lambda x: abs(x) <= 1, "a value from -1 to 1", _BETWEEN),
    "arctanh": Domain(lambda x: abs(x) < 1, "a value between -1 and 1", _BETWEEN),
    "arccosh": Domain(lambda x: x >= 1, "a value of at least 1", "for example, end the layer in a softplus and add 1"),
}


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
                                   return_disconnected="none")  # a term need not reach every parameter
            watched += [(term, slope) for slope in slopes if slope is not None]
    arrays = converted(arrays, objective.variables)
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
    loops = _Loops()
    compiled = pytensor.function(inputs, outputs, mode=Mode(linker=linker, optimizer=loops), on_unused_input="ignore")
    with np.errstate(all="ignore"):
        compiled(*arrays)
    copies = {v: cell[0] for v, cell in storage.items()}
    graph = compiled.maker.fgraph
    twins = dict(zip(outputs, graph.outputs, strict=True))
    return _Values(copies, twins, loops.found)


class _Values(dict):
    """Values by variable; the outputs that were asked for stand for those of the compiled graph."""

    def __init__(self, values, twins, loops):
        super().__init__(values)
        self.twins = twins
        self.loops = loops  # what `_Loops` found

    def __missing__(self, variable):
        return self[self.twins[variable]] if variable in self.twins else None


class _Loops(GraphRewriter):
    """Watch the inside of every loop, for the first step with a result that is not finite.

    Attributes
    ----------
    found : dict
        By loop (its op's id): (number of the step, the inner output that is wrong, values of all inner variables).
    """

    def __init__(self):
        super().__init__()
        self.found: dict = {}

    def apply(self, fgraph):
        for node in fgraph.toposort():
            loop = own_loop(node)
            if loop is not None:
                linker = VMLinker(use_cloop=False, c_thunks=False, allow_gc=False, callback=self._watch(loop))
                loop.mode = Mode(linker=linker, optimizer=None)
                put_loop(fgraph, node, loop)

    def _watch(self, op):
        """Return what is called after each node of each step."""
        steps: dict = {}

        def look(node, thunk, storage_map, compute_map):
            step = steps[node] = steps.get(node, -1) + 1
            if id(op) in self.found:
                return
            for output in node.outputs:
                if output in op._fn.maker.fgraph.outputs and not _is_finite(storage_map[output][0]):
                    self.found[id(op)] = step, output, {v: cell[0] for v, cell in storage_map.items()}
                    return

        return look


def _is_finite(value) -> bool:
    return not (isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f") or np.isfinite(value).all()


def _finding(term, tensor, values, rows) -> Finding:
    """Walk back from a value that is not finite to the node whose operands still were, into a loop as well."""
    variable, row = _walk_back(values.twins[tensor], values, rows, None)
    seen, where = values, ""
    if variable.owner is not None and id(variable.owner.op) in values.loops:
        step, inner, seen = values.loops[id(variable.owner.op)]
        variable, row = _walk_back(inner, seen, rows, row)
        where = f" at step {step} of a loop"
    what, operation, operands = _in_words(variable, seen, rows, row)
    output = getattr(term.source, "output_name", None)
    return Finding(term.name, output, row, what + where, _hint(operation, operands, values))


def _walk_back(variable, values, rows, row):
    """Return the first variable that is not finite of those that made `variable`, and the row that is wrong."""
    while variable.owner is not None:
        row = _row(values[variable], rows, row)
        wrong = [v for v in variable.owner.inputs if not isinstance(v, Constant) and not _is_finite(values[v])]
        if not wrong:
            break
        nan = np.isnan(values[variable]).any()
        wrong.sort(key=lambda v: not (nan and np.isnan(values[v]).any()))  # NaN comes from NaN, where there is any
        variable = wrong[0]
    return variable, _row(values[variable], rows, row)


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
        kind = "parameter" if _is_parameter(variable, value) else "data"
        return f"{_number(value[place])} in {variable.name or 'the data'}", kind, [value[place]]
    op = variable.owner.op
    if not isinstance(op, Elemwise):
        name = getattr(op, "name", None) or type(op).__name__
        sizes = [float(np.abs(values[v]).max()) for v in variable.owner.inputs
                 if isinstance(values[v], np.ndarray) and values[v].dtype.kind == "f" and values[v].size]
        return f"{name} of values up to {_number(max(sizes, default=0.0))}", name, sizes
    name = op.scalar_op.name or type(op.scalar_op).__name__.lower()
    operands = [_at(_value(v, values), value, place) for v in variable.owner.inputs]
    texts = [_number(o) for o in operands]
    if name in DIVISIONS and operands[-1] == 0 and _is_root(variable.owner.inputs[-1]):  # the slope of a root, mostly
        return f"{WORDS[name].format(*texts)} (square root of 0)", "root", operands
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


def _value(variable, values):
    return variable.data if isinstance(variable, Constant) else values[variable]


def _at(operand, value, place):
    return np.broadcast_to(operand, np.shape(value))[place]


def _is_root(variable) -> bool:
    op = None if variable.owner is None else variable.owner.op
    return isinstance(op, Elemwise) and op.scalar_op.name == "sqrt"


def _number(value) -> str:
    return f"{float(value) + 0.0:.4g}"  # -0 is 0 to a reader


def _hint(operation, operands, values) -> str:
    largest = max((np.abs(v).max() for k, v in values.items() if _is_parameter(k, v)), default=0.0)
    if operation == "data":
        return "clean the data, or give such items a weight of 0"
    if operation == "parameter":
        return "it was not finite before this batch. Set it with net.find(layer, name).set_value(...), or load a file"
    if not np.isfinite(largest) or largest > LARGE:
        return "the parameters have diverged. Lower learning_rate, or pass max_gradient_norm=1"
    domain = DOMAINS.get(operation)
    if domain is not None and not domain.holds(*map(float, operands)):
        return f"{operation} needs {domain.wanted}: {domain.helps}"
    if operation == "root":
        return "a square root has no gradient at 0. Add a small number under it, such as sqrt(x + 1e-12)"
    if operation in DIVISIONS and float(operands[-1]) == 0:
        return "a divisor is 0. Add a small number to it, or give such items a weight of 0"
    return "lower learning_rate, pass max_gradient_norm=1, or scale the data to about 1"


def _is_parameter(variable, value) -> bool:
    shared = isinstance(variable, pytensor.compile.sharedvalue.SharedVariable)
    return shared and isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0
