"""numpy_ml.neural_nets.utils: initial weights."""

from .utils import calc_fan, glorot_normal, glorot_uniform, he_normal, he_uniform, truncated_normal

__all__ = ["calc_fan", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "truncated_normal"]
