"""Functions with all of PyTensor's own options, for scripts that call ``function`` themselves."""

import functools

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors, graph_inputs
from pytensor.tensor.random.type import RandomType

from ..errors import SpecError
from . import blas
from .by_shape import ByShape
from .compiler_failures import explained
from .modes import resolve
from .own import OwnFunction
from .threads import Function, alone

WINDOWS = ("unfold", "fold", "sliced", "unsliced")  # names of operations of `layers.windows`


@alone
def function(inputs, outputs=None, mode=None, updates=None, givens=None, prepare=None, **options):
    """Return a compiled function of `inputs`, called as PyTensor's are.

    Parameters
    ----------
    inputs, outputs, updates, givens
        As ``pytensor.function`` takes them.
    mode : str, Mode or None
        See `resolve`.
    prepare : function or None
        Of (expressions, inputs); returns expressions that the compiler of our own takes, and a list of (new input,
        position of an input, function of its array): what has to be done with arrays before a call.
    **options
        Other arguments of ``pytensor.function``. JAX only honors updates and givens.

    Raises
    ------
    SpecError
        If the compiler or its cache fails.
    """
    backend = resolve(mode)
    if aliases := _aliases(outputs, updates, givens):
        givens = aliases | dict(givens or {})
    plain = _Plain.of(inputs, outputs, updates, givens, options) if backend.own or backend.by_shape else None
    if backend.by_shape:
        if plain is None:
            raise SpecError("mode 'JAX': inputs and outputs must be variables of numbers, and every input must be "
                            "used (or pass on_unused_input='ignore'). Leave out profile=, accept_inplace= and "
                            "no_default_updates=")
        return _Called(plain, prepare, lambda ins, outs, ups, _: ByShape(ins, outs, backend.mode, ups))

    def other():  # whether PyTensor's C works is tried when it is wanted
        return _by_pytensor(inputs, outputs, backend.otherwise(), updates, givens, options)

    if plain is None or plain.moves_windows():
        return other()
    return _Called(plain, prepare, lambda *parts: OwnFunction(*parts, backend.chosen), other)


def _aliases(outputs, updates, givens) -> dict:
    """Return the shared variables that lie where one that moves does, each with that one.

    A clone of a shared variable shares its memory. As one variable, all of them are read before the memory is written.
    """
    several = outputs if isinstance(outputs, list | tuple) else [outputs]
    made = [*several, *dict(updates or {}).values(), *dict(givens or {}).values()]
    shared = [v for v in graph_inputs([v for v in made if isinstance(v, Variable)]) if isinstance(v, SharedVariable)]
    moving = {id(v.container.storage): v for v in shared
              if v in dict(updates or {}) or getattr(v, "default_update", None) is not None}
    places = {v: moving.get(id(v.container.storage), v) for v in shared}
    return {v: other for v, other in places.items() if other is not v}


def _by_pytensor(inputs, outputs, backend, updates, givens, options):
    return explained(backend.name, lambda: pytensor.function(
        inputs, outputs, mode=backend.mode, updates=updates, givens=givens, **options))


class _Plain:
    """A function without any of the options that only PyTensor has: variables, outputs and updates.

    Attributes
    ----------
    inputs, outputs : list of variables
    updates : dict
        New value by shared variable, also of those that have one by default.
    form : type or None
        What outputs come back as: `list`, None where nothing was asked for, `Variable` for a single one.
    downcast : bool or None
        Whether arrays may lose precision on their way in.
    """

    @classmethod
    def of(cls, inputs, outputs, updates, givens, options):
        """Return it, or None if an option only works with PyTensor."""
        several = outputs if isinstance(outputs, list | tuple) else [] if outputs is None else [outputs]
        ordinary = all(isinstance(v, Variable) for v in (*inputs, *several)) and len(set(inputs)) == len(inputs)
        special = [name for name in ("profile", "accept_inplace", "no_default_updates") if options.get(name)]
        if not ordinary or special or not all(isinstance(v.type, pt.TensorType) for v in inputs):
            return None
        made = cls()
        made.inputs, made.downcast = list(inputs), options.get("allow_input_downcast")
        made.form = list if isinstance(outputs, list | tuple) else outputs if outputs is None else Variable
        try:
            made._take(list(several), dict(updates or {}), dict(givens or {}))
        except TypeError:  # which PyTensor will tell
            return None
        strict = (options.get("on_unused_input") or pytensor.config.on_unused_input) != "ignore"
        used = set(ancestors([*made.outputs, *made.updates.values()]))
        return None if strict and not used.issuperset(made.inputs) else made

    def moves_windows(self) -> bool:
        """Return whether windows move over images with channels first, which PyTensor's C code does twice as fast."""
        nodes = {v.owner for v in ancestors([*self.outputs, *self.updates.values()]) if v.owner is not None}
        return any(isinstance(node.op, OpFromGraph) and node.op.name in WINDOWS for node in nodes)

    def _take(self, outputs, updates, givens):
        updates = {v: v.type.filter_variable(e) for v, e in updates.items()}
        found = [*outputs, *updates.values()]
        replaced = {v: v.type.filter_variable(e) for v, e in givens.items()}
        found = clone_replace(found, replaced) if replaced else found
        self.outputs = found[: len(outputs)]
        self.updates = dict(zip(updates, found[len(outputs) :], strict=True))
        waiting = found
        while waiting:
            shared = [v for v in graph_inputs(waiting) if isinstance(v, SharedVariable) and v not in self.updates]
            fresh = {v: v.default_update for v in shared if getattr(v, "default_update", None) is not None}
            self.updates |= {v: e if isinstance(v.type, RandomType) else v.type.filter_variable(e)
                             for v, e in fresh.items()}
            waiting = list(fresh.values())


class _Called:
    """A function of the compiler of our own, or of JAX, that is called as PyTensor's are: by position or by name.

    Other attributes of PyTensor's function (``maker``, ``copy``, ...) come from one that is compiled on demand.
    """

    def __init__(self, plain: _Plain, prepare, make, otherwise=None):
        expressions = [*plain.outputs, *plain.updates.values()]
        expressions, self._prepared = (expressions, []) if prepare is None else prepare(expressions, plain.inputs)
        count = len(plain.outputs)
        updates = dict(zip(plain.updates, expressions[count:], strict=True))
        inputs = [*plain.inputs, *(v for v, _, _ in self._prepared)]
        self._plain, self._pytensors = plain, None if otherwise is None else functools.cache(otherwise)
        self._names = {v.name: i for i, v in enumerate(plain.inputs) if v.name is not None}
        self._made = make(inputs, expressions[:count], updates, self._other)
        self._function = Function(self._made)
        matrices = [v for v in graph_inputs(expressions) if isinstance(v, SharedVariable) and getattr(v, "ndim", 0) > 1]
        self._largest = max((v.get_value(borrow=True).size for v in matrices), default=0)  # of a product, for one row

    def _other(self):
        """Return PyTensor's function, which takes prepared arrays too, and does not look at them."""
        made, count = self._pytensors(), len(self._plain.inputs)

        def call(*arrays):
            found = made(*arrays[:count])
            return found if self._plain.form is list else [] if found is None else [found]

        return call

    def __call__(self, *arrays, **named):
        arrays = self._in_order(arrays, named) if named else arrays
        variables = self._plain.inputs
        if len(arrays) != len(variables):
            raise TypeError(f"function: got {len(arrays)} arguments for {len(variables)} inputs "
                            f"({', '.join(str(v.name) for v in variables)}). Pass one for each")
        arrays = [np.asarray(self._filtered(v, a), order="C") for v, a in zip(variables, arrays, strict=True)]
        if getattr(self._made, "why", None) is None:
            arrays += [make(arrays[position]) for _, position, make in self._prepared]
        rows = arrays[0].shape[0] if arrays and arrays[0].ndim else 1
        with blas.threads_for(self._largest * rows, self._largest > 0, own=True):
            found = self._function(*arrays)
        return found if self._plain.form is list else None if self._plain.form is None else found[0]

    def _filtered(self, variable, array):
        try:
            return variable.type.filter(array, strict=False, allow_downcast=self._plain.downcast)
        except (TypeError, ValueError) as error:
            raise type(error)(f"function: the argument for {variable.name or variable} does not fit: {error}") from None

    def _in_order(self, arrays, named):
        given = dict(enumerate(arrays))
        for name, array in named.items():
            if name not in self._names or self._names[name] in given:
                raise TypeError(f"function: {name}= is not an input, or it already has a value. There are "
                                f"{', '.join(self._names)}")
            given[self._names[name]] = array
        return [given[i] for i in range(len(self._plain.inputs)) if i in given]

    def decisions(self) -> list[str]:
        """Return what was decided in compiling, in words."""
        return self._made.decisions()

    def __getattr__(self, name):
        if name.startswith("_") or self._pytensors is None:
            raise AttributeError(name)
        return getattr(self._pytensors(), name)
