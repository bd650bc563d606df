"""The records of a training: a list of plain dicts that can be drawn."""

import html

from .. import plotting
from ..errors import unknown
from . import table


class History(list):
    """A list of records, one dict per epoch.

    A record contains 'epoch' (from 1), 'updates', 'seconds', 'loss' (the total), every term of the objective by its
    name (before its weight is applied), 'weights' (a dict with the weight of each term), 'weighted' (a dict with the
    weighted terms, which add up to the total), and metrics by name. With validation data, it contains the same values
    under names that begin with 'valid_'. 'best' says whether this epoch is the best so far.

    ``history["loss"]`` is a list of values, ``history[-1]`` a record, and ``history[:5]`` a shorter history.
    """

    def __getitem__(self, key):
        if isinstance(key, str):
            names = dict.fromkeys(name for record in self for name in record)
            if key not in names:
                raise unknown("column of the history", key, names or ["none, there are no records yet"])
            return self.column(key)
        found = super().__getitem__(key)
        return History(found) if isinstance(key, slice) else found

    def column(self, name: str) -> list:
        """Return one value from every record, None where it is missing."""
        return [record.get(name) for record in self]

    def plot(self, path=None, *, ax=None, names=None, theme=None):
        """Plot the learning curves: the total loss, its terms and each metric by epoch; see `plotting.history`."""
        return plotting.history(self, path, ax=ax, names=names, theme=theme)

    def __repr__(self):
        return "\n".join([self._heading(), *([table.as_text(self.milestones())] if self else [])])

    def _repr_html_(self) -> str:
        return f"<div>{html.escape(self._heading())}</div>" + (table.as_html(self.milestones()) if self else "")

    def _ipython_key_completions_(self) -> list[str]:
        return list(dict.fromkeys(name for record in self for name in record))

    def _heading(self) -> str:
        if not self:
            return "History: no epochs yet"
        seconds = sum(record.get("seconds", 0.0) for record in self)
        stopped = self[-1].get("stopped")
        return (f"History: {len(self)} epoch{'s' if len(self) > 1 else ''}, {seconds:.2f} s"
                + (f", stopped: {stopped}" if stopped else ""))

    def milestones(self) -> list[dict]:
        """Return the first, the best and the last record, each once."""
        best = max((i for i, record in enumerate(self) if record.get("best")), default=0)
        return [self[i] for i in sorted({0, best, len(self) - 1})]
