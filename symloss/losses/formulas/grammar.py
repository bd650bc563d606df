"""The grammar of formulas: from tokens to a tree.

::

    formula     name ( p, t, option = 1.0, ... ) = expression   or just an expression
    expression  and-part  (or and-part)*
    and-part    comparison (and comparison)*
    comparison  not comparison  |  sum (< <= > >= == != sum)*
    sum         product (+ - product)*
    product     factor (* / factor)*
    factor      - factor  |  + factor  |  atom (** or ^ factor)?
    atom        number  |  name  |  name ( expression, ... )  |  ( expression )
"""

import dataclasses
import math

from .tokens import Token, tokens, wrong

DEEPEST = 40  # parentheses within each other
TALLEST = 200  # operations of which each needs the one before
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
WORDS = ("and", "or", "not")


@dataclasses.dataclass(frozen=True)
class Node:
    """A number, a name, or an operation on other nodes.

    Parameters
    ----------
    kind : 'number', 'name', 'call' or 'sign'
    value : float or str
        The number, the name, or the sign: '+', '**', '<', 'neg', 'and', ...
    parts : tuple of Node
        The operands.
    place : (int, int)
        Its position in the text.
    """

    kind: str
    value: float | str
    parts: tuple = ()
    place: tuple[int, int] = (0, 0)
    height: int = 0

    def names(self) -> set[str]:
        """Return the names that are not functions."""
        return {self.value} if self.kind == "name" else set().union(*(part.names() for part in self.parts))

    def find(self, name: str) -> "Node":
        """Return the first node that is a name."""
        return next(node for node in self.walk() if node.kind == "name" and node.value == name)

    def walk(self):
        """Yield this node and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclasses.dataclass(frozen=True)
class Header:
    """The part of a definition before the `=`: a name, ports and options, each with its position in the text."""

    name: str
    ports: tuple[Node, ...]
    options: dict


def parse(text: str) -> tuple[Header | None, Node, str]:
    """Return the header of a formula (None without one), the tree of its expression, and the text of the expression.

    Raises
    ------
    SpecError
        If the text does not follow the grammar, with the position.

    >>> header, tree, expression = parse("power(q=1.5) = abs(e)**q")
    >>> header.name, tree.value, expression
    ('power', '**', 'abs(e)**q')
    """
    reader = _Reader(text)
    header = reader.header()
    start = reader.now.place[0]
    tree = reader.expression()
    if reader.now.kind != "end":
        raise reader.unexpected()
    return header, tree, text[start:].strip()


class _Reader:
    """Reads tokens from left to right, one method for each line of the grammar."""

    def __init__(self, text: str):
        self.text, self.tokens, self.index, self.depth = text, tokens(text), 0, 0

    @property
    def now(self) -> Token:
        return self.tokens[self.index]

    def take(self, *texts: str) -> Token | None:
        """Return the next token and move on if it is one of these signs or words, otherwise return None."""
        if self.now.kind in ("sign", "name") and self.now.text in texts:
            self.index += 1
            return self.tokens[self.index - 1]
        return None

    def need(self, sign: str, opened: Token) -> Token:
        found = self.take(sign)
        if found is None and self.now.kind == "end":
            raise wrong(self.text, opened.place, f"this {opened.text!r} is never closed", f"write {sign!r}")
        if found is None:
            raise self.unexpected()
        return found

    def unexpected(self) -> Exception:
        """Return the error for a token that is not allowed at its position."""
        token, before = self.now, self.tokens[self.index - 1] if self.index else None
        if token.kind == "end":
            return wrong(self.text, token.place, "the formula ends too early", "write a name or a number")
        if token.text == "=":
            return wrong(self.text, token.place, "'=' ends the head of a definition, name(p, t, option=1.0) = ...",
                         "to compare, write ==")
        ends = before is not None and (before.kind in ("number", "name") or before.text == ")")
        if ends and before.text not in WORDS and (token.kind in ("number", "name") or token.text == "("):
            return wrong(self.text, (before.place[0], token.place[1]),
                         f"{before.text} and {token.text} have no operation between them",
                         f"write {before.text} * {token.text} to multiply")
        return wrong(self.text, token.place, f"{token.text!r} is not allowed here",
                     "write an operation here, such as +" if ends else "write a name, a number or a parenthesis here")

    def node(self, kind, value, *parts, place=None) -> Node:
        place = place or (parts[0].place[0], parts[-1].place[1])
        height = 1 + max((part.height for part in parts), default=0)
        if height > TALLEST:
            raise wrong(self.text, place, f"the formula nests more than {TALLEST} operations",
                        "write a function of (prediction, target) instead")
        return Node(kind, value, parts, place, height)

    # ------------------------------------------------------------------------------------------ the head

    def header(self) -> Header | None:
        depth = 0
        for token in self.tokens:
            depth += (token.text == "(") - (token.text == ")")
            if token.text == "=" and token.kind == "sign" and depth == 0:
                return self._header()
        return None

    def _header(self) -> Header:
        name, opened = self.now, self.tokens[min(1, len(self.tokens) - 1)]
        if name.kind != "name" or opened.text != "(":
            raise wrong(self.text, name.place, "a definition must begin with a name and its arguments",
                        "write name(p, t, option=1.0) = ...")
        self.index, ports, options = 2, [], {}
        while not self.take(")"):
            token = self.now
            if token.kind != "name" or token.text in WORDS:
                raise wrong(self.text, token.place, "a port or an option must stand here", "write p, t, or option=1.0")
            self.index += 1
            if token.text in options or token.text in [port.value for port in ports]:
                raise wrong(self.text, token.place, f"{token.text!r} occurs twice", "leave one of them out")
            if self.take("="):
                options[token.text] = self.constant(), token.place
            elif options:
                raise wrong(self.text, token.place, "ports must come before options",
                            f"write {token.text}=1.0, or move it to the front")
            else:
                ports.append(Node("name", token.text, place=token.place))
            if not self.take(",") and self.now.text != ")":
                raise self.unexpected()
        self.index += 1  # the '='
        return Header(name.text, tuple(ports), options)

    def constant(self) -> float:
        """Return the number that is an option's default."""
        sign = -1.0 if self.take("-") else 1.0
        if self.now.kind != "number":
            raise wrong(self.text, self.now.place, "the default of an option must be a number", "write option=1.0")
        return sign * self.number().value

    # ------------------------------------------------------------------------------------------ expressions

    def expression(self) -> Node:
        return self.chain(("or",), lambda: self.chain(("and",), self.comparison))

    def chain(self, signs, part) -> Node:
        """Return operations of the same precedence, from left to right."""
        left = part()
        while sign := self.take(*signs):
            left = self.node("sign", sign.text, left, part())
        return left

    def comparison(self) -> Node:
        if sign := self.take("not"):
            part = self.comparison()
            return self.node("sign", "not", part, place=(sign.place[0], part.place[1]))
        left, found = self.sum(), None
        while sign := self.take(*COMPARISONS):
            right = self.sum()
            one = self.node("sign", sign.text, left, right)
            found = one if found is None else self.node("sign", "and", found, one)  # a < b < c
            left = right
        return left if found is None else found

    def sum(self) -> Node:
        return self.chain(("+", "-"), lambda: self.chain(("*", "/"), self.factor))

    def factor(self) -> Node:
        if sign := self.take("-", "+"):
            self.deeper(sign)
            part = self.factor()
            self.depth -= 1
            return part if sign.text == "+" else self.node("sign", "neg", part, place=(sign.place[0], part.place[1]))
        base = self.atom()
        if self.take("**", "^"):
            return self.node("sign", "**", base, self.factor())
        return base

    def deeper(self, token) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise wrong(self.text, token.place, f"the formula nests more than {DEEPEST} parentheses",
                        "write a function of (prediction, target) instead")

    def number(self) -> Node:
        token, value = self.now, float(self.now.text)
        if not math.isfinite(value):
            raise wrong(self.text, token.place, "this number is too large", "write at most 1e308")
        self.index += 1
        return Node("number", value, place=token.place)

    def atom(self) -> Node:
        token = self.now
        if token.kind == "number":
            return self.number()
        if token.kind == "name" and token.text not in WORDS:
            self.index += 1
            return self.call(token) if self.now.text == "(" else Node("name", token.text, place=token.place)
        if self.take("("):
            self.deeper(token)
            inner = self.expression()
            end = self.need(")", token)
            self.depth -= 1
            return dataclasses.replace(inner, place=(token.place[0], end.place[1]))
        raise self.unexpected()

    def call(self, name: Token) -> Node:
        opened = self.take("(")
        self.deeper(opened)
        arguments = []
        if self.now.text != ")":
            arguments.append(self.expression())
            while self.take(","):
                arguments.append(self.expression())
        end = self.need(")", opened)
        self.depth -= 1
        return self.node("call", name.text, *arguments, place=(name.place[0], end.place[1]))
