"""Text for a terminal or a pipe: wrapped to the width, with words and paths left whole."""

import textwrap

from rich.console import Console

GREATEST_WIDTH = 100


def say(console: Console, text: str) -> None:
    """Print `text`; a line that goes on is indented by two more than it begins with.

    >>> say(Console(width=40), "one two three four five six seven eight nine ten")
    one two three four five six seven eight
      nine ten
    """
    for line in text.split("\n"):
        margin = " " * (len(line) - len(line.lstrip()))
        _print(console, _wrapped(console, line.strip(), len(margin), further="  "), margin, margin)


def rows(console: Console, table: dict[str, str], title: str | None = None) -> None:
    """Print names and texts in two columns, under a title if there is one.

    >>> rows(Console(width=40), {"compiler": "g++", "flags": "none"}, "machine")
    machine
      compiler  g++
      flags     none
    """
    if title is not None:
        console.print(title, markup=False, highlight=False)
    margin = "  " if title is not None else ""
    width = len(margin) + max(map(len, table)) + 2
    for name, text in table.items():
        _print(console, _wrapped(console, text, width), f"{margin}{name}".ljust(width), " " * width)


def _wrapped(console, text, margin, further="") -> list[str]:
    width = max(min(console.width, GREATEST_WIDTH) - margin, 20)
    return textwrap.wrap(text, width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False) or [""]


def _print(console, lines, first, further):
    text = "\n".join(f"{first if index == 0 else further}{line}" for index, line in enumerate(lines))
    console.print(text.rstrip(), markup=False, highlight=False, soft_wrap=True)
