"""A loss as a function of raw scores: its values, its gradient and the diagonal of its Hessian, compiled."""

import dataclasses

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..compiling import alone, function, resolve
from ..errors import DataError, ShapeError, SpecError
from ..losses import Loss, LossSpec, kept
from ..losses.finding import found_spec
from ..losses.option_values import is_schedule
from ..stability.rewriting import stabilise
from .links import TRANSFORMS, choose
from .targets import checked_target


@dataclasses.dataclass(frozen=True)
class Term:
    """One loss of a sum: its function, its options, its weight and its links."""

    spec: LossSpec
    options: dict
    weight: float
    links: dict

    def width(self, columns: int) -> int:
        """Return the number of columns of the prediction for a number of columns of raw scores."""
        return 2 if self.pads(columns) else columns // len(self.links)

    def pads(self, columns: int) -> bool:
        """Return whether a single score stands for two classes, the first of which has the score 0."""
        return columns == 1 and len(self.links) == 1 and next(iter(self.links.values())).name in TRANSFORMS


def terms_of(loss, options: dict, link, who: str) -> list[Term]:
    """Return the terms of what a user passes as a loss.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
    options : dict
        The hyperparameters of a single loss, and `like`.
    link : str, dict or None
        See `links.choose`.

    Raises
    ------
    SpecError
        For a loss that cannot be computed item by item from predictions and targets.
    """
    if isinstance(loss, list | tuple):
        if options:
            raise SpecError(f"{who}: got the option {next(iter(options))!r} with a list of losses. Write it in a dict "
                            "of the loss that it belongs to, such as {'form': 'huber', 'delta': 2}")
        if not loss:
            raise SpecError(f"{who}: the list of losses is empty. Name at least one")
        return [term for one in loss for term in terms_of(one, {}, link, who)]
    weight = 1.0
    if isinstance(loss, dict):
        if "form" not in loss:
            raise SpecError(f"{who}: a loss in a dict needs the key 'form' with its name, but got {loss!r}")
        loss, options = loss["form"], {**{k: v for k, v in loss.items() if k != "form"}, **options}
        weight = float(options.pop("weight", 1.0))
    if isinstance(loss, Loss):
        return [_of_loss(loss, options, weight, link, who)]
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise _no_items(loss.__name__, who)
    options = dict(options)
    spec, _ = found_spec(loss, options.pop("like", None), who)
    return [_term(spec, options, weight, link, who)]


def _of_loss(loss, options, weight, link, who) -> Term:
    """Return the term of a Loss object, which must be a registered function and no subclass of the user's."""
    if loss.spec is None or not loss.uses_items:
        raise _no_items(loss.name, who)
    if loss.moving is not None or any(is_schedule(value) for value in loss.options.values()):
        raise SpecError(f"{who}: the loss {loss.name} has a weight or an option that changes during training, but "
                        "there are no training steps here. Pass numbers")
    if loss.class_weight is not None:
        raise SpecError(f"{who}: the loss {loss.name} has class weights. Pass a weight for each item instead")
    return _term(loss.spec, {**loss.options, **options}, weight * loss.weight, link, who)


def _term(spec, options, weight, link, who) -> Term:
    spec.check_options(options)
    if any(is_schedule(value) for value in options.values()):
        raise SpecError(f"{who}: an option of the loss {spec.name} is a schedule, but there are no training steps "
                        "here. Pass a number")
    return Term(spec, options, weight, choose(spec, link))


def _no_items(name, who) -> SpecError:
    return SpecError(f"{who}: the loss {name} is a class with its own __call__, which returns a mean. Write it as a "
                     "function of (prediction, target) that returns a value per item")


class RawLoss:
    """A sum of losses as a function of raw scores (n, k).

    The value of an item is the sum of its terms, each times its weight, over all of its columns. Gradient and Hessian
    are those of the sum over items, so items do not depend on how many others there are.

    Parameters
    ----------
    loss, options, link
        See `terms_of`.
    who : str
        Who speaks in error messages.
    mode : str or None
        What compiles; see `compiling.resolve`.
    """

    def __init__(self, loss, options, link, who, mode=None):
        self.terms, self.who, self.mode = terms_of(loss, options, link, who), who, mode
        if len({tuple(term.links) for term in self.terms}) > 1:
            raise SpecError(f"{who}: these losses have different ports ({self.name}). Pass them one by one")
        links = self.terms[0].links  # all losses are of one prediction
        self.terms = [dataclasses.replace(term, links=links) for term in self.terms]
        resolve(mode)
        self.pairs = any(term.spec.pairs or term.spec.per == "batch" for term in self.terms)
        self._compiled: dict = {}

    @property
    def name(self) -> str:
        """The names of the losses, in one word."""
        return "_".join(term.spec.name for term in self.terms)

    @property
    def links(self) -> dict:
        """The link of each port; those of the first loss."""
        return self.terms[0].links

    def width(self, columns: int) -> int:
        """Return the number of columns of predictions for a number of columns of raw scores."""
        return self.terms[0].width(columns)

    # ------------------------------------------------------------------------------------------ arrays

    def scores(self, raw) -> np.ndarray:
        """Return raw scores as a float64 matrix (n, k), or raise ShapeError."""
        raw = np.asarray(raw, "float64")
        raw = raw[:, None] if raw.ndim == 1 else raw
        ports = len(self.links)
        if raw.ndim != 2 or raw.shape[1] % ports or not raw.shape[1]:
            raise ShapeError(f"{self.who}: raw scores have shape {raw.shape}. Pass (n, {ports}) for the ports "
                             f"{', '.join(self.links)}, or a multiple of {ports} columns")
        return raw

    def targets(self, target, scores) -> list[np.ndarray]:
        """Return the target as each term takes it; DataError for values that it cannot have."""
        return [checked_target(term.spec, target, len(scores), term.width(scores.shape[1]), term.options, self.who)
                for term in self.terms]

    def weights(self, weights, rows: int) -> np.ndarray | None:
        """Return weights as a vector (n,), or None for none."""
        if weights is None or np.size(weights) == 0:
            return None
        weights = np.asarray(weights, "float64").ravel()
        if len(weights) != rows:
            raise DataError(f"{self.who}: got {len(weights)} weights for {rows} items. Pass one weight per item")
        return weights

    # ------------------------------------------------------------------------------------------ numbers

    def values(self, scores, targets, weights=None) -> np.ndarray:
        """Return the value of each item (n,), not weighted; a loss of pairs of items gives one number (1,)."""
        found = self._function("values", scores, targets)(*self._fed(scores, targets, weights))[0]
        return np.atleast_1d(found)

    def slope(self, scores, targets, weights=None) -> np.ndarray:
        """Return the gradient of the sum of values (n, k)."""
        return self._function("slope", scores, targets)(*self._fed(scores, targets, weights))[0]

    def slope_and_curvature(self, scores, targets, weights=None) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradient of the sum of values, and the diagonal of its Hessian, both (n, k)."""
        compiled, fed = self._function("both", scores, targets), self._fed(scores, targets, weights)
        curvature = np.empty_like(scores)
        for column in range(scores.shape[1]):
            along = np.zeros_like(scores)
            along[:, column] = 1
            slope, product = compiled(*fed, along)
            curvature[:, column] = product[:, column]
        return slope, curvature

    def blocks(self, scores, targets) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradient (n, k), and the Hessian of each item (n, k, k)."""
        compiled, fed = self._function("both", scores, targets), self._fed(scores, targets, None)
        hessian = np.empty((*scores.shape, scores.shape[1]))
        for column in range(scores.shape[1]):
            along = np.zeros_like(scores)
            along[:, column] = 1
            slope, hessian[:, :, column] = compiled(*fed, along)
        return slope, hessian

    def predictions(self, raw):
        """Return what the links make of raw scores: an array, or one by port where there are several ports."""
        raw = np.asarray(raw, "float64")
        scores, term = self.scores(raw), self.terms[0]
        if term.pads(scores.shape[1]):
            scores = np.column_stack([np.zeros(len(scores)), scores])
        parts = np.split(scores, len(term.links), axis=1)
        found = {port: link.numeric(part) for (port, link), part in zip(term.links.items(), parts, strict=True)}
        found = {port: p[:, 0] if p.shape[1] == 1 and (raw.ndim == 1 or len(parts) > 1) else p
                 for port, p in found.items()}
        return found if len(found) > 1 else next(iter(found.values()))

    # ------------------------------------------------------------------------------------------ graphs

    def _fed(self, scores, targets, weights):
        extra = [np.ones(len(scores)) if weights is None else weights] if self.pairs else []
        return [scores, *targets, *extra]

    @alone
    def _function(self, what, scores, targets):
        key = (what, scores.shape[1], *((t.dtype.str, t.ndim, t.shape[1:]) for t in targets))
        if key not in self._compiled:
            self._compiled[key] = self._compile(what, scores.shape[1], targets)
        return self._compiled[key]

    def _compile(self, what, columns, targets):
        score = pt.tensor("score", dtype="float64", shape=(None, columns))
        aims = [pt.tensor(f"target{i}", dtype=str(t.dtype), shape=(None, *t.shape[1:])) for i, t in enumerate(targets)]
        weights = pt.dvector("weights")
        values = [self._of_term(term, score, aim, weights) for term, aim in zip(self.terms, aims, strict=True)]
        values, _ = stabilise(values)
        if what == "values":
            rows = [v.sum(axis=tuple(range(1, v.ndim))) if v.ndim else v for v in values]
            outputs = [sum(term.weight * row for term, row in zip(self.terms, rows, strict=True))]
        else:
            total = sum(term.weight * v.sum() for term, v in zip(self.terms, values, strict=True))
            outputs = [pytensor.grad(total, score, disconnected_inputs="ignore")]
        inputs = [score, *aims, *([weights] if self.pairs else [])]
        if what == "both":
            along = score.type("along")
            inputs.append(along)
            outputs.append(pytensor.grad((outputs[0] * along).sum(), score, disconnected_inputs="ignore"))
        return function(inputs, outputs, resolve(self.mode))

    def _of_term(self, term, score, target, weights):
        """Return the unreduced values of a term."""
        if term.pads(score.type.shape[1]):
            score = pt.join(1, pt.zeros((score.shape[0], 1), dtype=score.dtype), score)
        width = score.type.shape[1] // len(term.links) if len(term.links) > 1 else None
        parts = [score] if width is None else [score[:, i : i + width] for i in range(0, score.type.shape[1], width)]
        made = (link.symbolic(part) for link, part in zip(term.links.values(), parts, strict=True))
        ports = [target if port == "target" else next(made) for port in term.spec.ports]
        extra = {"weights": weights} if term.spec.pairs else {}
        values = term.spec.function(*ports, **term.options, **extra)
        if not values.ndim and not self.pairs:
            raise SpecError(f"{self.who}: the loss {term.spec.name} returns a single number for all items. Return a "
                            "value for each item or element")
        ignored = term.options.get("ignore_index", term.spec.options.get("ignore_index"))
        mask = kept(target, ignored)
        return values if mask is None else pt.switch(mask, values, 0)
