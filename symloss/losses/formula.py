"""The formula of a loss, which is read from the graph of its function."""

import html

import numpy as np
import pytensor.tensor as pt

from .._repr import STYLE
from ..errors import ShapeError, SpecError, SymlossError
from ..formulas.asked import entry_indices, expression_formula, need_sympy, without_shared_indices
from .option_values import OptionValues

NAMES = {"prediction": "p", "target": "t", "mean": "mu", "variance": "v", "scale": "s", "mixture": "m"}
VECTORS = {"bias", "log_noise"}


class HasFormula:
    """Anything that can be written as a formula."""

    def formula(self, **options):
        """Return the `formulas.formula.Formula`: a sympy expression with the meaning of its symbols."""
        raise NotImplementedError

    def latex(self, derivative: int = 0, wrt: str | None = None, **options) -> str:
        """Return the formula as LaTeX, without dollar signs. This needs sympy (the extra 'formulas').

        The formula is read from the graph that is compiled, and then simplified as a person would. Guards that keep
        numbers finite (``max(v, 1e-6)``) are left out, and functions of only the error e = p - t are written with e.
        Labels are assumed to be in range.

        Parameters
        ----------
        derivative : int
            0 for the loss, 1 for its gradient, 2 for its second derivative.
        wrt : str or None
            The port by which to differentiate. None means the first one.
        **options
            Values of hyperparameters. The others stay symbols.

        Raises
        ------
        UntranslatedError
            If it contains an operation that has no formula, which the message names, or is too long to read.
        """
        if isinstance(derivative, bool) or derivative not in (0, 1, 2):
            raise SpecError(f"latex: derivative={derivative!r} is not valid; it must be 0, 1 or 2")
        if options and hasattr(self, "weighing"):
            raise SpecError(f"latex: {self.name} is a Loss with options of its own, so latex takes none. Set the "
                            f"option on the loss: loss.{next(iter(options))} = ...")
        found = self.formula(**options)
        return (found.differentiated(wrt, derivative) if derivative else found).latex()

    def _facts(self) -> dict:
        """Return what a notebook shows beside the formula: texts by title."""
        return {}

    def _repr_html_(self) -> str:
        latex = self._repr_latex_()
        formula = "" if latex is None else f'<div style="margin: 0.4em 0">{html.escape(latex)}</div>'
        rows = "".join(f"<tr><td>{html.escape(title)}</td><td>{html.escape(text)}</td></tr>"
                       for title, text in self._facts().items() if text)
        table = f'<table class="symloss-table"><tbody>{rows}</tbody></table>' if rows else ""
        return f'{STYLE}<div class="symloss-page"><code>{html.escape(repr(self))}</code>{formula}{table}</div>'

    def _repr_latex_(self) -> str | None:
        try:
            return rf"$\displaystyle {self.latex()}$"
        except SymlossError:
            return None


def spec_formula(spec, given=None, tidy: bool = True, names=None):
    """Return the `Formula` of a loss function. Options that you do not pass stay symbols if possible.

    Parameters
    ----------
    spec : LossSpec
    given : dict or None
        Options as numbers.
    tidy : bool
        Whether to simplify it as a person would. Otherwise it is written as in the graph.
    names : dict or None
        Names of the ports in the formula, by port.
    """
    sympy = need_sympy()
    from ..formulas.formula import Formula
    from ..formulas.reading import Reader, UntranslatedError, plain_number

    given = dict(given or {})
    spec.check_options(given)
    options = OptionValues(spec, given)
    ports, slopes = port_variables(spec, {**spec.options, **given}), {}
    if "at" in ports:  # a model's gradient by what it takes, which can be anything: that of a product with it
        slopes = {pt.dmatrix("slope"): sympy.IndexedBase(r"\nabla{D}", real=True)}
        ports["prediction"] = (ports["at"] * next(iter(slopes))).sum(axis=1)
    try:
        values = options.for_function(lambda all_of_them: spec.function(*ports.values(), **all_of_them))
    except (ShapeError, SpecError) as error:
        raise UntranslatedError(f"formula: {spec.name} cannot be written as a formula of tensors ({error})") from None
    leaves = {v: _leaf(sympy, spec, port, v, {**NAMES, **(names or {})}) for port, v in ports.items()}
    if slopes:
        leaves = {ports["at"]: leaves[ports["at"]], **slopes}
    labels, arrays = [leaf for leaf in leaves.values() if leaf.is_integer], dict(leaves)
    n, width, steps, labelled = (sympy.Symbol(name, integer=True, positive=True) for name in ("n", "K", "T", "L"))
    axes = {v: (n, steps, width) if v.ndim == 3 else (n, labelled) if spec.padding is not None else (n, width)
            for v in [*ports.values(), *slopes]}
    lengths = {(v, axis): axes[v][axis] for v in axes for axis in range(v.ndim)}
    defaults = {}
    for name, scalar in options.scalars.items():
        least = getattr(spec.ranges.get(name), "ends", (-1,))[0]
        symbol = sympy.Symbol(name, real=True, positive=True if least >= 0 else None)
        leaves[scalar] = plain_number(given[name]) if name in given else symbol
        if name not in given:
            defaults[symbol] = float(spec.options[name])
    at = sympy.symbols("i h", integer=True, nonnegative=True)[: values.ndim]
    reader = Reader(leaves, lengths, labels, blank=spec.padding is not None)
    expression = reader.entry(values, at)
    shapes = {port: (arrays[v], v.type.shape) for port, v in ports.items() if not slopes}
    expression, entries, notes = without_shared_indices(expression, shapes, at, reader.notes)
    sizes = {n: 3, width: 3, steps: 3, labelled: 1, **dict.fromkeys(entry_indices(entries, at), 1)}
    found = Formula(expression, entries=entries, sizes=sizes, defaults=defaults, notes=notes)
    return found.tidy().in_error() if tidy else found


def loss_formula(loss, tidy: bool = True, names=None):
    """Return the `Formula` of a bound loss, with its options as numbers and its outputs by name.

    `names` gives the output for each port, if a model knows it.
    """
    output = loss.output_name.removesuffix(":out")
    if loss.spec is not None:
        given = {name: loss.options.get(name, default) for name, default in loss.spec.options.items()}
        numbers = {k: float(v(0)) if callable(v) else v for k, v in given.items() if v is not None}
        if names is None:
            first, single = loss.spec.predictions[0], len(loss.spec.predictions) == 1
            own = {first: output} if single and not loss.anywhere else {}
            names = own | {port: str(name).removesuffix(":out") for port, name in loss.ports.items()}
        return spec_formula(loss.spec, numbers, tidy, names)
    prediction = pt.tensor(output, dtype="float64", shape=(None, None))
    target = pt.tensor("t", dtype="float64", shape=(None, None))
    twin = loss.unbound().bind(target)
    return expression_formula(twin({twin.output_name: prediction}), {prediction: output, target: "t"}, r"\ell", tidy)


def port_variables(spec, options) -> dict:
    """Return a variable for each port of a loss, with as many axes as the port takes."""
    columns = len(options["q"]) if isinstance(options.get("q"), tuple | list | np.ndarray) else None
    found = {}
    for port in spec.ports:
        if spec.padding is not None:  # label sequences of a length of their own, and predictions for every step
            found[port] = pt.lmatrix(port) if port == "target" else pt.dtensor3(port)
        elif port == "samples" or (port == "target" and "label" in spec.target and spec.target != "sign or label"):
            found[port] = pt.lvector(port)
        elif port in VECTORS or (port == "target" and spec.target == "sign" and spec.per == "item"):
            found[port] = pt.dvector(port)
        else:
            found[port] = pt.tensor(port, dtype="float64", shape=(None, columns))
    if "target" in found and spec.shape is not None and spec.padding is None and found["target"].ndim == 2:
        shapes = {port: v.type.shape for port, v in found.items() if port != "target"}
        found["target"] = pt.tensor("target", dtype="float64", shape=spec.target_shape(shapes, options))
    return found


def _leaf(sympy, spec, port, variable, names):
    name = names.get(port, port)
    if variable.dtype.startswith("int"):
        return sympy.IndexedBase(name, integer=True, nonnegative=True)
    positive = port in spec.positive or (port in ("prediction", "target") and spec.activation in ("softmax", "sigmoid"))
    facts = {"positive": True} if positive else {}
    if spec.absent.get(port, 0) < 0:  # what is below 0 marks padding, and is in no formula
        facts = {"nonnegative": True}
    return sympy.IndexedBase(name, real=True, **facts)
