"""A user's own function as a loss: what it takes, and the proof that it repeats nothing in silence."""

import inspect

import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import io_toposort
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape
from pytensor.tensor.subtensor import AdvancedSubtensor, Subtensor
from pytensor.tensor.variable import TensorVariable

from .._checks import shape_text
from ..errors import ShapeError, SpecError, SymlossError
from .registration import LossSpec

PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37)
NOTHING = frozenset()
VIEWS = (DimShuffle, Reshape, SpecifyShape, Subtensor)
WAY_OUT = ("bring them to one shape, labels by p[pt.arange(t.shape[0]), t], say; if this is meant, register the "
           "function with @symloss.loss()")


def function_spec(function) -> LossSpec:
    """Return a spec for a user's plain function of (prediction, target)."""
    name = _name(function)
    parameters = [p for p in inspect.signature(function).parameters.values()]
    ports = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    if len(ports) not in (1, 2):
        raise SpecError(
            f"loss {name}: a function of (prediction, target) is wanted, this one takes ({', '.join(ports)}); "
            f"for more ports, register it with @symloss.loss()"
        )
    wired = ("prediction", "target")[: len(ports)]

    def checked(*tensors, **keywords):
        values = function(*tensors, **keywords)
        if not isinstance(values, Variable):
            raise SpecError(f"loss {name}: returned {type(values).__name__}, no PyTensor expression")
        if values.ndim > max(t.ndim for t in tensors):
            raise ShapeError(f"loss {name}: made {values.ndim} axes of shapes {_texts(tensors)}; {WAY_OUT}")
        made = prove(name, lambda *probes: function(*probes, **keywords), tensors, wired)
        if made is not None and any(n is not None and n != want for n, want in zip(*made, strict=False)):
            raise ShapeError(f"loss {name}: repeats shapes {_texts(tensors)} against each other; {WAY_OUT}")
        return values if values.dtype.startswith("float") else values.astype(pytensor.config.floatX)

    checked.__name__, checked.__doc__ = name, function.__doc__ or f"{name}, a function of the user's."
    return LossSpec(name, checked, wired, "any", None, "element", "unknown", options, False)


def _name(function) -> str:
    """Return what records and messages call a function: of a lambda, the line where it stands as well."""
    name = getattr(function, "__name__", type(function).__name__)
    return f"{name}:{function.__code__.co_firstlineno}" if name == "<lambda>" else name


def prove_call(loss, outputs) -> None:
    """Raise ShapeError if the ``__call__`` of a user's class repeats outputs and target against each other."""
    names = [name for name, value in outputs.items() if isinstance(value, TensorVariable)]
    names.sort(key=lambda name: name != loss.output_name)  # the prediction comes first
    bound = {"_target": loss._target, "_weights": loss._weights}
    bound = {name: variable for name, variable in bound.items() if isinstance(variable, TensorVariable)}

    def build(*probes):
        twin = object.__new__(type(loss))
        twin.__dict__.update(loss.__dict__ | dict(zip(bound, probes[len(names) :], strict=True)))
        return twin(outputs | dict(zip(names, probes, strict=False)))

    sources = ["prediction"] * len(names) + [name.removeprefix("_") for name in bound]
    prove(loss.name, build, [*(outputs[name] for name in names), *bound.values()], sources)


def prove(name, build, tensors, sources) -> tuple | None:
    """Raise ShapeError if what is built of `tensors` repeats a prediction and a target against each other.

    It is built once more, of probes whose free lengths are different primes: whatever broadcasts, shows.

    Parameters
    ----------
    name : str
        Of the loss, for messages.
    build : callable
        Of as many tensors.
    tensors : list of tensors
        The prediction that the target belongs to comes first.
    sources : list of str
        What each of them is: 'prediction', 'target', 'weights'.

    Returns
    -------
    tuple or None
        Shapes of the result and of the first probe; None if it could not be built of probes.
    """
    probes = _probes(tensors)
    pair = [t for t, source in zip(tensors, sources, strict=True) if source == "target"]
    pair = [*tensors[:1], *pair]
    try:
        result = build(*probes)
    except SymlossError:
        raise
    except (ValueError, TypeError, IndexError) as error:
        if any(word in str(error) for word in ("shape", "broadcast", "dimension")):
            raise ShapeError(f"loss {name}: shapes {_texts(pair)} do not go together ({error}); {WAY_OUT}") from None
        return None
    except Exception:  # a gradient from one output to another, say, which probes have not
        return None
    if not isinstance(result, Variable):
        return None
    met = _repetition(result, dict(zip(probes, sources, strict=True)), probes[0].type.shape[:1])
    if met is not None:
        free = {length for t, probe in zip(tensors, probes, strict=True)
                for n, length in zip(t.type.shape, probe.type.shape, strict=True) if n is None}
        one, other = (shape_text(pt.tensor(shape=[None if n in free else n for n in shape])) for shape in met)
        raise ShapeError(f"loss {name}: repeats shapes {_texts(pair)} against each other, as {one} and {other}; "
                         f"{WAY_OUT}")
    return result.type.shape, probes[0].type.shape


def _texts(tensors) -> str:
    return " and ".join(shape_text(t) for t in tensors)


def _probes(tensors) -> list:
    """Return a tensor for each, whose free lengths are those of another of its rank, or a prime for each axis."""
    known = {}
    for t in tensors:
        for axis, length in enumerate(t.type.shape):
            if length is not None:
                known.setdefault((axis and t.ndim, axis), length)  # all have one number of items
    free = [p for p in PRIMES if p not in known.values()]
    shapes = [[known.get((i and t.ndim, i), free[i]) if n is None else n for i, n in enumerate(t.type.shape)]
              for t in tensors]
    kinds = [TensorVariable if isinstance(t, Constant | SharedVariable) else type(t) for t in tensors]
    return [kind(pt.TensorType(t.dtype, shape=shape), None, None, name=t.name)
            for kind, t, shape in zip(kinds, tensors, shapes, strict=True)]


def _repetition(result, sources: dict, batch: tuple) -> tuple | None:
    """Return the shapes of the first two tensors of different sources that repeat each other; None without any.

    Followed through the graph is, for every tensor, of what sources it is made, and whether it still is their values:
    a mask, a statistic or what was looked up belongs to the items, and may be repeated along other axes.
    """
    made = {probe: frozenset([source]) for probe, source in sources.items()}
    values = dict(made)
    for node in io_toposort(list(sources), [result]):
        used = [] if isinstance(node.op, Shape | Shape_i) else node.inputs
        if isinstance(node.op, Elemwise) and node.op.scalar_op.name == "second":  # ones_like: only a shape
            used = used[1:]
        if batch:
            met = _meeting(node, made, values, batch[0])
            if met is not None:
                return met
        kept = used if isinstance(node.op, Elemwise) else used[:1] if isinstance(node.op, VIEWS) else []
        for out in node.outputs:
            made[out] = NOTHING.union(*(made.get(v, NOTHING) for v in used))
            mask = getattr(out.type, "dtype", None) == "bool"
            values[out] = NOTHING if mask else NOTHING.union(*(values.get(v, NOTHING) for v in kept))
    return None


def _meeting(node, made, values, batch):
    """Return the shapes of two inputs that one node repeats against each other, or None."""
    if isinstance(node.op, AdvancedSubtensor):
        base, *index = node.inputs
        of = NOTHING.union(*(made.get(v, NOTHING) for v in index))
        alone = all(_times(v, batch) < 2 for v in node.inputs)
        if alone and _times(node.outputs[0], batch) > 1 and of and made.get(base) and of != made[base]:
            return base.type.shape, max((v for v in index if made.get(v)), key=lambda v: v.type.ndim).type.shape
    if not isinstance(node.op, Elemwise):
        return None
    inputs = [v for v in node.inputs if made.get(v)]
    for one in inputs:
        for other in inputs:
            shapes = one.type.shape, other.type.shape
            repeated = {n for mine, n in zip(*shapes, strict=True) if mine == 1 and n != 1}
            back = {mine for mine, n in zip(*shapes, strict=True) if n == 1}
            once = all(shape.count(batch) == 1 for shape in shapes)  # no pairs yet
            if once and batch in repeated and batch in back and made[one] != made[other]:
                return shapes
            apart = {"prediction", "target"} == made[one] | made[other] and not made[one] & made[other]
            if apart and values[one] and batch in shapes[0] and repeated - {batch, None}:
                return shapes
    return None


def _times(variable, length) -> int:
    return getattr(variable.type, "shape", ()).count(length)
