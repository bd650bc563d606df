"""Network: a graph of layers with losses that you can train, evaluate and save."""

import pytensor
import pytensor.tensor as pt

from .._repr import InitSignature
from ..compiling import Cache, alone, resolve
from ..data import Field
from ..errors import DataError, SpecError
from ..explain import Text, explain, summary
from ..layers.graph import Graph, graph_of, is_network
from ..losses import Loss, target_variable
from ..losses.description import described
from ..losses.loss_inputs import predictions
from ..objective import measures
from ..objective.objective import owned
from ..stability import refusals
from ..training import History, Results, trainer
from ..training.options import PRETRAINING, Options, documented, named
from . import automatic, binding, encoding, fields, pretraining, registry, saving, scoring
from .former import FORMER
from .formula import Written
from .measuring import Measuring
from .parts import Composed
from .predicting import Predicting
from .unchanged import unless_refused

FUNCTIONS = 8  # compiled ones that a model keeps


class Network(Composed, Predicting, Measuring, Written):
    """A model: a graph of layers, and a list of losses that training minimizes together.

    Parameters
    ----------
    layers : list, dict, Graph or Network
        The layers, in the layer language: ``[784, (84, 'relu'), 10]``, see `spec.parse`. A dict gives layers by name,
        see `edges`. If you pass a graph or a network, the new network shares its parameters.
    loss : str, Loss, function, network, dict, a list of them, or None
        The losses, see `add_loss`. 'auto' chooses a loss for every output that has none: cross-entropy after a
        softmax, binary cross-entropy after a sigmoid, a contrastive loss for the distance of a pair, and the mean
        squared error for anything else. An output that is a loss itself is minimized as it is.
    weighted : bool
        Whether the data include a weight for each target: (input, target, weight).
    seed : int
        Seed for parameter initialization, shuffling and noise.
    mode : str or None
        The backend: 'C', 'NUMBA', 'JAX' or 'PYTHON'. None: C, if a compiler is installed.
    edges : list or None
        If `layers` is a dict, which layer feeds which: ``["in -> hid -> out", ("hid", "other")]``. None: each layer
        feeds the next one.
    outputs : str, list of str or None
        Names of the layers that are outputs: `predict` returns them, and they can have losses. None: all layers that
        feed no other layer. A Regressor, a Classifier and an Autoencoder have only one output, the last layer.
    classes : dict, list or None
        Class names by output: ``{"cls": ["Less", "Greater"]}``, or a list if only one output has classes. None: the
        first training learns the names, if labels are strings, booleans or tuples.

    Attributes
    ----------
    encoders : dict
        The classes of each output by its name, as `data.labels.Labels`.
    history : History
        One record for each epoch trained so far.
    notes : dict
        Plain data and arrays of your own, by name. They are saved together with the model.
    results : Results or None
        Results of the last training with ``results=True``, even if it is still running or was ended by an exception.
        They are not saved to files.
    stable : bool or names
        Whether losses are rewritten into numerically stable forms before the gradient is computed. A
        list of names leaves these rewrites out: ``net.stable = ["log_clip"]``.
    """

    default_loss = "auto"
    one_output = False  # whether the last layer alone is an output, unless others are named
    output_activation = "linear"
    input_ndim = 2
    target_kind = "same"  # or 'label'
    takes_classes = True  # whether targets may be classes, and predictions are then such
    autoencoder = "Autoencoder"  # name of the class of models that pre-trains this one
    results: Results | None = None

    def __init_subclass__(cls, registered: str | None = None, **keywords):
        super().__init_subclass__(**keywords)
        registry.register(cls, registered)

    __signature__ = InitSignature()

    def __new__(cls, *arguments, **options):
        model = super().__new__(cls)
        model._made_with = arguments, options  # for files of a class with an __init__ of its own
        return model

    @named
    @alone
    def __init__(self, layers=None, loss="default", weighted=False, seed=0, mode=None, edges=None, outputs=None,
                 graph=None, classes=None):
        self.graph = self._graph(layers, seed, edges, outputs, graph)
        self.encoders = encoding.given(self, classes)
        self._described = list(layers) if isinstance(layers, tuple | list) else layers
        if not isinstance(layers, tuple | list | dict):
            self._described = self.graph
        self.seed, self.mode, self.weighted = seed, mode, bool(weighted)
        self.stable = True
        resolve(mode)
        self.losses = []
        self.history = History()
        self.notes: dict = {}
        self.bound_targets: dict = {}  # target by output, dtype and shape, and weights by target, see `binding`
        self.bound_weights: dict = {}
        self._compiled = Cache(FUNCTIONS)
        self._shown: list = []  # the measures of the last training
        self._stopped = None  # where the last training stands, for resume=True
        self._callbacks: list = []  # the states of its callbacks
        self._loaded_callbacks: tuple | list = ()  # those of a file, for the next training
        loss = self.default_loss if isinstance(loss, str) and loss == "default" else loss
        if loss is not None:
            self.add_loss(loss)

    def _graph(self, layers, seed, edges, outputs, graph) -> Graph:
        """Return the graph that `__init__` was given, or one of its description."""
        who = type(self).__name__
        if graph is not None and layers is not None:
            raise SpecError(f"{who}: got layers and graph. Pass only one of them")
        given = graph if layers is None else layers
        if given is None:
            raise SpecError(f"{who}: got no layers. Pass at least an input and an output, such as [10, 20, 3]")
        if graph is not None and not is_network(graph):
            raise SpecError(f"{who}: graph={graph!r} is not valid; it must be a Graph or a Network. Pass descriptions "
                            "as layers")
        if is_network(given):
            if edges is not None:
                raise SpecError(f"{who}: got edges, but the graph is already complete. Leave edges out")
            made = graph_of(given)
            return made if outputs is None else made.with_outputs(outputs)
        made = Graph(given, self.output_activation, self.input_ndim, seed, edges, outputs)
        if outputs is None and self.one_output:
            made.chosen = (made.layers[-1].name,)
        return made

    # ------------------------------------------------------------------------------------------ losses

    @property
    def losses(self) -> list[Loss]:
        """The losses that training minimizes together, as a plain list.

        ``net.losses[1].weight = 2`` takes effect in the next step, without recompiling.
        """
        return self._losses

    @losses.setter
    def losses(self, value):
        if not isinstance(value, list | tuple):
            raise SpecError(f"net.losses must be a list, but got {value!r}. Write net.set_loss(...), or net.losses = "
                            "[...]")
        for index, one in enumerate(value):
            if not isinstance(one, Loss):
                raise SpecError(binding.no_loss(index, one))
        self._losses = value if isinstance(value, list) else list(value)

    @alone
    def add_loss(self, loss="mse", **options) -> Loss:
        """Add a loss to the model and return it; if you pass several losses, return them as a list.

        Parameters
        ----------
        loss : str, Loss, function of (prediction, target), subclass of Loss, network, dict, or list of these
            The name of a loss, the name of an output that is minimized itself, or 'auto', see `Network`. A network as
            a loss takes the output of this network, and the target if it has a second input called 'target'; the sum
            of its outputs is minimized. A dict contains 'form' and any of the options, or losses by output: ``{"mean":
            "mse", "other": 0.3 * symloss.losses.get("mae"), "third": None}``. In the latter, a number is the weight of
            the loss that 'auto' chooses.
        **options
            'weight', 'output_name', 'how', 'ports', 'weighted', 'target' (number of axes), and the hyperparameters of
            the loss.
        """
        with unless_refused(self, loss):
            made = binding.make_losses(self, loss, options)
            for one in made:
                binding.bind_losses(self, [*self.losses, one])
                self._try(one)
                self.losses.append(one)
        return made[0] if len(made) == 1 and not isinstance(loss, list | tuple) else made

    def set_loss(self, loss="mse", **options) -> Loss | list[Loss]:
        """Replace all losses of the model with the given ones and return them; see `add_loss`."""
        with unless_refused(self, loss):
            self.losses.clear()
            return self.add_loss(loss, **options)

    def new_target(self, loss):
        """Return a new target variable for a loss, of the kind that matches its output."""
        outputs = self.graph.outputs()[0]
        output, spec = outputs[loss.output_name], loss.spec
        kind = "same" if spec is None else spec.target
        label = kind == "label" or (not self.one_output and automatic.takes_both(loss) and loss.labels)
        label = label or (self.target_kind == "label" and self._is_main(loss.output_name))
        if spec is None or spec.shape is None:
            return target_variable("label" if label and output.ndim > 1 else "same", output)
        ports = zip(spec.predictions, predictions(loss, outputs), strict=True)
        shape = spec.target_shape({port: tensor.type.shape for port, tensor in ports}, dict(loss.options))
        return pt.tensor(name="target", dtype="int32" if label else pytensor.config.floatX, shape=shape)

    def masks(self, loss) -> bool:
        """Return whether a loss needs weights that you did not ask for, because the data may be padded."""
        return False

    def step_mask(self, loss):
        """Return the variable (batch, time) that marks real steps, for losses that ask for it; None if all are real."""
        return None

    def check_fit(self, source, who: str) -> None:
        """Raise DataError for targets that no prediction can have."""
        fields.check_fit(self, source, who)

    def _bind(self):
        binding.bind_losses(self, self.losses)

    def _is_main(self, output_name):
        return output_name == self.output_name

    def _try(self, loss):
        """Build the loss once, so that a mistake shows here and not in training."""
        outputs = self.graph.outputs()[0]
        parts = [part for both in loss.named_terms(outputs).values() for part in both]
        refusals.check(loss, outputs, parts)
        binding.check_owned(self, loss, parts)

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
    def parameters_by_name(self) -> dict:
        """All parameters, as shared variables by full name: those of the layers, and those of losses."""
        return self.graph.parameters | owned(self.losses, self.graph)

    @property
    def params(self) -> list:
        """All parameters, as shared variables, in order."""
        return list(self.parameters_by_name.values())

    @property
    def num_params(self) -> int:
        """Total number of trainable values in all parameters."""
        return sum(p.get_value(borrow=True).size for p in self.params)

    @property
    def variables(self) -> list:
        """The arrays that the data must contain, in order: inputs, then the target and the weights of each loss."""
        self._bind()
        losses = [v for loss in self.losses for v in loss.variables]
        return list(dict.fromkeys(self.inputs + losses))

    def find(self, which, param):
        """Return a parameter as a shared variable; give the layer and the parameter by name or by position."""
        return self.graph.find(which, param)

    def summary(self) -> Text:
        """Return a table of the layers and their parameters."""
        return summary(self)

    def explain(self) -> Text:
        """Return a text that explains what was chosen and why: losses, stable forms, divisors, terms and backend."""
        return explain(self)

    def __repr__(self):
        options = "".join(f", {k}={v!r}" for k, v in self._options().items())
        return f"{type(self).__name__}({self._described!r}{options})"

    def _repr_html_(self):
        return self.summary()._repr_html_()

    def _options(self):
        found = {}
        losses = [described(loss, self.output_name, self.weighted) if isinstance(loss, Loss) else loss
                  for loss in self.losses]
        if losses != [self.default_loss] and not self._is_automatic():
            found["loss"] = losses[0] if len(losses) == 1 else losses or None
        if self.weighted:
            found["weighted"] = True
        if encoding.described(self):
            found["classes"] = encoding.described(self)
        if self.seed:
            found["seed"] = self.seed
        if self.mode:
            found["mode"] = self.mode
        return found

    def _is_automatic(self):
        """Return whether the losses are those of 'auto', as nobody changed them."""
        chosen = all(getattr(loss, "reason", None) is not None and loss.weight == 1 for loss in self.losses)
        return self.default_loss == "auto" and chosen and len(self.losses) == len(self.graph.output_layers())

    # ------------------------------------------------------------------------------------------ training

    @documented
    def train(self, train, valid=None, algo="rmsprop", *, verbose=1, **options) -> History | Results:
        """Train the model and return its history, or `training.Results` with ``results=True``.

        Parameters
        ----------
        train, valid : data
            Training data and validation data: a list of arrays in the order of `variables`, a dict of arrays by name,
            a function that returns one batch, or an iterable of batches. Without `valid`, the model is not validated.
        learning_rate, momentum, ... : float or schedule
            Hyperparameters of the update rule, see `updates` and `schedules`. A `momentum` turns 'sgd' into
            'momentum'. A dict sets learning rates by patterns of parameter names: ``{"hid*": 0.01, "*": 0.1}``. The
            first pattern that matches is used.
        weight_l2, hidden_l1, hidden_dropout, input_noise, ... : float or dict
            Regularizers, see `regularizers.from_options`.
        {options}

        Raises
        ------
        UnknownNameError
            For an unknown option. The message suggests similar names.
        """
        records = History(self.itertrain(train, valid, algo, verbose=verbose, **options))
        return self.results if options.get("results") else records

    def itertrain(self, train, valid=None, algo="rmsprop", *, verbose=0, **options):
        """Train as `train` does, and yield the record of each epoch as soon as it is complete."""
        if not self.losses:
            raise SpecError(f"{self!r}: the model has no loss. Add one, for example net.add_loss('mse')")
        if isinstance(algo, str) and algo in PRETRAINING:
            self._bind()
            return pretraining.itertrain(self, train, valid, algo, options.pop("subalgo", "rmsprop"), verbose, options)
        with self.graph.still(), encoding.forgotten_if_refused(self):
            self._bind()
            if not self.one_output:
                automatic.look_at(self, train)
                self._bind()
            asked = Options.split(algo, options | {"verbose": verbose}, self.graph)
            return trainer.itertrain(self, train, valid, asked)

    def c_source(self, algo="rmsprop", **options) -> str:
        """Return the C code of a training step, as the compiler of symloss generates it.

        Parameters
        ----------
        algo : str
            The update rule.
        **options
            The options that you would pass to `train`.

        Returns
        -------
        str
            The C file: one function for each kernel, with its formula as a comment, and the step that calls them.

        Raises
        ------
        SpecError
            If the step contains an operation that this compiler does not support.
        """
        asked = Options.split(algo, options, self.graph)
        self._bind()
        return trainer.c_source(self, asked)

    def _with_encoders(self, fields, data=None) -> list[Field]:
        """Return the fields as the data need them: with the classes of outputs, which `data` may teach."""
        return encoding.with_encoders(self, fields, data)

    def _learned(self, columns, field, fields, name):
        """Return the classes of an output that the data show, or None."""
        return encoding.learned(self, columns, field, fields, name)

    def _metrics(self) -> list:
        """Return the metrics that are shown in any case."""
        return []

    def _measures(self, asked=()) -> list[measures.Measure]:
        """Return the metrics that a training shows, bound to outputs, targets and weights."""
        self._bind()
        return measures.bind([*self._metrics(), *asked], self.losses, self.graph.outputs()[0], self.output_name)

    def _fields(self, also=()) -> list[Field]:
        """Return what the data must bring, in order; `also` are measures that use some of it."""
        self._bind()
        return fields.all_fields(self, self._input_fields(), also)

    def _input_fields(self) -> list[Field]:
        return fields.input_fields(self)

    # ------------------------------------------------------------------------------------------ scores, files

    @named
    def score(self, x, y, w=None, metric=None):
        """Return the coefficient of determination R^2 of the prediction for `x`, or another metric.

        R^2 is 1 - sum(w (y - p)^2) / sum(w (y - m)^2), averaged over columns, where m is the (weighted) mean of a
        column.

        Parameters
        ----------
        x, y, w : arrays
            Inputs, targets, and weights (one per item, or in the shape of the target).
        metric : str, dict, function or None
            Any metric that ``train(metrics=...)`` takes, computed exactly over all items.
        """
        return scoring.score(self, [x, y], w, metric)

    def save(self, path, training=False) -> None:
        """Save the model to one file; with ``training=True`` also everything that ``train(..., resume=True)`` needs."""
        saving.save(self, path, training)

    def _check_save(self, path) -> None:
        saving.check(self, path)

    def __getattr__(self, name):
        if name in FORMER:
            raise AttributeError(f"{type(self).__name__} has no {name!r}; {FORMER[name]}")
        return object.__getattribute__(self, name)  # which raises what it always does

    def __reduce__(self):  # for pickle: the bytes of a file, and no code
        return saving.from_bytes, (saving.to_bytes(self, training=self._stopped is not None), self.mode)

    def __deepcopy__(self, memo):
        return saving.copied(self, memo)

    def __copy__(self):
        return saving.copied(self, {})

    @classmethod
    def load(cls, path) -> "Network":
        """Load a model from a file that `save` wrote, and return it."""
        model = saving.load(path)
        if not isinstance(model, cls):
            raise DataError(f"load: {path} contains a {type(model).__name__}. Use symloss.{type(model).__name__}.load")
        return model


registry.register(Network, None)
