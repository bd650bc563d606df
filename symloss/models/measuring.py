"""Every loss and every metric of a data set, or of each of its examples."""

import contextlib

import numpy as np
import pytensor

from ..compiling import Evaluation, alone, resolve
from ..data import open_source
from ..errors import DataError, SpecError
from ..losses import Loss
from ..objective import Objective, measures
from ..stability import rewriting as stability
from ..training import trainer
from ..training.example_losses import total
from ..training.options import named
from . import automatic

ROWS = 4096


class Measuring:
    """Evaluation of the losses and metrics of a network, without training."""

    @named
    def measure(self, data, each=False, metrics=None) -> dict:
        """Evaluate every loss and every metric on data, without noise and penalties.

        Parameters
        ----------
        data : data
            One example (input, target), or a data set in any form that `train` takes.
        each : bool
            Whether to return a value for each example, as if it were the whole data set. If the loss is a mean, the
            weight of the example then cancels out.
        metrics : list of str, dict or function, or None
            As in `train`. None: the metrics of the last training.

        Returns
        -------
        dict
            Values by name: 'loss', the weighted sum of the losses; each loss in its own unit, before its weight; and
            each metric. Values are numbers, nested lists for tables, or with `each` arrays with an entry for each
            example. A value is NaN if nothing counts, because all weights are 0 or all labels are ignored.

        Raises
        ------
        SpecError
            If the model has no loss.
        DataError
            If the data do not fit the model, or if you ask for `each` and the data come in batches.

        >>> net = symloss.Network([2, (1, "linear")], mode="PYTHON")
        >>> sorted(net.measure(([1.0, 2.0], 3.0)))
        ['loss', 'mse']
        """
        if not self.losses:
            raise SpecError(f"measure: {self!r} has no loss. Add one, for example net.add_loss('mse')")
        if not self.one_output:
            automatic.look_at(self, data)
        with self._ready_for(data):
            bound = self._measures(_asked(self) if metrics is None else metrics)
            source = open_source(data, self._with_encoders(self._fields(bound)), "measure")
            if each and source.count is None:
                raise DataError("measure: each=True does not work with data that come in batches. Pass arrays or "
                                "examples")
            self.check_fit(source, "measure")
            evaluation = _evaluation(self, bound)
            if each:
                found = [_values(evaluation, [arrays]) for arrays in source.batches(1)]
                return {name: np.array([values[name] for values in found], "float64") for name in found[0]}
            return _values(evaluation, source.batches(evaluation.objective.rows_at_once(ROWS)))

    def _ready_for(self, data):
        """Return a context within which the losses fit such data."""
        return contextlib.nullcontext()


def _asked(model) -> list:
    """Return the metrics of a model's last training, of outputs that still have a target, as they are asked for."""
    outputs = {loss.output_name for loss in model.losses if loss._target is not None}
    return [measure.options | {"form": measure.form, "name": measure.name, "output_name": measure.output_name}
            for measure in model._shown if isinstance(measure, measures.Measure) and measure.output_name in outputs]


@alone
def _evaluation(model, bound) -> Evaluation:
    """Return the compiled losses and metrics, those of before if nothing they depend on has changed."""
    backend = resolve(model.mode)
    key = ("measure", trainer.built_in(model), tuple(measure.key() for measure in bound), backend.name,
           pytensor.config.floatX)

    def made():
        objective = Objective(model.graph, model.losses, (), bound, model.seed)
        return Evaluation(stability.stable(objective, model.stable), backend)

    return model._compiled.get(key, made)


def _values(evaluation, batches) -> dict:
    terms = evaluation.objective.evaluation_terms
    sums = evaluation.run(batches)
    values = {}
    for term, parts in zip(terms, sums, strict=True):
        if isinstance(term.source, Loss):
            values[term.name] = term.value(parts) if parts[1] else np.nan
        elif term.source is None:
            values[term.name] = term.value(parts)
    return {"loss": total(terms, sums)} | values
