"""Models of theanets for items."""

import contextlib
import warnings

import numpy as np

from ...compiling import function, resolve
from . import binding, graph, layers, losses, regularizers, util


class Autoencoder(graph.Network):
    """A network that reconstructs its input; data are [input], or [input, weights].

    A weighted one also takes [input, target, weights], as a regressor does.
    """

    _brings_target = None  # whether the data of a training bring a target of its own; None: not known

    def target_of(self, loss, target):
        """Return the input, unless the user passed the axes of a target, or the data contain a separate target."""
        own = self._brings_target if "target" in loss._of_model else self._brings_target is not False
        return target if own or loss.LABELS else self.inputs[0]

    @contextlib.contextmanager
    def fitted(self, data):
        """Let the losses use a separate target if a dataset contains one."""
        data.draw()
        weighted = any(loss._weights is not None for loss in self.losses)
        try:
            for self._brings_target in (None, *([True] if weighted else []), False):
                if data.count in (None, len(self.variables)):
                    break
            else:
                self._brings_target = None
            yield
        finally:
            self._brings_target = None
            binding.bind(self)

    def encode(self, x, layer=None, sample=False, **kwargs):
        """Return a layer's output for `x`, or zeros and ones drawn with this output as probabilities."""
        code = self.feed_forward(x, **kwargs)[self._find_output(layer)]
        if not sample:
            return code
        return np.random.RandomState().binomial(n=1, p=code).astype(np.uint8)

    def decode(self, z, layer=None, **kwargs):
        """Return the network's output for values `z` of a layer."""
        name, made = self._find_output(layer), regularizers.from_kwargs(self, **kwargs)
        key = ("decode", name, self._key(made))
        if key not in self._functions:
            outputs, updates = self.build_graph(made)
            self._functions[key] = function([outputs[name]], [outputs[self.layers[-1].output_name]], resolve(None),
                                            updates=updates)
        return self._functions[key](util.typed(self.build_graph(made)[0][name], z, "decode"))[0]

    def _find_output(self, layer):
        """Return the full name of the output of a layer, by number, name or itself; None: in the middle."""
        layer = len(self.layers) // 2 if layer is None else layer
        if isinstance(layer, int):
            layer = self.layers[layer]
        named = [one for one in self.layers if one.name == layer]
        layer = named[0] if named else layer
        return layer.output_name if isinstance(layer, layers.Layer) else layer

    def score(self, x, w=None, **kwargs):
        """Return R^2 of the reconstruction of `x`; see `Network.score`."""
        return super().score(x, x, w=w, **kwargs)


class Regressor(graph.Network):
    """A network that predicts a target; data are [input, target], or [input, target, weights]."""


class Classifier(graph.Network):
    """A network that predicts probabilities of classes; data are [input, labels], or with weights."""

    DEFAULT_OUTPUT_ACTIVATION = "softmax"
    OUTPUT_NDIM = 1

    def __init__(self, layers, loss="xe", weighted=False, rng=13):
        super().__init__(layers, loss=loss, weighted=weighted, rng=rng)

    def monitors(self, **kwargs):
        """Return monitors as `Network.monitors` does, and the accuracy as 'acc'."""
        found = super().monitors(**kwargs)
        outputs, _ = self.build_graph(regularizers.from_kwargs(self, **kwargs))
        with_labels = [x for x in self.losses[:1] if isinstance(x, losses.CrossEntropy) or hasattr(x, "accuracy")]
        return found + [("acc", loss.accuracy(outputs)) for loss in with_labels]

    def predict(self, x, **kwargs):
        """Return the most probable class of each item."""
        return self.predict_proba(x, **kwargs).argmax(axis=-1)

    def classify(self, x, **kwargs):
        """Do what `predict` does."""
        warnings.warn("please use predict() instead of classify()", DeprecationWarning, stacklevel=2)
        return self.predict(x, **kwargs)

    def predict_proba(self, x, **kwargs):
        """Return the probability of each class."""
        return self.feed_forward(x, **kwargs)[self.layers[-1].output_name]

    def predict_logit(self, x, **kwargs):
        """Return the input of the last layer's activation."""
        return self.feed_forward(x, **kwargs)[self.layers[-1].full_name("pre")]

    def score(self, x, y, w=None, **kwargs):
        """Return the (weighted) share of correct classes."""
        predicted = self.predict(x, **kwargs)
        right = (y == predicted) if np.shape(y) == predicted.shape else np.zeros(np.shape(y), bool)
        return right.mean() if w is None else (w * right).sum() / w.sum()
