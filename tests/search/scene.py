"""What one draw is made of, and the program that it is written down as."""

import dataclasses
import textwrap

from .chance import Chance

HEAD = """
import os
import tempfile

import numpy as np
import pytensor.tensor as pt
import symloss

folder = globals().get("folder") or tempfile.mkdtemp()
""".strip()
PLAIN = """
from pytensor.compile.mode import Mode
from pytensor.link.vm import VMLinker
from symloss.compiling.time_loops import InnerMode

linker = VMLinker(use_cloop=False, c_thunks=False)
MODE = Mode(linker, InnerMode(Mode(linker, None)))  # as "PYTHON", without rewriting: most of the time goes there
""".strip()
TAIL = """
if __name__ == "__main__":
    net = model()
    print(train(net, epochs=2))
""".strip()


@dataclasses.dataclass
class Scene:
    """The parts of a program, in the words of the program.

    Attributes
    ----------
    chance : Chance
    module, family : str
        Where the model's class is, and its name.
    layers, losses : list of str
        Descriptions of layers, and arguments of `add_loss`.
    arguments : dict
        Other arguments of the model.
    after : list of str
        What is done to the model `net` when it is made.
    definitions : list of str
        Functions and classes of the user's.
    columns : dict
        What makes each array of the data, by the name of its field.
    targets : dict
        Kind of each target ('real', 'labels', ...) by its name.
    edits : list of str
        What is done to the arrays, `c` by name, afterwards.
    lead : tuple of int
        Leading axes of the outputs: (items,) or (items, steps).
    size : int
        Length of the main output's last axis.
    inside : str
        The kind of network: 'dense', 'rnn', ...
    given, held : str
        What makes training and validation data of the columns `c`.
    options : dict
        Of `train`.
    callbacks : list of str
    inner : list of str
        Definitions within `train`, which see the model.
    fault : str or None
        What is wrong on purpose.
    refused : bool
        Whether the library must refuse it.
    main : str
        Name of the first loss.
    hidden_loss : bool
        Whether a hidden layer has a loss, too.
    """

    chance: Chance
    module: str = "symloss"
    family: str = "Regressor"
    layers: list = dataclasses.field(default_factory=list)
    losses: list = dataclasses.field(default_factory=list)
    arguments: dict = dataclasses.field(default_factory=dict)
    after: list = dataclasses.field(default_factory=list)
    definitions: list = dataclasses.field(default_factory=list)
    columns: dict = dataclasses.field(default_factory=dict)
    targets: dict = dataclasses.field(default_factory=dict)
    edits: list = dataclasses.field(default_factory=list)
    lead: tuple = (8,)
    size: int = 2
    inside: str = "dense"
    given: str = "list(c.values())"
    held: str = "None"
    options: dict = dataclasses.field(default_factory=dict)
    callbacks: list = dataclasses.field(default_factory=list)
    inner: list = dataclasses.field(default_factory=list)
    fault: str | None = None
    refused: bool = False
    main: str = "squared_error"
    hidden_loss: bool = False

    @property
    def weighted(self) -> bool:
        """Whether the model takes weights."""
        return self.arguments.get("weighted") == "True"

    @property
    def quick(self) -> bool:
        """Whether the rewriting of its graphs takes no long time."""
        return self.inside in ("dense", "deep", "merge", "sequence") and "esgd" not in self.options["algo"]

    @property
    def streamed(self) -> bool:
        """Whether batches come one after another, and not from arrays."""
        return any(sign in self.given for sign in ("lambda", "iter(", "in_threes", "[{"))

    def define(self, text: str) -> None:
        """Add a definition, once."""
        text = textwrap.dedent(text).strip()
        if text not in self.definitions:
            self.definitions.append(text)

    def program(self) -> str:
        """Return the program: `model()`, `data()`, `inputs()` and `train(net, epochs, **more)`."""
        seed = self.chance.seed
        parts = [f"# draw {seed}" + (f": {self.fault}" if self.fault else ""),
                 HEAD, 'MODE = "PYTHON"' if self.quick and seed % 4 == 2 else PLAIN, *self.definitions,
                 self._model(), self._data(seed), self._inputs(), self._train(), TAIL]
        return "\n\n".join(parts) + "\n"

    def _model(self) -> str:
        options = "".join(f", {name}={value}" for name, value in self.arguments.items())
        lines = [f'net = {self.module}.{self.family}([{", ".join(self.layers)}], loss=None{options}, mode=MODE)',
                 *(f"net.add_loss({loss})" for loss in self.losses), *self.after, "return net"]
        return _function("model()", lines)

    def _data(self, seed) -> str:
        made = [f'c["{name}"] = {value}' for name, value in self.columns.items()]
        return _function("data()", [f"rng, c = np.random.default_rng({seed}), {{}}", *made, *self.edits,
                                    f"train = {self.given}", f"valid = {self.held}", "return c, train, valid"])

    def _inputs(self) -> str:
        return _function("inputs()", ["c, train, valid = data()",
                                      'x = [c[name] for name in c if name in ("in", "in2")]',
                                      "return x[0] if len(x) == 1 else x"])

    def _train(self) -> str:
        options = {"verbose": "0", **self.options}
        if self.callbacks:
            options["callbacks"] = f"[{', '.join(self.callbacks)}]"
        text = ", ".join(f"{name}={value}" for name, value in options.items())
        epochs = "" if options["algo"] == "'sample'" else "epochs=epochs, "
        call = f"return net.train(train, valid, {epochs}**{{**dict({text}), **more}})"
        return _function("train(net, epochs, **more)", ["c, train, valid = data()", *self.inner, call])


def _function(head, lines) -> str:
    body = "\n".join(textwrap.dedent(line).strip("\n") for line in lines)
    return f"def {head}:\n{textwrap.indent(body, '    ')}"
