"""The models: networks with defaults for what they predict."""

import dataclasses

import numpy as np
import pytensor
import pytensor.tensor as pt

from .._checks import undo
from ..data import Field, Labels, as_array, prepare
from ..errors import ShapeError, SpecError
from ..training.options import named
from . import scoring
from .network import Network


class Regressor(Network):
    """A network whose prediction should equal a target of its shape."""


class Autoencoder(Network):
    """A network whose prediction should equal its input; data are (input,) or, weighted, (input, weight)."""

    def _new_target(self, loss):
        if self._is_main(loss.output_name):
            if self.graph.inputs[0].sparse:
                raise SpecError(f"{type(self).__name__}: a sparse input cannot be a target; use a Regressor, and pass "
                                f"a dense array as its target")
            if self.graph.layers[-1].shape != self.graph.inputs[0].shape:
                raise SpecError(
                    f"{type(self).__name__}: the output has shape {self.graph.layers[-1].shape}, the input "
                    f"{self.graph.inputs[0].shape}; end with the size of the input, or with 'tied'"
                )
            return self.inputs[0]
        return super()._new_target(loss)

    def _middle(self, layer):
        return self.graph[len(self.layers) // 2 if layer is None else layer]

    @named
    def encode(self, x, layer=None) -> np.ndarray:
        """Return the output of a layer for `x`: of the one in the middle, unless named."""
        return self._evaluate([f"{self._middle(layer).name}:out"], x)[0]

    @named
    def decode(self, z, layer=None) -> np.ndarray:
        """Return the reconstruction for values `z` of a layer: of the one in the middle, unless named."""
        layer = self._middle(layer)
        full = f"{layer.name}:out"
        code = pt.tensor(name="code", dtype=pytensor.config.floatX, shape=(None, *layer.shape))
        array = prepare(z, [Field("code", "input", code.type.shape, code.dtype)], "decode")
        compiled = self._function(
            ("decode", full), [code], lambda: [self.graph.outputs(replace={full: code})[0][self.output_name]]
        )
        return compiled(*array)[0]

    @named
    def score(self, x, w=None, metric=None):
        """Return R^2 of the reconstruction of `x`, or another figure; see `Network.score`."""
        return scoring.score(self, [x], w, metric)


def _are_numbers(labels) -> bool:
    return all(isinstance(label, int | float | np.number) for label in labels.flat)


class Classifier(Network):
    """A network whose prediction is a probability for each class; targets are labels.

    Parameters
    ----------
    classes : list or None
        The labels, in the order of the outputs, where they are not 0 to k - 1. Strings need not be listed: the first
        training learns them.

    Other parameters as in `Network`.
    """

    default_loss = "xe"
    output_activation = "softmax"
    target_kind = "label"

    @named
    def __init__(self, layers, loss="default", weighted=False, seed=0, mode=None, classes=None):
        super().__init__(layers, loss, weighted, seed, mode)
        self.encoder = None if classes is None else Labels(classes)
        if classes is not None and len(self.encoder.classes) != self.layers[-1].size:
            raise SpecError(f"Classifier: {len(self.encoder.classes)} classes, but {self.layers[-1].size} outputs")

    @property
    def classes(self) -> list:
        """The labels, in the order of the outputs."""
        return list(range(self.layers[-1].size)) if self.encoder is None else self.encoder.classes

    def _with_encoders(self, fields, data=None):
        main = [f.name for f in fields].index("target") if "target" in {f.name for f in fields} else None
        if main is None:
            return fields
        if self.encoder is None and data is not None:
            labels = data.get("target") if isinstance(data, dict) else None
            if isinstance(data, list | tuple) and len(data) > main:
                labels = data[main]
            if labels is not None and not hasattr(labels, "toarray"):
                labels = as_array(labels, "train: target")
                if labels.dtype.kind in "US" or (labels.dtype.kind == "O" and not _are_numbers(labels)):
                    self.encoder = Labels.fit(labels, self.layers[-1].size, "train: target")
        if self.encoder is None:
            return fields
        return [dataclasses.replace(f, encoder=self.encoder) if i == main else f for i, f in enumerate(fields)]

    def _try(self, loss):
        try:
            super()._try(loss)
        except ShapeError:
            size, main = self.layers[-1].size, self._is_main(loss.output_name)
            if size == 1 or not main or undo(self.graph.outputs()[0][self.output_name], "sigmoid") is None:
                raise
            raise ShapeError(
                f"Classifier: {loss.label} of labels, but the output is a sigmoid, which says yes or no to each of "
                f"{size} classes; end in ({size}, 'softmax'), or pass loss='bce'; where items have several classes, a "
                f"Regressor with loss='bce' takes targets of shape (n, {size})"
            ) from None

    def _metrics(self):
        main = [loss for loss in self.losses if self._is_main(loss.output_name)]
        return ["acc"] if main and main[0]._target.dtype.startswith("int") else []

    @named
    def predict(self, x, labels=False) -> np.ndarray:
        """Return the most probable class for each item of `x`: its index, or with ``labels=True`` its label."""
        indices = self.predict_proba(x).argmax(axis=-1)
        return np.array(self.classes, dtype=object)[indices] if labels else indices

    @named
    def predict_proba(self, x) -> np.ndarray:
        """Return the probability of every class for each item of `x`."""
        return self._evaluate([self.output_name], x)[0]

    @named
    def predict_logit(self, x) -> np.ndarray:
        """Return what goes into the last layer's activation for each item of `x`."""
        return self._evaluate([self.output_name.replace(":out", ":pre")], x)[0]

    def score(self, x, y, w=None, metric=None):
        """Return the (weighted) share of right classes for `x`, or another figure; see `Network.score`."""
        return super().score(x, y, w, metric)

    def _options(self):
        found = super()._options()
        return found if self.encoder is None else found | {"classes": self.encoder.classes}
