"""Models: a graph of layers with losses, which trains, predicts, scores and is saved."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.traversal import ancestors

from . import metrics, regularizers, updates
from .compiling import Evaluation, TrainingStep, function, resolve
from .data import Field, batches, prepare
from .errors import DataError, SpecError, unknown
from .explain import Text, explain, summary
from .graph import Graph
from .losses import Loss, fraction, target_variable, weights_variable
from .objective import Objective
from .training import History, fit
from .training.progress import reporter

PREDICTION_ROWS = 4096


class Network:
    """Layers, and a list of losses that training minimises together.

    Parameters
    ----------
    layers : list
        In the layer language: ``[784, (84, 'relu'), 10]``, see `spec.parse`.
    loss : str, Loss, function, dict or None
        The first loss, see `add_loss`.
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
    """

    default_loss = "mse"
    output_activation = "linear"
    input_ndim = 2
    target_kind = "same"  # or 'label'

    def __init__(self, layers, loss="default", weighted=False, seed=0, mode=None):
        self._described = list(layers) if isinstance(layers, tuple | list) else layers
        self.graph = Graph(layers, self.output_activation, self.input_ndim, seed)
        self.seed, self.mode, self.weighted = seed, mode, bool(weighted)
        resolve(mode)
        self.losses: list[Loss] = []
        self.history = History()
        self._compiled: dict = {}
        loss = self.default_loss if loss == "default" else loss
        if loss is not None:
            self.add_loss(loss)

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
        if isinstance(loss, Loss):
            given = {k: v for k, v in options.items() if k != "output_name"}
            if set(given) - {"weight"}:
                raise SpecError(f"loss {loss.name}: options {sorted(given)}; set them where the Loss is made")
            if "weight" in given:
                loss.weight = given["weight"]
            return loss
        if isinstance(loss, str):
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
        if target is None:
            target = partner._target if partner is not None else self._new_target(loss)
        weights = loss._weights
        if weighted and weights is None:
            shared = partner is not None and partner._weights is not None and partner._target is target
            weights = partner._weights if shared else weights_variable(target)
        loss.bind(target, weights)
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
        loss.parts(self.graph.outputs()[0])

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
        described = [loss.label for loss in self.losses]
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
            Arrays in the order of `variables`, or a dict by their names. Without `valid` there is no validation.
        algo : str
            An update rule: sgd, momentum, nag, rprop, rmsprop, adagrad, adadelta, esgd, adam, adamax, amsgrad, adamw.
        verbose : int or file
            0: say nothing.
        epochs : int
            At most so many passes over the data; 100.
        batch_size : int
            Items in a step; 32. 0: all.
        learning_rate, momentum, ... : float
            The rule's own, see `updates`. A `momentum` turns 'sgd' into 'momentum'.
        patience : int or None
            Stop after so many validations without improvement (without validation data: epochs); 5. None: never.
        min_improvement : float
            Share of the best loss' size by which a loss must be lower to count as better; 0.
        validate_every : int
            Epochs between validations; 1.
        max_gradient_norm : float or None
            Greatest norm of all gradients together.
        callbacks : function or list of functions of the record
            A true return stops.
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

    def itertrain(self, train, valid=None, algo="rmsprop", *, verbose=0, epochs=100, batch_size=32, patience=5,
                  min_improvement=0.0, validate_every=1, max_gradient_norm=None, callbacks=(), seed=None, **options):
        """Train as `train` does, and yield each record as it comes."""
        callbacks = (callbacks,) if callable(callbacks) else tuple(callbacks)
        _check_numbers(epochs=(epochs, 1), batch_size=(batch_size, 0), validate_every=(validate_every, 1))
        rule, rule_options, made = self._split(algo, options)
        if not self.losses:
            raise SpecError(f"{self!r}: no loss; add one, net.add_loss('mse') say")
        for loss in self.losses:
            self._bind(loss)
        fields = self._fields()
        train = prepare(train, fields, "train")
        valid = None if valid is None else prepare(valid, fields, "valid")
        return self._itertrain(train, valid, rule, rule_options, made, max_gradient_norm, verbose, epochs,
                               self.seed if seed is None else seed,
                               dict(epochs=epochs, batch_size=batch_size, patience=patience, callbacks=callbacks,
                                    min_improvement=min_improvement, validate_every=validate_every))

    def _itertrain(self, train, valid, rule, rule_options, made, max_norm, verbose, epochs, seed, options):
        report = reporter(verbose, epochs)
        step, evaluation = self._compile(rule, rule_options, made, max_norm, valid is not None, report)
        step.reset(seed)
        step.set(**rule_options, **({} if max_norm is None else {"max_gradient_norm": max_norm}))
        rng = np.random.default_rng([seed, 1])
        if report is None:
            for record in fit(step, evaluation, train, valid, rng=rng, **options):
                self.history.append(record)
                yield record
            return
        with report:
            for record in fit(step, evaluation, train, valid, rng=rng, watch=report.watch, **options):
                self.history.append(record)
                report.show(record)
                yield record

    def _split(self, algo, options):
        """Return the rule, its hyperparameters and the regularizers that `options` ask for; nothing may be left."""
        if callable(algo):
            rule = algo
        else:
            name = "momentum" if algo == "sgd" and options.get("momentum") else algo
            rule = updates.registry.get(name)
        known = updates.options(rule)
        rule_options = {k: options.pop(k) for k in list(options) if k in known}
        for name, value in rule_options.items():
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
                raise SpecError(f"train: {name}={value!r}; a finite number is wanted")
        if not options.get("momentum", 1):
            del options["momentum"]  # a momentum of 0 is none
        asked = {k: options.pop(k) for k in list(options) if regularizers.is_regularizer(k)}
        if options:
            training = ("epochs", "batch_size", "patience", "min_improvement", "validate_every", "max_gradient_norm",
                        "callbacks", "seed", "verbose")
            raise unknown("training option", next(iter(options)), [*known, *training, *regularizers.option_names()])
        return rule, rule_options, regularizers.from_options(asked, self.graph)

    def _compile(self, rule, rule_options, made, max_norm, validated, report):
        """Return the compiled step and evaluation, from earlier trainings if nothing they depend on has changed."""
        backend = resolve(self.mode)
        key = (rule, tuple(r.key() for r in made), tuple(_loss_key(x) for x in self.losses), backend.name,
               max_norm is not None, tuple(id(la.activate) for la in self.layers), pytensor.config.floatX)
        if key in self._compiled:
            entry = self._compiled[key]
            for old, new in zip(entry["regularizers"], made, strict=True):
                old.weight = new.weight
        else:
            objective = Objective(self.graph, self.losses, made, self._metrics(), self.seed)
            step = TrainingStep(objective, rule, rule_options, backend, max_norm, self.seed)
            entry = self._compiled[key] = {"regularizers": made, "step": step, "evaluation": None}
        if validated and entry["evaluation"] is None:
            entry["evaluation"] = Evaluation(entry["step"].objective, backend)
        if report is not None and not entry.get("told"):
            entry["told"] = True
            seconds = entry["step"].compile_seconds + (entry["evaluation"].compile_seconds if validated else 0)
            report.say(f"compiled with {backend.name} in {seconds:.1f} s")
        return entry["step"], entry["evaluation"]

    def _metrics(self) -> dict:
        return {}

    def _fields(self) -> list[Field]:
        """Return what the data must bring, in order."""
        fields = [Field(la.name, "input", la.variable.type.shape, la.dtype) for la in self.graph.inputs]
        inputs, outputs = set(self.inputs), self.graph.outputs()[0]
        used = self._used_variables()
        for loss in self.losses:
            output = outputs[loss.output_name]
            target, weights = loss._target, loss._weights
            if target not in inputs and target.name not in {f.name for f in fields}:
                fields.append(self._target_field(loss, output, optional=target not in used))
            if weights is not None and weights.name not in {f.name for f in fields}:
                unused = weights not in used
                fields.append(Field(weights.name, "weights", weights.type.shape, weights.dtype, optional=unused))
        return fields

    def _target_field(self, loss, output, optional):
        target = loss._target
        kinds = {x.spec.target for x in self.losses if x.spec is not None and x._target is target}
        if target.dtype.startswith("int"):
            return Field(target.name, "label", target.type.shape, target.dtype, classes=output.type.shape[-1],
                         optional=optional)
        signs = bool(kinds & {"sign", "sign or label"})
        return Field(target.name, "target", target.type.shape, target.dtype, signs=signs, optional=optional)

    def _used_variables(self) -> set:
        outputs = self.graph.outputs()[0]
        parts = [part for loss in self.losses for part in loss.parts(outputs)]
        return set(ancestors(parts))

    # ------------------------------------------------------------------------------------------ prediction

    def feed_forward(self, x) -> dict:
        """Return every layer's outputs for `x` as arrays, by full name, 'hid1:out'."""
        outputs, _ = self.graph.outputs()
        return dict(zip(outputs, self._evaluate(list(outputs), x), strict=True))

    def predict(self, x) -> np.ndarray:
        """Return the last layer's output for `x`."""
        return self._evaluate([self.output_name], x)[0]

    def _evaluate(self, names, x) -> list:
        arrays = prepare(x, self._fields()[: len(self.inputs)], "predict")
        compiled = self._function(("predict", *names), self.inputs, lambda: [self.graph.outputs()[0][n] for n in names])
        parts = [compiled(*rows) for rows in batches(arrays, PREDICTION_ROWS)]
        return [np.concatenate([part[i] for part in parts]) for i in range(len(names))]

    def _function(self, key, inputs, outputs):
        backend = resolve(self.mode)
        key = (*key, backend.name, tuple(id(la.activate) for la in self.layers))
        if key not in self._compiled:
            self._compiled[key] = function(inputs, outputs(), backend)
        return self._compiled[key]

    def score(self, x, y, w=None) -> float:
        """Return the coefficient of determination R^2 of the prediction for `x`.

        1 - sum(w (y - p)^2) / sum(w (y - m)^2), with m the (weighted) mean of each column; averaged over columns.
        """
        return _r_squared(self.predict(x), y, w)

    def save(self, path) -> None:
        """Write the model to one file; see `saving`."""
        from .saving import save

        save(self, path)

    @classmethod
    def load(cls, path) -> "Network":
        """Return the model in a file that `save` wrote; see `saving`."""
        from .saving import load

        model = load(path)
        if not isinstance(model, cls):
            raise DataError(f"load: {path} holds a {type(model).__name__}; use symloss.{type(model).__name__}.load")
        return model


class Regressor(Network):
    """A network whose prediction should equal a target of its shape."""


class Autoencoder(Network):
    """A network whose prediction should equal its input; data are (input,) or, weighted, (input, weight)."""

    def _new_target(self, loss):
        if self._is_main(loss.output_name):
            if self.graph.layers[-1].shape != self.graph.inputs[0].shape:
                raise SpecError(
                    f"{type(self).__name__}: the output has shape {self.graph.layers[-1].shape}, the input "
                    f"{self.graph.inputs[0].shape}; end with the size of the input, or with 'tied'"
                )
            return self.inputs[0]
        return super()._new_target(loss)

    def _middle(self, layer):
        return self.graph[len(self.layers) // 2 if layer is None else layer]

    def encode(self, x, layer=None) -> np.ndarray:
        """Return the output of a layer for `x`: of the one in the middle, unless named."""
        return self._evaluate([f"{self._middle(layer).name}:out"], x)[0]

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

    def score(self, x, w=None) -> float:
        """Return the coefficient of determination R^2 of the reconstruction of `x`; see `Network.score`."""
        return _r_squared(self.predict(x), x, w)


class Classifier(Network):
    """A network whose prediction is a probability for each class; targets are labels from 0 to classes - 1."""

    default_loss = "xe"
    output_activation = "softmax"
    target_kind = "label"

    def _metrics(self):
        main = [loss for loss in self.losses if self._is_main(loss.output_name)]
        if not main or not main[0]._target.dtype.startswith("int"):
            return {}

        def accuracy(outputs):
            correct = metrics.accuracy(outputs[self.output_name], main[0]._target)
            return fraction(correct, main[0]._weights)

        return {"acc": accuracy}

    def predict(self, x) -> np.ndarray:
        """Return the most probable class for each item of `x`."""
        return self.predict_proba(x).argmax(axis=-1)

    def predict_proba(self, x) -> np.ndarray:
        """Return the probability of every class for each item of `x`."""
        return self._evaluate([self.output_name], x)[0]

    def predict_logit(self, x) -> np.ndarray:
        """Return what goes into the last layer's activation for each item of `x`."""
        return self._evaluate([self.output_name.replace(":out", ":pre")], x)[0]

    def score(self, x, y, w=None) -> float:
        """Return the (weighted) share of right classes for `x`."""
        predicted = self.predict(x)
        field = Field("target", "label", (None,) * predicted.ndim, "int64", classes=self.layers[-1].size)
        labels = prepare([y], [field], "score")[0]
        if len(labels) != len(predicted):
            raise DataError(f"score: {len(labels)} labels for {len(predicted)} items; pass one for each")
        return float(np.average(predicted == labels, weights=w))


def _r_squared(prediction, y, w) -> float:
    field = Field("target", "target", (None, *prediction.shape[1:]), "float64")
    y = prepare([y], [field], "score")[0]
    if len(y) != len(prediction):
        raise DataError(f"score: {len(y)} targets for {len(prediction)} items; pass one for each")
    weights = np.ones_like(y)
    if w is not None:
        w = np.asarray(w, float)
        weights = weights * w.reshape(w.shape + (1,) * (y.ndim - w.ndim))
    mean = (weights * y).sum(axis=0) / weights.sum(axis=0)
    left, spread = (weights * (y - prediction) ** 2).sum(axis=0), (weights * (y - mean) ** 2).sum(axis=0)
    flat = spread == 0  # a column without spread is predicted exactly, or not at all
    ratio = np.where(flat, (left == 0).astype(float), 1 - left / np.where(flat, 1, spread))
    return float(ratio.mean())


def _check_numbers(**options):
    for name, (value, least) in options.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise SpecError(f"train: {name}={value!r}; an integer of at least {least} is wanted")


def _loss_key(loss) -> tuple:
    """Return what a compiled function depends on: the loss and its settings, not its weight."""
    settings = {k: v for k, v in vars(loss).items() if k not in ("_weight", "_target", "_weights")}
    return id(loss), repr(sorted(settings.items(), key=lambda item: item[0])), id(loss._target), id(loss._weights)
