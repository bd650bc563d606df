"""A model and its training as a few lines of TOML, checked before any data are read or anything is compiled."""

import dataclasses
import pathlib
import tomllib

from .._checks import is_number
from ..errors import SpecError, unknown

EXAMPLE = """\
# symloss train model.toml data.csv
target = "price"            # the column to predict; or several: ["price", "rent"]
ignore = ["id"]             # columns that are not inputs; all others are inputs
layers = [20, 20]           # units of the hidden layers; [20, "tanh"] chooses another activation than relu
loss = "huber"              # symloss losses lists them; or a formula: "abs(e)**1.5"
optimizer = "adam"
epochs = 100
validation = 0.2            # fraction of the rows that are held out for validation

# More optional keys:
# inputs = ["area", "rooms"]    # the columns that are inputs, if not all others are
# kind = "regression"           # or "classification", the default if the target has words
# missing = "drop"              # leave out rows with missing inputs; by default they are an error
# batch_size = 32
# learning_rate = 0.01
# seed = 0
# scale = true                  # standardize inputs, and also targets if the loss is in their unit
# save = "model.safetensors"

# [options]                     # further options of the method train
# weight_l2 = 1e-4
# patience = 10
"""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A description of what to train, with the fields of `EXAMPLE`."""

    target: object
    inputs: list | None = None
    ignore: list = dataclasses.field(default_factory=list)
    kind: str | None = None
    layers: list = dataclasses.field(default_factory=lambda: [20])
    loss: object = None
    optimizer: str = "adam"
    epochs: int = 100
    validation: float = 0.2
    batch_size: int = 32
    learning_rate: float | None = None
    seed: int = 0
    missing: str = "refuse"
    scale: bool = True
    save: str = "model.safetensors"
    options: dict = dataclasses.field(default_factory=dict)

    @property
    def targets(self) -> list[str]:
        """Names of the columns to predict."""
        return [self.target] if isinstance(self.target, str) else list(self.target)


def _names(value):
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _whole(least):
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


WANTED = {  # key -> (test of its value, what to write)
    "target": (lambda v: (isinstance(v, str) and v) or _names(v), "the name of a column, or a list of names"),
    "inputs": (_names, 'a list of names of columns, ["area", "rooms"]'),
    "ignore": (lambda v: v == [] or _names(v), 'a list of names of columns, ["id"]'),
    "kind": (lambda v: v in ("regression", "classification"), '"regression" or "classification"'),
    "layers": (lambda v: isinstance(v, list), "a list of the units of each hidden layer, [20, 20]"),
    "loss": (lambda v: isinstance(v, str) or (isinstance(v, dict) and isinstance(v.get("form"), str)),
             'the name of a loss, "huber", a formula, or {form = "huber", delta = 0.5}'),
    "optimizer": (lambda v: isinstance(v, str), 'the name of an update rule, "adam"'),
    "epochs": (_whole(1), "a whole number of at least 1"),
    "validation": (lambda v: is_number(v) and 0 <= v < 1, "a share of the rows, 0.2; 0 for none"),
    "batch_size": (_whole(1), "a whole number of at least 1"),
    "learning_rate": (lambda v: is_number(v) and v > 0, "a number greater than 0"),
    "seed": (_whole(0), "a whole number of at least 0"),
    "missing": (lambda v: v in ("drop", "refuse"), '"drop" or "refuse"'),
    "scale": (lambda v: isinstance(v, bool), "true or false"),
    "save": (lambda v: isinstance(v, str) and v, "the path of a file"),
    "options": (lambda v: isinstance(v, dict), "a table, with the names and values of options"),
}
ELSEWHERE = {"targets": "target", "features": "inputs", "algo": "optimizer", "hidden": "layers", "output": "save",
             "valid": "validation", "validation_split": "validation", "lr": "learning_rate", "batch": "batch_size"}


def read(path) -> Recipe:
    """Return the recipe in a TOML file.

    Raises
    ------
    SpecError
        If the file cannot be read, is not valid TOML, or contains an invalid value.
    UnknownNameError
        For an unknown key.
    """
    path = pathlib.Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"train: {path} cannot be read ({error.strerror}). Write symloss train --example for an "
                        "example of such a file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"train: {path} is not valid TOML ({error}). Write symloss train --example for an example") \
            from None
    for key, value in content.items():
        if key in ELSEWHERE:
            raise SpecError(f"train: {path}: {key} is called {ELSEWHERE[key]} here")
        if key not in WANTED:
            raise unknown(f"key in {path}:", key, WANTED)
        fits, words = WANTED[key]
        if not fits(value):
            raise SpecError(f"train: {path}: {key} = {value!r} is not valid; write {words}")
    doubled = set(content.get("options", {})) & {*WANTED, *ELSEWHERE}
    if doubled:
        name = min(doubled)
        raise SpecError(f"train: {path}: {name} does not belong to [options]. Write {ELSEWHERE.get(name, name)} = ... "
                        "above it")
    if "target" not in content:
        raise SpecError(f"train: {path} does not say what to predict. Write target = \"name of a column\"")
    return Recipe(**content)


def layer(entry):
    """Return a hidden layer as the layer language has it: a list of TOML is a tuple."""
    return tuple(entry) if isinstance(entry, list) else entry
