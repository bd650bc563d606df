"""numpy_ml's losses, played by symloss: ``from symloss.compat import numpy_ml`` takes the place of ``import numpy_ml``.

Inside are its own submodules under their names: `neural_nets` with the losses and what they are made with, and `utils`.
Values and gradients are those of symloss' own losses. The differences stand in ``docs/coming-from/numpy_ml.md``.
"""

from . import neural_nets, random, utils

__all__ = ["neural_nets", "random", "utils"]
