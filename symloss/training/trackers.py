"""Callbacks for programs that show and compare runs: TensorBoard and MLflow."""

import re
import sys

from .. import _files
from .._checks import is_number
from .._options import FLAG, NAME, NONE, integer
from .._packages import needed
from .._repr import Called
from ..errors import DataError
from .event_files import EventFile
from .results import learning_rates

VALID = "valid_"
SKIPPED = ("epoch", "partial", "best", "stopped", "batch")


def tracked(record: dict, training=None) -> dict[str, float]:
    """Return the numbers of a record by tag, grouped: 'loss/train', 'loss/valid', 'weight/mse', 'learning_rate'.

    >>> tracked({"epoch": 3, "loss": 0.5, "valid_loss": 0.6, "weights": {"mse": 2.0}, "seconds": 0.1})
    {'loss/train': 0.5, 'loss/valid': 0.6, 'run/seconds': 0.1, 'weight/mse': 2.0}
    """
    found = {}
    for name, value in record.items():
        if name in SKIPPED or not isinstance(value, float | int) and not is_number(value) or isinstance(value, bool):
            continue
        if name.startswith(VALID):
            found[f"{name.removeprefix(VALID)}/valid"] = float(value)
        else:
            group = name in ("updates", "seconds", "samples")
            found[f"run/{name}" if group else f"{name}/train"] = float(value)
    found |= {f"weight/{name}": float(weight) for name, weight in record.get("weights", {}).items()}
    rates = None if training is None else learning_rates(training)
    return found | _named("learning_rate", rates)


def _named(name, value) -> dict[str, float]:
    """Return numbers in nested dicts by their path."""
    if isinstance(value, dict):
        return {path: one for key, inner in value.items() for path, one in _named(f"{name}/{key}", inner).items()}
    return {} if value is None else {name: float(value)}


class TensorBoard(Called):
    """Write the numbers of every record to an event file, which TensorBoard shows while the training runs.

    Losses and metrics are called 'loss/train' and 'loss/valid', so that both share a group. Weights of losses are
    called 'weight/mse', and 'learning_rate' is the learning rate of the last step. You need not install anything to
    write the file. To look at it, run ``pip install 'symloss[tensorboard]'`` and ``tensorboard --logdir FOLDER``.

    Parameters
    ----------
    folder : path
        Folder of this run. Give each run a folder of its own, such as ``"runs/wide"``. A resumed training continues in
        the same folder.
    histograms : int or None
        Number of epochs between histograms of all parameters. None: do not write histograms.

    Raises
    ------
    DataError
        When a training begins, if the folder is not writable.
    """

    def __init__(self, folder, histograms=None):
        self.folder, self.histograms = _files.as_path(folder, "TensorBoard"), histograms
        (integer(1) | NONE)("histograms", histograms, "TensorBoard")

    def start(self, training):
        self._training = training
        try:
            self._file = EventFile(self.folder)
            self._file.begin(training.epoch)
        except OSError as error:
            raise DataError(f"TensorBoard: the folder {self.folder} is not writable ({error.strerror}). Choose "
                            "another folder") from error

    def epoch(self, record):
        with _files.explained("TensorBoard", self.folder):
            self._file.scalars(record["epoch"], tracked(record, self._training))
            if self.histograms is not None and record["epoch"] % self.histograms == 0:
                parameters = self._training.objective.parameters
                self._file.histograms(record["epoch"], {f"parameters/{name}": p.get_value(borrow=True)
                                                        for name, p in parameters.items()})


class MLflow(Called):
    """Log the numbers of every record to MLflow, with the options of the training as parameters.

    The callback writes to the active run. If there is none, it begins a run and ends it together with the training: as
    finished, as failed after an error, or as killed after Ctrl-C. Choose where runs are stored with
    ``mlflow.set_tracking_uri``.

    Parameters
    ----------
    run_name : str or None
        Name of the run, if the callback begins one.
    experiment : str or None
        Name of the experiment of that run. It is created if it does not exist. None: the current experiment of MLflow.
    options : bool
        Whether to log the options of the training as parameters. If the run already has such parameters, the first
        values are kept.

    Raises
    ------
    ImportError
        If MLflow is not installed: ``pip install 'symloss[mlflow]'``.
    """

    def __init__(self, run_name=None, experiment=None, options=True):
        for name, value in (("run_name", run_name), ("experiment", experiment)):
            (NAME | NONE)(name, value, "MLflow")
        self.run_name, self.experiment = run_name, experiment
        self.options = FLAG("options", options, "MLflow")
        self._mlflow = needed("mlflow", "training.MLflow", "mlflow")

    def start(self, training):
        self._training, self._own = training, self._mlflow.active_run() is None
        if self._own:
            self._mlflow.start_run(run_name=self.run_name, experiment_id=self._experiment_id())
        self._run, self._before = self._mlflow.active_run().info.run_id, sys.exception()
        if self.options:
            there = self._mlflow.get_run(self._run).data.params  # which MLflow lets nobody change
            given = {_allowed(name): str(value)[:500] for name, value in _flat(training.asked).items()}
            self._mlflow.log_params({name: value for name, value in given.items() if name not in there})

    def epoch(self, record):
        numbers = {_allowed(name): value for name, value in tracked(record, self._training).items()}
        self._mlflow.log_metrics(numbers, step=record["epoch"], run_id=self._run)

    def end(self, record):
        if self._own:
            self._mlflow.end_run(self._status())

    def _experiment_id(self) -> str | None:
        if self.experiment is None:
            return None
        found = self._mlflow.get_experiment_by_name(self.experiment)
        return self._mlflow.create_experiment(self.experiment) if found is None else found.experiment_id

    def _status(self) -> str:
        error = sys.exception()  # the one that ends the training, unless it was there when it began
        error = None if error is self._before or isinstance(error, GeneratorExit) else error
        if isinstance(error, KeyboardInterrupt) or getattr(self._training.reason, "code", None) == "interrupted":
            return "KILLED"
        return "FINISHED" if error is None else "FAILED"


def _flat(asked, prefix="") -> dict:
    """Return plain data as one dict, with paths as names."""
    found = {}
    for name, value in asked.items():
        inner = _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
        found |= inner
    return found


def _allowed(name: str) -> str:
    """Return a name without what MLflow takes in none: letters, digits, and _ - . / : and spaces are left.

    >>> _allowed("mse(out)/train")
    'mse.out./train'
    """
    return re.sub(r"[^\w\-./: ]", ".", name)
