"""One draw of the search: from its number to a program."""

import dataclasses

from . import columns, faults, losses, models, options
from .chance import Chance
from .scene import Scene

WRONG = 3  # one draw of so many is wrong on purpose


@dataclasses.dataclass(frozen=True)
class Draw:
    """A program, and what is known of it.

    Attributes
    ----------
    seed : int
    program : str
        It defines `model()`, `data()`, `inputs()` and `train(net, epochs, **more)`.
    fault : str or None
        What is wrong with it on purpose.
    refused : bool
        Whether the library must say so.
    """

    seed: int
    program: str
    fault: str | None
    refused: bool


def draw(seed: int) -> Draw:
    """Return the draw of this number, which depends on nothing else."""
    scene = Scene(Chance(seed))
    models.begin(scene)
    losses.draw(scene)
    models.draw(scene)
    columns.draw(scene)
    options.draw(scene)
    if seed % WRONG == WRONG - 1:
        faults.draw(scene, WRONG)
    return Draw(seed, scene.program(), scene.fault, scene.refused)
