"""Network: a graph of layers with losses, which trains, predicts, scores and is saved."""

import numpy as np
from pytensor.graph.traversal import ancestors

from .. import losses, metrics, schedules
from ..compiling import function, resolve
from ..data import Field, joined, prepare
from ..errors import DataError, SpecError, unknown
from ..explain import Text, explain, summary
from ..layers.graph import Graph
from ..losses import Loss, target_variable, weights_variable
from ..objective import measures
from ..stability import distributions
from ..training import History, trainer
from ..training.options import PRETRAINING, Options, named
from . import pretraining, registry, saving, scoring

PREDICTION_ROWS = 4096
FORMER = {  # a method of theanets -> what to do here; for errors alone
    "add_layer": "describe all layers where the model is made",
    "build_graph": "net.graph.outputs() returns the expressions and the updates",
    "classify": "write predict",
    "loss": "net.losses is the list of its losses, and net.losses[0](net.graph.outputs()[0]) an expression",
    "monitors": "pass monitors= and metrics= to train",
    "updates": "net.graph.outputs() returns the expressions and the updates",
}


class Network:
    """Layers, and a list of losses that training minimises together.

    Parameters
    ----------
    layers : list
        In the layer language: ``[784, (84, 'relu'), 10]``, see `spec.parse`.
    loss : str, Loss, function, dict, a list of them, or None
        The first losses, see `add_loss`.
    weighted : bool
        Whether data carry a weight for each target: (input, target, weight).
    seed : int
        Of the start values, the shuffling and the noise.
    mode : str or None
        'C', 'NUMBA', 'JAX' or 'PYTHON'; None: C where there is a compiler.

    Attributes
    ----------
    losses : list of Loss
        A plain list. ``losses[1].weight = 2`` acts in the next step, without recompiling.
    history : History
        One record for each epoch trained so far.
    stable : bool or names
        Whether losses are brought into forms with exact gradients before the gradient is taken, see
        `stability`; names are those of rewrites to be left out: ``net.stable = ["log_clip"]``.
    """

    default_loss = "mse"
    output_activation = "linear"
    input_ndim = 2
    target_kind = "same"  # or 'label'
    autoencoder = "Autoencoder"  # name of the class of models that pre-trains this one

    def __init_subclass__(cls, registered: str | None = None, **keywords):
        super().__init_subclass__(**keywords)
        registry.register(cls, registered)

    @named
    def __init__(self, layers, loss="default", weighted=False, seed=0, mode=None):
        self._described = list(layers) if isinstance(layers, tuple | list) else layers
        self.graph = Graph(layers, self.output_activation, self.input_ndim, seed)
        self.seed, self.mode, self.weighted = seed, mode, bool(weighted)
        self.stable = True
        resolve(mode)
        self.losses: list[Loss] = []
        self.history = History()
        self._compiled: dict = {}
        self._shown: list = []  # the measures of the last training
        self._stopped = None  # where the last training stands, for resume=True
        self._callbacks: list = []  # the states of its callbacks
        self._loaded_callbacks: tuple | list = ()  # those of a file, for the next training
        loss = self.default_loss if isinstance(loss, str) and loss == "default" else loss
        for one in loss if isinstance(loss, list | tuple) else [] if loss is None else [loss]:
            self.add_loss(one)

    # ------------------------------------------------------------------------------------------ losses

    def add_loss(self, loss="mse", **options) -> Loss:
        """Append a loss, and return it.

        Parameters
        ----------
        loss : str, Loss, function of (prediction, target), subclass of Loss, or dict
            A dict has 'form' and any of the options.
        **options
            'weight', 'output_name', 'how', 'ports', 'weighted', 'target' (number of axes), and the loss' own
            hyperparameters.
        """
        loss = self._make_loss(loss, options)
        self._bind(loss)
        self._try(loss)
        self.losses.append(loss)
        return loss

    def set_loss(self, loss="mse", **options) -> Loss:
        """Make this the only loss; see `add_loss`."""
        before = list(self.losses)
        self.losses.clear()
        try:
            return self.add_loss(loss, **options)
        except Exception:
            self.losses.extend(before)
            raise

    def _make_loss(self, loss, options):
        options = {"output_name": self.graph.layers[-1].name} | options
        if isinstance(loss, dict):
            options |= {k: v for k, v in loss.items() if k != "form"}
            loss = loss.get("form", self.default_loss)
        if isinstance(options.get("weight"), dict) and "schedule" in options["weight"]:
            options["weight"] = schedules.build(options["weight"])
        if isinstance(loss, Loss):
            if loss.owner not in (None, self):  # a model never changes what another one trains
                loss = loss.unbound()
            if loss.anywhere:
                loss.attach(self.graph.layers[-1].name)
            given = {k: v for k, v in options.items() if k != "output_name"}
            if set(given) - {"weight"}:
                raise SpecError(f"loss {loss.name}: options {sorted(given)}; set them where the Loss is made")
            if "weight" in given:
                loss.weight = given["weight"]
            return loss
        if isinstance(loss, str):
            if loss in metrics.registry and loss not in losses.registry:
                raise SpecError(f"loss {loss!r} is a metric, which is shown and never minimised; pass "
                                f"metrics=[{loss!r}] to train")
            return Loss.build(loss, **options)
        if isinstance(loss, type) and issubclass(loss, Loss):
            return loss(**options)
        return Loss(loss, **options)

    def _bind(self, loss):
        """Give a loss the target and weight variables that all losses of its output share."""
        if loss.output_name not in self.graph.outputs()[0]:
            raise unknown(f"output of loss {loss.name}:", loss.output_name, self.graph.outputs()[0])
        weighted = loss.weighted or self.weighted
        partner = next((x for x in self.losses if x.output_name == loss.output_name and x._target is not None), None)
        target = loss._target
        if target is not None and partner is not None and loss.owner is None and (
            (target.ndim, target.dtype) == (partner._target.ndim, partner._target.dtype)
        ):
            target = partner._target  # asked for by its number of axes alone
        if target is None:
            target = partner._target if partner is not None else self._new_target(loss)
        weights = loss._weights
        if weighted and weights is None:
            shared = partner is not None and partner._weights is not None and partner._target is target
            weights = partner._weights if shared else weights_variable(target)
        loss.bind(target, weights).owner = self
        self._name_variables(loss)

    def _new_target(self, loss):
        output = self.graph.outputs()[0][loss.output_name]
        kind = "same" if loss.spec is None else loss.spec.target
        label = kind == "label" or (self.target_kind == "label" and self._is_main(loss.output_name))
        return target_variable("label" if label and output.ndim > 1 else "same", output)

    def _is_main(self, output_name):
        return output_name == self.output_name

    def _name_variables(self, loss):
        """Name target and weights after their output where there are several."""
        name = loss.output_name.removesuffix(":out")
        prefix = "" if self._is_main(loss.output_name) else f"{name}:"
        if loss._target not in self.graph.input_variables().values():
            loss._target.name = f"{prefix}target"
        if loss._weights is not None:
            loss._weights.name = f"{prefix}weights"

    def _try(self, loss):
        """Build the loss once, so that a mistake shows here and not in training."""
        outputs = self.graph.outputs()[0]
        distributions.check(loss, outputs, loss.parts(outputs))

    # ------------------------------------------------------------------------------------------ parts

    @property
    def layers(self):
        """The layers, in order."""
        return self.graph.layers

    @property
    def inputs(self) -> list:
        """The input variables, in order."""
        return list(self.graph.input_variables().values())

    @property
    def params(self) -> list:
        """All parameters, as shared variables, in order."""
        return list(self.graph.parameters.values())

    @property
    def num_params(self) -> int:
        """How many numbers the parameters have."""
        return sum(p.get_value(borrow=True).size for p in self.params)

    @property
    def output_name(self) -> str:
        """Name of the last layer's output."""
        return f"{self.graph.layers[-1].name}:out"

    @property
    def variables(self) -> list:
        """What the data bring, in order: inputs, then each loss' target and weights."""
        losses = [v for loss in self.losses for v in loss.variables]
        return list(dict.fromkeys(self.inputs + losses))

    def find(self, which, param):
        """Return a parameter as a shared variable, by layer and parameter, each by name or position."""
        return self.graph.find(which, param)

    def summary(self) -> Text:
        """Return a table of the layers and their parameters."""
        return summary(self)

    def explain(self) -> Text:
        """Return what was chosen and why: losses, forms, divisors, terms, backend."""
        return explain(self)

    def __repr__(self):
        options = "".join(f", {k}={v!r}" for k, v in self._options().items())
        return f"{type(self).__name__}({self._described!r}{options})"

    def _options(self):
        found = {}
        described = [loss.described(self.output_name, self.weighted) for loss in self.losses]
        if described != [self.default_loss]:
            found["loss"] = described[0] if len(described) == 1 else described or None
        if self.weighted:
            found["weighted"] = True
        if self.seed:
            found["seed"] = self.seed
        if self.mode:
            found["mode"] = self.mode
        return found

    # ------------------------------------------------------------------------------------------ training

    def train(self, train, valid=None, algo="rmsprop", *, verbose=1, **options) -> History:
        """Train, and return the history of records.

        Parameters
        ----------
        train, valid : data
            Arrays in the order of `variables`, or a dict by their names; a function that returns such a batch; an
            iterator or iterable of batches. Without `valid` there is no validation.
        algo : str
            An update rule: sgd, momentum, nag, rprop, rmsprop, adagrad, adadelta, esgd, adam, adamax, amsgrad, adamw.
            On the full batch: lbfgs, cg, trust-ncg. To begin with: sample, layerwise, pretrain, see `pretraining`;
            the last two train by the rule `subalgo`.
        verbose : int or file
            0: say nothing.
        epochs : int
            Number of the last epoch, 100: at most so many passes over the data.
        batch_size : int
            Items in a step; 32. 0: all.
        learning_rate, momentum, ... : float or schedule
            The rule's own, see `updates` and `schedules`. A `momentum` turns 'sgd' into 'momentum'. Different
            learning rates by pattern: ``{"hid*": 0.01, "*": 0.1}``, the first that matches counts.
        patience : int or None
            Stop after so many validations without improvement (without validation data: epochs); 5. None: never.
        min_improvement : float
            Share of the best loss' size by which a loss must be lower to count as better; 0.
        validate_every : int
            Epochs between validations; 1.
        train_batches, valid_batches : int
            Batches that make an epoch, for functions and iterators; 100.
        max_gradient_norm, max_parameter_gradient_norm, max_gradient_element : float or None
            Greatest norm of all gradients together, of each parameter's, greatest size of an element.
        accumulate : int
            Batches that make one update, exactly as one large batch would; 1.
        average : float or None
            Factor of an exponential moving average of the parameters, which validates and predicts; 0.999, say.
        freeze : str or list of str
            Patterns of parameters that do not move: 'hid1', '*.b'.
        class_weight : dict or 'balanced'
            Weight by class, for every output with labels or probabilities of classes; of no (0) and yes (1) where
            classes do not exclude each other, 'balanced' for each column. ``{"out": {0: 1, 1: 5}}`` for some outputs.
            With 'balanced' all classes weigh the same in sum: what has no weight or is ignored is not counted.
        callbacks : callback or list of them
            See `training.callbacks`. A true return stops.
        metrics : metric or list of them
            What records show besides: names of `metrics` or losses, ``{"form": "f_beta", "beta": 2}``, functions of
            (prediction, target) that return values per item.
        monitors : dict
            What records show of outputs and parameters: ``{"hid*:out": (0.1, 0.9)}`` are the shares below 0.1 and 0.9,
            functions by label their means; see `monitors.build`.
        monitor_gradients : bool
            Whether to show the squared norm of each gradient, as 'grad(hid1.w)'.
        save_progress : path
            Where to write the model, with the whole state of its training; see `training.Checkpoint`.
        save_every : int or float
            Epochs (an int) or minutes (a float) after which it is written; 1.
        resume : bool
            Go on where the last training stopped, with the optimizer's state; `epochs` counts from its beginning.
        allow_nan : bool
            Whether NaN and infinity may stand in the data.
        tolerance : float or None
            Norm of the gradient at which a full-batch method ends; scipy's own.
        seed : int
            Of shuffling and noise; the model's own.
        weight_l2, hidden_l1, hidden_dropout, input_noise, ... : float or dict
            Regularizers, see `regularizers.from_options`.

        Raises
        ------
        UnknownNameError
            For an option that nothing takes, with the nearest names.
        """
        for _ in self.itertrain(train, valid, algo, verbose=verbose, **options):
            pass
        return self.history

    def itertrain(self, train, valid=None, algo="rmsprop", *, verbose=0, **options):
        """Train as `train` does, and yield each record as it comes."""
        if isinstance(algo, str) and algo in PRETRAINING:
            return pretraining.itertrain(self, train, valid, algo, options.pop("subalgo", "rmsprop"), verbose, options)
        asked = Options.split(algo, options, self.graph)
        if not self.losses:
            raise SpecError(f"{self!r}: no loss; add one, net.add_loss('mse') say")
        for loss in self.losses:
            self._bind(loss)
        return trainer.itertrain(self, train, valid, asked, verbose)

    def _with_encoders(self, fields, data=None) -> list[Field]:
        """Return the fields as the data need them: with an encoder where labels are not class indices."""
        return fields

    def _metrics(self) -> list:
        """Return the metrics that are shown in any case."""
        return []

    def _measures(self, asked=()) -> list[measures.Measure]:
        """Return the metrics that a training shows, bound to outputs, targets and weights."""
        return measures.bind([*self._metrics(), *asked], self.losses, self.graph.outputs()[0], self.output_name)

    def _fields(self, also=()) -> list[Field]:
        """Return what the data must bring, in order; `also` are measures that use some of it."""
        fields = self._input_fields()
        inputs, outputs = set(self.inputs), self.graph.outputs()[0]
        used = self._used_variables() | {v for measure in also for v in measure.variables}
        for loss in self.losses:
            output = outputs[loss.output_name]
            target, weights = loss._target, loss._weights
            if target not in inputs and target.name not in {f.name for f in fields}:
                fields.append(self._target_field(loss, output, optional=target not in used))
            if weights is not None and weights.name not in {f.name for f in fields}:
                fields.append(Field(weights.name, "weights", weights.type.shape, weights.dtype,
                                    optional=weights not in used, partner=target.name))
        return fields

    def _input_fields(self) -> list[Field]:
        return [Field(la.name, "input", la.batch_shape, la.dtype, sparse=la.sparse, timed=self._timed(la.batch_shape))
                for la in self.graph.inputs]

    def _timed(self, shape) -> bool:
        """Return whether arrays of a shape are sequences, of as many steps as the inputs: if all layers keep those."""
        sequences = any(len(la.batch_shape) > 2 and la.batch_shape[1] is None for la in self.graph.inputs)
        return sequences and shape[1:2] == (None,) and all(la.keeps_time for la in self.layers)

    def _target_field(self, loss, output, optional):
        target, outputs = loss._target, self.graph.outputs()[0]
        sharing = [x for x in self.losses if x._target is target]
        if target.dtype.startswith("int"):
            apart = any(x.spec is not None and x.spec.padding is not None for x in sharing)  # label sequences, of ctc
            ignored = {x.ignored for x in sharing}
            counts = [x.classes(outputs) for x in sharing]
            return Field(target.name, "label", target.type.shape, target.dtype,
                         timed=not apart and self._timed(target.type.shape),
                         classes=min((n for n in counts if n is not None), default=None),
                         optional=optional, ignored=ignored.pop() if len(ignored) == 1 else None)
        domain = next(filter(None, (x.domain(outputs) for x in sharing)), None)
        alike = [outputs[x.output_name].type.shape for x in sharing if x.spec is not None and x.spec.alike]
        shapes = [target.type.shape, *(shape for shape in alike if len(shape) == target.ndim)]
        shape = tuple(next((n for n in lengths if n is not None), None) for lengths in zip(*shapes, strict=True))
        return Field(target.name, "target", shape, target.dtype, domain=domain, optional=optional,
                     timed=self._timed(shape))

    def _used_variables(self) -> set:
        outputs = self.graph.outputs()[0]
        parts = [part for loss in self.losses for part in loss.parts(outputs)]
        return set(ancestors(parts))

    # ------------------------------------------------------------------------------------------ prediction

    @named
    def feed_forward(self, x) -> dict:
        """Return every layer's outputs for `x` as arrays, by full name, 'hid1:out'."""
        outputs, _ = self.graph.outputs()
        return dict(zip(outputs, self._evaluate(list(outputs), x), strict=True))

    @named
    def predict(self, x) -> np.ndarray:
        """Return the last layer's output for `x`."""
        return self._evaluate([self.output_name], x)[0]

    def _evaluate(self, names, x) -> list:
        arrays = prepare(x, self._input_fields(), "predict", allow_nan=True)
        compiled = self._function(("predict", *names), self.inputs, lambda: [self.graph.outputs()[0][n] for n in names])
        starts = range(0, arrays[0].shape[0], PREDICTION_ROWS)
        parts = [compiled(*(a[start : start + PREDICTION_ROWS] for a in arrays)) for start in starts]
        return [joined([part[i] for part in parts]) for i in range(len(names))]

    def _function(self, key, inputs, outputs):
        backend = resolve(self.mode)
        key = (*key, backend.name, tuple(id(la.activate) for la in self.layers))
        if key not in self._compiled:
            self._compiled[key] = function(inputs, outputs(), backend)
        return self._compiled[key]

    @named
    def score(self, x, y, w=None, metric=None):
        """Return the coefficient of determination R^2 of the prediction for `x`, or another figure.

        1 - sum(w (y - p)^2) / sum(w (y - m)^2), with m the (weighted) mean of each column; averaged over columns.

        Parameters
        ----------
        x, y, w : arrays
            Inputs, targets, and weights (one an item, or in the target's shape).
        metric : str, dict, function or None
            Any that `train` takes in ``metrics``, computed exactly over all items.
        """
        return scoring.score(self, [x, y], w, metric)

    def save(self, path, training=False) -> None:
        """Write the model to one file; with ``training=True`` also what ``train(..., resume=True)`` needs."""
        saving.save(self, path, training)

    def __getattr__(self, name):
        if name in FORMER:
            raise AttributeError(f"{type(self).__name__} has no {name!r}; {FORMER[name]}")
        return object.__getattribute__(self, name)  # which raises what it always does

    @classmethod
    def load(cls, path) -> "Network":
        """Return the model in a file that `save` wrote; see `saving`."""
        model = saving.load(path)
        if not isinstance(model, cls):
            raise DataError(f"load: {path} holds a {type(model).__name__}; use symloss.{type(model).__name__}.load")
        return model


registry.register(Network, None)
