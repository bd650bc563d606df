"""numpy_ml's losses, implemented with symloss: ``from symloss.compat import numpy_ml`` replaces ``import numpy_ml``.

Inside are its own submodules under their names: `neural_nets` with the losses and what they depend on, and `utils`.
Values and gradients are those of symloss' own losses. The differences are listed in ``docs/coming-from/numpy_ml.md``.
"""

from . import neural_nets, random, utils

__all__ = ["neural_nets", "random", "utils"]
