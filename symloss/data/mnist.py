"""MNIST: handwritten digits by LeCun, Cortes and Burges, CC BY-SA 3.0."""

import gzip
import hashlib
import importlib.resources
import pathlib
import struct

import numpy as np

from ..errors import DataError

FILES = {  # name: (bytes, md5) of the uncompressed content
    "train-images-idx3-ubyte": (47040016, "6bbc9ace898e44ae57da46a324031adb"),
    "train-labels-idx1-ubyte": (60008, "a25bea736e30d166cdddb491f175f624"),
    "t10k-images-idx3-ubyte": (7840016, "2646ac647ad5339dbf082846283269ea"),
    "t10k-labels-idx1-ubyte": (10008, "27ae3e4e09519cfbb04c329615203637"),
}


def load(folder):
    """Return ((images, labels), (images, labels)): 60,000 images for training and 10,000 for testing.

    Parameters
    ----------
    folder : path
        Folder with the four original files, gzipped ('.gz') or not.

    Returns
    -------
    pairs of uint8 array (n, 784), 0 to 255, and uint8 array (n,), 0 to 9

    Raises
    ------
    DataError
        If a file is missing or differs from the original one.
    """
    folder = pathlib.Path(folder)
    arrays = [parse(read(folder, name), name) for name in FILES]
    return (arrays[0], arrays[1]), (arrays[2], arrays[3])


def digits():
    """Return (images, labels) of the 10,000 digits that come with symloss: the test set of MNIST.

    >>> images, labels = digits()
    >>> images.shape, labels.shape
    ((10000, 784), (10000,))
    """
    folder = importlib.resources.files("symloss.data") / "digits"
    names = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    with importlib.resources.as_file(folder) as path:
        images, labels = (parse(read(path, name), name) for name in names)
    return images, labels


def read(folder: pathlib.Path, name: str) -> bytes:
    """Return the verified content of one of the files."""
    plain, packed = folder / name, folder / f"{name}.gz"
    if not plain.exists() and not packed.exists():
        raise DataError(
            f"mnist: neither {name} nor {name}.gz is in {folder}. Download the four files from "
            "https://yann.lecun.com/exdb/mnist/ or a mirror of it, and pass the folder"
        )
    path = plain if plain.exists() else packed
    try:
        content = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    except (OSError, EOFError) as error:
        raise DataError(f"mnist: {path} cannot be read ({error}). Download it again") from None
    size, md5 = FILES[name]
    if len(content) != size or hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise DataError(f"mnist: {path} is not the original file, because it has {len(content)} bytes instead of "
                        f"{size}. Download it again")
    return content


def parse(content: bytes, name: str) -> np.ndarray:
    """Return the array in an IDX file's content; images are laid out in rows of 784."""
    magic, count = struct.unpack(">II", content[:8])
    axes = magic & 0xFF
    array = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    return array.reshape(count, -1) if axes == 3 else array
