"""Theano's names: looked up in PyTensor, and where PyTensor has another name for something, the error says which."""

import difflib
import importlib
from collections.abc import Callable

# where PyTensor keeps what Theano had elsewhere
PLACES = (
    "pytensor", "pytensor.tensor", "pytensor.tensor.special", "pytensor.tensor.linalg", "pytensor.tensor.random",
    "pytensor.tensor.extra_ops", "pytensor.tensor.subtensor", "pytensor.tensor.elemwise", "pytensor.tensor.shape",
    "pytensor.tensor.math", "pytensor.tensor.fft", "pytensor.graph.basic", "pytensor.graph.op", "pytensor.graph.fg",
    "pytensor.graph.traversal", "pytensor.graph.replace", "pytensor.graph.rewriting.basic", "pytensor.compile",
    "pytensor.compile.mode", "pytensor.gradient", "pytensor.printing", "pytensor.raise_op", "pytensor.sparse",
    "pytensor.scalar", "pytensor.link.basic", "pytensor.scan.op", "pytensor.scan.utils",
)

# names of Theano's that something else has taken the place of
RENAMED = {
    "Optimizer": "pytensor.graph.rewriting.basic.GraphRewriter",
    "local_optimizer": "pytensor.graph.rewriting.basic.node_rewriter",
    "opt": "pytensor.graph.rewriting",
    "optdb": "pytensor.compile.mode.optdb",
    "Param": "pytensor.In",
    "Rebroadcast": "pytensor.tensor.specify_broadcastable",
    "tensor_from_gpu": "nothing like it, since it has no GPU arrays. To run functions on a GPU, use mode='JAX'",
    "GpuArrayType": "nothing like it, since it has no GPU arrays. To run functions on a GPU, use mode='JAX'",
    "CudaNdarrayType": "nothing like it, since it has no GPU arrays. To run functions on a GPU, use mode='JAX'",
}


def forwarding(here: str, *modules: str) -> Callable:
    """Return a module's ``__getattr__``: a name that is not in `here` is looked up in PyTensor's `modules`, in turn.

    >>> forwarding("theano.tensor", "pytensor.tensor")("sqr").scalar_op.name
    'sqr'
    """

    def find(name):
        if not name.startswith("__"):
            for module in modules:
                found = _member(module, name)
                if found is not None:
                    return found
        raise missing(here, name, modules)

    return find


def missing(here: str, name: str, modules=()) -> AttributeError:
    """Return the error for a `name` of Theano's that the module `here` does not have, with PyTensor's name for it.

    >>> str(missing("theano.tensor", "matrix_inverse"))
    "theano.tensor has no 'matrix_inverse'; PyTensor has pytensor.tensor.linalg.matrix_inverse"
    """
    if name.startswith("__"):
        return AttributeError(f"module {here!r} has no attribute {name!r}")
    known = RENAMED.get(name) or _place(name)
    if known is not None:
        said = known.removeprefix("nothing: ")
        return AttributeError(f"{here} has no {name!r}; {said if said != known else f'PyTensor has {known}'}")
    names = {other for module in modules for other in dir(importlib.import_module(module))}
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.75)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ", and PyTensor has nothing of that name"
    return AttributeError(f"{here} has no {name!r}{hint}")


def _place(name: str) -> str | None:
    """Return where PyTensor has `name`, ignoring the case."""
    lowered = name.lower()
    for exactly in (True, False):
        for module in PLACES:
            for other in [name] if exactly else _names(module):
                if (exactly or other.lower() == lowered) and _member(module, other) is not None:
                    return f"{module}.{other}"
    return None


def _names(module: str) -> list[str]:
    try:
        return [name for name in dir(importlib.import_module(module)) if not name.startswith("_")]
    except ImportError:
        return []


def _member(module: str, name: str):
    """Return what PyTensor's `module` has under `name`, or None: also a submodule that nobody has imported yet."""
    try:
        found = getattr(importlib.import_module(module), name, None)
        return importlib.import_module(f"{module}.{name}") if found is None and name.islower() else found
    except ImportError:
        return None
