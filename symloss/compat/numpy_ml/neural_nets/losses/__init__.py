"""numpy_ml.neural_nets.losses: losses of arrays, with their gradients."""

from .losses import CrossEntropy, NCELoss, ObjectiveBase, SquaredError, VAELoss, WGAN_GPLoss

__all__ = ["CrossEntropy", "NCELoss", "ObjectiveBase", "SquaredError", "VAELoss", "WGAN_GPLoss"]
