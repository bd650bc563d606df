"""A user's own function as a loss: what it takes, and the proof that it repeats nothing in silence."""

import inspect

import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from .._checks import shape_text
from ..errors import ShapeError, SpecError
from .core import LossSpec


def function_spec(function) -> LossSpec:
    """Return a spec for a user's plain function of (prediction, target)."""
    name = getattr(function, "__name__", type(function).__name__)
    parameters = [p for p in inspect.signature(function).parameters.values()]
    ports = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    if len(ports) not in (1, 2):
        raise SpecError(
            f"loss {name}: a function of (prediction, target) is wanted, this one takes ({', '.join(ports)}); "
            f"for more ports, register it with @symloss.loss()"
        )

    def checked(*tensors, **keywords):
        values = function(*tensors, **keywords)
        if not isinstance(values, Variable):
            raise SpecError(f"loss {name}: returned {type(values).__name__}, no PyTensor expression")
        _prove_shape(name, function, tensors, keywords, values.ndim)
        return values if values.dtype.startswith("float") else values.astype(pytensor.config.floatX)

    checked.__name__, checked.__doc__ = name, function.__doc__ or f"{name}, a function of the user's."
    wired = ("prediction", "target")[: len(ports)]
    return LossSpec(name, checked, wired, "any", None, "element", "unknown", options, False)


def _prove_shape(name, function, tensors, keywords, axes) -> None:
    """Raise ShapeError if a user's function repeats prediction and target against each other.

    The function is built once more, on tensors whose free lengths are different primes: whatever broadcasts, shows.
    """
    shapes = " and ".join(shape_text(t) for t in tensors)
    way_out = "bring them to one shape, labels by p[pt.arange(t.shape[0]), t], say"
    if axes > max(t.ndim for t in tensors):
        raise ShapeError(f"loss {name}: made {axes} axes of shapes {shapes}; {way_out}")
    known = {(i, n) for t in tensors for i, n in enumerate(t.type.shape) if n is not None}
    free = iter(p for p in (7, 11, 13, 17, 19, 23, 29, 31, 37) if p not in {n for _, n in known})
    axes = range(max(t.ndim for t in tensors))
    lengths = [next((n for axis, n in known if axis == i), None) or next(free) for i in axes]
    probes = [pt.tensor(dtype=t.dtype, shape=[lengths[i] if n is None else n for i, n in enumerate(t.type.shape)])
              for t in tensors]
    try:
        made = function(*probes, **keywords).type.shape
    except (ValueError, TypeError, IndexError) as error:
        if "shape" in str(error) or "broadcast" in str(error) or "dimension" in str(error):
            raise ShapeError(f"loss {name}: shapes {shapes} do not go together ({error}); {way_out}") from None
        return
    lengths = probes[0].type.shape
    if any(n is not None and n != want for n, want in zip(made, lengths, strict=False)):
        raise ShapeError(f"loss {name}: repeats shapes {shapes} against each other; {way_out}")
