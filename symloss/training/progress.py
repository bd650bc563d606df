"""Progress of a training on a terminal, or one line an epoch elsewhere. A sink, and nothing that trains."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


def line(record: dict, prefix: str = "") -> str:
    """Return the figures of a record: the total, and the weighted terms that add up to it.

    >>> line({"loss": 3.0, "weighted": {"mae": 1.0, "mse": 2.0}, "mae": 1.0, "mse": 1.0, "epoch": 1})
    'loss 3 = mae 1 + mse 2'
    """
    weighted = record.get(f"{prefix}weighted", {})
    text = f"loss {record[f'{prefix}loss']:.4g}"
    if len(weighted) > 1:
        text += " = " + " + ".join(f"{name} {value:.4g}" for name, value in weighted.items())
    skipped = {"loss", "epoch", "updates", "seconds", "samples", "best", "partial", "stopped", "batch", *weighted}
    extra = [k for k in record if k.startswith(prefix) and k.removeprefix(prefix) not in skipped]
    for key in extra:
        value = record[key]
        if isinstance(value, float) and (prefix or not key.startswith("valid_")):
            text += f"  {key.removeprefix(prefix)} {value:.4g}"
    return text


class Reporter:
    """Shows records as they come.

    Parameters
    ----------
    epochs : int
    console : rich Console or None
        Where to; standard error, unless given. A bar is drawn on terminals and in notebooks alone.
    """

    def __init__(self, epochs: int, console: Console | None = None):
        self.console = console or Console(stderr=True, highlight=False)
        self.epochs, self.epoch = epochs, 1
        live = self.console.is_terminal or self.console.is_jupyter
        columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.percentage:>3.0f}%"),
                   TimeRemainingColumn(), TextColumn("{task.fields[terms]}"), TextColumn("{task.fields[pace]}"))
        self.bar = Progress(*columns, console=self.console, transient=True) if live else None
        self.task = None
        self._since = None
        self._before = self._last = 0  # items of a stream, in epochs before and in this one

    def __enter__(self):
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *exception):
        if self.bar:
            self.bar.stop()

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, markup=False, soft_wrap=True)

    def watch(self, record: dict, count: int | None) -> None:
        """Move the bar within an epoch: `record` has the figures so far, `count` is the number of items, if known."""
        if not self.bar:
            return
        done, self.epoch = record["samples"], record["epoch"]
        if self.task is None:
            self.task = self.bar.add_task("", total=None if count is None else self.epochs * count, terms="", pace="")
            self._since, self._first = time.perf_counter(), (self.epoch - 1) * (count or 0)
        if count is None:
            self._before, self._last = self._before + (self._last if done < self._last else 0), done
        seen = self._before + done if count is None else (self.epoch - 1) * count + done
        pace = (seen - self._first) / max(time.perf_counter() - self._since, 1e-9)
        self.bar.update(self.task, completed=seen, description=f"epoch {self.epoch}/{self.epochs}", terms=line(record),
                        pace=f"{pace:,.0f} samples/s")

    def show(self, record: dict) -> None:
        """Print a record as one line."""
        self.epoch = record["epoch"] + 1
        text = f"epoch {record['epoch']}/{self.epochs}  {line(record)}"
        if "valid_loss" in record:
            text += f"  | valid {line(record, 'valid_')}" + (" *" if record.get("best") else "")
        pace = record["samples"] / max(record["seconds"], 1e-9)
        self.say(f"{text}  {record['seconds']:.2f} s, {pace:,.0f} samples/s")
        if record.get("stopped"):
            where = f"{'in the middle of' if record['partial'] else 'after'} epoch {record['epoch']}"
            self.say(f"ended {where}: {record['stopped']}; what was learnt is kept")


def reporter(verbose, epochs: int):
    """Return a Reporter, or None for ``verbose=0``. A file or a rich Console as `verbose` is the sink."""
    if not verbose:
        return None
    if isinstance(verbose, Console):
        return Reporter(epochs, verbose)
    if hasattr(verbose, "write"):
        return Reporter(epochs, Console(file=verbose, highlight=False, width=200))
    return Reporter(epochs, Console(file=sys.stderr, highlight=False))
