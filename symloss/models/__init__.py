"""Models: graphs of layers with losses that you can train, evaluate and save.

Inside: `network.py` (Network, the base of all), `feedforward.py`, `recurrent.py` and `convolution.py` (the models that
users type), `embedding.py` (one network for the elements of pairs and triplets), `registry.py` (model classes by name),
`saving.py` (files), `pretraining.py` and `scoring.py`.
May import everything below: training, compiling, objective, layers, losses, data. Nothing below imports this.
Start reading at `network.py`.
"""

from .embedding import PairEmbedding, TripletEmbedding
from .experiment import Experiment
from .feedforward import Autoencoder, Classifier, Regressor
from .network import Network
from .saving import load

__all__ = ["Autoencoder", "Classifier", "Experiment", "Network", "PairEmbedding", "Regressor", "TripletEmbedding",
           "load"]
