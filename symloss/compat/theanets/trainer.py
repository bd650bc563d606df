"""Trainers of theanets: with downhill, from samples, and layer by layer."""

import itertools
import time

import numpy as np

from . import downhill, layers, storage
from .util import log, random_state


def build(algo, subalgo, network):
    """Return the trainer called `algo`."""
    algo = algo.lower()
    if algo == "sample":
        return SampleTrainer(network)
    if algo.startswith(("layer", "sup")):
        return SupervisedPretrainer(subalgo, network)
    if algo.startswith(("pre", "unsup")):
        return UnsupervisedPretrainer(subalgo, network)
    return DownhillTrainer(algo, network)


class Saver:
    """Saves a network after every so many passes (an int) or minutes (a float)."""

    def __init__(self, network, every, where):
        self.network, self.every, self.where = network, every or 1, where
        self.start = time.time()

    def passed(self, index):
        """Take note of a pass, numbered from 0, and save if it is time."""
        if self.where is None or not index:
            return
        now = time.time()
        due = now - self.start > 60 * self.every if isinstance(self.every, float) else index % self.every == 0
        if due:
            self.network.save(self.where.format(int(now)) if isinstance(self.where, str) else self.where)
            self.start = now


class DownhillTrainer:
    """Trains by one of downhill's algorithms."""

    def __init__(self, algo, network):
        self.algo, self.network = algo, network

    def itertrain(self, train, valid=None, **kwargs):
        """Yield pairs of monitors."""
        net = self.network
        with net.fitted(train if valid is None else valid):  # validation draws first
            optimizer = downhill.build(
                self.algo, net.loss(**kwargs), net.params, net.variables, net.updates(**kwargs),
                net.monitors(**kwargs), kwargs.get("monitor_gradients", False),
            )
        yield from optimizer.iterate(train, valid, **kwargs)


def _first(batch):
    return batch[0]


def _last(batch):
    return batch[-1]


def _dense(rows):
    return rows.toarray() if hasattr(rows, "toarray") else rows


class SampleTrainer:
    """Sets weights to items of the data, scaled to length 1."""

    def __init__(self, network):
        self.network = network

    @staticmethod
    def reservoir(xs, n, rng):
        """Return n of the rows `xs`, each with length 1; where there are fewer, copies with noise."""
        pool = []
        for count, x in enumerate(xs):
            place = count if count < n else rng.randint(count + 1)
            if place < n:
                pool[place:place + 1] = [x / np.linalg.norm(x)]
        spread, found = np.std(pool, axis=0), len(pool)
        while len(pool) < n:
            x = pool[rng.randint(found)]
            pool.append(x + spread * rng.randn(*x.shape))
        return np.array(pool, dtype=pool[0].dtype)

    def itertrain(self, train, valid=None, **kwargs):
        """Set the weights of the last layer to targets and those of others to their inputs; yield one pair."""
        rng = random_state(kwargs.get("rng"))
        batch = next(iter(train))
        inputs, outputs = _first(batch).shape[-1], _last(batch).shape[-1]
        for parameter in self.network.layers[-1].params:
            shape = parameter.get_value(borrow=True).shape
            if len(shape) == 2 and shape[1] == outputs:
                self._set(parameter, self._rows(_last, train), shape[0], rng, transposed=False)
        name = None
        for layer in self.network.layers:
            for parameter in layer.params:
                shape = parameter.get_value(borrow=True).shape
                if len(shape) == 2 and shape[0] == inputs and layer is not self.network.layers[-1]:
                    self._set(parameter, self._rows(_first, train, name), shape[1], rng, transposed=True)
                    name, inputs = layer.output_name, shape[1]
        yield {"loss": 0}, {"loss": 0}

    def _rows(self, which, train, name=None):
        """Yield the rows of an array of the data, or of the output `name` that the network makes of it."""
        batches = (which(batch) for batch in train)
        if name is not None:
            batches = (self.network.feed_forward(x)[name] for x in batches)
        rows = itertools.chain.from_iterable(_dense(x) for x in batches)
        return (row for x in rows for row in x.reshape(-1, x.shape[-1]) if row.any())

    def _set(self, parameter, rows, count, rng, transposed):
        chosen = self.reservoir(rows, count, rng)
        chosen = chosen / np.sqrt((chosen * chosen).sum(axis=1))[:, None]
        log("setting {}: {}", parameter.name, parameter.get_value(borrow=True).shape)
        parameter.set_value((chosen.T if transposed else chosen).astype(parameter.dtype))


class SupervisedPretrainer:
    """Trains a network layer by layer: first with one hidden layer and an output, then with two, and so on.

    Networks with tied layers grow by pairs, from the outermost inwards. See Bengio et al. (2006), "Greedy Layer-Wise
    Training of Deep Networks", NIPS.
    """

    def __init__(self, algo, network):
        self.algo, self.network = algo, network

    def itertrain(self, train, valid=None, **kwargs):
        """Yield pairs of monitors, of one network after the other."""
        net = self.network
        whole, name = list(net.layers), net.losses[0].output_name
        tied = any(isinstance(layer, layers.Tied) for layer in whole)
        last = len(whole) // 2 if tied else len(whole) - 2
        try:
            for depth in range(1, max(last, 1) + 1):
                net.layers = whole if depth >= last else self._part(whole, depth, tied)
                net.losses[0].output_name = net.layers[-1].output_name if net.layers is not whole else name
                log("layerwise: training {}", " -> ".join(layer.name for layer in net.layers))
                yield from DownhillTrainer(self.algo, net).itertrain(train, valid, **kwargs)
        finally:
            net.layers, net.losses[0].output_name = whole, name

    def _part(self, whole, depth, tied):
        """Return the first layers, up to a depth, with new ones that make an output of them."""
        part = whole[: depth + 1]
        for back in range(depth if tied else 1):
            if tied:
                made = layers.Layer.build("tied", partner=whole[depth - back].name, inputs=part[-1].name,
                                          activation=whole[-1].kwargs.get("activation", "relu")
                                          if back == depth - 1 else "relu", rng=self.network._rng,
                                          name=f"tied-{whole[depth - back].name}")
            else:
                made = layers.Layer.build("feedforward", name="lwout", inputs=part[-1].output_name,
                                          size=whole[-1].output_size, activation=whole[-1].kwargs["activation"],
                                          rng=self.network._rng)
            self.network.layers = [*part, made]
            made.bind(self.network)
            part = [*part, made]
        return part


class UnsupervisedPretrainer:
    """Trains an autoencoder of the hidden layers, with tied weights, layer by layer, and copies its parameters."""

    def __init__(self, algo, network):
        self.algo, self.network = algo, network

    def itertrain(self, train, valid=None, **kwargs):
        """Yield pairs of monitors of the autoencoder."""
        described = [layer.arguments() for layer in self.network.layers[:-1]]
        tied = [{"form": "tied", "partner": one["name"], "activation": one.get("activation", "relu")}
                for one in reversed(described[2:])]
        tied.append({"form": "tied", "partner": described[1]["name"], "activation": "linear"})
        log("creating shadow network")
        shadow = storage.MODELS["feedforward.Autoencoder"]([*described, *tied], rng=self.network._rng)
        yield from SupervisedPretrainer(self.algo, shadow).itertrain(train, valid, **kwargs)
        for layer in self.network.layers[:-1]:
            for mine, theirs in zip(layer.params, shadow.layers[self.network.layers.index(layer)].params, strict=True):
                mine.set_value(theirs.get_value())
        log("completed unsupervised pretraining")
