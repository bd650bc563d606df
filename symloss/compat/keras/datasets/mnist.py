"""MNIST: 28 x 28 gray digits."""

import io
import os
import pathlib
import warnings
import zipfile

import numpy as np

from ....data import mnist
from ....errors import DataError, SymlossWarning

FOLDERS = ("MNIST_FOLDER",)  # environment variables that name a folder with the four original files
TEST = 2000  # of the digits that come with symloss
_told: list = []


def load_data(path="mnist.npz"):
    """Return ((x_train, y_train), (x_test, y_test)): uint8 arrays (n, 28, 28) from 0 to 255, and (n,) from 0 to 9.

    They are read from Keras' file 'mnist.npz', which is `path` or a file in ``~/.keras/datasets``, or from the four
    original files in the folder `path` or in the folder that the environment variable MNIST_FOLDER names. If there are
    no such files, you get the 10,000 digits that come with symloss (8,000 and 2,000), and a warning.

    Parameters
    ----------
    path : path
    """
    arrays = _from_npz(path) or _from_folder(path)
    if arrays is None:
        if not _told:
            _told.append(True)
            warnings.warn("mnist.load_data: no files of MNIST were found, so you get the 10,000 digits that come with "
                          "symloss, 8,000 for training and 2,000 for testing. To use all 70,000 digits, set "
                          "MNIST_FOLDER to a folder with the original files", SymlossWarning, stacklevel=2)
        images, labels = mnist.digits()
        arrays = (images[:-TEST], labels[:-TEST]), (images[-TEST:], labels[-TEST:])
    return tuple((images.reshape(-1, 28, 28), labels) for images, labels in arrays)


def _from_npz(path):
    home = pathlib.Path(os.environ.get("KERAS_HOME", pathlib.Path.home() / ".keras"))
    for place in (pathlib.Path(path), home / "datasets" / pathlib.Path(path).name):
        if place.is_file():
            found = _arrays(place)
            return (found["x_train"], found["y_train"]), (found["x_test"], found["y_test"])
    return None


def _arrays(path) -> dict:
    """Return the arrays of an npz file by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)))
                    for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise DataError(f"mnist.load_data: {path} cannot be read ({error}). Download it again") from None


def _from_folder(path):
    folders = [path, *(os.environ[name] for name in FOLDERS if os.environ.get(name))]
    for folder in map(pathlib.Path, folders):
        if folder.is_dir():
            return mnist.load(folder)
        if str(folder) != "mnist.npz":
            raise DataError(f"mnist.load_data: {folder} does not exist. Pass the path of an existing file or folder, "
                            f"or none")
    return None
