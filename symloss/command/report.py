"""`symloss report`: a report on a loss, as text and as a page."""

import pathlib

from rich.console import Console

from ..errors import SpecError
from ..reports import report
from .console import say


def run(console: Console, loss: str, options=(), html=None, speed: bool = True, mode=None) -> int:
    """Print the report of a loss, and write it as HTML if a path is given.

    Parameters
    ----------
    console : rich Console
    loss : str
        A name or a formula.
    options : sequence of str
        Hyperparameters, each as 'delta=0.5'.
    html : path or None
    speed : bool
        Whether to measure its time.
    mode : str or None
        The backend that compiles it for this measurement.
    """
    if html is not None and not pathlib.Path(html).parent.is_dir():
        raise SpecError(f"report: the folder of --html {html} does not exist. Make it first")
    found = report(loss, speed=speed, mode=mode, **dict(_option(text) for text in options))
    console.print(str(found), markup=False, highlight=False, soft_wrap=True)
    if html is not None:
        path = pathlib.Path(html)
        found.html(path)
        say(console, f"\npage: {path}")
    return 0


def _option(text: str):
    name, sign, value = text.partition("=")
    words = {"true": True, "false": False, "none": None}
    try:
        if not sign or not name.isidentifier():
            raise ValueError
        return name, words[value.lower()] if value.lower() in words else float(value)
    except ValueError:
        raise SpecError(f"report: {text!r} is not an option. Write a name and a number, such as delta=0.5") from None
