"""keras.utils: labels and sequences as arrays, seeds, and objects as plain data."""

from ..backend import clear_session, is_keras_tensor, standardize_dtype
from ..seeds import set_random_seed
from ..serialization import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from .numerical import normalize, to_categorical
from .sequences import pack_x_y_sample_weight, pad_sequences, unpack_x_y_sample_weight

__all__ = [
    "CustomObjectScope", "clear_session", "custom_object_scope", "get_custom_objects", "get_registered_name",
    "get_registered_object", "is_keras_tensor", "normalize", "pack_x_y_sample_weight", "pad_sequences",
    "register_keras_serializable", "serialize_keras_object", "set_random_seed", "standardize_dtype", "to_categorical",
    "unpack_x_y_sample_weight",
]
