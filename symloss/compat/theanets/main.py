"""Experiment: a network that is trained and saved."""

from . import graph


class Experiment:
    """A network that is trained and saved.

    Parameters
    ----------
    network : Network, class of networks, or path
        A network, a class that is called with the other arguments, or the path of a saved network.
    *args, **kwargs
        For the class.
    """

    def __init__(self, network, *args, **kwargs):
        if isinstance(network, str):
            self.network = graph.Network.load(network)
        elif isinstance(network, graph.Network):
            self.network = network
        else:
            self.network = network(*args, **kwargs)

    def train(self, *args, **kwargs):
        """Train the network; see `Network.train`."""
        return self.network.train(*args, **kwargs)

    def itertrain(self, *args, **kwargs):
        """Train the network, and yield pairs of monitors; see `Network.itertrain`."""
        yield from self.network.itertrain(*args, **kwargs)

    def save(self, path):
        """Write the network to a file."""
        self.network.save(path)

    def load(self, path):
        """Load the network from a file, and return it."""
        self.network = graph.Network.load(path)
        return self.network
