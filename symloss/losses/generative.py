"""Losses of generative models: variational, adversarial, mixtures."""
