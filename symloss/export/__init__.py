"""Losses for other libraries: boosting, SciPy, scikit-learn, NumPy and PyTorch, from the same symbolic graph.

Inside: `raw_loss.py` (a loss of raw scores with its derivatives), `links.py`, `targets.py`, `boosting.py` (what
boosters share); `port_loss.py` (a loss of predictions, for the others); and a module for each system, `for_xgboost.py`
and so on. None of these systems is imported before you call a function that needs it. May import evaluate, and what
lies below it. Nothing in symloss imports it. Start reading at `boosting.py`.
"""

from .for_catboost import catboost
from .for_lightgbm import lightgbm
from .for_numpy import numpy
from .for_scipy import scipy
from .for_sklearn import sklearn_scorer
from .for_torch import torch
from .for_xgboost import xgboost

__all__ = ["catboost", "lightgbm", "numpy", "scipy", "sklearn_scorer", "torch", "xgboost"]
