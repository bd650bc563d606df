"""Copies of models, with weights of their own."""

from ....errors import SpecError
from ..layers import serialization


def clone_model(model, input_tensors=None, clone_function=None, **keywords):
    """Return a new model of the same layers, with new weights.

    Parameters
    ----------
    model : Model
    input_tensors, clone_function : None
        Are not supported.
    """
    given = {"input_tensors": input_tensors, "clone_function": clone_function} | keywords
    for name, value in given.items():
        if value is not None and value is not False:
            raise SpecError(f"clone_model: {name} is not supported. Change model.get_config(), and make a model of the "
                            f"result: type(model).from_config(config)")
    return type(model).from_config(serialization.plain(model.get_config()))


def model_from_json(json_string, custom_objects=None):
    """Return the model that `Model.to_json` described."""
    import json

    return serialization.deserialize(json.loads(json_string), custom_objects)
