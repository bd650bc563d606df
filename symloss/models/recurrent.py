"""Models of sequences, which may differ in length."""

import contextlib
import dataclasses

import numpy as np
import pytensor
import pytensor.tensor as pt

from .. import decoding
from ..data import (
    Field,
    Labels,
    check_lengths,
    has_ragged,
    labels,
    named,
    prepare,
    ragged,
)
from ..data.columns import is_batches
from ..errors import SpecError
from . import feedforward
from .fields import mask_field
from .network import Network


class Sequences(Network, registered="recurrent.Sequences"):
    """The base of models of sequences.

    The data are arrays (batch, time, variables), or lists of arrays (time, variables) that may differ in length. Lists
    are padded to one array, and padding never counts in losses or metrics. Predictions for lists are lists.
    """

    input_ndim = 3
    autoencoder = "recurrent.Autoencoder"
    _has_padding = False  # while it trains on sequences of different lengths

    # ------------------------------------------------------------------------------------------ data

    def _fields(self, *arguments, **keywords):
        fields = super()._fields(*arguments, **keywords)
        names = {x._weights.name for x in self.losses if x._weights is not None and not x.weighted}
        return [dataclasses.replace(f, kind="mask", optional=True) if f.name in names else f for f in fields]

    # ------------------------------------------------------------------------------------------ training

    def itertrain(self, train, valid=None, algo="rmsprop", *, verbose=0, **options):
        """Train as `train` does, and yield each record as it comes."""
        fields = self._fields()
        is_ragged = any(self._may_be_ragged(data, fields) for data in (train, valid) if data is not None)
        self._check_lengths_are_known(is_ragged)
        with self._padded(is_ragged):
            records = super().itertrain(train, valid, algo, verbose=verbose, **options)
        return self._pass_on(records, is_ragged)

    def _pass_on(self, records, is_ragged):
        with self._padded(is_ragged):
            yield from records

    def masks(self, loss) -> bool:
        """Return whether a loss without weights of its own must leave out the padding."""
        steps = self.graph.outputs()[0][loss.output_name].ndim > 2
        return self._has_padding and steps and not loss.has_own_length

    def step_mask(self, loss):
        """Return the variable (batch, time) that marks real steps, for losses that ask for it; None if all are real."""
        if loss.spec is None or "steps" not in loss.spec.options or "steps" in loss.options:
            return None
        if self.graph.mask is not None or not self._has_padding:
            return self.graph.mask
        return self.__dict__.setdefault("_steps", pt.tensor(name="steps", dtype="int8", shape=(None, None)))

    def _may_be_ragged(self, data, fields) -> bool:
        """Return whether sequences differ in length; of batches that are to come, only a loss that asks cares."""
        arrays = hasattr(data, "shape") or (isinstance(data, list | tuple) and not is_batches(data, fields))
        if named(data, fields) is None and not arrays:
            return any(x.has_own_length and "steps" in x.spec.options for x in self.losses)
        return has_ragged(data, fields, own_lengths=False)

    def _check_lengths_are_known(self, is_ragged) -> None:
        """Raise SpecError for a loss that would take padding for steps, because it does not ask how many there are."""
        deaf = next((x for x in self.losses if x.has_own_length and "steps" not in x.spec.options), None)
        if deaf is not None and (is_ragged or self.graph.mask is not None):
            raise SpecError(f"train: the sequences differ in length, but {deaf.label} with like={deaf.like!r} takes "
                            "no lengths. Leave out like=, or pass sequences of equal length")

    @contextlib.contextmanager
    def _padded(self, is_ragged):
        """In this context, losses without weights use a mask that leaves padding out, if there is any padding."""
        self._has_padding = is_ragged
        self._bind()
        try:
            yield
        finally:
            self._has_padding = False
            self._bind()

    def _ready_for(self, data):
        """Return a context within which losses know of the padding that such data need."""
        return self._padded(self._may_be_ragged(data, self._fields()))

    # ------------------------------------------------------------------------------------------ prediction

    @property
    def _predicts_items(self) -> bool:
        """Whether there is one prediction for a sequence, and not one for each step."""
        return self.graph.outputs()[0][self.output_name].ndim == 2

    def _evaluate(self, names, x):
        fields = self._input_fields()
        if not has_ragged(x, fields):
            return super()._evaluate(names, x)
        columns = ragged.filled(named(x, fields), fields, "predict", counted=False)
        counts = _counts(x, fields)
        outputs = self.graph.outputs()[0]
        found = super()._evaluate(names, columns)
        return [_cut(v, counts) if outputs[n].ndim > 2 else v for n, v in zip(names, found, strict=True)]

    def score(self, x, y, w=None, metric=None):
        """Return R^2 over all steps of all sequences, or another metric; see `Network.score`."""
        return super().score(*self._columns([x, y], w), metric)

    def _predicted(self, x, y):
        """Return the prediction for `x`, or raise DataError unless `y` has a step for each of its steps."""
        found = self.predict(x, indices=True)
        counts = [[len(row) if np.ndim(row) else 1 for row in values] for values in (found, y)]
        ragged.check_same("the prediction", counts[0], "target", counts[1], "score")
        return found

    def _columns(self, columns, w):
        """Return columns and weights as arrays, with the mask beside the input if layers want one."""
        fields = self._input_fields()
        if has_ragged(columns[0], fields) and self._predicts_items:
            inputs = ragged.filled(named(columns[0], fields), fields, "score", counted=False)
            columns = [[inputs[f.name] for f in fields], *columns[1:]]
        elif has_ragged(columns[0], fields):
            axes = np.ndim(columns[1][0]) + 1 if len(columns) > 1 else 3
            weighing = Field("weights", "weights", (None,) * axes, "float64", partner="target")
            w = ragged.weights(w, _counts(columns[0], fields), weighing, "score")
            inputs = ragged.filled(named(columns[0], fields), fields, "score", counted=False)
            columns = [[inputs[f.name] for f in fields], *(ragged.fill(c, "score", repeat=True) for c in columns[1:])]
        elif self.graph.mask is not None:
            columns = [prepare(columns[0], fields, "score"), *columns[1:]]
        if isinstance(columns[0], list) and len(fields) == 1:
            columns = [columns[0][0], *columns[1:]]
        return *columns, w


def _counts(x, fields):
    """Return the lengths of the sequences in `x`."""
    columns, by_name = named(x, fields), {f.name: f for f in fields}
    return next(ragged.lengths(c) for name, c in columns.items() if ragged.fits(c, by_name[name]))


def _cut(values, counts) -> list:
    return [row[:count] for row, count in zip(values, counts, strict=True)]


def _rows(value, me: str = "score: target") -> np.ndarray:
    """Return the steps of all sequences, one under the other."""
    if ragged.is_list(value):
        return ragged.fill(value, me)[ragged.mask(ragged.lengths(value)) != 0]
    value = np.asarray(value)
    return value.reshape(-1, *value.shape[2:])


def _weights_of_rows(w, y):
    """Return the weights of all steps of the sequences `y`, one under the other, or None."""
    if w is None:
        return None
    counts = np.array([len(sequence) for sequence in y])
    field = Field("weights", "weights", (None,) * (np.ndim(y[0]) + 1), "float64", partner="target")
    return ragged.weights(w, counts, field, "score")[ragged.mask(counts) != 0]


class Regressor(Sequences, feedforward.Regressor, registered="recurrent.Regressor"):
    """A network for regression on sequences: it predicts a target (batch, time, outputs) for every input step."""


class Autoencoder(Sequences, feedforward.Autoencoder, registered="recurrent.Autoencoder"):
    """A network that learns to reconstruct its input. The data are (input,), or (input, weight) with weighted=True.

    A weighted autoencoder also takes (input, target, weight), like a regressor: for example noisy inputs and clean
    targets.
    """

    def decode(self, z, layer=None):
        """Return the reconstruction for values `z` of a layer: the middle layer, unless you name another one."""
        layer = self._middle(layer)
        full = f"{layer.name}:out"
        code = pt.tensor(name="code", dtype=pytensor.config.floatX, shape=(None, None, layer.size))
        fields, inputs = [Field("code", "input", code.type.shape, code.dtype)], [code]
        if self.graph.mask is not None:
            fields, inputs = [*fields, mask_field(self.graph.mask, fields)], [code, self.graph.mask]
        is_ragged = has_ragged(z, fields)
        columns = ragged.filled(named(z, fields), fields, "decode", counted=False) if is_ragged else z
        compiled = self._function(
            ("decode", full), inputs, lambda: [self.graph.outputs(replace={full: code})[0][self.output_name]]
        )
        found = compiled(*prepare(columns, fields, "decode"))[0]
        return _cut(found, _counts(z, fields)) if is_ragged else found

    def score(self, x, w=None, metric=None):
        """Return R^2 of the reconstruction over all steps of all sequences, or another metric; see `Network.score`."""
        return feedforward.Autoencoder.score(self, *self._columns([x], w), metric)


def _at_least(least, value) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least


class Classifier(Sequences, feedforward.Classifier, registered="recurrent.Classifier"):
    """A network that predicts a class for each step; targets are labels (batch, time)."""

    # ------------------------------------------------------------------------------------------ sequences of labels

    @property
    def _label_sequences(self):
        """The loss of sequences of labels that have a length of their own (ctc), or None."""
        return next((x for x in self.losses if x.has_own_length and self._is_main(x.output_name)), None)

    @property
    def _blank(self) -> int | None:
        """The output that stands for no label, from 0; None where each step has a label."""
        loss = self._label_sequences
        return None if loss is None else getattr(loss, "blank", 0) % self.layers[-1].size

    def _all_classes(self, classes):
        lacks_blank = self._label_sequences is not None and len(classes) == self.layers[-1].size - 1
        return labels.with_blank(classes, self._blank) if lacks_blank else classes

    def _with_encoders(self, fields, data=None):
        target = (named(data, fields) or {}).get("target") if data is not None else None
        if self._label_sequences is None and ragged.is_ragged(target, 2):
            data = {"target": _rows(target, "train: target")}
        return super()._with_encoders(fields, data)

    def _learned(self, columns, main, fields, name):
        given = columns.get(main.name)
        are_sequences = given is not None and all(isinstance(one, str) or ragged.axes(one) == 1 for one in given)
        if main.padding is None or not are_sequences:
            return super()._learned(columns, main, fields, name)
        weights = next((columns.get(f.name) for f in fields if f.kind == "weights" and f.partner == main.name), None)
        counts = [True] * len(given) if weights is None else [np.any(w) for w in weights]
        found = [one for one, count in zip(ragged.label_sequences(given), counts, strict=True) if count and len(one)]
        if all(one.dtype.kind in "biuf" for one in found):
            return self._labels
        return Labels.learned(np.concatenate(found), self.layers[-1].size, "train: target", blank=self._blank)

    def decode(self, x, beam=None, top=None) -> list:
        """Return the labels of each sequence of `x`, for a model with the loss ``ctc``: without repeats and blanks.

        Parameters
        ----------
        x : array or list
            As in `predict`; sequences may differ in length.
        beam : int or None
            Width of a beam search, see `decoding.ctc_beam`. None: take the most probable path, see
            `decoding.ctc_greedy`.
        top : int or None
            Number of hypotheses to return for each sequence, at most `beam`. None: return the labels of the best one.

        Returns
        -------
        list with a list of labels for each sequence
            Labels as the model was trained on. With `top`, a list of `decoding.Hypothesis` (labels, log_probability)
            for each sequence, the best one first.

        Raises
        ------
        SpecError
            If the model does not have the loss ``ctc``, or if `top` does not fit `beam`.
        """
        if self._blank is None:
            raise SpecError("decode: the model has no loss of label sequences. Make it with loss='ctc', or call "
                            "predict, which returns a class for each step")
        if top is not None and (beam is None or not _at_least(1, top) or top > beam):
            raise SpecError(f"decode: top={top!r}, beam={beam!r} is not valid; top needs a beam, and must be an "
                            "integer from 1 to its width")
        probabilities, lengths = self.predict_proba(x), self._lengths(x)
        if beam is None:
            return [self._called(found) for found in decoding.ctc_greedy(probabilities, lengths, self._blank)]
        found = decoding.ctc_beam(probabilities, lengths, self._blank, beam)
        if top is None:
            return [self._called(hypotheses[0].labels) for hypotheses in found]
        return [[h._replace(labels=self._called(h.labels)) for h in hypotheses[:top]] for hypotheses in found]

    def _lengths(self, x):
        """Return the steps of each sequence in arrays that come with a mask; None where predictions have them."""
        fields = self._input_fields()
        if self.graph.mask is None or has_ragged(x, fields):
            return None
        arrays = dict(zip([f.name for f in fields], prepare(x, fields, "decode", allow_nan=True), strict=True))
        return (arrays[self.graph.mask.name] != 0).sum(axis=1)

    def _called(self, positions) -> list:
        """Return the labels of classes by their positions, as a list."""
        return [self._labels.classes[position] for position in positions]

    def predict(self, x, labels=True, indices=False):
        """Return the most probable class for each step of `x`: its label, or its position with ``indices=True``."""
        return super().predict(x, labels, indices)

    def score(self, x, y, w=None, metric=None):
        """Return the (weighted) accuracy over all steps, or another metric; see `Network.score`.

        For a model with the loss ``ctc``, targets are sequences of labels, and `w` has a weight for each sequence.
        `metric` is then ``"label_error_rate"`` or ``"edit_distance"`` (the mean over sequences), both of what `decode`
        returns, or the name of a loss.
        """
        if self._label_sequences is not None:
            return self._score_sequences(x, y, w, metric)
        if metric is not None or self._predicts_items:
            return feedforward.Classifier.score(self, *self._columns([x, y], w), metric)
        predicted = _rows(self._predicted(x, y))
        field = Field("target", "label", (None,), "int64", self.layers[-1].size, encoder=self._labels)
        labels = prepare((_rows(y),), [field], "score")[0]
        return float(np.average(predicted == labels, weights=_weights_of_rows(w, y)))

    def _score_sequences(self, x, y, w, metric):
        """Return an edit distance or a loss of label sequences, which have a length of their own."""
        if metric is None:
            raise SpecError("score: label sequences have their own lengths, so there is no accuracy per step. Pass "
                            "metric='label_error_rate', metric='edit_distance', or the loss as metric='ctc'")
        if metric not in ("label_error_rate", "edit_distance"):
            columns = zip(x, ragged.label_sequences(y), strict=True)
            pairs = [[np.asarray(one)[None], labels[None]] for one, labels in columns]
            found = [feedforward.Classifier.score(self, *self._columns(pair, None), metric) for pair in pairs]
            return float(np.average(found, weights=w))
        size, padding = self.layers[-1].size, self._label_sequences.spec.padding
        field = Field("target", "label", (None, None), "int64", size, encoder=self._labels, padding=padding,
                      ignored=padding)
        right = prepare({"target": y}, [field], "score")[0]
        right = [[self._labels.classes[i] for i in row if i not in (padding, self._blank)] for row in right]
        found = self.decode(x)
        if metric == "label_error_rate":
            return decoding.label_error_rate(found, right, w)
        check_lengths({"in": len(found), "target": len(right)}, "score")
        distances = [decoding.edit_distance(*pair) for pair in zip(found, right, strict=True)]
        return float(np.average(distances, weights=w))

    def predict_sequence(self, labels, steps: int, streams: int = 1, rng=0):
        """Generate labels one after the other, each drawn from the prediction for all labels before it.

        Parameters
        ----------
        labels : sequence
            The labels that each stream begins with, at least one.
        steps : int
            Number of labels to generate.
        streams : int
            Number of sequences to generate side by side, all from the same beginning.
        rng : numpy Generator or int
            Generator of random numbers, or its seed.

        Yields
        ------
        label, or list of one label for each stream
            Class indices, or the labels that the model was given.

        Raises
        ------
        SpecError
            If the number of inputs differs from the number of classes: the input must be one-hot labels.
        """
        size = self.layers[-1].size
        if self.layers[0].shape != (size,):
            raise SpecError(
                f"predict_sequence: the model has {size} classes, but inputs of shape {self.layers[0].shape}. "
                f"Its input must be its own labels, one-hot"
            )
        labels = list(labels) if np.iterable(labels) else []
        if not labels or not _at_least(1, streams) or not _at_least(0, steps):
            raise SpecError(
                f"predict_sequence: got {len(labels)} labels, steps={steps!r}, streams={streams!r}. Pass a list of at "
                "least one label, at least 0 steps, and at least one stream"
            )
        field = Field("labels", "label", (None,), "int64", size, encoder=self._labels)
        start = prepare((np.asarray(labels),), [field], "predict_sequence")[0]
        return self._drawn(start, steps, streams, np.random.default_rng(rng))

    def _drawn(self, start, steps, streams, rng):
        x = np.zeros((streams, len(start) + steps, self.layers[-1].size), pytensor.config.floatX)
        x[:, np.arange(len(start)), start] = 1
        for step in range(len(start), len(start) + steps):
            chances = self.predict_proba(x[:, :step])[:, -1].astype("float64").cumsum(axis=-1)
            drawn = (chances < rng.uniform(size=(streams, 1)) * chances[:, -1:]).sum(axis=-1)
            x[np.arange(streams), step, drawn] = 1
            found = self._named(drawn).tolist()
            yield found[0] if streams == 1 else found
