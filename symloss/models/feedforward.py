"""The models: networks with defaults for what they predict."""

import contextlib
import dataclasses

import numpy as np
import pytensor
import pytensor.tensor as pt

from .._checks import undo
from ..data import (
    Field,
    Labels,
    is_mapping,
    prepare,
)
from ..errors import ShapeError, SpecError
from ..training.options import named
from . import encoding, scoring
from .fields import narrowest
from .network import Network


@contextlib.contextmanager
def _unless_refused(model, name: str):
    """In this context, a model may learn an attribute from data. If the data are refused, it forgets it again."""
    known = getattr(model, name)
    try:
        yield
    except Exception:
        setattr(model, name, known)
        raise


class Regressor(Network):
    """A network for regression: its prediction has the shape of the target.

    A prediction of one column has the shape of the targets that the model was trained on, (n, 1) or (n,).
    """

    default_loss = "mse"
    one_output = True
    takes_classes = False
    flat_target = False  # whether the targets of the last training lacked the last axis, of length 1

    def itertrain(self, train, valid=None, algo="rmsprop", *, verbose=0, **options):
        """Train as `train` does, and yield each record as it comes."""
        with _unless_refused(self, "flat_target"):
            return super().itertrain(train, valid, algo, verbose=verbose, **options)

    def _with_encoders(self, fields, data=None):
        main = next((f for f in fields if f.name == "target" and f.kind == "target"), None)
        if data is None or main is None or main.shape[-1] != 1 or len(main.shape) < 2:
            return fields

        def seen(axes, who):
            if who == "train":
                self.flat_target = axes == len(main.shape) - 1

        return [dataclasses.replace(f, seen=seen) if f is main else f for f in fields]

    @named
    def predict(self, x) -> np.ndarray:
        """Return the prediction for `x`; a single column as (n,) if the model was trained on targets (n,)."""
        found = super().predict(x)
        if not self.flat_target:
            return found
        return [p[..., 0] for p in found] if isinstance(found, list) else found[..., 0]


class Autoencoder(Network):
    """A network that learns to reconstruct its input. The data are (input,), or (input, weight) with weighted=True.

    A weighted autoencoder also takes (input, target, weight), like a regressor: for example noisy inputs and clean
    targets.
    """

    default_loss = "mse"
    one_output = True
    takes_classes = False
    _brings_target = False  # whether the data of the last training had a target beside the input

    def itertrain(self, train, valid=None, algo="rmsprop", *, verbose=0, **options):
        """Train as `train` does, and yield each record as it comes."""
        self._brings_target = self.weighted and _has_target(train)
        return super().itertrain(train, valid, algo, verbose=verbose, **options)

    def new_target(self, loss):
        if self._is_main(loss.output_name) and not self._brings_target:
            if self.graph.inputs[0].sparse:
                raise SpecError(f"{type(self).__name__}: a sparse input cannot be a target. Use a Regressor, and pass "
                                "a dense array as its target")
            if self.graph.layers[-1].shape != self.graph.inputs[0].shape:
                raise SpecError(
                    f"{type(self).__name__}: the output has shape {self.graph.layers[-1].shape}, but the input has "
                    f"{self.graph.inputs[0].shape}. End the layers with the size of the input, or with 'tied'"
                )
            if self.graph.outputs()[0][loss.output_name].ndim < self.inputs[0].ndim:
                raise SpecError(
                    f"{type(self).__name__}: the input is a sequence, but the output is a single value for all of its "
                    "steps. Leave out the layer over time ('last', 'mean' or 'max'), or use a recurrent.Regressor "
                    "with one target per sequence"
                )
            return self.inputs[0]
        return super().new_target(loss)

    def _with_encoders(self, fields, data=None):
        outputs, first = self.graph.outputs()[0], self.inputs[0]
        domain = narrowest(x.domain(outputs) for x in self.losses if x._target is first)
        return [dataclasses.replace(f, domain=f.domain or domain) if f.name == first.name else f for f in fields]

    def _middle(self, layer):
        return self.graph[len(self.layers) // 2 if layer is None else layer]

    @named
    def encode(self, x, layer=None) -> np.ndarray:
        """Return the output of a layer for `x`: the middle layer, unless you name another one."""
        return self._evaluate([f"{self._middle(layer).name}:out"], x)[0]

    @named
    def decode(self, z, layer=None) -> np.ndarray:
        """Return the reconstruction for values `z` of a layer: the middle layer, unless you name another one."""
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
        """Return R^2 of the reconstruction of `x`, or another metric; see `Network.score`."""
        return scoring.score(self, [x], w, metric)


def _has_target(data) -> bool:
    """Return whether the data of a weighted autoencoder bring a target beside the input."""
    return "target" in list(data.keys()) if is_mapping(data) else isinstance(data, list | tuple) and len(data) == 3


class Classifier(Network):
    """A network for classification: it predicts a probability for each class, and targets are labels.

    Parameters
    ----------
    classes : list or None
        The labels, in the order of the outputs, if they are not 0 to k - 1. You need not list strings: the first
        training learns them, in alphabetical order.

    Other parameters as in `Network`.
    """

    default_loss = "xe"
    one_output = True
    output_activation = "softmax"
    target_kind = "label"

    @named
    def __init__(self, layers=None, loss="default", weighted=False, seed=0, mode=None, classes=None, edges=None,
                 graph=None):
        super().__init__(layers, loss, weighted, seed, mode, edges, graph=graph)
        if classes is not None:
            self.encoder = Labels(self._all_classes(list(classes)))
        if classes is not None and len(self.encoder.classes) != self.layers[-1].size:
            raise SpecError(f"Classifier: got {len(self.encoder.classes)} classes, but the model has "
                            f"{self.layers[-1].size} outputs. Pass one class per output")

    def _all_classes(self, classes: list) -> list:
        """Return the class of every output, from what the user calls them."""
        return classes

    @property
    def encoder(self) -> Labels | None:
        """The classes of the last layer. None, if they are neither given nor learned yet."""
        return self.encoders.get(self.graph.main_name)

    @encoder.setter
    def encoder(self, labels):
        if labels is None:
            self.encoders.pop(self.graph.main_name, None)
        else:
            self.encoders[self.graph.main_name] = labels

    @property
    def classes(self) -> list:
        """The labels, in the order of the outputs."""
        return self._labels.classes

    @property
    def classes_(self) -> np.ndarray:
        """The labels as an array, as in scikit-learn."""
        return self._labels.table

    @property
    def _labels(self) -> Labels:
        return Labels(range(self.layers[-1].size)) if self.encoder is None else self.encoder

    def _try(self, loss):
        self._check_one_output_per_class(loss)
        try:
            super()._try(loss)
        except ShapeError:
            size, main = self.layers[-1].size, self._is_main(loss.output_name)
            if size == 1 or not main or undo(self.graph.outputs()[0][self.output_name], "sigmoid") is None:
                raise
            raise ShapeError(
                f"Classifier: {loss.label} needs labels, but the output is a sigmoid, which says yes or no to each of "
                f"{size} classes. End in ({size}, 'softmax'), or pass loss='bce'. If an item can have several "
                f"classes, use a Regressor with loss='bce' and targets of shape (n, {size})"
            ) from None

    def _check_one_output_per_class(self, loss):
        """Raise SpecError for a loss whose outputs are thresholds between classes: the greatest one means nothing."""
        if loss.spec is None or loss.spec.ports != ("prediction", "target") or not self._is_main(loss.output_name):
            return
        outputs = self.graph.outputs()[0]
        found, units = loss.classes(outputs), outputs[self.output_name].type.shape[-1]
        if found in (None, units, encoding.told_apart(self, self.graph.main_name)) or units is None:
            return
        kind, above = ("'sigmoid'", "> 0.5") if loss.spec.activation == "sigmoid" else ("'linear'", "< 0")
        raise SpecError(
            f"Classifier: the outputs of {loss.label} are thresholds between ordered classes, but a Classifier "
            f"predicts the class with the greatest output. For k classes, use a Network that ends in (k - 1, {kind}), "
            f"and count: labels = (net.predict(x) {above}).sum(axis=1)")

    def _metrics(self):
        main = [loss for loss in self.losses if self._is_main(loss.output_name)]
        labels = main and main[0]._target.dtype.startswith("int") and not main[0].has_own_length
        return ["acc"] if labels else []

    @named
    def predict(self, x, labels=True, indices=False) -> np.ndarray:
        """Return the most probable class for each item of `x`.

        Parameters
        ----------
        x : array
        labels : bool
            ``labels=False`` means the same as ``indices=True``.
        indices : bool
            Whether to return the position of each class among the outputs, from 0, instead of the labels that the
            model was trained on.
        """
        probabilities = self.predict_proba(x)
        if indices or not labels or self._labels.positions:
            return encoding.best(probabilities)
        return encoding.decoded(self, self.graph.main_name, probabilities)

    def _named(self, positions) -> np.ndarray:
        """Return the labels of classes by their positions."""
        return positions if self._labels.positions else self._labels.decode(positions)

    @named
    def predict_proba(self, x) -> np.ndarray:
        """Return the probability of every class for each item of `x`."""
        return self._evaluate([self.output_name], x)[0]

    @named
    def predict_logit(self, x) -> np.ndarray:
        """Return the logits for each item of `x`: the input of the last layer's activation."""
        return self._evaluate([self.output_name.replace(":out", ":pre")], x)[0]

    def score(self, x, y, w=None, metric=None):
        """Return the (weighted) accuracy for `x`, or another metric; see `Network.score`."""
        return super().score(x, y, w, metric)

    def _options(self):
        found = super()._options()
        return found if self._labels.positions else found | {"classes": self.encoder.classes}
