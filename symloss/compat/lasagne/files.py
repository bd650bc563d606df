"""Parameters that Lasagne's users saved: ``np.savez(path, *lasagne.layers.get_all_param_values(layer))``."""

import io
import re
import zipfile

import numpy as np

from ..._files import read
from ...errors import DataError
from ...models import foreign_files
from .layers import get_all_layers, get_all_params

__all__ = ["load_npz"]


def load_npz(layer, path, **tags):
    """Set the parameters of a network to those in a file of ``np.savez``.

    The arrays are called arr_0, arr_1, ... in the order of ``get_all_params(layer, **tags)``, as ``np.savez`` calls
    arrays without names, or they have the names of the parameters. All of them are checked before the first
    is set.

    Parameters
    ----------
    layer : Layer or list of them
        The output layer, or several of them.
    path : str or path
    **tags
        Tags of the saved parameters, if not all were saved, such as ``trainable=True``.

    Raises
    ------
    DataError
        If the file cannot be read, or its arrays do not fit: it is a ValueError that names layer, parameter and shapes.
        In this case, no parameter is changed.
    """
    parameters = get_all_params(layer, **tags)
    places = _places(layer, parameters)
    arrays = _in_order(_arrays(path), parameters, places, path)
    new = [_fitting(array, parameter, place, path)
           for array, parameter, place in zip(arrays, parameters, places, strict=True)]
    for parameter, array in zip(parameters, new, strict=True):
        parameter.set_value(array)


def _arrays(path) -> dict:
    """Return the arrays of an npz file by name."""
    content = read(path, "load_npz")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)))
                    for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        told = foreign_files.told(content, error).replace("safetensors", "npz")
        raise DataError(f"load_npz: {path} is {told}") from error


def _places(layer, parameters) -> list[str]:
    """Return for each parameter which layer it is of, and its name, in words."""
    owners = {}
    for number, one in enumerate(get_all_layers(layer)):
        for parameter in one.get_params():
            owners.setdefault(parameter, f"layer {one.name!r}" if one.name else f"layer {number} "
                                                                               f"({type(one).__name__})")
    return [f"{owners.get(p, 'no layer')}, parameter {p.name!r}" for p in parameters]


def _in_order(arrays, parameters, places, path) -> list:
    """Return the arrays in the order of the parameters."""
    numbered = {int(name[4:]): array for name, array in arrays.items() if re.fullmatch(r"arr_\d+", name)}
    if len(numbered) == len(arrays):
        if len(arrays) != len(parameters):
            first = places[len(arrays)] if len(arrays) < len(parameters) else None
            what = f"the first parameter without an array is {first}" if first else (
                f"array {len(parameters)} of shape {numbered[len(parameters)].shape} belongs to no parameter")
            raise DataError(f"load_npz: {path} has {len(arrays)} arrays, but the network has {len(parameters)} "
                            f"parameters; {what}. Build the same network as the one you saved, or pass the same tags")
        return [numbered[index] for index in range(len(parameters))]
    names = [p.name for p in parameters]
    if len(set(names)) != len(names) or set(names) != set(arrays):
        missing = [place for place, name in zip(places, names, strict=True) if name not in arrays]
        extra = sorted(set(arrays) - set(names))
        told = f"no array for {missing[0]}" if missing else f"these arrays belong to no parameter: {extra}"
        raise DataError(f"load_npz: the arrays of {path} are called {', '.join(list(arrays)[:5])}, but they must be "
                        f"called arr_0, arr_1, ..., or be named after the parameters ({told})")
    return [arrays[name] for name in names]


def _fitting(array, parameter, place, path):
    """Return an array in the dtype of a parameter, or raise DataError if it does not fit."""
    shape = parameter.get_value(borrow=True).shape
    if array.shape != shape:
        raise DataError(f"load_npz: {place} has shape {shape}, but its array in {path} has shape {array.shape}. Build "
                        f"the same network as the one you saved")
    if array.dtype.kind not in "biuf":
        raise DataError(f"load_npz: {place} has dtype {parameter.dtype}, but its array in {path} has dtype "
                        f"{array.dtype}")
    return array.astype(parameter.dtype)
