"""What a network computes for inputs: predictions, and the outputs of all layers."""

import dataclasses

from pytensor.graph.traversal import ancestors

from ..compiling import function, resolve
from ..data import Field, is_mapping, joined, prepare
from ..errors import DataError
from ..training.options import named

PREDICTION_ROWS = 4096


class Predicting:
    """What a network computes for inputs."""

    @named
    def feed_forward(self, x) -> dict:
        """Return every layer's outputs for `x` as arrays, by full name, 'hid1:out'.

        A dict may leave inputs out, those of targets say; then the outputs that need them are left out, too.
        """
        outputs = self.graph.outputs()[0]
        names = list(outputs)
        if is_mapping(x):
            given = set(x.keys())
            names = [n for n in names if {f.name for f in self._needed_fields([n]) if not f.optional} <= given]
            if not names:
                raise DataError(f"feed_forward: no output can be computed of {', '.join(map(str, x)) or 'nothing'}; "
                                f"the inputs are {', '.join(f.name for f in self._input_fields())}")
        return dict(zip(names, self._evaluate(names, x), strict=True))

    @named
    def predict(self, x):
        """Return the prediction for `x`: an array; of several outputs a dict of arrays by their names.

        Only those inputs are needed that the outputs depend on.
        """
        if self.one_output or len(self.outputs) == 1:
            name = self.output_name if self.one_output else f"{self.outputs[0]}:out"
            return self._evaluate([name], x)[0]
        return dict(zip(self.outputs, self._evaluate([f"{name}:out" for name in self.outputs], x), strict=True))

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
        arrays = prepare(x, found.fields, "predict", allow_nan=True)
        if arrays[0].shape[0] <= PREDICTION_ROWS:
            parts = [found.compiled(*arrays)]
        else:
            starts = range(0, arrays[0].shape[0], PREDICTION_ROWS)
            parts = [found.compiled(*(a[start : start + PREDICTION_ROWS] for a in arrays)) for start in starts]
        return [joined([part[i] for part in parts]) for i in range(len(names))]

    def _predictor(self, names) -> "Predictor":
        fields, variables = self._needed_fields(names), self.graph.input_variables()
        outputs, updates = self.graph.outputs()
        compiled = function([variables[f.name] for f in fields], [outputs[n] for n in names], resolve(self.mode),
                            updates=updates)
        return Predictor(fields, compiled)

    def _key(self, *what) -> tuple:
        return (*what, resolve(self.mode).name, tuple(id(la.activate) for la in self.graph.layers))

    def _function(self, key, inputs, outputs):
        """Return a compiled function of the model's, made once."""
        return self._compiled.get(self._key(*key), lambda: function(inputs, outputs(), resolve(self.mode)))


@dataclasses.dataclass(frozen=True)
class Predictor:
    """A compiled function of some outputs, and the fields of the inputs that it takes."""

    fields: list
    compiled: object

    def decisions(self) -> list[str]:
        """Return what the compiler decided, in words."""
        return getattr(self.compiled, "decisions", list)()
