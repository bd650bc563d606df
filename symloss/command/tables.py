"""Tables in text files: columns by name, each of numbers or of words."""

import csv
import dataclasses
import pathlib

import numpy as np

from ..errors import DataError, unknown

MISSING = ("", "na", "nan", "n/a", "null", "none", "?")
CATEGORIES = 50  # different words in a column, at most
SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
    values : array
        float64, with NaN for what is missing; or strings, with '' for it.
    """

    name: str
    values: np.ndarray

    @property
    def of_words(self) -> bool:
        """Whether not all of its values are numbers."""
        return self.values.dtype.kind != "f"

    @property
    def missing(self) -> np.ndarray:
        """Which rows have no value."""
        return self.values == "" if self.of_words else np.isnan(self.values)


def read(path) -> dict[str, Column]:
    """Return the columns of a CSV file by name; commas, semicolons and tabs separate values.

    Raises
    ------
    DataError
        If the file cannot be read, has no rows or no header, or a row of another length.
    """
    path = pathlib.Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"train: {path} cannot be read ({error.strerror}); pass the path of a table: data.csv") \
            from None
    except UnicodeDecodeError:
        raise DataError(f"train: {path} is not a text file in UTF-8; save the table as CSV in UTF-8") from None
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    lines = [line for line in csv.reader(text.splitlines(), delimiter=separator) if line]
    if len(lines) < 2:
        raise DataError(f"train: {path} has {len(lines)} lines. The first line must contain the names of the "
                        f"columns, and each other line a row of values")
    names, *body = lines
    names = [name.strip() for name in names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"train: {path}: several columns are called {doubled[0]!r}; give each its own name")
    if all(_number(name) is not None for name in names):
        raise DataError(f"train: the first line of {path} has only numbers; write the names of the columns there")
    for number, line in enumerate(body, start=2):
        if len(line) != len(names):
            raise DataError(f"train: {path}, row {number} has {len(line)} values, but there are {len(names)} columns")
    return {name: _column(name, [line[i].strip() for line in body]) for i, name in enumerate(names)}


def _number(text: str):
    try:
        return float(text)
    except ValueError:
        return None


def _column(name, texts) -> Column:
    missing = [text.lower() in MISSING for text in texts]
    numbers = [np.nan if gone else _number(text) for text, gone in zip(texts, missing, strict=True)]
    if None in numbers or all(missing):
        return Column(name, np.array(["" if gone else text for text, gone in zip(texts, missing, strict=True)], "O"))
    return Column(name, np.array(numbers))


def chosen(table, names, what: str) -> list[Column]:
    """Return columns by name; UnknownNameError with the nearest names for one that is not there."""
    for name in names:
        if name not in table:
            raise unknown(f"column in {what}:", name, table)
    return [table[name] for name in names]


def as_inputs(columns) -> tuple[np.ndarray, list[str]]:
    """Return the numbers of columns as one array, and a name for each of its own columns.

    A column of words becomes one column for each word, which is 1 where the word occurs and 0 elsewhere.

    Raises
    ------
    DataError
        For a column with too many different words.
    """
    found, names = [], []
    for column in columns:
        if not column.of_words:
            found.append(column.values[:, None])
            names.append(column.name)
            continue
        words = sorted(set(column.values) - {""})
        if len(words) > CATEGORIES:
            some = ", ".join(map(repr, words[:SHOWN]))
            raise DataError(f"train: the column {column.name!r} has {len(words)} different words ({some}, ...), which "
                            f"are too many for an input; write ignore = [{column.name!r}]")
        found.append((column.values[:, None] == np.array(words, "O")).astype(float))
        names += [f"{column.name}={word}" for word in words]
    return np.concatenate(found, axis=1), names
