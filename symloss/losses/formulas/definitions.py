"""Losses from formulas: `loss_from`, and the spec that a text defines."""

import functools
import re

from ..._checks import align, floating, is_number, number
from ...errors import SpecError
from ..option_ranges import completed
from ..registration import LossSpec, registry
from . import graphs
from .grammar import WORDS, parse
from .tokens import wrong

NAME = "formula"  # of a loss that has none
SHORT = {"p": "prediction", "t": "target"}
SIGNS = re.compile(r"[()*/^+<>=]")  # no name of a loss has one of these


def loss_from(formula, *, name: str | None = None, **options) -> LossSpec:
    """Return a loss that is defined by a formula.

    Parameters
    ----------
    formula : str or sympy expression
        ``"softplus(-t * p) + 0.1 * p**2"``. ``p`` or ``prediction`` is the prediction, ``t`` or ``target`` the target,
        and ``e`` the error p - t. Other names are options. You can use ``+ - * / ** ^``, comparisons, ``and or not``,
        ``where(condition, a, b)``, ``pi``, and functions: ``exp``, ``log``, ``abs``, ``max``, ``sum``, ``mean`` and
        more. ``sum`` and ``mean`` run along the last axis.

        You can also pass a whole definition: ``"power(q=1.5) = abs(e)**q"``. If the ports are different, name all of
        them: ``"nll(mean, variance, t) = log(variance) + (t - mean)**2 / variance"``.
    name : str or None
        Name in records and messages. None means the name in the definition, or 'formula'.
    **options : numbers
        Defaults of the options. You can set each of them later, as for any loss.

    Returns
    -------
    LossSpec
        A loss like any other: models and `evaluate` accept it, and files contain it as its text. You can also pass the
        text itself wherever a loss is accepted by its name.

    Raises
    ------
    SpecError
        If the text does not follow the grammar. A caret shows the place.
    UnknownNameError
        If a name or a function is unknown. The message suggests the nearest ones.

    >>> import symloss
    >>> bend = symloss.loss_from("where(abs(e) < d, e**2 / 2, d * (abs(e) - d / 2))", d=1.0)
    >>> symloss.evaluate.value(bend, [[3.0], [0.5]], [[0.0], [0.0]], d=2.0).tolist()
    [[4.0], [0.125]]
    """
    if not isinstance(formula, str):
        from .from_sympy import text_of

        formula = text_of(formula)
    text = " ".join(formula.split())
    header, _, expression = parse(text)
    name = name if name is not None else header.name if header else NAME
    if not isinstance(name, str) or not re.fullmatch(r"[^\W\d]\w*", name):
        raise SpecError(f"loss_from: name={name!r} is not valid; it must consist of letters, digits and underscores, "
                        "such as my_loss")
    for option, value in options.items():
        if not is_number(value):
            raise SpecError(f"loss_from: {option}={value!r} is not valid; it must be a number, the default of "
                            "the option")
        if option not in parse(expression)[1].names():
            raise SpecError(f"loss_from: the option {option}={value!r} does not occur in {expression!r}. Leave it "
                            "out, or use it in the formula")
    defaults = {key: value for key, (value, _) in header.options.items()} if header else {}
    arguments = [port.value for port in header.ports] if header else []
    arguments += [f"{key}={float(value)!r}" for key, value in (defaults | options).items()]
    return read(f"{name}({', '.join(arguments)}) = {expression}")


@functools.lru_cache(maxsize=256)
def read(definition: str) -> LossSpec:
    """Return the loss that a text defines: ``name(option=1.0) = expression``."""
    header, tree, expression = parse(definition)
    ports = _ports(definition, header, tree)
    options = {name: value for name, (value, _) in header.options.items()}
    for name, (_, place) in header.options.items():
        _refuse_taken(definition, name, place)
        if name not in tree.names():
            raise wrong(definition, place, f"the option {name!r} does not occur in the formula",
                        "leave it out, or use it")
    known = _names(ports)
    graphs.check(definition, tree, {*known, *options})
    per = graphs.level(tree, known)
    used = {known[name] for name in tree.names() & set(known)}
    if per == "number" or not used - {("target",)}:
        raise wrong(definition, tree.place, "the prediction does not occur in the formula", "write p, or e for p - t")
    if graphs.is_logical(tree):
        raise wrong(definition, tree.place, "the formula is true or false, so it has no gradient",
                    "write where(condition, 1, 0)")

    def function(*tensors, **keywords):
        values = _aligned(header.name, ports, tensors)
        numbers = {key: number(keywords.get(key, value), values[ports[0]]) for key, value in options.items()}
        values = {name: _meant(values, of) for name, of in known.items()}
        return graphs.build(definition, tree, values | numbers, tuple(known), header.name)

    function.__name__, function.__doc__ = header.name, f"{expression}, per {per}."
    return LossSpec(header.name, function, ports, "any" if "target" in ports else "none", None, per, "unknown", options,
                    False, ranges=completed({}, options, header.name), definition=definition)


def _ports(definition, header, tree) -> tuple[str, ...]:
    """Return the ports of a definition in order: those in its head, or prediction and target as far as they occur."""
    if header.ports:
        for port in header.ports:
            if port.value not in SHORT:
                _refuse_taken(definition, port.value, port.place, (*SHORT.values(),))
            if port.value not in tree.names() and SHORT.get(port.value, port.value) not in tree.names() and not (
                    "e" in tree.names() and port.value in (*SHORT, *SHORT.values())):
                raise wrong(definition, port.place, f"the port {port.value!r} does not occur in the formula",
                            "leave it out, or use it")
        return tuple(SHORT.get(port.value, port.value) for port in header.ports)
    target = tree.names() & {"t", "target", "e"}
    return ("prediction", "target") if target else ("prediction",)


def _refuse_taken(definition, name, place, but=()) -> None:
    taken = {*SHORT, *SHORT.values(), "e", "weights", *graphs.CONSTANTS, *WORDS} - set(but)
    if name in taken:
        raise wrong(definition, place, f"the name {name!r} already has a meaning", "choose another name")


def _names(ports) -> dict:
    """Return what the names of a formula stand for: a port, or two for their difference."""
    found = {port: (port,) for port in ports} | {short: (port,) for short, port in SHORT.items() if port in ports}
    return found | ({"e": ("prediction", "target")} if {"prediction", "target"} <= set(ports) else {})


def _meant(values, of):
    return values[of[0]] if len(of) == 1 else values[of[0]] - values[of[1]]


def _aligned(name, ports, tensors) -> dict:
    """Return the ports by name, with the shape and the dtype of the first one."""
    first = floating(tensors[0], name, ports[0])
    values = {ports[0]: first}
    for port, tensor in zip(ports[1:], tensors[1:], strict=True):
        first, values[port] = align(first, tensor, name, port)
        values[ports[0]] = first
    return values


def from_text(text: str) -> LossSpec | None:
    """Return the loss that a text defines, or None if the text is a name."""
    if not SIGNS.search(text):
        return None
    text = " ".join(text.split())
    return loss_from(text) if parse(text)[0] is None else read(text)


registry.read = from_text
