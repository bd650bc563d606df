"""Declarations of options: what an option means, what it may be and what others call it, all in one place.

An `Option` is declared where it belongs: those of `train` are fields of `training.options.Options` and
`compiling.Plan`, hyperparameters are annotations of the rules in `updates`. Checks, docstrings, tables in the docs and
error messages are made of them.
"""

import dataclasses
import os
import textwrap
from collections.abc import Callable

import numpy as np

from ._checks import is_number
from .errors import SpecError

WIDTH = 120


@dataclasses.dataclass(frozen=True)
class Check:
    """What the value of an option may be.

    Parameters
    ----------
    wanted : str
        In words, for error messages: "an integer of at least 1".
    accepts : function of a value
    clean : function of an accepted value
        Returns it as it is used.
    """

    wanted: str
    accepts: Callable
    clean: Callable = lambda value: value

    def __call__(self, name: str, value, who: str = "train"):
        """Return the value as it is used, or raise SpecError."""
        if not self.accepts(value):
            raise SpecError(f"{who}: {name}={value!r} is not valid; it must be {self.wanted}")
        return self.clean(value)

    def __or__(self, other: "Check") -> "Check":
        """Return the check that takes what either of two checks takes."""
        return Check(f"{self.wanted}, or {other.wanted}", lambda value: self.accepts(value) or other.accepts(value),
                     lambda value: (self if self.accepts(value) else other).clean(value))


def number(least=None, below=None, above=None, clean=lambda value: value) -> Check:
    """Return a check for one finite number: at least `least`, less than `below`, greater than `above`.

    >>> number(0, below=1).wanted, number(0, below=1).accepts(1)
    ('a finite number of at least 0 and less than 1', False)
    """
    limits = [f"of at least {least}"] * (least is not None) + [f"greater than {above}"] * (above is not None)
    limits += [f"less than {below}"] * (below is not None)

    def accepts(value):
        return (is_number(value) and (least is None or value >= least) and (below is None or value < below)
                and (above is None or value > above))

    return Check(" ".join(["a finite number", " and ".join(limits)]).strip(), accepts, clean)


def integer(least: int, most: int | None = 2**63 - 1) -> Check:
    """Return a check for an integer from `least` to `most`.

    >>> integer(1).accepts(10**25), integer(0, most=None).accepts(10**25), integer(1).accepts(True)
    (False, True, False)
    """

    def accepts(value):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        return whole and least <= value and (most is None or value <= most)

    limit = "" if most is None else " that fits into 64 bits" if most == 2**63 - 1 else f" and at most {most}"
    return Check(f"an integer of at least {least}{limit}", accepts, int)


def _is_pattern(value) -> bool:
    several = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return all(isinstance(one, str) for one in several)


ANYTHING = Check("anything", lambda value: True)
NONE = Check("None", lambda value: value is None)
FLAG = Check("True or False", lambda value: isinstance(value, bool | np.bool_), bool)
NAME = Check("a name", lambda value: isinstance(value, str) and bool(value))
PATH = Check("the path of a file", lambda value: isinstance(value, str | os.PathLike) and bool(os.fspath(value)))
PATTERNS = Check("a pattern of parameters such as 'hid1.*', or a list of patterns", _is_pattern,
                 lambda value: (value,) if isinstance(value, str) else tuple(value))
SEVERAL = Check("one or a list of them", lambda value: True,
                lambda value: tuple(value) if isinstance(value, list | tuple) else (value,))


@dataclasses.dataclass(frozen=True)
class Option:
    """One option: its meaning, its check and its names elsewhere.

    Parameters
    ----------
    kind : str
        Its type, for the docs: "int or None".
    text : str
        What it means.
    check : Check
    also : dict
        What other libraries call it -> what to write here, for errors.
    shown : str or None
        The default, in words, where the value does not say it.
    goes_with : str or None
        'steps' or 'full batch', where it goes with one kind of method alone.
    off : object
        The value besides None, 0 and False that asks for nothing.
    resumed : 'as asked', 'as before' or 'the same'
        What a resumed training does with it: it counts as asked now, whatever it was; it stays as it was unless it is
        given; or it stays as it was, and another value is refused.
    """

    kind: str
    text: str
    check: Check = ANYTHING
    also: dict = dataclasses.field(default_factory=dict, hash=False)
    shown: str | None = None
    goes_with: str | None = None
    off: object = None
    resumed: str = "as asked"

    def default_text(self, default) -> str:
        """Return the default as the docs show it."""
        return self.shown or ("none" if default is None or default == () else f"`{default!r}`")


def option(kind, text, check=ANYTHING, default=None, **details):
    """Return a dataclass field that declares an `Option`; see there."""
    return dataclasses.field(default=default, metadata={"option": Option(kind, text, check, **details)})


def declared(cls) -> dict[str, Option]:
    """Return the options that the fields of a dataclass declare, by name."""
    return {f.name: f.metadata["option"] for f in dataclasses.fields(cls) if "option" in f.metadata}


def defaults(cls) -> dict:
    """Return the defaults of the options that the fields of a dataclass declare, by name."""
    return {f.name: f.default for f in dataclasses.fields(cls) if "option" in f.metadata}


def parameter_list(options: dict[str, Option], values: dict, indent: int) -> str:
    """Return the options as the parameters of a NumPy docstring, without the first line's margin."""
    margin, lines = " " * indent, []
    for name, one in options.items():
        default = one.default_text(values.get(name)).replace("`", "")
        lines.append(f"{margin}{name} : {one.kind}, default {default}")
        lines += textwrap.wrap(one.text, WIDTH, initial_indent=f"{margin}    ", subsequent_indent=f"{margin}    ",
                               break_on_hyphens=False, break_long_words=False)
    return "\n".join(lines).lstrip()


def table(options: dict[str, Option], values: dict) -> str:
    """Return the options as a table in Markdown."""
    rows = [f"| `{name}` | {one.default_text(values.get(name))} | {_cell(one.text)} |" for name, one in options.items()]
    return "\n".join(["| option | default | |", "|---|---|---|", *rows]) + "\n"


def _cell(text):
    return text.replace("``", "`").replace("|", "\\|")
