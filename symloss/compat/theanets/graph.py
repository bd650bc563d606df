"""Network: layers, losses and their compiled functions, as in theanets."""

import contextlib
import warnings

import numpy as np
import pytensor

from ...compiling import function, resolve
from . import (
    binding,
    downhill,
    layers,
    losses,
    regularizers,
    storage,
    trainer,
    util,
)


class Network:
    """A computation graph that can be trained.

    Parameters
    ----------
    layers : sequence
        Sizes, tuples, dicts or layers; see `add_layer`.
    loss : str, dict, class, Loss, list of such, or None
    weighted : bool
        Whether the data contain a weight for each target.
    rng : int or RandomState
        With an integer, each layer has its own generator with this seed.
    """

    DEFAULT_OUTPUT_ACTIVATION = "linear"
    INPUT_NDIM = 2
    OUTPUT_NDIM = 2

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        storage.register(cls)

    def __init__(self, layers=(), loss="mse", weighted=False, rng=13):
        self._forget()
        self._rng, self._weighted = rng, weighted
        self.layers, self.losses = [], []
        for index, layer in enumerate(layers):
            self.add_layer(layer, is_output=index == len(layers) - 1)
        for layer in self.layers:
            layer.bind(self)
        if loss and self.layers:
            self.set_loss(loss)

    def _forget(self):
        """Begin without expressions, functions, and variables that losses share."""
        self._graphs, self._functions, self._shared = {}, {}, {}

    # ------------------------------------------------------------------------------------------ layers

    def add_layer(self, layer=None, is_output=False, **kwargs):
        """Append a layer.

        Parameters
        ----------
        layer : Layer, int, str, tuple, list or dict
            An integer is a size, a string a form; a tuple of integers is a shape, any other has a size, a form and an
            activation in any order; a dict has 'form' and keyword arguments.
        is_output : bool
        **kwargs
            Keyword arguments of the layer.
        """
        if isinstance(layer, layers.Layer):
            self.layers.append(layer)
            return
        kwargs = kwargs | self._parse(layer)
        form = kwargs.pop("form", "ff" if self.layers else "input").lower()
        is_input = form == "input"
        kwargs.setdefault("name", "in" if is_input else "out" if is_output else f"hid{len(self.layers)}")
        kwargs.setdefault("rng", self._rng)
        if is_input:
            kwargs.setdefault("ndim", self.INPUT_NDIM)
        else:
            kwargs.setdefault("inputs", self.layers[-1].output_name)
            kwargs.setdefault("activation", self.DEFAULT_OUTPUT_ACTIVATION if is_output else "relu")
        if form == "tied" and "partner" not in kwargs:
            kwargs["partner"] = self._find_partner()
        made = layers.Layer.build(form, **kwargs)
        if is_input and made.name in {layer.name for layer in self.inputs_layers()}:
            raise util.ConfigurationError(f"two inputs are called {made.name!r}; give one of them another 'name'")
        self.layers.append(made)

    def _parse(self, layer):
        """Return the keyword arguments that a description stands for."""
        if isinstance(layer, dict):
            return dict(layer)
        if isinstance(layer, str):
            if not layers.Layer.is_registered(layer):
                raise util.ConfigurationError(f"layer {layer!r} is not valid; pass the form of a layer or a size")
            return {"form": layer}
        if isinstance(layer, tuple | list):
            if layer and all(isinstance(part, int) for part in layer):
                return {"shape": tuple(layer)}
            return self._parse_parts(layer)
        return {} if layer is None else {"size": layer}

    def _parse_parts(self, parts):
        found = {}
        for part in parts:
            if isinstance(part, type) and issubclass(part, layers.Layer):
                found["form"] = part.__name__
            elif isinstance(part, str):
                found["form" if layers.Layer.is_registered(part) else "activation"] = part
            elif isinstance(part, int):
                if "size" in found:
                    raise util.ConfigurationError(f"layer {parts!r} has two sizes, {found['size']} and {part}; leave "
                                                  f"one of them out")
                found["size"] = part
        return found

    def _find_partner(self):
        """Return the name of the layer that a tied one goes with: counting back, as brackets match."""
        tied = 1
        for layer in reversed(self.layers):
            tied += 1 if isinstance(layer, layers.Tied) else -1
            if tied == 0 and not isinstance(layer, layers.Input):
                return layer.name
        raise util.ConfigurationError("tied: there is no layer left to tie it to; name a 'partner'")

    def inputs_layers(self):
        """Return the input layers."""
        return [layer for layer in self.layers if isinstance(layer, layers.Input)]

    # ------------------------------------------------------------------------------------------ losses

    def add_loss(self, loss=None, **kwargs):
        """Append a loss.

        Losses on targets of the same kind share one target variable, and so one array of the data.

        Parameters
        ----------
        loss : str, dict, class, Loss, list of such, or None
            A name, a dict with 'form', a subclass of `Loss`, or an instance. The default is 'mse'.
        **kwargs
            'target', 'weight', 'weighted', 'output_name', and further options of the loss.
        """
        for one in loss if isinstance(loss, list | tuple) else [loss]:
            self.losses.append(one if isinstance(one, losses.Loss) else self._made_loss(one, kwargs))
        binding.bind(self)

    def _made_loss(self, described, kwargs):
        """Return the loss of a description."""
        given = kwargs | (described if isinstance(described, dict) else {"form": described} if described else {})
        form = given.pop("form", "mse")
        options = {"target": self.OUTPUT_NDIM, "weighted": self._weighted,
                   "output_name": self.layers[-1].output_name} | given
        if isinstance(form, type) and issubclass(form, losses.Loss):
            made = form(**options)
        elif isinstance(form, str):
            made = losses.Loss.build(form, **options)
        else:
            raise util.ConfigurationError(f"loss {form!r} is not valid; pass a name, a dict with 'form', a loss, or a "
                                          f"subclass of theanets.Loss whose __call__(self, outputs) returns an "
                                          f"expression")
        made._of_model = frozenset({"target", "output_name"} - set(given))
        return made

    def target_of(self, loss, target):
        """Return the default target of a loss: the `target` that all losses share."""
        return target

    def set_loss(self, *args, **kwargs):
        """Make a loss the only one; see `add_loss`."""
        self.losses = []
        self.add_loss(*args, **kwargs)

    # ------------------------------------------------------------------------------------------ training

    def itertrain(self, train, valid=None, algo="rmsprop", subalgo="rmsprop", save_every=0, save_progress=None,
                  **kwargs):
        """Train, and yield pairs of monitors, of the training and of the validation data.

        Parameters
        ----------
        train, valid : arrays, function, or Dataset
            In the order of `variables`. Without `valid`, the training data are used for validation.
        algo : str or trainer
            An algorithm of downhill; 'sample', 'layerwise', 'pretrain'; or an object with
            ``itertrain(train, valid, **kwargs)``.
        subalgo : str
            The optimizer that 'layerwise' and 'pretrain' use.
        save_every : int or float
            Number of passes (int) or minutes (float) after which the model is saved.
        save_progress : path or file
            Path of the file; '{}' in it is replaced by the time.
        **kwargs
            Options of the data ('batch_size', 'train_batches', 'valid_batches', 'iteration_size', 'axis', 'rng'), of
            the optimizer, of regularizers, 'monitors' and 'monitor_gradients'.
        """
        kwargs.setdefault("rng", self._rng)
        valid = self._dataset(train if valid is None else valid, "valid", kwargs)
        train = self._dataset(train, "train", kwargs)
        if "algorithm" in kwargs:
            warnings.warn('please use the "algo" keyword arg instead of "algorithm"', DeprecationWarning, stacklevel=2)
            algo = kwargs.pop("algorithm")
            algo = algo[0] if isinstance(algo, list | tuple) else algo
        if isinstance(algo, str):
            algo = trainer.build(algo, subalgo, self)
        saver = trainer.Saver(self, save_every, save_progress)
        for index, monitors in enumerate(algo.itertrain(train, valid, **kwargs)):
            yield monitors
            saver.passed(index)

    @contextlib.contextmanager
    def fitted(self, data):
        """Let the losses use the arrays of a dataset while expressions are built in this context."""
        yield

    def _dataset(self, data, name, kwargs):
        if isinstance(data, downhill.Dataset):
            return data
        size = kwargs.get("iteration_size", kwargs.get(f"{name}_batches"))
        return downhill.Dataset(data, name, kwargs.get("batch_size", 32), size, kwargs.get("axis", 0), kwargs["rng"])

    def train(self, *args, **kwargs):
        """Train as `itertrain` does, and return the last pair of monitors."""
        monitors = None
        for monitors in self.itertrain(*args, **kwargs):  # noqa: B007 - the last is what is wanted
            pass
        return monitors

    # ------------------------------------------------------------------------------------------ expressions

    def _key(self, regularizers):
        made = [(type(la), la.name, la.output_shape, id(la.activate)) for la in self.layers]
        return (*made, *((type(r), r.weight, str(r.pattern), str(getattr(r, "wrt", "")), str(getattr(r, "rng", "")))
                  for r in regularizers))

    def build_graph(self, regularizers=()):
        """Return the outputs of all layers, a dict by full name, and a list of updates."""
        key = self._key(regularizers)
        if key not in self._graphs:
            for regularizer in regularizers:
                regularizer.log()
            outputs, updates = util.Outputs(), []
            for layer in self.layers:
                made, more = layer.connect(outputs)
                for regularizer in regularizers:
                    regularizer.modify_graph(made)
                outputs |= made
                updates.extend(more)
            updates += [pair for regularizer in regularizers for pair in getattr(regularizer, "updates", ())]
            self._graphs[key] = outputs, updates
        return self._graphs[key]

    @property
    def inputs(self):
        """The input variables."""
        return [layer.input for layer in self.inputs_layers()]

    @property
    def variables(self):
        """The variables of the data, in order: inputs, then the target and weights of each loss, each variable once."""
        return list(dict.fromkeys(self.inputs + [v for loss in binding.bind(self) for v in loss.variables]))

    @property
    def params(self):
        """All parameters, as shared variables."""
        return [parameter for layer in self.layers for parameter in layer.params]

    @property
    def num_params(self):
        """Number of values in the parameters."""
        return sum(p.get_value(borrow=True).size for p in self.params)

    def find(self, which, param):
        """Return a parameter by layer and parameter, each by name or number; KeyError if there is none."""
        for index, layer in enumerate(self.layers):
            if which in (index, layer.name):
                return layer.find(param)
        raise KeyError(which)

    def loss(self, **kwargs):
        """Return the expression of the sum of all losses and regularizers, each times its weight."""
        bound, made = binding.bind(self), regularizers.from_kwargs(self, **kwargs)
        for loss in bound:
            loss.log()
        outputs, _ = self.build_graph(made)
        total = (sum(loss.weight * losses.value(loss, outputs) for loss in bound)
                 + sum(r.weight * r.loss(self.layers, outputs) for r in made))
        if not hasattr(total, "type"):
            raise util.ConfigurationError("train: this network has no loss; write net.add_loss('mse')")
        return total

    def monitors(self, **kwargs):
        """Return pairs (name, expression) of the values that training shows besides the loss.

        Parameters
        ----------
        monitors : dict or list of (pattern, levels)
            Levels by pattern of outputs and parameters. A level is a number (the share of values below it is shown),
            several numbers, or functions by label.
        """
        outputs, _ = self.build_graph(regularizers.from_kwargs(self, **kwargs))
        asked = kwargs.get("monitors", {})
        found = [("err", losses.value(loss, outputs)) for loss in binding.bind(self)[:1]]
        for pattern, levels in asked.items() if isinstance(asked, dict) else asked:
            matching = [*util.outputs_matching(outputs, pattern), *util.params_matching(self.layers, pattern)]
            found += [(f"{name}{label}", call(value)) for name, value in matching for label, call in _levels(levels)]
        return found

    def updates(self, **kwargs):
        """Return the updates that go with the outputs."""
        return self.build_graph(regularizers.from_kwargs(self, **kwargs))[1]

    # ------------------------------------------------------------------------------------------ use

    def feed_forward(self, x, **kwargs):
        """Return every layer's outputs for `x`, arrays by full name; for several inputs, a list of arrays."""
        made = regularizers.from_kwargs(self, **kwargs)
        key = ("feed_forward", self._key(made))
        if key not in self._functions:
            outputs, updates = self.build_graph(made)
            compiled = function(self.inputs, list(outputs.values()), resolve(None), updates=updates)
            self._functions[key] = list(outputs), compiled
        names, compiled = self._functions[key]
        arrays = list(x) if len(self.inputs) > 1 else [x]
        if len(arrays) != len(self.inputs):
            wanted = ", ".join(v.name for v in self.inputs)
            raise util.ConfigurationError(f"predict: got {len(arrays)} array{'s' * (len(arrays) != 1)}; "
                                          f"pass {len(self.inputs)} in one list, in this order: [{wanted}]")
        typed = [util.typed(v, array, "predict") for v, array in zip(self.inputs, arrays, strict=True)]
        return dict(zip(names, compiled(*typed), strict=True))

    def predict(self, x, **kwargs):
        """Return the last layer's output for `x`."""
        return self.feed_forward(x, **kwargs)[self.layers[-1].output_name]

    def score(self, x, y, w=None, **kwargs):
        """Return 1 - sum(w (y - p)^2) / sum(w (y - m)^2), with the mean m of all of `y`."""
        error, spread = y - self.predict(x, **kwargs), y - y.mean()
        w = np.ones_like(error) if w is None else w
        return 1 - (w * error * error).sum() / (w * spread * spread).sum()

    def save(self, filename):
        """Write the network to a file, by path (compressed if it ends in .gz) or handle; see `storage`."""
        storage.save(self, filename)

    @classmethod
    def load(cls, filename):
        """Return the network in a file that `save` wrote."""
        return storage.load(filename, cls)

    def __getstate__(self):
        return {"network": storage.to_bytes(self)}

    def __setstate__(self, state):
        self.__dict__.update(vars(storage.from_bytes(state["network"], type(self))))


storage.register(Network)


def _levels(levels):
    """Yield (label, function of an expression) of the levels of a monitor."""
    levels = levels.items() if isinstance(levels, dict) else levels
    for level in [levels] if isinstance(levels, int | float) else levels:
        if isinstance(level, tuple | list):
            yield f":{level[0]}", level[1]
        else:
            yield f"<{level}", lambda x, level=level: (x < level).astype(pytensor.config.floatX).mean()
