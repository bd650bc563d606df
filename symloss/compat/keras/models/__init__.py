"""Models under the names that Keras gives them.

Inside: `model.py` (Model), `sequential.py`, `network.py` (from calls of layers to a network of symloss), `training.py`
(what models do with data), `asked.py` (the arguments of compile), `built.py` (objective, step and evaluation),
`data.py`, `fitting.py` (fit, on symloss' loop), `progress.py`, `summary.py`, `saving.py`, `cloning.py`.
"""

from .cloning import clone_model, model_from_json
from .model import Functional, Model
from .saving import load_model, save_model
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
