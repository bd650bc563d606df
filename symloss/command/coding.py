"""How a model that `symloss train` made reads tables: the columns, their words, and what it predicts.

The model keeps this as plain data in ``net.notes["table"]``, so that `symloss predict` reads a new table as the table
of the training was read.
"""

import dataclasses
import pathlib

import numpy as np

from .. import _files
from ..errors import DataError, unknown
from ..models import saving
from . import tables

NOTE = "table"  # the name in net.notes
SHOWN = 5  # words or columns in an error, at most


@dataclasses.dataclass
class Coding:
    """What a model must know about a table.

    Parameters
    ----------
    words : dict
        For each column of inputs, in the order of the training, the words that occurred; None for a column of numbers.
    targets : list of str
        The columns that the model predicts.
    outputs : list of str
        A name for each number that a model of numbers predicts.
    missing : str
        'refuse' or 'drop': what the training did with rows with missing inputs.
    usual : list or str or int
        The constant prediction that scores are compared with: the mean of each target, or the most frequent class.
    scaled : bool
        Whether targets were scaled during training, so that the model's loss does not measure the table's own units.
    """

    words: dict
    targets: list
    outputs: list
    missing: str
    usual: object
    scaled: bool

    @property
    def names(self) -> list[str]:
        """A name for each input of the model."""
        return tables.input_names(self.words)


def store(net, coding: Coding) -> None:
    """Keep a coding in the notes of a model."""
    net.notes[NOTE] = dataclasses.asdict(coding)


def load(path):
    """Return the model in a file, and its `Coding`.

    Raises
    ------
    DataError
        If the file is not a model, or if `symloss train` did not make it.
    """
    content = _files.read(path, "predict")
    if pathlib.Path(path).suffix.lower() in (".csv", ".tsv", ".txt", ".toml"):
        raise DataError(f"predict: {path} is not a model. Write symloss predict MODEL.safetensors TABLE.csv")
    net = saving.from_bytes(content, where=f"predict: {path}")
    note = net.notes.get(NOTE)
    fields = {field.name for field in dataclasses.fields(Coding)}
    if not isinstance(note, dict) or set(note) != fields:
        raise DataError(f"predict: {path} contains a {type(net).__name__}, but no description of a table, because it "
                        f"was not made by symloss train, or by an older version of it. Train it again with symloss "
                        f"train, or use Python: symloss.load({str(path)!r}).predict(x)")
    return net, Coding(**note)


def inputs(coding: Coding, table: dict[str, list[str]], path) -> np.ndarray:
    """Return the inputs of a model as an array (n, d), with NaN for missing values.

    Parameters
    ----------
    coding : Coding
    table : dict
        The texts of each column by name, see `tables.read_texts`.
    path : path
        The file, for errors.

    Raises
    ------
    DataError
        If columns are missing, for a text in a column of numbers, or for a word that the training did not have.
    """
    absent = [name for name in coding.words if name not in table]
    if absent:
        listed = ", ".join(map(repr, absent[:SHOWN])) + (", ..." if len(absent) > SHOWN else "")
        near = str(unknown("column", absent[0], table)).partition("; ")[2]
        raise DataError(f"predict: {path} has no column {listed}, but the model was trained with "
                        f"{'it' if len(absent) == 1 else 'them'}. Add it, or correct the first line of the table; for "
                        f"{absent[0]!r}: {near or f'the table has {_listed(table)}'}")
    return np.concatenate([_coded(name, table[name], words, path) for name, words in coding.words.items()], axis=1)


def _listed(names) -> str:
    return ", ".join(list(names)[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _coded(name, texts, words, path) -> np.ndarray:
    """Return a column of texts as the columns of the model's inputs."""
    if words is None:
        return numbers(name, texts, path)[:, None]
    position = {word: i for i, word in enumerate(words)}
    found = np.zeros((len(texts), len(words)))
    for row, text in enumerate(texts):
        if tables.is_missing(text):
            found[row] = np.nan
        elif text in position:
            found[row, position[text]] = 1
        else:
            raise DataError(f"predict: {path}, row {row + 2}: "
                            f"{unknown(f'word in the column {name!r}:', text, words)}. The model only knows the words "
                            "of its training. Correct the word, leave it empty if it is missing, or train again with "
                            "rows that have it")
    return found


def numbers(name, texts, path) -> np.ndarray:
    """Return a column of texts as numbers, with NaN for missing values; DataError for anything else."""
    found = np.empty(len(texts))
    for row, text in enumerate(texts):
        number = np.nan if tables.is_missing(text) else tables.as_number(text)
        if number is None or np.isinf(number):
            comma = tables.as_number(text.replace(",", ".", 1)) is not None
            way = ("write a point before the decimals" if comma and number is None else
                   "correct it, or leave it empty if it is missing")
            raise DataError(f"predict: {path}, row {row + 2}: the column {name!r} has {text!r}, but it must contain "
                            f"finite numbers, as in training; {way}")
        found[row] = number
    return found


def labels(name, texts, classes, path) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes in a column of texts, as the model calls them, and which rows have one."""
    known = {str(one): one for one in classes}
    found, there = [], np.array([not tables.is_missing(text) for text in texts])
    for row, text in enumerate(texts):
        number = None if isinstance(classes[0], str) else tables.as_number(text)
        text = str(int(number)) if number is not None and np.isfinite(number) and number == int(number) else text
        if there[row] and text not in known:
            raise DataError(f"predict: {path}, row {row + 2}: {unknown(f'class in {name!r}:', text, known)}. Scores "
                            f"need classes that the model knows; correct it, or leave out --score")
        found.append(known.get(text, classes[0]))
    return np.array(found), there
