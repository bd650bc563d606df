"""The formula of the objective of a model: its losses with weights and divisors, and its regularizers."""

import html

from .. import regularizers
from ..errors import SymlossError, unknown
from ..formulas import expression_formula, need_sympy
from ..losses import OutputLoss
from ..losses.formula import loss_formula
from ..losses.loss_inputs import prediction_names


class Written:
    """The LaTeX and notebook output of a model."""

    def latex(self, **penalties) -> str:
        """Return the objective as LaTeX: the total with the weight and divisor of each loss, and then each loss.

        This needs sympy (the extra 'formulas').

        Parameters
        ----------
        **penalties
            The regularizers of the training, as `train` takes them: ``weight_l2=1e-4``. Noise and dropout are listed
            below the formula.

        Raises
        ------
        UnknownNameError
            For a keyword that is not a regularizer.
        SymlossError
            If sympy is not installed.
        """
        need_sympy()
        self._bind()
        for name in penalties:
            if not regularizers.is_regularizer(name):
                raise unknown("regularizer", name, regularizers.option_names())
        terms, lines, taken, outputs = [], [], {}, self.graph.outputs()[0]
        for loss in self.losses:
            label = _word(_free(loss.label, taken))
            terms.append(_times(_weight(loss, label), _mean(loss, rf"\ell_{label}")))
            if loss.weighing.log_variance is not None:
                terms.append(rf"\tfrac{{1}}{{2}} s_{label}")
            lines.append(_loss_line(loss, rf"\ell_{label}", outputs))
        for penalty in regularizers.from_options(penalties, self.graph):
            label = _word(penalty.name)
            if penalty.on_graph:
                lines.append(rf"&\text{{in training: {_plain(repr(penalty))}}}")
                continue
            terms.append(_times(f"{penalty.weight:g}", rf"\Omega_{label}"))
            lines.append(_penalty_line(penalty, self.graph, outputs, rf"\Omega_{label}"))
        total = r"\mathcal{L} &= " + (" + ".join(terms) if terms else "0")
        return "\n".join([r"\begin{aligned}", " \\\\\n".join([total, *lines]), r"\end{aligned}"])

    def _repr_latex_(self) -> str | None:
        try:
            return f"$$\n{self.latex()}\n$$"
        except SymlossError:
            return None


def _free(label: str, taken: dict) -> str:
    taken[label] = taken.get(label, 0) + 1
    return label if taken[label] == 1 else f"{label} {taken[label]}"


def _word(text: str) -> str:
    return r"{\text{" + text.replace("_", r"\_") + "}}"


def _weight(loss, label: str) -> str:
    if loss.weighing.log_variance is not None:
        return rf"\tfrac{{1}}{{2}} e^{{-s_{label}}}"
    return f"{loss.weight:g}" if loss.weighing.moving is None else rf"w_{label}"


def _times(weight: str, term: str) -> str:
    return term if weight == "1" else rf"{weight} \, {term}"


def _mean(loss, symbol: str) -> str:
    """Return how the values of a loss become one number."""
    divisor = loss.divisor()
    if divisor == "its own":
        return symbol
    inside = rf"w \, {symbol}" if loss.weights is not None else symbol
    if divisor == "1":
        return rf"\sum {inside}"
    known = {"sum of weights": r"\sum w", "sum of the weights' sizes": r"\sum |w|"}
    below = known.get(divisor, rf"\text{{{divisor}}}")
    return rf"\frac{{\sum {inside}}}{{{below}}}"


def _loss_line(loss, symbol: str, outputs) -> str:
    """Return the line that says what a loss is; in words where it has no formula."""
    if isinstance(loss, OutputLoss) or hasattr(loss, "graph"):
        return rf"{symbol} &= {_word(loss.output_name.removesuffix(':out'))[1:-1]}"
    try:
        names = None
        if loss.spec is not None:
            fed = (name.removesuffix(":out") for name in prediction_names(loss, outputs))
            names = dict(zip(loss.spec.predictions, fed, strict=True))
        return loss_formula(loss, names=names).latex().replace(r"\ell = ", rf"{symbol} &= ", 1)
    except SymlossError as error:
        return rf"{symbol} &: \text{{{_plain(str(error))}}}"


def _penalty_line(penalty, graph, outputs, symbol: str) -> str:
    expression = penalty.loss(graph, outputs)
    if expression is None:
        return rf"{symbol} &: \text{{{_plain(repr(penalty))}}}"
    named = {variable: name for name, variable in {**outputs, **graph.parameters}.items()}
    try:
        found = expression_formula(expression, {v: n for v, n in named.items() if v in _used(expression, named)}, "y")
    except SymlossError as error:
        return rf"{symbol} &: \text{{{_plain(str(error))}}}"
    return found.latex().replace("y = ", rf"{symbol} &= ", 1)


def _used(expression, named) -> set:
    from pytensor.graph.traversal import ancestors

    return set(ancestors([expression], blockers=list(named)))


def _plain(text: str) -> str:
    return html.unescape(text).translate({ord(c): " " for c in "\\{}$&#^_%~"})
