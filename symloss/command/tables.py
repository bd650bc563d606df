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
        """Whether some of its values are not numbers."""
        return self.values.dtype.kind != "f"

    @property
    def missing(self) -> np.ndarray:
        """Which rows have no value."""
        return self.values == "" if self.of_words else np.isnan(self.values)


def read(path, who: str = "train") -> dict[str, Column]:
    """Return the columns of a CSV file by name; commas, semicolons and tabs separate values.

    Parameters
    ----------
    path : path
    who : str
        The command that reads the table, for errors.

    Raises
    ------
    DataError
        See `read_texts`.
    """
    return {name: _column(name, texts, who) for name, texts in read_texts(path, who).items()}


def read_texts(path, who: str = "train") -> dict[str, list[str]]:
    """Return the columns of a CSV file by name, as the texts that the file contains.

    Raises
    ------
    DataError
        If the file cannot be read, has no rows or no header, or a row of another length.
    """
    path = pathlib.Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{who}: {path} cannot be read ({error.strerror}). Pass the path of a table, such as "
                        "data.csv") \
            from None
    except UnicodeDecodeError:
        raise DataError(f"{who}: {path} is not a text file in UTF-8. Save the table as CSV in UTF-8") from None
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    lines = [line for line in csv.reader(text.splitlines(), delimiter=separator) if line]
    if len(lines) < 2:
        raise DataError(f"{who}: {path} has {len(lines)} lines. The first line must contain the names of the "
                        f"columns, and each other line a row of values")
    names, *body = lines
    names = [name.strip() for name in names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"{who}: {path}: several columns are named {doubled[0]!r}. Give each its own name")
    if all(as_number(name) is not None for name in names):
        raise DataError(f"{who}: the first line of {path} has only numbers. Write the names of the columns there")
    for number, line in enumerate(body, start=2):
        if len(line) != len(names):
            raise DataError(f"{who}: {path}, row {number} has {len(line)} values, but there are {len(names)} columns")
    return {name: [line[i].strip() for line in body] for i, name in enumerate(names)}


def is_missing(text: str) -> bool:
    """Return whether a text of a table stands for a missing value."""
    return text.lower() in MISSING


def as_number(text: str) -> float | None:
    """Return the number that a text of a table stands for; None if it stands for none."""
    try:
        return float(text)
    except ValueError:
        return None


def _column(name, texts, who) -> Column:
    missing = [is_missing(text) for text in texts]
    numbers = [np.nan if gone else as_number(text) for text, gone in zip(texts, missing, strict=True)]
    if None in numbers and all(gone or as_number(text.replace(",", ".", 1)) is not None
                               for text, gone in zip(texts, missing, strict=True)):
        text = next(text for text in texts if "," in text)
        raise DataError(f"{who}: the column {name!r} has numbers with a comma, such as {text!r}. Write them with a "
                        f"point before the decimals, and without a sign between thousands")
    if None in numbers or all(missing):
        return Column(name, np.array(["" if gone else text for text, gone in zip(texts, missing, strict=True)], "O"))
    return Column(name, np.array(numbers))


def chosen(table, names, what: str) -> list[Column]:
    """Return columns by name; UnknownNameError with the nearest names for one that is not there."""
    for name in names:
        if name not in table:
            raise unknown(f"column in {what}:", name, table)
    return [table[name] for name in names]


def words_of(columns) -> dict[str, list[str] | None]:
    """Return the distinct words of each column by its name, in alphabetical order; None for a column of numbers.

    Raises
    ------
    DataError
        For a column with too many different words.
    """
    found = {}
    for column in columns:
        words = sorted(set(column.values) - {""}) if column.of_words else None
        if words is not None and len(words) > CATEGORIES:
            some = ", ".join(map(repr, words[:SHOWN]))
            raise DataError(f"train: the column {column.name!r} has {len(words)} different words ({some}, ...), which "
                            f"are too many for an input. Write ignore = [{column.name!r}]")
        found[column.name] = words
    return found


def as_inputs(columns, words) -> np.ndarray:
    """Return the numbers of columns as one array (n, d).

    A column of words becomes one column for each word, which is 1 where the word occurs and 0 elsewhere.

    Parameters
    ----------
    columns : list of Column
    words : dict
        As `words_of` returns them.
    """
    return np.concatenate([column.values[:, None] if words[column.name] is None else
                           (column.values[:, None] == np.array(words[column.name], "O")).astype(float)
                           for column in columns], axis=1)


def input_names(words) -> list[str]:
    """Return a name for each column of the array that `as_inputs` returns."""
    return [one for name, kinds in words.items()
            for one in ([name] if kinds is None else [f"{name}={word}" for word in kinds])]
