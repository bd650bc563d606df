"""The objective: losses and regularizers as named terms whose weighted sum is one scalar."""

import dataclasses

import numpy as np
import pytensor.tensor as pt

from .errors import SpecError
from .losses import divide


@dataclasses.dataclass(frozen=True)
class Term:
    """One named part of the total.

    Parameters
    ----------
    name : str
    numerator, denominator : scalar expressions
        Their quotient is the term of a batch; the quotient of their sums is the term of a data set, exactly.
    source : Loss, Regularizer or None
        Owner of the weight; None for a metric, which is no part of the total.
    """

    name: str
    numerator: object
    denominator: object
    source: object = None

    @property
    def weight(self) -> float | None:
        """The factor at this moment, or None for a metric."""
        return None if self.source is None else self.source.weight


class Objective:
    """What a training minimises, with and without noise.

    Parameters
    ----------
    graph : Graph
    losses : list of Loss
        Bound to their targets.
    regularizers : list of Regularizer
    metrics : dict
        Function of the outputs that returns values per item, by name; and the weights of those values, or None.
    seed : int
        Of the noises.

    Attributes
    ----------
    total : scalar expression
        Sum of weight times term, over losses and regularizers, with noise.
    training_terms, evaluation_terms : list of Term
        With and without noise; metrics come last.
    variables : list
        Inputs, then targets and weights, each once.
    """

    def __init__(self, graph, losses, regularizers=(), metrics=None, seed: int = 0):
        if not losses:
            raise SpecError("objective: no loss; add one, net.add_loss('mse') say")
        self.graph, self.losses, self.metrics = graph, list(losses), dict(metrics or {})
        self.noises = [r for r in regularizers if r.on_graph]
        self.penalties = [r for r in regularizers if not r.on_graph]
        noisy, self.generator_updates = graph.outputs(self.noises, seed=seed)
        clean = graph.outputs()[0] if self.noises else noisy
        self.training_terms = self._terms(noisy)
        self.evaluation_terms = self._terms(clean) if self.noises else self.training_terms
        self.total = sum(
            t.source._weight * divide(t.numerator, t.denominator) for t in self.training_terms if t.source is not None
        )
        inputs = [layer.variable for layer in graph.inputs]
        self.variables = list(dict.fromkeys(inputs + [v for loss in losses for v in loss.variables]))

    @property
    def parameters(self) -> dict:
        """The parameters that training moves, by name."""
        return self.graph.parameters

    def _terms(self, outputs) -> list[Term]:
        terms = []
        for loss in self.losses:
            terms.append(Term(self._name(loss, terms), *loss.parts(outputs), loss))
        rows = pt.cast(self.graph.inputs[0].variable.shape[0], terms[0].numerator.dtype)
        for penalty in self.penalties:
            value = pt.as_tensor_variable(penalty.loss(self.graph, outputs))
            terms.append(Term(penalty.name, value * rows, rows, penalty))
        for name, measure in self.metrics.items():
            terms.append(Term(name, *measure(outputs)))
        return terms

    def _name(self, loss, terms) -> str:
        last = f"{self.graph.layers[-1].name}:out"
        name = loss.label if loss.output_name == last else f"{loss.label}({loss.output_name.removesuffix(':out')})"
        taken = {t.name for t in terms}
        return name if name not in taken else next(f"{name}#{i}" for i in range(2, 99) if f"{name}#{i}" not in taken)

    def largest_product(self, batch: int) -> float:
        """Return how many multiplications the largest matrix product of a step has."""
        sizes = [w.get_value(borrow=True).size for w in self.graph.weights().values()]
        return float(max(sizes, default=0)) * batch

    def figures(self, sums: np.ndarray, terms: list[Term]) -> dict:
        """Return what a record shows of sums over batches: total, raw terms, weighted terms."""
        ratios = [n / d if d else 0.0 for n, d in sums.tolist()]
        raw = {t.name: value for t, value in zip(terms, ratios, strict=True)}
        weighted = {t.name: t.weight * raw[t.name] for t in terms if t.weight is not None}
        return {"loss": sum(weighted.values()), "raw": raw, "weighted": weighted}
