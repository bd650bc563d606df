"""Records in files that grow during the training, and that match its checkpoint if it is resumed after a crash."""

import csv
import io
import itertools
import json
import math

import numpy as np

from .. import _files
from .._repr import Called
from ..errors import DataError
from ..objective.records import flat


def _plain(value):
    """Return a value as JSON has it: NaN and infinity are null."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _epoch(record):
    """Return the epoch of a record, or None for a line that is not a complete record."""
    try:
        return int(record["epoch"])
    except (KeyError, TypeError, ValueError):
        return None


class _HistoryFile(Called):
    """The base of callbacks that write a line for each record. Subclasses define the line.

    When a training is resumed, lines of epochs that come again are taken out, and those that a kill has left unwritten
    are written. A file that does not belong to the training at hand is appended to.
    """

    def __init__(self, path):
        self.path = _files.as_path(path, type(self).__name__)

    def start(self, training):
        who = type(self).__name__
        _files.check_path(self.path, who)
        old = _files.read(self.path, who).decode("utf-8", "replace") if self.path.exists() else ""
        whole = self._parsed(old[: old.rfind("\n") + 1])  # a kill cuts the last line off
        if any(_epoch(record) is None for record in whole) or self._is_foreign():
            raise DataError(f"{who}: {self.path} contains something other than records of epochs. Choose another path")
        if training.resumed:
            whole = _agreeing(whole, training)
        text = self._text(whole)
        if text != old:
            _files.write(self.path, text.encode(), who)

    def _is_foreign(self) -> bool:
        """Return whether the parsed file is not a file of records."""
        return False

    def epoch(self, record):
        with _files.explained(type(self).__name__, self.path):
            self._append(record)

    def _parsed(self, text) -> list[dict]:
        """Return the records in a file."""
        raise NotImplementedError

    def _text(self, records) -> str:
        """Return the content of a file of records."""
        raise NotImplementedError

    def _append(self, record):
        """Write one more line."""
        raise NotImplementedError


def _agreeing(whole, training) -> list[dict]:
    """Return the records of a file as they are when a training goes on: with all of it that is done, and no more."""
    later = math.inf
    while whole and training.epoch <= _epoch(whole[-1]) < later:  # the epochs of an earlier training grow again
        later = _epoch(whole.pop())
    done = _epoch(whole[-1]) if whole and later > 1 else 0
    run = _last_run([record for record in training.history if "epoch" in record])
    return whole + [record for record in run if done < record["epoch"] < training.epoch]


def _last_run(records) -> list[dict]:
    """Return the records at the end of a history whose epochs only grow: those of one training."""
    run = list(itertools.takewhile(lambda pair: pair[0]["epoch"] < pair[1]["epoch"],
                                   zip(records[-2::-1], records[:0:-1], strict=True)))
    return records[len(records) - len(run) - 1 :] if records else []


class CSVHistory(_HistoryFile):
    """Write the numbers of every record to a CSV file, one line per epoch.

    A column that appears later, for example because not every epoch is validated, is added to the lines before.
    """

    def start(self, training):
        self._names: list[str] = []
        super().start(training)

    def _parsed(self, text):
        reader = csv.DictReader(io.StringIO(text))
        self._names = list(reader.fieldnames or [])
        return list(reader)

    def _is_foreign(self):
        return bool(self._names) and "epoch" not in self._names

    def _text(self, records):
        rows = [self._row(record) for record in records]
        self._names = list(dict.fromkeys([*self._names, *(name for row in rows for name in row)]))
        file = io.StringIO(newline="")
        if self._names:
            writer = csv.DictWriter(file, self._names, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return file.getvalue()

    def _row(self, record):
        return {name: value for name, value in flat(record).items() if name is not None}

    def _append(self, record):
        row = self._row(record)
        if set(row) <= set(self._names):
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self._names, restval="").writerow(row)
        else:
            text = self.path.read_bytes().decode() if self.path.exists() else ""
            _files.write(self.path, self._text([*self._parsed(text), record]).encode(), "CSVHistory")


class JSONHistory(_HistoryFile):
    """Write every record to a file, one line of JSON per epoch. Numbers that are not finite become null."""

    def _parsed(self, text):
        return [_read_line(line) for line in text.splitlines() if line.strip()]

    def _text(self, records):
        return "".join(self._line(record) for record in records)

    @staticmethod
    def _line(record):
        return json.dumps(_plain(record), allow_nan=False) + "\n"

    def _append(self, record):
        with self.path.open("a", encoding="utf-8") as file:
            file.write(self._line(record))


def _read_line(line):
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
