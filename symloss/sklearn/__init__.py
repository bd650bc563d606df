"""Networks as scikit-learn estimators: a regressor, a classifier and a transformer.

Inside: `estimators.py` (what they share: parameters, the network, fitting), `regressor.py`, `classifier.py`,
`transformer.py`.
May import anything of symloss but the command line. Only this wing imports scikit-learn, and nothing in symloss
imports it. Start reading at `estimators.py`.
"""

from .._packages import needed

needed("sklearn", "symloss.sklearn", "sklearn")

from .classifier import SymlossClassifier  # noqa: E402
from .regressor import SymlossRegressor  # noqa: E402
from .transformer import SymlossTransformer  # noqa: E402

__all__ = ["SymlossClassifier", "SymlossRegressor", "SymlossTransformer"]
