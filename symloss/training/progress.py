"""Progress of a training: a bar and lines on a terminal, lines elsewhere, a table in a notebook.

Sinks, and nothing that trains.
"""

import html
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..objective.records import line
from . import table

ROWS = 1000  # of a notebook's table, which is sent whole each time
LEAST_PAUSE, PAUSES = 0.2, 20  # between two times: seconds, and how often as long as the last one took


class Reporter:
    """Show records as they arrive. Subclasses define where they are shown.

    Parameters
    ----------
    epochs : int
    """

    def __init__(self, epochs: int):
        self.epochs, self.epoch = epochs, 1
        self._since = None
        self._before = self._last = self._first = 0  # items, of a stream in epochs before and in this one

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def say(self, text: str) -> None:
        """Show a line."""
        raise NotImplementedError

    def compiling(self, backend: str) -> None:
        """Show that the first step waits for the compiler."""
        self.say(f"compiling with {backend} before the first step; later trainings reuse it and start in less time")

    def watch(self, record: dict, count: int | None) -> None:
        """Move within an epoch: `record` has the values so far, `count` is the number of items, if known."""

    def show(self, record: dict) -> None:
        """Show the record of an epoch."""
        self.epoch = record["epoch"] + 1
        self._row(record)
        if record.get("stopped"):
            where = f"{'in the middle of' if record['partial'] else 'after'} epoch {record['epoch']}"
            self.say(f"ended {where}: {record['stopped']}; the model keeps what it has learned")

    def _row(self, record: dict) -> None:
        raise NotImplementedError

    def _course(self, record, count) -> tuple[float, float | None, str]:
        """Return the items seen so far, those of the whole training, if known, and the pace as text."""
        done, self.epoch = record["samples"], record["epoch"]
        if self._since is None:
            self._since, self._first = time.perf_counter(), (self.epoch - 1) * (count or 0)
        if count is None:
            self._before, self._last = self._before + (self._last if done < self._last else 0), done
        seen = self._before + done if count is None else (self.epoch - 1) * count + done
        pace = (seen - self._first) / max(time.perf_counter() - self._since, 1e-9)
        return seen, None if count is None else self.epochs * count, f"{pace:,.0f} samples/s"


class Lines(Reporter):
    """One line per epoch, and on a terminal a bar below the lines.

    Parameters
    ----------
    epochs : int
    console : rich Console
    """

    def __init__(self, epochs: int, console: Console):
        super().__init__(epochs)
        self.console, self.task = console, None
        columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.percentage:>3.0f}%"),
                   TimeRemainingColumn(), TextColumn("{task.fields[terms]}"), TextColumn("{task.fields[pace]}"))
        self.bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None

    def __enter__(self):
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *exception):
        if self.bar:
            self.bar.stop()

    def say(self, text):
        self.console.print(text, markup=False, soft_wrap=True)

    def watch(self, record, count):
        if not self.bar:
            return
        seen, whole, pace = self._course(record, count)
        if self.task is None:
            self.task = self.bar.add_task("", total=whole, terms="", pace="")
        self.bar.update(self.task, completed=seen, description=f"epoch {self.epoch}/{self.epochs}", terms=line(record),
                        pace=pace)

    def _row(self, record):
        text = f"epoch {record['epoch']}/{self.epochs}  {line(record)}"
        if "valid_loss" in record:
            text += f"  | valid {line(record, 'valid_')}" + (" *" if record.get("best") else "")
        pace = record["samples"] / max(record["seconds"], 1e-9)
        self.say(f"{text}  {record['seconds']:.2f} s, {pace:,.0f} samples/s")


class Notebook(Reporter):
    """Progress in a notebook: one output of the cell that updates itself, with messages, a table of epochs, and a bar.

    No widgets are needed. Fast epochs share an update; the last update shows everything.
    """

    def __init__(self, epochs: int):
        super().__init__(epochs)
        self.records: list[dict] = []
        self.said: list[str] = []
        self.state, self.share = "", None
        self._output = None
        self._next = 0.0  # moment before which nothing is sent

    def __exit__(self, *exception):
        self.state, self.share = "", None
        self._send()

    def say(self, text):
        self.said.append(text)
        self._send()

    def watch(self, record, count):
        seen, whole, pace = self._course(record, count)
        self.state = f"epoch {self.epoch}/{self.epochs}  {line(record)}  {pace}"
        self.share = seen / whole if whole else None
        self._send_in_time()

    def _row(self, record):
        self.records.append(record)
        self._send_in_time()

    def _send_in_time(self):
        if time.perf_counter() >= self._next:
            self._send()

    def _send(self):
        from IPython.display import display

        start = time.perf_counter()
        if self._output is None:
            self._output = display(self, display_id=True)
        else:
            self._output.update(self)
        end = time.perf_counter()
        self._next = end + max(LEAST_PAUSE, PAUSES * (end - start))

    def _lines(self) -> list[str]:
        left = len(self.records) - ROWS
        return self.said + ([f"net.history has the first {left} epochs"] if left > 0 else [])

    def __repr__(self):
        shown = [table.as_text(self.records[-ROWS:])] if self.records else []
        return "\n".join([*self._lines(), *shown, *([self.state] if self.state else [])])

    def _repr_html_(self):
        parts = [f"<div>{html.escape(text)}</div>" for text in self._lines()]
        if self.records:
            parts.append(table.as_html(self.records[-ROWS:]))
        if self.state:
            bar = "" if self.share is None else f'<progress value="{self.share:.3f}"></progress> '
            parts.append(f"<div>{bar}{html.escape(self.state)}</div>")
        return "".join(parts)


def reporter(verbose, epochs: int) -> Reporter | None:
    """Return the progress display, or None for ``verbose=0``. `verbose` may be a file or a rich Console to write to."""
    if isinstance(verbose, Console):
        console = verbose
    elif hasattr(verbose, "write"):  # in a notebook too it gets the lines, and colors only if it is a terminal
        terminal = bool(getattr(verbose, "isatty", bool)())
        console = Console(file=verbose, highlight=False, width=200, force_terminal=terminal, force_jupyter=False)
    elif not verbose:
        return None
    else:
        console = Console(file=sys.stderr, highlight=False)
    return Notebook(epochs) if console.is_jupyter else Lines(epochs, console)
