"""Functions for JAX, which needs to know every length: compiled again for each shape of the inputs."""

import functools

import numpy as np
import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import graph_inputs
from pytensor.sparse import SparseTensorType
from pytensor.tensor.random.type import RandomType
from pytensor.tensor.type import TensorType

from ..errors import SpecError

SHAPES = 64  # compiled functions that are kept, for so many shapes
LOW = (1 << 64) - 1


class ByShape:
    """A compiled function, called as PyTensor's are.

    JAX compiles for each shape in any case. Here the graph gets the shape first, so that numbers of rows are constants.
    Random generators are handed to JAX at each call and taken back from it, so that their shared variables can be set
    and read, as with other backends. Double precision is allowed while it runs, whatever JAX is set to, and values are
    handed over as numpy's, in the types of the graph.

    Parameters
    ----------
    inputs, outputs : list of variables
    mode : Mode
    updates, givens : dict or None
    """

    def __init__(self, inputs, outputs, mode, updates=None, givens=None):
        self.inputs, self._mode = list(inputs), mode
        for v in self.inputs:
            if isinstance(v.type, SparseTensorType):
                raise SpecError(f"mode 'JAX': {v.name} is sparse, but JAX cannot multiply sparse arrays. Use mode='C'")
        updates = dict(updates or {})
        expressions = clone_replace([*outputs, *updates.values()], dict(givens or {}))
        self._outputs = expressions[: len(outputs)]
        self._updates = dict(zip(updates, expressions[len(outputs) :], strict=True))
        self._generators = [v for v in graph_inputs(expressions)
                            if isinstance(v, SharedVariable) and isinstance(v.type, RandomType)]
        self._function = functools.lru_cache(SHAPES)(self._compiled)

    def __call__(self, *arrays):
        from pytensor.link.jax.dispatch import jax_typify

        arrays = [v.type.filter(a) for v, a in zip(self.inputs, arrays, strict=True)]
        states = [jax_typify(g.get_value()) for g in self._generators]
        with double_precision():
            found = self._function(tuple(np.shape(a) for a in arrays))(*arrays, *states)
        count = len(self._outputs)
        for generator, state in zip(self._generators, found[count:], strict=True):
            generator.set_value(_advanced(generator.get_value(), state))
        for variable in self._updates:
            if variable not in self._generators:
                cell = variable.container.storage
                cell[0] = _of_type(cell[0], variable.type)
        return [_of_type(a, v.type) for v, a in zip(self._outputs, found, strict=False)]

    def _compiled(self, shapes):
        known = [v.type.clone(shape=shape)(v.name) if isinstance(v.type, TensorType) else v.type(v.name)
                 for v, shape in zip(self.inputs, shapes, strict=True)]
        own = [g.type(g.name) for g in self._generators]
        made = clone_replace([*self._outputs, *self._updates.values()],
                             dict(zip([*self.inputs, *self._generators], [*known, *own], strict=True)),
                             rebuild_strict=False)
        outputs, new = made[: len(self._outputs)], dict(zip(self._updates, made[len(self._outputs) :], strict=True))
        states = [new.pop(g, state) for g, state in zip(self._generators, own, strict=True)]
        compiled = pytensor.function([*known, *own], [*outputs, *states], updates=new, mode=self._mode,
                                     on_unused_input="ignore")
        compiled.trust_input = True  # they are as they should be, and JAX' generators are none of PyTensor's
        return compiled


def _of_type(value, kind):
    """Return an array of numpy's of the type that the graph says: with double precision JAX widens some."""
    return np.array(value, kind.dtype) if isinstance(kind, TensorType) else value


def _advanced(generator, state):
    """Return a generator of numpy's that stands where JAX has left it: in the lower half of its number."""
    bits = type(generator.bit_generator)()
    known = generator.bit_generator.state
    first, second = (int(word) for word in state["jax_state"])
    known["state"]["state"] = known["state"]["state"] & ~LOW | first | second << 32
    bits.state = known
    return np.random.Generator(bits)


def double_precision():
    """Return a context: within, JAX computes in the types that it is given, sums in float64, labels in int64."""
    import jax
    import jax.experimental

    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()
