"""The records of a training: a list of plain dicts that can be drawn."""

from .. import plotting


class History(list):
    """A list of records, one dict an epoch.

    A record has 'epoch' (from 1), 'updates', 'seconds', 'loss' (the total), every term by its name (raw, before its
    weight), 'weighted' (a dict of what was added up to the total), metrics by name, and with validation the same
    figures under 'valid_...'; 'best' says whether this epoch's validation is the best so far.
    """

    def column(self, name: str) -> list:
        """Return one figure of every record, None where it is missing."""
        return [record.get(name) for record in self]

    def plot(self, path=None):
        """Draw the loss of training and validation by epoch; see `plotting.history`."""
        return plotting.history(self, path)
