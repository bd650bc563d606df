"""Predictions of a network, and the outputs of all its layers."""

from pytensor.graph.traversal import ancestors

from ..compiling import alone, function, name_of, resolve
from ..data import Field, is_mapping, joined, prepare
from ..errors import DataError
from ..training.options import named
from . import encoding

PREDICTION_ROWS = 4096


class Predicting:
    """Predictions of a network, and the outputs of its layers."""

    @named
    def feed_forward(self, x) -> dict:
        """Return the outputs of all layers for `x`, as arrays by full name such as 'hid1:out'.

        A dict may leave out some inputs, such as targets. The outputs that depend on them are then left out, too.
        """
        outputs = self.graph.outputs()[0]
        names = list(outputs)
        if is_mapping(x):
            given = set(x.keys())
            names = [n for n in names if {f.name for f in self._needed_fields([n]) if not f.optional} <= given]
            if not names:
                raise DataError(f"feed_forward: no output can be computed from {', '.join(map(str, x)) or 'nothing'}. "
                                f"The inputs are {', '.join(f.name for f in self._input_fields())}")
        return dict(zip(names, self._evaluate(names, x), strict=True))

    @named
    def predict(self, x, decode=True):
        """Return the prediction for `x`: an array, or a dict of arrays by name if there are several outputs.

        You only need to pass the inputs that the outputs depend on.

        Parameters
        ----------
        x : data
        decode : bool
            Whether an output whose classes have names (see ``encoders``) returns the most probable class of each item.
            False: return the probabilities.
        """
        names = [self.graph.main_name] if self.one_output else self.outputs
        found = self._evaluate([f"{name}:out" for name in names], x)
        if decode:
            found = [encoding.decoded(self, name, values) for name, values in zip(names, found, strict=True)]
        return found[0] if len(names) == 1 else dict(zip(names, found, strict=True))

    def _needed_fields(self, names) -> list[Field]:
        """Return the fields of the inputs that some outputs depend on; of all inputs, if they depend on none."""
        fields = self._input_fields()
        if len(fields) == 1:
            return fields
        outputs, variables = self.graph.outputs()[0], self.graph.input_variables()
        used = set(ancestors([outputs[name] for name in names]))
        return [f for f in fields if variables.get(f.name) in used] or fields

    def _evaluate(self, names, x) -> list:
        found = self._compiled.get(self._key("predict", *names), lambda: self._predictor(names))
        arrays = prepare(found.needed(x), found.fields, "predict", allow_nan=True)
        compiled = found.compiled or found.compile()
        rows = arrays[0].shape[0]
        if rows <= PREDICTION_ROWS:
            return compiled(*arrays)[: len(names)]
        starts = range(0, rows, PREDICTION_ROWS)
        parts = [compiled(*(a[start : start + PREDICTION_ROWS] for a in arrays)) for start in starts]
        return [joined([part[i] for part in parts]) for i in range(len(names))]

    def _predictor(self, names) -> "Predictor":
        fields, variables = self._needed_fields(names), self.graph.input_variables()

        def make():
            outputs, updates = self.graph.outputs()
            return function([variables[f.name] for f in fields], [outputs[n] for n in names], resolve(self.mode),
                            updates=updates)

        return Predictor(fields, list(variables), make)

    def _key(self, *what) -> tuple:
        return (*what, name_of(self.mode), self.graph.activations())

    def _function(self, key, inputs, outputs):
        """Return a compiled function of the model's, made once."""
        return self._compiled.get(self._key(*key), lambda: function(inputs, outputs(), resolve(self.mode)))


class Predictor:
    """A function of some outputs, compiled when it is first called, and the fields of the inputs that it takes.

    Parameters
    ----------
    fields : list of Field
    known : list of str
        Names of all inputs of the model.
    make : function of nothing
        Compiles.
    """

    def __init__(self, fields: list, known: list, make):
        self.fields, self.compiled, self._make = fields, None, make
        self._known, self._takes_all = known, len(fields) == len(known)

    def needed(self, x):
        """Return of `x`, which may be for all inputs of the model, what is for the fields."""
        if self._takes_all:
            return x
        known, names = self._known, [f.name for f in self.fields]
        if is_mapping(x):
            return {name: x[name] for name in x.keys() if name in names or name not in known}  # noqa: SIM118
        if isinstance(x, list | tuple) and len(x) == len(known) > 1:
            return [one for name, one in zip(known, x, strict=True) if name in names]
        return x

    @alone
    def compile(self):
        """Return the compiled function; it is made once."""
        if self.compiled is None:
            self.compiled = self._make()
        return self.compiled

    def decisions(self) -> list[str]:
        """Return what the compiler decided, in words."""
        return getattr(self.compiled, "decisions", list)()
