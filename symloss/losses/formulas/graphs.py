"""Builds a PyTensor expression from the tree of a formula."""

import math

import numpy as np
import pytensor.tensor as pt

from ..._checks import number, shape_text
from ...errors import ShapeError, UnknownNameError, unknown
from .functions import ELSEWHERE, FUNCTIONS, function
from .grammar import COMPARISONS, Node
from .tokens import wrong

CONSTANTS = {"pi": math.pi}
SIGNS = {"+": pt.add, "-": pt.sub, "*": pt.mul, "/": pt.true_div, "**": pt.pow, "<": pt.lt, "<=": pt.le, ">": pt.gt,
         ">=": pt.ge, "==": pt.eq, "!=": pt.neq, "and": pt.and_, "or": pt.or_, "not": pt.invert, "neg": pt.neg}
LOGICAL = (*COMPARISONS, "and", "or", "not")
HEIGHTS = ("number", "item", "element")


def check(text: str, tree: Node, names) -> None:
    """Raise UnknownNameError for an unknown name or function, SpecError for a wrong number of arguments.

    Parameters
    ----------
    text : str
    tree : Node
    names : collection of str
        The ports and options of the formula.
    """
    for node in tree.walk():
        if node.kind == "name" and node.value not in names and node.value not in CONSTANTS:
            raise _unknown_name(text, node, names)
        if node.kind == "call":
            _check_call(text, node, names)
        if node.kind == "sign" and node.value in ("and", "or", "not"):
            for part in node.parts:
                if not is_logical(part):
                    raise wrong(text, part.place, f"{node.value!r} only works with comparisons",
                                "write a comparison, such as x > 0")


def _unknown_name(text, node, names):
    name = node.value
    if name in FUNCTIONS:
        return wrong(text, node.place, f"{name} is a function", f"write {name}(...)")
    near = str(unknown("name", name, [*names, *CONSTANTS]))
    return wrong(text, node.place, near, f"an option needs a default: loss_from(..., {name}=1.0), or "
                 f"name({name}=1.0) = ...", UnknownNameError)


def _check_call(text, node, names):
    name, count = node.value, len(node.parts)
    found = function(name, count)
    place = (node.place[0], node.place[0] + len(name))
    if found is None and name in names:
        raise wrong(text, place, f"{name} is a number, not a function", f"write {name} * (...) to multiply")
    if found is None:
        if name in ELSEWHERE:
            raise wrong(text, place, f"unknown function {name!r}", f"write {ELSEWHERE[name]}", UnknownNameError)
        raise wrong(text, place, str(unknown("function", name, FUNCTIONS)),
                    "the list symloss.losses.formulas.functions.FUNCTIONS contains all functions", UnknownNameError)
    if count < found.least or (found.most is not None and count > found.most):
        wanted = f"{found.least}" if found.most == found.least else f"at least {found.least}"
        raise wrong(text, node.place, f"{name} takes {wanted} argument{'s' * (wanted != '1')}, got {count}", found.says)
    if name == "where" and not is_logical(node.parts[0]):
        raise wrong(text, node.parts[0].place, "the first argument of where must be a comparison",
                    "write a comparison, such as x > 0")


def is_logical(node: Node) -> bool:
    """Return whether a node is true or false."""
    return node.kind == "sign" and node.value in LOGICAL


def level(node: Node, ports) -> str:
    """Return what one value of a node belongs to: 'element', 'item' or 'number'.

    >>> from .grammar import parse
    >>> level(parse("p - log(sum(exp(p)))")[1], ["p"]), level(parse("sum(p)")[1], ["p"]), level(parse("1")[1], [])
    ('element', 'item', 'number')
    """
    if not node.parts:
        return "element" if node.value in ports else "number"
    within = max((level(part, ports) for part in node.parts), key=HEIGHTS.index)
    found = function(node.value, len(node.parts)) if node.kind == "call" else None
    return within if found is None or found.level is None or within == "number" else found.level


def build(text: str, tree: Node, values: dict, ports, who: str):
    """Return the expression of a tree.

    Parameters
    ----------
    text : str
    tree : Node
    values : dict
        Tensors or numbers by name. Those of `ports` have the same shape and dtype.
    ports : collection of str
    who : str
        Name of the loss, for messages.

    Raises
    ------
    ShapeError
        If a sum runs along the last axis of something that has only one axis.
    """
    like = values[next(iter(ports))]

    def made(node):
        if node.kind == "number":
            return number(node.value, like)
        if node.kind == "name":
            return number(CONSTANTS[node.value], like) if node.value in CONSTANTS else values[node.value]
        parts = [made(part) for part in node.parts]
        found = function(node.value, len(parts)) if node.kind == "call" else None
        if found is not None and found.along:
            return found.make(_with_axes(text, node, _float(parts[0], like), who))
        if node.value == "**" and node.parts[1].kind == "number" and float(node.parts[1].value).is_integer() \
                and abs(node.parts[1].value) < 100:
            parts[1] = np.int8(node.parts[1].value)  # x ** 2 is a product, for negative x as well
        parts = _together(node, parts, ports)
        if node.kind == "sign" and node.value in LOGICAL:
            return SIGNS[node.value](*parts)
        condition = parts[:1] if node.value == "where" and node.kind == "call" else []
        rest = [_float(part, like) for part in parts[len(condition) :]]
        return (SIGNS[node.value] if found is None else found.make)(*condition, *rest)

    return _float(made(tree), like)


def _float(value, like):
    """Return a comparison as 0 and 1; anything else as it is."""
    return value.astype(like.dtype) if getattr(value, "dtype", None) == "bool" and hasattr(value, "owner") else value


def _together(node, parts, ports) -> list:
    """Return the parts of an operation with one number an item repeated along the last axis, where others have more."""
    levels = [level(part, ports) for part in node.parts]
    if "element" not in levels or "item" not in levels:
        return parts
    return [part[..., None] if one == "item" else part for part, one in zip(parts, levels, strict=True)]


def _with_axes(text, node, value, who):
    if value.ndim == 1:
        raise ShapeError(str(wrong(text, node.place, f"loss {who}: {node.value} works along the last axis, but the "
                                                     f"prediction {shape_text(value)} has only the axis of the items",
                                   "pass arrays with one row per item")))
    return value
