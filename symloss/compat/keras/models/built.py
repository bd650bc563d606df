"""A model with losses, as symloss compiles it: objective, step and evaluation."""

import pytensor.tensor as pt

from ....compiling import Evaluation, TrainingStep, alone, resolve
from ....errors import SpecError
from ....models.unchanged import unless_refused
from ....objective import Objective, measures
from ....regularizers import Regularizer
from ....stability import rewriting
from ..losses import binding as losses
from ..metrics import binding as metrics


class _Penalty(Regularizer):
    """What regularizers of layers, and layers themselves, add to the loss."""

    title = "regularization"

    def __init__(self, layers):
        super().__init__(weight=1.0)
        self.layers = layers

    def loss(self, graph, outputs):
        parts = [part for part in (layer.penalty() for layer in self.layers) if part is not None]
        parts += [value for name, value in outputs.items() if name.endswith(":added")]
        return sum(parts[1:], start=parts[0]) if parts else pt.zeros(())


class Built:
    """The compiled functions of a model, for outputs with and without weights.

    Parameters
    ----------
    model : Model
        It is compiled, in Keras' sense.
    weighted : tuple of bool
        Which outputs have weights of the data.

    Attributes
    ----------
    losses : list of list of Loss
        Of each output.
    objective : Objective
    step, evaluation : made when they are asked for
    """

    @alone
    def __init__(self, model, weighted: tuple):
        with unless_refused(model.network):
            self._build(model, weighted)

    def _build(self, model, weighted: tuple) -> None:
        self.model, self.weighted, self._step, self._evaluation = model, weighted, None, None
        self.network, self.names, self.optimizer = model.network, model.output_names, model.optimizer
        asked, outputs = model._asked, model._core_outputs
        self.losses = [
            [losses.core_loss(one, output, weight=weight, weighted=has) for one, weight in some]
            for some, output, has in zip(asked.losses(self.names), outputs, weighted, strict=True)]
        self.network.losses = [loss for some in self.losses for loss in some]
        if not self.network.losses:
            raise SpecError(f"{model.name}: compile got no loss; write compile(optimizer='adam', loss='mse') or the "
                            f"like")
        self.network._bind()
        self.measures, self.keys = [], []
        for name, some, wanted in zip(self.names, self.losses, asked.measures(self.names), strict=True):
            self._measure(name, some, wanted)
        penalties = [_Penalty(_every_layer(model))] if self._has_penalty() else []
        objective = Objective(self.network.graph, self.network.losses, penalties, self.measures, self.network.seed)
        self.objective = rewriting.stable(objective, True)
        self.fields = self.network._fields(self.measures)

    def _has_penalty(self) -> bool:
        own = any(layer.penalty() is not None for layer in _every_layer(self.model))
        return own or any(name.endswith(":added") for name in self.network.graph.outputs(training=True)[0])

    def _measure(self, name, some, wanted):
        """Bind the metrics of an output, under the names that Keras shows them by."""
        prefix = f"{name}_" if len(self.names) > 1 else ""
        outputs = self.network.graph.outputs()[0]
        for metric, is_weighted in wanted:
            if not some:
                raise SpecError(f"{self.model.name}: the output {name!r} has metrics but no loss, so the form of its "
                                f"targets is unknown. Give it a loss; use loss_weights 0 for an output that must not "
                                f"be trained")
            for asked in metrics.core_metrics(metric, some[0], weighted=is_weighted):
                shown = prefix + asked["name"]
                if any(measure.name == shown for measure in self.measures):
                    raise SpecError(f"{self.model.name}: two metrics are called {shown!r}; pass name= to one of them, "
                                    f"or remove it")
                self.measures.append(measures.bound(asked | {"name": shown}, some, outputs, some[0].output_name))

    @property
    def step(self) -> TrainingStep:
        """The compiled training step."""
        if self._step is None:
            frozen = self.model._frozen
            self._step = TrainingStep(self.objective, self.optimizer.plan(frozen), resolve(self.network.mode),
                                      self.network.seed)
            self._step.reset(self.network.seed)
        return self._step

    @property
    def evaluation(self) -> Evaluation:
        """The compiled evaluation."""
        if self._evaluation is None:
            self._evaluation = Evaluation(self.objective, resolve(self.network.mode))
        return self._evaluation

    def logs(self, record: dict, prefix: str = "") -> dict:
        """Return what Keras shows of a record, by its names, in its order."""
        found = {"loss": record[f"{prefix}loss"]}
        if len(self.names) > 1:
            for name, some in zip(self.names, self.losses, strict=True):
                terms = [t.name for t in self.objective.training_terms if any(t.source is loss for loss in some)]
                if terms:
                    found[f"{name}_loss"] = sum(record[f"{prefix}{term}"] for term in terms)
        found |= {m.name: record[f"{prefix}{m.name}"] for m in self.measures if f"{prefix}{m.name}" in record}
        return dict(sorted(found.items()))

    def columns(self, x: dict, y: list, weights: list) -> dict:
        """Return the arrays of a batch by the names of the fields."""
        found = dict(x)
        for some, target, weight in zip(self.losses, y, weights, strict=True):
            for loss in some:
                if loss._target is not None and loss._target.name not in found:
                    found[loss._target.name] = target
                if loss._weights is not None:
                    found[loss._weights.name] = weight
        return found

    def take_state(self, other: "Built") -> None:
        """Go on with what another step has remembered, as far as this one has states of the same names."""
        if other._step is None:
            return
        mine, theirs = ({v.name: v for v in built.step._states} for built in (self, other))
        for name, variable in mine.items():
            if name in theirs and theirs[name].type.shape == variable.type.shape:
                variable.set_value(theirs[name].get_value())


def _every_layer(model) -> list:
    """Return all layers of a model, those within models and layers included, each once."""
    found: dict = {}
    waiting = list(model._layers)
    while waiting:
        layer = waiting.pop(0)
        if layer not in found:
            found[layer] = None
            waiting += layer._layers
    return list(found)
