"""Losses in stable forms before the gradient is taken: PyTensor's own rewrites come after it, and leave NaN there."""

import copy
import dataclasses
import functools

import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable, clone_get_equiv
from pytensor.graph.fg import FunctionGraph, Output
from pytensor.graph.rewriting.basic import NodeRewriter
from pytensor.graph.rewriting.db import EquilibriumDB, RewriteDatabaseQuery, SequenceDB
from pytensor.graph.traversal import ancestors, graph_inputs
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.special import LogSoftmax, XLog1PY, XLogY, xlogy

from ..errors import SpecError, unknown
from ..losses.probabilities import times
from ..objective import total_of
from . import complements, log_differences, logarithms, powers, scaled  # noqa: F401 (rules, by being imported)
from . import patterns as forms
from .patterns import constant, kind, view_of


@dataclasses.dataclass(frozen=True)
class Applied:
    """A rewrite that was used.

    Parameters
    ----------
    name : str
        Of the rewrite, as `names` lists it.
    place : str
        The expression it was used on, in short.
    outputs : tuple of int
        Positions of the outputs that the expression is a part of.
    terms : tuple of str
        Names of the objective's terms that it is a part of, where there is an objective.
    """

    name: str
    place: str
    outputs: tuple = ()
    terms: tuple = ()

    def __str__(self):
        where = f" (in {', '.join(self.terms)})" if self.terms else ""
        return f"{self.name}: {self.place}{where}"


class _Session:
    """The state that the rewriters of one run share: the rules they may use, and what they did."""

    def __init__(self, switched_off=(), own=None):
        self.own = own  # the nodes that were there before: what rewriters made is done with, so that there is an end
        self.look = scaled.Look([name for name in scaled.rules if name not in switched_off])
        self.applied: dict = {}
        self._arguments: dict = {}

    def argument(self, node):
        """Return what `_argument` says of `node`, the same each time."""
        if node not in self._arguments:
            self._arguments[node] = _argument(node)
        return self._arguments[node]

    def note(self, fgraph, node, trail):
        outputs = _outputs_with(fgraph, node.outputs[0])
        for name, variable in trail:
            key = (name, describe(variable))
            self.applied[key] = tuple(sorted({*self.applied.get(key, ()), *outputs}))


def _outputs_with(fgraph, variable) -> set[int]:
    seen, waiting, found = set(), [variable], set()
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        for node, _ in fgraph.clients.get(value, ()):
            if isinstance(node.op, Output):
                found.add(node.op.idx)
            else:
                waiting += node.outputs
    return found


class _Rewriter(NodeRewriter):
    """A rewriter that finds, by ``function(node, session)``, (a replacement, the trail that led to it), or None."""

    def __init__(self, function, tracked):
        super().__init__()
        self.function, self.tracked = function, tracked

    def tracks(self):
        return self.tracked

    def transform(self, fgraph, node, *rest, **more):
        session = fgraph.__dict__.setdefault("stability", _Session())
        found = self.function(node, session) if session.own is None or node in session.own else None
        if found is None:
            return None
        (old,), (new, trail) = node.outputs, found
        new = _shaped(new.astype(old.dtype), old)
        if new is None:
            return None
        session.note(fgraph, node, trail)
        return [new]


def _shaped(new, old):
    """Return `new` with the shape of `old`, or None; `old` itself is not used, as it would be found again, for ever."""
    one = old.type.broadcastable
    if new.ndim == old.ndim and new.type.broadcastable != one:
        for v in old.owner.inputs:
            new = pt.second(v, new) if v.ndim == old.ndim else new
        new = pt.specify_shape(new, [1 if only else None for only in one])
    return new if new.ndim == old.ndim and new.type.broadcastable == one else None


# ------------------------------------------------------------------------------------------ the rewriters

LOGARITHMS = (pt.log, pt.log1p, pt.log2, pt.log10, XLogY, XLog1PY)


def _log_rule(entry, node, session):
    """Return the logarithm in `node` by one rule, the others helping it from the second step on."""
    argument, finish = session.argument(node)
    if kind(argument) not in entry.kinds:
        return None
    found = entry.function(argument, session.look)
    if found is None:
        return None
    return finish(found), found.after((entry.name, argument)).trail


def _argument(node):
    """Return what `node` takes the logarithm of, and what makes the value of `node` from that as a Scaled."""
    x = node.inputs[-1]
    name = node.op.scalar_op.name if isinstance(node.op, Elemwise) else type(node.op).__name__
    if name in ("log1p", "XLog1PY"):
        opposite = forms.opposite_of(x)
        x = pt.add(1, x) if opposite is None else pt.sub(1, opposite)
    if name in ("XLogY", "XLog1PY"):
        return x, functools.partial(_times_log, node.inputs[0])
    divisor = {"log2": 2.0, "log10": 10.0}.get(name)
    if divisor is None:
        return x, lambda found: found.log()
    return x, lambda found: found.log() / pt.log(pt.as_tensor_variable(divisor).astype(node.outputs[0].dtype))


def _times_log(x, found):
    value = times(x, found.exponent)
    return value if found.factor is None else value + xlogy(x, found.factor)


def _softmax_written_out(node, session):
    found = forms.softmax_written_out(node.outputs[0])
    return None if found is None else (found, (("softmax_written_out", node.outputs[0]),))


def _sigmoid_written_out(node, session):
    found = forms.sigmoid_written_out(node.outputs[0])
    return None if found is None else (found, (("sigmoid_written_out", node.outputs[0]),))


def _elsewhere(entry):
    def function(node, session):
        found = entry.function(node.outputs[0], session.look)
        return None if found is None else (found[0], ((entry.name, node.outputs[0]), *found[1]))

    return function


WRITTEN_OUT = {
    "softmax_written_out": (_softmax_written_out, [pt.true_div, pt.mul, pt.exp]),
    "sigmoid_written_out": (_sigmoid_written_out, [pt.true_div, pt.reciprocal, pt.pow, pt.mul, pt.add]),
}
def _database() -> SequenceDB:
    """Return the rewrites: what was written out first, then the logarithms of it."""
    written, logs, found = EquilibriumDB(), EquilibriumDB(), SequenceDB()
    for name, (function, tracked) in WRITTEN_OUT.items():
        written.register(name, _Rewriter(function, tracked), "stability")
    for name, entry in scaled.rules.items():
        logs.register(name, _Rewriter(functools.partial(_log_rule, entry), list(LOGARITHMS)), "stability")
    for name, entry in powers.rules.items():
        logs.register(name, _Rewriter(_elsewhere(entry), list(entry.kinds)), "stability")
    found.register("stability_written_out", written, "stability", position=1)
    found.register("stability_logarithms", logs, "stability", position=2)
    return found


database = _database()


def names() -> dict[str, str]:
    """Return what each rewrite does, in one line, by its name."""
    found = {
        "softmax_written_out": "exp(x) / sum(exp(x)), with a shift or without, and exp(x - logsumexp(x)) are a softmax",
        "sigmoid_written_out": "1 / (1 + exp(-x)), exp(x) / (1 + exp(x)) and (1 + tanh(x / 2)) / 2 are a sigmoid",
    }
    found |= {name: entry.summary for name, entry in scaled.rules.items()}
    return found | {name: entry.summary for name, entry in powers.rules.items()}


# ------------------------------------------------------------------------------------------ stabilise


def check_names(switched_off) -> tuple[str, ...]:
    """Return the names of rewrites as a tuple in order, or raise UnknownNameError if one is none."""
    switched_off = (switched_off,) if isinstance(switched_off, str) else tuple(switched_off)
    for name in switched_off:
        if name not in names():
            raise unknown("rewrite", name, names())
    return tuple(sorted(set(switched_off)))


def stabilise(outputs, switched_off=()) -> tuple[list[Variable], list[Applied]]:
    """Return `outputs` in forms whose gradients are exact too, and the rewrites that were applied.

    Parameters
    ----------
    outputs : list of tensors
        Expressions of which no gradient has been taken yet. They are not changed.
    switched_off : collection of str
        Names of rewrites (see `names`) that are not to be used.

    Returns
    -------
    list of tensors, list of Applied
        What no rewrite touches remains the very same variables. Without any rewrite these are the `outputs`.

    Raises
    ------
    UnknownNameError
        If a name is not the name of a rewrite.

    Notes
    -----
    PyTensor rewrites a graph when it compiles it, after the gradient was taken: the value of log(softmax(x)) becomes
    exact, and 0 / 0 stays in its gradient.
    """
    outputs, switched_off = list(outputs), check_names(switched_off)
    if not _worth_it(outputs):
        return outputs, []
    inputs = [v for v in graph_inputs(outputs) if not isinstance(v, Constant)]
    twins = clone_get_equiv(inputs, outputs, copy_inputs=False, copy_orphans=False)
    fgraph = FunctionGraph(inputs, [twins[v] for v in outputs], clone=False)
    fgraph.stability = session = _Session(switched_off, set(fgraph.apply_nodes))
    database.query(RewriteDatabaseQuery(include=["stability"], exclude=list(switched_off))).rewrite(fgraph)
    applied = [Applied(name, place, where) for (name, place), where in session.applied.items()]
    return (_with_originals(fgraph, twins), applied) if applied else (outputs, [])


def _worth_it(outputs) -> bool:
    """Return whether anything here could be rewritten: a look that costs less than a rewriter does."""
    wanted = {forms.SIGMOID, forms.SOFTMAX, LogSoftmax, *forms.EXPONENTIALS}
    return any(kind(v) in wanted or forms.exponent_of(v) is not None or powers.is_length(v)
               for v in ancestors(outputs))


def _with_originals(fgraph, twins) -> list[Variable]:
    """Return the outputs of `fgraph`, made of the variables that were cloned wherever nothing has changed."""
    origin = {twin: node for node, twin in twins.items() if hasattr(node, "op")}
    final: dict = {}
    for node in fgraph.toposort():
        inputs = [final.get(v, v) for v in node.inputs]
        old = origin.get(node)
        if old is not None and all(a is b for a, b in zip(inputs, old.inputs, strict=True)):
            final.update(zip(node.outputs, old.outputs, strict=True))
        elif any(a is not b for a, b in zip(inputs, node.inputs, strict=True)):
            final.update(zip(node.outputs, node.clone_with_new_inputs(inputs).outputs, strict=True))
    return [final.get(v, v) for v in fgraph.outputs]


def switched_off(stable) -> tuple[str, ...] | None:
    """Return which rewrites a model's `stable` leaves out: True none, False all (None), else those it names."""
    if stable is True or stable is False:
        return () if stable else None
    if not isinstance(stable, str | tuple | list | set | frozenset):
        raise SpecError(f"stable={stable!r} is not valid; it must be True, False, or the names of rewrites to leave "
                        "out")
    return check_names(stable)


def stable(objective, how=True):
    """Return an objective like `objective`, with all of its terms and its total in stable forms.

    Parameters
    ----------
    objective : Objective
    how : bool, str or collection of str
        False: as it is. Names: of rewrites that are not to be used.

    Returns
    -------
    Objective
        With the list `applied` of what was done, by term. A loss that has another system's number (``like=``) keeps its
        clips: it is left as it is.
    """
    off, twin = switched_off(how), copy.copy(objective)
    twin.applied = []
    if off is None:
        return twin
    terms = list({id(t): t for t in (*objective.training_terms, *objective.evaluation_terms)}.values())
    terms = [t for t in terms if getattr(t.source, "like", None) is None]
    parts_of = [(term, part) for term in terms for part in term.figure.parts]
    made, applied = stabilise([part for _, part in parts_of], off)
    if not applied:
        return twin
    rewritten, left = {}, iter(made)
    for term in terms:
        figure = dataclasses.replace(term.figure, parts=tuple(next(left) for _ in term.figure.parts))
        rewritten[id(term)] = dataclasses.replace(term, figure=figure)
    twin.training_terms = [rewritten.get(id(t), t) for t in objective.training_terms]
    twin.evaluation_terms = [rewritten.get(id(t), t) for t in objective.evaluation_terms]
    twin.total = total_of(twin.training_terms)
    names_of = [term.name for term, _ in parts_of]
    for one in applied:
        found = tuple(dict.fromkeys(names_of[i] for i in one.outputs if i < len(names_of)))
        twin.applied.append(dataclasses.replace(one, terms=found))
    return twin


# ------------------------------------------------------------------------------------------ in words

_SIGNS = {"add": " + ", "sub": " - ", "mul": " * ", "true_div": " / ", "pow": " ** "}


def describe(variable, depth: int = 4) -> str:
    """Return an expression in short, as it would be written; what lies deeper than `depth` is '...'.

    >>> x = pt.matrix("x")
    >>> describe(pt.log(1 - pt.sigmoid(x)))
    'log((1 - sigmoid(x)))'
    """
    if variable.name:
        return variable.name
    value = constant(variable)
    if value is not None:
        return f"{value:g}"
    node, seen = variable.owner, view_of(variable)
    if node is None or depth == 0:
        return "..."
    inner = functools.partial(describe, depth=depth - 1)
    name = _name(node.op)
    if name in _SIGNS:
        return f"({_SIGNS[name].join(map(inner, node.inputs))})"
    if isinstance(node.op, forms.INDEXED):
        return f"{describe(node.inputs[0], depth)}[...]"
    if seen is not None:
        return describe(seen[0], depth)
    return f"{name}({', '.join(map(inner, node.inputs[:3]))})"


def _name(op) -> str:
    if isinstance(op, Elemwise):
        return getattr(op.scalar_op, "name", None) or type(op.scalar_op).__name__.lower()
    return type(op).__name__.lower()
