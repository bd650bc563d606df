"""A user's own function as a loss: its arguments, what it reduces, and a check that it does not broadcast silently."""

import contextlib
import math

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import ancestors, io_toposort
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape
from pytensor.tensor.subtensor import AdvancedSubtensor, Subtensor
from pytensor.tensor.variable import TensorVariable

from .._checks import shape_text
from .._registry import in_order
from ..errors import ShapeError, SpecError, SymlossError
from .registration import LossSpec, signature

PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37)
NOTHING = frozenset()
VIEWS = (DimShuffle, Reshape, SpecifyShape, Subtensor)
WAY_OUT = ("Bring them to one shape, for example labels with p[pt.arange(t.shape[0]), t]. If this is intended, "
           "register the function with @symloss.loss()")


# What a foreign error says -> what to write. Tensors have no values while a graph is built.
IN_WORDS = {
    "Python boolean": "a tensor is neither true nor false while the graph is built. Write pt.switch(condition, a, b) "
                      "for 'if' and np.where, pt.maximum, pt.minimum and pt.clip for max, min and np.clip, & and | "
                      "for 'and' and 'or'",
    "Python float": "a tensor is not a number while the graph is built. Use functions of pytensor.tensor, such as "
                    "pt.exp(x) for math.exp(x)",
    "Python integer": "a tensor is not a number while the graph is built. Write x.astype('int64') for int(x)",
    "iteration": "you cannot loop over a tensor. Write sums along an axis, such as x.sum(axis=-1)",
    "no len()": "the length of a tensor is the expression x.shape[0]",
    "item assignment": "you cannot assign to a tensor. Write pt.set_subtensor(x[0], value), which returns the changed "
                       "tensor",
}
NUMPY = "write it with pytensor.tensor (import pytensor.tensor as pt): pt.switch for np.where, pt.mean for np.mean"
SHAPE_WORDS = ("shape", "broadcast", "dimension")


@contextlib.contextmanager
def in_words(name: str, tensors=()):
    """Turn what a user's code raises while a graph is built into an error that says what to write."""
    try:
        yield
    except SymlossError:
        raise
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "")
        of_shapes = isinstance(error, ValueError | IndexError) and any(word in reason for word in SHAPE_WORDS)
        if of_shapes and tensors and not isinstance(error, np.exceptions.AxisError):
            raise ShapeError(f"loss {name}: the shapes {_texts(tensors)} do not fit together ({reason}). "
                             f"{WAY_OUT}") from error
        hint = next((hint for key, hint in IN_WORDS.items() if key in str(error)), NUMPY)
        raise SpecError(f"loss {name}: building its graph raised {type(error).__name__} ({reason}); {hint}") from error


def function_spec(function) -> LossSpec:
    """Return a spec for a user's plain function of (prediction, target)."""
    name = _name(function)
    ports, options, pairs = signature(function, f"loss {name}")
    function = in_order(function)
    if len(ports) not in (1, 2):
        raise SpecError(
            f"loss {name}: the function takes ({', '.join(ports)}), but it must take (prediction, target). For more "
            "ports, register it with @symloss.loss()"
        )
    wired = ("prediction", "target")[: len(ports)]

    def checked(*tensors, **keywords):
        with in_words(name, tensors):
            values = function(*tensors, **keywords)
        if not isinstance(values, Variable):
            raise SpecError(f"loss {name}: the function returned {type(values).__name__}, but it must return a "
                            "PyTensor expression")
        if values.ndim > max(t.ndim for t in tensors):
            raise ShapeError(f"loss {name}: the function returned {values.ndim} axes for the shapes "
                             f"{_texts(tensors)}. {WAY_OUT}")
        if pairs and keywords.get("weights") is not None and values.ndim:
            raise SpecError(f"loss {name}: the function takes weights but returned {values.ndim} axes. Return a "
                            "single number, such as (weights * values).sum() / weights.sum(), or do not take weights")
        given = {key: t for key, t in keywords.items() if key == "weights" and isinstance(t, TensorVariable)}
        shapes = prove(name, lambda *probes: function(
            *probes[: len(tensors)], **keywords | dict(zip(given, probes[len(tensors) :], strict=True))),
            [*tensors, *given.values()], [*wired, *given])
        values = real(values if shapes is None else _by_item(values, *shapes, tensors, name))
        return values if values.dtype.startswith("float") else values.astype(pytensor.config.floatX)

    checked.__name__, checked.__doc__ = name, function.__doc__ or f"{name}, a function of the user's."
    return LossSpec(name, checked, wired, "any", None, "element", "unknown", options, pairs)


def real(expression):
    """Return an expression without the real parts and conjugates of real numbers, which have no gradient in PyTensor.

    ``pt.linalg.norm(p - t, axis=-1)`` contains them.
    """
    found = {}
    for node in io_toposort([], [expression]):
        idle = isinstance(node.op, Elemwise) and node.op.scalar_op.name in ("real", "conj")
        if idle and node.inputs[0].dtype == node.outputs[0].dtype:
            found[node.outputs[0]] = found.get(node.inputs[0], node.inputs[0])
        elif any(v in found for v in node.inputs):
            twin = node.clone_with_new_inputs([found.get(v, v) for v in node.inputs])
            found.update(zip(node.outputs, twin.outputs, strict=True))
    return found.get(expression, expression)


def _by_item(values, made, first, tensors, name):
    """Return values as they lie along the prediction: steps that were flattened are brought back to their items.

    Parameters
    ----------
    values : tensor
    made, first : tuples of int or None
        Shapes of the values and of the prediction, where both were made of probes.
    tensors : list of tensors
        The prediction and the target.
    """
    if not made or all(n in (None, 1, want) if axis else n in (None, want)
                       for axis, (n, want) in enumerate(zip(made, first, strict=False))):
        return values
    for axes in range(2, len(first) + 1):  # reshape((-1, k)) or ravel() of the prediction
        rest = zip(made[1:], first[axes:], strict=False)
        if made[0] == math.prod(first[:axes]) and all(n in (None, 1, want) for n, want in rest):
            return values.reshape((*tensors[0].shape[:axes], *values.shape[1:]), ndim=axes + values.ndim - 1)
    if len(made) < len(first) or 1 in made:
        raise ShapeError(f"loss {name}: the function returned {shape_text(values)} for the shapes {_texts(tensors)}, "
                         "which is neither a value per element or item nor a single number. Keep the axis of the items")
    raise ShapeError(f"loss {name}: the function broadcasts the shapes {_texts(tensors)} against each other. {WAY_OUT}")


def reduces(spec: LossSpec, values, target) -> bool:
    """Return whether a function reduces over the items itself, so that neither weights nor masks can be applied.

    Parameters
    ----------
    spec : LossSpec
        A loss with per='batch', or one that applies the weights itself, declares this.
    values : tensor
        What the function returned.
    target : tensor or None
        Labels, or numbers with the outputs on their last axis.
    """
    if spec.per == "batch" or spec.pairs:
        return False
    if values.ndim == 0 or spec.per == "item" or target is None:
        return values.ndim == 0
    return values.ndim < target.ndim - (target.ndim > 1 and target.dtype.startswith("float"))


def refuse_reduced(spec: LossSpec, values, target, what: str) -> None:
    """Raise SpecError if a function reduces over its items although `what`, such as weights, needs them."""
    if reduces(spec, values, target):
        made = "one number for all items" if values.ndim == 0 else f"{shape_text(values)}, less than a value per item"
        raise SpecError(f"loss {spec.name}: the function returns {made}, so {what} can have no effect. Leave out its "
                        ".mean() and return a value per element or item, which symloss averages. Or take the weights "
                        "yourself: def my_loss(prediction, target, *, weights=None)")


def without_effect(loss, expression) -> str | None:
    """Return a warning if the expression of a user's class does not use the weights of its model, otherwise None."""
    used = set(ancestors([expression])) if isinstance(expression, Variable) else set()
    idle = {"weights": loss._weights, "class weights": loss._class_weight}
    idle = [text for text, variable in idle.items() if variable is not None and variable not in used]
    if not idle:
        return None
    return (f"loss {loss.name}: its __call__ does not use self.{'_weights' if 'weights' in idle else 'weights'}, so "
            f"{' and '.join(idle)} have no effect on it. Use the weights, for example with "
            "symloss.losses.reduce(values, self.weights)")


def checked_parameters(name: str, parameters) -> dict:
    """Return the parameters of a loss by name, or raise SpecError for those that cannot be trained."""
    if not isinstance(parameters, dict) or not parameters:
        raise SpecError(f"loss {name}: parameters={parameters!r} is not valid; it must be a dict of shared variables "
                        "by name")
    for short, variable in parameters.items():
        floats = str(getattr(getattr(variable, "type", None), "dtype", "")).startswith("float")
        if not isinstance(variable, SharedVariable) or not floats:
            raise SpecError(f"loss {name}: the parameter {short!r} is {variable!r}, but it must be a shared variable "
                            "of floating-point numbers, such as pytensor.shared(numpy.zeros(3))")
    return dict(parameters)


def _name(function) -> str:
    """Return what records and messages call a function: of a lambda, the line where it stands as well."""
    name = getattr(function, "__name__", type(function).__name__)
    return f"{name}:{function.__code__.co_firstlineno}" if name == "<lambda>" else name


def prove_call(loss, outputs) -> None:
    """Raise ShapeError if the ``__call__`` of a user's class broadcasts outputs and target against each other."""
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
    """Raise ShapeError if the expression built from `tensors` broadcasts a prediction and a target against each other.

    The expression is built again from probes whose unknown lengths are different primes, which reveals any
    broadcasting.

    Parameters
    ----------
    name : str
        Name of the loss, for messages.
    build : callable
        Takes that many tensors.
    tensors : list of tensors
        The prediction that the target belongs to is the first one.
    sources : list of str
        What each of them is: 'prediction', 'target', 'weights'.

    Returns
    -------
    tuple or None
        Shapes of the result and of the first probe, or None if it cannot be built from probes.
    """
    probes = _probes(tensors)
    pair = [t for t, source in zip(tensors, sources, strict=True) if source == "target"]
    pair = [*tensors[:1], *pair]
    try:
        result = build(*probes)
    except SymlossError:
        raise
    except (ValueError, TypeError, IndexError) as error:
        if any(word in str(error) for word in SHAPE_WORDS):
            raise ShapeError(f"loss {name}: the shapes {_texts(pair)} do not fit together ({error}). "
                             f"{WAY_OUT}") from None
        return None
    except Exception:  # a gradient from one output to another, say, which probes have not
        return None
    if not isinstance(result, Variable):
        return None
    lead = probes[0].type.shape
    batch = frozenset(math.prod(lead[:axes]) for axes in range(1, len(lead) + 1))  # the items, or all their steps
    met = _repetition(result, dict(zip(probes, sources, strict=True)), batch)
    if met is not None:
        free = {length for t, probe in zip(tensors, probes, strict=True)
                for n, length in zip(t.type.shape, probe.type.shape, strict=True) if n is None}
        free |= batch - set(tensors[0].type.shape)
        one, other = (shape_text(pt.tensor(shape=[None if n in free else n for n in shape])) for shape in met)
        raise ShapeError(f"loss {name}: the function broadcasts the shapes {_texts(pair)} against each other, as "
                         f"{one} and {other}. {WAY_OUT}")
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


def _repetition(result, sources: dict, batch: frozenset) -> tuple | None:
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
            met = _meeting(node, made, values, batch)
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
            once = all(_times(v, batch) == 1 for v in (one, other))  # no pairs yet
            if once and batch & repeated and batch & back and made[one] != made[other]:
                return shapes
            apart = {"prediction", "target"} == made[one] | made[other] and not made[one] & made[other]
            if apart and values[one] and batch & set(shapes[0]) and repeated - batch - {None}:
                return shapes
    return None


def _times(variable, lengths) -> int:
    return sum(length in lengths for length in getattr(variable.type, "shape", ()))
