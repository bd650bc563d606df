"""The reference table: every row of every family, collected from ``rows/*.py``."""

import importlib
import pathlib

from . import rows

FAMILIES = sorted(path.stem for path in pathlib.Path(rows.__file__).parent.glob("[!_]*.py"))

ROWS = [row for family in FAMILIES for row in importlib.import_module(f"{rows.__name__}.{family}").ROWS]


def names() -> set[str]:
    """Return the names of all losses that have a row."""
    return {row.name for row in ROWS}
