"""The objective: losses and regularizers as named terms whose weighted sum is minimized."""

import copy
import dataclasses
import math

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.traversal import ancestors

from ..errors import SpecError
from ..layers import Context
from ..losses import Loss, Regret, divide
from ..losses.loss_inputs import prediction_names
from ..metrics import Figure

NUMBERS = 1 << 24  # that an evaluation makes at once, such as scores of all classes


@dataclasses.dataclass(frozen=True)
class Term:
    """One named term of the total, or a metric that is shown besides it.

    Parameters
    ----------
    name : str
    figure : Figure
        Of a part of the total, two scalars: their quotient is the term of a batch, and the quotient of their sums is
        the term of a data set, exactly.
    source : Loss, Regularizer or None
        Owner of the weight. None for a metric, which is not part of the total.
    """

    name: str
    figure: Figure
    source: object = None

    @property
    def numerator(self):
        """The first of the two scalars."""
        return self.figure.parts[0]

    @property
    def denominator(self):
        """The second of the two scalars."""
        return self.figure.parts[1]

    @property
    def whole(self) -> bool:
        """Whether the metric needs the scores of all items at once."""
        return self.figure.merge is None

    def value(self, parts):
        """Return the value for a record from the parts of all batches: a float, or nested lists of floats."""
        with np.errstate(over="ignore", invalid="ignore"):  # an error too large to be squared is infinitely bad
            figure = np.asarray(self.figure.finish(*parts), dtype="float64")
        return figure.tolist()

    @property
    def weight(self) -> float | None:
        """The current weight, or None for a metric."""
        return None if self.source is None else self.source.weight


class Objective:
    """What a training minimizes, with and without noise.

    Parameters
    ----------
    graph : Graph
    losses : list of Loss
        Bound to their targets.
    regularizers : list of Regularizer
    metrics : sequence of Measure
    seed : int
        Of the noises.

    Attributes
    ----------
    total : scalar expression
        Sum of weight times term, over losses and regularizers, with noise.
    training_terms, evaluation_terms : list of Term
        With and without noise; metrics come last. Those that need all scores at once are in the latter alone.
    variables : list
        Inputs, then targets and weights, each once.
    outputs : dict
        The layers' expressions by name, with noise.
    generator_updates, evaluation_updates : dict
        The next states of random generators, by generator, in training and without noise.
    parameters : dict
        The parameters that training moves, by name: those of the graph, and those that losses have of their own.
    idle_outputs : list of str
        Names of the outputs that no loss belongs to, or depends on.
    in_turn : bool
        Whether its terms are minimized in turn, so that some batches leave a term out.
    """

    in_turn = False

    def __init__(self, graph, losses, regularizers=(), metrics=(), seed: int = 0):
        if not losses:
            raise SpecError("objective: the model has no loss. Add one, for example net.add_loss('mse')")
        self.graph, self.losses, self.metrics = graph, list(losses), list(metrics)
        self.noises = [r for r in regularizers if r.on_graph]
        self.penalties = [r for r in regularizers if not r.on_graph]
        noisy, self.generator_updates = graph.outputs(self.noises, seed=seed, training=True)
        differs = bool(self.noises) or graph.differs_in_training or any(x.differs_in_training for x in losses)
        self.outputs = noisy
        clean, self.evaluation_updates = graph.outputs() if differs else (noisy, {})
        terms = self._terms(noisy, Context(True, seed, updates=self.generator_updates))
        self.training_terms = [t for t in terms if not t.whole]
        silent = Context(False, seed, updates=self.evaluation_updates)
        self.evaluation_terms = self._terms(clean, silent) if differs else terms
        self.total = total_of(self.training_terms)
        self.idle_outputs = self._idle()
        self.parameters = graph.parameters | owned(self.losses, graph)
        for name, parameter in self.parameters.items():  # which may have other names in other models
            parameter.name = name
        inputs = list(graph.input_variables().values())
        self.variables = list(dict.fromkeys(inputs + [v for x in (*losses, *self.metrics) for v in x.variables]))

    def _idle(self) -> list[str]:
        """Return the names of the outputs that no loss belongs to, or depends on."""
        asked = {name for loss in self.losses for name in prediction_names(loss, self.outputs)}
        reached = set(ancestors([t.numerator for t in self.training_terms if isinstance(t.source, Loss)]))
        return [name for name in self.graph.output_layers()
                if f"{name}:out" not in asked and self.outputs[f"{name}:out"] not in reached]

    def _terms(self, outputs, context) -> list[Term]:
        terms = []
        main = main_name(self.graph)
        for loss in self.losses:
            found = loss.named_terms(outputs, context)
            for short, parts in found.items():
                name = loss.term_name(main) if len(found) == 1 else f"{loss.term_name(main)}.{short}"
                terms.append(Term(_free(name, terms), Figure(parts), loss))
        rows = pt.cast(self.graph.inputs[0].variable.shape[0], terms[0].numerator.dtype)
        for loss in filter(_is_uncertain, self.losses):
            first = next(term for term in terms if term.source is loss)
            variance = loss.weighing.log_variance
            terms.append(Term(f"log variance of {first.name}", Figure((0.5 * variance * rows, rows)), Regret(loss)))
        for penalty in self.penalties:
            value = pt.as_tensor_variable(penalty.loss(self.graph, outputs))
            terms.append(Term(_free(penalty.name, terms), Figure((value * rows, rows)), penalty))
        for measure in self.metrics:
            terms.append(Term(_free(measure.name, terms), measure.figure(outputs)))
        return terms

    def only(self, losses, penalties) -> "Objective":
        """Return an objective like this one that minimizes only some of the losses and penalties.

        The parameters, variables, outputs and metrics stay the same.
        """
        twin, kept = copy.copy(self), {id(source) for source in (*losses, *penalties)}
        twin.losses, twin.penalties = list(losses), list(penalties)
        twin.training_terms = [t for t in self.training_terms
                               if t.source is None
                               or id(t.source.of if isinstance(t.source, Regret) else t.source) in kept]
        twin.total = total_of(twin.training_terms)
        return twin

    def largest_product(self, batch: int, training: bool = True) -> float:
        """Return the number of multiplications in the largest matrix product of a step, or of an evaluation."""
        sizes = [la.params[n].get_value(borrow=True).size * math.prod(la.shape[:-1])  # at each place of an image
                 for la in self.graph.layers for n in la.params if n in la.weight_names and not la.looks_up]
        sizes += [p.get_value(borrow=True).size for loss in self.losses for p in loss.own_weights().values()
                  if not training or loss.numbers_an_item == 1]
        return float(max(sizes, default=0)) * batch

    def rows_at_once(self, most: int) -> int:
        """Return how many rows are evaluated at once, `most` of them where an item takes little memory."""
        widest = max((loss.numbers_an_item for loss in self.losses), default=1)
        return max(1, min(most, NUMBERS // widest))

    def figures(self, sums: list, terms: list[Term]) -> dict:
        """Return what a record shows of the parts of `terms` over batches: total, raw terms, weighted terms.

        Raw terms are means over the batches, each with the parameters of its moment. They are multiplied by the weights
        as they are now, at the end of the pass: where weights move, `weighted` and the total are those of the weights
        that are shown beside them, and not a mean over the weights that the steps had.
        """
        raw = {t.name: math.nan if self.in_turn and t.source is not None and not np.any(parts[1]) else t.value(parts)
               for t, parts in zip(terms, sums, strict=True)}
        weighted = {t.name: t.weight * raw[t.name] for t in terms if t.weight is not None}
        weights = {t.name: t.weight for t in terms if t.weight is not None}
        counted = [v for v in weighted.values() if not (self.in_turn and math.isnan(v))]
        return {"loss": sum(counted) if counted else math.nan, "raw": raw, "weighted": weighted, "weights": weights}


def main_name(graph) -> str:
    """Return the full name of the only output, whose terms need not say what they are of; '' if there are several."""
    return f"{graph.main_name}:out" if len(graph.output_layers()) == 1 else ""


def total_of(terms: list[Term]):
    """Return the scalar that training minimizes: the sum of weight times term."""
    return sum(t.source.factor * divide(t.numerator, t.denominator) for t in terms if t.source is not None)


def owned(losses, graph) -> dict:
    """Return the parameters that losses have of their own, by full name; one that the graph has, too, is the graph's.

    Parameters
    ----------
    losses : list of Loss
    graph : Graph
        Of the model that has the losses.
    """
    found, main = {}, main_name(graph)
    known, names = set(graph.parameters.values()), set(graph.parameters)
    for loss in losses:
        for short, parameter in loss.owned().items():
            if parameter in known:
                continue
            of = loss.term_name(main)
            whole = f"{short} of {of}" if short == "log variance" else f"{of}.{short}"
            name = next(n for n in (whole, *(f"{whole}#{i}" for i in range(2, 99))) if n not in names)
            found[name] = parameter
            known.add(parameter)
            names.add(name)
    return found


def _is_uncertain(source) -> bool:
    return isinstance(source, Loss) and source.weighing.log_variance is not None


def _free(name: str, terms) -> str:
    """Return the name, with a number if a term has it already."""
    taken = {t.name for t in terms}
    return name if name not in taken else next(f"{name}#{i}" for i in range(2, 99) if f"{name}#{i}" not in taken)
